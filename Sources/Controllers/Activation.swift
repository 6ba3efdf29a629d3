import CKernels

/// The function act of the controllers with a choice of activation: h = act(z), clamped; relu'(0) = 0.
enum Activation: UInt32 {
  case tanh = 0
  case relu = 1

  /// Replaces z by act(z), not clamped.
  static func forward<Scalar: Real>(_ layer: ControllerLayer<Scalar>) {
    let (B, H) = (layer.batch, layer.hiddenSize)
    if layer.activation == .tanh, let fast = Scalar.kernels?.pointee.tanhForward {
      var operands = TanhForwardOperands(
        batch: B, hiddenSize: H, clip: Float(layer.clip), activations: layer.gates.float,
        hidden: layer.hidden.start.float, hiddenStride: layer.hidden.stride)
      return fast(&operands)
    }
    for b in 0..<B {
      let activations = layer.gates + b * H
      for n in 0..<H {
        let z = activations[n]
        let h =
          switch layer.activation {
          case .tanh: Scalar.tanh(z)
          case .relu: z < 0 ? 0 : z
          }
        activations[n] = h
        layer.hidden[b][n] = h.clamped(to: layer.clip)
      }
    }
  }

  static func backward<Scalar: Real>(_ layer: ControllerLayerGradient<Scalar>) {
    let H = layer.hiddenSize
    for b in 0..<layer.batch {
      let activations = layer.gates + b * H
      for n in 0..<H {
        let h = activations[n]
        let hGradient = h.passes(layer.clip) ? layer.hiddenGradient[b][n] : 0
        activations[n] =
          switch layer.activation {
          case .tanh: hGradient * (1 - h * h)
          case .relu: h > 0 ? hGradient : 0
          }
      }
    }
  }
}
