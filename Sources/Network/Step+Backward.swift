/// The same step backwards, for gradients. Gradients of the state are changed in place, from those of the state after
/// the step to those of the state before it.
extension Step {
  /// - Parameters:
  ///   - step: t; its state before is row t, its state after row t + 1.
  ///   - gradient: in `gradient.controller` and `gradient.readVectors`, what the output layer passes on.
  func backward(step: Int, gradient: BackwardPlanes<Scalar>) {
    let state = gradient.state
    for b in 0..<c.B {
      addScaled(c.readWidth, 1, gradient.readVectors[step, b], to: state.readVectors[0, b])
      addScaled(c.controllerWidth, 1, gradient.controller[step, b], to: state.hidden[0, b] + c.controllerOffset)
    }
    for b in 0..<c.B {
      setZero(c.interface.count, gradient.interface)
      backwardRead(b, step: step, gradient: gradient)
      backwardWrite(b, step: step, gradient: gradient)
      Interface.backward(
        c.interface, raw: record.rawInterface[step, b], interface: record.interface[step, b],
        interfaceGradient: gradient.interface)
    }
    state.readVectors.zero(rows: 1)
    Linear.backward(
      rows: c.B, outputs: c.interface.count, inputs: c.controllerWidth, weight: parameters.interfaceWeight,
      outputGradient: record.rawInterface.rows(from: step),
      inputGradient: state.hidden.rows(from: 0).dropping(columns: c.controllerOffset))
    for l in (0..<c.L).reversed() { backwardController(layer: l, step: step, gradient: state) }
  }

  /// Computes memory and link of the segment that begins with step `first` again, for steps up to `end`.
  func rollForward(from first: Int, to end: Int) {
    let state = record.state
    let at = c.interface
    for b in 0..<c.B {
      for t in first..<end {
        let interface = record.interface[t, b]
        MemoryWrite.forward(
          slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: record.memory(before: t, b),
          weights: state.writeWeights[t + 1, b], erase: interface + at.eraseVectors,
          write: interface + at.writeVectors, memory: record.memory(after: t, b), rowNorms: state.rowNorms[t + 1, b])
        guard t + 1 < end, let link = record.link(after: t, b) else { continue }
        for k in 0..<c.K {
          let none = Rows(link, stride: 0)
          TemporalLinks.forward(
            slots: c.N, readHeads: 0, writeWeighting: state.writeWeights[t + 1, b] + k * c.N,
            previousPrecedence: state.precedence[t, b] + k * c.N, previousReadWeights: state.readWeights[t, b],
            previousLink: record.link(before: t, b) + k * c.N * c.N, link: link + k * c.N * c.N,
            forwardWeights: none, backwardWeights: none)
        }
      }
    }
  }

  private func backwardController(layer l: Int, step: Int, gradient: StatePlanes<Scalar>) {
    let units = c.gates * c.H
    let z = record.gates(l, step)
    let weight = parameters.inputWeight(l)
    let hiddenGradient = gradient.hidden.rows(from: 0).dropping(columns: l * c.H)
    switch c.controller {
    case .lstm:
      let layer = l * c.B * c.H
      LSTM.backward(
        batch: c.B, hiddenSize: c.H, clip: clip, gates: z.start, previousCell: record.state.cell[step] + layer,
        cellTanh: record.cellTanh[step] + layer, hiddenGradient: hiddenGradient,
        cellGradient: gradient.cell[0] + layer)
    case .feedforward:
      Feedforward.backward(
        batch: c.B, hiddenSize: c.H, activation: c.activation, clip: clip, activations: z.start,
        hiddenGradient: hiddenGradient)
    }

    for b in 0..<c.B { setZero(c.H, hiddenGradient[b]) }
    if c.controller == .lstm {
      Linear.backward(
        rows: c.B, outputs: units, inputs: c.H, weight: parameters.recurrentWeight(l), outputGradient: z,
        inputGradient: hiddenGradient)
    }
    if c.controller == .lstm || l == 0 {
      Linear.backward(
        rows: c.B, outputs: units, inputs: c.readWidth, weight: weight.dropping(columns: c.X), outputGradient: z,
        inputGradient: gradient.readVectors.rows(from: 0))
    }
    if l > 0 {
      Linear.backward(
        rows: c.B, outputs: units, inputs: c.H,
        weight: weight.dropping(columns: c.controller == .lstm ? c.controllerInput : 0), outputGradient: z,
        inputGradient: gradient.hidden.rows(from: 0).dropping(columns: (l - 1) * c.H))
    }
  }

  private func backwardRead(_ b: Int, step: Int, gradient: BackwardPlanes<Scalar>) {
    let state = record.state
    let current = step + 1
    let interface = record.interface[step, b]
    let at = c.interface
    let readWeightsGradient = gradient.state.readWeights[0, b]
    for i in 0..<c.R {
      let slots = i * c.N
      let content = record.readContent[step, b] + slots
      ReadVectors.backward(
        slots: c.N, wordSize: c.W, memory: record.memory(after: step, b),
        weighting: state.readWeights[current, b] + slots,
        vectorGradient: gradient.state.readVectors[0, b] + i * c.W, memoryGradient: gradient.state.memory[0, b],
        weightingGradient: readWeightsGradient + slots)
      ReadWeighting.backward(
        slots: c.N, writeHeads: c.K, modes: interface + at.readModes + i * at.modes,
        backwardWeights: record.backwardWeights[step, b] + slots * c.K, content: content,
        forwardWeights: record.forwardWeights[step, b] + slots * c.K, weightingGradient: readWeightsGradient + slots,
        modesGradient: gradient.interface + at.readModes + i * at.modes,
        backwardGradient: gradient.backwardWeights + slots * c.K, contentGradient: gradient.content,
        forwardGradient: gradient.forwardWeights + slots * c.K)
      ContentWeighting.backward(
        slots: c.N, wordSize: c.W, memory: record.memory(after: step, b), rowNorms: state.rowNorms[current, b],
        key: interface + at.readKeys + i * c.W, strength: interface[at.readStrengths + i],
        similarity: record.readSimilarity[step, b] + slots, weighting: content, weightingGradient: gradient.content,
        memoryGradient: gradient.state.memory[0, b], keyGradient: gradient.interface + at.readKeys + i * c.W,
        strengthGradient: gradient.interface + at.readStrengths + i)
    }

    // From here on, it is the gradient of the previous read weightings.
    setZero(c.R * c.N, readWeightsGradient)
    for k in 0..<c.K {
      let slots = k * c.N
      let links = k * c.N * c.N
      let writeWeighting = state.writeWeights[current, b] + slots
      let previousPrecedence = state.precedence[step, b] + slots
      Precedence.backward(
        slots: c.N, writeWeighting: writeWeighting, previousPrecedence: previousPrecedence,
        precedenceGradient: gradient.state.precedence[0, b] + slots,
        writeWeightingGradient: gradient.state.writeWeights[0, b] + slots)
      TemporalLinks.backward(
        slots: c.N, readHeads: c.R, writeWeighting: writeWeighting, previousPrecedence: previousPrecedence,
        previousReadWeights: state.readWeights[step, b], previousLink: record.link(before: step, b) + links,
        linkRow: gradient.linkRow,
        forwardGradient: Rows(gradient.forwardWeights + slots, stride: c.K * c.N),
        backwardGradient: Rows(gradient.backwardWeights + slots, stride: c.K * c.N),
        linkGradient: gradient.state.link[0, b] + links,
        writeWeightingGradient: gradient.state.writeWeights[0, b] + slots,
        precedenceGradient: gradient.state.precedence[0, b] + slots, readWeightsGradient: readWeightsGradient)
    }
  }

  private func backwardWrite(_ b: Int, step: Int, gradient: BackwardPlanes<Scalar>) {
    let state = record.state
    let current = step + 1
    let interface = record.interface[step, b]
    let at = c.interface
    MemoryWrite.backward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: record.memory(before: step, b),
      weights: state.writeWeights[current, b], erase: interface + at.eraseVectors,
      write: interface + at.writeVectors, memoryGradient: gradient.state.memory[0, b],
      weightsGradient: gradient.state.writeWeights[0, b], eraseGradient: gradient.interface + at.eraseVectors,
      writeGradient: gradient.interface + at.writeVectors)

    func usage(_ k: Int) -> Out<Scalar> { k == 0 ? state.usage[current, b] : record.usageFound + k * c.N }
    func allocationGate(_ k: Int) -> Scalar { interface[at.allocationGates + k] }
    func writeGate(_ k: Int) -> Scalar { interface[at.writeGates + k] }
    for k in 0..<c.K - 1 {
      Occupation.forward(
        slots: c.N, usage: usage(k), allocation: record.allocation[step, b] + k * c.N,
        allocationGate: allocationGate(k), writeGate: writeGate(k), nextUsage: usage(k + 1))
    }
    setZero(c.N, gradient.usageFound)
    for k in (0..<c.K).reversed() {
      let slots = k * c.N
      let allocation = record.allocation[step, b] + slots
      let content = record.writeContent[step, b] + slots
      WriteWeighting.backward(
        slots: c.N, allocation: allocation, content: content, allocationGate: allocationGate(k),
        writeGate: writeGate(k), weightingGradient: gradient.state.writeWeights[0, b] + slots,
        allocationGradient: gradient.allocation, contentGradient: gradient.content,
        allocationGateGradient: gradient.interface + at.allocationGates + k,
        writeGateGradient: gradient.interface + at.writeGates + k)
      if k + 1 < c.K {
        Occupation.backward(
          slots: c.N, usage: usage(k), allocation: allocation, allocationGate: allocationGate(k),
          writeGate: writeGate(k), usageGradient: gradient.usageFound, allocationGradient: gradient.allocation,
          allocationGateGradient: gradient.interface + at.allocationGates + k,
          writeGateGradient: gradient.interface + at.writeGates + k)
      }
      Allocation.backward(
        slots: c.N, usage: usage(k), order: record.order[step, b] + slots, allocationGradient: gradient.allocation,
        usageGradient: gradient.usageFound, products: gradient.products)
      ContentWeighting.backward(
        slots: c.N, wordSize: c.W, memory: record.memory(before: step, b), rowNorms: state.rowNorms[step, b],
        key: interface + at.writeKeys + k * c.W, strength: interface[at.writeStrengths + k],
        similarity: record.writeSimilarity[step, b] + slots, weighting: content, weightingGradient: gradient.content,
        memoryGradient: gradient.state.memory[0, b], keyGradient: gradient.interface + at.writeKeys + k * c.W,
        strengthGradient: gradient.interface + at.writeStrengths + k)
    }
    addScaled(c.N, 1, gradient.usageFound, to: gradient.state.usage[0, b])

    Usage.backward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, stopped: c.usageGradientStopped,
      freeGates: interface + at.freeGates, previousReadWeights: state.readWeights[step, b],
      previousWriteWeights: state.writeWeights[step, b], previousUsage: state.usage[step, b],
      usageGradient: gradient.state.usage[0, b], freeGatesGradient: gradient.interface + at.freeGates,
      readWeightsGradient: gradient.state.readWeights[0, b],
      writeWeightsGradient: gradient.state.writeWeights[0, b])
  }
}

/// What does not depend on the recurrence, for all steps at once, after the last of them has gone backwards.
extension Step {
  /// Adds to the gradients of the controller's and the interface's parameters.
  func backwardWeights(steps: Int, gradients: Parameters<Scalar>) {
    let rows = steps * c.B
    let units = c.gates * c.H
    let hidden = record.state.hidden
    for l in 0..<c.L {
      let zGradient = record.gates(l, 0)
      let weightGradient = gradients.inputWeight(l)
      Linear.backwardBias(
        rows: rows, outputs: units, outputGradient: zGradient, biasGradient: gradients.controllerBias(l))
      if c.controller == .lstm || l == 0 {
        Linear.backwardWeight(
          rows: rows, outputs: units, inputs: c.controllerInput, input: record.controllerInput.rows(from: 0),
          outputGradient: zGradient, weightGradient: weightGradient)
      }
      if l > 0 {
        Linear.backwardWeight(
          rows: rows, outputs: units, inputs: c.H, input: hidden.rows(from: 1).dropping(columns: (l - 1) * c.H),
          outputGradient: zGradient,
          weightGradient: weightGradient.dropping(columns: c.controller == .lstm ? c.controllerInput : 0))
      }
      if c.controller == .lstm {
        Linear.backwardWeight(
          rows: rows, outputs: units, inputs: c.H, input: hidden.rows(from: 0).dropping(columns: l * c.H),
          outputGradient: zGradient, weightGradient: gradients.recurrentWeight(l))
      }
    }
    let interfaceGradient = record.rawInterface.rows(from: 0)
    Linear.backwardBias(
      rows: rows, outputs: c.interface.count, outputGradient: interfaceGradient,
      biasGradient: gradients.interfaceBias)
    Linear.backwardWeight(
      rows: rows, outputs: c.interface.count, inputs: c.controllerWidth,
      input: hidden.rows(from: 1).dropping(columns: c.controllerOffset), outputGradient: interfaceGradient,
      weightGradient: gradients.interfaceWeight)
  }

  /// - Parameter inputGradients: [T, B, X], written.
  func backwardInputs(steps: Int, inputGradients: Out<Scalar>) {
    let rows = steps * c.B
    setZero(rows * c.X, inputGradients)
    // Every layer of the LSTM sees x_t, of a feedforward controller only the first.
    for l in 0..<(c.controller == .lstm ? c.L : 1) {
      Linear.backward(
        rows: rows, outputs: c.gates * c.H, inputs: c.X, weight: parameters.inputWeight(l),
        outputGradient: record.gates(l, 0), inputGradient: Rows(inputGradients, stride: c.X))
    }
  }
}
