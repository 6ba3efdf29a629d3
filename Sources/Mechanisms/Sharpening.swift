import CKernels

/// Makes a weighting sharper or flatter (model.md, section 7). With ε = 1e-6 and d⁺ = max(d, 0),
///
///     S(d, s)[n] = (d⁺[n] + ε)^s / Σ_j (d⁺[j] + ε)^s
///
/// a softmax of s log(d⁺ + ε). Of a weighting that is 0 everywhere, it is uniform.
enum Sharpening {
  private static func logarithm<Scalar: Real>(_ d: Scalar) -> Scalar { .log((d > 0 ? d : 0) + .epsilon) }

  /// - Parameters:
  ///   - weighting: d [N].
  ///   - sharpness: s.
  ///   - sharpened: out, S(d, s) [N]; not `weighting`.
  static func forward<Scalar: Real>(
    slots: Int, weighting: In<Scalar>, sharpness: Scalar, sharpened: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.sharpeningForward {
      var operands = SharpeningForwardOperands(
        slots: slots, weighting: weighting.float, sharpness: Float(sharpness), sharpened: sharpened.float)
      return fast(&operands)
    }
    for n in 0..<slots { sharpened[n] = sharpness * logarithm(weighting[n]) }
    Softmax.forward(rows: 1, slots, logits: sharpened, probabilities: sharpened)
  }

  /// The derivative of d⁺ is 1 for d > 0, and 0 otherwise.
  /// - Parameters:
  ///   - weighting, sharpness, sharpened: as `forward` found and left them.
  ///   - gradient: [N]. In: of S(d, s). Out: of d.
  ///   - sharpnessGradient: of s, added to.
  static func backward<Scalar: Real>(
    slots: Int, weighting: In<Scalar>, sharpness: Scalar, sharpened: In<Scalar>, gradient: Out<Scalar>,
    sharpnessGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.sharpeningBackward {
      var operands = SharpeningBackwardOperands(
        slots: slots, weighting: weighting.float, sharpness: Float(sharpness), sharpened: sharpened.float,
        gradient: gradient.float, sharpnessGradient: sharpnessGradient.float)
      return fast(&operands)
    }
    Softmax.backward(rows: 1, slots, probabilities: sharpened, gradient: gradient, logitGradient: gradient)
    for n in 0..<slots {
      let d = weighting[n]
      sharpnessGradient[0] += gradient[n] * logarithm(d)
      gradient[n] = d > 0 ? sharpness * gradient[n] / (d + .epsilon) : 0
    }
  }
}
