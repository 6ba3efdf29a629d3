import CKernels

/// The links of one write head: which slot was written right after which. They also give the weightings for reading on
/// forwards and backwards in time (model.md, sections 6 and 7):
///
///     L_t[i,j] = (1 − w^w_t[i] − w^w_t[j]) L_{t-1}[i,j] + w^w_t[i] p_{t-1}[j]      L_t[i,i] = 0
///     f^i = L_t w^{r,i}_{t-1}        b^i = L_tᵀ w^{r,i}_{t-1}
///
/// One mechanism, because L is by far the largest thing in the network: a row of it is updated and read by all heads
/// while it is at hand. The rows of a large L are cut into parts for several threads, each with sums of its own.
enum TemporalLinks {
  /// - Parameters:
  ///   - writeWeighting: w^w_t [N].
  ///   - previousPrecedence: p_{t-1} [N].
  ///   - previousReadWeights: w^r_{t-1} [R, N].
  ///   - previousLink: L_{t-1} [N, N]. May be `link`.
  ///   - link: out, L_t [N, N].
  ///   - forwardWeights, backwardWeights: out, f and b [R rows of N].
  ///   - scratch: see `LinkParts`.
  ///   - team: threads that may help.
  static func forward<Scalar: Real>(
    slots: Int, readHeads: Int, writeWeighting: In<Scalar>, previousPrecedence: In<Scalar>,
    previousReadWeights: In<Scalar>, previousLink: In<Scalar>, link: Out<Scalar>, forwardWeights: MutableRows<Scalar>,
    backwardWeights: MutableRows<Scalar>, scratch: Out<Scalar>, team: Threads.Team?
  ) {
    let whole = Forward(
      slots: slots, readHeads: readHeads, writeWeighting: writeWeighting, previousPrecedence: previousPrecedence,
      previousReadWeights: previousReadWeights, previousLink: previousLink, link: link, forwardWeights: forwardWeights,
      backwardWeights: backwardWeights, scratch: scratch)
    whole.parts.forEach(team, whole)
    for part in 1..<whole.parts.count {
      for head in 0..<readHeads { addScaled(slots, 1, whole.sums(part)[head], to: backwardWeights[head]) }
    }
  }

  /// The arguments of `forward`, as work that threads share.
  private struct Forward<Scalar: Real>: ThreadWork {
    let slots, readHeads: Int
    let writeWeighting, previousPrecedence, previousReadWeights, previousLink: In<Scalar>
    let link: Out<Scalar>
    let forwardWeights, backwardWeights: MutableRows<Scalar>
    let scratch: Out<Scalar>

    var parts: LinkParts { LinkParts(slots: slots, readHeads: readHeads, steps: 1) }

    func sums(_ part: Int) -> MutableRows<Scalar> {
      part == 0 ? backwardWeights : MutableRows(scratch + parts.sums(part), stride: slots)
    }

    @inline(never) func run(_ part: Int, thread: Int) {
      TemporalLinks.forward(
        rows: parts[part], slots: slots, readHeads: readHeads, writeWeighting: writeWeighting,
        previousPrecedence: previousPrecedence, previousReadWeights: previousReadWeights, previousLink: previousLink,
        link: link, forwardWeights: forwardWeights, backwardWeights: sums(part), scratch: scratch + parts.room(part))
    }
  }

  /// Computes some rows. b becomes the sum over these rows.
  /// - Parameter scratch: for the fast twin.
  private static func forward<Scalar: Real>(
    rows: Range<Int>, slots: Int, readHeads: Int, writeWeighting: In<Scalar>, previousPrecedence: In<Scalar>,
    previousReadWeights: In<Scalar>, previousLink: In<Scalar>, link: Out<Scalar>, forwardWeights: MutableRows<Scalar>,
    backwardWeights: MutableRows<Scalar>, scratch: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.linksForward {
      var operands = LinksForwardOperands(
        first: rows.lowerBound, end: rows.upperBound, slots: slots, readHeads: readHeads,
        writeWeighting: writeWeighting.float, previousPrecedence: previousPrecedence.float,
        previousReadWeights: previousReadWeights.float, previousLink: previousLink.float, link: link.float,
        forwardWeights: forwardWeights.start.float, forwardStride: forwardWeights.stride,
        backwardWeights: backwardWeights.start.float, backwardStride: backwardWeights.stride, scratch: scratch.float)
      return fast(&operands)
    }
    for head in 0..<readHeads { setZero(slots, backwardWeights[head]) }
    for i in rows {
      let row = link + i * slots
      updateRow(
        i, slots: slots, writeWeighting: writeWeighting, previousPrecedence: previousPrecedence,
        previousRow: previousLink + i * slots, row: row)
      for head in 0..<readHeads {
        forwardWeights[head][i] = dot(slots, row, previousReadWeights + head * slots)
        addScaled(slots, previousReadWeights[head * slots + i], row, to: backwardWeights[head])
      }
    }
  }

  /// - Parameters:
  ///   - history: L_{t-1}, and the write weighting and precedence of step t.
  ///   - forwardGradient, backwardGradient: of f and b [R rows of N].
  ///   - linkGradient: [N, N]. In: of L_t, from the later steps. Out: of L_{t-1}.
  ///   - writeWeightingGradient [N], precedenceGradient (of p_{t-1}) [N], readWeightsGradient (of w^r_{t-1}) [R, N]:
  ///     added to.
  ///   - scratch: see `LinkParts`.
  ///   - team: threads that may help.
  static func backward<Scalar: Real>(
    slots: Int, readHeads: Int, history: LinkHistory<Scalar>, previousReadWeights: In<Scalar>,
    forwardGradient: Rows<Scalar>, backwardGradient: Rows<Scalar>, linkGradient: Out<Scalar>,
    writeWeightingGradient: Out<Scalar>, precedenceGradient: Out<Scalar>, readWeightsGradient: Out<Scalar>,
    scratch: Out<Scalar>, team: Threads.Team?
  ) {
    let whole = Backward(
      slots: slots, readHeads: readHeads, history: history, previousReadWeights: previousReadWeights,
      forwardGradient: forwardGradient, backwardGradient: backwardGradient, linkGradient: linkGradient,
      writeWeightingGradient: writeWeightingGradient, precedenceGradient: precedenceGradient,
      readWeightsGradient: readWeightsGradient, scratch: scratch)
    whole.parts.forEach(team, whole)
    for part in 1..<whole.parts.count {
      addScaled(readHeads * slots, 1, whole.readSums(part), to: readWeightsGradient)
      addScaled(slots, 1, whole.writeSums(part), to: writeWeightingGradient)
      addScaled(slots, 1, whole.precedenceSums(part), to: precedenceGradient)
    }
  }

  /// The arguments of `backward`, as work that threads share.
  private struct Backward<Scalar: Real>: ThreadWork {
    let slots, readHeads: Int
    let history: LinkHistory<Scalar>
    let previousReadWeights: In<Scalar>
    let forwardGradient, backwardGradient: Rows<Scalar>
    let linkGradient, writeWeightingGradient, precedenceGradient, readWeightsGradient, scratch: Out<Scalar>

    var parts: LinkParts { LinkParts(slots: slots, readHeads: readHeads, steps: history.steps + 1) }

    // The gradients of w^r, w^w and p, in this order.
    func readSums(_ part: Int) -> Out<Scalar> {
      part == 0 ? readWeightsGradient : scratch + parts.sums(part)
    }
    func writeSums(_ part: Int) -> Out<Scalar> {
      part == 0 ? writeWeightingGradient : readSums(part) + readHeads * slots
    }
    func precedenceSums(_ part: Int) -> Out<Scalar> {
      part == 0 ? precedenceGradient : writeSums(part) + slots
    }

    @inline(never) func run(_ part: Int, thread: Int) {
      if part > 0 { setZero((readHeads + 2) * slots, readSums(part)) }
      TemporalLinks.backward(
        rows: parts[part], slots: slots, readHeads: readHeads, history: history,
        previousReadWeights: previousReadWeights, scratch: scratch + parts.room(part),
        forwardGradient: forwardGradient, backwardGradient: backwardGradient, linkGradient: linkGradient,
        writeWeightingGradient: writeSums(part), precedenceGradient: precedenceSums(part),
        readWeightsGradient: readSums(part))
    }
  }

  /// Goes backwards through some rows.
  /// - Parameter scratch: [2, N], for a row of L_{t-1} and one of L_t; the fast twin takes more.
  private static func backward<Scalar: Real>(
    rows: Range<Int>, slots: Int, readHeads: Int, history: LinkHistory<Scalar>, previousReadWeights: In<Scalar>,
    scratch: Out<Scalar>, forwardGradient: Rows<Scalar>, backwardGradient: Rows<Scalar>, linkGradient: Out<Scalar>,
    writeWeightingGradient: Out<Scalar>, precedenceGradient: Out<Scalar>, readWeightsGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.linksBackward {
      var operands = LinksBackwardOperands(
        first: rows.lowerBound, end: rows.upperBound, slots: slots, readHeads: readHeads, steps: history.steps,
        stepStride: history.stride, link: history.link.float, writeWeightings: history.writeWeightings.float,
        precedences: history.precedences.float, kept: history.kept?.float, keptSteps: history.keptSteps,
        previousReadWeights: previousReadWeights.float,
        scratch: scratch.float, forwardGradient: forwardGradient.start.float, forwardStride: forwardGradient.stride,
        backwardGradient: backwardGradient.start.float, backwardStride: backwardGradient.stride,
        linkGradient: linkGradient.float, writeWeightingGradient: writeWeightingGradient.float,
        precedenceGradient: precedenceGradient.float, readWeightsGradient: readWeightsGradient.float)
      return fast(&operands)
    }
    let writeWeighting = history.writeWeighting(history.steps)
    let previousPrecedence = history.precedence(history.steps)
    let previousRow = scratch
    let row = scratch + slots
    for i in rows {
      copyValues(slots, history.link + i * slots, to: previousRow)
      for step in 0..<history.steps {
        if step == history.keptSteps, let kept = history.kept { copyValues(slots, previousRow, to: kept + i * slots) }
        updateRow(
          i, slots: slots, writeWeighting: history.writeWeighting(step), previousPrecedence: history.precedence(step),
          previousRow: previousRow, row: previousRow)
      }
      updateRow(
        i, slots: slots, writeWeighting: writeWeighting, previousPrecedence: previousPrecedence,
        previousRow: previousRow, row: row)

      let rowGradient = linkGradient + i * slots
      for head in 0..<readHeads {
        let readWeights = previousReadWeights + head * slots
        let readGradient = readWeightsGradient + head * slots
        addScaled(slots, forwardGradient[head][i], readWeights, to: rowGradient)
        addScaled(slots, readWeights[i], backwardGradient[head], to: rowGradient)
        addScaled(slots, forwardGradient[head][i], row, to: readGradient)
        readGradient[i] += dot(slots, row, backwardGradient[head])
      }
      rowGradient[i] = 0

      let w = writeWeighting[i]
      writeWeightingGradient[i] +=
        dot(slots, rowGradient, previousPrecedence) - dot(slots, rowGradient, previousRow)
      addScaled(slots, w, rowGradient, to: precedenceGradient)
      for j in 0..<slots {
        writeWeightingGradient[j] -= rowGradient[j] * previousRow[j]
        rowGradient[j] *= 1 - w - writeWeighting[j]
      }
    }
  }

  /// Computes row i of L_t from row i of L_{t-1}. Both may be the same array.
  private static func updateRow<Scalar: Real>(
    _ i: Int, slots: Int, writeWeighting: In<Scalar>, previousPrecedence: In<Scalar>, previousRow: In<Scalar>,
    row: Out<Scalar>
  ) {
    let w = writeWeighting[i]
    for j in 0..<slots {
      row[j] = (1 - w - writeWeighting[j]) * previousRow[j] + w * previousPrecedence[j]
    }
    row[i] = 0
  }
}

/// The link matrix before a step, represented by an earlier matrix and the writes since then. A matrix for every step
/// would need too much memory.
struct LinkHistory<Scalar> {
  /// The earlier matrix [N, N], before the first of the steps.
  let link: In<Scalar>
  /// Number of steps between that matrix and the step.
  let steps: Int
  /// w^w of the first of these steps, and p before that step, [N].
  let writeWeightings, precedences: In<Scalar>
  /// Distance from one step to the next in both.
  let stride: Int
  /// Backward leaves the matrix [N, N] after the first `keptSteps` of these steps there, but for the diagonal.
  var kept: Out<Scalar>? = nil
  var keptSteps = 0

  func writeWeighting(_ step: Int) -> In<Scalar> { writeWeightings + step * stride }
  func precedence(_ step: Int) -> In<Scalar> { precedences + step * stride }
}

/// The parts into which the rows of the links are cut for several threads. They depend on the number of slots alone, so
/// no byte depends on the threads. A smaller matrix is one part, because waking threads would cost more than they save.
///
/// Scratch: for each part its room, then for each part but the first its sums [R + 2, N].
struct LinkParts {
  let slots, readHeads: Int
  let count: Int
  private let roomCount: Int

  /// - Parameter steps: the most that one call goes through: those of the history, and the current one.
  init(slots: Int, readHeads: Int, steps: Int) {
    (self.slots, self.readHeads) = (slots, readHeads)
    count = LinkParts.count(slots: slots)
    roomCount = dnc_links_scratch(slots, readHeads, steps)
  }

  static func count(slots: Int) -> Int { slots < 512 ? 1 : 4 }

  /// The rows of a part. Their number is a multiple of 8, except perhaps in the last part.
  subscript(part: Int) -> Range<Int> { start(part)..<start(part + 1) }

  private func start(_ part: Int) -> Int { part == count ? slots : slots * part / count & ~7 }

  func room(_ part: Int) -> Int { part * roomCount }
  /// Offset of the sums of a part, which is not the first.
  func sums(_ part: Int) -> Int { count * roomCount + (part - 1) * (readHeads + 2) * slots }
  var scratchCount: Int { sums(count) }

  func forEach(_ team: Threads.Team?, _ work: some ThreadWork) {
    guard count > 1, let team else {
      for part in 0..<count { work.run(part, thread: 0) }
      return
    }
    team.run(count, cost: slots * slots * (readHeads + 1), work)
  }
}
