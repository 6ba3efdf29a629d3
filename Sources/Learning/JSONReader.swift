import CDNC

/// Reads JSON (RFC 8259) from untrusted bytes, one piece at a time, without allocating. Throws `DNC_BAD_FORMAT` if the
/// bytes are not JSON, or another kind of value than the caller asks for.
struct JSONReader {
  private let bytes: UnsafeRawBufferPointer
  /// The beginning of every failure's sentence.
  private let prefix: StaticString
  /// True if NaN, Infinity and -Infinity are values, as Python writes them.
  private let isPython: Bool
  private var position = 0

  private static let deepest = 32

  init(_ bytes: UnsafeRawBufferPointer, prefix: StaticString = "", isPython: Bool = false) {
    self.bytes = bytes
    self.prefix = prefix
    self.isPython = isPython
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
    _ body: (JSONString, inout JSONReader) throws(Failure) -> Void
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

  @inline(never) mutating func string() throws(Failure) -> JSONString {
    guard take("\"") else { throw failure("a string") }
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      switch bytes[position] {
      case UInt8(ascii: "\\"): try takeEscape()
      case 0..<32: throw failure("no control character")
      case 32..<128: position += 1
      default:
        guard let count = JSONString.characterBytes(bytes, at: position) else { throw failure("UTF-8") }
        position += count
      }
    }
    guard position < bytes.count else { throw failure("the end of a string") }
    position += 1
    return JSONString(raw: UnsafeRawBufferPointer(rebasing: bytes[start..<position - 1]))
  }

  private mutating func takeEscape() throws(Failure) {
    guard position + 1 < bytes.count else { throw failure("the end of a string") }
    switch bytes[position + 1] {
    case UInt8(ascii: "u"):
      let first = try takeUnit()
      if JSONString.isHighSurrogate(first) {
        guard JSONString.isLowSurrogate(try takeUnit()) else { throw failure("two halves of a surrogate pair") }
      } else if JSONString.isLowSurrogate(first) {
        throw failure("two halves of a surrogate pair")
      }
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
    default: throw failure("an escape of JSON")
    }
  }

  /// `\u` and four digits.
  private mutating func takeUnit() throws(Failure) -> UInt32 {
    guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u"),
      let unit = JSONString.hexadecimal(bytes, at: position + 2)
    else { throw failure("\\u and four hexadecimal digits") }
    position += 6
    return unit
  }

  /// A whole number without sign that fits in Int.
  mutating func count() throws(Failure) -> Int {
    let word = plainWord()
    guard JSONReader.isNumber(word), let value = UInt64(decimal: word), let count = Int(exactly: value) else {
      position -= word.count
      throw failure("a whole number")
    }
    return count
  }

  /// A number; null is NaN here.
  @inline(never) mutating func number() throws(Failure) -> Double {
    let word = plainWord()
    if word.equals("null") { return .nan }
    if isPython, let value = JSONReader.pythonNumber(word) { return value }
    guard JSONReader.isNumber(word), let value = Double(decimal: word) else {
      position -= word.count
      throw failure("a number")
    }
    return value
  }

  /// Skips any value.
  mutating func skip(depth: Int = 0) throws(Failure) {
    guard depth < JSONReader.deepest else { throw failure("less nesting") }
    skipSpace()
    guard position < bytes.count else { throw failure("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): try object { (_, reader) throws(Failure) in try reader.skip(depth: depth + 1) }
    case UInt8(ascii: "["): try array { (reader) throws(Failure) in try reader.skip(depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try string()
    default:
      let word = plainWord()
      guard
        word.equals("true") || word.equals("false") || word.equals("null") || JSONReader.isNumber(word)
          || (isPython && JSONReader.pythonNumber(word) != nil)
      else {
        position -= word.count
        throw failure("a value")
      }
    }
  }

  private static func pythonNumber(_ word: UnsafeRawBufferPointer) -> Double? {
    word.equals("NaN") ? .nan : word.equals("Infinity") ? .infinity : word.equals("-Infinity") ? -.infinity : nil
  }

  /// An optional minus, digits without superfluous zeros, and perhaps a fraction and an exponent.
  private static func isNumber(_ word: UnsafeRawBufferPointer) -> Bool {
    var i = 0
    func take(_ first: Unicode.Scalar, or second: Unicode.Scalar) -> Bool {
      guard i < word.count, word[i] == UInt8(ascii: first) || word[i] == UInt8(ascii: second) else { return false }
      i += 1
      return true
    }
    func takeDigits() -> Int {
      let start = i
      while i < word.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(word[i]) { i += 1 }
      return i - start
    }
    _ = take("-", or: "-")
    let start = i
    let digits = takeDigits()
    guard digits == 1 || (digits > 1 && word[start] != UInt8(ascii: "0")) else { return false }
    if take(".", or: "."), takeDigits() == 0 { return false }
    if take("e", or: "E") {
      _ = take("+", or: "-")
      if takeDigits() == 0 { return false }
    }
    return i == word.count
  }

  /// What follows, after spaces, as far as it is neither a string nor a sign of JSON.
  private mutating func plainWord() -> UnsafeRawBufferPointer {
    skipSpace()
    let start = position
    while position < bytes.count, JSONReader.isPlain(bytes[position]) { position += 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  /// True for the bytes of numbers, true, false and null, and of NaN and Infinity.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"), UInt8(ascii: "N"), UInt8(ascii: "I"):
      true
    default: false
    }
  }

  /// Throws unless only spaces follow.
  mutating func end() throws(Failure) {
    skipSpace()
    guard position == bytes.count else { throw failure("the end") }
  }
}

extension UnsafeRawBufferPointer {
  /// Not inlined, for its size. Nor are the functions that read pieces of JSON.
  @inline(never) func equals(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for i in 0..<count where self[i] != text.utf8Start[i] { return false }
    return true
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
