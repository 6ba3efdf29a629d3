/// A network's copy of its weights in panels, for `Linear.forward`. The parameters belong to the caller and to clones as
/// well, so the copy is made again after a change that the library made, and after calls that let a caller's change take
/// effect.
struct PackedWeights<Scalar: Real>: ~Copyable {
  private let memory: Memory
  /// The version of the parameters that the panels are of; nil if they may be of none.
  private var version: Int?

  init(_ c: Configuration) throws(Failure) { memory = try Memory(bytes: PackedWeights.bytes(c)) }

  static func bytes(_ c: Configuration) -> Int {
    Scalar.kernels == nil ? 0 : ParameterLayout(configuration: c).panelCount * MemoryLayout<Scalar>.stride
  }

  mutating func parametersChanged() { version = nil }

  mutating func update(_ c: Configuration, _ block: borrowing ParameterBlock<Scalar>) {
    guard Scalar.kernels != nil, version != block.version else { return }
    version = block.version
    for tensor in ParameterLayout(configuration: c) where tensor.kind.isWeight {
      Weight.pack(
        outputs: tensor.rows, inputs: tensor.columns, weight: In(block.values + tensor.offset),
        panels: start + tensor.panelOffset)
    }
  }

  private var start: Out<Scalar> { memory.start.assumingMemoryBound(to: Scalar.self) }

  /// The panels of all weights; nil if there are no kernels.
  var panels: In<Scalar>? { Scalar.kernels == nil ? nil : In(start) }
}
