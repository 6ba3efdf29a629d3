import CKernels

/// The degree to which each slot was the last one written, by one write head (model.md, section 6):
///
///     p_t = (1 − Σ_i w^w_t[i]) p_{t-1} + w^w_t
enum Precedence {
  /// - Parameters:
  ///   - previousPrecedence: p_{t-1} [N]. May be `precedence`.
  ///   - precedence: out, p_t [N].
  static func forward<Scalar: Real>(
    slots: Int, writeWeighting: In<Scalar>, previousPrecedence: In<Scalar>, precedence: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.precedenceForward {
      var operands = PrecedenceForwardOperands(
        slots: slots, writeWeighting: writeWeighting.float, previousPrecedence: previousPrecedence.float,
        precedence: precedence.float)
      return fast(&operands)
    }
    let kept = 1 - sum(slots, writeWeighting)
    for n in 0..<slots { precedence[n] = kept * previousPrecedence[n] + writeWeighting[n] }
  }

  /// - Parameters:
  ///   - precedenceGradient: [N]. In: of p_t. Out: of p_{t-1}.
  ///   - writeWeightingGradient: [N], added to.
  static func backward<Scalar: Real>(
    slots: Int, writeWeighting: In<Scalar>, previousPrecedence: In<Scalar>, precedenceGradient: Out<Scalar>,
    writeWeightingGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.precedenceBackward {
      var operands = PrecedenceBackwardOperands(
        slots: slots, writeWeighting: writeWeighting.float, previousPrecedence: previousPrecedence.float,
        precedenceGradient: precedenceGradient.float, writeWeightingGradient: writeWeightingGradient.float)
      return fast(&operands)
    }
    let kept = 1 - sum(slots, writeWeighting)
    let keptGradient = dot(slots, precedenceGradient, previousPrecedence)
    for n in 0..<slots {
      writeWeightingGradient[n] += precedenceGradient[n] - keptGradient
      precedenceGradient[n] *= kept
    }
  }
}
