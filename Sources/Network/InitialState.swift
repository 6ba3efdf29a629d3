/// The state in which an episode starts (model.md, "State at the start of an episode").
enum InitialState {
  /// Pieces of a state that are parameters, with `DNC_INITIAL_LEARNED`, until a step or the caller changes them.
  struct Learned: OptionSet {
    let rawValue: UInt8
    static let memory = Learned(rawValue: 1)
    static let readVectors = Learned(rawValue: 2)
    static let readWeights = Learned(rawValue: 4)
    static let all: Learned = [.memory, .readVectors, .readWeights]
  }

  /// Writes it to row 0, which is all zero.
  static func forward<Scalar: Real>(
    _ c: Configuration, parameters: Parameters<Scalar>, state: StatePlanes<Scalar>
  ) {
    switch c.initialState {
    case .zeros:
      break
    case .constant:
      let value = Scalar(c.initialValue)
      state.memory[0].update(repeating: value, count: state.memory.stepCount)
      state.usage[0].update(repeating: value, count: state.usage.stepCount)
      state.writeWeights[0].update(repeating: value, count: state.writeWeights.stepCount)
      state.readWeights[0].update(repeating: value, count: state.readWeights.stepCount)
      state.readVectors[0].update(repeating: value, count: state.readVectors.stepCount)
    case .learned:
      for b in 0..<c.B {
        copyValues(c.N * c.W, parameters.initialMemory, to: state.memory[0, b])
        copyValues(c.readWidth, parameters.initialReadVectors, to: state.readVectors[0, b])
        for i in 0..<c.R {
          Softmax.forward(
            c.N, logits: parameters.initialReadWeightLogits + i * c.N,
            probabilities: state.readWeights[0, b] + i * c.N)
        }
      }
    }
    updateRowNorms(c, state: state)
  }

  /// The norms of the memory's rows in row 0, which follow from the memory.
  static func updateRowNorms<Scalar: Real>(_ c: Configuration, state: StatePlanes<Scalar>) {
    ContentWeighting.rowNorms(slots: c.B * c.N, wordSize: c.W, memory: state.memory[0], norms: state.rowNorms[0])
  }

  /// Adds the gradient of the state in row 0, over all sequences, to the gradients of the learned pieces.
  /// - Parameters:
  ///   - state: the record's, whose row 0 is the state at the start of the episode.
  ///   - gradient: of that state.
  static func backward<Scalar: Real>(
    _ c: Configuration, learned: Learned, state: StatePlanes<Scalar>, gradient: StatePlanes<Scalar>,
    parameterGradients: Parameters<Scalar>
  ) {
    for b in 0..<c.B {
      if learned.contains(.memory) {
        addScaled(c.N * c.W, 1, gradient.memory[0, b], to: parameterGradients.initialMemory)
      }
      if learned.contains(.readVectors) {
        addScaled(c.readWidth, 1, gradient.readVectors[0, b], to: parameterGradients.initialReadVectors)
      }
      if learned.contains(.readWeights) {
        for i in 0..<c.R {
          let weights = state.readWeights[0, b] + i * c.N
          let weightsGradient = gradient.readWeights[0, b] + i * c.N
          let mean = dot(c.N, weights, weightsGradient)
          let logitsGradient = parameterGradients.initialReadWeightLogits + i * c.N
          for n in 0..<c.N { logitsGradient[n] += weights[n] * (weightsGradient[n] - mean) }
        }
      }
    }
  }
}
