/// Values [rows, columns] that may be strided: value(r, c) = start[r * rowStride + c * columnStride].
struct Values {
  let start: UnsafePointer<Float>
  let rows, columns: Int
  let rowStride, columnStride: Int
  /// The rows, and the columns, in the order of drawing; nil for their own order.
  var order: UnsafePointer<UInt32>? = nil
  var columnOrder: UnsafePointer<UInt32>? = nil
  /// Number of rows and columns that share a cell. It shows the value of greatest magnitude, or NaN if there is one.
  var rowBlock = 1
  var columnBlock = 1

  subscript(row: Int, column: Int) -> Float {
    let row = order.map { Int($0[row]) } ?? row
    let column = columnOrder.map { Int($0[column]) } ?? column
    return start[row * rowStride + column * columnStride]
  }

  /// One value.
  init(_ value: UnsafePointer<Float>) { self.init(start: value, rows: 1, columns: 1) }

  /// Values without gaps.
  init(start: UnsafePointer<Float>, rows: Int, columns: Int) {
    self.init(start: start, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
  }

  init(start: UnsafePointer<Float>, rows: Int, columns: Int, rowStride: Int, columnStride: Int) {
    self.start = start
    (self.rows, self.columns, self.rowStride, self.columnStride) = (rows, columns, rowStride, columnStride)
  }

  var cellRows: Int { (rows + rowBlock - 1) / rowBlock }
  var cellColumns: Int { (columns + columnBlock - 1) / columnBlock }

  func cell(_ row: Int, _ column: Int) -> Float {
    if rowBlock == 1 && columnBlock == 1 { return self[row, column] }
    var peak: Float = 0
    for r in row * rowBlock..<min((row + 1) * rowBlock, rows) {
      for c in column * columnBlock..<min((column + 1) * columnBlock, columns) {
        let value = self[r, c]
        if value.isNaN { return value }
        if value.magnitude > peak.magnitude { peak = value }
      }
    }
    return peak
  }
}

/// The values at the two ends of a colormap; finite, minimum <= maximum.
struct ValueRange {
  let minimum, maximum: Double

  /// For an end that is NaN, the values decide: it is the least or greatest finite value or, when `symmetric`, the
  /// greatest magnitude on both sides of 0. Given ends must be finite, the minimum at most the maximum.
  init(minimum: Float, maximum: Float, symmetric: Bool, of values: Values) {
    guard minimum.isNaN || maximum.isNaN else {
      self.init(Double(minimum), Double(maximum))
      return
    }
    let found = ValueRange(findingEndsOf: values, symmetric: symmetric)
    if minimum.isNaN && maximum.isNaN {
      self = found
    } else if minimum.isNaN {
      let top = Double(maximum)
      let bottom = symmetric && top > 0 ? -top : found.minimum
      self.init(bottom < top ? bottom : top - max(1, top.magnitude), top)
    } else {
      let bottom = Double(minimum)
      let top = symmetric && bottom < 0 ? -bottom : found.maximum
      self.init(bottom, top > bottom ? top : bottom + max(1, bottom.magnitude))
    }
  }

  /// If all values are equal, the other end is 0. If all are 0, or none is finite, the range is 0 to 1.
  private init(findingEndsOf values: Values, symmetric: Bool) {
    var low = Float.infinity
    var high = -Float.infinity
    for row in 0..<values.rows {
      for column in 0..<values.columns {
        let value = values[row, column]
        guard value.isFinite else { continue }
        low = min(low, value)
        high = max(high, value)
      }
    }
    if !low.isFinite || (low == 0 && high == 0) {
      (low, high) = (0, 1)
    } else if low == high {
      (low, high) = (min(low, 0), max(high, 0))
    }
    let peak = Double(max(low.magnitude, high.magnitude))
    if symmetric { self.init(-peak, peak) } else { self.init(Double(low), Double(high)) }
  }

  private init(_ minimum: Double, _ maximum: Double) {
    self.minimum = minimum
    self.maximum = maximum
  }

  /// 0 to 1: the range of weightings, usages, gates and links.
  static let fraction = ValueRange(0, 1)

  /// The position of a value: 0 at the minimum, 1 at the maximum, less or more beyond them; NaN for NaN.
  func position(of value: Float) -> Double {
    let value = Double(value)
    if minimum < maximum { return (value - minimum) / (maximum - minimum) }
    return value.isNaN ? .nan : value < minimum ? 0 : value > maximum ? 1 : 0.5
  }
}
