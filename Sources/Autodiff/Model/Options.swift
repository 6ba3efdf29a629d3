/// The options of the network. The letters are those of model.md.
public struct Options: Sendable {
  public var X, Y, H, L, N, W, R, K, B: Int
  public var controller = Controller.lstm
  public var memory = Memory.dnc
  public var usageGradientStopped = false
  public var initialState = InitialState.zeros
  /// 0: no clamping.
  public var clipValue = 0.0

  // Of the DNC's memory.
  public var hasLinks = true
  public var hasMasks = false
  /// µ
  public var maskMinimum = 0.0
  public var deallocates = false
  public var sharpensLinks = false

  public var normalizesController = false
  public var normalizesInterface = false

  public enum Controller: Sendable, Equatable {
    case lstm, gru
    case feedforward(Activation)
    case rnn(Activation)
  }
  public enum Memory: Sendable { case dnc, ntm, none }
  public enum Activation: Sendable { case tanh, relu }
  public enum InitialState: Sendable, Equatable {
    case zeros, learned
    case constant(Double)
  }

  public init(X: Int, Y: Int, H: Int, L: Int = 1, N: Int, W: Int, R: Int = 1, K: Int = 1, B: Int = 1) {
    (self.X, self.Y, self.H, self.L, self.N, self.W, self.R, self.K, self.B) = (X, Y, H, L, N, W, R, K, B)
  }

  /// In a recurrent controller, every layer sees χ and its own outputs at t − 1, and ν holds the outputs of all layers. In a
  /// feedforward controller, only the first layer sees χ, and ν is the output of the last.
  var isRecurrent: Bool {
    if case .feedforward = controller { false } else { true }
  }
  /// Blocks of H rows in a layer's weights.
  var gates: Int {
    switch controller {
    case .lstm: 4
    case .gru: 3
    case .feedforward, .rnn: 1
    }
  }
  /// V, the width of ν.
  public var controllerWidth: Int { isRecurrent ? L * H : H }
  /// R·W, the width of all read vectors of a sequence; 0 without a memory.
  var readWidth: Int { memory == .none ? 0 : R * W }

  /// The width of ξ. `DNCInterface` and `NTMInterface` cut it.
  var interfaceWidth: Int {
    let heads = R + K
    let contentAndWrites = heads * (W + 1) + 2 * K * W
    switch memory {
    case .none: return 0
    case .ntm: return contentAndWrites + heads * (1 + 3 + 1)
    case .dnc:
      return contentAndWrites + R + 2 * K + (hasLinks ? R * (2 * K + 1) : 0) + (hasMasks ? heads * W : 0)
        + (sharpensLinks ? 2 * R * K : 0)
    }
  }

  /// Names and shapes in their order; a vector is one row.
  public var parameterShapes: [(name: String, rows: Int, columns: Int)] {
    var shapes: [(String, Int, Int)] = []
    for l in 0..<L { shapes += layerShapes(l).map { ("controller.\(l).\($0)", $1, $2) } }
    if memory != .none {
      shapes.append(("interface.weight", interfaceWidth, controllerWidth))
      shapes.append(("interface.bias", 1, interfaceWidth))
      if normalizesInterface { shapes.append(("interface.norm_scale", 1, interfaceWidth)) }
    }
    shapes.append(("output.weight", Y, controllerWidth + readWidth))
    shapes.append(("output.bias", 1, Y))
    if initialState == .learned && memory != .none {
      shapes.append(("initial.memory", N, W))
      shapes.append(("initial.read_vectors", R, W))
      shapes.append(("initial.read_weight_logits", R, N))
      if memory == .ntm { shapes.append(("initial.write_weight_logits", K, N)) }
    }
    return shapes
  }

  private func layerShapes(_ l: Int) -> [(name: String, rows: Int, columns: Int)] {
    let units = gates * H
    let input = X + readWidth
    var shapes =
      isRecurrent
      ? [("weight_ih", units, input + (l > 0 ? H : 0)), ("weight_hh", units, H)]
      : [("weight", units, l > 0 ? H : input)]
    shapes.append(("bias", 1, units))
    if controller == .gru { shapes.append(("bias_hh", 1, H)) }
    if normalizesController {
      shapes.append(("norm_scale", 1, units))
      if controller == .lstm { shapes += [("cell_norm_scale", 1, H), ("cell_norm_bias", 1, H)] }
    }
    return shapes
  }
}
