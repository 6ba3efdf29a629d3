/// The options of the network. The letters are those of model.md.
public struct Options: Sendable {
  public var X, Y, H, L, N, W, R, K, B: Int
  public var controller = Controller.lstm
  public var usageGradientStopped = false
  public var initialState = InitialState.zeros
  /// 0: no clamping.
  public var clipValue = 0.0

  public enum Controller: Sendable, Equatable {
    case lstm
    case feedforward(Activation)
    case rnn(Activation)
  }
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
  /// V, the width of ν.
  var controllerWidth: Int { isRecurrent ? L * H : H }
  /// Widths of the parts of ξ: read keys and strengths, write keys and strengths, erase and write vectors, free gates,
  /// allocation gates, write gates, read modes.
  var interfaceWidths: [Int] { [R * W, R, K * W, K, K * W, K * W, R, K, K, R * (2 * K + 1)] }

  /// Names and shapes in their order; a vector is one row.
  public var parameterShapes: [(name: String, rows: Int, columns: Int)] {
    var shapes: [(String, Int, Int)] = []
    for l in 0..<L {
      let units = controller == .lstm ? 4 * H : H
      if isRecurrent {
        shapes.append(("controller.\(l).weight_ih", units, X + R * W + (l > 0 ? H : 0)))
        shapes.append(("controller.\(l).weight_hh", units, H))
      } else {
        shapes.append(("controller.\(l).weight", units, l > 0 ? H : X + R * W))
      }
      shapes.append(("controller.\(l).bias", 1, units))
    }
    let interfaceWidth = interfaceWidths.reduce(0, +)
    shapes.append(("interface.weight", interfaceWidth, controllerWidth))
    shapes.append(("interface.bias", 1, interfaceWidth))
    shapes.append(("output.weight", Y, controllerWidth + R * W))
    shapes.append(("output.bias", 1, Y))
    if initialState == .learned {
      shapes.append(("initial.memory", N, W))
      shapes.append(("initial.read_vectors", R, W))
      shapes.append(("initial.read_weight_logits", R, N))
    }
    return shapes
  }
}
