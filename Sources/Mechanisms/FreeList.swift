import CKernels

/// φ: the slots in ascending order of usage, the freest first (model.md, section 4; the paper's free list).
enum FreeList {
  /// Numbers of scratch that `sort` needs. A kernel fills its keys up to the next power of two.
  static func scratchCount(slots: Int) -> Int { 2 * slots + (1 << digitBits) }

  private static let digitBits = 9
  /// Up to this number of slots, insertion sort is faster than two radix passes.
  private static let few = 32
  /// Up to this number a kernel is faster; it can sort 16,383.
  private static let mostSorted = 2048

  /// Sorts integer keys, equal ones by the lower index: with a kernel, or by insertion, or by radix in two stable passes of
  /// nine bits.
  ///
  /// - Parameters:
  ///   - usage: u^k [N].
  ///   - order: out, φ [N].
  static func sort<Scalar: Real>(slots: Int, usage: In<Scalar>, order: Out<UInt32>, scratch: Out<UInt32>) {
    let keys = scratch
    let byLowDigit = keys + slots
    let ends = byLowDigit + slots
    if let fast = Scalar.kernels?.pointee.usageKeys {
      var operands = UsageKeysOperands(count: slots, usage: usage.float, keys: keys)
      fast(&operands)
    } else {
      for n in 0..<slots { keys[n] = key(usage[n]) }
    }
    if slots <= mostSorted, let fast = Scalar.kernels?.pointee.sortKeys {
      var operands = SortKeysOperands(count: slots, keys: keys, order: order)
      return fast(&operands)
    }
    for n in 0..<slots { order[n] = UInt32(truncatingIfNeeded: n) }
    guard slots > few else { return insert(slots, keys: keys, order: order) }
    pass(slots, keys: keys, shift: 0, from: order, to: byLowDigit, ends: ends)
    pass(slots, keys: keys, shift: digitBits, from: byLowDigit, to: order, ends: ends)
  }

  /// round(s · 2¹⁶), 17 bits for a usage of 0 to 1. The bounds guard against other numbers from the caller, NaN
  /// included.
  private static func key<Scalar: Real>(_ usage: Scalar) -> UInt32 {
    let key = (Allocation.raised(usage) * 65536).rounded(.toNearestOrEven)
    let largest: Scalar = 262143
    return key >= 0 ? UInt32(key < largest ? key : largest) : 0
  }

  private static func insert(_ count: Int, keys: Out<UInt32>, order: Out<UInt32>) {
    for i in 1..<max(count, 1) {
      let (key, slot) = (keys[i], order[i])
      var j = i
      while j > 0, keys[j - 1] > key {
        (keys[j], order[j]) = (keys[j - 1], order[j - 1])
        j -= 1
      }
      (keys[j], order[j]) = (key, slot)
    }
  }

  private static func pass(
    _ count: Int, keys: In<UInt32>, shift: Int, from: In<UInt32>, to: Out<UInt32>, ends: Out<UInt32>
  ) {
    let digits = 1 << digitBits
    func digit(_ n: UInt32) -> Int { Int(keys[Int(n)]) >> shift & (digits - 1) }

    setZero(digits, ends)
    for i in 0..<count { ends[digit(from[i])] += 1 }
    for d in 1..<digits { ends[d] += ends[d - 1] }
    for i in (0..<count).reversed() {
      let d = digit(from[i])
      ends[d] -= 1
      to[Int(ends[d])] = from[i]
    }
  }
}
