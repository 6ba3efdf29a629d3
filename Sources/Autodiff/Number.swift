import Foundation

/// The number type of matrices: Double for checks, Float for comparing speed.
public protocol Number: BinaryFloatingPoint, Sendable {
  static func exp(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  /// log(1 + x)
  static func log1p(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  /// Σ x[i] y[i]
  static func dot(_ count: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>) -> Self
}

extension Double: Number {
  public static func exp(_ x: Double) -> Double { Foundation.exp(x) }
  public static func log(_ x: Double) -> Double { Foundation.log(x) }
  public static func log1p(_ x: Double) -> Double { Foundation.log1p(x) }
  public static func tanh(_ x: Double) -> Double { Foundation.tanh(x) }
  public static func dot(_ count: Int, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>) -> Double {
    vectorDot(count, x, y)
  }
}

extension Float: Number {
  public static func exp(_ x: Float) -> Float { Foundation.exp(x) }
  public static func log(_ x: Float) -> Float { Foundation.log(x) }
  public static func log1p(_ x: Float) -> Float { Foundation.log1p(x) }
  public static func tanh(_ x: Float) -> Float { Foundation.tanh(x) }
  public static func dot(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>) -> Float {
    vectorDot(count, x, y)
  }
}

extension Number {
  /// σ(x) = 1 / (1 + e⁻ˣ), without overflow for any x.
  static func sigmoid(_ x: Self) -> Self {
    let e = exp(-abs(x))
    return (x < 0 ? e : 1) / (1 + e)
  }
}

/// Written with vectors, because the compiler doesn't reorder the additions of a plain loop.
private func vectorDot<Scalar: SIMDScalar & BinaryFloatingPoint>(
  _ count: Int, _ x: UnsafePointer<Scalar>, _ y: UnsafePointer<Scalar>
) -> Scalar {
  var sums = SIMD8<Scalar>.zero
  var i = 0
  while i + 8 <= count {
    sums +=
      UnsafeRawPointer(x + i).loadUnaligned(as: SIMD8<Scalar>.self)
      * UnsafeRawPointer(y + i).loadUnaligned(as: SIMD8<Scalar>.self)
    i += 8
  }
  var sum = sums.sum()
  while i < count {
    sum += x[i] * y[i]
    i += 1
  }
  return sum
}
