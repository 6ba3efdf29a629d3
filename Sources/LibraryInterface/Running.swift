import CDNC
import CPlatform

func requireSteps(_ steps: Int) throws(Failure) { try require(steps, in: 1...Int.max, "steps") }

/// The number of elements of a buffer [steps, batch, width] from C; no such buffer is larger than the address space.
func elements(_ steps: Int, _ batch: Int, _ width: Int) throws(Failure) -> Int {
  let (rows, rowsOverflow) = steps.multipliedReportingOverflow(by: batch)
  let (count, countOverflow) = rows.multipliedReportingOverflow(by: width)
  guard !rowsOverflow, !countOverflow, count <= Int.max / MemoryLayout<Float>.stride else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "steps is \(UInt(bitPattern: steps)), too many for rows of \(batch) times \(width) numbers")
  }
  return count
}

@c @implementation public func dnc_set_training(_ instance: OpaquePointer!, _ enabled: Int32) -> dnc_status {
  status(network: instance) { network throws(Failure) in network.pointee.setTraining(enabled != 0) }
}

@c @implementation public func dnc_is_training(_ instance: OpaquePointer!) -> Int32 {
  Int32(published(instance.map { Instance($0) }).mode)
}

@c @implementation public func dnc_reset(_ instance: OpaquePointer!) -> dnc_status {
  status(network: instance) { network throws(Failure) in network.pointee.reset() }
}

@c @implementation public func dnc_reset_sequences(
  _ instance: OpaquePointer!, _ which: UnsafePointer<UInt8>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try network.pointee.reset(which: try require(which, "which"))
  }
}

/// Takes steps, after their inputs are checked.
/// - Parameters:
///   - name: of the inputs.
///   - inputs, outputs: of `steps` steps.
@inline(never) private func forward(
  _ network: Instance, steps: Int, _ inputs: Inputs<Float>, _ name: StaticString, starts: UnsafePointer<UInt8>?,
  outputs: UnsafeMutablePointer<Float>, progress: Progress?
) throws(Failure) {
  let c = network.pointee.configuration
  guard network.pointee.recordedSteps == 0 || c.takesTokens == inputs.areTokens else {
    let (recorded, given): (StaticString, StaticString) = c.takesTokens ? ("tokens", "rows") : ("rows", "tokens")
    throw Failure(
      DNC_INVALID_STATE, "the recorded steps have \(recorded) as inputs, these have \(given): call dnc_detach first")
  }
  // Before the inputs are read: a number of steps that no machine could record is a mistake, and the buffer shorter.
  try network.pointee.prepare(for: inputs, steps: steps)
  switch inputs {
  case .rows(let rows): try requireFinite(rows, count: try elements(steps, c.B, c.X), name)
  case .tokens(let tokens):
    for i in 0..<steps * c.B where tokens[i] < -1 || Int(tokens[i]) >= c.X {
      throw Failure(DNC_INVALID_ARGUMENT, "\(name)[\(i)] is \(Int(tokens[i])), allowed are -1 to \(c.X - 1)")
    }
  }
  _ = dnc_platform_flush_denormals()
  if progress != nil || c.checksFinite {
    return try network.pointee.watchedForward(
      steps: steps, inputs: inputs, starts: starts, outputs: outputs, progress: progress)
  }
  try network.pointee.forward(steps: steps, inputs: inputs, starts: starts, outputs: outputs)
}

/// One step, of which no progress is told.
private func step(
  _ network: Instance, _ input: Inputs<Float>, _ name: StaticString, _ output: UnsafeMutablePointer<Float>?
) throws(Failure) {
  let output = try require(output, "output")
  try forward(network, steps: 1, input, name, starts: nil, outputs: output, progress: nil)
}

private func forward(
  _ network: Instance, steps: Int, _ inputs: Inputs<Float>, _ name: StaticString, starts: UnsafePointer<UInt8>?,
  outputs: UnsafeMutablePointer<Float>?
) throws(Failure) {
  let outputs = try require(outputs, "outputs")
  let c = network.pointee.configuration
  _ = try elements(steps, c.B, c.Y)
  try forward(
    network, steps: steps, inputs, name, starts: starts, outputs: outputs, progress: network.pointee.progress)
}

@c @implementation public func dnc_step(
  _ instance: OpaquePointer!, _ input: UnsafePointer<Float>!, _ output: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try step(network, .rows(try require(input, "input")), "input", output)
  }
}

@c @implementation public func dnc_step_tokens(
  _ instance: OpaquePointer!, _ tokens: UnsafePointer<Int32>!, _ output: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try step(network, .tokens(try require(tokens, "tokens")), "tokens", output)
  }
}

@c @implementation public func dnc_forward(
  _ instance: OpaquePointer!, _ steps: Int, _ inputs: UnsafePointer<Float>!, _ outputs: UnsafeMutablePointer<Float>!
) -> dnc_status {
  dnc_forward_packed(instance, steps, inputs, nil, outputs)
}

@c @implementation public func dnc_forward_packed(
  _ instance: OpaquePointer!, _ steps: Int, _ inputs: UnsafePointer<Float>!, _ starts: UnsafePointer<UInt8>!,
  _ outputs: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try requireSteps(steps)
    try forward(
      network, steps: steps, .rows(try require(inputs, "inputs")), "inputs", starts: starts, outputs: outputs)
  }
}

@c @implementation public func dnc_forward_tokens(
  _ instance: OpaquePointer!, _ steps: Int, _ tokens: UnsafePointer<Int32>!, _ starts: UnsafePointer<UInt8>!,
  _ outputs: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try requireSteps(steps)
    try forward(
      network, steps: steps, .tokens(try require(tokens, "tokens")), "tokens", starts: starts, outputs: outputs)
  }
}

@c @implementation public func dnc_backward(
  _ instance: OpaquePointer!, _ output_gradients: UnsafePointer<Float>!,
  _ input_gradients: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let outputGradients = try require(output_gradients, "output_gradients")
    try requireRecord(network)
    let c = network.pointee.configuration
    try requireFinite(
      outputGradients, count: network.pointee.recordedSteps * c.B * c.Y, "output_gradients")
    let progress = network.pointee.progress
    _ = dnc_platform_flush_denormals()
    if progress != nil || c.checksFinite {
      return try network.pointee.watchedBackward(
        outputGradients: outputGradients, inputGradients: input_gradients, progress: progress)
    }
    network.pointee.backward(outputGradients: outputGradients, inputGradients: input_gradients)
  }
}

@c @implementation public func dnc_set_progress(
  _ instance: OpaquePointer!, _ progress: dnc_progress!, _ context: UnsafeMutableRawPointer!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    network.pointee.progress = progress.map { Progress(function: $0, context: context) }
  }
}

@c @implementation public func dnc_set_bypass_dropout(
  _ instance: OpaquePointer!, _ rate: Float, _ seed: UInt64
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    guard rate >= 0, rate < 1 else {
      throw Failure(DNC_INVALID_ARGUMENT, "rate is \(rate), allowed are 0 (no dropout) to below 1")
    }
    try requireNothingRecorded(network, "dropout")
    try network.pointee.setBypassDropout(rate: rate, seed: seed)
  }
}

func requireRecord(_ network: Instance) throws(Failure) {
  guard network.pointee.recordedSteps > 0 else {
    throw Failure(
      DNC_INVALID_STATE,
      "nothing is recorded: call dnc_set_training(instance, 1) and take steps first")
  }
}

@c @implementation public func dnc_detach(_ instance: OpaquePointer!) -> dnc_status {
  status(network: instance) { network throws(Failure) in network.pointee.detach() }
}

@c @implementation public func dnc_recorded_steps(_ instance: OpaquePointer!) -> Int {
  Int(published(instance.map { Instance($0) }).count)
}
