import CDNC

@c @implementation public func dnc_training_image_write(
  _ path: UnsafePointer<CChar>!, _ runs: Int, _ logs: UnsafePointer<UnsafePointer<CChar>?>!,
  _ names: UnsafePointer<UnsafePointer<CChar>?>!, _ options: UnsafePointer<dnc_image_options>!
) -> dnc_status {
  status { () throws(Failure) in
    let path = try requirePath(path, "path")
    try training(runs, logs, names, options).write(to: path)
  }
}

@c @implementation public func dnc_training_image_encode(
  _ runs: Int, _ logs: UnsafePointer<UnsafePointer<CChar>?>!, _ names: UnsafePointer<UnsafePointer<CChar>?>!,
  _ options: UnsafePointer<dnc_image_options>!, _ png: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!,
  _ size: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status { () throws(Failure) in
    let receiver = try PNGReceiver(png, size)
    receiver.take(try training(runs, logs, names, options))
  }
}

private typealias Strings = UnsafePointer<UnsafePointer<CChar>?>

private let mostRuns = 256
private let usualWidth: UInt32 = 720
private let usualHeight: UInt32 = 240

private func training(
  _ runs: Int, _ logs: Strings?, _ names: Strings?, _ options: UnsafePointer<dnc_image_options>?
) throws(Failure) -> EncodedPNG {
  try require(runs, in: 1...mostRuns, "runs")
  let logs = try requireStrings(logs, runs, "logs")
  for i in 0..<runs where logs[i]!.pointee == 0 {
    throw Failure(DNC_IO_ERROR, "logs[\(i)] is empty, allowed is the path of a file")
  }
  let names = names == nil ? logs : try requireStrings(names, runs, "names")
  let options = try imageOptions(options)
  let entries = try Memory(bytes: runs * MemoryLayout<Int>.stride)
  let entry = entries.start.assumingMemoryBound(to: Int.self)
  TrainingFigure.sort(runs, names: names, into: entry)
  let read = try TrainingLogs.read(runs: runs, paths: logs, metric: options.metric)
  let figure = TrainingFigure(
    title: options.drawnTitle, theme: options.drawnTheme,
    width: Int(options.width == 0 ? usualWidth : options.width),
    height: Int(options.height == 0 ? usualHeight : options.height),
    isOverTime: options.has(Int(DNC_IMAGE_OVER_TIME)), names: names, entries: UnsafePointer(entry))
  return try EncodedPNG(try figure.canvas(read).enlarged(options.scale))
}

private func requireStrings(_ strings: Strings?, _ count: Int, _ name: StaticString) throws(Failure) -> Strings {
  let strings: Strings = try require(strings, name)
  for i in 0..<count where strings[i] == nil { throw Failure(DNC_INVALID_ARGUMENT, "\(name)[\(i)] is NULL") }
  return strings
}
