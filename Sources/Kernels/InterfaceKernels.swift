// The kernels of the parts of the interface vector. See `Interface` and `Softmax` for what they compute.

import CKernels

/// y[i] = 1 + log(1 + exp(x[i]))
func oneplus(_ operands: UnsafePointer<ActivationOperands>) {
  let (x, y) = (operands.pointee.x, operands.pointee.y)
  forEachVector(operands.pointee.count) { i, n in
    let x = load(x + i, n)
    let positive = choose(.zero, lessThan: x, x, else: .zero)
    let e = exp(choose(.zero, lessThan: x, -x, else: x))
    store(1 + (positive + log1p(e)), y + i, n)
  }
}

/// x[i] = yGradient[i] σ(x[i])
func oneplusBackward(_ operands: UnsafePointer<OneplusBackwardOperands>) {
  let (yGradient, x) = (operands.pointee.yGradient, operands.pointee.x)
  forEachVector(operands.pointee.count) { i, n in store(load(yGradient + i, n) * sigmoid(load(x + i, n)), x + i, n) }
}

/// y[i] = σ(x[i])
func sigmoids(_ operands: UnsafePointer<ActivationOperands>) {
  let (x, y) = (operands.pointee.x, operands.pointee.y)
  forEachVector(operands.pointee.count) { i, n in store(sigmoid(load(x + i, n)), y + i, n) }
}

/// xGradient[i] = yGradient[i] y[i] (1 − y[i])
func sigmoidsBackward(_ operands: UnsafePointer<SigmoidsBackwardOperands>) {
  let o = operands.pointee
  let (y, yGradient, xGradient) = (o.y, o.yGradient, o.xGradient)
  forEachVector(o.count) { i, n in
    let y = load(y + i, n)
    store(load(yGradient + i, n) * y * (1 - y), xGradient + i, n)
  }
}

func softmaxRowsBackward(_ operands: UnsafePointer<SoftmaxRowsBackwardOperands>) {
  let o = operands.pointee
  let count = o.count
  for row in 0..<o.rows {
    let start = row * count
    let (p, gradient, target) = (o.probabilities + start, o.gradient + start, o.logitGradient + start)
    var mean: Float = 0
    for i in 0..<count { mean += p[i] * gradient[i] }
    for i in 0..<count { target[i] = p[i] * (gradient[i] - mean) }
  }
}
