import CPlatform

/// A line of text as it is drawn: printable ASCII, every other byte a '?', the end perhaps cut off with "...".
/// The bytes belong to somebody else.
struct Label {
  private let bytes: UnsafePointer<UInt8>
  private let isClipped: Bool
  /// Characters.
  let count: Int

  static let height = FontTable.glyphHeight

  private init(bytes: UnsafePointer<UInt8>, count: Int, isClipped: Bool) {
    self.bytes = bytes
    self.count = count
    self.isClipped = isClipped
  }

  init(_ text: StaticString) {
    self.init(bytes: text.utf8Start, count: text.utf8CodeUnitCount, isClipped: false)
  }

  /// `text` is closed by a zero; nil is empty.
  init(_ text: UnsafePointer<CChar>?) {
    guard let text else {
      self.init("")
      return
    }
    let bytes = UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self)
    self.init(bytes: bytes, count: strnlen(text, Canvas.maximumSide), isClipped: false)
  }

  /// Pixels from the left end to the right one.
  var width: Int { count * FontTable.glyphWidth }

  /// The same text in no more than `pixels` pixels.
  func fitting(_ pixels: Int) -> Label {
    let limit = max(pixels, 0) / FontTable.glyphWidth
    return count <= limit ? self : Label(bytes: bytes, count: limit, isClipped: true)
  }

  /// The i-th character, from FontTable.firstCharacter to FontTable.lastCharacter.
  private subscript(i: Int) -> UInt8 {
    if isClipped && i >= count - 3 { return UInt8(ascii: ".") }
    let isDrawable = bytes[i] >= FontTable.firstCharacter && bytes[i] <= FontTable.lastCharacter
    return isDrawable ? bytes[i] : UInt8(ascii: "?")
  }

  /// Calls `body` with every pixel of ink: x from 0 to `width` - 1, y from 0 to `height` - 1.
  fileprivate func forEachPixel(_ body: (_ x: Int, _ y: Int) -> Void) {
    for i in 0..<count {
      let glyph = FontTable.glyphs.utf8Start + Int(self[i] - FontTable.firstCharacter) * 2 * FontTable.glyphHeight
      for y in 0..<FontTable.glyphHeight {
        let row = hexadecimalByte(glyph + 2 * y)
        for x in 0..<FontTable.glyphWidth where row & (0x80 >> UInt8(x)) != 0 {
          body(i * FontTable.glyphWidth + x, y)
        }
      }
    }
  }
}

/// Calls `body` with a label that `write` wrote, of 47 characters at most.
func withLabel(writing write: (inout Text) -> Void, _ body: (Label) -> Void) {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 48) { buffer in
    var text = Text(start: buffer.baseAddress!, capacity: 48)
    write(&text)
    body(Label(UnsafePointer(buffer.baseAddress!)))
  }
}

/// Calls `body` with a whole number.
func withLabel(_ value: Int, _ body: (Label) -> Void) {
  withLabel(writing: { $0.append(value) }, body)
}

/// Calls `body` with a number of so many significant digits at most.
func withLabel(_ value: Double, digits: Int, _ body: (Label) -> Void) {
  withLabel(writing: { $0.append(value, digits: digits) }, body)
}

extension Canvas {
  /// From left to right; (x, y) is the upper left corner.
  func draw(_ label: Label, x: Int, y: Int) {
    label.forEachPixel { column, row in set(x: x + column, y: y + row, theme.ink) }
  }

  /// From bottom to top; (x, y) is the upper left corner of `Label.height` x `label.width` pixels.
  func drawUpwards(_ label: Label, x: Int, y: Int) {
    label.forEachPixel { column, row in set(x: x + row, y: y + label.width - 1 - column, theme.ink) }
  }
}
