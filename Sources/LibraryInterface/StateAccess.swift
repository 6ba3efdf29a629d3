import CDNC

/// The quantity of a dnc_field, and the part of a learned initial state that it belongs to. Throws if the state has no such
/// field.
private func quantity(_ field: UInt32, _ c: Configuration) throws(Failure) -> (Quantity, InitialState.Learned) {
  let (quantity, learned) = try quantityOfSomeState(field, c)
  let row = quantity.row(c)
  guard row.width > 0 else { throw .missing("the state", row.name, c, without: "temporal_links") }
  return (quantity, learned)
}

extension Failure {
  /// - Parameters:
  ///   - whole: what has no such part, because of the memory.
  ///   - ending: of the part's name.
  ///   - setting: without which the DNC's memory has no such part; nil if it never has.
  static func missing(
    _ whole: StaticString, _ part: StaticString, _ c: Configuration, ending: StaticString = "",
    without setting: StaticString? = nil
  ) -> Failure {
    if c.memoryTraits.hasVariants, let setting {
      return Failure(DNC_INVALID_ARGUMENT, "\(whole) has no \(part)\(ending): config->\(setting) is 0")
    }
    return Failure(
      DNC_INVALID_ARGUMENT, "\(whole) has no \(part)\(ending): config->memory is \(c.memoryTraits.name)")
  }
}

private func quantityOfSomeState(
  _ field: UInt32, _ c: Configuration
) throws(Failure) -> (Quantity, InitialState.Learned) {
  switch dnc_field(field) {
  case DNC_FIELD_MEMORY: return (.memory, .memory)
  case DNC_FIELD_USAGE: return (.usage, [])
  case DNC_FIELD_LINK: return (.link, [])
  case DNC_FIELD_PRECEDENCE: return (.precedence, [])
  case DNC_FIELD_WRITE_WEIGHTS: return (.writeWeights, .writeWeights)
  case DNC_FIELD_READ_WEIGHTS: return (.readWeights, .readWeights)
  case DNC_FIELD_READ_VECTORS: return (.readVectors, .readVectors)
  case DNC_FIELD_HIDDEN: return (.hidden, [])
  case DNC_FIELD_CELL:
    guard c.traits.hasCell else {
      throw Failure(DNC_INVALID_ARGUMENT, "field is DNC_FIELD_CELL, which only an LSTM has")
    }
    return (.cell, [])
  default:
    throw Failure(DNC_INVALID_ARGUMENT, "field is \(field), allowed are 0 to \(DNC_FIELD_CELL.rawValue)")
  }
}

/// A quantity's numbers in the states of all sequences. The caller's order is [L, B, H]. Some quantities lie [B, L, H] in
/// the record, where the output layer sees all layers of a sequence as one row.
private struct Piece {
  private let quantity: Quantity
  private let table: Quantity.Row
  private let c: Configuration

  init(_ quantity: Quantity, _ c: Configuration) {
    (self.quantity, self.c) = (quantity, c)
    table = quantity.row(c)
  }

  var count: Int { c.B * table.parts(c) * table.width }

  /// Throws if the numbers can't be those of a state.
  func check(_ values: In<Float>) throws(Failure) {
    // Of layers, whose order is another, anything is allowed.
    for i in 0..<c.B * table.parts(c) {
      let place = i * table.width
      guard let fault = table.range.fault(values + place, count: table.width, slots: c.N) else { continue }
      let (b, part) = i.quotientAndRemainder(dividingBy: table.parts(c))
      throw .notOfState(
        DNC_INVALID_ARGUMENT, "values", fault, of: table, part: part, sequence: b, place: place, values + place)
    }
  }

  /// The runs of numbers that follow each other inside and outside.
  /// - Parameter place: where the state of a sequence is.
  func forEachRun(
    in place: (_ b: Int) -> MemoryHistory<Float>.Place,
    _ body: (_ inside: Out<Float>, _ outside: Int, _ count: Int) -> Void
  ) {
    for b in 0..<c.B {
      let place = place(b)
      let plane = place.planes[quantity]
      let row = place.row
      guard table.part == .layer else {
        body(place(quantity), b * plane.width, plane.width)
        continue
      }
      for l in 0..<c.L {
        let inside = table.isApart ? plane.layer(l)[row, place.b] : plane[row, place.b] + l * table.width
        body(inside, (l * c.B + b) * table.width, table.width)
      }
    }
  }
}

private func requireCount(_ count: Int, of expected: Int) throws(Failure) {
  guard count == expected else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "count is \(UInt(bitPattern: count)), but the field has \(expected) numbers")
  }
}

func requireNothingRecorded(_ network: Instance, _ what: StaticString = "state") throws(Failure) {
  guard network.pointee.recordedSteps == 0 else {
    throw Failure(
      DNC_INVALID_STATE,
      "the \(what) can't be changed while \(network.pointee.recordedSteps) steps are recorded: call dnc_detach first")
  }
}

func requireStateGradient(_ network: Instance) throws(Failure) {
  guard network.pointee.hasStateGradient else {
    throw Failure(DNC_INVALID_STATE, "there is no state gradient: call dnc_backward first")
  }
}

@c @implementation public func dnc_get_state(
  _ instance: OpaquePointer!, _ field: UInt32, _ values: UnsafeMutablePointer<Float>!, _ count: Int
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    let (quantity, _) = try quantity(field, c)
    let piece = Piece(quantity, c)
    let values = try require(values, "values")
    try requireCount(count, of: piece.count)
    piece.forEachRun(in: { network.pointee.present($0) }) { inside, outside, count in
      copyValues(count, inside, to: values + outside)
    }
  }
}

@c @implementation public func dnc_set_state(
  _ instance: OpaquePointer!, _ field: UInt32, _ values: UnsafePointer<Float>!, _ count: Int
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    let (quantity, learned) = try quantity(field, c)
    let piece = Piece(quantity, c)
    let values = try require(values, "values")
    try requireCount(count, of: piece.count)
    try requireNothingRecorded(network)
    try requireFinite(values, count: count, "values")
    try piece.check(values)
    piece.forEachRun(in: { network.pointee.present($0) }) { inside, outside, count in
      copyValues(count, values + outside, to: inside)
    }
    network.pointee.stateChanged(learned)
  }
}

@c @implementation public func dnc_get_state_gradient(
  _ instance: OpaquePointer!, _ field: UInt32, _ values: UnsafeMutablePointer<Float>!, _ count: Int
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    try requireStateGradient(network)
    let (quantity, _) = try quantity(field, c)
    let piece = Piece(quantity, c)
    let gradient = network.pointee.stateGradient
    let values = try require(values, "values")
    try requireCount(count, of: piece.count)
    piece.forEachRun(in: { MemoryHistory.Place(planes: gradient[$0], row: 0, b: $0) }) { inside, outside, count in
      copyValues(count, inside, to: values + outside)
    }
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

@c @implementation public func dnc_get_last_trace(
  _ instance: OpaquePointer!, _ field: UInt32, _ values: UnsafeMutablePointer<Float>!, _ count: Int
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let recorded = network.pointee.recordedSteps
    let trace = try Trace(field, of: network, step: network.pointee.lastStep, state: recorded)
    let values = try require(values, "values")
    guard network.pointee.hasStepped else {
      throw Failure(DNC_INVALID_STATE, "no step has been taken since the episode began")
    }
    let batch = network.pointee.configuration.B
    try requireCount(count, of: batch * trace.width)
    for b in 0..<batch { copyValues(trace.width, trace.rows[b], to: values + b * trace.width) }
  }
}

/// A trace of steps, the recorded ones: one row per step and sequence.
struct Trace {
  let rows: StepRows<Float>
  /// How many numbers a row has.
  let width: Int

  /// - Parameters:
  ///   - step: the row of the first step.
  ///   - state: the row of the state after it.
  init(_ field: UInt32, of network: Instance, step: Int = 0, state: Int = 1) throws(Failure) {
    let c = network.pointee.configuration
    let planes = network.pointee.planes
    func states(_ quantity: Quantity) throws(Failure) -> (StepRows<Float>, Int) {
      let row = quantity.row(c)
      guard row.width > 0 else { throw .missing("the trace", row.name, c) }
      return (planes.steps(quantity, from: state), planes[0][quantity].width)
    }
    switch dnc_trace(field) {
    case DNC_TRACE_WRITE_WEIGHTS: (rows, width) = try states(.writeWeights)
    case DNC_TRACE_READ_WEIGHTS: (rows, width) = try states(.readWeights)
    case DNC_TRACE_USAGE: (rows, width) = try states(.usage)
    default:
      guard let (part, isOwn) = c.interfacePart(traced: dnc_trace(field)) else {
        throw Failure(
          DNC_INVALID_ARGUMENT, "field is \(field), allowed are 0 to \(DNC_TRACE_FORWARD_SHARPNESS.rawValue)")
      }
      guard isOwn, part.width > 0 else {
        throw .missing("the trace", part.name, c, ending: part.pluralEnding, without: part.setting)
      }
      rows = planes.steps(.interface, from: step).dropping(columns: part.offset)
      width = part.count(c)
    }
  }
}
