import CDNC

@c @implementation public func dnc_version() -> UnsafePointer<CChar>! { dnc_build_version() }

@c @implementation public func dnc_build_info() -> UnsafePointer<CChar>! { BuildInfo.text }

private enum BuildInfo {
  nonisolated(unsafe) static let text = dnc_build_info_with(CPULevel.active?.name ?? cString("plain"))!
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
