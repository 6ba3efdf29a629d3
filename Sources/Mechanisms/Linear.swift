import CKernels

/// y = W x, for many rows x at once: the product under the controller, the interface and the output layer.
///
/// `weight` [outputs, inputs] may be a part of wider rows, with a larger stride: a layer's input may have parts in
/// different places. Every element adds its products in one fixed order, whatever the number of rows.
enum Linear {
  /// y[r, o] += Σ_i W[o, i] x[r, i]
  static func forward<Scalar: Real>(
    rows: Int, outputs: Int, inputs: Int, weight: Rows<Scalar>, input x: Rows<Scalar>, output y: MutableRows<Scalar>
  ) {
    if let fast = Scalar.kernels?.linearForward {
      var operands = LinearForwardOperands(
        rows: rows, outputs: outputs, inputs: inputs, weight: weight.start.float, weightStride: weight.stride,
        x: x.start.float, xStride: x.stride, y: y.start.float, yStride: y.stride)
      return fast(&operands)
    }
    for o in 0..<outputs {
      for r in 0..<rows { y[r][o] += dot(inputs, weight[o], x[r]) }
    }
  }

  /// xGradient[r, i] += Σ_o yGradient[r, o] W[o, i]
  static func backward<Scalar: Real>(
    rows: Int, outputs: Int, inputs: Int, weight: Rows<Scalar>,
    outputGradient yGradient: Rows<Scalar>, inputGradient xGradient: MutableRows<Scalar>
  ) {
    if let fast = Scalar.kernels?.linearBackward {
      var operands = LinearBackwardOperands(
        rows: rows, outputs: outputs, inputs: inputs, weight: weight.start.float, weightStride: weight.stride,
        yGradient: yGradient.start.float, yStride: yGradient.stride, xGradient: xGradient.start.float,
        xStride: xGradient.stride)
      return fast(&operands)
    }
    for r in 0..<rows {
      for o in 0..<outputs { addScaled(inputs, yGradient[r][o], weight[o], to: xGradient[r]) }
    }
  }

  /// WGradient[o, i] += Σ_r yGradient[r, o] x[r, i]
  static func backwardWeight<Scalar: Real>(
    rows: Int, outputs: Int, inputs: Int, input x: Rows<Scalar>,
    outputGradient yGradient: Rows<Scalar>, weightGradient: MutableRows<Scalar>
  ) {
    if let fast = Scalar.kernels?.linearBackwardWeight {
      var operands = LinearWeightOperands(
        rows: rows, outputs: outputs, inputs: inputs, x: x.start.float, xStride: x.stride,
        yGradient: yGradient.start.float, yStride: yGradient.stride, weightGradient: weightGradient.start.float,
        weightStride: weightGradient.stride)
      return fast(&operands)
    }
    for o in 0..<outputs {
      for r in 0..<rows { addScaled(inputs, yGradient[r][o], x[r], to: weightGradient[o]) }
    }
  }

  /// Repairs y after all its products are added and before y is used. Recomputes in Double, and clamps to `bound`, the
  /// elements that overflowed in any sum or are beyond `bound`. So y is finite for finite numbers.
  /// - Parameters:
  ///   - first, second, third: all products that were added to the bias.
  @inline(never) static func saturate<Scalar: Real>(
    rows: Int, outputs: Int, bias: In<Scalar>, _ first: Term<Scalar>, _ second: Term<Scalar>? = nil,
    _ third: Term<Scalar>? = nil, bound: Scalar = .greatestFiniteMagnitude, output y: MutableRows<Scalar>
  ) {
    guard Scalar.saturation != nil else { return }
    if y.stride == outputs, areModerate(rows * outputs, y.start) { return }
    for r in 0..<rows where !areModerate(outputs, y[r]) {
      for o in 0..<outputs where !(y[r][o].magnitude <= bound) {
        let sum = Double(bias[o]) + first.element(r, o) + (second?.element(r, o) ?? 0) + (third?.element(r, o) ?? 0)
        y[r][o] = Scalar(sum.clamped(to: Double(bound)))
      }
    }
  }

  /// W x
  struct Term<Scalar: Real> {
    let weight, input: Rows<Scalar>
    let inputs: Int

    fileprivate func element(_ row: Int, _ output: Int) -> Double { wideDot(inputs, weight[output], input[row]) }

    init(_ weight: Rows<Scalar>, _ input: Rows<Scalar>, inputs: Int) {
      self.weight = weight
      self.input = input
      self.inputs = inputs
    }
  }

  /// y[r] = b
  static func setBias<Scalar: Real>(rows: Int, outputs: Int, bias: In<Scalar>, output y: MutableRows<Scalar>) {
    for r in 0..<rows { copyValues(outputs, bias, to: y[r]) }
  }

  /// bGradient += Σ_r yGradient[r]
  static func backwardBias<Scalar: Real>(
    rows: Int, outputs: Int, outputGradient yGradient: Rows<Scalar>, biasGradient: Out<Scalar>
  ) {
    for r in 0..<rows { addScaled(outputs, 1, yGradient[r], to: biasGradient) }
  }
}
