/// Where everything a step computes is written, and where backward finds it: the state before the first step and after
/// each one, and what the steps computed on the way. Without training there is one row, written over at each step.
///
/// Memory and link, by far the largest, are not kept for every step. Steps are cut into segments; what is kept is memory
/// and link before each segment. Backward rolls one segment after the other forward again, from the weightings, erase and
/// write vectors that are kept, into the room of one segment.
struct RecordPlanes<Scalar: Real> {
  /// Row t is the state before step t, but for memory and link, which are the present ones.
  let state: StatePlanes<Scalar>
  /// Steps in a segment, a power of two.
  let segment: Int
  private let memoryCheckpoints: Plane<Scalar>  // [B, N, W] before each segment
  private let linkCheckpoints: Plane<Scalar>  // [B, K, N, N]
  private let segmentMemory: Plane<Scalar>  // [B, N, W] after each step of a segment
  private let segmentLink: Plane<Scalar>  // [B, K, N, N] after each step of a segment but the last

  // Row t belongs to step t. "raw" quantities become their own gradients in backward.
  let controllerInput: Plane<Scalar>  // χ [B, C]
  let gates: Plane<Scalar>  // [L, steps, B, gates·H]: layers outermost, so that a layer's steps follow each other
  let cellTanh: Plane<Scalar>  // [L, B, H]
  let rawInterface: Plane<Scalar>  // ξ [B, ξ]
  let interface: Plane<Scalar>  // its parts in their ranges [B, ξ]
  let order: Plane<UInt32>  // φ [B, K, N]
  let allocation: Plane<Scalar>  // a [B, K, N]
  let writeSimilarity: Plane<Scalar>  // D [B, K, N]
  let writeContent: Plane<Scalar>  // c^w [B, K, N]
  let readSimilarity: Plane<Scalar>  // D [B, R, N]
  let readContent: Plane<Scalar>  // c^r [B, R, N]
  let backwardWeights: Plane<Scalar>  // b [B, R, K, N]
  let forwardWeights: Plane<Scalar>  // f [B, R, K, N]
  let rawOutput: Plane<Scalar>  // y before clamping [B, Y]

  // What one step needs besides, per instance.
  let usageFound: Out<Scalar>  // û [K, N]
  let freeListScratch: Out<UInt32>

  let steps: Int

  init(_ carver: inout Carver, _ c: Configuration, steps: Int, stateRows: Int) {
    func plane(_ carver: inout Carver, _ width: Int) -> Plane<Scalar> {
      Plane(&carver, rows: steps, batch: c.B, width: width)
    }
    self.steps = steps
    state = StatePlanes(&carver, c, rows: stateRows)
    let recorded = stateRows - 1
    segment = RecordPlanes.segment(steps: recorded)
    let segments = (recorded + segment - 1) / segment
    memoryCheckpoints = Plane(&carver, rows: segments, batch: c.B, width: c.N * c.W)
    linkCheckpoints = Plane(&carver, rows: segments, batch: c.B, width: c.K * c.N * c.N)
    segmentMemory = Plane(&carver, rows: min(segment, recorded), batch: c.B, width: c.N * c.W)
    segmentLink = Plane(
      &carver, rows: min(segment, recorded) - (recorded > 0 ? 1 : 0), batch: c.B, width: c.K * c.N * c.N)
    controllerInput = plane(&carver, c.controllerInput)
    gates = Plane(&carver, rows: c.L * steps, batch: c.B, width: c.gates * c.H)
    cellTanh = plane(&carver, c.controller == .lstm ? c.hiddenWidth : 0)
    rawInterface = plane(&carver, c.interface.count)
    interface = plane(&carver, c.interface.count)
    order = Plane(&carver, rows: steps, batch: c.B, width: c.K * c.N)
    allocation = plane(&carver, c.K * c.N)
    writeSimilarity = plane(&carver, c.K * c.N)
    writeContent = plane(&carver, c.K * c.N)
    readSimilarity = plane(&carver, c.R * c.N)
    readContent = plane(&carver, c.R * c.N)
    backwardWeights = plane(&carver, c.R * c.K * c.N)
    forwardWeights = plane(&carver, c.R * c.K * c.N)
    rawOutput = plane(&carver, c.Y)
    usageFound = carver.take(c.K * c.N)
    freeListScratch = carver.take(FreeList.scratchCount(slots: c.N))
  }

  /// The power of two with the fewest checkpoints and steps of a segment together.
  private static func segment(steps: Int) -> Int {
    var segment = 1
    while steps / (2 * segment) + 2 * segment < steps / segment + segment { segment *= 2 }
    return segment
  }

  /// Keeps memory and link, which are those before step t, if a segment begins with it.
  func keepCheckpoint(before t: Int) {
    guard t % segment == 0 else { return }
    copyValues(state.memory.stepCount, state.memory[0], to: memoryCheckpoints[t / segment])
    copyValues(state.link.stepCount, state.link[0], to: linkCheckpoints[t / segment])
  }

  /// M_{t-1} and M_t of sequence b in step t, and L_{t-1}, after the step's segment was rolled forward.
  func memory(before t: Int, _ b: Int) -> Out<Scalar> {
    t % segment == 0 ? memoryCheckpoints[t / segment, b] : segmentMemory[t % segment - 1, b]
  }
  func memory(after t: Int, _ b: Int) -> Out<Scalar> { segmentMemory[t % segment, b] }
  func link(before t: Int, _ b: Int) -> Out<Scalar> {
    t % segment == 0 ? linkCheckpoints[t / segment, b] : segmentLink[t % segment - 1, b]
  }
  /// Nil for a segment's last step: nobody needs it.
  func link(after t: Int, _ b: Int) -> Out<Scalar>? {
    t % segment == segment - 1 ? nil : segmentLink[t % segment, b]
  }

  /// The gates of layer l in step t, [B, gates·H].
  func gates(_ l: Int, _ step: Int) -> Rows<Scalar> { gates.rows(from: l * steps + step) }

  func copy(steps count: Int, layers: Int, from other: RecordPlanes) {
    state.copy(rows: count + 1, from: other.state)
    // A larger record has segments of the same length or of a multiple of it.
    for t in stride(from: 0, to: count, by: segment) {
      copyValues(
        memoryCheckpoints.stepCount, other.memoryCheckpoints[t / other.segment], to: memoryCheckpoints[t / segment])
      copyValues(linkCheckpoints.stepCount, other.linkCheckpoints[t / other.segment], to: linkCheckpoints[t / segment])
    }
    controllerInput.copy(rows: count, from: other.controllerInput)
    for l in 0..<layers {
      copyValues(count * gates.stepCount, other.gates(l, 0).start, to: gates(l, 0).start)
    }
    cellTanh.copy(rows: count, from: other.cellTanh)
    rawInterface.copy(rows: count, from: other.rawInterface)
    interface.copy(rows: count, from: other.interface)
    order.copy(rows: count, from: other.order)
    allocation.copy(rows: count, from: other.allocation)
    writeSimilarity.copy(rows: count, from: other.writeSimilarity)
    writeContent.copy(rows: count, from: other.writeContent)
    readSimilarity.copy(rows: count, from: other.readSimilarity)
    readContent.copy(rows: count, from: other.readContent)
    backwardWeights.copy(rows: count, from: other.backwardWeights)
    forwardWeights.copy(rows: count, from: other.forwardWeights)
    rawOutput.copy(rows: count, from: other.rawOutput)
  }
}

/// What backward carries and needs besides the record.
struct BackwardPlanes<Scalar: Real> {
  /// The gradient with respect to the state between two steps; after backward, to the state before the first one.
  let state: StatePlanes<Scalar>
  /// What the output layer passes on to ν and r of every step.
  let controller: Plane<Scalar>  // [steps, B, V]
  let readVectors: Plane<Scalar>  // [steps, B, R·W]

  // Of one sequence in one step.
  let interface: Out<Scalar>  // [ξ]
  let backwardWeights: Out<Scalar>  // [R, K, N]
  let forwardWeights: Out<Scalar>  // [R, K, N]
  let content: Out<Scalar>  // [N]
  let allocation: Out<Scalar>  // [N]
  let usageFound: Out<Scalar>  // [N]
  let products: Out<Scalar>  // [N]
  let linkRow: Out<Scalar>  // [N]

  init(_ carver: inout Carver, _ c: Configuration, steps: Int) {
    state = StatePlanes(&carver, c, rows: 1)
    controller = Plane(&carver, rows: steps, batch: c.B, width: c.controllerWidth)
    readVectors = Plane(&carver, rows: steps, batch: c.B, width: c.readWidth)
    interface = carver.take(c.interface.count)
    backwardWeights = carver.take(c.R * c.K * c.N)
    forwardWeights = carver.take(c.R * c.K * c.N)
    content = carver.take(c.N)
    allocation = carver.take(c.N)
    usageFound = carver.take(c.N)
    products = carver.take(c.N)
    linkRow = carver.take(c.N)
  }
}

/// The record in its memory, planned from the configuration and the number of steps.
struct Record<Scalar: Real>: ~Copyable {
  private let memory: Memory
  let planes: RecordPlanes<Scalar>
  let backward: BackwardPlanes<Scalar>
  /// Steps that fit; 0: not training, one row that each step writes over.
  let capacity: Int

  init(_ c: Configuration, capacity: Int) throws(Failure) {
    let memory = try Memory(bytes: try Record.bytes(c, capacity: capacity))
    var carver = Carver.cutting(memory)
    (planes, backward) = Record.carve(&carver, c, capacity: capacity)
    self.memory = memory
    self.capacity = capacity
  }

  /// What `init` would allocate.
  static func bytes(_ c: Configuration, capacity: Int) throws(Failure) -> Int {
    // Sizes from a configuration don't overflow; a number of steps from outside may.
    var one = Carver.measuring
    _ = carve(&one, c, capacity: 1)
    guard capacity <= (Int.max / 4) / one.bytes else { throw .outOfMemory(bytes: Int.max) }
    var all = Carver.measuring
    _ = carve(&all, c, capacity: capacity)
    return all.bytes
  }

  private static func carve(
    _ carver: inout Carver, _ c: Configuration, capacity: Int
  ) -> (RecordPlanes<Scalar>, BackwardPlanes<Scalar>) {
    let planes = RecordPlanes<Scalar>(&carver, c, steps: max(capacity, 1), stateRows: capacity + 1)
    // Without training nothing is taken for backward: its pointers lie at the end and are never used.
    var beyond = carver
    let backward = BackwardPlanes<Scalar>(&beyond, c, steps: capacity)
    if capacity > 0 { carver = beyond }
    return (planes, backward)
  }
}
