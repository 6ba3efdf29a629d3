import CDNC

/// One quantity over the steps of an episode: value(c, t) = values[t * stepStride + c].
struct EpisodePanel {
  let label: StaticString
  let values: UnsafePointer<Float>
  /// Rows of the panel, at least 1.
  let channels: Int
  let stepStride: Int
  /// The values at the ends of the colormap; NaN: from the values.
  var minimum = Float.nan
  var maximum = Float.nan
  /// Signed values: drawn with the diverging colormap, the range symmetric about 0.
  var diverging = false
  /// Draws the logistic sigmoid of the values.
  var squash = false
}

/// Panels one under the other, time running from left to right under one axis.
struct EpisodeFigure {
  /// At least one.
  let panels: UnsafeBufferPointer<EpisodePanel>
  /// Columns of every panel, at least 1.
  let steps: Int
  let title: Label
  /// Width of a step, and height of a row where that gives a panel of sensible height; 0: chosen by the steps.
  let cellPixels: Int
  /// Of all panels that are not diverging.
  let colormap: dnc_colormap

  private static let margin = 14
  private static let textGap = 8
  private static let labelGap = 10
  private static let panelGap = 12
  private static let barGap = 12
  private static let barWidth = 10
  private static let axisLabelGap = 4
  private static let widestText = 480
  /// Heights of a panel: room for a line of text at least; with many channels, the rows become thinner.
  private static let lowestPanel = 14
  private static let highestPanel = 256

  private var cellWidth: Int { cellPixels > 0 ? cellPixels : CellGrid.automaticSide(longerSide: steps) }

  func canvas() throws(Failure) -> Canvas {
    let margin = EpisodeFigure.margin
    let timeWidth = steps * cellWidth
    var labelWidth = 0
    var numberWidth = 0
    var barWidth = 0
    var panelsHeight = -EpisodeFigure.panelGap
    for panel in panels {
      labelWidth = max(labelWidth, Label(panel.label).width)
      numberWidth = max(numberWidth, channelAxis(panel).widthBeside)
      barWidth = max(barWidth, bar(panel).widthWithEnds)
      panelsHeight += panel.channels * rowHeight(panel) + EpisodeFigure.panelGap
    }
    let panelX = labelWidth + EpisodeFigure.labelGap + numberWidth
    let blockWidth = panelX + timeWidth + EpisodeFigure.barGap + barWidth
    let title = title.fitting(max(blockWidth, EpisodeFigure.widestText))
    let innerWidth = max(blockWidth, title.width)
    let left = margin + (innerWidth - blockWidth) / 2
    let top = margin + (title.count > 0 ? Label.height + EpisodeFigure.textGap : 0)
    let axisLabelY = top + panelsHeight + Axis.heightBelow + EpisodeFigure.axisLabelGap

    let canvas = try Canvas(width: innerWidth + 2 * margin, height: axisLabelY + Label.height + margin)
    var y = top
    for panel in panels {
      draw(panel, x: left + panelX, y: y, labelsEnd: left + labelWidth, on: canvas)
      y += panel.channels * rowHeight(panel) + EpisodeFigure.panelGap
    }
    Axis(count: steps, cellPixels: cellWidth).drawBelow(x: left + panelX, y: top + panelsHeight, on: canvas)
    let middle = left + panelX + timeWidth / 2
    canvas.drawCentred(title, at: middle, within: innerWidth, margin: margin, y: margin)
    canvas.drawCentred(Label("step"), at: middle, within: innerWidth, margin: margin, y: axisLabelY)
    return canvas
  }

  /// (x, y) is the upper left corner of the cells; the label ends at x = `labelsEnd`.
  private func draw(_ panel: EpisodePanel, x: Int, y: Int, labelsEnd: Int, on canvas: borrowing Canvas) {
    let bar = bar(panel)
    let timeWidth = steps * cellWidth
    CellGrid(x: x, y: y, cellWidth: cellWidth, cellHeight: rowHeight(panel))
      .draw(values(panel), bar.range, bar.colormap, on: canvas)
    canvas.frame(x: x, y: y, width: timeWidth, height: bar.height)
    let channels = channelAxis(panel)
    if channels.hasTwoRows { channels.drawBeside(x: x, y: y, on: canvas) }
    bar.drawWithEnds(x: x + timeWidth + EpisodeFigure.barGap, y: y, on: canvas)
    let label = Label(panel.label)
    canvas.draw(label, x: labelsEnd - label.width, y: y + (bar.height - Label.height) / 2)
  }

  private func rowHeight(_ panel: EpisodePanel) -> Int {
    let comfortable = min(cellWidth, max(EpisodeFigure.highestPanel / panel.channels, 1))
    return max(comfortable, (EpisodeFigure.lowestPanel + panel.channels - 1) / panel.channels)
  }

  private func channelAxis(_ panel: EpisodePanel) -> Axis {
    Axis(count: panel.channels, cellPixels: rowHeight(panel))
  }

  private func values(_ panel: EpisodePanel) -> Values {
    Values(
      start: panel.values, rows: panel.channels, columns: steps, rowStride: 1, columnStride: panel.stepStride,
      squashed: panel.squash)
  }

  private func bar(_ panel: EpisodePanel) -> ColourBar {
    let range = ValueRange(
      minimum: panel.minimum, maximum: panel.maximum, symmetric: panel.diverging, of: values(panel))
    return ColourBar(
      range: range, colormap: Colormap(panel.diverging ? DNC_COLORMAP_DIVERGING : colormap),
      barWidth: EpisodeFigure.barWidth, height: panel.channels * rowHeight(panel))
  }
}
