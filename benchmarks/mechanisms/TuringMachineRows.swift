/// The mechanisms of the Neural Turing Machine's memory, called as in NTMMemory.swift.
extension Meter {
  private var c: Configuration { network.pointee.configuration }
  private var gradient: SequencePlanes<Float> { network.pointee.stateGradient }

  func turingMachine() {
    let c = c
    eachOfTuringMachine("interface's ranges", .forward, ranges) { memory, t, b in
      memory.scratch.interfaceParts.forward(
        raw: In(memory.planes[.rawInterface][t, b]), interface: memory.planes[.interface][t, b])
    }
    eachOfTuringMachine("interface's ranges", .backward, ranges) { memory, t, b in
      memory.scratch.interfaceParts.backward(
        raw: memory.planes[.rawInterface][t, b], interface: In(memory.planes[.interface][t, b]),
        interfaceGradient: In(memory.scratch.interfaceGradient))
    }
    content("content, write head", isWrite: true)
    content("content, read heads", isWrite: false)
    interpolation()
    shift()
    sharpening()
    if isTraining { checkpoints() }
    matrix()
  }

  private func content(_ name: StaticString, isWrite: Bool) {
    let (c, gradient) = (c, gradient)
    let (H, W) = (Double(isWrite ? c.K : c.R), Double(c.W))
    func found(_ memory: NTMMemory<Float>, _ t: Int, _ b: Int) -> Found<Float> {
      isWrite ? memory.history.foundByWriteHeads(t, b) : memory.history.foundByReadHeads(t, b, current: t + 1)
    }
    eachOfTuringMachine(name, .forward, matrices(c.N * c.W, 2 * H + 8 * H / W, read: 1, changed: 0)) { memory, t, b in
      let (parts, found) = (memory.parts(t, b), found(memory, t, b))
      let heads = isWrite ? parts.writeHeads : parts.readHeads
      memory.content(heads, In(memory.planes[.memory][0, b]), rowNorms: In(memory.planes[.rowNorms][t, b]), found)
    }
    eachOfTuringMachine(name, .backward, matrices(c.N * c.W, 4 * H + 10 * H / W, read: 1, changed: 1)) {
      memory, t, b in
      let (parts, partsGradient) = (memory.parts(t, b), memory.partsGradient)
      let heads = isWrite ? parts.writeHeads : parts.readHeads
      let headsGradient = isWrite ? partsGradient.writeHeads : partsGradient.readHeads
      let (matrix, found) = (memory.memory(before: t, b), found(memory, t, b))
      if !c.keepsContent { memory.content(heads, matrix, rowNorms: In(memory.planes[.rowNorms][t, b]), found) }
      ContentWeighting.backward(
        slots: c.N, wordSize: c.W, heads: heads.count, memory: matrix, rowNorms: In(memory.planes[.rowNorms][t, b]),
        keys: heads.keys, strengths: heads.strengths, similarity: In(found.similarity),
        weighting: In(found.weighting), weightingGradient: memory.scratch.contentGradient,
        rowFactors: memory.scratch.rowFactors, memoryGradient: gradient[b][.memory][0, b],
        keysGradient: headsGradient.keys, strengthsGradient: headsGradient.strengths)
    }
  }

  /// A mechanism of each head. A vector is of N numbers.
  private func eachHead(
    _ name: StaticString, _ direction: Direction, operations: Double, read vectors: Int, changed: Int,
    _ body: (_ memory: NTMMemory<Float>, _ head: TimedHead) -> Void
  ) {
    let (c, heads, gradient) = (c, c.R + c.K, gradient)
    let need = slots(Double(heads) * operations, read: heads * vectors, changed: heads * changed)
    eachOfTuringMachine(name, direction, need) { memory, t, b in
      func visit(
        _ heads: NTMHeads<In<Float>>, _ headsGradient: NTMHeads<Out<Float>>, _ found: Found<Float>,
        _ weightings: Quantity
      ) {
        for h in 0..<heads.count {
          body(
            memory,
            TimedHead(
              slots: c.N, number: h, heads: heads, gradient: headsGradient,
              content: In(found.weighting) + h * c.N, previous: memory.planes[weightings][t, b] + h * c.N,
              current: memory.planes[weightings][t + 1, b] + h * c.N,
              weightingGradient: gradient[b][weightings][0, b] + h * c.N))
        }
      }
      let (parts, partsGradient) = (memory.parts(t, b), memory.partsGradient)
      visit(
        parts.readHeads, partsGradient.readHeads, memory.history.foundByReadHeads(t, b, current: t + 1), .readWeights)
      visit(parts.writeHeads, partsGradient.writeHeads, memory.history.foundByWriteHeads(t, b), .writeWeights)
    }
  }

  private func interpolation() {
    eachHead("interpolation", .forward, operations: 3, read: 2, changed: 1) { memory, head in
      Interpolation.forward(
        slots: head.slots, content: head.content, previous: In(head.previous),
        gate: head.heads.gates[head.number], weighting: memory.scratch.interpolated)
    }
    eachHead("interpolation", .backward, operations: 6, read: 3, changed: 2) { memory, head in
      Interpolation.backward(
        slots: head.slots, content: head.content, previous: In(head.previous),
        gate: head.heads.gates[head.number], weightingGradient: In(memory.scratch.interpolatedGradient),
        contentGradient: memory.scratch.contentGradient, previousGradient: head.weightingGradient,
        gateGradient: head.gradient.gates + head.number)
    }
  }

  private func shift() {
    eachHead("shift", .forward, operations: 5, read: 1, changed: 1) { memory, head in
      Shift.forward(
        slots: head.slots, shifts: head.heads.shifts + head.number * Shift.count,
        weighting: In(memory.scratch.interpolated), shifted: memory.scratch.shifted)
    }
    eachHead("shift", .backward, operations: 11, read: 2, changed: 1) { memory, head in
      Shift.backward(
        slots: head.slots, shifts: head.heads.shifts + head.number * Shift.count,
        weighting: In(memory.scratch.interpolated), shiftedGradient: In(head.weightingGradient),
        weightingGradient: memory.scratch.interpolatedGradient,
        shiftsGradient: head.gradient.shifts + head.number * Shift.count)
    }
  }

  private func sharpening() {
    eachHead("sharpening", .forward, operations: 7, read: 1, changed: 1) { memory, head in
      Sharpening.forward(
        slots: head.slots, weighting: In(memory.scratch.shifted), sharpness: head.heads.sharpness[head.number],
        sharpened: head.current)
    }
    eachHead("sharpening", .backward, operations: 9, read: 2, changed: 1) { memory, head in
      Sharpening.backward(
        slots: head.slots, weighting: In(memory.scratch.shifted), sharpness: head.heads.sharpness[head.number],
        sharpened: In(head.current), gradient: head.weightingGradient,
        sharpnessGradient: head.gradient.sharpness + head.number)
    }
  }

  /// Reading and writing.
  private func matrix() {
    let (c, gradient, size) = (c, gradient, c.N * c.W)
    let R = Double(c.R)
    eachOfTuringMachine("read vectors", .forward, matrices(size, 2 * R, read: 1, changed: 0)) { memory, t, b in
      ReadVectors.forward(
        slots: c.N, wordSize: c.W, heads: c.R, memory: In(memory.planes[.memory][0, b]),
        weightings: In(memory.planes[.readWeights][t + 1, b]), vectors: memory.planes[.readVectors][t + 1, b])
    }
    eachOfTuringMachine("read vectors", .backward, matrices(size, 4 * R, read: 1, changed: 1)) { memory, t, b in
      ReadVectors.backward(
        slots: c.N, wordSize: c.W, heads: c.R, memory: memory.memory(before: t, b),
        weightings: In(memory.planes[.readWeights][t + 1, b]), vectorsGradient: In(gradient[b][.readVectors][0, b]),
        memoryGradient: gradient[b][.memory][0, b], weightingsGradient: gradient[b][.readWeights][0, b])
    }
    eachOfTuringMachine("memory write", .forward, matrices(size, 6, read: 0, changed: 1)) { memory, t, b in
      let (parts, matrix) = (memory.parts(t, b), memory.planes[.memory][0, b])
      MemoryWrite.forward(
        slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: In(matrix),
        weights: In(memory.planes[.writeWeights][t + 1, b]), erase: parts.eraseVectors, write: parts.writeVectors,
        memory: matrix, rowNorms: memory.planes[.rowNorms][t + 1, b])
    }
    eachOfTuringMachine("memory write", .backward, matrices(size, 10, read: 1, changed: 1)) { memory, t, b in
      let (parts, partsGradient) = (memory.parts(t, b), memory.partsGradient)
      MemoryWrite.backward(
        slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: memory.memory(before: t, b),
        weights: In(memory.planes[.writeWeights][t + 1, b]), erase: parts.eraseVectors, write: parts.writeVectors,
        memoryGradient: gradient[b][.memory][0, b], weightsGradient: gradient[b][.writeWeights][0, b],
        eraseGradient: partsGradient.eraseVectors, writeGradient: partsGradient.writeVectors)
    }
  }
}

/// One of the read or of the write heads in a step of a sequence: its parts of the interface, and its weightings [N].
private struct TimedHead {
  let slots, number: Int
  let heads: NTMHeads<In<Float>>
  let gradient: NTMHeads<Out<Float>>
  /// w^c
  let content: In<Float>
  let previous, current, weightingGradient: Out<Float>
}

extension NTMMemory {
  fileprivate func parts(_ t: Int, _ b: Int) -> NTMInterfaceParts<In<Scalar>> {
    NTMInterfaceParts(start: In(planes[.interface][t, b]), at: c.ntmInterface)
  }
  fileprivate var partsGradient: NTMInterfaceParts<Out<Scalar>> {
    NTMInterfaceParts(start: scratch.interfaceGradient, at: c.ntmInterface)
  }
}
