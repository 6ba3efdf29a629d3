import CKernels

/// Where one head writes (model.md, section 5): w^w = g^w (g^a a + (1 − g^a) c).
enum WriteWeighting {
  /// - Parameters:
  ///   - allocation, content: a, c [N].
  ///   - allocationGate, writeGate: g^a, g^w.
  ///   - weighting: out, w^w [N].
  static func forward<Scalar: Real>(
    slots: Int, allocation: In<Scalar>, content: In<Scalar>, allocationGate: Scalar, writeGate: Scalar,
    weighting: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.writeWeightingForward {
      var operands = WriteWeightingForwardOperands(
        slots: slots, allocation: allocation.float, content: content.float, allocationGate: Float(allocationGate),
        writeGate: Float(writeGate), weighting: weighting.float)
      return fast(&operands)
    }
    scale(slots, writeGate * allocationGate, allocation, to: weighting)
    addScaled(slots, writeGate * (1 - allocationGate), content, to: weighting)
  }

  /// - Parameters:
  ///   - weightingGradient: of w^w [N].
  ///   - allocationGradient, contentGradient: [N], written.
  ///   - allocationGateGradient, writeGateGradient: added to.
  static func backward<Scalar: Real>(
    slots: Int, allocation: In<Scalar>, content: In<Scalar>, allocationGate: Scalar, writeGate: Scalar,
    weightingGradient: In<Scalar>, allocationGradient: Out<Scalar>, contentGradient: Out<Scalar>,
    allocationGateGradient: Out<Scalar>, writeGateGradient: Out<Scalar>
  ) {
    if let fast = Scalar.kernels?.pointee.writeWeightingBackward {
      var operands = WriteWeightingBackwardOperands(
        slots: slots, allocation: allocation.float, content: content.float, allocationGate: Float(allocationGate),
        writeGate: Float(writeGate), weightingGradient: weightingGradient.float,
        allocationGradient: allocationGradient.float, contentGradient: contentGradient.float,
        allocationGateGradient: allocationGateGradient.float, writeGateGradient: writeGateGradient.float)
      return fast(&operands)
    }
    scale(slots, writeGate * allocationGate, weightingGradient, to: allocationGradient)
    scale(slots, writeGate * (1 - allocationGate), weightingGradient, to: contentGradient)
    let towardsAllocation = dot(slots, weightingGradient, allocation)
    let towardsContent = dot(slots, weightingGradient, content)
    writeGateGradient[0] += allocationGate * towardsAllocation + (1 - allocationGate) * towardsContent
    allocationGateGradient[0] += writeGate * (towardsAllocation - towardsContent)
  }
}
