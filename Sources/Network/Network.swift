import CDNC
import CPlatform

/// What a `dnc *` points to: a configuration, parameters, their gradients, the state, and the record of the steps taken.
struct Network<Scalar: Real>: ~Copyable {
  private(set) var configuration: Configuration
  let parameterBlock: UnsafeMutablePointer<ParameterBlock<Scalar>>
  private let gradientMemory: Memory
  private var packedWeights: PackedWeights<Scalar>
  private var record: Record<Scalar>
  let threads: Threads
  private(set) var isTraining = false
  private(set) var recordedSteps = 0
  /// Steps taken since the last reset.
  private var time = 0
  /// What is dropped, and scratch [threads, Bypass.scratchCount] in `dropoutMemory`.
  private var dropout: (rule: BypassDropout<Scalar>, scratch: Out<Scalar>)?
  private var dropoutMemory: Memory?
  /// The parts of the state before the recorded steps that are still the learned parameters.
  private var learned: InitialState.LearnedParts
  /// The gradient of the state after the recorded steps that the caller has handed in, a `StateRow` for each sequence.
  private var finalGradient: Memory
  private var hasFinalGradient = false
  /// [B], not 0: the sequence has been reset while steps are recorded, and starts an episode with the next step.
  private var pendingStarts: Memory
  /// Episodes that start within the recorded steps.
  private var startCount = 0
  /// For `startGradients`.
  private var startRoom: Memory
  /// The host's function that hears of the steps of `dnc_forward` and `dnc_backward`.
  var progress: Progress?
  /// True once a backward has left its gradient of the state in `record.gradient`.
  private(set) var hasStateGradient = false

  init(_ configuration: Configuration) throws(Failure) {
    let gradientMemory = try Memory(bytes: Network.gradientBytes(configuration))
    let packedWeights = try PackedWeights<Scalar>(configuration)
    let threads = try Threads(count: configuration.threadCount)
    let record = try Record<Scalar>(configuration, capacity: 0, threads: threads.count)
    let learned = try InitialState.LearnedParts(batch: configuration.B)
    let nothing = try Memory(bytes: 0)
    let pending = try Memory(bytes: configuration.B)
    let startRoom = try Memory(bytes: 0)
    let block = try ParameterBlock<Scalar>.create(configuration)
    self.init(
      configuration: configuration, parameterBlock: block, gradientMemory: gradientMemory,
      packedWeights: packedWeights, record: record, threads: threads, learned: learned, finalGradient: nothing,
      pendingStarts: pending, startRoom: startRoom)
    block.pointee.initialize(configuration)
    startEpisode()
  }

  private init(
    configuration: Configuration, parameterBlock: UnsafeMutablePointer<ParameterBlock<Scalar>>,
    gradientMemory: consuming Memory, packedWeights: consuming PackedWeights<Scalar>, record: consuming Record<Scalar>,
    threads: consuming Threads, learned: consuming InitialState.LearnedParts, finalGradient: consuming Memory,
    pendingStarts: consuming Memory, startRoom: consuming Memory
  ) {
    self.configuration = configuration
    self.parameterBlock = parameterBlock
    self.gradientMemory = gradientMemory
    self.packedWeights = packedWeights
    self.record = record
    self.threads = threads
    self.learned = learned
    self.finalGradient = finalGradient
    self.pendingStarts = pendingStarts
    self.startRoom = startRoom
  }

  deinit { ParameterBlock.release(parameterBlock) }

  /// A second network in the same state, with nothing recorded and its gradients 0.
  func clone(sharingParameters: Bool) throws(Failure) -> Network {
    let gradientMemory = try Memory(bytes: Network.gradientBytes(configuration))
    let packedWeights = try PackedWeights<Scalar>(configuration)
    let threads = try Threads(count: self.threads.count)
    let record = try Record<Scalar>(configuration, capacity: 0, threads: threads.count)
    let learned = try InitialState.LearnedParts(batch: configuration.B)
    let nothing = try Memory(bytes: 0)
    let pending = try Memory(bytes: configuration.B)
    let startRoom = try Memory(bytes: 0)
    let block: UnsafeMutablePointer<ParameterBlock<Scalar>>
    if sharingParameters {
      block = parameterBlock
      ParameterBlock.retain(block)
    } else {
      block = try ParameterBlock<Scalar>.create(configuration)
      copyValues(parameterCount, parameterBlock.pointee.values, to: block.pointee.values)
    }
    record.planes.copyStates(1, from: planes, startingAt: recordedSteps, configuration)
    if let start = self.record.start {
      for b in 0..<configuration.B where isPending(b) { record.planes.copyState(to: b, from: start, configuration) }
    }
    var copy = Network(
      configuration: configuration, parameterBlock: block, gradientMemory: gradientMemory,
      packedWeights: packedWeights, record: record, threads: threads, learned: learned, finalGradient: nothing,
      pendingStarts: pending, startRoom: startRoom)
    copy.isTraining = isTraining
    copy.time = time
    if let rule = dropout?.rule { try copy.setBypassDropout(rate: rule.rate, seed: rule.seed) }
    if recordedSteps == 0 { copy.learned.copy(from: self.learned) }
    return copy
  }

  // MARK: Sizes

  private static func gradientBytes(_ configuration: Configuration) -> Int {
    ParameterLayout(configuration: configuration).parameterCount * MemoryLayout<Scalar>.stride
  }

  /// Bytes of a network of this configuration with a record of `steps` steps, 0 when it is not training.
  static func bytes(_ configuration: Configuration, steps: Int) throws(Failure) -> Int {
    try Record<Scalar>.bytes(configuration, capacity: steps, threads: configuration.threadCount)
      + 2 * gradientBytes(configuration) + PackedWeights<Scalar>.bytes(configuration) + MemoryLayout<Network>.stride
  }

  mutating func setBatchSize(_ batchSize: Int) throws(Failure) {
    var changed = configuration
    changed.B = batchSize
    try resize(to: changed)
  }

  /// Must not be called with learned initial states, whose parameters are per slot.
  mutating func setMemorySlots(_ slots: Int) throws(Failure) {
    var changed = configuration
    changed.N = slots
    try resize(to: changed)
  }

  private mutating func resize(to changed: Configuration) throws(Failure) {
    let learned = try InitialState.LearnedParts(batch: changed.B)
    let pending = try Memory(bytes: changed.B)
    record = try Record<Scalar>(changed, capacity: 0, threads: threads.count)
    self.learned = learned
    pendingStarts = pending
    configuration = changed
    hasStateGradient = false
    startEpisode()
  }

  // MARK: Parameters

  var parameterCount: Int { parameterBlock.pointee.count }
  var parameters: Parameters<Scalar> {
    Parameters(start: parameterBlock.pointee.values, places: parameterBlock.pointee.places)
  }

  /// Lets changes of the parameters take effect that the caller made.
  mutating func parametersChanged() { packedWeights.parametersChanged() }

  /// Comes before steps.
  mutating func packWeights() { packedWeights.update(configuration, parameterBlock.pointee) }

  var gradientStart: Out<Scalar> { gradientMemory.start.assumingMemoryBound(to: Scalar.self) }
  var gradients: ParameterGradients<Scalar> {
    ParameterGradients(start: gradientStart, places: parameterBlock.pointee.places)
  }

  // MARK: Episodes

  mutating func reset() {
    parametersChanged()
    planes.zeroState(configuration)
    startEpisode()
  }

  /// Writes the initial state over a state that is all zero.
  private mutating func startEpisode() {
    dropRecord()
    time = 0
    memset(pendingStarts.start, 0, pendingStarts.bytes)
    learned.setAll(configuration.initialState == .learned ? .all : [])
    InitialState.forward(configuration, parameters: parameters, planes: planes)
  }

  /// Drops the record and keeps the state.
  mutating func detach() {
    guard recordedSteps > 0 else { return }
    planes.moveToFront(row: recordedSteps, configuration)
    dropRecord()
    learned.setAll([])
    for b in 0..<configuration.B where isPending(b) { restart(b) }
  }

  private mutating func dropRecord() {
    recordedSteps = 0
    startCount = 0
    record.hasStarts = false
    hasFinalGradient = false
  }

  func isPending(_ b: Int) -> Bool { pendingStarts.start.load(fromByteOffset: b, as: UInt8.self) != 0 }

  /// Starts a new episode of sequence b, with nothing recorded.
  private func restart(_ b: Int) {
    record.restart(b)
    learned[b] = configuration.initialState == .learned ? .all : []
    pendingStarts.start.storeBytes(of: 0, toByteOffset: b, as: UInt8.self)
  }

  /// Starts new episodes of some sequences before the next step.
  /// - Parameter which: [B], not 0 for these.
  mutating func reset(which: UnsafePointer<UInt8>) throws(Failure) {
    if startCount == 0 { try record.prepareStart(parameters) }
    for b in 0..<configuration.B where which[b] != 0 {
      if recordedSteps == 0 {
        restart(b)
      } else {
        pendingStarts.start.storeBytes(of: 1, toByteOffset: b, as: UInt8.self)
      }
    }
  }

  /// Where the present state of sequence b is.
  func present(_ b: Int) -> MemoryHistory<Scalar>.Place {
    if isPending(b), let start = record.start { return MemoryHistory.Place(planes: start, row: 0, b: 0) }
    return MemoryHistory.Place(planes: planes, row: recordedSteps, b: b)
  }

  /// Comes before steps in which episodes may start, and marks where, if they are recorded. Returns the number of episodes
  /// that then start in the record.
  mutating func prepareStarts(_ starts: EpisodeStarts, steps: Int) throws(Failure) -> Int {
    if recordedSteps == 0 { record.hasStarts = false }
    if starts.has(steps: steps), !record.hasStarts {
      if startCount == 0 { try record.prepareStart(parameters) }
      let marks = planes.whole(.start)
      for row in 0..<recordedSteps { for b in 0..<configuration.B { marks[row, b][0] = 0 } }
      record.hasStarts = true
    }
    guard isTraining, record.hasStarts else { return startCount }
    let marks = planes.whole(.start)
    var count = startCount
    for t in 0..<steps {
      for b in 0..<configuration.B {
        count += starts(t, b) ? 1 : 0
        marks[recordedSteps + t, b][0] = starts(t, b) ? UInt32(truncatingIfNeeded: count) : 0
      }
    }
    try reserveStartGradients(count)
    return count
  }

  func starts(_ flags: UnsafePointer<UInt8>?) -> EpisodeStarts {
    EpisodeStarts(
      flags: flags, pending: UnsafePointer(pendingStarts.start.assumingMemoryBound(to: UInt8.self)),
      batch: configuration.B)
  }

  mutating func setTraining(_ enabled: Bool) {
    if !enabled { detach() }
    isTraining = enabled
  }

  // MARK: Running

  /// Steps of some sequences, with the scratch of one thread.
  @inline(never) func shard(_ sequences: Range<Int>, thread: Int) -> Step<Scalar> {
    Step(
      c: configuration, parameters: parameters, panels: packedWeights.panels, planes: planes, sequences: sequences,
      history: history,
      memory: record.memory(sequences, thread: thread, team: record.shards.count == 1 ? threads.team : nil),
      bypass: bypass?.of(thread: thread))
  }

  /// Rough number of multiplications in `steps` steps; `Int.max` where it would overflow.
  static func cost(_ c: Configuration, parameterCount: Int, steps: Int) -> Int {
    let (rows, rowsOverflow) = steps.multipliedReportingOverflow(by: c.B)
    let (cost, overflow) = rows.multipliedReportingOverflow(by: parameterCount + c.K * c.N * (c.N * (c.R + 1) + c.W))
    return rowsOverflow || overflow ? .max : cost
  }

  private func cost(steps: Int) -> Int {
    Network.cost(configuration, parameterCount: parameterCount, steps: steps)
  }

  func shard(_ index: Int, thread: Int) -> Step<Scalar> { shard(record.shards[index], thread: thread) }

  private enum Pass {
    case forward(inputs: In<Scalar>, starts: EpisodeStarts, outputs: Out<Scalar>)
    /// The first row of the record to write.
    case recorded(first: Int, inputs: In<Scalar>, outputs: Out<Scalar>)
    case backward(Planes<Scalar>, StartGradients<Scalar>, outputGradients: In<Scalar>, inputGradients: Out<Scalar>?)
  }

  /// Takes some sequences through `steps` steps.
  private struct Shard: ThreadWork {
    let network: UnsafePointer<Network>
    let steps: Int
    let pass: Pass

    @inline(never) func run(_ shard: Int, thread: Int) {
      let step = network.pointee.shard(shard, thread: thread)
      switch pass {
      case .forward(let inputs, let starts, let outputs):
        for t in 0..<steps {
          step.markStarts(t, starts)
          step.inputs(inputs + t * step.c.B * step.c.X, steps: 1, row: 0)
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
        step.backward(steps: steps, gradient: gradient, startGradients: startGradients) { _ in true }
        if let inputGradients { step.backwardInputs(inputGradients, steps: steps) }
      }
    }
  }

  /// Computes some rows of the weights' gradients, over all sequences and steps.
  private struct WeightGradients: ThreadWork {
    let step: Step<Scalar>
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
          what, part: part, of: parts, steps: steps, gradients: gradients,
          scratch: scratch + thread * Linear.scratchCount)
      }
      if what != .stateBefore { backward(.present) }
      if what != .present { backward(.stateBefore) }
    }
  }

  /// Takes all sequences, one shard after the other, through `steps` steps. Thread 0 is the caller's.
  func run<Work: ThreadWork>(steps: Int, _ work: (UnsafePointer<Network>) -> Work) {
    withUnsafePointer(to: self) { threads.team.run(record.shards.count, cost: cost(steps: steps), work($0)) }
  }

  private func run(_ pass: Pass, steps: Int) {
    run(steps: steps) { Shard(network: $0, steps: steps, pass: pass) }
  }

  var shardCount: Int { record.shards.count }

  /// - Parameters:
  ///   - inputs: [T, B, X].
  ///   - flags: [T, B], not 0 where a sequence begins an episode; nil: nowhere.
  ///   - outputs: [T, B, Y], written.
  mutating func forward(
    steps: Int, inputs: In<Scalar>, starts flags: UnsafePointer<UInt8>? = nil, outputs: Out<Scalar>
  ) throws(Failure) {
    if isTraining { try reserve(steps) }
    let starts = starts(flags)
    let count = try prepareStarts(starts, steps: steps)
    packWeights()
    if isTraining {
      run(.recorded(first: recordedSteps, inputs: inputs, outputs: outputs), steps: steps)
    } else {
      run(.forward(inputs: inputs, starts: starts, outputs: outputs), steps: steps)
    }
    tookSteps(steps, starts: count)
  }

  /// - Parameter count: of the episodes that start in the record.
  mutating func tookSteps(_ steps: Int, starts count: Int) {
    time += steps
    hasFinalGradient = false
    startCount = count
    memset(pendingStarts.start, 0, pendingStarts.bytes)
    if isTraining { recordedSteps += steps } else { learned.setAll([]) }
  }

  /// Makes room for `steps` more steps. A record that already has steps grows by another quarter, if memory allows.
  mutating func reserve(_ steps: Int) throws(Failure) {
    let (needed, overflow) = recordedSteps.addingReportingOverflow(steps)
    guard !overflow else { throw .recordTooLong(steps: steps) }
    guard needed > record.capacity else { return }
    if recordedSteps > 0, (try? grow(to: needed + needed / 4)) != nil { return }
    try grow(to: needed)
  }

  private mutating func grow(to capacity: Int) throws(Failure) {
    try record.grow(capacity: capacity, steps: recordedSteps)
  }

  /// Back-propagates through the recorded steps, of which there is at least one.
  /// - Parameters:
  ///   - outputGradients: [T, B, Y].
  ///   - inputGradients: [T, B, X], written, or nil.
  mutating func backward(outputGradients: In<Scalar>, inputGradients: Out<Scalar>?) {
    let steps = recordedSteps
    let startGradients = startGradients
    startStateGradient()
    run(
      .backward(stateGradient, startGradients, outputGradients: outputGradients, inputGradients: inputGradients),
      steps: steps)
    finishBackward(steps: steps, startGradients)
  }

  /// Makes room for the gradients of the learned states in which episodes start, so that backward needs no memory.
  private mutating func reserveStartGradients(_ episodes: Int) throws(Failure) {
    let bytes = StartGradients<Scalar>.count(configuration, episodes: episodes) * MemoryLayout<Scalar>.stride
    if bytes > startRoom.bytes { startRoom = try Memory(bytes: bytes) }
  }

  var startGradients: StartGradients<Scalar> {
    StartGradients(c: configuration, start: startRoom.start.assumingMemoryBound(to: Scalar.self))
  }

  /// Sets the gradient of the state after the recorded steps: what the caller has handed in, or 0.
  func startStateGradient() {
    stateGradient.zeroState(configuration)
    guard hasFinalGradient else { return }
    let rows = finalGradientRows
    for b in 0..<configuration.B {
      StateRow.forEachRun(stateGradient, row: 0, b, configuration) { inside, place, count, _ in
        copyValues(count, rows[b] + place, to: inside)
      }
    }
  }

  private var finalGradientRows: MutableRows<Scalar> {
    MutableRows(finalGradient.start.assumingMemoryBound(to: Scalar.self), stride: StateRow.count(configuration))
  }

  /// Takes gradients of the state after the recorded steps, for the next backward. Those of other sequences stay, or are 0.
  mutating func setFinalGradient(_ rows: In<Scalar>, of sequences: Range<Int>) throws(Failure) {
    let size = StateRow.count(configuration)
    if !hasFinalGradient { finalGradient = try Memory(bytes: configuration.B * size * MemoryLayout<Scalar>.stride) }
    hasFinalGradient = true
    for b in sequences { copyValues(size, rows + (b - sequences.lowerBound) * size, to: finalGradientRows[b]) }
  }

  /// Adds to the gradients of the parameters, over all steps and sequences.
  mutating func finishBackward(steps: Int, _ startGradients: StartGradients<Scalar>) {
    let c = configuration
    if let start = history.start {
      backwardWeights(.present, steps: steps)
      // Nothing needs what these rows have, the end of other episodes, any more.
      for t in 0..<steps {
        for b in 0..<c.B where history.starts(t, b) {
          copyValues(planes[.hidden].width, start[.hidden][0, 0], to: planes[.hidden][t, b])
          copyValues(planes[.readVectors].width, start[.readVectors][0, 0], to: planes[.readVectors][t, b])
        }
      }
      backwardWeights(.stateBefore, steps: steps)
    } else {
      backwardWeights(nil, steps: steps)
    }
    for b in 0..<c.B {
      InitialState.backward(
        c, learned: learned[b], state: { planes[$0][0, b] }, gradient: { stateGradient[$0][0, b] },
        parameterGradients: gradients)
    }
    if let start = history.start, c.initialState == .learned, startCount > 0 {
      for episode in 1...startCount {
        InitialState.backward(
          c, learned: .all, state: { start[$0][0, 0] }, gradient: { startGradients(episode, $0) },
          parameterGradients: gradients)
      }
    }
    detach()
    hasStateGradient = true
  }

  func backwardWeights(_ what: Step<Scalar>.Multiplied?, steps: Int) {
    let parts = threads.count == 1 ? 1 : 4 * threads.count
    threads.team.run(
      parts, cost: cost(steps: steps),
      WeightGradients(
        step: shard(0..<configuration.B, thread: 0), what: what, parts: parts, steps: steps, gradients: gradients,
        scratch: record.weightScratch))
  }

  // MARK: Dropout

  /// Must not be called with recorded steps, whose backward would be that of other outputs.
  /// - Parameter rate: 0: no dropout.
  mutating func setBypassDropout(rate: Scalar, seed: UInt64) throws(Failure) {
    guard rate > 0 else {
      dropout = nil
      dropoutMemory = nil
      return
    }
    let count = threads.count * Bypass<Scalar>.scratchCount(configuration)
    let memory = try Memory(bytes: count * MemoryLayout<Scalar>.stride)
    let scratch = memory.start.assumingMemoryBound(to: Scalar.self)
    dropout = (BypassDropout(rate: rate, seed: seed), scratch)
    dropoutMemory = consume memory
  }

  /// Of the first thread; nil without dropout.
  private var bypass: Bypass<Scalar>? {
    guard let (rule, scratch) = dropout else { return nil }
    return Bypass(
      dropout: rule, start: time - recordedSteps, width: configuration.controllerWidth, scratch: scratch)
  }

  // MARK: State and trace

  /// The present state is in row `recordedSteps`, memory and link in row 0.
  var planes: Planes<Scalar> { record.planes }

  /// Memory and links of the recorded steps.
  var history: MemoryHistory<Scalar> { record.history }

  /// Notes that the caller has changed the state, with nothing recorded: it is no longer the learned parameters.
  mutating func stateChanged(_ piece: InitialState.Learned, of sequences: Range<Int>? = nil) {
    for b in sequences ?? 0..<configuration.B { learned[b].subtract(piece) }
    InitialState.updateRowNorms(configuration, planes: planes)
  }

  /// The gradient, from the last backward, of the state before its first step, in row 0.
  var stateGradient: Planes<Scalar> { record.gradient }
}
