import CDNC
import CPlatform

/// The reason of a failed call. The error carries the status; the sentence is in the thread's message buffer. When the
/// call has failed, `dnc_last_error` returns it.
struct Failure: Error {
  let status: dnc_status

  init(_ status: dnc_status, _: Message) {
    self.status = status
  }

  /// The same sentence after "`place`: ", with another status.
  func within(_ place: UnsafePointer<CChar>, _ status: dnc_status) -> Failure {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(DNC_PLATFORM_MESSAGE_BYTES)) { sentence in
      strcpy(sentence.baseAddress!, threadMessage())
      return Failure(status, "\(place): \(sentence: sentence.baseAddress!)")
    }
  }

  /// The same sentence after "`path`, line `number`: ". An invalid argument becomes bad format.
  func within(_ path: UnsafePointer<CChar>, line number: Int) -> Failure {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(DNC_PLATFORM_MESSAGE_BYTES)) { buffer in
      var place = Text(start: buffer.baseAddress!, capacity: buffer.count)
      place.append(UnsafePointer(path))
      place.append(", line ")
      place.append(number)
      return within(place.start, status == DNC_INVALID_ARGUMENT ? DNC_BAD_FORMAT : status)
    }
  }

  /// The failure that errno describes.
  static func system(
    _ path: UnsafePointer<CChar>, _ action: StaticString, error: Int32 = dnc_platform_errno()
  ) -> Failure {
    Failure(error == ENOMEM ? DNC_OUT_OF_MEMORY : DNC_IO_ERROR, "\(path) could not be \(action): \(systemError: error)")
  }

  static func outOfMemory(bytes: Int) -> Failure {
    Failure(DNC_OUT_OF_MEMORY, "out of memory: \(bytes) bytes could not be allocated")
  }

  /// A record so long that its number of bytes overflows.
  static func recordTooLong(steps: Int) -> Failure {
    Failure(
      DNC_OUT_OF_MEMORY,
      "steps is \(UInt(bitPattern: steps)), whose record would take more bytes than a number can count")
  }
}

/// The message of this thread's last failing call. Not inlined: the C function's buffer is static, so every object file
/// that calls it would have its own.
@inline(never) func lastMessage() -> UnsafeMutablePointer<CChar> { dnc_platform_messages() }

/// The buffer for the next sentence. It is apart from the last message, so a call that recovers from a failure leaves
/// that unchanged.
func threadMessage() -> UnsafeMutablePointer<CChar> { lastMessage() + Int(DNC_PLATFORM_MESSAGE_BYTES) }

/// A sentence written by string interpolation straight into the thread's message buffer, without heap.
struct Message: ExpressibleByStringInterpolation {
  struct StringInterpolation: StringInterpolationProtocol {
    typealias StringLiteralType = StaticString
    var text = Text(start: threadMessage(), capacity: Int(DNC_PLATFORM_MESSAGE_BYTES))

    init(literalCapacity: Int, interpolationCount: Int) {}
    mutating func appendLiteral(_ literal: StaticString) { text.append(literal) }
    mutating func appendInterpolation(_ value: StaticString) { text.append(value) }
    /// A string from outside, as `bytes`.
    @_disfavoredOverload mutating func appendInterpolation(_ value: UnsafePointer<CChar>) {
      appendInterpolation(bytes: UnsafeRawBufferPointer(start: value, count: strlen(value)))
    }
    mutating func appendInterpolation(_ value: Int) { text.append(value) }
    /// Nothing, if there is none.
    mutating func appendInterpolation(_ value: Int?) { if let value { text.append(value) } }
    mutating func appendInterpolation(_ value: UInt) { text.append(UInt64(value)) }
    mutating func appendInterpolation(_ value: UInt32) { text.append(Int(value)) }
    /// A NaN is written without its meaningless sign.
    mutating func appendInterpolation(_ value: Double) { text.append(value.isNaN ? .nan : value) }
    mutating func appendInterpolation(_ value: Float) { appendInterpolation(Double(value)) }
    mutating func appendInterpolation(systemError: Int32) { text.append(systemError: systemError) }
    /// A whole message.
    mutating func appendInterpolation(sentence: UnsafePointer<CChar>) { text.append(sentence) }
    /// Appends text from outside that does not end with a zero, such as a part of a file. Control characters become
    /// '?', which keeps the message in one line. "..." replaces the middle of a long text, which leaves room for the
    /// rest of the message.
    mutating func appendInterpolation(bytes: UnsafeRawBufferPointer) {
      let middle = Message.middle(of: bytes)
      for (i, byte) in bytes.enumerated() {
        if !middle.contains(i) {
          text.append(byte: byte < 32 || byte == 127 ? UInt8(ascii: "?") : byte)
        } else if i == middle.lowerBound {
          text.append("...")
        }
      }
    }
  }

  /// The bytes that a message leaves out of a text of more than 150 bytes: all but 75 at each end, and never a part of
  /// a UTF-8 character. A message with three such texts fits.
  private static func middle(of bytes: UnsafeRawBufferPointer) -> Range<Int> {
    let kept = 75
    guard bytes.count > 2 * kept else { return 0..<0 }
    func isWithinCharacter(_ i: Int) -> Bool { bytes[i] & 0xC0 == 0x80 }
    var start = kept
    var end = bytes.count - kept
    while start > kept - 3 && isWithinCharacter(start) { start -= 1 }
    while end < bytes.count - kept + 3 && isWithinCharacter(end) { end += 1 }
    return start..<end
  }

  init(stringInterpolation: StringInterpolation) {}
  init(stringLiteral: StaticString) {
    var text = Text(start: threadMessage(), capacity: Int(DNC_PLATFORM_MESSAGE_BYTES))
    text.append(stringLiteral)
  }
}
