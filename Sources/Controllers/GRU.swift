/// The gated recurrent unit (Cho et al. 2014, in its usual later form; model.md, section 1), the element-wise part of a layer:
///
///     r = σ(z_r)   z = σ(z_z)   n = tanh(z_n + r ∘ q)   q = U_n h_{t-1} + b_hh
///     h_t = (1 − z) ∘ n + z ∘ h_{t-1}
///
/// The gates come in the order r, z, n. q, the candidate's recurrent product with a bias of its own, is apart from the rest.
enum GRU: ControllerRoom {
  static var traits: ControllerTraits {
    ControllerTraits(
      gates: 3, isRecurrent: true, keepsLastProductApart: true, carriesHidden: true, everyLayerSeesInput: true,
      showsAllLayers: true)
  }

  static func forward<Scalar: Real>(_ layer: ControllerLayer<Scalar>) {
    let (B, H) = (layer.batch, layer.hiddenSize)
    for b in 0..<B {
      let (r, z, n) = gates(of: layer.gates + b * 3 * H, H)
      let q = layer.productApart[b]
      let previousHidden = layer.previousHidden[b]
      let hidden = layer.hidden[b]
      Elementwise.sigmoid(2 * H, r)
      for i in 0..<H { n[i] += r[i] * q[i] }
      Elementwise.tanh(H, n)
      for i in 0..<H {
        hidden[i] = mixed(z[i], n[i], previousHidden[i]).clamped(to: layer.clip)
      }
    }
  }

  static func backward<Scalar: Real>(_ layer: ControllerLayerGradient<Scalar>) {
    let (B, H) = (layer.batch, layer.hiddenSize)
    for b in 0..<B {
      let (r, z, n) = gates(of: layer.gates + b * 3 * H, H)
      let q = layer.productApart[b]
      let previousHidden = layer.previousHidden[b]
      let hiddenGradient = layer.hiddenGradient[b]
      for i in 0..<H {
        let previousH = previousHidden[i]
        let hGradient = mixed(z[i], n[i], previousH).passes(layer.clip) ? hiddenGradient[i] : 0
        hiddenGradient[i] = hGradient * z[i]
        let sumGradient = hGradient * (1 - z[i]) * (1 - n[i] * n[i])
        z[i] = hGradient * (previousH - n[i]) * z[i] * (1 - z[i])
        n[i] = sumGradient
        // A large r q comes with a sum whose gradient is 0.
        let rGradient = sumGradient * (r[i] * q[i]) * (1 - r[i])
        q[i] = sumGradient * r[i]
        r[i] = rGradient
      }
    }
  }

  /// h_t before it is clamped.
  private static func mixed<Scalar: Real>(_ z: Scalar, _ n: Scalar, _ previousH: Scalar) -> Scalar {
    (1 - z) * n + z * previousH
  }

  private static func gates<Scalar>(
    of sequence: Out<Scalar>, _ H: Int
  ) -> (r: Out<Scalar>, z: Out<Scalar>, n: Out<Scalar>) {
    (sequence, sequence + H, sequence + 2 * H)
  }
}
