/// Section 1 of model.md, for all sequences at once.
extension Model {
  /// Replaces h and c in the state.
  /// - Parameter input: χ [B, X + R·W].
  /// - Returns: ν [B, V].
  func controller(_ input: Matrix<Scalar>, _ state: inout State<Scalar>) -> Matrix<Scalar> {
    if case .feedforward(let activation) = options.controller {
      return (0..<options.L).reduce(input) { a, l in activate(biased(sums(l, "weight", a), l), activation) }
    }
    for l in 0..<options.L {
      let a = l == 0 ? input : .joined(columns: [input, state.hidden[l - 1]])
      switch options.controller {
      case .lstm: (state.hidden[l], state.cells[l]) = lstm(l, a, state.hidden[l], state.cells[l])
      case .gru: state.hidden[l] = gru(l, a, state.hidden[l])
      case .rnn(let activation), .feedforward(let activation):
        state.hidden[l] = activate(biased(sums(l, a, state.hidden[l]), l), activation)
      }
    }
    return .joined(columns: state.hidden)
  }

  /// z = W_ih a + W_hh h_{t−1} + b, cut into i, f, g, o
  ///
  ///     c_t = σ(f) ∘ c_{t−1} + σ(i) ∘ tanh(g)        h_t = σ(o) ∘ tanh(c_t)
  ///
  /// h comes from the unclamped c, then both are clamped. With normalization it comes from γ_c ∘ LN(c_t) + b_c, and c_t is carried
  /// on as it is.
  private func lstm(
    _ l: Int, _ a: Matrix<Scalar>, _ hidden: Matrix<Scalar>, _ cell: Matrix<Scalar>
  ) -> (hidden: Matrix<Scalar>, cell: Matrix<Scalar>) {
    let z = biased(sums(l, a, hidden), l)
    let c = block(1, z).sigmoid * cell + block(0, z).sigmoid * block(2, z).tanh
    var shown = c
    if options.normalizesController {
      shown = layer(l, "cell_norm_scale") * normalized(c) + layer(l, "cell_norm_bias")
    }
    let h = block(3, z).sigmoid * shown.tanh
    return (h.clamped(to: clip), c.clamped(to: clip))
  }

  /// r = σ(W_r a + U_r h + b_r)        z = σ(W_z a + U_z h + b_z)        n = tanh(W_n a + b_n + r ∘ (U_n h + c))
  ///
  ///     h_t = (1 − z) ∘ n + z ∘ h        h = h_{t−1}
  ///
  /// Normalization takes W_r a + U_r h, W_z a + U_z h and W_n a as one vector.
  /// - Parameter hidden: h.
  private func gru(_ l: Int, _ a: Matrix<Scalar>, _ hidden: Matrix<Scalar>) -> Matrix<Scalar> {
    let ofInput = sums(l, "weight_ih", a)
    let ofHidden = sums(l, "weight_hh", hidden)
    let gates = ofInput.columns(0..<2 * options.H) + ofHidden.columns(0..<2 * options.H)
    let s = biased(.joined(columns: [gates, block(2, ofInput)]), l)
    let (r, z) = (block(0, s).sigmoid, block(1, s).sigmoid)
    let n = (block(2, s) + r * (block(2, ofHidden) + layer(l, "bias_hh"))).tanh
    return ((1 - z) * n + z * hidden).clamped(to: clip)
  }

  /// h = act(z), clamped
  private func activate(_ z: Matrix<Scalar>, _ activation: Options.Activation) -> Matrix<Scalar> {
    (activation == .tanh ? z.tanh : z.relu).clamped(to: clip)
  }

  /// W_ih a + W_hh h_{t−1}
  private func sums(_ l: Int, _ a: Matrix<Scalar>, _ hidden: Matrix<Scalar>) -> Matrix<Scalar> {
    sums(l, "weight_ih", a) + sums(l, "weight_hh", hidden)
  }

  private func sums(_ l: Int, _ weight: String, _ a: Matrix<Scalar>) -> Matrix<Scalar> {
    a.times(transposed: layer(l, weight))
  }

  private func biased(_ sums: Matrix<Scalar>, _ l: Int) -> Matrix<Scalar> {
    biased(sums, "controller.\(l)", normalizes: options.normalizesController)
  }

  private func layer(_ l: Int, _ name: String) -> Matrix<Scalar> { parameter("controller.\(l).\(name)") }

  /// The i-th H columns.
  private func block(_ i: Int, _ z: Matrix<Scalar>) -> Matrix<Scalar> {
    z.columns(i * options.H..<(i + 1) * options.H)
  }
}
