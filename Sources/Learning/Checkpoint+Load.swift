import CDNC
import CPlatform

extension Checkpoint {
  /// No header that this library writes comes near.
  private static let largestHeader = 16 << 20
  /// What the state of a loaded network may need, whatever its file says.
  private static let largestState = 4 << 30

  /// Reads a file that anybody may have written. Before anything is allocated for it, its header has been found to be in
  /// order, and the tensors that its configuration asks for to be there.
  static func load(
    _ path: UnsafePointer<CChar>, wantsOptimizer: Bool
  ) throws(Failure) -> (UnsafeMutablePointer<Network<Float>>, UnsafeMutablePointer<Optimizer<Float>>?) {
    let file = try InputFile(path: path)
    do {
      return try load(file, wantsOptimizer: wantsOptimizer)
    } catch {
      // Whatever is wrong with what it says is wrong with the file.
      let isFormat = error.status == DNC_BAD_FORMAT || error.status == DNC_INVALID_ARGUMENT
      throw error.within(path, isFormat ? DNC_BAD_FORMAT : error.status)
    }
  }

  private static func load(
    _ file: borrowing InputFile, wantsOptimizer: Bool
  ) throws(Failure) -> (UnsafeMutablePointer<Network<Float>>, UnsafeMutablePointer<Optimizer<Float>>?) {
    guard file.bytes >= 8 else { throw Failure(DNC_BAD_FORMAT, "\(file.bytes) bytes are no safetensors file") }
    var length: UInt64 = 0
    try file.read(&length, bytes: 8, at: 0)
    length = UInt64(littleEndian: length)
    guard length <= UInt64(min(file.bytes - 8, largestHeader)) else {
      throw Failure(
        DNC_BAD_FORMAT,
        "the header's length is \(UInt(length)), allowed are 2 to \(min(file.bytes - 8, largestHeader))")
    }
    let header = try Memory(bytes: Int(length))
    try file.read(header.start, bytes: Int(length), at: 8)
    let json = UnsafeRawBufferPointer(start: header.start, count: Int(length))
    let dataStart = 8 + Int(length)

    let metadata = try readMetadata(json)
    let configuration = try Configuration(metadata.config)
    let optimizerConfiguration = try metadata.optimizer.map { fields throws(Failure) in
      try OptimizerConfiguration(fields)
    }
    let needed = try Record<Float>.bytes(configuration, capacity: 0, threads: configuration.threadCount)
    guard needed <= largestState else {
      throw Failure(
        DNC_BAD_FORMAT, "its configuration needs \(needed) bytes for the state, allowed are 0 to \(largestState)")
    }
    let places = try TensorPlaces(
      configuration, optimizerConfiguration?.algorithm, json: json, dataBytes: file.bytes - dataStart)

    var network = try Network<Float>(configuration)
    for tensor in places.layout {
      try file.read(
        network.parameters.start + tensor.offset, bytes: 4 * tensor.count, at: dataStart + places.offsets[tensor.index])
    }
    network.reset()
    var optimizerHandle: UnsafeMutablePointer<Optimizer<Float>>?
    if wantsOptimizer, let optimizerConfiguration {
      let count = network.parameterCount
      var optimizer = try Optimizer<Float>(optimizerConfiguration, parameterCount: count)
      optimizer.stepCount = metadata.stepCount
      try file.read(optimizer.first, bytes: 4 * count, at: dataStart + places.offsets[places.parameterTensors])
      if optimizerConfiguration.algorithm != .sgd {
        try file.read(optimizer.second, bytes: 4 * count, at: dataStart + places.offsets[places.parameterTensors + 1])
      }
      optimizerHandle = try allocateHandle(optimizer)
    }
    do {
      return (try allocateHandle(network), optimizerHandle)
    } catch {
      if let optimizerHandle { freeHandle(optimizerHandle) }
      throw error
    }
  }

  private static func readMetadata(_ json: UnsafeRawBufferPointer) throws(Failure) -> CheckpointMetadata {
    var metadata = CheckpointMetadata()
    var isOurs = false
    var blocks = 0
    // Twice: the fields of an optimizer are wanted only after its algorithm has been seen.
    for _ in 0..<2 {
      var reader = JSONReader(json, prefix: "header: ")
      try reader.object { (key, reader) throws(Failure) in
        guard key.equals("__metadata__") else { return try reader.skip() }
        blocks += 1
        try reader.object { (key, reader) throws(Failure) in
          let value = try reader.string()
          if key.equals("format") { isOurs = value.equals(CheckpointMetadata.format) }
          if key.equals("optimizer.algorithm"), metadata.optimizer == nil {
            metadata.optimizer = OptimizerConfiguration.defaults
          }
          try metadata.set(key, value)
        }
      }
      try reader.end()
    }
    guard blocks == 2 else { throw Failure(DNC_BAD_FORMAT, "__metadata__ is there \(blocks / 2) times, expected once") }
    guard isOurs else {
      throw Failure(DNC_BAD_FORMAT, "its metadata does not say \"format\": \"\(CheckpointMetadata.format)\"")
    }
    return metadata
  }
}

/// Where each tensor of a checkpoint lies, found in its header and checked: every tensor once, as single precision, in its
/// shape, and none upon another.
private struct TensorPlaces: ~Copyable {
  let layout: ParameterLayout
  let parameterTensors: Int
  private let memory: Memory
  /// Of the parameters' tensors, then of the optimizer's averages, in bytes from the start of the data.
  let offsets: UnsafeMutablePointer<Int>

  init(
    _ configuration: Configuration, _ algorithm: OptimizerConfiguration.Algorithm?, json: UnsafeRawBufferPointer,
    dataBytes: Int
  ) throws(Failure) {
    let layout = ParameterLayout(configuration: configuration)
    let parameterTensors = layout.tensorCount
    let averages = algorithm == nil ? 0 : algorithm == .sgd ? 1 : 2
    let tensors = parameterTensors + averages
    let parameterCount = layout.parameterCount
    let expected = 4 * parameterCount * (1 + averages)
    guard dataBytes == expected else {
      throw Failure(DNC_BAD_FORMAT, "it holds \(dataBytes) bytes of tensors, its configuration needs \(expected)")
    }
    let memory = try Memory(bytes: tensors * MemoryLayout<Int>.stride)
    let offsets = memory.start.bindMemory(to: Int.self, capacity: tensors)
    for i in 0..<tensors { offsets[i] = -1 }

    func tensor(_ index: Int) -> (rows: Int, columns: Int) {
      guard index < parameterTensors else { return (parameterCount, 0) }
      let tensor = layout.tensor(index)
      return (tensor.rows, tensor.columns)
    }
    func index(named key: UnsafeRawBufferPointer) -> Int? {
      if averages > 0, key.equals(Checkpoint.first) { return parameterTensors }
      if averages > 1, key.equals(Checkpoint.second) { return parameterTensors + 1 }
      return withUnsafeTemporaryAllocation(of: CChar.self, capacity: ParameterLayout.nameBytes) { name in
        for tensor in layout {
          tensor.writeName(name.baseAddress!)
          if key.equals(cString: name.baseAddress!) { return tensor.index }
        }
        return nil
      }
    }

    var reader = JSONReader(json, prefix: "header: ")
    try reader.object { (key, reader) throws(Failure) in
      guard !key.equals("__metadata__") else { return try reader.skip() }
      guard let index = index(named: key) else {
        throw Failure(DNC_BAD_FORMAT, "its configuration has no tensor \"\(bytes: key)\"")
      }
      guard offsets[index] < 0 else { throw Failure(DNC_BAD_FORMAT, "tensor \"\(bytes: key)\" is there twice") }
      let (rows, columns) = tensor(index)
      let entry = try TensorEntry(&reader, name: key)
      guard entry.rows == rows, entry.columns == columns else {
        throw Failure(
          DNC_BAD_FORMAT,
          "tensor \"\(bytes: key)\" does not have the shape [\(rows), \(columns)] (0: none) of its configuration")
      }
      guard entry.end <= dataBytes, entry.end - entry.start == 4 * rows * max(columns, 1) else {
        throw Failure(
          DNC_BAD_FORMAT, "tensor \"\(bytes: key)\" has data_offsets [\(entry.start), \(entry.end)] of \(dataBytes)")
      }
      offsets[index] = entry.start
    }

    // All of them together fill the data exactly, so they do if none begins inside of another.
    for i in 0..<tensors {
      guard offsets[i] >= 0 else { throw Failure(DNC_BAD_FORMAT, "tensor \(i) of its configuration is missing") }
      let (rows, columns) = tensor(i)
      let end = offsets[i] + 4 * rows * max(columns, 1)
      for j in 0..<tensors where j != i && offsets[j] >= offsets[i] && offsets[j] < end {
        throw Failure(DNC_BAD_FORMAT, "tensors \(i) and \(j) of its configuration lie upon each other")
      }
    }
    self.layout = layout
    self.parameterTensors = parameterTensors
    self.memory = memory
    self.offsets = offsets
  }
}

/// `{"dtype":"F32","shape":[…],"data_offsets":[start,end]}`, its fields in any order.
private struct TensorEntry {
  var rows = 0
  var columns = 0
  var start = 0
  var end = -1

  init(_ reader: inout JSONReader, name: UnsafeRawBufferPointer) throws(Failure) {
    var isSingle = false
    var rank = 0
    var offsets = 0
    try reader.object { (key, reader) throws(Failure) in
      if key.equals("dtype") {
        isSingle = try reader.string().equals("F32")
      } else if key.equals("shape") {
        try reader.array { (reader) throws(Failure) in
          let size = try reader.count()
          if rank == 0 { rows = size } else { columns = size }
          rank += 1
        }
      } else if key.equals("data_offsets") {
        try reader.array { (reader) throws(Failure) in
          let offset = try reader.count()
          if offsets == 0 { start = offset } else { end = offset }
          offsets += 1
        }
      } else {
        try reader.skip()
      }
    }
    guard isSingle, (1...2).contains(rank), offsets == 2, start <= end else {
      throw Failure(
        DNC_BAD_FORMAT,
        "tensor \"\(bytes: name)\" is not described by a dtype of F32, a shape of 1 or 2 sizes and 2 data_offsets")
    }
  }
}
