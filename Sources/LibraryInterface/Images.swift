import CDNC
import CPlatform

@c @implementation public func dnc_image_options_init(
  _ options: UnsafeMutablePointer<dnc_image_options>!, _ size: Int
) -> dnc_status {
  status { () throws(Failure) in
    try initialize(options, size: size, defaults: defaultImageOptions, "options")
  }
}

@c @implementation public func dnc_image_write(
  _ path: UnsafePointer<CChar>!, _ rows: Int, _ columns: Int, _ values: UnsafePointer<Float>!,
  _ options: UnsafePointer<dnc_image_options>!
) -> dnc_status {
  status { () throws(Failure) in
    let path = try requirePath(path, "path")
    let png = try EncodedPNG(try heatmap(rows, columns, values, options))
    try png.write(to: path)
  }
}

@c @implementation public func dnc_image_encode(
  _ rows: Int, _ columns: Int, _ values: UnsafePointer<Float>!, _ options: UnsafePointer<dnc_image_options>!,
  _ png: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!, _ size: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status { () throws(Failure) in
    let receiver = try PNGReceiver(png, size)
    receiver.take(try EncodedPNG(try heatmap(rows, columns, values, options)))
  }
}

/// The caller's pointers for the bytes of a picture.
struct PNGReceiver {
  private let png: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>
  private let size: UnsafeMutablePointer<Int>

  init(
    _ png: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, _ size: UnsafeMutablePointer<Int>?
  ) throws(Failure) {
    self.png = try require(png, "png")
    self.size = try require(size, "size")
  }

  func take(_ encoded: consuming EncodedPNG) { (png.pointee, size.pointee) = encoded.release() }
}

/// Returns the caller's options, checked; the defaults for NULL.
func imageOptions(_ options: UnsafePointer<dnc_image_options>?) throws(Failure) -> dnc_image_options {
  guard let options else { return defaultImageOptions }
  let checked = try read(options, "options", defaults: defaultImageOptions)
  // Every struct with pointers has such a size. Another one would cut a pointer in two.
  guard options.pointee.struct_size % 8 == 0 else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "options->struct_size is \(options.pointee.struct_size), allowed are multiples of 8")
  }
  let lastColormap = DNC_COLORMAP_DIVERGING.rawValue
  guard checked.colormap <= lastColormap else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "options->colormap is \(checked.colormap), allowed are 0 to \(lastColormap)")
  }
  try require(Int(checked.cell_pixels), in: 0...256, "options->cell_pixels")
  let allFlags =
    DNC_IMAGE_BARE | DNC_IMAGE_SORT_SLOTS | DNC_IMAGE_NUMBERED_FILES | DNC_IMAGE_OVER_TIME | DNC_IMAGE_USED_SLOTS
  guard checked.flags & ~UInt32(allFlags) == 0 else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "options->flags is \(checked.flags), allowed are sums of DNC_IMAGE_...: 0 to \(Int(allFlags))")
  }
  try require(Int(checked.theme), in: 0...Int(DNC_THEME_DARK.rawValue), "options->theme")
  try require(Int(checked.pixel_scale), in: 0...8, "options->pixel_scale")
  try require(Int(checked.panels), in: 0...Int(DNC_PANEL_ALL.rawValue), "options->panels")
  try requireSide(checked.width, "options->width")
  try requireSide(checked.height, "options->height")
  try requireRangeEnd(checked.minimum, "options->minimum")
  try requireRangeEnd(checked.maximum, "options->maximum")
  // Not `>=`, which NaN would fail.
  if checked.minimum > checked.maximum {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "options->minimum is \(checked.minimum), allowed are numbers up to options->maximum, \(checked.maximum)")
  }
  return checked
}

private var defaultImageOptions: dnc_image_options {
  dnc_image_options(
    struct_size: UInt32(MemoryLayout<dnc_image_options>.size), colormap: DNC_COLORMAP_VIRIDIS.rawValue,
    cell_pixels: 0, flags: 0, minimum: .nan, maximum: .nan, title: nil, row_label: nil, column_label: nil, mask: nil,
    theme: DNC_THEME_LIGHT.rawValue, pixel_scale: 0, panels: 0,
    loss: DNC_LOSS_SIGMOID_CROSS_ENTROPY.rawValue, metric: nil, width: 0, height: 0)
}

extension dnc_image_options {
  var drawnTheme: Theme { theme == DNC_THEME_DARK.rawValue ? .dark : .light }
  var drawnTitle: Label { Label(cString: title, font: .large) }
  /// Factor by which the picture is enlarged.
  var scale: Int { Int(max(pixel_scale, 1)) }
  func has(_ flag: Int) -> Bool { flags & UInt32(flag) != 0 }
}

private func requireSide(_ pixels: UInt32, _ name: StaticString) throws(Failure) {
  guard pixels == 0 || (64...8192).contains(pixels) else {
    throw Failure(DNC_INVALID_ARGUMENT, "\(name) is \(pixels), allowed are 64 to 8192, and 0 for the usual one")
  }
}

private func requireRangeEnd(_ value: Float, _ name: StaticString) throws(Failure) {
  guard !value.isInfinite else {
    throw Failure(DNC_INVALID_ARGUMENT, "\(name) is \(value), allowed are finite numbers and NaN")
  }
}

private func heatmap(
  _ rows: Int, _ columns: Int, _ values: UnsafePointer<Float>?, _ options: UnsafePointer<dnc_image_options>?
) throws(Failure) -> Canvas {
  try require(rows, in: 1...Canvas.maximumSide, "rows")
  try require(columns, in: 1...Canvas.maximumSide, "columns")
  let start: UnsafePointer<Float> = try require(values, "values")
  let options = try imageOptions(options)
  guard rows * columns <= Canvas.maximumPixels else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "rows * columns is \(rows * columns), allowed are 1 to \(Canvas.maximumPixels)")
  }
  let values = Values(start: start, rows: rows, columns: columns)
  let colormap = dnc_colormap(rawValue: options.colormap)
  let cell = Int(options.cell_pixels)
  let figure = Heatmap(
    values: values,
    range: ValueRange(
      minimum: options.minimum, maximum: options.maximum, symmetric: colormap == DNC_COLORMAP_DIVERGING, of: values),
    colormap: Colormap(colormap),
    cell: cell > 0 ? cell : CellGrid.automaticSide(longerSide: max(rows, columns)),
    title: options.drawnTitle, rowLabel: Label(cString: options.row_label),
    columnLabel: Label(cString: options.column_label),
    theme: options.drawnTheme)
  let canvas = options.has(DNC_IMAGE_BARE) ? try figure.bareCanvas() : try figure.canvas()
  return try canvas.enlarged(options.scale)
}
