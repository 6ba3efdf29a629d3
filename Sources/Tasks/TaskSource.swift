import CDNC
import CPlatform

/// The task of a name, with its options.
enum TaskSource: ~Copyable, EpisodeSource {
  case copy(CopyTask)
  case repeatCopy(RepeatCopy)
  case associativeRecall(AssociativeRecall)
  case keyValue(KeyValue)
  case graphTraversal(GraphTraversal)
  case miniShrdlu(MiniShrdlu)
  case babi(Babi)

  init(name: UnsafeRawBufferPointer, options: UnsafePointer<CChar>?) throws(Failure) {
    if name.equals("copy") {
      self = .copy(try CopyTask(options: options))
    } else if name.equals("repeat_copy") {
      self = .repeatCopy(try RepeatCopy(options: options))
    } else if name.equals("associative_recall") {
      self = .associativeRecall(try AssociativeRecall(options: options))
    } else if name.equals("key_value") {
      self = .keyValue(try KeyValue(options: options))
    } else if name.equals("graph_traversal") {
      self = .graphTraversal(try GraphTraversal(options: options))
    } else if name.equals("mini_shrdlu") {
      self = .miniShrdlu(try MiniShrdlu(options: options))
    } else if name.equals("babi") {
      self = .babi(try Babi(options: options))
    } else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        """
        name is \"\(bytes: name)\", allowed are copy, repeat_copy, associative_recall, key_value, graph_traversal, \
        mini_shrdlu and babi
        """)
    }
  }

  var inputSize: Int {
    switch self {
    case .copy(let task): task.inputSize
    case .repeatCopy(let task): task.inputSize
    case .associativeRecall(let task): task.inputSize
    case .keyValue(let task): task.inputSize
    case .graphTraversal(let task): task.inputSize
    case .miniShrdlu(let task): task.inputSize
    case .babi(let task): task.inputSize
    }
  }

  var outputSize: Int {
    switch self {
    case .copy(let task): task.outputSize
    case .repeatCopy(let task): task.outputSize
    case .associativeRecall(let task): task.outputSize
    case .keyValue(let task): task.outputSize
    case .graphTraversal(let task): task.outputSize
    case .miniShrdlu(let task): task.outputSize
    case .babi(let task): task.outputSize
    }
  }

  var loss: Loss {
    switch self {
    case .copy(let task): task.loss
    case .repeatCopy(let task): task.loss
    case .associativeRecall(let task): task.loss
    case .keyValue(let task): task.loss
    case .graphTraversal(let task): task.loss
    case .miniShrdlu(let task): task.loss
    case .babi(let task): task.loss
    }
  }

  var recordBytes: Int {
    switch self {
    case .copy(let task): task.recordBytes
    case .repeatCopy(let task): task.recordBytes
    case .associativeRecall(let task): task.recordBytes
    case .keyValue(let task): task.recordBytes
    case .graphTraversal(let task): task.recordBytes
    case .miniShrdlu(let task): task.recordBytes
    case .babi(let task): task.recordBytes
    }
  }

  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: random, into: record)
  }

  func draw(_ random: inout Random, shared: Random, into record: UnsafeMutableRawPointer) -> Int {
    switch self {
    case .copy(let task): task.draw(&random, shared: shared, into: record)
    case .repeatCopy(let task): task.draw(&random, shared: shared, into: record)
    case .associativeRecall(let task): task.draw(&random, shared: shared, into: record)
    case .keyValue(let task): task.draw(&random, shared: shared, into: record)
    case .graphTraversal(let task): task.draw(&random, shared: shared, into: record)
    case .miniShrdlu(let task): task.draw(&random, shared: shared, into: record)
    case .babi(let task): task.draw(&random, shared: shared, into: record)
    }
  }

  func draw(_ random: inout Random, shared: Random, place: BatchPlace, into record: UnsafeMutableRawPointer) -> Int {
    switch self {
    case .babi(let task): task.draw(&random, shared: shared, place: place, into: record)
    default: draw(&random, shared: shared, into: record)
    }
  }

  var episodeCount: Int {
    switch self {
    case .babi(let task): task.episodeCount
    default: 0
    }
  }

  func word(at channel: Int) -> UnsafePointer<CChar>? {
    switch self {
    case .babi(let task): task.word(at: channel)
    default: nil
    }
  }

  func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    switch self {
    case .copy(let task): task.step(t, of: record, input: input, target: target)
    case .repeatCopy(let task): task.step(t, of: record, input: input, target: target)
    case .associativeRecall(let task): task.step(t, of: record, input: input, target: target)
    case .keyValue(let task): task.step(t, of: record, input: input, target: target)
    case .graphTraversal(let task): task.step(t, of: record, input: input, target: target)
    case .miniShrdlu(let task): task.step(t, of: record, input: input, target: target)
    case .babi(let task): task.step(t, of: record, input: input, target: target)
    }
  }

  var isInteractive: Bool {
    switch self {
    case .copy(let task): task.isInteractive
    case .repeatCopy(let task): task.isInteractive
    case .associativeRecall(let task): task.isInteractive
    case .keyValue(let task): task.isInteractive
    case .graphTraversal(let task): task.isInteractive
    case .miniShrdlu(let task): task.isInteractive
    case .babi(let task): task.isInteractive
    }
  }

  func move(_ t: Int, in record: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool) {
    switch self {
    case .copy(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .repeatCopy(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .associativeRecall(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .keyValue(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .graphTraversal(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .miniShrdlu(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .babi(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    }
  }

  func loss(
    _ t: Int, of record: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double {
    switch self {
    case .copy(let task): task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    case .repeatCopy(let task):
      task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    case .associativeRecall(let task):
      task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    case .keyValue(let task): task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    case .graphTraversal(let task):
      task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    case .miniShrdlu(let task):
      task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    case .babi(let task):
      task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    }
  }

  var metricCount: Int {
    switch self {
    case .copy(let task): task.metricCount
    case .repeatCopy(let task): task.metricCount
    case .associativeRecall(let task): task.metricCount
    case .keyValue(let task): task.metricCount
    case .graphTraversal(let task): task.metricCount
    case .miniShrdlu(let task): task.metricCount
    case .babi(let task): task.metricCount
    }
  }

  func metric(at index: Int) -> Metric {
    switch self {
    case .copy(let task): task.metric(at: index)
    case .repeatCopy(let task): task.metric(at: index)
    case .associativeRecall(let task): task.metric(at: index)
    case .keyValue(let task): task.metric(at: index)
    case .graphTraversal(let task): task.metric(at: index)
    case .miniShrdlu(let task): task.metric(at: index)
    case .babi(let task): task.metric(at: index)
    }
  }

  func score(_ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    switch self {
    case .copy(let task): task.score(record, outputs: outputs, scores: scores)
    case .repeatCopy(let task): task.score(record, outputs: outputs, scores: scores)
    case .associativeRecall(let task): task.score(record, outputs: outputs, scores: scores)
    case .keyValue(let task): task.score(record, outputs: outputs, scores: scores)
    case .graphTraversal(let task): task.score(record, outputs: outputs, scores: scores)
    case .miniShrdlu(let task): task.score(record, outputs: outputs, scores: scores)
    case .babi(let task): task.score(record, outputs: outputs, scores: scores)
    }
  }
}
