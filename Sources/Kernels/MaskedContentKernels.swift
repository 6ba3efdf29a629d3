// The kernels of the content weightings with masks. See `MaskedContentWeighting` for what they compute. The products and
// norms of all heads with a row are taken while the row is at hand, from m² k and m² of each head.

import CKernels

func maskedContentForward(_ operands: UnsafePointer<MaskedContentForwardOperands>) -> Bool {
  let o = operands.pointee
  let (slots, wordSize, heads) = (o.slots, o.wordSize, o.heads)
  let (keys, squares) = (o.scratch, o.scratch + heads * wordSize)
  square(heads * wordSize, o.keys, o.masks, keys, squares)
  lookUp(slots, wordSize, heads, o.memory, keys, squares, o.similarity, o.rowNorms)
  for head in 0..<heads {
    let (similarity, weighting) = (o.similarity + head * slots, o.weighting + head * slots)
    let rowNorms = o.rowNorms + head * slots
    let keyNorm = norm(wordSize, o.keys + head * wordSize, keys + head * wordSize)
    forEachVector(slots) { i, count in
      store((load(rowNorms + i, count) + epsilon).squareRoot(), rowNorms + i, count)
    }
    guard compare(slots, keyNorm, rowNorms, o.strengths[head], similarity, weighting) else { return false }
  }
  softmaxRows(heads, slots, o.weighting, o.weighting)
  return true
}

func maskedContentBackward(_ operands: UnsafePointer<MaskedContentBackwardOperands>) -> Bool {
  let o = operands.pointee
  let (slots, wordSize, heads) = (o.slots, o.wordSize, o.heads)
  let words = heads * wordSize
  let (keys, squares, factors) = (o.scratch, o.scratch + words, o.scratch + 4 * words)
  square(words, o.keys, o.masks, keys, squares)
  for head in 0..<heads {
    guard norm(wordSize, o.keys + head * wordSize, keys + head * wordSize) < greatestNorms else { return false }
  }
  for head in 0..<heads {
    let (similarity, weighting) = (o.similarity + head * slots, o.weighting + head * slots)
    let (rowNorms, factors) = (o.rowNorms + head * slots, factors + head * slots)
    let weightingGradient = o.weightingGradient + head * slots
    let keyNorm = norm(wordSize, o.keys + head * wordSize, keys + head * wordSize)
    let strength = o.strengths[head]
    let mean = dot(slots, weighting, weightingGradient)
    var (strengthSums, keySums) = (Vector.zero, Vector.zero)
    forEachVector(slots) { i, count in
      let logitGradient = load(weighting + i, count) * (load(weightingGradient + i, count) - mean)
      let d = load(similarity + i, count)
      let norms = load(rowNorms + i, count)
      strengthSums = strengthSums.addingProduct(logitGradient, d)
      let g = logitGradient * strength / (norms * keyNorm + epsilon)
      store(g, weightingGradient + i, count)
      keySums = keySums.addingProduct(g * d, norms)
      // Lanes beyond the end are not stored.
      store(g * d * -keyNorm / norms, factors + i, count)
    }
    o.strengthsGradient[head] += total(strengthSums)
    let keyShare = Vector(repeating: -total(keySums) / keyNorm)
    let start = head * wordSize
    forEachVector(wordSize) { j, count in
      let (key, mask) = (load(o.keys + start + j, count), load(o.masks + start + j, count))
      let (keyGradient, maskGradient) = (o.keysGradient + start + j, o.masksGradient + start + j)
      store(load(keyGradient, count).addingProduct(keyShare, load(keys + start + j, count)), keyGradient, count)
      store(load(maskGradient, count).addingProduct(keyShare * mask, key * key), maskGradient, count)
    }
  }
  addToRows(slots, wordSize, heads, o.memory, keys, squares, o.weightingGradient, factors, o.memoryGradient)
  let (sums, squareSums) = (o.scratch + 2 * words, o.scratch + 3 * words)
  sumRows(slots, wordSize, heads, o.memory, o.weightingGradient, factors, sums, squareSums)
  forEachVector(words) { j, count in
    let (key, mask) = (load(o.keys + j, count), load(o.masks + j, count))
    let (sum, keyGradient, maskGradient) = (load(sums + j, count), o.keysGradient + j, o.masksGradient + j)
    store(load(keyGradient, count).addingProduct(load(squares + j, count), sum), keyGradient, count)
    let towardsMask = load(squareSums + j, count).addingProduct(key + key, sum)
    store(load(maskGradient, count).addingProduct(mask, towardsMask), maskGradient, count)
  }
  return true
}

/// m² k and m².
@inline(__always) private func square(
  _ count: Int, _ keys: Input, _ masks: Input, _ products: Output, _ squares: Output
) {
  forEachVector(count) { j, n in
    let mask = load(masks + j, n)
    store(mask * mask, squares + j, n)
    store(mask * mask * load(keys + j, n), products + j, n)
  }
}

/// ‖k ∘ m‖_ε from k and m² k.
@inline(__always) private func norm(_ count: Int, _ key: Input, _ squaredKey: Input) -> Float {
  (dot(count, key, squaredKey) + epsilon).squareRoot()
}

// MARK: Forward

/// products[h, n] = keys[h] · M[n] and squareSums[h, n] = squares[h] · M[n]².
@inline(never) private func lookUp(
  _ slots: Int, _ wordSize: Int, _ heads: Int, _ memory: Input, _ keys: Input, _ squares: Input, _ products: Output,
  _ squareSums: Output
) {
  /// For some heads, from `head` on, and some rows, from n on: at most four pairs.
  @inline(__always) func take(_ count: Int, _ head: Int, _ rows: Int, _ n: Int) {
    var sums: InlineArray<8, Vector> = zeros()
    forEachVector(wordSize) { j, part in
      var row: InlineArray<4, Vector> = zeros()
      for r in 0..<rows { row[r] = load(memory + (n + r) * wordSize + j, part) }
      for h in 0..<count {
        let key = load(keys + (head + h) * wordSize + j, part)
        let square = load(squares + (head + h) * wordSize + j, part)
        for r in 0..<rows {
          let pair = h * rows + r
          sums[pair] = sums[pair].addingProduct(key, row[r])
          sums[4 + pair] = sums[4 + pair].addingProduct(square * row[r], row[r])
        }
      }
    }
    let found = totals(sums)
    for h in 0..<count {
      for r in 0..<rows {
        let place = (head + h) * slots + n + r
        products[place] = found[h * rows + r]
        squareSums[place] = found[4 + h * rows + r]
      }
    }
  }
  var n = 0
  while n + 4 <= slots {
    var head = 0
    while head + 2 <= heads {
      take(2, head, 2, n)
      take(2, head, 2, n + 2)
      head += 2
    }
    if head < heads { take(1, head, 4, n) }
    n += 4
  }
  while n < slots {
    for head in 0..<heads { take(1, head, 1, n) }
    n += 1
  }
}

// MARK: Backward

/// rows[n] += Σ_h (weights[h, n] keys[h] + factors[h, n] squares[h] ∘ M[n])
@inline(never) private func addToRows(
  _ slots: Int, _ wordSize: Int, _ heads: Int, _ memory: Input, _ keys: Input, _ squares: Input, _ weights: Input,
  _ factors: Input, _ target: Output
) {
  /// For some rows, from n on, at most four; `count` columns from j on.
  @inline(__always) func take(_ rows: Int, _ n: Int, _ j: Int, _ count: Int) {
    var sums: InlineArray<8, Vector> = zeros()
    for r in 0..<rows { sums[r] = load(target + (n + r) * wordSize + j, count) }
    for h in 0..<heads {
      let (key, square) = (load(keys + h * wordSize + j, count), load(squares + h * wordSize + j, count))
      for r in 0..<rows {
        sums[r] = sums[r].addingProduct(Vector(repeating: weights[h * slots + n + r]), key)
        sums[4 + r] = sums[4 + r].addingProduct(Vector(repeating: factors[h * slots + n + r]), square)
      }
    }
    for r in 0..<rows {
      let place = (n + r) * wordSize + j
      store(sums[r].addingProduct(sums[4 + r], load(memory + place, count)), target + place, count)
    }
  }
  var n = 0
  while n + 4 <= slots {
    forEachVector(wordSize) { j, count in take(4, n, j, count) }
    n += 4
  }
  while n < slots {
    forEachVector(wordSize) { j, count in take(1, n, j, count) }
    n += 1
  }
}

/// sums[h] = Σ_n weights[h, n] M[n] and squareSums[h] = Σ_n factors[h, n] M[n]².
@inline(never) private func sumRows(
  _ slots: Int, _ wordSize: Int, _ heads: Int, _ memory: Input, _ weights: Input, _ factors: Input, _ sums: Output,
  _ squareSums: Output
) {
  /// For some heads, from `head` on, in `vectors` vectors of columns from j on, of which the last has `count`: at most
  /// four pairs.
  @inline(__always) func take(_ heads: Int, _ head: Int, _ vectors: Int, _ j: Int, _ count: Int) {
    var found: InlineArray<8, Vector> = zeros()
    for n in 0..<slots {
      var row: InlineArray<4, Vector> = zeros()
      for v in 0..<vectors { row[v] = load(memory + n * wordSize + j + v * lanes, count) }
      for h in 0..<heads {
        let weight = Vector(repeating: weights[(head + h) * slots + n])
        let factor = Vector(repeating: factors[(head + h) * slots + n])
        for v in 0..<vectors {
          let pair = h * vectors + v
          found[pair] = found[pair].addingProduct(weight, row[v])
          found[4 + pair] = found[4 + pair].addingProduct(factor * row[v], row[v])
        }
      }
    }
    for h in 0..<heads {
      for v in 0..<vectors {
        let place = (head + h) * wordSize + j + v * lanes
        store(found[h * vectors + v], sums + place, count)
        store(found[4 + h * vectors + v], squareSums + place, count)
      }
    }
  }
  /// All columns of some heads, in `vectors` vectors at a time as far as they go.
  @inline(__always) func takeColumns(_ heads: Int, _ head: Int, _ vectors: Int) {
    var j = 0
    while j + vectors * lanes <= wordSize {
      take(heads, head, vectors, j, lanes)
      j += vectors * lanes
    }
    while j < wordSize {
      take(heads, head, 1, j, min(lanes, wordSize - j))
      j += lanes
    }
  }
  var head = 0
  while head + 2 <= heads {
    takeColumns(2, head, 2)
    head += 2
  }
  if head < heads { takeColumns(1, head, 4) }
}
