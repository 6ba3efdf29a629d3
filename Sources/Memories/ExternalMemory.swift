/// The memory of a network, whichever its configuration names. Each has a file of its own; a new one also needs a case in
/// `Configuration.Memory`, and a case here with its lines. `Step` asks the memory once a step.
enum ExternalMemory<Scalar: Real> {
  case dnc(DNCMemory<Scalar>)
  case ntm(NTMMemory<Scalar>)
  /// The controller alone.
  case absent

  /// The memory of some sequences.
  /// - Parameters:
  ///   - carver: cuts the scratch of one thread, `scratchBytes` long.
  ///   - mostSequences: the scratch is cut for so many.
  ///   - segment: steps in a segment; 0 without training.
  ///   - team: threads that may share the work of a step, when there are no other sequences for them.
  init(
    _ carver: inout Carver, _ history: MemoryHistory<Scalar>, sequences: Range<Int>, mostSequences: Int, segment: Int,
    team: Threads.Team?
  ) {
    let c = history.c
    switch c.memory {
    case .dnc:
      self = .dnc(
        DNCMemory(
          c: c, planes: history.planes, history: history,
          scratch: DNCMemory.Scratch(&carver, c, sequences: mostSequences, segment: segment),
          firstSequence: sequences.lowerBound, team: team))
    case .ntm:
      self = .ntm(
        NTMMemory(
          c: c, planes: history.planes, history: history,
          scratch: NTMMemory.Scratch(&carver, c, sequences: mostSequences, segment: segment),
          firstSequence: sequences.lowerBound))
    case .absent: self = .absent
    }
  }

  /// Bytes of the scratch of one thread.
  static func scratchBytes(_ c: Configuration, sequences: Int, segment: Int) -> Int {
    var carver = Carver.measuring
    switch c.memory {
    case .dnc: _ = DNCMemory<Scalar>.Scratch(&carver, c, sequences: sequences, segment: segment)
    case .ntm: _ = NTMMemory<Scalar>.Scratch(&carver, c, sequences: sequences, segment: segment)
    case .absent: break
    }
    return carver.bytes
  }

  /// Goes from ξ of sequence b in step `row` and the state in row `previous` to the state in row `current`. Both rows may be
  /// the same.
  func forward(_ b: Int, row: Int, previous: Int, current: Int) {
    switch self {
    case .dnc(let memory): memory.forward(b, row: row, previous: previous, current: current)
    case .ntm(let memory): memory.forward(b, row: row, previous: previous, current: current)
    case .absent: break
    }
  }

  /// Turns the gradient of the state after recorded step t into that of the state before it, and ξ into its own
  /// gradient. Comes after `rollForward` over the step's segment.
  /// - Parameters:
  ///   - steps: the number of recorded ones.
  ///   - gradient: of the state, in row 0.
  func backward(_ b: Int, step t: Int, of steps: Int, gradient: Planes<Scalar>) {
    switch self {
    case .dnc(let memory): memory.backward(b, step: t, of: steps, gradient: gradient)
    case .ntm(let memory): memory.backward(b, step: t, gradient: gradient)
    case .absent: break
    }
  }

  /// Recomputes the memories of the segment that begins with step `first`, for steps up to `end`.
  /// - Parameter steps: the number of recorded ones.
  func rollForward(_ b: Int, from first: Int, to end: Int, of steps: Int) {
    switch self {
    case .dnc(let memory): memory.rollForward(b, from: first, to: end, of: steps)
    case .ntm(let memory): memory.rollForward(b, from: first, to: end, of: steps)
    case .absent: break
    }
  }

  /// For `MemoryHistory.advance`.
  var linkScratch: Out<Scalar>? {
    switch self {
    case .dnc(let memory): memory.scratch.links
    case .ntm, .absent: nil
    }
  }
}
