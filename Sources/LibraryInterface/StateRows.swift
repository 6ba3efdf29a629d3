import CDNC

/// Throws if there are no sequences first ..< first + count.
private func requireSequences(_ first: Int, _ count: Int, _ c: Configuration) throws(Failure) -> Range<Int> {
  guard first >= 0, first <= c.B else {
    throw Failure(DNC_INVALID_ARGUMENT, "first is \(UInt(bitPattern: first)), allowed are 0 to \(c.B)")
  }
  guard count >= 0, count <= c.B - first else {
    throw Failure(DNC_INVALID_ARGUMENT, "count is \(UInt(bitPattern: count)), allowed are 0 to \(c.B - first)")
  }
  return first..<first + count
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
    StateRow.forEachRun(place.planes, row: place.row, place.b, c) { inside, place, count, _ in
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
      MemoryHistory.Place(planes: gradient, row: 0, b: $0)
    }
  }
}

@c @implementation public func dnc_set_state_rows(
  _ instance: OpaquePointer!, _ first: Int, _ count: Int, _ rows: UnsafePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    let sequences = try requireSequences(first, count, c)
    let rows = try require(rows, "rows")
    try requireNothingRecorded(network)
    let size = StateRow.count(c)
    try requireFinite(rows, count: count * size, "rows")
    for b in sequences {
      var wrong: Int?
      StateRow.forEachRun(network.pointee.planes, row: 0, b, c) { _, place, count, range in
        let start = (b - first) * size + place
        for i in start..<start + count where wrong == nil && !range.allows(rows[i]) { wrong = i }
      }
      if let wrong {
        throw Failure(DNC_INVALID_ARGUMENT, "rows[\(wrong)] is \(rows[wrong]), allowed in its field are 0 to 1")
      }
    }
    for b in sequences {
      StateRow.forEachRun(network.pointee.planes, row: 0, b, c) { inside, place, count, _ in
        copyValues(count, rows + (b - first) * size + place, to: inside)
      }
    }
    network.pointee.stateChanged(.all, of: sequences)
  }
}

@c @implementation public func dnc_set_final_state_gradient(
  _ instance: OpaquePointer!, _ first: Int, _ count: Int, _ rows: UnsafePointer<Float>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let c = network.pointee.configuration
    let sequences = try requireSequences(first, count, c)
    let rows = try require(rows, "rows")
    try requireRecord(network)
    try requireFinite(rows, count: count * StateRow.count(c), "rows")
    try network.pointee.setFinalGradient(rows, of: sequences)
  }
}
