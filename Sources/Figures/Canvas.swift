import CDNC
import CPlatform

/// A place in a picture. Whole numbers are the middles of pixels; both are finite.
struct Point {
  let x, y: Double

  init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
  init(_ x: Int, _ y: Int) { self.init(Double(x), Double(y)) }
}

/// A picture in memory: 8-bit RGB, rows from top to bottom, paper at first. Drawing outside of it has no effect.
/// Positions and sizes are in pixels, x to the right and y down.
///
/// The drawing functions are never inlined: they would be most of the figures' code.
struct Canvas: ~Copyable {
  let width: Int
  let height: Int
  let theme: Theme
  private let memory: Memory

  /// Most pixels of a picture, and of one side. The second is libpng's own limit.
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

  @inline(never) func fill(x: Int, y: Int, width: Int, height: Int, _ colour: Colour) {
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
  @inline(never) func frame(x: Int, y: Int, width: Int, height: Int) {
    fill(x: x - 1, y: y - 1, width: width + 2, height: 1, theme.frame)
    fill(x: x - 1, y: y + height, width: width + 2, height: 1, theme.frame)
    fill(x: x - 1, y: y, width: 1, height: height, theme.frame)
    fill(x: x + width, y: y, width: 1, height: height, theme.frame)
  }

  /// A line from one point to another, `width` pixels thick. A pixel at the edge of the line is covered as far as the
  /// line reaches into it.
  @inline(never) func drawLine(from start: Point, to end: Point, width: Double = 1, _ colour: Colour) {
    let across = (x: end.x - start.x, y: end.y - start.y)
    let squared = across.x * across.x + across.y * across.y
    let reach = width / 2 + 0.5
    for y in pixels(min(start.y, end.y) - reach, max(start.y, end.y) + reach, of: height) {
      // In each row, only the pixels near the line.
      var left = min(start.x, end.x)
      var right = max(start.x, end.x)
      if across.y != 0 {
        let slope = across.x / across.y
        let slack = reach * (1 + slope.magnitude)
        let x = start.x + slope * (Double(y) - start.y)
        (left, right) = (max(left, x - slack), min(right, x + slack))
      }
      for x in pixels(left - reach, right + reach, of: self.width) {
        let (dx, dy) = (Double(x) - start.x, Double(y) - start.y)
        let along = squared > 0 ? min(max((dx * across.x + dy * across.y) / squared, 0), 1) : 0
        let (offX, offY) = (dx - along * across.x, dy - along * across.y)
        let share = reach - (offX * offX + offY * offY).squareRoot()
        if share > 0 { blend(x: x, y: y, colour, min(share, 1)) }
      }
    }
  }

  /// The whole numbers from `low` to `high` that are below `count`, and not negative.
  private func pixels(_ low: Double, _ high: Double, of count: Int) -> Range<Int> {
    let first = Int(min(max(low.rounded(.up), 0), Double(count)))
    let last = Int(min(max(high.rounded(.down), -1), Double(count - 1)))
    return first..<max(last + 1, first)
  }

  /// Covers a share of a pixel with a colour.
  private func blend(x: Int, y: Int, _ colour: Colour, _ share: Double) {
    guard (0..<width).contains(x), (0..<height).contains(y) else { return }
    let pixel = pixels + (y * width + x) * Canvas.bytesPerPixel
    let mixed = colour.mixed(share, with: Colour(pixel[0], pixel[1], pixel[2]))
    (pixel[0], pixel[1], pixel[2]) = (mixed.red, mixed.green, mixed.blue)
  }

  /// The picture, enlarged: every pixel becomes `scale` x `scale`.
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
