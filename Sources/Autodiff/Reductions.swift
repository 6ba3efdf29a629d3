/// Operations on the numbers of a row together.
extension Matrix {
  /// y = Σ_ij x[i, j], one number        ∂x[i, j] += ∂y
  public var sum: Matrix { reshaped(columns: count).rowSums }

  /// y[i] = Σ_j x[i, j], a column        ∂x[i, j] += ∂y[i]
  public var rowSums: Matrix {
    tape.record(rows: rows, columns: 1, isConstant: node.isConstant) { y in
      for i in 0..<rows {
        for j in 0..<columns { y[i] += node.values[i * columns + j] }
      }
    } pullback: { [x = node] _, yGradient in
      guard let xGradient = x.gradient else { return }
      for i in 0..<x.rows {
        for j in 0..<x.columns { xGradient[i * x.columns + j] += yGradient[i] }
      }
    }
  }

  /// Of every row, y_j = exp(x_j) / Σ_k exp(x_k), computed with the maximum subtracted
  ///
  ///     ∂x_j += y_j (∂y_j − Σ_k ∂y_k y_k)
  public var softmax: Matrix {
    tape.record(rows: rows, columns: columns, isConstant: node.isConstant) { y in
      for i in 0..<rows {
        let (x, y) = (node.values + i * columns, y + i * columns)
        let largest = maximum(columns, x)
        var total: Scalar = 0
        for j in 0..<columns {
          y[j] = .exp(x[j] - largest)
          total += y[j]
        }
        for j in 0..<columns { y[j] /= total }
      }
    } pullback: { [x = node] y, yGradient in
      guard let xGradient = x.gradient else { return }
      for i in 0..<x.rows {
        let (y, dx, dy) = (y + i * x.columns, xGradient + i * x.columns, yGradient + i * x.columns)
        let mean = Scalar.dot(x.columns, dy, y)
        for j in 0..<x.columns { dx[j] += y[j] * (dy[j] - mean) }
      }
    }
  }

  /// Of every row, y_j = x_j − log Σ_k exp(x_k), computed with the maximum subtracted
  ///
  ///     ∂x_j += ∂y_j − exp(y_j) Σ_k ∂y_k
  public var logSoftmax: Matrix {
    tape.record(rows: rows, columns: columns, isConstant: node.isConstant) { y in
      for i in 0..<rows {
        let (x, y) = (node.values + i * columns, y + i * columns)
        let largest = maximum(columns, x)
        var total: Scalar = 0
        for j in 0..<columns { total += .exp(x[j] - largest) }
        for j in 0..<columns { y[j] = x[j] - largest - .log(total) }
      }
    } pullback: { [x = node] y, yGradient in
      guard let xGradient = x.gradient else { return }
      for i in 0..<x.rows {
        let (y, dx, dy) = (y + i * x.columns, xGradient + i * x.columns, yGradient + i * x.columns)
        var total: Scalar = 0
        for j in 0..<x.columns { total += dy[j] }
        for j in 0..<x.columns { dx[j] += dy[j] - .exp(y[j]) * total }
      }
    }
  }

  /// Of every row, y_j = Π_{i<j} x_i
  ///
  ///     ∂x_i += y_i S_i        S_i = Σ_{j>i} ∂y_j Π_{i<l<j} x_l, so S_{i−1} = ∂y_i + x_i S_i
  ///
  /// Nothing is divided: a factor may be 0.
  public var exclusiveProducts: Matrix {
    tape.record(rows: rows, columns: columns, isConstant: node.isConstant) { y in
      for i in 0..<rows {
        let (x, y) = (node.values + i * columns, y + i * columns)
        y[0] = 1
        for j in 1..<max(columns, 1) { y[j] = y[j - 1] * x[j - 1] }
      }
    } pullback: { [x = node] y, yGradient in
      guard let xGradient = x.gradient else { return }
      for i in 0..<x.rows {
        let (y, dx, dy) = (y + i * x.columns, xGradient + i * x.columns, yGradient + i * x.columns)
        var later: Scalar = 0
        for j in (0..<x.columns).reversed() {
          dx[j] += y[j] * later
          later = dy[j] + x.values[i * x.columns + j] * later
        }
      }
    }
  }
}

private func maximum<Scalar: Number>(_ count: Int, _ x: UnsafePointer<Scalar>) -> Scalar {
  var largest = x[0]
  for j in 1..<count where x[j] > largest { largest = x[j] }
  return largest
}
