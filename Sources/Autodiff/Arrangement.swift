/// Operations that move numbers and change none of them: a pullback moves gradients back.
extension Matrix {
  /// The same numbers in rows of another length        ∂x += ∂y
  public func reshaped(columns width: Int) -> Matrix {
    precondition(count % width == 0, "\(count) numbers are no rows of \(width)")
    return block(of: node, count / width, width, start: 0, stride: width)
  }

  /// Rows of x        ∂x += ∂y at the place of the rows
  public func rows(_ range: Range<Int>) -> Matrix {
    block(of: node, range.count, columns, start: range.lowerBound * columns, stride: columns)
  }

  public func row(_ i: Int) -> Matrix { rows(i..<i + 1) }

  /// Columns of x        ∂x += ∂y at the place of the columns
  public func columns(_ range: Range<Int>) -> Matrix {
    block(of: node, rows, range.count, start: range.lowerBound, stride: columns)
  }

  public func column(_ j: Int) -> Matrix { columns(j..<j + 1) }

  /// y[i, j] = x[start + i · stride + j], x as one list of numbers        ∂x[start + i · stride + j] += ∂y[i, j]
  private func block(of x: Node<Scalar>, _ height: Int, _ width: Int, start: Int, stride: Int) -> Matrix {
    tape.record(rows: height, columns: width, isConstant: node.isConstant) { y in
      for i in 0..<height {
        for j in 0..<width { y[i * width + j] = x.values[start + i * stride + j] }
      }
    } pullback: { _, yGradient in
      guard let xGradient = x.gradient else { return }
      for i in 0..<height {
        for j in 0..<width { xGradient[start + i * stride + j] += yGradient[i * width + j] }
      }
    }
  }

  /// All rows of the first, then all of the second, …        ∂x += its rows of ∂y
  public static func joined(rows matrices: [Matrix]) -> Matrix {
    let width = matrices[0].columns
    precondition(matrices.allSatisfy { $0.columns == width }, "rows of one length can be joined")
    let height = matrices.reduce(0) { $0 + $1.rows }
    return matrices[0].tape.record(rows: height, columns: width, isConstant: matrices.allSatisfy(\.node.isConstant)) {
      y in
      var start = 0
      for x in matrices {
        for i in 0..<x.count { y[start + i] = x.node.values[i] }
        start += x.count
      }
    } pullback: { [nodes = matrices.map(\.node)] _, yGradient in
      var start = 0
      for x in nodes {
        if let xGradient = x.gradient { for i in 0..<x.count { xGradient[i] += yGradient[start + i] } }
        start += x.count
      }
    }
  }

  /// In every row the numbers of the first, then those of the second, …        ∂x += its columns of ∂y
  public static func joined(columns matrices: [Matrix]) -> Matrix {
    let height = matrices[0].rows
    precondition(matrices.allSatisfy { $0.rows == height }, "columns of one length can be joined")
    let width = matrices.reduce(0) { $0 + $1.columns }
    return matrices[0].tape.record(rows: height, columns: width, isConstant: matrices.allSatisfy(\.node.isConstant)) {
      y in
      var start = 0
      for x in matrices {
        for i in 0..<height {
          for j in 0..<x.columns { y[i * width + start + j] = x.node.values[i * x.columns + j] }
        }
        start += x.columns
      }
    } pullback: { [nodes = matrices.map(\.node)] _, yGradient in
      var start = 0
      for x in nodes {
        if let xGradient = x.gradient {
          for i in 0..<height {
            for j in 0..<x.columns { xGradient[i * x.columns + j] += yGradient[i * width + start + j] }
          }
        }
        start += x.columns
      }
    }
  }

  /// A square matrix with y[i, i] = 0        ∂x += ∂y but for the diagonal
  public var withoutDiagonal: Matrix {
    tape.record(rows: rows, columns: columns, isConstant: node.isConstant) { y in
      for i in 0..<rows {
        for j in 0..<columns { y[i * columns + j] = node.values[i * columns + j] }
        y[i * columns + i] = 0
      }
    } pullback: { [x = node] _, yGradient in
      guard let xGradient = x.gradient else { return }
      for i in 0..<x.rows {
        for j in 0..<x.columns where j != i { xGradient[i * x.columns + j] += yGradient[i * x.columns + j] }
      }
    }
  }

  /// y[j] = x[φ_j] of a row x and a fixed permutation φ        ∂x[φ_j] += ∂y[j]
  public func gathered(_ order: [Int]) -> Matrix {
    tape.record(rows: 1, columns: count, isConstant: node.isConstant) { y in
      for (j, n) in order.enumerated() { y[j] = node.values[n] }
    } pullback: { [x = node] _, yGradient in
      guard let xGradient = x.gradient else { return }
      for (j, n) in order.enumerated() { xGradient[n] += yGradient[j] }
    }
  }

  /// y[φ_j] = x[j], the way back        ∂x[j] += ∂y[φ_j]
  public func scattered(_ order: [Int]) -> Matrix {
    tape.record(rows: 1, columns: count, isConstant: node.isConstant) { y in
      for (j, n) in order.enumerated() { y[n] = node.values[j] }
    } pullback: { [x = node] _, yGradient in
      guard let xGradient = x.gradient else { return }
      for (j, n) in order.enumerated() { xGradient[j] += yGradient[n] }
    }
  }
}
