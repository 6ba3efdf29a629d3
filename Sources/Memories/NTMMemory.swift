import CDNC

/// The memory of the Neural Turing Machine (model.md, "Other memories"): the order of its mechanisms for one sequence in one step,
/// forward and backward. All heads look into the memory before the step; then it is read, and then written.
struct NTMMemory<Scalar: Real>: MemoryRoom, RecomputedMemory {
  static var traits: MemoryTraits { MemoryTraits(name: "NTM", learnsWriteWeights: true) }
  static func interfaceWidth(_ c: Configuration) -> Int { c.ntmInterface.count }

  let history: MemoryHistory<Scalar>
  let scratch: Scratch
  let sequences: Range<Int>

  /// Working memory of one thread, for one sequence and one step at a time. Only the memories of a segment outlive the step.
  struct Scratch: MemoryScratch {
    let interfaceParts: TransformedParts
    let interpolated: Out<Scalar>  // w^g of a head [N]
    let shifted: Out<Scalar>  // w^s of a head [N]

    // For backward.
    let memory: Plane<Scalar>  // [sequences, N, W] after each step of a segment but the last
    let interfaceGradient: Out<Scalar>  // [ξ]
    let contentGradient: Out<Scalar>  // [R or K, N]
    let interpolatedGradient: Out<Scalar>  // [N]
    let rowFactors: Out<Scalar>  // [N]

    init(_ carver: inout Carver, _ c: Configuration, sequences: Int, segment: Int) {
      interfaceParts = TransformedParts(&carver, of: NTMInterface.self, c.ntmInterface)
      interpolated = carver.take(c.N)
      shifted = carver.take(c.N)
      memory = Plane(&carver, rows: max(segment - 1, 0), batch: sequences, width: c.N * c.W)
      interfaceGradient = carver.take(c.interfaceWidth)
      contentGradient = carver.take(max(c.R, c.K) * c.N)
      interpolatedGradient = carver.take(c.N)
      rowFactors = carver.take(c.N)
    }
  }

  var c: Configuration { history.c }
  var memories: Plane<Scalar> { scratch.memory }

  init(_ history: MemoryHistory<Scalar>, _ scratch: Scratch, sequences: Range<Int>, team: Threads.Team?) {
    (self.history, self.scratch, self.sequences) = (history, scratch, sequences)
  }

  typealias Heads = NTMHeads<In<Scalar>>

  // MARK: Forward

  func forward(_ b: Int, row: Int, previous: Int, current: Int) {
    let interface = planes[.interface][row, b]
    scratch.interfaceParts.forward(raw: In(planes[.rawInterface][row, b]), interface: interface)
    let parts = NTMInterfaceParts(start: In(interface), at: c.ntmInterface)
    let before = history.before(row, previous: previous, b)
    let memory = In(before(.memory))
    let (readWeights, writeWeights) = (planes[.readWeights], planes[.writeWeights])
    let rowNorms = In(before(.rowNorms))
    focus(
      parts.readHeads, memory, rowNorms: rowNorms, history.foundByReadHeads(row, b, current: current),
      previous: before(.readWeights),
      weightings: readWeights[current, b])
    focus(
      parts.writeHeads, memory, rowNorms: rowNorms, history.foundByWriteHeads(row, b), previous: before(.writeWeights),
      weightings: writeWeights[current, b])
    ReadVectors.forward(
      slots: c.N, wordSize: c.W, heads: c.R, memory: memory, weightings: readWeights[current, b],
      vectors: planes[.readVectors][current, b])
    MemoryWrite.forward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: memory, weights: writeWeights[current, b],
      erase: parts.eraseVectors, write: parts.writeVectors, memory: planes[.memory][0, b],
      rowNorms: planes[.rowNorms][current, b])
  }

  /// Computes the weightings of some heads from those before, which may be in the same place.
  private func focus(
    _ heads: Heads, _ memory: In<Scalar>, rowNorms: In<Scalar>, _ found: Found<Scalar>, previous: In<Scalar>,
    weightings: Out<Scalar>
  ) {
    content(heads, memory, rowNorms: rowNorms, found)
    for h in 0..<heads.count {
      move(h, heads, found, previous: previous)
      Sharpening.forward(
        slots: c.N, weighting: scratch.shifted, sharpness: heads.sharpness[h], sharpened: weightings + h * c.N)
    }
  }

  @inline(never) func content(_ heads: Heads, _ memory: In<Scalar>, rowNorms: In<Scalar>, _ found: Found<Scalar>) {
    ContentWeighting.forward(
      slots: c.N, wordSize: c.W, heads: heads.count, memory: memory, rowNorms: rowNorms, keys: heads.keys,
      strengths: heads.strengths, similarity: found.similarity, weighting: found.weighting)
  }

  /// Computes `scratch.interpolated` and `scratch.shifted` of head h.
  private func move(_ h: Int, _ heads: Heads, _ found: Found<Scalar>, previous: In<Scalar>) {
    Interpolation.forward(
      slots: c.N, content: found.weighting + h * c.N, previous: previous + h * c.N, gate: heads.gates[h],
      weighting: scratch.interpolated)
    Shift.forward(
      slots: c.N, shifts: heads.shifts + h * Shift.count, weighting: scratch.interpolated, shifted: scratch.shifted)
  }

  // MARK: Backward

  func backward(_ b: Int, step t: Int, of steps: Int, gradient: Planes<Scalar>) {
    let at = c.ntmInterface
    let interface = planes[.interface][t, b]
    let parts = NTMInterfaceParts(start: In(interface), at: at)
    let partsGradient = NTMInterfaceParts(start: scratch.interfaceGradient, at: at)
    let before = history.before(t, previous: t, b)
    let memory = memory(before: t, b)
    let memoryGradient = gradient[.memory][0, b]
    let (readWeights, writeWeights) = (planes[.readWeights], planes[.writeWeights])
    let (readGradient, writeGradient) = (gradient[.readWeights][0, b], gradient[.writeWeights][0, b])
    let vectorsGradient = gradient[.readVectors][0, b]
    setZero(at.count, scratch.interfaceGradient)
    MemoryWrite.backward(
      slots: c.N, wordSize: c.W, writeHeads: c.K, previousMemory: memory, weights: writeWeights[t + 1, b],
      erase: parts.eraseVectors, write: parts.writeVectors, memoryGradient: memoryGradient,
      weightsGradient: writeGradient, eraseGradient: partsGradient.eraseVectors,
      writeGradient: partsGradient.writeVectors)
    ReadVectors.backward(
      slots: c.N, wordSize: c.W, heads: c.R, memory: memory, weightings: readWeights[t + 1, b],
      vectorsGradient: vectorsGradient, memoryGradient: memoryGradient, weightingsGradient: readGradient)
    func focus(
      _ heads: Heads, _ headsGradient: NTMHeads<Out<Scalar>>, _ found: Found<Scalar>, _ weights: Quantity,
      _ weightsGradient: Out<Scalar>
    ) {
      focusBackward(
        heads, headsGradient, memory, rowNorms: before(.rowNorms), found, previous: before(weights),
        weightings: planes[weights][t + 1, b], weightingsGradient: weightsGradient, memoryGradient: memoryGradient)
    }
    focus(parts.writeHeads, partsGradient.writeHeads, history.foundByWriteHeads(t, b), .writeWeights, writeGradient)
    focus(
      parts.readHeads, partsGradient.readHeads, history.foundByReadHeads(t, b, current: t + 1), .readWeights,
      readGradient)
    scratch.interfaceParts.backward(
      raw: planes[.rawInterface][t, b], interface: In(interface), interfaceGradient: In(scratch.interfaceGradient))
    setZero(c.readWidth, vectorsGradient)
  }

  /// Turns the gradient of some heads' weightings into that of those before.
  private func focusBackward(
    _ heads: Heads, _ headsGradient: NTMHeads<Out<Scalar>>, _ memory: In<Scalar>, rowNorms: In<Scalar>,
    _ found: Found<Scalar>, previous: In<Scalar>, weightings: In<Scalar>, weightingsGradient: Out<Scalar>,
    memoryGradient: Out<Scalar>
  ) {
    if !c.keepsContent { content(heads, memory, rowNorms: rowNorms, found) }
    for h in 0..<heads.count {
      let slots = h * c.N
      move(h, heads, found, previous: previous)
      Sharpening.backward(
        slots: c.N, weighting: scratch.shifted, sharpness: heads.sharpness[h], sharpened: weightings + slots,
        gradient: weightingsGradient + slots, sharpnessGradient: headsGradient.sharpness + h)
      Shift.backward(
        slots: c.N, shifts: heads.shifts + h * Shift.count, weighting: scratch.interpolated,
        shiftedGradient: weightingsGradient + slots, weightingGradient: scratch.interpolatedGradient,
        shiftsGradient: headsGradient.shifts + h * Shift.count)
      Interpolation.backward(
        slots: c.N, content: found.weighting + slots, previous: previous + slots, gate: heads.gates[h],
        weightingGradient: scratch.interpolatedGradient, contentGradient: scratch.contentGradient + slots,
        previousGradient: weightingsGradient + slots, gateGradient: headsGradient.gates + h)
    }
    ContentWeighting.backward(
      slots: c.N, wordSize: c.W, heads: heads.count, memory: memory, rowNorms: rowNorms, keys: heads.keys,
      strengths: heads.strengths, similarity: found.similarity, weighting: found.weighting,
      weightingGradient: scratch.contentGradient, rowFactors: scratch.rowFactors, memoryGradient: memoryGradient,
      keysGradient: headsGradient.keys, strengthsGradient: headsGradient.strengths)
  }
}

extension NTMMemory {
  static func interfacePart(_ number: Int, _ c: Configuration) -> InterfacePart? {
    let (at, word) = (c.ntmInterface, c.W)
    return switch number {
    case 0: InterfacePart("read key", of: .read, at: at.common.readKeys, word)
    case 1: InterfacePart("read strength", of: .read, at: at.common.readStrengths)
    case 2:
      InterfacePart(
        "read interpolation gate", of: .read, at: at.readGates, 1, .fractions,
        trace: DNC_TRACE_READ_INTERPOLATION_GATES, label: "interpolation")
    case 3:
      InterfacePart(
        "read shifts", of: .read, at: at.readShifts, Shift.count, .shifts, trace: DNC_TRACE_READ_SHIFTS, label: "shift")
    case 4:
      InterfacePart(
        "read sharpness", of: .read, at: at.readSharpness, 1, .fromOne, trace: DNC_TRACE_READ_SHARPNESS,
        label: "sharpness")
    case 5: InterfacePart("write key", of: .write, at: at.common.writeKeys, word)
    case 6: InterfacePart("write strength", of: .write, at: at.common.writeStrengths)
    case 7: InterfacePart("erase vector", of: .write, at: at.common.eraseVectors, word)
    case 8: InterfacePart("write vector", of: .write, at: at.common.writeVectors, word)
    case 9:
      InterfacePart(
        "write interpolation gate", of: .write, at: at.writeGates, 1, .fractions,
        trace: DNC_TRACE_WRITE_INTERPOLATION_GATES, label: "interpolation")
    case 10:
      InterfacePart(
        "write shifts", of: .write, at: at.writeShifts, Shift.count, .shifts, trace: DNC_TRACE_WRITE_SHIFTS,
        label: "shift")
    case 11:
      InterfacePart(
        "write sharpness", of: .write, at: at.writeSharpness, 1, .fromOne, trace: DNC_TRACE_WRITE_SHARPNESS,
        label: "sharpness")
    default: nil
    }
  }
}

extension Configuration {
  var ntmInterface: NTMInterfaceLayout { NTMInterfaceLayout(interface) }
}
