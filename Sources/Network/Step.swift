/// The order of the mechanisms: one time step of some sequences, forward. The backward order is in Step+Backward.swift.
///
/// What doesn't depend on the recurrence, the inputs' share in the controller and the outputs, is apart from the step: for
/// any number of steps at once.
struct Step<Scalar: Real> {
  let c: Configuration
  let parameters: Parameters<Scalar>
  let record: RecordPlanes<Scalar>
  let sequences: Range<Int>
  let scratch: Scratch<Scalar>
  /// Who may help within a step, when no other sequences keep the threads busy.
  let team: Threads.Team?

  var clip: Scalar { Scalar(c.clipValue) }
  var batch: Int { sequences.count }

  /// The sequences' rows of a step.
  func rows(_ plane: Plane<Scalar>, _ step: Int) -> Rows<Scalar> {
    Rows(plane[step, sequences.lowerBound], stride: plane.width)
  }
  func gates(_ l: Int, _ step: Int) -> Rows<Scalar> { record.gates(l, step).dropping(rows: sequences.lowerBound) }

  /// What the inputs x_t of `steps` steps, from step `row` of the record on, give to the controller.
  /// - Parameter inputs: x [steps, B, X].
  func inputs(_ inputs: In<Scalar>, steps: Int, row: Int) {
    for b in sequences {
      let x = Rows(record.controllerInput[row, b], stride: record.controllerInput.stepCount)
      for t in 0..<steps { copyValues(c.X, inputs + (t * c.B + b) * c.X, to: x[t]) }
      for l in 0..<c.L {
        let z = Rows(record.gates(l, row)[b], stride: record.gates.stepCount)
        let units = c.gates * c.H
        Linear.setBias(rows: steps, outputs: units, bias: parameters.controllerBias(l), output: z)
        guard c.seesInput(layer: l) else { continue }
        Linear.forward(rows: steps, outputs: units, inputs: c.X, weight: parameters.inputWeight(l), input: x, output: z)
      }
    }
  }

  /// Step `row` of the record, from the state in row `previous` to the state in row `current`; they may be one row,
  /// which is then written over. Comes after `inputs`, and before `outputs`.
  func forward(row: Int, previous: Int, current: Int) {
    let state = record.state
    for b in sequences {
      copyValues(c.readWidth, state.readVectors[previous, b], to: record.controllerInput[row, b] + c.X)
    }
    for l in 0..<c.L { controller(layer: l, row: row, previous: previous, current: current) }

    let rawInterface = rows(record.rawInterface, row)
    let controller = rows(state.hidden, current).dropping(columns: c.controllerOffset)
    Linear.setBias(rows: batch, outputs: c.interface.count, bias: parameters.interfaceBias, output: rawInterface)
    Linear.forward(
      rows: batch, outputs: c.interface.count, inputs: c.controllerWidth, weight: parameters.interfaceWeight,
      input: controller, output: rawInterface)
    if let bound = Scalar.saturation {
      Linear.saturate(
        rows: batch, outputs: c.interface.count, bias: parameters.interfaceBias,
        Linear.Term(parameters.interfaceWeight, controller, inputs: c.controllerWidth), bound: bound,
        output: rawInterface)
    }
    for b in sequences {
      Interface.forward(c.interface, raw: record.rawInterface[row, b], interface: record.interface[row, b])
      write(b, row: row, previous: previous, current: current)
      read(b, row: row, previous: previous, current: current)
    }
  }

  /// y of `steps` steps, from step `row` of the record on, whose states begin in row `current`.
  /// - Parameter outputs: y [steps, B, Y].
  func outputs(_ outputs: Out<Scalar>, steps: Int, row: Int, current: Int) {
    let state = record.state
    for b in sequences {
      outputLayer.forward(
        rows: steps, weight: parameters.outputWeight, bias: parameters.outputBias,
        controller: Rows(state.hidden[current, b] + c.controllerOffset, stride: state.hidden.stepCount),
        readVectors: Rows(state.readVectors[current, b], stride: state.readVectors.stepCount),
        unclamped: Rows(record.rawOutput[row, b], stride: record.rawOutput.stepCount),
        output: Rows(outputs + b * c.Y, stride: c.B * c.Y))
    }
  }

  var outputLayer: Output<Scalar> {
    Output(outputSize: c.Y, controllerWidth: c.controllerWidth, readWidth: c.readWidth, clip: clip)
  }

  /// Layer l after the inputs' share.
  private func controller(layer l: Int, row: Int, previous: Int, current: Int) {
    let hidden = record.state.hidden
    let z = gates(l, row)
    let units = c.gates * c.H
    let weight = parameters.inputWeight(l)
    let seen = c.seesInput(layer: l) ? c.controllerInput : 0
    if c.seesInput(layer: l) {
      Linear.forward(
        rows: batch, outputs: units, inputs: c.readWidth, weight: weight.dropping(columns: c.X),
        input: rows(record.controllerInput, row).dropping(columns: c.X), output: z)
    }
    if l > 0 {
      Linear.forward(
        rows: batch, outputs: units, inputs: c.H,
        weight: weight.dropping(columns: seen),
        input: rows(hidden, current).dropping(columns: (l - 1) * c.H), output: z)
    }
    let layerHidden = rows(hidden, current).dropping(columns: l * c.H)
    let previousHidden = rows(hidden, previous).dropping(columns: l * c.H)
    if c.controller == .lstm {
      Linear.forward(
        rows: batch, outputs: units, inputs: c.H, weight: parameters.recurrentWeight(l), input: previousHidden,
        output: z)
    }
    Linear.saturate(
      rows: batch, outputs: units, bias: parameters.controllerBias(l),
      Linear.Term(weight, rows(record.controllerInput, row), inputs: seen),
      l > 0
        ? Linear.Term(
          weight.dropping(columns: seen), rows(hidden, current).dropping(columns: (l - 1) * c.H), inputs: c.H) : nil,
      c.controller == .lstm ? Linear.Term(parameters.recurrentWeight(l), previousHidden, inputs: c.H) : nil, output: z)
    switch c.controller {
    case .lstm:
      let layer = (l * c.B + sequences.lowerBound) * c.H
      LSTM.forward(
        batch: batch, hiddenSize: c.H, clip: clip, gates: z.start,
        previousCell: record.state.cell[previous] + layer, cell: record.state.cell[current] + layer,
        cellTanh: record.cellTanh[row] + layer, hidden: layerHidden)
    case .feedforward:
      Feedforward.forward(
        batch: batch, hiddenSize: c.H, activation: c.activation, clip: clip, activations: z.start, hidden: layerHidden)
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
      let usage = k == 0 ? state.usage[current, b] : scratch.usageFound + slots
      let allocation = record.allocation[row, b] + slots
      let order = record.order[row, b] + slots
      let allocationGate = interface[at.allocationGates + k]
      let writeGate = interface[at.writeGates + k]
      FreeList.sort(slots: c.N, usage: usage, order: order, scratch: scratch.freeList)
      Allocation.forward(slots: c.N, usage: usage, order: order, allocation: allocation)
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: state.memory[0, b], rowNorms: state.rowNorms[previous, b],
        key: interface + at.writeKeys + k * c.W, strength: interface[at.writeStrengths + k],
        similarity: scratch.similarity, weighting: scratch.content)
      WriteWeighting.forward(
        slots: c.N, allocation: allocation, content: scratch.content, allocationGate: allocationGate,
        writeGate: writeGate,
        weighting: state.writeWeights[current, b] + slots)
      if k + 1 < c.K {
        Occupation.forward(
          slots: c.N, usage: usage, allocation: allocation, allocationGate: allocationGate, writeGate: writeGate,
          nextUsage: scratch.usageFound + slots + c.N)
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
        backwardWeights: Rows(record.backwardWeights[row, b] + slots, stride: c.K * c.N), scratch: scratch.links,
        team: team)
      Precedence.forward(
        slots: c.N, writeWeighting: state.writeWeights[current, b] + slots,
        previousPrecedence: state.precedence[previous, b] + slots, precedence: state.precedence[current, b] + slots)
    }
    for i in 0..<c.R {
      let slots = i * c.N
      let weighting = state.readWeights[current, b] + slots
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: state.memory[0, b], rowNorms: state.rowNorms[current, b],
        key: interface + at.readKeys + i * c.W, strength: interface[at.readStrengths + i],
        similarity: scratch.similarity, weighting: scratch.content)
      ReadWeighting.forward(
        slots: c.N, writeHeads: c.K, modes: interface + at.readModes + i * at.modes,
        backwardWeights: record.backwardWeights[row, b] + slots * c.K, content: scratch.content,
        forwardWeights: record.forwardWeights[row, b] + slots * c.K, weighting: weighting)
      ReadVectors.forward(
        slots: c.N, wordSize: c.W, memory: state.memory[0, b], weighting: weighting,
        vector: state.readVectors[current, b] + i * c.W)
    }
  }
}
