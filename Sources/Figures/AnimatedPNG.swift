import CDNC
import CPNG
import CPlatform

/// An animated PNG in the making: the chunks acTL, fcTL and fdAT of the PNG specification (third edition), written by libpng.
/// A frame holds only the rectangle in which it differs from the one before.
struct AnimatedPNG: ~Copyable {
  private let frames: Int
  private let delayMilliseconds: Int
  private let output: UnsafeMutablePointer<Output>
  private let png: png_structp
  /// Room for a frame; empty at first.
  private var encoded: Memory
  private var previous: Canvas?
  /// Number of the next fcTL or fdAT.
  private var sequence = 0

  /// Receives libpng's bytes.
  private struct Output: ~Copyable {
    var bytes: GrowingMemory
    var isFull = false

    mutating func append(_ data: UnsafeMutablePointer<UInt8>, _ count: Int) {
      guard !isFull else { return }
      do throws(Failure) {
        memcpy(try bytes.add(count), data, count)
      } catch {
        isFull = true
      }
    }
  }

  /// - Parameter frames: the exact number of frames that will be added, all of one size.
  init(frames: Int, delayMilliseconds: Int) throws(Failure) {
    let encoded = try Memory(bytes: 0)
    let output = try allocateHandle(Output(bytes: try GrowingMemory(capacity: 1 << 16)))
    let append: @convention(c) (png_structp?, png_bytep?, Int) -> Void = { png, data, count in
      png_get_io_ptr(png)!.assumingMemoryBound(to: Output.self).pointee.append(data!, count)
    }
    guard let png = dnc_png_create(output, append) else {
      freeHandle(output)
      throw .outOfMemory(bytes: 1 << 12)
    }
    self.frames = frames
    self.delayMilliseconds = delayMilliseconds
    self.output = output
    self.png = png
    self.encoded = encoded
  }

  deinit {
    dnc_png_destroy(png)
    freeHandle(output)
  }

  mutating func add(_ canvas: consuming Canvas) throws(Failure) {
    let region = changes(canvas)
    if encoded.bytes == 0 { encoded = try Memory(bytes: region.mostEncodedBytes) }
    let size = try canvas.encode(region, into: encoded.start, capacity: encoded.bytes)
    let file = encoded.start.assumingMemoryBound(to: UInt8.self)
    let isFirst = sequence == 0
    if isFirst, dnc_png_write_signature(png) == 0 { throw AnimatedPNG.refusal }
    var place = 8
    var hasBegun = false
    while place < size {
      let length = AnimatedPNG.number(at: file + place)
      let name = file + place + 4
      let data = file + place + 8
      place += 12 + length
      let isData = AnimatedPNG.isName(name, "IDAT")
      if isData, !hasBegun {
        try writeFrameControl(region)
        hasBegun = true
      }
      if isData, !isFirst {
        // The number takes the place of the chunk's name.
        AnimatedPNG.put(sequence, at: name)
        sequence += 1
        try write("fdAT", name, length + 4)
      } else if isData {
        try write("IDAT", data, length)
      } else if isFirst, AnimatedPNG.isName(name, "IHDR") {
        try write("IHDR", data, length)
        try writeAnimationControl()
      } else if isFirst, AnimatedPNG.isName(name, "sRGB") {
        try write("sRGB", data, length)
      }
    }
    previous = consume canvas
  }

  /// The whole file, after the last frame.
  mutating func finish() throws(Failure) -> EncodedPNG {
    try write("IEND", nil, 0)
    guard !output.pointee.isFull else { throw .outOfMemory(bytes: 2 * output.pointee.bytes.bytes) }
    return try EncodedPNG(copying: output.pointee.bytes)
  }

  // MARK: Chunks

  private func writeAnimationControl() throws(Failure) {
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 8) { (data) throws(Failure) in
      AnimatedPNG.put(frames, at: data.baseAddress!)
      AnimatedPNG.put(0, at: data.baseAddress! + 4)  // repeats for ever
      try write("acTL", data.baseAddress!, 8)
    }
  }

  private mutating func writeFrameControl(_ region: Region) throws(Failure) {
    let number = sequence
    sequence += 1
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 26) { (data) throws(Failure) in
      let start = data.baseAddress!
      AnimatedPNG.put(number, at: start)
      AnimatedPNG.put(region.width, at: start + 4)
      AnimatedPNG.put(region.height, at: start + 8)
      AnimatedPNG.put(region.x, at: start + 12)
      AnimatedPNG.put(region.y, at: start + 16)
      AnimatedPNG.put(delayMilliseconds << 16 | 1000, at: start + 20)  // two halves of a fraction of a second
      (start[24], start[25]) = (0, 0)  // stays, and replaces what was there
      try write("fcTL", start, 26)
    }
  }

  private func write(_ name: StaticString, _ data: UnsafePointer<UInt8>?, _ length: Int) throws(Failure) {
    guard dnc_png_write_chunk(png, name.utf8Start, data, length) != 0 else { throw AnimatedPNG.refusal }
  }

  private static var refusal: Failure { Failure(DNC_INTERNAL, "libpng refused to write a chunk") }

  private static func isName(_ bytes: UnsafePointer<UInt8>, _ name: StaticString) -> Bool {
    memcmp(bytes, name.utf8Start, 4) == 0
  }

  /// Four bytes, the highest first.
  private static func number(at bytes: UnsafePointer<UInt8>) -> Int {
    Int(bytes[0]) << 24 | Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3])
  }

  private static func put(_ number: Int, at bytes: UnsafeMutablePointer<UInt8>) {
    for i in 0..<4 { bytes[i] = UInt8(truncatingIfNeeded: number >> (24 - 8 * i)) }
  }

  // MARK: Changes

  /// The smallest rectangle that holds all changes since the frame before; one pixel if there are none.
  private func changes(_ canvas: borrowing Canvas) -> Region {
    let rowBytes = canvas.width * Canvas.bytesPerPixel
    guard let old = previousPixels else { return Region(x: 0, y: 0, width: canvas.width, height: canvas.height) }
    let new = canvas.pixels
    func differs(_ row: Int) -> Bool { memcmp(old + row * rowBytes, new + row * rowBytes, rowBytes) != 0 }
    var top = 0
    while top < canvas.height - 1, !differs(top) { top += 1 }
    var bottom = canvas.height - 1
    while bottom > top, !differs(bottom) { bottom -= 1 }
    var left = canvas.width - 1
    var right = 0
    for row in top...bottom {
      let (a, b) = (old + row * rowBytes, new + row * rowBytes)
      var x = 0
      while x < left, memcmp(a + 3 * x, b + 3 * x, 3) == 0 { x += 1 }
      left = min(left, x)
      x = canvas.width - 1
      while x > right, memcmp(a + 3 * x, b + 3 * x, 3) == 0 { x -= 1 }
      right = max(right, x)
    }
    right = max(right, left)
    return Region(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }

  private var previousPixels: UnsafeMutablePointer<UInt8>? {
    switch previous {
    case .some(let canvas): canvas.pixels
    case nil: nil
    }
  }
}
