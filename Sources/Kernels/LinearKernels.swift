// Matrix products in tiles of accumulators that stay in registers. See `Linear` for what they compute.

#if LANES_16
  private let tileVectors = 6
#else
  private let tileVectors = 3
#endif
private let tileRows = 4
/// Rows whose inputs stay in the first cache while all outputs are computed, or all weights' gradients.
private let rowBlock = 64

private typealias Tile = InlineArray<4, InlineArray<6, Vector>>

/// y[r, o] += Σ_i W[o, i] x[r, i]
@export(interface) public func linearForward(
  _ rows: Int, _ outputs: Int, _ inputs: Int, _ weight: UnsafePointer<Float>, _ weightStride: Int,
  _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  var block = 0
  while block < rows {
    let blockEnd = min(block + rowBlock, rows)
    var o = 0
    while o < outputs {
      let columns = min(tileVectors, outputs - o)
      let w = weight + o * weightStride
      var r = block
      while r < blockEnd {
        let count = min(tileRows, blockEnd - r)
        let source = x + r * xStride
        let target = y + r * yStride + o
        if columns == tileVectors {
          switch count {
          case 4: dotTile(4, tileVectors, inputs, w, weightStride, source, xStride, target, yStride)
          case 3: dotTile(3, tileVectors, inputs, w, weightStride, source, xStride, target, yStride)
          case 2: dotTile(2, tileVectors, inputs, w, weightStride, source, xStride, target, yStride)
          default: dotTile(1, tileVectors, inputs, w, weightStride, source, xStride, target, yStride)
          }
        } else {
          for i in 0..<count {
            for j in 0..<columns {
              dotTile(
                1, 1, inputs, w + j * weightStride, weightStride, source + i * xStride, xStride,
                target + i * yStride + j, yStride)
            }
          }
        }
        r += count
      }
      o += columns
    }
    block = blockEnd
  }
}

/// `rows` × `columns` dot products at once; both are constants where it is called.
@inline(__always) private func dotTile(
  _ rows: Int, _ columns: Int, _ inputs: Int, _ w: UnsafePointer<Float>, _ weightStride: Int,
  _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  var sums = Tile(repeating: InlineArray(repeating: .zero))
  forEachVector(inputs) { i, n in
    var weights = InlineArray<6, Vector>(repeating: .zero)
    for j in 0..<columns { weights[j] = load(w + j * weightStride + i, n) }
    for r in 0..<rows {
      let input = load(x + r * xStride + i, n)
      for j in 0..<columns { sums[r][j] = sums[r][j].addingProduct(input, weights[j]) }
    }
  }
  for j in 0..<columns {
    if rows == 4 {
      let dots = totals(sums[0][j], sums[1][j], sums[2][j], sums[3][j])
      for r in 0..<4 { y[r * yStride + j] += dots[r] }
    } else {
      for r in 0..<rows { y[r * yStride + j] += total(sums[r][j]) }
    }
  }
}

/// xGradient[r, i] += Σ_o yGradient[r, o] W[o, i]
@export(interface) public func linearBackward(
  _ rows: Int, _ outputs: Int, _ inputs: Int, _ weight: UnsafePointer<Float>, _ weightStride: Int,
  _ yGradient: UnsafePointer<Float>, _ yStride: Int, _ xGradient: UnsafeMutablePointer<Float>, _ xStride: Int
) {
  addProducts(
    rows: rows, columns: inputs, terms: outputs, factors: yGradient, rowStride: yStride, termStride: 1, vectors: weight,
    vectorStride: weightStride, target: xGradient, targetStride: xStride)
}

/// WGradient[o, i] += Σ_r yGradient[r, o] x[r, i]
@export(interface) public func linearBackwardWeight(
  _ rows: Int, _ outputs: Int, _ inputs: Int, _ x: UnsafePointer<Float>, _ xStride: Int,
  _ yGradient: UnsafePointer<Float>, _ yStride: Int, _ weightGradient: UnsafeMutablePointer<Float>, _ weightStride: Int
) {
  var r = 0
  while r < rows {
    let count = min(2 * rowBlock, rows - r)
    addProducts(
      rows: outputs, columns: inputs, terms: count, factors: yGradient + r * yStride, rowStride: 1, termStride: yStride,
      vectors: x + r * xStride, vectorStride: xStride, target: weightGradient, targetStride: weightStride)
    r += count
  }
}

/// target[r, c] += Σ_t factors[r, t] vectors[t, c], the terms one after the other.
@inline(__always) private func addProducts(
  rows: Int, columns: Int, terms: Int, factors: UnsafePointer<Float>, rowStride: Int, termStride: Int,
  vectors: UnsafePointer<Float>, vectorStride: Int, target: UnsafeMutablePointer<Float>, targetStride: Int
) {
  var c = 0
  while c + tileVectors * lanes <= columns {
    productColumn(
      tileVectors, lanes, rows, terms, factors, rowStride, termStride, vectors + c, vectorStride, target + c,
      targetStride)
    c += tileVectors * lanes
  }
  while c + lanes <= columns {
    productColumn(
      1, lanes, rows, terms, factors, rowStride, termStride, vectors + c, vectorStride, target + c, targetStride)
    c += lanes
  }
  if c < columns {
    productColumn(
      1, columns - c, rows, terms, factors, rowStride, termStride, vectors + c, vectorStride, target + c, targetStride)
  }
}

/// All rows of `width` vectors, which is a constant where it is called. The last vector has `tail` elements.
@inline(__always) private func productColumn(
  _ width: Int, _ tail: Int, _ rows: Int, _ terms: Int, _ factors: UnsafePointer<Float>, _ rowStride: Int,
  _ termStride: Int, _ vectors: UnsafePointer<Float>, _ vectorStride: Int, _ target: UnsafeMutablePointer<Float>,
  _ targetStride: Int
) {
  var r = 0
  while r + tileRows <= rows {
    productTile(
      tileRows, width, tail, terms, factors + r * rowStride, rowStride, termStride, vectors, vectorStride,
      target + r * targetStride, targetStride)
    r += tileRows
  }
  while r < rows {
    productTile(
      1, width, tail, terms, factors + r * rowStride, rowStride, termStride, vectors, vectorStride,
      target + r * targetStride, targetStride)
    r += 1
  }
}

/// `rows` × `width` vectors; both are constants where it is called. The last vector has `tail` elements.
@inline(__always) private func productTile(
  _ rows: Int, _ width: Int, _ tail: Int, _ terms: Int, _ factors: UnsafePointer<Float>, _ rowStride: Int,
  _ termStride: Int, _ vectors: UnsafePointer<Float>, _ vectorStride: Int, _ target: UnsafeMutablePointer<Float>,
  _ targetStride: Int
) {
  var sums = Tile(repeating: InlineArray(repeating: .zero))
  for r in 0..<rows {
    for j in 0..<width { sums[r][j] = load(target + r * targetStride + j * lanes, j == width - 1 ? tail : lanes) }
  }
  for t in 0..<terms {
    var terms = InlineArray<6, Vector>(repeating: .zero)
    for j in 0..<width { terms[j] = load(vectors + t * vectorStride + j * lanes, j == width - 1 ? tail : lanes) }
    for r in 0..<rows {
      let factor = Vector(repeating: factors[r * rowStride + t * termStride])
      for j in 0..<width { sums[r][j] = sums[r][j].addingProduct(factor, terms[j]) }
    }
  }
  for r in 0..<rows {
    for j in 0..<width { store(sums[r][j], target + r * targetStride + j * lanes, j == width - 1 ? tail : lanes) }
  }
}
