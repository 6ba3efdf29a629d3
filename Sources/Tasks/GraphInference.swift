import CDNC

/// Say where relations lead whose meaning is never shown (Methods, "Graph tasks: inference").
///
///     phase         steps   input                         target
///     description   edges   all triples in random order   0
///     query         1       (start, relation, blank)      0
///     planning      10      0                             0
///     answer        1       0                             (start, relation, end)
///
/// From the query on, the phases are repeated for each query.
struct GraphInference: ~Copyable, EpisodeSource {
  static let name: StaticString = "graph_inference"

  struct Settings: TaskSettings {
    let graphs: Graphs.Settings
    /// Edges of a relation.
    let lengths: ClosedRange<Int>
    let kinship: Bool
    let queries, planning: Int

    init(_ options: inout TaskOptions) throws(Failure) {
      graphs = try Graphs.Settings(&options, nodes: "6-12", digitEdges: true)
      let lengths = try options.range(
        "relation", in: Relations.lengths, or: "kinship", default: "2-3",
        "edges that a relation stands for; or the 32 kinships alone, of 4 edges")
      (self.lengths, kinship) = (lengths ?? 4...4, lengths == nil)
      queries = try options.number("queries", in: 1...100, default: "3", "questions about one graph")
      planning = try options.number(
        "planning", in: 0...1000, default: "10", "empty steps between query and answer")
    }
  }

  private let graphs: Graphs
  private let lengths: ClosedRange<Int>
  private let kinship: Bool
  private let queries, planning: Int
  private let relations: Relations
  /// Graphs drawn to find one with enough relations.
  private static let attempts = 1000

  var inputSize: Int { GraphEncoding.inputSize }
  var outputSize: Int { GraphEncoding.outputSize }
  var loss: Loss { GraphEncoding.loss }
  var metricCount: Int { GraphEncoding.metricCount }
  func metric(at index: Int) -> Metric { GraphEncoding.metric(at: index) }

  private struct Episode<Start: NotesPointer> {
    let graph: Graph<Start>
    let queries: Noted<Relations.Query, Start>
    let bytes: Int

    init(_ task: borrowing GraphInference, _ start: Start) {
      var carver = NotesCarver(start)
      graph = Graph(task.graphs.size, &carver)
      queries = carver.take(task.queries)
      bytes = carver.bytes
    }

    func triple(_ query: Int) -> Triple {
      let asked = queries[query]
      return Triple(graph.label(of: asked.start), Relations.firstLabel + asked.relation, graph.label(of: asked.end))
    }
  }

  var notesBytes: Int { Episode(self, measuredNotes).bytes }

  init(_ settings: Settings) throws(Failure) {
    let source = try Graphs(settings.graphs)
    let relations = try Relations()
    if let graph = source.only {
      for length in settings.lengths {
        let found = relations.find(.max, length: length, kinship: settings.kinship, in: graph).number
        guard found >= settings.queries else {
          throw Failure(
            DNC_INVALID_ARGUMENT,
            """
            options: queries is \(settings.queries), but the graph has \(found) questions with relations of \(length) edges
            """)
        }
      }
    }
    self.graphs = source
    (lengths, kinship) = (settings.lengths, settings.kinship)
    (queries, planning) = (settings.queries, settings.planning)
    self.relations = relations
  }

  private func find(_ number: Int, length: Int, in graph: WritableGraph) -> Relations.Query {
    relations.find(number, length: length, kinship: kinship, in: graph)
  }

  /// How many queries up to this one have its length.
  private func alike(_ query: Int, _ queries: UnsafePointer<Relations.Query>) -> Int {
    var count = 0
    for i in 0...query where queries[i].length == queries[query].length { count += 1 }
    return count
  }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    let episode = Episode(self, notes)
    let graph = episode.graph
    let asked = episode.queries.pointer
    for i in 0..<queries { asked[i].length = random.within(lengths) }
    var missing = true
    for _ in 0..<GraphInference.attempts where missing {
      graphs.draw(&random, into: graph)
      missing = (0..<queries).contains {
        let needed = alike($0, asked)
        return find(needed, length: asked[$0].length, in: graph).number < needed
      }
    }
    for i in 0..<queries {
      // If all these graphs have too few questions, relations get shorter, and the shortest may be asked about twice.
      var pairs = find(.max, length: asked[i].length, in: graph).number
      while pairs < alike(i, asked) && asked[i].length > Relations.lengths.lowerBound {
        asked[i].length -= 1
        pairs = find(.max, length: asked[i].length, in: graph).number
      }
      let mayRepeat = pairs < alike(i, asked)
      repeat {
        asked[i] = find(1 + random.below(pairs), length: asked[i].length, in: graph)
      } while !mayRepeat
        && (0..<i).contains { asked[$0].length == asked[i].length && asked[$0].number == asked[i].number }
    }
    return graph.edges + queries * (planning + 2)
  }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = Episode(self, notes)
    let graph = episode.graph
    let query = (t - graph.edges) / (planning + 2)
    let phase = (t - graph.edges) % (planning + 2)
    if t < graph.edges {
      if t == 0 { input[GraphEncoding.transition] = 1 }
      graph.triple(Int(graph.order[t])).write(input)
      return 0
    }
    if phase <= 1 || phase == planning + 1 { input[GraphEncoding.transition] = 1 }
    let asked = episode.triple(query)
    if phase == 0 { Triple(asked.source, asked.edge, nil).write(input) }
    guard phase == planning + 1 else { return 0 }
    input[GraphEncoding.prediction] = 1
    asked.write(target)
    return 1
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let episode = Episode(self, notes)
    var right = 0
    let guess = 1 / Double(episode.graph.nodes)
    var chance = 1.0
    for i in 0..<queries {
      if episode.triple(i).isRight(outputs[episode.graph.edges + (i + 1) * (planning + 2) - 1]) { right += 1 }
      chance *= guess
    }
    scores.add(0, right == queries ? 1 : 0, chance: chance)
    scores.add(1, Double(right), of: Double(queries), chance: Double(queries) * guess)
  }
}
