import CKernels

/// Turns the raw interface vector ξ of a memory into parts in their ranges.
protocol TransformedInterface {
  associatedtype Layout
  /// Calls `body` for the parts, one after the other, with the transform of each.
  static func forEachPart(_ at: Layout, _ body: (Range<Int>, InterfaceTransform) -> Void)
}

extension TransformedInterface {
  /// - Parameters:
  ///   - raw: ξ of one sequence.
  ///   - interface: out, the same with every part in its range.
  static func forward<Scalar: Real>(_ layout: Layout, raw: In<Scalar>, interface: Out<Scalar>) {
    forEachPart(layout) { part, transform in transform.forward(part, raw: raw, interface: interface) }
  }

  /// - Parameters:
  ///   - raw: in, ξ; out, its gradient.
  ///   - interface: as `forward` left it.
  ///   - interfaceGradient: of `interface`.
  static func backward<Scalar: Real>(
    _ layout: Layout, raw: Out<Scalar>, interface: In<Scalar>, interfaceGradient: In<Scalar>
  ) {
    forEachPart(layout) { part, transform in
      transform.backward(part, raw: raw, interface: interface, interfaceGradient: interfaceGradient)
    }
  }
}

/// How a part of the raw interface vector comes into its range.
enum InterfaceTransform {
  case identity
  /// oneplus(x) = 1 + log(1 + eˣ)
  case oneplus
  case sigmoid
  /// Of so many numbers at a time.
  case softmax(Int)
  /// µ + (1 − µ) σ(x)
  case mask(Double)

  /// - Parameters:
  ///   - part: the places of the part.
  ///   - raw: ξ.
  ///   - interface: out, in the part's places.
  func forward<Scalar: Real>(_ part: Range<Int>, raw: In<Scalar>, interface: Out<Scalar>) {
    let (raw, interface) = (raw + part.lowerBound, interface + part.lowerBound)
    switch self {
    case .identity: copyValues(part.count, raw, to: interface)
    case .oneplus:
      if let fast = Scalar.kernels?.pointee.oneplus {
        var operands = ActivationOperands(count: part.count, x: raw.float, y: interface.float)
        return fast(&operands)
      }
      for i in 0..<part.count { interface[i] = 1 + .softplus(raw[i]) }
    case .sigmoid:
      if let fast = Scalar.kernels?.pointee.sigmoids {
        var operands = ActivationOperands(count: part.count, x: raw.float, y: interface.float)
        return fast(&operands)
      }
      for i in 0..<part.count { interface[i] = .sigmoid(raw[i]) }
    case .softmax(let count):
      Softmax.forward(rows: part.count / count, count, logits: raw, probabilities: interface)
    case .mask(let minimum):
      InterfaceTransform.sigmoid.forward(0..<part.count, raw: raw, interface: interface)
      guard minimum > 0 else { return }
      for i in 0..<part.count { interface[i] = Scalar(minimum) + (1 - Scalar(minimum)) * interface[i] }
    }
  }

  /// - Parameters:
  ///   - raw: in, ξ; out, its gradient in the part's places.
  ///   - interface: as `forward` left it.
  ///   - interfaceGradient: of `interface`.
  func backward<Scalar: Real>(
    _ part: Range<Int>, raw: Out<Scalar>, interface: In<Scalar>, interfaceGradient: In<Scalar>
  ) {
    let (raw, interface) = (raw + part.lowerBound, interface + part.lowerBound)
    let gradient = interfaceGradient + part.lowerBound
    switch self {
    case .identity: copyValues(part.count, gradient, to: raw)
    case .oneplus:
      if let fast = Scalar.kernels?.pointee.oneplusBackward {
        var operands = OneplusBackwardOperands(count: part.count, yGradient: gradient.float, x: raw.float)
        return fast(&operands)
      }
      for i in 0..<part.count { raw[i] = gradient[i] * .sigmoid(raw[i]) }
    case .sigmoid:
      if let fast = Scalar.kernels?.pointee.sigmoidsBackward {
        var operands = SigmoidsBackwardOperands(
          count: part.count, y: interface.float, yGradient: gradient.float, xGradient: raw.float)
        return fast(&operands)
      }
      for i in 0..<part.count { raw[i] = gradient[i] * interface[i] * (1 - interface[i]) }
    case .softmax(let count):
      Softmax.backward(
        rows: part.count / count, count, probabilities: interface, gradient: gradient, logitGradient: raw)
    case .mask(let minimum):
      // σ(x) is computed again: found from m, a small one would lose its digits.
      for i in 0..<part.count {
        let gate = Scalar.sigmoid(raw[i])
        raw[i] = gradient[i] * (1 - Scalar(minimum)) * gate * (1 - gate)
      }
    }
  }
}
