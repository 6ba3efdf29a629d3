/// How a line is drawn.
struct Stroke {
  let colour: Colour
  let width: Double
  /// Pixels drawn, then left out; 0 for a line without gaps.
  var dash = 0.0
  var gap = 0.0

  /// The style of an entry of the legend. Each has another colour; where the colours repeat, dashes.
  init(entry: Int, width: Double) {
    (colour, self.width) = (Palette.colour(entry), width)
    let round = entry / Palette.count - 1
    if round >= 0 { (dash, gap) = (Double(3 + 4 * (round % 3)), Double(3 + 3 * (round / 3))) }
  }
}

/// A panel with lines over an axis.
struct Plot {
  /// The upper left corner of the frame's contents.
  let x, y: Int
  let across, up: Scale
  /// True if the horizontal axis has the samples' seconds, false for their updates.
  let isOverTime: Bool

  private static let tickLength = 3
  private static let minorTickLength = 2
  private static let textGap = 2
  /// Pixels from the frame to the numbers.
  static let numberDistance = 1 + tickLength + textGap
  /// Pixels between two lines of numbers, and between two neighbouring numbers.
  private static let lineDistance = 14
  private static let numberGap = 10
  private static let rowsApart = 40
  private static let columnsApart = 90
  /// Smallest distance of two points of a line; nearer points are left out.
  private static let leastStep = 0.75

  var width: Int { across.pixels }
  var height: Int { up.pixels }

  private func grid(_ theme: Theme) -> Colour { theme.frame.mixed(0.22, with: theme.paper) }

  /// Width of the widest number beside a panel.
  static func numberWidth(_ up: Scale) -> Int {
    var widest = 0
    up.forEachTick(pixelsApart: rowsApart) { value, digits, rank in
      if rank == .major { withLabel(value, digits: digits) { widest = max(widest, $0.width) } }
    }
    return widest
  }

  private func column(_ place: Double) -> Int { x + Int(place + 0.5) }
  private func row(_ place: Double) -> Int { y + height - 1 - Int(place + 0.5) }

  /// The place of a sample's time, in pixels from the left edge of the picture.
  func column(of sample: LogSample) -> Int { column(across.place(time(sample)) ?? 0) }

  private func time(_ sample: LogSample) -> Double { isOverTime ? sample.seconds : sample.update }

  private func point(_ sample: LogSample, _ value: Double) -> Point? {
    guard let right = across.place(time(sample)), let above = up.place(value) else { return nil }
    return Point(Double(x) + right, Double(y + height - 1) - above)
  }

  /// Draws lines through the panel, marks outside of its frame, and numbers beside it.
  func drawGrid(hasTimes: Bool, on canvas: borrowing Canvas) {
    let theme = canvas.theme
    var lastRow = Int.max
    up.forEachTick(pixelsApart: Plot.rowsApart) { value, digits, rank in
      guard let place = up.place(value) else { return }
      let tick = row(place)
      let length = rank == .major ? Plot.tickLength : Plot.minorTickLength
      canvas.fill(x: x - 1 - length, y: tick, width: length, height: 1, theme.frame)
      guard rank == .major else { return }
      canvas.fill(x: x, y: tick, width: width, height: 1, grid(theme))
      guard lastRow == .max || lastRow - tick >= Plot.lineDistance else { return }
      lastRow = tick
      withLabel(value, digits: digits) { label in
        canvas.draw(label, x: x - Plot.numberDistance - label.width, y: tick - Label.height / 2)
      }
    }
    var lastEnd = Int.min
    across.forEachTick(pixelsApart: Plot.columnsApart) { value, digits, _ in
      guard let place = across.place(value) else { return }
      let tick = column(place)
      canvas.fill(x: tick, y: y, width: 1, height: height, grid(theme))
      canvas.fill(x: tick, y: y + height + 1, width: 1, height: Plot.tickLength, theme.frame)
      guard hasTimes else { return }
      withLabel(value, digits: digits) { label in
        let left = tick - label.width / 2 + 1
        guard lastEnd == .min || left >= lastEnd + Plot.numberGap, left + label.width < canvas.width else { return }
        lastEnd = left + label.width
        canvas.draw(label, x: left, y: y + height + Plot.numberDistance)
      }
    }
  }

  func drawFrame(on canvas: borrowing Canvas) { canvas.frame(x: x, y: y, width: width, height: height) }

  /// Draws a line from top to bottom, in short dashes.
  func drawVertical(at column: Int, _ colour: Colour, on canvas: borrowing Canvas) {
    for top in stride(from: y, to: y + height, by: 6) {
      canvas.fill(x: column, y: top, width: 1, height: min(3, y + height - top), colour)
    }
  }

  /// Draws the line through all samples: in each column of pixels, from its lowest to its highest point.
  /// - Parameter extents: scratch [2, width].
  func drawExtents(
    of samples: UnsafeBufferPointer<LogSample>, _ colour: Colour, extents: Out<Double>, on canvas: borrowing Canvas
  ) {
    let (tops, bottoms) = (extents, extents + width)
    for i in 0..<width { (tops[i], bottoms[i]) = (.infinity, -.infinity) }
    func reach(_ column: Int, _ y: Double) {
      let i = min(max(column - x, 0), width - 1)
      (tops[i], bottoms[i]) = (min(tops[i], y), max(bottoms[i], y))
    }
    var last: Point?
    for sample in samples {
      let point = point(sample, sample.value)
      if let point {
        let to = Int(point.x + 0.5)
        reach(to, point.y)
        // Between two samples, the line crosses the edges of the columns.
        if let last, last.x < point.x {
          for column in Int(last.x + 0.5)..<to {
            let share = (Double(column) + 0.5 - last.x) / (point.x - last.x)
            let edge = last.y + share * (point.y - last.y)
            reach(column, edge)
            reach(column + 1, edge)
          }
        } else if let last {
          reach(to, last.y)
        }
      }
      last = point
    }
    for i in 0..<width where tops[i] <= bottoms[i] {
      canvas.drawLine(from: Point(Double(x + i), tops[i]), to: Point(Double(x + i), bottoms[i]), colour)
    }
  }

  /// Draws a line through the samples, or their means, with gaps where a sample is not finite or has no place.
  func drawLine(
    through samples: UnsafeBufferPointer<LogSample>, means: MovingMean? = nil, _ stroke: Stroke,
    on canvas: borrowing Canvas
  ) {
    var last: Point?
    var travelled = 0.0
    for i in 0..<samples.count {
      let value = samples[i].value
      guard value.isFinite, let point = point(samples[i], means?[i] ?? value) else {
        last = nil
        continue
      }
      guard let from = last else {
        // The sample may stand alone.
        canvas.drawLine(from: point, to: point, width: stroke.width, stroke.colour)
        last = point
        continue
      }
      if i + 1 < samples.count && samples[i + 1].value.isFinite && point.x - from.x < Plot.leastStep { continue }
      Plot.draw(from, point, stroke, &travelled, on: canvas)
      last = point
    }
  }

  /// Draws a piece of a line from left to right.
  static func drawSample(_ stroke: Stroke, x: Int, y: Int, width: Int, on canvas: borrowing Canvas) {
    var travelled = 0.0
    draw(Point(x, y), Point(x + width - 1, y), stroke, &travelled, on: canvas)
  }

  /// - Parameter travelled: the line's length so far, for its dashes.
  private static func draw(
    _ from: Point, _ to: Point, _ stroke: Stroke, _ travelled: inout Double, on canvas: borrowing Canvas
  ) {
    guard stroke.dash > 0 else { return canvas.drawLine(from: from, to: to, width: stroke.width, stroke.colour) }
    let across = (x: to.x - from.x, y: to.y - from.y)
    let length = (across.x * across.x + across.y * across.y).squareRoot()
    let period = stroke.dash + stroke.gap
    func at(_ along: Double) -> Point {
      let share = length > 0 ? along / length : 0
      return Point(from.x + share * across.x, from.y + share * across.y)
    }
    var begin = -travelled
    while begin < length {
      let (first, last) = (max(begin, 0), min(begin + stroke.dash, length))
      if first < last { canvas.drawLine(from: at(first), to: at(last), width: stroke.width, stroke.colour) }
      begin += period
    }
    travelled = length - (begin - period)
  }

  /// Draws a mark at each sample. More samples have smaller marks.
  func drawMarks(at samples: UnsafeBufferPointer<LogSample>, _ colour: Colour, on canvas: borrowing Canvas) {
    let apart = width / max(samples.count, 1)
    guard apart >= 4 else { return }
    for sample in samples {
      guard let point = point(sample, sample.value) else { continue }
      canvas.drawLine(from: point, to: point, width: apart >= 10 ? 5 : 3, colour)
    }
  }
}
