import CDNC
import CPlatform

/// Runs the body of a function of the interface and turns what it throws into a status. The host's errno and its exceptions of
/// floating point are afterwards as they were.
@inline(never) func status(_ body: () throws(Failure) -> Void) -> dnc_status {
  let error = dnc_platform_errno()
  let floatState = dnc_platform_begin_float()
  defer {
    dnc_platform_end_float(floatState)
    dnc_platform_set_errno(error)
  }
  do {
    try body()
    return DNC_OK
  } catch {
    strcpy(lastMessage(), threadMessage())
    return error.status
  }
}

/// The pointer, unless it is NULL.
func require<Pointer>(_ pointer: Pointer?, _ name: StaticString) throws(Failure) -> Pointer {
  guard let pointer else { throw Failure(DNC_INVALID_ARGUMENT, "\(name) is NULL") }
  return pointer
}

/// `value`, unless it is outside of `range`.
func require(_ value: Int, in range: ClosedRange<Int>, _ name: StaticString) throws(Failure) {
  guard range.contains(value) else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "\(name) is \(value), allowed are \(range.lowerBound) to \(range.upperBound)")
  }
}

func requireFinite(_ values: In<Float>, count: Int, _ name: StaticString) throws(Failure) {
  for i in 0..<count where !values[i].isFinite {
    throw Failure(DNC_NOT_FINITE, "\(name)[\(i)] is \(values[i]), allowed are finite numbers")
  }
}

/// A struct that begins with its size, as its caller's header knew it: fields beyond that size take their
/// values from `defaults`.
func read<Fields: BitwiseCopyable>(
  _ fields: UnsafePointer<Fields>?, _ name: StaticString, defaults: Fields
) throws(Failure) -> Fields {
  let fields = try require(fields, name)
  var whole = defaults
  memcpy(&whole, fields, try knownSize(of: fields, name))
  return whole
}

/// Fills a struct that begins with its size, no further than its caller's header knew it.
func write<Fields: BitwiseCopyable>(
  _ value: Fields, to fields: UnsafeMutablePointer<Fields>?, _ name: StaticString
) throws(Failure) {
  let fields = try require(fields, name)
  try writePrefix(of: value, to: fields, size: try knownSize(of: fields, name))
}

/// What the `_init` functions do: the defaults, with `size` as struct_size.
func initialize<Fields: BitwiseCopyable>(
  _ fields: UnsafeMutablePointer<Fields>?, size: Int, defaults: Fields, _ name: StaticString
) throws(Failure) {
  let fields = try require(fields, name)
  try require(size, in: MemoryLayout<UInt32>.size...MemoryLayout<Fields>.size, "size")
  try writePrefix(of: defaults, to: fields, size: size)
}

private func writePrefix<Fields: BitwiseCopyable>(
  of value: Fields, to fields: UnsafeMutablePointer<Fields>, size: Int
) throws(Failure) {
  var copy = value
  memcpy(fields, &copy, size)
  var structSize = UInt32(size)
  memcpy(fields, &structSize, MemoryLayout<UInt32>.size)
}

private func knownSize<Fields>(of fields: UnsafePointer<Fields>, _ name: StaticString) throws(Failure) -> Int {
  let size = Int(UnsafeRawPointer(fields).load(as: UInt32.self))
  guard size >= MemoryLayout<UInt32>.size, size <= MemoryLayout<Fields>.size else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "\(name)->struct_size is \(size), allowed are \(MemoryLayout<UInt32>.size) to \(MemoryLayout<Fields>.size)")
  }
  return size
}
