import CKernels

/// The one table of the parameters: names, shapes, and their order in the flat block (model.md, "Parameters").
struct ParameterLayout: Sequence {
  let configuration: Configuration

  /// The kinds of tensor, in the order of the block. Each layer has the first few.
  enum Kind: Int {
    case inputWeight, recurrentWeight, controllerBias, recurrentBias
    case normScale, cellNormScale, cellNormBias
    case interfaceWeight, interfaceBias, interfaceNormScale
    case outputWeight, outputBias
    case initialMemory, initialReadVectors, initialReadWeightLogits, initialWriteWeightLogits

    static let perLayer = 7
    static let count = initialWriteWeightLogits.rawValue + 1

    /// True for the scales of normalized numbers, which start at 1.
    var isScale: Bool { self == .normScale || self == .cellNormScale || self == .interfaceNormScale }

    /// True for the weights of matrix products.
    var isWeight: Bool {
      switch self {
      case .inputWeight, .recurrentWeight, .interfaceWeight, .outputWeight: true
      default: false
      }
    }
  }

  struct Tensor {
    let index: Int
    let kind: Kind
    let layer: Int
    /// Offset of the first element in the flat block.
    let offset: Int
    /// Offset of a weight's panels among those of all weights.
    let panelOffset: Int
    /// The name after `controller.{l}.`, or the whole name.
    let name: StaticString
    let rows: Int
    /// 0 for a vector of `rows` elements.
    let columns: Int
    /// Initial values are uniform in ±bound. 0 makes them all zero, or 1 of a scale.
    let bound: Double
    var count: Int { rows * Swift.max(columns, 1) }
    /// Room for the panels of a weight.
    var panelCount: Int { kind.isWeight ? dnc_panels(rows, columns) : 0 }
    var isInLayer: Bool { kind.rawValue < Kind.perLayer }
  }

  /// A row of the table; nil where the configuration has no such tensor.
  private static func row(
    _ kind: Kind, layer l: Int, _ c: Configuration
  ) -> (name: StaticString, rows: Int, columns: Int, fanIn: Int)? {
    let units = c.gates * c.H
    let isRecurrent = c.traits.isRecurrent
    let inputs = c.inputs(layer: l)
    let outputInputs = c.controllerWidth + c.readWidth
    let isLearned = c.initialState == .learned
    let parts = c.interfaceWidth
    switch kind {
    case .inputWeight:
      return (isRecurrent ? "weight_ih" : "weight", units, inputs, isRecurrent ? inputs + c.H : inputs)
    case .recurrentWeight: return isRecurrent ? ("weight_hh", units, c.H, inputs + c.H) : nil
    case .controllerBias: return ("bias", units, 0, 0)
    case .recurrentBias: return c.traits.keepsLastProductApart ? ("bias_hh", c.H, 0, 0) : nil
    case .normScale: return c.normalizesController ? ("norm_scale", units, 0, 0) : nil
    case .cellNormScale: return c.normalizesCell ? ("cell_norm_scale", c.H, 0, 0) : nil
    case .cellNormBias: return c.normalizesCell ? ("cell_norm_bias", c.H, 0, 0) : nil
    case .interfaceWeight:
      return parts > 0 ? ("interface.weight", parts, c.controllerWidth, c.controllerWidth) : nil
    case .interfaceBias: return parts > 0 ? ("interface.bias", parts, 0, 0) : nil
    case .interfaceNormScale: return c.normalizesInterface ? ("interface.norm_scale", parts, 0, 0) : nil
    case .outputWeight: return ("output.weight", c.Y, outputInputs, outputInputs)
    case .outputBias: return ("output.bias", c.Y, 0, 0)
    case .initialMemory: return isLearned ? ("initial.memory", c.N, c.W, c.W) : nil
    case .initialReadVectors: return isLearned ? ("initial.read_vectors", c.R, c.W, 0) : nil
    case .initialReadWeightLogits: return isLearned ? ("initial.read_weight_logits", c.R, c.N, 0) : nil
    case .initialWriteWeightLogits:
      return c.learnsWriteWeights ? ("initial.write_weight_logits", c.K, c.N, 0) : nil
    }
  }

  /// Bytes of the longest name, with its closing zero.
  static let nameBytes = 48

  /// The tensors in their order.
  struct Iterator: IteratorProtocol {
    let c: Configuration
    private var position = 0
    private var index = 0
    private var offset = 0
    private var panelOffset = 0

    init(_ configuration: Configuration) { c = configuration }

    // Not inlined into every loop over the tensors.
    @inline(never) mutating func next() -> Tensor? {
      let inLayers = c.L * Kind.perLayer
      while true {
        let isInLayer = position < inLayers
        let number = isInLayer ? position % Kind.perLayer : position - inLayers + Kind.perLayer
        let layer = isInLayer ? position / Kind.perLayer : 0
        guard let kind = Kind(rawValue: number) else { return nil }
        position += 1
        guard let (name, rows, columns, fanIn) = ParameterLayout.row(kind, layer: layer, c) else { continue }
        let tensor = Tensor(
          index: index, kind: kind, layer: layer, offset: offset, panelOffset: panelOffset, name: name, rows: rows,
          columns: columns, bound: fanIn == 0 ? 0 : 1 / Double(fanIn).squareRoot())
        index += 1
        offset += tensor.count
        panelOffset += tensor.panelCount
        return tensor
      }
    }
  }

  func makeIterator() -> Iterator { Iterator(configuration) }

  var parameterCount: Int {
    var count = 0
    for tensor in self { count += tensor.count }
    return count
  }

  /// Room for the panels of all weights.
  var panelCount: Int {
    var count = 0
    for tensor in self { count += tensor.panelCount }
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
    if isInLayer {
      text.append("controller.")
      text.append(layer)
      text.append(".")
    }
    text.append(name)
  }
}
