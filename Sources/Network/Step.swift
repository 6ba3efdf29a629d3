import CKernels

/// One time step of some sequences: controller, interface, memory, and the way back.
///
/// Step+AllSteps.swift has the products that don't depend on the recurrence, for any number of steps at once: the
/// inputs' share in the controller, the outputs, and the gradients of the weights.
struct Step<Scalar: Real> {
  let parameters: Parameters<Scalar>
  /// See `PackedWeights`.
  let panels: In<Scalar>?
  var sequences: Range<Int>
  let history: MemoryHistory<Scalar>
  let memory: ExternalMemory<Scalar>
  /// nil without dropout.
  var bypass: Bypass<Scalar>?
  /// The state before the step, of one sequence that starts an episode; nil for sequences that go on.
  var start: Planes<Scalar>? = nil
  /// nil: the thread takes its sequences alone.
  var crew: Crew.Member? = nil
  /// What this thread computes of each product with weights.
  private(set) var columns = Columns(part: 0, parts: 1)

  var c: Configuration { history.c }
  var planes: Planes<Scalar> { history.planes }
  var batch: Int { sequences.count }
  var clip: Scalar { Scalar(c.clipValue) }

  /// The sequences' rows of a step.
  func rows(_ plane: Plane<Scalar>, _ row: Int) -> MutableRows<Scalar> {
    plane.matrix(from: row, sequence: sequences.lowerBound)
  }

  func weight(_ kind: ParameterLayout.Kind, layer: Int = 0) -> Weight<Scalar> {
    Weight(
      rows: parameters.rows(kind, layer: layer),
      panels: panels.map { $0 + parameters.places[kind, layer].panelOffset })
  }

  /// Part `part` of `parts` of a product's columns.
  struct Columns {
    let part, parts: Int

    /// - Parameter unit: the part begins with a multiple of it.
    private func range(_ count: Int, unit: Int) -> Range<Int> {
      guard parts > 1 else { return 0..<count }
      func edge(_ part: Int) -> Int {
        part == parts ? count : min(count, (count * part / parts + unit / 2) / unit * unit)
      }
      return edge(part)..<edge(part + 1)
    }

    func ofOutputs(_ count: Int) -> Range<Int> { range(count, unit: Int(DNC_WHOLE_PANELS)) }
    func ofInputs(_ count: Int) -> Range<Int> { range(count, unit: 16) }
  }

  /// Products with the weights: of the own sequences; in a crew, some columns of all sequences.
  @inline(__always) func together(_ body: (Step) -> Void) {
    if let crew { withCrew(crew, body) } else { body(self) }
  }

  @inline(never) private func withCrew(_ crew: Crew.Member, _ body: (Step) -> Void) {
    guard crew.begin() else { return body(self) }
    var whole = self
    (whole.sequences, whole.columns) = (0..<c.B, Columns(part: crew.index, parts: crew.count))
    body(whole)
    crew.end()
  }

  /// ν of the sequences.
  func controllerOutput(_ planes: Planes<Scalar>, _ row: Int) -> MutableRows<Scalar> {
    rows(planes[.hidden], row).dropping(columns: c.controllerOffset)
  }

  /// Takes step `row` of the record, from the state in row `previous` to the state in row `current`. Both may be one
  /// row, which is then overwritten. Comes after `inputs`, and before `outputs`.
  @inline(never) func forward(row: Int, previous: Int, current: Int) {
    for l in 0..<c.L { controller(layer: l, row: row, previous: previous, current: current) }
    interface(row: row, current: current)
    memory.forward(sequences, row: row, previous: previous, current: current)
  }

  /// Goes backwards through recorded step t, from the state in row t + 1 to the state in row t.
  /// - Parameters:
  ///   - steps: the number of recorded ones.
  ///   - gradient: of the state, in row 0. In: of that after the step. Out: of that before it.
  @inline(never) private func backward(
    step t: Int, of steps: Int, gradient: Planes<Scalar>, startGradients: StartGradients<Scalar>
  ) {
    for b in sequences {
      addScaled(c.readWidth, 1, planes[.readVectorsGradient][t, b], to: gradient[.readVectors][0, b])
      addScaled(
        c.controllerWidth, 1, planes[.controllerOutputGradient][t, b], to: gradient[.hidden][0, b] + c.controllerOffset)
    }
    memory.backward(sequences, step: t, of: steps, gradient: gradient)
    interfaceBackward(step: t, gradient: gradient)
    for l in (0..<c.L).reversed() { controllerBackward(layer: l, step: t, gradient: gradient) }
    cutGradient(step: t, gradient: gradient, startGradients: startGradients)
  }

  /// Goes backwards through all recorded steps, from the last to the first.
  /// - Parameters:
  ///   - gradient: of the state, in row 0.
  ///   - startGradients: out, of the episodes that started in them.
  ///   - goesOn: called after each step; false ends it.
  func backward(
    steps: Int, gradient: Planes<Scalar>, startGradients: StartGradients<Scalar>, goesOn: (_ step: Int) -> Bool
  ) {
    let segment = history.segment
    // Not the strides reversed, which would be an array.
    for first in stride(from: (steps - 1) / segment * segment, through: 0, by: -segment) {
      let end = min(first + segment, steps)
      memory.rollForward(sequences, from: first, to: end, of: steps)
      for t in (first..<end).reversed() {
        backward(step: t, of: steps, gradient: gradient, startGradients: startGradients)
        guard goesOn(t) else { return }
      }
    }
  }

  /// Where the products W_ξ ν are added up: in ξ, unless they are normalized. After backward: their gradients.
  var interfaceSums: Quantity { c.normalizesInterface ? .interfaceSums : .rawInterface }

  /// ξ = W_ξ ν + b_ξ, or γ_ξ ∘ LN(W_ξ ν) + b_ξ
  @inline(never) func interface(row: Int, current: Int) {
    let raw = rows(planes[interfaceSums], row)
    let weight = weight(.interfaceWeight)
    let bias = c.normalizesInterface ? nil : parameters.vector(.interfaceBias)
    let input = controllerOutput(planes, current).reading
    Linear.setBias(rows: batch, outputs: c.interfaceWidth, bias: bias, output: raw)
    together { step in
      let own = step.columns.ofOutputs(c.interfaceWidth)
      Linear.forward(
        rows: step.batch, outputs: own.count, inputs: c.controllerWidth,
        weight: weight.dropping(outputs: own.lowerBound),
        input: step.controllerOutput(planes, current).reading,
        output: step.rows(step.planes[interfaceSums], row).dropping(columns: own.lowerBound))
    }
    let bound = Scalar.saturation ?? .greatestFiniteMagnitude
    Linear.saturate(
      rows: batch, outputs: c.interfaceWidth, bias: bias, Linear.Term(weight, input, inputs: c.controllerWidth),
      bound: c.normalizesInterface ? .greatestFiniteMagnitude : bound, output: raw)
    if c.normalizesInterface { normalizeInterface(row: row) }
  }

  /// From the products W_ξ ν to ξ.
  func normalizeInterface(row: Int) {
    LayerNorm(rows: batch, count: c.interfaceWidth).forward(
      sums: rows(planes[interfaceSums], row).reading, scale: parameters.vector(.interfaceNormScale),
      bias: parameters.vector(.interfaceBias), kept: rows(planes[.normalizedInterface], row),
      bound: Scalar.saturation ?? .greatestFiniteMagnitude, output: rows(planes[.rawInterface], row))
  }

  func normalizeInterfaceBackward(step t: Int) {
    LayerNorm(rows: batch, count: c.interfaceWidth).backward(
      scale: parameters.vector(.interfaceNormScale), kept: rows(planes[.normalizedInterface], t).reading,
      outputGradient: rows(planes[.rawInterface], t).reading, sumsGradient: rows(planes[interfaceSums], t))
  }

  @inline(never) func interfaceBackward(step t: Int, gradient: Planes<Scalar>) {
    if c.normalizesInterface { normalizeInterfaceBackward(step: t) }
    together { step in
      let own = step.columns.ofInputs(c.controllerWidth)
      Linear.backward(
        rows: step.batch, outputs: c.interfaceWidth, inputs: own.count,
        weight: parameters.rows(.interfaceWeight).dropping(columns: own.lowerBound),
        outputGradient: step.rows(planes[interfaceSums], t).reading,
        inputGradient: step.controllerOutput(gradient, 0).dropping(columns: own.lowerBound))
    }
  }
}
