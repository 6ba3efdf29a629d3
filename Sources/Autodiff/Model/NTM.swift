/// The Neural Turing Machine's memory (docs/model.md, "Variants"), for one sequence.

/// ξ cut into its parts, each in its range.
struct NTMInterface<Scalar: Number> {
  let readKeys, readStrengths: Matrix<Scalar>  // [R, W], [R, 1]
  let writeKeys, writeStrengths: Matrix<Scalar>  // [K, W], [K, 1]
  let erase, write: Matrix<Scalar>  // e, v [K, W]
  let readLocation, writeLocation: NTMLocation<Scalar>  // of R, K heads

  /// - Parameter interface: ξ, one row.
  init(_ interface: Matrix<Scalar>, _ o: Options) {
    var parts = PartsOfRow(interface)
    readKeys = parts.next(o.R, o.W)
    readStrengths = parts.next(o.R, 1).oneplus
    writeKeys = parts.next(o.K, o.W)
    writeStrengths = parts.next(o.K, 1).oneplus
    erase = parts.next(o.K, o.W).sigmoid
    write = parts.next(o.K, o.W)
    readLocation = NTMLocation(&parts, heads: o.R)
    writeLocation = NTMLocation(&parts, heads: o.K)
    parts.end()
  }
}

/// What moves the weightings of some heads.
struct NTMLocation<Scalar: Number> {
  let gates: Matrix<Scalar>  // g [heads, 1]
  let shifts: Matrix<Scalar>  // s [heads, 3], by −1, 0, +1
  let sharpness: Matrix<Scalar>  // γ [heads, 1]

  init(_ parts: inout PartsOfRow<Scalar>, heads: Int) {
    gates = parts.next(heads, 1).sigmoid
    shifts = parts.next(heads, 3).softmax
    sharpness = parts.next(heads, 1).oneplus
  }

  /// w^g = g w^c + (1 − g) w′        w^s[n] = s_{−1} w^g[n + 1] + s_0 w^g[n] + s_{+1} w^g[n − 1]        w = S(w^s, γ)
  ///
  /// - Parameters:
  ///   - content: w^c [heads, N].
  ///   - previous: w′ [heads, N], those of the step before.
  func weights(_ content: Matrix<Scalar>, previous: Matrix<Scalar>) -> Matrix<Scalar> {
    let gated = gates * content + (1 - gates) * previous
    let shifted =
      shifts.column(0) * rotated(gated, by: 1) + shifts.column(1) * gated
      + shifts.column(2) * rotated(gated, by: gated.columns - 1)
    return sharpened(shifted, sharpness)
  }
}

/// y[n] = x[(n + places) modulo N] of every row
private func rotated<Scalar: Number>(_ x: Matrix<Scalar>, by places: Int) -> Matrix<Scalar> {
  .joined(columns: [x.columns(places..<x.columns), x.columns(0..<places)])
}

/// r^i_t = M_{t−1}ᵀ w^{r,i}_t        M_t = M_{t−1} ∘ Π_k (1 − w^{w,k}_t (e^k)ᵀ) + Σ_k w^{w,k}_t (v^k)ᵀ
///
/// Every head finds its w^c in M_{t−1}.
func access<Scalar: Number>(_ previous: MemoryState<Scalar>, _ parts: NTMInterface<Scalar>) -> MemoryState<Scalar> {
  let memory = previous.memory
  var state = previous
  state.readWeights = parts.readLocation.weights(
    contentWeighting(memory, keys: parts.readKeys, strengths: parts.readStrengths), previous: previous.readWeights)
  state.writeWeights = parts.writeLocation.weights(
    contentWeighting(memory, keys: parts.writeKeys, strengths: parts.writeStrengths), previous: previous.writeWeights)
  state.readVectors = state.readWeights.times(memory)
  state.memory = written(memory, state.writeWeights, erase: parts.erase, write: parts.write)
  return state
}
