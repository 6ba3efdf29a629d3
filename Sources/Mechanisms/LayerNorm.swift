import CKernels

/// Layer normalization (Ba, Kiros and Hinton 2016; model.md, section 1) of some rows of `count` numbers:
///
///     LN(s) = (s − mean) / √(variance + ε)        y = γ ∘ LN(s) + b
///
/// with the mean and the variance of the row, the variance with 1/count, and ε = 1e-6.
struct LayerNorm<Scalar: Real> {
  let rows, count: Int

  /// - Parameters:
  ///   - sums: s [rows, count], finite.
  ///   - scale, bias: γ, b [count].
  ///   - kept: out, LN(s) and then 1 / √(variance + ε) [rows, count + 1].
  ///   - bound: of the magnitude of y, where the type has bounds.
  ///   - output: out, y [rows, count]; may be `sums`.
  func forward(
    sums: Rows<Scalar>, scale: In<Scalar>, bias: In<Scalar>, kept: MutableRows<Scalar>,
    bound: Scalar = .greatestFiniteMagnitude, output: MutableRows<Scalar>
  ) {
    for row in 0..<rows {
      let y = output[row]
      forward(sums[row], scale, bias, kept[row], y)
      if Scalar.saturation != nil, !areModerate(count, y) {
        for i in 0..<count { y[i] = y[i].clamped(to: bound) }
      }
    }
  }

  private func forward(
    _ s: In<Scalar>, _ scale: In<Scalar>, _ bias: In<Scalar>, _ normalized: Out<Scalar>, _ y: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.layerNormForward {
      var operands = LayerNormForwardOperands(
        count: count, sums: s.float, scale: scale.float, bias: bias.float, kept: normalized.float, output: y.float)
      if fast(&operands) { return }
    }
    normalized[count] = normalize(s, to: normalized)
    for i in 0..<count { y[i] = scale[i] * normalized[i] + bias[i] }
  }

  /// Writes LN(s), and returns 1 / √(variance + ε).
  private func normalize(_ s: In<Scalar>, to normalized: Out<Scalar>) -> Scalar {
    // Squares that overflow are added up in Double.
    guard Scalar.saturation == nil || areModerate(count, s) else { return widelyNormalize(s, to: normalized) }
    let mean = sum(count, s) / Scalar(count)
    for i in 0..<count { normalized[i] = s[i] - mean }
    let variance = dot(count, normalized, normalized) / Scalar(count)
    let inverse = 1 / (variance + .epsilon).squareRoot()
    for i in 0..<count { normalized[i] *= inverse }
    return inverse
  }

  private func widelyNormalize(_ s: In<Scalar>, to normalized: Out<Scalar>) -> Scalar {
    var (mean, variance) = (0.0, 0.0)
    for i in 0..<count { mean += Double(s[i]) / Double(count) }
    for i in 0..<count { variance += (Double(s[i]) - mean) * (Double(s[i]) - mean) / Double(count) }
    let inverse = 1 / (variance + .epsilon).squareRoot()
    for i in 0..<count { normalized[i] = Scalar((Double(s[i]) - mean) * inverse) }
    return Scalar(inverse)
  }

  /// sumsGradient = (g − mean(g) − LN(s) mean(g ∘ LN(s))) / √(variance + ε)        g = γ ∘ outputGradient
  /// - Parameters:
  ///   - kept: as `forward` left it.
  ///   - outputGradient: of y [rows, count].
  ///   - sumsGradient: out, of s [rows, count]; not `outputGradient`.
  func backward(
    scale: In<Scalar>, kept: Rows<Scalar>, outputGradient: Rows<Scalar>, sumsGradient: MutableRows<Scalar>
  ) {
    for row in 0..<rows {
      let (normalized, yGradient, sGradient) = (kept[row], outputGradient[row], sumsGradient[row])
      if let fast = Scalar.kernels?.pointee.layerNormBackward {
        var operands = LayerNormBackwardOperands(
          count: count, scale: scale.float, kept: normalized.float, outputGradient: yGradient.float,
          sumsGradient: sGradient.float)
        fast(&operands)
        continue
      }
      for i in 0..<count { sGradient[i] = scale[i] * yGradient[i] }
      let mean = sum(count, sGradient) / Scalar(count)
      let slope = dot(count, sGradient, normalized) / Scalar(count)
      let inverse = normalized[count]
      for i in 0..<count { sGradient[i] = inverse * (sGradient[i] - mean - normalized[i] * slope) }
    }
  }

  /// scaleGradient += Σ_r outputGradient[r] ∘ LN(s)[r]; the bias's is `Linear.backwardBias`.
  func backwardScale(kept: StepRows<Scalar>, outputGradient: StepRows<Scalar>, scaleGradient: Out<Scalar>) {
    outputGradient.forEachRun(rows) { first, rows, gradients in
      let kept = kept.run(at: first).rows
      for row in 0..<rows {
        let (normalized, yGradient) = (kept[row], gradients[row])
        if let fast = Scalar.kernels?.pointee.addProducts {
          var operands = AddProductsOperands(
            count: count, x: yGradient.float, y: normalized.float, z: scaleGradient.float)
          fast(&operands)
          continue
        }
        for i in 0..<count { scaleGradient[i] += yGradient[i] * normalized[i] }
      }
    }
  }
}
