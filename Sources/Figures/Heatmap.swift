/// One grid of values as a picture.
struct Heatmap {
  let values: Values
  let range: ValueRange
  let colormap: Colormap
  /// Side of a cell.
  let cell: Int
  let title, rowLabel, columnLabel: Label
  let theme: Theme
  /// Numbers along the axes: [rows] with the last one first, and [columns]; nil for the indices.
  var rowNumbers, columnNumbers: UnsafePointer<UInt32>?
  /// The unit of values that are whole numbers; cells with room have their value written in. nil for other values.
  var unit: StaticString?

  private static let margin = 14
  /// Pixels between a text and the thing it describes.
  private static let textGap = 8
  private static let barGap = 20
  private static let barWidth = 14
  private static let lowestBar = 64
  /// A text beside smaller cells makes the picture grow, up to these lengths.
  private static let widestText = 480
  private static let highestText = 240

  /// Draws only the cells.
  func bareCanvas() throws(Failure) -> Canvas {
    let canvas = try Canvas(width: values.columns * cell, height: values.rows * cell, theme: theme)
    CellGrid(x: 0, y: 0, cellWidth: cell, cellHeight: cell).draw(values, range, colormap, on: canvas)
    return canvas
  }

  /// From left to right: row label, row numbers, cells, colour bar, all with their middles at one height; the title
  /// above, column numbers and column label below the cells.
  func canvas() throws(Failure) -> Canvas {
    let margin = Heatmap.margin
    let columns = Axis(count: values.columns, cellPixels: cell, numbers: columnNumbers)
    let rows = Axis(
      count: values.rows, cellPixels: cell, numbers: rowNumbers.map { $0 + (values.rows - 1) }, numberStride: -1)
    let cellsWidth = values.columns * cell
    let cellsHeight = values.rows * cell
    let bar = ColourBar(
      range: range, colormap: colormap, barWidth: Heatmap.barWidth, height: max(cellsHeight, Heatmap.lowestBar),
      unit: unit ?? "")

    // Horizontally: the block from the row label to the colour bar, centred under a wider title.
    let rowLabel = rowLabel.fitting(max(cellsHeight, Heatmap.highestText))
    let cellsOffset = (rowLabel.count > 0 ? Label.height + Heatmap.textGap : 0) + rows.widthBeside
    let blockWidth = cellsOffset + cellsWidth + Heatmap.barGap + bar.width
    let textWidth = max(blockWidth, Heatmap.widestText)
    let title = title.fitting(textWidth)
    let columnLabel = columnLabel.fitting(textWidth)
    let innerWidth = max(blockWidth, title.width, columnLabel.width)
    let blockX = margin + (innerWidth - blockWidth) / 2
    let cellsX = blockX + cellsOffset

    // Vertically.
    let bodyY = margin + (title.count > 0 ? title.height + Heatmap.textGap : 0)
    let bodyHeight = max(bar.height, rowLabel.width)
    let cellsY = bodyY + (bodyHeight - cellsHeight) / 2
    var bottom = max(bodyY + bodyHeight, cellsY + cellsHeight + Axis.heightBelow)
    var columnLabelY = cellsY + cellsHeight + Axis.heightBelow + Axis.labelGap
    if columnLabel.count > 0 {
      // A label wider than the cells would run into the row label and the colour bar.
      if columnLabel.width > cellsWidth { columnLabelY = max(columnLabelY, bodyY + bodyHeight + Heatmap.textGap) }
      bottom = max(bottom, columnLabelY + Label.height)
    }

    let canvas = try Canvas(width: innerWidth + 2 * margin, height: bottom + margin, theme: theme)
    CellGrid(x: cellsX, y: cellsY, cellWidth: cell, cellHeight: cell).draw(values, range, colormap, on: canvas)
    if unit != nil { writeValues(x: cellsX, y: cellsY, on: canvas) }
    canvas.frame(x: cellsX, y: cellsY, width: cellsWidth, height: cellsHeight)
    rows.drawBeside(x: cellsX, y: cellsY, on: canvas)
    columns.drawBelow(x: cellsX, y: cellsY + cellsHeight, on: canvas)
    bar.draw(
      x: cellsX + cellsWidth + Heatmap.barGap, y: bodyY + (bodyHeight - bar.height) / 2, on: canvas)
    canvas.drawUpwards(rowLabel, x: blockX, y: bodyY + (bodyHeight - rowLabel.width) / 2)
    let middle = cellsX + cellsWidth / 2
    canvas.drawCentred(title, at: middle, within: innerWidth, margin: margin, y: margin)
    canvas.drawCentred(columnLabel, at: middle, within: innerWidth, margin: margin, y: columnLabelY)
    return canvas
  }

  /// Each value in its cell, in black or white, whichever can be read better.
  private func writeValues(x: Int, y: Int, on canvas: borrowing Canvas) {
    guard cell >= Label.height else { return }
    for row in 0..<values.rows {
      for column in 0..<values.columns where values[row, column].isFinite {
        let value = Double(values[row, column])
        let colour: Colour = colormap.colour(at: range.position(of: Float(value))).isLight ? .black : .white
        withLabel(value.rounded() + 0, digits: 9) { label in
          guard label.width < cell else { return }
          canvas.draw(
            label, x: x + column * cell + (cell - label.width + 1) / 2, y: y + row * cell + (cell - Label.height) / 2,
            colour)
        }
      }
    }
  }
}
