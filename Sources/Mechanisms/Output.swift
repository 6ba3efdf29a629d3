/// y_t = W_y [ν_t ; r¹_t ; … ; r^R_t] + b_y, clamped (model.md, section 8): logits, not squashed. Nothing in it depends
/// on the recurrence, so it works on any number of rows at once: one per step and sequence.
struct Output<Scalar: Real> {
  let outputSize, controllerWidth, readWidth: Int
  let clip: Scalar

  private var width: Int { controllerWidth + readWidth }

  /// - Parameters:
  ///   - weight: W_y [Y, V + R·W].
  ///   - bias: b_y [Y].
  ///   - controller, readVectors: ν [rows, V], r [rows, R·W].
  ///   - unclamped: out, y before clamping [rows, Y], which `backward` needs.
  ///   - output: out, y [rows, Y].
  func forward(
    rows: Int, weight: Out<Scalar>, bias: In<Scalar>, controller: Rows<Scalar>, readVectors: Rows<Scalar>,
    unclamped: Out<Scalar>, output: Out<Scalar>
  ) {
    let y = Rows(unclamped, stride: outputSize)
    let weight = Rows(weight, stride: width)
    Linear.setBias(rows: rows, outputs: outputSize, bias: bias, output: y)
    Linear.forward(
      rows: rows, outputs: outputSize, inputs: controllerWidth, weight: weight, input: controller, output: y)
    Linear.forward(
      rows: rows, outputs: outputSize, inputs: readWidth, weight: weight.dropping(columns: controllerWidth),
      input: readVectors, output: y)
    for i in 0..<rows * outputSize { output[i] = unclamped[i].clamped(to: clip) }
  }

  /// - Parameters:
  ///   - unclamped: in, as `forward` left it; out, the gradient of y before clamping.
  ///   - outputGradient: of y [rows, Y].
  ///   - controllerGradient [rows, V], readVectorsGradient [rows, R·W], weightGradient, biasGradient: added to.
  func backward(
    rows: Int, weight: Out<Scalar>, controller: Rows<Scalar>, readVectors: Rows<Scalar>, unclamped: Out<Scalar>,
    outputGradient: In<Scalar>, controllerGradient: Rows<Scalar>, readVectorsGradient: Rows<Scalar>,
    weightGradient: Out<Scalar>, biasGradient: Out<Scalar>
  ) {
    for i in 0..<rows * outputSize { unclamped[i] = unclamped[i].passes(clip) ? outputGradient[i] : 0 }
    let yGradient = Rows(unclamped, stride: outputSize)
    Linear.backwardBias(rows: rows, outputs: outputSize, outputGradient: yGradient, biasGradient: biasGradient)

    func backward(columns: Int, from first: Int, input: Rows<Scalar>, inputGradient: Rows<Scalar>) {
      Linear.backward(
        rows: rows, outputs: outputSize, inputs: columns,
        weight: Rows(weight, stride: width).dropping(columns: first), outputGradient: yGradient,
        inputGradient: inputGradient)
      Linear.backwardWeight(
        rows: rows, outputs: outputSize, inputs: columns, input: input, outputGradient: yGradient,
        weightGradient: Rows(weightGradient, stride: width).dropping(columns: first))
    }
    backward(columns: controllerWidth, from: 0, input: controller, inputGradient: controllerGradient)
    backward(columns: readWidth, from: controllerWidth, input: readVectors, inputGradient: readVectorsGradient)
  }
}
