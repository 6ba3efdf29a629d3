/// The checksum of a checkpoint's metadata: the sum of the CRC-32 of each entry, as this library writes it: `"key":"value"`.
/// A sum, because whoever copies the file may write the entries in another order.
struct MetadataChecksum: ~Copyable {
  private var entry: CRC32
  /// Modulo 2^32.
  private(set) var value: UInt32 = 0

  /// Far more bytes than our entries have; of a longer one only these count.
  private static let longestEntry = 1024

  init() throws(Failure) { entry = try CRC32() }

  mutating func add(_ start: UnsafeRawPointer, bytes: Int) {
    entry.restart()
    entry.add(start, bytes: bytes)
    value &+= entry.value
  }

  mutating func add(_ key: JSONString, _ value: JSONString) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: MetadataChecksum.longestEntry) { bytes in
      var text = Text(start: bytes.baseAddress!, capacity: bytes.count)
      text.append("\"")
      for byte in key { text.append(byte: byte) }
      text.append("\":\"")
      for byte in value { text.append(byte: byte) }
      text.append("\"")
      add(text.start, bytes: text.count)
    }
  }
}

/// Writes the entries of a checkpoint's metadata, and counts them into their checksum.
struct MetadataWriter: ~Copyable {
  private(set) var text: Text
  private(set) var checksum: MetadataChecksum
  private var isFirst = true

  /// - Parameter text: what is there already.
  init(_ text: Text) throws(Failure) {
    self.text = text
    checksum = try MetadataChecksum()
  }

  mutating func append(_ prefix: StaticString, _ name: StaticString = "", _ value: (inout Text) -> Void) {
    if !isFirst { text.append(",") }
    isFirst = false
    let start = text.count
    text.append("\"")
    text.append(prefix)
    text.append(name)
    text.append("\":\"")
    value(&text)
    text.append("\"")
    checksum.add(text.start + start, bytes: text.count - start)
  }
}
