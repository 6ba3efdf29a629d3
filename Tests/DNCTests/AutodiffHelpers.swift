import Autodiff

@testable import DNC

/// The autodiff model beside a network of the library: the same configuration, parameters, inputs and state.
struct AutodiffEpisode {
  let tape = Tape<Double>()
  let model: Model<Double>
  let start: State<Double>
  let inputs: [Matrix<Double>]
  let outputs: Matrix<Double>
  let states: [State<Double>]

  /// - Parameters:
  ///   - inputs: [T, B, X].
  ///   - state: that before the first step, or nil for that in which an episode starts.
  ///   - learned: what of it is still the learned parameters.
  init(
    _ c: Configuration, parameters: [Double], inputs: [Double], state: Planes<Double>? = nil,
    learned: InitialState.Learned = []
  ) {
    let tape = tape
    model = Model(Options(c), parameters: parameters, tape: tape)
    let stepCount = c.B * c.X
    self.inputs = stride(from: 0, to: inputs.count, by: stepCount).map {
      tape.variable(Array(inputs[$0..<$0 + stepCount]), columns: c.X)
    }
    var start = model.initialState()
    if let state { start.take(state, c, butFor: learned, on: tape) }
    self.start = start
    (outputs, states) = model.run(self.inputs, from: start)
  }

  var inputGradients: [Double] { inputs.flatMap(\.gradient) }
  var parameterGradients: [Double] { model.parameters.flatMap(\.gradient) }
}

extension Options {
  init(_ c: Configuration) {
    self.init(X: c.X, Y: c.Y, H: c.H, L: c.L, N: c.N, W: c.W, R: c.R, K: c.K, B: c.B)
    let activation: Activation = c.activation == .tanh ? .tanh : .relu
    switch c.controller {
    case .lstm: controller = .lstm
    case .feedforward: controller = .feedforward(activation)
    case .rnn: controller = .rnn(activation)
    }
    switch c.initialState {
    case .zeros: initialState = .zeros
    case .constant: initialState = .constant(c.initialValue)
    case .learned: initialState = .learned
    }
    usageGradientStopped = c.usageGradientStopped
    clipValue = c.clipValue
  }
}

extension State<Double> {
  /// Takes the numbers of the state in row 0.
  mutating func take(
    _ planes: Planes<Double>, _ c: Configuration, butFor learned: InitialState.Learned, on tape: Tape<Double>
  ) {
    func matrix(_ start: In<Double>, _ rows: Int, _ columns: Int) -> Matrix<Double> {
      tape.variable(array(start, rows * columns), columns: columns)
    }
    let hiddenLayers = layersFirst(planes[.hidden].values(row: 0), c)
    for l in hidden.indices {
      let layer = l * c.B * c.H
      hidden[l] = tape.variable(Array(hiddenLayers[layer..<layer + c.B * c.H]), columns: c.H)
      if !cells.isEmpty { cells[l] = matrix(planes[.cell].layer(l)[0], c.B, c.H) }
    }
    for b in 0..<c.B {
      memories[b].usage = matrix(planes[.usage][0, b], 1, c.N)
      memories[b].links = (0..<c.K).map { matrix(planes[.link][0, b] + $0 * c.N * c.N, c.N, c.N) }
      memories[b].precedence = matrix(planes[.precedence][0, b], c.K, c.N)
      memories[b].writeWeights = matrix(planes[.writeWeights][0, b], c.K, c.N)
      if !learned.contains(.memory) { memories[b].memory = matrix(planes[.memory][0, b], c.N, c.W) }
      if !learned.contains(.readWeights) { memories[b].readWeights = matrix(planes[.readWeights][0, b], c.R, c.N) }
      if !learned.contains(.readVectors) { memories[b].readVectors = matrix(planes[.readVectors][0, b], c.R, c.W) }
    }
  }

  /// Values, or gradients, piece by piece under the golden files' names. A piece that the network lacks is empty.
  func pieces(_ numbers: (Matrix<Double>) -> [Double]) -> [(name: String, numbers: [Double])] {
    [
      ("memory", memories.flatMap { numbers($0.memory) }),
      ("usage", memories.flatMap { numbers($0.usage) }),
      ("link", memories.flatMap { $0.links.flatMap(numbers) }),
      ("precedence", memories.flatMap { numbers($0.precedence) }),
      ("write_weights", memories.flatMap { numbers($0.writeWeights) }),
      ("read_weights", memories.flatMap { numbers($0.readWeights) }),
      ("read_vectors", memories.flatMap { numbers($0.readVectors) }),
      ("hidden", hidden.flatMap(numbers)),
      ("cell", cells.flatMap(numbers)),
    ]
  }
}

extension Planes<Double> {
  /// As `State.pieces`; memory and link are in row 0 always.
  func pieces(row: Int, _ c: Configuration) -> [(name: String, numbers: [Double])] {
    [
      ("memory", self[.memory].values(row: 0)),
      ("usage", self[.usage].values(row: row)),
      ("link", self[.link].values(row: 0)),
      ("precedence", self[.precedence].values(row: row)),
      ("write_weights", self[.writeWeights].values(row: row)),
      ("read_weights", self[.readWeights].values(row: row)),
      ("read_vectors", self[.readVectors].values(row: row)),
      ("hidden", c.traits.isRecurrent ? layersFirst(self[.hidden].values(row: row), c) : []),
      ("cell", self[.cell].values(row: row)),
    ]
  }
}
