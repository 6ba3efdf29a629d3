/// The memory of the Differentiable Neural Computer (model.md, sections 2 to 7): the order of its mechanisms for one sequence
/// in one step, forward and backward. `history` recomputes the memories and links that the record does not keep.
struct DNCMemory<Scalar: Real> {
  let c: Configuration
  let planes: Planes<Scalar>
  let history: MemoryHistory<Scalar>
  let scratch: Scratch
  /// The first sequence of the scratch.
  let firstSequence: Int
  /// Threads that may share the work of a step, when there are no other sequences for them.
  let team: Threads.Team?

  /// Sequence b's state in one row, or its gradient.
  struct State<Pointer: ScalarPointer> where Pointer.Pointee == Scalar {
    /// M [N, W], ‖M[n]‖_ε [N], L [K, N, N]
    let memory, rowNorms, link: Pointer
    /// u [N], p [K, N], w^w [K, N], w^r [R, N], r [R, W]
    let usage, precedence, writeWeights, readWeights, readVectors: Pointer

    init(_ planes: Planes<Scalar>, row: Int, _ b: Int) {
      func pointer(_ quantity: Quantity, _ row: Int) -> Pointer { Pointer(to: planes[quantity][row, b]) }
      memory = pointer(.memory, 0)
      link = pointer(.link, 0)
      rowNorms = pointer(.rowNorms, row)
      usage = pointer(.usage, row)
      precedence = pointer(.precedence, row)
      writeWeights = pointer(.writeWeights, row)
      readWeights = pointer(.readWeights, row)
      readVectors = pointer(.readVectors, row)
    }
  }

  typealias Read = State<In<Scalar>>
  typealias Written = State<Out<Scalar>>

  // MARK: Forward

  /// Goes from ξ in step `row` and the state in row `previous` to the state in row `current`. Both rows may be the
  /// same.
  func forward(_ b: Int, row: Int, previous: Int, current: Int) {
    let interface = planes[.interface][row, b]
    Interface.forward(c.interface, raw: planes[.rawInterface][row, b], interface: interface)
    let parts = InterfaceParts(start: In(interface), at: c.interface)
    let before = Read(planes, row: previous, b)
    let after = Written(planes, row: current, b)
    write(b, row, parts, before, after)
    read(b, row, parts, before, after)
  }

  /// Sections 4 and 5: usage, the write weightings, and the memory.
  private func write(_ b: Int, _ row: Int, _ parts: InterfaceParts<In<Scalar>>, _ before: Read, _ after: Written) {
    Usage.forward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, freeGates: parts.freeGates,
      previousReadWeights: before.readWeights, previousWriteWeights: before.writeWeights,
      previousUsage: before.usage, usage: after.usage)
    for k in 0..<c.K {
      let head = parts.writeHead(k)
      let usage = k == 0 ? after.usage : scratch.usageFound + k * c.N
      let allocation = planes[.allocation][row, b] + k * c.N
      let order = planes.order[row, b] + k * c.N
      FreeList.sort(slots: c.N, usage: usage, order: order, scratch: scratch.freeList)
      Allocation.forward(slots: c.N, usage: usage, order: order, allocation: allocation)
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: before.memory, rowNorms: before.rowNorms, key: head.key,
        strength: head.strength[0], similarity: scratch.similarity, weighting: scratch.content)
      WriteWeighting.forward(
        slots: c.N, allocation: allocation, content: scratch.content, allocationGate: head.allocationGate[0],
        writeGate: head.writeGate[0], weighting: after.writeWeights + k * c.N)
      if k + 1 < c.K { occupy(k, head, usage: usage, allocation: allocation) }
    }
    MemoryWrite.forward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: before.memory, weights: after.writeWeights,
      erase: parts.eraseVectors, write: parts.writeVectors, memory: after.memory, rowNorms: after.rowNorms)
  }

  /// Computes the usage that the write head after k finds.
  private func occupy(_ k: Int, _ head: WriteHead<In<Scalar>>, usage: In<Scalar>, allocation: In<Scalar>) {
    Occupation.forward(
      slots: c.N, usage: usage, allocation: allocation, allocationGate: head.allocationGate[0],
      writeGate: head.writeGate[0], nextUsage: scratch.usageFound + (k + 1) * c.N)
  }

  /// Sections 6 and 7: links, precedence, the read weightings and the read vectors.
  private func read(_ b: Int, _ row: Int, _ parts: InterfaceParts<In<Scalar>>, _ before: Read, _ after: Written) {
    let backwardWeights = planes[.backwardWeights][row, b]
    let forwardWeights = planes[.forwardWeights][row, b]
    for k in 0..<c.K {
      let slots = k * c.N
      TemporalLinks.forward(
        slots: c.N, readHeads: c.R, writeWeighting: after.writeWeights + slots,
        previousPrecedence: before.precedence + slots, previousReadWeights: before.readWeights,
        previousLink: before.link + slots * c.N, link: after.link + slots * c.N,
        forwardWeights: MutableRows(forwardWeights + slots, stride: c.K * c.N),
        backwardWeights: MutableRows(backwardWeights + slots, stride: c.K * c.N), scratch: scratch.links, team: team)
      Precedence.forward(
        slots: c.N, writeWeighting: after.writeWeights + slots, previousPrecedence: before.precedence + slots,
        precedence: after.precedence + slots)
    }
    for i in 0..<c.R {
      let head = parts.readHead(i)
      let weighting = after.readWeights + i * c.N
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: after.memory, rowNorms: after.rowNorms, key: head.key,
        strength: head.strength[0], similarity: scratch.similarity, weighting: scratch.content)
      ReadWeighting.forward(
        slots: c.N, writeHeads: c.K, modes: head.modes, backwardWeights: backwardWeights + i * c.K * c.N,
        content: scratch.content, forwardWeights: forwardWeights + i * c.K * c.N, weighting: weighting)
      ReadVectors.forward(
        slots: c.N, wordSize: c.W, memory: after.memory, weighting: weighting, vector: after.readVectors + i * c.W)
    }
  }

  // MARK: Backward

  /// Turns the gradient of the state after recorded step t into that of the state before it, and ξ into its own
  /// gradient. Comes after `history.rollForward` over the step's segment.
  /// - Parameter gradient: of the state, in row 0.
  func backward(_ b: Int, step t: Int, gradient: Planes<Scalar>) {
    let interface = planes[.interface][t, b]
    let step = Backward(
      b: b, t: t, parts: InterfaceParts(start: In(interface), at: c.interface),
      partsGradient: InterfaceParts(start: scratch.interfaceGradient, at: c.interface),
      before: Read(planes, row: t, b), after: Read(planes, row: t + 1, b),
      gradient: Written(gradient, row: 0, b), memoryBefore: memory(before: t, b), memoryAfter: memory(after: t, b))
    setZero(c.interface.count, scratch.interfaceGradient)
    backwardRead(step)
    backwardWrite(step)
    Interface.backward(
      c.interface, raw: planes[.rawInterface][t, b], interface: interface, interfaceGradient: scratch.interfaceGradient)
    setZero(c.readWidth, step.gradient.readVectors)
  }

  /// The arrays that both halves of a step use. The memory and links of `before` and `after` are the present ones, not
  /// those of the step.
  private struct Backward {
    let b, t: Int
    let parts: InterfaceParts<In<Scalar>>
    let partsGradient: InterfaceParts<Out<Scalar>>
    let before, after: Read
    let gradient: Written
    let memoryBefore, memoryAfter: In<Scalar>
  }

  private func backwardRead(_ step: Backward) {
    let gradient = step.gradient
    let backwardWeights = planes[.backwardWeights][step.t, step.b]
    let forwardWeights = planes[.forwardWeights][step.t, step.b]
    for i in 0..<c.R {
      let head = step.parts.readHead(i)
      let headGradient = step.partsGradient.readHead(i)
      let (slots, pairs) = (i * c.N, i * c.K * c.N)
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: step.memoryAfter, rowNorms: step.after.rowNorms, key: head.key,
        strength: head.strength[0], similarity: scratch.similarity, weighting: scratch.content)
      ReadVectors.backward(
        slots: c.N, wordSize: c.W, memory: step.memoryAfter, weighting: step.after.readWeights + slots,
        vectorGradient: gradient.readVectors + i * c.W, memoryGradient: gradient.memory,
        weightingGradient: gradient.readWeights + slots)
      ReadWeighting.backward(
        slots: c.N, writeHeads: c.K, modes: head.modes, backwardWeights: backwardWeights + pairs,
        content: scratch.content, forwardWeights: forwardWeights + pairs,
        weightingGradient: gradient.readWeights + slots, modesGradient: headGradient.modes,
        backwardGradient: scratch.backwardGradient + pairs, contentGradient: scratch.contentGradient,
        forwardGradient: scratch.forwardGradient + pairs)
      ContentWeighting.backward(
        slots: c.N, wordSize: c.W, memory: step.memoryAfter, rowNorms: step.after.rowNorms, key: head.key,
        strength: head.strength[0], similarity: scratch.similarity, weighting: scratch.content,
        weightingGradient: scratch.contentGradient, memoryGradient: gradient.memory, keyGradient: headGradient.key,
        strengthGradient: headGradient.strength)
    }

    // From here on, the array holds the gradient of the previous read weightings.
    setZero(c.R * c.N, gradient.readWeights)
    for k in 0..<c.K {
      let slots = k * c.N
      Precedence.backward(
        slots: c.N, writeWeighting: step.after.writeWeights + slots, previousPrecedence: step.before.precedence + slots,
        precedenceGradient: gradient.precedence + slots, writeWeightingGradient: gradient.writeWeights + slots)
      TemporalLinks.backward(
        slots: c.N, readHeads: c.R, history: history.links(before: step.t, step.b, k),
        previousReadWeights: step.before.readWeights,
        forwardGradient: Rows(scratch.forwardGradient + slots, stride: c.K * c.N),
        backwardGradient: Rows(scratch.backwardGradient + slots, stride: c.K * c.N),
        linkGradient: gradient.link + slots * c.N, writeWeightingGradient: gradient.writeWeights + slots,
        precedenceGradient: gradient.precedence + slots, readWeightsGradient: gradient.readWeights,
        scratch: scratch.links, team: team)
    }
  }

  private func backwardWrite(_ step: Backward) {
    let gradient = step.gradient
    MemoryWrite.backward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: step.memoryBefore, weights: step.after.writeWeights,
      erase: step.parts.eraseVectors, write: step.parts.writeVectors, memoryGradient: gradient.memory,
      weightsGradient: gradient.writeWeights, eraseGradient: step.partsGradient.eraseVectors,
      writeGradient: step.partsGradient.writeVectors)

    func usage(_ k: Int) -> In<Scalar> { k == 0 ? step.after.usage : In(scratch.usageFound + k * c.N) }
    let allocations = planes[.allocation][step.t, step.b]
    for k in 0..<c.K - 1 {
      occupy(k, step.parts.writeHead(k), usage: usage(k), allocation: allocations + k * c.N)
    }
    setZero(c.N, scratch.usageFoundGradient)
    for k in (0..<c.K).reversed() {
      let head = step.parts.writeHead(k)
      let headGradient = step.partsGradient.writeHead(k)
      let allocation = allocations + k * c.N
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, memory: step.memoryBefore, rowNorms: step.before.rowNorms, key: head.key,
        strength: head.strength[0], similarity: scratch.similarity, weighting: scratch.content)
      WriteWeighting.backward(
        slots: c.N, allocation: allocation, content: scratch.content, allocationGate: head.allocationGate[0],
        writeGate: head.writeGate[0], weightingGradient: gradient.writeWeights + k * c.N,
        allocationGradient: scratch.allocationGradient, contentGradient: scratch.contentGradient,
        allocationGateGradient: headGradient.allocationGate, writeGateGradient: headGradient.writeGate)
      if k + 1 < c.K {
        Occupation.backward(
          slots: c.N, usage: usage(k), allocation: allocation, allocationGate: head.allocationGate[0],
          writeGate: head.writeGate[0], usageGradient: scratch.usageFoundGradient,
          allocationGradient: scratch.allocationGradient, allocationGateGradient: headGradient.allocationGate,
          writeGateGradient: headGradient.writeGate)
      }
      Allocation.backward(
        slots: c.N, usage: usage(k), order: planes.order[step.t, step.b] + k * c.N,
        allocationGradient: scratch.allocationGradient, usageGradient: scratch.usageFoundGradient,
        products: scratch.products)
      ContentWeighting.backward(
        slots: c.N, wordSize: c.W, memory: step.memoryBefore, rowNorms: step.before.rowNorms, key: head.key,
        strength: head.strength[0], similarity: scratch.similarity, weighting: scratch.content,
        weightingGradient: scratch.contentGradient, memoryGradient: gradient.memory, keyGradient: headGradient.key,
        strengthGradient: headGradient.strength)
    }
    addScaled(c.N, 1, scratch.usageFoundGradient, to: gradient.usage)
    Usage.backward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, stopped: c.usageGradientStopped, freeGates: step.parts.freeGates,
      previousReadWeights: step.before.readWeights, previousWriteWeights: step.before.writeWeights,
      previousUsage: step.before.usage, usageGradient: gradient.usage,
      freeGatesGradient: step.partsGradient.freeGates, readWeightsGradient: gradient.readWeights,
      writeWeightsGradient: gradient.writeWeights)
  }
}
