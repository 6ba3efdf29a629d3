// One pass over the rows of the link matrix. See `TemporalLinks` for what they compute.

/// Read heads that are served in one pass: their sums stay in registers.
private let headsAtOnce = 4

private typealias Heads = InlineArray<4, Vector>

@export(interface) public func linksForward(
  _ slots: Int, _ readHeads: Int, _ writeWeighting: UnsafePointer<Float>, _ previousPrecedence: UnsafePointer<Float>,
  _ previousReadWeights: UnsafePointer<Float>, _ previousLink: UnsafePointer<Float>,
  _ link: UnsafeMutablePointer<Float>, _ forwardWeights: UnsafeMutablePointer<Float>, _ forwardStride: Int,
  _ backwardWeights: UnsafeMutablePointer<Float>, _ backwardStride: Int
) {
  for head in 0..<readHeads { (backwardWeights + head * backwardStride).update(repeating: 0, count: slots) }
  for i in 0..<slots {
    let row = link + i * slots
    updateRow(slots, i, writeWeighting, previousPrecedence, previousLink + i * slots, row)
    var head = 0
    while head + headsAtOnce <= readHeads {
      readRow(
        headsAtOnce, slots, i, row, previousReadWeights + head * slots, forwardWeights + head * forwardStride,
        forwardStride, backwardWeights + head * backwardStride, backwardStride)
      head += headsAtOnce
    }
    while head < readHeads {
      readRow(
        1, slots, i, row, previousReadWeights + head * slots, forwardWeights + head * forwardStride, forwardStride,
        backwardWeights + head * backwardStride, backwardStride)
      head += 1
    }
  }
}

/// Row i of L_t from row i of L_{t-1}; they may be one.
@inline(__always) private func updateRow(
  _ slots: Int, _ i: Int, _ writeWeighting: UnsafePointer<Float>, _ previousPrecedence: UnsafePointer<Float>,
  _ previousRow: UnsafePointer<Float>, _ row: UnsafeMutablePointer<Float>
) {
  let w = writeWeighting[i]
  let kept = Vector(repeating: 1 - w)
  forEachVector(slots) { j, count in
    let factor = kept - load(writeWeighting + j, count)
    let added = load(previousPrecedence + j, count) * w
    store(added.addingProduct(factor, load(previousRow + j, count)), row + j, count)
  }
  row[i] = 0
}

/// Row i of the link, read by `heads` heads, a constant where it is called.
@inline(__always) private func readRow(
  _ heads: Int, _ slots: Int, _ i: Int, _ row: UnsafePointer<Float>, _ readWeights: UnsafePointer<Float>,
  _ forwardWeights: UnsafeMutablePointer<Float>, _ forwardStride: Int, _ backwardWeights: UnsafeMutablePointer<Float>,
  _ backwardStride: Int
) {
  var sums = Heads(repeating: .zero)
  var read = Heads(repeating: .zero)
  for h in 0..<heads { read[h] = Vector(repeating: readWeights[h * slots + i]) }
  forEachVector(slots) { j, count in
    let l = load(row + j, count)
    for h in 0..<heads {
      sums[h] = sums[h].addingProduct(l, load(readWeights + h * slots + j, count))
      let target = backwardWeights + h * backwardStride + j
      store(load(target, count).addingProduct(read[h], l), target, count)
    }
  }
  for h in 0..<heads { forwardWeights[h * forwardStride + i] = total(sums[h]) }
}

@export(interface) public func linksBackward(
  _ slots: Int, _ readHeads: Int, _ steps: Int, _ stepStride: Int, _ link: UnsafePointer<Float>,
  _ writeWeightings: UnsafePointer<Float>, _ precedences: UnsafePointer<Float>,
  _ previousReadWeights: UnsafePointer<Float>, _ rows: UnsafeMutablePointer<Float>,
  _ forwardGradient: UnsafePointer<Float>, _ forwardStride: Int, _ backwardGradient: UnsafePointer<Float>,
  _ backwardStride: Int, _ linkGradient: UnsafeMutablePointer<Float>,
  _ writeWeightingGradient: UnsafeMutablePointer<Float>, _ precedenceGradient: UnsafeMutablePointer<Float>,
  _ readWeightsGradient: UnsafeMutablePointer<Float>
) {
  let writeWeighting = writeWeightings + steps * stepStride
  let previousPrecedence = precedences + steps * stepStride
  let row = rows + slots
  for i in 0..<slots {
    var previousRow = link + i * slots
    for step in 0..<steps {
      updateRow(slots, i, writeWeightings + step * stepStride, precedences + step * stepStride, previousRow, rows)
      previousRow = UnsafePointer(rows)
    }
    updateRow(slots, i, writeWeighting, previousPrecedence, previousRow, row)
    let rowGradient = linkGradient + i * slots
    var head = 0
    while head + headsAtOnce <= readHeads {
      readRowBackward(
        headsAtOnce, slots, i, row, previousReadWeights + head * slots, forwardGradient + head * forwardStride,
        forwardStride, backwardGradient + head * backwardStride, backwardStride, rowGradient,
        readWeightsGradient + head * slots)
      head += headsAtOnce
    }
    while head < readHeads {
      readRowBackward(
        1, slots, i, row, previousReadWeights + head * slots, forwardGradient + head * forwardStride, forwardStride,
        backwardGradient + head * backwardStride, backwardStride, rowGradient, readWeightsGradient + head * slots)
      head += 1
    }
    rowGradient[i] = 0

    let w = writeWeighting[i]
    let kept = Vector(repeating: 1 - w)
    var sums = Vector.zero
    forEachVector(slots) { j, count in
      let gradient = load(rowGradient + j, count)
      let previous = load(previousRow + j, count)
      let towardsPrevious = gradient * previous
      sums += gradient * load(previousPrecedence + j, count) - towardsPrevious
      store(
        load(precedenceGradient + j, count).addingProduct(gradient, Vector(repeating: w)), precedenceGradient + j, count
      )
      store(load(writeWeightingGradient + j, count) - towardsPrevious, writeWeightingGradient + j, count)
      store(gradient * (kept - load(writeWeighting + j, count)), rowGradient + j, count)
    }
    writeWeightingGradient[i] += total(sums)
  }
}

@inline(__always) private func readRowBackward(
  _ heads: Int, _ slots: Int, _ i: Int, _ row: UnsafePointer<Float>, _ readWeights: UnsafePointer<Float>,
  _ forwardGradient: UnsafePointer<Float>, _ forwardStride: Int, _ backwardGradient: UnsafePointer<Float>,
  _ backwardStride: Int, _ rowGradient: UnsafeMutablePointer<Float>, _ readWeightsGradient: UnsafeMutablePointer<Float>
) {
  var sums = Heads(repeating: .zero)
  var read = Heads(repeating: .zero)
  var f = Heads(repeating: .zero)
  for h in 0..<heads {
    read[h] = Vector(repeating: readWeights[h * slots + i])
    f[h] = Vector(repeating: forwardGradient[h * forwardStride + i])
  }
  forEachVector(slots) { j, count in
    let l = load(row + j, count)
    var gradient = load(rowGradient + j, count)
    for h in 0..<heads {
      let b = load(backwardGradient + h * backwardStride + j, count)
      gradient = gradient.addingProduct(f[h], load(readWeights + h * slots + j, count)).addingProduct(read[h], b)
      sums[h] = sums[h].addingProduct(l, b)
      let target = readWeightsGradient + h * slots + j
      store(load(target, count).addingProduct(f[h], l), target, count)
    }
    store(gradient, rowGradient + j, count)
  }
  for h in 0..<heads { readWeightsGradient[h * slots + i] += total(sums[h]) }
}
