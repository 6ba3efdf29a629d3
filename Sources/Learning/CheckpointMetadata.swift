import CDNC
import CPlatform

/// What a checkpoint says besides its tensors, as the strings of the safetensors header's `__metadata__`: one key for
/// each field of the configurations, under the header's name.
struct CheckpointMetadata {
  var config = CheckpointMetadata.defaults
  var optimizer: dnc_optimizer_config?
  var stepCount: UInt64 = 0
  /// The CRC-32 of the tensors' bytes, one tensor after the other in the order of the parameters, then the optimizer's averages;
  /// nil: the file has none, and need not.
  var checksum: UInt32?

  /// What a file means that does not say it. Before `input_scale` and `interface_scale` were fields, both were 1.
  private static var defaults: dnc_config {
    var config = Configuration.defaults
    config.input_scale = 1
    config.interface_scale = 1
    return config
  }

  static let format: StaticString = "libdnc"
  static let checksumKey: StaticString = "data.crc32"

  /// A number of the metadata, which is either written or read.
  enum Number {
    case integer(UInt32)
    case long(UInt64)
    case real(Float)
  }

  /// Visits every field with its key's prefix and name; the visitor may change it.
  mutating func forEach(_ visit: (StaticString, StaticString, inout Number) throws(Failure) -> Void) throws(Failure) {
    func integer(_ field: inout UInt32, _ prefix: StaticString, _ name: StaticString) throws(Failure) {
      var number = Number.integer(field)
      try visit(prefix, name, &number)
      if case .integer(let value) = number { field = value }
    }
    func real(_ field: inout Float, _ prefix: StaticString, _ name: StaticString) throws(Failure) {
      var number = Number.real(field)
      try visit(prefix, name, &number)
      if case .real(let value) = number { field = value }
    }
    func long(_ field: inout UInt64, _ prefix: StaticString, _ name: StaticString) throws(Failure) {
      var number = Number.long(field)
      try visit(prefix, name, &number)
      if case .long(let value) = number { field = value }
    }

    try integer(&config.input_size, "config.", "input_size")
    try integer(&config.output_size, "config.", "output_size")
    try integer(&config.controller, "config.", "controller")
    try integer(&config.activation, "config.", "activation")
    try integer(&config.hidden_size, "config.", "hidden_size")
    try integer(&config.num_layers, "config.", "num_layers")
    try integer(&config.memory_slots, "config.", "memory_slots")
    try integer(&config.word_size, "config.", "word_size")
    try integer(&config.read_heads, "config.", "read_heads")
    try integer(&config.write_heads, "config.", "write_heads")
    try integer(&config.batch_size, "config.", "batch_size")
    try integer(&config.usage_gradient, "config.", "usage_gradient")
    try integer(&config.initial_state, "config.", "initial_state")
    try real(&config.initial_value, "config.", "initial_value")
    try real(&config.clip_value, "config.", "clip_value")
    try integer(&config.num_threads, "config.", "num_threads")
    try long(&config.seed, "config.", "seed")
    try long(&config.max_record_bytes, "config.", "max_record_bytes")
    try integer(&config.check_finite, "config.", "check_finite")
    try real(&config.input_scale, "config.", "input_scale")
    try real(&config.interface_scale, "config.", "interface_scale")

    guard var fields = optimizer else { return }
    try integer(&fields.algorithm, "optimizer.", "algorithm")
    try real(&fields.learning_rate, "optimizer.", "learning_rate")
    try real(&fields.momentum, "optimizer.", "momentum")
    try real(&fields.decay, "optimizer.", "decay")
    try real(&fields.beta1, "optimizer.", "beta1")
    try real(&fields.beta2, "optimizer.", "beta2")
    try real(&fields.epsilon, "optimizer.", "epsilon")
    try real(&fields.weight_decay, "optimizer.", "weight_decay")
    try real(&fields.max_gradient_norm, "optimizer.", "max_gradient_norm")
    try long(&stepCount, "optimizer.", "step_count")
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
