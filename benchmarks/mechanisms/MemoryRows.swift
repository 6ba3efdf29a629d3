import CBench

/// The mechanisms of the memory, called as in DNCMemory.swift.
extension Meter {
  private var c: Configuration { network.pointee.configuration }
  private var gradient: SequencePlanes<Float> { network.pointee.stateGradient }

  /// Of vectors of the record: `vectors` of N numbers that are read, `changed` ones that are written or changed.
  func slots(_ operations: Double, read vectors: Int, changed: Int) -> Need {
    let bytes = 4 * Double(c.N)
    return Need(
      operations: operations * Double(c.N), read: bytes * Double(vectors), update: bytes * Double(changed),
      set: together * bytes * Double(vectors + changed))
  }

  /// Of matrices of `size` numbers: so many operations for each of its elements.
  func matrices(_ size: Int, _ operations: Double, read: Int, changed: Int) -> Need {
    let bytes = 4 * Double(size)
    return Need(
      operations: operations * Double(size), read: bytes * Double(read), update: 2 * bytes * Double(changed),
      set: together * bytes * Double(read + changed))
  }

  private var together: Double { Double(c.B) / Double(network.pointee.shardCount) }

  func memory() {
    guard c.memory == .dnc else { return turingMachine() }
    interface()
    addressing()
    memoryMatrix()
    guard c.hasLinks else { return }
    links()
    if c.sharpensLinks { sharpening() }
    readWeighting()
  }

  /// Of bringing an interface vector into its ranges.
  var ranges: Need {
    let numbers = Double(c.interfaceWidth)
    return Need(operations: 5 * numbers, read: 4 * numbers, update: 4 * numbers, set: 8 * together * numbers)
  }

  private func interface() {
    let (c, need) = (c, ranges)
    each("interface's ranges", .forward, need) { memory, t, b in
      memory.scratch.interfaceParts.forward(
        raw: In(memory.planes[.rawInterface][t, b]), interface: memory.planes[.interface][t, b])
    }
    each("interface's ranges", .backward, need) { memory, t, b in
      memory.scratch.interfaceParts.backward(
        raw: memory.planes[.rawInterface][t, b], interface: In(memory.planes[.interface][t, b]),
        interfaceGradient: In(memory.scratch.interfaceGradient))
    }
  }

  private func addressing() {
    let (c, gradient) = (c, gradient)
    let R = Double(c.R)
    each("usage", .forward, slots(5 + 2 * R, read: c.R + 2, changed: 1)) { memory, t, b in
      let (parts, before, after) = (memory.parts(t, b), memory.before(t, b), memory.after(t, b))
      Usage.forward(
        slots: c.N, readHeads: c.R, writeHeads: c.K, freeGates: parts.freeGates,
        previousReadWeights: before.readWeights, previousWriteWeights: before.writeWeights,
        previousUsage: before.usage, usage: after.usage, retention: memory.history.retention(t, b))
    }
    each("usage", .backward, slots(10 + 6 * R, read: c.R + 2, changed: c.R + 2)) { memory, t, b in
      let (parts, before) = (memory.parts(t, b), memory.before(t, b))
      let to = DNCMemory<Float>.Written(gradient[b], row: 0, b)
      Usage.backward(
        slots: c.N, readHeads: c.R, writeHeads: c.K, stopped: c.usageGradientStopped, freeGates: parts.freeGates,
        previousReadWeights: before.readWeights, previousWriteWeights: before.writeWeights,
        previousUsage: before.usage,
        retentionGradient: c.deallocates ? In(memory.scratch.retentionGradient) : nil, usageGradient: to.usage,
        freeGatesGradient: memory.partsGradient.freeGates,
        readWeightsGradient: to.readWeights, writeWeightsGradient: to.writeWeights)
    }
    var sorting = slots(2, read: 1, changed: 1)
    sorting.operations = Double(c.N) * 2 * Double(Int.bitWidth - c.N.leadingZeroBitCount)
    each("free list", .forward, sorting) { memory, t, b in
      FreeList.sort(
        slots: c.N, usage: In(memory.planes[.usage][t + 1, b]), order: memory.planes.order[t, b],
        scratch: memory.scratch.freeList)
    }
    each("allocation", .forward, slots(4, read: 2, changed: 1)) { memory, t, b in
      Allocation.forward(
        slots: c.N, usage: In(memory.planes[.usage][t + 1, b]), order: UnsafePointer(memory.planes.order[t, b]),
        allocation: memory.planes[.allocation][t, b])
    }
    each("allocation", .backward, slots(10, read: 3, changed: 1)) { memory, t, b in
      Allocation.backward(
        slots: c.N, usage: In(memory.planes[.usage][t + 1, b]), order: UnsafePointer(memory.planes.order[t, b]),
        allocationGradient: In(memory.scratch.allocationGradient), usageGradient: memory.scratch.usageFoundGradient,
        products: memory.scratch.products)
    }
    each("write weighting", .forward, slots(4, read: 2, changed: 1)) { memory, t, b in
      let parts = memory.parts(t, b)
      WriteWeighting.forward(
        slots: c.N, allocation: In(memory.planes[.allocation][t, b]),
        content: In(memory.history.foundByWriteHeads(t, b).weighting),
        allocationGate: parts.allocationGates[0], writeGate: parts.writeGates[0],
        weighting: memory.planes[.writeWeights][t + 1, b])
    }
    each("write weighting", .backward, slots(6, read: 3, changed: 2)) { memory, t, b in
      let parts = memory.parts(t, b)
      WriteWeighting.backward(
        slots: c.N, allocation: In(memory.planes[.allocation][t, b]),
        content: In(memory.history.foundByWriteHeads(t, b).weighting),
        allocationGate: parts.allocationGates[0], writeGate: parts.writeGates[0],
        weightingGradient: In(gradient[b][.writeWeights][0, b]), allocationGradient: memory.scratch.allocationGradient,
        contentGradient: memory.scratch.contentGradient,
        allocationGateGradient: memory.partsGradient.allocationGates,
        writeGateGradient: memory.partsGradient.writeGates)
    }
  }

  /// What the record keeps before each segment, and what backward computes again from it.
  func checkpoints() {
    let (size, steps) = (c.N * c.W, steps)
    let segment = network.pointee.history(of: 0).segment
    var copy = matrices(size + c.linkCount, 0, read: 0, changed: 1)
    copy.update *= together / Double(segment)
    eachStep("checkpoints", .forward, copy) { step, t in
      for b in step.sequences { step.history.keepCheckpoint(before: t, b) }
    }
    eachStep("memory again", .backward, matrices(size, 6 * together, read: 1, changed: 1)) { step, t in
      guard t % segment == 0 else { return }
      step.memory.rollForward(step.sequences, from: t, to: min(t + segment, steps), of: steps)
    }
  }

  private func memoryMatrix() {
    let (c, gradient, steps) = (c, gradient, steps)
    let size = c.N * c.W
    if isTraining { checkpoints() }
    let kept = c.deallocates ? 1.0 : 0
    each("memory write", .forward, matrices(size, 6 + kept, read: 0, changed: 1)) { memory, t, b in
      let (parts, after) = (memory.parts(t, b), memory.after(t, b))
      MemoryWrite.forward(
        slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: In(after.memory),
        weights: In(after.writeWeights), erase: parts.eraseVectors, write: parts.writeVectors,
        retention: memory.history.retention(t, b).map { In($0) }, memory: after.memory, rowNorms: after.rowNorms)
    }
    each("memory write", .backward, matrices(size, 10 + 3 * kept, read: 1, changed: 1)) { memory, t, b in
      let (parts, to) = (memory.parts(t, b), DNCMemory<Float>.Written(gradient[b], row: 0, b))
      MemoryWrite.backward(
        slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: memory.memory(before: t, b),
        weights: In(memory.planes[.writeWeights][t + 1, b]), erase: parts.eraseVectors, write: parts.writeVectors,
        retention: memory.history.retention(t, b).map { In($0) },
        retentionGradient: c.deallocates ? memory.scratch.retentionGradient : nil, memoryGradient: to.memory,
        weightsGradient: to.writeWeights,
        eraseGradient: memory.partsGradient.eraseVectors, writeGradient: memory.partsGradient.writeVectors)
    }
    content("content, write head", heads: c.K, isWrite: true)
    content("content, read heads", heads: c.R, isWrite: false)
    each("read vectors", .forward, matrices(size, 2 * Double(c.R), read: 1, changed: 0)) { memory, t, b in
      let after = memory.after(t, b)
      ReadVectors.forward(
        slots: c.N, wordSize: c.W, heads: c.R, memory: In(after.memory), weightings: In(after.readWeights),
        vectors: after.readVectors)
    }
    each("read vectors", .backward, matrices(size, 4 * Double(c.R), read: 1, changed: 1)) { memory, t, b in
      let to = DNCMemory<Float>.Written(gradient[b], row: 0, b)
      ReadVectors.backward(
        slots: c.N, wordSize: c.W, heads: c.R, memory: memory.memory(after: t, of: steps, b),
        weightings: In(memory.after(t, b).readWeights), vectorsGradient: In(to.readVectors),
        memoryGradient: to.memory, weightingsGradient: to.readWeights)
    }
  }

  private func content(_ name: StaticString, heads: Int, isWrite: Bool) {
    let (c, gradient, steps) = (c, gradient, steps)
    func lookup<Pointer>(
      _ memory: DNCMemory<Float>, _ parts: InterfaceParts<Pointer>
    ) -> DNCMemory<Float>.Lookup<Pointer> {
      isWrite ? memory.writeHeads(parts) : memory.readHeads(parts)
    }
    func found(_ memory: DNCMemory<Float>, _ t: Int, _ b: Int) -> Found<Float> {
      isWrite ? memory.history.foundByWriteHeads(t, b) : memory.found(t, b)
    }
    // With masks, the norms of each head's words come to the products.
    let H = Double(heads)
    let (products, productsBack) = c.hasMasks ? (4 * H + 1, 8 * H + 2) : (2 * H, 4 * H)
    let W = Double(c.W)
    each(name, .forward, matrices(c.N * c.W, products + 8 * H / W, read: 1, changed: 0)) { memory, t, b in
      memory.content(
        lookup(memory, memory.parts(t, b)), In(memory.planes[.memory][0, b]),
        rowNorms: In(memory.planes[.rowNorms][t, b]), found(memory, t, b))
    }
    each(name, .backward, matrices(c.N * c.W, productsBack + 10 * H / W, read: 1, changed: 1)) { memory, t, b in
      let matrix = isWrite ? memory.memory(before: t, b) : memory.memory(after: t, of: steps, b)
      if !c.keepsContent {
        memory.content(
          lookup(memory, memory.parts(t, b)), matrix, rowNorms: In(memory.planes[.rowNorms][t, b]),
          found(memory, t, b))
      }
      memory.contentBackward(
        lookup(memory, memory.parts(t, b)), matrix, rowNorms: In(memory.planes[.rowNorms][t, b]), found(memory, t, b),
        weightingGradient: memory.scratch.contentGradient, memoryGradient: gradient[b][.memory][0, b],
        lookup(memory, memory.partsGradient))
    }
  }

  private func links() {
    let (c, gradient, steps) = (c, gradient, steps)
    let (size, R) = (c.N * c.N, Double(c.R))
    each("links", .forward, matrices(size, 5 + 4 * R, read: 0, changed: 1)) { memory, t, b in
      let (before, after) = (memory.before(t, b), memory.after(t, b))
      TemporalLinks.forward(
        slots: c.N, readHeads: c.R, writeWeighting: In(after.writeWeights), previousPrecedence: before.precedence,
        previousReadWeights: before.readWeights, previousLink: before.link, link: after.link,
        forwardWeights: MutableRows(memory.planes[.forwardWeights][t, b], stride: c.N),
        backwardWeights: MutableRows(memory.planes[.backwardWeights][t, b], stride: c.N),
        scratch: memory.scratch.links, team: nil)
    }
    each("links", .backward, matrices(size, 9 + 8 * R, read: 1, changed: 1)) { memory, t, b in
      let to = DNCMemory<Float>.Written(gradient[b], row: 0, b)
      TemporalLinks.backward(
        slots: c.N, readHeads: c.R,
        history: memory.history.links(
          before: t, of: steps, b, 0, middle: memory.scratch.middleLinks[0, b - memory.sequences.lowerBound]),
        previousReadWeights: memory.before(t, b).readWeights,
        forwardGradient: Rows(memory.scratch.forwardGradient, stride: c.N),
        backwardGradient: Rows(memory.scratch.backwardGradient, stride: c.N), linkGradient: to.link,
        writeWeightingGradient: to.writeWeights, precedenceGradient: to.precedence,
        readWeightsGradient: to.readWeights, scratch: memory.scratch.links, team: nil)
    }
    each("precedence", .forward, slots(3, read: 2, changed: 1)) { memory, t, b in
      let after = memory.after(t, b)
      Precedence.forward(
        slots: c.N, writeWeighting: In(after.writeWeights), previousPrecedence: memory.before(t, b).precedence,
        precedence: after.precedence)
    }
    each("precedence", .backward, slots(6, read: 2, changed: 2)) { memory, t, b in
      let to = DNCMemory<Float>.Written(gradient[b], row: 0, b)
      Precedence.backward(
        slots: c.N, writeWeighting: In(memory.after(t, b).writeWeights),
        previousPrecedence: memory.before(t, b).precedence, precedenceGradient: to.precedence,
        writeWeightingGradient: to.writeWeights)
    }
  }

  /// Of the weightings along the links, in both directions.
  private func sharpening() {
    let (c, vectors) = (c, 2 * c.R)
    each("sharpening", .forward, slots(7 * Double(vectors), read: vectors, changed: vectors)) { memory, t, b in
      memory.sharpen(b, t, memory.parts(t, b))
    }
    each("sharpening", .backward, slots(9 * Double(vectors), read: 2 * vectors, changed: vectors)) { memory, t, b in
      let (parts, partsGradient, scratch) = (memory.parts(t, b), memory.partsGradient, memory.scratch)
      func backward(
        _ weights: Quantity, _ sharpness: In<Float>, _ sharp: Quantity, _ gradient: Out<Float>,
        _ sharpnessGradient: Out<Float>
      ) {
        for i in 0..<c.R {
          Sharpening.backward(
            slots: c.N, weighting: In(memory.planes[weights][t, b] + i * c.N), sharpness: sharpness[i],
            sharpened: In(memory.planes[sharp][t, b] + i * c.N), gradient: gradient + i * c.N,
            sharpnessGradient: sharpnessGradient + i)
        }
      }
      backward(
        .backwardWeights, parts.backwardSharpness, .sharpBackwardWeights, scratch.backwardGradient,
        partsGradient.backwardSharpness)
      backward(
        .forwardWeights, parts.forwardSharpness, .sharpForwardWeights, scratch.forwardGradient,
        partsGradient.forwardSharpness)
    }
  }

  private func readWeighting() {
    let (c, gradient) = (c, gradient)
    let R = Double(c.R)
    each("read weighting", .forward, slots(5 * R, read: 3 * c.R, changed: c.R)) { memory, t, b in
      ReadWeighting.forward(
        slots: c.N, readHeads: c.R, writeHeads: c.K, modes: memory.parts(t, b).readModes,
        backwardWeights: In(memory.planes[.backwardWeights][t, b]), content: In(memory.found(t, b).weighting),
        forwardWeights: In(memory.planes[.forwardWeights][t, b]), weighting: memory.after(t, b).readWeights)
    }
    each("read weighting", .backward, slots(9 * R, read: 4 * c.R, changed: 3 * c.R)) { memory, t, b in
      ReadWeighting.backward(
        slots: c.N, readHeads: c.R, writeHeads: c.K, modes: memory.parts(t, b).readModes,
        backwardWeights: In(memory.planes[.backwardWeights][t, b]), content: In(memory.found(t, b).weighting),
        forwardWeights: In(memory.planes[.forwardWeights][t, b]),
        weightingGradient: In(gradient[b][.readWeights][0, b]), modesGradient: memory.partsGradient.readModes,
        backwardGradient: memory.scratch.backwardGradient, contentGradient: memory.scratch.contentGradient,
        forwardGradient: memory.scratch.forwardGradient)
    }
  }
}

/// What a step's mechanisms read and write.
extension DNCMemory {
  fileprivate func parts(_ t: Int, _ b: Int) -> InterfaceParts<In<Scalar>> {
    InterfaceParts(start: In(planes[.interface][t, b]), at: c.interface)
  }
  fileprivate var partsGradient: InterfaceParts<Out<Scalar>> {
    InterfaceParts(start: scratch.interfaceGradient, at: c.interface)
  }
  /// By the read heads.
  fileprivate func found(_ t: Int, _ b: Int) -> Found<Scalar> { history.foundByReadHeads(t, b, current: t + 1) }
  fileprivate func before(_ t: Int, _ b: Int) -> Read { Read(planes, row: t, b) }
  fileprivate func after(_ t: Int, _ b: Int) -> Written { Written(planes, row: t + 1, b) }
}
