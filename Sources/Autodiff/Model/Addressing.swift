/// Sections 2 to 4 of model.md, for one sequence.

/// ξ cut into its parts, each in its range.
struct InterfaceParts<Scalar: Number> {
  let readKeys, readStrengths: Matrix<Scalar>  // [R, W], [R, 1]
  let writeKeys, writeStrengths: Matrix<Scalar>  // [K, W], [K, 1]
  let erase, write: Matrix<Scalar>  // e, v [K, W]
  let freeGates: Matrix<Scalar>  // f [R, 1]
  let allocationGates, writeGates: Matrix<Scalar>  // g^a, g^w [K, 1]
  let modes: Matrix<Scalar>  // π [R, 2K + 1]

  /// - Parameter interface: ξ, one row.
  init(_ interface: Matrix<Scalar>, _ o: Options) {
    var start = 0
    let parts = o.interfaceWidths.map { width in
      defer { start += width }
      return interface.columns(start..<start + width)
    }
    readKeys = parts[0].reshaped(columns: o.W)
    readStrengths = parts[1].oneplus.reshaped(columns: 1)
    writeKeys = parts[2].reshaped(columns: o.W)
    writeStrengths = parts[3].oneplus.reshaped(columns: 1)
    erase = parts[4].sigmoid.reshaped(columns: o.W)
    write = parts[5].reshaped(columns: o.W)
    freeGates = parts[6].sigmoid.reshaped(columns: 1)
    allocationGates = parts[7].sigmoid.reshaped(columns: 1)
    writeGates = parts[8].sigmoid.reshaped(columns: 1)
    modes = parts[9].reshaped(columns: 2 * o.K + 1).softmax
  }
}

/// ε of the content weighting and of the allocation.
private let epsilon = 1e-6

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

/// u_t = (u_{t−1} + w̄ − u_{t−1} ∘ w̄) ∘ ψ        ψ = Π_i (1 − f^i w^{r,i}_{t−1})        w̄ = 1 − Π_k (1 − w^{w,k}_{t−1})
func usage<Scalar: Number>(
  _ previous: MemoryState<Scalar>, freeGates: Matrix<Scalar>, stopped: Bool
) -> Matrix<Scalar> {
  let retention = rowProduct(1 - freeGates * previous.readWeights)
  var written = 1 - rowProduct(1 - previous.writeWeights)
  if stopped { written = written.stopped }
  return (previous.usage + written - previous.usage * written) * retention
}

/// Π_i x[i], over rows.
private func rowProduct<Scalar: Number>(_ x: Matrix<Scalar>) -> Matrix<Scalar> {
  (1..<x.rows).reduce(x.row(0)) { $0 * x.row($1) }
}

/// s = ε + (1 − ε) û        φ = indices ordered by round(s · 2¹⁶), equal ones by the lower index first
///
///     a[φ_j] = (1 − s[φ_j]) Π_{i<j} s[φ_i]
func allocation<Scalar: Number>(_ usage: Matrix<Scalar>) -> Matrix<Scalar> {
  let s = Scalar(epsilon) + (1 - Scalar(epsilon)) * usage
  let keys = s.values.map { ($0 * 65536).rounded(.toNearestOrEven) }
  let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
  let sorted = s.gathered(order)
  return ((1 - sorted) * sorted.exclusiveProducts).scattered(order)
}
