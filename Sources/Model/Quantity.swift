/// The table of all that a step computes, in the order in which it does. A row says what a quantity is called, how large it
/// is, how it is kept, and what its numbers may be. Planes are cut, measured, copied, zeroed and checked by loops over the rows.
/// What is kept for segments comes last: of more steps there may be fewer.
enum Quantity: Int {
  case controllerInput, gates, cell, cellTanh, hidden
  case rawInterface, interface
  case usage, order, allocation, writeWeights, memory, rowNorms
  case link, precedence, backwardWeights, forwardWeights, readWeights, readVectors
  case rawOutput
  case controllerShare, readVectorsShare
  case memoryCheckpoint, linkCheckpoint

  static let count = linkCheckpoint.rawValue + 1

  struct Row {
    /// In a sentence; a part's follows with its number: "read weighting of head 1".
    let name: StaticString
    let kept: Kept
    let part: Part
    /// Numbers of one part.
    let width: Int
    var range = Range.any
    var look = Look.here
    /// Backward turns it into the gradient of what it was made of.
    var becomesGradient = false
  }

  /// How many rows there are.
  enum Kept {
    /// The present one.
    case once
    /// One for the state before the first step and after each one.
    case states
    /// One for each step.
    case steps
    /// One for each segment of steps, as it was before it.
    case segments
    /// One for each recorded step, only in backward.
    case backwardSteps
  }

  /// What a quantity has one of.
  enum Part {
    case sequence, readHead, writeHead
    /// Every layer, all of a sequence's layers together.
    case layer
    /// Every layer, all of a layer's steps and sequences together.
    case separateLayer
  }

  enum Range {
    case any, zeroToOne
  }

  /// Where numbers that are not finite are looked for.
  enum Look {
    case here
    /// Here, by the parts of the interface.
    case byInterface
    /// In what comes from it or led to it.
    case elsewhere
  }

  // One row of the table: a line.
  func row(_ c: Configuration) -> Row {
    let cells = c.traits.hasCell ? c.H : 0
    let (N, links, parts) = (c.N, c.N * c.N, c.interface.count)
    return switch self {
    case .controllerInput: Row(name: "χ", kept: .steps, part: .sequence, width: c.controllerInput, look: .elsewhere)
    case .gates: Row(name: "gates", kept: .steps, part: .separateLayer, width: c.gates * c.H, becomesGradient: true)
    case .cell: Row(name: "cell", kept: .states, part: .separateLayer, width: cells)
    case .cellTanh: Row(name: "tanh of the cell", kept: .steps, part: .separateLayer, width: cells, look: .elsewhere)
    case .hidden: Row(name: "hidden state", kept: .states, part: .layer, width: c.H)
    case .rawInterface:
      Row(name: "ξ", kept: .steps, part: .sequence, width: parts, look: .byInterface, becomesGradient: true)
    case .interface: Row(name: "interface", kept: .steps, part: .sequence, width: parts, look: .elsewhere)
    case .usage: Row(name: "usage", kept: .states, part: .sequence, width: N, range: .zeroToOne)
    case .order: Row(name: "free list", kept: .steps, part: .writeHead, width: N, look: .elsewhere)
    case .allocation: Row(name: "allocation weighting", kept: .steps, part: .writeHead, width: N, range: .zeroToOne)
    case .writeWeights: Row(name: "write weighting", kept: .states, part: .writeHead, width: N, range: .zeroToOne)
    case .memory: Row(name: "memory", kept: .once, part: .sequence, width: N * c.W)
    case .rowNorms: Row(name: "row norms", kept: .states, part: .sequence, width: N, look: .elsewhere)
    case .link: Row(name: "link", kept: .once, part: .writeHead, width: links, range: .zeroToOne)
    case .precedence: Row(name: "precedence", kept: .states, part: .writeHead, width: N, range: .zeroToOne)
    case .backwardWeights: Row(name: "backward weighting", kept: .steps, part: .readHead, width: c.K * N)
    case .forwardWeights: Row(name: "forward weighting", kept: .steps, part: .readHead, width: c.K * N)
    case .readWeights: Row(name: "read weighting", kept: .states, part: .readHead, width: N, range: .zeroToOne)
    case .readVectors: Row(name: "read vector", kept: .states, part: .readHead, width: c.W)
    case .rawOutput: Row(name: "output", kept: .steps, part: .sequence, width: c.Y, becomesGradient: true)
    // What the output layer passes back to ν and r of every step.
    case .controllerShare:
      Row(name: "controller's output", kept: .backwardSteps, part: .sequence, width: c.controllerWidth)
    case .readVectorsShare: Row(name: "read vectors", kept: .backwardSteps, part: .sequence, width: c.readWidth)
    case .memoryCheckpoint: Row(name: "memory", kept: .segments, part: .sequence, width: N * c.W, look: .elsewhere)
    case .linkCheckpoint: Row(name: "link", kept: .segments, part: .writeHead, width: links, look: .elsewhere)
    }
  }

  // Not inlined into every loop over the table.
  @inline(never) static func at(_ index: Int) -> Quantity { Quantity(rawValue: index)! }
}

extension Quantity.Row {
  /// Whether a network carries it from step to step.
  var isOfState: Bool { kept == .once || kept == .states }

  /// What comes between its name and the number of a part.
  var ofPart: StaticString {
    switch part {
    case .sequence: ""
    case .readHead, .writeHead: " of head "
    case .layer, .separateLayer: " of layer "
    }
  }

  func parts(_ c: Configuration) -> Int {
    switch part {
    case .sequence: 1
    case .readHead: c.R
    case .writeHead: c.K
    case .layer, .separateLayer: c.L
    }
  }
}
