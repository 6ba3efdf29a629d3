/// The element-wise part of one layer of the feedforward controller (model.md, section 1): h = φ(z), clamped, with
/// z = W a + b from `Linear`, and φ = tanh or relu; relu'(0) = 0.
enum Feedforward {
  /// - Parameters:
  ///   - activations: [B, H]. In: z. Out: φ(z), not clamped.
  ///   - hidden: out, h [B, H].
  static func forward<Scalar: Real>(
    batch: Int, hiddenSize H: Int, activation: Activation, clip: Scalar, activations: Out<Scalar>,
    hidden: Rows<Scalar>
  ) {
    if activation == .tanh, let fast = Scalar.kernels?.feedforwardForward {
      return fast(batch, H, Float(clip), activations.float, hidden.start.float, hidden.stride)
    }
    for b in 0..<batch {
      for n in 0..<H {
        let z = activations[b * H + n]
        let h =
          switch activation {
          case .tanh: Scalar.tanh(z)
          case .relu: z < 0 ? 0 : z
          }
        activations[b * H + n] = h
        hidden[b][n] = h.clamped(to: clip)
      }
    }
  }

  /// - Parameters:
  ///   - activations: [B, H]. In: φ(z). Out: the gradient of z.
  ///   - hiddenGradient: of h [B, H].
  static func backward<Scalar: Real>(
    batch: Int, hiddenSize H: Int, activation: Activation, clip: Scalar, activations: Out<Scalar>,
    hiddenGradient: Rows<Scalar>
  ) {
    for b in 0..<batch {
      for n in 0..<H {
        let h = activations[b * H + n]
        let hGradient = h.passes(clip) ? hiddenGradient[b][n] : 0
        activations[b * H + n] =
          switch activation {
          case .tanh: hGradient * (1 - h * h)
          case .relu: h > 0 ? hGradient : 0
          }
      }
    }
  }
}

/// φ of the feedforward controller.
enum Activation: UInt32 {
  case tanh = 0
  case relu = 1
}
