import CKernels
import CPlatform

/// A level of the kernels: of a CPU, a module that holds Sources/Kernels compiled for it. The manifest imports it.
struct CPULevel: @unchecked Sendable {
  /// That DNC_CPU takes and dnc_build_info tells.
  let name: In<CChar>
  let runsHere: Bool
  let kernels: () -> Kernels

  /// The levels of this architecture, the highest first; nil beyond the last.
  static func at(_ number: Int) -> CPULevel? {
    switch number {
    #if arch(x86_64)
      case 0: CPULevel(name: KernelsV4.name(), runsHere: KernelsV4.runsHere(), kernels: KernelsV4.kernels)
      case 1: CPULevel(name: KernelsV3.name(), runsHere: KernelsV3.runsHere(), kernels: KernelsV3.kernels)
    #elseif arch(arm64)
      case 0: CPULevel(name: KernelsNEON.name(), runsHere: KernelsNEON.runsHere(), kernels: KernelsNEON.kernels)
    #endif
    default: nil
    }
  }

  /// The level that runs: the CPU's best, or a lower one that the environment variable DNC_CPU names. nil for the plain
  /// code. Determined once, on first use.
  static let active: CPULevel? = {
    guard let wanted = getenv(cString("DNC_CPU")) else { return first { _ in true } }
    if strcmp(wanted, cString("plain")) == 0 { return nil }
    return first { strcmp(wanted, $0.name) == 0 } ?? first { _ in true }
  }()

  private static func first(where isWanted: (CPULevel) -> Bool) -> CPULevel? {
    var number = 0
    while let level = at(number) {
      if level.runsHere, isWanted(level) { return level }
      number += 1
    }
    return nil
  }
}

/// The kernels of the level. A mechanism calls its fast twin here, if there is one; its own code is the explanation and
/// the reference.
extension Kernels {
  /// nil for the plain code. Mechanisms ask a hundred times a step, so they get the place of the table, which is checked at once.
  nonisolated(unsafe) static let active: UnsafePointer<Kernels>? = {
    table = CPULevel.active.map { $0.kernels() }
    return table == nil ? nil : UnsafePointer(place(of: &table))
  }()

  nonisolated(unsafe) private static var table: Kernels?

  /// A static variable stays where it is.
  private static func place(of table: UnsafeMutablePointer<Kernels?>) -> UnsafeMutablePointer<Kernels> {
    UnsafeMutableRawPointer(table).assumingMemoryBound(to: Kernels.self)
  }
}

extension UnsafePointer where Pointee: Real {
  /// The pointer for a kernel, which computes in Float.
  var float: UnsafePointer<Float> { Pointee.floats(self) }
}

extension UnsafeMutablePointer where Pointee: Real {
  var float: UnsafeMutablePointer<Float> { Pointee.floats(self) }
}
