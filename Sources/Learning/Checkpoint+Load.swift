import CDNC
import CPlatform

extension Checkpoint {
  /// Most bytes of a header. Headers that this library writes are far smaller.
  private static let largestHeader = 16 << 20
  /// Most bytes of a loaded network's state.
  private static let largestState = 4 << 30

  typealias Loaded = (UnsafeMutablePointer<Network<Float>>, UnsafeMutablePointer<Optimizer<Float>>?)

  static func load(_ path: UnsafePointer<CChar>, wantsOptimizer: Bool) throws(Failure) -> Loaded {
    try load(try ByteSource(path: path), named: path, wantsOptimizer: wantsOptimizer)
  }

  static func decode(_ bytes: UnsafeRawPointer, size: Int, wantsOptimizer: Bool) throws(Failure) -> Loaded {
    try load(ByteSource(bytes, bytes: size), named: cString("bytes"), wantsOptimizer: wantsOptimizer)
  }

  private static func load(
    _ source: consuming ByteSource, named name: UnsafePointer<CChar>, wantsOptimizer: Bool
  ) throws(Failure) -> Loaded {
    do {
      return try load(source, wantsOptimizer: wantsOptimizer)
    } catch {
      // A wrong value in the file makes the file wrong.
      let isFormat = error.status == DNC_BAD_FORMAT || error.status == DNC_INVALID_ARGUMENT
      throw error.within(name, isFormat ? DNC_BAD_FORMAT : error.status)
    }
  }

  /// Reads what comes from an unknown source. Allocates nothing for the network before the header is checked, and all
  /// tensors that its configuration asks for are found to be there, whole and finite.
  private static func load(_ file: borrowing ByteSource, wantsOptimizer: Bool) throws(Failure) -> Loaded {
    let header = try readHeader(file)
    let json = UnsafeRawBufferPointer(start: header.start, count: header.bytes)
    let dataStart = 8 + header.bytes

    let metadata = try readMetadata(json)
    let configuration = try Configuration(metadata.config, from: "metadata: config.")
    let optimizerConfiguration = try metadata.optimizer.map { fields throws(Failure) in
      try OptimizerConfiguration(fields, from: "metadata: optimizer.")
    }
    let needed = try Record<Float>.bytes(configuration, capacity: 0, threads: configuration.threadCount)
    guard needed <= largestState else {
      throw Failure(
        DNC_BAD_FORMAT, "its configuration needs \(needed) bytes for the state, allowed are 0 to \(largestState)")
    }
    let tensors = try TensorPlaces.find(
      configuration, optimizerConfiguration?.algorithm, in: json, dataStart: dataStart,
      dataBytes: file.bytes - dataStart)
    try tensors.check(file, checksum: metadata.checksum)

    var network = try Network<Float>(configuration)
    for tensor in ParameterLayout(configuration: configuration) {
      try tensors.read(tensor.index, of: file, into: network.parameters.start + tensor.offset)
    }
    network.reset()
    if tensors.hasState { try readState(tensors, file, into: &network) }
    var optimizerHandle: UnsafeMutablePointer<Optimizer<Float>>?
    if wantsOptimizer, let optimizerConfiguration {
      var optimizer = try Optimizer<Float>(optimizerConfiguration, parameterCount: network.parameterCount)
      optimizer.stepCount = metadata.stepCount
      try tensors.readAverages(of: file, into: optimizer.first, optimizer.second)
      optimizerHandle = try allocateHandle(optimizer)
    }
    do {
      return (try allocateHandle(network), optimizerHandle)
    } catch {
      if let optimizerHandle { freeHandle(optimizerHandle) }
      throw error
    }
  }

  private static func readState(
    _ tensors: borrowing TensorPlaces, _ file: borrowing ByteSource, into network: inout Network<Float>
  ) throws(Failure) {
    let c = network.configuration
    let size = StateRow.count(c)
    let row = try Memory(bytes: 4 * size)
    let values = row.start.assumingMemoryBound(to: Float.self)
    for b in 0..<c.B {
      try tensors.readState(row: b, of: file, into: values)
      try StateRow.check(values, of: b, c, DNC_BAD_FORMAT, "tensor \"state\"", first: b * size)
      network.setState(of: b, row: values)
    }
    network.stateChanged(.all)
  }

  /// Number of bytes of the JSON.
  private static func readHeader(_ file: borrowing ByteSource) throws(Failure) -> Memory {
    let start = try Memory(bytes: 16)
    let known = min(file.bytes, 16)
    try file.read(start.start, bytes: known, at: 0)
    let length = UInt64(littleEndian: start.start.load(as: UInt64.self))
    // A file of another kind does not begin like this: its first eight bytes are no length.
    guard known > 8, start.start.load(fromByteOffset: 8, as: UInt8.self) == UInt8(ascii: "{") else {
      throw Failure(DNC_BAD_FORMAT, "this is not a safetensors file\(looks(like: start.start, bytes: known))")
    }
    guard length <= UInt64(min(file.bytes - 8, largestHeader)) else {
      guard length > UInt64(largestHeader) else {
        throw Failure(
          DNC_BAD_FORMAT, "the file ends at byte \(file.bytes), within its header, which has \(UInt(length)) bytes")
      }
      throw Failure(DNC_BAD_FORMAT, "the header's length is \(UInt(length)), allowed are 2 to \(largestHeader)")
    }
    let header = try Memory(bytes: Int(length))
    try file.read(header.start, bytes: Int(length), at: 8)
    return header
  }

  /// Recognises other kinds of files by their beginning; the result ends a sentence.
  private static func looks(like start: UnsafeRawPointer, bytes: Int) -> StaticString {
    func begins(_ text: StaticString) -> Bool {
      bytes >= text.utf8CodeUnitCount && memcmp(start, text.utf8Start, text.utf8CodeUnitCount) == 0
    }
    if bytes == 0 { return ": it is empty" }
    if begins("PK\u{3}\u{4}") { return " but a zip archive, as PyTorch and NumPy write" }
    // The first byte of a PNG, 137, is not UTF-8 alone.
    if bytes > 4, memcmp(start + 1, ("PNG\r\n" as StaticString).utf8Start, 5) == 0 { return " but a PNG picture" }
    return ""
  }

  private static func readMetadata(_ json: UnsafeRawBufferPointer) throws(Failure) -> CheckpointMetadata {
    var metadata = CheckpointMetadata()
    var isOurs = false
    var blocks = 0
    var entries: UInt32 = 0
    // Two passes: which fields an optimizer must have depends on its algorithm.
    for pass in 0..<2 {
      var checksum = try MetadataChecksum()
      var reader = JSONReader(json, prefix: "header: ")
      try reader.object { (key, reader) throws(Failure) in
        guard key.equals("__metadata__") else { return try reader.skip() }
        blocks += 1
        try reader.object { (key, reader) throws(Failure) in
          let value = try reader.string()
          if key.equals(CheckpointMetadata.formatKey) { isOurs = value.equals(CheckpointMetadata.format) }
          if key.equals("optimizer.algorithm"), metadata.optimizer == nil {
            metadata.optimizer = dnc_optimizer_config.defaultsOfFiles
          }
          let isKnown = try metadata.set(key, value)
          guard isKnown || pass == 0 || !CheckpointMetadata.owns(key) else {
            throw Failure(
              DNC_BAD_FORMAT,
              """
              metadata: this library knows no \"\(bytes: key.raw)\": the file was made with a newer library, or is damaged
              """)
          }
          if CheckpointMetadata.covers(key) { checksum.add(key, value) }
        }
      }
      try reader.end()
      entries = checksum.value
    }
    guard blocks == 2 else { throw Failure(DNC_BAD_FORMAT, "__metadata__ is there \(blocks / 2) times, expected once") }
    guard isOurs else {
      throw Failure(DNC_BAD_FORMAT, "its metadata does not say \"format\": \"\(CheckpointMetadata.format)\"")
    }
    try metadata.check(entries: entries)
    return metadata
  }
}
