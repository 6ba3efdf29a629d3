/// A valid string from `JSONReader`: a sequence of its decoded bytes, in UTF-8.
struct JSONString: Sequence {
  /// The bytes between the quotes, with their escapes.
  let raw: UnsafeRawBufferPointer

  func makeIterator() -> Iterator { Iterator(raw) }

  struct Iterator: IteratorProtocol {
    private let raw: UnsafeRawBufferPointer
    private var position = 0
    /// The remaining bytes of an escaped character, the next one lowest.
    private var pending: UInt32 = 0

    init(_ raw: UnsafeRawBufferPointer) { self.raw = raw }

    @inline(never) mutating func next() -> UInt8? {
      if pending != 0 { return takePending() }
      guard position < raw.count else { return nil }
      let byte = takeByte()
      guard byte == UInt8(ascii: "\\") else { return byte }
      let escape = takeByte()
      switch escape {
      case UInt8(ascii: "b"): return 8
      case UInt8(ascii: "f"): return 12
      case UInt8(ascii: "n"): return 10
      case UInt8(ascii: "r"): return 13
      case UInt8(ascii: "t"): return 9
      case UInt8(ascii: "u"): return firstByte(of: takeScalar())
      default: return escape
      }
    }

    private mutating func takeByte() -> UInt8 {
      position += 1
      return raw[position - 1]
    }

    private mutating func takePending() -> UInt8 {
      defer { pending >>= 8 }
      return UInt8(truncatingIfNeeded: pending)
    }

    /// The character after `\u`: four digits, or eight with another `\u` between them.
    private mutating func takeScalar() -> UInt32 {
      let first = JSONString.hexadecimal(raw, at: position)!
      position += 4
      guard JSONString.isHighSurrogate(first) else { return first }
      let second = JSONString.hexadecimal(raw, at: position + 2)!
      position += 6
      return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    /// Returns the character's first byte. The others become `pending`.
    private mutating func firstByte(of scalar: UInt32) -> UInt8 {
      func continuation(_ shift: UInt32) -> UInt32 { 0x80 | scalar >> shift & 0x3F }
      switch scalar {
      case ..<0x80: return UInt8(scalar)
      case ..<0x800:
        pending = continuation(0)
        return UInt8(0xC0 | scalar >> 6)
      case ..<0x10000:
        pending = continuation(6) | continuation(0) << 8
        return UInt8(0xE0 | scalar >> 12)
      default:
        pending = continuation(12) | continuation(6) << 8 | continuation(0) << 16
        return UInt8(0xF0 | scalar >> 18)
      }
    }
  }

  /// Not inlined, for its size.
  @inline(never) func equals(_ text: StaticString, _ rest: StaticString = "") -> Bool {
    let count = text.utf8CodeUnitCount
    var i = 0
    for byte in self {
      guard i < count + rest.utf8CodeUnitCount else { return false }
      guard byte == (i < count ? text.utf8Start[i] : rest.utf8Start[i - count]) else { return false }
      i += 1
    }
    return i == count + rest.utf8CodeUnitCount
  }

  @inline(never) func begins(_ text: StaticString) -> Bool {
    equals(cString: cString(text), limit: text.utf8CodeUnitCount)
  }

  /// True if the string, or its first `limit` bytes, equals the text.
  @inline(never) func equals(cString text: UnsafePointer<CChar>, limit: Int = .max) -> Bool {
    var i = 0
    for byte in self where i < limit {
      guard text[i] != 0, UInt8(bitPattern: text[i]) == byte else { return false }
      i += 1
    }
    return text[i] == 0
  }

  /// Calls `body` with the decoded bytes. A string with escapes and more than 512 bytes is not decoded.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let limit = 512
    guard raw.contains(UInt8(ascii: "\\")), raw.count <= limit else { return body(raw) }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit) { bytes in
      var count = 0
      for byte in self {
        bytes[count] = byte
        count += 1
      }
      return body(UnsafeRawBufferPointer(start: bytes.baseAddress!, count: count))
    }
  }

  /// Number of bytes of the character at `start`, whose first byte has its highest bit set; nil if it is not valid
  /// UTF-8.
  static func characterBytes(_ text: UnsafeRawBufferPointer, at start: Int) -> Int? {
    let count: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch text[start] {
    case 0xC2...0xDF: count = 2
    case 0xE0...0xEF: count = 3
    case 0xF0...0xF4: count = 4
    default: return nil
    }
    switch text[start] {
    case 0xE0: second = 0xA0...0xBF  // no overlong form
    case 0xED: second = 0x80...0x9F  // no surrogates
    case 0xF0: second = 0x90...0xBF
    case 0xF4: second = 0x80...0x8F  // to U+10FFFF
    default: break
    }
    guard start + count <= text.count, second.contains(text[start + 1]) else { return nil }
    for i in start + 2..<start + count where text[i] & 0xC0 != 0x80 { return nil }
    return count
  }

  /// Four hexadecimal digits.
  static func hexadecimal(_ text: UnsafeRawBufferPointer, at start: Int) -> UInt32? {
    guard start + 4 <= text.count else { return nil }
    var value: UInt32 = 0
    for i in start..<start + 4 {
      let digit: UInt8
      switch text[i] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = text[i] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = text[i] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = text[i] - UInt8(ascii: "A") + 10
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  static func isHighSurrogate(_ unit: UInt32) -> Bool { unit & 0xFC00 == 0xD800 }
  static func isLowSurrogate(_ unit: UInt32) -> Bool { unit & 0xFC00 == 0xDC00 }
}
