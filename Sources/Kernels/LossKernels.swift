// The sigmoid cross-entropy, in Double as its plain twin. See `Loss`.

import CKernels
import CVector

/// Σ max(z, 0) − z q and the small log(1 + e), e = e^−|z|; the product of the other 1 + e.
func sigmoidLoss(_ operands: UnsafePointer<SigmoidLossOperands>) -> Double {
  let o = operands.pointee
  let (zero, one, share) = (Doubles.zero, Doubles(repeating: 1), Doubles(repeating: o.share))
  var sum = zero
  var product = one
  var i = 0
  while i < o.count {
    let n = min(8, o.count - i)
    let q = loadDoubles(o.q + i, n)
    // What is not there adds 0.
    let z = dnc_first8(loadDoubles(o.z + i, n), Int32(truncatingIfNeeded: n), Doubles(repeating: -1000))
    let magnitude = dnc_choose_double8(z, zero, -z, z)
    let e = exp(ofMinus: magnitude)
    // 1 + e would round a small e away: five terms of the series.
    var series = Doubles(repeating: -1 / 4).addingProduct(e, Doubles(repeating: 1 / 5))
    series = Doubles(repeating: 1 / 3).addingProduct(e, series)
    series = Doubles(repeating: -1 / 2).addingProduct(e, series)
    series = one.addingProduct(e, series)
    let least = Doubles(repeating: 0x1p-10)
    sum += dnc_choose_double8(zero, z, z, zero).addingProduct(-z, q) + dnc_choose_double8(e, least, e * series, zero)
    product *= dnc_choose_double8(e, least, one, one + e)
    if let gradient = o.gradient {
      let p = dnc_choose_double8(z, zero, e, one) / (one + e)
      let numbers = dnc_narrow8(share * (p - q))
      if n == 8 {
        dnc_store8(numbers, gradient + i)
      } else {
        for j in 0..<n { gradient[i + j] = numbers[j] }
      }
    }
    i += 8
  }
  let factors = product.lowHalf * product.highHalf
  o.product.pointee = factors.x * factors.y * (factors.z * factors.w)
  return total(sum)
}

/// e⁻ˣ for x ≥ 0; 0 from 708 on. n log 2 is taken from −x in two parts, and the series of the rest, at most 0.35, goes to its
/// thirteenth power.
@inline(__always) private func exp(ofMinus x: Doubles) -> Doubles {
  let most = Doubles(repeating: 708)
  let bounded = dnc_choose_double8(x, most, -x, -most)
  // Adding 1.5 · 2⁵² rounds to a whole number and leaves it in the lowest bits.
  let magic = Doubles(repeating: 0x1.8p52)
  let shifted = magic.addingProduct(bounded, Doubles(repeating: 0x1.71547652b82fep0))
  let n = shifted - magic
  let r = bounded.addingProduct(n, Doubles(repeating: -0x1.62e42fee00000p-1)).addingProduct(
    n, Doubles(repeating: -0x1.a39ef35793c76p-33))
  var p = Doubles(repeating: 1 / 6_227_020_800)
  p = Doubles(repeating: 1 / 479_001_600).addingProduct(p, r)
  p = Doubles(repeating: 1 / 39_916_800).addingProduct(p, r)
  p = Doubles(repeating: 1 / 3_628_800).addingProduct(p, r)
  p = Doubles(repeating: 1 / 362_880).addingProduct(p, r)
  p = Doubles(repeating: 1 / 40320).addingProduct(p, r)
  p = Doubles(repeating: 1 / 5040).addingProduct(p, r)
  p = Doubles(repeating: 1 / 720).addingProduct(p, r)
  p = Doubles(repeating: 1 / 120).addingProduct(p, r)
  p = Doubles(repeating: 1 / 24).addingProduct(p, r)
  p = Doubles(repeating: 1 / 6).addingProduct(p, r)
  p = Doubles(repeating: 1 / 2).addingProduct(p, r)
  let e = (r + 1).addingProduct(p, r * r)
  let power = unsafeBitCast(shifted, to: SIMD8<UInt64>.self) &<< 52 &+ 0x3FF0_0000_0000_0000
  return dnc_choose_double8(x, most, e * unsafeBitCast(power, to: Doubles.self), .zero)
}
