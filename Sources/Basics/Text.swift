import CPlatform

/// Text in memory that the caller owns. Text that does not fit is cut off; a zero byte always ends it. Needs no heap,
/// so it can report that memory ran out. Never inlined: every message uses it.
struct Text {
  let start: UnsafeMutablePointer<CChar>
  /// Number of bytes at `start`, with the closing zero; at least 1.
  let capacity: Int
  private(set) var count = 0

  init(start: UnsafeMutablePointer<CChar>, capacity: Int) {
    self.start = start
    self.capacity = capacity
    start[0] = 0
  }

  @inline(never) mutating func append(byte: UInt8) {
    guard count + 1 < capacity else { return }
    start[count] = CChar(bitPattern: byte)
    count += 1
    start[count] = 0
  }

  @inline(never) mutating func append(_ text: StaticString) {
    for i in 0..<text.utf8CodeUnitCount { append(byte: text.utf8Start[i]) }
  }

  /// Disfavored, because a literal would otherwise become a String on the heap first.
  @_disfavoredOverload @inline(never) mutating func append(_ text: UnsafePointer<CChar>) {
    var i = 0
    while text[i] != 0 {
      append(byte: UInt8(bitPattern: text[i]))
      i += 1
    }
  }

  @inline(never) mutating func append(_ value: UInt64) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(byte: UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }

  @inline(never) mutating func append(_ value: Int) {
    if value < 0 { append(byte: UInt8(ascii: "-")) }
    append(UInt64(value.magnitude))
  }

  /// Appends a number like printf's %.*g, with a decimal point in every locale.
  @inline(never) mutating func append(_ value: Double, digits: Int = 6) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      _ = dnc_platform_print_double(buffer.baseAddress!, 64, Int32(digits), value)
      append(UnsafePointer(buffer.baseAddress!))
    }
  }

  /// Appends the system's text for an errno.
  @inline(never) mutating func append(systemError: Int32) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      dnc_platform_error_text(systemError, buffer.baseAddress!, 128)
      append(UnsafePointer(buffer.baseAddress!))
    }
  }
}

/// A literal for C. Passed to C directly, a literal would become a String first, perhaps on the heap.
func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
