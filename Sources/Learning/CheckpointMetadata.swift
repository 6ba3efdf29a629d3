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
  /// `MetadataChecksum` of all entries of ours but itself; nil exactly if `checksum` is.
  var ownChecksum: UInt32?

  static let format: StaticString = "libdnc"
  static let formatKey: StaticString = "format"
  static let checksumKey: StaticString = "data.crc32"
  static let ownChecksumKey: StaticString = "metadata.crc32"

  /// Visits every field that may be kept, with its key's prefix and name; the visitor may change it.
  /// - Parameter onlyKept: leaves out fields that a file need not say.
  private mutating func forEach(
    onlyKept: Bool, _ visit: (StaticString, StaticString, inout Field.Number) throws(Failure) -> Void
  ) throws(Failure) {
    func visitKept(_ prefix: StaticString, _ field: Field, _ number: inout Field.Number) throws(Failure) {
      switch field.files {
      case .left: return
      case .ofProcess:
        var unheard = number
        if !onlyKept { try visit(prefix, field.name, &unheard) }
      case .keptIfOther where onlyKept && number.value == field.standard: return
      default: try visit(prefix, field.name, &number)
      }
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
    text.append("\"__metadata__\":{")
    var entries = try MetadataWriter(text)
    entries.append(CheckpointMetadata.formatKey) { $0.append(CheckpointMetadata.format) }
    try forEach(onlyKept: true) { (prefix, name, number) throws(Failure) in
      entries.append(prefix, name) {
        switch number {
        case .integer(let value): $0.append(UInt64(value))
        case .long(let value): $0.append(value)
        case .real(let value): $0.append(Double(value), digits: 9)
        }
      }
    }
    if let checksum {
      entries.append(CheckpointMetadata.checksumKey) { $0.append(UInt64(checksum)) }
      let own = entries.checksum.value
      entries.append(CheckpointMetadata.ownChecksumKey) { $0.append(UInt64(own)) }
    }
    text = entries.text
    text.append("}")
  }

  /// True if the key begins as ours do. Other keys belong to others.
  static func owns(_ key: JSONString) -> Bool {
    key.begins("config.") || key.begins("optimizer.") || key.begins("data.")
  }

  /// True if the entry counts into `ownChecksum`.
  static func covers(_ key: JSONString) -> Bool { key.equals(formatKey) || owns(key) }

  /// Takes over the entry of `__metadata__` with this key. False if there is no such field: of the optimizer's there is none
  /// as long as there is no optimizer.
  mutating func set(_ key: JSONString, _ value: JSONString) throws(Failure) -> Bool {
    func checksum(_ name: StaticString) throws(Failure) -> UInt32 {
      UInt32(try CheckpointMetadata.whole(value, upTo: UInt64(UInt32.max), name, ""))
    }
    if key.equals(CheckpointMetadata.checksumKey) {
      self.checksum = try checksum(CheckpointMetadata.checksumKey)
      return true
    }
    if key.equals(CheckpointMetadata.ownChecksumKey) {
      ownChecksum = try checksum(CheckpointMetadata.ownChecksumKey)
      return true
    }
    var isKnown = false
    try forEach(onlyKept: false) { (prefix, name, number) throws(Failure) in
      guard key.equals(prefix, name) else { return }
      isKnown = true
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
    return isKnown
  }

  /// Throws if one of the two checksums is missing, or `found`, that of the entries, is not what they say. A file without both
  /// is an older one.
  func check(entries found: UInt32) throws(Failure) {
    guard (checksum == nil) == (ownChecksum == nil) else {
      let (data, own) = (CheckpointMetadata.checksumKey, CheckpointMetadata.ownChecksumKey)
      let (here, missing) = checksum == nil ? (own, data) : (data, own)
      throw Failure(DNC_BAD_FORMAT, "the file is damaged: its metadata has \"\(here)\", but no \"\(missing)\"")
    }
    guard let ownChecksum, ownChecksum != found else { return }
    throw Failure(
      DNC_BAD_FORMAT,
      """
      the file is damaged, or somebody changed its metadata: the sum of its entries' CRC-32 is \(found), and \
      \"\(CheckpointMetadata.ownChecksumKey)\" \(ownChecksum)
      """)
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
