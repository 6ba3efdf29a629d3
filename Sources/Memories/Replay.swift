import CPlatform

/// Recomputes memory and links of one sequence after a recorded step and, one by one, after the steps that follow.
struct Replay<Scalar: Real>: ~Copyable {
  private let history: MemoryHistory<Scalar>
  private let b: Int
  private let room: Memory
  private let rowNorms, linkScratch: Out<Scalar>
  /// M [N, W] and, if there are links, L [K, N, N] after `step`.
  let memory, link: Out<Scalar>
  private(set) var step: Int

  /// - Parameter step: a recorded step.
  init(_ history: MemoryHistory<Scalar>, sequence b: Int, after step: Int) throws(Failure) {
    let c = history.c
    var plan = Carver.measuring
    _ = Replay.carve(&plan, c)
    room = try Memory(bytes: plan.bytes)
    var carver = Carver.cutting(room)
    (memory, link, rowNorms, linkScratch) = Replay.carve(&carver, c)
    self.history = history
    self.b = b
    self.step = history.restart(b, before: step, memory: memory, link: link) - 1
    while self.step < step { advance() }
  }

  private static func carve(
    _ carver: inout Carver, _ c: Configuration
  ) -> (memory: Out<Scalar>, link: Out<Scalar>, rowNorms: Out<Scalar>, linkScratch: Out<Scalar>) {
    (
      carver.take(c.N * c.W), carver.take(c.linkCount), carver.take(c.N),
      carver.take(c.hasLinks ? LinkParts(slots: c.N, readHeads: 0, steps: 1).scratchCount : 0)
    )
  }

  /// Goes on to the next step, which must be recorded.
  mutating func advance() {
    let mode = dnc_platform_flush_denormals()
    defer { dnc_platform_set_float_mode(mode) }
    history.advance(b, step: step + 1, memory: memory, link: link, rowNorms: rowNorms, linkScratch: linkScratch)
    step += 1
  }
}
