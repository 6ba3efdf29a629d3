import CDNC
import CPlatform

/// The task of a name, with its options. What it passes on isn't inlined: once is enough of all tasks.
enum TaskSource: ~Copyable, EpisodeSource {
  case copy(CopyTask)
  case graphTraversal(GraphTraversal)
  case shortestPath(ShortestPath)
  case graphInference(GraphInference)

  init(name: UnsafeRawBufferPointer, options: UnsafePointer<CChar>?) throws(Failure) {
    if name.equals("copy") {
      self = .copy(try CopyTask(options: options))
    } else if name.equals("graph_traversal") {
      self = .graphTraversal(try GraphTraversal(options: options))
    } else if name.equals("shortest_path") {
      self = .shortestPath(try ShortestPath(options: options))
    } else if name.equals("graph_inference") {
      self = .graphInference(try GraphInference(options: options))
    } else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        """
        name is \"\(bytes: name)\", allowed are \"copy\", \"graph_traversal\", \"shortest_path\" and \"graph_inference\"
        """)
    }
  }

  @inline(never) var inputSize: Int {
    switch self {
    case .copy(let task): task.inputSize
    case .graphTraversal(let task): task.inputSize
    case .shortestPath(let task): task.inputSize
    case .graphInference(let task): task.inputSize
    }
  }

  @inline(never) var outputSize: Int {
    switch self {
    case .copy(let task): task.outputSize
    case .graphTraversal(let task): task.outputSize
    case .shortestPath(let task): task.outputSize
    case .graphInference(let task): task.outputSize
    }
  }

  @inline(never) var loss: Loss {
    switch self {
    case .copy(let task): task.loss
    case .graphTraversal(let task): task.loss
    case .shortestPath(let task): task.loss
    case .graphInference(let task): task.loss
    }
  }

  @inline(never) var recordBytes: Int {
    switch self {
    case .copy(let task): task.recordBytes
    case .graphTraversal(let task): task.recordBytes
    case .shortestPath(let task): task.recordBytes
    case .graphInference(let task): task.recordBytes
    }
  }

  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: random, into: record)
  }

  @inline(never) func draw(_ random: inout Random, shared: Random, into record: UnsafeMutableRawPointer) -> Int {
    switch self {
    case .copy(let task): task.draw(&random, shared: shared, into: record)
    case .graphTraversal(let task): task.draw(&random, shared: shared, into: record)
    case .shortestPath(let task): task.draw(&random, shared: shared, into: record)
    case .graphInference(let task): task.draw(&random, shared: shared, into: record)
    }
  }

  @inline(never) func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    switch self {
    case .copy(let task): task.step(t, of: record, input: input, target: target)
    case .graphTraversal(let task): task.step(t, of: record, input: input, target: target)
    case .shortestPath(let task): task.step(t, of: record, input: input, target: target)
    case .graphInference(let task): task.step(t, of: record, input: input, target: target)
    }
  }

  @inline(never) var isInteractive: Bool {
    switch self {
    case .copy(let task): task.isInteractive
    case .graphTraversal(let task): task.isInteractive
    case .shortestPath(let task): task.isInteractive
    case .graphInference(let task): task.isInteractive
    }
  }

  @inline(never) func move(_ t: Int, in record: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool) {
    switch self {
    case .copy(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .graphTraversal(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .shortestPath(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    case .graphInference(let task): task.move(t, in: record, output: output, evaluating: evaluating)
    }
  }

  @inline(never) func loss(
    _ t: Int, of record: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double {
    switch self {
    case .copy(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .graphTraversal(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    case .shortestPath(let task):
      task.loss(t, of: record, output: output, target: target, share: share, gradient: gradient)
    case .graphInference(let task): row(task.loss, task.outputSize, output, target, share, gradient)
    }
  }

  /// What the protocol says of tasks without a loss of their own.
  @inline(never) private func row(
    _ loss: Loss, _ width: Int, _ output: In<Float>, _ target: In<Float>, _ share: Float, _ gradient: Out<Float>?
  ) -> Double { loss.row(width, output, target, share, gradient) }

  @inline(never) var metricCount: Int {
    switch self {
    case .copy(let task): task.metricCount
    case .graphTraversal(let task): task.metricCount
    case .shortestPath(let task): task.metricCount
    case .graphInference(let task): task.metricCount
    }
  }

  @inline(never) func metric(at index: Int) -> Metric {
    switch self {
    case .copy(let task): task.metric(at: index)
    case .graphTraversal(let task): task.metric(at: index)
    case .shortestPath(let task): task.metric(at: index)
    case .graphInference(let task): task.metric(at: index)
    }
  }

  @inline(never) func score(
    _ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>
  ) {
    switch self {
    case .copy(let task): task.score(record, outputs: outputs, scores: scores)
    case .graphTraversal(let task): task.score(record, outputs: outputs, scores: scores)
    case .shortestPath(let task): task.score(record, outputs: outputs, scores: scores)
    case .graphInference(let task): task.score(record, outputs: outputs, scores: scores)
    }
  }
}
