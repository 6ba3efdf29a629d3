/// The losses, of logits z [rows, Y] and targets q [rows, Y]: means in nats over what the mask [rows, 1] keeps. They are
/// made of operations and need no pullback of their own. When the mask adds up to 0, so does the loss.
extension Matrix {
  /// Σ mask · bce / (Y Σ mask)        bce(z, q) = −q log σ(z) − (1 − q) log(1 − σ(z)) = log(1 + e^z) − z q
  public func sigmoidCrossEntropy(_ targets: Matrix, mask: Matrix) -> Matrix {
    (softplus - self * targets).rowSums.mean(mask, of: columns)
  }

  /// Σ mask · ce / Σ mask        ce = −Σ_y q_y log softmax(z)_y
  public func softmaxCrossEntropy(_ targets: Matrix, mask: Matrix) -> Matrix {
    softmaxCrossEntropy(targets, mask: mask, groupSize: columns)
  }

  /// Σ mask · Σ_groups ce / Σ mask, with a softmax over each `groupSize` logits.
  public func softmaxCrossEntropy(_ targets: Matrix, mask: Matrix, groupSize: Int) -> Matrix {
    let logarithms = reshaped(columns: groupSize).logSoftmax.reshaped(columns: columns)
    return (-1 * (targets * logarithms).rowSums).mean(mask, of: 1)
  }

  /// Σ mask · (z − q)² / (Y Σ mask)
  public func squaredError(_ targets: Matrix, mask: Matrix) -> Matrix {
    let difference = self - targets
    return (difference * difference).rowSums.mean(mask, of: columns)
  }

  /// Of the rows' losses, a column.
  private func mean(_ mask: Matrix, of numbersPerRow: Int) -> Matrix {
    let kept = mask.values.reduce(0, +)
    return (kept == 0 ? 0 : 1 / (kept * Scalar(numbersPerRow))) * (self * mask).sum
  }
}
