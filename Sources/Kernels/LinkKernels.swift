// Passes over the rows of the link matrix. See `TemporalLinks` for what they compute.
//
// Two rows at a time share the loads of the columns' weightings and of the sums over all rows. Four read heads at a
// time keep their sums over the columns in registers. `rows` and `heads` are constants where a function is called.

import CKernels

private typealias Tile = InlineArray<2, InlineArray<4, Vector>>
private typealias Pair = InlineArray<2, Vector>

func linksForward(_ operands: UnsafePointer<LinksForwardOperands>) {
  let o = operands.pointee
  let (first, end, slots, readHeads) = (o.first, o.end, o.slots, o.readHeads)
  let (writeWeighting, previousPrecedence, previousReadWeights, previousLink) = (
    o.writeWeighting, o.previousPrecedence, o.previousReadWeights, o.previousLink
  )
  let (link, forwardWeights, forwardStride, backwardWeights) = (
    o.link, o.forwardWeights, o.forwardStride, o.backwardWeights
  )
  let backwardStride = o.backwardStride
  for head in 0..<readHeads { (backwardWeights + head * backwardStride).update(repeating: 0, count: slots) }
  @inline(__always) func take(_ rows: Int, from i: Int) {
    let target = link + i * slots
    updateRows(rows, i, slots, writeWeighting, previousPrecedence, previousLink + i * slots, target)
    clearDiagonal(rows, i, slots, target)
    forEachHeads(readHeads) { heads, head in
      readRows(
        rows, heads, i, slots, target, previousReadWeights + head * slots,
        forwardWeights + head * forwardStride,
        forwardStride, backwardWeights + head * backwardStride, backwardStride)
    }
  }
  var i = first
  while i + 2 <= end {
    take(2, from: i)
    i += 2
  }
  if i < end { take(1, from: i) }
}

func linksBackward(_ operands: UnsafePointer<LinksBackwardOperands>) {
  let o = operands.pointee
  let (first, end, slots, readHeads) = (o.first, o.end, o.slots, o.readHeads)
  let (steps, stepStride, link, writeWeightings) = (o.steps, o.stepStride, o.link, o.writeWeightings)
  let (precedences, previousReadWeights, scratch, forwardGradient) = (
    o.precedences, o.previousReadWeights, o.scratch, o.forwardGradient
  )
  let (forwardStride, backwardGradient, backwardStride, linkGradient) = (
    o.forwardStride, o.backwardGradient, o.backwardStride, o.linkGradient
  )
  let (writeWeightingGradient, precedenceGradient, readWeightsGradient) = (
    o.writeWeightingGradient, o.precedenceGradient, o.readWeightsGradient
  )
  let writeWeighting = writeWeightings + steps * stepStride
  let previousPrecedence = precedences + steps * stepStride
  let current = scratch + 2 * slots
  @inline(__always) func take(_ rows: Int, from i: Int) {
    var previous = link + i * slots
    for step in 0..<steps {
      // Intermediate diagonal values reach no other element.
      updateRows(
        rows, i, slots, writeWeightings + step * stepStride, precedences + step * stepStride, previous,
        scratch)
      previous = UnsafePointer(scratch)
    }
    if steps > 0 { clearDiagonal(rows, i, slots, scratch) }
    updateRows(rows, i, slots, writeWeighting, previousPrecedence, previous, current)
    clearDiagonal(rows, i, slots, current)

    let gradient = linkGradient + i * slots
    forEachHeads(readHeads) { heads, head in
      readRowsBackward(
        rows, heads, i, slots, current, previousReadWeights + head * slots,
        forwardGradient + head * forwardStride,
        forwardStride, backwardGradient + head * backwardStride, backwardStride, gradient,
        readWeightsGradient + head * slots)
    }
    clearDiagonal(rows, i, slots, gradient)
    updateRowsBackward(
      rows, i, slots, writeWeighting, previousPrecedence, previous, gradient, writeWeightingGradient,
      precedenceGradient)
  }
  var i = first
  while i + 2 <= end {
    take(2, from: i)
    i += 2
  }
  if i < end { take(1, from: i) }
}

/// Calls `body` with 4, 2 or 1 heads and the first of them.
@inline(__always) private func forEachHeads(_ count: Int, _ body: (_ heads: Int, _ first: Int) -> Void) {
  var head = 0
  while head + 4 <= count {
    body(4, head)
    head += 4
  }
  if count & 2 != 0 {
    body(2, head)
    head += 2
  }
  if count & 1 != 0 { body(1, head) }
}

/// L[i,i] = 0 in rows i and following.
@inline(__always) private func clearDiagonal(_ rows: Int, _ i: Int, _ slots: Int, _ row: UnsafeMutablePointer<Float>) {
  for r in 0..<rows { row[r * slots + i + r] = 0 }
}

/// Computes rows of L_t, except for the diagonal, from those of L_{t-1}. Both may be the same array.
@inline(__always) private func updateRows(
  _ rows: Int, _ i: Int, _ slots: Int, _ writeWeighting: UnsafePointer<Float>, _ precedence: UnsafePointer<Float>,
  _ previous: UnsafePointer<Float>, _ row: UnsafeMutablePointer<Float>
) {
  var w = Pair(repeating: .zero)
  for r in 0..<rows { w[r] = Vector(repeating: writeWeighting[i + r]) }
  forEachVector(slots) { j, count in
    let others = load(writeWeighting + j, count)
    let p = load(precedence + j, count)
    for r in 0..<rows {
      let kept = 1 - w[r] - others
      store((w[r] * p).addingProduct(kept, load(previous + r * slots + j, count)), row + r * slots + j, count)
    }
  }
}

/// Turns the gradient of rows of L_t into that of L_{t-1}, in place, and adds to those of w^w and p.
@inline(__always) private func updateRowsBackward(
  _ rows: Int, _ i: Int, _ slots: Int, _ writeWeighting: UnsafePointer<Float>, _ precedence: UnsafePointer<Float>,
  _ previous: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
  _ writeWeightingGradient: UnsafeMutablePointer<Float>, _ precedenceGradient: UnsafeMutablePointer<Float>
) {
  var w = Pair(repeating: .zero)
  var sums = Pair(repeating: .zero)
  for r in 0..<rows { w[r] = Vector(repeating: writeWeighting[i + r]) }
  forEachVector(slots) { j, count in
    let others = load(writeWeighting + j, count)
    let p = load(precedence + j, count)
    var towardsWrite = load(writeWeightingGradient + j, count)
    var towardsPrecedence = load(precedenceGradient + j, count)
    for r in 0..<rows {
      let g = load(gradient + r * slots + j, count)
      let towardsKept = g * load(previous + r * slots + j, count)
      sums[r] += g * p - towardsKept
      towardsPrecedence = towardsPrecedence.addingProduct(g, w[r])
      towardsWrite -= towardsKept
      store(g * (1 - w[r] - others), gradient + r * slots + j, count)
    }
    store(towardsPrecedence, precedenceGradient + j, count)
    store(towardsWrite, writeWeightingGradient + j, count)
  }
  for r in 0..<rows { writeWeightingGradient[i + r] += total(sums[r]) }
}

/// Adds the readings of some heads from rows of the links.
@inline(__always) private func readRows(
  _ rows: Int, _ heads: Int, _ i: Int, _ slots: Int, _ row: UnsafePointer<Float>, _ readWeights: UnsafePointer<Float>,
  _ forwardWeights: UnsafeMutablePointer<Float>, _ forwardStride: Int, _ backwardWeights: UnsafeMutablePointer<Float>,
  _ backwardStride: Int
) {
  var sums = Tile(repeating: InlineArray(repeating: .zero))
  var read = Tile(repeating: InlineArray(repeating: .zero))
  for r in 0..<rows {
    for h in 0..<heads { read[r][h] = Vector(repeating: readWeights[h * slots + i + r]) }
  }
  forEachVector(slots) { j, count in
    var l = Pair(repeating: .zero)
    for r in 0..<rows { l[r] = load(row + r * slots + j, count) }
    for h in 0..<heads {
      let weights = load(readWeights + h * slots + j, count)
      var b = load(backwardWeights + h * backwardStride + j, count)
      for r in 0..<rows {
        sums[r][h] = sums[r][h].addingProduct(l[r], weights)
        b = b.addingProduct(read[r][h], l[r])
      }
      store(b, backwardWeights + h * backwardStride + j, count)
    }
  }
  for r in 0..<rows {
    for h in 0..<heads { forwardWeights[h * forwardStride + i + r] = total(sums[r][h]) }
  }
}

/// Adds to the gradients of rows of L_t and of the read weightings.
@inline(__always) private func readRowsBackward(
  _ rows: Int, _ heads: Int, _ i: Int, _ slots: Int, _ row: UnsafePointer<Float>, _ readWeights: UnsafePointer<Float>,
  _ forwardGradient: UnsafePointer<Float>, _ forwardStride: Int, _ backwardGradient: UnsafePointer<Float>,
  _ backwardStride: Int, _ gradient: UnsafeMutablePointer<Float>, _ readWeightsGradient: UnsafeMutablePointer<Float>
) {
  var sums = Tile(repeating: InlineArray(repeating: .zero))
  var read = Tile(repeating: InlineArray(repeating: .zero))
  var f = Tile(repeating: InlineArray(repeating: .zero))
  for r in 0..<rows {
    for h in 0..<heads {
      read[r][h] = Vector(repeating: readWeights[h * slots + i + r])
      f[r][h] = Vector(repeating: forwardGradient[h * forwardStride + i + r])
    }
  }
  forEachVector(slots) { j, count in
    var l = Pair(repeating: .zero)
    var g = Pair(repeating: .zero)
    for r in 0..<rows {
      l[r] = load(row + r * slots + j, count)
      g[r] = load(gradient + r * slots + j, count)
    }
    for h in 0..<heads {
      let weights = load(readWeights + h * slots + j, count)
      let b = load(backwardGradient + h * backwardStride + j, count)
      var towardsRead = load(readWeightsGradient + h * slots + j, count)
      for r in 0..<rows {
        g[r] = g[r].addingProduct(f[r][h], weights).addingProduct(read[r][h], b)
        sums[r][h] = sums[r][h].addingProduct(l[r], b)
        towardsRead = towardsRead.addingProduct(f[r][h], l[r])
      }
      store(towardsRead, readWeightsGradient + h * slots + j, count)
    }
    for r in 0..<rows { store(g[r], gradient + r * slots + j, count) }
  }
  for r in 0..<rows {
    for h in 0..<heads { readWeightsGradient[h * slots + i + r] += total(sums[r][h]) }
  }
}
