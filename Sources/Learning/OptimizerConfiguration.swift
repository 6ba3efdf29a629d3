import CDNC

extension dnc_optimizer_config: FieldTable {
  // One row of the table: a line.
  @inline(never) mutating func forEach(_ visitor: Field.Visitor) throws(Failure) {
    let algorithms = Field.Allowed.choices(OptimizerConfiguration.Algorithm.self)
    try Field("algorithm", algorithms, default: Double(DNC_OPTIMIZER_ADAM.rawValue)).visit(&algorithm, visitor)
    try Field("learning_rate", .magnitude, default: 1e-3).visit(&learning_rate, visitor)
    try Field("momentum", .belowOne, default: 0.9).visit(&momentum, visitor)
    try Field("decay", .belowOne, default: 0.9).visit(&decay, visitor)
    try Field("beta1", .belowOne, default: 0.9).visit(&beta1, visitor)
    try Field("beta2", .belowOne, default: 0.999).visit(&beta2, visitor)
    try Field("epsilon", .aboveZero, default: 1e-8).visit(&epsilon, visitor)
    try Field("weight_decay", .magnitude, default: 0.01).visit(&weight_decay, visitor)
    try Field("max_gradient_norm", .magnitude).visit(&max_gradient_norm, visitor)
  }
}

/// The settings of an optimizer, checked once. The numbers are Double so that bias corrections and norms are.
struct OptimizerConfiguration {
  /// As C has them; struct_size says nothing here.
  let fields: dnc_optimizer_config
  let algorithm: Algorithm
  var learningRate, momentum, decay, beta1, beta2, epsilon, weightDecay, maxGradientNorm: Double

  enum Algorithm: UInt32 {
    case sgd = 0
    case rmsProp = 1
    case adam = 2
    case adamW = 3
  }

  /// - Parameter place: see `FieldTable.check`.
  init(_ fields: dnc_optimizer_config, from place: StaticString = "config->") throws(Failure) {
    try fields.check(place)
    self.fields = fields
    algorithm = Algorithm(rawValue: fields.algorithm)!
    learningRate = Double(fields.learning_rate)
    momentum = Double(fields.momentum)
    decay = Double(fields.decay)
    beta1 = Double(fields.beta1)
    beta2 = Double(fields.beta2)
    epsilon = Double(fields.epsilon)
    weightDecay = Double(fields.weight_decay)
    maxGradientNorm = Double(fields.max_gradient_norm)
  }
}
