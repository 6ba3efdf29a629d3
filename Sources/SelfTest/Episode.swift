/// A few steps of a network on random numbers, and the gradient of Σ ȳ y for random ȳ.
struct Episode<Scalar: Real>: ~Copyable {
  let steps: Int
  var network: Network<Scalar>
  private let memory: Memory
  private let outputGradients, probeOutputs: Out<Scalar>
  let inputs, inputGradients, outputs: Out<Scalar>
  let inputCount, outputCount: Int

  /// - Parameter bound: bound of the parameters, a power of 2.
  init(_ c: Configuration, steps: Int, bound: Scalar) throws(Failure) {
    let inputCount = steps * c.B * c.X
    let outputCount = steps * c.B * c.Y
    let numbers = 2 * inputCount + 3 * outputCount
    let memory = try Memory(bytes: numbers * MemoryLayout<Scalar>.stride)
    let inputs = memory.start.bindMemory(to: Scalar.self, capacity: numbers)
    let inputGradients = inputs + inputCount
    let outputs = inputGradients + inputCount
    let outputGradients = outputs + outputCount
    // Inputs, and parameters below, are multiples of 2⁻²⁴ or less, so Float and Double begin with the same numbers.
    var random = Random(seed: c.seed)
    for i in 0..<inputCount { inputs[i] = random.uniform(within: 1) }
    for i in 0..<outputCount { outputGradients[i] = random.uniform(within: 1) }

    var network = try Network<Scalar>(c)
    let parameters = network.parameters.start
    for i in 0..<network.parameterCount { parameters[i] = random.uniform(within: bound) }
    network.reset()
    network.setTraining(true)
    try network.forward(steps: steps, inputs: inputs, outputs: outputs)
    network.backward(outputGradients: outputGradients, inputGradients: inputGradients)
    self.steps = steps
    self.network = network
    self.memory = memory
    self.inputs = inputs
    self.inputGradients = inputGradients
    self.outputs = outputs
    self.outputGradients = outputGradients
    self.probeOutputs = outputGradients + outputCount
    self.inputCount = inputCount
    self.outputCount = outputCount
  }

  /// Σ ȳ y for the present parameters and inputs.
  func loss(of probe: inout Network<Scalar>) throws(Failure) -> Scalar {
    probe.reset()
    try probe.forward(steps: steps, inputs: inputs, outputs: probeOutputs)
    return dot(outputCount, outputGradients, probeOutputs)
  }
}
