/// The offsets of the parts of the interface vector ξ (model.md, section 2).
struct InterfaceLayout {
  let readHeads, writeHeads, wordSize: Int
  /// µ
  var maskMinimum: Double
  /// Modes per read head: backward for each write head, content, forward for each write head; 0 without links.
  let modes: Int
  /// The width of a head's mask; 0 without masks.
  let maskWidth: Int
  /// Per read head and direction; 0 if links are not sharpened.
  let sharpnesses: Int

  /// - Parameters:
  ///   - hasLinks: false if every read head reads by content: then there are no read modes.
  ///   - maskMinimum: µ, if there are masks.
  init(
    readHeads R: Int, writeHeads K: Int, wordSize W: Int, hasLinks: Bool = true, hasMasks: Bool = false,
    maskMinimum: Double = 0, sharpensLinks: Bool = false
  ) {
    (readHeads, writeHeads, wordSize, self.maskMinimum) = (R, K, W, maskMinimum)
    modes = hasLinks ? 2 * K + 1 : 0
    maskWidth = hasMasks ? W : 0
    sharpnesses = sharpensLinks ? K : 0
  }

  // Offsets of the parts: the paper's in its order, then those of variants. They are computed where they are asked for: so many
  // numbers would take longer to copy. Heads and words are few enough for them not to overflow.
  var readKeys: Int { 0 }
  var readStrengths: Int { readHeads &* wordSize }
  var writeKeys: Int { readStrengths &+ readHeads }
  var writeStrengths: Int { writeKeys &+ writeHeads &* wordSize }
  var eraseVectors: Int { writeStrengths &+ writeHeads }
  var writeVectors: Int { eraseVectors &+ writeHeads &* wordSize }
  var freeGates: Int { writeVectors &+ writeHeads &* wordSize }
  var allocationGates: Int { freeGates &+ readHeads }
  var writeGates: Int { allocationGates &+ writeHeads }
  var readModes: Int { writeGates &+ writeHeads }
  var readMasks: Int { readModes &+ readHeads &* modes }
  var writeMasks: Int { readMasks &+ readHeads &* maskWidth }
  var backwardSharpness: Int { writeMasks &+ writeHeads &* maskWidth }
  var forwardSharpness: Int { backwardSharpness &+ readHeads &* sharpnesses }
  /// The width of ξ.
  var count: Int { forwardSharpness &+ readHeads &* sharpnesses }
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
  var readMasks: Pointer? { at.maskWidth == 0 ? nil : start.advanced(by: at.readMasks) }
  var writeMasks: Pointer? { at.maskWidth == 0 ? nil : start.advanced(by: at.writeMasks) }
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
    if at.modes > 0 { body(at.readModes..<at.readMasks, .softmax(at.modes)) }
    if at.maskWidth > 0 { body(at.readMasks..<at.backwardSharpness, .mask(at.maskMinimum)) }
    body(at.backwardSharpness..<at.count, .oneplus)
  }
}
