import CKernels

/// Erase and add, by all write heads at once (model.md, section 5):
///
///     M_t = M_{t-1} ∘ Π_k (1 − w^{w,k}_t (e^k)ᵀ) + Σ_k w^{w,k}_t (v^k)ᵀ
///
/// With de-allocation, what is freed is erased: ψ_t 1ᵀ ∘ M_{t-1} takes the place of M_{t-1}, with the retention ψ of
/// `Usage`.
///
/// Also computes the norms of the rows, for the content weightings of this read and the next write. A network may add
/// the same vector again and again without erasing, so numbers are bounded by ±`saturation`.
enum MemoryWrite {
  /// - Parameters:
  ///   - previousMemory: M_{t-1} [N, W]. May be `memory`.
  ///   - weights: w^w [K, N].
  ///   - erase, write: e, v [K, W].
  ///   - retention: ψ_t [N], with de-allocation.
  ///   - memory: out, M_t [N, W].
  ///   - rowNorms: out, ‖M_t[n]‖_ε [N].
  static func forward<Scalar: Real>(
    slots: Int, wordSize: Int, writeHeads: Int, previousMemory: In<Scalar>, weights: In<Scalar>, erase: In<Scalar>,
    write: In<Scalar>, retention: In<Scalar>? = nil, memory: Out<Scalar>, rowNorms: Out<Scalar>
  ) {
    if writeHeads == 1, let fast = Scalar.kernels?.pointee.memoryWriteForward {
      var operands = MemoryWriteForwardOperands(
        slots: slots, wordSize: wordSize, previousMemory: previousMemory.float, weights: weights.float,
        erase: erase.float, write: write.float, retention: retention?.float, memory: memory.float,
        rowNorms: rowNorms.float)
      if !fast(&operands) { saturate(slots, wordSize: wordSize, memory: memory, rowNorms: rowNorms) }
      return
    }
    for n in 0..<slots {
      let row = memory + n * wordSize
      for j in 0..<wordSize {
        var kept = (retention?[n] ?? 1) * previousMemory[n * wordSize + j]
        var added: Scalar = 0
        for k in 0..<writeHeads {
          let w = weights[k * slots + n]
          kept *= 1 - w * erase[k * wordSize + j]
          added += w * write[k * wordSize + j]
        }
        row[j] = kept + added
      }
      rowNorms[n] = ContentWeighting.norm(wordSize, row)
    }
    saturate(slots, wordSize: wordSize, memory: memory, rowNorms: rowNorms)
  }

  /// Clamps the rows whose norms exceed the bound of a single number, infinite norms included.
  static func saturate<Scalar: Real>(_ slots: Int, wordSize: Int, memory: Out<Scalar>, rowNorms: Out<Scalar>) {
    guard let bound = Scalar.saturation else { return }
    for n in 0..<slots where rowNorms[n] > bound {
      let row = memory + n * wordSize
      for j in 0..<wordSize { row[j] = row[j].clamped(to: bound) }
      rowNorms[n] = ContentWeighting.norm(wordSize, row)
    }
  }

  /// - Parameters:
  ///   - retentionGradient: out, of ψ_t [N], with de-allocation.
  ///   - memoryGradient: [N, W]. In: of M_t. Out: of M_{t-1}.
  ///   - weightsGradient [K, N], eraseGradient [K, W], writeGradient [K, W]: added to.
  static func backward<Scalar: Real>(
    slots: Int, wordSize: Int, writeHeads: Int, previousMemory: In<Scalar>, weights: In<Scalar>, erase: In<Scalar>,
    write: In<Scalar>, retention: In<Scalar>? = nil, retentionGradient: Out<Scalar>? = nil,
    memoryGradient: Out<Scalar>, weightsGradient: Out<Scalar>, eraseGradient: Out<Scalar>, writeGradient: Out<Scalar>
  ) {
    if writeHeads == 1, let fast = Scalar.kernels?.pointee.memoryWriteBackward {
      var operands = MemoryWriteBackwardOperands(
        slots: slots, wordSize: wordSize, previousMemory: previousMemory.float, weights: weights.float,
        erase: erase.float, write: write.float, retention: retention?.float,
        retentionGradient: retentionGradient?.float, memoryGradient: memoryGradient.float,
        weightsGradient: weightsGradient.float, eraseGradient: eraseGradient.float,
        writeGradient: writeGradient.float)
      return fast(&operands)
    }
    for n in 0..<slots {
      let kept = retention?[n] ?? 1
      var keptGradient: Scalar = 0
      for j in 0..<wordSize {
        let gradient = memoryGradient[n * wordSize + j]
        let erasedGradient = gradient * kept * previousMemory[n * wordSize + j]
        for k in 0..<writeHeads {
          let w = weights[k * slots + n]
          let e = erase[k * wordSize + j]
          let others = product(writeHeads, except: k) { 1 - weights[$0 * slots + n] * erase[$0 * wordSize + j] }
          weightsGradient[k * slots + n] += gradient * write[k * wordSize + j] - erasedGradient * others * e
          eraseGradient[k * wordSize + j] -= erasedGradient * others * w
          writeGradient[k * wordSize + j] += gradient * w
        }
        let left = gradient * product(writeHeads) { 1 - weights[$0 * slots + n] * erase[$0 * wordSize + j] }
        keptGradient += left * previousMemory[n * wordSize + j]
        memoryGradient[n * wordSize + j] = left * kept
      }
      if let retentionGradient { retentionGradient[n] = keptGradient }
    }
  }
}
