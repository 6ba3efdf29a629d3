import CKernels

/// The weightings of the read heads (model.md, section 7). A head's read modes π mix reading backwards and forwards along
/// the links of each write head with reading by content:
///
///     w^r = Σ_k π[b_k] b^k + π[c] c + Σ_k π[f_k] f^k
enum ReadWeighting {
  /// - Parameters:
  ///   - modes: π [R, 2K+1]: backward 1…K, content, forward 1…K.
  ///   - backwardWeights, forwardWeights: b, f [R, K, N].
  ///   - content: c [R, N].
  ///   - weighting: out, w^r [R, N].
  static func forward<Scalar: Real>(
    slots: Int, readHeads: Int, writeHeads: Int, modes: In<Scalar>, backwardWeights: In<Scalar>, content: In<Scalar>,
    forwardWeights: In<Scalar>, weighting: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.readWeightingForward {
      var operands = ReadWeightingForwardOperands(
        slots: slots, readHeads: readHeads, writeHeads: writeHeads, modes: modes.float,
        backwardWeights: backwardWeights.float, forwardWeights: forwardWeights.float, content: content.float,
        weighting: weighting.float)
      return fast(&operands)
    }
    for i in 0..<readHeads {
      let (modes, weighting) = (modes + i * (2 * writeHeads + 1), weighting + i * slots)
      scale(slots, modes[writeHeads], content + i * slots, to: weighting)
      for k in 0..<writeHeads {
        let pair = (i * writeHeads + k) * slots
        addScaled(slots, modes[k], backwardWeights + pair, to: weighting)
        addScaled(slots, modes[writeHeads + 1 + k], forwardWeights + pair, to: weighting)
      }
    }
  }

  /// - Parameters:
  ///   - weightingGradient: of w^r [R, N].
  ///   - modesGradient: [R, 2K+1], added to.
  ///   - backwardGradient, forwardGradient [R, K, N], contentGradient [R, N]: written.
  static func backward<Scalar: Real>(
    slots: Int, readHeads: Int, writeHeads: Int, modes: In<Scalar>, backwardWeights: In<Scalar>, content: In<Scalar>,
    forwardWeights: In<Scalar>, weightingGradient: In<Scalar>, modesGradient: Out<Scalar>,
    backwardGradient: Out<Scalar>, contentGradient: Out<Scalar>, forwardGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.readWeightingBackward {
      var operands = ReadWeightingBackwardOperands(
        slots: slots, readHeads: readHeads, writeHeads: writeHeads, modes: modes.float,
        backwardWeights: backwardWeights.float, forwardWeights: forwardWeights.float, content: content.float,
        weightingGradient: weightingGradient.float, modesGradient: modesGradient.float,
        backwardGradient: backwardGradient.float, forwardGradient: forwardGradient.float,
        contentGradient: contentGradient.float)
      return fast(&operands)
    }
    for i in 0..<readHeads {
      func backward(mode: Int, weights: In<Scalar>, gradient: Out<Scalar>) {
        let mode = i * (2 * writeHeads + 1) + mode
        modesGradient[mode] += dot(slots, weightingGradient + i * slots, weights)
        scale(slots, modes[mode], weightingGradient + i * slots, to: gradient)
      }
      for k in 0..<writeHeads {
        let pair = (i * writeHeads + k) * slots
        backward(mode: k, weights: backwardWeights + pair, gradient: backwardGradient + pair)
        backward(mode: writeHeads + 1 + k, weights: forwardWeights + pair, gradient: forwardGradient + pair)
      }
      backward(mode: writeHeads, weights: content + i * slots, gradient: contentGradient + i * slots)
    }
  }
}
