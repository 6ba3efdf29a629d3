import CPlatform

/// The losses: weighted means in nats over what the mask keeps, and their gradients. Sums are in Double.
///
///     sigmoid cross-entropy   Σ mask · bce / (Y Σ mask)       bce(z, q) = max(z, 0) − z q + log(1 + e^−|z|)
///     softmax cross-entropy   Σ mask · ce / Σ mask            ce = −Σ_y q_y log softmax(z)_y
///     mean squared error      Σ mask · (z − q)² / (Y Σ mask)
///
/// When the mask adds up to 0, loss and gradient are 0.
enum Loss: UInt32 {
  case sigmoidCrossEntropy = 0
  case softmaxCrossEntropy = 1
  case meanSquaredError = 2

  /// - Parameters:
  ///   - outputs, targets: z, q [rows, Y].
  ///   - mask: [rows], or nil for all 1.
  ///   - gradients: of z [rows, Y], written, or nil.
  func evaluate<Scalar: Real>(
    rows: Int, width: Int, outputs: In<Scalar>, targets: In<Scalar>, mask: In<Scalar>?, gradients: Out<Scalar>?
  ) -> Double {
    var kept = 0.0
    for r in 0..<rows { kept += mask.map { Double($0[r]) } ?? 1 }
    let parts = self == .softmaxCrossEntropy ? kept : kept * Double(width)
    var total = 0.0
    for r in 0..<rows {
      let weight = mask?[r] ?? 1
      let outputs = outputs + r * width
      let targets = targets + r * width
      let gradients = gradients.map { $0 + r * width }
      guard kept != 0, weight != 0 else {
        gradients?.update(repeating: 0, count: width)
        continue
      }
      let share = Scalar(Double(weight) / parts)
      let value =
        switch self {
        case .sigmoidCrossEntropy: Loss.sigmoidCrossEntropy(width, outputs, targets, share, gradients)
        case .softmaxCrossEntropy: Loss.softmaxCrossEntropy(width, outputs, targets, share, gradients)
        case .meanSquaredError: Loss.squaredError(width, outputs, targets, share, gradients)
        }
      total += Double(weight) * value
    }
    return kept == 0 ? 0 : total / parts
  }

  /// Σ_y bce(z_y, q_y); its gradient, σ(z) − q, times `share`.
  private static func sigmoidCrossEntropy<Scalar: Real>(
    _ width: Int, _ z: In<Scalar>, _ q: In<Scalar>, _ share: Scalar, _ gradient: Out<Scalar>?
  ) -> Double {
    var sum = 0.0
    for y in 0..<width {
      let logit = Double(z[y])
      sum += Double.maximum(logit, 0) - logit * Double(q[y]) + .log1p(.exp(-logit.magnitude))
      gradient?[y] = share * (.sigmoid(z[y]) - q[y])
    }
    return sum
  }

  /// −Σ_y q_y log softmax(z)_y; its gradient, softmax(z) Σ q − q, times `share`.
  private static func softmaxCrossEntropy<Scalar: Real>(
    _ width: Int, _ z: In<Scalar>, _ q: In<Scalar>, _ share: Scalar, _ gradient: Out<Scalar>?
  ) -> Double {
    var largest = Double(z[0])
    for y in 1..<max(width, 1) { largest = Double.maximum(largest, Double(z[y])) }
    var total = 0.0
    for y in 0..<width { total += .exp(Double(z[y]) - largest) }
    let logTotal = largest + log(total)
    var sum = 0.0
    var targetSum = 0.0
    for y in 0..<width {
      targetSum += Double(q[y])
      if q[y] != 0 { sum += Double(q[y]) * (logTotal - Double(z[y])) }
    }
    if let gradient {
      for y in 0..<width {
        let probability = Double.exp(Double(z[y]) - logTotal)
        gradient[y] = share * Scalar(probability * targetSum - Double(q[y]))
      }
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
      gradient?[y] = 2 * share * (z[y] - q[y])
    }
    return sum
  }
}
