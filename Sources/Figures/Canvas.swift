import CDNC
import CPlatform

/// A picture in memory: 8-bit RGB, rows from top to bottom, white at first. Whatever is drawn outside of it is
/// cut off. Positions and sizes are in pixels, x to the right and y down.
struct Canvas: ~Copyable {
  let width: Int
  let height: Int
  private let memory: Memory

  /// What a picture may have in all, and on one side; the second is libpng's own limit.
  static let maximumPixels = 1 << 28
  static let maximumSide = 1_000_000
  static let bytesPerPixel = 3

  init(width: Int, height: Int) throws(Failure) {
    guard width <= Canvas.maximumSide, height <= Canvas.maximumSide, width * height <= Canvas.maximumPixels else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        """
        the picture would be \(width) x \(height) pixels, allowed are \(Canvas.maximumSide) on a side \
        and \(Canvas.maximumPixels) in all
        """)
    }
    memory = try Memory(bytes: width * height * Canvas.bytesPerPixel)
    memset(memory.start, 255, memory.bytes)
    self.width = width
    self.height = height
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
    fill(x: x - 1, y: y - 1, width: width + 2, height: 1, .frame)
    fill(x: x - 1, y: y + height, width: width + 2, height: 1, .frame)
    fill(x: x - 1, y: y, width: 1, height: height, .frame)
    fill(x: x + width, y: y, width: 1, height: height, .frame)
  }
}
