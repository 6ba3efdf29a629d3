import CDNC
import CPNG
import CPlatform

/// The bytes of a PNG file.
struct EncodedPNG: ~Copyable {
  /// nil once released.
  private var block: UnsafeMutablePointer<UInt8>?
  private let size: Int

  init(_ canvas: borrowing Canvas) throws(Failure) {
    let region = Region(x: 0, y: 0, width: canvas.width, height: canvas.height)
    let capacity = region.mostEncodedBytes
    guard let raw = malloc(capacity) else { throw .outOfMemory(bytes: capacity) }
    do {
      size = try canvas.encode(region, into: raw, capacity: capacity)
    } catch {
      free(raw)
      throw error
    }
    block = (realloc(raw, size) ?? raw).assumingMemoryBound(to: UInt8.self)
  }

  init(copying bytes: borrowing GrowingMemory) throws(Failure) {
    guard let raw = malloc(bytes.bytes) else { throw .outOfMemory(bytes: bytes.bytes) }
    memcpy(raw, bytes.start, bytes.bytes)
    block = raw.assumingMemoryBound(to: UInt8.self)
    size = bytes.bytes
  }

  deinit { free(block) }

  /// Writes the file at `path`. If that fails, everything stays as it was.
  borrowing func write(to path: UnsafePointer<CChar>) throws(Failure) { try written(to: path).commit() }

  /// Writes the file beside its place.
  borrowing func written(to path: UnsafePointer<CChar>, number: Int = 0) throws(Failure) -> FileReplacement {
    var file = try FileReplacement(path: path, number: number)
    try file.write(block!, bytes: size)
    try file.finish()
    return file
  }

  /// Returns the bytes, which the caller then has to free.
  consuming func release() -> (start: UnsafeMutablePointer<UInt8>, size: Int) {
    let bytes = (block!, size)
    block = nil
    return bytes
  }
}

/// A part of a picture.
struct Region {
  let x, y, width, height: Int

  /// The macro PNG_IMAGE_PNG_SIZE_MAX: room for incompressible pixels. Malloc'd pages cost nothing until they are
  /// written, and asking libpng for the true size would compress everything twice.
  var mostEncodedBytes: Int {
    let data = (width * Canvas.bytesPerPixel + 1) * height
    let compressed = data + (data + 7) >> 3 + (data + 63) >> 6 + 11
    let zlibBuffer = 8192
    return 8 + 25 + 16 + 44 + 12 + 12 + 12 * (compressed / zlibBuffer) + compressed
  }
}

extension Canvas {
  /// Writes a part as a PNG file into memory and returns the number of its bytes.
  func encode(_ region: Region, into memory: UnsafeMutableRawPointer, capacity: Int) throws(Failure) -> Int {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(region.width)
    image.height = png_uint_32(region.height)
    image.format = png_uint_32(PNG_FORMAT_RGB)
    // No filters: they help photographs, not cells, and take time.
    image.flags = png_uint_32(PNG_IMAGE_FLAG_FAST)
    let first = pixels + (region.y * width + region.x) * Canvas.bytesPerPixel
    var size = capacity
    guard png_image_write_to_memory(&image, memory, &size, 0, first, png_int_32(width * Canvas.bytesPerPixel), nil) != 0
    else { throw Canvas.failure(&image) }
    return size
  }

  /// libpng reports the reason only as text.
  private static func failure(_ image: inout png_image) -> Failure {
    withUnsafeBytes(of: &image.message) { bytes in
      let message = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
      if strstr(message, cString("ut of memory")) != nil || strstr(message, cString("insufficient memory")) != nil {
        return Failure(DNC_OUT_OF_MEMORY, "out of memory while a PNG was encoded")
      }
      return Failure(DNC_INTERNAL, "libpng refused to encode a picture: \(message)")
    }
  }
}
