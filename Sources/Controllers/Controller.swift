/// The controllers. Each has a file of its own; a new one also needs a case here and a line in `visit`.
enum Controller: UInt32 {
  case lstm = 0
  case feedforward = 1
  case gru = 2
  case rnn = 3

  func visit<Visitor: ControllerVisitor>(_ visitor: Visitor) -> Visitor.Result {
    switch self {
    case .lstm: visitor.visit(LSTM.self)
    case .feedforward: visitor.visit(Feedforward.self)
    case .gru: visitor.visit(GRU.self)
    case .rnn: visitor.visit(RNN.self)
    }
  }
}

/// The properties of a controller that the network around it uses.
struct ControllerTraits {
  /// Number of pre-activations of a unit.
  var gates = 1
  /// The gate whose bias starts at 1, if there is one.
  var forgetGate: Int?
  /// True if a layer sees its own outputs of the step before.
  var isRecurrent = false
  /// True if the last gate takes U h_{t-1}, with a bias of its own, apart from its other products.
  var keepsLastProductApart = false
  /// True if h_t holds a part of h_{t-1} itself.
  var carriesHidden = false
  /// True if a layer carries a cell from step to step.
  var hasCell = false
  /// True if every layer sees χ; otherwise only the first does.
  var everyLayerSeesInput = false
  /// True if ν holds the outputs of all layers; otherwise only those of the last.
  var showsAllLayers = false
}

/// A controller: its traits, and the element-wise function of a layer from its pre-activations z to its outputs.
protocol ControllerRoom {
  static var traits: ControllerTraits { get }
  static func forward<Scalar: Real>(_ layer: ControllerLayer<Scalar>)
  static func backward<Scalar: Real>(_ layer: ControllerLayerGradient<Scalar>)
}

protocol ControllerVisitor {
  associatedtype Result
  func visit<Room: ControllerRoom>(_ room: Room.Type) -> Result
}

/// γ ∘ LN(c_t) + b in place of c_t, where h_t shows it: see `LayerNorm`.
struct CellNorm<Scalar: Real> {
  /// γ, b [H].
  let scale, bias: In<Scalar>
  /// [B, H + 1]. `forward` writes it for `backward`.
  let kept: MutableRows<Scalar>
}

/// The arrays of a layer of H units in a step, for B consecutive sequences.
struct ControllerLayer<Scalar: Real> {
  let batch, hiddenSize: Int
  let activation: Activation
  /// 0: no clamping.
  let clip: Scalar
  /// [B, gates·H]. In: z. Out: the values that `backward` needs.
  let gates: Out<Scalar>
  /// c_{t-1} [B, H]. May be the same array as `cell`.
  let previousCell: In<Scalar>
  /// Out: the clamped c_t, and tanh of what h_t shows of the unclamped c_t [B, H].
  let cell, cellTanh: Out<Scalar>
  /// nil if h_t shows c_t as it is.
  let cellNorm: CellNorm<Scalar>?
  /// Of a controller that keeps it apart: the last gate's U h_{t-1} and bias [B, H].
  let productApart: MutableRows<Scalar>
  /// h_{t-1} [B, H]. May be the same array as `hidden`.
  let previousHidden: Rows<Scalar>
  /// Out: h_t [B, H], clamped.
  let hidden: MutableRows<Scalar>
}

/// The arrays of the same layer in backward.
struct ControllerLayerGradient<Scalar: Real> {
  let batch, hiddenSize: Int
  let activation: Activation
  let clip: Scalar
  /// [B, gates·H]. In: as `forward` left it. Out: the gradient of z.
  let gates: Out<Scalar>
  /// As `forward` read it.
  let previousCell: In<Scalar>
  /// In: as `forward` wrote it. Out, of a normalized cell: the gradient of γ ∘ LN(c_t) + b.
  let cellTanh: Out<Scalar>
  let cellNorm: CellNorm<Scalar>?
  /// In: as `forward` read it. Out: its gradient.
  let productApart: MutableRows<Scalar>
  /// h_{t-1} as `forward` read it.
  let previousHidden: Rows<Scalar>
  /// [B, H]. In: the gradient of h_t. Out, of a controller that carries h: that of h_{t-1}, but for U h_{t-1};
  /// of another: anything.
  let hiddenGradient: MutableRows<Scalar>
  /// [B, H]. In: the gradient of c_t. Out: that of c_{t-1}.
  let cellGradient: Out<Scalar>
}

extension Controller {
  var traits: ControllerTraits { visit(TraitsOf()) }

  func forward<Scalar: Real>(_ layer: ControllerLayer<Scalar>) { visit(Forward(layer: layer)) }

  func backward<Scalar: Real>(_ layer: ControllerLayerGradient<Scalar>) { visit(Backward(layer: layer)) }

  private struct TraitsOf: ControllerVisitor {
    func visit<Room: ControllerRoom>(_ room: Room.Type) -> ControllerTraits { Room.traits }
  }

  private struct Forward<Scalar: Real>: ControllerVisitor {
    let layer: ControllerLayer<Scalar>
    func visit<Room: ControllerRoom>(_ room: Room.Type) { Room.forward(layer) }
  }

  private struct Backward<Scalar: Real>: ControllerVisitor {
    let layer: ControllerLayerGradient<Scalar>
    func visit<Room: ControllerRoom>(_ room: Room.Type) { Room.backward(layer) }
  }
}
