import CPlatform

/// The course of trainings: the loss, below it a score, over one axis, and the names of the runs.
struct TrainingFigure {
  let title: Label
  let theme: Theme
  /// Size of the frame of each panel.
  let width, height: Int
  let isOverTime: Bool
  /// Names of the runs, each closed by a zero.
  let names: UnsafePointer<UnsafePointer<CChar>?>
  /// Of every run: see `sort`.
  let entries: UnsafePointer<Int>

  private static let margin = 14
  private static let titleGap = 10
  private static let labelGap = 8
  private static let panelGap = 18
  private static let lessonGap = 3
  /// Most rows of the numbers of lessons, one above the other where lessons are short.
  private static let mostLessonRows = 3
  private static let axisLabelGap = 4
  private static let legendGap = 20
  /// Room to the right, for the end of the last number below.
  private static let numberRoom = 18
  private static let widestText = 480
  private static let highestText = 240

  private static let swatch = 24
  private static let swatchGap = 6
  private static let scoreGap = 10
  private static let entryGap = 24
  private static let entryHeight = 17
  /// Most pixels of a name, beside the panels and below them.
  private static let narrowName = 30 * Font.small.glyphWidth
  private static let wideName = 60 * Font.small.glyphWidth

  private static let meanWidth = 2.0
  private static let scoreWidth = 1.5
  /// Strength of the raw loss, as a share of the run's colour.
  private var paleness: Double { theme.paper.isLight ? 0.35 : 0.5 }
  /// Above so many tests in a column of pixels, scores are drawn like the raw loss.
  private static let densest = 2

  /// Writes of every run which entry of the legend it belongs to. Runs of one name share an entry, and the style of their lines.
  static func sort(_ runs: Int, names: UnsafePointer<UnsafePointer<CChar>?>, into entries: UnsafeMutablePointer<Int>) {
    var count = 0
    for run in 0..<runs {
      if let other = (0..<run).first(where: { strcmp(names[$0]!, names[run]!) == 0 }) {
        entries[run] = entries[other]
      } else {
        entries[run] = count
        count += 1
      }
    }
  }

  func canvas(_ logs: borrowing TrainingLogs) throws(Failure) -> Canvas {
    let times = times(logs)
    let losses = lossScale(logs.losses)
    let scores: Scale? = logs.scores.count > 0 ? scoreScale(logs) : nil
    let scoreLabel = logs.metric.map { Label(cString: $0) } ?? Label("score")
    let margin = TrainingFigure.margin

    // Horizontally: label, numbers, panel, legend.
    let numberWidth = max(Plot.numberWidth(losses), scores.map { Plot.numberWidth($0) } ?? 0)
    let panelX = Label.height + TrainingFigure.labelGap + numberWidth + Plot.numberDistance
    // Vertically: lessons; panels, each with room for its label; the axis's numbers and its label.
    let label = scoreLabel.fitting(max(height, TrainingFigure.highestText))
    let top = margin + (title.count > 0 ? title.height + TrainingFigure.titleGap : 0)
    var lossY = top
    if logs.lessons.count > 0 {
      let plot = Plot(x: margin, y: 0, across: times, up: losses, isOverTime: isOverTime)
      lossY += try forEachLesson(logs, plot) { _, _, _, _, _ in } * Label.height + TrainingFigure.lessonGap
    }
    let slot = max(height, label.width)
    let scoreY = lossY + height + TrainingFigure.panelGap + (slot - height) / 2
    let bottom = scores == nil ? lossY + height : scoreY + height
    let axisLabelY = bottom + Plot.numberDistance + Label.height + TrainingFigure.axisLabelGap

    let legend = legend(logs, panelsHeight: bottom - lossY, blockWidth: panelX + width + TrainingFigure.numberRoom)
    let blockWidth =
      panelX + width + (legend.isBeside ? TrainingFigure.legendGap + legend.width : TrainingFigure.numberRoom)
    let title = title.fitting(max(blockWidth, TrainingFigure.widestText))
    let innerWidth = max(blockWidth, title.width, legend.width)
    let left = margin + (innerWidth - blockWidth) / 2
    let legendY = legend.isBeside ? lossY : axisLabelY + Label.height + TrainingFigure.titleGap
    let end = max(axisLabelY + Label.height, legendY + legend.rows * TrainingFigure.entryHeight)

    let canvas = try Canvas(width: innerWidth + 2 * margin, height: end + margin, theme: theme)
    let lossPlot = Plot(x: left + panelX, y: lossY, across: times, up: losses, isOverTime: isOverTime)
    let scorePlot = scores.map { Plot(x: left + panelX, y: scoreY, across: times, up: $0, isOverTime: isOverTime) }
    lossPlot.drawGrid(hasTimes: scores == nil, on: canvas)
    scorePlot?.drawGrid(hasTimes: true, on: canvas)
    try drawLessons(logs, lossPlot, scorePlot, on: canvas)
    try drawLosses(logs, lossPlot, on: canvas)
    if let scorePlot { try drawScores(logs.scores, scorePlot, on: canvas) }
    lossPlot.drawFrame(on: canvas)
    scorePlot?.drawFrame(on: canvas)

    drawBeside("loss", x: left, plot: lossPlot, on: canvas)
    if let scorePlot { drawBeside(label, x: left, plot: scorePlot, on: canvas) }
    let middle = left + panelX + width / 2
    canvas.drawCentred(title, at: middle, within: innerWidth, margin: margin, y: margin)
    let time: StaticString = isOverTime ? "seconds" : "update"
    canvas.drawCentred(Label(time), at: middle, within: innerWidth, margin: margin, y: axisLabelY)
    let legendX =
      legend.isBeside
      ? left + panelX + width + TrainingFigure.legendGap
      : min(left + panelX, margin + innerWidth - legend.width)
    draw(legend, logs, x: legendX, y: legendY, on: canvas)
    return canvas
  }

  private func drawBeside(_ word: StaticString, x: Int, plot: Plot, on canvas: borrowing Canvas) {
    drawBeside(Label(word), x: x, plot: plot, on: canvas)
  }

  private func drawBeside(_ label: Label, x: Int, plot: Plot, on canvas: borrowing Canvas) {
    canvas.drawUpwards(label, x: x, y: plot.y + (height - label.width) / 2)
  }

  // MARK: Axes

  /// From 0 to the last line of all runs.
  private func times(_ logs: borrowing TrainingLogs) -> Scale {
    var last = 0.0
    func see(_ samples: borrowing LogSamples) {
      for run in 0..<logs.runs {
        if let sample = samples[run].last { last = max(last, isOverTime ? sample.seconds : sample.update) }
      }
    }
    see(logs.losses)
    see(logs.scores)
    see(logs.lessons)
    return Scale(from: 0, to: last > 0 ? last : 1, pixels: width)
  }

  private func lossScale(_ losses: borrowing LogSamples) -> Scale {
    let ends = Ends(of: losses, isLogarithmic: true)
    return Scale(logarithmicFrom: ends.low, to: ends.high, pixels: height)
  }

  private func scoreScale(_ logs: borrowing TrainingLogs) -> Scale {
    let first = logs.scores[0]
    // A logarithmic axis has no 0, but the best errors are 0.
    let lastPositive = first.last { $0.value > 0 }?.value ?? .nan
    let isLogarithmic = first.count > 0 && lastPositive < first[0].value / 10
    let ends = Ends(of: logs.scores, isLogarithmic: isLogarithmic)
    guard isLogarithmic else { return Scale(linearFrom: ends.low, to: ends.high, pixels: height) }
    var scale = Scale(logarithmicFrom: ends.low, to: ends.high, pixels: height)
    scale.hasZero = true
    return scale
  }

  /// The least and the greatest number that have a place on the axis.
  private struct Ends {
    var low = Double.infinity
    var high = -Double.infinity

    init(of samples: borrowing LogSamples, isLogarithmic: Bool) {
      for sample in samples.all where Scale.hasPlace(sample.value, isLogarithmic: isLogarithmic) {
        low = min(low, sample.value)
        high = max(high, sample.value)
      }
    }
  }

  // MARK: Lines

  private func drawLosses(_ logs: borrowing TrainingLogs, _ plot: Plot, on canvas: borrowing Canvas) throws(Failure) {
    let extents = try Memory(bytes: 2 * width * MemoryLayout<Double>.stride)
    var longest = 0
    for run in 0..<logs.runs {
      longest = max(longest, logs.losses[run].count)
      plot.drawExtents(
        of: logs.losses[run], Palette.colour(entries[run]).mixed(paleness, with: theme.paper),
        extents: extents.start.assumingMemoryBound(to: Double.self), on: canvas)
    }
    let scratch = try Memory(bytes: 2 * longest * MemoryLayout<MovingMean.Sum>.stride)
    for run in 0..<logs.runs {
      let losses = logs.losses[run]
      let reach = losses.count / 40
      func drawMean(_ lesson: Range<Int>) {
        let samples = UnsafeBufferPointer(rebasing: losses[lesson])
        let means = MovingMean(
          samples, reach: reach, scratch: scratch.start.assumingMemoryBound(to: MovingMean.Sum.self))
        plot.drawLine(
          through: samples, means: means, Stroke(entry: entries[run], width: TrainingFigure.meanWidth), on: canvas)
      }
      // A mean over two lessons would mix unrelated losses.
      var begin = 0
      for lesson in logs.lessons[run] {
        var end = begin
        while end < losses.count, losses[end].update <= lesson.update { end += 1 }
        drawMean(begin..<end)
        begin = end
      }
      drawMean(begin..<losses.count)
    }
  }

  private func drawScores(_ scores: borrowing LogSamples, _ plot: Plot, on canvas: borrowing Canvas) throws(Failure) {
    let extents = try Memory(bytes: 2 * width * MemoryLayout<Double>.stride)
    for run in 0..<scores.runs {
      let samples = scores[run]
      if samples.count > TrainingFigure.densest * width {
        plot.drawExtents(
          of: samples, Palette.colour(entries[run]), extents: extents.start.assumingMemoryBound(to: Double.self),
          on: canvas)
      } else {
        plot.drawLine(through: samples, Stroke(entry: entries[run], width: TrainingFigure.scoreWidth), on: canvas)
        plot.drawMarks(at: samples, Palette.colour(entries[run]), on: canvas)
      }
    }
  }

  /// Draws the lines of the lessons through the panels, and above them the numbers that have room.
  private func drawLessons(
    _ logs: borrowing TrainingLogs, _ losses: Plot, _ scores: Plot?, on canvas: borrowing Canvas
  ) throws(Failure) {
    guard logs.lessons.count > 0 else { return }
    let lowest = losses.y - TrainingFigure.lessonGap - Label.height
    let word = Label("lesson")
    canvas.draw(word, x: losses.x - Plot.numberDistance - word.width, y: lowest)
    _ = try forEachLesson(logs, losses) { number, x, row, column, colour in
      if row < TrainingFigure.mostLessonRows { canvas.draw(number, x: x, y: lowest - row * Label.height, colour) }
      guard column > losses.x else { return }
      losses.drawVertical(at: column, colour, on: canvas)
      scores?.drawVertical(at: column, colour, on: canvas)
    }
  }

  /// Calls `body` with each lesson's number, its place, its row from 0, the lowest, the column where the lesson begins, and
  /// a colour. Without room, the row is not below `mostLessonRows`.
  /// - Returns: how many rows there are, at least 1.
  @inline(never) private func forEachLesson(
    _ logs: borrowing TrainingLogs, _ plot: Plot, _ body: (Label, _ x: Int, _ row: Int, _ column: Int, Colour) -> Void
  ) throws(Failure) -> Int {
    let end = plot.x + width + TrainingFigure.numberRoom
    // The rows that have a number in a column, a bit each.
    let room = try Memory(bytes: end)
    let taken = room.start.assumingMemoryBound(to: UInt8.self)
    var rows = 1
    @inline(never) func visit(_ lesson: Double, _ column: Int, _ colour: Colour) {
      withLabel(lesson, digits: 10) { number in
        let left = max(column - number.width / 2 + 1, plot.x)
        let right = left + number.width + 3
        let columns = left - 3..<min(right, end)
        var bits: UInt8 = lesson.magnitude <= 1e9 && right <= end ? 0 : .max
        for i in columns { bits |= taken[i] }
        let row = (~bits).trailingZeroBitCount
        if row < TrainingFigure.mostLessonRows {
          rows = max(rows, row + 1)
          for i in columns { taken[i] |= 1 << UInt8(row) }
        }
        body(number, left, row, column, colour)
      }
    }
    for run in 0..<logs.runs {
      let lessons = logs.lessons[run]
      let colour = logs.runs == 1 ? theme.ink : Palette.colour(entries[run])
      // The log has no line for the first lesson. One number is enough for all runs.
      if let second = lessons.first, second.value >= 1, taken[plot.x] == 0 { visit(second.value, plot.x, theme.ink) }
      for sample in lessons { visit(sample.value + 1, plot.column(of: sample), colour) }
    }
    return rows
  }

  // MARK: Legend

  /// Entries in rows and columns, each a piece of the line, the name, and the last score.
  private struct Legend {
    let isBeside: Bool
    let rows, columns: Int
    let nameWidth, scoreWidth: Int

    var entryWidth: Int {
      TrainingFigure.swatch + TrainingFigure.swatchGap + nameWidth
        + (scoreWidth > 0 ? TrainingFigure.scoreGap + scoreWidth : 0)
    }
    var width: Int { columns * (entryWidth + TrainingFigure.entryGap) - TrainingFigure.entryGap }
  }

  /// The legend lies below the panels if it fits in one row there, or if names are long; otherwise beside them.
  private func legend(_ logs: borrowing TrainingLogs, panelsHeight: Int, blockWidth: Int) -> Legend {
    var count = 0
    var widest = 0
    var scoreWidth = 0
    for run in 0..<logs.runs where entries[run] == count {
      widest = max(widest, Label(cString: names[run]).width)
      withLastScore(of: count, logs) { scoreWidth = max(scoreWidth, $0.width) }
      count += 1
    }
    let name = min(widest, TrainingFigure.wideName)
    let row = Legend(isBeside: false, rows: 1, columns: count, nameWidth: name, scoreWidth: scoreWidth)
    if row.width <= width { return row }
    if name <= TrainingFigure.narrowName && count * TrainingFigure.entryHeight <= panelsHeight {
      return Legend(isBeside: true, rows: count, columns: 1, nameWidth: name, scoreWidth: scoreWidth)
    }
    let gap = TrainingFigure.entryGap
    let columns = min(max((blockWidth + gap) / (row.entryWidth + gap), 1), count)
    return Legend(
      isBeside: false, rows: (count + columns - 1) / columns, columns: columns, nameWidth: name, scoreWidth: scoreWidth)
  }

  private func draw(_ legend: Legend, _ logs: borrowing TrainingLogs, x: Int, y: Int, on canvas: borrowing Canvas) {
    var entry = 0
    for run in 0..<logs.runs where entries[run] == entry {
      let left = x + entry % legend.columns * (legend.entryWidth + TrainingFigure.entryGap)
      let top = y + entry / legend.columns * TrainingFigure.entryHeight
      let middle = top + Label.height / 2
      Plot.drawSample(
        Stroke(entry: entry, width: TrainingFigure.meanWidth), x: left, y: middle, width: TrainingFigure.swatch,
        on: canvas)
      let nameX = left + TrainingFigure.swatch + TrainingFigure.swatchGap
      canvas.draw(Label(cString: names[run]).fitting(legend.nameWidth), x: nameX, y: top)
      withLastScore(of: entry, logs) { label in
        canvas.draw(label, x: nameX + legend.nameWidth + TrainingFigure.scoreGap, y: top, theme.frame)
      }
      entry += 1
    }
  }

  /// Of one run, or the mean of several.
  private func withLastScore(of entry: Int, _ logs: borrowing TrainingLogs, _ body: (Label) -> Void) {
    var sum = 0.0
    var count = 0
    for run in 0..<logs.runs where entries[run] == entry {
      guard let score = logs.scores[run].last(where: { $0.value.isFinite })?.value else { continue }
      sum += score
      count += 1
    }
    guard count > 0 else { return }
    func write(_ text: inout Text) {
      text.append(sum / Double(count), digits: 4)
      if count == 1 {
        text.append(" (last)")
      } else {
        text.append(" (last, mean of ")
        text.append(Double(count), digits: 4)
        text.append(")")
      }
    }
    withLabel(writing: write, body)
  }
}
