import CDNC
import CPlatform

@c @implementation public func dnc_episode_image_write(
  _ path: UnsafePointer<CChar>!, _ instance: OpaquePointer!, _ batch_index: Int, _ steps: Int,
  _ inputs: UnsafePointer<Float>!, _ targets: UnsafePointer<Float>!, _ outputs: UnsafePointer<Float>!,
  _ options: UnsafePointer<dnc_image_options>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let path = try requirePath(path, "path")
    try episode(network, batch_index, steps, inputs, targets, outputs, options).write(to: path)
  }
}

@c @implementation public func dnc_episode_image_encode(
  _ instance: OpaquePointer!, _ batch_index: Int, _ steps: Int,
  _ inputs: UnsafePointer<Float>!, _ targets: UnsafePointer<Float>!, _ outputs: UnsafePointer<Float>!,
  _ options: UnsafePointer<dnc_image_options>!,
  _ png: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!, _ size: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let receiver = try PNGReceiver(png, size)
    receiver.take(try episode(network, batch_index, steps, inputs, targets, outputs, options))
  }
}

extension MemoryHistory {
  /// Where episodes begin in sequence b; nil as long as none begins within the steps.
  fileprivate func marks(_ b: Int) -> EpisodeMarks? {
    guard start != nil else { return nil }
    return EpisodeMarks(start: planes.whole(.start)[0, b], stride: planes.whole(.start).rowStride)
  }
}

private func episode(
  _ network: Instance, _ batchIndex: Int, _ steps: Int, _ inputs: In<Float>?, _ targets: In<Float>?,
  _ outputs: In<Float>?, _ options: UnsafePointer<dnc_image_options>?
) throws(Failure) -> EncodedPNG {
  let c = network.pointee.configuration
  try requireBatchIndex(batchIndex, c)
  try require(steps, in: 1...Canvas.maximumSide, "steps")
  guard inputs != nil || targets != nil || outputs != nil else {
    throw Failure(DNC_INVALID_ARGUMENT, "inputs, targets and outputs are all NULL, allowed is that two of them are")
  }
  let options = try imageOptions(options)
  let loss = try requireLoss(options.loss, "options->loss", width: c.Y, "output_size")
  if let mask = options.mask {
    try requireWeights(mask, rows: try elements(steps, c.B, 1), batch: c.B, "options->mask")
  }
  let predictions = try Memory(
    bytes: outputs == nil ? 0 : 2 * (try elements(steps, 1, c.Y)) * MemoryLayout<Float>.stride)
  let room = try Memory(bytes: EpisodePanels.most(c) * MemoryLayout<EpisodePanel>.stride)
  let slots = try Memory(bytes: 2 * c.N * MemoryLayout<UInt32>.stride)
  var panels = EpisodePanels(room: room.start, options: options, steps: steps, b: batchIndex, batch: c.B)
  panels.addAnswers(
    inputs: inputs, targets: targets, outputs: outputs, loss: loss,
    predictions: predictions.start.assumingMemoryBound(to: Float.self), c)
  if network.pointee.recordedSteps == steps { try panels.addRecord(network, slots: slots.start) }
  guard panels.count > 0 else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "options->panels is \(options.panels), allowed are panels of which there is one to draw")
  }
  let figure = EpisodeFigure(
    panels: panels.all, steps: steps, title: options.drawnTitle, cellPixels: Int(options.cell_pixels),
    colormap: dnc_colormap(rawValue: options.colormap), theme: options.drawnTheme, mask: panels.mask,
    marks: network.pointee.recordedSteps == steps ? network.pointee.history(of: batchIndex).marks(batchIndex) : nil)
  return try EncodedPNG(try figure.canvas().enlarged(options.scale))
}

func requireBatchIndex(_ index: Int, _ c: Configuration) throws(Failure) {
  try require(index, in: 0...c.B - 1, "batch_index")
}

/// The panels of one sequence of a batch, in the caller's memory.
private struct EpisodePanels {
  private let room: UnsafeMutablePointer<EpisodePanel>
  private let wanted: UInt32
  private let sortsSlots: Bool
  private let steps, b, batch: Int
  let mask: AnswerMask?
  private(set) var count = 0

  /// Most panels: phases, five of the answers, six for each read head, four for each write head, usage and origins.
  static func most(_ c: Configuration) -> Int { 8 + 6 * c.R + 4 * c.K }

  init(room: UnsafeMutableRawPointer, options: dnc_image_options, steps: Int, b: Int, batch: Int) {
    self.room = room.bindMemory(to: EpisodePanel.self, capacity: 1)
    wanted = options.panels == 0 ? .max : options.panels
    sortsSlots = options.has(DNC_IMAGE_SORT_SLOTS)
    mask = options.mask.map { AnswerMask(start: $0 + b, stride: batch) }
    (self.steps, self.b, self.batch) = (steps, b, batch)
  }

  var all: UnsafeBufferPointer<EpisodePanel> { UnsafeBufferPointer(start: room, count: count) }

  /// - Parameters:
  ///   - loss: turns outputs into predictions.
  ///   - predictions: scratch [2, T, Y].
  mutating func addAnswers(
    inputs: In<Float>?, targets: In<Float>?, outputs: In<Float>?, loss: Loss, predictions: Out<Float>,
    _ c: Configuration
  ) {
    if let mask { add("phase", DNC_PANEL_PHASES, .phases(mask)) }
    if let inputs { add("input", DNC_PANEL_INPUT, cells(values(inputs, width: c.X))) }
    if let targets { add("target", DNC_PANEL_TARGET, cells(values(targets, width: c.Y))) }
    guard let outputs else { return }
    loss.predict(
      rows: steps, width: c.Y,
      outputs: Rows(outputs + b * c.Y, stride: batch * c.Y), prediction: predictions)
    let largest: Float = loss == .meanSquaredError ? .nan : 1
    let prediction = Values(start: predictions, rows: c.Y, columns: steps, rowStride: 1, columnStride: c.Y)
    add("prediction", DNC_PANEL_PREDICTION, cells(prediction, minimum: largest - 1, maximum: largest))
    add("logits", DNC_PANEL_LOGITS, cells(values(outputs, width: c.Y), isSigned: true))
    guard let targets else { return }
    let errors = predictions + steps * c.Y
    for t in 0..<steps {
      for y in 0..<c.Y {
        let distance = abs(predictions[t * c.Y + y] - targets[(t * batch + b) * c.Y + y])
        errors[t * c.Y + y] = mask.map { $0.isAnswer(t) } ?? true ? distance : 0
      }
    }
    let error = Values(start: errors, rows: c.Y, columns: steps, rowStride: 1, columnStride: c.Y)
    add("error", DNC_PANEL_ERROR, cells(error, minimum: 0, maximum: largest))
  }

  /// - Parameter slots: scratch [2, N].
  mutating func addRecord(_ network: Instance, slots: UnsafeMutableRawPointer) throws(Failure) {
    let c = network.pointee.configuration
    guard c.hasMemory else { return }
    let writes = try Trace(DNC_TRACE_WRITE_WEIGHTS.rawValue, of: network)
    let reads = try Trace(DNC_TRACE_READ_WEIGHTS.rawValue, of: network)
    let origins = ReadOrigins(
      slots: c.N, readHeads: c.R, writeHeads: c.K, reads: reads.rows[b], writes: writes.rows[b],
      readStride: reads.rows.stepStride, writeStride: writes.rows.stepStride, mask: mask,
      marks: network.pointee.history(of: b).marks(b))
    var order: UnsafePointer<UInt32>?
    if sortsSlots {
      let places = slots.bindMemory(to: UInt32.self, capacity: 2 * c.N)
      origins.orderSlots(steps: steps, first: places + c.N, order: places)
      order = UnsafePointer(places)
    }
    for k in 0..<c.K { try addWriteHead(k, network, order) }
    for r in 0..<c.R { try addReadHead(r, network, order) }
    add("read from", DNC_PANEL_ORIGINS, .origins(origins))
    guard c.hasUsage else { return }
    try addOne(
      "usage", Head(panel: DNC_PANEL_USAGE, number: 0, network: network), DNC_TRACE_USAGE, 0, c.N, order)
  }

  /// - Parameter order: of the slots.
  private mutating func addWriteHead(
    _ k: Int, _ network: Instance, _ order: UnsafePointer<UInt32>?
  ) throws(Failure) {
    let c = network.pointee.configuration
    let head = Head(panel: DNC_PANEL_WRITES, number: c.K > 1 ? k + 1 : 0, network: network)
    try addOne("write weighting", head, DNC_TRACE_WRITE_WEIGHTS, k * c.N, c.N, order)
    try addParts(.write, k, head)
  }

  private mutating func addReadHead(
    _ r: Int, _ network: Instance, _ order: UnsafePointer<UInt32>?
  ) throws(Failure) {
    let c = network.pointee.configuration
    let head = Head(panel: DNC_PANEL_READS, number: c.R > 1 ? r + 1 : 0, network: network)
    try addOne("read weighting", head, DNC_TRACE_READ_WEIGHTS, r * c.N, c.N, order)
    try addParts(.read, r, head)
  }

  /// Adds what the interface says of a head and traces show.
  private mutating func addParts(_ heads: InterfacePart.Heads, _ h: Int, _ head: Head) throws(Failure) {
    let c = head.network.pointee.configuration
    var number = 0
    while let part = c.interfacePart(number) {
      number += 1
      guard part.heads == heads, part.width > 0, let trace = part.trace else { continue }
      let first = h * part.width
      switch part.numbers {
      case .modes:
        let modes = try Trace(trace.rawValue, of: head.network).rows
        let own = ReadModes(start: modes[b] + first, stepStride: modes.stepStride, writeHeads: c.K)
        add(part.label, head.panel, .modes(own), head: head.number)
      case .shifts: try addOne(part.label, head, trace, first, part.width, firstRow: -1)
      case .fromOne: try addOne(part.label, head, trace, first, part.width, range: EpisodePanels.fromOne)
      case .fractions, .any: try addOne(part.label, head, trace, first, part.width)
      }
    }
  }

  /// A head to draw: the flag of its panels, and its number (0: there is only one).
  private struct Head {
    let panel: dnc_panel
    let number: Int
    let network: Instance
  }

  /// Weightings, usage, gates and masks.
  private static let fraction: (minimum: Float, maximum: Float) = (0, 1)
  /// At least 1, and without a bound: the greatest one decides.
  private static let fromOne: (minimum: Float, maximum: Float) = (1, .nan)

  /// Adds a panel of some columns of a trace.
  private mutating func addOne(
    _ name: StaticString, _ head: Head, _ field: dnc_trace, _ first: Int, _ width: Int,
    _ order: UnsafePointer<UInt32>? = nil, range: (minimum: Float, maximum: Float) = EpisodePanels.fraction,
    firstRow: Int = 0
  ) throws(Failure) {
    let trace = try Trace(field.rawValue, of: head.network)
    var values = Values(
      start: trace.rows[b] + first, rows: width, columns: steps, rowStride: 1, columnStride: trace.rows.stepStride)
    values.order = order
    add(
      name, head.panel, cells(values, minimum: range.minimum, maximum: range.maximum), head: head.number,
      firstRow: firstRow)
  }

  private func values(_ start: In<Float>, width: Int) -> Values {
    Values(start: start + b * width, rows: width, columns: steps, rowStride: 1, columnStride: batch * width)
  }

  private func cells(
    _ values: Values, minimum: Float = .nan, maximum: Float = .nan, isSigned: Bool = false
  ) -> EpisodePanel.Content { .cells(values, minimum: minimum, maximum: maximum, isSigned: isSigned) }

  private mutating func add(
    _ name: StaticString, _ panel: dnc_panel, _ content: EpisodePanel.Content, head: Int = 0, firstRow: Int = 0
  ) {
    guard wanted & panel.rawValue != 0 else { return }
    (room + count).initialize(to: EpisodePanel(name: name, head: head, firstRow: firstRow, content: content))
    count += 1
  }
}
