import CBench

/// The products with weights, by their place in a step, the controller's gates, and what changes the weights.
extension Meter {
  private var c: Configuration { network.pointee.configuration }
  private var gradient: SequencePlanes<Float> { network.pointee.stateGradient }
  private var units: Int { c.gates * c.H }
  /// Sequences that go through the steps together.
  private var together: Double { Double(c.B) / Double(network.pointee.shardCount) }

  /// Of a product with `weights` weights for some rows: a row has `inputs` numbers to read and `outputs` to change.
  /// - Parameter resident: weights that are used between two uses of these.
  private func product(_ weights: Int, rows: Double, numbers: Int, outputs: Int, resident: Int) -> Need {
    Need(
      operations: 2 * rows * Double(weights), read: 4 * (Double(weights) + rows * Double(numbers)),
      update: 8 * rows * Double(outputs), set: 4 * Double(resident))
  }

  func products(_ episode: borrowing TimedEpisode) {
    let (c, steps, rows) = (c, steps, Double(steps * c.B))
    let recurrent = units * (c.readWidth + c.H)
    let interface = c.interfaceWidth * c.controllerWidth
    let output = c.Y * (c.controllerWidth + c.readWidth)
    let inEachStep = recurrent + interface
    let (inputs, outputs, outputGradients) = (episode.inputs, episode.outputs, episode.outputGradients)
    func shards(_ body: (Step<Float>) -> Void) {
      for shard in 0..<network.pointee.shardCount { body(network.pointee.shard(shard, thread: 0)) }
    }

    once(
      "inputs' share", .forward, product(units * c.X, rows: rows, numbers: c.X, outputs: units, resident: units * c.X)
    ) {
      shards { $0.inputs(.rows(In(inputs)), steps: steps, row: 0) }
    }
    let controllerNeed = product(
      recurrent, rows: together, numbers: c.readWidth + c.H, outputs: units, resident: inEachStep)
    let controller = timeSteps { step, t in step.controller(layer: 0, row: t, previous: t, current: t + 1) }
    let gates = timeSteps { step, t in c.controller.forward(step.gates(of: 0, row: t, previous: t, current: t + 1)) }
    let perStep = steps * network.pointee.shardCount
    let norm = c.normalizesController ? timeSteps { step, t in step.normalize(layer: 0, row: t) } : 0
    write("controller's products", .forward, controllerNeed, times: perStep, seconds: controller - gates - norm)
    let (operations, numbers) = c.traits.hasCell ? (25.0, 8.0) : (19, 6)
    write("controller's gates", .forward, gatesNeed(operations, numbers), times: perStep, seconds: gates)
    writeNorm("controller's norm", .forward, units, seconds: norm)
    let interfaceNeed = product(
      interface, rows: together, numbers: c.controllerWidth, outputs: c.interfaceWidth, resident: inEachStep)
    let interfaceNorm = c.normalizesInterface ? timeSteps { step, t in step.normalizeInterface(row: t) } : 0
    let interfaceTime = timeSteps { step, t in step.interface(row: t, current: t + 1) }
    write("interface's product", .forward, interfaceNeed, times: perStep, seconds: interfaceTime - interfaceNorm)
    writeNorm("interface's norm", .forward, c.interfaceWidth, seconds: interfaceNorm)
    once(
      "output layer", .forward,
      product(output, rows: rows, numbers: c.controllerWidth + c.readWidth, outputs: c.Y, resident: output)
    ) {
      shards { $0.outputs(outputs, steps: steps, row: 0, current: 1, time: 0) }
    }
    guard isTraining else { return }

    once(
      "output layer", .backward,
      product(output, rows: rows, numbers: c.Y, outputs: c.controllerWidth + c.readWidth, resident: output)
    ) {
      shards { $0.backwardOutputs(In(outputGradients), steps: steps) }
    }
    let interfaceNormBack =
      c.normalizesInterface ? timeSteps { step, t in step.normalizeInterfaceBackward(step: t) } : 0
    let interfaceBack = timeSteps { step, t in
      step.interfaceBackward(step: t, gradient: self.gradient[step.sequences.lowerBound])
    }
    write("interface's product", .backward, interfaceNeed, times: perStep, seconds: interfaceBack - interfaceNormBack)
    writeNorm("interface's norm", .backward, c.interfaceWidth, seconds: interfaceNormBack)
    let controllerBack = timeSteps { step, t in
      step.controllerBackward(layer: 0, step: t, gradient: self.gradient[step.sequences.lowerBound])
    }
    let gatesBack = timeSteps { step, t in
      c.controller.backward(step.gatesGradient(of: 0, step: t, gradient: self.gradient[step.sequences.lowerBound]))
    }
    let normBack = c.normalizesController ? timeSteps { step, t in step.normalizeBackward(layer: 0, step: t) } : 0
    let productsBack = controllerBack - gatesBack - normBack
    write("controller's products", .backward, controllerNeed, times: perStep, seconds: productsBack)
    write("controller's gates", .backward, gatesNeed(2 * operations, numbers + 1), times: perStep, seconds: gatesBack)
    writeNorm("controller's norm", .backward, units, seconds: normBack)
    let all = units * (c.controllerInput + c.H) + interface + output
    let taken = c.controllerInput + c.H + c.controllerWidth + c.readWidth + units + c.interfaceWidth + c.Y
    once(
      "weights' gradients", .backward,
      Need(
        operations: 2 * rows * Double(all), read: 4 * rows * Double(taken), update: 8 * Double(all),
        set: 4 * rows * Double(taken))
    ) {
      network.pointee.backwardWeights(nil, steps: steps)
    }
  }

  /// Forward sums, LN and result; backward scales, LN and both gradients. Without a norm, nothing.
  private func writeNorm(_ name: StaticString, _ direction: Direction, _ count: Int, seconds: Double) {
    guard seconds > 0 else { return }
    let all = together * Double(count)
    let bytes = 12 * all
    let need = Need(operations: (direction == .forward ? 7 : 9) * all, update: bytes, set: bytes)
    write(name, direction, need, times: steps * network.pointee.shardCount, seconds: seconds)
  }

  private func gatesNeed(_ operations: Double, _ numbers: Double) -> Need {
    let units = together * Double(c.H)
    return Need(operations: operations * units, update: 4 * numbers * units, set: 4 * numbers * units)
  }

  /// Loss, optimizer, packing of the weights, and a new episode's state.
  func update(_ episode: borrowing TimedEpisode) throws(Failure) {
    let parameters = 4 * Double(network.pointee.parameterCount)
    let numbers = Double(steps * c.B * c.Y)
    do {
      once("loss", .none, Need(operations: 10 * numbers, read: 8 * numbers, update: 4 * numbers, set: 12 * numbers)) {
        episode.evaluateLoss()
      }
      once(
        "optimizer", .none,
        Need(operations: 12 * parameters / 4, read: parameters, update: 6 * parameters, set: 4 * parameters)
      ) { episode.update() }
    }
    let network = network
    once("packing of weights", .none, Need(read: parameters, update: parameters, set: 2 * parameters)) {
      network.pointee.parametersChanged()
      network.pointee.packWeights()
    }
    let state = 4 * Double(c.B * (c.linkCount + c.N * c.W))
    once("states set to 0", .none, Need(update: 2 * state, set: 2 * state)) {
      network.pointee.planes.zeroState(network.pointee.configuration)
      network.pointee.stateGradient.zeroState(network.pointee.configuration)
    }
  }
}
