/// Sections 3 and 4 of model.md, for one sequence.

/// ε of model.md.
let epsilon = 1e-6

/// C(M, k, β), a weighting for every key        ‖u‖ = √(Σ u_j² + ε)        D(u, v) = u·v / (‖u‖ ‖v‖ + ε)
///
///     C(M, k, β)[i] = exp(β D(k, M[i])) / Σ_j exp(β D(k, M[j]))
///
/// - Parameters:
///   - memory: M [N, W].
///   - keys: k [heads, W].
///   - strengths: β [heads, 1].
/// - Returns: [heads, N].
func contentWeighting<Scalar: Number>(
  _ memory: Matrix<Scalar>, keys: Matrix<Scalar>, strengths: Matrix<Scalar>
) -> Matrix<Scalar> {
  func norms(_ x: Matrix<Scalar>) -> Matrix<Scalar> { (Scalar(epsilon) + (x * x).rowSums).squareRoot }
  let products = Scalar(epsilon) + norms(keys) * norms(memory).reshaped(columns: memory.rows)
  return (strengths * (keys.times(transposed: memory) / products)).softmax
}

/// C(M ∘ m, k ∘ m, β), a weighting for every key
///
/// - Parameter masks: m [heads, W]; nil: 1.
func contentWeighting<Scalar: Number>(
  _ memory: Matrix<Scalar>, keys: Matrix<Scalar>, strengths: Matrix<Scalar>, masks: Matrix<Scalar>?
) -> Matrix<Scalar> {
  guard let masks else { return contentWeighting(memory, keys: keys, strengths: strengths) }
  return .joined(
    rows: (0..<keys.rows).map { i in
      let m = masks.row(i)
      return contentWeighting(memory * m, keys: keys.row(i) * m, strengths: strengths.row(i))
    })
}

/// S(d, s)[n] = (max(d[n], 0) + ε)^s / Σ_j (max(d[j], 0) + ε)^s of every row d
///
/// - Parameter sharpness: s, a column.
func sharpened<Scalar: Number>(_ d: Matrix<Scalar>, _ sharpness: Matrix<Scalar>) -> Matrix<Scalar> {
  (sharpness * (Scalar(epsilon) + d.relu).logarithm).softmax
}

/// ψ_t = Π_i (1 − f^i w^{r,i}_{t−1})
///
/// - Returns: [1, N].
func retention<Scalar: Number>(_ previous: MemoryState<Scalar>, freeGates: Matrix<Scalar>) -> Matrix<Scalar> {
  rowProduct(1 - freeGates * previous.readWeights)
}

/// u_t = (u_{t−1} + ω − u_{t−1} ∘ ω) ∘ ψ_t        ω = 1 − Π_k (1 − w^{w,k}_{t−1})
func usage<Scalar: Number>(
  _ previous: MemoryState<Scalar>, retention: Matrix<Scalar>, stopped: Bool
) -> Matrix<Scalar> {
  let usage = previous.usage!
  var written = 1 - rowProduct(1 - previous.writeWeights)
  if stopped { written = written.stopped }
  return (usage + written - usage * written) * retention
}

/// Π_i x[i], over rows.
private func rowProduct<Scalar: Number>(_ x: Matrix<Scalar>) -> Matrix<Scalar> {
  (1..<x.rows).reduce(x.row(0)) { $0 * x.row($1) }
}

/// s = ε + (1 − ε) u^k        φ = indices ordered by round(s · 2¹⁶), equal ones by the lower index first
///
///     a[φ_j] = (1 − s[φ_j]) Π_{i<j} s[φ_i]
func allocation<Scalar: Number>(_ usage: Matrix<Scalar>) -> Matrix<Scalar> {
  let s = Scalar(epsilon) + (1 - Scalar(epsilon)) * usage
  let keys = s.values.map { ($0 * 65536).rounded(.toNearestOrEven) }
  let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
  let sorted = s.gathered(order)
  return ((1 - sorted) * sorted.exclusiveProducts).scattered(order)
}
