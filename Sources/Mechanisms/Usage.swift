import CKernels

/// Which slots are in use (model.md, section 4). From the previous step's weightings,
///
///     ψ_t = Π_i (1 − f^i w^{r,i}_{t-1})          ω = 1 − Π_k (1 − w^{w,k}_{t-1})
///     u_t = (u_{t-1} + ω − u_{t-1} ∘ ω) ∘ ψ_t
///
/// ψ is the paper's retention vector; with one write head, ω is that head's weighting. With de-allocation, ψ also erases
/// what is freed: see `MemoryWrite`.
enum Usage {
  /// - Parameters:
  ///   - freeGates: f [R].
  ///   - previousReadWeights, previousWriteWeights: [R, N], [K, N].
  ///   - previousUsage: u_{t-1} [N]. May be `usage`.
  ///   - usage: out, u_t [N].
  ///   - retention: out, ψ_t [N], if anyone wants it.
  static func forward<Scalar: Real>(
    slots: Int, readHeads: Int, writeHeads: Int, freeGates: In<Scalar>, previousReadWeights: In<Scalar>,
    previousWriteWeights: In<Scalar>, previousUsage: In<Scalar>, usage: Out<Scalar>, retention: Out<Scalar>? = nil
  ) {
    if writeHeads == 1, let fast = Scalar.kernels?.pointee.usageForward {
      var operands = UsageForwardOperands(
        slots: slots, readHeads: readHeads, freeGates: freeGates.float,
        previousReadWeights: previousReadWeights.float, previousWriteWeights: previousWriteWeights.float,
        previousUsage: previousUsage.float, usage: usage.float, retention: retention?.float)
      return fast(&operands)
    }
    for n in 0..<slots {
      let kept = product(readHeads) { 1 - freeGates[$0] * previousReadWeights[$0 * slots + n] }
      let written = 1 - product(writeHeads) { 1 - previousWriteWeights[$0 * slots + n] }
      let u = previousUsage[n]
      usage[n] = (u + written - u * written) * kept
      if let retention { retention[n] = kept }
    }
  }

  /// - Parameters:
  ///   - stopped: ω is taken as a constant (`DNC_USAGE_GRADIENT_STOPPED`).
  ///   - retentionGradient: of ψ_t [N], from elsewhere than u_t, if anyone has used it.
  ///   - usageGradient: [N]. In: of u_t. Out: of u_{t-1}.
  ///   - freeGatesGradient [R], readWeightsGradient [R, N] (of the previous weightings): added to.
  ///   - writeWeightsGradient [K, N] (of the previous weightings): written.
  static func backward<Scalar: Real>(
    slots: Int, readHeads: Int, writeHeads: Int, stopped: Bool, freeGates: In<Scalar>,
    previousReadWeights: In<Scalar>, previousWriteWeights: In<Scalar>, previousUsage: In<Scalar>,
    retentionGradient given: In<Scalar>? = nil, usageGradient: Out<Scalar>, freeGatesGradient: Out<Scalar>,
    readWeightsGradient: Out<Scalar>,
    writeWeightsGradient: Out<Scalar>
  ) {
    if writeHeads == 1, let fast = Scalar.kernels?.pointee.usageBackward {
      var operands = UsageBackwardOperands(
        slots: slots, readHeads: readHeads, stopped: stopped, freeGates: freeGates.float,
        previousReadWeights: previousReadWeights.float, previousWriteWeights: previousWriteWeights.float,
        previousUsage: previousUsage.float, retentionGradient: given?.float, usageGradient: usageGradient.float,
        freeGatesGradient: freeGatesGradient.float, readWeightsGradient: readWeightsGradient.float,
        writeWeightsGradient: writeWeightsGradient.float)
      return fast(&operands)
    }
    for n in 0..<slots {
      let retention = product(readHeads) { 1 - freeGates[$0] * previousReadWeights[$0 * slots + n] }
      let unwritten = product(writeHeads) { 1 - previousWriteWeights[$0 * slots + n] }
      let u = previousUsage[n]
      let gradient = usageGradient[n]
      usageGradient[n] = gradient * retention * unwritten

      let retentionGradient = gradient * (u + (1 - unwritten) - u * (1 - unwritten)) + (given?[n] ?? 0)
      for i in 0..<readHeads {
        let others = product(readHeads, except: i) { 1 - freeGates[$0] * previousReadWeights[$0 * slots + n] }
        freeGatesGradient[i] -= retentionGradient * others * previousReadWeights[i * slots + n]
        readWeightsGradient[i * slots + n] -= retentionGradient * others * freeGates[i]
      }

      let writtenGradient = stopped ? 0 : gradient * retention * (1 - u)
      for k in 0..<writeHeads {
        let others = product(writeHeads, except: k) { 1 - previousWriteWeights[$0 * slots + n] }
        writeWeightsGradient[k * slots + n] = writtenGradient * others
      }
    }
  }
}

/// Π factor(i) over 0..<count, without the factor `except`. A product with one factor left out is multiplied anew,
/// never divided: a factor may be 0. Heads are few.
@inline(__always)
func product<Scalar: Real>(_ count: Int, except: Int = -1, _ factor: (Int) -> Scalar) -> Scalar {
  var product: Scalar = 1
  for i in 0..<count where i != except { product *= factor(i) }
  return product
}
