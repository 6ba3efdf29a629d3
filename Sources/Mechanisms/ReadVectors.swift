import CKernels

/// The vector that one head reads (model.md, section 7): r = Mᵀ w^r.
enum ReadVectors {
  /// - Parameters:
  ///   - memory: M_t [N, W].
  ///   - weighting: w^r [N].
  ///   - vector: out, r [W].
  static func forward<Scalar: Real>(
    slots: Int, wordSize: Int, memory: In<Scalar>, weighting: In<Scalar>, vector: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.readVectorForward {
      var operands = ReadVectorForwardOperands(
        slots: slots, wordSize: wordSize, memory: memory.float, weighting: weighting.float, vector: vector.float)
      return fast(&operands)
    }
    setZero(wordSize, vector)
    for n in 0..<slots { addScaled(wordSize, weighting[n], memory + n * wordSize, to: vector) }
  }

  /// - Parameters:
  ///   - vectorGradient: of r [W].
  ///   - memoryGradient [N, W], weightingGradient [N]: added to.
  static func backward<Scalar: Real>(
    slots: Int, wordSize: Int, memory: In<Scalar>, weighting: In<Scalar>, vectorGradient: In<Scalar>,
    memoryGradient: Out<Scalar>, weightingGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.readVectorBackward {
      var operands = ReadVectorBackwardOperands(
        slots: slots, wordSize: wordSize, memory: memory.float, weighting: weighting.float,
        vectorGradient: vectorGradient.float, memoryGradient: memoryGradient.float,
        weightingGradient: weightingGradient.float)
      return fast(&operands)
    }
    for n in 0..<slots {
      weightingGradient[n] += dot(wordSize, memory + n * wordSize, vectorGradient)
      addScaled(wordSize, weighting[n], vectorGradient, to: memoryGradient + n * wordSize)
    }
  }
}
