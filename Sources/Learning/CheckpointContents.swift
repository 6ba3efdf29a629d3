import CDNC
import CPlatform

/// What a checkpoint holds. It must stay as it is until the checkpoint is written.
struct CheckpointContents {
  let network: UnsafePointer<Network<Float>>
  let optimizer: UnsafePointer<Optimizer<Float>>?
  /// True if the state of the episode is among them.
  let hasState: Bool

  private enum Block {
    case parameters, first, second, stateRow
  }

  /// Calls `body` for the numbers in the order of the file.
  func forEachBlock(_ body: (_ values: In<Float>, _ count: Int) throws(Failure) -> Void) throws(Failure) {
    try forEachKind { (_, values, count) throws(Failure) in try body(values, count) }
  }

  @inline(never) private func forEachKind(
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
  func checksum() throws(Failure) -> UInt32 {
    var checksum = try CRC32()
    try forEachKind { (kind, values, count) throws(Failure) in
      for i in 0..<count where !values[i].isFinite { throw notFinite(kind, i, values[i]) }
      checksum.add(values, bytes: 4 * count)
    }
    return checksum.value
  }

  private func notFinite(_ kind: Block, _ index: Int, _ value: Float) -> Failure {
    let owner: StaticString
    switch kind {
    case .parameters: owner = ""
    case .first: owner = "optimizer.first of "
    case .second: owner = "optimizer.second of "
    case .stateRow: return Failure(DNC_NOT_FINITE, "a number of the state is \(value); nothing was saved")
    }
    return .notFinite(owner, index, value, of: network.pointee, "nothing was saved")
  }

  /// Appends `"name":{…}` for every tensor, each after a comma. Returns the number of all floats.
  func appendTensors(to text: inout Text) -> Int {
    let c = network.pointee.configuration
    var end = 0
    func append(_ rows: Int, _ columns: Int, name: (inout Text) -> Void) {
      CheckpointContents.append(to: &text, offset: end, rows, columns, name: name)
      end += rows * max(columns, 1)
    }
    for tensor in ParameterLayout(configuration: c) {
      append(tensor.rows, tensor.columns) { $0.append(network.pointee.parameterBlock.pointee.name(of: tensor.index)) }
    }
    let count = network.pointee.parameterCount
    if let optimizer {
      append(count, 0) { $0.append(Checkpoint.first) }
      if optimizer.pointee.hasSecond { append(count, 0) { $0.append(Checkpoint.second) } }
    }
    if hasState { append(c.B, StateRow.count(c)) { $0.append(Checkpoint.state) } }
    return end
  }

  /// `,"name":{"dtype":"F32","shape":[rows,columns],"data_offsets":[first,last]}`
  private static func append(
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

extension Failure {
  /// A parameter, or what an optimizer keeps of it, that is not finite.
  /// - Parameters:
  ///   - owner: what stands before the tensor's name.
  ///   - index: in the block of all parameters.
  ///   - outcome: what was not done.
  static func notFinite(
    _ owner: StaticString, _ index: Int, _ value: Float, of network: borrowing Network<Float>, _ outcome: StaticString
  ) -> Failure {
    for tensor in ParameterLayout(configuration: network.configuration) where index - tensor.offset < tensor.count {
      let name = network.parameterBlock.pointee.name(of: tensor.index)
      return Failure(DNC_NOT_FINITE, "\(owner)\(name)[\(index - tensor.offset)] is \(value); \(outcome)")
    }
    return Failure(DNC_INTERNAL, "there is no parameter \(index)")
  }
}
