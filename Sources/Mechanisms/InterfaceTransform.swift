import CKernels

/// Which parts the raw interface vector ξ of a memory has, and how each comes into its range.
protocol TransformedInterface {
  associatedtype Layout
  /// Calls `body` for the parts, one after the other, with the transform of each.
  static func forEachPart(_ at: Layout, _ body: (Range<Int>, InterfaceTransform) -> Void)
}

/// Turns ξ into parts in their ranges, and their gradients into that of ξ. Lists the parts once, for a kernel to go through all.
struct TransformedParts {
  let start: UnsafeMutablePointer<TransformedPart>
  let count: Int
  private let hasMasks: Bool

  init<Interface: TransformedInterface>(
    _ carver: inout Carver, of interface: Interface.Type, _ layout: Interface.Layout
  ) {
    // No interface has more.
    let start = carver.take(16, of: TransformedPart.self)
    let isMeasuring = carver.isMeasuring
    var (count, hasMasks) = (0, false)
    interface.forEachPart(layout) { range, transform in
      guard !range.isEmpty, !isMeasuring else { return }
      start[count] = transform.part(range)
      count += 1
      if case .mask = transform { hasMasks = true }
    }
    (self.start, self.count, self.hasMasks) = (start, count, hasMasks)
  }

  /// - Parameters:
  ///   - raw: ξ of one sequence.
  ///   - interface: out, the same with every part in its range.
  @inline(never) func forward<Scalar: Real>(raw: In<Scalar>, interface: Out<Scalar>) {
    let fast = Scalar.kernels?.pointee.interfaceForward
    if let fast {
      var operands = InterfaceForwardOperands(count: count, parts: start, raw: raw.float, interface: interface.float)
      fast(&operands)
      guard hasMasks else { return }
    }
    for i in 0..<count where fast == nil || start[i].transform == DNC_PART_MASK {
      let (first, transform) = (start[i].first, InterfaceTransform(start[i]))
      transform.forward(start[i].count, raw: raw + first, interface: interface + first)
    }
  }

  /// - Parameters:
  ///   - raw: in, ξ; out, its gradient.
  ///   - interface: as `forward` left it.
  ///   - interfaceGradient: of `interface`.
  @inline(never) func backward<Scalar: Real>(raw: Out<Scalar>, interface: In<Scalar>, interfaceGradient: In<Scalar>) {
    let fast = Scalar.kernels?.pointee.interfaceBackward
    if let fast {
      var operands = InterfaceBackwardOperands(
        count: count, parts: start, raw: raw.float, interface: interface.float,
        interfaceGradient: interfaceGradient.float)
      fast(&operands)
      guard hasMasks else { return }
    }
    for i in 0..<count where fast == nil || start[i].transform == DNC_PART_MASK {
      let (first, transform) = (start[i].first, InterfaceTransform(start[i]))
      transform.backward(
        start[i].count, raw: raw + first, interface: interface + first, gradient: interfaceGradient + first)
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

  /// That of a part, as the kernels have it.
  init(_ part: TransformedPart) {
    self =
      switch Int(part.transform) {
      case DNC_PART_ONEPLUS: .oneplus
      case DNC_PART_SIGMOID: .sigmoid
      case DNC_PART_SOFTMAX: .softmax(Int(part.width))
      case DNC_PART_MASK: .mask(part.minimum)
      default: .identity
      }
  }

  /// The part in these places, for the kernels.
  func part(_ range: Range<Int>) -> TransformedPart {
    var part = TransformedPart(
      transform: Int32(DNC_PART_IDENTITY), width: 1, first: range.lowerBound, count: range.count, minimum: 0)
    switch self {
    case .identity: break
    case .oneplus: part.transform = Int32(DNC_PART_ONEPLUS)
    case .sigmoid: part.transform = Int32(DNC_PART_SIGMOID)
    case .softmax(let width): (part.transform, part.width) = (Int32(DNC_PART_SOFTMAX), Int32(width))
    case .mask(let minimum): (part.transform, part.minimum) = (Int32(DNC_PART_MASK), minimum)
    }
    return part
  }

  /// - Parameters:
  ///   - raw: x, the numbers of the part in ξ.
  ///   - interface: out, in their range.
  func forward<Scalar: Real>(_ count: Int, raw: In<Scalar>, interface: Out<Scalar>) {
    switch self {
    case .identity: copyValues(count, raw, to: interface)
    case .oneplus: for i in 0..<count { interface[i] = 1 + .softplus(raw[i]) }
    case .sigmoid: for i in 0..<count { interface[i] = .sigmoid(raw[i]) }
    case .softmax(let width): Softmax.forward(rows: count / width, width, logits: raw, probabilities: interface)
    case .mask(let minimum):
      copyValues(count, raw, to: interface)
      Elementwise.sigmoid(count, interface)
      for i in 0..<count { interface[i] = Scalar(minimum) + (1 - Scalar(minimum)) * interface[i] }
    }
  }

  /// - Parameters:
  ///   - raw: in, x; out, its gradient.
  ///   - interface: as `forward` left it.
  ///   - gradient: of `interface`.
  func backward<Scalar: Real>(_ count: Int, raw: Out<Scalar>, interface: In<Scalar>, gradient: In<Scalar>) {
    switch self {
    case .identity: copyValues(count, gradient, to: raw)
    case .oneplus: for i in 0..<count { raw[i] = gradient[i] * .sigmoid(raw[i]) }
    case .sigmoid: for i in 0..<count { raw[i] = gradient[i] * interface[i] * (1 - interface[i]) }
    case .softmax(let width):
      Softmax.backward(
        rows: count / width, width, probabilities: interface, gradient: gradient, logitGradient: raw)
    case .mask(let minimum):
      // σ(x) is computed again: found from m, a small one would lose its digits.
      for i in 0..<count {
        let gate = Scalar.sigmoid(raw[i])
        raw[i] = gradient[i] * (1 - Scalar(minimum)) * gate * (1 - gate)
      }
    }
  }
}
