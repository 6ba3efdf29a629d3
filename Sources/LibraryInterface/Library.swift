import CDNC
import CPlatform

@c @implementation public func dnc_version() -> UnsafePointer<CChar>! { cString("0.1.0") }

@c @implementation public func dnc_build_info() -> UnsafePointer<CChar>! {
  #if arch(x86_64)
    switch CPULevel.active {
    case .plain:
      cString(#"{"version": "0.1.0", "kernels": "plain", "compiler": "Swift 6.3", "architecture": "x86-64"}"#)
    case .v3:
      cString(#"{"version": "0.1.0", "kernels": "x86-64-v3", "compiler": "Swift 6.3", "architecture": "x86-64"}"#)
    case .v4:
      cString(#"{"version": "0.1.0", "kernels": "x86-64-v4", "compiler": "Swift 6.3", "architecture": "x86-64"}"#)
    }
  #elseif arch(arm64)
    cString(#"{"version": "0.1.0", "kernels": "plain", "compiler": "Swift 6.3", "architecture": "arm64"}"#)
  #else
    cString(#"{"version": "0.1.0", "kernels": "plain", "compiler": "Swift 6.3", "architecture": "other"}"#)
  #endif
}

@c @implementation public func dnc_status_string(_ status: dnc_status) -> UnsafePointer<CChar>! {
  switch status {
  case DNC_OK: cString("DNC_OK")
  case DNC_INVALID_ARGUMENT: cString("DNC_INVALID_ARGUMENT")
  case DNC_OUT_OF_MEMORY: cString("DNC_OUT_OF_MEMORY")
  case DNC_INVALID_STATE: cString("DNC_INVALID_STATE")
  case DNC_IO_ERROR: cString("DNC_IO_ERROR")
  case DNC_BAD_FORMAT: cString("DNC_BAD_FORMAT")
  case DNC_NOT_FINITE: cString("DNC_NOT_FINITE")
  case DNC_CANCELLED: cString("DNC_CANCELLED")
  case DNC_INTERNAL: cString("DNC_INTERNAL")
  default: cString("unknown dnc_status")
  }
}

@c @implementation public func dnc_last_error() -> UnsafePointer<CChar>! {
  UnsafePointer(lastMessage())
}

@c @implementation public func dnc_self_test() -> dnc_status {
  status { () throws(Failure) in try SelfTest.run() }
}
