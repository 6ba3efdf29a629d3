import CPlatform

/// Zeroed memory with an owner. Swift's own containers end the process when memory runs out; this one
/// throws. The pages of a large block cost nothing until they are touched.
struct Memory: ~Copyable {
  private var block: UnsafeMutableRawPointer
  /// Aligned to a cache line.
  private(set) var start: UnsafeMutableRawPointer
  private(set) var bytes: Int

  private static let alignment = 64
  /// From here on the rounding up to whole large pages doesn't count.
  private static let large = 16 << 20

  init(bytes: Int) throws(Failure) {
    guard bytes <= Int.max - Memory.alignment, let block = calloc(1, bytes + Memory.alignment) else {
      throw .outOfMemory(bytes: bytes)
    }
    if bytes >= Memory.large { dnc_platform_prefer_large_pages(block, bytes + Memory.alignment) }
    self.block = block
    self.start = block.alignedUp(toMultipleOf: Memory.alignment)
    self.bytes = bytes
  }

  /// Makes it larger. It may lie elsewhere afterwards; what it held is at its beginning, and what is new is not zero. A large
  /// block is never there twice meanwhile: the system moves its pages.
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

/// Memory that grows at its end. What it holds moves when it does.
struct GrowingMemory: ~Copyable {
  private var memory: Memory
  private(set) var bytes = 0

  init(capacity: Int = 4096) throws(Failure) { memory = try Memory(bytes: capacity) }

  var start: UnsafeMutableRawPointer { memory.start }

  /// Where the next `count` bytes go.
  mutating func add(_ count: Int) throws(Failure) -> UnsafeMutableRawPointer {
    if bytes + count > memory.bytes {
      let larger = try Memory(bytes: 2 * (bytes + count))
      memcpy(larger.start, memory.start, bytes)
      memory = larger
    }
    bytes += count
    return memory.start + (bytes - count)
  }

  /// Forgets the last `count` bytes.
  mutating func drop(_ count: Int) { bytes -= count }
}

/// Cuts one block of memory into arrays. The same cutting runs once without memory, to learn how many bytes
/// it takes, and once with it: the plan and the truth are one piece of code.
struct Carver {
  private let base: UnsafeMutableRawPointer
  let isMeasuring: Bool
  private(set) var bytes = 0

  /// Only measures. The pointers it gives must not be used.
  static var measuring: Carver { Carver(base: UnsafeMutableRawPointer(bitPattern: 64)!, isMeasuring: true) }

  static func cutting(_ memory: borrowing Memory) -> Carver { Carver(base: memory.start, isMeasuring: false) }

  /// Begins at a cache line.
  static func cutting(_ start: UnsafeMutableRawPointer) -> Carver { Carver(base: start, isMeasuring: false) }

  private init(base: UnsafeMutableRawPointer, isMeasuring: Bool) {
    self.base = base
    self.isMeasuring = isMeasuring
  }

  /// The next `count` elements, on a cache line of their own.
  mutating func take<Element: BitwiseCopyable>(
    _ count: Int, of type: Element.Type = Element.self
  ) -> UnsafeMutablePointer<Element> {
    let start = (base + bytes).bindMemory(to: type, capacity: count)
    bytes += (count * MemoryLayout<Element>.stride + 63) & ~63
    return start
  }
}
