import CKernels

/// y = W x, for many rows x at once: the product under the controller, the interface and the output layer.
///
/// `weight` [outputs, inputs] may be some columns of a wider matrix: a layer's input may have parts in different places.
/// Every element adds its products in one fixed order, whatever the number of rows.
enum Linear {
  /// y[r, o] += Σ_i W[o, i] x[r, i]
  static func forward<Scalar: Real>(
    rows: Int, outputs: Int, inputs: Int, weight: Weight<Scalar>, input x: Rows<Scalar>, output y: MutableRows<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.linearForward, let panels = weight.panels {
      var operands = LinearForwardOperands(
        rows: rows, outputs: outputs, inputs: inputs, panels: panels.float, columns: weight.rows.stride,
        first: weight.first, x: x.start.float, xStride: x.stride, y: y.start.float, yStride: y.stride)
      return fast(&operands)
    }
    for o in 0..<outputs {
      for r in 0..<rows { y[r][o] += dot(inputs, weight.rows[o], x[r]) }
    }
  }

  /// Rows x that have a 1 and otherwise zeros, each as the place of its 1.
  struct Tokens {
    /// [rows, 1]; the bits of -1 for nothing but zeros.
    let rows: Rows<UInt32>

    subscript(row: Int) -> Int? {
      let token = Int32(bitPattern: rows[row][0])
      return token < 0 ? nil : Int(token)
    }
  }

  /// y[r, o] += W[o, tokens[r]], the bytes of `forward` with the rows themselves.
  @inline(never) static func forward<Scalar: Real>(
    rows: Int, outputs: Int, weight: Weight<Scalar>, tokens: Tokens, output y: MutableRows<Scalar>
  ) {
    withUnsafePointer(to: 1 as Scalar) { one in
      for r in 0..<rows {
        // As the products with zeros do: it makes 0 of -0.
        for o in 0..<outputs { y[r][o] += 0 }
        guard let token = tokens[r] else { continue }
        forward(
          rows: 1, outputs: outputs, inputs: 1, weight: weight.dropping(columns: token), input: Rows(one, stride: 1),
          output: y.dropping(rows: r))
      }
    }
  }

  /// xGradient[r, i] += Σ_o yGradient[r, o] W[o, i]
  static func backward<Scalar: Real>(
    rows: Int, outputs: Int, inputs: Int, weight: Rows<Scalar>,
    outputGradient yGradient: Rows<Scalar>, inputGradient xGradient: MutableRows<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.linearBackward {
      var operands = LinearBackwardOperands(
        rows: rows, outputs: outputs, inputs: inputs, weight: weight.start.float, weightStride: weight.stride,
        yGradient: yGradient.start.float, yStride: yGradient.stride, xGradient: xGradient.start.float,
        xStride: xGradient.stride)
      return fast(&operands)
    }
    for r in 0..<rows {
      for o in 0..<outputs { addScaled(inputs, yGradient[r][o], weight[o], to: xGradient[r]) }
    }
  }

  /// Scratch of `backwardWeight`: a kernel gathers 96 rows there, of 48 inputs and of 128 gradients.
  static let scratchCount = 96 * (48 + 128)

  /// WGradient[o, i] += Σ_r yGradient[r, o] x[r, i]
  static func backwardWeight<Scalar: Real>(
    rows: Int, outputs: Int, inputs: Int, input x: StepRows<Scalar>,
    outputGradient yGradient: StepRows<Scalar>, weightGradient: MutableRows<Scalar>, scratch: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.linearBackwardWeight {
      var operands = LinearWeightOperands(
        rows: rows, outputs: outputs, inputs: inputs, x: x.operands, yGradient: yGradient.operands,
        weightGradient: weightGradient.start.float, weightStride: weightGradient.stride, scratch: scratch.float)
      return fast(&operands)
    }
    yGradient.forEachRun(rows) { row, count, gradients in
      let x = x.run(at: row).rows
      for o in 0..<outputs {
        for r in 0..<count { addScaled(inputs, gradients[r][o], x[r], to: weightGradient[o]) }
      }
    }
  }

  /// WGradient[o, tokens[r]] += yGradient[r, o], the bytes of `backwardWeight` with the rows themselves.
  /// - Parameter tokens: as in `Tokens`.
  @inline(never) static func backwardWeight<Scalar: Real>(
    rows: Int, outputs: Int, tokens: StepRows<UInt32>, outputGradient yGradient: StepRows<Scalar>,
    weightGradient: MutableRows<Scalar>
  ) {
    // So few rows of the weight's gradient at once that they stay in the first cache.
    for first in stride(from: 0, to: outputs, by: 16) {
      let target = weightGradient.dropping(rows: first)
      yGradient.forEachRun(rows) { row, count, gradients in
        let tokens = Tokens(rows: tokens.run(at: row).rows)
        for r in 0..<count {
          guard let token = tokens[r] else { continue }
          let gradient = gradients[r] + first
          for o in 0..<min(16, outputs - first) { target[o][token] += gradient[o] }
        }
      }
    }
  }

  /// Repairs y after all its products are added and before y is used. Recomputes in Double, and clamps to `bound`, the
  /// elements that overflowed in any sum or are beyond `bound`. So y is finite for finite numbers.
  /// - Parameters:
  ///   - bias: nil for 0.
  ///   - first, second, third, fourth: all products that were added to the bias.
  @inline(never) static func saturate<Scalar: Real>(
    rows: Int, outputs: Int, bias: In<Scalar>?, _ first: Term<Scalar>, _ second: Term<Scalar>? = nil,
    _ third: Term<Scalar>? = nil, _ fourth: Term<Scalar>? = nil, bound: Scalar = .greatestFiniteMagnitude,
    output y: MutableRows<Scalar>
  ) {
    guard !isModerate(rows: rows, outputs: outputs, y.reading) else { return }
    for r in 0..<rows where !areModerate(outputs, y[r]) {
      for o in 0..<outputs where !(y[r][o].magnitude <= bound) {
        var sum = Double(bias?[o] ?? 0) + first.element(r, o) + (second?.element(r, o) ?? 0)
        sum += (third?.element(r, o) ?? 0) + (fourth?.element(r, o) ?? 0)
        y[r][o] = Scalar(sum.clamped(to: Double(bound)))
      }
    }
  }

  /// True if no number of y has to be repaired.
  static func isModerate<Scalar: Real>(rows: Int, outputs: Int, _ y: Rows<Scalar>) -> Bool {
    guard Scalar.saturation != nil else { return true }
    if y.stride == outputs { return areModerate(rows * outputs, y.start) }
    for r in 0..<rows where !areModerate(outputs, y[r]) { return false }
    return true
  }

  /// W x
  struct Term<Scalar: Real> {
    let weight: Weight<Scalar>
    let input: Rows<Scalar>
    let inputs: Int
    /// In place of the input, if there are some.
    let tokens: Tokens?

    fileprivate func element(_ row: Int, _ output: Int) -> Double {
      guard let tokens else { return wideDot(inputs, weight.rows[output], input[row]) }
      guard inputs > 0, let token = tokens[row] else { return 0 }
      return Double(weight.rows[output][token])
    }

    init(_ weight: Weight<Scalar>, _ input: Rows<Scalar>, inputs: Int, tokens: Tokens? = nil) {
      self.weight = weight
      self.input = input
      self.inputs = inputs
      self.tokens = tokens
    }

    /// The same product without its first `outputs` elements.
    func dropping(outputs: Int) -> Term {
      Term(Weight(rows: weight.rows.dropping(rows: outputs), panels: nil), input, inputs: inputs, tokens: tokens)
    }
  }

  /// y[r] = b
  /// - Parameter bias: nil for 0.
  static func setBias<Scalar: Real>(rows: Int, outputs: Int, bias: In<Scalar>?, output y: MutableRows<Scalar>) {
    for r in 0..<rows {
      if let bias { copyValues(outputs, bias, to: y[r]) } else { setZero(outputs, y[r]) }
    }
  }

  /// bGradient += Σ_r yGradient[r]
  static func backwardBias<Scalar: Real>(
    rows: Int, outputs: Int, outputGradient yGradient: StepRows<Scalar>, biasGradient: Out<Scalar>
  ) {
    yGradient.forEachRun(rows) { _, count, gradients in
      for r in 0..<count { addScaled(outputs, 1, gradients[r], to: biasGradient) }
    }
  }
}

extension StepRows where Scalar: Real {
  /// For a kernel. Of one block, all rows follow each other.
  fileprivate var operands: StepRowsOperands {
    StepRowsOperands(
      start: start.float, stride: stride, first: first, together: blocks == 1 ? .max : together, blocks: blocks,
      blockStride: blockStride, stepStride: stepStride)
  }
}

/// A weight for `Linear.forward`: its rows and, for the kernels, a copy in the order in which they read it.
struct Weight<Scalar: Real> {
  let rows: Rows<Scalar>
  /// The whole weight's copy; nil if there are no kernels.
  let panels: In<Scalar>?
  /// The column of the whole weight that `rows` begins with.
  private(set) var first = 0

  init(rows: Rows<Scalar>, panels: In<Scalar>?) { (self.rows, self.panels) = (rows, panels) }

  /// The same weight without its first columns.
  func dropping(columns: Int) -> Weight {
    var rest = Weight(rows: rows.dropping(columns: columns), panels: panels)
    rest.first = first + columns
    return rest
  }

  /// The same weight without its first outputs, of which there are whole panels.
  func dropping(outputs: Int) -> Weight {
    var rest = Weight(
      rows: rows.dropping(rows: outputs), panels: panels.map { $0 + outputs * rows.stride })
    rest.first = first
    return rest
  }

  /// Copies a whole weight into its panels.
  static func pack(outputs: Int, inputs: Int, weight: In<Scalar>, panels: Out<Scalar>) {
    guard let fast = Scalar.kernels?.pointee.packWeight else { return }
    var operands = PackWeightOperands(
      outputs: outputs, inputs: inputs, weight: weight.float, panels: panels.float)
    fast(&operands)
  }
}
