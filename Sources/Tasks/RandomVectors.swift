/// Vectors of fair random bits, each of which can be had at any time and in any order.
struct RandomVectors {
  /// How many vectors a task may ask for.
  static let counts = 1...1_000_000

  private let seed: UInt64

  init(_ random: inout Random) { seed = random.next() }

  /// The bits of vector `index` as 0 and 1; `bits` is all zero before.
  func write(_ index: Int, _ width: Int, _ bits: Out<Float>) {
    var random = Random(seed: seed, stream: UInt64(index))
    var word: UInt64 = 0
    for bit in 0..<width {
      if bit & 63 == 0 { word = random.next() }
      bits[bit] = Float(word & 1)
      word >>= 1
    }
  }
}
