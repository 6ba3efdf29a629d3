/// Reverse-mode automatic differentiation. Every operation on `Matrix` writes its result and its pullback to a tape.
/// The pullback passes the gradient of the result on to the operands. `backward` plays the tape in reverse; then every
/// matrix that the last one depends on has its gradient:
///
///     let tape = Tape<Double>()
///     let x = tape.variable([1, 2, 3], columns: 3)
///     let loss = (x * x).sum
///     tape.backward(from: loss)
///     x.gradient                              // [2, 4, 6]
///
/// Each operation's equation, forward and pullback stand together in one function. The gradient of a matrix x, written
/// ∂x below, is that of one number, the loss, and has the shape of x.
public final class Tape<Scalar: Number> {
  typealias Pullback = (_ y: UnsafePointer<Scalar>, _ yGradient: UnsafePointer<Scalar>) -> Void

  private var operations: [(result: Node<Scalar>, pullback: Pullback)] = []
  fileprivate let memory = MemoryUse()

  public init() {}

  /// Operations recorded and not yet played back.
  public var count: Int { operations.count }
  /// Bytes of the values and gradients of all matrices: the most that there were at any time.
  public var peakBytes: Int { memory.peak }

  /// A matrix whose gradient is wanted.
  public func variable(_ values: [Scalar], columns: Int) -> Matrix<Scalar> {
    leaf(values, columns: columns, isConstant: false)
  }

  /// A matrix without a gradient.
  public func constant(_ values: [Scalar], columns: Int) -> Matrix<Scalar> {
    leaf(values, columns: columns, isConstant: true)
  }

  private func leaf(_ values: [Scalar], columns: Int, isConstant: Bool) -> Matrix<Scalar> {
    precondition(values.count % columns == 0, "\(values.count) numbers are no rows of \(columns)")
    let node = Node<Scalar>(rows: values.count / columns, columns: columns, isConstant: isConstant, memory: memory)
    node.values.update(from: values, count: values.count)
    return Matrix(node: node, tape: self)
  }

  /// The result of an operation.
  /// - Parameters:
  ///   - isConstant: whether all operands are. Then so is the result, and the operation isn't recorded.
  ///   - forward: writes the result's values, which are 0.
  ///   - pullback: adds to the operands' gradients; it is left out when nothing depends on the result.
  @inline(__always) func record(
    rows: Int, columns: Int, isConstant: Bool, forward: (UnsafeMutablePointer<Scalar>) -> Void,
    pullback: @escaping Pullback
  ) -> Matrix<Scalar> {
    let node = Node<Scalar>(rows: rows, columns: columns, isConstant: isConstant, memory: memory)
    forward(node.values)
    if !isConstant { operations.append((node, pullback)) }
    return Matrix(node: node, tape: self)
  }

  /// Plays the tape in reverse and empties it. Matrices that nothing else refers to are freed on the way.
  /// - Parameters:
  ///   - last: y, the matrix to begin at.
  ///   - gradient: ∂y, like y; nil for a y of one number, the loss itself.
  public func backward(from last: Matrix<Scalar>, gradient: [Scalar]? = nil) {
    precondition(gradient.map { $0.count == last.count } ?? (last.count == 1), "the gradient of y has the shape of y")
    last.node.add(gradient ?? [1])
    while let (result, pullback) = operations.popLast() {
      if let gradient = result.gradientIfAny { pullback(result.values, gradient) }
    }
  }
}

/// A matrix on a tape, of Double or Float, row-major. A vector is a matrix of one row.
public struct Matrix<Scalar: Number> {
  let node: Node<Scalar>
  public let tape: Tape<Scalar>

  public var rows: Int { node.rows }
  public var columns: Int { node.columns }
  public var count: Int { node.count }
  public var values: [Scalar] { Array(UnsafeBufferPointer(start: node.values, count: count)) }
  /// After `Tape.backward`; 0 where the loss does not depend on the matrix.
  public var gradient: [Scalar] {
    node.gradientIfAny.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? Array(repeating: 0, count: count)
  }
}

/// The numbers of a matrix and of its gradient. Pullbacks hold nodes, not matrices: those hold the tape.
final class Node<Scalar: Number> {
  let rows, columns: Int
  let isConstant: Bool
  let values: UnsafeMutablePointer<Scalar>
  private(set) var gradientIfAny: UnsafeMutablePointer<Scalar>?
  private let memory: MemoryUse

  init(rows: Int, columns: Int, isConstant: Bool, memory: MemoryUse) {
    (self.rows, self.columns, self.isConstant, self.memory) = (rows, columns, isConstant, memory)
    values = Node.zeros(rows * columns)
    memory.add(bytes)
  }

  deinit {
    values.deallocate()
    gradientIfAny?.deallocate()
    memory.add(gradientIfAny == nil ? -bytes : -2 * bytes)
  }

  var count: Int { rows * columns }
  private var bytes: Int { count * MemoryLayout<Scalar>.stride }

  /// The gradient that pullbacks add to; nil for a constant. It is made, of zeros, on first use.
  var gradient: UnsafeMutablePointer<Scalar>? {
    if gradientIfAny == nil, !isConstant {
      gradientIfAny = Node.zeros(count)
      memory.add(bytes)
    }
    return gradientIfAny
  }

  func add(_ numbers: [Scalar]) {
    guard let gradient else { return }
    for (i, number) in numbers.enumerated() { gradient[i] += number }
  }

  private static func zeros(_ count: Int) -> UnsafeMutablePointer<Scalar> {
    let start = UnsafeMutablePointer<Scalar>.allocate(capacity: count)
    start.initialize(repeating: 0, count: count)
    return start
  }
}

/// Bytes that the nodes of one tape take.
final class MemoryUse {
  private(set) var present = 0
  private(set) var peak = 0

  func add(_ bytes: Int) {
    present += bytes
    peak = max(peak, present)
  }
}
