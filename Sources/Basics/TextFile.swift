import CDNC

/// A small text file. It is read at once; `forEachLine` goes through its lines. A UTF-8 byte order mark at its
/// beginning is skipped.
struct TextFile: ~Copyable {
  private let path: UnsafePointer<CChar>
  private let content: Memory
  private let markBytes: Int

  /// The places where '#' begins a comment.
  enum Comments {
    /// Nowhere.
    case none
    case behindSpace
    /// At the beginning of a line and between spaces, so names may have a '#'.
    case betweenSpaces
  }

  /// - Parameter path: must outlive this value.
  init(path: UnsafePointer<CChar>, limit: Int) throws(Failure) {
    let file = try ByteSource(path: path)
    guard file.bytes <= limit else {
      throw Failure(DNC_BAD_FORMAT, "\(path) has \(file.bytes) bytes, allowed are \(limit)")
    }
    let content = try Memory(bytes: file.bytes)
    do {
      try file.read(content.start, bytes: file.bytes, at: 0)
    } catch {
      throw error.within(path, error.status)
    }
    let text = UnsafeRawBufferPointer(start: content.start, count: file.bytes)
    guard !text.begins(with: 0xFF, 0xFE), !text.begins(with: 0xFE, 0xFF) else {
      throw Failure(DNC_BAD_FORMAT, "\(path) is text in UTF-16, expected is UTF-8")
    }
    self.path = path
    self.content = content
    markBytes = text.begins(with: 0xEF, 0xBB, 0xBF) ? 3 : 0
  }

  /// Calls `body` with the text of every line, without its comment and without spaces around it. Adds the file and the
  /// line to the message of a failure. Refuses a line with the byte 0, which would end it for C.
  /// - Parameter unfinished: true to skip a last line of bad format without a line end, because it is still being written.
  func forEachLine(
    comments: Comments, unfinished: Bool = false, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let text = UnsafeRawBufferPointer(start: content.start + markBytes, count: content.bytes - markBytes)
    var start = 0
    var number = 1
    while start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      do throws(Failure) {
        guard !text[start..<end].contains(0) else {
          throw Failure(DNC_BAD_FORMAT, "it has the byte 0, expected is text")
        }
        try body(UnsafeRawBufferPointer(rebasing: text[start..<end]).without(comments).trimmed)
      } catch {
        if unfinished && end == text.count && error.status == DNC_BAD_FORMAT { return }
        throw error.within(path, line: number)
      }
      start = end + 1
      number += 1
    }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func begins(with first: UInt8, _ second: UInt8, _ third: UInt8? = nil) -> Bool {
    count >= (third == nil ? 2 : 3) && self[0] == first && self[1] == second && (third == nil || self[2] == third)
  }

  /// Returns a line without its comment.
  fileprivate func without(_ comments: TextFile.Comments) -> UnsafeRawBufferPointer {
    func isSpace(_ i: Int) -> Bool { i < 0 || i == count || self[i].isSpace }
    guard comments != .none else { return self }
    let beginning = firstIndex(where: { !$0.isSpace })
    for i in 0..<count where self[i] == UInt8(ascii: "#") {
      guard i == beginning || (isSpace(i - 1) && (comments == .behindSpace || isSpace(i + 1))) else { continue }
      return UnsafeRawBufferPointer(rebasing: self[..<i])
    }
    return self
  }

  /// Returns a text without the spaces, tabs and carriage returns around it.
  var trimmed: UnsafeRawBufferPointer {
    guard let first = firstIndex(where: { !$0.isSpace }), let last = lastIndex(where: { !$0.isSpace }) else {
      return UnsafeRawBufferPointer(rebasing: self[..<0])
    }
    return UnsafeRawBufferPointer(rebasing: self[first...last])
  }
}

extension UInt8 {
  /// True for a space, a tab or a carriage return.
  var isSpace: Bool { self == 32 || self == 9 || self == 13 }
}
