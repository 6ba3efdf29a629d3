/// Matrix products.
extension Matrix {
  /// y = a b        ∂a += ∂y bᵀ        ∂b += aᵀ ∂y
  public func times(_ other: Matrix) -> Matrix {
    precondition(columns == other.rows, "\(rows) × \(columns) times \(other.rows) × \(other.columns)")
    let (n, m, p) = (rows, columns, other.columns)
    return tape.record(rows: n, columns: p, isConstant: node.isConstant && other.node.isConstant) { y in
      addProduct(n, m, p, node.values, other.node.values, to: y)
    } pullback: { [a = node, b = other.node] _, yGradient in
      if let aGradient = a.gradient { addProductTransposed(n, p, m, yGradient, b.values, to: aGradient) }
      if let bGradient = b.gradient { addTransposedProduct(n, m, p, a.values, yGradient, to: bGradient) }
    }
  }

  /// y = a bᵀ        ∂a += ∂y b        ∂b += ∂yᵀ a
  public func times(transposed other: Matrix) -> Matrix {
    precondition(columns == other.columns, "\(rows) × \(columns) times \(other.rows) × \(other.columns) transposed")
    let (n, m, p) = (rows, columns, other.rows)
    return tape.record(rows: n, columns: p, isConstant: node.isConstant && other.node.isConstant) { y in
      addProductTransposed(n, m, p, node.values, other.node.values, to: y)
    } pullback: { [a = node, b = other.node] _, yGradient in
      if let aGradient = a.gradient { addProduct(n, p, m, yGradient, b.values, to: aGradient) }
      if let bGradient = b.gradient { addTransposedProduct(n, p, m, yGradient, a.values, to: bGradient) }
    }
  }
}

/// y += a b, of a [n, m] and b [m, p].
private func addProduct<Scalar: Number>(
  _ n: Int, _ m: Int, _ p: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
  to y: UnsafeMutablePointer<Scalar>
) {
  for i in 0..<n {
    for k in 0..<m { addScaled(p, a[i * m + k], b + k * p, to: y + i * p) }
  }
}

/// y += a bᵀ, of a [n, m] and b [p, m].
private func addProductTransposed<Scalar: Number>(
  _ n: Int, _ m: Int, _ p: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
  to y: UnsafeMutablePointer<Scalar>
) {
  for j in 0..<p {
    for i in 0..<n { y[i * p + j] += Scalar.dot(m, a + i * m, b + j * m) }
  }
}

/// y += aᵀ b, of a [n, m] and b [n, p].
private func addTransposedProduct<Scalar: Number>(
  _ n: Int, _ m: Int, _ p: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
  to y: UnsafeMutablePointer<Scalar>
) {
  for k in 0..<m {
    for i in 0..<n { addScaled(p, a[i * m + k], b + i * p, to: y + k * p) }
  }
}

private func addScaled<Scalar: Number>(
  _ count: Int, _ s: Scalar, _ x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>
) {
  for i in 0..<count { y[i] += s * x[i] }
}
