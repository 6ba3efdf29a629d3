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
  ///   - dropout: on ν on its way to the output.
  /// - Returns: y of all steps [T·B, Y], and the state after each one.
  public func run(_ inputs: [Matrix<Scalar>], from start: State<Scalar>, dropout: Dropout<Scalar>? = nil) -> (
    outputs: Matrix<Scalar>, states: [State<Scalar>]
  ) {
    var state = start
    var outputs: [Matrix<Scalar>] = []
    var states: [State<Scalar>] = []
    for (t, x) in inputs.enumerated() {
      let hidden = step(x, &state)
      outputs.append(output(dropout?.applied(to: hidden, step: t) ?? hidden, state))
      states.append(state)
    }
    return (.joined(rows: outputs), states)
  }

  /// One time step of all sequences, up to the output.
  /// - Returns: ν_t [B, V].
  private func step(_ x: Matrix<Scalar>, _ state: inout State<Scalar>) -> Matrix<Scalar> {
    let hidden = controller(.joined(columns: [x] + readVectors(state)), &state)
    guard options.memory != .none else { return hidden }
    let interface = biased(
      hidden.times(transposed: parameter("interface.weight")), "interface", normalizes: options.normalizesInterface)
    for b in 0..<options.B {
      let (memory, row) = (state.memories[b], interface.row(b))
      state.memories[b] =
        options.memory == .ntm
        ? access(memory, NTMInterface(row, options)) : access(memory, DNCInterface(row, options), options)
    }
    return hidden
  }

  /// y_t = W_y [ν_t ; r¹_t ; … ; r^R_t] + b_y, clamped
  private func output(_ hidden: Matrix<Scalar>, _ state: State<Scalar>) -> Matrix<Scalar> {
    let seen = Matrix.joined(columns: [hidden] + readVectors(state))
    return (seen.times(transposed: parameter("output.weight")) + parameter("output.bias")).clamped(to: clip)
  }

  /// [r¹ ; … ; r^R] of every sequence, [B, R·W]; nothing without a memory.
  private func readVectors(_ state: State<Scalar>) -> [Matrix<Scalar>] {
    guard options.memory != .none else { return [] }
    return [.joined(rows: state.memories.map { $0.readVectors.reshaped(columns: options.readWidth) })]
  }
}

/// Dropout on the bypass: ν_t ∘ m_t / (1 − p) for ν_t in the output.
public struct Dropout<Scalar: Number> {
  /// p
  public let rate: Scalar
  /// m_t [B, V] of every step: 0 where a unit is dropped, else 1.
  public let kept: [Matrix<Scalar>]

  public init(rate: Scalar, kept: [Matrix<Scalar>]) { (self.rate, self.kept) = (rate, kept) }

  func applied(to hidden: Matrix<Scalar>, step t: Int) -> Matrix<Scalar> { 1 / (1 - rate) * (hidden * kept[t]) }
}
