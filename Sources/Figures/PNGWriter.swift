import CDNC
import CPNG
import CPlatform

/// The bytes of a PNG file.
struct EncodedPNG: ~Copyable {
  /// nil once released.
  private var block: UnsafeMutablePointer<UInt8>?
  private let size: Int

  init(_ canvas: borrowing Canvas) throws(Failure) {
    let capacity = EncodedPNG.mostBytes(canvas)
    guard let raw = malloc(capacity) else { throw .outOfMemory(bytes: capacity) }
    var size = capacity
    do {
      try EncodedPNG.encode(canvas, into: raw, size: &size)
    } catch {
      free(raw)
      throw error
    }
    block = (realloc(raw, size) ?? raw).assumingMemoryBound(to: UInt8.self)
    self.size = size
  }

  deinit { free(block) }

  /// Writes the file that is at `path` afterwards, or leaves everything as it was.
  borrowing func write(to path: UnsafePointer<CChar>) throws(Failure) {
    let file = try FileReplacement(path: path)
    try file.write(block!, bytes: size)
    try file.commit()
  }

  /// The bytes, now the caller's to free.
  consuming func release() -> (start: UnsafeMutablePointer<UInt8>, size: Int) {
    let bytes = (block!, size)
    block = nil
    return bytes
  }

  /// What the macro PNG_IMAGE_PNG_SIZE_MAX computes: room for incompressible pixels. Malloc'd pages cost nothing until
  /// they are written, and asking libpng for the true size would compress everything twice.
  private static func mostBytes(_ canvas: borrowing Canvas) -> Int {
    let data = (canvas.width * Canvas.bytesPerPixel + 1) * canvas.height
    let compressed = data + (data + 7) >> 3 + (data + 63) >> 6 + 11
    let zlibBuffer = 8192
    return 8 + 25 + 16 + 44 + 12 + 12 + 12 * (compressed / zlibBuffer) + compressed
  }

  private static func encode(
    _ canvas: borrowing Canvas, into memory: UnsafeMutableRawPointer, size: inout Int
  ) throws(Failure) {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(canvas.width)
    image.height = png_uint_32(canvas.height)
    image.format = png_uint_32(PNG_FORMAT_RGB)
    // Without filters, which help photographs, and faster: cells repeat themselves.
    image.flags = png_uint_32(PNG_IMAGE_FLAG_FAST)
    let stride = png_int_32(canvas.width * Canvas.bytesPerPixel)
    guard png_image_write_to_memory(&image, memory, &size, 0, canvas.pixels, stride, nil) != 0 else {
      throw failure(&image)
    }
  }

  /// libpng says why only in words.
  private static func failure(_ image: inout png_image) -> Failure {
    withUnsafeBytes(of: &image.message) { bytes in
      let message = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
      if strstr(message, "ut of memory") != nil || strstr(message, "insufficient memory") != nil {
        return Failure(DNC_OUT_OF_MEMORY, "out of memory while a PNG was encoded")
      }
      return Failure(DNC_INTERNAL, "libpng refused to encode a picture: \(message)")
    }
  }
}
