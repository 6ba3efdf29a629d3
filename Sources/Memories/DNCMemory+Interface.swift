import CDNC

extension DNCMemory {
  static func interfacePart(_ number: Int, _ c: Configuration) -> InterfacePart? {
    let (at, word) = (c.interface, c.W)
    return switch number {
    case 0: InterfacePart("read key", of: .read, at: at.readKeys, word)
    case 1: InterfacePart("read strength", of: .read, at: at.readStrengths)
    case 2:
      InterfacePart(
        "read modes", of: .read, at: at.readModes, at.modes, .modes, trace: DNC_TRACE_READ_MODES,
        setting: "temporal_links")
    case 3:
      InterfacePart(
        "backward sharpness", of: .read, at: at.backwardSharpness, at.sharpnesses, .fromOne,
        trace: DNC_TRACE_BACKWARD_SHARPNESS, setting: "link_sharpening")
    case 4:
      InterfacePart(
        "forward sharpness", of: .read, at: at.forwardSharpness, at.sharpnesses, .fromOne,
        trace: DNC_TRACE_FORWARD_SHARPNESS, setting: "link_sharpening")
    case 5:
      InterfacePart(
        "read mask", of: .read, at: at.readMasks, at.maskWidth, .fractions, trace: DNC_TRACE_READ_MASKS,
        setting: "content_masks")
    case 6: InterfacePart("free gate", of: .read, at: at.freeGates, 1, .fractions, trace: DNC_TRACE_FREE_GATES)
    case 7: InterfacePart("write key", of: .write, at: at.writeKeys, word)
    case 8: InterfacePart("write strength", of: .write, at: at.writeStrengths)
    case 9: InterfacePart("erase vector", of: .write, at: at.eraseVectors, word)
    case 10: InterfacePart("write vector", of: .write, at: at.writeVectors, word)
    case 11: InterfacePart("write gate", of: .write, at: at.writeGates, 1, .fractions, trace: DNC_TRACE_WRITE_GATES)
    case 12:
      InterfacePart(
        "allocation gate", of: .write, at: at.allocationGates, 1, .fractions, trace: DNC_TRACE_ALLOCATION_GATES)
    case 13:
      InterfacePart(
        "write mask", of: .write, at: at.writeMasks, at.maskWidth, .fractions, trace: DNC_TRACE_WRITE_MASKS,
        setting: "content_masks")
    default: nil
    }
  }
}
