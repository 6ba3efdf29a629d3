import CDNC
import CPlatform

/// Where a task's graphs come from: drawn at random, or one from a file, with new labels each time.
struct Graphs: ~Copyable {
  struct Options {
    fileprivate var random: RandomGraph
    fileprivate var file: UnsafeRawBufferPointer?
    /// One that has been chosen, and is of random graphs alone.
    fileprivate var ofRandom: UnsafeRawBufferPointer?

    init(_ random: RandomGraph = RandomGraph()) { self.random = random }

    /// False if the option is not about graphs.
    @inline(never) mutating func take(_ option: TaskOptions.Option) throws(Failure) -> Bool {
      if option.key.equals("graph") {
        file = option.value
      } else if try random.take(option) {
        ofRandom = option.key
      } else {
        return false
      }
      return true
    }
  }

  private let random: RandomGraph
  private let file: GraphFile?

  /// - Parameter endless: a way on must lead from every node.
  init(_ options: Options, endless: Bool = false) throws(Failure) {
    let random = options.random
    guard let path = options.file else {
      self.random = random
      file = nil
      return
    }
    if let other = options.ofRandom {
      throw Failure(DNC_INVALID_ARGUMENT, "options: \(bytes: other) is not allowed together with graph")
    }
    let text = try Memory(bytes: path.count + 1)
    if let start = path.baseAddress { memcpy(text.start, start, path.count) }
    file = try GraphFile(
      path: text.start.assumingMemoryBound(to: CChar.self), digits: random.digitEdges, endless: endless)
    self.random = random
  }

  /// The only graph, if it is from a file.
  var only: Graph? {
    switch file {
    case .some(let file): file.graph
    case .none: nil
    }
  }

  @inline(never) var size: Graph.Size {
    switch file {
    case .some(let file): Graph.Size(nodes: file.graph.nodes, edges: file.graph.edges, labels: file.labels)
    case .none: random.size
    }
  }

  @inline(never) func draw(_ random: inout Random, into graph: Graph) {
    switch file {
    case .some(let file): graph.copy(file.graph, labels: file.labels, digits: self.random.digitEdges, &random)
    case .none: self.random.draw(&random, into: graph)
    }
  }
}
