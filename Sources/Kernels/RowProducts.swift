// Products of the rows of the memory with vectors and weightings of all heads. Each row is loaded once for several heads,
// and the sums stay in registers. `rows`, `heads` and `vectors` are constants where a function is called.

import CVector

/// products[h, n] = x[h] · M[n]; or added to it.
@inline(never) func multiplyRows(
  _ slots: Int, _ wordSize: Int, _ heads: Int, _ memory: Input, by x: Input, _ products: Output, adding: Bool
) {
  var n = 0
  while n + 8 <= slots {
    let rows = memory + n * wordSize
    var head = 0
    while head + 2 <= heads {
      let (first, second) = (x + head * wordSize, x + (head + 1) * wordSize)
      let target = products + head * slots + n
      // As many sums at once as a vector has lanes.
      let count = lanes / 2
      for part in 0..<8 / count {
        let some = rows + part * count * wordSize
        var sums: Sums = zeros()
        forEachVector(wordSize) { j, columns in
          let (x0, x1) = (load(first + j, columns), load(second + j, columns))
          for r in 0..<count {
            let m = load(some + r * wordSize + j, columns)
            sums[r] = sums[r].addingProduct(x0, m)
            sums[count + r] = sums[count + r].addingProduct(x1, m)
          }
        }
        put(totals(sums), target + part * count, target + slots + part * count, adding)
      }
      head += 2
    }
    if head < heads {
      let only = x + head * wordSize
      var sums: InlineArray<8, Vector> = zeros()
      forEachVector(wordSize) { j, count in
        let x = load(only + j, count)
        for r in 0..<8 { sums[r] = sums[r].addingProduct(x, load(rows + r * wordSize + j, count)) }
      }
      let target = products + head * slots + n
      put(totals(sums), target, target + 4, adding)
    }
    n += 8
  }
  while n < slots {
    for head in 0..<heads {
      let product = dot(wordSize, x + head * wordSize, memory + n * wordSize)
      products[head * slots + n] = adding ? products[head * slots + n] + product : product
    }
    n += 1
  }
}

#if LANES_16
  private typealias Sums = InlineArray<16, Vector>

  /// Stores or adds half of the products in each of two places.
  @inline(__always) private func put(_ found: Vector, _ low: Output, _ high: Output, _ adding: Bool) {
    dnc_store_halves16(adding ? dnc_load_halves16(low, high) + found : found, low, high)
  }
#else
  private typealias Sums = InlineArray<8, Vector>
#endif

/// Stores or adds four products in each of two places.
@inline(__always) private func put(_ found: Eight, _ low: Output, _ high: Output, _ adding: Bool) {
  dnc_store_halves8(adding ? dnc_load_halves8(low, high) + found : found, low, high)
}

/// sums[h] = Σ_n weights[h, n] M[n]; or added to it.
@inline(never) func sumRows(
  _ slots: Int, _ wordSize: Int, _ heads: Int, _ memory: Input, weights: Input, _ sums: Output, adding: Bool
) {
  var head = 0
  while head + 4 <= heads {
    sumRowsOf4(slots, wordSize, memory, weights + head * slots, sums + head * wordSize, adding)
    head += 4
  }
  if heads & 2 != 0 {
    sumRowsOf2(slots, wordSize, memory, weights + head * slots, sums + head * wordSize, adding)
    head += 2
  }
  if heads & 1 != 0 { sumRowsOf1(slots, wordSize, memory, weights + head * slots, sums + head * wordSize, adding) }
}

// Functions of their own, since in a larger one the compiler takes the number of heads for a variable.
@inline(never) private func sumRowsOf4(
  _ slots: Int, _ wordSize: Int, _ memory: Input, _ weights: Input, _ sums: Output, _ adding: Bool
) {
  sumRows(ofHeads: 4, slots, wordSize, memory, weights, sums, adding)
}

@inline(never) private func sumRowsOf2(
  _ slots: Int, _ wordSize: Int, _ memory: Input, _ weights: Input, _ sums: Output, _ adding: Bool
) {
  sumRows(ofHeads: 2, slots, wordSize, memory, weights, sums, adding)
}

@inline(never) private func sumRowsOf1(
  _ slots: Int, _ wordSize: Int, _ memory: Input, _ weights: Input, _ sums: Output, _ adding: Bool
) {
  sumRows(ofHeads: 1, slots, wordSize, memory, weights, sums, adding)
}

/// Eight sums at a time, as far as there are columns for them.
@inline(__always) private func sumRows(
  ofHeads heads: Int, _ slots: Int, _ wordSize: Int, _ memory: Input, _ weights: Input, _ sums: Output, _ adding: Bool
) {
  var j = 0
  if heads == 1 {
    while j + 8 * lanes <= wordSize {
      sumColumns(1, 8, lanes, slots, wordSize, memory + j, weights, sums + j, adding)
      j += 8 * lanes
    }
  }
  if heads <= 2 {
    while j + 4 * lanes <= wordSize {
      sumColumns(heads, 4, lanes, slots, wordSize, memory + j, weights, sums + j, adding)
      j += 4 * lanes
    }
  }
  while j + 2 * lanes <= wordSize {
    sumColumns(heads, 2, lanes, slots, wordSize, memory + j, weights, sums + j, adding)
    j += 2 * lanes
  }
  while j < wordSize {
    sumColumns(heads, 1, min(lanes, wordSize - j), slots, wordSize, memory + j, weights, sums + j, adding)
    j += lanes
  }
}

/// `sumRows` for a few heads in a few vectors of columns; the last vector has `count` of them.
@inline(__always) private func sumColumns(
  _ heads: Int, _ vectors: Int, _ count: Int, _ slots: Int, _ wordSize: Int, _ memory: Input, _ weights: Input,
  _ target: Output, _ adding: Bool
) {
  var sums: InlineArray<8, Vector> = zeros()
  if adding {
    for h in 0..<heads {
      for v in 0..<vectors { sums[h * vectors + v] = load(target + h * wordSize + v * lanes, count) }
    }
  }
  for n in 0..<slots {
    var row: InlineArray<8, Vector> = zeros()
    for v in 0..<vectors { row[v] = load(memory + n * wordSize + v * lanes, count) }
    for h in 0..<heads {
      let w = Vector(repeating: weights[h * slots + n])
      for v in 0..<vectors { sums[h * vectors + v] = sums[h * vectors + v].addingProduct(w, row[v]) }
    }
  }
  for h in 0..<heads {
    for v in 0..<vectors { store(sums[h * vectors + v], target + h * wordSize + v * lanes, count) }
  }
}

/// rows[n] += Σ_h weights[h, n] x[h]; with `memory`, also + factors[n] M[n].
@inline(__always) func addToRows(
  _ slots: Int, _ wordSize: Int, _ heads: Int, weights: Input, _ x: Input, _ rows: Output,
  alsoAdding memory: Input? = nil, by factors: Input? = nil
) {
  var n = 0
  while n + 4 <= slots {
    addToRows(4, from: n, slots, wordSize, heads, weights, x, rows, memory, factors)
    n += 4
  }
  while n < slots {
    addToRows(1, from: n, slots, wordSize, heads, weights, x, rows, memory, factors)
    n += 1
  }
}

@inline(__always) private func addToRows(
  _ count: Int, from n: Int, _ slots: Int, _ wordSize: Int, _ heads: Int, _ weights: Input, _ x: Input,
  _ rows: Output, _ memory: Input?, _ factors: Input?
) {
  var j = 0
  while j + 2 * lanes <= wordSize {
    addToColumns(
      count, 2, lanes, slots, wordSize, heads, weights + n, x + j, rows, memory, factors, n, n * wordSize + j)
    j += 2 * lanes
  }
  while j < wordSize {
    addToColumns(
      count, 1, min(lanes, wordSize - j), slots, wordSize, heads, weights + n, x + j, rows, memory, factors, n,
      n * wordSize + j)
    j += lanes
  }
}

/// `addToRows` for a few rows, from n on, in a few vectors of columns; the last vector has `count` of them.
@inline(__always) private func addToColumns(
  _ rows: Int, _ vectors: Int, _ count: Int, _ slots: Int, _ wordSize: Int, _ heads: Int, _ weights: Input,
  _ x: Input, _ target: Output, _ memory: Input?, _ factors: Input?, _ n: Int, _ start: Int
) {
  var sums: InlineArray<8, Vector> = zeros()
  for r in 0..<rows {
    for v in 0..<vectors { sums[2 * r + v] = load(target + start + r * wordSize + v * lanes, count) }
  }
  for h in 0..<heads {
    var part: InlineArray<2, Vector> = zeros()
    for v in 0..<vectors { part[v] = load(x + h * wordSize + v * lanes, count) }
    for r in 0..<rows {
      let w = Vector(repeating: weights[h * slots + r])
      for v in 0..<vectors { sums[2 * r + v] = sums[2 * r + v].addingProduct(w, part[v]) }
    }
  }
  for r in 0..<rows {
    for v in 0..<vectors {
      let place = start + r * wordSize + v * lanes
      if let memory, let factors {
        sums[2 * r + v] = sums[2 * r + v].addingProduct(Vector(repeating: factors[n + r]), load(memory + place, count))
      }
      store(sums[2 * r + v], target + place, count)
    }
  }
}
