// Matrix products in tiles of accumulators that stay in registers. See `Linear` for what they compute.
//
// One routine makes all of them: a row of the target is a sum of vectors, each times a factor. In `linearBackward` the
// vectors are rows of W, in `linearBackwardWeight` rows of x. In `linearForward` they are columns of W, which
// `packWeight` has written into panels as wide as a tile. Every element adds its terms one after the other, whatever its
// tile.

import CKernels
import CVector

/// Vectors in a row of a panel.
private let width = 3
private let panel = width * lanes
/// A block of the weight's gradient: terms, columns and rows whose vectors and factors stay in the first cache; and the rows
/// whose factors are packed at once, for all columns. Must fit `Linear.scratchCount`.
private let blockTerms = 96
private let blockColumns = 48
private let blockRows = 16
private let groupRows = 128
/// A weight of so many numbers does not stay in the second cache: its next part is fetched while a tile uses one.
private let largeWeight = 160 << 10
/// With few rows the next panel is too far ahead. Then the vector so many terms on is fetched.
private let near = 24
/// Rows of a large W that all tiles of a small gradient of inputs use before the next: a tile reads a part of each, and each
/// is in another page of memory.
private let blockWeights = 32
private let smallGradient = 16 << 10

#if LANES_16
  private typealias Tile = InlineArray<24, Vector>
#else
  private typealias Tile = InlineArray<12, Vector>
#endif

/// target[r, c] += Σ_t factors[r, t] vectors[t, c]
private struct Product {
  let terms: Int
  let factors: Input
  let rowStride, termStride: Int
  let vectors: Input
  /// From a term's vector to the next, and from a panel to the next.
  let vectorStride, panelStride: Int
  let target: Output
  let targetStride: Int
  /// From a term's vector to the one to fetch meanwhile, or 0.
  var ahead = 0
}

// MARK: Kernels

/// Writes [panel][input][outputs of the panel]. In the last panel, whole vectors of outputs have numbers, 0 beyond the last
/// output; the others are not written.
func packWeight(_ operands: UnsafePointer<PackWeightOperands>) {
  let o = operands.pointee
  let (outputs, inputs, weight, panels) = (o.outputs, o.inputs, o.weight, o.panels)
  var first = 0
  while first < outputs {
    let target = panels + first * inputs
    let end = min(panel, (outputs - first + lanes - 1) & ~(lanes - 1))
    var column = 0
    while column < end {
      let source = weight + (first + column) * inputs
      let rows = outputs - first - column
      var i = 0
      while rows >= 8, i + 8 <= inputs {
        dnc_transpose8(source + i, inputs, target + i * panel + column, panel)
        i += 8
      }
      while i < inputs {
        for r in 0..<8 { target[i * panel + column + r] = r < rows ? source[r * inputs + i] : 0 }
        i += 1
      }
      column += 8
    }
    first += panel
  }
}

/// y[r, o] += Σ_i W[o, i] x[r, i]
func linearForward(_ operands: UnsafePointer<LinearForwardOperands>) {
  let o = operands.pointee
  let (rows, outputs, inputs, panels) = (o.rows, o.outputs, o.inputs, o.panels)
  let (columns, first, x, xStride) = (o.columns, o.first, o.x, o.xStride)
  let (y, yStride) = (o.y, o.yStride)
  let isLarge = rows > 2 && outputs * columns >= largeWeight
  add(
    rows, outputs,
    Product(
      terms: inputs, factors: x, rowStride: xStride, termStride: 1, vectors: panels + first * panel,
      vectorStride: panel, panelStride: columns * panel, target: y, targetStride: yStride,
      ahead: isLarge ? (rows > 4 ? columns : near) * panel : 0))
}

/// xGradient[r, i] += Σ_o yGradient[r, o] W[o, i]
func linearBackward(_ operands: UnsafePointer<LinearBackwardOperands>) {
  let o = operands.pointee
  let (rows, outputs, inputs, weight) = (o.rows, o.outputs, o.inputs, o.weight)
  let (weightStride, yGradient, yStride, xGradient) = (o.weightStride, o.yGradient, o.yStride, o.xGradient)
  let xStride = o.xStride
  let isBlocked = outputs * weightStride >= largeWeight && rows * inputs <= smallGradient
  var first = 0
  while first < outputs {
    let terms = min(isBlocked ? blockWeights : outputs, outputs - first)
    add(
      rows, inputs,
      Product(
        terms: terms, factors: yGradient + first, rowStride: yStride, termStride: 1,
        vectors: weight + first * weightStride, vectorStride: weightStride, panelStride: panel,
        target: xGradient, targetStride: xStride,
        ahead: isBlocked && rows > 2 ? terms * weightStride : 0))
    first += terms
  }
}

/// WGradient[o, i] += Σ_r yGradient[r, o] x[r, i]
func linearBackwardWeight(_ operands: UnsafePointer<LinearWeightOperands>) {
  let o = operands.pointee
  let (rows, outputs, inputs, x, yGradient) = (o.rows, o.outputs, o.inputs, o.x, o.yGradient)
  let (weightGradient, weightStride, scratch) = (o.weightGradient, o.weightStride, o.scratch)
  let factors = scratch + blockTerms * blockColumns
  forEachBlock(from: 0, to: rows, blockTerms) { first, terms in
    forEachBlock(from: 0, to: outputs, groupRows) { group, groupCount in
      let end = group + groupCount
      copyRows(
        terms, groupCount, yGradient, first, group, factors, rowStride: blockRows,
        columnsStride: blockRows * blockTerms)
      forEachBlock(from: 0, to: inputs, blockColumns) { i, columns in
        let (vectors, vectorStride) = gathered(terms, columns, x, first, i, scratch)
        forEachBlock(from: group, to: end, blockRows) { row, count in
          add(
            count, columns,
            Product(
              terms: terms, factors: factors + (row - group) * blockTerms, rowStride: 1, termStride: blockRows,
              vectors: vectors, vectorStride: vectorStride, panelStride: panel,
              target: weightGradient + row * weightStride + i, targetStride: weightStride))
        }
      }
    }
  }
}

/// Calls `body` with the first element and the number of each block.
@inline(__always) private func forEachBlock(from first: Int, to end: Int, _ most: Int, _ body: (Int, Int) -> Void) {
  var i = first
  while i < end {
    body(i, min(most, end - i))
    i += most
  }
}

/// Copies some columns of `rows` rows from row `first` on, `blockRows` columns at a time.
/// - Parameters:
///   - rowStride: in the target, from a row to the next.
///   - columnsStride: in the target, from so many columns to the next.
@inline(never) private func copyRows(
  _ rows: Int, _ columns: Int, _ source: StepRowsOperands, _ first: Int, _ column: Int, _ target: Output,
  rowStride: Int, columnsStride: Int
) {
  var (step, block, place) = (0, 0, source.first + first)
  if source.blocks > 1 {
    block = place / source.together
    place -= block * source.together
    step = block / source.blocks
    block -= step * source.blocks
  }
  var (row, target) = (0, target)
  while row < rows {
    var from = source.start + step * source.stepStride + block * source.blockStride + place * source.stride + column
    // The rows that follow each other.
    let end = min(rows, row + source.together - place)
    while row < end {
      var (c, to) = (0, target)
      while c + blockRows <= columns {
        for v in 0..<blockRows / lanes { store(load(from + c + v * lanes), to + v * lanes) }
        c += blockRows
        to += columnsStride
      }
      if c < columns { forEachVector(columns - c) { v, n in store(load(from + c + v, n), to + v, n) } }
      from += source.stride
      target += rowStride
      row += 1
    }
    (block, place) = (block + 1, 0)
    if block == source.blocks { (step, block) = (step + 1, 0) }
  }
}

/// Some columns of `rows` rows from row `first` on, and their stride. Copies to scratch what does not follow each other, and rows
/// a multiple of a kilobyte apart, which share few places of the first cache.
@inline(__always) private func gathered(
  _ rows: Int, _ columns: Int, _ source: StepRowsOperands, _ first: Int, _ column: Int, _ scratch: Output
) -> (Input, Int) {
  if source.blocks == 1, source.stride & 255 != 0 {
    return (source.start + (source.first + first) * source.stride + column, source.stride)
  }
  copyRows(
    rows, columns, source, first, column, scratch, rowStride: blockColumns, columnsStride: blockRows)
  return (Input(scratch), blockColumns)
}

// MARK: Tiles

/// All rows and columns. One or two rows take several panels at once, for enough accumulators to hide each other's latency.
@inline(never) private func add(_ rows: Int, _ columns: Int, _ p: Product) {
  let panels = columns / panel
  var q = 0
  while rows == 1, q + 3 <= panels {
    addTile(1, 3, width, lanes, false, p, row: 0, column: q * panel, p.vectors + q * p.panelStride, p.vectorStride)
    q += 3
  }
  while rows == 2, q + 2 <= panels {
    addTile(2, 2, width, lanes, false, p, row: 0, column: q * panel, p.vectors + q * p.panelStride, p.vectorStride)
    q += 2
  }
  #if LANES_16
    let left = columns - q * panel
    if rows == 1, left > panel {
      let vectors = p.vectors + q * p.panelStride
      return left > 5 * lanes
        ? addUpTo9(left, p, column: q * panel, vectors) : addUpTo5(left, p, column: q * panel, vectors)
    }
  #endif
  while q < panels {
    let vectors = p.vectors + q * p.panelStride
    if p.ahead != 0 {
      addPanel(rows, p, column: q * panel, vectors)
    } else {
      forEachRows(rows) { n, r in
        addTile(n, 1, width, lanes, false, p, row: r, column: q * panel, vectors, p.vectorStride)
      }
    }
    q += 1
  }
  var c = panels * panel
  let rest = p.vectors + panels * p.panelStride - c
  if c + 2 * lanes <= columns {
    forEachRows(rows) { n, r in addTile(n, 1, 2, lanes, false, p, row: r, column: c, rest + c, p.vectorStride) }
    c += 2 * lanes
  }
  while c < columns {
    let tail = min(lanes, columns - c)
    forEachRows(rows) { n, r in addTile(n, 1, 1, tail, false, p, row: r, column: c, rest + c, p.vectorStride) }
    c += tail
  }
}

#if LANES_16
  // Functions of their own, as in RowProducts.
  @inline(never) private func addUpTo5(_ columns: Int, _ p: Product, column: Int, _ vectors: Input) {
    addLast(5, width, columns, p, column: column, vectors)
  }
  @inline(never) private func addUpTo9(_ columns: Int, _ p: Product, column: Int, _ vectors: Input) {
    addLast(9, 5, columns, p, column: column, vectors)
  }

  /// One row of the last columns, all at once. They take more than `whole` vectors and at most `count`, both constants; what
  /// is beyond them is neither read nor written.
  @inline(__always) private func addLast(
    _ count: Int, _ whole: Int, _ columns: Int, _ p: Product, column: Int, _ vectors: Input
  ) {
    let target = p.target + column
    func inVector(_ v: Int) -> Int { max(0, min(lanes, columns - v * lanes)) }
    var sums: Tile = zeros()
    for v in 0..<count { sums[v] = loadPart(target + v * lanes, inVector(v)) }
    var factor = p.factors
    var vector = vectors
    for _ in 0..<p.terms {
      let one = Vector(repeating: factor[0])
      for v in 0..<count {
        let place = vector + v / width * p.panelStride + v % width * lanes
        sums[v] = sums[v].addingProduct(one, v < whole ? load(place) : loadPart(place, inVector(v)))
      }
      factor += p.termStride
      vector += p.vectorStride
    }
    for v in 0..<count { storePart(sums[v], target + v * lanes, inVector(v)) }
  }
#endif

/// One whole panel for all rows, while what is ahead is fetched. On its own: in a large function not everything is inlined.
@inline(never) private func addPanel(_ rows: Int, _ p: Product, column: Int, _ vectors: Input) {
  forEachRows(rows) { n, r in addTile(n, 1, width, lanes, true, p, row: r, column: column, vectors, p.vectorStride) }
}

/// Calls `body` with a constant number of rows and the first of them.
@inline(__always) private func forEachRows(_ count: Int, _ body: (_ rows: Int, _ first: Int) -> Void) {
  var r = 0
  #if LANES_16
    while count - r >= 8 {
      body(8, r)
      r += 8
    }
  #endif
  // Five rows are 3 + 2, six are 3 + 3: a single row would wait for its accumulators.
  while count - r == 4 || count - r >= 7 {
    body(4, r)
    r += 4
  }
  while count - r >= 3 {
    body(3, r)
    r += 3
  }
  if count - r == 2 { body(2, r) }
  if count - r == 1 { body(1, r) }
}

/// `rows` rows of `panels` panels of `width` vectors; all are constants where it is called. The last vector has `tail`
/// elements.
/// - Parameter fetches: the vectors ahead.
@inline(__always) private func addTile(
  _ rows: Int, _ panels: Int, _ width: Int, _ tail: Int, _ fetches: Bool, _ p: Product, row: Int, column: Int,
  _ vectors: Input,
  _ vectorStride: Int
) {
  let count = panels * width
  let target = p.target + row * p.targetStride + column
  var sums: Tile = zeros()
  for r in 0..<rows {
    // The weight's gradient is larger than the caches: the next tile's rows come while this one is computed.
    dnc_prefetch(target + (r + rows) * p.targetStride)
    dnc_prefetch(target + (r + rows) * p.targetStride + (count * lanes - 1))
    for v in 0..<count {
      sums[r * count + v] = load(target + r * p.targetStride + v * lanes, v + 1 == count ? tail : lanes)
    }
  }
  var factor = p.factors + row * p.rowStride
  var vector = vectors
  for _ in 0..<p.terms {
    // Of rows and vectors, the fewer stay in registers; the others pass through one.
    var held: InlineArray<4, Vector> = zeros()
    if rows < count {
      for r in 0..<rows { held[r] = Vector(repeating: factor[r * p.rowStride]) }
      for v in 0..<count {
        let part = load(
          vector + v / width * p.panelStride + v % width * lanes, v + 1 == count ? tail : lanes)
        for r in 0..<rows { sums[r * count + v] = sums[r * count + v].addingProduct(held[r], part) }
      }
    } else {
      for v in 0..<count { held[v] = load(vector + v * lanes, v + 1 == count ? tail : lanes) }
      for r in 0..<rows {
        let one = Vector(repeating: factor[r * p.rowStride])
        for v in 0..<count { sums[r * count + v] = sums[r * count + v].addingProduct(one, held[v]) }
      }
    }
    if fetches { dnc_prefetch(vector + p.ahead) }
    factor += p.termStride
    vector += vectorStride
  }
  for r in 0..<rows {
    for v in 0..<count {
      store(sums[r * count + v], target + r * p.targetStride + v * lanes, v + 1 == count ? tail : lanes)
    }
  }
}
