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

  private let network: UnsafePointer<Network<Float>>
  private let optimizer: UnsafePointer<Optimizer<Float>>?
  private let hasState: Bool
  /// The length and the header.
  private let header: Memory
  private let headerBytes: Int

  /// Throws if a number is not finite. The three must stay as they are until the checkpoint is written.
  init(
    network: UnsafePointer<Network<Float>>, optimizer: UnsafePointer<Optimizer<Float>>?, state hasState: Bool
  ) throws(Failure) {
    self.network = network
    self.optimizer = optimizer
    self.hasState = hasState
    let checksum = try Checkpoint.checksum(network, optimizer, hasState)
    let tensors = network.pointee.parameterBlock.pointee.tensorCount + 3
    let header = try Memory(bytes: 8 + 4096 + 192 * tensors)
    var text = Text(start: header.start.assumingMemoryBound(to: CChar.self) + 8, capacity: header.bytes - 8)
    try Checkpoint.append(to: &text, network, optimizer, hasState, checksum)
    header.start.storeBytes(of: UInt64(text.count).littleEndian, as: UInt64.self)
    headerBytes = 8 + text.count
    self.header = header
  }

  static func save(
    _ path: UnsafePointer<CChar>, network: borrowing Network<Float>, optimizer: borrowing Optimizer<Float>
  ) throws(Failure) {
    try withUnsafePointer(to: network) { network throws(Failure) in
      try withUnsafePointer(to: optimizer) { optimizer throws(Failure) in
        try Checkpoint(network: network, optimizer: optimizer, state: false).write(to: path)
      }
    }
  }

  /// Writes the file, or throws and leaves an older one as it was.
  borrowing func write(to path: UnsafePointer<CChar>) throws(Failure) {
    var file = try FileReplacement(path: path)
    try file.write(header.start, bytes: headerBytes)
    try Checkpoint.forEachBlock(network, optimizer, hasState) { (_, values, count) throws(Failure) in
      try file.write(values, bytes: 4 * count)
    }
    try file.finish()
    try file.commit()
  }

  /// Returns the same bytes, which the caller then has to free.
  borrowing func encode() throws(Failure) -> (start: UnsafeMutablePointer<UInt8>, size: Int) {
    var size = headerBytes
    try Checkpoint.forEachBlock(network, optimizer, hasState) { _, _, count in size += 4 * count }
    guard let raw = malloc(size) else { throw .outOfMemory(bytes: size) }
    memcpy(raw, header.start, headerBytes)
    var end = raw + headerBytes
    do {
      try Checkpoint.forEachBlock(network, optimizer, hasState) { _, values, count in
        memcpy(end, values, 4 * count)
        end += 4 * count
      }
    } catch {
      free(raw)
      throw error
    }
    return (raw.assumingMemoryBound(to: UInt8.self), size)
  }

  private enum Block {
    case parameters, first, second, stateRow
  }

  /// Calls `body` for the numbers in the order of the file.
  @inline(never) private static func forEachBlock(
    _ network: UnsafePointer<Network<Float>>, _ optimizer: UnsafePointer<Optimizer<Float>>?, _ hasState: Bool,
    _ body: (_ kind: Block, _ values: In<Float>, _ count: Int) throws(Failure) -> Void
  ) throws(Failure) {
    let count = network.pointee.parameterCount
    try body(.parameters, network.pointee.parameters.start, count)
    if let optimizer {
      try body(.first, optimizer.pointee.first, count)
      if optimizer.pointee.hasSecond { try body(.second, optimizer.pointee.second, count) }
    }
    guard hasState else { return }
    let c = network.pointee.configuration
    let row = try Memory(bytes: 4 * StateRow.count(c))
    let values = row.start.assumingMemoryBound(to: Float.self)
    for b in 0..<c.B {
      let place = network.pointee.present(b)
      StateRow.forEachRun(place.planes, row: place.row, place.b, c) { inside, place, count in
        copyValues(count, inside, to: values + place)
      }
      try body(.stateRow, values, StateRow.count(c))
    }
  }

  /// Of all numbers. Throws if one is not finite.
  private static func checksum(
    _ network: UnsafePointer<Network<Float>>, _ optimizer: UnsafePointer<Optimizer<Float>>?, _ hasState: Bool
  ) throws(Failure) -> UInt32 {
    var checksum = try CRC32()
    try forEachBlock(network, optimizer, hasState) { (kind, values, count) throws(Failure) in
      for i in 0..<count where !values[i].isFinite { throw notFinite(network, kind, i, values[i]) }
      checksum.add(values, bytes: 4 * count)
    }
    return checksum.value
  }

  private static func notFinite(
    _ network: UnsafePointer<Network<Float>>, _ kind: Block, _ index: Int, _ value: Float
  ) -> Failure {
    let owner: StaticString
    switch kind {
    case .parameters: owner = ""
    case .first: owner = "optimizer.first of "
    case .second: owner = "optimizer.second of "
    case .stateRow: return Failure(DNC_NOT_FINITE, "a number of the state is \(value); nothing was saved")
    }
    for tensor in ParameterLayout(configuration: network.pointee.configuration)
    where index - tensor.offset < tensor.count {
      let name = network.pointee.parameterBlock.pointee.name(of: tensor.index)
      return Failure(DNC_NOT_FINITE, "\(owner)\(name)[\(index - tensor.offset)] is \(value); nothing was saved")
    }
    return Failure(DNC_INTERNAL, "there is no parameter \(index)")
  }

  private static func append(
    to text: inout Text, _ network: UnsafePointer<Network<Float>>, _ optimizer: UnsafePointer<Optimizer<Float>>?,
    _ hasState: Bool, _ checksum: UInt32
  ) throws(Failure) {
    let c = network.pointee.configuration
    var metadata = CheckpointMetadata()
    metadata.config = c.fields
    if let optimizer {
      metadata.optimizer = optimizer.pointee.configuration.fields
      metadata.stepCount = optimizer.pointee.stepCount
    }
    metadata.checksum = checksum
    text.append("{")
    try metadata.append(to: &text)
    for tensor in ParameterLayout(configuration: c) {
      appendTensor(to: &text, offset: tensor.offset, tensor.rows, tensor.columns) {
        $0.append(network.pointee.parameterBlock.pointee.name(of: tensor.index))
      }
    }
    let count = network.pointee.parameterCount
    var end = count
    if let optimizer {
      appendTensor(to: &text, offset: end, count, 0) { $0.append(first) }
      end += count
      if optimizer.pointee.hasSecond {
        appendTensor(to: &text, offset: end, count, 0) { $0.append(second) }
        end += count
      }
    }
    if hasState { appendTensor(to: &text, offset: end, c.B, StateRow.count(c)) { $0.append(state) } }
    text.append("}")
    while text.count % 8 != 0 { text.append(" ") }
  }

  /// `,"name":{"dtype":"F32","shape":[rows,columns],"data_offsets":[first,last]}`
  private static func appendTensor(
    to text: inout Text, offset: Int, _ rows: Int, _ columns: Int, name: (inout Text) -> Void
  ) {
    text.append(",\"")
    name(&text)
    text.append("\":{\"dtype\":\"F32\",\"shape\":[")
    text.append(rows)
    if columns > 0 {
      text.append(",")
      text.append(columns)
    }
    text.append("],\"data_offsets\":[")
    text.append(4 * offset)
    text.append(",")
    text.append(4 * (offset + rows * max(columns, 1)))
    text.append("]}")
  }
}
