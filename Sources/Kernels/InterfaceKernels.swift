// The kernels of the parts of the interface vector. See `InterfaceTransform` and `Softmax` for what they compute.

import CKernels

/// Every part in its range. A call for each would take longer than most parts.
func interfaceForward(_ operands: UnsafePointer<InterfaceForwardOperands>) {
  let o = operands.pointee
  for p in 0..<o.count {
    let part = o.parts[p]
    let (x, y, count) = (o.raw + part.first, o.interface + part.first, part.count)
    switch Int(part.transform) {
    case DNC_PART_IDENTITY: forEachVector(count) { i, n in store(load(x + i, n), y + i, n) }
    case DNC_PART_ONEPLUS: forEachVector(count) { i, n in store(oneplus(load(x + i, n)), y + i, n) }
    case DNC_PART_SIGMOID: forEachVector(count) { i, n in store(sigmoid(load(x + i, n)), y + i, n) }
    case DNC_PART_SOFTMAX: softmaxRows(count / Int(part.width), Int(part.width), x, y)
    default: break
    }
  }
}

/// The gradient of every part.
func interfaceBackward(_ operands: UnsafePointer<InterfaceBackwardOperands>) {
  let o = operands.pointee
  for p in 0..<o.count {
    let part = o.parts[p]
    let (x, y, yGradient) = (o.raw + part.first, o.interface + part.first, o.interfaceGradient + part.first)
    switch Int(part.transform) {
    case DNC_PART_IDENTITY: forEachVector(part.count) { i, n in store(load(yGradient + i, n), x + i, n) }
    case DNC_PART_ONEPLUS:
      forEachVector(part.count) { i, n in store(load(yGradient + i, n) * sigmoid(load(x + i, n)), x + i, n) }
    case DNC_PART_SIGMOID:
      forEachVector(part.count) { i, n in
        let y = load(y + i, n)
        store(load(yGradient + i, n) * y * (1 - y), x + i, n)
      }
    case DNC_PART_SOFTMAX: softmaxRowsBackward(part.count / Int(part.width), Int(part.width), y, yGradient, x)
    default: break
    }
  }
}

/// 1 + log(1 + eˣ)
@inline(__always) private func oneplus(_ x: Vector) -> Vector {
  let positive = choose(.zero, lessThan: x, x, else: .zero)
  let e = exp(choose(.zero, lessThan: x, -x, else: x))
  return 1 + (positive + log1p(e))
}

/// y[i] = σ(x[i])
func sigmoids(_ operands: UnsafePointer<ActivationOperands>) {
  let (x, y) = (operands.pointee.x, operands.pointee.y)
  forEachVector(operands.pointee.count) { i, n in store(sigmoid(load(x + i, n)), y + i, n) }
}

/// Of rows of a few numbers.
private func softmaxRowsBackward(
  _ rows: Int, _ count: Int, _ probabilities: Input, _ gradient: Input, _ target: Output
) {
  for row in 0..<rows {
    let start = row * count
    let (p, gradient, target) = (probabilities + start, gradient + start, target + start)
    var mean: Float = 0
    for i in 0..<count { mean += p[i] * gradient[i] }
    for i in 0..<count { target[i] = p[i] * (gradient[i] - mean) }
  }
}
