import CDNC

/// Steps that somebody looks on at, and may end: each of them also gives its outputs, and what is needed to leave everything
/// as it was is kept. The numbers are those of `forward` and `backward`.
extension Network<Float> {
  /// A record keeps what was before; without one, a copy of the state is made.
  mutating func watchedForward(
    steps: Int, inputs: In<Float>, outputs: Out<Float>, progress: Progress?
  ) throws(Failure) {
    let c = configuration
    if isTraining { try reserve(steps) }
    let first = isTraining ? recordedSteps : 0
    let advance = isTraining ? 1 : 0
    let kept = try Kept(c, outputs: steps * c.B * c.Y, keepsState: !isTraining)
    kept.state?.copy(rows: 1, from: state)
    let watch = Watch(progress, steps: steps, batch: c.B, shards: shardCount)
    withUnsafePointer(to: watch) { watch in
      run(steps: steps) {
        WatchedForward(
          network: $0, watch: watch, steps: steps, first: first, advance: advance, inputs: inputs,
          outputs: kept.outputs)
      }
    }
    do throws(Failure) {
      if let (t, b) = try watch.firstFound() {
        let row = first + advance * t
        throw step(b..<b + 1, thread: 0).notFinite(b, row: row, current: row + advance).failure(t, b)
      }
    } catch {
      if let before = kept.state {
        state.copy(rows: 1, from: before)
      } else {
        rewind()
      }
      throw error
    }
    copyValues(steps * c.B * c.Y, kept.outputs, to: outputs)
    tookSteps(steps)
  }

  /// Memory and links to where they were after the recorded steps, from what the record keeps.
  @inline(never) private func rewind() {
    let c = configuration
    let record = recorded
    let scratch = step(0..<c.B, thread: 0).scratch
    let segment = recordedSteps / record.segment
    for b in 0..<c.B {
      copyValues(c.N * c.W, record.memoryCheckpoints[segment, b], to: state.memory[0, b])
      copyValues(c.K * c.N * c.N, record.linkCheckpoints[segment, b], to: state.link[0, b])
      for t in segment * record.segment..<recordedSteps {
        record.advance(
          c, b, step: t, memory: state.memory[0, b], link: state.link[0, b], rowNorms: state.rowNorms[t + 1, b],
          linkScratch: scratch.links)
      }
    }
  }

  /// What becomes its own gradient is kept as it was.
  mutating func watchedBackward(
    outputGradients: In<Float>, inputGradients: Out<Float>?, progress: Progress?
  ) throws(Failure) {
    let c = configuration
    let steps = recordedSteps
    let gradient = backwardPlanes
    let record = recorded
    let kept = try Kept(c, recordedSteps: steps, keepsState: hasStateGradient)
    kept.keep(record, c)
    kept.state?.copy(rows: 1, from: gradient.state)
    let watch = Watch(progress, steps: steps, batch: c.B, shards: shardCount)
    gradient.state.zero()
    withUnsafePointer(to: watch) { watch in
      run(steps: steps) {
        WatchedBackward(network: $0, watch: watch, steps: steps, gradient: gradient, outputGradients: outputGradients)
      }
    }
    do throws(Failure) {
      if let (turn, b) = try watch.firstFound() {
        let t = steps - 1 - turn
        throw step(b..<b + 1, thread: 0).gradientNotFinite(b, row: t, gradient).failure(t, b)
      }
    } catch {
      kept.restore(record, c)
      if let before = kept.state { gradient.state.copy(rows: 1, from: before) }
      throw error
    }
    if let inputGradients {
      run(steps: steps) { InputGradients(network: $0, steps: steps, gradients: inputGradients) }
    }
    finishBackward(steps: steps)
  }
}

/// Some sequences forwards.
private struct WatchedForward: ThreadWork {
  let network: UnsafePointer<Network<Float>>
  let watch: UnsafePointer<Watch>
  let steps, first, advance: Int
  let inputs: In<Float>
  let outputs: Out<Float>

  @inline(never) func run(_ shard: Int, thread: Int) {
    let step = network.pointee.shard(shard, thread: thread)
    let c = step.c
    for t in 0..<steps {
      let row = first + advance * t
      // At least before the first step, to go back to.
      if advance == 1 { for b in step.sequences { step.record.keepCheckpoint(before: row, b) } }
      guard watch.pointee.wants(t, step.sequences) else { return }
      step.inputs(inputs + t * c.B * c.X, steps: 1, row: row)
      step.forward(row: row, previous: row, current: row + advance)
      step.outputs(outputs + t * c.B * c.Y, steps: 1, row: row, current: row + advance)
      if c.checksFinite {
        for b in step.sequences where step.notFinite(b, row: row, current: row + advance) != nil {
          watch.pointee.found(t, b)
        }
      }
      watch.pointee.tookStep(thread: thread)
    }
  }
}

/// Some sequences backwards.
private struct WatchedBackward: ThreadWork {
  let network: UnsafePointer<Network<Float>>
  let watch: UnsafePointer<Watch>
  let steps: Int
  let gradient: BackwardPlanes<Float>
  let outputGradients: In<Float>

  @inline(never) func run(_ shard: Int, thread: Int) {
    let step = network.pointee.shard(shard, thread: thread)
    step.backwardOutputs(outputGradients, steps: steps, gradient: gradient)
    guard watch.pointee.wants(0, step.sequences) else { return }
    step.backward(steps: steps, gradient: gradient) { t in
      let turn = steps - 1 - t
      if step.c.checksFinite {
        for b in step.sequences where step.gradientNotFinite(b, row: t, gradient) != nil {
          watch.pointee.found(turn, b)
        }
      }
      watch.pointee.tookStep(thread: thread)
      return watch.pointee.wants(turn + 1, step.sequences)
    }
  }
}

/// The gradients of some sequences' inputs.
private struct InputGradients: ThreadWork {
  let network: UnsafePointer<Network<Float>>
  let steps: Int
  let gradients: Out<Float>

  @inline(never) func run(_ shard: Int, thread: Int) {
    network.pointee.shard(shard, thread: thread).backwardInputs(gradients, steps: steps)
  }
}

/// What a call that may be ended keeps aside.
private struct Kept: ~Copyable {
  private let memory: Memory
  let state: StatePlanes<Float>?
  /// [T, B, Y], until they are all there and good.
  let outputs: Out<Float>
  private let steps: Int
  private let gates, rawInterface, rawOutput: Plane<Float>

  init(_ c: Configuration, outputs: Int = 0, recordedSteps: Int = 0, keepsState: Bool) throws(Failure) {
    func carve(
      _ carver: inout Carver
    ) -> (StatePlanes<Float>?, Out<Float>, Plane<Float>, Plane<Float>, Plane<Float>) {
      (
        keepsState ? StatePlanes(&carver, c, rows: 1) : nil, carver.take(outputs),
        Plane(&carver, rows: c.L * recordedSteps, batch: c.B, width: c.gates * c.H),
        Plane(&carver, rows: recordedSteps, batch: c.B, width: c.interface.count),
        Plane(&carver, rows: recordedSteps, batch: c.B, width: c.Y)
      )
    }
    var measure = Carver.measuring
    _ = carve(&measure)
    let memory = try Memory(bytes: measure.bytes)
    var carver = Carver.cutting(memory)
    (state, self.outputs, gates, rawInterface, rawOutput) = carve(&carver)
    self.memory = memory
    steps = recordedSteps
  }

  /// The quantities of the record that become their own gradients.
  func keep(_ record: RecordPlanes<Float>, _ c: Configuration) {
    for l in 0..<c.L { copyValues(steps * gates.stepCount, record.gates(l, 0).start, to: gates[l * steps]) }
    rawInterface.copy(rows: steps, from: record.rawInterface)
    rawOutput.copy(rows: steps, from: record.rawOutput)
  }

  func restore(_ record: RecordPlanes<Float>, _ c: Configuration) {
    for l in 0..<c.L { copyValues(steps * gates.stepCount, gates[l * steps], to: record.gates(l, 0).start) }
    record.rawInterface.copy(rows: steps, from: rawInterface)
    record.rawOutput.copy(rows: steps, from: rawOutput)
  }
}
