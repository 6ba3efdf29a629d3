/// The same step backwards, for gradients. Gradients of the state are changed in place, from those of the state after
/// the step to those of the state before it.
extension Step {
  /// What the output layer passes on, for all recorded steps at once.
  /// - Parameter outputGradients: of y [steps, B, Y].
  func backwardOutputs(_ outputGradients: In<Scalar>, steps: Int, gradient: BackwardPlanes<Scalar>) {
    func rows(_ plane: Plane<Scalar>, _ b: Int) -> Rows<Scalar> { Rows(plane[0, b], stride: plane.stepCount) }
    for b in sequences {
      let controllerGradient = rows(gradient.controller, b)
      let readVectorsGradient = rows(gradient.readVectors, b)
      for t in 0..<steps {
        setZero(c.controllerWidth, controllerGradient[t])
        setZero(c.readWidth, readVectorsGradient[t])
      }
      outputLayer.backward(
        rows: steps, weight: parameters.outputWeight, unclamped: rows(record.rawOutput, b),
        outputGradient: Rows(UnsafeMutablePointer(mutating: outputGradients) + b * c.Y, stride: c.B * c.Y),
        controllerGradient: controllerGradient, readVectorsGradient: readVectorsGradient)
    }
  }

  /// All recorded steps, from the last to the first.
  /// - Parameters:
  ///   - gradient: in `gradient.controller` and `gradient.readVectors`, what the output layer passes on.
  ///   - goesOn: called after each step; false ends it.
  func backward(steps: Int, gradient: BackwardPlanes<Scalar>, goesOn: (_ step: Int) -> Bool) {
    let segment = record.segment
    // Not the strides reversed, which would be an array.
    for first in stride(from: (steps - 1) / segment * segment, through: 0, by: -segment) {
      let end = min(first + segment, steps)
      rollForward(from: first, to: end)
      for t in (first..<end).reversed() {
        backward(step: t, gradient: gradient)
        guard goesOn(t) else { return }
      }
    }
  }

  /// - Parameter step: t; its state before is row t, its state after row t + 1.
  private func backward(step: Int, gradient: BackwardPlanes<Scalar>) {
    let state = gradient.state
    for b in sequences {
      addScaled(c.readWidth, 1, gradient.readVectors[step, b], to: state.readVectors[0, b])
      addScaled(c.controllerWidth, 1, gradient.controller[step, b], to: state.hidden[0, b] + c.controllerOffset)
    }
    for b in sequences {
      setZero(c.interface.count, scratch.interfaceGradient)
      backwardRead(b, step: step, gradient: gradient.state)
      backwardWrite(b, step: step, gradient: gradient.state)
      Interface.backward(
        c.interface, raw: record.rawInterface[step, b], interface: record.interface[step, b],
        interfaceGradient: scratch.interfaceGradient)
      setZero(c.readWidth, state.readVectors[0, b])
    }
    Linear.backward(
      rows: batch, outputs: c.interface.count, inputs: c.controllerWidth, weight: parameters.interfaceWeight,
      outputGradient: rows(record.rawInterface, step),
      inputGradient: rows(state.hidden, 0).dropping(columns: c.controllerOffset))
    for l in (0..<c.L).reversed() { backwardController(layer: l, step: step, gradient: state) }
  }

  /// Computes the memories of the segment that begins with step `first` again, for steps up to `end`.
  private func rollForward(from first: Int, to end: Int) {
    let state = record.state
    let at = c.interface
    for b in sequences {
      for t in first..<end {
        let interface = record.interface[t, b]
        MemoryWrite.forward(
          slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: memory(before: t, b),
          weights: state.writeWeights[t + 1, b], erase: interface + at.eraseVectors,
          write: interface + at.writeVectors, memory: memory(after: t, b), rowNorms: state.rowNorms[t + 1, b])
      }
    }
  }

  /// M_{t-1} and M_t of sequence b, after the segment of step t was rolled forward.
  private func memory(before t: Int, _ b: Int) -> Out<Scalar> {
    t % record.segment == 0 ? record.memoryCheckpoints[t / record.segment, b] : memory(after: t - 1, b)
  }
  private func memory(after t: Int, _ b: Int) -> Out<Scalar> {
    scratch.memory[t % record.segment, b - sequences.lowerBound]
  }

  /// L_{t-1} of sequence b and write head k.
  private func links(before t: Int, _ b: Int, _ k: Int) -> LinkHistory<Scalar> {
    let state = record.state
    let first = t - t % record.segment
    return LinkHistory(
      link: record.linkCheckpoints[t / record.segment, b] + k * c.N * c.N, steps: t - first,
      writeWeightings: state.writeWeights[first + 1, b] + k * c.N, precedences: state.precedence[first, b] + k * c.N,
      stride: state.precedence.stepCount)
  }

  private func backwardController(layer l: Int, step: Int, gradient: StatePlanes<Scalar>) {
    let units = c.gates * c.H
    let z = gates(l, step)
    let weight = parameters.inputWeight(l)
    let hiddenGradient = rows(gradient.hidden, 0).dropping(columns: l * c.H)
    switch c.controller {
    case .lstm:
      let layer = (l * c.B + sequences.lowerBound) * c.H
      LSTM.backward(
        batch: batch, hiddenSize: c.H, clip: clip, gates: z.start, previousCell: record.state.cell[step] + layer,
        cellTanh: record.cellTanh[step] + layer, hiddenGradient: hiddenGradient,
        cellGradient: gradient.cell[0] + layer)
    case .feedforward:
      Feedforward.backward(
        batch: batch, hiddenSize: c.H, activation: c.activation, clip: clip, activations: z.start,
        hiddenGradient: hiddenGradient)
    }

    for b in 0..<batch { setZero(c.H, hiddenGradient[b]) }
    if c.controller == .lstm {
      Linear.backward(
        rows: batch, outputs: units, inputs: c.H, weight: parameters.recurrentWeight(l), outputGradient: z,
        inputGradient: hiddenGradient)
    }
    if c.seesInput(layer: l) {
      Linear.backward(
        rows: batch, outputs: units, inputs: c.readWidth, weight: weight.dropping(columns: c.X), outputGradient: z,
        inputGradient: rows(gradient.readVectors, 0))
    }
    if l > 0 {
      Linear.backward(
        rows: batch, outputs: units, inputs: c.H,
        weight: weight.dropping(columns: c.seesInput(layer: l) ? c.controllerInput : 0), outputGradient: z,
        inputGradient: rows(gradient.hidden, 0).dropping(columns: (l - 1) * c.H))
    }
  }

  private func backwardRead(_ b: Int, step: Int, gradient: StatePlanes<Scalar>) {
    let state = record.state
    let current = step + 1
    let interface = record.interface[step, b]
    let at = c.interface
    let readWeightsGradient = gradient.readWeights[0, b]
    for i in 0..<c.R {
      let slots = i * c.N
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: memory(after: step, b), rowNorms: state.rowNorms[current, b],
        key: interface + at.readKeys + i * c.W, strength: interface[at.readStrengths + i],
        similarity: scratch.similarity, weighting: scratch.content)
      ReadVectors.backward(
        slots: c.N, wordSize: c.W, memory: memory(after: step, b),
        weighting: state.readWeights[current, b] + slots,
        vectorGradient: gradient.readVectors[0, b] + i * c.W, memoryGradient: gradient.memory[0, b],
        weightingGradient: readWeightsGradient + slots)
      ReadWeighting.backward(
        slots: c.N, writeHeads: c.K, modes: interface + at.readModes + i * at.modes,
        backwardWeights: record.backwardWeights[step, b] + slots * c.K, content: scratch.content,
        forwardWeights: record.forwardWeights[step, b] + slots * c.K, weightingGradient: readWeightsGradient + slots,
        modesGradient: scratch.interfaceGradient + at.readModes + i * at.modes,
        backwardGradient: scratch.backwardGradient + slots * c.K, contentGradient: scratch.contentGradient,
        forwardGradient: scratch.forwardGradient + slots * c.K)
      ContentWeighting.backward(
        slots: c.N, wordSize: c.W, memory: memory(after: step, b), rowNorms: state.rowNorms[current, b],
        key: interface + at.readKeys + i * c.W, strength: interface[at.readStrengths + i],
        similarity: scratch.similarity, weighting: scratch.content, weightingGradient: scratch.contentGradient,
        memoryGradient: gradient.memory[0, b], keyGradient: scratch.interfaceGradient + at.readKeys + i * c.W,
        strengthGradient: scratch.interfaceGradient + at.readStrengths + i)
    }

    // From here on, it is the gradient of the previous read weightings.
    setZero(c.R * c.N, readWeightsGradient)
    for k in 0..<c.K {
      let slots = k * c.N
      Precedence.backward(
        slots: c.N, writeWeighting: state.writeWeights[current, b] + slots,
        previousPrecedence: state.precedence[step, b] + slots,
        precedenceGradient: gradient.precedence[0, b] + slots,
        writeWeightingGradient: gradient.writeWeights[0, b] + slots)
      TemporalLinks.backward(
        slots: c.N, readHeads: c.R, history: links(before: step, b, k),
        previousReadWeights: state.readWeights[step, b],
        forwardGradient: Rows(scratch.forwardGradient + slots, stride: c.K * c.N),
        backwardGradient: Rows(scratch.backwardGradient + slots, stride: c.K * c.N),
        linkGradient: gradient.link[0, b] + k * c.N * c.N,
        writeWeightingGradient: gradient.writeWeights[0, b] + slots,
        precedenceGradient: gradient.precedence[0, b] + slots, readWeightsGradient: readWeightsGradient,
        scratch: scratch.links, team: team)
    }
  }

  private func backwardWrite(_ b: Int, step: Int, gradient: StatePlanes<Scalar>) {
    let state = record.state
    let current = step + 1
    let interface = record.interface[step, b]
    let at = c.interface
    MemoryWrite.backward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: memory(before: step, b),
      weights: state.writeWeights[current, b], erase: interface + at.eraseVectors,
      write: interface + at.writeVectors, memoryGradient: gradient.memory[0, b],
      weightsGradient: gradient.writeWeights[0, b], eraseGradient: scratch.interfaceGradient + at.eraseVectors,
      writeGradient: scratch.interfaceGradient + at.writeVectors)

    func usage(_ k: Int) -> Out<Scalar> { k == 0 ? state.usage[current, b] : scratch.usageFound + k * c.N }
    func allocationGate(_ k: Int) -> Scalar { interface[at.allocationGates + k] }
    func writeGate(_ k: Int) -> Scalar { interface[at.writeGates + k] }
    for k in 0..<c.K - 1 {
      Occupation.forward(
        slots: c.N, usage: usage(k), allocation: record.allocation[step, b] + k * c.N,
        allocationGate: allocationGate(k), writeGate: writeGate(k), nextUsage: usage(k + 1))
    }
    setZero(c.N, scratch.usageFoundGradient)
    for k in (0..<c.K).reversed() {
      let slots = k * c.N
      let allocation = record.allocation[step, b] + slots
      let key = interface + at.writeKeys + k * c.W
      let strength = interface[at.writeStrengths + k]
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: memory(before: step, b), rowNorms: state.rowNorms[step, b], key: key,
        strength: strength, similarity: scratch.similarity, weighting: scratch.content)
      WriteWeighting.backward(
        slots: c.N, allocation: allocation, content: scratch.content, allocationGate: allocationGate(k),
        writeGate: writeGate(k), weightingGradient: gradient.writeWeights[0, b] + slots,
        allocationGradient: scratch.allocationGradient, contentGradient: scratch.contentGradient,
        allocationGateGradient: scratch.interfaceGradient + at.allocationGates + k,
        writeGateGradient: scratch.interfaceGradient + at.writeGates + k)
      if k + 1 < c.K {
        Occupation.backward(
          slots: c.N, usage: usage(k), allocation: allocation, allocationGate: allocationGate(k),
          writeGate: writeGate(k), usageGradient: scratch.usageFoundGradient,
          allocationGradient: scratch.allocationGradient,
          allocationGateGradient: scratch.interfaceGradient + at.allocationGates + k,
          writeGateGradient: scratch.interfaceGradient + at.writeGates + k)
      }
      Allocation.backward(
        slots: c.N, usage: usage(k), order: record.order[step, b] + slots,
        allocationGradient: scratch.allocationGradient,
        usageGradient: scratch.usageFoundGradient, products: scratch.products)
      ContentWeighting.backward(
        slots: c.N, wordSize: c.W, memory: memory(before: step, b), rowNorms: state.rowNorms[step, b],
        key: key, strength: strength,
        similarity: scratch.similarity, weighting: scratch.content, weightingGradient: scratch.contentGradient,
        memoryGradient: gradient.memory[0, b], keyGradient: scratch.interfaceGradient + at.writeKeys + k * c.W,
        strengthGradient: scratch.interfaceGradient + at.writeStrengths + k)
    }
    addScaled(c.N, 1, scratch.usageFoundGradient, to: gradient.usage[0, b])

    Usage.backward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, stopped: c.usageGradientStopped,
      freeGates: interface + at.freeGates, previousReadWeights: state.readWeights[step, b],
      previousWriteWeights: state.writeWeights[step, b], previousUsage: state.usage[step, b],
      usageGradient: gradient.usage[0, b], freeGatesGradient: scratch.interfaceGradient + at.freeGates,
      readWeightsGradient: gradient.readWeights[0, b],
      writeWeightsGradient: gradient.writeWeights[0, b])
  }
}

/// What does not depend on the recurrence, for all steps and sequences at once, after the last of them has gone backwards.
extension Step {
  /// Adds to the gradients of the parameters: part `part` of `parts`, each with some rows of every matrix.
  func backwardWeights(part: Int, of parts: Int, steps: Int, gradients: Parameters<Scalar>) {
    let rows = steps * c.B
    let units = c.gates * c.H
    let hidden = record.state.hidden
    func weight(
      outputs: Int, inputs: Int, _ input: Rows<Scalar>, _ outputGradient: Rows<Scalar>, to target: Rows<Scalar>
    ) {
      let range = outputs * part / parts..<outputs * (part + 1) / parts
      Linear.backwardWeight(
        rows: rows, outputs: range.count, inputs: inputs, input: input,
        outputGradient: outputGradient.dropping(columns: range.lowerBound),
        weightGradient: target.dropping(rows: range.lowerBound))
    }
    func bias(outputs: Int, _ outputGradient: Rows<Scalar>, to target: Out<Scalar>) {
      let range = outputs * part / parts..<outputs * (part + 1) / parts
      Linear.backwardBias(
        rows: rows, outputs: range.count, outputGradient: outputGradient.dropping(columns: range.lowerBound),
        biasGradient: target + range.lowerBound)
    }
    for l in 0..<c.L {
      let zGradient = record.gates(l, 0)
      let weightGradient = gradients.inputWeight(l)
      bias(outputs: units, zGradient, to: gradients.controllerBias(l))
      if c.seesInput(layer: l) {
        weight(
          outputs: units, inputs: c.controllerInput, record.controllerInput.rows(from: 0), zGradient,
          to: weightGradient)
      }
      if l > 0 {
        weight(
          outputs: units, inputs: c.H, hidden.rows(from: 1).dropping(columns: (l - 1) * c.H), zGradient,
          to: weightGradient.dropping(columns: c.seesInput(layer: l) ? c.controllerInput : 0))
      }
      if c.controller == .lstm {
        weight(
          outputs: units, inputs: c.H, hidden.rows(from: 0).dropping(columns: l * c.H), zGradient,
          to: gradients.recurrentWeight(l))
      }
    }
    let controller = hidden.rows(from: 1).dropping(columns: c.controllerOffset)
    let interfaceGradient = record.rawInterface.rows(from: 0)
    bias(outputs: c.interface.count, interfaceGradient, to: gradients.interfaceBias)
    weight(
      outputs: c.interface.count, inputs: c.controllerWidth, controller, interfaceGradient,
      to: gradients.interfaceWeight)

    let yGradient = record.rawOutput.rows(from: 0)
    let outputWeight = Rows(gradients.outputWeight, stride: c.controllerWidth + c.readWidth)
    bias(outputs: c.Y, yGradient, to: gradients.outputBias)
    weight(outputs: c.Y, inputs: c.controllerWidth, controller, yGradient, to: outputWeight)
    weight(
      outputs: c.Y, inputs: c.readWidth, record.state.readVectors.rows(from: 1), yGradient,
      to: outputWeight.dropping(columns: c.controllerWidth))
  }

  /// - Parameter inputGradients: of x [steps, B, X], written.
  func backwardInputs(_ inputGradients: Out<Scalar>, steps: Int) {
    for b in sequences {
      let target = Rows(inputGradients + b * c.X, stride: c.B * c.X)
      for t in 0..<steps { setZero(c.X, target[t]) }
      for l in 0..<c.L where c.seesInput(layer: l) {
        Linear.backward(
          rows: steps, outputs: c.gates * c.H, inputs: c.X, weight: parameters.inputWeight(l),
          outputGradient: Rows(record.gates(l, 0)[b], stride: record.gates.stepCount), inputGradient: target)
      }
    }
  }
}
