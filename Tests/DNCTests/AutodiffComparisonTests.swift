import Autodiff
import CDNC
import Testing

@testable import DNC

/// The hand-derived network in Double against the autodiff model, which shares no code with it, over random configurations:
/// outputs, loss, final state, and the gradients of every parameter, the inputs, and every piece of the state before the
/// first step. Every case draws all options, each variant among them; half of the cases begin with the state in which an episode
/// starts, half with a random one.
///
/// An error is max |a − b| / max |b| over one tensor. What fails is printed with its number; `Case(number: …)` makes it again.
@Suite struct AutodiffComparisonTests {
  @Test(arguments: 0..<12) func randomCombinations(part: Int) throws {
    for number in Case.count * part / 12..<Case.count * (part + 1) / 12 { try compare(Case(number: number)) }
  }

  private func compare(_ test: Case) throws {
    let c = test.configuration
    var network = try TestNetwork(c)
    network.parameters = test.parameters
    network.network.reset()
    if let dropout = test.dropout { try network.network.setBypassDropout(rate: dropout.rate, seed: dropout.seed) }
    if let state = test.state {
      for ((quantity, piece), values) in zip(Quantity.ofState, state)
      where piece.isEmpty || !test.learned.contains(piece) {
        network.network.planes.set(quantity, row: 0, values)
        network.network.stateChanged(piece)
      }
    }
    let episode = AutodiffEpisode(
      Options(c), parameters: test.parameters, inputs: test.inputs,
      state: test.state == nil ? nil : network.network.planes,
      learned: test.learned, dropout: test.dropout.map { ($0.rate, test.kept(by: $0)) })
    func expect(_ found: [Double], _ expected: [Double], _ what: String) {
      let error = relativeError(found, expected)
      #expect(error <= 1e-9, "\(what) differ by \(error) in \(test)")
    }
    expect(episode.model.parameters.flatMap(\.values), network.parameters, "parameters")

    var outputs: [Double] = []
    for piece in test.cutInputs { outputs += try network.forward(piece) }
    expect(outputs, episode.outputs.values, "outputs")
    let final = network.network.planes.pieces(row: test.steps, c)
    for (found, expected) in zip(final, episode.states.last!.pieces(\.values)) {
      expect(found.numbers, expected.numbers, "final \(found.name)")
    }

    var outputGradients = [Double](repeating: .nan, count: outputs.count)
    let loss = test.loss.evaluate(
      rows: test.steps * c.B, width: c.Y, outputs: outputs, targets: test.targets, mask: test.mask,
      gradients: &outputGradients)
    let expectedLoss = test.loss(of: episode.outputs)
    expect([loss], expectedLoss.values, "losses")

    let inputGradients = network.backward(outputGradients)
    episode.tape.backward(from: expectedLoss)
    expect(inputGradients, episode.inputGradients, "input gradients")
    let gradients = network.gradients
    for ((name, range), parameter) in zip(network.tensors, episode.model.parameters) {
      expect(Array(gradients[range]), parameter.gradient, "gradients of \(name)")
    }
    let stateGradients = network.network.stateGradient.pieces(row: 0, c)
    for (found, expected) in zip(stateGradients, episode.start.pieces(\.gradient)) {
      expect(found.numbers, expected.numbers, "gradients of the first \(found.name)")
    }
  }
}

/// A random configuration and an episode for it, of small sizes.
private struct Case: CustomStringConvertible {
  let number: Int
  let configuration: Configuration
  let steps: Int
  /// Steps of a first call of forward, when there are two.
  let cut: Int
  let loss: Loss
  let parameters, inputs, targets: [Double]
  let mask: [Double]?
  /// Before the first step, in the order of `Planes.everything`; nil for that in which an episode starts.
  let state: [[Double]]?
  /// What of a random state is still the learned parameters. Only there do learned read weights get a gradient: they mean
  /// nothing to a memory without usage and links.
  let learned: InitialState.Learned
  /// On the bypass.
  let dropout: BypassDropout<Double>?

  /// With so many, all pairs of options meet, and nearly all triples.
  static let count = 960

  init(number: Int) throws {
    self.number = number
    var random = Random(seed: 7, stream: UInt64(number))
    let loss = Case.losses[random.below(Case.losses.count)]
    func numbers(_ count: Int, within bound: Double = 1) -> [Double] {
      (0..<count).map { _ in random.uniform(within: bound) }
    }
    var c = try Configuration(Case.fields(loss, &random))
    let steps = 1 + random.below(7)
    cut = random.below(steps)
    if cut == 0, random.below(2) == 0 { c = try Case.withLeastRecord(c, steps: steps) }
    (self.loss, configuration, self.steps) = (loss, c, steps)

    // With relu activations grow, and gates become 1 but for rounding. With the widest parameters rounding then decides gradients.
    let sharpness = [0.6, 1.2, 3][random.below(c.activation == .relu ? 2 : 3)]
    parameters = numbers(ParameterLayout(configuration: c).parameterCount, within: sharpness)
    inputs = numbers(steps * c.B * c.X, within: 1.5)
    targets = numbers(steps * c.B * c.Y).map { abs($0) }
    let weights = numbers(steps * c.B)
    switch random.below(3) {
    case 0: mask = nil
    case 1: mask = weights.map { $0 > 0 ? 1 : 0 }
    default: mask = weights.map { max($0, 0) }
    }
    let network = try Network<Double>(c)
    // Weightings and usages are positive and small enough for every product in the model to stay below 1.
    let state = Quantity.ofState.map { quantity, _ in
      let isSigned = [.memory, .hidden, .cell].contains(quantity)
      let count = network.planes.values(quantity, row: 0).count
      let values = numbers(count, within: isSigned ? 1 : 0.5 / Double(c.N))
      return isSigned ? values : values.map { abs($0) }
    }
    // The Neural Turing Machine tells slots apart by what is in them, and by the weightings before. Where neither does, the
    // gradient of these weightings is what rounding leaves.
    let slotsAreAlike = c.memory == .ntm && c.initialState != .learned
    self.state = number % 2 == 0 && !slotsAreAlike ? nil : state
    var learned = InitialState.Learned(rawValue: UInt8(random.below(16)))
    if !c.learnsWriteWeights { learned.remove(.writeWeights) }
    self.learned = self.state != nil && c.initialState == .learned ? learned : []
    dropout = random.below(3) == 0 ? BypassDropout(rate: 0.3, seed: random.next()) : nil
  }

  private static let losses: [Loss] = [
    .sigmoidCrossEntropy, .softmaxCrossEntropy, .meanSquaredError, .groupedSoftmaxCrossEntropy(size: 2),
  ]

  private static func fields(_ loss: Loss, _ random: inout Random) -> dnc_config {
    func option(_ count: Int) -> UInt32 { UInt32(random.below(count)) }
    func size(_ largest: Int) -> UInt32 { 1 + option(largest) }
    var fields = dnc_config.defaults
    let controllers: [(UInt32, UInt32)] = [(0, 0), (1, 0), (1, 1), (2, 0), (3, 0), (3, 1)]
    (fields.controller, fields.activation) = controllers[random.below(6)]
    fields.usage_gradient = option(2)
    fields.initial_state = option(3)
    fields.initial_value = 0.3 * random.uniform()
    fields.clip_value = option(2) == 0 ? 0 : 0.2 + random.uniform()
    fields.write_heads = 1 + option(3)
    fields.num_layers = option(2) == 0 ? 1 : 1 + size(2)
    fields.batch_size = option(2) == 0 ? 1 : 1 + size(2)
    fields.input_size = size(4)
    fields.output_size = loss == .groupedSoftmaxCrossEntropy(size: 2) ? 2 * size(2) : size(4)
    fields.hidden_size = size(5)
    fields.memory_slots = size(7)
    fields.word_size = size(4)
    fields.read_heads = size(3)
    fields.controller_norm = option(2)
    // Two normalized numbers are 1 and -1, nearly whatever they were: their gradients are what rounding leaves.
    if fields.controller_norm == 1 && fields.hidden_size == 2 { fields.hidden_size = 3 }
    fields.interface_norm = option(2)
    // A norm does not see how large the only unit is that a relu lets through. If dropout hides this unit from the output, its
    // gradient is what rounding leaves. Of six units, more get through.
    if fields.interface_norm == 1 && fields.activation == 1 { fields.hidden_size = 6 }
    // Two thirds are the DNC's, which has most options.
    fields.memory = [0, 0, 0, 0, 1, 2][random.below(6)]
    // The weighting of a single slot is 1, whatever it was before.
    if fields.memory == 1 && fields.memory_slots == 1 { fields.memory_slots = 2 }
    guard fields.memory == 0 else { return fields }
    fields.deallocation = option(2)
    fields.content_masks = option(2)
    fields.mask_minimum = fields.content_masks * option(2) == 0 ? 0 : 0.5 * random.uniform()
    fields.temporal_links = option(3) == 0 ? 0 : 1
    fields.link_sharpening = fields.temporal_links * option(2)
    return fields
  }

  /// With memory and links kept for as few steps as possible, so that backward computes most of them again.
  private static func withLeastRecord(_ c: Configuration, steps: Int) throws -> Configuration {
    var c = c
    while true {
      var less = c
      less.maxRecordBytes = UInt64(try Record<Double>.bytes(c, capacity: steps, threads: 1) - 1)
      guard (try? Record<Double>.bytes(less, capacity: steps, threads: 1)) != nil else { return c }
      c = less
    }
  }

  /// m [T, B, V]
  func kept(by dropout: BypassDropout<Double>) -> [Double] {
    let (B, V) = (configuration.B, configuration.controllerWidth)
    return (0..<steps * B).flatMap { row in
      var dropped = [Double](repeating: .nan, count: V)
      dropout.forward(
        step: row / B, sequence: row % B, V, controller: [Double](repeating: 1, count: V), dropped: &dropped)
      return dropped.map { $0 == 0 ? 0.0 : 1.0 }
    }
  }

  var cutInputs: [[Double]] {
    let first = cut * configuration.B * configuration.X
    return [Array(inputs[..<first]), Array(inputs[first...])].filter { !$0.isEmpty }
  }

  /// The same loss on the tape.
  func loss(of outputs: Matrix<Double>) -> Matrix<Double> {
    let targets = outputs.tape.constant(targets, columns: outputs.columns)
    let mask = outputs.tape.constant(mask ?? Array(repeating: 1, count: outputs.rows), columns: 1)
    switch loss {
    case .sigmoidCrossEntropy: return outputs.sigmoidCrossEntropy(targets, mask: mask)
    case .softmaxCrossEntropy: return outputs.softmaxCrossEntropy(targets, mask: mask)
    case .meanSquaredError: return outputs.squaredError(targets, mask: mask)
    case .groupedSoftmaxCrossEntropy(let size):
      return outputs.softmaxCrossEntropy(targets, mask: mask, groupSize: size)
    }
  }

  var description: String {
    let c = configuration
    return """
      case \(number): \(Options(c)), T \(cut) + \(steps - cut), \
      starts from \(state == nil ? "\(c.initialState)" : "a random state, learned \(learned.rawValue)"), \(loss), \
      \(mask == nil ? "no mask" : "mask"), \(dropout == nil ? "no dropout" : "dropout"), at most \(c.maxRecordBytes) bytes
      """
  }
}

extension Quantity {
  /// All pieces of the state but the row norms, which follow from the memory, and which of the learned ones they are.
  fileprivate static var ofState: [(quantity: Quantity, learned: InitialState.Learned)] {
    [
      (.memory, .memory), (.usage, []), (.link, []), (.precedence, []), (.writeWeights, .writeWeights),
      (.readWeights, .readWeights), (.readVectors, .readVectors), (.hidden, []), (.cell, []),
    ]
  }
}
