import CDNC

/// Why a caller's numbers can't be a part of a state: a weighting of more than 1 in all, for example, from which the numbers
/// of later steps could grow without end.
enum StateFault {
  /// The place of a number outside of 0 to 1.
  case number(Int)
  /// The sum of a weighting or, in links, of "row " or "column " i, and what is allowed.
  case sum(Double, upTo: Double = 1, of: StaticString = "", Int? = nil)
  /// The link from a slot to itself.
  case diagonal(Int, Float)
}

extension Quantity.Range {
  /// Rounding leaves some of the library's own numbers a little outside.
  private static let slack: Float = 0.001

  private static func allowsSum(_ sum: Double, upTo most: Double = 1, of count: Int) -> Bool {
    // A weighting is a softmax over all slots, or made from some: each term of its sum rounds by 2^-24 at most. What
    // links and precedence round in later steps hardly adds up, since every write also shrinks what is there.
    sum <= most + Double(slack) + Double(count) * 0x1p-24
  }

  /// - Parameter values: [count], of a part; of links [slots, slots].
  @inline(never) func fault(_ values: In<Float>, count: Int, slots: Int) -> StateFault? {
    if case .any = self { return nil }
    for i in 0..<count where !(-Quantity.Range.slack...1 + Quantity.Range.slack).contains(values[i]) {
      return .number(i)
    }
    switch self {
    case .any, .zeroToOne: return nil
    case .weighting(let most):
      let sum = Quantity.Range.sum(count, values)
      return Quantity.Range.allowsSum(sum, upTo: most, of: count) ? nil : .sum(sum, upTo: most)
    case .links: return Quantity.Range.linkFault(Rows(values, stride: slots), slots)
    }
  }

  private static func linkFault(_ links: Rows<Float>, _ slots: Int) -> StateFault? {
    for i in 0..<slots {
      guard links[i][i] == 0 else { return .diagonal(i, links[i][i]) }
      let sum = sum(slots, links[i])
      guard allowsSum(sum, of: slots) else { return .sum(sum, of: "row ", i) }
    }
    // As many columns at once as a line of the cache has.
    for first in stride(from: 0, to: slots, by: 16) {
      let columns = min(16, slots - first)
      var sums = InlineArray<16, Double>(repeating: 0)
      for i in 0..<slots { for j in 0..<columns { sums[j] += Double(links[i][first + j].magnitude) } }
      for j in 0..<columns where !allowsSum(sums[j], of: slots) { return .sum(sums[j], of: "column ", first + j) }
    }
    return nil
  }

  /// Of magnitudes: a number a little below 0 makes no room for others.
  private static func sum(_ count: Int, _ values: In<Float>) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += Double(values[i].magnitude) }
    return sum
  }
}

extension Failure {
  /// - Parameters:
  ///   - whole: the caller's numbers.
  ///   - part, b: the head and sequence that they are of.
  ///   - place: where the part begins among them.
  ///   - values: of the part.
  @inline(never) static func notOfState(
    _ status: dnc_status, _ whole: StaticString, _ fault: StateFault, of row: Quantity.Row, part: Int, sequence b: Int,
    place: Int, _ values: In<Float>
  ) -> Failure {
    let head = row.part == .sequence ? nil : part
    switch fault {
    case .number(let i):
      return Failure(status, "\(whole)[\(place + i)] is \(values[i]), allowed in its field are 0 to 1")
    case .sum(let sum, let most, let line, let i):
      let of: StaticString = i == nil ? "" : " of "
      return Failure(
        status,
        """
        \(whole): \(line)\(i)\(of)the \(row.name)\(row.ofPart)\(head) of sequence \(b) adds up to \(sum), allowed is up \
        to \(most)
        """)
    case .diagonal(let i, let value):
      return Failure(
        status,
        """
        \(whole): row \(i) of the \(row.name)\(row.ofPart)\(head) of sequence \(b) has \(value) on the diagonal, allowed \
        is 0
        """)
    }
  }
}
