import CKernels

/// p[i] = exp(x[i]) / Σ_j exp(x[j]), with the maximum subtracted first.
enum Softmax {
  /// `probabilities` is written; it may be `logits`.
  static func forward<Scalar: Real>(_ count: Int, logits: In<Scalar>, probabilities: Out<Scalar>) {
    if let fast = Scalar.kernels?.softmaxForward { return fast(count, logits.float, probabilities.float) }
    var maximum = logits[0]
    for i in 1..<max(count, 1) where logits[i] > maximum { maximum = logits[i] }
    var total: Scalar = 0
    for i in 0..<count {
      probabilities[i] = .exp(logits[i] - maximum)
      total += probabilities[i]
    }
    for i in 0..<count { probabilities[i] /= total }
  }

  /// The same of each of some short rows.
  static func forward<Scalar: Real>(rows: Int, _ count: Int, logits: In<Scalar>, probabilities: Out<Scalar>) {
    if let fast = Scalar.kernels?.softmaxRows { return fast(rows, count, logits.float, probabilities.float) }
    for row in 0..<rows { forward(count, logits: logits + row * count, probabilities: probabilities + row * count) }
  }

  /// logitGradient[i] = p[i] (gradient[i] − Σ_j p[j] gradient[j]). `logitGradient` is written; it may be `gradient`.
  static func backward<Scalar: Real>(
    _ count: Int, probabilities: In<Scalar>, gradient: In<Scalar>, logitGradient: Out<Scalar>
  ) {
    let mean = dot(count, probabilities, gradient)
    for i in 0..<count { logitGradient[i] = probabilities[i] * (gradient[i] - mean) }
  }

  /// The same of each of some short rows.
  static func backward<Scalar: Real>(
    rows: Int, _ count: Int, probabilities: In<Scalar>, gradient: In<Scalar>, logitGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.softmaxRowsBackward {
      return fast(rows, count, probabilities.float, gradient.float, logitGradient.float)
    }
    for row in 0..<rows {
      let start = row * count
      backward(
        count, probabilities: probabilities + start, gradient: gradient + start, logitGradient: logitGradient + start)
    }
  }
}
