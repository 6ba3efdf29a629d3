/// The matrix products around a layer of any controller. The controller's own equations are in its file.
extension Step {
  /// Layer l, after the inputs' share: z += W_r r + W_h h of the layer below + U h_{t-1}, then the controller's
  /// `forward`.
  @inline(never) func controller(layer l: Int, row: Int, previous: Int, current: Int) {
    if c.traits.keepsLastProductApart { setApart(layer: l, row: row) }
    together { step in
      step.forEachPart(of: row) { $0.products(layer: l, row: row, previous: previous, current: current) }
    }
    forEachPart(of: row) { $0.units(layer: l, row: row, previous: previous, current: current) }
  }

  /// What is multiplied in a layer after the inputs' share.
  private enum Factor { case readVectors, hiddenBelow, hiddenBefore }

  /// W_r r, W_h h of the layer below or U h_{t-1}; nil if layer l has no such product.
  private func term(_ factor: Factor, layer l: Int, previous: Int, current: Int) -> Linear.Term<Scalar>? {
    let seesInput = c.seesInput(layer: l)
    switch factor {
    case .readVectors:
      guard seesInput else { return nil }
      return Linear.Term(
        weight(.inputWeight, layer: l).dropping(columns: c.X), rowsBefore(.readVectors, previous: previous).reading,
        inputs: c.readWidth)
    case .hiddenBelow:
      guard l > 0 else { return nil }
      return Linear.Term(
        weight(.inputWeight, layer: l).dropping(columns: seesInput ? c.controllerInput : 0),
        hidden(l - 1, current).reading, inputs: c.H)
    case .hiddenBefore:
      guard c.traits.isRecurrent else { return nil }
      return Linear.Term(weight(.recurrentWeight, layer: l), hiddenBefore(l, previous).reading, inputs: c.H)
    }
  }

  @inline(never) private func products(layer l: Int, row: Int, previous: Int, current: Int) {
    let z = rows(sums(layer: l), row)
    let columns = columns.ofOutputs(c.gates * c.H)
    func add(_ factor: Factor, to y: MutableRows<Scalar>) {
      guard let term = term(factor, layer: l, previous: previous, current: current) else { return }
      Linear.forward(
        rows: batch, outputs: columns.count, inputs: term.inputs,
        weight: term.weight.dropping(outputs: columns.lowerBound), input: term.input,
        output: y.dropping(columns: columns.lowerBound))
    }
    add(.readVectors, to: z)
    add(.hiddenBelow, to: z)
    add(.hiddenBefore, to: c.traits.keepsLastProductApart ? rows(planes[.recurrentProducts].layer(l), row) : z)
  }

  /// From layer l's products to its h.
  @inline(never) private func units(layer l: Int, row: Int, previous: Int, current: Int) {
    if c.traits.keepsLastProductApart {
      addRecurrentProducts(layer: l, row: row, previous: previous)
    }
    let z = rows(sums(layer: l), row)
    if !Linear.isModerate(rows: batch, outputs: c.gates * c.H, z.reading) {
      saturate(layer: l, row: row, previous: previous, current: current)
    }
    if c.normalizesController { normalize(layer: l, row: row) }
    c.controller.forward(gates(of: l, row: row, previous: previous, current: current))
  }

  @inline(never) private func saturate(layer l: Int, row: Int, previous: Int, current: Int) {
    func term(_ factor: Factor) -> Linear.Term<Scalar>? {
      self.term(factor, layer: l, previous: previous, current: current)
    }
    let z = rows(sums(layer: l), row)
    let bias = sumsBias(layer: l)
    let x = Linear.Term(
      weight(.inputWeight, layer: l), rows(planes[.input], row).reading,
      inputs: c.seesInput(layer: l) ? c.X : 0, tokens: tokens(row))
    let (read, below, shared) = (term(.readVectors), term(.hiddenBelow), c.sharedUnits)
    Linear.saturate(
      rows: batch, outputs: shared, bias: bias, x, read, below, term(.hiddenBefore), output: z)
    guard c.traits.keepsLastProductApart else { return }
    Linear.saturate(
      rows: batch, outputs: c.H, bias: bias.map { $0 + shared }, x.dropping(outputs: shared),
      read?.dropping(outputs: shared), below?.dropping(outputs: shared), output: z.dropping(columns: shared))
  }

  /// From layer l's products to its pre-activations, γ ∘ LN(s) + b.
  func normalize(layer l: Int, row: Int) {
    LayerNorm(rows: batch, count: c.gates * c.H).forward(
      sums: rows(sums(layer: l), row).reading, scale: parameters.vector(.normScale, layer: l),
      bias: parameters.vector(.controllerBias, layer: l), kept: rows(planes[.normalizedSums].layer(l), row),
      output: rows(planes[.gates].layer(l), row))
  }

  func normalizeBackward(layer l: Int, step t: Int) {
    LayerNorm(rows: batch, count: c.gates * c.H).backward(
      scale: parameters.vector(.normScale, layer: l), kept: rows(planes[.normalizedSums].layer(l), t).reading,
      outputGradient: rows(planes[.gates].layer(l), t).reading, sumsGradient: rows(sums(layer: l), t))
  }

  /// The arrays of layer l's own equations.
  func gates(of l: Int, row: Int, previous: Int, current: Int) -> ControllerLayer<Scalar> {
    let cell = planes[.cell].layer(l)
    return ControllerLayer(
      batch: batch, hiddenSize: c.H, activation: c.activation, clip: clip,
      gates: rows(planes[.gates].layer(l), row).start,
      previousCell: In(rowsBefore(.cell, layer: l, previous: previous).start),
      cell: cell[current, sequences.lowerBound], cellTanh: planes[.cellTanh].layer(l)[row, sequences.lowerBound],
      cellNorm: cellNorm(l, row), productApart: productApart(l, row), previousHidden: hiddenBefore(l, previous).reading,
      hidden: hidden(l, current))
  }

  /// The recurrent products of a controller that keeps the last gate's apart begin with that gate's own bias.
  private func setApart(layer l: Int, row: Int) {
    let shared = c.sharedUnits
    let products = rows(planes[.recurrentProducts].layer(l), row)
    for b in 0..<batch { setZero(shared, products[b]) }
    Linear.setBias(
      rows: batch, outputs: c.H, bias: parameters.vector(.recurrentBias, layer: l),
      output: products.dropping(columns: shared))
  }

  /// Repairs that gate's product, and adds the others' to z.
  private func addRecurrentProducts(
    layer l: Int, row: Int, previous: Int
  ) {
    let shared = c.sharedUnits
    let products = rows(planes[.recurrentProducts].layer(l), row)
    let term = Linear.Term(weight(.recurrentWeight, layer: l), hiddenBefore(l, previous).reading, inputs: c.H)
    Linear.saturate(
      rows: batch, outputs: c.H, bias: parameters.vector(.recurrentBias, layer: l), term.dropping(outputs: shared),
      output: productApart(l, row))
    for b in 0..<batch { addScaled(shared, 1, products[b], to: rows(sums(layer: l), row)[b]) }
  }

  func controllerBackward(layer l: Int, step t: Int, gradient: Planes<Scalar>) {
    forEachPart(of: t) { $0.unitsBackward(layer: l, step: t, gradient: gradient) }
    together { $0.productsBackward(layer: l, step: t, gradient: gradient) }
  }

  @inline(never) private func unitsBackward(layer l: Int, step t: Int, gradient: Planes<Scalar>) {
    let z = rows(sums(layer: l), t)
    let hiddenGradient = rows(gradient[.hidden], 0).dropping(columns: l * c.H)
    c.controller.backward(gatesGradient(of: l, step: t, gradient: gradient))
    if c.normalizesController { normalizeBackward(layer: l, step: t) }
    if !c.traits.carriesHidden {
      for b in 0..<batch { setZero(c.H, hiddenGradient[b]) }
    }
    if c.traits.keepsLastProductApart {
      for b in 0..<batch { copyValues(c.sharedUnits, z[b], to: rows(planes[.recurrentProducts].layer(l), t)[b]) }
    }
  }

  @inline(never) private func productsBackward(layer l: Int, step t: Int, gradient: Planes<Scalar>) {
    let z = rows(sums(layer: l), t)
    let weight = parameters.rows(.inputWeight, layer: l)
    func backward(
      _ weight: Rows<Scalar>, inputs: Int, from outputGradient: MutableRows<Scalar>,
      to inputGradient: MutableRows<Scalar>
    ) {
      let own = columns.ofInputs(inputs)
      Linear.backward(
        rows: batch, outputs: c.gates * c.H, inputs: own.count, weight: weight.dropping(columns: own.lowerBound),
        outputGradient: outputGradient.reading, inputGradient: inputGradient.dropping(columns: own.lowerBound))
    }
    if c.traits.isRecurrent {
      backward(
        parameters.rows(.recurrentWeight, layer: l), inputs: c.H,
        from: rows(planes[recurrentProductGradients].layer(l), t),
        to: rows(gradient[.hidden], 0).dropping(columns: l * c.H))
    }
    if c.seesInput(layer: l) {
      backward(weight.dropping(columns: c.X), inputs: c.readWidth, from: z, to: rows(gradient[.readVectors], 0))
    }
    if l > 0 {
      backward(
        weight.dropping(columns: c.seesInput(layer: l) ? c.controllerInput : 0), inputs: c.H, from: z,
        to: rows(gradient[.hidden], 0).dropping(columns: (l - 1) * c.H))
    }
  }

  /// The arrays of layer l's own equations, backwards.
  func gatesGradient(of l: Int, step t: Int, gradient: Planes<Scalar>) -> ControllerLayerGradient<Scalar> {
    ControllerLayerGradient(
      batch: batch, hiddenSize: c.H, activation: c.activation, clip: clip,
      gates: rows(planes[.gates].layer(l), t).start, previousCell: In(rowsBefore(.cell, layer: l, previous: t).start),
      cellTanh: planes[.cellTanh].layer(l)[t, sequences.lowerBound], cellNorm: cellNorm(l, t),
      productApart: productApart(l, t), previousHidden: hiddenBefore(l, t).reading,
      hiddenGradient: rows(gradient[.hidden], 0).dropping(columns: l * c.H),
      cellGradient: gradient[.cell].layer(l)[0, sequences.lowerBound])
  }

  /// Where layer l's products are added up: in the gates, unless they are normalized. After backward: their gradients.
  var sums: Quantity { c.normalizesController ? .sums : .gates }
  func sums(layer l: Int) -> Plane<Scalar> { planes[sums].layer(l) }

  /// What layer l's products are added to; nil if a norm adds the bias after them.
  func sumsBias(layer l: Int) -> In<Scalar>? {
    c.normalizesController ? nil : parameters.vector(.controllerBias, layer: l)
  }

  private func cellNorm(_ l: Int, _ row: Int) -> CellNorm<Scalar>? {
    guard c.normalizesCell else { return nil }
    return CellNorm(
      scale: parameters.vector(.cellNormScale, layer: l), bias: parameters.vector(.cellNormBias, layer: l),
      kept: rows(planes[.normalizedCell].layer(l), row))
  }

  /// After backward: the gradients of layer l's products U h_{t-1}.
  var recurrentProductGradients: Quantity { c.traits.keepsLastProductApart ? .recurrentProducts : sums }

  /// The recurrent product that a controller keeps apart.
  private func productApart(_ l: Int, _ row: Int) -> MutableRows<Scalar> {
    rows(planes[.recurrentProducts].layer(l), row).dropping(columns: c.sharedUnits)
  }

  /// h of layer l in the state before a step.
  private func hiddenBefore(_ l: Int, _ previous: Int) -> MutableRows<Scalar> {
    rowsBefore(.hidden, previous: previous).dropping(columns: l * c.H)
  }

  /// h of layer l for the step's sequences.
  private func hidden(_ l: Int, _ row: Int) -> MutableRows<Scalar> {
    rows(planes[.hidden], row).dropping(columns: l * c.H)
  }
}
