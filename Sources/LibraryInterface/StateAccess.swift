import CDNC
import CPlatform

/// A piece of the state in one row of its plane; memory and link have one row only.
private struct Piece {
  let values: UnsafeMutablePointer<Float>
  let count: Int
  let learned: InitialState.Learned

  init(_ plane: Plane<Float>, row: Int, learned: InitialState.Learned = []) {
    values = plane[row]
    count = plane.stepCount
    self.learned = learned
  }
}

private func piece(
  _ field: UInt32, of state: StatePlanes<Float>, row: Int, _ c: Configuration
) throws(Failure) -> Piece {
  switch dnc_field(field) {
  case DNC_FIELD_MEMORY: return Piece(state.memory, row: 0, learned: .memory)
  case DNC_FIELD_USAGE: return Piece(state.usage, row: row)
  case DNC_FIELD_LINK: return Piece(state.link, row: 0)
  case DNC_FIELD_PRECEDENCE: return Piece(state.precedence, row: row)
  case DNC_FIELD_WRITE_WEIGHTS: return Piece(state.writeWeights, row: row)
  case DNC_FIELD_READ_WEIGHTS: return Piece(state.readWeights, row: row, learned: .readWeights)
  case DNC_FIELD_READ_VECTORS: return Piece(state.readVectors, row: row, learned: .readVectors)
  case DNC_FIELD_HIDDEN: return Piece(state.hidden, row: row)
  case DNC_FIELD_CELL:
    guard c.controller == .lstm else {
      throw Failure(DNC_INVALID_ARGUMENT, "field is DNC_FIELD_CELL, which a feedforward controller does not have")
    }
    return Piece(state.cell, row: row)
  default:
    throw Failure(DNC_INVALID_ARGUMENT, "field is \(field), allowed are 0 to \(DNC_FIELD_CELL.rawValue)")
  }
}

private func requireCount(_ count: Int, of expected: Int) throws(Failure) {
  guard count == expected else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "count is \(UInt(bitPattern: count)), but the field has \(expected) numbers")
  }
}

/// Copies a piece between C and the state. Only the layers' outputs lie differently inside: [B, L, H], since the
/// output layer sees all of a sequence's layers as one row, and [L, B, H] outside.
private func copy(_ piece: Piece, _ field: UInt32, _ c: Configuration, each: (_ inside: Int, _ outside: Int) -> Void) {
  guard dnc_field(field) == DNC_FIELD_HIDDEN else {
    for i in 0..<piece.count { each(i, i) }
    return
  }
  for l in 0..<c.L {
    for b in 0..<c.B {
      for h in 0..<c.H { each((b * c.L + l) * c.H + h, (l * c.B + b) * c.H + h) }
    }
  }
}

@c @implementation public func dnc_get_state(
  _ instance: OpaquePointer!, _ field: UInt32, _ values: UnsafeMutablePointer<Float>!, _ count: Int
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    let piece = try piece(field, of: network.pointee.state, row: network.pointee.recordedSteps, c)
    let values = try require(values, "values")
    try requireCount(count, of: piece.count)
    copy(piece, field, c) { inside, outside in values[outside] = piece.values[inside] }
  }
}

@c @implementation public func dnc_set_state(
  _ instance: OpaquePointer!, _ field: UInt32, _ values: UnsafePointer<Float>!, _ count: Int
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    let piece = try piece(field, of: network.pointee.state, row: 0, c)
    let values = try require(values, "values")
    try requireCount(count, of: piece.count)
    guard network.pointee.recordedSteps == 0 else {
      throw Failure(
        DNC_INVALID_STATE,
        "the state can't be changed while \(network.pointee.recordedSteps) steps are recorded: call dnc_detach first")
    }
    try requireFinite(values, count: count, "values")
    switch dnc_field(field) {
    case DNC_FIELD_USAGE, DNC_FIELD_LINK, DNC_FIELD_PRECEDENCE, DNC_FIELD_WRITE_WEIGHTS, DNC_FIELD_READ_WEIGHTS:
      // Rounding leaves some of the library's own a little outside.
      for i in 0..<count where !(-0.001...1.001).contains(values[i]) {
        throw Failure(DNC_INVALID_ARGUMENT, "values[\(i)] is \(values[i]), allowed for this field are 0 to 1")
      }
    default: break
    }
    copy(piece, field, c) { inside, outside in piece.values[inside] = values[outside] }
    network.pointee.stateChanged(piece.learned)
  }
}

@c @implementation public func dnc_get_state_gradient(
  _ instance: OpaquePointer!, _ field: UInt32, _ values: UnsafeMutablePointer<Float>!, _ count: Int
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    guard network.pointee.hasStateGradient else {
      throw Failure(DNC_INVALID_STATE, "there is no state gradient: call dnc_backward first")
    }
    let piece = try piece(field, of: network.pointee.stateGradient, row: 0, c)
    let values = try require(values, "values")
    try requireCount(count, of: piece.count)
    copy(piece, field, c) { inside, outside in values[outside] = piece.values[inside] }
  }
}

@c @implementation public func dnc_get_trace(
  _ instance: OpaquePointer!, _ field: UInt32, _ values: UnsafeMutablePointer<Float>!, _ count: Int
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let trace = try Trace(field, of: network)
    let values = try require(values, "values")
    try requireRecord(network)
    let rows = network.pointee.recordedSteps * network.pointee.configuration.B
    try requireCount(count, of: rows * trace.width)
    for row in 0..<rows {
      copyValues(trace.width, trace.rows[row], to: values + row * trace.width)
    }
  }
}

/// What a network did in its recorded steps: one row per step and sequence.
struct Trace {
  let rows: Rows<Float>
  /// Numbers in a row.
  let width: Int

  init(_ field: UInt32, of network: Instance) throws(Failure) {
    let c = network.pointee.configuration
    let at = c.interface
    let state = network.pointee.state
    let interface = network.pointee.recorded.interface.rows(from: 0)
    switch dnc_trace(field) {
    case DNC_TRACE_WRITE_WEIGHTS: (rows, width) = (state.writeWeights.rows(from: 1), c.K * c.N)
    case DNC_TRACE_READ_WEIGHTS: (rows, width) = (state.readWeights.rows(from: 1), c.R * c.N)
    case DNC_TRACE_USAGE: (rows, width) = (state.usage.rows(from: 1), c.N)
    case DNC_TRACE_ALLOCATION_GATES: (rows, width) = (interface.dropping(columns: at.allocationGates), c.K)
    case DNC_TRACE_WRITE_GATES: (rows, width) = (interface.dropping(columns: at.writeGates), c.K)
    case DNC_TRACE_FREE_GATES: (rows, width) = (interface.dropping(columns: at.freeGates), c.R)
    case DNC_TRACE_READ_MODES: (rows, width) = (interface.dropping(columns: at.readModes), c.R * at.modes)
    default:
      throw Failure(DNC_INVALID_ARGUMENT, "field is \(field), allowed are 0 to \(DNC_TRACE_READ_MODES.rawValue)")
    }
  }
}
