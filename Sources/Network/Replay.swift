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
    let c = network.pointee.configuration
    let state = network.pointee.state
    let interface = network.pointee.recorded.interface[step + 1, b]
    let weights = state.writeWeights[step + 2, b]
    MemoryWrite.forward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: memory, weights: weights,
      erase: interface + c.interface.eraseVectors, write: interface + c.interface.writeVectors, memory: memory,
      rowNorms: rowNorms)
    for k in 0..<c.K {
      let links = link + k * c.N * c.N
      let none = Rows(rowNorms, stride: 0)
      TemporalLinks.forward(
        slots: c.N, readHeads: 0, writeWeighting: weights + k * c.N,
        previousPrecedence: state.precedence[step + 1, b] + k * c.N, previousReadWeights: weights,
        previousLink: links, link: links, forwardWeights: none, backwardWeights: none, scratch: linkScratch, team: nil)
    }
    step += 1
  }
}
