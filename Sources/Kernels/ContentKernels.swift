// The kernels of the content weightings of all heads. See `ContentWeighting` and `Softmax` for what they compute.

import CKernels
import CVector

/// ε
let epsilon: Float = 1e-6
/// Norms below this bound have a finite product, and their vectors a finite dot product with finite partial sums.
let greatestNorms: Float = 1e38

/// ‖x‖_ε
@inline(__always) private func norm(_ count: Int, _ x: Input) -> Float { (dot(count, x, x) + epsilon).squareRoot() }

func softmaxRows(_ operands: UnsafePointer<SoftmaxRowsOperands>) {
  let o = operands.pointee
  softmaxRows(o.rows, o.count, o.logits, o.probabilities)
}

/// Softmax of each of some rows. Its steps are taken for all rows before the next one begins, so that the rows don't wait
/// for each other. `probabilities` may be `logits`.
func softmaxRows(
  _ rows: Int, _ count: Int, _ logits: UnsafePointer<Float>, _ probabilities: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows {
    let (x, p) = (logits + row * count, probabilities + row * count)
    let maximum = maximum(count, x)
    if count < lanes {
      for i in 0..<count { p[i] = x[i] - maximum }
    } else {
      forEachVector(count) { i, n in store(load(x + i, n) - maximum, p + i, n) }
    }
  }
  forEachVector(rows * count) { i, n in store(exp(load(probabilities + i, n)), probabilities + i, n) }
  for row in 0..<rows {
    let p = probabilities + row * count
    if count < lanes {
      var sum: Float = 0
      for i in 0..<count { sum += p[i] }
      let scale = 1 / sum
      for i in 0..<count { p[i] *= scale }
    } else {
      var sums = Vector.zero
      forEachVector(count) { i, n in sums += load(p + i, n) }
      let scale = 1 / total(sums)
      forEachVector(count) { i, n in store(load(p + i, n) * scale, p + i, n) }
    }
  }
}

@inline(__always) private func maximum(_ count: Int, _ logits: Input) -> Float {
  var maximum = logits[0]
  var i = 0
  if count >= lanes {
    var maxima = load(logits)
    forEachVector(count & ~(lanes - 1)) { i, _ in
      let x = load(logits + i)
      maxima = choose(maxima, lessThan: x, x, else: maxima)
    }
    maximum = largest(maxima)
    i = count & ~(lanes - 1)
  }
  while i < count {
    if logits[i] > maximum { maximum = logits[i] }
    i += 1
  }
  return maximum
}

/// ‖M[n]‖_ε
func rowNorms(_ operands: UnsafePointer<RowNormsOperands>) {
  let o = operands.pointee
  let (slots, wordSize, memory, rowNorms) = (o.slots, o.wordSize, o.memory, o.rowNorms)
  // Eight at a time add in the order of `memoryWriteForward`.
  var n = 0
  while n + 8 <= slots {
    var squares: InlineArray<8, Vector> = zeros()
    for r in 0..<8 {
      let row = memory + (n + r) * wordSize
      forEachVector(wordSize) { j, count in
        let m = load(row + j, count)
        squares[r] = squares[r].addingProduct(m, m)
      }
    }
    dnc_store8(dnc_sqrt8(totals(squares) + epsilon), rowNorms + n)
    n += 8
  }
  while n < slots {
    rowNorms[n] = norm(wordSize, memory + n * wordSize)
    n += 1
  }
}

func contentForward(_ operands: UnsafePointer<ContentForwardOperands>) -> Bool {
  let o = operands.pointee
  let (slots, wordSize, heads, memory, rowNorms) = (o.slots, o.wordSize, o.heads, o.memory, o.rowNorms)
  let (keys, strengths) = (o.keys, o.strengths)
  multiplyRows(slots, wordSize, heads, memory, by: keys, o.similarity, adding: false)
  for head in 0..<heads {
    let (similarity, weighting) = (o.similarity + head * slots, o.weighting + head * slots)
    let keyNorm = norm(wordSize, keys + head * wordSize)
    guard compare(slots, keyNorm, rowNorms, strengths[head], similarity, weighting) else { return false }
  }
  softmaxRows(heads, slots, o.weighting, o.weighting)
  return true
}

/// Turns the products of a key with all rows into D, and writes β D. Returns false for norms that are too large.
@inline(__always) func compare(
  _ slots: Int, _ keyNorm: Float, _ rowNorms: Input, _ strength: Float, _ similarity: Output, _ weighting: Output
) -> Bool {
  var allNorms = Vector.zero
  forEachVector(slots) { i, count in
    // The lanes beyond the end divide 0 by ε.
    let norms = load(rowNorms + i, count) * keyNorm + epsilon
    allNorms += norms
    let d = load(similarity + i, count) / norms
    store(d, similarity + i, count)
    store(d * strength, weighting + i, count)
  }
  return total(allNorms) < greatestNorms
}

func contentBackward(_ operands: UnsafePointer<ContentBackwardOperands>) -> Bool {
  let o = operands.pointee
  let (slots, wordSize, heads, memory, rowNorms) = (o.slots, o.wordSize, o.heads, o.memory, o.rowNorms)
  let (keys, strengths, rowFactors) = (o.keys, o.strengths, o.rowFactors)
  for head in 0..<heads {
    guard norm(wordSize, keys + head * wordSize) < greatestNorms else { return false }
  }
  for head in 0..<heads {
    let (similarity, weighting) = (o.similarity + head * slots, o.weighting + head * slots)
    let (weightingGradient, key) = (o.weightingGradient + head * slots, keys + head * wordSize)
    let keyNorm = norm(wordSize, key)
    let strength = strengths[head]
    let mean = dot(slots, weighting, weightingGradient)
    var strengthSums = Vector.zero
    var keySums = Vector.zero
    forEachVector(slots) { i, count in
      let logitGradient = load(weighting + i, count) * (load(weightingGradient + i, count) - mean)
      let d = load(similarity + i, count)
      let norms = load(rowNorms + i, count)
      strengthSums = strengthSums.addingProduct(logitGradient, d)
      let g = logitGradient * strength / (norms * keyNorm + epsilon)
      store(g, weightingGradient + i, count)
      keySums = keySums.addingProduct(g * d, norms)
      let ofOthers = head == 0 ? .zero : load(rowFactors + i, count)
      let ofAll = ofOthers.addingProduct(g * d, Vector(repeating: -keyNorm))
      // Lanes beyond the end are not stored.
      store(head + 1 < heads ? ofAll : ofAll / norms, rowFactors + i, count)
    }
    o.strengthsGradient[head] += total(strengthSums)
    addScaled(wordSize, -total(keySums) / keyNorm, key, o.keysGradient + head * wordSize)
  }
  addToRows(
    slots, wordSize, heads, weights: o.weightingGradient, keys, o.memoryGradient, alsoAdding: memory,
    by: rowFactors)
  sumRows(slots, wordSize, heads, memory, weights: o.weightingGradient, o.keysGradient, adding: true)
  return true
}
