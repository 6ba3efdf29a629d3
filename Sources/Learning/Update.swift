import CKernels
import CPlatform

/// One update by the rule of an optimizer. Parameters don't depend on each other, so any part of them may be updated
/// alone.
///
///     SGD       v ← momentum·v + g                   p ← p − lr·v
///     RMSProp   s ← decay·s + (1 − decay)·g²         m ← momentum·m + lr·g / √(s + ε)      p ← p − m
///     Adam      m, v moving averages of g, g²        p ← p − lr·m̂ / (√v̂ + ε)   (Kingma and Ba 2015, Algorithm 1)
///     AdamW     as Adam, with p ← p − lr·weight_decay·p first   (Loshchilov and Hutter 2019)
///
/// g is the gradient after clipping. s and v are bounded by the greatest number: an infinite one would stay infinite,
/// and its parameter would no longer change.
struct Update<Scalar: Real> {
  private let algorithm: OptimizerConfiguration.Algorithm
  private let momentum, decay, beta1, beta2, epsilon: Scalar
  /// 1 − decay, 1 − beta1, 1 − beta2.
  private let forget, forget1, forget2: Scalar
  /// The learning rate; for Adam, with the bias correction of m.
  private let rate: Scalar
  /// The bias correction of v.
  private let correction2: Scalar
  /// The factor by which AdamW's decay shrinks a parameter.
  private let kept: Scalar
  /// The factor by which clipping scales the gradients.
  private let scale: Double
  /// The largest magnitude of a clipped gradient.
  private let largestGradient: Double

  /// - Parameters:
  ///   - number: the update's number, from 1.
  ///   - norm: ‖g‖ before clipping, finite.
  init(_ c: OptimizerConfiguration, number: UInt64, norm: Double) {
    let isAdam = c.algorithm == .adam || c.algorithm == .adamW
    algorithm = c.algorithm
    momentum = Scalar(c.momentum)
    decay = Scalar(c.decay)
    beta1 = Scalar(c.beta1)
    beta2 = Scalar(c.beta2)
    // A denormal number counts as 0, and must not be a divisor.
    epsilon = Scalar.maximum(Scalar(c.epsilon), .leastNormalMagnitude)
    forget = Scalar(1 - c.decay)
    forget1 = Scalar(1 - c.beta1)
    forget2 = Scalar(1 - c.beta2)
    rate = Scalar(c.learningRate / (isAdam ? 1 - dnc_platform_pow(c.beta1, Double(number)) : 1))
    correction2 = Scalar(1 / (1 - dnc_platform_pow(c.beta2, Double(number))))
    kept = Scalar(1 - (c.algorithm == .adamW ? c.learningRate * c.weightDecay : 0))
    let isClipped = c.maxGradientNorm > 0 && norm > c.maxGradientNorm
    scale = isClipped ? c.maxGradientNorm / norm : 1
    largestGradient = isClipped ? c.maxGradientNorm : norm
  }

  /// True if parameters and first averages of at most 2⁶⁴ certainly stay finite. A rough bound, which nearly all
  /// updates meet.
  var keepsModerateFinite: Bool {
    let most = 0x1p64
    let rate = Double(rate)
    let epsilon = Double(epsilon)
    let step =
      switch algorithm {
      case .sgd: rate * (most + largestGradient)
      case .rmsProp: most + rate * largestGradient * max(1, 1 / epsilon.squareRoot())
      case .adam, .adamW: rate * (most + largestGradient) * max(1, 1 / epsilon)
      }
    return Double(kept).magnitude * most + step < 1e38
  }

  /// - Parameters:
  ///   - gradients: g before clipping; set to 0.
  ///   - first: SGD: v. RMSProp: m. Adam: m.
  ///   - second: RMSProp: s. Adam: v. Unused by SGD.
  func run(
    _ count: Int, gradients: Out<Scalar>, first: Out<Scalar>, second: Out<Scalar>, parameters: Out<Scalar>
  ) {
    let scale = scaled(count, gradients)
    switch algorithm {
    case .sgd: runSGD(count, scale, gradients, first, parameters)
    case .rmsProp: runRMSProp(count, scale, gradients, first, second, parameters)
    case .adam, .adamW: runAdam(count, scale, gradients, first, second, parameters)
    }
  }

  /// Applies the part of the clipping factor that a Float can't hold, and returns the rest.
  private func scaled(_ count: Int, _ gradients: Out<Scalar>) -> Scalar {
    guard scale < 1e-30 else { return Scalar(scale) }
    for i in 0..<count { gradients[i] = Scalar(Double(gradients[i]) * scale) }
    return 1
  }

  private func runSGD(
    _ count: Int, _ scale: Scalar, _ gradients: Out<Scalar>, _ first: Out<Scalar>, _ parameters: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.sgd {
      var operands = SGDOperands(
        count: count, scale: Float(scale), rate: Float(rate), momentum: Float(momentum), gradients: gradients.float,
        first: first.float, parameters: parameters.float)
      return fast(&operands)
    }
    for i in 0..<count {
      first[i] = momentum * first[i] + scale * gradients[i]
      parameters[i] -= rate * first[i]
      gradients[i] = 0
    }
  }

  private func runRMSProp(
    _ count: Int, _ scale: Scalar, _ gradients: Out<Scalar>, _ first: Out<Scalar>, _ second: Out<Scalar>,
    _ parameters: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.rmsProp {
      var operands = RMSPropOperands(
        count: count, scale: Float(scale), rate: Float(rate), momentum: Float(momentum), decay: Float(decay),
        forget: Float(forget), epsilon: Float(epsilon), gradients: gradients.float, first: first.float,
        second: second.float, parameters: parameters.float)
      return fast(&operands)
    }
    for i in 0..<count {
      let g = scale * gradients[i]
      second[i] = (decay * second[i] + forget * g * g).clamped(to: .greatestFiniteMagnitude)
      first[i] = momentum * first[i] + rate * g / (second[i] + epsilon).squareRoot()
      parameters[i] -= first[i]
      gradients[i] = 0
    }
  }

  private func runAdam(
    _ count: Int, _ scale: Scalar, _ gradients: Out<Scalar>, _ first: Out<Scalar>, _ second: Out<Scalar>,
    _ parameters: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.adam {
      var operands = AdamOperands(
        count: count, scale: Float(scale), rate: Float(rate), beta1: Float(beta1), beta2: Float(beta2),
        forget1: Float(forget1), forget2: Float(forget2), correction2: Float(correction2), epsilon: Float(epsilon),
        kept: Float(kept), gradients: gradients.float, first: first.float, second: second.float,
        parameters: parameters.float)
      return fast(&operands)
    }
    for i in 0..<count {
      let g = scale * gradients[i]
      first[i] = beta1 * first[i] + forget1 * g
      second[i] = (beta2 * second[i] + forget2 * g * g).clamped(to: .greatestFiniteMagnitude)
      parameters[i] = kept * parameters[i] - rate * first[i] / ((second[i] * correction2).squareRoot() + epsilon)
      gradients[i] = 0
    }
  }
}
