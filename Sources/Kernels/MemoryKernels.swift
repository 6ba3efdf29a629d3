// The kernels that write the memory and read vectors from it. See `MemoryWrite` and `ReadVectors` for what they compute.

import CKernels
import CVector

/// With one write head.
func memoryWriteForward(_ operands: UnsafePointer<MemoryWriteForwardOperands>) -> Bool {
  let o = operands.pointee
  if let retention = o.retention { return writeForward(o, retention: retention) }
  return writeForward(o, retention: nil)
}

@inline(__always) private func writeForward(_ o: MemoryWriteForwardOperands, retention: Input?) -> Bool {
  let (slots, wordSize, previousMemory, weights) = (o.slots, o.wordSize, o.previousMemory, o.weights)
  let (erase, write, memory, rowNorms) = (o.erase, o.write, o.memory, o.rowNorms)
  /// Writes some rows; adds up the squares of their numbers from `squares[first]` on.
  @inline(__always) func take(_ rows: Int, from n: Int, _ squares: inout InlineArray<8, Vector>, _ first: Int) {
    var w: InlineArray<4, Vector> = zeros()
    for r in 0..<rows { w[r] = Vector(repeating: weights[n + r]) }
    forEachVector(wordSize) { j, count in
      let (e, v) = (load(erase + j, count), load(write + j, count))
      for r in 0..<rows {
        let place = (n + r) * wordSize + j
        var previous = load(previousMemory + place, count)
        if let retention { previous *= retention[n + r] }
        let m = (previous * (1 - w[r] * e)).addingProduct(w[r], v)
        store(m, memory + place, count)
        squares[first + r] = squares[first + r].addingProduct(m, m)
      }
    }
  }
  var greatest = Eight.zero
  var n = 0
  while n + 8 <= slots {
    var squares: InlineArray<8, Vector> = zeros()
    take(4, from: n, &squares, 0)
    take(4, from: n + 4, &squares, 4)
    let norms = dnc_sqrt8(totals(squares) + epsilon)
    dnc_store8(norms, rowNorms + n)
    greatest = dnc_choose8(greatest, norms, norms, greatest)
    n += 8
  }
  var isFinite = dnc_largest8(greatest).isFinite
  while n < slots {
    var squares: InlineArray<8, Vector> = zeros()
    take(1, from: n, &squares, 0)
    rowNorms[n] = (total(squares[0]) + epsilon).squareRoot()
    isFinite = isFinite && rowNorms[n].isFinite
    n += 1
  }
  return isFinite
}

/// With one write head.
func memoryWriteBackward(_ operands: UnsafePointer<MemoryWriteBackwardOperands>) {
  let o = operands.pointee
  if let retention = o.retention, let retentionGradient = o.retentionGradient {
    writeBackward(o, retention: (retention, retentionGradient))
  } else {
    writeBackward(o, retention: nil)
  }
}

/// - Parameter retention: ψ, and its gradient.
@inline(__always) private func writeBackward(
  _ o: MemoryWriteBackwardOperands, retention: (values: Input, gradient: Output)?
) {
  let (slots, wordSize, previousMemory, weights) = (o.slots, o.wordSize, o.previousMemory, o.weights)
  let (erase, write, memoryGradient, weightsGradient) = (o.erase, o.write, o.memoryGradient, o.weightsGradient)
  let (eraseGradient, writeGradient) = (o.eraseGradient, o.writeGradient)
  @inline(__always) func take(_ rows: Int, from n: Int) {
    var w: InlineArray<4, Vector> = zeros()
    for r in 0..<rows { w[r] = Vector(repeating: weights[n + r]) }
    var sums: InlineArray<4, Vector> = zeros()
    var keptSums: InlineArray<4, Vector> = zeros()
    forEachVector(wordSize) { j, count in
      let (e, v) = (load(erase + j, count), load(write + j, count))
      var (towardsErase, towardsWrite) = (load(eraseGradient + j, count), load(writeGradient + j, count))
      for r in 0..<rows {
        let place = (n + r) * wordSize + j
        let gradient = load(memoryGradient + place, count)
        let previous = load(previousMemory + place, count)
        var kept = gradient
        if let retention { kept *= retention.values[n + r] }
        let erased = kept * previous
        sums[r] = sums[r].addingProduct(gradient, v) - erased * e
        towardsErase -= erased * w[r]
        towardsWrite = towardsWrite.addingProduct(gradient, w[r])
        let left = 1 - w[r] * e
        if retention != nil { keptSums[r] = keptSums[r].addingProduct(gradient * left, previous) }
        store(kept * left, memoryGradient + place, count)
      }
      store(towardsErase, eraseGradient + j, count)
      store(towardsWrite, writeGradient + j, count)
    }
    let found = totals(sums[0], sums[1], sums[2], sums[3])
    for r in 0..<rows { weightsGradient[n + r] += found[r] }
    if let retention {
      let found = totals(keptSums[0], keptSums[1], keptSums[2], keptSums[3])
      for r in 0..<rows { retention.gradient[n + r] = found[r] }
    }
  }
  var n = 0
  while n + 4 <= slots {
    take(4, from: n)
    n += 4
  }
  while n < slots {
    take(1, from: n)
    n += 1
  }
}

func readVectorsForward(_ operands: UnsafePointer<ReadVectorsForwardOperands>) {
  let o = operands.pointee
  sumRows(o.slots, o.wordSize, o.heads, o.memory, weights: o.weightings, o.vectors, adding: false)
}

func readVectorsBackward(_ operands: UnsafePointer<ReadVectorsBackwardOperands>) {
  let o = operands.pointee
  multiplyRows(o.slots, o.wordSize, o.heads, o.memory, by: o.vectorsGradient, o.weightingsGradient, adding: true)
  addToRows(o.slots, o.wordSize, o.heads, weights: o.weightings, o.vectorsGradient, o.memoryGradient)
}
