/// A memory whose matrix M the record keeps for some steps only. Backward computes those of a segment again, before it goes
/// through the segment's steps.
protocol RecomputedMemory {
  associatedtype Scalar: Real
  var history: MemoryHistory<Scalar> { get }
  /// Scratch: M [sequences, N, W] after each step of a segment but the last.
  var memories: Plane<Scalar> { get }
  /// Those that the scratch is for.
  var sequences: Range<Int> { get }
}

extension RecomputedMemory {
  var planes: Planes<Scalar> { history.planes }

  /// Recomputes the memories of the segment that begins with step `first`, for steps up to `end`.
  /// - Parameter steps: the number of recorded ones.
  func rollForward(_ b: Int, from first: Int, to end: Int, of steps: Int) {
    for t in first..<end where kept(after: t, of: steps, b) == nil {
      history.write(
        b, step: t, previousMemory: memory(before: t, b),
        memory: memories[t % history.segment, b - sequences.lowerBound],
        rowNorms: planes[.rowNorms][t + 1, b])
    }
  }

  /// M_t where the record keeps it: after the last step, and where a segment begins with the next step.
  private func kept(after t: Int, of steps: Int, _ b: Int) -> In<Scalar>? {
    if t + 1 == steps { return In(planes[.memory][0, b]) }
    return (t + 1) % history.segment == 0 ? In(planes[.memoryCheckpoint][(t + 1) / history.segment, b]) : nil
  }

  /// M_{t-1} and M_t of sequence b, after the segment of step t was rolled forward.
  func memory(before t: Int, _ b: Int) -> In<Scalar> {
    if history.starts(t, b) { return In(history.before(t, previous: t, b)(.memory)) }
    return In(
      t % history.segment == 0
        ? planes[.memoryCheckpoint][t / history.segment, b]
        : memories[(t - 1) % history.segment, b - sequences.lowerBound])
  }

  func memory(after t: Int, of steps: Int, _ b: Int) -> In<Scalar> {
    kept(after: t, of: steps, b) ?? In(memories[t % history.segment, b - sequences.lowerBound])
  }
}
