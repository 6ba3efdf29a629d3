import CKernels

/// Content-based addressing in which each head compares only what its mask m ∈ [µ, 1]^W lets through (model.md, section 3):
///
///     D(k ∘ m, M[i] ∘ m) in place of D(k, M[i])
///
/// The norms are those of the masked vectors. They differ from head to head, so none can be kept with the memory.
enum MaskedContentWeighting {
  /// Of the kernels: m² k, m² and two sums [4, heads, W], then F [heads, N].
  static func scratchCount(slots: Int, wordSize: Int, heads: Int) -> Int { heads * (4 * wordSize + slots) }

  /// - Parameters:
  ///   - memory: M [N, W].
  ///   - keys, masks: k, m of each head [heads, W].
  ///   - strengths: β [heads].
  ///   - scratch: see `scratchCount`.
  ///   - rowNorms: out, ‖M[i] ∘ m‖_ε [heads, N].
  ///   - similarity: out, D(k ∘ m, M[i] ∘ m) [heads, N].
  ///   - weighting: out, C [heads, N].
  static func forward<Scalar: Real>(
    slots: Int, wordSize: Int, heads: Int, memory: In<Scalar>, keys: In<Scalar>, masks: In<Scalar>,
    strengths: In<Scalar>, scratch: Out<Scalar>, rowNorms: Out<Scalar>, similarity: Out<Scalar>, weighting: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.maskedContentForward {
      var operands = MaskedContentForwardOperands(
        slots: slots, wordSize: wordSize, heads: heads, memory: memory.float, keys: keys.float, masks: masks.float,
        strengths: strengths.float, scratch: scratch.float, rowNorms: rowNorms.float, similarity: similarity.float,
        weighting: weighting.float)
      if fast(&operands) { return }
    }
    for h in 0..<heads {
      let (key, mask) = (keys + h * wordSize, masks + h * wordSize)
      let (rowNorms, similarity, weighting) = (rowNorms + h * slots, similarity + h * slots, weighting + h * slots)
      let keyNorm = norm(wordSize, key, mask)
      for n in 0..<slots {
        let row = memory + n * wordSize
        rowNorms[n] = norm(wordSize, row, mask)
        let norms = keyNorm * rowNorms[n] + .epsilon
        if Scalar.saturation != nil, !(norms < 1e38) {
          let wideNorms = wideNorm(wordSize, key, mask) * wideNorm(wordSize, row, mask)
          similarity[n] = Scalar(wideProduct(wordSize, key, row, mask) / (wideNorms + .epsilon))
        } else {
          similarity[n] = product(wordSize, key, row, mask) / norms
        }
        weighting[n] = strengths[h] * similarity[n]
      }
    }
    Softmax.forward(rows: heads, slots, logits: weighting, probabilities: weighting)
  }

  /// With G[i] the gradient of D, divided by ‖k ∘ m‖_ε ‖M[i] ∘ m‖_ε + ε, and F[i] = −G[i] D[i] ‖k ∘ m‖_ε / ‖M[i] ∘ m‖_ε,
  /// and c = Σ_i G[i] D[i] ‖M[i] ∘ m‖_ε / ‖k ∘ m‖_ε:
  ///
  ///     MGradient[i] = m² ∘ (G[i] k + F[i] M[i]), added up over the heads
  ///     kGradient    = m² ∘ (Σ_i G[i] M[i] − c k)
  ///     mGradient    = m ∘ (2 k ∘ Σ_i G[i] M[i] − c k² + Σ_i F[i] M[i]²)
  ///
  /// - Parameters:
  ///   - memory, keys, masks, strengths, rowNorms, similarity, weighting: as `forward` found and left them.
  ///   - scratch: see `scratchCount`.
  ///   - weightingGradient: of C [heads, N]; overwritten.
  ///   - memoryGradient [N, W], keysGradient, masksGradient [heads, W], strengthsGradient [heads]: added to.
  static func backward<Scalar: Real>(
    slots: Int, wordSize: Int, heads: Int, memory: In<Scalar>, keys: In<Scalar>, masks: In<Scalar>,
    strengths: In<Scalar>, rowNorms: In<Scalar>, similarity: In<Scalar>, weighting: In<Scalar>,
    scratch: Out<Scalar>, weightingGradient: Out<Scalar>, memoryGradient: Out<Scalar>, keysGradient: Out<Scalar>,
    masksGradient: Out<Scalar>, strengthsGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.maskedContentBackward {
      var operands = MaskedContentBackwardOperands(
        slots: slots, wordSize: wordSize, heads: heads, memory: memory.float, keys: keys.float, masks: masks.float,
        strengths: strengths.float, rowNorms: rowNorms.float, similarity: similarity.float,
        weighting: weighting.float, scratch: scratch.float, weightingGradient: weightingGradient.float,
        memoryGradient: memoryGradient.float, keysGradient: keysGradient.float, masksGradient: masksGradient.float,
        strengthsGradient: strengthsGradient.float)
      if fast(&operands) { return }
    }
    Softmax.backward(
      rows: heads, slots, probabilities: weighting, gradient: weightingGradient, logitGradient: weightingGradient)
    for h in 0..<heads {
      let (key, mask) = (keys + h * wordSize, masks + h * wordSize)
      let (keyGradient, maskGradient) = (keysGradient + h * wordSize, masksGradient + h * wordSize)
      let (rowNorms, similarity) = (rowNorms + h * slots, similarity + h * slots)
      let logitGradient = weightingGradient + h * slots
      let keyNorm = norm(wordSize, key, mask)
      strengthsGradient[h] += dot(slots, logitGradient, similarity)

      var keyShare: Scalar = 0
      for n in 0..<slots {
        let (row, rowGradient) = (memory + n * wordSize, memoryGradient + n * wordSize)
        let g = strengths[h] * logitGradient[n] / (keyNorm * rowNorms[n] + .epsilon)
        let f = -g * similarity[n] * keyNorm / rowNorms[n]
        keyShare += g * similarity[n] * rowNorms[n] / keyNorm
        for j in 0..<wordSize {
          let squared = mask[j] * mask[j]
          rowGradient[j] += squared * (g * key[j] + f * row[j])
          keyGradient[j] += squared * g * row[j]
          maskGradient[j] += mask[j] * (2 * g * key[j] * row[j] + f * row[j] * row[j])
        }
      }
      for j in 0..<wordSize {
        keyGradient[j] -= keyShare * mask[j] * mask[j] * key[j]
        maskGradient[j] -= keyShare * mask[j] * key[j] * key[j]
      }
    }
  }

  /// ‖x ∘ m‖_ε
  private static func norm<Scalar: Real>(_ count: Int, _ x: In<Scalar>, _ mask: In<Scalar>) -> Scalar {
    let squares = product(count, x, x, mask) + .epsilon
    guard Scalar.saturation != nil, squares == .infinity else { return squares.squareRoot() }
    return Scalar(wideNorm(count, x, mask))
  }

  /// (x ∘ m) · (y ∘ m)
  private static func product<Scalar: Real>(
    _ count: Int, _ x: In<Scalar>, _ y: In<Scalar>, _ mask: In<Scalar>
  ) -> Scalar {
    var sum: Scalar = 0
    for j in 0..<count { sum += (x[j] * mask[j]) * (y[j] * mask[j]) }
    return sum
  }

  // The same where products overflow.
  private static func wideNorm<Scalar: Real>(_ count: Int, _ x: In<Scalar>, _ mask: In<Scalar>) -> Double {
    (wideProduct(count, x, x, mask) + .epsilon).squareRoot()
  }

  private static func wideProduct<Scalar: Real>(
    _ count: Int, _ x: In<Scalar>, _ y: In<Scalar>, _ mask: In<Scalar>
  ) -> Double {
    var sum = 0.0
    for j in 0..<count { sum += Double(x[j] * mask[j]) * Double(y[j] * mask[j]) }
    return sum
  }
}
