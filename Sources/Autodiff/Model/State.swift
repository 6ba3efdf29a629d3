/// The state that the network carries from step to step.
public struct State<Scalar: Number> {
  /// h of every layer [B, H], in a recurrent controller.
  public var hidden: [Matrix<Scalar>]
  /// c of every layer [B, H], in an LSTM.
  public var cells: [Matrix<Scalar>]
  /// The memory of every sequence, if there is one.
  public var memories: [MemoryState<Scalar>]
}

/// The memory of one sequence, and what addresses it.
public struct MemoryState<Scalar: Number> {
  public var memory: Matrix<Scalar>  // M [N, W]
  public var writeWeights: Matrix<Scalar>  // w^w [K, N]
  public var readWeights: Matrix<Scalar>  // w^r [R, N]
  public var readVectors: Matrix<Scalar>  // r [R, W]
  /// In a DNC.
  public var usage: Matrix<Scalar>?  // u [1, N]
  /// In a DNC with links.
  public var links: TemporalLinks<Scalar>?
}

public struct TemporalLinks<Scalar: Number> {
  public var links: [Matrix<Scalar>]  // L [N, N] of every write head
  public var precedence: Matrix<Scalar>  // p [K, N]
}

extension Model {
  /// The state at the start of an episode (model.md, "State at the start of an episode"). Every sequence has matrices
  /// of its own, so each gets its own gradient.
  public func initialState() -> State<Scalar> {
    let o = options
    func filled(_ rows: Int, _ columns: Int, with value: Scalar = 0) -> Matrix<Scalar> {
      tape.variable(Array(repeating: value, count: rows * columns), columns: columns)
    }
    var start: Scalar = 0
    if case .constant(let value) = o.initialState { start = Scalar(value) }

    func memory() -> MemoryState<Scalar> {
      var state = MemoryState(
        memory: filled(o.N, o.W, with: start), writeWeights: filled(o.K, o.N, with: start),
        readWeights: filled(o.R, o.N, with: start), readVectors: filled(o.R, o.W, with: start))
      if o.memory == .dnc {
        state.usage = filled(1, o.N, with: start)
        let links = (0..<o.K).map { _ in filled(o.N, o.N) }
        state.links = o.hasLinks ? TemporalLinks(links: links, precedence: filled(o.K, o.N)) : nil
      }
      if o.initialState == .learned {
        state.memory = parameter("initial.memory").reshaped(columns: o.W)
        state.readVectors = parameter("initial.read_vectors").reshaped(columns: o.W)
        state.readWeights = parameter("initial.read_weight_logits").softmax
        if o.memory == .ntm { state.writeWeights = parameter("initial.write_weight_logits").softmax }
      }
      return state
    }
    func layers(_ count: Int) -> [Matrix<Scalar>] { (0..<count).map { _ in filled(o.B, o.H) } }
    return State(
      hidden: layers(o.isRecurrent ? o.L : 0), cells: layers(o.controller == .lstm ? o.L : 0),
      memories: (0..<(o.memory == .none ? 0 : o.B)).map { _ in memory() })
  }
}
