import CPlatform

/// Zeroed memory with an owner. Swift's own containers end the process when memory runs out; this one
/// throws. The pages of a large block cost nothing until they are touched.
struct Memory: ~Copyable {
  private var block: UnsafeMutableRawPointer
  /// Aligned to a cache line.
  private(set) var start: UnsafeMutableRawPointer
  private(set) var bytes: Int

  private static let alignment = 64
  /// From this size on, rounding up to whole large pages adds little.
  private static let large = 16 << 20

  init(bytes: Int) throws(Failure) {
    guard bytes <= Int.max - Memory.alignment, let block = calloc(1, bytes + Memory.alignment) else {
      throw .outOfMemory(bytes: max(bytes, Memory.alignment))
    }
    if bytes >= Memory.large { dnc_platform_prefer_large_pages(block, bytes + Memory.alignment) }
    self.block = block
    self.start = block.alignedUp(toMultipleOf: Memory.alignment)
    self.bytes = bytes
  }

  /// Makes the block larger. It may move. Its contents stay at its beginning; new bytes are not zero. The system moves
  /// the pages of a large block, so there are never two copies of it.
  mutating func grow(to larger: Int) throws(Failure) {
    let offset = start - block
    guard larger <= Int.max - Memory.alignment, let moved = realloc(block, larger + Memory.alignment) else {
      throw .outOfMemory(bytes: larger)
    }
    if larger >= Memory.large { dnc_platform_prefer_large_pages(moved, larger + Memory.alignment) }
    block = moved
    start = moved.alignedUp(toMultipleOf: Memory.alignment)
    if moved + offset != start { memmove(start, moved + offset, bytes) }
    bytes = larger
  }

  deinit { free(block) }
}

/// Memory that grows at its end. Growing may move its contents.
struct GrowingMemory: ~Copyable {
  private var memory: Memory
  private(set) var bytes = 0

  init(capacity: Int = 4096) throws(Failure) { memory = try Memory(bytes: capacity) }

  var start: UnsafeMutableRawPointer { memory.start }

  /// Adds `count` bytes and returns their start.
  mutating func add(_ count: Int) throws(Failure) -> UnsafeMutableRawPointer {
    if bytes + count > memory.bytes { try grow(bytes: 2 * (bytes + count)) }
    bytes += count
    return memory.start + (bytes - count)
  }

  /// Not inlined into everything that adds.
  @inline(never) private mutating func grow(bytes capacity: Int) throws(Failure) {
    let larger = try Memory(bytes: capacity)
    memcpy(larger.start, memory.start, bytes)
    memory = larger
  }

  /// Drops the last `count` bytes.
  mutating func drop(_ count: Int) { bytes -= count }
}

/// Cuts one block of memory into arrays. The same code runs once without memory, to count the bytes, and once with
/// memory, to cut it.
struct Carver {
  private let base: UnsafeMutableRawPointer
  let isMeasuring: Bool
  private(set) var bytes = 0

  /// A carver that only counts bytes. Its pointers must not be used.
  static var measuring: Carver { Carver(base: UnsafeMutableRawPointer(bitPattern: 64)!, isMeasuring: true) }

  static func cutting(_ memory: borrowing Memory) -> Carver { Carver(base: memory.start, isMeasuring: false) }

  /// A carver that cuts memory that begins at a cache line.
  static func cutting(_ start: UnsafeMutableRawPointer) -> Carver { Carver(base: start, isMeasuring: false) }

  private init(base: UnsafeMutableRawPointer, isMeasuring: Bool) {
    self.base = base
    self.isMeasuring = isMeasuring
  }

  /// Returns the next `count` elements, which begin on a new cache line.
  mutating func take<Element: BitwiseCopyable>(
    _ count: Int, of type: Element.Type = Element.self
  ) -> UnsafeMutablePointer<Element> {
    let start = (base + bytes).bindMemory(to: type, capacity: count)
    bytes += (count * MemoryLayout<Element>.stride + 63) & ~63
    return start
  }
}
