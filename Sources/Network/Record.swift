import CDNC

/// Holds everything that the steps compute, for backward to find: the state before the first step and after each one,
/// and the intermediate quantities of each step. Without training it has one row, which each step overwrites. Memory
/// and links are kept for some steps only: see `MemoryHistory`.
///
/// The configuration and the number of steps determine its layout.
struct Record<Scalar: Real>: ~Copyable {
  private var memory: Memory
  private let tables: Memory
  /// Row t holds the state before step t and the intermediate quantities of step t. Memory and link have one row, the
  /// present.
  private(set) var planes: SequencePlanes<Scalar>
  /// The gradient with respect to the state between two steps, in row 0. After backward, that is the state before the
  /// first.
  private(set) var gradient: SequencePlanes<Scalar>
  /// Number of steps that fit; 0 without training: one row, which each step overwrites.
  private(set) var capacity: Int
  /// Steps in a segment.
  private(set) var segment: Int
  let shards: Shards
  private var scratchStart: UnsafeMutableRawPointer
  /// For the weights' gradients [threads, Linear.scratchCount].
  private(set) var weightScratch: Out<Scalar>
  private let threads: Int
  /// The state in which an episode starts, of one sequence, once one has started within the steps.
  private var startMemory: Memory
  private var startState: SequencePlanes<Scalar>?
  /// True if an episode starts within the steps: `planes[.start]` then says where.
  var hasStarts = false

  /// - Parameter threads: number of threads that may run.
  init(_ c: Configuration, capacity: Int, threads: Int) throws(Failure) {
    let segment = try Record.segment(c, capacity: capacity, threads: threads)
    let memory = try Memory(bytes: Record.planned(c, capacity: capacity, threads: threads, segment: segment))
    let shards = Shards(c, threads: threads)
    let tables = try Memory(bytes: Record.tableBytes(shards))
    Record.configuration(tables).initialize(to: c)
    let startMemory = try Memory(bytes: 0)
    var carver = Carver.cutting(memory)
    (planes, gradient, scratchStart, weightScratch) = Record.carve(
      &carver, Record.tables(tables, 0, shards), c, capacity: capacity, threads: threads, segment: segment)
    self.memory = memory
    self.tables = tables
    self.capacity = capacity
    self.segment = segment
    (self.shards, self.threads) = (shards, threads)
    self.startMemory = startMemory
    startState = nil
  }

  /// Of the whole network. It stays where it is, so those who take the steps need not copy it.
  var configuration: Configuration { Record.configuration(tables).pointee }

  mutating func setChecksFinite(_ checks: Bool) { Record.configuration(tables).pointee.checksFinite = checks }

  /// Computes the state in which an episode starts.
  mutating func prepareStart(_ parameters: Parameters<Scalar>) throws(Failure) {
    var one = configuration
    one.B = 1
    if startState == nil {
      func carve(_ carver: inout Carver) -> SequencePlanes<Scalar> {
        SequencePlanes(&carver, one, .state(true))
      }
      var plan = Carver.measuring
      _ = carve(&plan)
      startMemory = try Memory(bytes: plan.bytes)
      var carver = Carver.cutting(startMemory)
      startState = carve(&carver)
    }
    guard let startState else { return }
    startState.zeroState(one)
    InitialState.forward(one, parameters: parameters, planes: startState)
  }

  /// Writes the state that `prepareStart` has computed over that of sequence b in row 0.
  func restart(_ b: Int) {
    guard let startState else { return }
    planes.copy(.state(row: 0), to: b..<b + 1, from: startState, 0, configuration)
  }

  var start: SequencePlanes<Scalar>? { startState }
  /// The state in which an episode starts, if one starts within the steps.
  var startWithin: Planes<Scalar>? { hasStarts ? startState?[0] : nil }

  /// Makes room for more steps by growing the same memory: a second record would need the bytes of both. Keeps the
  /// first `steps` steps and the gradient.
  mutating func grow(capacity larger: Int, steps: Int) throws(Failure) {
    let c = configuration
    let longer = try Record.segment(c, capacity: larger, threads: threads)
    let bytes = Record.planned(c, capacity: larger, threads: threads, segment: longer)
    // Longer segments have fewer checkpoints, so the larger record may take fewer bytes.
    if bytes > memory.bytes { try memory.grow(to: bytes) }
    var carver = Carver.cutting(memory)
    let (smaller, _, _, _) = Record.carve(
      &carver, Record.tables(tables, 1, shards), c, capacity: capacity, threads: threads, segment: segment)
    carver = Carver.cutting(memory)
    (planes, gradient, scratchStart, weightScratch) = Record.carve(
      &carver, Record.tables(tables, 0, shards), c, capacity: larger, threads: threads, segment: longer)
    planes.move(steps: steps, from: smaller, segments: (here: longer, there: segment), c)
    (capacity, segment) = (larger, longer)
  }

  /// Memory for the configuration, then for the tables of planes and gradient and, while the record grows, for those of the
  /// smaller record.
  private static func configuration(_ tables: borrowing Memory) -> UnsafeMutablePointer<Configuration> {
    tables.start.assumingMemoryBound(to: Configuration.self)
  }
  private static func tables(_ memory: borrowing Memory, _ pair: Int, _ shards: Shards) -> Planes<Scalar>.Table {
    UnsafeMutableRawPointer(configuration(memory) + 1).alignedUp(for: Plane<Scalar>.self).assumingMemoryBound(
      to: Plane<Scalar>.self) + 2 * pair * shards.blocks * Quantity.count
  }
  private static func tableBytes(_ shards: Shards) -> Int {
    MemoryLayout<Configuration>.stride + MemoryLayout<Plane<Scalar>>.alignment
      + 4 * shards.blocks * Quantity.count * MemoryLayout<Plane<Scalar>>.stride
  }

  /// The number of bytes that `init` would allocate.
  static func bytes(_ c: Configuration, capacity: Int, threads: Int) throws(Failure) -> Int {
    let segment = try segment(c, capacity: capacity, threads: threads)
    return bytes(c, capacity: capacity, threads: threads, segment: segment)
  }

  /// Of the sequences in b's block.
  func history(of b: Int) -> MemoryHistory<Scalar> {
    MemoryHistory(
      configuration: UnsafePointer(Record.configuration(tables)), planes: planes[b], segment: segment,
      start: startWithin)
  }

  /// The memory of some sequences, with the scratch of one thread.
  func memory(_ sequences: Range<Int>, thread: Int, team: Threads.Team?) -> ExternalMemory<Scalar> {
    if sequences.isEmpty { return ExternalMemory(kind: configuration.memory, unused: scratchStart) }
    let segment = capacity > 0 ? segment : 0
    let bytes = Record.scratchBytes(configuration, shards, segment: segment)
    return ExternalMemory(
      Carver.cutting(scratchStart + thread * bytes), history(of: sequences.lowerBound), sequences: sequences,
      mostSequences: shards.largest,
      segment: segment, team: team)
  }

  private static func bytes(_ c: Configuration, capacity: Int, threads: Int, segment: Int) -> Int {
    planned(c, capacity: capacity, threads: threads, segment: segment) + tableBytes(Shards(c, threads: threads))
  }

  private static func planned(_ c: Configuration, capacity: Int, threads: Int, segment: Int) -> Int {
    var carver = Carver.measuring
    // A measuring carver writes nothing to the table.
    let table = Planes<Scalar>.Table(bitPattern: 64)!
    _ = carve(&carver, table, c, capacity: capacity, threads: threads, segment: segment)
    return carver.bytes
  }

  private static func scratchBytes(_ c: Configuration, _ shards: Shards, segment: Int) -> Int {
    ExternalMemory<Scalar>.scratchBytes(c, sequences: shards.largest, segment: segment)
  }

  private static func carve(
    _ carver: inout Carver, _ tables: Planes<Scalar>.Table, _ c: Configuration, capacity: Int, threads: Int,
    segment: Int
  ) -> (SequencePlanes<Scalar>, SequencePlanes<Scalar>, UnsafeMutableRawPointer, Out<Scalar>) {
    let shards = Shards(c, threads: threads)
    let gradientTables = tables + shards.blocks * Quantity.count
    let gradient = SequencePlanes<Scalar>(
      &carver, c, blocks: shards.blocks, table: gradientTables, .state(capacity > 0))
    let planes = SequencePlanes<Scalar>(
      &carver, c, blocks: shards.blocks, table: tables, .steps(capacity, segment: segment))
    let scratch: UnsafeMutablePointer<UInt8> = carver.take(
      shards.threads * scratchBytes(c, shards, segment: capacity > 0 ? segment : 0))
    let weightScratch: Out<Scalar> = carver.take(capacity > 0 ? threads * Linear.scratchCount : 0)
    return (planes, gradient, UnsafeMutableRawPointer(scratch), weightScratch)
  }

  /// Steps in a segment, a power of two. Starts with the fewest, while the checkpoints of a sequence stay small. Then
  /// doubles as long as that reduces the sum of checkpoints and steps in a segment. Goes beyond, at the cost of a
  /// slower backward, only where the configuration allows fewer bytes.
  private static func segment(_ c: Configuration, capacity: Int, threads: Int) throws(Failure) -> Int {
    // Sizes from a checked configuration don't overflow; a number of steps from the caller may.
    guard capacity <= (Int.max / 4) / bytes(c, capacity: 1, threads: threads, segment: 1) else {
      throw .recordTooLong(steps: capacity)
    }
    let checkpoint = (c.linkCount + c.N * c.W) * MemoryLayout<Scalar>.stride
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

/// Number of sequences that one thread takes through an episode before it turns to others. Enough of them give the
/// products by the weights enough rows; few enough keep their links in a cache and leave a part for every thread. No
/// result depends on how a batch is cut.
struct Shards {
  let batch: Int
  let count: Int
  let threads: Int
  /// Of threads that may share the products of each step as a `Crew`; 0 unless it pays: where each has few sequences, and so
  /// few rows for the weights that it reads, of which there are many.
  let crew: Int

  init(_ c: Configuration, threads: Int) {
    batch = c.B
    let bytes = 8 * (c.linkCount + c.N * c.W)
    let atOnce = max(1, min(16, (8 << 20) / max(bytes, 1)))
    let parts = min(batch, threads)
    count = max(parts, (batch + atOnce - 1) / atOnce)
    self.threads = min(parts, count)
    let members = min(threads, Crew.mostMembers)
    let sharesLinks = batch == 1 && c.hasLinks && LinkParts.count(slots: c.N) > 1
    let isCrew =
      members > 1 && count <= members && batch <= 4 * members && !sharesLinks
      && ParameterLayout(configuration: c).parameterCount >= 1 << 16
    crew = isCrew ? members : 0
  }

  /// Blocks of sequences that lie apart in memory (`SequencePlanes`): those of each shard, where all have as many. A crew computes
  /// with the rows of all sequences.
  var blocks: Int { crew == 0 && batch % count == 0 ? count : 1 }

  subscript(index: Int) -> Range<Int> { batch * index / count..<batch * (index + 1) / count }

  var largest: Int { (batch + count - 1) / count }
}
