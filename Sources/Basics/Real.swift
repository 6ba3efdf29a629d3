import CKernels
import CPlatform

/// The number type of the model: Float in use, Double to check it.
protocol Real: BinaryFloatingPoint, BitwiseCopyable {
  static func exp(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  /// log(1 + x)
  static func log1p(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  /// The fast twins of the mechanisms; nil if this CPU, or this number type, has none.
  static var kernels: UnsafePointer<Kernels>? { get }
  /// The same pointers, where there are kernels: these numbers are then Float.
  static func floats(_ pointer: In<Self>) -> In<Float>
  static func floats(_ pointer: Out<Self>) -> Out<Float>
  /// Bound of the magnitudes of keys, write vectors and memories. With it, the norm of any row is finite. nil for a
  /// type that only checks use.
  static var saturation: Self? { get }
  /// Σ x[i] y[i] as eight interleaved partial sums: `dot` without a kernel.
  static func dot(_ count: Int, _ x: In<Self>, _ y: In<Self>) -> Self
}

extension Real {
  /// ε, in all equations.
  static var epsilon: Self { 1e-6 }
}

extension Float: Real {
  static var kernels: UnsafePointer<Kernels>? { Kernels.active }
  static func floats(_ pointer: In<Float>) -> In<Float> { pointer }
  static func floats(_ pointer: Out<Float>) -> Out<Float> { pointer }
  static var saturation: Float? { 0x1p119 }
  static func dot(_ count: Int, _ x: In<Float>, _ y: In<Float>) -> Float { eightWideDot(count, x, y) }
  static func exp(_ x: Float) -> Float { dnc_platform_expf(x) }
  static func log(_ x: Float) -> Float { dnc_platform_logf(x) }
  static func log1p(_ x: Float) -> Float { log1pf(x) }
  static func tanh(_ x: Float) -> Float { tanhf(x) }
}

extension Double: Real {
  static var kernels: UnsafePointer<Kernels>? { nil }
  // Nobody asks, since there are no kernels; and nothing here may end the host.
  static func floats(_ pointer: In<Double>) -> In<Float> {
    UnsafeRawPointer(pointer).assumingMemoryBound(to: Float.self)
  }
  static func floats(_ pointer: Out<Double>) -> Out<Float> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Float.self)
  }
  static var saturation: Double? { nil }
  static func dot(_ count: Int, _ x: In<Double>, _ y: In<Double>) -> Double { eightWideDot(count, x, y) }
  static func exp(_ x: Double) -> Double { dnc_platform_exp(x) }
  static func log(_ x: Double) -> Double { dnc_platform_log(x) }
  static func log1p(_ x: Double) -> Double { CPlatform.log1p(x) }
  static func tanh(_ x: Double) -> Double { CPlatform.tanh(x) }
}

extension Real {
  /// σ(x) = 1 / (1 + e⁻ˣ), without overflow for any x.
  static func sigmoid(_ x: Self) -> Self {
    let e = exp(-x.magnitude)
    return (x < 0 ? e : 1) / (1 + e)
  }

  /// log(1 + eˣ), without overflow for any x.
  static func softplus(_ x: Self) -> Self {
    Self.maximum(x, 0) + log1p(exp(-x.magnitude))
  }

  /// The number clamped to [-bound, bound]; unchanged for a bound of 0. NaN stays NaN.
  func clamped(to bound: Self) -> Self {
    guard bound > 0, magnitude > bound else { return self }
    return self < 0 ? -bound : bound
  }

  /// Derivative of `clamped(to:)`: 1 up to and including the bound, 0 beyond.
  func passes(_ bound: Self) -> Bool {
    !(bound > 0 && magnitude > bound)
  }
}

/// An array that a function reads, and one that it writes or adds to; the function's comment says which. Comments also
/// give the shapes, row-major.
typealias In<Scalar> = UnsafePointer<Scalar>
typealias Out<Scalar> = UnsafeMutablePointer<Scalar>

/// Σ x[i] y[i], always added up in the same order at one CPU level.
func dot<Scalar: Real>(_ count: Int, _ x: In<Scalar>, _ y: In<Scalar>) -> Scalar {
  if let fast = Scalar.kernels?.pointee.dotProduct {
    var operands = DotProductOperands(count: count, x: x.float, y: y.float)
    return Scalar(fast(&operands))
  }
  return Scalar.dot(count, x, y)
}

/// Σ x[i] y[i] of numbers whose products overflow.
func wideDot<Scalar: Real>(_ count: Int, _ x: In<Scalar>, _ y: In<Scalar>) -> Double {
  var sum = 0.0
  for i in 0..<count { sum += Double(x[i]) * Double(y[i]) }
  return sum
}

/// A quick check that all numbers are finite and far from overflow: the sum of their squares is finite.
func areModerate<Scalar: Real>(_ count: Int, _ x: In<Scalar>) -> Bool {
  if let fast = Scalar.kernels?.pointee.areModerate {
    var operands = ModerateOperands(count: count, x: x.float)
    return fast(&operands)
  }
  return Scalar.dot(count, x, x).isFinite
}

private func eightWideDot<Scalar: SIMDScalar & BinaryFloatingPoint>(
  _ count: Int, _ x: In<Scalar>, _ y: In<Scalar>
) -> Scalar {
  func load(_ x: In<Scalar>) -> SIMD8<Scalar> { UnsafeRawPointer(x).loadUnaligned(as: SIMD8<Scalar>.self) }
  var sums = SIMD8<Scalar>.zero
  var i = 0
  while i + 8 <= count {
    sums += load(x + i) * load(y + i)
    i += 8
  }
  var sum = sums.sum()
  while i < count {
    sum += x[i] * y[i]
    i += 1
  }
  return sum
}

/// y = x; not overlapping. `update(from:count:)` is compiled to a loop over the elements.
func copyValues<Element: BitwiseCopyable>(_ count: Int, _ x: In<Element>, to y: Out<Element>) {
  memcpy(y, x, count * MemoryLayout<Element>.stride)
}

/// y = 0
func setZero<Element: BitwiseCopyable>(_ count: Int, _ y: Out<Element>) {
  memset(y, 0, count * MemoryLayout<Element>.stride)
}

/// y[i] += a x[i]
func addScaled<Scalar: Real>(_ count: Int, _ a: Scalar, _ x: In<Scalar>, to y: Out<Scalar>) {
  if let fast = Scalar.kernels?.pointee.addScaled {
    var operands = ScaledOperands(count: count, a: Float(a), x: x.float, y: y.float)
    return fast(&operands)
  }
  for i in 0..<count { y[i] += a * x[i] }
}

/// y[i] = a x[i]
func scale<Scalar: Real>(_ count: Int, _ a: Scalar, _ x: In<Scalar>, to y: Out<Scalar>) {
  if let fast = Scalar.kernels?.pointee.scale {
    var operands = ScaledOperands(count: count, a: Float(a), x: x.float, y: y.float)
    return fast(&operands)
  }
  for i in 0..<count { y[i] = a * x[i] }
}

func sum<Scalar: Real>(_ count: Int, _ x: In<Scalar>) -> Scalar {
  var sum: Scalar = 0
  for i in 0..<count { sum += x[i] }
  return sum
}
