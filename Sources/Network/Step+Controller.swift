/// The matrix products around a layer of any controller. The controller's own equations are in its file.
extension Step {
  /// Layer l, after the inputs' share: z += W_r r + W_h h of the layer below + U h_{t-1}, then the controller's
  /// `forward`.
  func controller(layer l: Int, row: Int, previous: Int, current: Int) {
    let units = c.gates * c.H
    let seen = c.seesInput(layer: l) ? c.controllerInput : 0
    let weight = weight(.inputWeight, layer: l)
    let z = rows(planes[.gates].layer(l), row)
    var read: Linear.Term<Scalar>?
    if c.seesInput(layer: l) {
      let term = Linear.Term(
        weight.dropping(columns: c.X), rows(planes[.readVectors], previous).reading, inputs: c.readWidth)
      Linear.forward(
        rows: batch, outputs: units, inputs: c.readWidth, weight: term.weight, input: term.input, output: z)
      read = term
    }
    var below: Linear.Term<Scalar>?
    if l > 0 {
      let term = Linear.Term(weight.dropping(columns: seen), hidden(l - 1, current).reading, inputs: c.H)
      Linear.forward(rows: batch, outputs: units, inputs: c.H, weight: term.weight, input: term.input, output: z)
      below = term
    }
    var before: Linear.Term<Scalar>?
    if c.traits.isRecurrent {
      let term = Linear.Term(
        self.weight(.recurrentWeight, layer: l), hidden(l, previous).reading, inputs: c.H)
      Linear.forward(rows: batch, outputs: units, inputs: c.H, weight: term.weight, input: term.input, output: z)
      before = term
    }
    Linear.saturate(
      rows: batch, outputs: units, bias: parameters.vector(.controllerBias, layer: l),
      Linear.Term(weight, rows(planes[.input], row).reading, inputs: min(seen, c.X)), read, below, before, output: z)
    let cell = planes[.cell].layer(l)
    c.controller.forward(
      ControllerLayer(
        batch: batch, hiddenSize: c.H, activation: c.activation, clip: clip, gates: z.start,
        previousCell: cell[previous, sequences.lowerBound], cell: cell[current, sequences.lowerBound],
        cellTanh: planes[.cellTanh].layer(l)[row, sequences.lowerBound], hidden: hidden(l, current)))
  }

  func controllerBackward(layer l: Int, step t: Int, gradient: Planes<Scalar>) {
    let units = c.gates * c.H
    let z = rows(planes[.gates].layer(l), t)
    let weight = parameters.rows(.inputWeight, layer: l)
    let hiddenGradient = rows(gradient[.hidden], 0).dropping(columns: l * c.H)
    c.controller.backward(
      ControllerLayerGradient(
        batch: batch, hiddenSize: c.H, activation: c.activation, clip: clip, gates: z.start,
        previousCell: planes[.cell].layer(l)[t, sequences.lowerBound],
        cellTanh: planes[.cellTanh].layer(l)[t, sequences.lowerBound], hiddenGradient: hiddenGradient.reading,
        cellGradient: gradient[.cell].layer(l)[0, sequences.lowerBound]))
    for b in 0..<batch { setZero(c.H, hiddenGradient[b]) }
    func backward(_ weight: Rows<Scalar>, inputs: Int, to inputGradient: MutableRows<Scalar>) {
      Linear.backward(
        rows: batch, outputs: units, inputs: inputs, weight: weight, outputGradient: z.reading,
        inputGradient: inputGradient)
    }
    if c.traits.isRecurrent { backward(parameters.rows(.recurrentWeight, layer: l), inputs: c.H, to: hiddenGradient) }
    if c.seesInput(layer: l) {
      backward(weight.dropping(columns: c.X), inputs: c.readWidth, to: rows(gradient[.readVectors], 0))
    }
    if l > 0 {
      backward(
        weight.dropping(columns: c.seesInput(layer: l) ? c.controllerInput : 0), inputs: c.H,
        to: rows(gradient[.hidden], 0).dropping(columns: (l - 1) * c.H))
    }
  }

  /// h of layer l for the step's sequences.
  private func hidden(_ l: Int, _ row: Int) -> MutableRows<Scalar> {
    rows(planes[.hidden], row).dropping(columns: l * c.H)
  }
}
