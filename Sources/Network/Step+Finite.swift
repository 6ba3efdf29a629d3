import CDNC

/// A number that is not finite: NaN or infinite.
struct NotFinite {
  let name: StaticString
  /// Of its layer or head, where there are several.
  let index: Int?
  let value: Float
  let isGradient: Bool
}

extension NotFinite? {
  func failure(_ step: Int, _ b: Int) -> Failure {
    guard let found = self else { return Failure(DNC_INTERNAL, "what was not finite is not found again") }
    let the: StaticString = found.isGradient ? "the gradient of the " : "the "
    return Failure(
      DNC_NOT_FINITE, "\(the)\(found.name)\(found.index) is \(found.value) in step \(step), sequence \(b)")
  }
}

/// The search for a number that is not finite: it ends with the first.
private struct Search {
  let isGradient: Bool
  var found: NotFinite?

  // Not inlined: there are many looks.
  @inline(never) mutating func look(_ name: StaticString, _ index: Int? = nil, count: Int, _ values: In<Float>) {
    guard found == nil, !areModerate(count, values) else { return }
    for i in 0..<count where !values[i].isFinite {
      found = NotFinite(name: name, index: index, value: values[i], isGradient: isGradient)
      return
    }
  }

  @inline(never) mutating func lookAtInterface(_ at: InterfaceLayout, _ interface: In<Float>) {
    for i in 0..<at.readHeads {
      look("read key of head ", i, count: at.wordSize, interface + at.readKeys + i * at.wordSize)
      look("read strength of head ", i, count: 1, interface + at.readStrengths + i)
      look("free gate of head ", i, count: 1, interface + at.freeGates + i)
      look("read modes of head ", i, count: at.modes, interface + at.readModes + i * at.modes)
    }
    for k in 0..<at.writeHeads {
      look("write key of head ", k, count: at.wordSize, interface + at.writeKeys + k * at.wordSize)
      look("write strength of head ", k, count: 1, interface + at.writeStrengths + k)
      look("erase vector of head ", k, count: at.wordSize, interface + at.eraseVectors + k * at.wordSize)
      look("write vector of head ", k, count: at.wordSize, interface + at.writeVectors + k * at.wordSize)
      look("allocation gate of head ", k, count: 1, interface + at.allocationGates + k)
      look("write gate of head ", k, count: 1, interface + at.writeGates + k)
    }
  }
}

/// The check for numbers that are not finite, in what a step has left.
extension Step<Float> {
  /// The first one of sequence b, in the order in which a step computes them.
  // Not inlined: it is called where a step is taken, and where it is told.
  @inline(never) func notFinite(_ b: Int, row: Int, current: Int) -> NotFinite? {
    let state = record.state
    var search = Search(isGradient: false)
    for l in 0..<c.L {
      search.look("gates of layer ", l, count: c.gates * c.H, record.gates(l, row)[b])
      if c.controller == .lstm {
        search.look("cell of layer ", l, count: c.H, state.cell[current] + (l * c.B + b) * c.H)
      }
      search.look("hidden state of layer ", l, count: c.H, state.hidden[current, b] + l * c.H)
    }
    search.lookAtInterface(c.interface, record.interface[row, b])
    search.look("usage", count: c.N, state.usage[current, b])
    for k in 0..<c.K {
      search.look("allocation weighting of head ", k, count: c.N, record.allocation[row, b] + k * c.N)
      search.look("write weighting of head ", k, count: c.N, state.writeWeights[current, b] + k * c.N)
    }
    search.look("memory", count: c.N * c.W, state.memory[0, b])
    for k in 0..<c.K {
      search.look("link of head ", k, count: c.N * c.N, state.link[0, b] + k * c.N * c.N)
      search.look("precedence of head ", k, count: c.N, state.precedence[current, b] + k * c.N)
    }
    for i in 0..<c.R {
      search.look("backward weighting of head ", i, count: c.K * c.N, record.backwardWeights[row, b] + i * c.K * c.N)
      search.look("forward weighting of head ", i, count: c.K * c.N, record.forwardWeights[row, b] + i * c.K * c.N)
      search.look("read weighting of head ", i, count: c.N, state.readWeights[current, b] + i * c.N)
      search.look("read vector of head ", i, count: c.W, state.readVectors[current, b] + i * c.W)
    }
    search.look("output", count: c.Y, record.rawOutput[row, b])
    return search.found
  }

  /// The first gradient of sequence b that is not finite, after the step of that row has gone backwards.
  @inline(never) func gradientNotFinite(_ b: Int, row: Int, _ gradient: BackwardPlanes<Float>) -> NotFinite? {
    let state = gradient.state
    var search = Search(isGradient: true)
    search.look("controller's output", count: c.controllerWidth, gradient.controller[row, b])
    search.look("read vectors", count: c.readWidth, gradient.readVectors[row, b])
    search.lookAtInterface(c.interface, record.rawInterface[row, b])
    for k in 0..<c.K {
      search.look("link of head ", k, count: c.N * c.N, state.link[0, b] + k * c.N * c.N)
      search.look("precedence of head ", k, count: c.N, state.precedence[0, b] + k * c.N)
      search.look("write weighting of head ", k, count: c.N, state.writeWeights[0, b] + k * c.N)
    }
    for i in 0..<c.R { search.look("read weighting of head ", i, count: c.N, state.readWeights[0, b] + i * c.N) }
    search.look("memory", count: c.N * c.W, state.memory[0, b])
    search.look("usage", count: c.N, state.usage[0, b])
    for l in 0..<c.L {
      search.look("gates of layer ", l, count: c.gates * c.H, record.gates(l, row)[b])
      if c.controller == .lstm { search.look("cell of layer ", l, count: c.H, state.cell[0] + (l * c.B + b) * c.H) }
      search.look("hidden state of layer ", l, count: c.H, state.hidden[0, b] + l * c.H)
    }
    search.look("read vectors", count: c.readWidth, state.readVectors[0, b])
    return search.found
  }
}
