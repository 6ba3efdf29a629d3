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
    guard index >= 0, index < layout.tensorCount else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        "index is \(UInt(bitPattern: index)), allowed are 0 to \(layout.tensorCount - 1)")
    }
    let found = layout.tensor(index)
    var fields = dnc_tensor()
    fields.name = UnsafePointer(network.pointee.parameterBlock.pointee.names + index * ParameterLayout.nameBytes)
    fields.values = network.pointee.parameters.start + found.offset
    fields.gradients = network.pointee.gradients.start + found.offset
    fields.rank = found.columns == 0 ? 1 : 2
    fields.shape = (found.rows, max(found.columns, 1), 1, 1)
    try write(fields, to: tensor, "tensor")
  }
}
