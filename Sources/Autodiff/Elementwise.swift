/// Operations on each number by itself.
extension Matrix {
  /// y = f(x)        ∂x += ∂y f′(x)
  /// - Parameter pullback: passes f′, as a function of x and y, to `pass`. The loop over the numbers is in `pass`, and is compiled
  ///   for every f, so there is no call for each number.
  @inline(__always) private func map(
    _ f: (Scalar) -> Scalar, pullback: @escaping (UnaryPullback<Scalar>) -> Void
  ) -> Matrix {
    let x = node
    return tape.record(rows: rows, columns: columns, isConstant: x.isConstant) { y in
      for i in 0..<x.count { y[i] = f(x.values[i]) }
    } pullback: { y, yGradient in
      guard let xGradient = x.gradient else { return }
      pullback(UnaryPullback(count: x.count, x: x.values, y: y, yGradient: yGradient, xGradient: xGradient))
    }
  }

  /// σ(x) = 1 / (1 + e⁻ˣ)        σ′ = σ (1 − σ)
  public var sigmoid: Matrix { map({ .sigmoid($0) }, pullback: { $0.pass { x, y in y * (1 - y) } }) }

  /// tanh′ = 1 − tanh²
  public var tanh: Matrix { map({ .tanh($0) }, pullback: { $0.pass { x, y in 1 - y * y } }) }

  /// max(x, 0)        relu′ = 1 above 0, else 0
  public var relu: Matrix { map({ $0 < 0 ? 0 : $0 }, pullback: { $0.pass { x, y in x > 0 ? 1 : 0 } }) }

  /// log(1 + eˣ), without overflow for any x        softplus′ = σ
  public var softplus: Matrix {
    map({ max($0, 0) + .log1p(.exp(-abs($0))) }, pullback: { $0.pass { x, y in .sigmoid(x) } })
  }

  /// 1 + log(1 + eˣ)
  public var oneplus: Matrix { 1 + softplus }

  /// √x        (√x)′ = 1 / (2 √x)
  public var squareRoot: Matrix { map({ $0.squareRoot() }, pullback: { $0.pass { x, y in 1 / (2 * y) } }) }

  /// (log x)′ = 1 / x
  public var logarithm: Matrix { map({ .log($0) }, pullback: { $0.pass { x, y in 1 / x } }) }

  /// x moved into ±bound        1 up to and including the bound, 0 beyond. A bound of 0 is none.
  public func clamped(to bound: Scalar) -> Matrix {
    guard bound > 0 else { return self }
    return map({ max(-bound, min(bound, $0)) }, pullback: { $0.pass { x, y in abs(x) <= bound ? 1 : 0 } })
  }

  /// x, with a gradient of 0.
  public var stopped: Matrix { tape.constant(values, columns: columns) }

  // MARK: With a number

  public static func + (s: Scalar, x: Matrix) -> Matrix { x.map({ s + $0 }, pullback: { $0.pass { x, y in 1 } }) }
  public static func - (s: Scalar, x: Matrix) -> Matrix { x.map({ s - $0 }, pullback: { $0.pass { x, y in -1 } }) }
  public static func * (s: Scalar, x: Matrix) -> Matrix { x.map({ s * $0 }, pullback: { $0.pass { x, y in s } }) }

  // MARK: With a matrix

  /// a + b        ∂a += ∂y        ∂b += ∂y
  public static func + (a: Matrix, b: Matrix) -> Matrix {
    combine(a, b, { $0 + $1 }, pullback: { $0.pass({ a, b in 1 }, { a, b in 1 }) })
  }

  /// a − b        ∂a += ∂y        ∂b −= ∂y
  public static func - (a: Matrix, b: Matrix) -> Matrix {
    combine(a, b, { $0 - $1 }, pullback: { $0.pass({ a, b in 1 }, { a, b in -1 }) })
  }

  /// a ∘ b        ∂a += ∂y ∘ b        ∂b += ∂y ∘ a
  ///
  /// Of a column and a row it is the outer product.
  public static func * (a: Matrix, b: Matrix) -> Matrix {
    combine(a, b, { $0 * $1 }, pullback: { $0.pass({ a, b in b }, { a, b in a }) })
  }

  /// a / b        ∂a += ∂y / b        ∂b −= ∂y a / b²
  public static func / (a: Matrix, b: Matrix) -> Matrix {
    combine(a, b, { $0 / $1 }, pullback: { $0.pass({ a, b in 1 / b }, { a, b in -a / (b * b) }) })
  }

  /// y = f(a, b)        ∂a += ∂y ∂f/∂a        ∂b += ∂y ∂f/∂b
  ///
  /// An operand of one row or one column is repeated to the other's size; its gradient is the sum over the repetitions.
  /// - Parameter pullback: gives both derivatives to `pass`.
  @inline(__always) private static func combine(
    _ a: Matrix, _ b: Matrix, _ f: (Scalar, Scalar) -> Scalar, pullback: @escaping (BinaryPullback<Scalar>) -> Void
  ) -> Matrix {
    let tape = a.tape
    let (a, b) = (a.node, b.node)
    let shape = Broadcast(a, b)
    return tape.record(rows: shape.rows, columns: shape.columns, isConstant: a.isConstant && b.isConstant) { y in
      for i in 0..<shape.rows {
        let (a, b, y) = (a.values + i * shape.a.row, b.values + i * shape.b.row, y + i * shape.columns)
        for j in 0..<shape.columns { y[j] = f(a[j * shape.a.column], b[j * shape.b.column]) }
      }
    } pullback: { _, yGradient in
      pullback(
        BinaryPullback(
          shape: shape, a: a.values, b: b.values, yGradient: yGradient, aGradient: a.gradient, bGradient: b.gradient))
    }
  }
}

/// The pullback of y = f(x), without f.
private struct UnaryPullback<Scalar: Number> {
  let count: Int
  let x, y, yGradient: UnsafePointer<Scalar>
  let xGradient: UnsafeMutablePointer<Scalar>

  /// ∂x += ∂y f′, with f′ from x and y.
  @inline(__always) func pass(_ derivative: (_ x: Scalar, _ y: Scalar) -> Scalar) {
    for i in 0..<count { xGradient[i] += yGradient[i] * derivative(x[i], y[i]) }
  }
}

/// The pullback of y = f(a, b), without f.
private struct BinaryPullback<Scalar: Number> {
  let shape: Broadcast
  let a, b, yGradient: UnsafePointer<Scalar>
  let aGradient, bGradient: UnsafeMutablePointer<Scalar>?

  /// ∂a += ∂y ∂f/∂a        ∂b += ∂y ∂f/∂b
  @inline(__always) func pass(
    _ aDerivative: (_ a: Scalar, _ b: Scalar) -> Scalar, _ bDerivative: (_ a: Scalar, _ b: Scalar) -> Scalar
  ) {
    if let aGradient { pass(aDerivative, to: aGradient, shape.a) }
    if let bGradient { pass(bDerivative, to: bGradient, shape.b) }
  }

  @inline(__always) private func pass(
    _ derivative: (_ a: Scalar, _ b: Scalar) -> Scalar, to gradient: UnsafeMutablePointer<Scalar>,
    _ place: (row: Int, column: Int)
  ) {
    for i in 0..<shape.rows {
      let (a, b, dy) = (a + i * shape.a.row, b + i * shape.b.row, yGradient + i * shape.columns)
      let target = gradient + i * place.row
      for j in 0..<shape.columns {
        target[j * place.column] += dy[j] * derivative(a[j * shape.a.column], b[j * shape.b.column])
      }
    }
  }
}

/// The pairing of two matrices, number by number. One may have a single row, or column, for many of the other.
private struct Broadcast {
  let rows, columns: Int
  /// From one row to the next, and from one column to the next: 0 where there is only one.
  let a, b: (row: Int, column: Int)

  init<Scalar>(_ a: Node<Scalar>, _ b: Node<Scalar>) {
    rows = max(a.rows, b.rows)
    columns = max(a.columns, b.columns)
    precondition(
      (a.rows == b.rows || min(a.rows, b.rows) == 1) && (a.columns == b.columns || min(a.columns, b.columns) == 1),
      "\(a.rows) × \(a.columns) and \(b.rows) × \(b.columns) don't meet")
    self.a = (a.rows == 1 ? 0 : a.columns, a.columns == 1 ? 0 : 1)
    self.b = (b.rows == 1 ? 0 : b.columns, b.columns == 1 ? 0 : 1)
  }
}
