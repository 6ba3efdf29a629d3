/// The weighting of one read head (model.md, section 7). The read modes π mix reading backwards and forwards along the
/// links of each write head with reading by content:
///
///     w^r = Σ_k π[b_k] b^k + π[c] c + Σ_k π[f_k] f^k
enum ReadWeighting {
  /// - Parameters:
  ///   - modes: π [2K+1]: backward 1…K, content, forward 1…K.
  ///   - backwardWeights, forwardWeights: b, f [K, N].
  ///   - content: c [N].
  ///   - weighting: out, w^r [N].
  static func forward<Scalar: Real>(
    slots: Int, writeHeads: Int, modes: In<Scalar>, backwardWeights: In<Scalar>, content: In<Scalar>,
    forwardWeights: In<Scalar>, weighting: Out<Scalar>
  ) {
    scale(slots, modes[writeHeads], content, to: weighting)
    for k in 0..<writeHeads {
      addScaled(slots, modes[k], backwardWeights + k * slots, to: weighting)
      addScaled(slots, modes[writeHeads + 1 + k], forwardWeights + k * slots, to: weighting)
    }
  }

  /// - Parameters:
  ///   - weightingGradient: of w^r [N].
  ///   - modesGradient: [2K+1], added to.
  ///   - backwardGradient, forwardGradient [K, N], contentGradient [N]: written.
  static func backward<Scalar: Real>(
    slots: Int, writeHeads: Int, modes: In<Scalar>, backwardWeights: In<Scalar>, content: In<Scalar>,
    forwardWeights: In<Scalar>, weightingGradient: In<Scalar>, modesGradient: Out<Scalar>,
    backwardGradient: Out<Scalar>, contentGradient: Out<Scalar>, forwardGradient: Out<Scalar>
  ) {
    func backward(mode: Int, weights: In<Scalar>, gradient: Out<Scalar>) {
      modesGradient[mode] += dot(slots, weightingGradient, weights)
      scale(slots, modes[mode], weightingGradient, to: gradient)
    }
    for k in 0..<writeHeads {
      backward(mode: k, weights: backwardWeights + k * slots, gradient: backwardGradient + k * slots)
      backward(
        mode: writeHeads + 1 + k, weights: forwardWeights + k * slots, gradient: forwardGradient + k * slots)
    }
    backward(mode: writeHeads, weights: content, gradient: contentGradient)
  }
}
