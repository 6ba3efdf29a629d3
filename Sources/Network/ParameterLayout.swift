import CPlatform

/// The one table of the parameters: names, shapes, and their order in the flat block (model.md, "Parameters").
struct ParameterLayout {
  let configuration: Configuration

  struct Tensor {
    let kind: Kind
    let layer: Int
    /// Of the first element in the flat block.
    let offset: Int
    let rows: Int
    /// 0 for a vector of `rows` elements.
    let columns: Int
    /// Initial values are uniform in ±bound; 0: all zero.
    let bound: Double
    var count: Int { rows * (columns == 0 ? 1 : columns) }
  }

  enum Kind {
    case weightIH, weightHH, lstmBias, weight, bias, interfaceWeight, interfaceBias, outputWeight, outputBias
    case initialMemory, initialReadVectors, initialReadWeightLogits

    /// Behind `controller.{l}.`, or the whole name.
    var name: StaticString {
      switch self {
      case .weightIH: "weight_ih"
      case .weightHH: "weight_hh"
      case .lstmBias, .bias: "bias"
      case .weight: "weight"
      case .interfaceWeight: "interface.weight"
      case .interfaceBias: "interface.bias"
      case .outputWeight: "output.weight"
      case .outputBias: "output.bias"
      case .initialMemory: "initial.memory"
      case .initialReadVectors: "initial.read_vectors"
      case .initialReadWeightLogits: "initial.read_weight_logits"
      }
    }

    var isInLayer: Bool {
      switch self {
      case .weightIH, .weightHH, .lstmBias, .weight, .bias: true
      default: false
      }
    }
  }

  /// Longest name, with its closing zero.
  static let nameBytes = 48

  /// Visits every tensor in order, and gives the number of elements of all of them.
  @discardableResult
  func forEach(_ visit: (Int, Tensor) -> Void) -> Int {
    let c = configuration
    var index = 0
    var offset = 0
    func add(_ kind: Kind, layer: Int = 0, _ rows: Int, _ columns: Int, fanIn: Int = 0) {
      let bound = fanIn == 0 ? 0 : 1 / Double(fanIn).squareRoot()
      let tensor = Tensor(kind: kind, layer: layer, offset: offset, rows: rows, columns: columns, bound: bound)
      visit(index, tensor)
      index += 1
      offset += tensor.count
    }
    for l in 0..<c.L {
      switch c.controller {
      case .lstm:
        let inputs = c.controllerInput + (l > 0 ? c.H : 0)
        add(.weightIH, layer: l, 4 * c.H, inputs, fanIn: inputs + c.H)
        add(.weightHH, layer: l, 4 * c.H, c.H, fanIn: inputs + c.H)
        add(.lstmBias, layer: l, 4 * c.H, 0)
      case .feedforward:
        let inputs = l > 0 ? c.H : c.controllerInput
        add(.weight, layer: l, c.H, inputs, fanIn: inputs)
        add(.bias, layer: l, c.H, 0)
      }
    }
    add(.interfaceWeight, c.interface.count, c.controllerWidth, fanIn: c.controllerWidth)
    add(.interfaceBias, c.interface.count, 0)
    add(.outputWeight, c.Y, c.controllerWidth + c.readWidth, fanIn: c.controllerWidth + c.readWidth)
    add(.outputBias, c.Y, 0)
    if c.initialState == .learned {
      add(.initialMemory, c.N, c.W, fanIn: c.W)
      add(.initialReadVectors, c.R, c.W)
      add(.initialReadWeightLogits, c.R, c.N)
    }
    return offset
  }

  var parameterCount: Int { forEach { _, _ in } }

  var tensorCount: Int {
    let layers = configuration.L * (configuration.controller == .lstm ? 3 : 2)
    return layers + 4 + (configuration.initialState == .learned ? 3 : 0)
  }

  /// The tensor at `index`, 0..<tensorCount.
  func tensor(_ wanted: Int) -> Tensor {
    var found = Tensor(kind: .outputBias, layer: 0, offset: 0, rows: 0, columns: 0, bound: 0)
    forEach { index, tensor in if index == wanted { found = tensor } }
    return found
  }
}

extension ParameterLayout.Tensor {
  /// Writes the name to `buffer`, `ParameterLayout.nameBytes` long.
  func writeName(_ buffer: UnsafeMutablePointer<CChar>) {
    var text = Text(start: buffer, capacity: ParameterLayout.nameBytes)
    if kind.isInLayer {
      text.append("controller.")
      text.append(layer)
      text.append(".")
    }
    text.append(kind.name)
  }
}
