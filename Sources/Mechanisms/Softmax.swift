import CKernels

/// p[i] = exp(x[i]) / Σ_j exp(x[j]) in each of some rows, with the row's maximum subtracted first.
enum Softmax {
  /// - Parameters:
  ///   - logits: x [rows, count].
  ///   - probabilities: out, p [rows, count]; may be `logits`.
  static func forward<Scalar: Real>(rows: Int, _ count: Int, logits: In<Scalar>, probabilities: Out<Scalar>) {
    if let fast = Scalar.kernels?.pointee.softmaxRows {
      var operands = SoftmaxRowsOperands(
        rows: rows, count: count, logits: logits.float, probabilities: probabilities.float)
      return fast(&operands)
    }
    for row in 0..<rows {
      let (logits, probabilities) = (logits + row * count, probabilities + row * count)
      var maximum = logits[0]
      for i in 1..<max(count, 1) where logits[i] > maximum { maximum = logits[i] }
      var total: Scalar = 0
      for i in 0..<count {
        probabilities[i] = .exp(logits[i] - maximum)
        total += probabilities[i]
      }
      for i in 0..<count { probabilities[i] /= total }
    }
  }

  /// logitGradient[i] = p[i] (gradient[i] − Σ_j p[j] gradient[j]) in each row.
  /// - Parameters:
  ///   - probabilities, gradient: p, and its gradient [rows, count].
  ///   - logitGradient: out, of x [rows, count]; may be `gradient`.
  static func backward<Scalar: Real>(
    rows: Int, _ count: Int, probabilities: In<Scalar>, gradient: In<Scalar>, logitGradient: Out<Scalar>
  ) {
    for row in 0..<rows {
      let start = row * count
      let mean = dot(count, probabilities + start, gradient + start)
      for i in start..<start + count { logitGradient[i] = probabilities[i] * (gradient[i] - mean) }
    }
  }
}
