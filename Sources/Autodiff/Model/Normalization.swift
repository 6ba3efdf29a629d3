/// Layer normalization (docs/model.md, "Variants").
extension Model {
  /// γ ∘ LN(s) + b of every row s        s + b without normalization
  ///
  /// - Parameters:
  ///   - sums: a row for every sequence.
  ///   - layer: what the names of b and γ begin with: "interface", "controller.0".
  func biased(_ sums: Matrix<Scalar>, _ layer: String, normalizes: Bool) -> Matrix<Scalar> {
    let s = normalizes ? parameter("\(layer).norm_scale") * normalized(sums) : sums
    return s + parameter("\(layer).bias")
  }
}

/// LN(x) = (x − mean) / √(variance + ε) of every row        mean = Σ x_j / n        variance = Σ (x_j − mean)² / n
func normalized<Scalar: Number>(_ x: Matrix<Scalar>) -> Matrix<Scalar> {
  let share = 1 / Scalar(x.columns)
  let centered = x - share * x.rowSums
  let variance = share * (centered * centered).rowSums
  return centered / (Scalar(epsilon) + variance).squareRoot
}
