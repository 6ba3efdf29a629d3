import CDNC

/// Reads JSON from bytes that anybody may have written, one piece at a time, without allocating. What is not JSON, or
/// not what is asked for, throws `DNC_BAD_FORMAT`.
struct JSONReader {
  private let bytes: UnsafeRawBufferPointer
  /// What the sentences of failures begin with.
  private let prefix: StaticString
  private var position = 0

  private static let deepest = 32

  init(_ bytes: UnsafeRawBufferPointer, prefix: StaticString = "") {
    self.bytes = bytes
    self.prefix = prefix
  }

  /// The bytes that have not been read.
  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[position...]) }

  @inline(never) private func failure(_ expected: StaticString) -> Failure {
    Failure(DNC_BAD_FORMAT, "\(prefix)expected \(expected) at byte \(position)")
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
      default: return
      }
    }
  }

  /// Takes `byte` if it is next, after spaces.
  @inline(never) private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// Calls `body` with each key of an object; it must take the value.
  @inline(never) mutating func object(
    _ body: (UnsafeRawBufferPointer, inout JSONReader) throws(Failure) -> Void
  ) throws(Failure) {
    guard take("{") else { throw failure("an object") }
    if take("}") { return }
    repeat {
      let key = try string()
      guard take(":") else { throw failure("':'") }
      try body(key, &self)
    } while take(",")
    guard take("}") else { throw failure("',' or '}'") }
  }

  /// Calls `body` for each element of an array; it must take the element.
  @inline(never) mutating func array(_ body: (inout JSONReader) throws(Failure) -> Void) throws(Failure) {
    guard take("[") else { throw failure("an array") }
    if take("]") { return }
    repeat { try body(&self) } while take(",")
    guard take("]") else { throw failure("',' or ']'") }
  }

  /// The bytes between the quotes, escapes as they stand.
  @inline(never) mutating func string() throws(Failure) -> UnsafeRawBufferPointer {
    guard take("\"") else { throw failure("a string") }
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return UnsafeRawBufferPointer(rebasing: bytes[start..<position - 1])
      case UInt8(ascii: "\\"): position += 2
      case 0..<32: throw failure("no control character")
      default: position += 1
      }
    }
    throw failure("the end of a string")
  }

  /// A whole number without sign that fits in Int.
  mutating func count() throws(Failure) -> Int {
    skipSpace()
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
    guard let value = UInt64(decimal: UnsafeRawBufferPointer(rebasing: bytes[start..<position])),
      let count = Int(exactly: value)
    else { throw failure("a whole number") }
    return count
  }

  /// A number, or what Python writes where there is none: NaN, Infinity and -Infinity; null is NaN here.
  @inline(never) mutating func number() throws(Failure) -> Double {
    let word = plainWord()
    if word.equals("null") || word.equals("NaN") { return .nan }
    if word.equals("Infinity") { return .infinity }
    if word.equals("-Infinity") { return -.infinity }
    guard let value = Double(decimal: word) else {
      position -= word.count
      throw failure("a number")
    }
    return value
  }

  /// Any value that is not needed.
  mutating func skip(depth: Int = 0) throws(Failure) {
    guard depth < JSONReader.deepest else { throw failure("less nesting") }
    skipSpace()
    guard position < bytes.count else { throw failure("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): try object { (_, reader) throws(Failure) in try reader.skip(depth: depth + 1) }
    case UInt8(ascii: "["): try array { (reader) throws(Failure) in try reader.skip(depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try string()
    default:
      guard plainWord().count > 0 else { throw failure("a value") }
    }
  }

  /// What follows, after spaces, as far as it is neither a string nor a sign of JSON.
  private mutating func plainWord() -> UnsafeRawBufferPointer {
    skipSpace()
    let start = position
    while position < bytes.count, JSONReader.isPlain(bytes[position]) { position += 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  /// Of numbers, true, false and null, and of NaN and Infinity.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"), UInt8(ascii: "N"), UInt8(ascii: "I"):
      true
    default: false
    }
  }

  /// Only spaces may follow.
  mutating func end() throws(Failure) {
    skipSpace()
    guard position == bytes.count else { throw failure("the end") }
  }
}

extension UnsafeRawBufferPointer {
  /// Not inlined, for its size, nor is what reads pieces of JSON.
  @inline(never) func equals(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for i in 0..<count where self[i] != text.utf8Start[i] { return false }
    return true
  }

  /// Not named as the other: the compiler would make a String of a literal, and of that a pointer.
  func equals(cString text: UnsafePointer<CChar>) -> Bool {
    for i in 0..<count where text[i] == 0 || UInt8(bitPattern: text[i]) != self[i] { return false }
    return text[count] == 0
  }
}

extension UInt64 {
  /// Digits only, at least one, in range.
  init?(decimal text: UnsafeRawBufferPointer) {
    guard text.count > 0 else { return nil }
    var value: UInt64 = 0
    for byte in text {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      guard !tensOverflow, !sumOverflow else { return nil }
      value = sum
    }
    self = value
  }
}
