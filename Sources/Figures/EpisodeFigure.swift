import CDNC

/// One panel of an episode: a quantity, or something derived from it, over the steps.
struct EpisodePanel {
  enum Content {
    /// A row of cells for each channel or slot. The minimum and maximum are the values at the ends of the colormap; for
    /// NaN, the values decide. Signed values have the diverging colormap, and a range symmetric about 0.
    case cells(Values, minimum: Float, maximum: Float, isSigned: Bool)
    /// The read modes of one head, stacked.
    case modes(ReadModes)
    /// Lines from where a slot was written, above, to where it was read, below.
    case origins(ReadOrigins)
    /// Where an answer is wanted.
    case phases(AnswerMask)
  }

  let name: StaticString
  /// Number of the head, from 1; 0 if there is only one, or none.
  var head = 0
  /// The number beside the first row of cells.
  var firstRow = 0
  let content: Content
}

/// The mask of a sequence: weight(t) = start[t * stride]. An answer is wanted where it is not 0.
struct AnswerMask {
  let start: UnsafePointer<Float>
  let stride: Int
  func isAnswer(_ t: Int) -> Bool { start[t * stride] != 0 }
}

/// Where episodes begin in a sequence: with step t if start[t * stride] is not 0.
struct EpisodeMarks {
  let start: UnsafePointer<UInt32>
  let stride: Int
  func begins(_ t: Int) -> Bool { start[t * stride] != 0 }
}

/// The read modes [2K+1] of one head: backward 1..K, content, forward 1..K.
struct ReadModes {
  let start: UnsafePointer<Float>
  let stepStride: Int
  let writeHeads: Int

  /// Backward, content or forward.
  func share(_ kind: Int, _ t: Int) -> Float {
    let mode = start + t * stepStride
    if kind == 1 { return mode[writeHeads] }
    var sum: Float = 0
    for k in 0..<writeHeads { sum += mode[kind == 0 ? k : writeHeads + 1 + k] }
    return sum
  }
}

/// Which write each read came from: the slot that a head reads most, and the last step in which that slot was written.
struct ReadOrigins {
  let slots, readHeads, writeHeads: Int
  /// Weightings [R, N] and [K, N] of one step.
  let reads, writes: UnsafePointer<Float>
  let readStride, writeStride: Int
  /// Selects the reads in steps with an answer; nil for all reads.
  let mask: AnswerMask?
  /// Nothing is left of what was written in another episode.
  let marks: EpisodeMarks?

  /// The smallest weight that counts as a write or a read.
  static let least: Float = 0.1

  func isWritten(_ slot: Int, _ t: Int) -> Bool {
    for k in 0..<writeHeads where writes[t * writeStride + k * slots + slot] >= ReadOrigins.least { return true }
    return false
  }

  /// The last step that wrote the slot which the head reads most in step t; nil if there is none.
  func origin(of head: Int, _ t: Int) -> Int? {
    if let mask, !mask.isAnswer(t) { return nil }
    let weights = reads + t * readStride + head * slots
    var slot = 0
    for i in 1..<max(slots, 1) where weights[i] > weights[slot] { slot = i }
    guard weights[slot] >= ReadOrigins.least else { return nil }
    for step in stride(from: t, through: 0, by: -1) {
      if isWritten(slot, step) { return step }
      if let marks, marks.begins(step) { return nil }
    }
    return nil
  }

  /// Slots [N] in the order in which they were first written, then those that never were.
  /// - Parameter first: scratch [N].
  func orderSlots(steps: Int, first: UnsafeMutablePointer<UInt32>, order: UnsafeMutablePointer<UInt32>) {
    for slot in 0..<slots {
      var t = 0
      while t < steps && !isWritten(slot, t) { t += 1 }
      first[slot] = UInt32(t)
    }
    var count = 0
    for t in 0...steps {
      for slot in 0..<slots where first[slot] == UInt32(t) {
        order[count] = UInt32(slot)
        count += 1
      }
    }
  }
}

/// Panels one under the other, over one time axis.
struct EpisodeFigure {
  /// At least one.
  let panels: UnsafeBufferPointer<EpisodePanel>
  /// Columns of every panel, at least 1.
  let steps: Int
  let title: Label
  /// Width of a step, and height of a row where that gives a panel of sensible height; 0: the number of steps decides.
  let cellPixels: Int
  /// The colormap of all panels that are not signed.
  let colormap: dnc_colormap
  let theme: Theme
  /// Its answers are shaded above the panels; between them, lines mark its changes.
  let mask: AnswerMask?
  /// A line through all panels marks an episode that begins behind the first step.
  var marks: EpisodeMarks?

  private static let margin = 14
  private static let textGap = 8
  private static let labelGap = 10
  private static let panelGap = 12
  private static let barGap = 12
  private static let barWidth = 10
  private static let widestText = 480
  /// Most pixels of all cells in a row. With more steps, several share a cell.
  private static let widest = 1600
  /// Bounds of a panel's height. The lower has room for a line of text; at the upper, rows become thinner, then share
  /// cells.
  private static let lowestPanel = 14
  private static let highestPanel = 256
  private static let modesHeight = 48
  private static let originsHeight = 72
  private static let swatch = 8
  private static let swatchGap = 4

  private var stepBlock: Int { cellPixels > 0 ? 1 : (steps + EpisodeFigure.widest - 1) / EpisodeFigure.widest }
  private var cells: Int { (steps + stepBlock - 1) / stepBlock }
  private var cellWidth: Int { cellPixels > 0 ? cellPixels : CellGrid.automaticSide(longerSide: cells) }
  private var timeWidth: Int { cells * cellWidth }
  private var timeAxis: Axis { Axis(count: steps, cellPixels: cellWidth, block: stepBlock) }

  func canvas() throws(Failure) -> Canvas {
    let margin = EpisodeFigure.margin
    var labelWidth = 0
    var numberWidth = 0
    var legendWidth = 0
    var panelsHeight = -EpisodeFigure.panelGap
    for panel in panels {
      withLabel(panel.name, head: panel.head) { labelWidth = max(labelWidth, $0.width) }
      numberWidth = max(numberWidth, channelAxis(panel)?.widthBeside ?? 0)
      legendWidth = max(legendWidth, self.legendWidth(panel))
      panelsHeight += height(panel) + EpisodeFigure.panelGap
    }
    let panelX = labelWidth + EpisodeFigure.labelGap + numberWidth
    let blockWidth = panelX + timeWidth + EpisodeFigure.barGap + legendWidth
    let title = title.fitting(max(blockWidth, EpisodeFigure.widestText))
    let innerWidth = max(blockWidth, title.width)
    let left = margin + (innerWidth - blockWidth) / 2
    let top = margin + (title.count > 0 ? title.height + EpisodeFigure.textGap : 0)
    let axisLabelY = top + panelsHeight + Axis.heightBelow + Axis.labelGap

    let canvas = try Canvas(
      width: innerWidth + 2 * margin, height: axisLabelY + Label.height + margin, theme: theme)
    var y = top
    for panel in panels {
      let height = height(panel)
      draw(panel, x: left + panelX, y: y, height: height, on: canvas)
      withLabel(panel.name, head: panel.head) { label in
        canvas.draw(label, x: left + labelWidth - label.width, y: y + (height - Label.height) / 2)
      }
      y += height + EpisodeFigure.panelGap
      if y < top + panelsHeight { drawChanges(x: left + panelX, y: y - EpisodeFigure.panelGap, on: canvas) }
    }
    if let marks {
      for t in 1..<max(steps, 1) where marks.begins(t) {
        let x = left + panelX + t / stepBlock * cellWidth
        canvas.fill(x: x - 1, y: top, width: 2, height: panelsHeight, theme.ink)
      }
    }
    timeAxis.drawBelow(x: left + panelX, y: top + panelsHeight, on: canvas)
    let middle = left + panelX + timeWidth / 2
    canvas.drawCentred(title, at: middle, within: innerWidth, margin: margin, y: margin)
    canvas.drawCentred(Label("step"), at: middle, within: innerWidth, margin: margin, y: axisLabelY)
    return canvas
  }

  /// Draws, through the gap below a panel, a line where an answer begins or ends.
  private func drawChanges(x: Int, y: Int, on canvas: borrowing Canvas) {
    guard let mask else { return }
    for t in 1..<max(steps, 1) where mask.isAnswer(t) != mask.isAnswer(t - 1) {
      canvas.fill(
        x: x + t / stepBlock * cellWidth, y: y + 2, width: 1, height: EpisodeFigure.panelGap - 4, theme.frame)
    }
  }

  /// (x, y) is the upper left corner of the frame's contents.
  private func draw(_ panel: EpisodePanel, x: Int, y: Int, height: Int, on canvas: borrowing Canvas) {
    let legendX = x + timeWidth + EpisodeFigure.barGap
    switch panel.content {
    case .cells(let values, let minimum, let maximum, let isSigned):
      let bar = bar(values, minimum, maximum, isSigned)
      CellGrid(x: x, y: y, cellWidth: cellWidth, cellHeight: rowHeight(values))
        .draw(shared(values), bar.range, bar.colormap, on: canvas)
      if let channels = channelAxis(panel), channels.hasTwoRows { channels.drawBeside(x: x, y: y, on: canvas) }
      bar.drawWithEnds(x: legendX, y: y, on: canvas)
    case .modes(let modes):
      for cell in 0..<cells { draw(modes, cell, x: x + cell * cellWidth, y: y, height: height, on: canvas) }
      let line = height / 3
      drawLegend("forward", Palette.colour(2), x: legendX, y: y, height: line, on: canvas)
      drawLegend("content", Palette.colour(1), x: legendX, y: y + line, height: line, on: canvas)
      drawLegend("backward", Palette.colour(0), x: legendX, y: y + 2 * line, height: line, on: canvas)
    case .origins(let origins):
      for t in 0..<steps {
        for head in 0..<origins.readHeads {
          guard let step = origins.origin(of: head, t) else { continue }
          canvas.drawLine(
            from: Point(x + timeAxis.middle(step), y), to: Point(x + timeAxis.middle(t), y + height - 1),
            Palette.colour(head))
        }
      }
      canvas.draw(Label("written"), x: legendX, y: y - 2)
      canvas.draw(Label("read"), x: legendX, y: y + height - Label.height + 2)
    case .phases(let mask):
      for cell in 0..<cells where isAnswer(cell, mask) {
        canvas.fill(x: x + cell * cellWidth, y: y, width: cellWidth, height: height, Palette.colour(4))
      }
      drawLegend("answering", Palette.colour(4), x: legendX, y: y, height: height, on: canvas)
    }
    canvas.frame(x: x, y: y, width: timeWidth, height: height)
  }

  private func isAnswer(_ cell: Int, _ mask: AnswerMask) -> Bool {
    for t in cell * stepBlock..<min((cell + 1) * stepBlock, steps) where mask.isAnswer(t) { return true }
    return false
  }

  /// Backward below, then content, then forward; several steps that share a cell are averaged.
  private func draw(_ modes: ReadModes, _ cell: Int, x: Int, y: Int, height: Int, on canvas: borrowing Canvas) {
    let times = cell * stepBlock..<min((cell + 1) * stepBlock, steps)
    var reached = 0.0
    for kind in 0..<3 {
      var share = 0.0
      for t in times { share += Double(modes.share(kind, t)) / Double(times.count) }
      // A network with NaN parameters has NaN modes.
      guard share.isFinite else { return }
      let from = Int(reached * Double(height) + 0.5)
      reached = min(reached + share, 1)
      let to = kind == 2 ? height : Int(reached * Double(height) + 0.5)
      canvas.fill(x: x, y: y + height - to, width: cellWidth, height: to - from, Palette.colour(kind))
    }
  }

  private func drawLegend(
    _ word: StaticString, _ colour: Colour, x: Int, y: Int, height: Int, on canvas: borrowing Canvas
  ) {
    let side = EpisodeFigure.swatch
    canvas.fill(x: x, y: y + (height - side) / 2, width: side, height: side, colour)
    canvas.draw(Label(word), x: x + side + EpisodeFigure.swatchGap, y: y + (height - Label.height) / 2)
  }

  private func legendWidth(_ panel: EpisodePanel) -> Int {
    switch panel.content {
    case .cells(let values, let minimum, let maximum, let isSigned):
      bar(values, minimum, maximum, isSigned).widthWithEnds
    case .modes: EpisodeFigure.swatch + EpisodeFigure.swatchGap + Label("backward").width
    case .origins: Label("written").width
    case .phases: EpisodeFigure.swatch + EpisodeFigure.swatchGap + Label("answering").width
    }
  }

  private func height(_ panel: EpisodePanel) -> Int {
    switch panel.content {
    case .cells(let values, _, _, _): shared(values).cellRows * rowHeight(values)
    case .modes: EpisodeFigure.modesHeight
    case .origins: EpisodeFigure.originsHeight
    case .phases: EpisodeFigure.lowestPanel
    }
  }

  /// The values with as many rows and columns to a cell as the room requires.
  private func shared(_ values: Values) -> Values {
    var values = values
    values.rowBlock = (values.rows + EpisodeFigure.highestPanel - 1) / EpisodeFigure.highestPanel
    values.columnBlock = stepBlock
    return values
  }

  private func rowHeight(_ values: Values) -> Int {
    let rows = shared(values).cellRows
    let comfortable = min(cellWidth, max(EpisodeFigure.highestPanel / rows, 1))
    return max(comfortable, (EpisodeFigure.lowestPanel + rows - 1) / rows)
  }

  private func channelAxis(_ panel: EpisodePanel) -> Axis? {
    // Slots in another order have no numbers.
    guard case .cells(let values, _, _, _) = panel.content, values.order == nil else { return nil }
    return Axis(
      count: values.rows, cellPixels: rowHeight(values), block: shared(values).rowBlock, first: panel.firstRow)
  }

  private func bar(_ values: Values, _ minimum: Float, _ maximum: Float, _ isSigned: Bool) -> ColourBar {
    ColourBar(
      range: ValueRange(minimum: minimum, maximum: maximum, symmetric: isSigned, of: values),
      colormap: Colormap(isSigned ? DNC_COLORMAP_DIVERGING : colormap), barWidth: EpisodeFigure.barWidth,
      height: shared(values).cellRows * rowHeight(values))
  }
}
