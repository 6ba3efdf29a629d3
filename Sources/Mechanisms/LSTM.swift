/// The element-wise part of one LSTM layer (model.md, section 1), for B sequences; H units.
///
///     i = σ(z_i)   f = σ(z_f)   g = tanh(z_g)   o = σ(z_o)
///     c_t = f ∘ c_{t-1} + i ∘ g        h_t = o ∘ tanh(c_t)
///
/// The pre-activations z = W_ih [χ; h of the layer below] + W_hh h_{t-1} + b are `Linear`'s work. With a clip value,
/// h is computed from the unclamped c, then both are clamped.
enum LSTM {
  /// - Parameters:
  ///   - gates: [B, 4H], order i, f, g, o. In: z. Out: the activated gates.
  ///   - previousCell: c_{t-1} [B, H]. May be `cell`.
  ///   - cell: out, c_t [B, H], clamped.
  ///   - cellTanh: out, tanh of the unclamped c_t [B, H].
  ///   - hidden: out, h_t [B, H], clamped.
  static func forward<Scalar: Real>(
    batch: Int, hiddenSize H: Int, clip: Scalar, gates: Out<Scalar>, previousCell: In<Scalar>,
    cell: Out<Scalar>, cellTanh: Out<Scalar>, hidden: Rows<Scalar>
  ) {
    if let fast = Scalar.kernels?.lstmForward {
      return fast(
        batch, H, Float(clip), gates.float, previousCell.float, cell.float, cellTanh.float, hidden.start.float,
        hidden.stride)
    }
    for b in 0..<batch {
      let i = gates + b * 4 * H
      let f = i + H
      let g = f + H
      let o = g + H
      for n in 0..<H {
        i[n] = .sigmoid(i[n])
        f[n] = .sigmoid(f[n])
        g[n] = .tanh(g[n])
        o[n] = .sigmoid(o[n])
        let c = f[n] * previousCell[b * H + n] + i[n] * g[n]
        cellTanh[b * H + n] = .tanh(c)
        cell[b * H + n] = c.clamped(to: clip)
        hidden[b][n] = (o[n] * cellTanh[b * H + n]).clamped(to: clip)
      }
    }
  }

  /// - Parameters:
  ///   - gates: [B, 4H]. In: the activated gates. Out: the gradient of z.
  ///   - previousCell, cellTanh: as `forward` found and left them.
  ///   - hiddenGradient: of h_t [B, H].
  ///   - cellGradient: [B, H]. In: of c_t. Out: of c_{t-1}.
  static func backward<Scalar: Real>(
    batch: Int, hiddenSize H: Int, clip: Scalar, gates: Out<Scalar>, previousCell: In<Scalar>,
    cellTanh: In<Scalar>, hiddenGradient: Rows<Scalar>, cellGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.lstmBackward {
      return fast(
        batch, H, Float(clip), gates.float, previousCell.float, cellTanh.float, hiddenGradient.start.float,
        hiddenGradient.stride, cellGradient.float)
    }
    for b in 0..<batch {
      let i = gates + b * 4 * H
      let f = i + H
      let g = f + H
      let o = g + H
      for n in 0..<H {
        let tanhC = cellTanh[b * H + n]
        let previousC = previousCell[b * H + n]
        let c = f[n] * previousC + i[n] * g[n]
        let hGradient = (o[n] * tanhC).passes(clip) ? hiddenGradient[b][n] : 0
        let clampedCGradient = c.passes(clip) ? cellGradient[b * H + n] : 0
        let cGradient = clampedCGradient + hGradient * o[n] * (1 - tanhC * tanhC)
        cellGradient[b * H + n] = cGradient * f[n]

        let iGradient = cGradient * g[n]
        let gGradient = cGradient * i[n]
        i[n] = iGradient * i[n] * (1 - i[n])
        f[n] = cGradient * previousC * f[n] * (1 - f[n])
        g[n] = gGradient * (1 - g[n] * g[n])
        o[n] = hGradient * tanhC * o[n] * (1 - o[n])
      }
    }
  }
}
