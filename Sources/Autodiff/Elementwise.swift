/// Operations on each number by itself.
extension Matrix {
  /// y = f(x)        ∂x += ∂y f′(x)
  /// - Parameter derivative: f′ from x and y.
  @inline(__always) private func map(
    _ f: (Scalar) -> Scalar, derivative: @escaping (_ x: Scalar, _ y: Scalar) -> Scalar
  ) -> Matrix {
    tape.record(rows: rows, columns: columns, operands: [self]) { y in
      for i in 0..<count { y[i] = f(node.values[i]) }
    } pullback: { [x = node] y, yGradient in
      guard let xGradient = x.gradient else { return }
      for i in 0..<x.count { xGradient[i] += yGradient[i] * derivative(x.values[i], y[i]) }
    }
  }

  /// σ(x) = 1 / (1 + e⁻ˣ)        σ′ = σ (1 − σ)
  public var sigmoid: Matrix { map({ .sigmoid($0) }, derivative: { x, y in y * (1 - y) }) }

  /// tanh′ = 1 − tanh²
  public var tanh: Matrix { map({ .tanh($0) }, derivative: { x, y in 1 - y * y }) }

  /// max(x, 0)        relu′(0) = 0
  public var relu: Matrix { map({ $0 < 0 ? 0 : $0 }, derivative: { x, y in x > 0 ? 1 : 0 }) }

  /// log(1 + eˣ), without overflow for any x        softplus′ = σ
  public var softplus: Matrix { map({ max($0, 0) + .log1p(.exp(-abs($0))) }, derivative: { x, y in .sigmoid(x) }) }

  /// 1 + log(1 + eˣ)
  public var oneplus: Matrix { 1 + softplus }

  /// √x        (√x)′ = 1 / (2 √x)
  public var squareRoot: Matrix { map({ $0.squareRoot() }, derivative: { x, y in 1 / (2 * y) }) }

  /// x moved into ±bound        1 up to and including the bound, 0 beyond. A bound of 0 is none.
  public func clamped(to bound: Scalar) -> Matrix {
    guard bound > 0 else { return self }
    return map({ max(-bound, min(bound, $0)) }, derivative: { x, y in abs(x) <= bound ? 1 : 0 })
  }

  /// x, with a gradient of 0.
  public var stopped: Matrix { tape.constant(values, columns: columns) }

  // MARK: With a number

  public static func + (s: Scalar, x: Matrix) -> Matrix { x.map({ s + $0 }, derivative: { x, y in 1 }) }
  public static func - (s: Scalar, x: Matrix) -> Matrix { x.map({ s - $0 }, derivative: { x, y in -1 }) }
  public static func * (s: Scalar, x: Matrix) -> Matrix { x.map({ s * $0 }, derivative: { x, y in s }) }

  // MARK: With a matrix

  /// a + b        ∂a += ∂y        ∂b += ∂y
  public static func + (a: Matrix, b: Matrix) -> Matrix {
    combine(a, b, { $0 + $1 }, derivatives: { a, b in (1, 1) })
  }

  /// a − b        ∂a += ∂y        ∂b −= ∂y
  public static func - (a: Matrix, b: Matrix) -> Matrix {
    combine(a, b, { $0 - $1 }, derivatives: { a, b in (1, -1) })
  }

  /// a ∘ b        ∂a += ∂y ∘ b        ∂b += ∂y ∘ a
  ///
  /// Of a column and a row it is the outer product.
  public static func * (a: Matrix, b: Matrix) -> Matrix {
    combine(a, b, { $0 * $1 }, derivatives: { a, b in (b, a) })
  }

  /// a / b        ∂a += ∂y / b        ∂b −= ∂y a / b²
  public static func / (a: Matrix, b: Matrix) -> Matrix {
    combine(a, b, { $0 / $1 }, derivatives: { a, b in (1 / b, -a / (b * b)) })
  }

  /// y = f(a, b)        ∂a += ∂y ∂f/∂a        ∂b += ∂y ∂f/∂b
  ///
  /// An operand of one row or of one column stands for as many as the other one has; the gradients of all of them are
  /// then added up.
  @inline(__always) private static func combine(
    _ a: Matrix, _ b: Matrix, _ f: (Scalar, Scalar) -> Scalar,
    derivatives: @escaping (_ a: Scalar, _ b: Scalar) -> (a: Scalar, b: Scalar)
  ) -> Matrix {
    let shape = Broadcast(a.node, b.node)
    return a.tape.record(rows: shape.rows, columns: shape.columns, operands: [a, b]) { y in
      for i in 0..<shape.rows {
        let (a, b, y) = (a.node.values + i * shape.a.row, b.node.values + i * shape.b.row, y + i * shape.columns)
        for j in 0..<shape.columns { y[j] = f(a[j * shape.a.column], b[j * shape.b.column]) }
      }
    } pullback: { [a = a.node, b = b.node] _, yGradient in
      let (aGradient, bGradient) = (a.gradient, b.gradient)
      for i in 0..<shape.rows {
        let (a, b, dy) = (a.values + i * shape.a.row, b.values + i * shape.b.row, yGradient + i * shape.columns)
        func derivative(_ j: Int) -> (a: Scalar, b: Scalar) {
          derivatives(a[j * shape.a.column], b[j * shape.b.column])
        }
        if let da = aGradient.map({ $0 + i * shape.a.row }) {
          for j in 0..<shape.columns { da[j * shape.a.column] += dy[j] * derivative(j).a }
        }
        if let db = bGradient.map({ $0 + i * shape.b.row }) {
          for j in 0..<shape.columns { db[j * shape.b.column] += dy[j] * derivative(j).b }
        }
      }
    }
  }
}

/// How two matrices meet number by number, of which one may have one row, or one column, for many of the other.
private struct Broadcast {
  let rows, columns: Int
  /// From one row to the next, and from one column to the next: 0 where there is only one.
  let a, b: (row: Int, column: Int)

  init<Scalar>(_ a: Node<Scalar>, _ b: Node<Scalar>) {
    rows = max(a.rows, b.rows)
    columns = max(a.columns, b.columns)
    for operand in [a, b] {
      precondition(
        (operand.rows == rows || operand.rows == 1) && (operand.columns == columns || operand.columns == 1),
        "\(a.rows) × \(a.columns) and \(b.rows) × \(b.columns) don't meet")
    }
    self.a = (a.rows == 1 ? 0 : a.columns, a.columns == 1 ? 0 : 1)
    self.b = (b.rows == 1 ? 0 : b.columns, b.columns == 1 ? 0 : 1)
  }
}
