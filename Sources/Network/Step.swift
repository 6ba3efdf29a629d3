/// The order of the mechanisms: one time step of all sequences, forward. The backward order is in Step+Backward.swift.
struct Step<Scalar: Real> {
  let c: Configuration
  let parameters: Parameters<Scalar>
  let record: RecordPlanes<Scalar>

  var clip: Scalar { Scalar(c.clipValue) }

  /// Step `row` of the record, from the state in row `previous` to the state in row `current`; they may be one row,
  /// which is then written over. The output is left to `outputs`.
  /// - Parameter input: x_t [B, X].
  func forward(input: In<Scalar>, row: Int, previous: Int, current: Int) {
    let state = record.state
    for b in 0..<c.B {
      let controllerInput = record.controllerInput[row, b]
      copyValues(c.X, input + b * c.X, to: controllerInput)
      copyValues(c.readWidth, state.readVectors[previous, b], to: controllerInput + c.X)
    }
    for l in 0..<c.L { controller(layer: l, row: row, previous: previous, current: current) }

    let rawInterface = record.rawInterface.rows(from: row)
    Linear.setBias(rows: c.B, outputs: c.interface.count, bias: parameters.interfaceBias, output: rawInterface)
    Linear.forward(
      rows: c.B, outputs: c.interface.count, inputs: c.controllerWidth, weight: parameters.interfaceWeight,
      input: state.hidden.rows(from: current).dropping(columns: c.controllerOffset), output: rawInterface)
    for b in 0..<c.B {
      Interface.forward(c.interface, raw: record.rawInterface[row, b], interface: record.interface[row, b])
      write(b, row: row, previous: previous, current: current)
      read(b, row: row, previous: previous, current: current)
    }
  }

  /// y of `rows` steps and sequences, whose states begin in row `current`.
  /// - Parameter output: [rows, Y].
  func outputs(rows: Int, row: Int, current: Int, output: Out<Scalar>) {
    outputLayer.forward(
      rows: rows, weight: parameters.outputWeight, bias: parameters.outputBias,
      controller: record.state.hidden.rows(from: current).dropping(columns: c.controllerOffset),
      readVectors: record.state.readVectors.rows(from: current), unclamped: record.rawOutput[row], output: output)
  }

  var outputLayer: Output<Scalar> {
    Output(outputSize: c.Y, controllerWidth: c.controllerWidth, readWidth: c.readWidth, clip: clip)
  }

  private func controller(layer l: Int, row: Int, previous: Int, current: Int) {
    let hidden = record.state.hidden
    let z = record.gates(l, row)
    let units = c.gates * c.H
    let below = hidden.rows(from: current).dropping(columns: (l - 1) * c.H)
    let weight = parameters.inputWeight(l)
    Linear.setBias(rows: c.B, outputs: units, bias: parameters.controllerBias(l), output: z)
    if c.controller == .lstm || l == 0 {
      Linear.forward(
        rows: c.B, outputs: units, inputs: c.controllerInput, weight: weight,
        input: record.controllerInput.rows(from: row), output: z)
    }
    if l > 0 {
      Linear.forward(
        rows: c.B, outputs: units, inputs: c.H,
        weight: weight.dropping(columns: c.controller == .lstm ? c.controllerInput : 0), input: below, output: z)
    }
    let layerHidden = hidden.rows(from: current).dropping(columns: l * c.H)
    switch c.controller {
    case .lstm:
      Linear.forward(
        rows: c.B, outputs: units, inputs: c.H, weight: parameters.recurrentWeight(l),
        input: hidden.rows(from: previous).dropping(columns: l * c.H), output: z)
      let layer = l * c.B * c.H
      LSTM.forward(
        batch: c.B, hiddenSize: c.H, clip: clip, gates: z.start,
        previousCell: record.state.cell[previous] + layer, cell: record.state.cell[current] + layer,
        cellTanh: record.cellTanh[row] + layer, hidden: layerHidden)
    case .feedforward:
      Feedforward.forward(
        batch: c.B, hiddenSize: c.H, activation: c.activation, clip: clip, activations: z.start, hidden: layerHidden)
    }
  }

  /// Sections 4 and 5 of model.md for sequence b: usage, the write weightings, and the memory.
  private func write(_ b: Int, row: Int, previous: Int, current: Int) {
    let state = record.state
    let interface = record.interface[row, b]
    let at = c.interface
    Usage.forward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, freeGates: interface + at.freeGates,
      previousReadWeights: state.readWeights[previous, b], previousWriteWeights: state.writeWeights[previous, b],
      previousUsage: state.usage[previous, b], usage: state.usage[current, b])

    for k in 0..<c.K {
      let slots = k * c.N
      let usage = k == 0 ? state.usage[current, b] : record.usageFound + slots
      let allocation = record.allocation[row, b] + slots
      let order = record.order[row, b] + slots
      let content = record.writeContent[row, b] + slots
      let allocationGate = interface[at.allocationGates + k]
      let writeGate = interface[at.writeGates + k]
      FreeList.sort(slots: c.N, usage: usage, order: order, scratch: record.freeListScratch)
      Allocation.forward(slots: c.N, usage: usage, order: order, allocation: allocation)
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: state.memory[0, b], rowNorms: state.rowNorms[previous, b],
        key: interface + at.writeKeys + k * c.W, strength: interface[at.writeStrengths + k],
        similarity: record.writeSimilarity[row, b] + slots, weighting: content)
      WriteWeighting.forward(
        slots: c.N, allocation: allocation, content: content, allocationGate: allocationGate, writeGate: writeGate,
        weighting: state.writeWeights[current, b] + slots)
      if k + 1 < c.K {
        Occupation.forward(
          slots: c.N, usage: usage, allocation: allocation, allocationGate: allocationGate, writeGate: writeGate,
          nextUsage: record.usageFound + slots + c.N)
      }
    }

    MemoryWrite.forward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: state.memory[0, b],
      weights: state.writeWeights[current, b], erase: interface + at.eraseVectors,
      write: interface + at.writeVectors, memory: state.memory[0, b], rowNorms: state.rowNorms[current, b])
  }

  /// Sections 6 and 7 of model.md for sequence b: links, precedence, the read weightings and the read vectors.
  private func read(_ b: Int, row: Int, previous: Int, current: Int) {
    let state = record.state
    let interface = record.interface[row, b]
    let at = c.interface
    for k in 0..<c.K {
      let slots = k * c.N
      let links = k * c.N * c.N
      TemporalLinks.forward(
        slots: c.N, readHeads: c.R, writeWeighting: state.writeWeights[current, b] + slots,
        previousPrecedence: state.precedence[previous, b] + slots,
        previousReadWeights: state.readWeights[previous, b], previousLink: state.link[0, b] + links,
        link: state.link[0, b] + links,
        forwardWeights: Rows(record.forwardWeights[row, b] + slots, stride: c.K * c.N),
        backwardWeights: Rows(record.backwardWeights[row, b] + slots, stride: c.K * c.N))
      Precedence.forward(
        slots: c.N, writeWeighting: state.writeWeights[current, b] + slots,
        previousPrecedence: state.precedence[previous, b] + slots, precedence: state.precedence[current, b] + slots)
    }
    for i in 0..<c.R {
      let slots = i * c.N
      let content = record.readContent[row, b] + slots
      let weighting = state.readWeights[current, b] + slots
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: state.memory[0, b], rowNorms: state.rowNorms[current, b],
        key: interface + at.readKeys + i * c.W, strength: interface[at.readStrengths + i],
        similarity: record.readSimilarity[row, b] + slots, weighting: content)
      ReadWeighting.forward(
        slots: c.N, writeHeads: c.K, modes: interface + at.readModes + i * at.modes,
        backwardWeights: record.backwardWeights[row, b] + slots * c.K, content: content,
        forwardWeights: record.forwardWeights[row, b] + slots * c.K, weighting: weighting)
      ReadVectors.forward(
        slots: c.N, wordSize: c.W, memory: state.memory[0, b], weighting: weighting,
        vector: state.readVectors[current, b] + i * c.W)
    }
  }
}
