/// What a `dnc *` points to: a configuration, parameters, their gradients, the state, and the record of the steps taken.
struct Network<Scalar: Real>: ~Copyable {
  let parameterBlock: UnsafeMutablePointer<ParameterBlock<Scalar>>
  private let gradientMemory: Memory
  private var packedWeights: PackedWeights<Scalar>
  private var record: Record<Scalar>
  private(set) var threads: Threads
  /// No crew before this time, in nanoseconds: the last one ended because other programs wanted the processors.
  var noCrewUntil: UInt64 = 0
  private(set) var isTraining = false
  private(set) var recordedSteps = 0
  /// Steps taken since the last reset.
  private var time = 0
  private var dropout = Dropout<Scalar>()
  private var episodes: Episodes<Scalar>
  /// The host's function that hears of the steps of `dnc_forward` and `dnc_backward`.
  var progress: Progress?
  /// True once a backward has left its gradient of the state in `record.gradient`.
  private(set) var hasStateGradient = false

  init(_ configuration: Configuration) throws(Failure) {
    let gradientMemory = try Memory(bytes: Network.gradientBytes(configuration))
    let packedWeights = try PackedWeights<Scalar>(configuration)
    let threads = Threads(count: configuration.threadCount)
    let record = try Record<Scalar>(configuration, capacity: 0, threads: threads.count)
    let episodes = try Episodes<Scalar>(configuration)
    let block = try ParameterBlock<Scalar>.create(configuration)
    self.init(
      parameterBlock: block, gradientMemory: gradientMemory, packedWeights: packedWeights, record: record,
      threads: threads, episodes: episodes)
    block.pointee.initialize(configuration)
    startEpisode()
  }

  private init(
    parameterBlock: UnsafeMutablePointer<ParameterBlock<Scalar>>, gradientMemory: consuming Memory,
    packedWeights: consuming PackedWeights<Scalar>, record: consuming Record<Scalar>,
    threads: consuming Threads, episodes: consuming Episodes<Scalar>
  ) {
    self.parameterBlock = parameterBlock
    self.gradientMemory = gradientMemory
    self.packedWeights = packedWeights
    self.record = record
    self.threads = threads
    self.episodes = episodes
  }

  deinit { ParameterBlock.release(parameterBlock) }

  var configuration: Configuration { record.configuration }

  /// A second network in the same state, with nothing recorded and its gradients 0.
  func clone(sharingParameters: Bool) throws(Failure) -> Network {
    let gradientMemory = try Memory(bytes: Network.gradientBytes(configuration))
    let packedWeights = try PackedWeights<Scalar>(configuration)
    let threads = Threads(count: self.threads.count)
    let record = try Record<Scalar>(configuration, capacity: 0, threads: threads.count)
    let episodes = try Episodes<Scalar>(configuration)
    let block: UnsafeMutablePointer<ParameterBlock<Scalar>>
    if sharingParameters {
      block = parameterBlock
      ParameterBlock.retain(block)
    } else {
      block = try ParameterBlock<Scalar>.create(configuration)
      copyValues(parameterCount, parameterBlock.pointee.values, to: block.pointee.values)
    }
    copyPresent(to: record)
    if let start = self.record.start {
      for b in 0..<configuration.B where self.episodes.isPending(b) {
        record.planes.copy(.state(row: 0), to: b..<b + 1, from: start, 0, configuration)
      }
    }
    var copy = Network(
      parameterBlock: block, gradientMemory: gradientMemory, packedWeights: packedWeights, record: record,
      threads: threads, episodes: episodes)
    copy.isTraining = isTraining
    copy.time = time
    copy.dropout = try dropout.copy(configuration, threads: copy.threads.count)
    if recordedSteps == 0 { copy.episodes.learned.copy(from: self.episodes.learned) }
    return copy
  }

  /// Copies the present state and the last step's interface to a record without steps.
  private func copyPresent(to other: borrowing Record<Scalar>) {
    other.planes.copy(.state(row: recordedSteps), from: planes, configuration)
    other.planes.copy(.lastStep(row: lastStep), from: planes, configuration)
  }

  // MARK: Sizes

  private static func gradientBytes(_ configuration: Configuration) -> Int {
    ParameterLayout(configuration: configuration).parameterCount * MemoryLayout<Scalar>.stride
  }

  /// Bytes of a network of this configuration with a record of `steps` steps, 0 when it is not training.
  static func bytes(_ configuration: Configuration, steps: Int) throws(Failure) -> Int {
    try Record<Scalar>.bytes(configuration, capacity: steps, threads: configuration.threadCount)
      + 2 * gradientBytes(configuration) + PackedWeights<Scalar>.bytes(configuration)
      + Episodes<Scalar>.bytes(configuration) + MemoryLayout<Network>.stride
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
    let episodes = try Episodes<Scalar>(changed)
    record = try Record<Scalar>(changed, capacity: 0, threads: threads.count)
    self.episodes = episodes
    hasStateGradient = false
    startEpisode()
  }

  // MARK: What is set for this process

  /// Must not be called with recorded steps. No result depends on the number of threads.
  mutating func setThreads(_ count: UInt32) throws(Failure) {
    var changed = configuration
    changed.threads = count
    let threads = Threads(count: changed.threadCount)
    let record = try Record<Scalar>(changed, capacity: 0, threads: threads.count)
    copyPresent(to: record)
    dropout = try dropout.copy(changed, threads: threads.count)
    self.threads = threads
    self.record = record
    hasStateGradient = false
  }

  mutating func setChecksFinite(_ checks: Bool) { record.setChecksFinite(checks) }

  /// Must not be called with recorded steps, which may be more than the limit.
  mutating func setMaxRecordBytes(_ bytes: UInt64) throws(Failure) {
    var changed = configuration
    changed.maxRecordBytes = bytes
    let record = try Record<Scalar>(changed, capacity: 0, threads: threads.count)
    copyPresent(to: record)
    self.record = record
    hasStateGradient = false
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
    episodes.reset()
    InitialState.forward(configuration, parameters: parameters, planes: planes)
  }

  /// Drops the record and keeps the state.
  mutating func detach() {
    guard recordedSteps > 0 else { return }
    planes.copy(.state(row: recordedSteps), from: planes, configuration)
    planes.copy(.lastStep(row: lastStep), from: planes, configuration)
    dropRecord()
    episodes.learned.setAll([])
    for b in 0..<configuration.B where episodes.isPending(b) { restart(b) }
  }

  private mutating func dropRecord() {
    recordedSteps = 0
    record.hasStarts = false
    episodes.dropRecord()
  }

  /// Starts a new episode of sequence b, with nothing recorded.
  private func restart(_ b: Int) {
    record.restart(b)
    episodes.hasStarted(b)
  }

  /// Starts new episodes of some sequences before the next step.
  /// - Parameter which: [B], not 0 for these.
  mutating func reset(which: UnsafePointer<UInt8>) throws(Failure) {
    if episodes.started == 0 { try record.prepareStart(parameters) }
    for b in 0..<configuration.B where which[b] != 0 {
      if recordedSteps == 0 { restart(b) } else { episodes.startWithNextStep(b) }
    }
  }

  /// Where the present state of sequence b is.
  func present(_ b: Int) -> MemoryHistory<Scalar>.Place {
    if episodes.isPending(b), let start = record.start { return MemoryHistory.Place(planes: start[0], row: 0, b: 0) }
    return MemoryHistory.Place(planes: planes[b], row: recordedSteps, b: b)
  }

  /// Comes before steps in which episodes may start, and marks where, if they are recorded. Returns the number of episodes
  /// that then start in the record.
  mutating func prepareStarts(_ starts: EpisodeStarts, steps: Int) throws(Failure) -> Int {
    if recordedSteps == 0 { record.hasStarts = false }
    if starts.has(steps: steps), !record.hasStarts {
      if episodes.started == 0 { try record.prepareStart(parameters) }
      record.beginMarking(steps: recordedSteps)
    }
    guard isTraining, record.hasStarts else { return episodes.started }
    let started = record.mark(starts, from: recordedSteps, steps: steps, after: episodes.started)
    try episodes.reserveStartGradients(started)
    return started
  }

  func starts(_ flags: UnsafePointer<UInt8>?) -> EpisodeStarts { episodes.starts(flags) }

  mutating func setTraining(_ enabled: Bool) {
    if !enabled { detach() }
    isTraining = enabled
  }

  // MARK: Running

  /// Steps of some sequences, with the scratch of one thread.
  @inline(never) func shard(_ sequences: Range<Int>, thread: Int, crew: Crew.Member? = nil) -> Step<Scalar> {
    Step(
      parameters: parameters, panels: packedWeights.panels, sequences: sequences,
      history: record.history(of: sequences.lowerBound),
      memory: record.memory(sequences, thread: thread, team: record.shards.count == 1 ? threads.team : nil),
      bypass: dropout.bypass(configuration, start: time - recordedSteps, thread: thread), crew: crew)
  }

  /// Rough number of multiplications in `steps` steps; `Int.max` where it would overflow.
  static func cost(_ c: Configuration, parameterCount: Int, steps: Int) -> Int {
    let (rows, rowsOverflow) = steps.multipliedReportingOverflow(by: c.B)
    let (cost, overflow) = rows.multipliedReportingOverflow(by: parameterCount + c.K * c.N * (c.N * (c.R + 1) + c.W))
    return rowsOverflow || overflow ? .max : cost
  }

  func cost(steps: Int) -> Int {
    Network.cost(configuration, parameterCount: parameterCount, steps: steps)
  }

  /// - Parameter index: of the work; in a crew, members beyond the last shard have no sequences.
  func shard(_ index: Int, thread: Int, crew: UnsafeMutablePointer<Crew>? = nil) -> Step<Scalar> {
    // Where each shard has scratch of its own, it takes that: a crew may have more threads than there is scratch for.
    return shard(
      index < shardCount ? record.shards[index] : 0..<0,
      thread: record.shards.threads == shardCount ? index : thread,
      crew: crew.map { Crew.Member(crew: $0, index: index) })
  }

  // The tests, another module, call it in Double.
  @_specialize(where Scalar == Double)
  private mutating func run(_ pass: Pass, steps: Int) {
    run(steps: steps) { Shard(network: $0, crew: $1, steps: steps, pass: pass) }
  }

  var shards: Shards { record.shards }
  var shardCount: Int { shards.count }

  /// Takes steps without episodes that start within them.
  /// - Parameters:
  ///   - inputs: [T, B, X].
  ///   - outputs: [T, B, Y], written.
  mutating func forward(steps: Int, inputs: In<Scalar>, outputs: Out<Scalar>) throws(Failure) {
    try forward(steps: steps, inputs: .rows(inputs), starts: nil, outputs: outputs)
  }

  /// - Parameters:
  ///   - inputs: of the kind that the recorded steps had, if there are any.
  ///   - flags: [T, B], not 0 where a sequence begins an episode; nil: nowhere.
  ///   - outputs: [T, B, Y], written.
  @inline(never) mutating func forward(
    steps: Int, inputs: Inputs<Scalar>, starts flags: UnsafePointer<UInt8>?, outputs: Out<Scalar>
  ) throws(Failure) {
    try prepare(for: inputs, steps: steps)
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
    episodes.tookSteps(started: count)
    if isTraining { recordedSteps += steps } else { episodes.learned.setAll([]) }
  }

  /// Makes room for `steps` more steps with such inputs.
  mutating func prepare(for inputs: Inputs<Scalar>, steps: Int) throws(Failure) {
    if inputs.areTokens != configuration.takesTokens { try setTakesTokens(inputs.areTokens) }
    if isTraining { try reserve(steps) }
  }

  /// Must not be called with recorded steps, which have inputs of the other kind.
  private mutating func setTakesTokens(_ takesTokens: Bool) throws(Failure) {
    var changed = configuration
    changed.takesTokens = takesTokens
    // A record of some steps has a row for the gradient of the state.
    let record = try Record<Scalar>(changed, capacity: hasStateGradient ? 1 : 0, threads: threads.count)
    copyPresent(to: record)
    if hasStateGradient { record.gradient.copy(.state(row: 0), from: stateGradient, configuration) }
    self.record = record
  }

  /// Makes room for `steps` more steps. A record that already has steps grows by another quarter, if memory allows.
  private mutating func reserve(_ steps: Int) throws(Failure) {
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
    beginBackward()
    run(
      .backward(stateGradient, startGradients, outputGradients: outputGradients, inputGradients: inputGradients),
      steps: steps)
    finishBackward(steps: steps, startGradients)
  }

  var startGradients: StartGradients<Scalar> { episodes.startGradients }

  func beginBackward() { episodes.beginBackward(stateGradient) }

  /// See `Episodes`.
  mutating func setFinalGradient(_ rows: In<Scalar>, of sequences: Range<Int>) throws(Failure) {
    try episodes.setFinalGradient(rows, of: sequences)
  }

  /// Adds to the gradients of the parameters, over all steps and sequences.
  mutating func finishBackward(steps: Int, _ startGradients: StartGradients<Scalar>) {
    let c = configuration
    if let start = record.startWithin {
      backwardWeights(.present, steps: steps)
      // Nothing needs what these rows have, the end of other episodes, any more.
      for t in 0..<steps {
        for b in 0..<c.B where record.history(of: b).starts(t, b) {
          let planes = planes[b]
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
        c, learned: episodes.learned[b], state: { planes[b][$0][0, b] }, gradient: { stateGradient[b][$0][0, b] },
        parameterGradients: gradients)
    }
    if let start = record.startWithin, c.initialState == .learned, episodes.started > 0 {
      for episode in 1...episodes.started {
        InitialState.backward(
          c, learned: .all, state: { start[$0][0, 0] }, gradient: { startGradients(episode, $0) },
          parameterGradients: gradients)
      }
    }
    detach()
    hasStateGradient = true
  }

  func backwardWeights(_ what: Step<Scalar>.Multiplied?, steps: Int) {
    let cost = cost(steps: steps)
    // Of much work, several parts for each thread: one may be slower than another. Small parts take longer together.
    let parts = threads.count == 1 ? 1 : (cost > 1 << 28 ? 4 : 1) * threads.count
    threads.team.run(
      parts, cost: cost,
      WeightGradients(
        step: shard(0..<configuration.B, thread: 0), planes: planes, what: what, parts: parts, steps: steps,
        gradients: gradients,
        scratch: record.weightScratch))
  }

  /// Must not be called with recorded steps, whose backward would be that of other outputs.
  /// - Parameter rate: 0: no dropout.
  mutating func setBypassDropout(rate: Scalar, seed: UInt64) throws(Failure) {
    dropout = try Dropout(rate > 0 ? BypassDropout(rate: rate, seed: seed) : nil, configuration, threads: threads.count)
  }

  // MARK: State and trace

  /// The present state is in row `recordedSteps`, memory and link in row 0.
  var planes: SequencePlanes<Scalar> { record.planes }

  /// The row of the last step.
  var lastStep: Int { max(recordedSteps, 1) - 1 }

  /// True if a step has been taken since the last reset.
  var hasStepped: Bool { time > 0 }

  /// Memory and links of sequence b in the recorded steps.
  func history(of b: Int) -> MemoryHistory<Scalar> { record.history(of: b) }

  /// Writes the state of sequence b, with nothing recorded. `stateChanged` comes after it.
  func setState(of b: Int, row values: In<Scalar>) {
    StateRow.forEachRun(planes[b], row: 0, b, configuration) { inside, place, count in
      copyValues(count, values + place, to: inside)
    }
  }

  /// Notes that the caller has changed the state, with nothing recorded: it is no longer the learned parameters.
  mutating func stateChanged(_ piece: InitialState.Learned, of sequences: Range<Int>? = nil) {
    episodes.learned.subtract(piece, of: sequences ?? 0..<configuration.B)
    InitialState.settleMemory(configuration, planes: planes)
  }

  /// The gradient, from the last backward, of the state before its first step, in row 0.
  var stateGradient: SequencePlanes<Scalar> { record.gradient }
}
