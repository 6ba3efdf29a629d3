import CDNC
import CKernels
import CPlatform

#if arch(x86_64)
  import KernelsV3
  import KernelsV4
#endif

/// The level of the kernels that run: the CPU's best, or a lower one that the environment variable DNC_CPU names.
/// Determined once, on first use.
enum CPULevel: Int {
  case plain = 1
  case v3 = 3
  case v4 = 4

  static let active: CPULevel = {
    let highest: CPULevel =
      dnc_platform_has_x86_64_v4() != 0 ? .v4 : dnc_platform_has_x86_64_v3() != 0 ? .v3 : .plain
    guard let wanted = getenv(cString("DNC_CPU")) else { return highest }
    func isWanted(_ level: CPULevel) -> Bool { strcmp(wanted, dnc_build_level_name(Int32(level.rawValue))) == 0 }
    if isWanted(.plain) { return .plain }
    return isWanted(.v3) && highest == .v4 ? .v3 : highest
  }()
}

/// The kernels of the level. A mechanism calls its fast twin here, if there is one; its own code is the explanation and
/// the reference.
extension Kernels {
  /// The table of the level; nil for the plain code.
  static let active: Kernels? = at(.active)

  static func at(_ level: CPULevel) -> Kernels? {
    #if arch(x86_64)
      switch level {
      case .plain: nil
      case .v3: KernelsV3.kernels()
      case .v4: KernelsV4.kernels()
      }
    #else
      nil
    #endif
  }
}

extension UnsafePointer where Pointee: Real {
  /// The pointer for a kernel, which computes in Float.
  var float: UnsafePointer<Float> { Pointee.floats(self) }
}

extension UnsafeMutablePointer where Pointee: Real {
  var float: UnsafeMutablePointer<Float> { Pointee.floats(self) }
}
