import CDNC
import CPlatform

/// What a checkpoint says besides its tensors, as the strings of the safetensors header's `__metadata__`: one key for
/// each field of the configurations, under the header's name.
struct CheckpointMetadata {
  var config = dnc_config.defaultsOfFiles
  var optimizer: dnc_optimizer_config?
  var stepCount: UInt64 = 0
  /// The CRC-32 of the tensors' bytes, one tensor after the other in the order of the parameters, then the optimizer's averages;
  /// nil: the file has none, and need not.
  var checksum: UInt32?

  static let format: StaticString = "libdnc"
  static let checksumKey: StaticString = "data.crc32"

  /// Visits every field that is kept, with its key's prefix and name; the visitor may change it.
  private mutating func forEach(
    _ visit: (StaticString, StaticString, inout Field.Number) throws(Failure) -> Void
  ) throws(Failure) {
    func visitKept(_ prefix: StaticString, _ field: Field, _ number: inout Field.Number) throws(Failure) {
      if case .left = field.files { return }
      try visit(prefix, field.name, &number)
    }
    try config.forEach { (field, number) throws(Failure) in try visitKept("config.", field, &number) }
    guard var fields = optimizer else { return }
    func visitOptimizer(_ field: Field, _ number: inout Field.Number) throws(Failure) {
      try visitKept("optimizer.", field, &number)
    }
    try fields.forEach(visitOptimizer)
    try Field("step_count", .everyWhole).visit(&stepCount, visitOptimizer)
    optimizer = fields
  }

  /// Appends `"__metadata__":{…}`.
  mutating func append(to text: inout Text) throws(Failure) {
    text.append("\"__metadata__\":{\"format\":\"")
    text.append(CheckpointMetadata.format)
    text.append("\"")
    var written = text
    try forEach { (prefix, name, number) throws(Failure) in
      written.append(",\"")
      written.append(prefix)
      written.append(name)
      written.append("\":\"")
      switch number {
      case .integer(let value): written.append(UInt64(value))
      case .long(let value): written.append(value)
      case .real(let value): written.append(Double(value), digits: 9)
      }
      written.append("\"")
    }
    text = written
    if let checksum {
      text.append(",\"")
      text.append(CheckpointMetadata.checksumKey)
      text.append("\":\"")
      text.append(UInt64(checksum))
      text.append("\"")
    }
    text.append("}")
  }

  /// Takes over the entry of `__metadata__` with this key, if it is one of ours; others are left to their owners.
  mutating func set(_ key: JSONString, _ value: JSONString) throws(Failure) {
    if key.equals(CheckpointMetadata.checksumKey) {
      checksum = UInt32(
        try CheckpointMetadata.whole(value, upTo: UInt64(UInt32.max), CheckpointMetadata.checksumKey, ""))
      return
    }
    try forEach { (prefix, name, number) throws(Failure) in
      guard key.equals(prefix, name) else { return }
      switch number {
      case .integer:
        number = .integer(UInt32(try CheckpointMetadata.whole(value, upTo: UInt64(UInt32.max), prefix, name)))
      case .long: number = .long(try CheckpointMetadata.whole(value, upTo: .max, prefix, name))
      case .real:
        guard let real = value.withBytes({ Double(decimal: $0) }) else {
          throw Failure(DNC_BAD_FORMAT, "metadata: \(prefix)\(name) is \"\(bytes: value.raw)\", expected a number")
        }
        number = .real(Float(real))
      }
    }
  }

  /// A number whose range is not known here ends where its type does.
  private static func whole(
    _ value: JSONString, upTo greatest: UInt64, _ prefix: StaticString, _ name: StaticString
  ) throws(Failure) -> UInt64 {
    let isWhole = value.withBytes {
      $0.count > 0 && $0.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
    guard isWhole else {
      throw Failure(DNC_BAD_FORMAT, "metadata: \(prefix)\(name) is \"\(bytes: value.raw)\", expected a whole number")
    }
    guard let number = value.withBytes({ UInt64(decimal: $0) }), number <= greatest else {
      throw Failure(DNC_BAD_FORMAT, "metadata: \(prefix)\(name) is \(bytes: value.raw), which is too large")
    }
    return number
  }
}
