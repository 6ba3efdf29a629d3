/// The products that do not depend on the recurrence, for any number of steps at once. They come before the first step
/// and after the last one; in backward, before the last step and after the first one.
extension Step {
  /// Rows of some steps and sequences, in planes and in what C hands in.
  private struct Series {
    /// The first row's step and sequence.
    var t = 0, b = 0
    var count: Int
    let batch: Int
    /// From a row to the next: to the same sequence in the next step, or to the next sequence.
    var isOfSequence = false

    func rows<Element>(_ plane: Plane<Element>, from row: Int) -> MutableRows<Element> {
      MutableRows(plane[row + t, b], stride: isOfSequence ? plane.rowStride : plane.width)
    }
    func rows<Pointer: ScalarPointer>(_ start: Pointer, width: Int) -> RowView<Pointer> {
      RowView(start.advanced(by: (t * batch + b) * width), stride: isOfSequence ? batch * width : width)
    }
  }

  /// Calls `body` with all rows of the step's sequences in `steps` steps: all at once, those of a step, or those of a sequence.
  /// - Parameter weights: that each row meets. Many are not loaded again and again for the few rows of a step.
  @inline(never) private func forEachSeries(_ steps: Int, weights: Int, _ body: (Series) -> Void) {
    // A member of a crew may have no sequences.
    guard batch > 0 else { return }
    let all = Series(count: steps * batch, batch: c.B)
    if bypass == nil, batch == c.B { return body(all) }
    var series = all
    if bypass == nil, weights <= 16 << 10 || steps <= batch {
      (series.b, series.count) = (sequences.lowerBound, batch)
      for t in 0..<steps {
        series.t = t
        body(series)
      }
    } else {
      (series.count, series.isOfSequence) = (steps, true)
      for b in sequences {
        series.b = b
        body(series)
      }
    }
  }

  /// The inputs' share in the controller's pre-activations, for `steps` steps from step `row` of the record on.
  func inputs(_ inputs: Inputs<Scalar>, steps: Int, row: Int) {
    for b in sequences { keep(inputs, steps: steps, row: row, of: b) }
    forEachSeries(steps, weights: c.gates * c.H * c.X) { series in
      let x = series.rows(planes[.input], from: row).reading
      let tokens = tokens(series.rows(planes.whole(.token), from: row))
      for l in 0..<c.L {
        let z = series.rows(sums(layer: l), from: row)
        let units = c.gates * c.H
        Linear.setBias(rows: series.count, outputs: units, bias: sumsBias(layer: l), output: z)
        guard c.seesInput(layer: l) else { continue }
        let weight = weight(.inputWeight, layer: l)
        if let tokens {
          Linear.forward(rows: series.count, outputs: units, weight: weight, tokens: tokens, output: z)
        } else {
          Linear.forward(rows: series.count, outputs: units, inputs: c.X, weight: weight, input: x, output: z)
        }
      }
    }
  }

  /// - Parameter inputGradients: of x [steps, B, X], written.
  func backwardInputs(_ inputGradients: Out<Scalar>, steps: Int) {
    forEachSeries(steps, weights: c.gates * c.H * c.X) { series in
      let target = series.rows(inputGradients, width: c.X)
      for row in 0..<series.count { setZero(c.X, target[row]) }
      for l in 0..<c.L where c.seesInput(layer: l) {
        Linear.backward(
          rows: series.count, outputs: c.gates * c.H, inputs: c.X, weight: parameters.rows(.inputWeight, layer: l),
          outputGradient: series.rows(sums(layer: l), from: 0).reading, inputGradient: target)
      }
    }
  }

  /// y of `steps` steps, from step `row` of the record on, whose states begin in row `current`.
  /// - Parameters:
  ///   - outputs: y [steps, B, Y].
  ///   - time: steps from the beginning of this call to the first of them.
  func outputs(_ outputs: Out<Scalar>, steps: Int, row: Int, current: Int, time: Int) {
    forEachSeries(steps, weights: c.Y * (c.controllerWidth + c.readWidth)) { series in
      let output = series.rows(outputs, width: c.Y)
      let controller = series.rows(planes[.hidden], from: current).dropping(columns: c.controllerOffset).reading
      let readVectors = series.rows(planes[.readVectors], from: current).reading
      let unclamped = series.rows(planes[.rawOutput], from: row)
      func forward(_ first: Int, _ count: Int, _ controller: Rows<Scalar>) {
        outputLayer.forward(
          rows: count, weight: weight(.outputWeight), bias: parameters.vector(.outputBias), controller: controller,
          readVectors: readVectors.dropping(rows: first), unclamped: unclamped.dropping(rows: first),
          output: output.dropping(rows: first))
      }
      if let bypass {
        bypass.forEachPart(of: steps, StepRows(controller), place: { (time + $0, series.b) }, forward)
      } else {
        forward(0, series.count, controller)
      }
    }
  }

  /// Passes the output gradients of all recorded steps back through the output layer, to ν and r.
  /// - Parameter outputGradients: of y [steps, B, Y].
  func backwardOutputs(_ outputGradients: In<Scalar>, steps: Int) {
    forEachSeries(steps, weights: c.Y * (c.controllerWidth + c.readWidth)) { series in
      let controllerGradient = series.rows(planes[.controllerOutputGradient], from: 0)
      let readVectorsGradient = series.rows(planes[.readVectorsGradient], from: 0)
      for row in 0..<series.count {
        setZero(c.controllerWidth, controllerGradient[row])
        setZero(c.readWidth, readVectorsGradient[row])
      }
      outputLayer.backward(
        rows: series.count, weight: parameters.rows(.outputWeight),
        unclamped: series.rows(planes[.rawOutput], from: 0), outputGradient: series.rows(outputGradients, width: c.Y),
        controllerGradient: controllerGradient, readVectorsGradient: readVectorsGradient)
      guard let bypass else { return }
      for t in 0..<steps {
        bypass.dropout.backward(
          step: bypass.start + t, sequence: series.b, c.controllerWidth, gradient: controllerGradient[t])
      }
    }
  }

  private var outputLayer: Output<Scalar> {
    Output(outputSize: c.Y, controllerWidth: c.controllerWidth, readWidth: c.readWidth, clip: clip)
  }

  /// What multiplies a weight: what the step itself sees, or the state before it.
  enum Multiplied { case present, stateBefore }

  /// Adds to the gradients of the parameters, over all recorded steps and sequences. Handles part `part` of `parts`:
  /// some rows of every matrix.
  /// - Parameters:
  ///   - planes: of all sequences.
  ///   - what: of what multiplies them.
  ///   - scratch: [Linear.scratchCount], of the thread.
  func backwardWeights(
    _ planes: SequencePlanes<Scalar>, _ what: Multiplied, part: Int, of parts: Int, steps: Int,
    gradients: ParameterGradients<Scalar>, scratch: Out<Scalar>
  ) {
    let share = Share(planes: planes, part: part, parts: parts, rows: steps * c.B, scratch: scratch)
    switch what {
    case .present: present(share, gradients)
    case .stateBefore: stateBefore(share, gradients)
    }
  }

  private func stateBefore(_ share: Share<Scalar>, _ gradients: ParameterGradients<Scalar>) {
    let units = c.gates * c.H
    for l in 0..<c.L {
      if c.seesInput(layer: l) {
        share.weight(
          units, inputs: c.readWidth, Recorded(.readVectors), Recorded(sums, layer: l),
          to: gradients.rows(.inputWeight, layer: l).dropping(columns: c.X))
      }
      if c.traits.isRecurrent {
        share.weight(
          units, inputs: c.H, Recorded(.hidden, column: l * c.H), Recorded(recurrentProductGradients, layer: l),
          to: gradients.rows(.recurrentWeight, layer: l))
      }
    }
  }

  private func present(_ share: Share<Scalar>, _ gradients: ParameterGradients<Scalar>) {
    let units = c.gates * c.H
    for l in 0..<c.L {
      let zGradient = Recorded(sums, layer: l)
      let weight = gradients.rows(.inputWeight, layer: l)
      let gatesGradient = Recorded(.gates, layer: l)
      share.bias(units, gatesGradient, to: gradients.vector(.controllerBias, layer: l))
      if c.normalizesController {
        share.scale(
          units, kept: Recorded(.normalizedSums, layer: l), gatesGradient,
          to: gradients.vector(.normScale, layer: l))
      }
      if c.normalizesCell {
        let shownGradient = Recorded(.cellTanh, layer: l)
        share.bias(c.H, shownGradient, to: gradients.vector(.cellNormBias, layer: l))
        share.scale(
          c.H, kept: Recorded(.normalizedCell, layer: l), shownGradient,
          to: gradients.vector(.cellNormScale, layer: l))
      }
      if c.seesInput(layer: l) {
        if c.takesTokens {
          share.weightOfTokens(units, zGradient, to: weight)
        } else {
          share.weight(units, inputs: c.X, Recorded(.input), zGradient, to: weight)
        }
      }
      if l > 0 {
        share.weight(
          units, inputs: c.H, Recorded(.hidden, row: 1, column: (l - 1) * c.H), zGradient,
          to: weight.dropping(columns: c.seesInput(layer: l) ? c.controllerInput : 0))
      }
      if c.traits.keepsLastProductApart {
        share.bias(
          c.H, Recorded(recurrentProductGradients, layer: l, column: c.sharedUnits),
          to: gradients.vector(.recurrentBias, layer: l))
      }
    }
    let controllerOutput = Recorded(.hidden, row: 1, column: c.controllerOffset)
    let interfaceGradient = Recorded(.rawInterface)
    share.bias(c.interfaceWidth, interfaceGradient, to: gradients.vector(.interfaceBias))
    share.weight(
      c.interfaceWidth, inputs: c.controllerWidth, controllerOutput, Recorded(interfaceSums),
      to: gradients.rows(.interfaceWeight))
    if c.normalizesInterface {
      share.scale(
        c.interfaceWidth, kept: Recorded(.normalizedInterface), interfaceGradient,
        to: gradients.vector(.interfaceNormScale))
    }

    let yGradient = Recorded(.rawOutput)
    let outputWeight = gradients.rows(.outputWeight)
    share.bias(c.Y, yGradient, to: gradients.vector(.outputBias))
    if let bypass {
      bypass.forEachPart(
        of: share.rows, share.rows(controllerOutput), place: { ($0 / c.B, $0 % c.B) }
      ) { first, count, dropped in
        share.weight(
          rows: count, c.Y, inputs: c.controllerWidth, StepRows(dropped), share.rows(yGradient).dropping(rows: first),
          to: outputWeight)
      }
    } else {
      share.weight(c.Y, inputs: c.controllerWidth, controllerOutput, yGradient, to: outputWeight)
    }
    share.weight(
      c.Y, inputs: c.readWidth, Recorded(.readVectors, row: 1), yGradient,
      to: outputWeight.dropping(columns: c.controllerWidth))
  }
}

/// Columns of a quantity in all recorded steps and sequences.
private struct Recorded {
  let quantity: Quantity
  let layer, row, column: Int

  /// - Parameters:
  ///   - row: of the first step.
  ///   - column: the first one.
  init(_ quantity: Quantity, layer: Int = 0, row: Int = 0, column: Int = 0) {
    (self.quantity, self.layer, self.row, self.column) = (quantity, layer, row, column)
  }
}

/// Part `part` of `parts` of a layer's gradients, from `rows` rows.
private struct Share<Scalar: Real> {
  let planes: SequencePlanes<Scalar>
  let part, parts, rows: Int
  let scratch: Out<Scalar>

  private func range(_ outputs: Int) -> Range<Int> { outputs * part / parts..<outputs * (part + 1) / parts }

  @inline(never) func rows(_ recorded: Recorded) -> StepRows<Scalar> {
    planes.steps(recorded.quantity, layer: recorded.layer, from: recorded.row).dropping(columns: recorded.column)
  }

  @inline(never) func weight(
    _ outputs: Int, inputs: Int, _ input: Recorded, _ outputGradient: Recorded, to target: MutableRows<Scalar>
  ) {
    weight(rows: rows, outputs, inputs: inputs, rows(input), rows(outputGradient), to: target)
  }

  @inline(never) func weight(
    rows: Int, _ outputs: Int, inputs: Int, _ input: StepRows<Scalar>, _ outputGradient: StepRows<Scalar>,
    to target: MutableRows<Scalar>
  ) {
    let range = range(outputs)
    Linear.backwardWeight(
      rows: rows, outputs: range.count, inputs: inputs, input: input,
      outputGradient: outputGradient.dropping(columns: range.lowerBound),
      weightGradient: target.dropping(rows: range.lowerBound), scratch: scratch)
  }

  @inline(never) func weightOfTokens(_ outputs: Int, _ outputGradient: Recorded, to target: MutableRows<Scalar>) {
    let range = range(outputs)
    Linear.backwardWeight(
      rows: rows, outputs: range.count, tokens: planes.tokens,
      outputGradient: rows(outputGradient).dropping(columns: range.lowerBound),
      weightGradient: target.dropping(rows: range.lowerBound))
  }

  @inline(never) func scale(_ count: Int, kept: Recorded, _ outputGradient: Recorded, to target: Out<Scalar>) {
    let range = range(count)
    LayerNorm(rows: rows, count: range.count).backwardScale(
      kept: rows(kept).dropping(columns: range.lowerBound),
      outputGradient: rows(outputGradient).dropping(columns: range.lowerBound),
      scaleGradient: target + range.lowerBound)
  }

  @inline(never) func bias(_ outputs: Int, _ outputGradient: Recorded, to target: Out<Scalar>) {
    let range = range(outputs)
    Linear.backwardBias(
      rows: rows, outputs: range.count, outputGradient: rows(outputGradient).dropping(columns: range.lowerBound),
      biasGradient: target + range.lowerBound)
  }
}
