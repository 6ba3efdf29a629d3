import CPlatform

/// Text written into memory that somebody else owns. What does not fit is cut off; the text always ends
/// with a zero byte. Needs no heap, so it can say that memory ran out. Never inlined: every message is made of it.
struct Text {
  let start: UnsafeMutablePointer<CChar>
  /// Bytes at `start`, the closing zero included; at least 1.
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

  /// Disfavored, for a literal would otherwise become a String first, on the heap.
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

  /// As printf's %.*g, with a decimal point in every locale.
  @inline(never) mutating func append(_ value: Double, digits: Int = 6) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      _ = dnc_platform_print_double(buffer.baseAddress!, 64, Int32(digits), value)
      append(UnsafePointer(buffer.baseAddress!))
    }
  }

  /// What the system says of an errno.
  @inline(never) mutating func append(systemError: Int32) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      dnc_platform_error_text(systemError, buffer.baseAddress!, 128)
      append(UnsafePointer(buffer.baseAddress!))
    }
  }
}

/// A literal for C. Given where C wants a string, it would become a String first, which may be on the heap.
func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
