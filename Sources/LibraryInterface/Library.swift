import CDNC
import CPlatform

private func string(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

@c @implementation public func dnc_version() -> UnsafePointer<CChar>! { string("0.1.0") }

@c @implementation public func dnc_build_info() -> UnsafePointer<CChar>! {
  #if arch(x86_64)
    switch CPULevel.active {
    case .plain: string(#"{"version": "0.1.0", "kernels": "plain", "compiler": "Swift 6.3", "architecture": "x86-64"}"#)
    case .v3:
      string(#"{"version": "0.1.0", "kernels": "x86-64-v3", "compiler": "Swift 6.3", "architecture": "x86-64"}"#)
    case .v4:
      string(#"{"version": "0.1.0", "kernels": "x86-64-v4", "compiler": "Swift 6.3", "architecture": "x86-64"}"#)
    }
  #elseif arch(arm64)
    string(#"{"version": "0.1.0", "kernels": "plain", "compiler": "Swift 6.3", "architecture": "arm64"}"#)
  #else
    string(#"{"version": "0.1.0", "kernels": "plain", "compiler": "Swift 6.3", "architecture": "other"}"#)
  #endif
}

@c @implementation public func dnc_status_string(_ status: dnc_status) -> UnsafePointer<CChar>! {
  switch status {
  case DNC_OK: string("DNC_OK")
  case DNC_INVALID_ARGUMENT: string("DNC_INVALID_ARGUMENT")
  case DNC_OUT_OF_MEMORY: string("DNC_OUT_OF_MEMORY")
  case DNC_INVALID_STATE: string("DNC_INVALID_STATE")
  case DNC_IO_ERROR: string("DNC_IO_ERROR")
  case DNC_BAD_FORMAT: string("DNC_BAD_FORMAT")
  case DNC_NOT_FINITE: string("DNC_NOT_FINITE")
  case DNC_CANCELLED: string("DNC_CANCELLED")
  case DNC_INTERNAL: string("DNC_INTERNAL")
  default: string("unknown dnc_status")
  }
}

@c @implementation public func dnc_last_error() -> UnsafePointer<CChar>! {
  UnsafePointer(lastMessage())
}

@c @implementation public func dnc_self_test() -> dnc_status {
  status { () throws(Failure) in try SelfTest.run() }
}
