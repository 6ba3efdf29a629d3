import CDNC

/// The body of `dnc_self_test`. For small networks of every kind, it compares the hand-derived gradients with central
/// differences in Double, and outputs, gradients and an update of the kernels in Float with those of the plain code in
/// Double. It also checks that a saved network loads again.
enum SelfTest {
  static func run() throws(Failure) {
    for kind in 0..<kinds {
      let exact = try episode(Double.self, kind)
      if kind != everyKernel { try checkDifferences(exact, kind) }
      if kind == stoppedGradient { try checkStopped(exact, kind) }
      let single = try episode(Float.self, kind)
      try checkSinglePrecision(single, against: exact, kind)
      try checkUpdate(single, against: exact, kind)
    }
  }

  static var kinds: Int { 18 }
  static var stoppedGradient: Int { 6 }
  /// Large enough for every kernel to run all of its loops.
  static var everyKernel: Int { 7 }

  private static func name(_ kind: Int) -> StaticString {
    switch kind {
    case 0: "LSTM"
    case 1: "LSTM of 2 layers, 2 write heads, learned initial state"
    case 2: "LSTM with clipping, 3 read heads, 1 memory slot"
    case 3: "feedforward tanh"
    case 4: "feedforward relu of 2 layers, constant initial state"
    case 5: "feedforward tanh of 2 layers with clipping, 3 write heads"
    case stoppedGradient: "LSTM, stopped usage gradient"
    case everyKernel: "LSTM of ordinary size"
    case 8: "RNN of 2 layers"
    case 9: "GRU of 2 layers with clipping"
    case 10: "LSTM without a memory"
    case 11: "LSTM, content only, 2 write heads"
    case 12: "LSTM with de-allocation"
    case 13: "LSTM with masks"
    case 14: "LSTM with sharpened links, learned initial state"
    case 15: "LSTM with the NTM's memory, 2 write heads, learned initial state"
    case 16: "LSTM of 2 layers with norms"
    default: "GRU with norms"
    }
  }

  static func episode<Scalar: Real>(_: Scalar.Type, _ kind: Int) throws(Failure) -> Episode<Scalar> {
    var fields = dnc_config.defaults
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
    case 5:
      fields.controller = DNC_CONTROLLER_FEEDFORWARD.rawValue
      (fields.clip_value, fields.num_layers, fields.write_heads) = (0.3, 2, 3)
    case stoppedGradient:
      fields.usage_gradient = DNC_USAGE_GRADIENT_STOPPED.rawValue
    case everyKernel:
      (fields.input_size, fields.output_size, fields.hidden_size) = (19, 9, 21)
      (fields.memory_slots, fields.word_size, fields.read_heads, fields.batch_size) = (43, 21, 7, 7)
    case 8:
      fields.controller = DNC_CONTROLLER_RNN.rawValue
      fields.num_layers = 2
    case 9:
      fields.controller = DNC_CONTROLLER_GRU.rawValue
      (fields.clip_value, fields.num_layers) = (0.5, 2)
    case 10:
      fields.memory = DNC_MEMORY_NONE.rawValue
    case 11:
      (fields.temporal_links, fields.write_heads) = (0, 2)
    case 12:
      fields.deallocation = 1
    case 13:
      (fields.content_masks, fields.mask_minimum) = (1, 0.25)
    case 14:
      fields.link_sharpening = 1
      fields.initial_state = DNC_INITIAL_LEARNED.rawValue
    case 15:
      (fields.memory, fields.write_heads) = (DNC_MEMORY_NTM.rawValue, 2)
      fields.initial_state = DNC_INITIAL_LEARNED.rawValue
    case 16:
      (fields.controller_norm, fields.interface_norm, fields.num_layers) = (1, 1, 2)
    case 17:
      fields.controller = DNC_CONTROLLER_GRU.rawValue
      (fields.controller_norm, fields.interface_norm) = (1, 1)
    default: break
    }
    // A difference quotient can't see that a gradient is stopped. In a single step, stopping changes only the gradient
    // of the state before it.
    return try Episode(
      try Configuration(fields), steps: kind == stoppedGradient ? 1 : 4, bound: kind == everyKernel ? 0.25 : 1)
  }

  /// Moves every parameter and input both ways. The quotient would be wrong if a rounded usage changed, or a relu
  /// crossed its kink; the seeds are chosen so that neither happens.
  static func checkDifferences(_ episode: borrowing Episode<Double>, _ kind: Int) throws(Failure) {
    var probe = try episode.network.clone(sharingParameters: true)
    probe.setTraining(false)
    for tensor in ParameterLayout(configuration: episode.network.configuration) {
      try checkDifferences(
        episode, &probe, kind, episode.network.parameterBlock.pointee.name(of: tensor.index), tensor.count,
        episode.network.parameters.start + tensor.offset, episode.network.gradients.start + tensor.offset)
    }
    let inputs: StaticString = "the inputs"
    try checkDifferences(
      episode, &probe, kind, UnsafeRawPointer(inputs.utf8Start).assumingMemoryBound(to: CChar.self),
      episode.inputCount, episode.inputs, episode.inputGradients)
  }

  static func checkDifferences(
    _ episode: borrowing Episode<Double>, _ probe: inout Network<Double>, _ kind: Int, _ what: UnsafePointer<CChar>,
    _ count: Int, _ values: Out<Double>, _ gradients: In<Double>
  ) throws(Failure) {
    let step = 1e-6
    let largest = largestMagnitude(count, gradients)
    for i in 0..<count {
      let value = values[i]
      values[i] = value + step
      let above = try episode.loss(of: &probe)
      values[i] = value - step
      let below = try episode.loss(of: &probe)
      values[i] = value
      let quotient = (above - below) / (2 * step)
      guard gradients[i].isFinite, (quotient - gradients[i]).magnitude <= 1e-6 * (0.1 + largest) else {
        throw Failure(
          DNC_INTERNAL,
          "self-test, \(name(kind)): the gradient of \(what)[\(i)] is \(gradients[i]), a central difference gives \(quotient)"
        )
      }
    }
  }

  /// Checks that the gradient of the write weightings before a step is 0: the usage is its only path, and it is
  /// stopped.
  static func checkStopped(_ episode: borrowing Episode<Double>, _ kind: Int) throws(Failure) {
    for b in 0..<episode.network.configuration.B {
      let gradient = episode.network.stateGradient[b][.writeWeights]
      let values = gradient[0, b]
      for i in 0..<gradient.width where values[i] != 0 {
        throw Failure(
          DNC_INTERNAL,
          "self-test, \(name(kind)): the gradient of the write weighting[\(i)] is \(values[i]), expected is 0")
      }
    }
  }

  static func checkSinglePrecision(
    _ single: borrowing Episode<Float>, against exact: borrowing Episode<Double>, _ kind: Int
  ) throws(Failure) {
    try compare("output", kind, exact.outputCount, single.outputs, exact.outputs)
    try compare("input gradient", kind, exact.inputCount, single.inputGradients, exact.inputGradients)
    for tensor in ParameterLayout(configuration: exact.network.configuration) {
      try compare(
        tensor.name, kind, tensor.count, single.network.gradients.start + tensor.offset,
        exact.network.gradients.start + tensor.offset)
    }
  }

  /// - Parameter what: names the compared numbers; for a tensor of parameters, they are its gradient.
  static func compare(
    _ what: StaticString, _ kind: Int, _ count: Int, _ found: In<Float>, _ expected: In<Double>,
    tolerance: Double = 1e-4
  ) throws(Failure) {
    let largest = largestMagnitude(count, expected)
    for i in 0..<count {
      if found[i].isFinite, (Double(found[i]) - expected[i]).magnitude <= tolerance * (largest + 1e-2) { continue }
      throw Failure(
        DNC_INTERNAL,
        "self-test, \(name(kind)): \(what)[\(i)] is \(found[i]) in single and \(expected[i]) in double precision")
    }
  }

  private static func largestMagnitude(_ count: Int, _ values: In<Double>) -> Double {
    var largest = 0.0
    for i in 0..<count { largest = Double.maximum(largest, values[i].magnitude) }
    return largest
  }
}
