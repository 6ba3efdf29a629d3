import CDNC
import CPlatform

@c @implementation public func dnc_parameter_count(_ instance: OpaquePointer!) -> Int {
  guard let instance else { return 0 }
  return Instance(instance).pointee.parameterCount
}

@c @implementation public func dnc_parameters(_ instance: OpaquePointer!) -> UnsafeMutablePointer<Float>! {
  guard let instance else { return nil }
  return Instance(instance).pointee.parameterBlock.pointee.values
}

@c @implementation public func dnc_parameters_changed(_ instance: OpaquePointer!) -> dnc_status {
  status(network: instance) { network throws(Failure) in network.pointee.parametersChanged() }
}

@c @implementation public func dnc_gradients(_ instance: OpaquePointer!) -> UnsafeMutablePointer<Float>! {
  guard let instance else { return nil }
  return Instance(instance).pointee.gradientStart
}

@c @implementation public func dnc_zero_gradients(_ instance: OpaquePointer!) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    setZero(network.pointee.parameterCount, network.pointee.gradients.start)
  }
}

@c @implementation public func dnc_tensor_count(_ instance: OpaquePointer!) -> Int {
  guard let instance else { return 0 }
  return Instance(instance).pointee.parameterBlock.pointee.tensorCount
}

@c @implementation public func dnc_tensor_at(
  _ instance: OpaquePointer!, _ index: Int, _ tensor: UnsafeMutablePointer<dnc_tensor>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let layout = ParameterLayout(configuration: network.pointee.configuration)
    try require(index, in: 0...layout.tensorCount - 1, "index")
    try describe(layout.tensor(index), of: network, tensor)
  }
}

@c @implementation public func dnc_tensor_named(
  _ instance: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ tensor: UnsafeMutablePointer<dnc_tensor>!
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    let name = try require(name, "name")
    for found in ParameterLayout(configuration: network.pointee.configuration)
    where strcmp(network.pointee.parameterBlock.pointee.name(of: found.index), name) == 0 {
      return try describe(found, of: network, tensor)
    }
    throw Failure(DNC_INVALID_ARGUMENT, "name is \"\(name)\", and there is no such tensor")
  }
}

private func describe(
  _ found: ParameterLayout.Tensor, of network: Instance, _ tensor: UnsafeMutablePointer<dnc_tensor>!
) throws(Failure) {
  var fields = dnc_tensor()
  fields.name = network.pointee.parameterBlock.pointee.name(of: found.index)
  fields.values = network.pointee.parameters.start + found.offset
  fields.gradients = network.pointee.gradients.start + found.offset
  fields.rank = found.columns == 0 ? 1 : 2
  fields.shape = (found.rows, max(found.columns, 1), 1, 1)
  try write(fields, to: tensor, "tensor")
}

@c @implementation public func dnc_copy_parameters(
  _ instance: OpaquePointer!, _ other: OpaquePointer!
) -> dnc_status {
  status(instance, withTensorsOf: other) { network, other in
    // Clones may share them.
    memmove(
      network.pointee.parameters.start, other.pointee.parameters.start,
      network.pointee.parameterCount * MemoryLayout<Float>.stride)
  }
}

@c @implementation public func dnc_add_gradients(_ instance: OpaquePointer!, _ other: OpaquePointer!) -> dnc_status {
  status(instance, withTensorsOf: other) { network, other in
    addScaled(network.pointee.parameterCount, 1, In(other.pointee.gradients.start), to: network.pointee.gradients.start)
  }
}

/// Runs the body with two networks that have the same tensors.
private func status(
  _ instance: OpaquePointer!, withTensorsOf other: OpaquePointer!, _ body: (Instance, Instance) -> Void
) -> dnc_status {
  status(network: instance) { network throws(Failure) in
    guard other != instance else {
      throw Failure(DNC_INVALID_ARGUMENT, "other is the network that changes, allowed is another one")
    }
    try use(other, "other") { (other: Instance) throws(Failure) in
      try requireSameTensors(network, other)
      body(network, other)
    }
  }
}

private func requireSameTensors(_ network: Instance, _ other: Instance) throws(Failure) {
  let wanted = ParameterLayout(configuration: network.pointee.configuration)
  let found = ParameterLayout(configuration: other.pointee.configuration)
  for i in 0..<min(wanted.tensorCount, found.tensorCount) {
    let (here, there) = (wanted.tensor(i), found.tensor(i))
    let (name, otherName) = (
      network.pointee.parameterBlock.pointee.name(of: i), other.pointee.parameterBlock.pointee.name(of: i)
    )
    guard strcmp(name, otherName) == 0, here.rows == there.rows, here.columns == there.columns else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        """
        other has \(otherName) of \(there.rows) by \(max(there.columns, 1)) numbers, needed is \(name) of \
        \(here.rows) by \(max(here.columns, 1)): both need the same tensors
        """)
    }
  }
  guard wanted.tensorCount == found.tensorCount else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "other has \(found.tensorCount) tensors, needed are \(wanted.tensorCount): both need the same tensors")
  }
}
