import CKernels

/// Long short-term memory (model.md, section 1), the element-wise part of one layer:
///
///     i = σ(z_i)   f = σ(z_f)   g = tanh(z_g)   o = σ(z_o)
///     c_t = f ∘ c_{t-1} + i ∘ g        h_t = o ∘ tanh(c_t)
///
/// The pre-activations z = W_ih [χ; h of the layer below] + W_hh h_{t-1} + b come in the order i, f, g, o. With a clip value,
/// h is computed from the unclamped c, then both are clamped. With a norm, h_t = o ∘ tanh(γ ∘ LN(c_t) + b), and c_t is
/// carried on as it is.
enum LSTM: ControllerRoom {
  static var traits: ControllerTraits {
    ControllerTraits(
      gates: 4, forgetGate: 1, isRecurrent: true, hasCell: true, everyLayerSeesInput: true, showsAllLayers: true)
  }

  static func forward<Scalar: Real>(_ layer: ControllerLayer<Scalar>) {
    let (B, H) = (layer.batch, layer.hiddenSize)
    if layer.cellNorm == nil, let fast = Scalar.kernels?.pointee.lstmForward {
      var operands = LSTMForwardOperands(
        batch: B, hiddenSize: H, clip: Float(layer.clip), gates: layer.gates.float,
        previousCell: layer.previousCell.float, cell: layer.cell.float, cellTanh: layer.cellTanh.float,
        hidden: layer.hidden.start.float, hiddenStride: layer.hidden.stride)
      return fast(&operands)
    }
    for b in 0..<B {
      let (i, f, g, o) = gates(of: layer.gates + b * 4 * H, H)
      let previousCell = layer.previousCell + b * H
      let cell = layer.cell + b * H
      let cellTanh = layer.cellTanh + b * H
      let hidden = layer.hidden[b]
      Elementwise.sigmoid(2 * H, i)
      Elementwise.tanh(H, g)
      Elementwise.sigmoid(H, o)
      for n in 0..<H {
        let c = f[n] * previousCell[n] + i[n] * g[n]
        cellTanh[n] = c
        cell[n] = c.clamped(to: layer.clip)
      }
      if let norm = layer.cellNorm {
        let shown = MutableRows(cellTanh, stride: H)
        LayerNorm(rows: 1, count: H).forward(
          sums: shown.reading, scale: norm.scale, bias: norm.bias, kept: norm.kept.dropping(rows: b), output: shown)
      }
      Elementwise.tanh(H, cellTanh)
      for n in 0..<H {
        hidden[n] = (o[n] * cellTanh[n]).clamped(to: layer.clip)
      }
    }
  }

  static func backward<Scalar: Real>(_ layer: ControllerLayerGradient<Scalar>) {
    let (B, H) = (layer.batch, layer.hiddenSize)
    if layer.cellNorm == nil, let fast = Scalar.kernels?.pointee.lstmBackward {
      var operands = LSTMBackwardOperands(
        batch: B, hiddenSize: H, clip: Float(layer.clip), gates: layer.gates.float,
        previousCell: layer.previousCell.float, cellTanh: In(layer.cellTanh.float),
        hiddenGradient: In(layer.hiddenGradient.start.float), hiddenStride: layer.hiddenGradient.stride,
        cellGradient: layer.cellGradient.float)
      return fast(&operands)
    }
    for b in 0..<B {
      let (i, f, g, o) = gates(of: layer.gates + b * 4 * H, H)
      let previousCell = layer.previousCell + b * H
      let cellTanh = layer.cellTanh + b * H
      let hiddenGradient = layer.hiddenGradient[b]
      let cellGradient = layer.cellGradient + b * H
      for n in 0..<H {
        let tanhC = cellTanh[n]
        let hGradient = (o[n] * tanhC).passes(layer.clip) ? hiddenGradient[n] : 0
        hiddenGradient[n] = hGradient * o[n] * (1 - tanhC * tanhC)
        o[n] = hGradient * tanhC * o[n] * (1 - o[n])
      }
      // From here on, the gradient of the cell that h shows.
      let shownGradient = hiddenGradient
      if let norm = layer.cellNorm {
        copyValues(H, shownGradient, to: cellTanh)
        LayerNorm(rows: 1, count: H).backward(
          scale: norm.scale, kept: norm.kept.dropping(rows: b).reading, outputGradient: Rows(cellTanh, stride: H),
          sumsGradient: MutableRows(shownGradient, stride: H))
      }
      for n in 0..<H {
        let previousC = previousCell[n]
        let c = f[n] * previousC + i[n] * g[n]
        let clampedCGradient = c.passes(layer.clip) ? cellGradient[n] : 0
        let cGradient = clampedCGradient + shownGradient[n]
        cellGradient[n] = cGradient * f[n]

        let iGradient = cGradient * g[n]
        let gGradient = cGradient * i[n]
        i[n] = iGradient * i[n] * (1 - i[n])
        f[n] = cGradient * previousC * f[n] * (1 - f[n])
        g[n] = gGradient * (1 - g[n] * g[n])
      }
    }
  }

  private static func gates<Scalar>(
    of sequence: Out<Scalar>, _ H: Int
  ) -> (i: Out<Scalar>, f: Out<Scalar>, g: Out<Scalar>, o: Out<Scalar>) {
    (sequence, sequence + H, sequence + 2 * H, sequence + 3 * H)
  }
}
