/// The offsets of the parts of the Neural Turing Machine's interface vector (model.md, "Other memories"). Keys, strengths, erase
/// and write vectors lie as in the interface of the Differentiable Neural Computer.
struct NTMInterfaceLayout {
  let common: InterfaceLayout

  init(_ common: InterfaceLayout) { self.common = common }

  var readHeads: Int { common.readHeads }
  var writeHeads: Int { common.writeHeads }
  var readGates: Int { common.writeVectors + writeHeads * common.wordSize }
  var readShifts: Int { readGates + readHeads }
  var readSharpness: Int { readShifts + readHeads * Shift.count }
  var writeGates: Int { readSharpness + readHeads }
  var writeShifts: Int { writeGates + writeHeads }
  var writeSharpness: Int { writeShifts + writeHeads * Shift.count }
  /// The width of ξ.
  var count: Int { writeSharpness + writeHeads }
}

/// The parts of some heads, which all read or all write, in an interface vector or its gradient.
struct NTMHeads<Pointer: ScalarPointer> {
  let count: Int
  /// k [heads, W], β [heads].
  let keys, strengths: Pointer
  /// g [heads], s [heads, 3], γ [heads].
  let gates, shifts, sharpness: Pointer
}

/// The parts of an interface vector, or of its gradient.
struct NTMInterfaceParts<Pointer: ScalarPointer> {
  let start: Pointer
  let at: NTMInterfaceLayout

  var readHeads: NTMHeads<Pointer> {
    NTMHeads(
      count: at.readHeads, keys: common.readKeys, strengths: common.readStrengths,
      gates: start.advanced(by: at.readGates), shifts: start.advanced(by: at.readShifts),
      sharpness: start.advanced(by: at.readSharpness))
  }
  var writeHeads: NTMHeads<Pointer> {
    NTMHeads(
      count: at.writeHeads, keys: common.writeKeys, strengths: common.writeStrengths,
      gates: start.advanced(by: at.writeGates), shifts: start.advanced(by: at.writeShifts),
      sharpness: start.advanced(by: at.writeSharpness))
  }
  /// e, v [K, W].
  var eraseVectors: Pointer { common.eraseVectors }
  var writeVectors: Pointer { common.writeVectors }

  private var common: InterfaceParts<Pointer> { InterfaceParts(start: start, at: at.common) }
}

/// Turns the raw interface vector into keys, strengths, gates, shifts and sharpness in their ranges.
enum NTMInterface: TransformedInterface {
  static func forEachPart(_ at: NTMInterfaceLayout, _ body: (Range<Int>, InterfaceTransform) -> Void) {
    let common = at.common
    body(common.readKeys..<common.readStrengths, .identity)
    body(common.readStrengths..<common.writeKeys, .oneplus)
    body(common.writeKeys..<common.writeStrengths, .identity)
    body(common.writeStrengths..<common.eraseVectors, .oneplus)
    body(common.eraseVectors..<common.writeVectors, .sigmoid)
    body(common.writeVectors..<at.readGates, .identity)
    body(at.readGates..<at.readShifts, .sigmoid)
    body(at.readShifts..<at.readSharpness, .softmax(Shift.count))
    body(at.readSharpness..<at.writeGates, .oneplus)
    body(at.writeGates..<at.writeShifts, .sigmoid)
    body(at.writeShifts..<at.writeSharpness, .softmax(Shift.count))
    body(at.writeSharpness..<at.count, .oneplus)
  }
}
