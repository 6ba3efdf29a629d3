import CDNC
import CPlatform

/// The task of a name, with its options.
///
/// What the protocol asks for goes on to the task. Nothing of it is inlined where it is asked for: that would be all tasks.
enum TaskSource: ~Copyable, EpisodeSource {
  case copy(CopyTask)
  case repeatCopy(RepeatCopy)
  case associativeRecall(AssociativeRecall)
  case keyValue(KeyValue)
  case graphTraversal(GraphTraversal)
  case shortestPath(ShortestPath)
  case graphInference(GraphInference)
  case babi(Babi)
  case miniShrdlu(MiniShrdlu)

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
    } else if name.equals("shortest_path") {
      self = .shortestPath(try ShortestPath(options: options))
    } else if name.equals("graph_inference") {
      self = .graphInference(try GraphInference(options: options))
    } else if name.equals("babi") {
      self = .babi(try Babi(options: options))
    } else if name.equals("mini_shrdlu") {
      self = .miniShrdlu(try MiniShrdlu(options: options))
    } else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        """
        name is \"\(bytes: name)\", allowed are copy, repeat_copy, associative_recall, key_value, graph_traversal, \
        shortest_path, graph_inference, babi and mini_shrdlu
        """)
    }
  }

  @inline(never) var inputSize: Int {
    switch self {
    case .copy(let task): task.inputSize
    case .repeatCopy(let task): task.inputSize
    case .associativeRecall(let task): task.inputSize
    case .keyValue(let task): task.inputSize
    case .graphTraversal(let task): task.inputSize
    case .shortestPath(let task): task.inputSize
    case .graphInference(let task): task.inputSize
    case .babi(let task): task.inputSize
    case .miniShrdlu(let task): task.inputSize
    }
  }

  @inline(never) var outputSize: Int {
    switch self {
    case .copy(let task): task.outputSize
    case .repeatCopy(let task): task.outputSize
    case .associativeRecall(let task): task.outputSize
    case .keyValue(let task): task.outputSize
    case .graphTraversal(let task): task.outputSize
    case .shortestPath(let task): task.outputSize
    case .graphInference(let task): task.outputSize
    case .babi(let task): task.outputSize
    case .miniShrdlu(let task): task.outputSize
    }
  }

  @inline(never) var loss: Loss {
    switch self {
    case .copy(let task): task.loss
    case .repeatCopy(let task): task.loss
    case .associativeRecall(let task): task.loss
    case .keyValue(let task): task.loss
    case .graphTraversal(let task): task.loss
    case .shortestPath(let task): task.loss
    case .graphInference(let task): task.loss
    case .babi(let task): task.loss
    case .miniShrdlu(let task): task.loss
    }
  }

  @inline(never) var recordBytes: Int {
    switch self {
    case .copy(let task): task.recordBytes
    case .repeatCopy(let task): task.recordBytes
    case .associativeRecall(let task): task.recordBytes
    case .keyValue(let task): task.recordBytes
    case .graphTraversal(let task): task.recordBytes
    case .shortestPath(let task): task.recordBytes
    case .graphInference(let task): task.recordBytes
    case .babi(let task): task.recordBytes
    case .miniShrdlu(let task): task.recordBytes
    }
  }

  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: random, into: record)
  }

  @inline(never) func draw(_ random: inout Random, shared: Random, into record: UnsafeMutableRawPointer) -> Int {
    switch self {
    case .copy(let task): task.draw(&random, shared: shared, into: record)
    case .repeatCopy(let task): task.draw(&random, shared: shared, into: record)
    case .associativeRecall(let task): task.draw(&random, shared: shared, into: record)
    case .keyValue(let task): task.draw(&random, shared: shared, into: record)
    case .graphTraversal(let task): task.draw(&random, shared: shared, into: record)
    case .shortestPath(let task): task.draw(&random, shared: shared, into: record)
    case .graphInference(let task): task.draw(&random, shared: shared, into: record)
    case .babi(let task): task.draw(&random, shared: shared, into: record)
    case .miniShrdlu(let task): task.draw(&random, shared: shared, into: record)
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

  @inline(never) func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    switch self {
    case .copy(let task): task.step(t, of: record, input: input, target: target)
    case .repeatCopy(let task): task.step(t, of: record, input: input, target: target)
    case .associativeRecall(let task): task.step(t, of: record, input: input, target: target)
    case .keyValue(let task): task.step(t, of: record, input: input, target: target)
    case .graphTraversal(let task): task.step(t, of: record, input: input, target: target)
    case .shortestPath(let task): task.step(t, of: record, input: input, target: target)
    case .graphInference(let task): task.step(t, of: record, input: input, target: target)
    case .babi(let task): task.step(t, of: record, input: input, target: target)
    case .miniShrdlu(let task): task.step(t, of: record, input: input, target: target)
    }
  }

  @inline(never) var isInteractive: Bool {
    switch self {
    case .copy(let task): task.isInteractive
    case .repeatCopy(let task): task.isInteractive
    case .associativeRecall(let task): task.isInteractive
    case .keyValue(let task): task.isInteractive
    case .graphTraversal(let task): task.isInteractive
    case .shortestPath(let task): task.isInteractive
    case .graphInference(let task): task.isInteractive
    case .babi(let task): task.isInteractive
    case .miniShrdlu(let task): task.isInteractive
    }
  }

  @inline(never) func move(_ t: Int, in record: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool) {
    switch self {
    case .copy(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .repeatCopy(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .associativeRecall(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .keyValue(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .graphTraversal(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .shortestPath(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .graphInference(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .babi(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .miniShrdlu(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    }
  }

  @inline(never) func loss(
    _ t: Int, of record: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double {
    switch self {
    case .copy(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .repeatCopy(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .associativeRecall(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .keyValue(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .graphTraversal(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .shortestPath(let task):
      task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    case .graphInference(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .babi(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .miniShrdlu(let task):
      task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    }
  }

  /// What the protocol says of tasks without a loss of their own.
  @inline(never) private func row(
    _ loss: Loss, _ width: Int, _ output: In<Float>, _ target: In<Float>, _ share: Float, _ gradient: Out<Float>?
  ) -> Double { loss.row(width, output, target, share, gradient) }

  @inline(never) var metricCount: Int {
    switch self {
    case .copy(let task): task.metricCount
    case .repeatCopy(let task): task.metricCount
    case .associativeRecall(let task): task.metricCount
    case .keyValue(let task): task.metricCount
    case .graphTraversal(let task): task.metricCount
    case .shortestPath(let task): task.metricCount
    case .graphInference(let task): task.metricCount
    case .babi(let task): task.metricCount
    case .miniShrdlu(let task): task.metricCount
    }
  }

  @inline(never) func metric(at index: Int) -> Metric {
    switch self {
    case .copy(let task): task.metric(at: index)
    case .repeatCopy(let task): task.metric(at: index)
    case .associativeRecall(let task): task.metric(at: index)
    case .keyValue(let task): task.metric(at: index)
    case .graphTraversal(let task): task.metric(at: index)
    case .shortestPath(let task): task.metric(at: index)
    case .graphInference(let task): task.metric(at: index)
    case .babi(let task): task.metric(at: index)
    case .miniShrdlu(let task): task.metric(at: index)
    }
  }

  @inline(never) func score(
    _ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>
  ) {
    switch self {
    case .copy(let task): task.score(record, outputs: outputs, scores: scores)
    case .repeatCopy(let task): task.score(record, outputs: outputs, scores: scores)
    case .associativeRecall(let task): task.score(record, outputs: outputs, scores: scores)
    case .keyValue(let task): task.score(record, outputs: outputs, scores: scores)
    case .graphTraversal(let task): task.score(record, outputs: outputs, scores: scores)
    case .shortestPath(let task): task.score(record, outputs: outputs, scores: scores)
    case .graphInference(let task): task.score(record, outputs: outputs, scores: scores)
    case .babi(let task): task.score(record, outputs: outputs, scores: scores)
    case .miniShrdlu(let task): task.score(record, outputs: outputs, scores: scores)
    }
  }
}
