/// Dropout on the bypass (Franke, Niehues and Waibel 2018; model.md, "Dropout on the bypass"): the output sees
///
///     ν ∘ m / (1 − rate)
///
/// in place of ν, the memory all of it. m[j] is 0 with probability rate, else 1, and depends on nothing but the seed, the step, the sequence
/// and the unit. So no order of computing changes it, and `backward` draws it again.
struct BypassDropout<Scalar: Real> {
  /// 0 to below 1.
  let rate: Scalar
  let seed: UInt64

  /// - Parameters:
  ///   - step: counted from the last reset.
  ///   - controller: ν of a sequence [count].
  ///   - dropped: out, ν ∘ m / (1 − rate) [count], bounded by the largest number.
  func forward(step: Int, sequence: Int, _ count: Int, controller: In<Scalar>, dropped: Out<Scalar>) {
    var random = generator(step, sequence)
    let factor = 1 / (1 - rate)
    for j in 0..<count {
      dropped[j] = keeps(&random) ? (controller[j] * factor).clamped(to: .greatestFiniteMagnitude) : 0
    }
  }

  /// - Parameter gradient: in, of ν ∘ m / (1 − rate); out, of ν [count].
  func backward(step: Int, sequence: Int, _ count: Int, gradient: Out<Scalar>) {
    var random = generator(step, sequence)
    let factor = 1 / (1 - rate)
    for j in 0..<count { gradient[j] = keeps(&random) ? gradient[j] * factor : 0 }
  }

  /// The state of SplitMix64 whose next numbers are those of the units: the seed, the step and the sequence, mixed one by one.
  private func generator(_ step: Int, _ sequence: Int) -> UInt64 {
    var state = seed
    state = Random.splitMix64(&state) ^ UInt64(step)
    state = Random.splitMix64(&state) ^ UInt64(sequence)
    return Random.splitMix64(&state)
  }

  /// m of the next unit: 0 where the number's first 24 bits, as a fraction, are below p.
  private func keeps(_ state: inout UInt64) -> Bool { Scalar(Random.splitMix64(&state) >> 40) * 0x1p-24 >= rate }
}
