// The kernels of the sharpened weightings. See `Sharpening` for what they compute.

import CKernels

func sharpeningForward(_ operands: UnsafePointer<SharpeningForwardOperands>) {
  let o = operands.pointee
  let (weighting, sharpened) = (o.weighting, o.sharpened)
  forEachVector(o.slots) { n, count in
    store(log(positive(load(weighting + n, count)) + epsilon) * o.sharpness, sharpened + n, count)
  }
  softmaxRows(1, o.slots, sharpened, sharpened)
}

func sharpeningBackward(_ operands: UnsafePointer<SharpeningBackwardOperands>) {
  let o = operands.pointee
  let (weighting, sharpened, gradient) = (o.weighting, o.sharpened, o.gradient)
  let mean = dot(o.slots, sharpened, gradient)
  var sums = Vector.zero
  forEachVector(o.slots) { n, count in
    let logitGradient = load(sharpened + n, count) * (load(gradient + n, count) - mean)
    let d = load(weighting + n, count)
    let shifted = positive(d) + epsilon
    sums = sums.addingProduct(logitGradient, log(shifted))
    store(choose(.zero, lessThan: d, logitGradient * o.sharpness / shifted, else: .zero), gradient + n, count)
  }
  o.sharpnessGradient[0] += total(sums)
}

/// max(x, 0)
@inline(__always) private func positive(_ x: Vector) -> Vector { choose(.zero, lessThan: x, x, else: .zero) }
