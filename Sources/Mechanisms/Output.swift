/// y_t = W_y [ν_t ; r¹_t ; … ; r^R_t] + b_y, clamped (model.md, section 8): logits, not squashed. It does not depend on
/// the recurrence, so it works on any number of rows at once: one per step and sequence.
struct Output<Scalar: Real> {
  let outputSize, controllerWidth, readWidth: Int
  let clip: Scalar

  /// - Parameters:
  ///   - weight: W_y [Y, V + R·W].
  ///   - bias: b_y [Y].
  ///   - controller, readVectors: ν [rows, V], r [rows, R·W].
  ///   - unclamped: out, y before clamping [rows, Y], which `backward` needs.
  ///   - output: out, y [rows, Y].
  func forward(
    rows: Int, weight: Weight<Scalar>, bias: In<Scalar>, controller: Rows<Scalar>, readVectors: Rows<Scalar>,
    unclamped y: MutableRows<Scalar>, output: MutableRows<Scalar>
  ) {
    Linear.setBias(rows: rows, outputs: outputSize, bias: bias, output: y)
    Linear.forward(
      rows: rows, outputs: outputSize, inputs: controllerWidth, weight: weight, input: controller, output: y)
    Linear.forward(
      rows: rows, outputs: outputSize, inputs: readWidth, weight: weight.dropping(columns: controllerWidth),
      input: readVectors, output: y)
    Linear.saturate(
      rows: rows, outputs: outputSize, bias: bias, Linear.Term(weight, controller, inputs: controllerWidth),
      Linear.Term(weight.dropping(columns: controllerWidth), readVectors, inputs: readWidth), output: y)
    for row in 0..<rows {
      for i in 0..<outputSize { output[row][i] = y[row][i].clamped(to: clip) }
    }
  }

  /// - Parameters:
  ///   - unclamped: in, as `forward` left it; out, the gradient of y before clamping.
  ///   - outputGradient: of y [rows, Y].
  ///   - controllerGradient [rows, V], readVectorsGradient [rows, R·W]: added to.
  func backward(
    rows: Int, weight: Rows<Scalar>, unclamped y: MutableRows<Scalar>, outputGradient: Rows<Scalar>,
    controllerGradient: MutableRows<Scalar>, readVectorsGradient: MutableRows<Scalar>
  ) {
    for row in 0..<rows {
      for i in 0..<outputSize { y[row][i] = y[row][i].passes(clip) ? outputGradient[row][i] : 0 }
    }
    Linear.backward(
      rows: rows, outputs: outputSize, inputs: controllerWidth, weight: weight, outputGradient: y.reading,
      inputGradient: controllerGradient)
    Linear.backward(
      rows: rows, outputs: outputSize, inputs: readWidth, weight: weight.dropping(columns: controllerWidth),
      outputGradient: y.reading, inputGradient: readVectorsGradient)
  }
}
