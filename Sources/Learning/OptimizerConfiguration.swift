import CDNC
import CPlatform

/// The settings of an optimizer, checked once. The numbers are Double so that bias corrections and norms are.
struct OptimizerConfiguration {
  var algorithm: Algorithm
  var learningRate, momentum, decay, beta1, beta2, epsilon, weightDecay, maxGradientNorm: Double

  enum Algorithm: UInt32 {
    case sgd = 0
    case rmsProp = 1
    case adam = 2
    case adamW = 3
  }

  static var defaults: dnc_optimizer_config {
    var config = dnc_optimizer_config()
    config.algorithm = Algorithm.adam.rawValue
    config.learning_rate = 1e-3
    config.momentum = 0.9
    config.decay = 0.9
    config.beta1 = 0.9
    config.beta2 = 0.999
    config.epsilon = 1e-8
    config.weight_decay = 0.01
    return config
  }

  init(_ config: dnc_optimizer_config) throws(Failure) {
    func number(
      _ value: Float, _ range: StaticString, _ name: StaticString, _ allowed: Bool
    ) throws(Failure) -> Double {
      guard allowed, value.isFinite else {
        throw Failure(DNC_INVALID_ARGUMENT, "config->\(name) is \(value), allowed are \(range)")
      }
      return Double(value)
    }
    func positive(_ value: Float, _ name: StaticString) throws(Failure) -> Double {
      try number(value, "0 and above, finite", name, value >= 0)
    }
    func fraction(_ value: Float, _ name: StaticString) throws(Failure) -> Double {
      try number(value, "0 to below 1", name, value >= 0 && value < 1)
    }
    guard let algorithm = Algorithm(rawValue: config.algorithm) else {
      throw Failure(DNC_INVALID_ARGUMENT, "config->algorithm is \(config.algorithm), allowed are 0 to 3")
    }
    self.algorithm = algorithm
    learningRate = try positive(config.learning_rate, "learning_rate")
    momentum = try fraction(config.momentum, "momentum")
    decay = try fraction(config.decay, "decay")
    beta1 = try fraction(config.beta1, "beta1")
    beta2 = try fraction(config.beta2, "beta2")
    epsilon = try number(config.epsilon, "above 0, finite", "epsilon", config.epsilon > 0)
    weightDecay = try positive(config.weight_decay, "weight_decay")
    maxGradientNorm = try positive(config.max_gradient_norm, "max_gradient_norm")
  }

  /// The way back to C, without struct_size.
  var fields: dnc_optimizer_config {
    var config = dnc_optimizer_config()
    config.algorithm = algorithm.rawValue
    config.learning_rate = Float(learningRate)
    config.momentum = Float(momentum)
    config.decay = Float(decay)
    config.beta1 = Float(beta1)
    config.beta2 = Float(beta2)
    config.epsilon = Float(epsilon)
    config.weight_decay = Float(weightDecay)
    config.max_gradient_norm = Float(maxGradientNorm)
    return config
  }
}
