import CDNC
import CPlatform

/// One pixel: red, green, blue, 0 to 255.
struct Colour {
  let red, green, blue: UInt8

  init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// The colour of NaN, which no colormap contains.
  static let notANumber = Colour(255, 0, 255)

  static let black = Colour(0, 0, 0)
  static let white = Colour(255, 255, 255)

  /// True if black is easier to read on it than white, by its approximate relative luminance.
  var isLight: Bool {
    func linear(_ part: UInt8) -> Double { dnc_platform_pow(Double(part) / 255, 2.2) }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.18
  }

  /// A mixture: `share` of this colour, the rest of another.
  @inline(never) func mixed(_ share: Double, with other: Colour) -> Colour {
    func mix(_ own: UInt8, _ other: UInt8) -> UInt8 {
      UInt8(Double(other) + share * (Double(own) - Double(other)) + 0.5)
    }
    return Colour(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }
}

/// The colours of a picture's background and drawing.
struct Theme {
  let paper: Colour
  /// Text, and the marks of the axes.
  let ink: Colour
  /// The thin lines around cells and colour bars.
  let frame: Colour

  static let light = Theme(paper: Colour(255, 255, 255), ink: Colour(38, 38, 38), frame: Colour(110, 110, 110))
  static let dark = Theme(paper: Colour(18, 18, 22), ink: Colour(226, 226, 226), frame: Colour(140, 140, 140))
}

/// Colours for things without an order. Colour-blind people can tell them apart (Okabe and Ito, 2008).
enum Palette {
  static let count = 7

  /// From index `count` on, the colours repeat.
  static func colour(_ index: Int) -> Colour {
    switch index % count {
    case 0: Colour(0, 114, 178)
    case 1: Colour(230, 159, 0)
    case 2: Colour(0, 158, 115)
    case 3: Colour(213, 94, 0)
    case 4: Colour(86, 180, 233)
    case 5: Colour(204, 121, 167)
    default: Colour(240, 228, 66)
    }
  }
}

/// A map from values to colours.
struct Colormap {
  /// 256 x 6 hexadecimal digits; nil: grey.
  private let table: StaticString?

  init(_ name: dnc_colormap) {
    switch name {
    case DNC_COLORMAP_MAGMA: table = ColormapTables.magma
    case DNC_COLORMAP_GREY: table = nil
    case DNC_COLORMAP_DIVERGING: table = ColormapTables.diverging
    default: table = ColormapTables.viridis
    }
  }

  /// The colour of a position from 0 (lowest) to 1 (highest). Positions beyond take the colour of the nearer end; NaN
  /// has its own.
  func colour(at position: Double) -> Colour {
    if position.isNaN { return .notANumber }
    let index = Int(min(max(position * 256, 0), 255))
    guard let table else { return Colour(UInt8(index), UInt8(index), UInt8(index)) }
    let digits = table.utf8Start + 6 * index
    return Colour(hexadecimalByte(digits), hexadecimalByte(digits + 2), hexadecimalByte(digits + 4))
  }
}

/// The byte of two lower-case hexadecimal digits, the format of the tables in this folder.
func hexadecimalByte(_ digits: UnsafePointer<UInt8>) -> UInt8 {
  hexadecimalDigit(digits[0]) << 4 | hexadecimalDigit(digits[1])
}

func hexadecimalDigit(_ digit: UInt8) -> UInt8 {
  digit < UInt8(ascii: "a") ? digit &- UInt8(ascii: "0") : digit &- UInt8(ascii: "a") &+ 10
}
