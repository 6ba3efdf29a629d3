/// Memory and links are by far the largest parts of the state, so the record keeps them only before each segment of
/// steps. Those in between are recomputed from the recorded weightings, erase and write vectors, with the same numbers:
/// by `advance` or, one row of the links at a time, in `TemporalLinks.backward`.
struct MemoryHistory<Scalar: Real> {
  /// In the record, where it stays.
  let configuration: UnsafePointer<Configuration>
  let planes: Planes<Scalar>
  /// Steps in a segment, a power of two.
  let segment: Int
  /// The state in which an episode starts, of one sequence; nil as long as none starts within the steps.
  let start: Planes<Scalar>?

  // Not a copy: it is asked for a hundred times a step.
  var c: Configuration { unsafeAddress { configuration } }

  /// Where a state is.
  struct Place {
    let planes: Planes<Scalar>
    let row, b: Int

    /// What has one row is there.
    @inline(__always) func callAsFunction(_ quantity: Quantity) -> Out<Scalar> {
      let plane = planes[quantity]
      return plane[plane.rows == 1 ? 0 : row, b]
    }
  }

  /// True if sequence b begins a new episode with the step.
  func starts(_ step: Int, _ b: Int) -> Bool { start != nil && planes.whole(.start)[step, b][0] != 0 }

  /// The state before a step: that in row `previous`, or that of a new episode. Memory and links are the present ones, or
  /// those of a new episode.
  func before(_ step: Int, previous: Int, _ b: Int) -> Place {
    guard let start, starts(step, b) else { return Place(planes: planes, row: previous, b: b) }
    return Place(planes: start, row: 0, b: 0)
  }

  /// Keeps the present memory and links of sequence b, those before step t, if a segment begins with step t.
  func keepCheckpoint(before t: Int, _ b: Int) {
    guard t % segment == 0 else { return }
    copyValues(planes[.memory].width, planes[.memory][0, b], to: planes[.memoryCheckpoint][t / segment, b])
    copyValues(planes[.link].width, planes[.link][0, b], to: planes[.linkCheckpoint][t / segment, b])
  }

  /// Computes M_t of sequence b from M_{t-1}. Both may be the same array.
  func write(_ b: Int, step t: Int, previousMemory: In<Scalar>, memory: Out<Scalar>, rowNorms: Out<Scalar>) {
    // Erase and write vectors have the same places in the interface of every memory.
    let parts = InterfaceParts(start: In(planes[.interface][t, b]), at: c.interface)
    MemoryWrite.forward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: previousMemory,
      weights: planes[.writeWeights][t + 1, b], erase: parts.eraseVectors, write: parts.writeVectors,
      retention: retention(t, b).map { In($0) }, memory: memory, rowNorms: rowNorms)
  }

  /// ψ of step t, with de-allocation.
  func retention(_ t: Int, _ b: Int) -> Out<Scalar>? { c.deallocates ? planes[.retention][t, b] : nil }

  /// Advances memory and links of sequence b from before step t to after it.
  /// - Parameter linkScratch: see `LinkParts`, for no read heads; nil for a memory without links.
  func advance(
    _ b: Int, step t: Int, memory: Out<Scalar>, link: Out<Scalar>, rowNorms: Out<Scalar>, linkScratch: Out<Scalar>?
  ) {
    let start = starts(t, b) ? before(t, previous: t, b) : nil
    write(b, step: t, previousMemory: start?(.memory) ?? memory, memory: memory, rowNorms: rowNorms)
    guard let linkScratch else { return }
    let none = MutableRows(rowNorms, stride: 0)
    for k in 0..<c.K where c.hasLinks {
      let (slots, links) = (k * c.N, link + k * c.N * c.N)
      TemporalLinks.forward(
        slots: c.N, readHeads: 0, writeWeighting: planes[.writeWeights][t + 1, b] + slots,
        previousPrecedence: before(t, previous: t, b)(.precedence) + slots, previousReadWeights: rowNorms,
        previousLink: start.map { $0(.link) + k * c.N * c.N } ?? links,
        link: links, forwardWeights: none, backwardWeights: none, scratch: linkScratch, team: nil)
    }
  }

  /// Copies memory and links of sequence b as they were before the segment of step t; returns the segment's first step.
  func restart(_ b: Int, before t: Int, memory: Out<Scalar>, link: Out<Scalar>) -> Int {
    copyValues(c.N * c.W, planes[.memoryCheckpoint][t / segment, b], to: memory)
    copyValues(c.linkCount, planes[.linkCheckpoint][t / segment, b], to: link)
    return t / segment * segment
  }

  /// The history of L_{t-1}, for sequence b and write head k. Of a long segment, the last step leaves the links in the
  /// middle, where the other steps of the second half begin.
  /// - Parameters:
  ///   - steps: the number of recorded ones.
  ///   - middle: [K, N, N] if `keepsMiddleLinks`.
  func links(before t: Int, of steps: Int, _ b: Int, _ k: Int, middle: Out<Scalar>) -> LinkHistory<Scalar> {
    let checkpoint = t - t % segment
    if let start, let first = lastStart(from: checkpoint, to: t, b) {
      // All links and precedences are 0 before the first step of an episode, so the links are 0 after it, too.
      return LinkHistory(
        link: In(start[.link][0, 0] + k * c.N * c.N), steps: max(t - first - 1, 0),
        writeWeightings: planes[.writeWeights][min(first + 2, t + 1), b] + k * c.N,
        precedences: before(t, previous: min(first + 1, t), b)(.precedence) + k * c.N,
        stride: planes[.precedence].rowStride)
    }
    let half = checkpoint + segment / 2
    let last = min(checkpoint + segment, steps) - 1
    let hasMiddle = c.keepsMiddleLinks(segment: segment) && t >= half && lastStart(from: t, to: last, b) == nil
    let isLast = t == last
    let matrix = k * c.N * c.N
    let beginsInMiddle = hasMiddle && !isLast
    let first = beginsInMiddle ? half : checkpoint
    return LinkHistory(
      link: beginsInMiddle ? In(middle + matrix) : In(planes[.linkCheckpoint][t / segment, b] + matrix),
      steps: t - first, writeWeightings: planes[.writeWeights][first + 1, b] + k * c.N,
      precedences: planes[.precedence][first, b] + k * c.N, stride: planes[.precedence].rowStride,
      kept: hasMiddle && isLast && t > half ? middle + matrix : nil, keptSteps: half - checkpoint)
  }

  /// The last of some steps with which an episode of sequence b starts.
  private func lastStart(from first: Int, to last: Int, _ b: Int) -> Int? {
    guard start != nil else { return nil }
    var t = last
    while t >= first {
      if starts(t, b) { return t }
      t -= 1
    }
    return nil
  }
}

extension Configuration {
  /// True if backward keeps the links in the middle of a segment of so many steps. In a shorter one, writing and reading them
  /// would cost what it saves, and with links that no cache holds (8 MB) more. Who limits the record gets the smaller one.
  func keepsMiddleLinks(segment: Int) -> Bool {
    hasLinks && segment >= 8 && maxRecordBytes == 0 && linkCount <= 2 << 20
  }
}
