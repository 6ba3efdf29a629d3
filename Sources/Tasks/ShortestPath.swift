import CDNC

/// Find a shortest way between two nodes, edge by edge (Methods, "Graph tasks: shortest path").
///
///     phase         steps              input                                   target
///     description   edges              all triples in random order             0
///     query         1                  (start, blank, end)                     0
///     planning      10                 0                                       0
///     answer        at most path + 5   0, then the triple of the last move     the best edge that leaves the present node
///
/// Query, planning and answer come `queries` times. An answer ends where the end is reached or out of reach. The best edge is
/// the first one on a shortest way; others may be as good. The network chooses among the edges that leave the node, and while
/// it learns, a teacher chooses in its place with probability β.
///
/// If `plan` is not 0, the first steps of planning have targets, too, with `plan` as their mask: the edges of the teacher's
/// way from the start, the last one first. What does not fit into the planning is left out.
struct ShortestPath: ~Copyable, EpisodeSource {
  static let name: StaticString = "shortest_path"

  struct Settings: TaskSettings {
    let graphs: Graphs.Settings
    let path: ClosedRange<Int>
    let planning, queries: Int
    let beta, plan: Double
    let comparesDigits: Bool

    init(_ options: inout TaskOptions) throws(Failure) {
      graphs = try Graphs.Settings(&options)
      path = try options.range("path", in: 1...100, default: "2-4", "edges of a shortest path; uniform")
      planning = try options.number(
        "planning", in: 0...1000, default: "10", "empty steps between query and answer")
      beta = try options.share("beta", default: "0.8", "probability that the teacher moves")
      plan = try options.share(
        "plan", default: "0",
        "weight of the first steps of planning, whose targets are the shortest path's edges, the last one first")
      comparesDigits = try options.choice(
        "loss", default: "edges", or: "digits",
        "of a move: over the edges of its node, or over the digits of its triple")
      queries = try options.number("queries", in: 1...100, default: "1", "paths to find in one graph")
    }
  }

  private let graphs: Graphs
  private let path: ClosedRange<Int>
  private let planning, queries: Int
  private let beta: Double
  private let plan: Float
  private let comparesDigits: Bool
  /// The network may make so many moves more than a shortest way has.
  private static let spare = 5
  /// Graphs drawn to find two nodes far enough apart.
  private static let attempts = 100

  var inputSize: Int { GraphEncoding.inputSize }
  var outputSize: Int { GraphEncoding.outputSize }
  var loss: Loss { GraphEncoding.loss }
  var isInteractive: Bool { true }
  var metricCount: Int { 4 }
  func metric(at index: Int) -> Metric {
    switch index {
    case 0: Metric(name: "nearly_shortest", isError: false)
    case 1: Metric(name: "shortest", isError: false)
    case 2: Metric(name: "extra_moves", isError: true)
    default: Metric(name: "moves_right", isError: false)
    }
  }

  private struct Facts {
    /// The step that asks.
    let first: Int
    let start, end, shortest: Int
    let nearlyChance, shortestChance, extraChance: Double
    var moves = 0
    var limit: Int { shortest + ShortestPath.spare }
  }

  private struct Teacher {
    var random: Random
    var evaluating = false
  }

  private struct Episode<Start: NotesPointer> {
    let graph: Graph<Start>
    let teacher: Noted<Teacher, Start>
    private let facts: Noted<Facts, Start>
    private let distance, taken: Noted<UInt16, Start>
    private let nodes, moves, queries: Int
    let bytes: Int

    init(_ task: borrowing ShortestPath, _ start: Start) {
      nodes = task.graphs.size.nodes
      moves = task.path.upperBound + ShortestPath.spare
      queries = task.queries
      var carver = NotesCarver(start)
      graph = Graph(task.graphs.size, &carver)
      teacher = carver.take(1)
      facts = carver.take(queries)
      distance = carver.take(queries * nodes)
      taken = carver.take(queries * moves)
      bytes = carver.bytes
    }

    func query(_ i: Int) -> Query<Start> {
      Query(graph: graph, facts: facts.from(i), distance: distance.from(i * nodes), taken: taken.from(i * moves))
    }

    /// The one that step t belongs to or, in the description, the first one.
    func query(at t: Int) -> Query<Start> {
      var i = queries - 1
      while i > 0 && facts[i].first > t { i -= 1 }
      return query(i)
    }
  }

  private struct Query<Start: NotesPointer> {
    let graph: Graph<Start>
    let facts: Noted<Facts, Start>
    /// To the end, from each node.
    let distance: Noted<UInt16, Start>
    /// The edge of each move.
    let taken: Noted<UInt16, Start>

    /// Where move i begins; the moves before it have been made.
    func node(_ i: Int) -> Int { i == 0 ? facts.pointee.start : graph.end(of: Int(taken[i - 1])) }

    /// Whether there is a move i: the moves before it have been made, and the end is neither reached nor out of reach.
    func isOpen(_ i: Int) -> Bool {
      let left = i <= facts.pointee.moves && i < facts.pointee.limit ? distance[node(i)] : 0
      return left != 0 && left != Graph<Start>.unreachable
    }

    func isShortest(_ edge: Int, from node: Int) -> Bool {
      Int(distance[graph.end(of: edge)]) + 1 == Int(distance[node])
    }

    func best(from node: Int) -> Int {
      let edges = graph.outEdges(of: node)
      return edges.first { isShortest($0, from: node) } ?? edges.lowerBound
    }

    /// The edge of the teacher's way from the start that `left` edges come after.
    func planned(left: Int) -> Int {
      var edge = best(from: facts.pointee.start)
      while Int(distance[graph.end(of: edge)]) > left { edge = best(from: graph.end(of: edge)) }
      return edge
    }

    /// The digits that tell the edge from the others that leave its node: those of its label and its end.
    func way(_ edge: Int) -> Triple { Triple(nil, Int(graph.edgeLabel[edge]), graph.label(of: graph.end(of: edge))) }

    /// log p(edge), up to a number that is the same for all edges that leave the node: the sum of its digits' logits. The
    /// softmaxes' denominators are that number.
    func logit(_ edge: Int, _ output: In<Float>) -> Double {
      var sum = 0.0
      way(edge).forEachDigit { sum += Double(output[$0]) }
      return sum
    }

    /// The first of the most likely edges.
    @inline(never) func likeliest(from node: Int, _ output: In<Float>) -> Int {
      let edges = graph.outEdges(of: node)
      var best = (-Double.infinity, edges.lowerBound)
      for edge in edges {
        let candidate = logit(edge, output)
        if candidate > best.0 { best = (candidate, edge) }
      }
      return best.1
    }
  }

  var notesBytes: Int { Episode(self, measuredNotes).bytes }

  init(_ settings: Settings) throws(Failure) {
    let source = try Graphs(settings.graphs)
    let path = settings.path
    if let graph = source.only {
      for length in path where graph.countPairs(apart: length, graph.nodeLabel.pointer, until: 1).count == 0 {
        throw Failure(
          DNC_INVALID_ARGUMENT,
          "options: path is \(path.lowerBound)-\(path.upperBound), but the graph has no nodes \(length) edges apart")
      }
    }
    self.graphs = source
    (self.path, planning, queries) = (path, settings.planning, settings.queries)
    (beta, plan, comparesDigits) = (settings.beta, Float(settings.plan), settings.comparesDigits)
  }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    let episode = Episode(self, notes)
    let graph = episode.graph
    let shortest = random.within(path)
    let distance = episode.query(0).distance.pointer
    var attempts = ShortestPath.attempts
    repeat {
      graphs.draw(&random, into: graph)
      attempts -= 1
    } while attempts > 0 && graph.countPairs(apart: shortest, distance, until: 1).count == 0
    var first = graph.edges
    for i in 0..<queries {
      ask(episode.query(i), apart: i == 0 ? shortest : random.within(path), first: first, &random)
      first += 1 + planning + episode.query(i).facts.pointee.limit
    }
    episode.teacher.pointee = Teacher(random: random)
    return first
  }

  /// Draws start and end, so far apart or, if there is no such pair, as far below as needed.
  private func ask(
    _ query: Query<UnsafeMutableRawPointer>, apart length: Int, first: Int, _ random: inout Random
  ) {
    let graph = query.graph
    var shortest = length + 1
    var pairs = 0
    while pairs == 0 {
      shortest -= 1
      pairs = graph.countPairs(apart: shortest, query.distance.pointer).count
    }
    let pair = graph.countPairs(apart: shortest, query.distance.pointer, until: 1 + random.below(pairs))
    graph.findDistances(to: pair.end, limit: graph.nodes, query.distance.pointer)

    var guess = RandomWalk(graph, from: pair.start)
    for _ in 0..<shortest { guess.step(end: pair.end) }
    let shortestChance = guess[pair.end]
    var extra = 0.0
    var nearlyChance = 0.0
    for i in 0...ShortestPath.spare {
      extra += 1 - guess[pair.end]
      guess.step(end: pair.end)
      if i == 0 { nearlyChance = guess[pair.end] }
    }
    query.facts.pointee = Facts(
      first: first, start: pair.start, end: pair.end, shortest: shortest, nearlyChance: nearlyChance,
      shortestChance: shortestChance, extraChance: extra)
  }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = Episode(self, notes)
    let graph = episode.graph
    if t < graph.edges {
      if t == 0 { input[GraphEncoding.transition] = 1 }
      graph.triple(Int(graph.order[t])).write(input)
      return 0
    }
    let query = episode.query(at: t)
    let facts = query.facts.pointee
    let phase = t - facts.first
    let move = phase - 1 - planning
    if move >= 0 && !query.isOpen(move) { return 0 }
    if phase <= 1 || move == 0 { input[GraphEncoding.transition] = 1 }
    if phase == 0 {
      Triple(graph.label(of: facts.start), nil, graph.label(of: facts.end)).write(input)
    } else if move < 0 {
      guard plan > 0, phase <= facts.shortest else { return 0 }
      graph.triple(query.planned(left: phase - 1)).write(target)
      return plan
    } else {
      input[GraphEncoding.prediction] = 1
      if move > 0 { graph.triple(Int(query.taken[move - 1])).write(input) }
      graph.triple(query.best(from: query.node(move))).write(target)
      return 1
    }
    return 0
  }

  func move(_ t: Int, in notes: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool) {
    let episode = Episode(self, notes)
    let query = episode.query(at: t)
    let move = t - query.facts.pointee.first - 1 - planning
    guard move >= 0, query.isOpen(move) else { return }
    episode.teacher.pointee.evaluating = evaluating
    let edge = choose(move, query, output: output, &episode.teacher.pointee)
    query.taken[move] = UInt16(edge)
    query.facts.pointee.moves = move + 1
  }

  /// The edge of a move.
  private func choose(
    _ move: Int, _ query: Query<some NotesPointer>, output: In<Float>?, _ teacher: inout Teacher
  ) -> Int {
    let node = query.node(move)
    let taught = teacher.random.uniform() < beta && !teacher.evaluating
    guard let output, !taught else { return query.best(from: node) }
    return query.likeliest(from: node, output)
  }

  /// Of a move, −log p(best edge) among the edges that leave the node: the logits of the source's digits add nothing to it. Of
  /// planning, and of a move that compares digits, that of the edge's nine digits.
  func loss(
    _ t: Int, of notes: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double {
    let query = Episode(self, notes).query(at: t)
    let move = t - query.facts.pointee.first - 1 - planning
    guard move >= 0 && !comparesDigits else { return loss.ofRow(outputSize, output, target, share, gradient) }
    let node = query.node(move)
    let edges = query.graph.outEdges(of: node)
    let best = query.best(from: node)
    var all = LogSum()
    for edge in edges { all.add(query.logit(edge, output)) }
    if let gradient {
      gradient.update(repeating: 0, count: outputSize)
      for edge in edges {
        let part = share * Float(all.probability(query.logit(edge, output)) - (edge == best ? 1 : 0))
        query.way(edge).forEachDigit { gradient[$0] += part }
      }
    }
    return all - query.logit(best, output)
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let episode = Episode(self, notes)
    for i in 0..<queries { score(episode.query(i), episode.teacher.pointee, outputs: outputs, scores: scores) }
  }

  private func score(
    _ query: Query<UnsafeRawPointer>, _ teacher: Teacher, outputs: EpisodeOutputs,
    scores: UnsafeMutablePointer<dnc_score>
  ) {
    let facts = query.facts.pointee
    let answer = facts.first + 1 + planning
    var moves = facts.moves
    var last = query.node(moves)
    // No input comes after the last move that is allowed, so it has not been made.
    if query.isOpen(moves) {
      var teacher = teacher
      last = query.graph.end(of: choose(moves, query, output: outputs[answer + moves], &teacher))
      moves += 1
    }
    let extra = last == facts.end ? moves - facts.shortest : ShortestPath.spare + 1
    scores.add(0, extra <= 1 ? 1 : 0, chance: facts.nearlyChance)
    scores.add(1, extra == 0 ? 1 : 0, chance: facts.shortestChance)
    scores.add(2, Double(extra), chance: facts.extraChance)
    for i in 0..<moves {
      let node = query.node(i)
      let edges = query.graph.outEdges(of: node)
      var right = 0.0
      for edge in edges where query.isShortest(edge, from: node) { right += 1 }
      let isRight = query.isShortest(query.likeliest(from: node, outputs[answer + i]), from: node)
      scores.add(3, isRight ? 1 : 0, chance: right / Double(edges.count))
    }
  }
}
