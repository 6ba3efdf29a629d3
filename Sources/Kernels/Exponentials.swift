/// eˣ; reduction and polynomial after S. Moshier's Cephes. Below -87.3 it is not 0 but about 10⁻³⁸. NaN stays NaN.
@inline(__always) func exp(_ x: Vector) -> Vector {
  let least = Vector(repeating: -87.3)
  let greatest = Vector(repeating: 88.3)
  let bounded = choose(x, lessThan: least, least, else: choose(greatest, lessThan: x, greatest, else: x))
  // Adding 1.5 · 2²³ rounds to a whole number and leaves it in the lowest bits.
  let magic = Vector(repeating: 12_582_912)
  let shifted = magic.addingProduct(bounded, Vector(repeating: 1.442_695_04))
  let n = shifted - magic
  let r = bounded.addingProduct(n, Vector(repeating: -0.693_359_375)).addingProduct(
    n, Vector(repeating: 2.121_944_4e-4))
  var p = Vector(repeating: 1.987_569_15e-4)
  p = Vector(repeating: 1.398_199_950_7e-3).addingProduct(p, r)
  p = Vector(repeating: 8.333_451_907_3e-3).addingProduct(p, r)
  p = Vector(repeating: 4.166_579_589_4e-2).addingProduct(p, r)
  p = Vector(repeating: 1.666_666_545_9e-1).addingProduct(p, r)
  p = Vector(repeating: 5.000_000_120_1e-1).addingProduct(p, r)
  let e = (r + 1).addingProduct(p, r * r)
  let power = unsafeBitCast(shifted, to: Bits.self) &<< 23 &+ 0x3F80_0000
  return e * unsafeBitCast(power, to: Vector.self)
}

/// 1 / (1 + e⁻ˣ)
@inline(__always) func sigmoid(_ x: Vector) -> Vector {
  let e = exp(choose(.zero, lessThan: x, -x, else: x))
  return choose(x, lessThan: .zero, e, else: Vector(repeating: 1)) / (1 + e)
}

/// Near 0 by Cephes' polynomial, elsewhere by 1 − 2 / (e²ˣ + 1).
@inline(__always) func tanh(_ x: Vector) -> Vector {
  let square = x * x
  var p = Vector(repeating: -5.704_988_727_45e-3)
  p = Vector(repeating: 2.063_908_879_54e-2).addingProduct(p, square)
  p = Vector(repeating: -5.373_971_555_31e-2).addingProduct(p, square)
  p = Vector(repeating: 1.333_144_220_36e-1).addingProduct(p, square)
  p = Vector(repeating: -3.333_328_194_22e-1).addingProduct(p, square)
  let small = x.addingProduct(p * square, x)
  let magnitude = choose(x, lessThan: .zero, -x, else: x)
  let large = 1 - 2 / (exp(magnitude + magnitude) + 1)
  let signed = choose(x, lessThan: .zero, -large, else: large)
  return choose(Vector(repeating: 0.625), lessThan: magnitude, signed, else: small)
}

/// log(x) for a positive x that is not denormal: its exponent, and twice the area tangent of (m − 1) / (m + 1) for the rest m
/// between √½ and √2, by its series.
@inline(__always) func log(_ x: Vector) -> Vector {
  let bits = unsafeBitCast(x, to: Bits.self)
  // Exponents are counted from that of √½, plus 127.
  let exponent = (bits &- 0x3F35_04F3 &+ 0x3F80_0000) &>> 23
  let m = unsafeBitCast(bits &- (exponent &<< 23) &+ 0x3F80_0000, to: Vector.self)
  let n = unsafeBitCast(exponent | 0x4B00_0000, to: Vector.self) - (8_388_608 + 127)
  let s = (m - 1) / (m + 1)
  let square = s * s
  var p = Vector(repeating: 2 / 9)
  p = Vector(repeating: 2 / 7).addingProduct(p, square)
  p = Vector(repeating: 2 / 5).addingProduct(p, square)
  p = Vector(repeating: 2 / 3).addingProduct(p, square)
  let rest = (s + s).addingProduct(p * square, s)
  return rest.addingProduct(n, Vector(repeating: -2.121_944_4e-4)).addingProduct(n, Vector(repeating: 0.693_359_375))
}

/// log(1 + e) for e of 0 to 1: twice the area tangent of e / (2 + e), which is at most a third, by its series.
@inline(__always) func log1p(_ e: Vector) -> Vector {
  let s = e / (e + 2)
  let square = s * s
  var p = Vector(repeating: 2 / 15)
  p = Vector(repeating: 2 / 13).addingProduct(p, square)
  p = Vector(repeating: 2 / 11).addingProduct(p, square)
  p = Vector(repeating: 2 / 9).addingProduct(p, square)
  p = Vector(repeating: 2 / 7).addingProduct(p, square)
  p = Vector(repeating: 2 / 5).addingProduct(p, square)
  p = Vector(repeating: 2 / 3).addingProduct(p, square)
  return (s + s).addingProduct(p * square, s)
}
