import CDNC

/// The memory of one sequence at one moment.
struct MemoryState {
  let slots, wordSize, readHeads, writeHeads: Int
  /// The write heads, if they have links and precedence; 0 if they have not.
  let linkHeads: Int
  let memory: In<Float>  // M [N, W]
  let link: In<Float>  // L [K, N, N]
  let usage: In<Float>?  // u [N], if there is one
  let precedence: In<Float>  // p [K, N]
  let writeWeights: In<Float>  // w^w [K, N]
  let readWeights: In<Float>  // w^r [R, N]
}

/// Slots as rows: their memory, usage and weightings, and for each write head the links, the order of writing.
struct StateFigure {
  let state: MemoryState
  /// The number of slots that are drawn, from 1 to N.
  let shown: Int
  /// These slots in the order of drawing, and the place of each slot in it; nil for all in the order of the memory.
  let order, places: UnsafePointer<UInt32>?
  /// True if the order is that of the first writes.
  let isSorted: Bool
  /// The strongest path of each write head, with room for N slots each.
  let paths: UnsafeMutablePointer<UInt32>
  let memoryRange: ValueRange
  let colormap: Colormap
  let theme: Theme
  let title: Label
  /// Height of a row; 0: the number of slots decides.
  let cellPixels: Int
  /// The step that was just taken, and the number of steps; nil if unknown.
  let step: (index: Int, count: Int)?
  /// True to draw a line along the lower edge, as long as the share of steps taken.
  let showsProgress: Bool

  private static let margin = 14
  private static let textGap = 8
  private static let blockGap = 24
  private static let columnGap = 6
  private static let barGap = 24
  private static let barWidth = 14
  private static let lowestBar = 64
  private static let progressHeight = 3
  private static let widestText = 480
  /// Most pixels across the links of a single head, and of one of several.
  private static let widestLinks = 512
  private static let widestOfSeveral = 256
  private static let widestMemory = 512
  /// Least width of the cells of single columns.
  private static let narrowestColumn = 8
  /// Most pixels of a cell: more when slots are left out, so that each has room for its number.
  private static let widestCell = 16
  private static let widestOfFew = 24

  private var mostRows: Int { state.linkHeads <= 1 ? StateFigure.widestLinks : StateFigure.widestOfSeveral }
  /// Number of slots that share a row.
  private var block: Int { cellPixels > 0 ? 1 : (shown + mostRows - 1) / mostRows }
  private var rows: Int { (shown + block - 1) / block }
  private var cell: Int {
    if cellPixels > 0 { return cellPixels }
    return min(max(mostRows / rows, 1), leftOut > 0 ? StateFigure.widestOfFew : StateFigure.widestCell)
  }
  private var side: Int { rows * cell }
  private var slotAxis: Axis { Axis(count: shown, cellPixels: cell, block: block, numbers: order) }
  private var leftOut: Int { state.slots - shown }

  /// Cells narrower than high, rather than several numbers of a word in one.
  private var memoryCell: Int {
    let fitting = max(StateFigure.widestMemory / memoryColumns, 1)
    return cellPixels > 0
      ? max(cell, min(StateFigure.narrowestColumn, fitting)) : min(max(cell, StateFigure.narrowestColumn), fitting)
  }
  private var wordBlock: Int {
    cellPixels > 0 ? 1 : (state.wordSize + StateFigure.widestMemory - 1) / StateFigure.widestMemory
  }
  private var memoryColumns: Int { (state.wordSize + wordBlock - 1) / wordBlock }
  private var columnCell: Int { max(cell, StateFigure.narrowestColumn, Label.height) }

  /// Number of single columns: usage, and precedence or weighting of each head.
  private var columnCount: Int { (state.usage == nil ? 0 : 1) + state.linkHeads + state.writeHeads + state.readHeads }

  private var columnsWidth: Int { columnCount * (columnCell + StateFigure.columnGap) - StateFigure.columnGap }

  func canvas() throws(Failure) -> Canvas {
    let margin = StateFigure.margin
    var memoryWidth = max(memoryColumns * memoryCell, Label("memory").width)
    withUnused { memoryWidth = max(memoryWidth, $0.width) }
    let linksWidth = max(side, before.width)
    let slotsWidth = slotAxis.widthBeside
    let linksPitch = StateFigure.blockGap + Label.height + StateFigure.textGap + slotsWidth + linksWidth
    let bars = (memory: bar(memoryRange, Colormap(DNC_COLORMAP_DIVERGING)), weights: bar(.fraction, colormap))
    let barsWidth = max(bars.memory.width, bars.weights.width, weightings.width)

    let memoryX = Label.height + StateFigure.textGap + slotsWidth
    let columnsX = memoryX + memoryWidth + StateFigure.blockGap
    let linksX = columnsX + columnsWidth + linksPitch - linksWidth
    let barsX = columnsX + columnsWidth + state.linkHeads * linksPitch + StateFigure.barGap
    let blockWidth = barsX + barsWidth
    let title = title.fitting(max(blockWidth, StateFigure.widestText))
    let width = max(blockWidth, title.width) + 2 * margin

    let titleHeight = title.count > 0 ? title.height + StateFigure.textGap : 0
    let stepHeight = step == nil ? 0 : Label.height + StateFigure.textGap
    let namesHeight = max(Label.height, longestName) + StateFigure.textGap
    let top = margin + titleHeight + stepHeight + namesHeight
    let beforeHeight = state.linkHeads > 0 || leftOut > 0 ? Axis.labelGap + Label.height : 0
    let bodyHeight = max(side + Axis.heightBelow + beforeHeight, 2 * barHeight + barsGap)
    let pathsY = top + bodyHeight + StateFigure.textGap
    let height = pathsY + state.linkHeads * (Label.height + 2) + margin

    let canvas = try Canvas(width: width, height: height, theme: theme)
    canvas.draw(title, x: margin, y: margin)
    drawStep(x: margin, y: margin + titleHeight, on: canvas)

    drawSlots(isSorted ? "slots as first written" : "slot", x: margin, y: top, on: canvas)
    drawMemory(x: margin + memoryX, y: top, on: canvas)
    drawColumns(x: margin + columnsX, y: top, on: canvas)
    var pathY = pathsY
    for k in 0..<state.linkHeads {
      let path = StrongestPath(
        slots: state.slots, precedence: state.precedence + k * state.slots,
        link: state.link + k * state.slots * state.slots, path: paths + k * state.slots)
      drawLinks(k, path, x: margin + linksX + k * linksPitch, y: top, on: canvas)
      drawWords(k, path, x: margin, y: pathY, width: width - 2 * margin, on: canvas)
      pathY += Label.height + 2
    }
    canvas.draw(Label("memory"), x: margin + barsX, y: top - Label.height - StateFigure.textGap)
    bars.memory.draw(x: margin + barsX, y: top, on: canvas)
    let lowerY = top + barHeight + barsGap
    canvas.draw(weightings, x: margin + barsX, y: lowerY - Label.height - StateFigure.textGap)
    bars.weights.draw(x: margin + barsX, y: lowerY, on: canvas)
    drawProgress(on: canvas)
    return canvas
  }

  /// Draws what the rows are, to the left of them and their numbers.
  @inline(never) private func drawSlots(_ words: StaticString, x: Int, y: Int, on canvas: borrowing Canvas) {
    let label = Label(words).fitting(max(side, Label("slot").width))
    canvas.drawUpwards(label, x: x, y: y + max((side - label.width) / 2, 0))
  }

  /// Calls `body` with the number of slots that are left out, if there are any.
  @inline(never) private func withUnused(_ body: (Label) -> Void) {
    guard leftOut > 0 else { return }
    func write(_ text: inout Text) {
      text.append("+ ")
      text.append(leftOut)
      text.append(leftOut == 1 ? " slot unused" : " slots unused")
    }
    withLabel(writing: write, body)
  }

  private var weightings: Label { Label(state.linkHeads > 0 ? "weightings, links" : "weightings") }
  private var barsGap: Int { 2 * StateFigure.textGap + Label.height }
  private var barHeight: Int { max((side - barsGap) / 2, StateFigure.lowestBar) }
  private func bar(_ range: ValueRange, _ colormap: Colormap) -> ColourBar {
    ColourBar(range: range, colormap: colormap, barWidth: StateFigure.barWidth, height: barHeight)
  }

  private func drawStep(x: Int, y: Int, on canvas: borrowing Canvas) {
    guard let step else { return }
    func write(_ text: inout Text) {
      text.append("after step ")
      text.append(step.index)
      text.append(" of 0–")
      text.append(step.count - 1)
    }
    withLabel(writing: write) { canvas.draw($0, x: x, y: y) }
  }

  private func drawProgress(on canvas: borrowing Canvas) {
    guard showsProgress, let step else { return }
    let height = StateFigure.progressHeight
    let reached = canvas.width * (step.index + 1) / step.count
    canvas.fill(x: 0, y: canvas.height - height, width: reached, height: height, Palette.colour(0))
  }

  // MARK: Memory

  private func drawMemory(x: Int, y: Int, on canvas: borrowing Canvas) {
    var values = Values(start: state.memory, rows: shown, columns: state.wordSize)
    (values.order, values.rowBlock, values.columnBlock) = (order, block, wordBlock)
    CellGrid(x: x, y: y, cellWidth: memoryCell, cellHeight: cell)
      .draw(values, memoryRange, Colormap(DNC_COLORMAP_DIVERGING), on: canvas)
    let width = memoryColumns * memoryCell
    canvas.frame(x: x, y: y, width: width, height: side)
    slotAxis.drawBeside(x: x, y: y, on: canvas)
    Axis(count: state.wordSize, cellPixels: memoryCell, block: wordBlock).drawBelow(x: x, y: y + side, on: canvas)
    canvas.draw(Label("memory"), x: x, y: y - StateFigure.textGap - Label.height)
    withUnused { canvas.draw($0, x: x, y: y + side + Axis.heightBelow + Axis.labelGap) }
  }

  // MARK: Usage, precedence, weightings

  /// Calls `body` with the name, the number of the head (0: there is only one) and the values [N] of each column.
  private func forEachColumn(_ body: (StaticString, Int, In<Float>) -> Void) {
    if let usage = state.usage { body("usage", 0, usage) }
    let writeHeads = state.writeHeads
    for k in 0..<state.linkHeads { body("precedence", writeHeads > 1 ? k + 1 : 0, state.precedence + k * state.slots) }
    for k in 0..<writeHeads { body("write", writeHeads > 1 ? k + 1 : 0, state.writeWeights + k * state.slots) }
    for r in 0..<state.readHeads { body("read", state.readHeads > 1 ? r + 1 : 0, state.readWeights + r * state.slots) }
  }

  private var longestName: Int {
    var longest = 0
    forEachColumn { name, head, _ in withLabel(name, head: head) { longest = max(longest, $0.width) } }
    return longest
  }

  private func drawColumns(x: Int, y: Int, on canvas: borrowing Canvas) {
    var x = x
    forEachColumn { name, head, start in
      var values = Values(start: start, rows: shown, columns: 1)
      (values.order, values.rowBlock) = (order, block)
      CellGrid(x: x, y: y, cellWidth: columnCell, cellHeight: cell).draw(values, .fraction, colormap, on: canvas)
      canvas.frame(x: x, y: y, width: columnCell, height: side)
      withLabel(name, head: head) { label in
        canvas.drawUpwards(
          label, x: x + (columnCell - Label.height) / 2 + 1, y: y - StateFigure.textGap - label.width)
      }
      x += columnCell + StateFigure.columnGap
    }
  }

  // MARK: Links

  private var before: Label { Label("written before") }

  private func drawLinks(_ k: Int, _ path: StrongestPath, x: Int, y: Int, on canvas: borrowing Canvas) {
    var values = Values(
      start: state.link + k * state.slots * state.slots, rows: shown, columns: shown, rowStride: state.slots,
      columnStride: 1)
    (values.order, values.columnOrder, values.rowBlock, values.columnBlock) = (order, order, block, block)
    CellGrid(x: x, y: y, cellWidth: cell, cellHeight: cell).draw(values, .fraction, colormap, on: canvas)
    canvas.frame(x: x, y: y, width: side, height: side)
    withLabel("links", head: state.writeHeads > 1 ? k + 1 : 0) { label in
      canvas.draw(label, x: x, y: y - StateFigure.textGap - Label.height)
    }
    drawSlots("slot", x: x - slotAxis.widthBeside - StateFigure.textGap - Label.height, y: y, on: canvas)
    slotAxis.drawBeside(x: x, y: y, on: canvas)
    slotAxis.drawBelow(x: x, y: y + side, on: canvas)
    canvas.draw(before, x: x, y: y + side + Axis.heightBelow + Axis.labelGap)
    draw(path, x: x, y: y, on: canvas)
  }

  /// Draws the strongest path. From slot i it goes to slot j, written before i, through the cell (i, j), then along
  /// column j to the diagonal, where row j begins.
  private func draw(_ path: StrongestPath, x: Int, y: Int, on canvas: borrowing Canvas) {
    let colour = Palette.colour(3)
    let width = min(max(Double(cell) / 6, 1), 3)
    func middle(_ slot: UInt32) -> Int { slotAxis.middle(Int(places.map { $0[Int(slot)] } ?? slot)) }
    func at(_ row: Int, _ column: Int) -> Point { Point(x + column, y + row) }
    for i in 0..<max(path.count - 1, 0) {
      let row = middle(path.slots[i])
      let column = middle(path.slots[i + 1])
      canvas.drawLine(from: at(row, row), to: at(row, column), width: width, colour)
      canvas.drawLine(from: at(row, column), to: at(column, column), width: width, colour)
    }
  }

  /// Writes the slots in the order in which they were written. Without room for all, the first are left out.
  private func drawWords(
    _ k: Int, _ path: StrongestPath, x: Int, y: Int, width: Int, on canvas: borrowing Canvas
  ) {
    var right = x
    withLabel("strongest path", head: state.writeHeads > 1 ? k + 1 : 0) {
      canvas.draw($0, x: right, y: y)
      right += $0.width
    }
    let colon = Label(": ")
    canvas.draw(colon, x: right, y: y)
    right += colon.width
    let arrow = Label(" → ")
    var room = width - (right - x) - Label("… → ").width
    var first = 0
    while first < path.count {
      var needed = 0
      withLabel(Int(path.slots[first])) { needed = $0.width + (first > 0 ? arrow.width : 0) }
      guard needed <= room else { break }
      room -= needed
      first += 1
    }
    if path.count == 0 { canvas.draw(Label("–"), x: right, y: y) }
    if first < path.count {
      canvas.draw(Label("… → "), x: right, y: y)
      right += Label("… → ").width
    }
    for i in (0..<first).reversed() {
      withLabel(Int(path.slots[i])) {
        canvas.draw($0, x: right, y: y)
        right += $0.width
      }
      if i > 0 {
        canvas.draw(arrow, x: right, y: y)
        right += arrow.width
      }
    }
  }
}
