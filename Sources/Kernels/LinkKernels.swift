// Passes over the link matrix. See `TemporalLinks` for what they compute.
//
// A block of four rows by a few columns stays in registers while steps are replayed and all heads read it. What belongs to
// its columns is packed before, block after block, so that it comes in one stream, and filled up with zeros, which add
// nothing. What belongs to its rows is read where it is. A block of a matrix that reaches beyond the last row or column is
// copied to and from a block of its own; what belongs to too few rows is packed with zeros.

import CKernels
import CVector

private let rows = 4

/// The two passes, with blocks of so many vectors in a row: a constant where they are called.
private struct Passes {
  let vectors: Int
  @inline(__always) var width: Int { vectors * lanes }
}

/// [row][vector]
#if arch(arm64)
  private typealias Block = InlineArray<4, Vector>
#else
  private typealias Block = InlineArray<8, Vector>
#endif
private typealias Columns = InlineArray<2, Vector>

#if LANES_16
  // Two vectors of a row share the loads and stores of what belongs to the row. In a narrow matrix the second would be
  // empty. Functions of their own, since in a larger one the compiler takes the width for a variable.
  func linksForward(_ operands: UnsafePointer<LinksForwardOperands>) {
    if isWide(operands.pointee.slots) { wideForward(operands.pointee) } else { narrowForward(operands.pointee) }
  }
  func linksBackward(_ operands: UnsafePointer<LinksBackwardOperands>) {
    if isWide(operands.pointee.slots) { wideBackward(operands.pointee) } else { narrowBackward(operands.pointee) }
  }
  private func isWide(_ slots: Int) -> Bool { slots % (2 * lanes) == 0 || slots >= 8 * lanes }

  @inline(never) private func wideForward(_ o: LinksForwardOperands) { Passes(vectors: 2).forward(o) }
  @inline(never) private func narrowForward(_ o: LinksForwardOperands) { Passes(vectors: 1).forward(o) }
  @inline(never) private func wideBackward(_ o: LinksBackwardOperands) { Passes(vectors: 2).backward(o) }
  @inline(never) private func narrowBackward(_ o: LinksBackwardOperands) { Passes(vectors: 1).backward(o) }
#else
  #if arch(arm64)
    // A vector is two registers there, and no operand comes from memory: four by sixteen would not stay in them.
    private let passes = Passes(vectors: 1)
  #else
    private let passes = Passes(vectors: 2)
  #endif
  func linksForward(_ operands: UnsafePointer<LinksForwardOperands>) { passes.forward(operands.pointee) }
  func linksBackward(_ operands: UnsafePointer<LinksBackwardOperands>) { passes.backward(operands.pointee) }
#endif

extension Passes {
  @inline(__always) func forward(_ o: LinksForwardOperands) {
    let (slots, heads) = (o.slots, o.readHeads)
    // Of each block of columns: 1 − w^w, p; for each head w^r, b.
    let size = (2 + 2 * heads) * width
    let panels = o.scratch
    forEachColumns(slots, panels, size) { j, count, panel in
      packStep(o.writeWeighting + j, o.previousPrecedence + j, count, panel)
      for head in 0..<heads {
        let panel = panel + (2 + 2 * head) * width
        storeColumns(loadColumns(o.previousReadWeights + head * slots + j, count), panel)
        storeColumns(zeros(), panel + width)
      }
    }
    // Of some rows: for each head the lanes of f; of too few, also w^w and for each head w^r.
    let sums = panels + blocks(slots) * size
    let packedWrite = sums + heads * rows * lanes
    let packedReads = packedWrite + lanes
    let edge = packedReads + heads * lanes

    var i = o.first
    while i < o.end {
      let count = min(rows, o.end - i)
      let write = RowNumbers(1, o.writeWeighting + i, slots, count, packedWrite).start
      let reads = RowNumbers(heads, o.previousReadWeights + i, slots, count, packedReads)
      setZero(heads * rows, sums)
      forEachColumns(slots, panels, size) { j, columns, panel in
        let place = place(i, j, slots, count, columns)
        var links = loadBlock(place, of: o.previousLink, edge)
        update(&links, write, panel)
        clearDiagonal(&links, i - j)
        storeBlock(links, place, of: o.link, edge)
        for head in 0..<heads {
          let panel = panel + (2 + 2 * head) * width
          let weights = loadColumns(panel)
          var backward = loadColumns(panel + width)
          readRowsAndColumns(
            links, weights, sums + head * rows * lanes, reads[head], &backward)
          storeColumns(backward, panel + width)
        }
      }
      putTotals(heads, sums, count, o.forwardWeights + i, o.forwardStride, adding: false)
      i += rows
    }
    forEachColumns(slots, panels, size) { j, count, panel in
      for head in 0..<heads {
        storeColumns(
          loadColumns(panel + (3 + 2 * head) * width), o.backwardWeights + head * o.backwardStride + j, count)
      }
    }
  }

  @inline(__always) func backward(_ o: LinksBackwardOperands) {
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
        storeColumns(loadColumns(o.previousReadWeights + head * slots + j, count), panel)
        storeColumns(loadColumns(o.backwardGradient + head * o.backwardStride + j, count), panel + width)
        storeColumns(zeros(), panel + 2 * width)
      }
      storeColumns(zeros(), panel + gradientsAt)
      storeColumns(zeros(), panel + gradientsAt + width)
    }
    // Of some rows: for each head the lanes of the gradient of w^r; those of w^w. Of too few, also for each step w^w, for
    // each head w^r and the gradient of f.
    let sums = panels + blocks(slots) * size
    let writeSums = sums + heads * rows * lanes
    let packedWrites = writeSums + rows * lanes
    let packedReads = packedWrites + (steps + 1) * lanes
    let packedGradients = packedReads + heads * lanes
    let edge = packedGradients + heads * lanes
    let gradientEdge = edge + rows * width
    let keptSteps = o.kept == nil ? -1 : o.keptSteps

    var i = o.first
    while i < o.end {
      let count = min(rows, o.end - i)
      let writes = RowNumbers(steps + 1, o.writeWeightings + i, o.stepStride, count, packedWrites)
      let reads = RowNumbers(heads, o.previousReadWeights + i, slots, count, packedReads)
      let gradients = RowNumbers(heads, o.forwardGradient + i, o.forwardStride, count, packedGradients)
      setZero((heads + 1) * rows, sums)
      forEachColumns(slots, panels, size) { j, columns, panel in
        let place = place(i, j, slots, count, columns)
        var links = loadBlock(place, of: o.link, edge)
        var (step, row) = (UnsafePointer(panel), writes.start)
        for index in 0..<steps {
          if index == keptSteps { storeBlock(links, place, of: o.kept!, edge) }
          // Intermediate diagonal values reach no other element.
          update(&links, row, step)
          step += 2 * width
          row += writes.stride
        }
        let previous = links
        update(&links, row, step)
        clearDiagonal(&links, i - j)
        for head in 0..<heads {
          let panel = panel + headsAt + head * 3 * width
          let gradient = loadColumns(panel + width)
          var towardsRead = loadColumns(panel + 2 * width)
          readRowsAndColumns(
            links, gradient, sums + head * rows * lanes, gradients[head], &towardsRead)
          storeColumns(towardsRead, panel + 2 * width)
        }

        var gradient = loadBlock(place, of: o.linkGradient, gradientEdge)
        for head in 0..<heads {
          let panel = panel + headsAt + head * 3 * width
          addProduct(&gradient, gradients[head], loadColumns(panel))
          addProduct(&gradient, reads[head], loadColumns(panel + width))
        }
        clearDiagonal(&gradient, i - j)
        updateBackward(&gradient, row, step, previous, panel + gradientsAt, writeSums)
        storeBlock(gradient, place, of: o.linkGradient, gradientEdge)
      }
      putTotals(heads, sums, count, o.readWeightsGradient + i, slots, adding: true)
      putTotals(1, writeSums, count, o.writeWeightingGradient + i, 0, adding: true)
      i += rows
    }
    forEachColumns(slots, panels, size) { j, count, panel in
      for head in 0..<heads {
        addColumns(
          1, loadColumns(panel + headsAt + (3 * head + 2) * width), to: o.readWeightsGradient + head * slots + j, count)
      }
      addColumns(-1, loadColumns(panel + gradientsAt), to: o.writeWeightingGradient + j, count)
      addColumns(1, loadColumns(panel + gradientsAt + width), to: o.precedenceGradient + j, count)
    }
  }

  // MARK: Blocks

  /// L_t from L_{t-1}, except for the diagonal.
  /// - Parameters:
  ///   - row: w^w of the rows.
  ///   - step: 1 − w^w and p of the columns.
  @inline(__always) func update(_ links: inout Block, _ row: Input, _ step: Input) {
    let (others, p) = (loadColumns(step), loadColumns(step + width))
    for r in 0..<rows {
      let w = Vector(repeating: row[r])
      for v in 0..<vectors { links[r * vectors + v] = (w * p[v]).addingProduct(others[v] - w, links[r * vectors + v]) }
    }
  }

  /// Turns the gradient of L_t into that of L_{t-1}.
  /// - Parameters:
  ///   - columnSums: added to, Σ_i g L_{t-1}, which is a part of −∂w^w, and ∂p.
  ///   - rowSums: added to, the other part of ∂w^w.
  @inline(__always) func updateBackward(
    _ gradient: inout Block, _ row: Input, _ step: Input, _ previous: Block, _ columnSums: Output, _ rowSums: Output
  ) {
    let (others, p) = (loadColumns(step), loadColumns(step + width))
    var (kept, towardsPrecedence) = (loadColumns(columnSums), loadColumns(columnSums + width))
    // Two short loops, which the compiler unrolls.
    for r in 0..<rows {
      var sum: Vector = load(rowSums + r * lanes)
      for v in 0..<vectors {
        sum = sum.addingProduct(gradient[r * vectors + v], p[v] - previous[r * vectors + v])
        kept[v] = kept[v].addingProduct(gradient[r * vectors + v], previous[r * vectors + v])
      }
      store(sum, rowSums + r * lanes)
    }
    for r in 0..<rows {
      let w = Vector(repeating: row[r])
      for v in 0..<vectors {
        towardsPrecedence[v] = towardsPrecedence[v].addingProduct(gradient[r * vectors + v], w)
        gradient[r * vectors + v] *= others[v] - w
      }
    }
    storeColumns(kept, columnSums)
    storeColumns(towardsPrecedence, columnSums + width)
  }

  /// Adds to the products of each row of a block by `x`, and to those of each column by `y`.
  @inline(__always) func readRowsAndColumns(
    _ block: Block, _ x: Columns, _ rowSums: Output, _ y: Input, _ columnSums: inout Columns
  ) {
    for r in 0..<rows {
      let factor = Vector(repeating: y[r])
      var sum: Vector = load(rowSums + r * lanes)
      for v in 0..<vectors {
        sum = sum.addingProduct(block[r * vectors + v], x[v])
        columnSums[v] = columnSums[v].addingProduct(factor, block[r * vectors + v])
      }
      store(sum, rowSums + r * lanes)
    }
  }

  /// block += y xᵀ
  @inline(__always) func addProduct(_ block: inout Block, _ y: Input, _ x: Columns) {
    for r in 0..<rows {
      let factor = Vector(repeating: y[r])
      for v in 0..<vectors { block[r * vectors + v] = block[r * vectors + v].addingProduct(factor, x[v]) }
    }
  }

  /// Sets to 0 what is on the diagonal of the matrix; the block's first row meets it in column `first` of the block.
  @inline(__always) func clearDiagonal(_ block: inout Block, _ first: Int) {
    guard first >= 0, first < width else { return }
    for r in 0..<rows {
      for v in 0..<vectors { block[r * vectors + v] = clear(block[r * vectors + v], lane: first + r - v * lanes) }
    }
  }

  @inline(__always) func place(_ i: Int, _ j: Int, _ slots: Int, _ count: Int, _ columns: Int) -> Place {
    Place(
      start: i * slots + j, stride: slots, rowCount: count, columnCount: columns,
      ahead: 2 * width + (j + 2 * width < slots ? 0 : (rows - 1) * slots))
  }

  @inline(__always) func isWhole(_ place: Place) -> Bool { place.rowCount == rows && place.columnCount == width }

  /// Also fetches the next block but one, which may be in the next rows.
  @inline(__always) func loadBlock(_ place: Place, of matrix: Input, _ edge: Output) -> Block {
    var (source, stride) = (matrix + place.start, place.stride)
    if isWhole(place) {
      let ahead = source + place.ahead
      for r in 0..<rows {
        for line in 0..<(width + 15) / 16 { dnc_prefetch(ahead + r * stride + line * 16) }
      }
    } else {
      setZero(rows * width / lanes, edge)
      copy(place, source, stride, edge, width)
      (source, stride) = (UnsafePointer(edge), width)
    }
    var block: Block = zeros()
    for r in 0..<rows {
      for v in 0..<vectors { block[r * vectors + v] = load(source + r * stride + v * lanes) }
    }
    return block
  }

  @inline(__always) func storeBlock(_ block: Block, _ place: Place, of matrix: Output, _ edge: Output) {
    let (target, stride) = isWhole(place) ? (matrix + place.start, place.stride) : (edge, width)
    for r in 0..<rows {
      for v in 0..<vectors { store(block[r * vectors + v], target + r * stride + v * lanes) }
    }
    if !isWhole(place) { copy(place, edge, width, matrix + place.start, place.stride) }
  }

  // MARK: Columns and rows

  @inline(__always) func blocks(_ slots: Int) -> Int { (slots + width - 1) / width }

  /// Calls `body` with the first column of each block of columns, their number, and their panel of `size` numbers.
  @inline(__always) func forEachColumns(
    _ slots: Int, _ panels: Output, _ size: Int, _ body: (Int, Int, Output) -> Void
  ) {
    var (j, panel) = (0, panels)
    while j < slots {
      body(j, min(width, slots - j), panel)
      j += width
      panel += size
    }
  }

  @inline(__always) func loadColumns(_ source: Input) -> Columns {
    var part: Columns = zeros()
    for v in 0..<vectors { part[v] = load(source + v * lanes) }
    return part
  }

  @inline(__always) func storeColumns(_ part: Columns, _ target: Output) {
    for v in 0..<vectors { store(part[v], target + v * lanes) }
  }

  /// The first `count` columns, 0 in the others.
  @inline(__always) func loadColumns(_ source: Input, _ count: Int) -> Columns {
    if count == width { return loadColumns(source) }
    var part: Columns = zeros()
    for v in 0..<vectors where v * lanes < count { part[v] = load(source + v * lanes, min(lanes, count - v * lanes)) }
    return part
  }

  @inline(__always) func storeColumns(_ part: Columns, _ target: Output, _ count: Int) {
    if count == width { return storeColumns(part, target) }
    for v in 0..<vectors where v * lanes < count { store(part[v], target + v * lanes, min(lanes, count - v * lanes)) }
  }

  @inline(__always) func addColumns(_ factor: Float, _ part: Columns, to target: Output, _ count: Int) {
    var sum = loadColumns(target, count)
    for v in 0..<vectors { sum[v] += factor * part[v] }
    storeColumns(sum, target, count)
  }

  /// Packs 1 − w^w and p of the columns in one step.
  @inline(__always) func packStep(
    _ writeWeighting: Input, _ precedence: Input, _ count: Int, _ target: Output
  ) {
    var others = loadColumns(writeWeighting, count)
    for v in 0..<vectors { others[v] = 1 - others[v] }
    storeColumns(others, target)
    storeColumns(loadColumns(precedence, count), target + width)
  }
}

/// A block of a matrix: its first number, and how many of its rows and columns are in the matrix.
private struct Place {
  let start, stride, rowCount, columnCount: Int
  /// From the block to the next but one.
  let ahead: Int
}

/// Not inlined: it is for the edges only.
@inline(never) private func copy(
  _ place: Place, _ source: Input, _ sourceStride: Int, _ target: Output, _ targetStride: Int
) {
  for r in 0..<place.rowCount {
    for j in 0..<place.columnCount { target[r * targetStride + j] = source[r * sourceStride + j] }
  }
}

/// A number of each row of a block, for each of several steps or heads.
private struct RowNumbers {
  let start: Input
  let stride: Int

  /// - Parameters:
  ///   - count: of rows; numbers of fewer than a block has are packed.
  ///   - packed: room for as many vectors.
  @inline(__always) init(_ items: Int, _ source: Input, _ stride: Int, _ count: Int, _ packed: Output) {
    guard count < rows else {
      (start, self.stride) = (source, stride)
      return
    }
    packRows(items, source, stride, count, packed)
    (start, self.stride) = (Input(packed), lanes)
  }

  @inline(__always) subscript(item: Int) -> Input { start + item * stride }
}

@inline(never) private func packRows(_ items: Int, _ source: Input, _ stride: Int, _ count: Int, _ packed: Output) {
  for k in 0..<items { store(load(source + k * stride, count) as Vector, packed + k * lanes) }
}

/// Adds up the lanes of each row for each head, and stores or adds the totals.
@inline(never) private func putTotals(
  _ heads: Int, _ sums: Input, _ count: Int, _ target: Output, _ stride: Int, adding: Bool
) {
  var (sums, target, heads) = (sums, target, heads)
  #if LANES_16
    while heads >= 4, count == rows {
      let found = totals(ofFourHeads: sums)
      put(found.lowHalf.lowHalf, target, adding)
      put(found.lowHalf.highHalf, target + stride, adding)
      put(found.highHalf.lowHalf, target + 2 * stride, adding)
      put(found.highHalf.highHalf, target + 3 * stride, adding)
      sums += 4 * rows * lanes
      target += 4 * stride
      heads -= 4
    }
  #endif
  for _ in 0..<heads {
    let four = totals(load(sums), load(sums + lanes), load(sums + 2 * lanes), load(sums + 3 * lanes))
    if count == rows {
      put(four, target, adding)
    } else {
      for r in 0..<count { target[r] = adding ? target[r] + four[r] : four[r] }
    }
    sums += rows * lanes
    target += stride
  }
}

@inline(__always) private func put(_ four: SIMD4<Float>, _ target: Output, _ adding: Bool) {
  let target = UnsafeMutableRawPointer(target)
  target.storeBytes(of: adding ? target.loadUnaligned(as: SIMD4<Float>.self) + four : four, as: SIMD4<Float>.self)
}

@inline(__always) private func setZero(_ vectors: Int, _ target: Output) {
  for v in 0..<vectors { store(Vector.zero, target + v * lanes) }
}

@inline(__always) private func clear(_ vector: Vector, lane: Int) -> Vector {
  #if LANES_16
    dnc_clear16(vector, Int32(truncatingIfNeeded: lane))
  #else
    dnc_clear8(vector, Int32(truncatingIfNeeded: lane))
  #endif
}
