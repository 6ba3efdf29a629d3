import CDNC
import CPlatform

@c @implementation public func dnc_episode_image_write(
  _ path: UnsafePointer<CChar>!, _ instance: OpaquePointer!, _ batch_index: Int, _ steps: Int,
  _ inputs: UnsafePointer<Float>!, _ targets: UnsafePointer<Float>!, _ outputs: UnsafePointer<Float>!,
  _ options: UnsafePointer<dnc_image_options>!
) -> dnc_status {
  status { () throws(Failure) in
    let path = try require(path, "path")
    let network = try network(instance)
    let c = network.pointee.configuration
    guard batch_index >= 0, batch_index < c.B else {
      throw Failure(
        DNC_INVALID_ARGUMENT, "batch_index is \(UInt(bitPattern: batch_index)), allowed are 0 to \(c.B - 1)")
    }
    guard steps >= 1, steps <= Canvas.maximumSide else {
      throw Failure(
        DNC_INVALID_ARGUMENT, "steps is \(UInt(bitPattern: steps)), allowed are 1 to \(Canvas.maximumSide)")
    }
    guard inputs != nil || targets != nil || outputs != nil else {
      throw Failure(DNC_INVALID_ARGUMENT, "inputs, targets and outputs are all NULL, allowed is that two of them are")
    }
    let options = try imageOptions(options)
    // At most eleven: four, and seven of the trace.
    let canvas = try withUnsafeTemporaryAllocation(of: EpisodePanel.self, capacity: 11) { room throws(Failure) in
      var panels = EpisodePanels(room: room, b: batch_index, batch: c.B)
      if let inputs { panels.add("input", inputs, width: c.X) }
      if let targets { panels.add("target", targets, width: c.Y) }
      if let outputs {
        panels.add("prediction", outputs, width: c.Y) { ($0.squash, $0.minimum, $0.maximum) = (true, 0, 1) }
        panels.add("logits", outputs, width: c.Y) { $0.diverging = true }
      }
      if network.pointee.recordedSteps == steps {
        panels.add("write weights", try Trace(DNC_TRACE_WRITE_WEIGHTS.rawValue, of: network))
        panels.add("read weights", try Trace(DNC_TRACE_READ_WEIGHTS.rawValue, of: network))
        panels.add("usage", try Trace(DNC_TRACE_USAGE.rawValue, of: network))
        panels.add("allocation gates", try Trace(DNC_TRACE_ALLOCATION_GATES.rawValue, of: network))
        panels.add("write gates", try Trace(DNC_TRACE_WRITE_GATES.rawValue, of: network))
        panels.add("free gates", try Trace(DNC_TRACE_FREE_GATES.rawValue, of: network))
        panels.add("read modes", try Trace(DNC_TRACE_READ_MODES.rawValue, of: network))
      }
      return try EpisodeFigure(
        panels: panels.all, steps: steps, title: Label(options.title), cellPixels: Int(options.cell_pixels),
        colormap: dnc_colormap(rawValue: options.colormap)
      ).canvas()
    }
    try EncodedPNG(canvas).write(to: path)
  }
}

/// The panels of one sequence of a batch, one after the other in memory that the caller lends.
private struct EpisodePanels {
  private let room: UnsafeMutableBufferPointer<EpisodePanel>
  private let b, batch: Int
  private var count = 0

  init(room: UnsafeMutableBufferPointer<EpisodePanel>, b: Int, batch: Int) {
    self.room = room
    self.b = b
    self.batch = batch
  }

  var all: UnsafeBufferPointer<EpisodePanel> { UnsafeBufferPointer(rebasing: room[..<count]) }

  /// From values [T, B, width].
  mutating func add(
    _ label: StaticString, _ values: UnsafePointer<Float>, width: Int, _ change: (inout EpisodePanel) -> Void = { _ in }
  ) {
    add(label, Rows(UnsafeMutablePointer(mutating: values), stride: width), channels: width, change)
  }

  /// Weightings, usage and gates all lie between 0 and 1.
  mutating func add(_ label: StaticString, _ trace: Trace) {
    add(label, trace.rows, channels: trace.width) { ($0.minimum, $0.maximum) = (0, 1) }
  }

  private mutating func add(
    _ label: StaticString, _ rows: Rows<Float>, channels: Int, _ change: (inout EpisodePanel) -> Void
  ) {
    var panel = EpisodePanel(label: label, values: rows[b], channels: channels, stepStride: batch * rows.stride)
    change(&panel)
    room.initializeElement(at: count, to: panel)
    count += 1
  }
}
