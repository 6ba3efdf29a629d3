import CKernels
import CPlatform

#if arch(x86_64)
  import KernelsV3
  import KernelsV4
#endif

/// Which kernels run: what the CPU has, unless the environment variable DNC_CPU names a lower level. Found once, when it is
/// first asked for.
enum CPULevel: Int {
  case plain = 1
  case v3 = 3
  case v4 = 4

  static let active: CPULevel = {
    let highest: CPULevel =
      dnc_platform_has_x86_64_v4() != 0 ? .v4 : dnc_platform_has_x86_64_v3() != 0 ? .v3 : .plain
    guard let wanted = getenv(cString("DNC_CPU")) else { return highest }
    if strcmp(wanted, cString("plain")) == 0 { return .plain }
    if strcmp(wanted, cString("x86-64-v3")) == 0, highest == .v4 { return .v3 }
    return highest
  }()
}

/// The table of a level; the mechanisms look for their twins in it. A mechanism calls its twin, if there is one; its own code
/// is the explanation and the reference.
extension Kernels {
  /// Nil where the plain code runs.
  nonisolated(unsafe) static let active: Kernels? = at(.active)

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
  /// For a kernel, which computes in Float.
  var float: UnsafePointer<Float> { Pointee.floats(self) }
}

extension UnsafeMutablePointer where Pointee: Real {
  var float: UnsafeMutablePointer<Float> { Pointee.floats(self) }
}
