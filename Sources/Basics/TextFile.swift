import CDNC

/// A small text file, read at once, and gone through line by line.
struct TextFile: ~Copyable {
  private let path: UnsafePointer<CChar>
  private let content: Memory

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
    self.path = path
    self.content = content
  }

  /// Calls `body` with the text of every line, without what follows a '#', if that begins a comment, and without spaces around
  /// it. A failure of it is given the file and the line.
  /// - Parameter unfinished: whether a last line that is not closed may be of bad format: somebody still writes it.
  func forEachLine(
    comments: Bool = true, unfinished: Bool = false, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let text = UnsafeRawBufferPointer(start: content.start, count: content.bytes)
    var start = 0
    var number = 1
    while start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      let comment = comments ? text[start..<end].firstIndex(of: UInt8(ascii: "#")) ?? end : end
      do throws(Failure) {
        try body(UnsafeRawBufferPointer(rebasing: text[start..<comment]).trimmed)
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
