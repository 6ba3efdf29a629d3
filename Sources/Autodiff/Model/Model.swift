/// The Differentiable Neural Computer, written directly from the equations of docs/model.md. It is a second opinion on
/// the hand-derived gradients, and shares no code with them.
public struct Model<Scalar: Number> {
  public let options: Options
  public let tape: Tape<Scalar>
  /// In the order of `Options.parameterShapes`.
  public let parameters: [Matrix<Scalar>]
  private let places: [String: Int]

  /// - Parameter parameters: all tensors, one after the other, as in the library's flat parameter vector.
  public init(_ options: Options, parameters: [Scalar], tape: Tape<Scalar>) {
    self.options = options
    self.tape = tape
    var start = 0
    self.parameters = options.parameterShapes.map { shape in
      let end = start + shape.rows * shape.columns
      defer { start = end }
      return tape.variable(Array(parameters[start..<end]), columns: shape.columns)
    }
    precondition(start == parameters.count, "the options take \(start) parameters, not \(parameters.count)")
    let names = options.parameterShapes.enumerated().map { ($0.element.name, $0.offset) }
    places = Dictionary(uniqueKeysWithValues: names)
  }

  func parameter(_ name: String) -> Matrix<Scalar> { parameters[places[name]!] }
  var clip: Scalar { Scalar(options.clipValue) }

  /// - Parameters:
  ///   - inputs: x_t [B, X] of every step.
  ///   - start: the state before the first one.
  /// - Returns: y of all steps [T·B, Y], and the state after each one.
  public func run(_ inputs: [Matrix<Scalar>], from start: State<Scalar>) -> (
    outputs: Matrix<Scalar>, states: [State<Scalar>]
  ) {
    var state = start
    var outputs: [Matrix<Scalar>] = []
    var states: [State<Scalar>] = []
    for x in inputs {
      outputs.append(step(x, &state))
      states.append(state)
    }
    return (.joined(rows: outputs), states)
  }

  /// One time step of all sequences.
  /// - Returns: y_t [B, Y].
  private func step(_ x: Matrix<Scalar>, _ state: inout State<Scalar>) -> Matrix<Scalar> {
    let hidden = controller(.joined(columns: [x, readVectors(state)]), &state)
    let interface = hidden.times(transposed: parameter("interface.weight")) + parameter("interface.bias")
    for b in 0..<options.B {
      state.memories[b] = access(state.memories[b], InterfaceParts(interface.row(b), options), options)
    }
    let seen = Matrix.joined(columns: [hidden, readVectors(state)])
    return (seen.times(transposed: parameter("output.weight")) + parameter("output.bias")).clamped(to: clip)
  }

  /// [r¹ ; … ; r^R] of every sequence, [B, R·W].
  private func readVectors(_ state: State<Scalar>) -> Matrix<Scalar> {
    .joined(rows: state.memories.map { $0.readVectors.reshaped(columns: options.R * options.W) })
  }
}
