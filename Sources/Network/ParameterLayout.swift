import CPlatform

/// The one table of the parameters: names, shapes, and their order in the flat block (model.md, "Parameters").
struct ParameterLayout: Sequence {
  let configuration: Configuration

  struct Tensor {
    let index: Int
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

  /// The tensors in their order.
  struct Iterator: IteratorProtocol {
    let c: Configuration
    private var index = 0
    private var offset = 0

    init(_ configuration: Configuration) { c = configuration }

    // Not inlined into every loop over the tensors.
    @inline(never) mutating func next() -> Tensor? {
      let (kind, layer, rows, columns, fanIn) = shape
      guard let kind else { return nil }
      let bound = fanIn == 0 ? 0 : 1 / Double(fanIn).squareRoot()
      let tensor = Tensor(
        index: index, kind: kind, layer: layer, offset: offset, rows: rows, columns: columns, bound: bound)
      index += 1
      offset += tensor.count
      return tensor
    }

    private var shape: (Kind?, layer: Int, rows: Int, columns: Int, fanIn: Int) {
      let perLayer = c.controller == .lstm ? 3 : 2
      let l = index / perLayer
      if l < c.L {
        switch (c.controller, index % perLayer) {
        case (.lstm, let part):
          let inputs = c.controllerInput + (l > 0 ? c.H : 0)
          let kind: Kind = part == 0 ? .weightIH : part == 1 ? .weightHH : .lstmBias
          return (kind, l, 4 * c.H, part == 0 ? inputs : part == 1 ? c.H : 0, part == 2 ? 0 : inputs + c.H)
        case (.feedforward, let part):
          let inputs = l > 0 ? c.H : c.controllerInput
          return part == 0 ? (.weight, l, c.H, inputs, inputs) : (.bias, l, c.H, 0, 0)
        }
      }
      let outputInputs = c.controllerWidth + c.readWidth
      switch index - c.L * perLayer {
      case 0: return (.interfaceWeight, 0, c.interface.count, c.controllerWidth, c.controllerWidth)
      case 1: return (.interfaceBias, 0, c.interface.count, 0, 0)
      case 2: return (.outputWeight, 0, c.Y, outputInputs, outputInputs)
      case 3: return (.outputBias, 0, c.Y, 0, 0)
      case 4 where c.initialState == .learned: return (.initialMemory, 0, c.N, c.W, c.W)
      case 5 where c.initialState == .learned: return (.initialReadVectors, 0, c.R, c.W, 0)
      case 6 where c.initialState == .learned: return (.initialReadWeightLogits, 0, c.R, c.N, 0)
      default: return (nil, 0, 0, 0, 0)
      }
    }
  }

  func makeIterator() -> Iterator { Iterator(configuration) }

  var parameterCount: Int {
    var count = 0
    for tensor in self { count += tensor.count }
    return count
  }

  var tensorCount: Int {
    var count = 0
    for _ in self { count += 1 }
    return count
  }

  /// The tensor at `index`, or the last one.
  func tensor(_ index: Int) -> Tensor {
    var iterator = makeIterator()
    var tensor = iterator.next()!
    while tensor.index < index, let next = iterator.next() { tensor = next }
    return tensor
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
