/// The products that do not depend on the recurrence, for any number of steps at once. They come before the first step
/// and after the last one; in backward, before the last step and after the first one.
extension Step {
  /// The inputs' share in the controller's pre-activations, for `steps` steps from step `row` of the record on.
  func inputs(_ inputs: Inputs<Scalar>, steps: Int, row: Int) {
    for b in sequences {
      keep(inputs, steps: steps, row: row, of: b)
      let x = planes[.input].matrix(of: b, from: row).reading
      let tokens = tokens(of: b, from: row)
      for l in 0..<c.L {
        let z = sums(layer: l).matrix(of: b, from: row)
        let units = c.gates * c.H
        Linear.setBias(rows: steps, outputs: units, bias: sumsBias(layer: l), output: z)
        guard c.seesInput(layer: l) else { continue }
        let weight = weight(.inputWeight, layer: l)
        if let tokens {
          Linear.forward(rows: steps, outputs: units, weight: weight, tokens: tokens, output: z)
        } else {
          Linear.forward(rows: steps, outputs: units, inputs: c.X, weight: weight, input: x, output: z)
        }
      }
    }
  }

  /// - Parameter inputGradients: of x [steps, B, X], written.
  func backwardInputs(_ inputGradients: Out<Scalar>, steps: Int) {
    for b in sequences {
      let target = MutableRows(inputGradients + b * c.X, stride: c.B * c.X)
      for t in 0..<steps { setZero(c.X, target[t]) }
      for l in 0..<c.L where c.seesInput(layer: l) {
        Linear.backward(
          rows: steps, outputs: c.gates * c.H, inputs: c.X, weight: parameters.rows(.inputWeight, layer: l),
          outputGradient: sums(layer: l).matrix(of: b, from: 0).reading, inputGradient: target)
      }
    }
  }

  /// y of `steps` steps, from step `row` of the record on, whose states begin in row `current`.
  /// - Parameters:
  ///   - outputs: y [steps, B, Y].
  ///   - time: steps from row 0 of the record, or from the last call of a network that records none, to the first of them.
  func outputs(_ outputs: Out<Scalar>, steps: Int, row: Int, current: Int, time: Int) {
    for b in sequences {
      let controller = planes[.hidden].matrix(of: b, from: current).dropping(columns: c.controllerOffset).reading
      func forward(_ first: Int, _ count: Int, _ controller: Rows<Scalar>) {
        forwardOutputs(
          count, of: b, controller, current: current + first, row: row + first, outputs + first * c.B * c.Y)
      }
      if let bypass {
        bypass.forEachPart(of: steps, controller, place: { (time + $0, b) }, forward)
      } else {
        forward(0, steps, controller)
      }
    }
  }

  @inline(never) private func forwardOutputs(
    _ steps: Int, of b: Int, _ controller: Rows<Scalar>, current: Int, row: Int, _ outputs: Out<Scalar>
  ) {
    outputLayer.forward(
      rows: steps, weight: weight(.outputWeight), bias: parameters.vector(.outputBias), controller: controller,
      readVectors: planes[.readVectors].matrix(of: b, from: current).reading,
      unclamped: planes[.rawOutput].matrix(of: b, from: row),
      output: MutableRows(outputs + b * c.Y, stride: c.B * c.Y))
  }

  /// Passes the output gradients of all recorded steps back through the output layer, to ν and r.
  /// - Parameter outputGradients: of y [steps, B, Y].
  func backwardOutputs(_ outputGradients: In<Scalar>, steps: Int) {
    for b in sequences {
      let controllerGradient = planes[.controllerOutputGradient].matrix(of: b, from: 0)
      let readVectorsGradient = planes[.readVectorsGradient].matrix(of: b, from: 0)
      for t in 0..<steps {
        setZero(c.controllerWidth, controllerGradient[t])
        setZero(c.readWidth, readVectorsGradient[t])
      }
      outputLayer.backward(
        rows: steps, weight: parameters.rows(.outputWeight), unclamped: planes[.rawOutput].matrix(of: b, from: 0),
        outputGradient: Rows(outputGradients + b * c.Y, stride: c.B * c.Y), controllerGradient: controllerGradient,
        readVectorsGradient: readVectorsGradient)
      guard let bypass else { continue }
      for t in 0..<steps {
        bypass.dropout.backward(
          step: bypass.start + t, sequence: b, c.controllerWidth, gradient: controllerGradient[t])
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
  ///   - what: of what multiplies them.
  ///   - scratch: [Linear.scratchCount], of the thread.
  func backwardWeights(
    _ what: Multiplied, part: Int, of parts: Int, steps: Int, gradients: ParameterGradients<Scalar>,
    scratch: Out<Scalar>
  ) {
    let share = Share(part: part, parts: parts, rows: steps * c.B, scratch: scratch)
    switch what {
    case .present: present(share, gradients)
    case .stateBefore: stateBefore(share, gradients)
    }
  }

  private func stateBefore(_ share: Share<Scalar>, _ gradients: ParameterGradients<Scalar>) {
    let (hidden, readVectors) = (planes[.hidden].matrix(from: 0).reading, planes[.readVectors].matrix(from: 0).reading)
    let units = c.gates * c.H
    for l in 0..<c.L {
      if c.seesInput(layer: l) {
        share.weight(
          units, inputs: c.readWidth, readVectors, sums(layer: l).matrix(from: 0).reading,
          to: gradients.rows(.inputWeight, layer: l).dropping(columns: c.X))
      }
      if c.traits.isRecurrent {
        share.weight(
          units, inputs: c.H, hidden.dropping(columns: l * c.H),
          recurrentProductGradients(layer: l).matrix(from: 0).reading, to: gradients.rows(.recurrentWeight, layer: l))
      }
    }
  }

  private func present(_ share: Share<Scalar>, _ gradients: ParameterGradients<Scalar>) {
    let hidden = planes[.hidden].matrix(from: 1)
    let units = c.gates * c.H
    for l in 0..<c.L {
      let zGradient = sums(layer: l).matrix(from: 0).reading
      let weight = gradients.rows(.inputWeight, layer: l)
      let gatesGradient = planes[.gates].layer(l).matrix(from: 0).reading
      share.bias(units, gatesGradient, to: gradients.vector(.controllerBias, layer: l))
      if c.normalizesController {
        share.scale(
          units, kept: planes[.normalizedSums].layer(l).matrix(from: 0).reading, gatesGradient,
          to: gradients.vector(.normScale, layer: l))
      }
      if c.normalizesCell {
        let shownGradient = planes[.cellTanh].layer(l).matrix(from: 0).reading
        share.bias(c.H, shownGradient, to: gradients.vector(.cellNormBias, layer: l))
        share.scale(
          c.H, kept: planes[.normalizedCell].layer(l).matrix(from: 0).reading, shownGradient,
          to: gradients.vector(.cellNormScale, layer: l))
      }
      if c.seesInput(layer: l) {
        if let tokens = tokens(0) {
          share.weight(units, tokens, zGradient, to: weight)
        } else {
          share.weight(units, inputs: c.X, planes[.input].matrix(from: 0).reading, zGradient, to: weight)
        }
      }
      if l > 0 {
        share.weight(
          units, inputs: c.H, hidden.dropping(columns: (l - 1) * c.H).reading, zGradient,
          to: weight.dropping(columns: c.seesInput(layer: l) ? c.controllerInput : 0))
      }
      if c.traits.keepsLastProductApart {
        share.bias(
          c.H, recurrentProductGradients(layer: l).matrix(from: 0).dropping(columns: c.sharedUnits).reading,
          to: gradients.vector(.recurrentBias, layer: l))
      }
    }
    let controllerOutput = hidden.dropping(columns: c.controllerOffset).reading
    let interfaceGradient = planes[.rawInterface].matrix(from: 0).reading
    share.bias(c.interfaceWidth, interfaceGradient, to: gradients.vector(.interfaceBias))
    share.weight(
      c.interfaceWidth, inputs: c.controllerWidth, controllerOutput, interfaceSums.matrix(from: 0).reading,
      to: gradients.rows(.interfaceWeight))
    if c.normalizesInterface {
      share.scale(
        c.interfaceWidth, kept: planes[.normalizedInterface].matrix(from: 0).reading, interfaceGradient,
        to: gradients.vector(.interfaceNormScale))
    }

    let yGradient = planes[.rawOutput].matrix(from: 0).reading
    let outputWeight = gradients.rows(.outputWeight)
    share.bias(c.Y, yGradient, to: gradients.vector(.outputBias))
    if let bypass {
      bypass.forEachPart(of: share.rows, controllerOutput, place: { ($0 / c.B, $0 % c.B) }) { first, count, dropped in
        Share(part: share.part, parts: share.parts, rows: count, scratch: share.scratch).weight(
          c.Y, inputs: c.controllerWidth, dropped, yGradient.dropping(rows: first), to: outputWeight)
      }
    } else {
      share.weight(c.Y, inputs: c.controllerWidth, controllerOutput, yGradient, to: outputWeight)
    }
    share.weight(
      c.Y, inputs: c.readWidth, planes[.readVectors].matrix(from: 1).reading, yGradient,
      to: outputWeight.dropping(columns: c.controllerWidth))
  }
}

/// Part `part` of `parts` of a layer's gradients, from `rows` rows.
private struct Share<Scalar: Real> {
  let part, parts, rows: Int
  let scratch: Out<Scalar>

  private func range(_ outputs: Int) -> Range<Int> { outputs * part / parts..<outputs * (part + 1) / parts }

  @inline(never) func weight(
    _ outputs: Int, inputs: Int, _ input: Rows<Scalar>, _ outputGradient: Rows<Scalar>, to target: MutableRows<Scalar>
  ) {
    let range = range(outputs)
    Linear.backwardWeight(
      rows: rows, outputs: range.count, inputs: inputs, input: input,
      outputGradient: outputGradient.dropping(columns: range.lowerBound),
      weightGradient: target.dropping(rows: range.lowerBound), scratch: scratch)
  }

  @inline(never) func weight(
    _ outputs: Int, _ tokens: Linear.Tokens, _ outputGradient: Rows<Scalar>, to target: MutableRows<Scalar>
  ) {
    let range = range(outputs)
    Linear.backwardWeight(
      rows: rows, outputs: range.count, tokens: tokens,
      outputGradient: outputGradient.dropping(columns: range.lowerBound),
      weightGradient: target.dropping(rows: range.lowerBound))
  }

  @inline(never) func scale(_ count: Int, kept: Rows<Scalar>, _ outputGradient: Rows<Scalar>, to target: Out<Scalar>) {
    let range = range(count)
    LayerNorm(rows: rows, count: range.count).backwardScale(
      kept: kept.dropping(columns: range.lowerBound),
      outputGradient: outputGradient.dropping(columns: range.lowerBound),
      scaleGradient: target + range.lowerBound)
  }

  @inline(never) func bias(_ outputs: Int, _ outputGradient: Rows<Scalar>, to target: Out<Scalar>) {
    let range = range(outputs)
    Linear.backwardBias(
      rows: rows, outputs: range.count, outputGradient: outputGradient.dropping(columns: range.lowerBound),
      biasGradient: target + range.lowerBound)
  }
}
