/// The memory of the Differentiable Neural Computer (model.md, sections 2 to 7): the order of its mechanisms for one sequence
/// in one step, forward and backward. `history` recomputes the memories and links that the record does not keep.
struct DNCMemory<Scalar: Real>: MemoryRoom, RecomputedMemory {
  static var traits: MemoryTraits { MemoryTraits(name: "DNC", hasUsage: true, hasVariants: true) }
  static func interfaceWidth(_ c: Configuration) -> Int { c.interface.count }

  let history: MemoryHistory<Scalar>
  let scratch: Scratch
  /// Those that the scratch is for.
  let sequences: Range<Int>
  var c: Configuration { history.c }
  var memories: Plane<Scalar> { scratch.memory }
  let team: Threads.Team?
  /// True if a step takes more of memory and links than the cache next to the core has.
  private let prefetches: Bool
  var linkScratch: Out<Scalar>? { scratch.links }

  init(_ history: MemoryHistory<Scalar>, _ scratch: Scratch, sequences: Range<Int>, team: Threads.Team?) {
    (self.history, self.scratch, self.sequences, self.team) = (history, scratch, sequences, team)
    let c = history.c
    prefetches = c.N * c.W + c.linkCount > 8 << 10
  }

  /// Sequence b's state in one row, or its gradient.
  struct State<Pointer: ScalarPointer> where Pointer.Pointee == Scalar {
    /// M [N, W], ‖M[n]‖_ε [N], L [K, N, N]
    let memory, rowNorms, link: Pointer
    /// u [N], p [K, N], w^w [K, N], w^r [R, N], r [R, W]
    let usage, precedence, writeWeights, readWeights, readVectors: Pointer

    init(_ place: MemoryHistory<Scalar>.Place) {
      memory = Pointer(to: place(.memory))
      link = Pointer(to: place(.link))
      rowNorms = Pointer(to: place(.rowNorms))
      usage = Pointer(to: place(.usage))
      precedence = Pointer(to: place(.precedence))
      writeWeights = Pointer(to: place(.writeWeights))
      readWeights = Pointer(to: place(.readWeights))
      readVectors = Pointer(to: place(.readVectors))
    }

    init(_ planes: Planes<Scalar>, row: Int, _ b: Int) {
      self.init(MemoryHistory.Place(planes: planes, row: row, b: b))
    }
  }

  typealias Read = State<In<Scalar>>
  typealias Written = State<Out<Scalar>>

  // MARK: Forward

  func forward(_ b: Int, row: Int, previous: Int, current: Int) {
    if prefetches, b + 1 < sequences.upperBound { prefetch(b + 1, step: row, state: current) }
    let interface = planes[.interface][row, b]
    scratch.interfaceParts.forward(raw: In(planes[.rawInterface][row, b]), interface: interface)
    let parts = InterfaceParts(start: In(interface), at: c.interface)
    let before = Read(history.before(row, previous: previous, b))
    let after = Written(planes, row: current, b)
    write(b, row, parts, before, after)
    read(b, row, parts, history.foundByReadHeads(row, b, current: current), before, after)
  }

  /// Sections 4 and 5: usage, the write weightings, and the memory.
  private func write(_ b: Int, _ row: Int, _ parts: InterfaceParts<In<Scalar>>, _ before: Read, _ after: Written) {
    Usage.forward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, freeGates: parts.freeGates,
      previousReadWeights: before.readWeights, previousWriteWeights: before.writeWeights,
      previousUsage: before.usage, usage: after.usage, retention: history.retention(row, b))
    // The write heads look into M_{t-1}, the read heads into M_t.
    let found = history.foundByWriteHeads(row, b)
    content(writeHeads(parts), before.memory, rowNorms: before.rowNorms, found)
    for k in 0..<c.K {
      let usage = k == 0 ? after.usage : scratch.usageFound + k * c.N
      let allocation = planes[.allocation][row, b] + k * c.N
      let order = planes.order[row, b] + k * c.N
      FreeList.sort(slots: c.N, usage: usage, order: order, scratch: scratch.freeList)
      Allocation.forward(slots: c.N, usage: usage, order: order, allocation: allocation)
      WriteWeighting.forward(
        slots: c.N, allocation: allocation, content: found.weighting + k * c.N,
        allocationGate: parts.allocationGates[k], writeGate: parts.writeGates[k],
        weighting: after.writeWeights + k * c.N)
      if k + 1 < c.K { occupy(k, parts, usage: usage, allocation: allocation) }
    }
    MemoryWrite.forward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: before.memory, weights: after.writeWeights,
      erase: parts.eraseVectors, write: parts.writeVectors, retention: history.retention(row, b).map { In($0) },
      memory: after.memory, rowNorms: after.rowNorms)
  }

  /// Computes the usage that the write head after k finds.
  private func occupy(_ k: Int, _ parts: InterfaceParts<In<Scalar>>, usage: In<Scalar>, allocation: In<Scalar>) {
    Occupation.forward(
      slots: c.N, usage: usage, allocation: allocation, allocationGate: parts.allocationGates[k],
      writeGate: parts.writeGates[k], nextUsage: scratch.usageFound + (k + 1) * c.N)
  }

  /// Sections 6 and 7: links, precedence, the read weightings and the read vectors.
  private func read(
    _ b: Int, _ row: Int, _ parts: InterfaceParts<In<Scalar>>, _ found: Found<Scalar>, _ before: Read, _ after: Written
  ) {
    content(readHeads(parts), In(after.memory), rowNorms: In(after.rowNorms), found)
    if c.hasLinks { readLinks(b, row, parts, content: found.weighting, before, after) }
    ReadVectors.forward(
      slots: c.N, wordSize: c.W, heads: c.R, memory: after.memory, weightings: after.readWeights,
      vectors: after.readVectors)
  }

  // MARK: Backward

  func backward(_ b: Int, step t: Int, of steps: Int, gradient: Planes<Scalar>) {
    if prefetches { prefetchNext(after: b, step: t) }
    let interface = planes[.interface][t, b]
    let step = Backward(
      b: b, t: t, steps: steps, parts: InterfaceParts(start: In(interface), at: c.interface),
      partsGradient: InterfaceParts(start: scratch.interfaceGradient, at: c.interface),
      before: Read(history.before(t, previous: t, b)), after: Read(planes, row: t + 1, b),
      gradient: Written(gradient, row: 0, b), memoryBefore: memory(before: t, b),
      memoryAfter: memory(after: t, of: steps, b))
    setZero(c.interface.count, scratch.interfaceGradient)
    backwardRead(step)
    backwardWrite(step)
    scratch.interfaceParts.backward(
      raw: planes[.rawInterface][t, b], interface: In(interface), interfaceGradient: In(scratch.interfaceGradient))
    setZero(c.readWidth, step.gradient.readVectors)
  }

  /// Asks for what backward reads next after sequence b: those rows are no longer in the caches next to the core.
  private func prefetchNext(after b: Int, step t: Int) {
    if b + 1 < sequences.upperBound {
      prefetch(b + 1, recorded: t)
    } else if t > 0 {
      prefetch(sequences.lowerBound, recorded: t - 1)
    }
    guard t > 0 else { return }
    planes[.readVectorsGradient].prefetch(t - 1, b)
    planes[.controllerOutputGradient].prefetch(t - 1, b)
  }

  private func prefetch(_ b: Int, recorded t: Int) {
    prefetch(b, step: t, state: t)
    planes[.memoryCheckpoint].prefetch(t / history.segment, b)
    planes[.linkCheckpoint].prefetch(t / history.segment, b)
  }

  /// Asks for sequence b's numbers of a step and of a state next to it.
  private func prefetch(_ b: Int, step t: Int, state: Int) {
    func prefetch(_ quantity: Quantity, _ row: Int) { planes[quantity].prefetch(row, b) }
    prefetch(.rawInterface, t)
    prefetch(.interface, t)
    prefetch(.order, t)
    prefetch(.allocation, t)
    prefetch(.backwardWeights, t)
    prefetch(.forwardWeights, t)
    prefetch(.usage, state)
    prefetch(.writeWeights, state)
    prefetch(.rowNorms, state)
    prefetch(.precedence, state)
    prefetch(.readWeights, state)
    prefetch(.readVectors, state)
  }

  /// The arrays that both halves of a step use. The memory and links of `before` and `after` are the present ones, not
  /// those of the step.
  struct Backward {
    let b, t: Int
    /// Number of recorded steps.
    let steps: Int
    let parts: InterfaceParts<In<Scalar>>
    let partsGradient: InterfaceParts<Out<Scalar>>
    let before, after: Read
    let gradient: Written
    let memoryBefore, memoryAfter: In<Scalar>
  }

  private func backwardRead(_ step: Backward) {
    let gradient = step.gradient
    let found = history.foundByReadHeads(step.t, step.b, current: step.t + 1)
    if !c.keepsContent { content(readHeads(step.parts), step.memoryAfter, rowNorms: step.after.rowNorms, found) }
    ReadVectors.backward(
      slots: c.N, wordSize: c.W, heads: c.R, memory: step.memoryAfter, weightings: step.after.readWeights,
      vectorsGradient: gradient.readVectors, memoryGradient: gradient.memory,
      weightingsGradient: gradient.readWeights)
    if c.hasLinks { backwardModes(step, content: found.weighting) }
    contentBackward(
      readHeads(step.parts), step.memoryAfter, rowNorms: step.after.rowNorms, found,
      weightingGradient: c.hasLinks ? scratch.contentGradient : gradient.readWeights, memoryGradient: gradient.memory,
      readHeads(step.partsGradient))

    // From here on, the array holds the gradient of the previous read weightings.
    setZero(c.R * c.N, gradient.readWeights)
    if c.hasLinks { backwardLinks(step) }
  }

  private func backwardWrite(_ step: Backward) {
    let gradient = step.gradient
    let retentionGradient = c.deallocates ? scratch.retentionGradient : nil
    MemoryWrite.backward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: step.memoryBefore, weights: step.after.writeWeights,
      erase: step.parts.eraseVectors, write: step.parts.writeVectors,
      retention: history.retention(step.t, step.b).map { In($0) }, retentionGradient: retentionGradient,
      memoryGradient: gradient.memory,
      weightsGradient: gradient.writeWeights, eraseGradient: step.partsGradient.eraseVectors,
      writeGradient: step.partsGradient.writeVectors)

    func usage(_ k: Int) -> In<Scalar> { k == 0 ? step.after.usage : In(scratch.usageFound + k * c.N) }
    let allocations = planes[.allocation][step.t, step.b]
    for k in 0..<c.K - 1 { occupy(k, step.parts, usage: usage(k), allocation: allocations + k * c.N) }
    let found = history.foundByWriteHeads(step.t, step.b)
    if !c.keepsContent { content(writeHeads(step.parts), step.memoryBefore, rowNorms: step.before.rowNorms, found) }
    setZero(c.N, scratch.usageFoundGradient)
    for k in (0..<c.K).reversed() {
      let (slots, allocation) = (k * c.N, allocations + k * c.N)
      let (allocationGate, writeGate) = (step.parts.allocationGates[k], step.parts.writeGates[k])
      let allocationGateGradient = step.partsGradient.allocationGates + k
      let writeGateGradient = step.partsGradient.writeGates + k
      WriteWeighting.backward(
        slots: c.N, allocation: allocation, content: found.weighting + slots, allocationGate: allocationGate,
        writeGate: writeGate, weightingGradient: gradient.writeWeights + slots,
        allocationGradient: scratch.allocationGradient, contentGradient: scratch.contentGradient + slots,
        allocationGateGradient: allocationGateGradient, writeGateGradient: writeGateGradient)
      if k + 1 < c.K {
        Occupation.backward(
          slots: c.N, usage: usage(k), allocation: allocation, allocationGate: allocationGate, writeGate: writeGate,
          usageGradient: scratch.usageFoundGradient, allocationGradient: scratch.allocationGradient,
          allocationGateGradient: allocationGateGradient, writeGateGradient: writeGateGradient)
      }
      Allocation.backward(
        slots: c.N, usage: usage(k), order: planes.order[step.t, step.b] + slots,
        allocationGradient: scratch.allocationGradient, usageGradient: scratch.usageFoundGradient,
        products: scratch.products)
    }
    contentBackward(
      writeHeads(step.parts), step.memoryBefore, rowNorms: step.before.rowNorms, found,
      weightingGradient: scratch.contentGradient, memoryGradient: gradient.memory, writeHeads(step.partsGradient))
    addScaled(c.N, 1, scratch.usageFoundGradient, to: gradient.usage)
    Usage.backward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, stopped: c.usageGradientStopped, freeGates: step.parts.freeGates,
      previousReadWeights: step.before.readWeights, previousWriteWeights: step.before.writeWeights,
      previousUsage: step.before.usage, retentionGradient: retentionGradient.map { In($0) },
      usageGradient: gradient.usage,
      freeGatesGradient: step.partsGradient.freeGates, readWeightsGradient: gradient.readWeights,
      writeWeightsGradient: gradient.writeWeights)
  }
}
