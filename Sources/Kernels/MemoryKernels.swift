// What works on the rows of the memory. See `ContentWeighting`, `MemoryWrite` and `ReadVectors` for what they compute.

import CKernels

private let epsilon: Float = 1e-6
/// Below it, the product of two norms and the dot product of their vectors are finite, with every sum on the way.
private let greatestNorms: Float = 1e38

func softmax(
  _ count: Int, _ logits: UnsafePointer<Float>, _ probabilities: UnsafeMutablePointer<Float>
) {
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
  var sums = Vector.zero
  forEachVector(count) { i, n in
    let e = exp(load(logits + i, n) - maximum)
    store(e, probabilities + i, n)
    sums += load(probabilities + i, n)
  }
  let scale = 1 / total(sums)
  forEachVector(count) { i, n in store(load(probabilities + i, n) * scale, probabilities + i, n) }
}

/// ‖M[n]‖_ε
func rowNorms(
  _ slots: Int, _ wordSize: Int, _ memory: UnsafePointer<Float>, _ norms: UnsafeMutablePointer<Float>
) {
  for n in 0..<slots {
    norms[n] = (dot(wordSize, memory + n * wordSize, memory + n * wordSize) + epsilon).squareRoot()
  }
}

func contentForward(_ operands: UnsafePointer<ContentForwardOperands>) -> Bool {
  let o = operands.pointee
  let keyNorm = (dot(o.wordSize, o.key, o.key) + epsilon).squareRoot()
  var n = 0
  while n + 4 <= o.slots {
    let rows = o.memory + n * o.wordSize
    var sums = InlineArray<4, Vector>(repeating: .zero)
    forEachVector(o.wordSize) { j, count in
      let k = load(o.key + j, count)
      for r in 0..<4 { sums[r] = sums[r].addingProduct(k, load(rows + r * o.wordSize + j, count)) }
    }
    let dots = totals(sums[0], sums[1], sums[2], sums[3])
    for r in 0..<4 { o.similarity[n + r] = dots[r] }
    n += 4
  }
  while n < o.slots {
    o.similarity[n] = dot(o.wordSize, o.key, o.memory + n * o.wordSize)
    n += 1
  }
  var allNorms = Vector.zero
  forEachVector(o.slots) { i, count in
    // The lanes beyond the end divide 0 by ε.
    let norms = load(o.rowNorms + i, count) * keyNorm + epsilon
    allNorms += norms
    let d = load(o.similarity + i, count) / norms
    store(d, o.similarity + i, count)
    store(d * o.strength, o.weighting + i, count)
  }
  guard total(allNorms) < greatestNorms else { return false }
  softmax(o.slots, o.weighting, o.weighting)
  return true
}

func contentBackward(_ operands: UnsafePointer<ContentBackwardOperands>) -> Bool {
  let o = operands.pointee
  let keyNorm = (dot(o.wordSize, o.key, o.key) + epsilon).squareRoot()
  guard keyNorm < greatestNorms else { return false }
  let mean = dot(o.slots, o.weighting, o.weightingGradient)
  var strengthSums = Vector.zero
  var keySums = Vector.zero
  forEachVector(o.slots) { i, count in
    let logitGradient = load(o.weighting + i, count) * (load(o.weightingGradient + i, count) - mean)
    let d = load(o.similarity + i, count)
    let norms = load(o.rowNorms + i, count)
    strengthSums = strengthSums.addingProduct(logitGradient, d)
    let g = logitGradient * o.strength / (norms * keyNorm + epsilon)
    keySums = keySums.addingProduct(g * d, norms)
    store(g, o.weightingGradient + i, count)
  }
  o.strengthGradient[0] += total(strengthSums)
  for n in 0..<o.slots {
    let g = Vector(repeating: o.weightingGradient[n])
    let towardsRow = Vector(repeating: -o.weightingGradient[n] * o.similarity[n] * keyNorm / o.rowNorms[n])
    let row = o.memory + n * o.wordSize
    let rowGradient = o.memoryGradient + n * o.wordSize
    forEachVector(o.wordSize) { j, count in
      let m = load(row + j, count)
      store(load(o.keyGradient + j, count).addingProduct(g, m), o.keyGradient + j, count)
      let changed = load(rowGradient + j, count).addingProduct(g, load(o.key + j, count)).addingProduct(towardsRow, m)
      store(changed, rowGradient + j, count)
    }
  }
  addScaled(o.wordSize, -total(keySums) / keyNorm, o.key, o.keyGradient)
  return true
}

/// With one write head.
func memoryWriteForward(_ operands: UnsafePointer<MemoryWriteForwardOperands>) -> Bool {
  let o = operands.pointee
  var greatest: Float = 0
  for n in 0..<o.slots {
    let w = Vector(repeating: o.weights[n])
    var squares = Vector.zero
    forEachVector(o.wordSize) { j, count in
      let previous = load(o.previousMemory + n * o.wordSize + j, count)
      let kept = previous * (1 - w * load(o.erase + j, count))
      let m = kept.addingProduct(w, load(o.write + j, count))
      store(m, o.memory + n * o.wordSize + j, count)
      squares = squares.addingProduct(m, m)
    }
    let norm = (total(squares) + epsilon).squareRoot()
    o.rowNorms[n] = norm
    greatest = greatest < norm ? norm : greatest
  }
  return greatest.isFinite
}

/// With one write head.
func memoryWriteBackward(_ operands: UnsafePointer<MemoryWriteBackwardOperands>) {
  let o = operands.pointee
  for n in 0..<o.slots {
    let w = Vector(repeating: o.weights[n])
    var weightSums = Vector.zero
    forEachVector(o.wordSize) { j, count in
      let gradient = load(o.memoryGradient + n * o.wordSize + j, count)
      let e = load(o.erase + j, count)
      let erased = gradient * load(o.previousMemory + n * o.wordSize + j, count)
      weightSums += gradient * load(o.write + j, count) - erased * e
      store(load(o.eraseGradient + j, count) - erased * w, o.eraseGradient + j, count)
      store(load(o.writeGradient + j, count).addingProduct(gradient, w), o.writeGradient + j, count)
      store(gradient * (1 - w * e), o.memoryGradient + n * o.wordSize + j, count)
    }
    o.weightsGradient[n] += total(weightSums)
  }
}

func readVectorForward(_ operands: UnsafePointer<ReadVectorForwardOperands>) {
  let o = operands.pointee
  var j = 0
  while j + 4 * lanes <= o.wordSize {
    var sums = InlineArray<4, Vector>(repeating: .zero)
    for n in 0..<o.slots {
      let w = Vector(repeating: o.weighting[n])
      for v in 0..<4 { sums[v] = sums[v].addingProduct(w, load(o.memory + n * o.wordSize + j + v * lanes)) }
    }
    for v in 0..<4 { store(sums[v], o.vector + j + v * lanes) }
    j += 4 * lanes
  }
  while j < o.wordSize {
    let count = min(lanes, o.wordSize - j)
    var sum = Vector.zero
    for n in 0..<o.slots {
      sum = sum.addingProduct(Vector(repeating: o.weighting[n]), load(o.memory + n * o.wordSize + j, count))
    }
    store(sum, o.vector + j, count)
    j += count
  }
}

func readVectorBackward(_ operands: UnsafePointer<ReadVectorBackwardOperands>) {
  let o = operands.pointee
  for n in 0..<o.slots {
    let w = Vector(repeating: o.weighting[n])
    var sums = Vector.zero
    forEachVector(o.wordSize) { j, count in
      let gradient = load(o.vectorGradient + j, count)
      sums = sums.addingProduct(load(o.memory + n * o.wordSize + j, count), gradient)
      let target = o.memoryGradient + n * o.wordSize + j
      store(load(target, count).addingProduct(w, gradient), target, count)
    }
    o.weightingGradient[n] += total(sums)
  }
}
