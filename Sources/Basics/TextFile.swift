import CDNC

/// A small text file, read at once, and gone through line by line. A byte order mark of UTF-8 before it doesn't count.
struct TextFile: ~Copyable {
  private let path: UnsafePointer<CChar>
  private let content: Memory
  private let markBytes: Int

  /// Where '#' begins a comment, besides at the beginning of a line.
  enum Comments {
    /// Not even there.
    case none
    case behindSpace
    /// So that names may have one.
    case betweenSpaces
  }

  /// - Parameter path: must outlive the file.
  init(path: UnsafePointer<CChar>, limit: Int) throws(Failure) {
    let file = try InputFile(path: path)
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

  /// Calls `body` with the text of every line, without its comment and without spaces around it. A failure of it is given the
  /// file and the line.
  /// - Parameter unfinished: whether a last line that is not closed may be of bad format: somebody still writes it.
  func forEachLine(
    comments: Comments, unfinished: Bool = false, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let text = UnsafeRawBufferPointer(start: content.start + markBytes, count: content.bytes - markBytes)
    var start = 0
    var number = 1
    while start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      do throws(Failure) {
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

  /// A line without its comment.
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

  /// Without the spaces, tabs and carriage returns around it.
  var trimmed: UnsafeRawBufferPointer {
    guard let first = firstIndex(where: { !$0.isSpace }), let last = lastIndex(where: { !$0.isSpace }) else {
      return UnsafeRawBufferPointer(rebasing: self[..<0])
    }
    return UnsafeRawBufferPointer(rebasing: self[first...last])
  }
}

extension UInt8 {
  /// A space, a tab or a carriage return.
  var isSpace: Bool { self == 32 || self == 9 || self == 13 }
}
