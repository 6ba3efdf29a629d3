import CDNC
import Testing

@testable import DNC

/// Hand-derived gradients against central differences in Double: every tensor, the inputs, and every piece of the state at
/// the start, under every option.
@Suite struct DifferenceTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var steps = 5
    /// Of the numbers drawn. Where the free list changes its order within the quotient's step, others are drawn.
    let seed: UInt64
    let change: @Sendable (inout dnc_config) -> Void

    init(_ name: String, steps: Int = 5, seed: UInt64 = 3, change: @escaping @Sendable (inout dnc_config) -> Void) {
      testDescription = name
      self.steps = steps
      self.seed = seed
      self.change = change
    }
  }

  static let cases = [
    Case("LSTM") { _ in },
    Case("LSTM of 3 layers") { $0.num_layers = 3 },
    Case("feedforward tanh") { $0.controller = 1 },
    Case("GRU of 2 layers") { ($0.controller, $0.num_layers) = (2, 2) },
    Case("clipping, GRU") { ($0.clip_value, $0.controller) = (0.3, 2) },
    Case("controller norm, LSTM of 2 layers with clipping", seed: 4) {
      ($0.controller_norm, $0.num_layers, $0.clip_value) = (1, 2, 0.6)
    },
    Case("controller norm, GRU") { ($0.controller_norm, $0.controller) = (1, 2) },
    Case("both norms, feedforward tanh of 2 layers") {
      ($0.controller_norm, $0.interface_norm, $0.controller, $0.num_layers) = (1, 1, 1, 2)
    },
    Case("interface norm") { $0.interface_norm = 1 },
    Case("RNN of 2 layers") { ($0.controller, $0.num_layers) = (3, 2) },
    Case("RNN with relu") { ($0.controller, $0.activation) = (3, 1) },
    Case("feedforward relu of 2 layers") { ($0.controller, $0.activation, $0.num_layers) = (1, 1, 2) },
    Case("1 read head") { $0.read_heads = 1 },
    Case("2 write heads") { $0.write_heads = 2 },
    Case("3 write heads, learned initial state") { ($0.write_heads, $0.initial_state) = (3, 2) },
    Case("learned initial state, feedforward") { ($0.controller, $0.initial_state) = (1, 2) },
    Case("constant initial state") { ($0.initial_state, $0.initial_value) = (1, 0.01) },
    Case("clipping") { $0.clip_value = 0.3 },
    Case("clipping, feedforward") { ($0.clip_value, $0.controller, $0.num_layers) = (0.3, 1, 2) },
    Case("no memory") { $0.memory = 2 },
    Case("no memory, feedforward of 2 layers") { ($0.memory, $0.controller, $0.num_layers) = (2, 1, 2) },
    Case("content only, 2 write heads") { ($0.temporal_links, $0.write_heads) = (0, 2) },
    Case("content only, learned initial state") { ($0.temporal_links, $0.initial_state) = (0, 2) },
    Case("de-allocation") { $0.deallocation = 1 },
    Case("de-allocation, 2 write heads, 3 read heads") { ($0.deallocation, $0.write_heads, $0.read_heads) = (1, 2, 3) },
    Case("masks") { $0.content_masks = 1 },
    Case("masks with a minimum, 2 write heads") {
      ($0.content_masks, $0.mask_minimum, $0.write_heads) = (1, 0.25, 2)
    },
    Case("masks, de-allocation, content only") {
      ($0.content_masks, $0.deallocation, $0.temporal_links) = (1, 1, 0)
    },
    // Where a weighting is 0, at the start of an ordinary episode, S has a kink.
    Case("sharpened links, 2 write heads") { ($0.link_sharpening, $0.write_heads) = (1, 2) },
    Case("masks, de-allocation, sharpened links") {
      ($0.content_masks, $0.deallocation, $0.link_sharpening) = (1, 1, 1)
    },
    Case("NTM") { $0.memory = 1 },
    Case("NTM, 2 write heads, learned initial state") { ($0.memory, $0.write_heads, $0.initial_state) = (1, 2, 2) },
    Case("NTM, 2 slots, constant initial state") { ($0.memory, $0.memory_slots, $0.initial_state) = (1, 2, 1) },
    Case("NTM, 1 slot, feedforward") { ($0.memory, $0.memory_slots, $0.controller) = (1, 1, 1) },
    Case("1 slot") { $0.memory_slots = 1 },
    Case("1 of everything") {
      ($0.input_size, $0.output_size, $0.hidden_size, $0.word_size) = (1, 1, 1, 1)
      ($0.read_heads, $0.batch_size) = (1, 1)
    },
    // A difference quotient does not stop at the previous write weightings. In one step nothing depends on them.
    Case("usage gradient stopped", steps: 1) { $0.usage_gradient = 1 },
  ]

  /// Everything that the loss Σ ȳ y depends on, as one list of numbers.
  struct Point {
    var parameters, inputs: [Double]
    /// Of `quantities`.
    var state: [[Double]]
    static let quantities: [Quantity] = [
      .memory, .usage, .link, .precedence, .writeWeights, .readWeights, .readVectors, .hidden, .cell,
    ]
    static let writeWeights = 4
  }

  @Test(arguments: cases) func everyNumber(_ test: Case) throws {
    var fields = dnc_config.defaults
    (fields.input_size, fields.output_size, fields.hidden_size) = (3, 2, 4)
    (fields.memory_slots, fields.word_size, fields.read_heads, fields.batch_size) = (6, 3, 2, 2)
    test.change(&fields)
    let c = try Configuration(fields)
    var network = try TestNetwork(c)

    var random = Random(seed: test.seed)
    func numbers(_ count: Int, within bound: Double) -> [Double] {
      (0..<count).map { _ in random.uniform(within: bound) }
    }
    var point = Point(
      parameters: numbers(network.network.parameterCount, within: 1.2),
      inputs: numbers(test.steps * c.B * c.X, within: 1.5), state: [])
    let outputGradients = numbers(test.steps * c.B * c.Y, within: 1)
    // Weightings and usages are positive and small enough for every product in the model to stay below 1.
    for quantity in Point.quantities {
      let signed = [.memory, .hidden, .cell].contains(quantity)
      let count = network.network.planes.values(quantity, row: 0).count
      let values = numbers(count, within: signed ? 1 : 0.5 / Double(c.N))
      point.state.append(signed ? values : values.map { abs($0) })
    }
    if c.initialState == .learned { point.state = [] }

    _ = try run(&network, at: point)
    let orders = orders(network.network, steps: test.steps)
    let inputGradients = network.backward(outputGradients)
    let parameterGradients = network.gradients
    let stateGradient = network.network.stateGradient
    let stateGradients = Point.quantities.map { stateGradient.values($0, row: 0) }

    func check(_ what: String, _ expected: [Double], _ number: WritableKeyPath<Point, [Double]>) throws {
      let step = 1e-6
      let largest = expected.map { abs($0) }.max() ?? 0
      for i in expected.indices {
        func loss(_ move: Double) throws -> Double {
          var moved = point
          moved[keyPath: number][i] += move
          let outputs = try run(&network, at: moved)
          // Where a usage crosses from one integer to the next, the quotient would be wrong, not the gradient.
          try #require(self.orders(network.network, steps: test.steps) == orders)
          return zip(outputs, outputGradients).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let quotient = (try loss(step) - loss(-step)) / (2 * step)
        let difference = abs(quotient - expected[i])
        #expect(difference <= 1e-7 * (0.1 + largest), "\(what)[\(i)]: \(expected[i]), quotient \(quotient)")
      }
    }
    try check("inputs", inputGradients, \.inputs)
    for (name, range) in network.tensors {
      try check(name, Array(parameterGradients[range]), \Point.parameters[slice: range])
    }
    for (piece, gradient) in stateGradients.enumerated() where c.initialState != .learned {
      if c.usageGradientStopped, piece == Point.writeWeights {
        #expect(gradient.allSatisfy { $0 == 0 })
        continue
      }
      try check("state \(piece)", gradient, \Point.state[piece])
    }
  }

  /// The outputs of an episode that starts at this point.
  private func run(_ network: inout TestNetwork, at point: Point) throws -> [Double] {
    network.parameters = point.parameters
    network.network.reset()
    for (quantity, values) in zip(Point.quantities, point.state) {
      network.network.planes.set(quantity, row: 0, values)
    }
    network.network.stateChanged([])
    return try network.forward(point.inputs)
  }

  private func orders(_ network: borrowing Network<Double>, steps: Int) -> [UInt32] {
    let c = network.configuration
    return (0..<steps).flatMap { t in
      (0..<c.B).flatMap { b in
        let order = network.planes[b].order
        return array(order[t, b], order.width)
      }
    }
  }
}

extension Array where Element == Double {
  fileprivate subscript(slice range: Range<Int>) -> [Double] {
    get { Array(self[range]) }
    set { replaceSubrange(range, with: newValue) }
  }
}
