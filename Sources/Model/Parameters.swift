import CDNC
import Synchronization

/// The offsets of the tensors in a flat block, taken from the layout's table.
struct ParameterPlaces {
  struct Place: BitwiseCopyable {
    var offset = 0
    var columns = 0
    var panelOffset = 0
  }

  private let table: UnsafeMutablePointer<Place>
  private let layers: Int

  init(_ carver: inout Carver, _ layout: ParameterLayout) {
    layers = layout.configuration.L
    table = carver.take(ParameterLayout.Kind.count * layers)
    guard !carver.isMeasuring else { return }
    for tensor in layout {
      table[tensor.kind.rawValue * layers + tensor.layer] = Place(
        offset: tensor.offset, columns: tensor.columns, panelOffset: tensor.panelOffset)
    }
  }

  subscript(kind: ParameterLayout.Kind, layer: Int) -> Place { table[kind.rawValue * layers + layer] }
}

/// A flat block as the tensors that it is made of.
struct ParameterView<Pointer: ScalarPointer> {
  let start: UnsafeMutablePointer<Pointer.Pointee>
  let places: ParameterPlaces

  /// A matrix by its rows.
  func rows(_ kind: ParameterLayout.Kind, layer: Int = 0) -> RowView<Pointer> {
    let place = places[kind, layer]
    return RowView(Pointer(to: start + place.offset), stride: place.columns)
  }

  func vector(_ kind: ParameterLayout.Kind, layer: Int = 0) -> Pointer {
    Pointer(to: start + places[kind, layer].offset)
  }
}

/// The parameters, to read, and their gradients, to write.
typealias Parameters<Scalar> = ParameterView<In<Scalar>>
typealias ParameterGradients<Scalar> = ParameterView<Out<Scalar>>

/// The parameters and their names, owned by all instances that share them.
struct ParameterBlock<Scalar: Real>: ~Copyable {
  let memory: Memory
  let values: Out<Scalar>
  /// `ParameterLayout.nameBytes` for each tensor.
  private let names: UnsafeMutablePointer<CChar>
  let places: ParameterPlaces
  let count: Int
  let tensorCount: Int
  private let owners = Atomic<Int>(1)
  private let changes = Atomic<Int>(0)

  /// The name of the tensor at an index.
  func name(of tensor: Int) -> UnsafePointer<CChar> { UnsafePointer(names + tensor * ParameterLayout.nameBytes) }

  /// Number of changes that the library has made to the values.
  var version: Int { changes.load(ordering: .acquiring) }
  func valuesChanged() { changes.wrappingAdd(1, ordering: .releasing) }

  private init(_ configuration: Configuration) throws(Failure) {
    let layout = ParameterLayout(configuration: configuration)
    let count = layout.parameterCount
    let tensors = layout.tensorCount
    func carve(_ carver: inout Carver) -> (Out<Scalar>, UnsafeMutablePointer<CChar>, ParameterPlaces) {
      (carver.take(count), carver.take(tensors * ParameterLayout.nameBytes), ParameterPlaces(&carver, layout))
    }
    var measure = Carver.measuring
    _ = carve(&measure)
    let memory = try Memory(bytes: measure.bytes)
    var carver = Carver.cutting(memory)
    let (values, names, places) = carve(&carver)
    for tensor in layout { tensor.writeName(names + tensor.index * ParameterLayout.nameBytes) }
    self.memory = memory
    self.values = values
    self.names = names
    self.places = places
    self.count = count
    tensorCount = tensors
  }

  static func create(_ configuration: Configuration) throws(Failure) -> UnsafeMutablePointer<ParameterBlock> {
    try allocateHandle(try ParameterBlock(configuration))
  }

  /// Draws the initial values in the order of the block: weights uniform in ±1/√(fan-in), biases 0, forget gates' 1, scales 1; then
  /// `input_scale` and `interface_scale`.
  func initialize(_ c: Configuration) {
    var random = Random(seed: c.seed)
    for tensor in ParameterLayout(configuration: c) {
      let tensorValues = values + tensor.offset
      let constant: Scalar = tensor.kind.isScale ? 1 : 0
      for i in 0..<tensor.count {
        tensorValues[i] = tensor.bound == 0 ? constant : random.uniform(within: Scalar(tensor.bound))
      }
      if tensor.kind == .controllerBias, let gate = c.traits.forgetGate {
        (tensorValues + gate * c.H).update(repeating: 1, count: c.H)
      }
    }
    let weights = ParameterGradients(start: values, places: places)
    multiply(weights.rows(.inputWeight), rows: c.gates * c.H, columns: c.X, by: Scalar(c.fields.input_scale))
    multiply(
      weights.rows(.interfaceWeight), rows: c.interfaceWidth, columns: c.controllerWidth,
      by: Scalar(c.fields.interface_scale))
  }

  private func multiply(_ weight: MutableRows<Scalar>, rows: Int, columns: Int, by scale: Scalar) {
    for row in 0..<rows {
      for column in 0..<columns { weight[row][column] *= scale }
    }
  }

  static func retain(_ block: UnsafeMutablePointer<ParameterBlock>) {
    block.pointee.owners.wrappingAdd(1, ordering: .relaxed)
  }

  static func release(_ block: UnsafeMutablePointer<ParameterBlock>) {
    if block.pointee.owners.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { freeHandle(block) }
  }
}
