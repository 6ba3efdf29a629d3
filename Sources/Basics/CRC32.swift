/// The CRC-32 of zlib, gzip and PNG (polynomial 0xEDB88320, reflected), eight bytes at a time (Kounavis and Berry 2005).
struct CRC32: ~Copyable {
  /// The remainder of byte b followed by k zero bytes, [8, 256].
  private let memory: Memory
  private var state = UInt32.max

  init() throws(Failure) {
    memory = try Memory(bytes: 8 * 256 * MemoryLayout<UInt32>.stride)
    let table = memory.start.assumingMemoryBound(to: UInt32.self)
    for byte in 0..<256 {
      var remainder = UInt32(byte)
      for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0xEDB8_8320 : 0) }
      table[byte] = remainder
    }
    for i in 256..<8 * 256 { table[i] = table[i - 256] >> 8 ^ table[Int(table[i - 256] & 0xFF)] }
  }

  /// The checksum of all bytes so far.
  var value: UInt32 { ~state }

  /// No bytes so far.
  mutating func restart() { state = .max }

  mutating func add(_ start: UnsafeRawPointer, bytes: Int) {
    let table = memory.start.assumingMemoryBound(to: UInt32.self)
    func entry(_ row: Int, _ word: UInt32, _ byte: UInt32) -> UInt32 {
      table[256 * row + Int(word >> (8 * byte) & 0xFF)]
    }
    var crc = state
    var i = 0
    while i + 8 <= bytes {
      let low = crc ^ UInt32(littleEndian: (start + i).loadUnaligned(as: UInt32.self))
      let high = UInt32(littleEndian: (start + i + 4).loadUnaligned(as: UInt32.self))
      crc =
        entry(7, low, 0) ^ entry(6, low, 1) ^ entry(5, low, 2) ^ entry(4, low, 3)
        ^ entry(3, high, 0) ^ entry(2, high, 1) ^ entry(1, high, 2) ^ entry(0, high, 3)
      i += 8
    }
    while i < bytes {
      crc = crc >> 8 ^ entry(0, crc ^ UInt32(start.load(fromByteOffset: i, as: UInt8.self)), 0)
      i += 1
    }
    state = crc
  }
}
