import CDNC
import CPlatform

@c @implementation public func dnc_optimizer_config_init(
  _ config: UnsafeMutablePointer<dnc_optimizer_config>!, _ size: Int
) -> dnc_status {
  status { () throws(Failure) in
    try initialize(config, size: size, defaults: dnc_optimizer_config.defaults, "config")
  }
}

@c @implementation public func dnc_optimizer_create(
  _ instance: OpaquePointer!, _ config: UnsafePointer<dnc_optimizer_config>!,
  _ optimizer: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let configuration = try OptimizerConfiguration(
      try read(config, "config", defaults: dnc_optimizer_config.defaults))
    let optimizer = try require(optimizer, "optimizer")
    let created = try Optimizer<Float>(configuration, parameterCount: network.pointee.parameterCount)
    optimizer.pointee = handOut(try allocateHandle(created))
  }
}

@c @implementation public func dnc_optimizer_step(
  _ handle: OpaquePointer!, _ instance: OpaquePointer!, _ gradient_norm: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(optimizer: handle) { optimizer throws(Failure) in
    try use(instance, "instance") { (network: Instance) throws(Failure) in
      try requireFit(optimizer, network)
      let norm = try update(network, by: optimizer)
      gradient_norm?.pointee = Float(min(norm, Double(Float.greatestFiniteMagnitude)))
    }
  }
}

func requireFit(_ optimizer: OptimizerHandle, _ network: Instance) throws(Failure) {
  guard optimizer.pointee.parameterCount == network.pointee.parameterCount else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "instance has \(network.pointee.parameterCount) parameters, the optimizer \(optimizer.pointee.parameterCount)")
  }
}

/// Makes an update and returns the norm of the gradients. Flushes denormal numbers, so averages without new gradients
/// decay to 0 and do not stay denormal, which is slow.
private func update(_ network: Instance, by optimizer: OptimizerHandle) throws(Failure) -> Double {
  _ = dnc_platform_flush_denormals()
  let parameters = network.pointee.parameters.start
  let gradients = network.pointee.gradients.start
  let team = network.pointee.threads.team
  let norm = optimizer.pointee.norm(gradients, team: team)
  guard norm.isFinite else {
    try requireFinite(parameters, "", of: network)
    try requireFinite(gradients, "the gradient of ", of: network)
    throw Failure(DNC_INTERNAL, "the norm of finite gradients is not finite")
  }
  if let found = optimizer.pointee.notFinite(parameters: parameters, gradients: gradients, norm: norm, team: team) {
    try requireFinite(parameters, "", of: network)
    throw Failure.notFinite("the updated ", found.index, found.value, of: network.pointee, "nothing was changed")
  }
  optimizer.pointee.step(parameters: parameters, gradients: gradients, norm: norm, team: team)
  network.pointee.parameterBlock.pointee.valuesChanged()
  return norm
}

/// Throws unless all parameters or gradients are finite. The message names them by `what` and their tensor.
private func requireFinite(_ values: In<Float>, _ what: StaticString, of network: Instance) throws(Failure) {
  for i in 0..<network.pointee.parameterCount where !values[i].isFinite {
    throw Failure.notFinite(what, i, values[i], of: network.pointee, "nothing was changed")
  }
}

@c @implementation public func dnc_optimizer_get_config(
  _ handle: OpaquePointer!, _ config: UnsafeMutablePointer<dnc_optimizer_config>!
) -> dnc_status {
  status(optimizer: handle) { optimizer throws(Failure) in
    try write(optimizer.pointee.configuration.fields, to: config, "config")
  }
}

@c @implementation public func dnc_optimizer_set_config(
  _ handle: OpaquePointer!, _ config: UnsafePointer<dnc_optimizer_config>!
) -> dnc_status {
  status(optimizer: handle) { optimizer throws(Failure) in
    let present = optimizer.pointee.configuration
    let changed = try OptimizerConfiguration(try read(config, "config", defaults: present.fields))
    guard changed.algorithm == present.algorithm else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        "config->algorithm is \(changed.algorithm.rawValue), allowed is its own, \(present.algorithm.rawValue)")
    }
    optimizer.pointee.configure(changed)
  }
}

@c @implementation public func dnc_optimizer_step_count(_ handle: OpaquePointer!) -> UInt64 {
  published(handle.map { OptimizerHandle($0) }).count
}

@c @implementation public func dnc_optimizer_free(_ handle: OpaquePointer!) {
  release(handle.map { OptimizerHandle($0) })
}
