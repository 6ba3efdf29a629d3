import CPlatform

/// The work that a network's threads share.
extension Network {
  /// Takes all sequences, one shard after the other, through `steps` steps. Thread 0 is the caller's.
  mutating func run<Work: ThreadWork>(
    steps: Int, _ work: (UnsafePointer<Network>, UnsafeMutablePointer<Crew>?) -> Work
  ) {
    let members = crewMembers(steps: steps)
    guard members > 1 else { return run(shardCount, steps: steps, crew: nil, work) }
    // A step takes less than half a nanosecond for each multiplication.
    var crew = Crew(count: members, start: 50_000, long: 100_000 + UInt64(cost(steps: 1) / 2))
    run(steps: steps, crew: &crew, work)
    if crew.hasWaited { noCrewUntil = dnc_platform_nanoseconds() + 100_000_000 }
  }

  /// The same with a crew, of as many members as there are shards or more.
  func run<Work: ThreadWork>(
    steps: Int, crew: inout Crew, _ work: (UnsafePointer<Network>, UnsafeMutablePointer<Crew>?) -> Work
  ) {
    withUnsafeMutablePointer(to: &crew) { run($0.pointee.count, steps: steps, crew: $0, work) }
  }

  @inline(never) private func run<Work: ThreadWork>(
    _ count: Int, steps: Int, crew: UnsafeMutablePointer<Crew>?,
    _ work: (UnsafePointer<Network>, UnsafeMutablePointer<Crew>?) -> Work
  ) {
    withUnsafePointer(to: self) { threads.team.run(count, cost: cost(steps: steps), crew: crew, work($0, crew)) }
  }

  /// How many threads share the products of each step, or 0.
  private func crewMembers(steps: Int) -> Int {
    guard steps > 1, threads.team.hasProcessors, dnc_platform_nanoseconds() >= noCrewUntil else { return 0 }
    return shards.crew
  }

  enum Pass {
    case forward(inputs: Inputs<Scalar>, starts: EpisodeStarts, outputs: Out<Scalar>)
    /// The first row of the record to write.
    case recorded(first: Int, inputs: Inputs<Scalar>, outputs: Out<Scalar>)
    case backward(
      SequencePlanes<Scalar>, StartGradients<Scalar>, outputGradients: In<Scalar>, inputGradients: Out<Scalar>?)
  }

  /// Takes some sequences through `steps` steps.
  struct Shard: ThreadWork {
    let network: UnsafePointer<Network>
    let crew: UnsafeMutablePointer<Crew>?
    let steps: Int
    let pass: Pass

    @inline(never) func run(_ shard: Int, thread: Int) {
      let step = network.pointee.shard(shard, thread: thread, crew: crew)
      switch pass {
      case .forward(let inputs, let starts, let outputs):
        for t in 0..<steps {
          step.markStarts(t, starts)
          step.inputs(inputs.dropping(steps: t, step.c), steps: 1, row: 0)
          step.forward(row: 0, previous: 0, current: 0)
          step.outputs(outputs + t * step.c.B * step.c.Y, steps: 1, row: 0, current: 0, time: t)
        }
      case .recorded(let first, let inputs, let outputs):
        step.inputs(inputs, steps: steps, row: first)
        for row in first..<first + steps {
          for b in step.sequences { step.history.keepCheckpoint(before: row, b) }
          step.forward(row: row, previous: row, current: row + 1)
        }
        step.outputs(outputs, steps: steps, row: first, current: first + 1, time: first)
      case .backward(let gradient, let startGradients, let outputGradients, let inputGradients):
        step.backwardOutputs(outputGradients, steps: steps)
        step.backward(steps: steps, gradient: gradient[step.sequences.lowerBound], startGradients: startGradients) {
          _ in true
        }
        if let inputGradients { step.backwardInputs(inputGradients, steps: steps) }
      }
    }
  }

  /// Computes some rows of the weights' gradients, over all sequences and steps.
  struct WeightGradients: ThreadWork {
    let step: Step<Scalar>
    let planes: SequencePlanes<Scalar>
    /// nil: of all that multiplies weights.
    let what: Step<Scalar>.Multiplied?
    let parts, steps: Int
    let gradients: ParameterGradients<Scalar>
    /// [threads, Linear.scratchCount]
    let scratch: Out<Scalar>

    @inline(never) func run(_ part: Int, thread: Int) {
      var step = step
      step.bypass = step.bypass?.of(thread: thread)
      func backward(_ what: Step<Scalar>.Multiplied) {
        step.backwardWeights(
          planes, what, part: part, of: parts, steps: steps, gradients: gradients,
          scratch: scratch + thread * Linear.scratchCount)
      }
      if what != .stateBefore { backward(.present) }
      if what != .present { backward(.stateBefore) }
    }
  }
}
