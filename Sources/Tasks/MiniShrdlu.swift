import CDNC

/// Remember several goals, then move blocks to reach the one that is asked for (Methods, "Mini-SHRDLU").
///
///     phase    steps               input                                  target
///     goals    all constraints     a constraint, its goal's letter        0
///     go       1                   go, the letter of one of the goals     the best moves
///     acting   shortest + 5        go                                     the best moves
///
/// Every input shows the board. A move is made in the step of go and in every step of acting. The best moves are those that
/// begin a shortest plan from the present board; where the goal is reached, to pass. While the network learns, a teacher moves
/// in its place with probability β.
struct MiniShrdlu: ~Copyable, EpisodeSource {
  static let name: StaticString = "mini_shrdlu"

  struct Settings: TaskSettings {
    let goals, blocks, constraints, depth: ClosedRange<Int>
    let beta: Double

    init(_ options: inout TaskOptions) throws(Failure) {
      goals = try options.range("goals", in: 1...MiniShrdlu.letters, default: "6", "number of goals; uniform")
      blocks = try options.range("blocks", in: Board.blocks, default: "6", "number of blocks; uniform")
      constraints = try options.range(
        "constraints", in: 1...Constraint.most, default: "3", "constraints of a goal, drawn per goal")
      depth = try options.range(
        "depth", in: 1...19, default: "3",
        "moves from the start to a board in which a goal holds, drawn per goal; there may be a shorter plan")
      beta = try options.share("beta", default: "0.8", "probability that the teacher moves")
    }
  }

  private let settings: Settings
  /// What all episodes share: the boards, and a queue for drawing.
  private let shared: Memory

  /// Moves beyond a shortest plan.
  private static let spare = 6
  /// So many boards are tried for a goal, and so many starts; then goals may get fewer constraints than wanted.
  private static let attempts = 32
  private static let letters = 26
  /// Of the input: the first channel of each part.
  private static let firstBlock = 26
  private static let relation = 32
  private static let secondBlock = 36
  private static let go = 42
  private static let board = 43
  private static let blockChannels = 6
  /// The last of the actions.
  private static let pass = BlockWorld.moves
  /// How many random players measure chance in an episode.
  private static let guesses = 16

  var inputSize: Int { MiniShrdlu.board + Board.columns * Board.rows * MiniShrdlu.blockChannels }
  var outputSize: Int { MiniShrdlu.pass + 1 }
  var loss: Loss { .softmaxCrossEntropy }
  var isInteractive: Bool { true }
  var metricCount: Int { 4 }
  func metric(at index: Int) -> Metric {
    switch index {
    case 0: Metric(name: "constraints_satisfied", isError: false)
    case 1: Metric(name: "perfect", isError: false)
    case 2: Metric(name: "success", isError: false)
    default: Metric(name: "best_moves", isError: false)
    }
  }

  private struct Facts {
    let blocks, goals, chosen: Int
    /// For the teacher's choices and the random players'.
    let seed: UInt64
    /// Moves of a shortest plan.
    var shortest = 0
    var moves = 0
    var evaluating = false
    var limit: Int { shortest + MiniShrdlu.spare }
  }

  private struct Episode<Start: NotesPointer> {
    let facts: Noted<Facts, Start>
    /// All letters in random order; the first ones are the goals'.
    let letter: Noted<UInt8, Start>
    /// How many constraints each goal has, and the constraints: [goals, Constraint.most].
    let counts: Noted<UInt8, Start>
    let constraints: Noted<Constraint, Start>
    /// The board before each move, and after the last.
    let boards: Noted<UInt16, Start>
    /// To the chosen goal, from each board.
    let distance: Noted<UInt8, Start>
    let bytes: Int

    init(_ settings: Settings, _ start: Start) {
      var carver = NotesCarver(start)
      facts = carver.take(1)
      letter = carver.take(MiniShrdlu.letters)
      counts = carver.take(settings.goals.upperBound)
      constraints = carver.take(settings.goals.upperBound * Constraint.most)
      boards = carver.take(settings.depth.upperBound + MiniShrdlu.spare + 1)
      distance = carver.take(BlockWorld.count(settings.blocks.upperBound))
      bytes = carver.bytes
    }

    /// The steps before go.
    var told: Int {
      var sum = 0
      for goal in 0..<facts.pointee.goals { sum += Int(counts[goal]) }
      return sum
    }

    func constraint(_ i: Int, of goal: Int) -> Constraint { constraints[goal * Constraint.most + i] }

    /// How many constraints of the chosen goal hold.
    func satisfied(in board: Board) -> Int {
      let goal = facts.pointee.chosen
      var sum = 0
      for i in 0..<Int(counts[goal]) where constraint(i, of: goal).holds(in: board) { sum += 1 }
      return sum
    }

    /// A bit for each action.
    func bestMoves(_ world: BlockWorld, from board: Int) -> Int {
      if distance[board] == 0 { return 1 << MiniShrdlu.pass }
      var moves = 0
      for move in 0..<BlockWorld.moves where distance[world.next(board, move)] < distance[board] { moves |= 1 << move }
      return moves
    }
  }

  var notesBytes: Int { Episode(settings, measuredNotes).bytes }

  private static func queue(_ settings: Settings, _ carver: inout Carver) -> UnsafeMutablePointer<UInt16> {
    carver.take(BlockWorld.count(settings.blocks.upperBound))
  }

  private func world(_ blocks: Int) -> BlockWorld {
    var carver = Carver.cutting(shared)
    _ = MiniShrdlu.queue(settings, &carver)
    for fewer in settings.blocks.lowerBound..<blocks { _ = BlockWorld(fewer, &carver) }
    return BlockWorld(blocks, &carver)
  }

  init(_ settings: Settings) throws(Failure) {
    var carver = Carver.measuring
    _ = MiniShrdlu.queue(settings, &carver)
    for blocks in settings.blocks { _ = BlockWorld(blocks, &carver) }
    shared = try Memory(bytes: carver.bytes)
    self.settings = settings
    for blocks in settings.blocks { world(blocks).fill() }
  }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    let episode = Episode(settings, notes)
    var carver = Carver.cutting(shared)
    let queue = MiniShrdlu.queue(settings, &carver)
    let world = world(random.within(settings.blocks))
    let goals = random.within(settings.goals)
    for i in 0..<MiniShrdlu.letters { episode.letter[i] = UInt8(i) }
    random.shuffle(episode.letter.pointer, MiniShrdlu.letters, first: goals)
    var start = 0
    var starts = 0
    repeat {
      start = world.index(of: Board.draw(world.blocks, &random))
      starts += 1
    } while !drawGoals(goals, world, start, queue, episode, allowsFewer: starts > MiniShrdlu.attempts, &random)

    let chosen = random.below(goals)
    episode.facts.pointee = Facts(blocks: world.blocks, goals: goals, chosen: chosen, seed: random.next())
    let wanted = Int(episode.counts[chosen])
    var reached = 0
    for board in 0..<world.count {
      let holds = episode.satisfied(in: world[board]) == wanted
      episode.distance[board] = holds ? 0 : BlockWorld.unknown
      if holds {
        queue[reached] = UInt16(board)
        reached += 1
      }
    }
    _ = world.spread(from: reached, queue, limit: world.count, episode.distance.pointer)
    episode.facts.pointee.shortest = Int(episode.distance[start])
    episode.boards[0] = UInt16(start)
    return episode.told + episode.facts.pointee.limit
  }

  /// Draws the goals. A goal's constraints hold in a random board at a drawn number of moves from the start, and not in the
  /// start. Returns false when another start is needed.
  private func drawGoals(
    _ goals: Int, _ world: BlockWorld, _ start: Int, _ queue: UnsafeMutablePointer<UInt16>,
    _ episode: Episode<UnsafeMutableRawPointer>, allowsFewer: Bool, _ random: inout Random
  ) -> Bool {
    let distance = episode.distance.pointer
    distance.update(repeating: BlockWorld.unknown, count: world.count)
    distance[start] = 0
    queue[0] = UInt16(start)
    let reached = world.spread(from: 1, queue, limit: settings.depth.upperBound, distance)
    let deepest = Int(distance[Int(queue[reached - 1])])
    for goal in 0..<goals {
      let wanted = random.within(settings.constraints)
      let depth = min(random.within(settings.depth), deepest)
      let first = bisect(reached) { Int(distance[Int(queue[$0])]) >= depth }
      let end = bisect(reached) { Int(distance[Int(queue[$0])]) > depth }
      var most = 0
      var best = world[start]
      for _ in 0..<MiniShrdlu.attempts where most < wanted {
        let candidate = world[Int(queue[first + random.below(end - first)])]
        let count = candidate.constraints(newSince: world[start], world.blocks, into: nil)
        if count > most { (most, best) = (count, candidate) }
      }
      guard most >= (allowsFewer ? 1 : wanted) else { return false }
      let constraints = episode.constraints.pointer + goal * Constraint.most
      let offered = best.constraints(newSince: world[start], world.blocks, into: constraints)
      let count = min(wanted, offered)
      random.shuffle(constraints, offered, first: count)
      for i in 0..<count where random.below(2) == 1 { constraints[i] = constraints[i].mirrored }
      episode.counts[goal] = UInt8(count)
    }
    return true
  }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = Episode(settings, notes)
    let facts = episode.facts.pointee
    let world = world(facts.blocks)
    let move = t - episode.told
    let present = Int(episode.boards[max(move, 0)])
    for block in 0..<facts.blocks {
      let cell = world[present].cell(of: block)
      let square = cell % 4 * Board.columns + cell / 4
      input[MiniShrdlu.board + square * MiniShrdlu.blockChannels + block] = 1
    }
    if move < 0 {
      var goal = 0
      var i = t
      while i >= Int(episode.counts[goal]) {
        i -= Int(episode.counts[goal])
        goal += 1
      }
      let constraint = episode.constraint(i, of: goal)
      input[Int(episode.letter[goal])] = 1
      input[MiniShrdlu.firstBlock + Int(constraint.first)] = 1
      input[MiniShrdlu.relation + Int(constraint.relation.rawValue)] = 1
      input[MiniShrdlu.secondBlock + Int(constraint.second)] = 1
      return 0
    }
    if move == 0 { input[Int(episode.letter[facts.chosen])] = 1 }
    input[MiniShrdlu.go] = 1
    let best = episode.bestMoves(world, from: present)
    for action in 0...MiniShrdlu.pass where best >> action & 1 == 1 { target[action] = 1 / Float(best.nonzeroBitCount) }
    return 1
  }

  func move(_ t: Int, in notes: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool) {
    let episode = Episode(settings, notes)
    let move = t - episode.told
    guard move >= 0 else { return }
    episode.facts.pointee.evaluating = evaluating
    episode.boards[move + 1] = UInt16(after(move, episode, output: output))
    episode.facts.pointee.moves = move + 1
  }

  /// The board after a move.
  private func after(_ move: Int, _ episode: Episode<some NotesPointer>, output: In<Float>?) -> Int {
    let facts = episode.facts.pointee
    let world = world(facts.blocks)
    let present = Int(episode.boards[move])
    var random = Random(seed: facts.seed, stream: UInt64(move))
    let taught = random.uniform() < settings.beta && !facts.evaluating
    guard let output, !taught else {
      return after(random.bit(of: episode.bestMoves(world, from: present)), present, world)
    }
    return after(likeliest(output), present, world)
  }

  private func after(_ action: Int, _ board: Int, _ world: BlockWorld) -> Int {
    action == MiniShrdlu.pass ? board : world.next(board, action)
  }

  /// The first of the most likely actions.
  private func likeliest(_ output: In<Float>) -> Int {
    var best = 0
    for action in 1...MiniShrdlu.pass where output[action] > output[best] { best = action }
    return best
  }

  /// −log Σ p(best moves); the network may prefer any of them. The gradient is p(action) − p(action | best moves).
  func loss(
    _ t: Int, of notes: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double {
    var all = LogSum()
    var best = LogSum()
    for action in 0...MiniShrdlu.pass {
      all.add(Double(output[action]))
      if target[action] > 0 { best.add(Double(output[action])) }
    }
    if let gradient {
      for action in 0...MiniShrdlu.pass {
        let logit = Double(output[action])
        gradient[action] = share * Float(all.probability(logit) - (target[action] > 0 ? best.probability(logit) : 0))
      }
    }
    return all - best
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let episode = Episode(settings, notes)
    let facts = episode.facts.pointee
    let world = world(facts.blocks)
    let told = episode.told
    var result = Result(episode)
    for i in 0..<facts.limit {
      let best = episode.bestMoves(world, from: Int(episode.boards[i]))
      scores.add(
        3, Double(best >> likeliest(outputs[told + i]) & 1),
        chance: Double(best.nonzeroBitCount) / Double(MiniShrdlu.pass + 1))
      // No input comes after the last move, so it may not have been made.
      let isMade = i < facts.moves
      result.see(isMade ? Int(episode.boards[i + 1]) : after(i, episode, output: outputs[told + i]), at: i + 1)
    }
    result.end(world)
    var guess = Result(episode)
    var random = Random(seed: facts.seed, stream: UInt64(facts.limit))
    for _ in 0..<MiniShrdlu.guesses {
      guess.start()
      var board = Int(episode.boards[0])
      for i in 0..<facts.limit {
        board = after(random.below(MiniShrdlu.pass + 1), board, world)
        guess.see(board, at: i + 1)
      }
      guess.end(world)
    }
    let share = 1 / Double(MiniShrdlu.guesses)
    scores.add(0, result.satisfied, chance: share * guess.satisfied)
    scores.add(1, result.perfect, chance: share * guess.perfect)
    scores.add(2, result.success, chance: share * guess.success)
  }

  /// The scores of the boards after each move, summed over several players.
  private struct Result {
    let episode: Episode<UnsafeRawPointer>
    private var first = 0
    private var last = 0
    private(set) var satisfied = 0.0
    private(set) var perfect = 0.0
    private(set) var success = 0.0

    init(_ episode: Episode<UnsafeRawPointer>) { self.episode = episode }

    mutating func start() { first = 0 }

    mutating func see(_ board: Int, at move: Int) {
      last = board
      if first == 0 && episode.distance[board] == 0 { first = move }
    }

    mutating func end(_ world: BlockWorld) {
      let facts = episode.facts.pointee
      satisfied += Double(episode.satisfied(in: world[last])) / Double(episode.counts[facts.chosen])
      if episode.distance[last] != 0 { return }
      success += 1
      if first == facts.shortest { perfect += 1 }
    }
  }
}
