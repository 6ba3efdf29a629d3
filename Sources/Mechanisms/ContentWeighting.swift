import CKernels

/// Content-based addressing of some heads (model.md, section 3; the paper's C(M, k, β)). With ε = 1e-6,
///
///     ‖u‖_ε = sqrt(Σ u_j² + ε)      D(u, v) = (u·v) / (‖u‖_ε ‖v‖_ε + ε)
///     C(M, k, β)[i] = exp(β D(k, M[i])) / Σ_j exp(β D(k, M[j]))
///
/// C is smooth at the all-zero memory, and its gradient is finite there. Where squares or products overflow, norms and
/// D are computed in Double. |D| is at most 1, so β D is finite.
enum ContentWeighting {
  static func norm<Scalar: Real>(_ count: Int, _ vector: In<Scalar>) -> Scalar {
    let squares = dot(count, vector, vector) + .epsilon
    guard Scalar.saturation != nil, squares == .infinity else { return squares.squareRoot() }
    return Scalar(wideNorm(count, vector))
  }

  private static func wideNorm<Scalar: Real>(_ count: Int, _ vector: In<Scalar>) -> Double {
    (wideDot(count, vector, vector) + .epsilon).squareRoot()
  }

  /// - Parameters:
  ///   - memory: M [N, W].
  ///   - norms: out, ‖M[i]‖_ε [N].
  static func rowNorms<Scalar: Real>(slots: Int, wordSize: Int, memory: In<Scalar>, norms: Out<Scalar>) {
    if let fast = Scalar.kernels?.pointee.rowNorms {
      var operands = RowNormsOperands(
        slots: slots, wordSize: wordSize, memory: memory.float, rowNorms: norms.float)
      fast(&operands)
      for n in 0..<slots where norms[n] == .infinity { norms[n] = norm(wordSize, memory + n * wordSize) }
      return
    }
    for n in 0..<slots { norms[n] = norm(wordSize, memory + n * wordSize) }
  }

  /// - Parameters:
  ///   - memory: M [N, W].
  ///   - rowNorms: ‖M[i]‖_ε [N].
  ///   - keys: k of each head [heads, W].
  ///   - strengths: β [heads].
  ///   - similarity: out, D(k, M[i]) [heads, N].
  ///   - weighting: out, C(M, k, β) [heads, N].
  static func forward<Scalar: Real>(
    slots: Int, wordSize: Int, heads: Int, memory: In<Scalar>, rowNorms: In<Scalar>, keys: In<Scalar>,
    strengths: In<Scalar>, similarity: Out<Scalar>, weighting: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.contentForward {
      var operands = ContentForwardOperands(
        slots: slots, wordSize: wordSize, heads: heads, memory: memory.float, rowNorms: rowNorms.float,
        keys: keys.float, strengths: strengths.float, similarity: similarity.float, weighting: weighting.float)
      if fast(&operands) { return }
    }
    for h in 0..<heads {
      let key = keys + h * wordSize
      let (similarity, weighting) = (similarity + h * slots, weighting + h * slots)
      let keyNorm = norm(wordSize, key)
      for n in 0..<slots {
        let row = memory + n * wordSize
        let norms = keyNorm * rowNorms[n] + .epsilon
        if Scalar.saturation != nil, !(norms < 1e38) {
          similarity[n] = Scalar(
            wideDot(wordSize, key, row) / (wideNorm(wordSize, key) * wideNorm(wordSize, row) + .epsilon))
        } else {
          similarity[n] = dot(wordSize, key, row) / norms
        }
        weighting[n] = strengths[h] * similarity[n]
      }
    }
    Softmax.forward(rows: heads, slots, logits: weighting, probabilities: weighting)
  }

  /// With G[i] the gradient of D(k, M[i]), divided by ‖k‖_ε ‖M[i]‖_ε + ε:
  ///
  ///     kGradient    = Σ_i G[i] (M[i] − D[i] ‖M[i]‖_ε k / ‖k‖_ε)
  ///     MGradient[i] = G[i] (k − D[i] ‖k‖_ε M[i] / ‖M[i]‖_ε), added up over the heads
  ///
  /// - Parameters:
  ///   - memory, rowNorms, keys, strengths, similarity, weighting: as `forward` found and left them.
  ///   - weightingGradient: of C [heads, N]; overwritten.
  ///   - rowFactors: scratch [N].
  ///   - memoryGradient [N, W], keysGradient [heads, W], strengthsGradient [heads]: added to.
  static func backward<Scalar: Real>(
    slots: Int, wordSize: Int, heads: Int, memory: In<Scalar>, rowNorms: In<Scalar>, keys: In<Scalar>,
    strengths: In<Scalar>, similarity: In<Scalar>, weighting: In<Scalar>, weightingGradient: Out<Scalar>,
    rowFactors: Out<Scalar>, memoryGradient: Out<Scalar>, keysGradient: Out<Scalar>, strengthsGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.contentBackward {
      var operands = ContentBackwardOperands(
        slots: slots, wordSize: wordSize, heads: heads, memory: memory.float, rowNorms: rowNorms.float,
        keys: keys.float, strengths: strengths.float, similarity: similarity.float, weighting: weighting.float,
        weightingGradient: weightingGradient.float, rowFactors: rowFactors.float,
        memoryGradient: memoryGradient.float, keysGradient: keysGradient.float,
        strengthsGradient: strengthsGradient.float)
      if fast(&operands) { return }
    }
    Softmax.backward(
      rows: heads, slots, probabilities: weighting, gradient: weightingGradient, logitGradient: weightingGradient)
    for h in 0..<heads {
      let (key, keyGradient) = (keys + h * wordSize, keysGradient + h * wordSize)
      let (similarity, logitGradient) = (similarity + h * slots, weightingGradient + h * slots)
      let keyNorm = norm(wordSize, key)
      strengthsGradient[h] += dot(slots, logitGradient, similarity)

      var keyShare: Scalar = 0
      for n in 0..<slots {
        let row = memory + n * wordSize
        let g = strengths[h] * logitGradient[n] / (keyNorm * rowNorms[n] + .epsilon)
        keyShare += g * similarity[n] * rowNorms[n]
        addScaled(wordSize, g, row, to: keyGradient)
        addScaled(wordSize, g, key, to: memoryGradient + n * wordSize)
        addScaled(wordSize, -g * similarity[n] * keyNorm / rowNorms[n], row, to: memoryGradient + n * wordSize)
      }
      addScaled(wordSize, -keyShare / keyNorm, key, to: keyGradient)
    }
  }
}
