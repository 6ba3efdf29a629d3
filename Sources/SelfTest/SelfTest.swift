import CDNC
import CPlatform

/// What `dnc_self_test` does: for small networks of every kind, the hand-derived gradients against central differences
/// in Double, and outputs and gradients in Float against those in Double.
enum SelfTest {
  static func run() throws(Failure) {
    for kind in 0..<kinds {
      let configuration = try configuration(kind)
      let exact = try Episode<Double>(configuration)
      try checkDifferences(exact, kind: kind)
      try checkSinglePrecision(try Episode<Float>(configuration), against: exact, kind: kind)
    }
  }

  private static let kinds = 5

  private static func name(_ kind: Int) -> StaticString {
    switch kind {
    case 0: "LSTM"
    case 1: "LSTM of 2 layers, 2 write heads, learned initial state"
    case 2: "LSTM with clipping, 3 read heads, 1 memory slot"
    case 3: "feedforward tanh"
    default: "feedforward relu of 2 layers, constant initial state"
    }
  }

  private static func configuration(_ kind: Int) throws(Failure) -> Configuration {
    var fields = Configuration.defaults
    (fields.input_size, fields.output_size, fields.hidden_size) = (3, 2, 5)
    (fields.memory_slots, fields.word_size, fields.read_heads, fields.batch_size) = (5, 3, 2, 2)
    fields.seed = UInt64(kind) + 1
    switch kind {
    case 1:
      (fields.num_layers, fields.write_heads) = (2, 2)
      fields.initial_state = DNC_INITIAL_LEARNED.rawValue
    case 2:
      (fields.clip_value, fields.read_heads, fields.memory_slots) = (0.3, 3, 1)
    case 3:
      fields.controller = DNC_CONTROLLER_FEEDFORWARD.rawValue
    case 4:
      fields.controller = DNC_CONTROLLER_FEEDFORWARD.rawValue
      fields.activation = DNC_ACTIVATION_RELU.rawValue
      fields.num_layers = 2
      fields.initial_state = DNC_INITIAL_CONSTANT.rawValue
    default: break
    }
    return try Configuration(fields)
  }

  /// Every parameter is moved both ways. The quotient is wrong where a usage crosses from one integer to the next, or a
  /// relu its kink; the seeds were chosen so that none does.
  private static func checkDifferences(_ episode: borrowing Episode<Double>, kind: Int) throws(Failure) {
    let step = 1e-6
    let parameters = episode.network.parameters.start
    let gradients = episode.network.gradients.start
    var probe = try episode.network.clone(sharingParameters: true)
    probe.setTraining(false)
    let layout = ParameterLayout(configuration: episode.network.configuration)
    for tensor in layout {
      let largest = largestMagnitude(gradients + tensor.offset, tensor.count)
      for i in tensor.offset..<tensor.offset + tensor.count {
        let value = parameters[i]
        parameters[i] = value + step
        let above = try episode.loss(of: &probe)
        parameters[i] = value - step
        let below = try episode.loss(of: &probe)
        parameters[i] = value
        let quotient = (above - below) / (2 * step)
        guard (quotient - gradients[i]).magnitude <= 1e-6 * (1 + largest) else {
          let names = episode.network.parameterBlock.pointee.names
          throw Failure(
            DNC_INTERNAL,
            "self-test, \(name(kind)): the gradient of \(UnsafePointer(names + tensor.index * ParameterLayout.nameBytes))[\(i - tensor.offset)] is \(gradients[i]), a central difference gives \(quotient)"
          )
        }
      }
    }
  }

  private static func checkSinglePrecision(
    _ single: borrowing Episode<Float>, against exact: borrowing Episode<Double>, kind: Int
  ) throws(Failure) {
    func check(_ what: StaticString, _ count: Int, _ found: In<Float>, _ expected: In<Double>) throws(Failure) {
      let largest = largestMagnitude(expected, count)
      for i in 0..<count where !((Double(found[i]) - expected[i]).magnitude <= 1e-4 * (largest + 1e-3)) {
        throw Failure(
          DNC_INTERNAL,
          "self-test, \(name(kind)): \(what)[\(i)] is \(found[i]) in single and \(expected[i]) in double precision")
      }
    }
    try check("output", exact.outputCount, single.outputs, exact.outputs)
    try check(
      "gradient", exact.network.parameterCount, single.network.gradients.start, exact.network.gradients.start)
  }

  private static func largestMagnitude(_ values: In<Double>, _ count: Int) -> Double {
    var largest = 0.0
    for i in 0..<count { largest = Double.maximum(largest, values[i].magnitude) }
    return largest
  }
}

/// A few steps of a network on random numbers, and the gradient of Σ ȳ y for random ȳ.
private struct Episode<Scalar: Real>: ~Copyable {
  static var steps: Int { 4 }

  var network: Network<Scalar>
  private let memory: Memory
  private let inputs, outputGradients, probeOutputs: Out<Scalar>
  let outputs: Out<Scalar>
  let outputCount: Int

  init(_ c: Configuration) throws(Failure) {
    let inputCount = Episode.steps * c.B * c.X
    let outputCount = Episode.steps * c.B * c.Y
    let memory = try Memory(bytes: (inputCount + 3 * outputCount + 64) * MemoryLayout<Scalar>.stride)
    let inputs = memory.start.bindMemory(to: Scalar.self, capacity: inputCount + 3 * outputCount)
    let outputs = inputs + inputCount
    let outputGradients = outputs + outputCount
    // Multiples of 2⁻²⁴, so that Float and Double begin with the same numbers; and so do the parameters, below.
    var random = Random(seed: c.seed)
    for i in 0..<inputCount { inputs[i] = random.uniform(within: 1) }
    for i in 0..<outputCount { outputGradients[i] = random.uniform(within: 1) }

    var network = try Network<Scalar>(c)
    let parameters = network.parameters.start
    for i in 0..<network.parameterCount { parameters[i] = random.uniform(within: 1) }
    network.reset()
    network.setTraining(true)
    try network.forward(steps: Episode.steps, inputs: inputs, outputs: outputs)
    network.backward(outputGradients: outputGradients, inputGradients: nil)
    self.network = network
    self.memory = memory
    self.inputs = inputs
    self.outputs = outputs
    self.outputGradients = outputGradients
    self.probeOutputs = outputGradients + outputCount
    self.outputCount = outputCount
  }

  /// Σ ȳ y of a network with the parameters as they are now.
  func loss(of probe: inout Network<Scalar>) throws(Failure) -> Scalar {
    probe.reset()
    try probe.forward(steps: Episode.steps, inputs: inputs, outputs: probeOutputs)
    return dot(outputCount, outputGradients, probeOutputs)
  }
}
