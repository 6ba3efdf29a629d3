/// Section 1 of model.md, for all sequences at once.
extension Model {
  /// Replaces h and c in the state.
  /// - Parameter input: χ [B, X + R·W].
  /// - Returns: ν [B, V].
  func controller(_ input: Matrix<Scalar>, _ state: inout State<Scalar>) -> Matrix<Scalar> {
    if case .feedforward(let activation) = options.controller {
      return (0..<options.L).reduce(input) { a, l in
        let z = a.times(transposed: parameter("controller.\(l).weight")) + parameter("controller.\(l).bias")
        return activate(z, activation)
      }
    }
    for l in 0..<options.L {
      let layerInput = l == 0 ? input : .joined(columns: [input, state.hidden[l - 1]])
      let z = recurrent(layer: l, layerInput, state.hidden[l])
      if case .rnn(let activation) = options.controller {
        state.hidden[l] = activate(z, activation)
      } else {
        (state.hidden[l], state.cells[l]) = lstm(z, state.cells[l])
      }
    }
    return .joined(columns: state.hidden)
  }

  /// W_ih a + W_hh h_{t−1} + b
  private func recurrent(layer l: Int, _ input: Matrix<Scalar>, _ hidden: Matrix<Scalar>) -> Matrix<Scalar> {
    input.times(transposed: parameter("controller.\(l).weight_ih"))
      + hidden.times(transposed: parameter("controller.\(l).weight_hh")) + parameter("controller.\(l).bias")
  }

  /// z cut into i, f, g, o
  ///
  ///     c_t = σ(f) ∘ c_{t−1} + σ(i) ∘ tanh(g)        h_t = σ(o) ∘ tanh(c_t)
  ///
  /// h comes from the unclamped c, then both are clamped.
  private func lstm(_ z: Matrix<Scalar>, _ cell: Matrix<Scalar>) -> (hidden: Matrix<Scalar>, cell: Matrix<Scalar>) {
    let H = options.H
    func gate(_ i: Int) -> Matrix<Scalar> { z.columns(i * H..<(i + 1) * H) }

    let c = gate(1).sigmoid * cell + gate(0).sigmoid * gate(2).tanh
    let h = gate(3).sigmoid * c.tanh
    return (h.clamped(to: clip), c.clamped(to: clip))
  }

  /// h = φ(z), clamped
  private func activate(_ z: Matrix<Scalar>, _ activation: Options.Activation) -> Matrix<Scalar> {
    (activation == .tanh ? z.tanh : z.relu).clamped(to: clip)
  }
}
