import CDNC
import CPlatform

@c @implementation public func dnc_state_image_write(
  _ path: UnsafePointer<CChar>!, _ instance: OpaquePointer!, _ batch_index: Int, _ step: Int,
  _ options: UnsafePointer<dnc_image_options>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let path = try requirePath(path, "path")
    try state(network, batch_index, step, options).write(to: path)
  }
}

@c @implementation public func dnc_state_image_encode(
  _ instance: OpaquePointer!, _ batch_index: Int, _ step: Int, _ options: UnsafePointer<dnc_image_options>!,
  _ png: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!, _ size: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let receiver = try PNGReceiver(png, size)
    receiver.take(try state(network, batch_index, step, options))
  }
}

@c @implementation public func dnc_film_write(
  _ path: UnsafePointer<CChar>!, _ instance: OpaquePointer!, _ batch_index: Int, _ first_step: Int, _ steps: Int,
  _ delay_milliseconds: UInt32, _ options: UnsafePointer<dnc_image_options>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let path = try requirePath(path, "path")
    let film = try Film(network, batch_index, first_step, steps, delay_milliseconds, options)
    if film.view.options.has(DNC_IMAGE_NUMBERED_FILES) {
      try film.writeFiles(path)
    } else {
      try film.animation().write(to: path)
    }
  }
}

@c @implementation public func dnc_film_encode(
  _ instance: OpaquePointer!, _ batch_index: Int, _ first_step: Int, _ steps: Int, _ delay_milliseconds: UInt32,
  _ options: UnsafePointer<dnc_image_options>!, _ png: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!,
  _ size: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let receiver = try PNGReceiver(png, size)
    let film = try Film(network, batch_index, first_step, steps, delay_milliseconds, options)
    guard !film.view.options.has(DNC_IMAGE_NUMBERED_FILES) else {
      throw Failure(
        DNC_INVALID_ARGUMENT, "options->flags has DNC_IMAGE_NUMBERED_FILES, allowed is that with dnc_film_write")
    }
    receiver.take(try film.animation())
  }
}

private func state(
  _ network: Instance, _ batchIndex: Int, _ step: Int, _ options: UnsafePointer<dnc_image_options>?
) throws(Failure) -> EncodedPNG {
  let view = try StateView(network, batchIndex, options)
  guard step != -1 else { return try EncodedPNG(try view.present()) }
  let recorded = view.network.pointee.recordedSteps
  guard recorded > 0 else {
    throw Failure(
      DNC_INVALID_STATE,
      "step is \(UInt(bitPattern: step)), but no step is recorded; allowed is DNC_STEP_NOW: see dnc_set_training")
  }
  guard step >= 0, step < recorded else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "step is \(UInt(bitPattern: step)), allowed are 0 to \(recorded - 1) and DNC_STEP_NOW")
  }
  let replay = try Replay(view.network.pointee.history(of: batchIndex), sequence: batchIndex, after: step)
  return try EncodedPNG(try view.canvas(replay, range: nil, showsProgress: false))
}

/// Everything that one sequence's picture needs: its state, the order of its slots, the colours.
private struct StateView: ~Copyable {
  let network: Instance
  let b: Int
  let options: dnc_image_options
  /// The order of the slots, their places in it, 1 for those that were used, and the strongest paths of the write heads.
  private let room: Memory
  private let order, places, used, paths: UnsafeMutablePointer<UInt32>

  init(
    _ network: Instance, _ batchIndex: Int, _ options: UnsafePointer<dnc_image_options>?
  ) throws(Failure) {
    let c = network.pointee.configuration
    guard c.hasMemory else { throw .missing("the state", "memory", c) }
    try requireBatchIndex(batchIndex, c)
    let checked = try imageOptions(options)
    room = try Memory(bytes: (3 + c.K) * c.N * MemoryLayout<UInt32>.stride)
    self.network = network
    self.options = checked
    b = batchIndex
    order = room.start.bindMemory(to: UInt32.self, capacity: (3 + c.K) * c.N)
    places = order + c.N
    used = places + c.N
    paths = used + c.N
  }

  /// Marks the slots that were used in the record.
  @inline(never) func markUsed() {
    guard options.has(DNC_IMAGE_USED_SLOTS) else { return }
    markUsed(.usage)
    markUsed(.precedence)
    markUsed(.writeWeights)
    markUsed(.readWeights)
  }

  /// Marks the slots that a quantity of width N, or some of them, shows before or after a recorded step.
  @inline(never) private func markUsed(_ quantity: Quantity) {
    let plane = network.pointee.planes[b][quantity]
    let slots = network.pointee.configuration.N
    for row in 0...network.pointee.recordedSteps {
      let values = plane[row, b]
      for i in 0..<plane.width where values[i] >= ReadOrigins.least { used[i % slots] = 1 }
    }
  }

  /// Marks the slots at both ends of each link in L [K, N, N].
  @inline(never) func markLinked(_ link: In<Float>) {
    guard options.has(DNC_IMAGE_USED_SLOTS) else { return }
    let slots = network.pointee.configuration.N
    for i in 0..<network.pointee.configuration.linkCount where link[i] >= StrongestPath.least {
      used[i % slots] = 1
      used[i / slots % slots] = 1
    }
  }

  func present() throws(Failure) -> Canvas {
    let planes = network.pointee.planes[b]
    let row = network.pointee.recordedSteps
    return try canvas(
      memory: planes[.memory][0, b], link: planes[.link][0, b], row: row, step: row > 0 ? row - 1 : nil, range: nil,
      showsProgress: false)
  }

  func canvas(_ replay: borrowing Replay<Float>, range: ValueRange?, showsProgress: Bool) throws(Failure) -> Canvas {
    try canvas(
      memory: replay.memory, link: replay.link, row: replay.step + 1, step: replay.step, range: range,
      showsProgress: showsProgress)
  }

  /// The range of the memory's colours.
  func range(of values: Values) -> ValueRange {
    ValueRange(minimum: options.minimum, maximum: options.maximum, symmetric: true, of: values)
  }

  private func canvas(
    memory: In<Float>, link: In<Float>, row: Int, step: Int?, range: ValueRange?, showsProgress: Bool
  ) throws(Failure) -> Canvas {
    let c = network.pointee.configuration
    let planes = network.pointee.planes[b]
    let view = MemoryState(
      slots: c.N, wordSize: c.W, readHeads: c.R, writeHeads: c.K, linkHeads: c.hasLinks ? c.K : 0, memory: memory,
      link: link,
      usage: c.hasUsage ? In(planes[.usage][row, b]) : nil, precedence: planes[.precedence][row, b],
      writeWeights: planes[.writeWeights][row, b], readWeights: planes[.readWeights][row, b])
    let count = network.pointee.recordedSteps
    // Without record and links, nothing tells in which order the slots were written.
    let isSorted = options.has(DNC_IMAGE_SORT_SLOTS) && (count > 0 || c.hasLinks)
    if isSorted { sortSlots(view) }
    if !showsProgress { markUsed() }
    markLinked(link)
    let shown = leaveOutUnused(isSorted)
    let isOrdered = isSorted || shown < c.N
    let figure = StateFigure(
      state: view, shown: shown, order: isOrdered ? UnsafePointer(order) : nil,
      places: isOrdered ? UnsafePointer(places) : nil, isSorted: isSorted, paths: paths,
      memoryRange: range ?? self.range(of: Values(start: memory, rows: c.N, columns: c.W)),
      colormap: Colormap(dnc_colormap(rawValue: options.colormap)), theme: options.drawnTheme,
      title: options.drawnTitle, cellPixels: Int(options.cell_pixels), step: step.map { (index: $0, count: count) },
      showsProgress: showsProgress)
    return try figure.canvas().enlarged(options.scale)
  }

  /// Orders the slots as they were first written in the record or, without one, along the strongest path of the first
  /// head.
  private func sortSlots(_ view: MemoryState) {
    let c = network.pointee.configuration
    let recorded = network.pointee.recordedSteps
    if recorded > 0 {
      let (reads, writes) = (network.pointee.planes[b][.readWeights], network.pointee.planes[b][.writeWeights])
      let origins = ReadOrigins(
        slots: c.N, readHeads: c.R, writeHeads: c.K, reads: reads[1, b], writes: writes[1, b],
        readStride: reads.rowStride, writeStride: writes.rowStride, mask: nil, marks: nil)
      origins.orderSlots(steps: recorded, first: places, order: order)
    } else {
      let path = StrongestPath(slots: c.N, precedence: view.precedence, link: view.link, path: paths)
      for slot in 0..<c.N { places[slot] = 0 }
      for i in 0..<path.count {
        order[i] = path.slots[path.count - 1 - i]
        places[Int(order[i])] = 1
      }
      var count = path.count
      for slot in 0..<c.N where places[slot] == 0 {
        order[count] = UInt32(slot)
        count += 1
      }
    }
  }

  /// Closes up the order of the slots, and finds their places in it. All are shown if none was used.
  /// - Returns: the number of slots to show.
  private func leaveOutUnused(_ isSorted: Bool) -> Int {
    let slots = network.pointee.configuration.N
    var hasUsed = false
    for slot in 0..<slots where used[slot] == 1 { hasUsed = true }
    var shown = 0
    for place in 0..<slots {
      let slot = isSorted ? order[place] : UInt32(place)
      guard !hasUsed || used[Int(slot)] == 1 else { continue }
      order[shown] = slot
      places[Int(slot)] = UInt32(shown)
      shown += 1
    }
    return shown
  }
}

/// A film: some recorded steps of one sequence.
private struct Film: ~Copyable {
  let view: StateView
  private let first, steps: Int
  private let delayMilliseconds: Int
  private let range: ValueRange

  init(
    _ network: Instance, _ batchIndex: Int, _ first: Int, _ steps: Int, _ delayMilliseconds: UInt32,
    _ options: UnsafePointer<dnc_image_options>?
  ) throws(Failure) {
    let view = try StateView(network, batchIndex, options)
    let recorded = view.network.pointee.recordedSteps
    guard recorded > 0 else {
      throw Failure(DNC_INVALID_STATE, "no step is recorded: see dnc_set_training")
    }
    try require(first, in: 0...recorded - 1, "first_step")
    try require(steps, in: 1...recorded - first, "steps")
    try require(Int(delayMilliseconds), in: 1...65535, "delay_milliseconds")
    let range = try Film.range(view, first, steps)
    self.range = range
    self.view = view
    self.first = first
    self.steps = steps
    self.delayMilliseconds = Int(delayMilliseconds)
  }

  /// One range for all steps, so that colours can be compared. Marks what is used in one of them, so that all frames show
  /// the same slots.
  private static func range(_ view: borrowing StateView, _ first: Int, _ steps: Int) throws(Failure) -> ValueRange {
    let c = view.network.pointee.configuration
    var replay = try Replay(view.network.pointee.history(of: view.b), sequence: view.b, after: first)
    var peak: Float = 0
    view.markUsed()
    for step in first..<first + steps {
      if step > first { replay.advance() }
      view.markLinked(replay.link)
      for i in 0..<c.N * c.W where replay.memory[i].isFinite { peak = max(peak, replay.memory[i].magnitude) }
    }
    return withUnsafePointer(to: peak) { view.range(of: Values($0)) }
  }

  private func forEachFrame(_ body: (consuming Canvas, Int) throws(Failure) -> Void) throws(Failure) {
    var replay = try Replay(view.network.pointee.history(of: view.b), sequence: view.b, after: first)
    for step in first..<first + steps {
      if step > first { replay.advance() }
      try body(try view.canvas(replay, range: range, showsProgress: true), step)
    }
  }

  func animation() throws(Failure) -> EncodedPNG {
    var animation = try AnimatedPNG(frames: steps, delayMilliseconds: delayMilliseconds)
    try forEachFrame { (canvas, _) throws(Failure) in try animation.add(canvas) }
    return try animation.finish()
  }

  /// Writes a file for each frame.
  func writeFiles(_ path: UnsafePointer<CChar>) throws(Failure) {
    let name = try NumberedName(path)
    var files = try FileReplacements(capacity: steps)
    try forEachFrame { (canvas, step) throws(Failure) in
      files.add(try EncodedPNG(canvas).written(to: name.with(step), number: step))
    }
    try files.commit()
  }
}

/// A path with a number between its name and its ending.
private struct NumberedName: ~Copyable {
  private let path: UnsafePointer<CChar>
  /// Length of the path before its ending.
  private let stem: Int
  private let room: Memory

  init(_ path: UnsafePointer<CChar>) throws(Failure) {
    let length = strlen(path)
    var stem = length
    var i = length
    while i > 0, path[i - 1] != CChar(bitPattern: UInt8(ascii: "/")) {
      i -= 1
      if path[i] == CChar(bitPattern: UInt8(ascii: ".")), stem == length { stem = i }
    }
    // A name that begins with its only dot has no ending.
    self.stem = stem == i ? length : stem
    self.path = path
    room = try Memory(bytes: length + 32)
  }

  /// Valid until the next call.
  func with(_ number: Int) -> UnsafePointer<CChar> {
    var text = Text(start: room.start.assumingMemoryBound(to: CChar.self), capacity: room.bytes)
    for i in 0..<stem { text.append(byte: UInt8(bitPattern: path[i])) }
    text.append("-")
    if number < 1000 { text.append("0") }
    if number < 100 { text.append("0") }
    if number < 10 { text.append("0") }
    text.append(number)
    text.append(path + stem)
    return UnsafePointer(text.start)
  }
}
