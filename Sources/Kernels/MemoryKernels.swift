// The kernels on the rows of the memory. See `ContentWeighting`, `MemoryWrite` and `ReadVectors` for what they compute.

import CKernels

private let epsilon: Float = 1e-6
/// Norms below this bound have a finite product, and their vectors a finite dot product with finite partial sums.
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
func rowNorms(_ operands: UnsafePointer<RowNormsOperands>) {
  let o = operands.pointee
  let (slots, wordSize, memory, rowNorms) = (o.slots, o.wordSize, o.memory, o.rowNorms)
  for n in 0..<slots {
    rowNorms[n] = (dot(wordSize, memory + n * wordSize, memory + n * wordSize) + epsilon).squareRoot()
  }
}

func contentForward(_ operands: UnsafePointer<ContentForwardOperands>) -> Bool {
  let o = operands.pointee
  let (slots, wordSize, memory, rowNorms) = (o.slots, o.wordSize, o.memory, o.rowNorms)
  let (key, strength, similarity, weighting) = (o.key, o.strength, o.similarity, o.weighting)
  let keyNorm = (dot(wordSize, key, key) + epsilon).squareRoot()
  var n = 0
  while n + 4 <= slots {
    let rows = memory + n * wordSize
    var sums = InlineArray<4, Vector>(repeating: .zero)
    forEachVector(wordSize) { j, count in
      let k = load(key + j, count)
      for r in 0..<4 { sums[r] = sums[r].addingProduct(k, load(rows + r * wordSize + j, count)) }
    }
    let dots = totals(sums[0], sums[1], sums[2], sums[3])
    for r in 0..<4 { similarity[n + r] = dots[r] }
    n += 4
  }
  while n < slots {
    similarity[n] = dot(wordSize, key, memory + n * wordSize)
    n += 1
  }
  var allNorms = Vector.zero
  forEachVector(slots) { i, count in
    // The lanes beyond the end divide 0 by ε.
    let norms = load(rowNorms + i, count) * keyNorm + epsilon
    allNorms += norms
    let d = load(similarity + i, count) / norms
    store(d, similarity + i, count)
    store(d * strength, weighting + i, count)
  }
  guard total(allNorms) < greatestNorms else { return false }
  softmax(slots, weighting, weighting)
  return true
}

func contentBackward(_ operands: UnsafePointer<ContentBackwardOperands>) -> Bool {
  let o = operands.pointee
  let (slots, wordSize, memory, rowNorms) = (o.slots, o.wordSize, o.memory, o.rowNorms)
  let (key, strength, similarity, weighting) = (o.key, o.strength, o.similarity, o.weighting)
  let (weightingGradient, memoryGradient, keyGradient, strengthGradient) = (
    o.weightingGradient, o.memoryGradient, o.keyGradient, o.strengthGradient
  )
  let keyNorm = (dot(wordSize, key, key) + epsilon).squareRoot()
  guard keyNorm < greatestNorms else { return false }
  let mean = dot(slots, weighting, weightingGradient)
  var strengthSums = Vector.zero
  var keySums = Vector.zero
  forEachVector(slots) { i, count in
    let logitGradient = load(weighting + i, count) * (load(weightingGradient + i, count) - mean)
    let d = load(similarity + i, count)
    let norms = load(rowNorms + i, count)
    strengthSums = strengthSums.addingProduct(logitGradient, d)
    let g = logitGradient * strength / (norms * keyNorm + epsilon)
    keySums = keySums.addingProduct(g * d, norms)
    store(g, weightingGradient + i, count)
  }
  strengthGradient[0] += total(strengthSums)
  for n in 0..<slots {
    let g = Vector(repeating: weightingGradient[n])
    let towardsRow = Vector(repeating: -weightingGradient[n] * similarity[n] * keyNorm / rowNorms[n])
    let row = memory + n * wordSize
    let rowGradient = memoryGradient + n * wordSize
    forEachVector(wordSize) { j, count in
      let m = load(row + j, count)
      store(load(keyGradient + j, count).addingProduct(g, m), keyGradient + j, count)
      let changed = load(rowGradient + j, count).addingProduct(g, load(key + j, count)).addingProduct(towardsRow, m)
      store(changed, rowGradient + j, count)
    }
  }
  addScaled(wordSize, -total(keySums) / keyNorm, key, keyGradient)
  return true
}

/// With one write head.
func memoryWriteForward(_ operands: UnsafePointer<MemoryWriteForwardOperands>) -> Bool {
  let o = operands.pointee
  let (slots, wordSize, previousMemory, weights) = (o.slots, o.wordSize, o.previousMemory, o.weights)
  let (erase, write, memory, rowNorms) = (o.erase, o.write, o.memory, o.rowNorms)
  var greatest: Float = 0
  for n in 0..<slots {
    let w = Vector(repeating: weights[n])
    var squares = Vector.zero
    forEachVector(wordSize) { j, count in
      let previous = load(previousMemory + n * wordSize + j, count)
      let kept = previous * (1 - w * load(erase + j, count))
      let m = kept.addingProduct(w, load(write + j, count))
      store(m, memory + n * wordSize + j, count)
      squares = squares.addingProduct(m, m)
    }
    let norm = (total(squares) + epsilon).squareRoot()
    rowNorms[n] = norm
    greatest = greatest < norm ? norm : greatest
  }
  return greatest.isFinite
}

/// With one write head.
func memoryWriteBackward(_ operands: UnsafePointer<MemoryWriteBackwardOperands>) {
  let o = operands.pointee
  let (slots, wordSize, previousMemory, weights) = (o.slots, o.wordSize, o.previousMemory, o.weights)
  let (erase, write, memoryGradient, weightsGradient) = (o.erase, o.write, o.memoryGradient, o.weightsGradient)
  let (eraseGradient, writeGradient) = (o.eraseGradient, o.writeGradient)
  for n in 0..<slots {
    let w = Vector(repeating: weights[n])
    var weightSums = Vector.zero
    forEachVector(wordSize) { j, count in
      let gradient = load(memoryGradient + n * wordSize + j, count)
      let e = load(erase + j, count)
      let erased = gradient * load(previousMemory + n * wordSize + j, count)
      weightSums += gradient * load(write + j, count) - erased * e
      store(load(eraseGradient + j, count) - erased * w, eraseGradient + j, count)
      store(load(writeGradient + j, count).addingProduct(gradient, w), writeGradient + j, count)
      store(gradient * (1 - w * e), memoryGradient + n * wordSize + j, count)
    }
    weightsGradient[n] += total(weightSums)
  }
}

func readVectorForward(_ operands: UnsafePointer<ReadVectorForwardOperands>) {
  let o = operands.pointee
  let (slots, wordSize, memory, weighting) = (o.slots, o.wordSize, o.memory, o.weighting)
  let vector = o.vector
  var j = 0
  while j + 4 * lanes <= wordSize {
    var sums = InlineArray<4, Vector>(repeating: .zero)
    for n in 0..<slots {
      let w = Vector(repeating: weighting[n])
      for v in 0..<4 { sums[v] = sums[v].addingProduct(w, load(memory + n * wordSize + j + v * lanes)) }
    }
    for v in 0..<4 { store(sums[v], vector + j + v * lanes) }
    j += 4 * lanes
  }
  while j < wordSize {
    let count = min(lanes, wordSize - j)
    var sum = Vector.zero
    for n in 0..<slots {
      sum = sum.addingProduct(Vector(repeating: weighting[n]), load(memory + n * wordSize + j, count))
    }
    store(sum, vector + j, count)
    j += count
  }
}

func readVectorBackward(_ operands: UnsafePointer<ReadVectorBackwardOperands>) {
  let o = operands.pointee
  let (slots, wordSize, memory, weighting) = (o.slots, o.wordSize, o.memory, o.weighting)
  let (vectorGradient, memoryGradient, weightingGradient) = (o.vectorGradient, o.memoryGradient, o.weightingGradient)
  for n in 0..<slots {
    let w = Vector(repeating: weighting[n])
    var sums = Vector.zero
    forEachVector(wordSize) { j, count in
      let gradient = load(vectorGradient + j, count)
      sums = sums.addingProduct(load(memory + n * wordSize + j, count), gradient)
      let target = memoryGradient + n * wordSize + j
      store(load(target, count).addingProduct(w, gradient), target, count)
    }
    weightingGradient[n] += total(sums)
  }
}
