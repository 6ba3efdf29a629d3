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
    for n in 0..<slots {
      shifted[n] =
        shifts[0] * weighting[next(n, slots)] + shifts[1] * weighting[n] + shifts[2] * weighting[before(n, slots)]
    }
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
    for n in 0..<slots {
      let (next, before) = (next(n, slots), before(n, slots))
      shiftsGradient[0] += shiftedGradient[n] * weighting[next]
      shiftsGradient[1] += shiftedGradient[n] * weighting[n]
      shiftsGradient[2] += shiftedGradient[n] * weighting[before]
      weightingGradient[n] =
        shifts[0] * shiftedGradient[before] + shifts[1] * shiftedGradient[n] + shifts[2] * shiftedGradient[next]
    }
  }

  private static func next(_ n: Int, _ slots: Int) -> Int { n + 1 == slots ? 0 : n + 1 }
  private static func before(_ n: Int, _ slots: Int) -> Int { n == 0 ? slots - 1 : n - 1 }
}
