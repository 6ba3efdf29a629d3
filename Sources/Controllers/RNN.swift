/// The plain recurrent controller (Elman 1990): h_t = act(W_ih a + W_hh h_{t-1} + b), clamped, where a is that of the LSTM,
/// [χ; h of the layer below].
enum RNN: ControllerRoom {
  static var traits: ControllerTraits {
    ControllerTraits(isRecurrent: true, everyLayerSeesInput: true, showsAllLayers: true)
  }

  static func forward<Scalar: Real>(_ layer: ControllerLayer<Scalar>) { Activation.forward(layer) }

  static func backward<Scalar: Real>(_ layer: ControllerLayerGradient<Scalar>) { Activation.backward(layer) }
}
