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
enum Interface: TransformedInterface {
  static func forEachPart(_ at: InterfaceLayout, _ body: (Range<Int>, InterfaceTransform) -> Void) {
    body(at.readKeys..<at.readStrengths, .identity)
    body(at.readStrengths..<at.writeKeys, .oneplus)
    body(at.writeKeys..<at.writeStrengths, .identity)
    body(at.writeStrengths..<at.eraseVectors, .oneplus)
    body(at.eraseVectors..<at.writeVectors, .sigmoid)
    body(at.writeVectors..<at.freeGates, .identity)
    body(at.freeGates..<at.readModes, .sigmoid)
    if at.hasLinks { body(at.readModes..<at.readMasks, .softmax(at.modes)) }
    if let minimum = at.maskMinimum { body(at.readMasks..<at.backwardSharpness, .mask(minimum)) }
    body(at.backwardSharpness..<at.count, .oneplus)
  }
}
