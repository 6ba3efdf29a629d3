import CDNC

/// Throws if there are no sequences first ..< first + count.
private func requireSequences(_ first: Int, _ count: Int, _ c: Configuration) throws(Failure) -> Range<Int> {
  try require(first, in: 0...c.B, "first")
  try require(count, in: 0...c.B - first, "count")
  return first..<first + count
}

/// The rows that a caller gives for some sequences.
private struct GivenRows {
  let sequences: Range<Int>
  let start: UnsafePointer<Float>
  let size: Int

  init(_ first: Int, _ count: Int, _ rows: UnsafePointer<Float>!, _ c: Configuration) throws(Failure) {
    sequences = try requireSequences(first, count, c)
    start = try require(rows, "rows")
    size = StateRow.count(c)
  }

  func requireFiniteNumbers() throws(Failure) { try requireFinite(start, count: sequences.count * size, "rows") }

  /// Where the row of sequence b begins.
  func offset(_ b: Int) -> Int { (b - sequences.lowerBound) * size }
}

/// Copies the rows of some sequences out.
private func copyRows(
  _ rows: UnsafeMutablePointer<Float>!, _ first: Int, _ count: Int, _ c: Configuration,
  from place: (Int) -> MemoryHistory<Float>.Place
) throws(Failure) {
  let sequences = try requireSequences(first, count, c)
  let rows = try require(rows, "rows")
  let size = StateRow.count(c)
  for b in sequences {
    let place = place(b)
    StateRow.forEachRun(place.planes, row: place.row, place.b, c) { inside, place, count in
      copyValues(count, inside, to: rows + (b - first) * size + place)
    }
  }
}

@c @implementation public func dnc_state_size(
  _ instance: OpaquePointer!, _ size: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try require(size, "size").pointee = StateRow.count(network.pointee.configuration)
  }
}

@c @implementation public func dnc_get_state_rows(
  _ instance: OpaquePointer!, _ first: Int, _ count: Int, _ rows: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try copyRows(rows, first, count, network.pointee.configuration) { network.pointee.present($0) }
  }
}

@c @implementation public func dnc_get_state_gradient_rows(
  _ instance: OpaquePointer!, _ first: Int, _ count: Int, _ rows: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try requireStateGradient(network)
    let gradient = network.pointee.stateGradient
    try copyRows(rows, first, count, network.pointee.configuration) {
      MemoryHistory.Place(planes: gradient[$0], row: 0, b: $0)
    }
  }
}

@c @implementation public func dnc_set_state_rows(
  _ instance: OpaquePointer!, _ first: Int, _ count: Int, _ rows: UnsafePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    let rows = try GivenRows(first, count, rows, c)
    try requireNothingRecorded(network)
    try rows.requireFiniteNumbers()
    for b in rows.sequences {
      let offset = rows.offset(b)
      try StateRow.check(rows.start + offset, of: b, c, DNC_INVALID_ARGUMENT, "rows", first: offset)
    }
    for b in rows.sequences { network.pointee.setState(of: b, row: rows.start + rows.offset(b)) }
    network.pointee.stateChanged(.all, of: rows.sequences)
  }
}

@c @implementation public func dnc_set_final_state_gradient(
  _ instance: OpaquePointer!, _ first: Int, _ count: Int, _ rows: UnsafePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let rows = try GivenRows(first, count, rows, network.pointee.configuration)
    try requireRecord(network)
    try rows.requireFiniteNumbers()
    try network.pointee.setFinalGradient(rows.start, of: rows.sequences)
  }
}
