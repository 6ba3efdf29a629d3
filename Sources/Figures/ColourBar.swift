import CPlatform

/// The colours of a range from the minimum below to the maximum above, with numbers to its right.
struct ColourBar {
  let range: ValueRange
  let colormap: Colormap
  let barWidth: Int
  let height: Int
  /// Text after the round numbers.
  var unit: StaticString = ""

  private static let tickLength = 3
  private static let textGap = 5
  /// Approximate pixels between ticks.
  private static let tickDistance = 32
  private static let mostTicks = 10

  private var ticks: Ticks {
    let wanted = min(max(height / ColourBar.tickDistance, 1), ColourBar.mostTicks)
    return Ticks(from: range.minimum, to: range.maximum, wanted: wanted)
  }

  /// Significant digits of the ends, which are no round numbers: as many as distinguish them.
  private var endDigits: Int {
    let span = range.maximum - range.minimum
    guard span > 0 else { return 6 }
    let largest = max(range.minimum.magnitude, range.maximum.magnitude)
    return min(max(Int(log10(largest / span)) + 3, 3), 9)
  }

  /// Width of the bar with its round numbers.
  var width: Int {
    var widest = 0
    forEachNumber { _, label in widest = max(widest, label.width) }
    return barWidth + 1 + ColourBar.tickLength + ColourBar.textGap + widest
  }

  /// The bar, and round numbers at their ticks; (x, y) is its upper left corner.
  @inline(never) func draw(x: Int, y: Int, on canvas: borrowing Canvas) {
    drawColours(x: x, y: y, on: canvas)
    forEachNumber { position, label in
      let tickY = y + height - 1 - Int(position * Double(height - 1) + 0.5)
      canvas.fill(x: x + barWidth + 1, y: tickY, width: ColourBar.tickLength, height: 1, canvas.theme.frame)
      let textX = x + barWidth + 1 + ColourBar.tickLength + ColourBar.textGap
      canvas.draw(label, x: textX, y: tickY - Label.height / 2)
    }
  }

  /// Calls `body` with the position, 0 to 1, and the text of every number. These are round numbers if the range has at
  /// least two, otherwise its ends.
  @inline(never) private func forEachNumber(_ body: (Double, Label) -> Void) {
    let ticks = ticks
    if ticks.count >= 2 {
      for i in 0..<ticks.count {
        let value = ticks[i]
        let position = (value - range.minimum) / (range.maximum - range.minimum)
        func write(_ text: inout Text) {
          text.append(value, digits: ticks.digits(of: value))
          text.append(unit)
        }
        withLabel(writing: write) { body(min(max(position, 0), 1), $0) }
      }
    } else if range.minimum < range.maximum {
      withLabel(range.minimum, digits: endDigits) { body(0, $0) }
      withLabel(range.maximum, digits: endDigits) { body(1, $0) }
    } else {
      withLabel(range.minimum, digits: endDigits) { body(0.5, $0) }
    }
  }

  // MARK: Only the ends

  /// Width of the bar with only the numbers of its ends.
  var widthWithEnds: Int {
    var widest = 0
    forEachEnd { _, label in widest = max(widest, label.width) }
    return barWidth + 1 + ColourBar.textGap + widest
  }

  /// The bar, the maximum at its upper and the minimum at its lower end, or both in one line where it is too low
  /// for two.
  func drawWithEnds(x: Int, y: Int, on canvas: borrowing Canvas) {
    drawColours(x: x, y: y, on: canvas)
    forEachEnd { line, label in
      let textY =
        switch line {
        case .upper: y - 1
        case .lower: y + height - Label.height + 1
        case .only: y + (height - Label.height) / 2
        }
      canvas.draw(label, x: x + barWidth + 1 + ColourBar.textGap, y: textY)
    }
  }

  private enum Line { case upper, lower, only }

  private func forEachEnd(_ body: (Line, Label) -> Void) {
    if height >= 2 * Label.height {
      withLabel(range.maximum, digits: endDigits) { body(.upper, $0) }
      withLabel(range.minimum, digits: endDigits) { body(.lower, $0) }
    } else {
      func write(_ text: inout Text) {
        text.append(range.minimum, digits: endDigits)
        text.append(" to ")
        text.append(range.maximum, digits: endDigits)
      }
      withLabel(writing: write) { body(.only, $0) }
    }
  }

  @inline(never) private func drawColours(x: Int, y: Int, on canvas: borrowing Canvas) {
    for row in 0..<height {
      let position = height > 1 ? 1 - Double(row) / Double(height - 1) : 0.5
      canvas.fill(x: x, y: y + row, width: barWidth, height: 1, colormap.colour(at: position))
    }
    canvas.frame(x: x, y: y, width: barWidth, height: height)
  }
}
