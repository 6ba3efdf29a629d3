import CDNC
import CPlatform

@c @implementation public func dnc_config_init(
  _ config: UnsafeMutablePointer<dnc_config>!, _ size: Int
) -> dnc_status {
  status { () throws(Failure) in
    try initialize(config, size: size, defaults: dnc_config.defaults, "config")
  }
}

@c @implementation public func dnc_estimate_bytes(
  _ config: UnsafePointer<dnc_config>!, _ steps: Int, _ training: Int32, _ bytes: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status { () throws(Failure) in
    let configuration = try readConfiguration(config)
    let bytes = try require(bytes, "bytes")
    // Swift sees more than Int.max steps as a negative number.
    guard training == 0 || steps >= 0 else { throw .recordTooLong(steps: steps) }
    bytes.pointee = try Network<Float>.bytes(configuration, steps: training == 0 ? 0 : steps)
  }
}

@c @implementation public func dnc_create(
  _ config: UnsafePointer<dnc_config>!, _ instance: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status { () throws(Failure) in
    let configuration = try readConfiguration(config)
    let instance = try require(instance, "instance")
    instance.pointee = handOut(try allocateHandle(try Network<Float>(configuration)))
  }
}

@c @implementation public func dnc_clone(
  _ instance: OpaquePointer!, _ sharing: UInt32, _ copy: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try require(Int(sharing), in: 0...Int(DNC_CLONE_SHARE_PARAMETERS), "sharing")
    let copy = try require(copy, "copy")
    let clone = try network.pointee.clone(sharingParameters: Int(sharing) == DNC_CLONE_SHARE_PARAMETERS)
    copy.pointee = handOut(try allocateHandle(clone))
  }
}

@c @implementation public func dnc_free(_ instance: OpaquePointer!) {
  release(instance.map { Instance($0) })
}

@c @implementation public func dnc_get_config(
  _ instance: OpaquePointer!, _ config: UnsafeMutablePointer<dnc_config>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try write(network.pointee.configuration.fields, to: config, "config")
  }
}

@c @implementation public func dnc_set_batch_size(_ instance: OpaquePointer!, _ batch_size: UInt32) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try require(Int(batch_size), in: Configuration.batches, "batch_size")
    try network.pointee.setBatchSize(Int(batch_size))
  }
}

@c @implementation public func dnc_set_memory_slots(
  _ instance: OpaquePointer!, _ memory_slots: UInt32
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try require(Int(memory_slots), in: Configuration.slots, "memory_slots")
    guard network.pointee.configuration.initialState != .learned else {
      throw Failure(
        DNC_INVALID_STATE,
        "memory_slots can't be changed: with DNC_INITIAL_LEARNED the initial state has parameters for each slot")
    }
    try network.pointee.setMemorySlots(Int(memory_slots))
  }
}

@c @implementation public func dnc_set_num_threads(_ instance: OpaquePointer!, _ num_threads: UInt32) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try require(Int(num_threads), in: Configuration.threadNumbers, "num_threads")
    try requireNothingRecorded(network, "number of threads")
    try network.pointee.setThreads(num_threads)
  }
}

@c @implementation public func dnc_set_max_record_bytes(
  _ instance: OpaquePointer!, _ max_record_bytes: UInt64
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try requireNothingRecorded(network, "limit of the record")
    try network.pointee.setMaxRecordBytes(max_record_bytes)
  }
}

@c @implementation public func dnc_set_check_finite(_ instance: OpaquePointer!, _ check_finite: UInt32) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    try require(Int(check_finite), in: 0...1, "check_finite")
    network.pointee.setChecksFinite(check_finite == 1)
  }
}
