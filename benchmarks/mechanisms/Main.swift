import CBench
import CDNC
import CPlatform

/// Times every mechanism by itself, with the numbers and in the sizes of a workload, and writes what it takes beside what it
/// needs. Each goes through all steps and sequences before the next, so its own numbers come from where they come from in a
/// whole step, at best.
@main enum MechanismBench {
  static func main() {
    var measured = machine()
    machine_measure(&measured)
    report_machine(&measured)
    var index: Int32 = 1
    repeat {
      // Without a name, the batch of bAbI.
      guard let workload = workload_named(index < bench_count() ? bench_word(index) : cString("C16")) else {
        report_problem(cString("there is no such workload"))
      }
      do throws(Failure) {
        try run(workload.pointee, measured)
      } catch {
        report_problem(cString("the network can't be made"))
      }
      index += 1
    } while index < bench_count()
  }

  private static func run(_ k: workload, _ machine: machine) throws(Failure) {
    var fields = dnc_config.defaults
    (fields.input_size, fields.output_size, fields.hidden_size) = (k.x, k.y, k.h)
    (fields.memory_slots, fields.word_size, fields.read_heads, fields.batch_size) = (k.n, k.w, k.r, k.b)
    func has(_ variant: Int) -> UInt32 { Int(k.variants) & variant == 0 ? 0 : 1 }
    fields.memory = has(NTM) * DNC_MEMORY_NTM.rawValue
    fields.controller = has(GATED) * DNC_CONTROLLER_GRU.rawValue
    (fields.controller_norm, fields.interface_norm) = (has(NORMS), has(NORMS))
    fields.temporal_links = 1 - has(CONTENT_ONLY)
    (fields.content_masks, fields.deallocation, fields.link_sharpening) = (
      has(MASKS), has(DEALLOCATION), has(SHARPENING)
    )
    let network = try allocateHandle(try Network<Float>(Configuration(fields)))
    defer { freeHandle(network) }
    _ = dnc_platform_flush_denormals()
    let isTraining = k.training != 0
    let episode = try TimedEpisode(network, steps: Int(k.t), isTraining: isTraining)
    var failure: Failure?
    let whole = Meter.least(for: 2) {
      do throws(Failure) { try episode.step() } catch { failure = error }
    }
    if let failure { throw failure }

    report_mechanisms(k.name, k.what)
    network.pointee.setTraining(true)
    network.pointee.reset()
    try network.pointee.forward(steps: episode.steps, inputs: In(episode.inputs), outputs: episode.outputs)
    let meter = Meter(network, machine: machine, steps: episode.steps, isTraining: isTraining, whole: whole)
    meter.products(episode)
    meter.memory()
    if isTraining { try meter.update(episode) }
    let rest = whole - meter.sum
    report_mechanism(
      mechanism_row(
        name: cString("outside of these"), direction: cString(""), seconds: rest, whole: whole, operations: 0, bytes: 0,
        floor: 0))
    var (workload, machine) = (k, machine)
    report_mechanism(
      mechanism_row(
        name: cString("a whole step"), direction: cString(""), seconds: whole, whole: whole,
        operations: workload_operations(&workload), bytes: workload_bytes(&workload),
        floor: workload_floor(&workload, &machine)))
  }
}

/// A training or inference step as in bench.c.
struct TimedEpisode: ~Copyable {
  let network: UnsafeMutablePointer<Network<Float>>
  let steps: Int
  let isTraining: Bool
  let inputs, targets, outputs, outputGradients: Out<Float>
  let optimizer: UnsafeMutablePointer<Optimizer<Float>>
  private let room: Memory

  init(_ network: UnsafeMutablePointer<Network<Float>>, steps: Int, isTraining: Bool) throws(Failure) {
    let c = network.pointee.configuration
    let (x, y) = (steps * c.B * c.X, steps * c.B * c.Y)
    let room = try Memory(bytes: 4 * (x + 3 * y) + 256)
    optimizer = try allocateHandle(
      try Optimizer<Float>(
        OptimizerConfiguration(dnc_optimizer_config.defaults), parameterCount: network.pointee.parameterCount))
    var carver = Carver.cutting(room)
    (inputs, targets, outputs, outputGradients) = (carver.take(x), carver.take(y), carver.take(y), carver.take(y))
    var random = Random(seed: 1)
    for i in 0..<x { inputs[i] = random.uniform() - 0.5 }
    for i in 0..<y { targets[i] = random.uniform() > 0.5 ? 1 : 0 }
    (self.network, self.steps, self.isTraining) = (network, steps, isTraining)
    self.room = room
    network.pointee.setTraining(isTraining)
  }

  deinit { freeHandle(optimizer) }

  func step() throws(Failure) {
    if isTraining { network.pointee.reset() }
    try network.pointee.forward(steps: steps, inputs: In(inputs), outputs: outputs)
    guard isTraining else { return }
    evaluateLoss()
    try network.pointee.backward(outputGradients: In(outputGradients), inputGradients: nil)
    update()
  }

  func evaluateLoss() {
    let c = network.pointee.configuration
    _ = Loss.sigmoidCrossEntropy.evaluate(
      rows: steps * c.B, width: c.Y, outputs: In(outputs), targets: In(targets), mask: nil, gradients: outputGradients)
  }

  func update() {
    let (parameters, gradients) = (network.pointee.parameters.start, network.pointee.gradients.start)
    let norm = optimizer.pointee.norm(In(gradients))
    _ = optimizer.pointee.notFinite(parameters: In(parameters), gradients: In(gradients), norm: norm)
    optimizer.pointee.step(parameters: parameters, gradients: gradients, norm: norm)
    network.pointee.parametersChanged()
  }
}
