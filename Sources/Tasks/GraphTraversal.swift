import CDNC

/// Follow a list of edge labels through a graph held in memory (Methods, "Graph tasks: traversal").
///
///     phase         steps             input                                              target
///     description   edges             all triples in random order                        0
///     query         path              (start, e₁, blank), then (blank, eᵢ, blank)        0
///     answer        path              0                                                  (sᵢ, eᵢ, dᵢ)
///                   1, to terminate   0                                                  (0, 0, 0)
///
/// The path is a random walk from a random node. No edge has the triple (0, 0, 0): nodes have no edges to themselves.
///
/// If `follow` is not 0, the steps of the query have targets, too, with `follow` as their mask: (sᵢ, eᵢ, dᵢ) in step i.
struct GraphTraversal: ~Copyable, EpisodeSource {
  static let name: StaticString = "graph_traversal"

  struct Settings: TaskSettings {
    let graphs: Graphs.Settings
    let path: ClosedRange<Int>
    let terminates: Bool
    let follow: Double

    init(_ options: inout TaskOptions) throws(Failure) {
      graphs = try Graphs.Settings(&options)
      path = try options.range("path", in: 1...100, default: "1-5", "number of edges to follow; uniform")
      terminates =
        try !options.choice("terminate", default: "yes", or: "no", "whether the answer ends with (0, 0, 0)")
      follow = try options.share(
        "follow", default: "0", "weight in the loss of the query's steps, each with its triple as the target")
    }
  }

  private let graphs: Graphs
  private let path: ClosedRange<Int>
  private let terminates: Bool
  private let follow: Float

  init(_ settings: Settings) throws(Failure) {
    graphs = try Graphs(settings.graphs, endless: true)
    (path, terminates, follow) = (settings.path, settings.terminates, Float(settings.follow))
  }

  var inputSize: Int { GraphEncoding.inputSize }
  var outputSize: Int { GraphEncoding.outputSize }
  var loss: Loss { GraphEncoding.loss }
  var metricCount: Int { GraphEncoding.metricCount }
  func metric(at index: Int) -> Metric { GraphEncoding.metric(at: index) }

  private struct Facts {
    let path: Int
    /// The scores of one who follows random edges: the whole path, and its triples.
    let pathChance, triplesChance: Double
  }

  private struct Episode<Start: NotesPointer> {
    let graph: Graph<Start>
    let facts: Noted<Facts, Start>
    /// The edges of the path.
    let walk: Noted<UInt16, Start>
    let bytes: Int

    init(_ task: borrowing GraphTraversal, _ start: Start) {
      var carver = NotesCarver(start)
      graph = Graph(task.graphs.size, &carver)
      facts = carver.take(1)
      walk = carver.take(task.path.upperBound)
      bytes = carver.bytes
    }
  }

  var notesBytes: Int { Episode(self, measuredNotes).bytes }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    let episode = Episode(self, notes)
    let graph = episode.graph
    graphs.draw(&random, into: graph)
    let path = random.within(self.path)
    let start = random.below(graph.nodes)
    var guess = RandomWalk(graph, from: start)
    var pathChance = 1.0
    var triplesChance = 0.0
    var node = start
    for i in 0..<path {
      let edges = graph.outEdges(of: node)
      let edge = edges.lowerBound + random.below(edges.count)
      episode.walk[i] = UInt16(edge)
      pathChance /= Double(edges.count)
      triplesChance += guess[node] / Double(edges.count)
      guess.step()
      node = graph.end(of: edge)
    }
    episode.facts.pointee = Facts(path: path, pathChance: pathChance, triplesChance: triplesChance)
    return graph.edges + 2 * path + (terminates ? 1 : 0)
  }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = Episode(self, notes)
    let graph = episode.graph
    let path = episode.facts.pointee.path
    let query = t - graph.edges
    let answer = query - path
    if t == 0 || query == 0 || answer == 0 { input[GraphEncoding.transition] = 1 }
    if query < 0 {
      graph.triple(Int(graph.order[t])).write(input)
    } else if answer < 0 {
      let asked = graph.triple(Int(episode.walk[query]))
      Triple(query == 0 ? asked.source : nil, asked.edge, nil).write(input)
      guard follow > 0 else { return 0 }
      asked.write(target)
      return follow
    } else {
      input[GraphEncoding.prediction] = 1
      self.answer(answer, episode).write(target)
      return 1
    }
    return 0
  }

  /// The target of a step of the answer: an edge of the path, then the end.
  private func answer(_ i: Int, _ episode: Episode<some NotesPointer>) -> Triple {
    i < episode.facts.pointee.path ? episode.graph.triple(Int(episode.walk[i])) : Triple(0, 0, 0)
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let episode = Episode(self, notes)
    let facts = episode.facts.pointee
    let first = episode.graph.edges + facts.path
    var triples = 0
    for i in 0..<facts.path where answer(i, episode).isRight(outputs[first + i]) { triples += 1 }
    let ends = !terminates || Triple(0, 0, 0).isRight(outputs[first + facts.path])
    scores.add(0, ends && triples == facts.path ? 1 : 0, chance: facts.pathChance)
    scores.add(1, Double(triples), of: Double(facts.path), chance: facts.triplesChance)
  }
}
