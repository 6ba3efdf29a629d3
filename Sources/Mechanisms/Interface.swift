import CKernels

/// The offsets of the parts of the interface vector ξ (model.md, section 2).
struct InterfaceLayout {
  let readHeads, writeHeads, wordSize: Int
  /// False if every read head reads by content: then there are no read modes.
  var hasLinks = true
  /// µ, if the heads have masks.
  var maskMinimum: Double?
  var sharpensLinks = false
  /// Modes per read head: backward for each write head, content, forward for each write head.
  var modes: Int { hasLinks ? 2 * writeHeads + 1 : 0 }

  /// The width of a head's mask; 0 without masks.
  var maskWidth: Int { maskMinimum == nil ? 0 : wordSize }
  /// Per read head and direction; 0 if links are not sharpened.
  var sharpnesses: Int { sharpensLinks ? writeHeads : 0 }

  /// Offsets of the parts: the paper's in its order, then those of variants.
  var readKeys: Int { 0 }
  var readStrengths: Int { readHeads * wordSize }
  var writeKeys: Int { readStrengths + readHeads }
  var writeStrengths: Int { writeKeys + writeHeads * wordSize }
  var eraseVectors: Int { writeStrengths + writeHeads }
  var writeVectors: Int { eraseVectors + writeHeads * wordSize }
  var freeGates: Int { writeVectors + writeHeads * wordSize }
  var allocationGates: Int { freeGates + readHeads }
  var writeGates: Int { allocationGates + writeHeads }
  var readModes: Int { writeGates + writeHeads }
  var readMasks: Int { readModes + readHeads * modes }
  var writeMasks: Int { readMasks + readHeads * maskWidth }
  var backwardSharpness: Int { writeMasks + writeHeads * maskWidth }
  var forwardSharpness: Int { backwardSharpness + readHeads * sharpnesses }
  /// The width of ξ.
  var count: Int { forwardSharpness + readHeads * sharpnesses }
}

/// The parts of an interface vector, or of its gradient.
struct InterfaceParts<Pointer: ScalarPointer> {
  let start: Pointer
  let at: InterfaceLayout

  /// k [R, W], β [R], π [R, 2K+1] of the read heads.
  var readKeys: Pointer { start.advanced(by: at.readKeys) }
  var readStrengths: Pointer { start.advanced(by: at.readStrengths) }
  var readModes: Pointer { start.advanced(by: at.readModes) }
  /// k [K, W], β, g^a, g^w [K] of the write heads.
  var writeKeys: Pointer { start.advanced(by: at.writeKeys) }
  var writeStrengths: Pointer { start.advanced(by: at.writeStrengths) }
  var allocationGates: Pointer { start.advanced(by: at.allocationGates) }
  var writeGates: Pointer { start.advanced(by: at.writeGates) }
  /// e, v [K, W].
  var eraseVectors: Pointer { start.advanced(by: at.eraseVectors) }
  var writeVectors: Pointer { start.advanced(by: at.writeVectors) }
  /// f [R].
  var freeGates: Pointer { start.advanced(by: at.freeGates) }
  /// m [R, W] and [K, W]; nil without masks.
  var readMasks: Pointer? { at.maskMinimum == nil ? nil : start.advanced(by: at.readMasks) }
  var writeMasks: Pointer? { at.maskMinimum == nil ? nil : start.advanced(by: at.writeMasks) }
  /// s^b, s^f [R, K].
  var backwardSharpness: Pointer { start.advanced(by: at.backwardSharpness) }
  var forwardSharpness: Pointer { start.advanced(by: at.forwardSharpness) }
}

/// Turns the raw interface vector ξ = W_ξ ν + b_ξ into keys, strengths, gates and modes in their ranges (model.md,
/// section 2): strengths and sharpness by oneplus(x) = 1 + log(1 + eˣ), erase vectors and gates by σ, modes by a softmax per read
/// head, masks by m = µ + (1 − µ) σ(x). Keys and write vectors stay unchanged.
enum Interface {
  /// - Parameters:
  ///   - raw: ξ of one sequence.
  ///   - interface: out, the same with every part in its range.
  static func forward<Scalar: Real>(_ layout: InterfaceLayout, raw: In<Scalar>, interface: Out<Scalar>) {
    func identity(_ part: Range<Int>) {
      copyValues(part.count, raw + part.lowerBound, to: interface + part.lowerBound)
    }
    func oneplus(_ part: Range<Int>) {
      if let fast = Scalar.kernels?.oneplus {
        return fast(part.count, (raw + part.lowerBound).float, (interface + part.lowerBound).float)
      }
      for i in part { interface[i] = 1 + .softplus(raw[i]) }
    }
    func sigmoid(_ part: Range<Int>) {
      if let fast = Scalar.kernels?.sigmoids {
        return fast(part.count, (raw + part.lowerBound).float, (interface + part.lowerBound).float)
      }
      for i in part { interface[i] = .sigmoid(raw[i]) }
    }

    identity(layout.readKeys..<layout.readStrengths)
    oneplus(layout.readStrengths..<layout.writeKeys)
    identity(layout.writeKeys..<layout.writeStrengths)
    oneplus(layout.writeStrengths..<layout.eraseVectors)
    sigmoid(layout.eraseVectors..<layout.writeVectors)
    identity(layout.writeVectors..<layout.freeGates)
    sigmoid(layout.freeGates..<layout.readModes)
    if layout.hasLinks {
      Softmax.forward(
        rows: layout.readHeads, layout.modes, logits: raw + layout.readModes,
        probabilities: interface + layout.readModes)
    }
    oneplus(layout.backwardSharpness..<layout.count)
    guard let minimum = layout.maskMinimum else { return }
    let masks = layout.readMasks..<layout.backwardSharpness
    sigmoid(masks)
    guard minimum > 0 else { return }
    for i in masks {
      interface[i] = Scalar(minimum) + (1 - Scalar(minimum)) * interface[i]
    }
  }

  /// - Parameters:
  ///   - raw: in, ξ; out, its gradient.
  ///   - interface: as `forward` left it.
  ///   - interfaceGradient: of `interface`.
  static func backward<Scalar: Real>(
    _ layout: InterfaceLayout, raw: Out<Scalar>, interface: In<Scalar>, interfaceGradient: In<Scalar>
  ) {
    func identity(_ part: Range<Int>) {
      copyValues(part.count, interfaceGradient + part.lowerBound, to: raw + part.lowerBound)
    }
    func oneplus(_ part: Range<Int>) {
      if let fast = Scalar.kernels?.oneplusBackward {
        return fast(part.count, (interfaceGradient + part.lowerBound).float, (raw + part.lowerBound).float)
      }
      for i in part { raw[i] = interfaceGradient[i] * .sigmoid(raw[i]) }
    }
    func sigmoid(_ part: Range<Int>) {
      if let fast = Scalar.kernels?.sigmoidsBackward {
        return fast(
          part.count, (interface + part.lowerBound).float, (interfaceGradient + part.lowerBound).float,
          (raw + part.lowerBound).float)
      }
      for i in part { raw[i] = interfaceGradient[i] * interface[i] * (1 - interface[i]) }
    }

    identity(layout.readKeys..<layout.readStrengths)
    oneplus(layout.readStrengths..<layout.writeKeys)
    identity(layout.writeKeys..<layout.writeStrengths)
    oneplus(layout.writeStrengths..<layout.eraseVectors)
    sigmoid(layout.eraseVectors..<layout.writeVectors)
    identity(layout.writeVectors..<layout.freeGates)
    sigmoid(layout.freeGates..<layout.readModes)
    if layout.hasLinks {
      Softmax.backward(
        rows: layout.readHeads, layout.modes, probabilities: interface + layout.readModes,
        gradient: interfaceGradient + layout.readModes, logitGradient: raw + layout.readModes)
    }
    oneplus(layout.backwardSharpness..<layout.count)
    guard let minimum = layout.maskMinimum else { return }
    // σ(x) is computed again: found from m, a small one would lose its digits.
    for i in layout.readMasks..<layout.backwardSharpness {
      let gate = Scalar.sigmoid(raw[i])
      raw[i] = interfaceGradient[i] * (1 - Scalar(minimum)) * gate * (1 - gate)
    }
  }
}
