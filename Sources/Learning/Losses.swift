import CKernels

/// The losses: weighted means in nats over what the mask keeps, and their gradients. Sums are in Double.
///
///     sigmoid cross-entropy   Σ mask · bce / (Y Σ mask)       bce(z, q) = max(z, 0) − z q + log(1 + e^−|z|)
///     softmax cross-entropy   Σ mask · ce / Σ mask            ce = −Σ_y q_y log softmax(z)_y
///     mean squared error      Σ mask · (z − q)² / (Y Σ mask)
///     grouped softmax         Σ mask · Σ_groups ce / Σ mask
///
/// When the mask adds up to 0, loss and gradient are 0.
enum Loss: Equatable {
  case sigmoidCrossEntropy
  case softmaxCrossEntropy
  case meanSquaredError
  /// One softmax over each `size` logits.
  case groupedSoftmaxCrossEntropy(size: Int)

  /// From the interface's number, DNC_LOSS_...
  init?(number: UInt32) {
    switch (number & 0xFF, number >> 8) {
    case (0, 0): self = .sigmoidCrossEntropy
    case (1, 0): self = .softmaxCrossEntropy
    case (2, 0): self = .meanSquaredError
    case (3, 1...65536): self = .groupedSoftmaxCrossEntropy(size: Int(number >> 8))
    default: return nil
    }
  }

  var number: UInt32 {
    switch self {
    case .sigmoidCrossEntropy: 0
    case .softmaxCrossEntropy: 1
    case .meanSquaredError: 2
    case .groupedSoftmaxCrossEntropy(let size): 3 + 256 * UInt32(size)
    }
  }

  /// Turns the logits z [rows, Y] into the loss's predictions: probabilities, or the outputs themselves.
  func predict(rows: Int, width: Int, outputs: Rows<Float>, prediction: Out<Float>) {
    for r in 0..<rows {
      let z = outputs[r]
      let p = prediction + r * width
      switch self {
      case .sigmoidCrossEntropy: for y in 0..<width { p[y] = .sigmoid(z[y]) }
      case .softmaxCrossEntropy: Softmax.forward(rows: 1, width, logits: z, probabilities: p)
      case .meanSquaredError: copyValues(width, z, to: p)
      case .groupedSoftmaxCrossEntropy(let size):
        Softmax.forward(rows: width / size, size, logits: z, probabilities: p)
      }
    }
  }

  /// The divisor of the weighted sum of the rows' losses, for a mask that adds up to `kept`.
  func divisor(kept: Double, width: Int) -> Double {
    switch self {
    case .sigmoidCrossEntropy, .meanSquaredError: kept * Double(width)
    case .softmaxCrossEntropy, .groupedSoftmaxCrossEntropy: kept
    }
  }

  /// - Parameters:
  ///   - outputs, targets: z, q [rows, Y].
  ///   - mask: [rows], or nil for all 1.
  ///   - gradients: of z [rows, Y], written, or nil.
  func evaluate<Scalar: Real>(
    rows: Int, width: Int, outputs: In<Scalar>, targets: In<Scalar>, mask: In<Scalar>?, gradients: Out<Scalar>?
  ) -> Double {
    mean(rows: rows, width: width, weight: { mask?[$0] ?? 1 }, outputs: outputs, gradients: gradients) {
      rows, z, share, gradient in
      row(rows.count * width, z, targets + rows.lowerBound * width, share, gradient)
    }
  }

  /// The softmax cross-entropy against class numbers.
  /// - Parameters:
  ///   - classes: [rows], 0 to Y − 1, or −1 where a row does not count.
  ///   - smoothing: s; the targets are s / Y, and 1 − s more for the class.
  static func evaluate<Scalar: Real>(
    rows: Int, width: Int, outputs: In<Scalar>, classes: UnsafePointer<Int32>, smoothing: Double, mask: In<Scalar>?,
    gradients: Out<Scalar>?
  ) -> Double {
    Loss.softmaxCrossEntropy.mean(
      rows: rows, width: width, weight: { classes[$0] < 0 ? 0 : mask?[$0] ?? 1 }, outputs: outputs, gradients: gradients
    ) { rows, z, share, gradient in
      let right = Int(classes[rows.lowerBound])
      return softmaxCrossEntropy(
        width, z, .oneOf(right, others: smoothing / Double(width), more: 1 - smoothing), share, gradient)
    }
  }

  /// True if the loss of rows is that of a longer row.
  private var addsUpNumbers: Bool { self == .sigmoidCrossEntropy || self == .meanSquaredError }

  /// The weighted mean of the rows' losses.
  /// - Parameter row: the loss of rows of one weight, and its gradient times `share`. One row, unless rows make a longer one.
  private func mean<Scalar: Real>(
    rows: Int, width: Int, weight weightOf: (Int) -> Scalar, outputs: In<Scalar>, gradients: Out<Scalar>?,
    _ row: (_ rows: Range<Int>, _ z: In<Scalar>, _ share: Scalar, _ gradient: Out<Scalar>?) -> Double
  ) -> Double {
    var kept = 0.0
    for r in 0..<rows { kept += Double(weightOf(r)) }
    let parts = divisor(kept: kept, width: width)
    var total = 0.0
    var r = 0
    while r < rows {
      let (first, weight) = (r, weightOf(r))
      r += 1
      while addsUpNumbers, r < rows, weightOf(r) == weight { r += 1 }
      let gradients = gradients.map { $0 + first * width }
      guard kept != 0, weight != 0 else {
        gradients?.update(repeating: 0, count: (r - first) * width)
        continue
      }
      total += Double(weight) * row(first..<r, outputs + first * width, Scalar(Double(weight) / parts), gradients)
    }
    return kept == 0 ? 0 : total / parts
  }

  /// The loss of one row, and its gradient times `share`.
  func row<Scalar: Real>(
    _ width: Int, _ z: In<Scalar>, _ q: In<Scalar>, _ share: Scalar, _ gradient: Out<Scalar>?
  ) -> Double {
    switch self {
    case .sigmoidCrossEntropy: return Loss.sigmoidCrossEntropy(width, z, q, share, gradient)
    case .softmaxCrossEntropy: return Loss.softmaxCrossEntropy(width, z, .all(q), share, gradient)
    case .meanSquaredError: return Loss.squaredError(width, z, q, share, gradient)
    case .groupedSoftmaxCrossEntropy(let size):
      var sum = 0.0
      for y in stride(from: 0, to: width, by: size) {
        sum += Loss.softmaxCrossEntropy(size, z + y, .all(q + y), share, gradient.map { $0 + y })
      }
      return sum
    }
  }

  /// Σ_y bce(z_y, q_y); its gradient, σ(z) − q, times `share`.
  ///
  /// One exponential a number, e = e^−|z|, gives loss and gradient, and one logarithm many of the log(1 + e): that of their product.
  private static func sigmoidCrossEntropy<Scalar: Real>(
    _ width: Int, _ z: In<Scalar>, _ q: In<Scalar>, _ share: Scalar, _ gradient: Out<Scalar>?
  ) -> Double {
    var sum = 0.0
    // Of factors in 1...2, so it takes hundreds of them.
    var product = 1.0
    if let fast = Scalar.kernels?.pointee.sigmoidLoss {
      for first in stride(from: 0, to: width, by: 960) {
        sum += withUnsafeMutablePointer(to: &product) { product in
          var operands = SigmoidLossOperands(
            count: min(960, width - first), z: (z + first).float, q: (q + first).float, share: Double(share),
            gradient: gradient.map { ($0 + first).float }, product: product)
          return fast(&operands)
        }
        sum += .log(product)
      }
      return sum
    }
    for y in 0..<width {
      let logit = Double(z[y])
      let e = Double.exp(-logit.magnitude)
      sum += Double.maximum(logit, 0) - logit * Double(q[y])
      if e < 0x1p-10 {
        // 1 + e would round e away: five terms of the series.
        sum += e * (1 - e * (1 / 2 - e * (1 / 3 - e * (1 / 4 - e / 5))))
      } else {
        product *= 1 + e
        if product > 0x1p1000 {
          sum += .log(product)
          product = 1
        }
      }
      gradient?[y] = Scalar(Double(share) * ((logit < 0 ? e : 1) / (1 + e) - Double(q[y])))
    }
    return sum + .log(product)
  }

  /// q of a row: all of its numbers, or those of a class and of the others.
  private enum Target<Scalar: Real> {
    case all(In<Scalar>)
    case oneOf(Int, others: Double, more: Double)

    subscript(y: Int) -> Double {
      switch self {
      case .all(let q): Double(q[y])
      case .oneOf(let right, let others, let more): y == right ? others + more : others
      }
    }
  }

  /// −Σ_y q_y log softmax(z)_y; its gradient, softmax(z) Σ q − q, times `share`.
  @inline(never) private static func softmaxCrossEntropy<Scalar: Real>(
    _ width: Int, _ z: In<Scalar>, _ q: Target<Scalar>, _ share: Scalar, _ gradient: Out<Scalar>?
  ) -> Double {
    var all = LogSum()
    for y in 0..<width { all.add(Double(z[y])) }
    var sum = 0.0
    var targetSum = 0.0
    for y in 0..<width {
      let target = q[y]
      targetSum += target
      if target != 0 { sum += target * (all - Double(z[y])) }
    }
    if let gradient {
      for y in 0..<width { gradient[y] = share * Scalar(all.probability(Double(z[y])) * targetSum - q[y]) }
    }
    return sum
  }

  /// Σ_y (z_y − q_y)²; its gradient times `share`.
  private static func squaredError<Scalar: Real>(
    _ width: Int, _ z: In<Scalar>, _ q: In<Scalar>, _ share: Scalar, _ gradient: Out<Scalar>?
  ) -> Double {
    var sum = 0.0
    for y in 0..<width {
      let difference = Double(z[y]) - Double(q[y])
      sum += difference * difference
      gradient?[y] = Scalar(2 * Double(share) * difference)
    }
    return sum
  }
}

/// log Σ exp(x) of some logits, in two parts: largest + log(total). In one number, a large logit would round the
/// logarithm away.
struct LogSum {
  private var largest = -Double.infinity
  /// Σ exp(x − largest)
  private var total = 0.0

  mutating func add(_ logit: Double) {
    if logit > largest {
      total = total * .exp(largest - logit) + 1
      largest = logit
    } else {
      total += .exp(logit - largest)
    }
  }

  /// exp(x) / Σ exp
  func probability(_ logit: Double) -> Double { .exp(logit - largest) / total }

  static func - (sum: LogSum, logit: Double) -> Double { .log(sum.total) + (sum.largest - logit) }
  static func - (a: LogSum, b: LogSum) -> Double { .log(a.total / b.total) + (a.largest - b.largest) }
}
