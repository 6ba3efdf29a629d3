import CDNC
import CPlatform

@c @implementation public func dnc_last_error() -> UnsafePointer<CChar>! {
  UnsafePointer(dnc_platform_message())
}
