/// What one head reads (model.md, section 7): r = Mᵀ w^r.
enum ReadVectors {
  /// - Parameters:
  ///   - memory: M_t [N, W].
  ///   - weighting: w^r [N].
  ///   - vector: out, r [W].
  static func forward<Scalar: Real>(
    slots: Int, wordSize: Int, memory: In<Scalar>, weighting: In<Scalar>, vector: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.readVectorForward {
      return fast(slots, wordSize, memory.float, weighting.float, vector.float)
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
      return fast(
        slots, wordSize, memory.float, weighting.float, vectorGradient.float, memoryGradient.float,
        weightingGradient.float)
    }
    for n in 0..<slots {
      weightingGradient[n] += dot(wordSize, memory + n * wordSize, vectorGradient)
      addScaled(wordSize, weighting[n], vectorGradient, to: memoryGradient + n * wordSize)
    }
  }
}
