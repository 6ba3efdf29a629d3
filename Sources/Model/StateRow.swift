import CDNC

/// The state of one sequence as one row of numbers: the quantities of dnc_field in their order, of each only what the
/// configuration has.
enum StateRow {
  private static func quantity(_ index: Int) -> Quantity? {
    switch index {
    case 0: .memory
    case 1: .usage
    case 2: .link
    case 3: .precedence
    case 4: .writeWeights
    case 5: .readWeights
    case 6: .readVectors
    case 7: .hidden
    case 8: .cell
    default: nil
    }
  }

  static func count(_ c: Configuration) -> Int {
    var count = 0
    forEachQuantity(c) { _, row in count += row.parts(c) * row.width }
    return count
  }

  /// Calls `body` for the runs of numbers that follow each other in the state of sequence b as in the row.
  /// - Parameter row: of the quantities that are kept for several states.
  static func forEachRun<Scalar: Real>(
    _ planes: Planes<Scalar>, row: Int, _ b: Int, _ c: Configuration,
    _ body: (_ inside: Out<Scalar>, _ place: Int, _ count: Int) -> Void
  ) {
    var place = 0
    forEachQuantity(c) { quantity, table in
      let plane = planes[quantity]
      for l in 0..<plane.layers {
        body(plane.layer(l)[table.kept == .once ? 0 : row, b], place, plane.width)
        place += plane.width
      }
    }
  }

  /// Throws if the row can't be the state of sequence b.
  /// - Parameters:
  ///   - whole: the rows of all sequences, for the sentence.
  ///   - first: where the row begins among them.
  @inline(never) static func check(
    _ values: In<Float>, of b: Int, _ c: Configuration, _ status: dnc_status, _ whole: StaticString, first: Int
  ) throws(Failure) {
    var failure: Failure?
    var place = 0
    forEachQuantity(c) { _, row in
      for part in 0..<row.parts(c) {
        if failure == nil, let fault = row.range.fault(values + place, count: row.width, slots: c.N) {
          failure = .notOfState(
            status, whole, fault, of: row, part: part, sequence: b, place: first + place, values + place)
        }
        place += row.width
      }
    }
    if let failure { throw failure }
  }

  private static func forEachQuantity(_ c: Configuration, _ body: (Quantity, Quantity.Row) -> Void) {
    var index = 0
    while let quantity = quantity(index) {
      let row = quantity.row(c)
      if row.width > 0 { body(quantity, row) }
      index += 1
    }
  }
}
