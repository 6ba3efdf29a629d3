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

/// What a `dnc_optimizer *` points to: two moving averages per parameter, and the number of updates made.
///
///     SGD       v ← momentum·v + g                   p ← p − lr·v
///     RMSProp   s ← decay·s + (1 − decay)·g²         m ← momentum·m + lr·g / √(s + ε)      p ← p − m
///     Adam      m, v moving averages of g, g²        p ← p − lr·m̂ / (√v̂ + ε)   (Kingma and Ba 2015, Algorithm 1)
///     AdamW     as Adam, with p ← p − lr·weight_decay·p first   (Loshchilov and Hutter 2019)
///
/// s and v end at the greatest number: if they became infinite, they would stay so, and the parameter with them.
struct Optimizer<Scalar: Real>: ~Copyable {
  private(set) var configuration: OptimizerConfiguration
  let parameterCount: Int
  private let memory: Memory
  /// SGD: v. RMSProp: m. Adam: m. [parameters]
  let first: Out<Scalar>
  /// RMSProp: s. Adam: v. [parameters]; of SGD nothing.
  let second: Out<Scalar>
  var stepCount: UInt64 = 0

  init(_ configuration: OptimizerConfiguration, parameterCount: Int) throws(Failure) {
    func carve(_ carver: inout Carver) -> (Out<Scalar>, Out<Scalar>) {
      (carver.take(parameterCount), carver.take(configuration.algorithm == .sgd ? 0 : parameterCount))
    }
    var measure = Carver.measuring
    _ = carve(&measure)
    let memory = try Memory(bytes: measure.bytes)
    var carver = Carver.cutting(memory)
    (first, second) = carve(&carver)
    self.memory = memory
    self.configuration = configuration
    self.parameterCount = parameterCount
  }

  /// Changes the settings; the algorithm stays.
  mutating func configure(_ changed: OptimizerConfiguration) { configuration = changed }

  /// ‖g‖, in Double: squares of Float gradients neither overflow nor vanish.
  func norm(_ gradients: In<Scalar>) -> Double {
    if let fast = Scalar.kernels?.sumOfSquares { return fast(parameterCount, gradients.float).squareRoot() }
    var sum = 0.0
    for i in 0..<parameterCount { sum += Double(gradients[i]) * Double(gradients[i]) }
    return sum.squareRoot()
  }

  /// Scales the gradients, whose norm is `norm` and finite, to at most the largest one allowed, updates the parameters,
  /// and sets the gradients to 0.
  mutating func step(parameters: Out<Scalar>, gradients: Out<Scalar>, norm: Double) {
    let c = configuration
    // A file may say that it is as large as a number can be.
    if stepCount < .max { stepCount += 1 }
    if c.maxGradientNorm > 0, norm > c.maxGradientNorm {
      let scale = c.maxGradientNorm / norm
      for i in 0..<parameterCount { gradients[i] = Scalar(Double(gradients[i]) * scale) }
    }
    switch c.algorithm {
    case .sgd: stepSGD(parameters, gradients)
    case .rmsProp: stepRMSProp(parameters, gradients)
    case .adam, .adamW: stepAdam(parameters, gradients)
    }
    memset(gradients, 0, parameterCount * MemoryLayout<Scalar>.stride)
  }

  private func stepSGD(_ parameters: Out<Scalar>, _ gradients: In<Scalar>) {
    let rate = Scalar(configuration.learningRate)
    let momentum = Scalar(configuration.momentum)
    for i in 0..<parameterCount {
      first[i] = momentum * first[i] + gradients[i]
      parameters[i] -= rate * first[i]
    }
  }

  private func stepRMSProp(_ parameters: Out<Scalar>, _ gradients: In<Scalar>) {
    let rate = Scalar(configuration.learningRate)
    let momentum = Scalar(configuration.momentum)
    let decay = Scalar(configuration.decay)
    let forget = Scalar(1 - configuration.decay)
    let epsilon = Scalar(configuration.epsilon)
    for i in 0..<parameterCount {
      let g = gradients[i]
      second[i] = (decay * second[i] + forget * g * g).clamped(to: .greatestFiniteMagnitude)
      first[i] = momentum * first[i] + rate * g / (second[i] + epsilon).squareRoot()
      parameters[i] -= first[i]
    }
  }

  private func stepAdam(_ parameters: Out<Scalar>, _ gradients: In<Scalar>) {
    let c = configuration
    let beta1 = Scalar(c.beta1)
    let beta2 = Scalar(c.beta2)
    let forget1 = Scalar(1 - c.beta1)
    let forget2 = Scalar(1 - c.beta2)
    let rate = Scalar(c.learningRate / (1 - pow(c.beta1, Double(stepCount))))
    let correction2 = Scalar(1 / (1 - pow(c.beta2, Double(stepCount))))
    let epsilon = Scalar(c.epsilon)
    let kept = Scalar(1 - (c.algorithm == .adamW ? c.learningRate * c.weightDecay : 0))
    if let fast = Scalar.kernels?.adam {
      return fast(
        parameterCount, Float(beta1), Float(beta2), Float(forget1), Float(forget2), Float(rate), Float(correction2),
        Float(epsilon), Float(kept), gradients.float, first.float, second.float, parameters.float)
    }
    for i in 0..<parameterCount {
      let g = gradients[i]
      first[i] = beta1 * first[i] + forget1 * g
      second[i] = (beta2 * second[i] + forget2 * g * g).clamped(to: .greatestFiniteMagnitude)
      parameters[i] = kept * parameters[i] - rate * first[i] / ((second[i] * correction2).squareRoot() + epsilon)
    }
  }
}
