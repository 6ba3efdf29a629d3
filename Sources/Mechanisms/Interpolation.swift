/// How far a head of the Neural Turing Machine stays where it was (model.md, "Other memories"): w^g = g w^c + (1 − g) w', with
/// the weighting w^c that it finds by content, and its previous weighting w'.
enum Interpolation {
  /// - Parameters:
  ///   - content, previous: w^c, w' [N].
  ///   - gate: g.
  ///   - weighting: out, w^g [N].
  static func forward<Scalar: Real>(
    slots: Int, content: In<Scalar>, previous: In<Scalar>, gate: Scalar, weighting: Out<Scalar>
  ) {
    scale(slots, gate, content, to: weighting)
    addScaled(slots, 1 - gate, previous, to: weighting)
  }

  /// - Parameters:
  ///   - content, previous, gate: as `forward` found them.
  ///   - weightingGradient: of w^g [N].
  ///   - contentGradient, previousGradient: of w^c and w' [N], written.
  ///   - gateGradient: of g, added to.
  static func backward<Scalar: Real>(
    slots: Int, content: In<Scalar>, previous: In<Scalar>, gate: Scalar, weightingGradient: In<Scalar>,
    contentGradient: Out<Scalar>, previousGradient: Out<Scalar>, gateGradient: Out<Scalar>
  ) {
    gateGradient[0] += dot(slots, weightingGradient, content) - dot(slots, weightingGradient, previous)
    scale(slots, gate, weightingGradient, to: contentGradient)
    scale(slots, 1 - gate, weightingGradient, to: previousGradient)
  }
}
