/// Where to write when nothing in use is to be overwritten (model.md, section 4; the paper's allocation weighting a).
/// With u^k the usage as write head k finds it, and ε = 1e-6,
///
///     s = ε + (1 − ε) u^k        φ = indices ordered by round(s · 2¹⁶), ascending, equal ones by the lower index first
///     a[φ_j] = (1 − s[φ_j]) Π_{i<j} s[φ_i]
///
/// For the gradient, φ is a constant.
enum Allocation {
  /// s = ε + (1 − ε) u^k
  static func raised<Scalar: Real>(_ usage: Scalar) -> Scalar { .epsilon + (1 - .epsilon) * usage }

  /// - Parameters:
  ///   - usage: u^k [N].
  ///   - order: φ [N], from `FreeList`.
  ///   - allocation: out, a [N].
  static func forward<Scalar: Real>(slots: Int, usage: In<Scalar>, order: In<UInt32>, allocation: Out<Scalar>) {
    var product: Scalar = 1
    for j in 0..<slots {
      let n = Int(order[j])
      let s = raised(usage[n])
      allocation[n] = (1 - s) * product
      product *= s
    }
  }

  /// Walks φ backwards, so that the product of the later factors is at hand and nothing is divided:
  /// with P_j = Π_{i<j} s[φ_i], the gradient of P_j is (1 − s) aGradient + s · the gradient of P_{j+1}.
  ///
  /// - Parameters:
  ///   - allocationGradient: of a [N].
  ///   - usageGradient: of u^k [N], added to.
  ///   - products: scratch [N].
  static func backward<Scalar: Real>(
    slots: Int, usage: In<Scalar>, order: In<UInt32>, allocationGradient: In<Scalar>, usageGradient: Out<Scalar>,
    products: Out<Scalar>
  ) {
    var product: Scalar = 1
    for j in 0..<slots {
      products[j] = product
      product *= raised(usage[Int(order[j])])
    }
    var productGradient: Scalar = 0
    for j in (0..<slots).reversed() {
      let n = Int(order[j])
      let s = raised(usage[n])
      let sGradient = products[j] * (productGradient - allocationGradient[n])
      usageGradient[n] += (1 - .epsilon) * sGradient
      productGradient = s * productGradient + (1 - s) * allocationGradient[n]
    }
  }
}
