import Testing

@testable import DNC

/// What a reader of the paper expects of single mechanisms.
@Suite struct MechanismTests {
  private func order(_ usage: [Double]) -> [UInt32] {
    var order = [UInt32](repeating: 0, count: usage.count)
    var scratch = [UInt32](repeating: 0, count: FreeList.scratchCount(slots: usage.count))
    FreeList.sort(slots: usage.count, usage: usage, order: &order, scratch: &scratch)
    return order
  }

  @Test func freeListIsAStableSortOfRoundedUsage() {
    var random = Random(seed: 1)
    for slots in [1, 2, 3, 16, 255, 1000, 5000] {
      // Few different values, so that many are equal; and two that differ by less than the rounding.
      let usage = (0..<slots).map { _ in Double(random.below(50)) / 50 + Double(random.below(2)) * 1e-9 }
      let keys = usage.map { (1e-6 + (1 - 1e-6) * $0) * 65536 }.map { Int($0.rounded(.toNearestOrEven)) }
      let expected = (0..<slots).sorted { (keys[$0], $0) < (keys[$1], $1) }.map { UInt32($0) }
      #expect(order(usage) == expected)
    }
  }

  @Test func freeListSurvivesWhatIsNoUsage() {
    #expect(order([.nan, 1, .infinity, 0, -.infinity, -5, 1e300]).sorted() == Array(0..<7))
  }

  @Test func allocationGoesToTheFreeSlotsFirst() {
    let usage = [0.9, 0, 0.5, 1]
    var allocation = [Double](repeating: 0, count: 4)
    Allocation.forward(slots: 4, usage: usage, order: order(usage), allocation: &allocation)
    #expect(abs(allocation[1] - 1) < 1e-5)
    #expect(allocation.reduce(0, +) <= 1)
    #expect(allocation[3] < 1e-9)
  }

  @Test func readFreesAndWriteUses() {
    var usage = [0.0, 0, 0]
    // Slot 0 was written and read with an open free gate, slot 1 written, slot 2 untouched.
    Usage.forward(
      slots: 3, readHeads: 1, writeHeads: 1, freeGates: [1], previousReadWeights: [1, 0, 0],
      previousWriteWeights: [1, 1, 0], previousUsage: [0.3, 0.3, 0.3], usage: &usage)
    #expect(usage == [0, 1, 0.3])
  }

  @Test func linksRememberTheOrderOfWriting() {
    // Writes slot 2, then 0, then 1, then reads on from slot 2.
    let n = 3
    var link = [Double](repeating: 0, count: n * n)
    var precedence = [Double](repeating: 0, count: n)
    var forward = [Double](repeating: 0, count: n)
    var backward = forward
    let read: [Double] = [0, 0, 1]
    var scratch = [Double](repeating: 0, count: LinkParts(slots: n, readHeads: 1, steps: 1).scratchCount)
    for slot in [2, 0, 1] {
      var write = [Double](repeating: 0, count: n)
      write[slot] = 1
      let previousLink = link
      let previousPrecedence = precedence
      forward.withUnsafeMutableBufferPointer { f in
        backward.withUnsafeMutableBufferPointer { b in
          TemporalLinks.forward(
            slots: n, readHeads: 1, writeWeighting: write, previousPrecedence: previousPrecedence,
            previousReadWeights: read, previousLink: previousLink, link: &link,
            forwardWeights: MutableRows(f.baseAddress!, stride: n),
            backwardWeights: MutableRows(b.baseAddress!, stride: n),
            scratch: &scratch, team: nil)
        }
      }
      Precedence.forward(
        slots: n, writeWeighting: write, previousPrecedence: previousPrecedence, precedence: &precedence)
    }
    #expect(link == [0, 0, 1, 1, 0, 0, 0, 0, 0])
    #expect(precedence == [0, 1, 0])
    #expect(forward == [1, 0, 0])
    #expect(backward == [0, 0, 0])
  }

  @Test func contentWeightingFindsTheRow() {
    let memory: [Double] = [1, 0, 0, 1, -1, 0]
    let norms = [1, 1, 1].map { ($0 + 1e-6).squareRoot() }
    var similarity = [Double](repeating: 0, count: 3)
    var weighting = similarity
    ContentWeighting.forward(
      slots: 3, wordSize: 2, heads: 1, memory: memory, rowNorms: norms, keys: [0, 2], strengths: [100],
      similarity: &similarity, weighting: &weighting)
    #expect(weighting[1] > 0.999)
    #expect(abs(similarity[1] - 1) < 1e-5)
    #expect(abs(weighting.reduce(0, +) - 1) < 1e-12)
  }

  @Test func sharpeningRaisesToAPower() {
    func sharpened(_ weighting: [Double], _ sharpness: Double) -> [Double] {
      var result = weighting
      Sharpening.forward(slots: weighting.count, weighting: weighting, sharpness: sharpness, sharpened: &result)
      return result
    }
    #expect(relativeError(sharpened([0.6, 0.3, 0, -1], 2), [0.8, 0.2, 0, 0]) < 1e-5)
    #expect(sharpened([0, 0, 0, 0], 7) == [0.25, 0.25, 0.25, 0.25])

    let weighting = [0.6, 0.3, 0, -1]
    let direction = [0.4, -0.9, 0.2, 0.7]
    func value(_ weighting: [Double], _ sharpness: Double) -> Double {
      zip(sharpened(weighting, sharpness), direction).reduce(0) { $0 + $1.0 * $1.1 }
    }
    var (gradient, sharpnessGradient) = (direction, 0.0)
    Sharpening.backward(
      slots: 4, weighting: weighting, sharpness: 1.5, sharpened: sharpened(weighting, 1.5), gradient: &gradient,
      sharpnessGradient: &sharpnessGradient)
    #expect(abs(sharpnessGradient - (value(weighting, 1.5 + 1e-6) - value(weighting, 1.5 - 1e-6)) / 2e-6) < 1e-8)
    for n in 0..<2 {
      var (above, below) = (weighting, weighting)
      above[n] += 1e-6
      below[n] -= 1e-6
      #expect(abs(gradient[n] - (value(above, 1.5) - value(below, 1.5)) / 2e-6) < 1e-8)
    }
    #expect(gradient[2...] == [0, 0])
  }

  /// By +1 to the next slot, from the last one to the first; with two slots, both shifts go to the other one.
  @Test func shiftsGoRound() {
    func shifted(_ weighting: [Double], _ shifts: [Double]) -> [Double] {
      var shifted = [Double](repeating: .nan, count: weighting.count)
      Shift.forward(slots: weighting.count, shifts: shifts, weighting: weighting, shifted: &shifted)
      return shifted
    }
    #expect(shifted([0, 0, 1, 0], [0, 0, 1]) == [0, 0, 0, 1])
    #expect(shifted([0, 0, 0, 1], [0, 0, 1]) == [1, 0, 0, 0])
    #expect(shifted([1, 0, 0, 0], [1, 0, 0]) == [0, 0, 0, 1])
    #expect(shifted([0.5, 0.5, 0, 0], [0.25, 0.5, 0.25]) == [0.375, 0.375, 0.125, 0.125])
    #expect(shifted([1, 0], [0.25, 0.5, 0.25]) == [0.5, 0.5])
    #expect(shifted([1], [0.25, 0.5, 0.25]) == [1])
  }
}
