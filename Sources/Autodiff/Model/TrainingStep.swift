extension Model {
  /// The work that benchmarks time: one episode from the start, its loss, and the gradients of all parameters.
  /// - Parameters:
  ///   - parameters: as in `init`.
  ///   - inputs, targets: x [T, B, X], q [T, B, Y]. The loss is the sigmoid cross-entropy, over all outputs.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func trainingStep(
    _ options: Options, parameters: [Scalar], inputs: [Scalar], targets: [Scalar]
  ) -> (loss: Scalar, gradients: [Scalar], tapeBytes: Int) {
    let tape = Tape<Scalar>()
    let model = Model(options, parameters: parameters, tape: tape)
    let width = options.B * options.X
    let steps = stride(from: 0, to: inputs.count, by: width).map {
      tape.constant(Array(inputs[$0..<$0 + width]), columns: options.X)
    }
    let outputs = model.run(steps, from: model.initialState()).outputs
    let mask = tape.constant(Array(repeating: 1, count: outputs.rows), columns: 1)
    let loss = outputs.sigmoidCrossEntropy(tape.constant(targets, columns: options.Y), mask: mask)
    tape.backward(from: loss)
    return (loss.values[0], model.parameters.flatMap(\.gradient), tape.peakBytes)
  }
}
