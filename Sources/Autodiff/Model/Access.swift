/// Sections 4 to 7 of model.md: one step of the DNC's memory of one sequence.
func access<Scalar: Number>(
  _ previous: MemoryState<Scalar>, _ parts: DNCInterface<Scalar>, _ o: Options
) -> MemoryState<Scalar> {
  var state = previous
  let retention = retention(previous, freeGates: parts.freeGates)
  let usage = usage(previous, retention: retention, stopped: o.usageGradientStopped)
  state.usage = usage
  state.writeWeights = writeWeights(previous.memory, usage, parts, o)
  // De-allocation: what is freed is erased.
  let kept = o.deallocates ? retention.reshaped(columns: 1) * previous.memory : previous.memory
  state.memory = written(kept, state.writeWeights, erase: parts.erase, write: parts.write)
  state.links = previous.links.map { linked($0, state.writeWeights) }
  state.readWeights = readWeights(state, parts, o)
  state.readVectors = state.readWeights.times(state.memory)
  return state
}

/// w^{w,k} = g^{w,k} (g^{a,k} a^k + (1 − g^{a,k}) c^{w,k})        u^{k+1} = u^k + (1 − u^k) g^{a,k} g^{w,k} ∘ a^k
///
/// - Parameters:
///   - memory: M_{t−1}.
///   - usage: u^1 = u_t.
/// - Returns: [K, N].
private func writeWeights<Scalar: Number>(
  _ memory: Matrix<Scalar>, _ usage: Matrix<Scalar>, _ parts: DNCInterface<Scalar>, _ o: Options
) -> Matrix<Scalar> {
  let content = contentWeighting(
    memory, keys: parts.writeKeys, strengths: parts.writeStrengths, masks: parts.writeMasks)
  var usage = usage
  return .joined(
    rows: (0..<o.K).map { k in
      let allocationGate = parts.allocationGates.row(k)
      let writeGate = parts.writeGates.row(k)
      let a = allocation(usage)
      usage = usage + (1 - usage) * (allocationGate * writeGate * a)
      return writeGate * (allocationGate * a + (1 - allocationGate) * content.row(k))
    })
}

/// M_t = M_{t−1} ∘ Π_k (1 − w^{w,k} (e^k)ᵀ) + Σ_k w^{w,k} (v^k)ᵀ
///
/// - Parameters:
///   - erase: e [K, W].
///   - write: v [K, W].
func written<Scalar: Number>(
  _ memory: Matrix<Scalar>, _ writeWeights: Matrix<Scalar>, erase: Matrix<Scalar>, write: Matrix<Scalar>
) -> Matrix<Scalar> {
  let weights = (0..<writeWeights.rows).map { writeWeights.row($0).reshaped(columns: 1) }
  let kept = weights.indices.reduce(memory) { $0 * (1 - weights[$1] * erase.row($1)) }
  return weights.indices.reduce(kept) { $0 + weights[$1] * write.row($1) }
}

/// Of every write head
///
///     L_t[i,j] = (1 − w[i] − w[j]) L_{t−1}[i,j] + w[i] p_{t−1}[j]        L_t[i,i] = 0
///     p_t = (1 − Σ_i w[i]) p_{t−1} + w
///
/// - Parameters:
///   - previous: L_{t−1} and p_{t−1}.
///   - writeWeights: w = w^w_t [K, N].
private func linked<Scalar: Number>(
  _ previous: TemporalLinks<Scalar>, _ writeWeights: Matrix<Scalar>
) -> TemporalLinks<Scalar> {
  let links = previous.links.enumerated().map { k, link in
    let row = writeWeights.row(k)
    let column = row.reshaped(columns: 1)
    return ((1 - column - row) * link + column * previous.precedence.row(k)).withoutDiagonal
  }
  return TemporalLinks(links: links, precedence: (1 - writeWeights.rowSums) * previous.precedence + writeWeights)
}

/// w^{r,i}_t = Σ_k π^i[b_k] b^{i,k} + π^i[c] c^{r,i} + Σ_k π^i[f_k] f^{i,k}
///
///     f^{i,k} = L^k_t w^{r,i}_{t−1}        b^{i,k} = (L^k_t)ᵀ w^{r,i}_{t−1}        c^{r,i} = C(M_t, k^{r,i}, β^{r,i})
///
/// With link sharpening S(b^{i,k}, s^b) and S(f^{i,k}, s^f) take the place of b^{i,k} and f^{i,k}. Without links w^{r,i}_t = c^{r,i}.
/// - Parameter state: memory and links after the step, read weights before it.
/// - Returns: [R, N].
private func readWeights<Scalar: Number>(
  _ state: MemoryState<Scalar>, _ parts: DNCInterface<Scalar>, _ o: Options
) -> Matrix<Scalar> {
  let content = contentWeighting(
    state.memory, keys: parts.readKeys, strengths: parts.readStrengths, masks: parts.readMasks)
  guard let links = state.links?.links, let modes = parts.modes else { return content }
  var weights = modes.column(o.K) * content
  for (k, link) in links.enumerated() {
    var backward = state.readWeights.times(link)
    var forward = state.readWeights.times(transposed: link)
    if let sharpness = parts.sharpness {
      backward = sharpened(backward, sharpness.backward.column(k))
      forward = sharpened(forward, sharpness.forward.column(k))
    }
    weights = weights + modes.column(k) * backward + modes.column(o.K + 1 + k) * forward
  }
  return weights
}
