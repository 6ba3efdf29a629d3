/// The usage for the next write head, after head k has chosen where to write (model.md, section 4):
///
///     u^{k+1} = u^k + (1 − u^k) g^{a,k} g^{w,k} ∘ a^k
enum Occupation {
  /// - Parameters:
  ///   - usage: u^k [N].
  ///   - nextUsage: out, u^{k+1} [N].
  static func forward<Scalar: Real>(
    slots: Int, usage: In<Scalar>, allocation: In<Scalar>, allocationGate: Scalar, writeGate: Scalar,
    nextUsage: Out<Scalar>
  ) {
    let gate = allocationGate * writeGate
    for n in 0..<slots { nextUsage[n] = usage[n] + (1 - usage[n]) * gate * allocation[n] }
  }

  /// - Parameters:
  ///   - usageGradient: [N]. In: of u^{k+1}. Out: of u^k.
  ///   - allocationGradient [N], allocationGateGradient, writeGateGradient: added to.
  static func backward<Scalar: Real>(
    slots: Int, usage: In<Scalar>, allocation: In<Scalar>, allocationGate: Scalar, writeGate: Scalar,
    usageGradient: Out<Scalar>, allocationGradient: Out<Scalar>, allocationGateGradient: Out<Scalar>,
    writeGateGradient: Out<Scalar>
  ) {
    let gate = allocationGate * writeGate
    var gateGradient: Scalar = 0
    for n in 0..<slots {
      let takenGradient = usageGradient[n] * (1 - usage[n])
      gateGradient += takenGradient * allocation[n]
      allocationGradient[n] += takenGradient * gate
      usageGradient[n] *= 1 - gate * allocation[n]
    }
    allocationGateGradient[0] += gateGradient * writeGate
    writeGateGradient[0] += gateGradient * allocationGate
  }
}
