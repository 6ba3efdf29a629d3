import CDNC
import CPlatform

@c @implementation public func dnc_save(
  _ instance: OpaquePointer!, _ optimizer: OpaquePointer!, _ path: UnsafePointer<CChar>!
) -> dnc_status {
  dnc_checkpoint_write(path, instance, optimizer, 0)
}

@c @implementation public func dnc_checkpoint_write(
  _ path: UnsafePointer<CChar>!, _ instance: OpaquePointer!, _ optimizer: OpaquePointer!, _ flags: UInt32
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let path = try requirePath(path, "path")
    try withCheckpoint(network, optimizer, flags) { (checkpoint: borrowing Checkpoint) throws(Failure) in
      try checkpoint.write(to: path)
    }
  }
}

@c @implementation public func dnc_checkpoint_encode(
  _ instance: OpaquePointer!, _ optimizer: OpaquePointer!, _ flags: UInt32,
  _ bytes: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>!, _ size: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let bytes = try require(bytes, "bytes")
    let size = try require(size, "size")
    try withCheckpoint(network, optimizer, flags) { (checkpoint: borrowing Checkpoint) throws(Failure) in
      (bytes.pointee, size.pointee) = try checkpoint.encode()
    }
  }
}

private func withCheckpoint(
  _ network: Instance, _ optimizer: OpaquePointer?, _ flags: UInt32,
  _ body: (borrowing Checkpoint) throws(Failure) -> Void
) throws(Failure) {
  try require(Int(flags), in: 0...Int(DNC_CHECKPOINT_STATE), "flags")
  let hasState = flags == UInt32(DNC_CHECKPOINT_STATE)
  guard let optimizer else {
    return try body(try Checkpoint(CheckpointContents(network: network, optimizer: nil, hasState: hasState)))
  }
  try use(optimizer, "optimizer") { (optimizer: OptimizerHandle) throws(Failure) in
    try requireFit(optimizer, network)
    try body(try Checkpoint(CheckpointContents(network: network, optimizer: optimizer, hasState: hasState)))
  }
}

@c @implementation public func dnc_load(
  _ path: UnsafePointer<CChar>!, _ instance: UnsafeMutablePointer<OpaquePointer?>!,
  _ optimizer: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status { () throws(Failure) in
    let path = try requirePath(path, "path")
    let instance = try require(instance, "instance")
    handOut(try Checkpoint.load(path, wantsOptimizer: optimizer != nil), instance, optimizer)
  }
}

@c @implementation public func dnc_checkpoint_decode(
  _ bytes: UnsafePointer<UInt8>!, _ size: Int, _ instance: UnsafeMutablePointer<OpaquePointer?>!,
  _ optimizer: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status { () throws(Failure) in
    let bytes = try require(bytes, "bytes")
    try require(size, in: 0...Int.max, "size")
    let instance = try require(instance, "instance")
    handOut(try Checkpoint.decode(bytes, size: size, wantsOptimizer: optimizer != nil), instance, optimizer)
  }
}

private func handOut(
  _ loaded: Checkpoint.Loaded, _ instance: UnsafeMutablePointer<OpaquePointer?>,
  _ optimizer: UnsafeMutablePointer<OpaquePointer?>?
) {
  instance.pointee = handOut(loaded.0)
  optimizer?.pointee = loaded.1.map { handOut($0) }
}

@c @implementation public func dnc_buffer_free(_ buffer: UnsafeMutableRawPointer!) {
  free(buffer)
}
