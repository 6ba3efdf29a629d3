import CDNC
import CPlatform
import Synchronization

/// The flat block of the parameters, or of their gradients, seen as the tensors it is made of.
struct Parameters<Scalar: Real> {
  let start: Out<Scalar>
  let configuration: Configuration

  private var c: Configuration { configuration }

  private var firstLayerCount: Int {
    switch c.controller {
    case .lstm: 4 * c.H * (c.controllerInput + c.H + 1)
    case .feedforward: c.H * (c.controllerInput + 1)
    }
  }
  private var laterLayerCount: Int {
    switch c.controller {
    case .lstm: 4 * c.H * (c.controllerInput + 2 * c.H + 1)
    case .feedforward: c.H * (c.H + 1)
    }
  }
  private func layer(_ l: Int) -> Out<Scalar> {
    l == 0 ? start : start + firstLayerCount + (l - 1) * laterLayerCount
  }

  /// W^l [gates·H, inputs of layer l]; of the LSTM, its part W_ih.
  func inputWeight(_ l: Int) -> Rows<Scalar> {
    switch c.controller {
    case .lstm: Rows(layer(l), stride: c.controllerInput + (l > 0 ? c.H : 0))
    case .feedforward: Rows(layer(l), stride: l > 0 ? c.H : c.controllerInput)
    }
  }
  /// W_hh^l [4H, H] of the LSTM.
  func recurrentWeight(_ l: Int) -> Rows<Scalar> {
    Rows(layer(l) + 4 * c.H * inputWeight(l).stride, stride: c.H)
  }
  /// b^l [gates·H].
  func controllerBias(_ l: Int) -> Out<Scalar> { layer(l + 1) - c.gates * c.H }

  var interfaceWeight: Rows<Scalar> { Rows(layer(c.L), stride: c.controllerWidth) }
  var interfaceBias: Out<Scalar> { layer(c.L) + c.interface.count * c.controllerWidth }
  var outputWeight: Out<Scalar> { interfaceBias + c.interface.count }
  var outputBias: Out<Scalar> { outputWeight + c.Y * (c.controllerWidth + c.readWidth) }
  var initialMemory: Out<Scalar> { outputBias + c.Y }
  var initialReadVectors: Out<Scalar> { initialMemory + c.N * c.W }
  var initialReadWeightLogits: Out<Scalar> { initialReadVectors + c.readWidth }

  /// Draws the initial values in the order of the block: weights uniform in ±1/√(fan-in), biases 0, the LSTM's forget
  /// gates' 1; then `input_scale` and `interface_scale`. Gradients of the same block stay as they are.
  func initialize() {
    var random = Random(seed: c.seed)
    for tensor in ParameterLayout(configuration: c) {
      let values = start + tensor.offset
      for i in 0..<tensor.count {
        values[i] = tensor.bound == 0 ? 0 : random.uniform(within: Scalar(tensor.bound))
      }
      if tensor.kind == .lstmBias { (values + c.H).update(repeating: 1, count: c.H) }
    }
    multiply(inputWeight(0), rows: c.gates * c.H, columns: c.X, by: Scalar(c.inputScale))
    multiply(interfaceWeight, rows: c.interface.count, columns: c.controllerWidth, by: Scalar(c.interfaceScale))
  }

  private func multiply(_ weight: Rows<Scalar>, rows: Int, columns: Int, by scale: Scalar) {
    for row in 0..<rows {
      for column in 0..<columns { weight[row][column] *= scale }
    }
  }
}

/// The parameters and their names, owned by all instances that share them.
struct ParameterBlock<Scalar: Real>: ~Copyable {
  let memory: Memory
  let values: Out<Scalar>
  /// Per tensor, `ParameterLayout.nameBytes`.
  let names: UnsafeMutablePointer<CChar>
  let count: Int
  let tensorCount: Int
  private let owners = Atomic<Int>(1)

  private init(_ configuration: Configuration) throws(Failure) {
    let layout = ParameterLayout(configuration: configuration)
    let count = layout.parameterCount
    let tensors = layout.tensorCount
    func carve(_ carver: inout Carver) -> (Out<Scalar>, UnsafeMutablePointer<CChar>) {
      (carver.take(count), carver.take(tensors * ParameterLayout.nameBytes))
    }
    var measure = Carver.measuring
    _ = carve(&measure)
    let memory = try Memory(bytes: measure.bytes)
    var carver = Carver.cutting(memory)
    let (values, names) = carve(&carver)
    for tensor in layout { tensor.writeName(names + tensor.index * ParameterLayout.nameBytes) }
    self.memory = memory
    self.values = values
    self.names = names
    self.count = count
    tensorCount = tensors
  }

  static func create(_ configuration: Configuration) throws(Failure) -> UnsafeMutablePointer<ParameterBlock> {
    try allocateHandle(try ParameterBlock(configuration))
  }

  static func retain(_ block: UnsafeMutablePointer<ParameterBlock>) {
    block.pointee.owners.wrappingAdd(1, ordering: .relaxed)
  }

  static func release(_ block: UnsafeMutablePointer<ParameterBlock>) {
    if block.pointee.owners.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { freeHandle(block) }
  }
}
