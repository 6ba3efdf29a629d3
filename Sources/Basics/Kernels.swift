import CDNC
import CKernels
import CPlatform

#if arch(x86_64)
  import KernelsV3
  import KernelsV4
#elseif arch(arm64)
  import KernelsNEON
#endif

/// The level of the kernels that run: the CPU's best, or a lower one that the environment variable DNC_CPU names.
/// Determined once, on first use.
enum CPULevel: Int {
  case plain = 1
  #if arch(x86_64)
    case v3 = 3
    case v4 = 4
  #elseif arch(arm64)
    case neon = 2
  #endif

  static let active: CPULevel = {
    let highest = best
    guard let wanted = getenv(cString("DNC_CPU")) else { return highest }
    func isWanted(_ level: CPULevel) -> Bool { strcmp(wanted, dnc_build_level_name(Int32(level.rawValue))) == 0 }
    if isWanted(.plain) { return .plain }
    #if arch(x86_64)
      if isWanted(.v3) && highest == .v4 { return .v3 }
    #endif
    return highest
  }()

  private static var best: CPULevel {
    #if arch(x86_64)
      dnc_platform_has_x86_64_v4() != 0 ? .v4 : dnc_platform_has_x86_64_v3() != 0 ? .v3 : .plain
    #elseif arch(arm64)
      .neon
    #else
      .plain
    #endif
  }
}

/// The kernels of the level. A mechanism calls its fast twin here, if there is one; its own code is the explanation and
/// the reference.
extension Kernels {
  /// The table of the level; nil for the plain code.
  static let active: Kernels? = at(.active)

  static func at(_ level: CPULevel) -> Kernels? {
    switch level {
    case .plain: nil
    #if arch(x86_64)
      case .v3: KernelsV3.kernels()
      case .v4: KernelsV4.kernels()
    #elseif arch(arm64)
      case .neon: KernelsNEON.kernels()
    #endif
    }
  }
}

extension UnsafePointer where Pointee: Real {
  /// The pointer for a kernel, which computes in Float.
  var float: UnsafePointer<Float> { Pointee.floats(self) }
}

extension UnsafeMutablePointer where Pointee: Real {
  var float: UnsafeMutablePointer<Float> { Pointee.floats(self) }
}
