// Passes over the link matrix. See `TemporalLinks` for what they compute.
//
// A block of some rows by a few columns stays in registers while steps are replayed and all heads read it. What belongs to
// its columns is packed before, block after block, so that it comes in one stream; what belongs to its rows is packed
// when the rows begin. Both are filled up with zeros, which add nothing. A block of a matrix that reaches beyond the last
// row or column is copied to and from a block of its own.

import CKernels
import CVector

#if LANES_16
  private let rows = 8
  private let vectors = 1
  private typealias Columns = InlineArray<1, Vector>
  private typealias Block = InlineArray<8, Columns>
#elseif arch(arm64)
  // A vector is two registers there, and no operand comes from memory: four by sixteen would not stay in them.
  private let rows = 4
  private let vectors = 1
  private typealias Columns = InlineArray<1, Vector>
  private typealias Block = InlineArray<4, Columns>
#else
  private let rows = 4
  private let vectors = 2
  private typealias Columns = InlineArray<2, Vector>
  private typealias Block = InlineArray<4, Columns>
#endif
private let width = vectors * lanes

func linksForward(_ operands: UnsafePointer<LinksForwardOperands>) {
  let o = operands.pointee
  let (slots, heads) = (o.slots, o.readHeads)
  // Of each block of columns: 1 − w^w, p; for each head w^r, b.
  let size = (2 + 2 * heads) * width
  let panels = o.scratch
  forEachColumns(slots, panels, size) { j, count, panel in
    packStep(o.writeWeighting + j, o.previousPrecedence + j, count, panel)
    for head in 0..<heads {
      let panel = panel + (2 + 2 * head) * width
      store(load(o.previousReadWeights + head * slots + j, count) as Columns, panel)
      store(Columns(repeating: .zero), panel + width)
    }
  }
  // Of some rows: for each head the lanes of f; w^w; for each head w^r.
  let sums = panels + blocks(slots) * size
  let writeRow = sums + heads * rows * lanes
  let readRows = writeRow + lanes
  let edge = readRows + heads * lanes

  var i = o.first
  while i < o.end {
    let count = min(rows, o.end - i)
    packRow(o.writeWeighting + i, count, writeRow)
    for head in 0..<heads { packRow(o.previousReadWeights + head * slots + i, count, readRows + head * lanes) }
    setZero(heads * rows, sums)
    forEachColumns(slots, panels, size) { j, columns, panel in
      let place = Place(start: i * slots + j, stride: slots, rowCount: count, columnCount: columns)
      var links = load(place, of: o.previousLink, edge)
      update(&links, writeRow, panel)
      clearDiagonal(&links, i - j)
      store(links, place, of: o.link, edge)
      forEachHead(heads) { head in
        let panel = panel + (2 + 2 * head) * width
        let weights: Columns = load(panel)
        var backward: Columns = load(panel + width)
        readRowsAndColumns(
          links, weights, sums + head * rows * lanes, readRows + head * lanes, &backward)
        store(backward, panel + width)
      }
    }
    for head in 0..<heads {
      forEachTotal(sums + head * rows * lanes, count) { r, total in
        o.forwardWeights[head * o.forwardStride + i + r] = total
      }
    }
    i += rows
  }
  forEachColumns(slots, panels, size) { j, count, panel in
    for head in 0..<heads {
      store(load(panel + (3 + 2 * head) * width) as Columns, o.backwardWeights + head * o.backwardStride + j, count)
    }
  }
}

func linksBackward(_ operands: UnsafePointer<LinksBackwardOperands>) {
  let o = operands.pointee
  let (slots, heads, steps) = (o.slots, o.readHeads, o.steps)
  // Of each block of columns: for each step 1 − w^w, p; for each head w^r, the gradients of b and w^r; sums.
  let headsAt = (steps + 1) * 2 * width
  let gradientsAt = headsAt + heads * 3 * width
  let size = gradientsAt + 2 * width
  let panels = o.scratch
  forEachColumns(slots, panels, size) { j, count, panel in
    for step in 0...steps {
      packStep(
        o.writeWeightings + step * o.stepStride + j, o.precedences + step * o.stepStride + j, count,
        panel + step * 2 * width)
    }
    for head in 0..<heads {
      let panel = panel + headsAt + head * 3 * width
      store(load(o.previousReadWeights + head * slots + j, count) as Columns, panel)
      store(load(o.backwardGradient + head * o.backwardStride + j, count) as Columns, panel + width)
      store(Columns(repeating: .zero), panel + 2 * width)
    }
    store(Columns(repeating: .zero), panel + gradientsAt)
    store(Columns(repeating: .zero), panel + gradientsAt + width)
  }
  // Of some rows: for each head the lanes of the gradient of w^r; those of w^w; for each step w^w; for each head w^r and
  // the gradient of f.
  let sums = panels + blocks(slots) * size
  let writeSums = sums + heads * rows * lanes
  let writeRows = writeSums + rows * lanes
  let readRows = writeRows + (steps + 1) * lanes
  let forwardRows = readRows + heads * lanes
  let edge = forwardRows + heads * lanes
  let gradientEdge = edge + rows * width
  let keptSteps = o.kept == nil ? -1 : o.keptSteps

  var i = o.first
  while i < o.end {
    let count = min(rows, o.end - i)
    for step in 0...steps { packRow(o.writeWeightings + step * o.stepStride + i, count, writeRows + step * lanes) }
    for head in 0..<heads {
      packRow(o.previousReadWeights + head * slots + i, count, readRows + head * lanes)
      packRow(o.forwardGradient + head * o.forwardStride + i, count, forwardRows + head * lanes)
    }
    setZero((heads + 1) * rows, sums)
    forEachColumns(slots, panels, size) { j, columns, panel in
      let place = Place(start: i * slots + j, stride: slots, rowCount: count, columnCount: columns)
      var links = load(place, of: o.link, edge)
      var (step, row) = (UnsafePointer(panel), UnsafePointer(writeRows))
      for index in 0..<steps {
        if index == keptSteps { store(links, place, of: o.kept!, edge) }
        // Intermediate diagonal values reach no other element.
        update(&links, row, step)
        step += 2 * width
        row += lanes
      }
      let previous = links
      update(&links, row, step)
      clearDiagonal(&links, i - j)
      forEachHead(heads) { head in
        let panel = panel + headsAt + head * 3 * width
        let gradient: Columns = load(panel + width)
        var towardsRead: Columns = load(panel + 2 * width)
        readRowsAndColumns(
          links, gradient, sums + head * rows * lanes, forwardRows + head * lanes, &towardsRead)
        store(towardsRead, panel + 2 * width)
      }

      var gradient = load(place, of: o.linkGradient, gradientEdge)
      forEachHead(heads) { head in
        let panel = panel + headsAt + head * 3 * width
        addProduct(&gradient, forwardRows + head * lanes, load(panel))
        addProduct(&gradient, readRows + head * lanes, load(panel + width))
      }
      clearDiagonal(&gradient, i - j)
      updateBackward(&gradient, row, step, previous, panel + gradientsAt, writeSums)
      store(gradient, place, of: o.linkGradient, gradientEdge)
    }
    for head in 0..<heads {
      forEachTotal(sums + head * rows * lanes, count) { r, total in
        o.readWeightsGradient[head * slots + i + r] += total
      }
    }
    forEachTotal(writeSums, count) { r, total in o.writeWeightingGradient[i + r] += total }
    i += rows
  }
  forEachColumns(slots, panels, size) { j, count, panel in
    for head in 0..<heads {
      add(1, load(panel + headsAt + (3 * head + 2) * width), to: o.readWeightsGradient + head * slots + j, count)
    }
    add(-1, load(panel + gradientsAt), to: o.writeWeightingGradient + j, count)
    add(1, load(panel + gradientsAt + width), to: o.precedenceGradient + j, count)
  }
}

// MARK: Blocks

/// L_t from L_{t-1}, except for the diagonal.
/// - Parameters:
///   - row: w^w of the rows.
///   - step: 1 − w^w and p of the columns.
@inline(__always) private func update(_ links: inout Block, _ row: Input, _ step: Input) {
  let (others, p): (Columns, Columns) = (load(step), load(step + width))
  for r in 0..<rows {
    let w = Vector(repeating: row[r])
    for v in 0..<vectors { links[r][v] = (w * p[v]).addingProduct(others[v] - w, links[r][v]) }
  }
}

/// Turns the gradient of L_t into that of L_{t-1}.
/// - Parameters:
///   - columnSums: added to, Σ_i g L_{t-1}, which is a part of −∂w^w, and ∂p.
///   - rowSums: added to, the other part of ∂w^w.
@inline(__always) private func updateBackward(
  _ gradient: inout Block, _ row: Input, _ step: Input, _ previous: Block, _ columnSums: Output, _ rowSums: Output
) {
  let (others, p): (Columns, Columns) = (load(step), load(step + width))
  var (kept, towardsPrecedence): (Columns, Columns) = (load(columnSums), load(columnSums + width))
  // Two short loops, which the compiler unrolls.
  for r in 0..<rows {
    var sum: Vector = load(rowSums + r * lanes)
    for v in 0..<vectors {
      sum = sum.addingProduct(gradient[r][v], p[v] - previous[r][v])
      kept[v] = kept[v].addingProduct(gradient[r][v], previous[r][v])
    }
    store(sum, rowSums + r * lanes)
  }
  for r in 0..<rows {
    let w = Vector(repeating: row[r])
    for v in 0..<vectors {
      towardsPrecedence[v] = towardsPrecedence[v].addingProduct(gradient[r][v], w)
      gradient[r][v] *= others[v] - w
    }
  }
  store(kept, columnSums)
  store(towardsPrecedence, columnSums + width)
}

/// Adds to the products of each row of a block by `x`, and to those of each column by `y`.
@inline(__always) private func readRowsAndColumns(
  _ block: Block, _ x: Columns, _ rowSums: Output, _ y: Input, _ columnSums: inout Columns
) {
  for r in 0..<rows {
    let factor = Vector(repeating: y[r])
    var sum: Vector = load(rowSums + r * lanes)
    for v in 0..<vectors {
      sum = sum.addingProduct(block[r][v], x[v])
      columnSums[v] = columnSums[v].addingProduct(factor, block[r][v])
    }
    store(sum, rowSums + r * lanes)
  }
}

/// block += y xᵀ
@inline(__always) private func addProduct(_ block: inout Block, _ y: Input, _ x: Columns) {
  for r in 0..<rows {
    let factor = Vector(repeating: y[r])
    for v in 0..<vectors { block[r][v] = block[r][v].addingProduct(factor, x[v]) }
  }
}

/// Sets to 0 what is on the diagonal of the matrix; the block's first row meets it in column `first` of the block.
@inline(__always) private func clearDiagonal(_ block: inout Block, _ first: Int) {
  guard first >= 0, first < width else { return }
  for r in 0..<rows {
    for v in 0..<vectors { block[r][v] = clear(block[r][v], lane: first + r - v * lanes) }
  }
}

/// A block of a matrix: its first number, and how many of its rows and columns are in the matrix.
private struct Place {
  let start, stride, rowCount, columnCount: Int

  @inline(__always) var isWhole: Bool { rowCount == rows && columnCount == width }
}

/// Also fetches the next block but one.
@inline(__always) private func load(_ place: Place, of matrix: Input, _ edge: Output) -> Block {
  var (source, stride) = (matrix + place.start, place.stride)
  if place.isWhole {
    for r in 0..<rows { dnc_prefetch(source + r * stride + 2 * width) }
  } else {
    setZero(rows * width / lanes, edge)
    copy(place, source, stride, edge, width)
    (source, stride) = (UnsafePointer(edge), width)
  }
  var block = Block(repeating: Columns(repeating: .zero))
  for r in 0..<rows { block[r] = load(source + r * stride) }
  return block
}

@inline(__always) private func store(_ block: Block, _ place: Place, of matrix: Output, _ edge: Output) {
  let (target, stride) = place.isWhole ? (matrix + place.start, place.stride) : (edge, width)
  for r in 0..<rows { store(block[r], target + r * stride) }
  if !place.isWhole { copy(place, edge, width, matrix + place.start, place.stride) }
}

/// Not inlined: it is for the edges only.
@inline(never) private func copy(
  _ place: Place, _ source: Input, _ sourceStride: Int, _ target: Output, _ targetStride: Int
) {
  for r in 0..<place.rowCount {
    for j in 0..<place.columnCount { target[r * targetStride + j] = source[r * sourceStride + j] }
  }
}

// MARK: Columns and rows

@inline(__always) private func blocks(_ slots: Int) -> Int { (slots + width - 1) / width }

/// Calls `body` with the first column of each block of columns, their number, and their panel of `size` numbers.
@inline(__always) private func forEachColumns(
  _ slots: Int, _ panels: Output, _ size: Int, _ body: (Int, Int, Output) -> Void
) {
  var (j, panel) = (0, panels)
  while j < slots {
    body(j, min(width, slots - j), panel)
    j += width
    panel += size
  }
}

/// Calls `body` for every head, four times in a row if it can.
@inline(__always) private func forEachHead(_ count: Int, _ body: (Int) -> Void) {
  var head = 0
  while head + 4 <= count {
    for next in 0..<4 { body(head + next) }
    head += 4
  }
  while head < count {
    body(head)
    head += 1
  }
}

@inline(__always) private func load(_ source: Input) -> Columns {
  var part = Columns(repeating: .zero)
  for v in 0..<vectors { part[v] = load(source + v * lanes) }
  return part
}

@inline(__always) private func store(_ part: Columns, _ target: Output) {
  for v in 0..<vectors { store(part[v], target + v * lanes) }
}

/// The first `count` columns, 0 in the others.
@inline(__always) private func load(_ source: Input, _ count: Int) -> Columns {
  if count == width { return load(source) }
  var part = Columns(repeating: .zero)
  for v in 0..<vectors where v * lanes < count { part[v] = load(source + v * lanes, min(lanes, count - v * lanes)) }
  return part
}

@inline(__always) private func store(_ part: Columns, _ target: Output, _ count: Int) {
  if count == width { return store(part, target) }
  for v in 0..<vectors where v * lanes < count { store(part[v], target + v * lanes, min(lanes, count - v * lanes)) }
}

@inline(__always) private func add(_ factor: Float, _ part: Columns, to target: Output, _ count: Int) {
  var sum: Columns = load(target, count)
  for v in 0..<vectors { sum[v] += factor * part[v] }
  store(sum, target, count)
}

/// Packs 1 − w^w and p of the columns in one step.
@inline(__always) private func packStep(
  _ writeWeighting: Input, _ precedence: Input, _ count: Int, _ target: Output
) {
  var others: Columns = load(writeWeighting, count)
  for v in 0..<vectors { others[v] = 1 - others[v] }
  store(others, target)
  store(load(precedence, count) as Columns, target + width)
}

/// Packs a number of each row, in a place for a vector.
@inline(__always) private func packRow(_ source: Input, _ count: Int, _ target: Output) {
  store(load(source, count) as Vector, target)
}

@inline(__always) private func setZero(_ vectors: Int, _ target: Output) {
  for v in 0..<vectors { store(Vector.zero, target + v * lanes) }
}

/// Adds up the lanes of each row, and calls `body` with the row and its total.
@inline(__always) private func forEachTotal(_ sums: Input, _ count: Int, _ body: (Int, Float) -> Void) {
  for r in stride(from: 0, to: rows, by: 4) {
    let sums = sums + r * lanes
    let four = totals(load(sums), load(sums + lanes), load(sums + 2 * lanes), load(sums + 3 * lanes))
    for next in 0..<4 where r + next < count { body(r + next, four[next]) }
  }
}

@inline(__always) private func clear(_ vector: Vector, lane: Int) -> Vector {
  #if LANES_16
    dnc_clear16(vector, Int32(truncatingIfNeeded: lane))
  #else
    dnc_clear8(vector, Int32(truncatingIfNeeded: lane))
  #endif
}
