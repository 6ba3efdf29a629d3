import CDNC
import CPlatform

/// A checkpoint is a safetensors file, or the same bytes in memory: the length of a JSON header (8 bytes, little-endian), the
/// header, and the tensors' bytes. It holds the parameters under the names of `ParameterLayout`; with an optimizer, its moving
/// averages as flat vectors in the order of the parameters; with the state of the episode, its rows. The header's metadata holds
/// the configurations, and a checksum of the data.
struct Checkpoint: ~Copyable {
  static let first: StaticString = "optimizer.first"
  static let second: StaticString = "optimizer.second"
  static let state: StaticString = "state"

  private let contents: CheckpointContents
  /// The length and the header.
  private let header: Memory
  private let headerBytes, dataBytes: Int

  /// Throws if a number is not finite.
  init(_ contents: CheckpointContents) throws(Failure) {
    self.contents = contents
    var metadata = CheckpointMetadata()
    metadata.config = contents.network.pointee.configuration.fields
    if let optimizer = contents.optimizer {
      metadata.optimizer = optimizer.pointee.configuration.fields
      metadata.stepCount = optimizer.pointee.stepCount
    }
    metadata.checksum = try contents.checksum()
    let tensors = contents.network.pointee.parameterBlock.pointee.tensorCount + 3
    let header = try Memory(bytes: 8 + 4096 + 192 * tensors)
    var text = Text(start: header.start.assumingMemoryBound(to: CChar.self) + 8, capacity: header.bytes - 8)
    text.append("{")
    try metadata.append(to: &text)
    dataBytes = 4 * contents.appendTensors(to: &text)
    text.append("}")
    while text.count % 8 != 0 { text.append(" ") }
    header.start.storeBytes(of: UInt64(text.count).littleEndian, as: UInt64.self)
    headerBytes = 8 + text.count
    self.header = header
  }

  static func save(
    _ path: UnsafePointer<CChar>, network: borrowing Network<Float>, optimizer: borrowing Optimizer<Float>
  ) throws(Failure) {
    try withUnsafePointer(to: network) { network throws(Failure) in
      try withUnsafePointer(to: optimizer) { optimizer throws(Failure) in
        try Checkpoint(CheckpointContents(network: network, optimizer: optimizer, hasState: false)).write(to: path)
      }
    }
  }

  /// Writes the file, or throws and leaves an older one as it was.
  borrowing func write(to path: UnsafePointer<CChar>) throws(Failure) {
    var file = try FileReplacement(path: path)
    try file.write(header.start, bytes: headerBytes)
    try contents.forEachBlock { (values, count) throws(Failure) in try file.write(values, bytes: 4 * count) }
    try file.finish()
    try file.commit()
  }

  /// Returns the same bytes, which the caller then has to free.
  borrowing func encode() throws(Failure) -> (start: UnsafeMutablePointer<UInt8>, size: Int) {
    let size = headerBytes + dataBytes
    guard let raw = malloc(size) else { throw .outOfMemory(bytes: size) }
    memcpy(raw, header.start, headerBytes)
    var end = raw + headerBytes
    do {
      try contents.forEachBlock { values, count in
        memcpy(end, values, 4 * count)
        end += 4 * count
      }
    } catch {
      free(raw)
      throw error
    }
    return (raw.assumingMemoryBound(to: UInt8.self), size)
  }
}
