// Matrix products in tiles of accumulators that stay in registers. See `Linear` for what they compute.
//
// A tile has up to four rows, and enough columns for its accumulators to fill the registers and hide each other's
// latency. Each accumulator adds its products in the same order in every tile.

import CKernels

private let widths: (Int, Int, Int, Int) = (8, 6, 3, 3)
/// Number of rows whose inputs stay in the first cache while all outputs, or all weights' gradients, are computed.
private let rowBlock = 64

private typealias Tile = InlineArray<12, Vector>

/// y[r, o] += Σ_i W[o, i] x[r, i]
func linearForward(_ operands: UnsafePointer<LinearForwardOperands>) {
  let o = operands.pointee
  let (rows, outputs, inputs, weight) = (o.rows, o.outputs, o.inputs, o.weight)
  let (weightStride, x, xStride, y) = (o.weightStride, o.x, o.xStride, o.y)
  let yStride = o.yStride
  var block = 0
  while block < rows {
    let count = min(rowBlock, rows - block)
    let source = x + block * xStride
    let target = y + block * yStride
    let whole = count & ~3
    dotRows(4, widths.3, whole, outputs, inputs, weight, weightStride, source, xStride, target, yStride)
    let restSource = source + whole * xStride
    let restTarget = target + whole * yStride
    switch count - whole {
    case 3:
      dotRows(
        3, widths.2, 3, outputs, inputs, weight, weightStride, restSource, xStride, restTarget, yStride)
    case 2:
      dotRows(
        2, widths.1, 2, outputs, inputs, weight, weightStride, restSource, xStride, restTarget, yStride)
    case 1:
      dotRows(
        1, widths.0, 1, outputs, inputs, weight, weightStride, restSource, xStride, restTarget, yStride)
    default: break
    }
    block += count
  }
}

/// `count` rows, a multiple of `rows`, with all outputs; `rows` and `columns` are constants where it is called.
@inline(__always) private func dotRows(
  _ rows: Int, _ columns: Int, _ count: Int, _ outputs: Int, _ inputs: Int, _ weight: UnsafePointer<Float>,
  _ weightStride: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  guard count > 0 else { return }
  var o = 0
  while o + columns <= outputs {
    var r = 0
    while r < count {
      dotTile(
        rows, columns, inputs, weight + o * weightStride, weightStride, x + r * xStride, xStride, y + r * yStride + o,
        yStride)
      r += rows
    }
    o += columns
  }
  while o < outputs {
    for r in 0..<count { y[r * yStride + o] += oneDot(inputs, weight + o * weightStride, x + r * xStride) }
    o += 1
  }
}

@inline(never) private func oneDot(_ inputs: Int, _ w: UnsafePointer<Float>, _ x: UnsafePointer<Float>) -> Float {
  dot(inputs, w, x)
}

/// `rows` × `columns` dot products at once.
@inline(__always) private func dotTile(
  _ rows: Int, _ columns: Int, _ inputs: Int, _ w: UnsafePointer<Float>, _ weightStride: Int,
  _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  var sums = Tile(repeating: .zero)
  forEachVector(inputs) { i, n in
    // Of rows and columns, the fewer vectors stay in registers; the others pass through one.
    var held = InlineArray<4, Vector>(repeating: .zero)
    if rows < columns {
      for r in 0..<rows { held[r] = load(x + r * xStride + i, n) }
      for j in 0..<columns {
        let weights = load(w + j * weightStride + i, n)
        for r in 0..<rows { sums[r * columns + j] = sums[r * columns + j].addingProduct(weights, held[r]) }
      }
    } else {
      for j in 0..<columns { held[j] = load(w + j * weightStride + i, n) }
      for r in 0..<rows {
        let inputs = load(x + r * xStride + i, n)
        for j in 0..<columns { sums[r * columns + j] = sums[r * columns + j].addingProduct(inputs, held[j]) }
      }
    }
  }
  for j in 0..<columns {
    if rows == 4 {
      let dots = totals(sums[j], sums[columns + j], sums[2 * columns + j], sums[3 * columns + j])
      for r in 0..<4 { y[r * yStride + j] += dots[r] }
    } else {
      for r in 0..<rows { y[r * yStride + j] += total(sums[r * columns + j]) }
    }
  }
}

/// xGradient[r, i] += Σ_o yGradient[r, o] W[o, i]
func linearBackward(_ operands: UnsafePointer<LinearBackwardOperands>) {
  let o = operands.pointee
  let (rows, outputs, inputs, weight) = (o.rows, o.outputs, o.inputs, o.weight)
  let (weightStride, yGradient, yStride, xGradient) = (o.weightStride, o.yGradient, o.yStride, o.xGradient)
  let xStride = o.xStride
  addProducts(rows, inputs, outputs, yGradient, yStride, 1, weight, weightStride, xGradient, xStride)
}

/// WGradient[o, i] += Σ_r yGradient[r, o] x[r, i]
func linearBackwardWeight(_ operands: UnsafePointer<LinearWeightOperands>) {
  let o = operands.pointee
  let (rows, outputs, inputs, x) = (o.rows, o.outputs, o.inputs, o.x)
  let (xStride, yGradient, yStride, weightGradient) = (o.xStride, o.yGradient, o.yStride, o.weightGradient)
  let weightStride = o.weightStride
  var r = 0
  while r < rows {
    let count = min(2 * rowBlock, rows - r)
    addProducts(
      outputs, inputs, count, yGradient + r * yStride, 1, yStride, x + r * xStride, xStride,
      weightGradient,
      weightStride)
    r += count
  }
}

/// target[r, c] += Σ_t factors[r, t] vectors[t, c], the terms one after the other.
@inline(never) private func addProducts(
  _ rows: Int, _ columns: Int, _ terms: Int, _ factors: UnsafePointer<Float>, _ rowStride: Int, _ termStride: Int,
  _ vectors: UnsafePointer<Float>, _ vectorStride: Int, _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
) {
  let whole = rows & ~3
  productRows(
    4, widths.3, whole, columns, terms, factors, rowStride, termStride, vectors, vectorStride, target, targetStride)
  let restFactors = factors + whole * rowStride
  let restTarget = target + whole * targetStride
  switch rows - whole {
  case 3:
    productRows(
      3, widths.2, 3, columns, terms, restFactors, rowStride, termStride, vectors, vectorStride, restTarget,
      targetStride)
  case 2:
    productRows(
      2, widths.1, 2, columns, terms, restFactors, rowStride, termStride, vectors, vectorStride, restTarget,
      targetStride)
  case 1:
    productRows(
      1, widths.0, 1, columns, terms, restFactors, rowStride, termStride, vectors, vectorStride, restTarget,
      targetStride)
  default: break
  }
}

/// `count` rows, a multiple of `rows`, with all columns; `rows` and `width` are constants where it is called.
@inline(__always) private func productRows(
  _ rows: Int, _ width: Int, _ count: Int, _ columns: Int, _ terms: Int, _ factors: UnsafePointer<Float>,
  _ rowStride: Int, _ termStride: Int, _ vectors: UnsafePointer<Float>, _ vectorStride: Int,
  _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
) {
  guard count > 0 else { return }
  var c = 0
  while c + width * lanes <= columns {
    var r = 0
    while r < count {
      productTile(
        rows, width, lanes, terms, factors + r * rowStride, rowStride, termStride, vectors + c, vectorStride,
        target + r * targetStride + c, targetStride)
      r += rows
    }
    c += width * lanes
  }
  while c < columns {
    let tail = min(lanes, columns - c)
    var r = 0
    while r < count {
      productTile(
        rows, 1, tail, terms, factors + r * rowStride, rowStride, termStride, vectors + c, vectorStride,
        target + r * targetStride + c, targetStride)
      r += rows
    }
    c += tail
  }
}

/// `rows` × `width` vectors, which have `tail` elements: all lanes, or one vector at the end with fewer.
@inline(__always) private func productTile(
  _ rows: Int, _ width: Int, _ tail: Int, _ terms: Int, _ factors: UnsafePointer<Float>, _ rowStride: Int,
  _ termStride: Int,
  _ vectors: UnsafePointer<Float>, _ vectorStride: Int, _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
) {
  var sums = Tile(repeating: .zero)
  for r in 0..<rows {
    for j in 0..<width { sums[r * width + j] = load(target + r * targetStride + j * lanes, tail) }
  }
  for t in 0..<terms {
    var held = InlineArray<4, Vector>(repeating: .zero)
    if rows < width {
      for r in 0..<rows { held[r] = Vector(repeating: factors[r * rowStride + t * termStride]) }
      for j in 0..<width {
        let vector = load(vectors + t * vectorStride + j * lanes, tail)
        for r in 0..<rows { sums[r * width + j] = sums[r * width + j].addingProduct(held[r], vector) }
      }
    } else {
      for j in 0..<width { held[j] = load(vectors + t * vectorStride + j * lanes, tail) }
      for r in 0..<rows {
        let factor = Vector(repeating: factors[r * rowStride + t * termStride])
        for j in 0..<width { sums[r * width + j] = sums[r * width + j].addingProduct(factor, held[j]) }
      }
    }
  }
  for r in 0..<rows {
    for j in 0..<width { store(sums[r * width + j], target + r * targetStride + j * lanes, tail) }
  }
}
