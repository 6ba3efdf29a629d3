/// xoshiro256** 1.0 by David Blackman and Sebastiano Vigna (2018), its state filled from the seed by
/// SplitMix64 as its authors advise. The same seed gives the same numbers on every machine.
struct Random {
  private var s0, s1, s2, s3: UInt64

  init(seed: UInt64) {
    var splitMix = seed
    s0 = Random.splitMix64(&splitMix)
    s1 = Random.splitMix64(&splitMix)
    s2 = Random.splitMix64(&splitMix)
    s3 = Random.splitMix64(&splitMix)
  }

  /// One of many independent streams of a seed.
  init(seed: UInt64, stream: UInt64) {
    var mixed = seed
    mixed = Random.splitMix64(&mixed) ^ stream
    self.init(seed: Random.splitMix64(&mixed))
  }

  /// A generator with a state, which must not be all zero.
  init(state: (UInt64, UInt64, UInt64, UInt64)) {
    (s0, s1, s2, s3) = state
  }

  static func splitMix64(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func next() -> UInt64 {
    let product = s1 &* 5
    let result = ((product << 7) | (product >> 57)) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = (s3 << 45) | (s3 >> 19)
    return result
  }

  /// Uniform in [0, 1), a multiple of 2⁻²⁴: exact in Float and Double alike.
  mutating func uniform<Scalar: Real>() -> Scalar {
    Scalar(next() >> 40) * 0x1p-24
  }

  /// Uniform in -bound ..< bound.
  mutating func uniform<Scalar: Real>(within bound: Scalar) -> Scalar {
    (2 * uniform() - 1) * bound
  }

  /// A whole number from 0 to count - 1, all equally likely (Lemire 2019); count > 0.
  mutating func below(_ count: Int) -> Int {
    let bound = UInt64(count)
    let threshold = (0 &- bound) % bound
    while true {
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= threshold { return Int(product.high) }
    }
  }
}
