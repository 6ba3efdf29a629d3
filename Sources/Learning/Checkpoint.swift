import CDNC
import CPlatform

/// A checkpoint is a safetensors file: the length of a JSON header (8 bytes, little-endian), the header, and the tensors'
/// bytes. It holds the parameters under the names of `ParameterLayout` and, with an optimizer, its moving averages as
/// flat vectors in the order of the parameters; the header's metadata holds the configurations, and a checksum of the data.
enum Checkpoint {
  static let first: StaticString = "optimizer.first"
  static let second: StaticString = "optimizer.second"

  /// Writes the file, or throws and leaves an older one as it was. Throws if a number is not finite.
  static func save(
    _ path: UnsafePointer<CChar>, network: borrowing Network<Float>, optimizer: UnsafePointer<Optimizer<Float>>?
  ) throws(Failure) {
    var metadata = CheckpointMetadata()
    metadata.config = network.configuration.fields
    if let optimizer {
      metadata.optimizer = optimizer.pointee.configuration.fields
      metadata.stepCount = optimizer.pointee.stepCount
    }
    let layout = ParameterLayout(configuration: network.configuration)
    let names = UnsafePointer(network.parameterBlock.pointee.names)
    let count = network.parameterCount
    var checksum = try CRC32()
    func take(_ values: In<Float>, _ owner: StaticString, _ checksum: inout CRC32) throws(Failure) {
      for tensor in layout {
        for i in 0..<tensor.count where !values[tensor.offset + i].isFinite {
          let name = names + tensor.index * ParameterLayout.nameBytes
          throw Failure(DNC_NOT_FINITE, "\(owner)\(name)[\(i)] is \(values[tensor.offset + i]); nothing was saved")
        }
      }
      checksum.add(values, bytes: 4 * count)
    }
    try take(network.parameters.start, "", &checksum)
    if let optimizer {
      try take(optimizer.pointee.first, "optimizer.first of ", &checksum)
      if optimizer.pointee.configuration.algorithm != .sgd {
        try take(optimizer.pointee.second, "optimizer.second of ", &checksum)
      }
    }
    metadata.checksum = checksum.value
    let header = try Memory(bytes: 8 + 4096 + 192 * (layout.tensorCount + 2))

    var text = Text(start: header.start.assumingMemoryBound(to: CChar.self) + 8, capacity: header.bytes - 8)
    text.append("{")
    try metadata.append(to: &text)
    for tensor in layout {
      appendTensor(to: &text, offset: tensor.offset, tensor.rows, tensor.columns) {
        $0.append(names + tensor.index * ParameterLayout.nameBytes)
      }
    }
    if let optimizer {
      appendTensor(to: &text, offset: count, count, 0) { $0.append(first) }
      if optimizer.pointee.configuration.algorithm != .sgd {
        appendTensor(to: &text, offset: 2 * count, count, 0) { $0.append(second) }
      }
    }
    text.append("}")
    while text.count % 8 != 0 { text.append(" ") }
    header.start.storeBytes(of: UInt64(text.count).littleEndian, as: UInt64.self)

    var file = try FileReplacement(path: path)
    try file.write(header.start, bytes: 8 + text.count)
    try file.write(network.parameters.start, bytes: 4 * count)
    if let optimizer {
      try file.write(optimizer.pointee.first, bytes: 4 * count)
      if optimizer.pointee.configuration.algorithm != .sgd {
        try file.write(optimizer.pointee.second, bytes: 4 * count)
      }
    }
    try file.finish()
    try file.commit()
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
