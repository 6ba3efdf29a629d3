/// A grid of cells, one for each value: its upper left corner, and the pixels of one cell.
struct CellGrid {
  let x, y: Int
  let cellWidth, cellHeight: Int

  /// The smallest cell with room for the cross of NaN.
  private static let smallestCross = 5

  /// Draws every value in its colour and a frame around them.
  @inline(never) func draw(_ values: Values, _ range: ValueRange, _ colormap: Colormap, on canvas: borrowing Canvas) {
    for row in 0..<values.cellRows {
      for column in 0..<values.cellColumns {
        let value = values.cell(row, column)
        let left = x + column * cellWidth
        let top = y + row * cellHeight
        if value.isNaN {
          drawNotANumber(left, top, on: canvas)
        } else {
          let colour = colormap.colour(at: range.position(of: value))
          canvas.fill(x: left, y: top, width: cellWidth, height: cellHeight, colour)
        }
      }
    }
  }

  /// Marks NaN: a cross on paper where there is room, otherwise the cross's colour.
  private func drawNotANumber(_ left: Int, _ top: Int, on canvas: borrowing Canvas) {
    let side = min(cellWidth, cellHeight)
    let hasCross = side >= CellGrid.smallestCross
    canvas.fill(x: left, y: top, width: cellWidth, height: cellHeight, hasCross ? canvas.theme.paper : .notANumber)
    guard hasCross else { return }
    let inset = side / 6 + (side > CellGrid.smallestCross ? 1 : 0)
    let lengthX = cellWidth - 2 * inset
    let lengthY = cellHeight - 2 * inset
    let length = max(lengthX, lengthY)
    for i in 0..<length {
      let dx = i * (lengthX - 1) / max(length - 1, 1)
      let dy = i * (lengthY - 1) / max(length - 1, 1)
      canvas.set(x: left + inset + dx, y: top + inset + dy, .notANumber)
      canvas.set(x: left + cellWidth - 1 - inset - dx, y: top + inset + dy, .notANumber)
    }
  }

  /// The automatic side of a cell: the largest with which the longer side of the grid stays within a picture of common
  /// size, but large enough to be seen.
  static func automaticSide(longerSide cells: Int) -> Int {
    let comfortable = min(720 / cells, 24)
    return comfortable >= 4 ? comfortable : min(max(1600 / cells, 1), 4)
  }
}
