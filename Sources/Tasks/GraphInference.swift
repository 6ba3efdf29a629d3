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
  private struct Settings {
    /// Edges of a relation.
    var lengths = 2...3
    var kinship = false
    var queries = 3
    var planning = 10
  }

  private let graphs: Graphs
  private let settings: Settings
  private let relations: Relations
  /// Graphs drawn to find one with enough relations.
  private static let attempts = 1000

  var inputSize: Int { GraphEncoding.inputSize }
  var outputSize: Int { GraphEncoding.outputSize }
  var loss: Loss { GraphEncoding.loss }
  var metricCount: Int { GraphEncoding.metricCount }
  func metric(at index: Int) -> Metric { GraphEncoding.metric(at: index) }

  private struct Episode {
    let graph: Graph
    let queries: UnsafeMutablePointer<Relations.Query>

    init(_ task: borrowing GraphInference, _ carver: inout Carver) {
      graph = Graph(task.graphs.size, &carver)
      queries = carver.take(task.settings.queries)
    }

    func triple(_ query: Int) -> Triple {
      let asked = queries[query]
      return Triple(graph.label(of: asked.start), Relations.firstLabel + asked.relation, graph.label(of: asked.end))
    }
  }

  var recordBytes: Int {
    var carver = Carver.measuring
    _ = Episode(self, &carver)
    return carver.bytes
  }

  private func episode(_ record: UnsafeRawPointer) -> Episode {
    var carver = Carver.cutting(UnsafeMutableRawPointer(mutating: record))
    return Episode(self, &carver)
  }

  init(options: UnsafePointer<CChar>?) throws(Failure) {
    var graphs = Graphs.Options(RandomGraph(nodes: 6...12, digitEdges: true))
    var settings = Settings()
    try TaskOptions.forEach(options) { (option) throws(Failure) in
      if try graphs.take(option) { return }
      if option.key.equals("relation") {
        settings.kinship = option.value.equals("kinship")
        settings.lengths = settings.kinship ? 4...4 : try option.range(in: Relations.lengths)
      } else if option.key.equals("queries") {
        settings.queries = try option.number(in: 1...100)
      } else if option.key.equals("planning") {
        settings.planning = try option.number(in: 0...1000)
      } else {
        throw option.unknown(allowed: "nodes, out_degree, graph, relation, queries and planning")
      }
    }
    let source = try Graphs(graphs)
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
    self.settings = settings
    self.relations = relations
  }

  private func find(_ number: Int, length: Int, in graph: Graph) -> Relations.Query {
    relations.find(number, length: length, kinship: settings.kinship, in: graph)
  }

  /// How many queries up to this one have its length.
  private func alike(_ query: Int, _ queries: UnsafePointer<Relations.Query>) -> Int {
    var count = 0
    for i in 0...query where queries[i].length == queries[query].length { count += 1 }
    return count
  }

  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int {
    let episode = episode(record)
    let graph = episode.graph
    let asked = episode.queries
    for i in 0..<settings.queries { asked[i].length = random.within(settings.lengths) }
    var missing = true
    for _ in 0..<GraphInference.attempts where missing {
      graphs.draw(&random, into: graph)
      missing = (0..<settings.queries).contains {
        let needed = alike($0, asked)
        return find(needed, length: asked[$0].length, in: graph).number < needed
      }
    }
    for i in 0..<settings.queries {
      // Where all these graphs have too few: shorter relations, and the same question twice among the shortest.
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
    return graph.edges + settings.queries * (settings.planning + 2)
  }

  func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = episode(record)
    let graph = episode.graph
    let query = (t - graph.edges) / (settings.planning + 2)
    let phase = (t - graph.edges) % (settings.planning + 2)
    if t < graph.edges {
      if t == 0 { input[GraphEncoding.transition] = 1 }
      graph.triple(Int(graph.order[t])).write(input)
      return 0
    }
    if phase <= 1 || phase == settings.planning + 1 { input[GraphEncoding.transition] = 1 }
    let asked = episode.triple(query)
    if phase == 0 { Triple(asked.source, asked.edge, nil).write(input) }
    guard phase == settings.planning + 1 else { return 0 }
    input[GraphEncoding.prediction] = 1
    asked.write(target)
    return 1
  }

  func score(_ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let episode = episode(record)
    var right = 0
    let guess = 1 / Double(episode.graph.nodes)
    var chance = 1.0
    for i in 0..<settings.queries {
      if episode.triple(i).isRight(outputs[episode.graph.edges + (i + 1) * (settings.planning + 2) - 1]) { right += 1 }
      chance *= guess
    }
    scores.add(0, right == settings.queries ? 1 : 0, chance: chance)
    scores.add(1, Double(right), of: Double(settings.queries), chance: Double(settings.queries) * guess)
  }
}
