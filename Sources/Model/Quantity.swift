/// The table of all quantities that a step computes, in that order. A row has the quantity's name, its size, how it is
/// kept, and the range of its numbers. Loops over the rows cut, measure, copy, zero and check the planes. Quantities
/// kept for segments come last, because a record of more steps may have fewer segments.
enum Quantity: Int {
  case start, input, token, recurrentProducts, sums, normalizedSums, gates, cell, normalizedCell, cellTanh, hidden
  case interfaceSums, normalizedInterface, rawInterface, interface
  case similarity, comparedNorms, contentWeights
  case retention, usage, order, allocation, writeWeights, memory, rowNorms
  case link, precedence, backwardWeights, forwardWeights, sharpBackwardWeights, sharpForwardWeights
  case readWeights, readVectors
  case rawOutput
  case controllerOutputGradient, readVectorsGradient
  case memoryCheckpoint, linkCheckpoint

  static let count = linkCheckpoint.rawValue + 1
  static let firstOfSegments = memoryCheckpoint.rawValue

  struct Row {
    /// The name in a sentence. A part's number follows it: "read weighting of head 1".
    let name: StaticString
    let kept: Kept
    let part: Part
    /// How many numbers one part has.
    let width: Int
    /// Of layers: true if the steps and sequences of one layer lie together, false if the layers of one sequence do.
    var isApart = false
    var range = Range.any
    var look = Look.here
    /// True if backward overwrites the quantity with its own gradient.
    var becomesGradient = false
    /// True if the last step's stays at hand, in row 0, when nothing is recorded.
    var isOfLastStep = false
  }

  /// How many rows a quantity has.
  enum Kept {
    /// One: the present.
    case once
    /// One for the state before the first step and after each one.
    case states
    /// One for each step.
    case steps
    /// One for each segment of steps: the values before it.
    case segments
    /// One for each recorded step, used in backward only.
    case backwardSteps
    /// One, of the step in hand.
    case present
  }

  /// The part that a quantity has one of: a sequence, a head, a layer.
  enum Part {
    case sequence, readHead, writeHead, layer
  }

  enum Range {
    case any, zeroToOne
    /// 0 to 1, and the numbers of a part add up to so much at most.
    case weighting(upTo: Double)
    /// [N, N], of which every row and column is like a weighting, and the diagonal is 0.
    case links
  }

  /// Where the finite check looks.
  enum Look {
    case here
    /// In this quantity, by the parts of the interface.
    case byInterface
    /// In a quantity that this one leads to or comes from.
    case elsewhere
  }

  // One row of the table: a line.
  func row(_ c: Configuration) -> Row {
    let cells = c.traits.hasCell ? c.H : 0
    let productsApart = c.traits.keepsLastProductApart ? c.gates * c.H : 0
    let (N, used, linked, parts) = (c.N, c.hasUsage ? c.N : 0, c.hasLinks ? c.N : 0, c.interfaceWidth)
    let sharpened = c.sharpensLinks ? N : 0
    let found: Kept = c.keepsContent ? .steps : .present
    return switch self {
    // 0, or the number of the episode that begins with the step: see `Starts`.
    case .start: Row(name: "start", kept: .steps, part: .sequence, width: 1, look: .elsewhere)
    case .input: Row(name: "input", kept: .steps, part: .sequence, width: c.takesTokens ? 0 : c.X, look: .elsewhere)
    case .token: Row(name: "token", kept: .steps, part: .sequence, width: c.takesTokens ? 1 : 0, look: .elsewhere)
    case .recurrentProducts:
      Row(
        name: "recurrent product", kept: .steps, part: .layer, width: productsApart, isApart: true,
        becomesGradient: true)
    // What is normalized, and beside its result 1 / the deviation.
    case .sums:
      Row(
        name: "sums", kept: .steps, part: .layer, width: c.normalizesController ? c.gates * c.H : 0, isApart: true,
        becomesGradient: true)
    case .normalizedSums:
      Row(
        name: "normalized sums", kept: .steps, part: .layer, width: c.normalizesController ? c.gates * c.H + 1 : 0,
        isApart: true, look: .elsewhere)
    case .gates:
      Row(name: "gates", kept: .steps, part: .layer, width: c.gates * c.H, isApart: true, becomesGradient: true)
    case .cell: Row(name: "cell", kept: .states, part: .layer, width: cells, isApart: true)
    case .normalizedCell:
      Row(
        name: "normalized cell", kept: .steps, part: .layer, width: c.normalizesCell ? c.H + 1 : 0, isApart: true,
        look: .elsewhere)
    case .cellTanh:
      Row(
        name: "tanh of the cell", kept: .steps, part: .layer, width: cells, isApart: true, look: .elsewhere,
        becomesGradient: c.normalizesCell)
    case .hidden: Row(name: "hidden state", kept: .states, part: .layer, width: c.H)
    case .interfaceSums:
      Row(
        name: "interface's sums", kept: .steps, part: .sequence, width: c.normalizesInterface ? parts : 0,
        becomesGradient: true)
    case .normalizedInterface:
      Row(
        name: "normalized interface", kept: .steps, part: .sequence, width: c.normalizesInterface ? parts + 1 : 0,
        look: .elsewhere)
    case .rawInterface:
      Row(name: "ξ", kept: .steps, part: .sequence, width: parts, look: .byInterface, becomesGradient: true)
    case .interface:
      Row(name: "interface", kept: .steps, part: .sequence, width: parts, look: .elsewhere, isOfLastStep: true)
    // Of the write heads, then of the read heads.
    case .similarity:
      Row(name: "similarity", kept: found, part: .sequence, width: (c.K + c.R) * N, look: .elsewhere)
    case .comparedNorms:
      Row(
        name: "compared norms", kept: found, part: .sequence, width: c.hasMasks ? (c.K + c.R) * N : 0,
        look: .elsewhere)
    // Without links, the read heads' are their read weightings.
    case .contentWeights:
      Row(
        name: "content weighting", kept: found, part: .sequence,
        width: (c.K + (c.readsByContent ? 0 : c.R)) * N, look: .elsewhere)
    case .retention:
      Row(name: "retention", kept: .steps, part: .sequence, width: c.deallocates ? N : 0, range: .zeroToOne)
    case .usage: Row(name: "usage", kept: .states, part: .sequence, width: used, range: .zeroToOne)
    case .order: Row(name: "free list", kept: .steps, part: .writeHead, width: used, look: .elsewhere)
    case .allocation: Row(name: "allocation weighting", kept: .steps, part: .writeHead, width: used, range: .zeroToOne)
    case .writeWeights:
      Row(
        name: "write weighting", kept: .states, part: .writeHead, width: N, range: .weighting(upTo: c.largestWeighting))
    case .memory: Row(name: "memory", kept: .once, part: .sequence, width: N * c.W)
    case .rowNorms: Row(name: "row norms", kept: .states, part: .sequence, width: N, look: .elsewhere)
    case .link: Row(name: "link", kept: .once, part: .writeHead, width: linked * N, range: .links)
    case .precedence:
      Row(name: "precedence", kept: .states, part: .writeHead, width: linked, range: .weighting(upTo: 1))
    case .backwardWeights: Row(name: "backward weighting", kept: .steps, part: .readHead, width: c.K * linked)
    case .forwardWeights: Row(name: "forward weighting", kept: .steps, part: .readHead, width: c.K * linked)
    case .sharpBackwardWeights:
      Row(name: "sharpened backward weighting", kept: .steps, part: .readHead, width: c.K * sharpened)
    case .sharpForwardWeights:
      Row(name: "sharpened forward weighting", kept: .steps, part: .readHead, width: c.K * sharpened)
    case .readWeights:
      Row(name: "read weighting", kept: .states, part: .readHead, width: N, range: .weighting(upTo: c.largestWeighting))
    case .readVectors: Row(name: "read vector", kept: .states, part: .readHead, width: c.W)
    case .rawOutput: Row(name: "output", kept: .steps, part: .sequence, width: c.Y, becomesGradient: true)
    // What the output layer passes back to ν and r of every step.
    case .controllerOutputGradient:
      Row(name: "controller's output", kept: .backwardSteps, part: .sequence, width: c.controllerWidth)
    case .readVectorsGradient: Row(name: "read vectors", kept: .backwardSteps, part: .sequence, width: c.readWidth)
    case .memoryCheckpoint: Row(name: "memory", kept: .segments, part: .sequence, width: N * c.W, look: .elsewhere)
    case .linkCheckpoint: Row(name: "link", kept: .segments, part: .writeHead, width: linked * N, look: .elsewhere)
    }
  }

  // Not inlined into every loop over the table.
  @inline(never) static func at(_ index: Int) -> Quantity { Quantity(rawValue: index)! }

  /// A bit for each quantity, from the lowest on: 1 if it is of the state. Rows take longer than what is done with these bits.
  static func ofState(_ c: Configuration) -> UInt64 {
    var found: UInt64 = 0
    for index in 0..<count where at(index).row(c).isOfState { found |= 1 << UInt64(index) }
    return found
  }
}

extension Quantity.Row {
  /// True if a network carries the quantity from step to step.
  var isOfState: Bool { kept == .once || kept == .states }

  /// The words between the name and the number of a part.
  var ofPart: StaticString {
    switch part {
    case .sequence: ""
    case .readHead, .writeHead: " of head "
    case .layer: " of layer "
    }
  }

  func parts(_ c: Configuration) -> Int {
    switch part {
    case .sequence: 1
    case .readHead: c.R
    case .writeHead: c.K
    case .layer: c.L
    }
  }
}
