import CDNC
import CPlatform

/// A picture in memory: 8-bit RGB, rows from top to bottom, paper at first. Whatever is drawn outside of it is
/// cut off. Positions and sizes are in pixels, x to the right and y down.
struct Canvas: ~Copyable {
  let width: Int
  let height: Int
  let theme: Theme
  private let memory: Memory

  /// What a picture may have in all, and on one side; the second is libpng's own limit.
  static let maximumPixels = 1 << 28
  static let maximumSide = 1_000_000
  static let bytesPerPixel = 3

  init(width: Int, height: Int, theme: Theme) throws(Failure) {
    guard width <= Canvas.maximumSide, height <= Canvas.maximumSide, width * height <= Canvas.maximumPixels else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        """
        the picture would be \(width) x \(height) pixels, allowed are \(Canvas.maximumSide) on a side \
        and \(Canvas.maximumPixels) in all
        """)
    }
    memory = try Memory(bytes: width * height * Canvas.bytesPerPixel)
    self.width = width
    self.height = height
    self.theme = theme
    fill(x: 0, y: 0, width: width, height: height, theme.paper)
  }

  /// The pixels, [height, width, 3].
  var pixels: UnsafeMutablePointer<UInt8> { memory.start.assumingMemoryBound(to: UInt8.self) }

  func fill(x: Int, y: Int, width: Int, height: Int, _ colour: Colour) {
    let columns = max(x, 0)..<max(min(x + width, self.width), max(x, 0))
    let rows = max(y, 0)..<max(min(y + height, self.height), max(y, 0))
    for row in rows {
      let line = pixels + row * self.width * Canvas.bytesPerPixel
      for column in columns {
        let pixel = line + column * Canvas.bytesPerPixel
        pixel[0] = colour.red
        pixel[1] = colour.green
        pixel[2] = colour.blue
      }
    }
  }

  func set(x: Int, y: Int, _ colour: Colour) { fill(x: x, y: y, width: 1, height: 1, colour) }

  /// A line of one pixel's thickness around, not over, the rectangle.
  func frame(x: Int, y: Int, width: Int, height: Int) {
    fill(x: x - 1, y: y - 1, width: width + 2, height: 1, theme.frame)
    fill(x: x - 1, y: y + height, width: width + 2, height: 1, theme.frame)
    fill(x: x - 1, y: y, width: 1, height: height, theme.frame)
    fill(x: x + width, y: y, width: 1, height: height, theme.frame)
  }

  /// A line of one pixel's thickness from the middle of one pixel to that of another, one of them on each row in between,
  /// or shared by two.
  func drawDownwards(from x0: Int, _ y0: Int, to x1: Int, _ y1: Int, _ colour: Colour) {
    let slope = Double(x1 - x0) / Double(max(y1 - y0, 1))
    for y in y0...max(y1, y0) {
      let x = Double(x0) + slope * Double(y - y0)
      // A flat line has several pixels in a row: as many as it goes sideways.
      let reach = max(abs(slope) / 2, 0.5)
      var column = Int((x - reach).rounded(.down))
      while Double(column) <= x + reach {
        blend(x: column, y: y, colour, min(max(reach + 0.5 - abs(Double(column) - x), 0), 1))
        column += 1
      }
    }
  }

  /// Covers a share of a pixel.
  private func blend(x: Int, y: Int, _ colour: Colour, _ share: Double) {
    guard (0..<width).contains(x), (0..<height).contains(y) else { return }
    let pixel = pixels + (y * width + x) * Canvas.bytesPerPixel
    func mix(_ old: UInt8, _ new: UInt8) -> UInt8 { UInt8(Double(old) + share * (Double(new) - Double(old)) + 0.5) }
    (pixel[0], pixel[1], pixel[2]) = (
      mix(pixel[0], colour.red), mix(pixel[1], colour.green), mix(pixel[2], colour.blue)
    )
  }

  /// The same with every pixel drawn as `scale` x `scale`.
  consuming func enlarged(_ scale: Int) throws(Failure) -> Canvas {
    guard scale > 1 else { return self }
    let large = try Canvas(width: width * scale, height: height * scale, theme: theme)
    for y in 0..<large.height {
      let line = pixels + y / scale * width * Canvas.bytesPerPixel
      let target = large.pixels + y * large.width * Canvas.bytesPerPixel
      for x in 0..<large.width {
        for channel in 0..<Canvas.bytesPerPixel {
          target[x * Canvas.bytesPerPixel + channel] = line[x / scale * Canvas.bytesPerPixel + channel]
        }
      }
    }
    return large
  }
}
