/// Runs steps with a progress callback or finite checks, and can roll them back. The numbers are those of `forward` and
/// `backward`.
extension Network<Float> {
  /// A record still has the state before the call. Without one, copies the state first.
  mutating func watchedForward(
    steps: Int, inputs: Inputs<Float>, starts flags: UnsafePointer<UInt8>?, outputs: Out<Float>, progress: Progress?
  ) throws(Failure) {
    try prepare(for: inputs, steps: steps)
    let c = configuration
    let starts = starts(flags)
    let count = try prepareStarts(starts, steps: steps)
    packWeights()
    let first = isTraining ? recordedSteps : 0
    let advance = isTraining ? 1 : 0
    let kept = try Kept(
      c, outputs: steps * c.B * c.Y, keepsState: !isTraining, keepsLastStep: recordedSteps == 0)
    kept.state?.copy(.state(row: 0), from: planes, c)
    kept.lastStep?.copy(.lastStep(row: 0), from: planes, c)
    let watch = Watch(progress, steps: steps, batch: c.B, shards: shardCount)
    withUnsafePointer(to: watch) { watch in
      run(steps: steps) {
        WatchedForward(
          network: $0, crew: $1, watch: watch, steps: steps, first: first, advance: advance, inputs: inputs,
          starts: starts, outputs: kept.outputs)
      }
    }
    do throws(Failure) {
      if let (t, b) = try watch.firstFound() {
        let row = first + advance * t
        throw shard(b..<b + 1, thread: 0).notFinite(b, row: row, current: row + advance).failure(t, b)
      }
    } catch {
      if let before = kept.state {
        planes.copy(.state(row: 0), from: before, c)
      } else {
        rewind()
      }
      if let before = kept.lastStep { planes.copy(.lastStep(row: 0), from: before, c) }
      throw error
    }
    copyValues(steps * c.B * c.Y, kept.outputs, to: outputs)
    tookSteps(steps, starts: count)
  }

  /// Recomputes memory and links as they were after the recorded steps, from the record.
  @inline(never) private func rewind() {
    let c = configuration
    let linkScratch = shard(0..<c.B, thread: 0).memory.linkScratch
    for b in 0..<c.B {
      let (history, planes) = (history(of: b), planes[b])
      let (memory, link) = (planes[.memory][0, b], planes[.link][0, b])
      for t in history.restart(b, before: recordedSteps, memory: memory, link: link)..<recordedSteps {
        history.advance(
          b, step: t, memory: memory, link: link, rowNorms: planes[.rowNorms][t + 1, b], linkScratch: linkScratch)
      }
    }
  }

  /// Copies, for a rollback, the quantities that backward turns into their own gradients.
  mutating func watchedBackward(
    outputGradients: In<Float>, inputGradients: Out<Float>?, progress: Progress?
  ) throws(Failure) {
    let c = configuration
    let steps = recordedSteps
    let gradient = stateGradient
    let kept = try Kept(c, recordedSteps: steps, keepsState: hasStateGradient)
    let startGradients = startGradients
    kept.steps.copy(.futureGradients(steps), from: planes, c)
    kept.state?.copy(.state(row: 0), from: gradient, c)
    let watch = Watch(progress, steps: steps, batch: c.B, shards: shardCount)
    beginBackward()
    withUnsafePointer(to: watch) { watch in
      run(steps: steps) {
        WatchedBackward(
          network: $0, crew: $1, watch: watch, steps: steps, gradient: gradient, startGradients: startGradients,
          outputGradients: outputGradients)
      }
    }
    do throws(Failure) {
      if let (turn, b) = try watch.firstFound() {
        let t = steps - 1 - turn
        throw shard(b..<b + 1, thread: 0).gradientNotFinite(b, row: t, gradient[b]).failure(t, b)
      }
    } catch {
      planes.copy(.futureGradients(steps), from: kept.steps, c)
      if let before = kept.state { gradient.copy(.state(row: 0), from: before, c) }
      throw error
    }
    if let inputGradients {
      run(steps: steps) { network, _ in InputGradients(network: network, steps: steps, gradients: inputGradients) }
    }
    finishBackward(steps: steps, startGradients)
  }
}

/// Takes some sequences forwards.
private struct WatchedForward: ThreadWork {
  let network: UnsafePointer<Network<Float>>
  let crew: UnsafeMutablePointer<Crew>?
  let watch: UnsafePointer<Watch>
  let steps, first, advance: Int
  let inputs: Inputs<Float>
  let starts: EpisodeStarts
  let outputs: Out<Float>

  @inline(never) func run(_ shard: Int, thread: Int) {
    let step = network.pointee.shard(shard, thread: thread, crew: crew)
    defer { step.crew?.leave() }
    let c = step.c
    for t in 0..<steps {
      let row = first + advance * t
      // At least before the first step, for a rollback.
      if advance == 1 { for b in step.sequences { step.history.keepCheckpoint(before: row, b) } }
      guard watch.pointee.wants(t, step.sequences) else { return }
      if advance == 0 { step.markStarts(t, starts) }
      step.inputs(inputs.dropping(steps: t, c), steps: 1, row: row)
      step.forward(row: row, previous: row, current: row + advance)
      step.outputs(outputs + t * c.B * c.Y, steps: 1, row: row, current: row + advance, time: first + t)
      if c.checksFinite {
        for b in step.sequences where step.notFinite(b, row: row, current: row + advance) != nil {
          watch.pointee.found(t, b)
        }
      }
      watch.pointee.tookStep(step.sequences, thread: thread)
    }
  }
}

/// Takes some sequences backwards.
private struct WatchedBackward: ThreadWork {
  let network: UnsafePointer<Network<Float>>
  let crew: UnsafeMutablePointer<Crew>?
  let watch: UnsafePointer<Watch>
  let steps: Int
  let gradient: SequencePlanes<Float>
  let startGradients: StartGradients<Float>
  let outputGradients: In<Float>

  @inline(never) func run(_ shard: Int, thread: Int) {
    let step = network.pointee.shard(shard, thread: thread, crew: crew)
    defer { step.crew?.leave() }
    step.backwardOutputs(outputGradients, steps: steps)
    let gradient = gradient[step.sequences.lowerBound]
    guard watch.pointee.wants(0, step.sequences) else { return }
    step.backward(steps: steps, gradient: gradient, startGradients: startGradients) { t in
      let turn = steps - 1 - t
      if step.c.checksFinite {
        for b in step.sequences where step.gradientNotFinite(b, row: t, gradient) != nil {
          watch.pointee.found(turn, b)
        }
      }
      watch.pointee.tookStep(step.sequences, thread: thread)
      return watch.pointee.wants(turn + 1, step.sequences)
    }
  }
}

/// Computes the gradients of some sequences' inputs.
private struct InputGradients: ThreadWork {
  let network: UnsafePointer<Network<Float>>
  let steps: Int
  let gradients: Out<Float>

  @inline(never) func run(_ shard: Int, thread: Int) {
    network.pointee.shard(shard, thread: thread).backwardInputs(gradients, steps: steps)
  }
}

/// The copies that make a rollback possible.
private struct Kept: ~Copyable {
  private let memory: Memory
  let state: SequencePlanes<Float>?
  let lastStep: SequencePlanes<Float>?
  /// The quantities that backward turns into their own gradients.
  let steps: SequencePlanes<Float>
  /// [T, B, Y]: the outputs, until all of them are computed and found good.
  let outputs: Out<Float>

  init(
    _ c: Configuration, outputs: Int = 0, recordedSteps: Int = 0, keepsState: Bool, keepsLastStep: Bool = false
  ) throws(Failure) {
    func carve(_ carver: inout Carver) -> (
      SequencePlanes<Float>?, SequencePlanes<Float>?, SequencePlanes<Float>, Out<Float>
    ) {
      (
        keepsState ? SequencePlanes(&carver, c, .state(true)) : nil,
        keepsLastStep ? SequencePlanes(&carver, c, .lastStep) : nil,
        SequencePlanes(&carver, c, .futureGradients(recordedSteps)), carver.take(outputs)
      )
    }
    var measure = Carver.measuring
    _ = carve(&measure)
    let memory = try Memory(bytes: measure.bytes)
    var carver = Carver.cutting(memory)
    (state, lastStep, steps, self.outputs) = carve(&carver)
    self.memory = memory
  }
}
