/// The state in which an episode starts (model.md, "State at the start of an episode").
enum InitialState {
  /// The parts of a state that, with `DNC_INITIAL_LEARNED`, are parameters until a step or the caller changes them.
  struct Learned: OptionSet {
    let rawValue: UInt8
    static let memory = Learned(rawValue: 1)
    static let readVectors = Learned(rawValue: 2)
    static let readWeights = Learned(rawValue: 4)
    /// Of the Neural Turing Machine.
    static let writeWeights = Learned(rawValue: 8)
    static let all: Learned = [.memory, .readVectors, .readWeights, .writeWeights]
  }

  /// These parts of each sequence's state.
  struct LearnedParts: ~Copyable {
    private let memory: Memory

    init(batch: Int) throws(Failure) { memory = try Memory(bytes: LearnedParts.bytes(batch: batch)) }

    static func bytes(batch: Int) -> Int { batch * MemoryLayout<Learned.RawValue>.stride }

    subscript(b: Int) -> Learned {
      get { Learned(rawValue: memory.start.load(fromByteOffset: b, as: UInt8.self)) }
      nonmutating set { memory.start.storeBytes(of: newValue.rawValue, toByteOffset: b, as: UInt8.self) }
    }

    func subtract(_ part: Learned, of sequences: Range<Int>) {
      for b in sequences { self[b] = self[b].subtracting(part) }
    }

    func setAll(_ parts: Learned) {
      for b in 0..<memory.bytes { self[b] = parts }
    }

    func copy(from other: borrowing LearnedParts) {
      for b in 0..<memory.bytes { self[b] = other[b] }
    }
  }

  /// Writes the initial state to row 0, which must be all zero.
  static func forward<Scalar: Real>(
    _ c: Configuration, parameters: Parameters<Scalar>, planes: SequencePlanes<Scalar>
  ) {
    switch c.initialState {
    case .zeros:
      break
    case .constant:
      func fill(_ quantity: Quantity) {
        for b in 0..<c.B {
          let plane = planes[b][quantity]
          plane[0, b].update(repeating: Scalar(c.initialValue), count: plane.width)
        }
      }
      fill(.memory)
      fill(.usage)
      fill(.writeWeights)
      fill(.readWeights)
      fill(.readVectors)
    case .learned:
      for b in 0..<c.B {
        let planes = planes[b]
        copyValues(c.N * c.W, parameters.vector(.initialMemory), to: planes[.memory][0, b])
        copyValues(c.readWidth, parameters.vector(.initialReadVectors), to: planes[.readVectors][0, b])
        Softmax.forward(
          rows: c.R, c.N, logits: parameters.vector(.initialReadWeightLogits),
          probabilities: planes[.readWeights][0, b])
        guard c.learnsWriteWeights else { continue }
        Softmax.forward(
          rows: c.K, c.N, logits: parameters.vector(.initialWriteWeightLogits),
          probabilities: planes[.writeWeights][0, b])
      }
    }
    settleMemory(c, planes: planes)
  }

  /// Bounds the memory and computes the norms of its rows in row 0, bit for bit as `MemoryWrite` leaves them.
  static func settleMemory<Scalar: Real>(_ c: Configuration, planes: SequencePlanes<Scalar>) {
    for b in 0..<c.B {
      let (memory, norms) = (planes[b][.memory][0, b], planes[b][.rowNorms][0, b])
      if c.K == 1 {
        ContentWeighting.rowNorms(slots: c.N, wordSize: c.W, memory: memory, norms: norms)
      } else {
        for n in 0..<c.N { norms[n] = ContentWeighting.norm(c.W, memory + n * c.W) }
      }
      MemoryWrite.saturate(c.N, wordSize: c.W, memory: memory, rowNorms: norms)
    }
  }

  /// Adds the gradient of the state at the start of an episode to the gradients of its learned parts.
  /// - Parameters:
  ///   - state: where a part of it is, of one sequence.
  ///   - gradient: where the gradient of that part is.
  static func backward<Scalar: Real>(
    _ c: Configuration, learned: Learned, state: (Quantity) -> Out<Scalar>, gradient: (Quantity) -> Out<Scalar>,
    parameterGradients: ParameterGradients<Scalar>
  ) {
    /// `Softmax.backward`, added to.
    /// - Parameter logits: the parameters whose softmax some heads' weightings are.
    func backward(_ logits: ParameterLayout.Kind, heads: Int, weightings: Quantity) {
      for i in 0..<heads {
        let weights = state(weightings) + i * c.N
        let weightsGradient = gradient(weightings) + i * c.N
        let mean = dot(c.N, weights, weightsGradient)
        let logitsGradient = parameterGradients.rows(logits)[i]
        for n in 0..<c.N { logitsGradient[n] += weights[n] * (weightsGradient[n] - mean) }
      }
    }
    if learned.contains(.memory) {
      addScaled(c.N * c.W, 1, gradient(.memory), to: parameterGradients.vector(.initialMemory))
    }
    if learned.contains(.readVectors) {
      addScaled(c.readWidth, 1, gradient(.readVectors), to: parameterGradients.vector(.initialReadVectors))
    }
    if learned.contains(.readWeights) {
      backward(.initialReadWeightLogits, heads: c.R, weightings: .readWeights)
    }
    if learned.contains(.writeWeights), c.learnsWriteWeights {
      backward(.initialWriteWeightLogits, heads: c.K, weightings: .writeWeights)
    }
  }
}
