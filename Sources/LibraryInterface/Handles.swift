import CDNC
import CPlatform

typealias Instance = UnsafeMutablePointer<Network<Float>>
typealias OptimizerHandle = UnsafeMutablePointer<Optimizer<Float>>

/// The value behind a handle of the interface. One call at a time uses it; any thread may read its published numbers.
protocol HandleValue: ~Copyable {
  var published: HandleUse.Published { get }
}

extension Network<Float>: HandleValue {
  var published: HandleUse.Published { .init(count: UInt64(recordedSteps), mode: isTraining ? 1 : 0) }
}

extension Optimizer<Float>: HandleValue {
  var published: HandleUse.Published { .init(count: stepCount) }
}

/// The same as `status` for a function that uses a network.
func status(network handle: OpaquePointer?, _ body: (Instance) throws(Failure) -> Void) -> dnc_status {
  status { host throws(Failure) in
    try use(handle, "instance") { (network: Instance) throws(Failure) in
      network.pointee.progress?.hostState = host
      try body(network)
    }
  }
}

func status(optimizer handle: OpaquePointer?, _ body: (OptimizerHandle) throws(Failure) -> Void) -> dnc_status {
  status { () throws(Failure) in try use(handle, "optimizer", body) }
}

/// Runs `body` with the value behind a handle. Meanwhile every other call with the handle is refused.
func use<Value: HandleValue & ~Copyable>(
  _ handle: OpaquePointer?, _ name: StaticString, _ body: (UnsafeMutablePointer<Value>) throws(Failure) -> Void
) throws(Failure) {
  let value = UnsafeMutablePointer<Value>(try require(handle, name))
  guard HandleUse.of(value).pointee.begin() else {
    throw Failure(
      DNC_INVALID_STATE,
      "\(name) is in use by a call that has not returned; allowed is one call at a time, from any thread"
    )
  }
  defer {
    publish(value)
    if !HandleUse.of(value).pointee.end() { freeHandle(value) }
  }
  try body(value)
}

/// Makes a value a handle for C.
func handOut<Value: HandleValue & ~Copyable>(_ value: UnsafeMutablePointer<Value>) -> OpaquePointer {
  publish(value)
  return OpaquePointer(value)
}

private func publish<Value: HandleValue & ~Copyable>(_ value: UnsafeMutablePointer<Value>) {
  HandleUse.of(value).pointee.published = value.pointee.published
}

/// The published numbers, as the last finished call left them; zeros for NULL.
func published<Value: HandleValue & ~Copyable>(_ value: UnsafeMutablePointer<Value>?) -> HandleUse.Published {
  value.map { HandleUse.of($0).pointee.published } ?? HandleUse.Published()
}

/// Frees a handle: at once or, if a call uses it, when that call ends.
func release<Value: HandleValue & ~Copyable>(_ value: UnsafeMutablePointer<Value>?) {
  if let value, HandleUse.of(value).pointee.free() { freeHandle(value) }
}
