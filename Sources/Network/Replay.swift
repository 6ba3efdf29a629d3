import CPlatform

/// Memory and links of one sequence after one recorded step and, step by step, after those that follow: the record does
/// not keep them, but all that they come from.
struct Replay: ~Copyable {
  private let network: Instance
  private let b: Int
  private let room: Memory
  private let rowNorms: Out<Float>
  private let linkScratch: Out<Float>
  /// M [N, W] and L [K, N, N] after `step`.
  let memory, link: Out<Float>
  private(set) var step: Int

  /// - Parameter step: one that is recorded.
  init(_ network: Instance, sequence b: Int, after step: Int) throws(Failure) {
    let c = network.pointee.configuration
    let record = network.pointee.recorded
    var plan = Carver.measuring
    _ = Replay.carve(&plan, c)
    room = try Memory(bytes: plan.bytes)
    var carver = Carver.cutting(room)
    (memory, link, rowNorms, linkScratch) = Replay.carve(&carver, c)
    self.network = network
    self.b = b
    let segment = step / record.segment
    copyValues(c.N * c.W, record.memoryCheckpoints[segment, b], to: memory)
    copyValues(c.K * c.N * c.N, record.linkCheckpoints[segment, b], to: link)
    self.step = segment * record.segment - 1
    while self.step < step { advance() }
  }

  private static func carve(
    _ carver: inout Carver, _ c: Configuration
  ) -> (memory: Out<Float>, link: Out<Float>, rowNorms: Out<Float>, linkScratch: Out<Float>) {
    (
      carver.take(c.N * c.W), carver.take(c.K * c.N * c.N), carver.take(c.N),
      carver.take(LinkParts(slots: c.N).scratchCount(readHeads: 0))
    )
  }

  /// To the next step, which is recorded too.
  mutating func advance() {
    let mode = dnc_platform_flush_denormals()
    defer { dnc_platform_set_float_mode(mode) }
    network.pointee.recorded.advance(
      network.pointee.configuration, b, step: step + 1, memory: memory, link: link, rowNorms: rowNorms,
      linkScratch: linkScratch)
    step += 1
  }
}
