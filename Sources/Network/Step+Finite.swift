import CDNC

/// A number that is not finite: NaN or infinite.
struct NotFinite {
  /// The quantity's name, such as "read weighting", and the words before its layer or head, such as " of head ".
  let name, ofPart: StaticString
  let index: Int?
  let value: Float
  let isGradient: Bool
}

extension NotFinite? {
  func failure(_ step: Int, _ b: Int) -> Failure {
    guard let found = self else { return Failure(DNC_INTERNAL, "what was not finite is not found again") }
    let the: StaticString = found.isGradient ? "the gradient of the " : "the "
    return Failure(
      DNC_NOT_FINITE,
      "\(the)\(found.name)\(found.ofPart)\(found.index) is \(found.value) in step \(step), sequence \(b)")
  }
}

/// The search for a number that is not finite: it ends with the first.
private struct Search {
  let isGradient: Bool
  var found: NotFinite?

  // Not inlined: it has many callers.
  @inline(never) mutating func look(
    _ name: StaticString, _ ofPart: StaticString = "", _ index: Int? = nil, count: Int, _ values: In<Float>
  ) {
    guard found == nil, !areModerate(count, values) else { return }
    for i in 0..<count where !values[i].isFinite {
      found = NotFinite(name: name, ofPart: ofPart, index: index, value: values[i], isGradient: isGradient)
      return
    }
  }

  @inline(never) mutating func lookAtInterface(_ c: Configuration, _ interface: In<Float>) {
    for i in 0..<c.R { lookAtHead(i, .read, c, interface) }
    for k in 0..<c.K { lookAtHead(k, .write, c, interface) }
  }

  private mutating func lookAtHead(
    _ head: Int, _ heads: InterfacePart.Heads, _ c: Configuration, _ interface: In<Float>
  ) {
    var number = 0
    while let part = c.interfacePart(number) {
      number += 1
      guard part.heads == heads else { continue }
      look(part.name, " of head ", head, count: part.width, interface + part.offset + head * part.width)
    }
  }

  /// Part `part` of a quantity of sequence b in a row of its plane.
  mutating func look(
    _ quantity: Quantity.Row, _ part: Int, _ plane: Plane<Float>, row: Int, _ b: Int, _ c: Configuration
  ) {
    if quantity.look == .byInterface {
      return lookAtInterface(c, In(plane[row, b]))
    }
    let values =
      quantity.isApart ? plane.layer(part)[row, b] : plane[row, b] + part * quantity.width
    look(quantity.name, quantity.ofPart, quantity.part == .sequence ? nil : part, count: quantity.width, values)
  }
}

extension Quantity {
  /// Calls `body` for all rows of the table, in the order of their computation: of consecutive rows with the same kind of
  /// part, first part 0 of all, then part 1.
  fileprivate static func forEachPart(_ c: Configuration, _ body: (Quantity, Row, _ part: Int) -> Void) {
    var first = 0
    while first < count {
      let kind = at(first).row(c)
      var end = first + 1
      while end < count, at(end).row(c).part == kind.part { end += 1 }
      for part in 0..<kind.parts(c) {
        for index in first..<end { body(at(index), at(index).row(c), part) }
      }
      first = end
    }
  }
}

/// Finds numbers that are not finite among the results of a step.
extension Step<Float> {
  /// The first one of sequence b, in the order in which a step computes them.
  // Not inlined: it is called after a step, and again for the message.
  @inline(never) func notFinite(_ b: Int, row: Int, current: Int) -> NotFinite? {
    var search = Search(isGradient: false)
    Quantity.forEachPart(c) { quantity, table, part in
      guard table.look != .elsewhere else { return }
      switch table.kept {
      case .once: search.look(table, part, planes[quantity], row: 0, b, c)
      case .states: search.look(table, part, planes[quantity], row: current, b, c)
      case .steps: search.look(table, part, planes[quantity], row: row, b, c)
      case .segments, .backwardSteps, .present: break
      }
    }
    return search.found
  }

  /// The first gradient of sequence b that is not finite, after backward of the step in that row: first the gradients
  /// that the output layer passes on, then the others in the forward order of their quantities.
  @inline(never) func gradientNotFinite(_ b: Int, row: Int, _ gradient: Planes<Float>) -> NotFinite? {
    var search = Search(isGradient: true)
    Quantity.forEachPart(c) { quantity, table, part in
      if table.kept == .backwardSteps { search.look(table, part, planes[quantity], row: row, b, c) }
    }
    Quantity.forEachPart(c) { quantity, table, part in
      guard table.look != .elsewhere else { return }
      if table.isOfState { search.look(table, part, gradient[quantity], row: 0, b, c) }
      if table.becomesGradient { search.look(table, part, planes[quantity], row: row, b, c) }
    }
    return search.found
  }
}
