/// A controller without a memory of its own (model.md, section 1): h = act(W a + b), clamped, where a is χ or the layer
/// below.
enum Feedforward: ControllerRoom {
  static var traits: ControllerTraits { ControllerTraits() }

  static func forward<Scalar: Real>(_ layer: ControllerLayer<Scalar>) { Activation.forward(layer) }

  static func backward<Scalar: Real>(_ layer: ControllerLayerGradient<Scalar>) { Activation.backward(layer) }
}
