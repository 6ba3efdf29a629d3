import CDNC

/// Where everything a step computes is written, and where backward finds it: the state before the first step and after
/// each one, and what the steps computed on the way. Without training there is one row, written over at each step.
///
/// Memory and link, by far the largest, are not kept for every step. Steps are cut into segments; what is kept is memory
/// and link before each segment. Backward computes those in between again, from the weightings, erase and write vectors
/// that are kept: the memories of one segment after the other, and a link's row when it needs it (`LinkHistory`). It also
/// computes the content weightings again.
struct RecordPlanes<Scalar: Real> {
  /// Row t is the state before step t, but for memory and link, which are the present ones.
  let state: StatePlanes<Scalar>

  // Row t belongs to step t. "raw" quantities become their own gradients in backward.
  let controllerInput: Plane<Scalar>  // χ [B, C]
  let gates: Plane<Scalar>  // [L, steps, B, gates·H]: layers outermost, so that a layer's steps follow each other
  let cellTanh: Plane<Scalar>  // [L, B, H]
  let rawInterface: Plane<Scalar>  // ξ [B, ξ]
  let interface: Plane<Scalar>  // its parts in their ranges [B, ξ]
  let order: Plane<UInt32>  // φ [B, K, N]
  let allocation: Plane<Scalar>  // a [B, K, N]
  let backwardWeights: Plane<Scalar>  // b [B, R, K, N]
  let forwardWeights: Plane<Scalar>  // f [B, R, K, N]
  let rawOutput: Plane<Scalar>  // y before clamping [B, Y]

  /// Steps in a segment, a power of two.
  let segment: Int
  // They lie last: of more steps there may be fewer.
  let memoryCheckpoints: Plane<Scalar>  // [B, N, W] before each segment
  let linkCheckpoints: Plane<Scalar>  // [B, K, N, N]

  let steps: Int

  init(_ carver: inout Carver, _ c: Configuration, steps: Int, recorded: Int, segment: Int) {
    func plane(_ carver: inout Carver, _ width: Int) -> Plane<Scalar> {
      Plane(&carver, rows: steps, batch: c.B, width: width)
    }
    self.steps = steps
    self.segment = segment
    state = StatePlanes(&carver, c, rows: recorded + 1)
    controllerInput = plane(&carver, c.controllerInput)
    gates = Plane(&carver, rows: c.L * steps, batch: c.B, width: c.gates * c.H)
    cellTanh = plane(&carver, c.controller == .lstm ? c.hiddenWidth : 0)
    rawInterface = plane(&carver, c.interface.count)
    interface = plane(&carver, c.interface.count)
    order = Plane(&carver, rows: steps, batch: c.B, width: c.K * c.N)
    allocation = plane(&carver, c.K * c.N)
    backwardWeights = plane(&carver, c.R * c.K * c.N)
    forwardWeights = plane(&carver, c.R * c.K * c.N)
    rawOutput = plane(&carver, c.Y)
    let segments = (recorded + segment - 1) / segment
    memoryCheckpoints = Plane(&carver, rows: segments, batch: c.B, width: c.N * c.W)
    linkCheckpoints = Plane(&carver, rows: segments, batch: c.B, width: c.K * c.N * c.N)
  }

  /// Keeps memory and link of a sequence, which are those before step t, if a segment begins with it.
  func keepCheckpoint(before t: Int, _ b: Int) {
    guard t % segment == 0 else { return }
    copyValues(state.memory.width, state.memory[0, b], to: memoryCheckpoints[t / segment, b])
    copyValues(state.link.width, state.link[0, b], to: linkCheckpoints[t / segment, b])
  }

  /// Takes memory and links of a sequence, which are those before step t, to those after it, with the same numbers.
  func advance(
    _ c: Configuration, _ b: Int, step t: Int, memory: Out<Scalar>, link: Out<Scalar>, rowNorms: Out<Scalar>,
    linkScratch: Out<Scalar>
  ) {
    let weights = state.writeWeights[t + 1, b]
    MemoryWrite.forward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: memory, weights: weights,
      erase: interface[t, b] + c.interface.eraseVectors, write: interface[t, b] + c.interface.writeVectors,
      memory: memory, rowNorms: rowNorms)
    for k in 0..<c.K {
      let links = link + k * c.N * c.N
      let none = Rows(rowNorms, stride: 0)
      TemporalLinks.forward(
        slots: c.N, readHeads: 0, writeWeighting: weights + k * c.N,
        previousPrecedence: state.precedence[t, b] + k * c.N, previousReadWeights: weights, previousLink: links,
        link: links, forwardWeights: none, backwardWeights: none, scratch: linkScratch, team: nil)
    }
  }

  /// The gates of layer l in step t, [B, gates·H].
  func gates(_ l: Int, _ step: Int) -> Rows<Scalar> { gates.rows(from: l * steps + step) }

  /// Takes over the first `count` steps of a smaller record that lies in the same memory. Everything but the checkpoints of the
  /// links goes towards the end of the memory, so what lies last goes first.
  func move(steps count: Int, layers: Int, from other: RecordPlanes) {
    // A larger record has segments of the same length or of a multiple of it.
    let segments = (count + segment - 1) / segment
    for i in 0..<segments where segment > other.segment {
      other.memoryCheckpoints.copy(row: i * segment / other.segment, to: i)
      other.linkCheckpoints.copy(row: i * segment / other.segment, to: i)
    }
    linkCheckpoints.copy(rows: segments, from: other.linkCheckpoints)
    memoryCheckpoints.copy(rows: segments, from: other.memoryCheckpoints)
    rawOutput.copy(rows: count, from: other.rawOutput)
    forwardWeights.copy(rows: count, from: other.forwardWeights)
    backwardWeights.copy(rows: count, from: other.backwardWeights)
    allocation.copy(rows: count, from: other.allocation)
    order.copy(rows: count, from: other.order)
    interface.copy(rows: count, from: other.interface)
    rawInterface.copy(rows: count, from: other.rawInterface)
    cellTanh.copy(rows: count, from: other.cellTanh)
    for l in (0..<layers).reversed() {
      gates.copy(rows: count, from: other.gates, startingAt: l * other.steps, to: l * steps)
    }
    controllerInput.copy(rows: count, from: other.controllerInput)
    state.copy(rows: count + 1, from: other.state)
  }
}

/// What backward carries and needs besides the record.
struct BackwardPlanes<Scalar: Real> {
  /// The gradient with respect to the state between two steps; after backward, to the state before the first one.
  let state: StatePlanes<Scalar>
  /// What the output layer passes on to ν and r of every step.
  let controller: Plane<Scalar>  // [steps, B, V]
  let readVectors: Plane<Scalar>  // [steps, B, R·W]

  init(_ carver: inout Carver, _ c: Configuration, steps: Int) {
    state = StatePlanes(&carver, c, rows: 1)
    controller = Plane(&carver, rows: steps, batch: c.B, width: c.controllerWidth)
    readVectors = Plane(&carver, rows: steps, batch: c.B, width: c.readWidth)
  }
}

/// Where one thread works on one sequence in one step after the other. Nothing in it outlives the step, but for the
/// memories of a segment.
struct Scratch<Scalar: Real> {
  let usageFound: Out<Scalar>  // û [K, N]
  let freeList: Out<UInt32>
  let similarity: Out<Scalar>  // D of one head [N]
  let content: Out<Scalar>  // c of one head [N]
  let links: Out<Scalar>  // of the parts of the links

  // For backward.
  let memory: Plane<Scalar>  // [sequences, N, W] after each step of a segment
  let interfaceGradient: Out<Scalar>  // [ξ]
  let backwardGradient: Out<Scalar>  // of b [R, K, N]
  let forwardGradient: Out<Scalar>  // of f [R, K, N]
  let contentGradient: Out<Scalar>  // [N]
  let allocationGradient: Out<Scalar>  // [N]
  let usageFoundGradient: Out<Scalar>  // [N]
  let products: Out<Scalar>  // [N]

  init(_ carver: inout Carver, _ c: Configuration, sequences: Int, segment: Int) {
    usageFound = carver.take(c.K * c.N)
    freeList = carver.take(FreeList.scratchCount(slots: c.N))
    similarity = carver.take(c.N)
    content = carver.take(c.N)
    links = carver.take(LinkParts(slots: c.N).scratchCount(readHeads: c.R))
    memory = Plane(&carver, rows: segment, batch: sequences, width: c.N * c.W)
    interfaceGradient = carver.take(c.interface.count)
    backwardGradient = carver.take(c.R * c.K * c.N)
    forwardGradient = carver.take(c.R * c.K * c.N)
    contentGradient = carver.take(c.N)
    allocationGradient = carver.take(c.N)
    usageFoundGradient = carver.take(c.N)
    products = carver.take(c.N)
  }
}

/// Sequences that one thread takes through an episode before it turns to others. No number depends on how a batch is cut:
/// so many that the products by the weights have rows enough, so few that their links stay in a cache, and as many parts as
/// there are threads.
struct Shards {
  let batch: Int
  let count: Int
  let threads: Int

  init(_ c: Configuration, threads: Int) {
    batch = c.B
    let bytes = 8 * (c.K * c.N * c.N + c.N * c.W)
    let atOnce = max(1, min(16, (8 << 20) / bytes))
    let parts = min(batch, threads)
    count = max(parts, (batch + atOnce - 1) / atOnce)
    self.threads = min(parts, count)
  }

  subscript(index: Int) -> Range<Int> { batch * index / count..<batch * (index + 1) / count }

  var largest: Int { (batch + count - 1) / count }
}

/// The record in its memory, planned from the configuration and the number of steps.
struct Record<Scalar: Real>: ~Copyable {
  private var memory: Memory
  private(set) var planes: RecordPlanes<Scalar>
  private(set) var backward: BackwardPlanes<Scalar>
  /// Steps that fit; 0: not training, one row that each step writes over.
  private(set) var capacity: Int
  let shards: Shards
  private var scratchStart: UnsafeMutableRawPointer
  private let configuration: Configuration
  private let threads: Int

  /// - Parameter threads: that may run.
  init(_ c: Configuration, capacity: Int, threads: Int) throws(Failure) {
    let segment = try Record.segment(c, capacity: capacity, threads: threads)
    let memory = try Memory(bytes: Record.bytes(c, capacity: capacity, threads: threads, segment: segment))
    var carver = Carver.cutting(memory)
    (planes, backward, scratchStart) = Record.carve(&carver, c, capacity: capacity, threads: threads, segment: segment)
    self.memory = memory
    self.capacity = capacity
    shards = Shards(c, threads: threads)
    configuration = c
    self.threads = threads
  }

  /// Makes room for more steps, in the same memory, which grows: two records would take the bytes of both.
  /// - Parameters:
  ///   - steps: that are recorded, and stay so.
  ///   - keepsGradient: whether backward's state stays too.
  mutating func grow(capacity larger: Int, steps: Int, keepsGradient: Bool) throws(Failure) {
    let c = configuration
    let segment = try Record.segment(c, capacity: larger, threads: threads)
    let bytes = Record.bytes(c, capacity: larger, threads: threads, segment: segment)
    // There may be so many fewer checkpoints that it takes less.
    if bytes > memory.bytes { try memory.grow(to: bytes) }
    var carver = Carver.cutting(memory)
    let (smaller, smallerBackward, _) = Record.carve(
      &carver, c, capacity: capacity, threads: threads, segment: planes.segment)
    carver = Carver.cutting(memory)
    (planes, backward, scratchStart) = Record.carve(&carver, c, capacity: larger, threads: threads, segment: segment)
    planes.move(steps: steps, layers: c.L, from: smaller)
    if keepsGradient { backward.state.copy(rows: 1, from: smallerBackward.state) }
    capacity = larger
  }

  /// What `init` would allocate.
  static func bytes(_ c: Configuration, capacity: Int, threads: Int) throws(Failure) -> Int {
    bytes(c, capacity: capacity, threads: threads, segment: try segment(c, capacity: capacity, threads: threads))
  }

  func scratch(thread: Int) -> Scratch<Scalar> {
    let bytes = Record.scratchBytes(configuration, shards, segment: capacity > 0 ? planes.segment : 0)
    var carver = Carver.cutting(scratchStart + thread * bytes)
    return Scratch(&carver, configuration, sequences: shards.largest, segment: capacity > 0 ? planes.segment : 0)
  }

  private static func bytes(_ c: Configuration, capacity: Int, threads: Int, segment: Int) -> Int {
    var carver = Carver.measuring
    _ = carve(&carver, c, capacity: capacity, threads: threads, segment: segment)
    return carver.bytes
  }

  private static func scratchBytes(_ c: Configuration, _ shards: Shards, segment: Int) -> Int {
    var carver = Carver.measuring
    _ = Scratch<Scalar>(&carver, c, sequences: shards.largest, segment: segment)
    return carver.bytes
  }

  private static func carve(
    _ carver: inout Carver, _ c: Configuration, capacity: Int, threads: Int, segment: Int
  ) -> (RecordPlanes<Scalar>, BackwardPlanes<Scalar>, UnsafeMutableRawPointer) {
    // Without training nothing is taken for backward: its pointers are never used.
    let start = carver
    let backward = BackwardPlanes<Scalar>(&carver, c, steps: capacity)
    if capacity == 0 { carver = start }
    let planes = RecordPlanes<Scalar>(&carver, c, steps: max(capacity, 1), recorded: capacity, segment: segment)
    let shards = Shards(c, threads: threads)
    let scratch: UnsafeMutablePointer<UInt8> = carver.take(
      shards.threads * scratchBytes(c, shards, segment: capacity > 0 ? segment : 0))
    return (planes, backward, UnsafeMutableRawPointer(scratch))
  }

  /// Steps in a segment, a power of two: as few as possible while the checkpoints of a sequence stay small, then more, as
  /// long as there are fewer checkpoints and steps of a segment together. More than that, and backward is slower, where the
  /// configuration allows only fewer bytes.
  private static func segment(_ c: Configuration, capacity: Int, threads: Int) throws(Failure) -> Int {
    // Sizes from a configuration don't overflow; a number of steps from outside may.
    guard capacity <= (Int.max / 4) / bytes(c, capacity: 1, threads: threads, segment: 1) else {
      throw .recordTooLong(steps: capacity)
    }
    let checkpoint = (c.K * c.N * c.N + c.N * c.W) * MemoryLayout<Scalar>.stride
    var segment = 1
    while capacity / segment * checkpoint > 256 << 10,
      capacity / (2 * segment) + 2 * segment < capacity / segment + segment
    {
      segment *= 2
    }
    guard capacity > 0, c.maxRecordBytes > 0 else { return segment }
    var least = Int.max
    while true {
      let bytes = bytes(c, capacity: capacity, threads: threads, segment: segment)
      least = min(least, bytes)
      if bytes <= c.maxRecordBytes { return segment }
      guard segment < capacity else { break }
      segment *= 2
    }
    throw Failure(
      DNC_OUT_OF_MEMORY,
      "a record of \(capacity) steps takes \(least) bytes, config->max_record_bytes is \(UInt(c.maxRecordBytes))")
  }
}
