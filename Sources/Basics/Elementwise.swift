import CKernels

/// Functions of every element, in place.
enum Elementwise {
  static func sigmoid<Scalar: Real>(_ count: Int, _ x: Out<Scalar>) {
    if let fast = Scalar.kernels?.pointee.sigmoids {
      var operands = ActivationOperands(count: count, x: x.float, y: x.float)
      return fast(&operands)
    }
    for i in 0..<count { x[i] = .sigmoid(x[i]) }
  }

  static func tanh<Scalar: Real>(_ count: Int, _ x: Out<Scalar>) {
    if let fast = Scalar.kernels?.pointee.tanhForward {
      var operands = TanhForwardOperands(
        batch: 1, hiddenSize: count, clip: 0, activations: x.float, hidden: x.float, hiddenStride: count)
      return fast(&operands)
    }
    for i in 0..<count { x[i] = .tanh(x[i]) }
  }
}
