import CDNC
import CPlatform

@c @implementation public func dnc_optimizer_config_init(
  _ config: UnsafeMutablePointer<dnc_optimizer_config>!, _ size: Int
) -> dnc_status {
  status { () throws(Failure) in
    try initialize(config, size: size, defaults: OptimizerConfiguration.defaults, "config")
  }
}

@c @implementation public func dnc_optimizer_create(
  _ instance: OpaquePointer!, _ config: UnsafePointer<dnc_optimizer_config>!,
  _ optimizer: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let configuration = try OptimizerConfiguration(
      try read(config, "config", defaults: OptimizerConfiguration.defaults))
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
      let gradients = network.pointee.gradients.start
      let norm = optimizer.pointee.norm(gradients)
      guard norm.isFinite else { throw notFinite(network) }
      optimizer.pointee.step(parameters: network.pointee.parameters.start, gradients: gradients, norm: norm)
      gradient_norm?.pointee = Float(norm)
    }
  }
}

private func requireFit(_ optimizer: OptimizerHandle, _ network: Instance) throws(Failure) {
  guard optimizer.pointee.parameterCount == network.pointee.parameterCount else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "instance has \(network.pointee.parameterCount) parameters, the optimizer \(optimizer.pointee.parameterCount)")
  }
}

private func notFinite(_ network: Instance) -> Failure {
  let gradients = network.pointee.gradients.start
  let names = network.pointee.parameterBlock.pointee.names
  var first: (tensor: Int, element: Int, value: Float)?
  for tensor in ParameterLayout(configuration: network.pointee.configuration) {
    for i in 0..<tensor.count where first == nil && !gradients[tensor.offset + i].isFinite {
      first = (tensor.index, i, gradients[tensor.offset + i])
    }
  }
  guard let first else { return Failure(DNC_INTERNAL, "the norm of finite gradients is not finite") }
  let name = UnsafePointer(names + first.tensor * ParameterLayout.nameBytes)
  return Failure(DNC_NOT_FINITE, "the gradient of \(name)[\(first.element)] is \(first.value); nothing was changed")
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
  publishedCount(handle.map { OptimizerHandle($0) })
}

@c @implementation public func dnc_optimizer_free(_ handle: OpaquePointer!) {
  release(handle.map { OptimizerHandle($0) })
}

@c @implementation public func dnc_save(
  _ instance: OpaquePointer!, _ handle: OpaquePointer!, _ path: UnsafePointer<CChar>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let path = try require(path, "path")
    guard let handle else { return try Checkpoint.save(path, network: network.pointee, optimizer: nil) }
    try use(handle, "optimizer") { (optimizer: OptimizerHandle) throws(Failure) in
      try requireFit(optimizer, network)
      try Checkpoint.save(path, network: network.pointee, optimizer: UnsafePointer(optimizer))
    }
  }
}

@c @implementation public func dnc_load(
  _ path: UnsafePointer<CChar>!, _ instance: UnsafeMutablePointer<OpaquePointer?>!,
  _ optimizer: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status { () throws(Failure) in
    let path = try require(path, "path")
    let instance = try require(instance, "instance")
    let (network, loadedOptimizer) = try Checkpoint.load(path, wantsOptimizer: optimizer != nil)
    instance.pointee = handOut(network)
    optimizer?.pointee = loadedOptimizer.map { handOut($0) }
  }
}
