/// Sections 4 to 7 of model.md: one step of the memory of one sequence.
func access<Scalar: Number>(
  _ previous: MemoryState<Scalar>, _ parts: InterfaceParts<Scalar>, _ o: Options
) -> MemoryState<Scalar> {
  var state = previous
  state.usage = usage(previous, freeGates: parts.freeGates, stopped: o.usageGradientStopped)
  state.writeWeights = writeWeights(previous.memory, state.usage, parts, o)
  state.memory = written(previous.memory, state.writeWeights, parts, o)
  for k in 0..<o.K {
    state.links[k] = linked(previous.links[k], previous.precedence.row(k), state.writeWeights.row(k))
  }
  state.precedence = (1 - state.writeWeights.rowSums) * previous.precedence + state.writeWeights
  state.readWeights = readWeights(state, parts, o)
  state.readVectors = state.readWeights.times(state.memory)
  return state
}

/// w^{w,k} = g^{w,k} (g^{a,k} a^k + (1 − g^{a,k}) c^{w,k})        û_{k+1} = û_k + (1 − û_k) g^{a,k} g^{w,k} ∘ a^k
///
/// - Parameters:
///   - memory: M_{t−1}.
///   - usage: û_1 = u_t.
/// - Returns: [K, N].
private func writeWeights<Scalar: Number>(
  _ memory: Matrix<Scalar>, _ usage: Matrix<Scalar>, _ parts: InterfaceParts<Scalar>, _ o: Options
) -> Matrix<Scalar> {
  let content = contentWeighting(memory, keys: parts.writeKeys, strengths: parts.writeStrengths)
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
private func written<Scalar: Number>(
  _ memory: Matrix<Scalar>, _ writeWeights: Matrix<Scalar>, _ parts: InterfaceParts<Scalar>, _ o: Options
) -> Matrix<Scalar> {
  let weights = (0..<o.K).map { writeWeights.row($0).reshaped(columns: 1) }
  let kept = (0..<o.K).reduce(memory) { $0 * (1 - weights[$1] * parts.erase.row($1)) }
  return (0..<o.K).reduce(kept) { $0 + weights[$1] * parts.write.row($1) }
}

/// L_t[i,j] = (1 − w[i] − w[j]) L_{t−1}[i,j] + w[i] p_{t−1}[j]        L_t[i,i] = 0
///
/// - Parameters:
///   - precedence: p_{t−1} [1, N].
///   - writeWeighting: w = w^w_t [1, N].
private func linked<Scalar: Number>(
  _ links: Matrix<Scalar>, _ precedence: Matrix<Scalar>, _ writeWeighting: Matrix<Scalar>
) -> Matrix<Scalar> {
  let column = writeWeighting.reshaped(columns: 1)
  return ((1 - column - writeWeighting) * links + column * precedence).withoutDiagonal
}

/// w^{r,i}_t = Σ_k π^i[b_k] b^{i,k} + π^i[c] c^{r,i} + Σ_k π^i[f_k] f^{i,k}
///
///     f^{i,k} = L^k_t w^{r,i}_{t−1}        b^{i,k} = (L^k_t)ᵀ w^{r,i}_{t−1}        c^{r,i} = C(M_t, k^{r,i}, β^{r,i})
///
/// - Parameter state: memory and links after the step, read weights before it.
/// - Returns: [R, N].
private func readWeights<Scalar: Number>(
  _ state: MemoryState<Scalar>, _ parts: InterfaceParts<Scalar>, _ o: Options
) -> Matrix<Scalar> {
  let content = contentWeighting(state.memory, keys: parts.readKeys, strengths: parts.readStrengths)
  var weights = parts.modes.column(o.K) * content
  for k in 0..<o.K {
    let backward = state.readWeights.times(state.links[k])
    let forward = state.readWeights.times(transposed: state.links[k])
    weights = weights + parts.modes.column(k) * backward + parts.modes.column(o.K + 1 + k) * forward
  }
  return weights
}
