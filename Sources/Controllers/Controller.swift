/// The controllers, each a room of its own. A new one is a file, a case, and a line in `visit`.
enum Controller: UInt32 {
  case lstm = 0
  case feedforward = 1
  case rnn = 3

  static let last = Controller.rnn

  func visit<Visitor: ControllerVisitor>(_ visitor: Visitor) -> Visitor.Result {
    switch self {
    case .lstm: visitor.visit(LSTM.self)
    case .feedforward: visitor.visit(Feedforward.self)
    case .rnn: visitor.visit(RNN.self)
    }
  }
}

/// What the network around a controller has to know of it.
struct ControllerTraits {
  /// Pre-activations of a unit.
  var gates = 1
  /// The one whose bias starts at 1, if there is one.
  var forgetGate: Int?
  /// A layer sees its own outputs of the step before.
  var isRecurrent = false
  /// A layer carries a cell from step to step.
  var hasCell = false
  /// Every layer sees χ, not only the first.
  var everyLayerSeesInput = false
  /// ν is made of all layers' outputs, not only of the last one's.
  var showsAllLayers = false
}

/// A controller: its traits, and what a layer makes of its pre-activations z, element by element.
protocol ControllerRoom {
  static var traits: ControllerTraits { get }
  static func forward<Scalar: Real>(_ layer: ControllerLayer<Scalar>)
  static func backward<Scalar: Real>(_ layer: ControllerLayerGradient<Scalar>)
}

protocol ControllerVisitor {
  associatedtype Result
  func visit<Room: ControllerRoom>(_ room: Room.Type) -> Result
}

/// A layer in a step, for B sequences that follow each other; H units.
struct ControllerLayer<Scalar: Real> {
  let batch, hiddenSize: Int
  let activation: Activation
  /// 0: no clamping.
  let clip: Scalar
  /// [B, gates·H]. In: z. Out: what `backward` needs of it.
  let gates: Out<Scalar>
  /// c_{t-1} [B, H]. May be `cell`.
  let previousCell: In<Scalar>
  /// Out: c_t, clamped, and tanh of the c_t that is not [B, H].
  let cell, cellTanh: Out<Scalar>
  /// Out: h_t [B, H], clamped.
  let hidden: MutableRows<Scalar>
}

/// The same layer backwards.
struct ControllerLayerGradient<Scalar: Real> {
  let batch, hiddenSize: Int
  let activation: Activation
  let clip: Scalar
  /// [B, gates·H]. In: as `forward` left it. Out: the gradient of z.
  let gates: Out<Scalar>
  /// As `forward` found and left them.
  let previousCell, cellTanh: In<Scalar>
  /// Of h_t [B, H].
  let hiddenGradient: Rows<Scalar>
  /// [B, H]. In: of c_t. Out: of c_{t-1}.
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
