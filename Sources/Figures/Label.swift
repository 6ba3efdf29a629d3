import CPlatform

/// One of the two sizes of text.
struct Font {
  /// The pixels of all glyphs; FontTable describes the format.
  private let glyphs: StaticString
  let glyphWidth, height: Int

  static let small = Font(glyphs: FontTable.small, glyphWidth: 6, height: 13)
  /// The font of titles.
  static let large = Font(glyphs: FontTable.large, glyphWidth: 9, height: 15)

  /// Calls `body` with every pixel of ink of a character.
  fileprivate func forEachPixel(of character: UInt32, _ body: (_ x: Int, _ y: Int) -> Void) {
    let digits = (glyphWidth * height + 3) / 4
    let glyph = glyphs.utf8Start + Font.index(of: character) * digits
    for pixel in 0..<glyphWidth * height where hexadecimalDigit(glyph[pixel / 4]) & (8 >> UInt8(pixel % 4)) != 0 {
      body(pixel % glyphWidth, pixel / glyphWidth)
    }
  }

  /// A character without a glyph is drawn as '?'.
  private static func index(of character: UInt32) -> Int {
    let first = FontTable.firstCharacter
    if (first...FontTable.lastCharacter).contains(character) { return Int(character - first) }
    for i in 0..<FontTable.otherCount {
      let digits = FontTable.others.utf8Start + 4 * i
      let code = UInt32(hexadecimalByte(digits)) << 8 | UInt32(hexadecimalByte(digits + 2))
      if code == character { return Int(FontTable.lastCharacter - first) + 1 + i }
    }
    return Int(UInt32(UInt8(ascii: "?")) - first)
  }
}

/// A line of text to draw, in UTF-8. '?' stands for a character without a glyph, "..." for an end that is cut off. The
/// caller owns the bytes.
struct Label {
  private let bytes: UnsafePointer<UInt8>
  private let byteCount: Int
  private let isClipped: Bool
  let font: Font
  /// Number of characters.
  let count: Int

  static let height = Font.small.height

  @inline(never) private init(bytes: UnsafePointer<UInt8>, byteCount: Int, font: Font) {
    self.bytes = bytes
    self.byteCount = byteCount
    self.font = font
    isClipped = false
    var characters = 0
    var i = 0
    while i < byteCount {
      i += Label.character(at: bytes + i, of: byteCount - i).bytes
      characters += 1
    }
    count = characters
  }

  private init(clipping label: Label, to count: Int) {
    (bytes, byteCount, font, self.count, isClipped) = (label.bytes, label.byteCount, label.font, count, true)
  }

  init(_ text: StaticString, font: Font = .small) {
    self.init(bytes: text.utf8Start, byteCount: text.utf8CodeUnitCount, font: font)
  }

  /// `text` ends with a zero; nil is empty. The argument has a label because without one, the compiler would make a
  /// String of a literal, which ends before the label does.
  init(cString text: UnsafePointer<CChar>?, font: Font = .small) {
    guard let text else {
      self.init("", font: font)
      return
    }
    let bytes = UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self)
    self.init(bytes: bytes, byteCount: strnlen(text, Canvas.maximumSide), font: font)
  }

  /// Pixels from the left end to the right one.
  var width: Int { count * font.glyphWidth }
  var height: Int { font.height }

  /// The same text, cut off to at most `pixels` pixels.
  func fitting(_ pixels: Int) -> Label {
    let limit = max(pixels, 0) / font.glyphWidth
    return count <= limit ? self : Label(clipping: self, to: limit)
  }

  /// The character at `bytes`, and its number of bytes, which are at most the given ones. A byte that begins no
  /// character is U+FFFD.
  private static func character(at bytes: UnsafePointer<UInt8>, of count: Int) -> (code: UInt32, bytes: Int) {
    let lead = UInt32(bytes[0])
    guard lead >= 0x80 else { return (lead, 1) }
    let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
    guard lead >= 0xC2, lead < 0xF5, length <= count else { return (0xFFFD, 1) }
    var code = lead & (0xFF >> UInt32(length + 1))
    for i in 1..<length {
      guard bytes[i] & 0xC0 == 0x80 else { return (0xFFFD, 1) }
      code = code << 6 | UInt32(bytes[i] & 0x3F)
    }
    return (code, length)
  }

  /// Calls `body` with every pixel of ink: x from 0 to `width` - 1, y from 0 to `height` - 1.
  @inline(never) fileprivate func forEachPixel(_ body: (_ x: Int, _ y: Int) -> Void) {
    var place = 0
    for i in 0..<count {
      var (character, length) = Label.character(at: bytes + place, of: byteCount - place)
      if isClipped && i >= count - 3 { (character, length) = (UInt32(UInt8(ascii: ".")), 0) }
      place += length
      font.forEachPixel(of: character) { x, y in body(i * font.glyphWidth + x, y) }
    }
  }
}

/// Calls `body` with a label that `write` wrote, of 47 bytes at most.
@inline(never) func withLabel(writing write: (inout Text) -> Void, _ body: (Label) -> Void) {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 48) { buffer in
    var text = Text(start: buffer.baseAddress!, capacity: 48)
    write(&text)
    body(Label(cString: buffer.baseAddress!))
  }
}

/// Calls `body` with a name and, unless it is 0, the number of a head.
@inline(never) func withLabel(_ name: StaticString, head: Int, _ body: (Label) -> Void) {
  func write(_ text: inout Text) {
    text.append(name)
    if head > 0 {
      text.append(" ")
      text.append(head)
    }
  }
  withLabel(writing: write, body)
}

/// Calls `body` with a whole number.
@inline(never) func withLabel(_ value: Int, _ body: (Label) -> Void) {
  withLabel(writing: { $0.append(value) }, body)
}

/// Calls `body` with a number of at most `digits` significant digits.
@inline(never) func withLabel(_ value: Double, digits: Int, _ body: (Label) -> Void) {
  withLabel(writing: { $0.append(value, digits: digits) }, body)
}

extension Canvas {
  /// Draws a label from left to right; (x, y) is its upper left corner. The colour is ink, unless given.
  @inline(never) func draw(_ label: Label, x: Int, y: Int, _ colour: Colour? = nil) {
    label.forEachPixel { column, row in set(x: x + column, y: y + row, colour ?? theme.ink) }
  }

  /// Draws a label from bottom to top; (x, y) is the upper left corner of its `label.height` x `label.width` pixels.
  @inline(never) func drawUpwards(_ label: Label, x: Int, y: Int) {
    label.forEachPixel { column, row in set(x: x + row, y: y + label.width - 1 - column, theme.ink) }
  }

  /// Draws a label with its middle at x = `middle`, or as near as the width between the margins allows.
  @inline(never) func drawCentred(_ label: Label, at middle: Int, within innerWidth: Int, margin: Int, y: Int) {
    let x = min(max(middle - label.width / 2, margin), margin + innerWidth - label.width)
    draw(label, x: x, y: y)
  }
}
