import CDNC

/// Where everything a step computes is written, and where backward finds it: the state before the first step and after
/// each one, and what the steps computed on the way. Without training there is one row, written over at each step. Memory and
/// links are kept for some steps only: see `MemoryHistory`.
///
/// It is planned from the configuration and the number of steps.
struct Record<Scalar: Real>: ~Copyable {
  private var memory: Memory
  private let tables: Memory
  /// Row t is the state before step t, but for memory and link, which are the present ones, or belongs to step t.
  private(set) var planes: Planes<Scalar>
  /// The gradient with respect to the state between two steps, in row 0; after backward, to the state before the first one.
  private(set) var gradient: Planes<Scalar>
  /// Steps that fit; 0: not training, one row that each step writes over.
  private(set) var capacity: Int
  /// Steps in a segment.
  private(set) var segment: Int
  let shards: Shards
  private var scratchStart: UnsafeMutableRawPointer
  private let configuration: Configuration
  private let threads: Int

  /// - Parameter threads: that may run.
  init(_ c: Configuration, capacity: Int, threads: Int) throws(Failure) {
    let segment = try Record.segment(c, capacity: capacity, threads: threads)
    let memory = try Memory(bytes: Record.planned(c, capacity: capacity, threads: threads, segment: segment))
    let tables = try Memory(bytes: Record.tableBytes)
    var carver = Carver.cutting(memory)
    (planes, gradient, scratchStart) = Record.carve(
      &carver, Record.tables(tables, 0), c, capacity: capacity, threads: threads, segment: segment)
    self.memory = memory
    self.tables = tables
    self.capacity = capacity
    self.segment = segment
    shards = Shards(c, threads: threads)
    configuration = c
    self.threads = threads
  }

  /// Makes room for more steps, in the same memory, which grows: two records would take the bytes of both. The first `steps`
  /// steps stay, and so does the gradient.
  mutating func grow(capacity larger: Int, steps: Int) throws(Failure) {
    let c = configuration
    let longer = try Record.segment(c, capacity: larger, threads: threads)
    let bytes = Record.planned(c, capacity: larger, threads: threads, segment: longer)
    // There may be so many fewer checkpoints that it takes less.
    if bytes > memory.bytes { try memory.grow(to: bytes) }
    var carver = Carver.cutting(memory)
    let (smaller, _, _) = Record.carve(
      &carver, Record.tables(tables, 1), c, capacity: capacity, threads: threads, segment: segment)
    carver = Carver.cutting(memory)
    (planes, gradient, scratchStart) = Record.carve(
      &carver, Record.tables(tables, 0), c, capacity: larger, threads: threads, segment: longer)
    planes.move(steps: steps, from: smaller, segments: (here: longer, there: segment), c)
    (capacity, segment) = (larger, longer)
  }

  /// Where the tables of planes and gradient are, and, while the record grows, those of the smaller one.
  private static func tables(_ memory: borrowing Memory, _ pair: Int) -> Planes<Scalar>.Table {
    memory.start.assumingMemoryBound(to: Plane<Scalar>.self) + 2 * pair * Quantity.count
  }
  private static var tableBytes: Int { 4 * Quantity.count * MemoryLayout<Plane<Scalar>>.stride }

  /// What `init` would allocate.
  static func bytes(_ c: Configuration, capacity: Int, threads: Int) throws(Failure) -> Int {
    let segment = try segment(c, capacity: capacity, threads: threads)
    return bytes(c, capacity: capacity, threads: threads, segment: segment)
  }

  func scratch(thread: Int) -> DNCMemory<Scalar>.Scratch {
    let segment = capacity > 0 ? segment : 0
    let bytes = Record.scratchBytes(configuration, shards, segment: segment)
    var carver = Carver.cutting(scratchStart + thread * bytes)
    return DNCMemory.Scratch(&carver, configuration, sequences: shards.largest, segment: segment)
  }

  private static func bytes(_ c: Configuration, capacity: Int, threads: Int, segment: Int) -> Int {
    planned(c, capacity: capacity, threads: threads, segment: segment) + tableBytes
  }

  private static func planned(_ c: Configuration, capacity: Int, threads: Int, segment: Int) -> Int {
    var carver = Carver.measuring
    // Nothing is written to the table.
    let table = Planes<Scalar>.Table(bitPattern: 64)!
    _ = carve(&carver, table, c, capacity: capacity, threads: threads, segment: segment)
    return carver.bytes
  }

  private static func scratchBytes(_ c: Configuration, _ shards: Shards, segment: Int) -> Int {
    var carver = Carver.measuring
    _ = DNCMemory<Scalar>.Scratch(&carver, c, sequences: shards.largest, segment: segment)
    return carver.bytes
  }

  private static func carve(
    _ carver: inout Carver, _ tables: Planes<Scalar>.Table, _ c: Configuration, capacity: Int, threads: Int,
    segment: Int
  ) -> (Planes<Scalar>, Planes<Scalar>, UnsafeMutableRawPointer) {
    let gradient = Planes<Scalar>(&carver, c, table: tables + Quantity.count) { row in
      capacity > 0 && row.isOfState ? 1 : 0
    }
    let planes = Planes<Scalar>(&carver, c, table: tables) { row in
      switch row.kept {
      case .once: 1
      case .states: capacity + 1
      case .steps: max(capacity, 1)
      case .segments: (capacity + segment - 1) / segment
      case .backwardSteps: capacity
      }
    }
    let shards = Shards(c, threads: threads)
    let scratch: UnsafeMutablePointer<UInt8> = carver.take(
      shards.threads * scratchBytes(c, shards, segment: capacity > 0 ? segment : 0))
    return (planes, gradient, UnsafeMutableRawPointer(scratch))
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
