import CPlatform

/// What a network knows of its sequences' episodes beside their states: which parts of the initial states are still the
/// learned parameters, where new episodes start, and the gradient that the caller hands in for the state after the last step.
struct Episodes<Scalar: Real>: ~Copyable {
  private let c: Configuration
  /// Of the state before the recorded steps.
  let learned: InitialState.LearnedParts
  /// [B], not 0: the sequence has been reset while steps are recorded, and starts an episode with the next step.
  private let pending: Memory
  /// Episodes that start within the recorded steps.
  private(set) var started = 0
  /// For `startGradients`.
  private var startRoom: Memory
  /// A `StateRow` for each sequence, if one is handed in.
  private var finalGradient: Memory
  private var hasFinalGradient = false

  init(_ c: Configuration) throws(Failure) {
    let learned = try InitialState.LearnedParts(batch: c.B)
    let pending = try Memory(bytes: c.B)
    let startRoom = try Memory(bytes: 0)
    let finalGradient = try Memory(bytes: 0)
    self.c = c
    self.learned = learned
    self.pending = pending
    self.startRoom = startRoom
    self.finalGradient = finalGradient
  }

  /// The number of bytes that `init` allocates.
  static func bytes(_ c: Configuration) -> Int { InitialState.LearnedParts.bytes(batch: c.B) + c.B }

  /// All sequences start a new episode, with nothing recorded.
  mutating func reset() {
    dropRecord()
    memset(pending.start, 0, pending.bytes)
    learned.setAll(c.initialState == .learned ? .all : [])
  }

  mutating func dropRecord() {
    started = 0
    hasFinalGradient = false
  }

  /// - Parameter started: episodes that now start within the recorded steps.
  mutating func tookSteps(started: Int) {
    self.started = started
    hasFinalGradient = false
    memset(pending.start, 0, pending.bytes)
  }

  // MARK: Starts

  private var marks: UnsafeMutablePointer<UInt8> { pending.start.assumingMemoryBound(to: UInt8.self) }

  func isPending(_ b: Int) -> Bool { marks[b] != 0 }

  /// Sequence b starts an episode with the next step, whatever is recorded.
  func startWithNextStep(_ b: Int) { marks[b] = 1 }

  /// Sequence b is in its initial state, with nothing recorded.
  func hasStarted(_ b: Int) {
    marks[b] = 0
    learned[b] = c.initialState == .learned ? .all : []
  }

  /// - Parameter flags: [T, B], not 0 where a sequence begins an episode; nil: nowhere.
  func starts(_ flags: UnsafePointer<UInt8>?) -> EpisodeStarts {
    EpisodeStarts(flags: flags, pending: UnsafePointer(marks), batch: c.B)
  }

  /// Makes room for the gradients of the learned states in which episodes start, so that backward needs no memory.
  mutating func reserveStartGradients(_ episodes: Int) throws(Failure) {
    let bytes = StartGradients<Scalar>.count(c, episodes: episodes) * MemoryLayout<Scalar>.stride
    if bytes > startRoom.bytes { startRoom = try Memory(bytes: bytes) }
  }

  var startGradients: StartGradients<Scalar> {
    StartGradients(c: c, start: startRoom.start.assumingMemoryBound(to: Scalar.self))
  }

  // MARK: The gradient of the last state

  private var finalRows: MutableRows<Scalar> {
    MutableRows(finalGradient.start.assumingMemoryBound(to: Scalar.self), stride: StateRow.count(c))
  }

  /// Takes the gradients of some sequences. Those of the others stay, or are 0.
  mutating func setFinalGradient(_ rows: In<Scalar>, of sequences: Range<Int>) throws(Failure) {
    let size = StateRow.count(c)
    if !hasFinalGradient { finalGradient = try Memory(bytes: c.B * size * MemoryLayout<Scalar>.stride) }
    hasFinalGradient = true
    for b in sequences { copyValues(size, rows + (b - sequences.lowerBound) * size, to: finalRows[b]) }
  }

  /// Sets the gradient of the state after the recorded steps: what was handed in, or 0.
  func beginBackward(_ gradient: SequencePlanes<Scalar>) {
    gradient.zeroState(c)
    guard hasFinalGradient else { return }
    let rows = finalRows
    for b in 0..<c.B {
      StateRow.forEachRun(gradient[b], row: 0, b, c) { inside, place, count in
        copyValues(count, rows[b] + place, to: inside)
      }
    }
  }
}
