/// The numbers of rows or columns at the edge of a grid of cells, each at the middle of its cell: `count` ones from `first`
/// on, unless others are given.
struct Axis {
  let count: Int
  /// Side of a cell along the axis.
  let cellPixels: Int
  /// Number of rows or columns that share a cell.
  var block = 1
  var first = 0
  /// The numbers of the rows or columns, `numberStride` apart; nil for those from `first` on.
  var numbers: UnsafePointer<UInt32>? = nil
  var numberStride = 1

  private static let tickLength = 3
  private static let textGap = 2
  /// Pixels from the frame of the cells to the text of their numbers.
  private static let textDistance = 1 + tickLength + textGap
  /// Least pixels between neighbouring numbers, and between lines of them. Given numbers stand closer, so that more of them have room.
  private var gapAcross: Int { numbers == nil ? 16 : 8 }
  private var lineDistance: Int { numbers == nil ? 18 : Label.height }

  /// Pixels from the numbers below cells to the label that says what they count.
  static let labelGap = 4

  /// Pixels from the cells to the far end of the numbers.
  static let heightBelow = textDistance + Label.height
  var widthBeside: Int { Axis.textDistance + widestNumber }

  /// True if a vertical axis has room for two numbers.
  var hasTwoRows: Bool { count > rowStep }

  private var rowStep: Int { step(pixelsApart: lineDistance) }

  private func step(pixelsApart: Int) -> Int { Ticks.step(pixelsEach: cellPixels, pixelsApart: pixelsApart * block) }

  /// Pixels from the edge of the cells to the middle of the i-th row or column.
  func middle(_ i: Int) -> Int { i / block * cellPixels + cellPixels / 2 }

  private func number(_ i: Int) -> Int { numbers.map { Int($0[i * numberStride]) } ?? first + i }

  private var widestNumber: Int {
    var greatest = number(count - 1)
    if numbers != nil { for i in 0..<count { greatest = max(greatest, number(i)) } }
    var width = 0
    withLabel(greatest) { width = $0.width }
    return width
  }

  /// Numbers below cells whose lower left corner is (x, y).
  @inline(never) func drawBelow(x: Int, y: Int, on canvas: borrowing Canvas) {
    let step = step(pixelsApart: widestNumber + gapAcross)
    for i in stride(from: 0, to: count, by: step) {
      let middle = x + middle(i)
      canvas.fill(x: middle, y: y + 1, width: 1, height: Axis.tickLength, canvas.theme.frame)
      withLabel(number(i)) { label in
        canvas.draw(label, x: middle - label.width / 2 + 1, y: y + Axis.textDistance)
      }
    }
  }

  /// Numbers to the left of cells whose upper left corner is (x, y).
  @inline(never) func drawBeside(x: Int, y: Int, on canvas: borrowing Canvas) {
    for i in stride(from: 0, to: count, by: rowStep) {
      let middle = y + middle(i)
      canvas.fill(x: x - 1 - Axis.tickLength, y: middle, width: Axis.tickLength, height: 1, canvas.theme.frame)
      withLabel(number(i)) { label in
        canvas.draw(label, x: x - Axis.textDistance - label.width, y: middle - Label.height / 2)
      }
    }
  }
}
