import CDNC
import CPlatform

/// The place of each tensor of a checkpoint, read from its header. Checked: every tensor is there once, with its shape;
/// none overlaps another; there are no others.
struct TensorPlaces: ~Copyable {
  private let layout: ParameterLayout
  private let parameterCount: Int
  private let parameterTensors: Int
  /// Of the optimizer.
  private let averages: Int
  /// [B, numbers of a row]
  private let stateShape: TensorShape
  private let dataStart: Int
  private let memory: Memory

  private struct Place {
    /// Bytes from the start of the data; -1 until the tensor is found.
    var start = -1
    var type = TensorType.single
  }

  private var places: UnsafeMutablePointer<Place> { memory.start.assumingMemoryBound(to: Place.self) }
  private var tensors: Int { parameterTensors + averages + 1 }
  private var stateIndex: Int { parameterTensors + averages }
  /// The file may do without.
  var hasState: Bool { places[stateIndex].start >= 0 }

  /// - Parameter json: the header.
  static func find(
    _ configuration: Configuration, _ algorithm: OptimizerConfiguration.Algorithm?, in json: UnsafeRawBufferPointer,
    dataStart: Int, dataBytes: Int
  ) throws(Failure) -> TensorPlaces {
    let places = try TensorPlaces(configuration, algorithm, dataStart: dataStart)
    try places.find(in: json, dataBytes: dataBytes)
    try places.requireAll(dataBytes: dataBytes)
    return places
  }

  private init(
    _ configuration: Configuration, _ algorithm: OptimizerConfiguration.Algorithm?, dataStart: Int
  ) throws(Failure) {
    let layout = ParameterLayout(configuration: configuration)
    let averages = algorithm == nil ? 0 : algorithm == .sgd ? 1 : 2
    memory = try Memory(bytes: (layout.tensorCount + averages + 1) * MemoryLayout<Place>.stride)
    self.layout = layout
    parameterCount = layout.parameterCount
    parameterTensors = layout.tensorCount
    self.averages = averages
    stateShape = TensorShape(rows: configuration.B, columns: StateRow.count(configuration))
    self.dataStart = dataStart
    places.initialize(repeating: Place(), count: tensors)
  }

  /// The shape of a tensor by its number: first the parameters' in their order, then the optimizer's averages and the state.
  private func shape(_ index: Int) -> TensorShape {
    if index == stateIndex { return stateShape }
    guard index < parameterTensors else { return TensorShape(rows: parameterCount) }
    let tensor = layout.tensor(index)
    return TensorShape(rows: tensor.rows, columns: tensor.columns == 0 ? nil : tensor.columns)
  }

  private func withName<Result>(_ index: Int, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    if index == stateIndex { return body(cString(Checkpoint.state)) }
    if index == parameterTensors { return body(cString(Checkpoint.first)) }
    if index > parameterTensors { return body(cString(Checkpoint.second)) }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: ParameterLayout.nameBytes) { name in
      layout.tensor(index).writeName(name.baseAddress!)
      return body(name.baseAddress!)
    }
  }

  private func index(named key: JSONString) -> Int? {
    for index in parameterTensors..<tensors where withName(index, { key.equals(cString: $0) }) { return index }
    // One walk over the layout: each tensor by its index would be one from its beginning.
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: ParameterLayout.nameBytes) { name in
      for tensor in layout {
        tensor.writeName(name.baseAddress!)
        if key.equals(cString: name.baseAddress!) { return tensor.index }
      }
      return nil
    }
  }

  private func find(in json: UnsafeRawBufferPointer, dataBytes: Int) throws(Failure) {
    var reader = JSONReader(json, prefix: "header: ")
    try reader.object { (key, reader) throws(Failure) in
      guard !key.equals("__metadata__") else { return try reader.skip() }
      guard let index = index(named: key) else {
        throw Failure(DNC_BAD_FORMAT, "it has a tensor \"\(bytes: key.raw)\", which its configuration does not know")
      }
      guard places[index].start < 0 else {
        throw Failure(DNC_BAD_FORMAT, "tensor \"\(bytes: key.raw)\" is there twice")
      }
      let shape = shape(index)
      let entry = try TensorEntry(&reader, name: key)
      guard entry.shape == shape else {
        throw Failure(
          DNC_BAD_FORMAT, "tensor \"\(bytes: key.raw)\" has the shape \(entry.shape), its configuration wants \(shape)")
      }
      guard entry.end <= dataBytes, entry.end - entry.start == entry.type.bytes * shape.count else {
        throw Failure(
          DNC_BAD_FORMAT, "tensor \"\(bytes: key.raw)\" has data_offsets [\(entry.start), \(entry.end)] of \(dataBytes)"
        )
      }
      places[index] = Place(start: entry.start, type: entry.type)
    }
  }

  /// Throws unless the tensors fill the data: they have as many bytes, and none begins inside of another.
  private func requireAll(dataBytes: Int) throws(Failure) {
    var sum = 0
    for i in 0..<tensors {
      let place = places[i]
      guard place.start >= 0 else {
        if i == stateIndex { continue }
        throw withName(i) { Failure(DNC_BAD_FORMAT, "tensor \"\($0)\" of its configuration is missing") }
      }
      let bytes = place.type.bytes * shape(i).count
      for j in 0..<tensors where j != i && places[j].start >= place.start && places[j].start < place.start + bytes {
        throw withName(i) { Failure(DNC_BAD_FORMAT, "tensor \"\($0)\" overlaps another one") }
      }
      sum += bytes
    }
    guard sum == dataBytes else {
      throw Failure(DNC_BAD_FORMAT, "it holds \(dataBytes) bytes of data, its tensors have \(sum)")
    }
  }

  // MARK: Data

  /// Checks the values of all tensors in their order: they are finite, squares are not negative, and the checksum, if
  /// there is one, is right. A file with converted tensors still has the checksum of the original, which is not
  /// compared.
  func check(_ file: borrowing ByteSource, checksum wanted: UInt32?) throws(Failure) {
    var checksum = try CRC32()
    var isConverted = false
    for i in 0..<(hasState ? tensors : stateIndex) {
      let type = places[i].type
      isConverted = isConverted || type != .single
      try forEachBlock(of: i, count: shape(i).count, file) { (block, first, count) throws(Failure) in
        for k in 0..<count {
          let value = type.value(k, of: block)
          guard Float(value).isFinite, value >= 0 || i < parameterTensors + 1 || i == stateIndex else {
            let why: StaticString =
              value.isFinite && !Float(value).isFinite ? ", which is too large for single precision" : ""
            throw withName(i) { Failure(DNC_BAD_FORMAT, "tensor \"\($0)\"[\(first + k)] is \(value)\(why)") }
          }
        }
        checksum.add(block, bytes: count * type.bytes)
      }
    }
    guard isConverted || wanted == nil || checksum.value == wanted else {
      throw Failure(
        DNC_BAD_FORMAT,
        """
        the file is damaged, or somebody changed its tensors: their CRC-32 is \(checksum.value), and \
        \"\(CheckpointMetadata.checksumKey)\" \(wanted!)
        """)
    }
  }

  /// The values of a tensor, in single precision.
  func read(_ index: Int, of file: borrowing ByteSource, into values: Out<Float>) throws(Failure) {
    try read(index, of: file, from: 0, count: shape(index).count, into: values)
  }

  private func read(
    _ index: Int, of file: borrowing ByteSource, from start: Int, count: Int, into values: Out<Float>
  ) throws(Failure) {
    let type = places[index].type
    try forEachBlock(of: index, from: start, count: count, file) { (block, first, count) throws(Failure) in
      if type == .single {
        memcpy(values + first, block, count * type.bytes)
      } else {
        for i in 0..<count { values[first + i] = Float(type.value(i, of: block)) }
      }
    }
  }

  /// Reads the optimizer's averages, if there are any: the first and, for most algorithms, the second.
  func readAverages(
    of file: borrowing ByteSource, into first: Out<Float>, _ second: Out<Float>
  ) throws(Failure) {
    try read(parameterTensors, of: file, into: first)
    if averages > 1 { try read(parameterTensors + 1, of: file, into: second) }
  }

  /// Reads the row of the state of sequence b.
  func readState(row b: Int, of file: borrowing ByteSource, into values: Out<Float>) throws(Failure) {
    guard let size = stateShape.columns else { return }
    try read(stateIndex, of: file, from: b * size, count: size, into: values)
  }

  /// Calls `body` with each block of `count` elements of a tensor: its bytes, the index of its first element from `start` on, and
  /// its number of elements.
  private func forEachBlock(
    of index: Int, from start: Int = 0, count: Int, _ file: borrowing ByteSource,
    _ body: (UnsafeRawPointer, Int, Int) throws(Failure) -> Void
  ) throws(Failure) {
    let block = 4096
    let place = places[index]
    let memory = try Memory(bytes: min(block, count) * place.type.bytes)
    let begin = dataStart + place.start + start * place.type.bytes
    for first in stride(from: 0, to: count, by: block) {
      let here = min(block, count - first)
      try file.read(memory.start, bytes: here * place.type.bytes, at: begin + first * place.type.bytes)
      try body(memory.start, first, here)
    }
  }
}

/// The shape of a vector, or of a matrix.
private struct TensorShape: Equatable {
  var rows: Int
  /// nil for a vector.
  var columns: Int?
  var count: Int { rows * (columns ?? 1) }
}

extension Message.StringInterpolation {
  fileprivate mutating func appendInterpolation(_ shape: TensorShape) {
    appendLiteral("[")
    appendInterpolation(shape.rows)
    if let columns = shape.columns {
      appendLiteral(", ")
      appendInterpolation(columns)
    }
    appendLiteral("]")
  }
}

/// `{"dtype":"F32","shape":[…],"data_offsets":[start,end]}`, its fields in any order.
private struct TensorEntry {
  var type = TensorType.single
  var shape = TensorShape(rows: 0)
  var start = 0
  var end = -1

  init(_ reader: inout JSONReader, name: JSONString) throws(Failure) {
    var fields = 0
    var rank = 0
    var offsets = 0
    try reader.object { (key, reader) throws(Failure) in
      if key.equals("dtype") {
        type = try TensorEntry.type(of: name, try reader.string())
        fields += 1
      } else if key.equals("shape") {
        try reader.array { (reader) throws(Failure) in
          let size = try reader.count()
          if rank == 0 { shape.rows = size } else { shape.columns = size }
          rank += 1
        }
        fields += 1
      } else if key.equals("data_offsets") {
        try reader.array { (reader) throws(Failure) in
          let offset = try reader.count()
          if offsets == 0 { start = offset } else { end = offset }
          offsets += 1
        }
        fields += 1
      } else {
        try reader.skip()
      }
    }
    guard fields == 3, (1...2).contains(rank), offsets == 2, start <= end else {
      throw Failure(
        DNC_BAD_FORMAT,
        "tensor \"\(bytes: name.raw)\" is not described by a dtype, a shape of 1 or 2 sizes and 2 data_offsets")
    }
  }

  private static func type(of name: JSONString, _ found: JSONString) throws(Failure) -> TensorType {
    guard let type = TensorType(name: found) else {
      throw Failure(
        DNC_BAD_FORMAT,
        "tensor \"\(bytes: name.raw)\" has the dtype \"\(bytes: found.raw)\", allowed are F32, F16, BF16 and F64")
    }
    return type
  }
}
