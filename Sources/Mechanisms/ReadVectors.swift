import CKernels

/// The vectors that the heads read (model.md, section 7): r = Mᵀ w^r.
enum ReadVectors {
  /// - Parameters:
  ///   - memory: M_t [N, W].
  ///   - weightings: w^r [R, N].
  ///   - vectors: out, r [R, W].
  static func forward<Scalar: Real>(
    slots: Int, wordSize: Int, heads: Int, memory: In<Scalar>, weightings: In<Scalar>, vectors: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.readVectorsForward {
      var operands = ReadVectorsForwardOperands(
        slots: slots, wordSize: wordSize, heads: heads, memory: memory.float, weightings: weightings.float,
        vectors: vectors.float)
      return fast(&operands)
    }
    setZero(heads * wordSize, vectors)
    for i in 0..<heads {
      for n in 0..<slots {
        addScaled(wordSize, weightings[i * slots + n], memory + n * wordSize, to: vectors + i * wordSize)
      }
    }
  }

  /// - Parameters:
  ///   - vectorsGradient: of r [R, W].
  ///   - memoryGradient [N, W], weightingsGradient [R, N]: added to.
  static func backward<Scalar: Real>(
    slots: Int, wordSize: Int, heads: Int, memory: In<Scalar>, weightings: In<Scalar>, vectorsGradient: In<Scalar>,
    memoryGradient: Out<Scalar>, weightingsGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.readVectorsBackward {
      var operands = ReadVectorsBackwardOperands(
        slots: slots, wordSize: wordSize, heads: heads, memory: memory.float, weightings: weightings.float,
        vectorsGradient: vectorsGradient.float, memoryGradient: memoryGradient.float,
        weightingsGradient: weightingsGradient.float)
      return fast(&operands)
    }
    for i in 0..<heads {
      let vectorGradient = vectorsGradient + i * wordSize
      for n in 0..<slots {
        weightingsGradient[i * slots + n] += dot(wordSize, memory + n * wordSize, vectorGradient)
        addScaled(wordSize, weightings[i * slots + n], vectorGradient, to: memoryGradient + n * wordSize)
      }
    }
  }
}
