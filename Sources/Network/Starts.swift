/// Where sequences begin new episodes in the steps of a call.
struct EpisodeStarts {
  /// [T, B], not 0 where one begins; nil: nowhere.
  let flags: UnsafePointer<UInt8>?
  /// [B], for the first step: those that were reset before.
  let pending: UnsafePointer<UInt8>
  let batch: Int

  func callAsFunction(_ t: Int, _ b: Int) -> Bool {
    (t == 0 && pending[b] != 0) || (flags.map { $0[t * batch + b] != 0 } ?? false)
  }

  func has(steps: Int) -> Bool {
    for b in 0..<batch where pending[b] != 0 { return true }
    guard let flags else { return false }
    for i in 0..<steps * batch where flags[i] != 0 { return true }
    return false
  }
}

extension Record {
  /// Marks no start in the first `steps` steps, of which nobody has said where episodes start.
  mutating func beginMarking(steps: Int) {
    for b in 0..<configuration.B {
      let marks = planes[b].whole(.start)
      for row in 0..<steps { marks[row, b][0] = 0 }
    }
    hasStarts = true
  }

  /// Marks where episodes start in `steps` steps from step `first` on. Returns the number of the last episode.
  /// - Parameter number: of the last episode before these steps.
  func mark(_ starts: EpisodeStarts, from first: Int, steps: Int, after number: Int) -> Int {
    var number = number
    for t in 0..<steps {
      for b in 0..<starts.batch {
        let isStart = starts(t, b)
        number += isStart ? 1 : 0
        planes[b].whole(.start)[first + t, b][0] = isStart ? UInt32(truncatingIfNeeded: number) : 0
      }
    }
    return number
  }
}

/// `planes[.start]` has the number of the episode, from 1, where a sequence begins one with a step, and otherwise 0.
extension Step {
  /// Goes through the sequences that have the same kind of state before step `row`: those that go on, together; each that
  /// starts an episode, alone, with `start` set.
  func forEachPart(of row: Int, _ body: (Step) -> Void) {
    guard history.start != nil else { return body(self) }
    var b = sequences.lowerBound
    while b < sequences.upperBound {
      var end = b + 1
      let starts = history.starts(row, b)
      while !starts, end < sequences.upperBound, !history.starts(row, end) { end += 1 }
      body(part(b..<end, start: starts ? history.start : nil))
      b = end
    }
  }

  private func part(_ sequences: Range<Int>, start: Planes<Scalar>?) -> Step {
    var part = self
    (part.sequences, part.start) = (sequences, start)
    return part
  }

  /// The sequences' rows of the state before a step: those of row `previous`, or that of a new episode.
  func rowsBefore(_ quantity: Quantity, layer l: Int = 0, previous: Int) -> MutableRows<Scalar> {
    start.map { $0[quantity].layer(l).matrix(from: 0, sequence: 0) } ?? rows(planes[quantity].layer(l), previous)
  }

  /// Marks the sequences that start an episode with step t of a call, which nobody records.
  func markStarts(_ t: Int, _ starts: EpisodeStarts) {
    guard history.start != nil else { return }
    for b in sequences { planes.whole(.start)[0, b][0] = starts(t, b) ? 1 : 0 }
  }

  /// Comes after backward through step t. Keeps the gradient of a learned state in which an episode has started with it, and
  /// lets nothing pass to the episode before.
  func cutGradient(step t: Int, gradient: Planes<Scalar>, startGradients: StartGradients<Scalar>) {
    guard history.start != nil else { return }
    for b in sequences where history.starts(t, b) {
      startGradients.keep(Int(planes.whole(.start)[t, b][0]), gradient, b)
      gradient.zeroState(of: b..<b + 1, c)
    }
  }
}

/// The gradients of the learned states in which recorded episodes started, one after the other.
struct StartGradients<Scalar: Real> {
  let c: Configuration
  /// M [N, W], r [R, W], w^r [R, N], and w^w [K, N] if it is learned.
  let start: Out<Scalar>

  static func count(_ c: Configuration, episodes: Int) -> Int {
    c.initialState == .learned ? episodes * place(nil, c) : 0
  }

  /// Where a quantity begins; for nil, where the row ends.
  private static func place(_ quantity: Quantity?, _ c: Configuration) -> Int {
    switch quantity {
    case .memory: 0
    case .readVectors: c.N * c.W
    case .readWeights: c.N * c.W + c.readWidth
    case .writeWeights: c.N * c.W + c.readWidth + c.R * c.N
    default: c.N * c.W + c.readWidth + c.R * c.N + (c.learnsWriteWeights ? c.K * c.N : 0)
    }
  }

  /// - Parameter episode: from 1.
  func callAsFunction(_ episode: Int, _ quantity: Quantity) -> Out<Scalar> {
    start + (episode - 1) * StartGradients.place(nil, c) + StartGradients.place(quantity, c)
  }

  fileprivate func keep(_ episode: Int, _ gradient: Planes<Scalar>, _ b: Int) {
    guard c.initialState == .learned else { return }
    func keep(_ quantity: Quantity) {
      copyValues(gradient[quantity].width, gradient[quantity][0, b], to: self(episode, quantity))
    }
    keep(.memory)
    keep(.readVectors)
    keep(.readWeights)
    if c.learnsWriteWeights { keep(.writeWeights) }
  }
}
