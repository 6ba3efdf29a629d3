import Autodiff
import CDNC

@testable import DNC

/// An episode of the autodiff model from its start, or from the state of a network of the library.
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
  ///   - dropout: the rate, and m [T, B, V].
  init(
    _ options: Options, parameters: [Double], inputs: [Double], state: SequencePlanes<Double>? = nil,
    learned: InitialState.Learned = [], dropout: (rate: Double, kept: [Double])? = nil
  ) {
    let tape = tape
    model = Model(options, parameters: parameters, tape: tape)
    func steps(_ numbers: [Double], width: Int) -> [[Double]] {
      let count = options.B * width
      return stride(from: 0, to: numbers.count, by: count).map { Array(numbers[$0..<$0 + count]) }
    }
    self.inputs = steps(inputs, width: options.X).map { tape.variable($0, columns: options.X) }
    var start = model.initialState()
    if let state { start.take(state, options, butFor: learned, on: tape) }
    self.start = start
    let V = options.controllerWidth
    (outputs, states) = model.run(
      self.inputs, from: start,
      dropout: dropout.map { dropout in
        Dropout(rate: dropout.rate, kept: steps(dropout.kept, width: V).map { tape.constant($0, columns: V) })
      })
  }

  var inputGradients: [Double] { inputs.flatMap(\.gradient) }
  var parameterGradients: [Double] { model.parameters.flatMap(\.gradient) }
}

extension Options {
  init(_ c: Configuration) {
    self.init(c.fields, initialValue: c.initialValue, clipValue: c.clipValue, maskMinimum: c.interface.maskMinimum)
  }

  init(_ golden: GoldenFile) {
    self.init(
      golden.fields, initialValue: golden.initialValue, clipValue: golden.clipValue, maskMinimum: golden.maskMinimum)
  }

  /// - Parameters:
  ///   - fields: whether or not the library allows them.
  ///   - initialValue, clipValue, maskMinimum: wider than the fields.
  private init(_ fields: dnc_config, initialValue: Double, clipValue: Double, maskMinimum: Double) {
    self.init(
      X: Int(fields.input_size), Y: Int(fields.output_size), H: Int(fields.hidden_size), L: Int(fields.num_layers),
      N: Int(fields.memory_slots), W: Int(fields.word_size), R: Int(fields.read_heads), K: Int(fields.write_heads),
      B: Int(fields.batch_size))
    let activation: Activation = fields.activation == 0 ? .tanh : .relu
    controller = [.lstm, .feedforward(activation), .gru, .rnn(activation)][Int(fields.controller)]
    initialState = [.zeros, .constant(initialValue), .learned][Int(fields.initial_state)]
    memory = [.dnc, .ntm, .none][Int(fields.memory)]
    usageGradientStopped = fields.usage_gradient == 1
    self.clipValue = clipValue
    hasLinks = fields.temporal_links == 1
    hasMasks = fields.content_masks == 1
    self.maskMinimum = maskMinimum
    deallocates = fields.deallocation == 1
    sharpensLinks = fields.link_sharpening == 1
    normalizesController = fields.controller_norm == 1
    normalizesInterface = fields.interface_norm == 1
  }
}

extension State<Double> {
  /// Takes the numbers of the state in row 0.
  mutating func take(
    _ sequences: SequencePlanes<Double>, _ o: Options, butFor learned: InitialState.Learned, on tape: Tape<Double>
  ) {
    func matrix(_ start: In<Double>, _ rows: Int, _ columns: Int) -> Matrix<Double> {
      tape.variable(array(start, rows * columns), columns: columns)
    }
    for l in hidden.indices {
      // [B, L, H] in the library.
      hidden[l] = .joined(rows: (0..<o.B).map { matrix(sequences[$0][.hidden][0, $0] + l * o.H, 1, o.H) })
    }
    for l in cells.indices {
      cells[l] = .joined(rows: (0..<o.B).map { matrix(sequences[$0][.cell].layer(l)[0, $0], 1, o.H) })
    }
    for b in memories.indices {
      let planes = sequences[b]
      if !learned.contains(.writeWeights) { memories[b].writeWeights = matrix(planes[.writeWeights][0, b], o.K, o.N) }
      if memories[b].usage != nil { memories[b].usage = matrix(planes[.usage][0, b], 1, o.N) }
      memories[b].links?.links = (0..<o.K).map { matrix(planes[.link][0, b] + $0 * o.N * o.N, o.N, o.N) }
      memories[b].links?.precedence = matrix(planes[.precedence][0, b], o.K, o.N)
      if !learned.contains(.memory) { memories[b].memory = matrix(planes[.memory][0, b], o.N, o.W) }
      if !learned.contains(.readWeights) { memories[b].readWeights = matrix(planes[.readWeights][0, b], o.R, o.N) }
      if !learned.contains(.readVectors) { memories[b].readVectors = matrix(planes[.readVectors][0, b], o.R, o.W) }
    }
  }

  /// Values, or gradients, piece by piece under the golden files' names. A piece that the network lacks is empty.
  func pieces(_ numbers: (Matrix<Double>) -> [Double]) -> [(name: String, numbers: [Double])] {
    [
      ("memory", memories.flatMap { numbers($0.memory) }),
      ("usage", memories.flatMap { $0.usage.map(numbers) ?? [] }),
      ("link", memories.flatMap { ($0.links?.links ?? []).flatMap(numbers) }),
      ("precedence", memories.flatMap { ($0.links?.precedence).map(numbers) ?? [] }),
      ("write_weights", memories.flatMap { numbers($0.writeWeights) }),
      ("read_weights", memories.flatMap { numbers($0.readWeights) }),
      ("read_vectors", memories.flatMap { numbers($0.readVectors) }),
      ("hidden", hidden.flatMap(numbers)),
      ("cell", cells.flatMap(numbers)),
    ]
  }
}

extension SequencePlanes<Double> {
  /// As `State.pieces`; memory and link are in row 0 always.
  func pieces(row: Int, _ c: Configuration) -> [(name: String, numbers: [Double])] {
    [
      ("memory", values(.memory, row: 0)),
      ("usage", values(.usage, row: row)),
      ("link", values(.link, row: 0)),
      ("precedence", values(.precedence, row: row)),
      ("write_weights", values(.writeWeights, row: row)),
      ("read_weights", values(.readWeights, row: row)),
      ("read_vectors", values(.readVectors, row: row)),
      ("hidden", c.traits.isRecurrent ? layersFirst(values(.hidden, row: row), c) : []),
      ("cell", values(.cell, row: row)),
    ]
  }
}
