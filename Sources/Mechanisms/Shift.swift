/// How far a head of the Neural Turing Machine moves (model.md, "Other memories"). The weights s of three shifts, by −1, 0 and
/// +1 slot, add up to 1; the last slot is beside the first.
///
///     w^s[n] = s_{−1} w^g[n + 1] + s_0 w^g[n] + s_{+1} w^g[n − 1]        indices modulo N
enum Shift {
  /// Shifts of a head.
  static let count = 3

  /// - Parameters:
  ///   - shifts: s [3].
  ///   - weighting: w^g [N].
  ///   - shifted: out, w^s [N]; not `weighting`.
  static func forward<Scalar: Real>(slots: Int, shifts: In<Scalar>, weighting: In<Scalar>, shifted: Out<Scalar>) {
    scale(slots, shifts[1], weighting, to: shifted)
    addBack(slots, shifts[0], weighting, to: shifted)
    addOn(slots, shifts[2], weighting, to: shifted)
  }

  /// - Parameters:
  ///   - shifts, weighting: as `forward` found them.
  ///   - shiftedGradient: of w^s [N].
  ///   - weightingGradient: of w^g [N], written; not `shiftedGradient`.
  ///   - shiftsGradient: of s [3], added to.
  static func backward<Scalar: Real>(
    slots: Int, shifts: In<Scalar>, weighting: In<Scalar>, shiftedGradient: In<Scalar>, weightingGradient: Out<Scalar>,
    shiftsGradient: Out<Scalar>
  ) {
    let last = slots - 1
    shiftsGradient[0] += dot(last, shiftedGradient, weighting + 1) + shiftedGradient[last] * weighting[0]
    shiftsGradient[1] += dot(slots, shiftedGradient, weighting)
    shiftsGradient[2] += dot(last, shiftedGradient + 1, weighting) + shiftedGradient[0] * weighting[last]
    scale(slots, shifts[1], shiftedGradient, to: weightingGradient)
    addOn(slots, shifts[0], shiftedGradient, to: weightingGradient)
    addBack(slots, shifts[2], shiftedGradient, to: weightingGradient)
  }

  /// target[n − 1] += factor x[n], around the beginning.
  private static func addBack<Scalar: Real>(_ slots: Int, _ factor: Scalar, _ x: In<Scalar>, to target: Out<Scalar>) {
    addScaled(slots - 1, factor, x + 1, to: target)
    target[slots - 1] += factor * x[0]
  }

  /// target[n + 1] += factor x[n], around the end.
  private static func addOn<Scalar: Real>(_ slots: Int, _ factor: Scalar, _ x: In<Scalar>, to target: Out<Scalar>) {
    addScaled(slots - 1, factor, x, to: target + 1)
    target[0] += factor * x[slots - 1]
  }
}
