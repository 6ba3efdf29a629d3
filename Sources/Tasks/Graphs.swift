import CDNC
import CPlatform

/// Where a task's graphs come from: drawn at random, or one from a file, with new labels each time.
struct Graphs: ~Copyable {
  struct Settings {
    let random: RandomGraph
    let file: UnsafeRawBufferPointer?

    /// - Parameter digitEdges: see `RandomGraph`.
    init(_ options: inout TaskOptions, nodes: StaticString = "10-20", digitEdges: Bool = false) throws(Failure) {
      random = RandomGraph(
        nodes: try options.range("nodes", in: RandomGraph.nodeCounts, default: nodes, "number of nodes; uniform"),
        outDegree: try options.range(
          "out_degree", in: 1...(digitEdges ? 10 : 20), default: "2-4", "edges of each node, drawn per node"),
        digitEdges: digitEdges)
      file = try options.path(
        "graph", "a file with the graph to use instead; not with \"nodes\" and \"out_degree\"")
      if file != nil {
        try options.refuse("nodes", besides: "graph")
        try options.refuse("out_degree", besides: "graph")
      }
    }
  }

  private let random: RandomGraph
  private let file: GraphFile?

  /// - Parameter endless: every node must have an edge that leaves it.
  init(_ settings: Settings, endless: Bool = false) throws(Failure) {
    let random = settings.random
    guard let path = settings.file else {
      self.random = random
      file = nil
      return
    }
    let text = try Memory(bytes: path.count + 1)
    if let start = path.baseAddress { memcpy(text.start, start, path.count) }
    file = try GraphFile(
      path: text.start.assumingMemoryBound(to: CChar.self), digits: random.digitEdges, endless: endless)
    self.random = random
  }

  /// The graph from a file, or nil.
  var only: WritableGraph? {
    switch file {
    case .some(let file): file.graph
    case .none: nil
    }
  }

  @inline(never) var size: GraphSize {
    switch file {
    case .some(let file): GraphSize(nodes: file.graph.nodes, edges: file.graph.edges, labels: file.labels)
    case .none: random.size
    }
  }

  @inline(never) func draw(_ random: inout Random, into graph: WritableGraph) {
    switch file {
    case .some(let file): graph.copy(file.graph, labels: file.labels, digits: self.random.digitEdges, &random)
    case .none: self.random.draw(&random, into: graph)
    }
  }
}
