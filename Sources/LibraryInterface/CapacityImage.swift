import CDNC
import CPlatform

@c @implementation public func dnc_capacity_image_write(
  _ path: UnsafePointer<CChar>!, _ rows: Int, _ columns: Int, _ scores: UnsafePointer<Float>!,
  _ slots: UnsafePointer<UInt32>!, _ lengths: UnsafePointer<UInt32>!, _ options: UnsafePointer<dnc_image_options>!
) -> dnc_status {
  status { () throws(Failure) in
    let path = try requirePath(path, "path")
    try capacity(rows, columns, scores, slots, lengths, options).write(to: path)
  }
}

@c @implementation public func dnc_capacity_image_encode(
  _ rows: Int, _ columns: Int, _ scores: UnsafePointer<Float>!, _ slots: UnsafePointer<UInt32>!,
  _ lengths: UnsafePointer<UInt32>!, _ options: UnsafePointer<dnc_image_options>!,
  _ png: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!, _ size: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status { () throws(Failure) in
    let receiver = try PNGReceiver(png, size)
    receiver.take(try capacity(rows, columns, scores, slots, lengths, options))
  }
}

private func capacity(
  _ rows: Int, _ columns: Int, _ scores: In<Float>?, _ slots: In<UInt32>?, _ lengths: In<UInt32>?,
  _ options: UnsafePointer<dnc_image_options>?
) throws(Failure) -> EncodedPNG {
  try require(rows, in: Capacity.sizes, "rows")
  try require(columns, in: Capacity.sizes, "columns")
  let scores: In<Float> = try require(scores, "scores")
  let slots = try requireAscending(slots, count: rows, "slots")
  let lengths = try requireAscending(lengths, count: columns, "lengths")
  let options = try imageOptions(options)
  let percents = try Memory(bytes: rows * columns * MemoryLayout<Float>.stride)
  let cells = percents.start.bindMemory(to: Float.self, capacity: rows * columns)
  for i in 0..<rows * columns {
    // Not `<` and `>`, which NaN would fail.
    if scores[i] < 0 || scores[i] > 1 {
      throw Failure(DNC_INVALID_ARGUMENT, "scores[\(i)] is \(scores[i]), allowed are 0 to 1, and NaN")
    }
    cells[(rows - 1 - i / columns) * columns + i % columns] = 100 * scores[i]
  }
  let values = Values(start: cells, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
  let longer = max(rows, columns)
  let automatic = longer <= Capacity.comfortable ? Capacity.side : CellGrid.automaticSide(longerSide: longer)
  let figure = Heatmap(
    values: values, range: ValueRange(minimum: 0, maximum: 100, symmetric: false, of: values),
    colormap: Colormap(dnc_colormap(rawValue: options.colormap)),
    cell: options.cell_pixels > 0 ? Int(options.cell_pixels) : automatic,
    title: options.drawnTitle, rowLabel: options.row_label.map { Label(cString: $0) } ?? Label("memory slots"),
    columnLabel: options.column_label.map { Label(cString: $0) } ?? Label("length"), theme: options.drawnTheme,
    rowNumbers: slots, columnNumbers: lengths, unit: "%")
  return try EncodedPNG(try figure.canvas().enlarged(options.scale))
}

private enum Capacity {
  /// Numbers of sizes along each axis.
  static var sizes: ClosedRange<Int> { 1...256 }
  /// Side of a cell with room for a number, and the number of such cells in a picture of common size.
  static let side = 32
  static let comfortable = 24
}

private func requireAscending(_ numbers: In<UInt32>?, count: Int, _ name: StaticString) throws(Failure) -> In<UInt32> {
  let numbers: In<UInt32> = try require(numbers, name)
  for i in 1..<max(count, 1) where numbers[i] <= numbers[i - 1] {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "\(name)[\(i)] is \(numbers[i]), allowed are ascending numbers: more than the \(numbers[i - 1]) before it")
  }
  return numbers
}
