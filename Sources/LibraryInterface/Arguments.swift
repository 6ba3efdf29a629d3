import CDNC
import CPlatform

/// Runs the body of a function of the interface and turns a thrown failure into a status. Restores the host's errno and
/// floating-point state.
func status(_ body: () throws(Failure) -> Void) -> dnc_status { status { _ throws(Failure) in try body() } }

/// The same for a body that calls back: it gets the host's floating-point state.
@inline(never) func status(_ body: (dnc_platform_float_state) throws(Failure) -> Void) -> dnc_status {
  let error = dnc_platform_errno()
  let floatState = dnc_platform_begin_float()
  defer {
    dnc_platform_end_float(floatState)
    dnc_platform_set_errno(error)
  }
  do {
    try body(floatState)
    return DNC_OK
  } catch {
    strcpy(lastMessage(), threadMessage())
    return error.status
  }
}

/// Returns the pointer; throws if it is NULL.
func require<Pointer>(_ pointer: Pointer?, _ name: StaticString) throws(Failure) -> Pointer {
  guard let pointer else { throw Failure(DNC_INVALID_ARGUMENT, "\(name) is NULL") }
  return pointer
}

/// Returns the path; throws if it is NULL or empty.
func requirePath(_ path: UnsafePointer<CChar>?, _ name: StaticString) throws(Failure) -> UnsafePointer<CChar> {
  let path = try require(path, name)
  guard path.pointee != 0 else { throw Failure(DNC_IO_ERROR, "\(name) is empty, allowed is the path of a file") }
  return path
}

/// Throws if `value` is outside of `range`. It is unsigned in C, and Swift sees a large size_t as a negative Int.
func require(_ value: Int, in range: ClosedRange<Int>, _ name: StaticString) throws(Failure) {
  guard range.contains(value) else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "\(name) is \(UInt(bitPattern: value)), allowed are \(range.lowerBound) to \(range.upperBound)")
  }
}

func requireFinite(_ values: In<Float>, count: Int, _ name: StaticString) throws(Failure) {
  for i in 0..<count where !values[i].isFinite {
    throw Failure(DNC_NOT_FINITE, "\(name)[\(i)] is \(values[i]), allowed are finite numbers")
  }
}

/// Reads a struct that begins with its size in the caller's header. Fields beyond that size take their values from
/// `defaults`.
func read<Fields: BitwiseCopyable>(
  _ fields: UnsafePointer<Fields>?, _ name: StaticString, defaults: Fields
) throws(Failure) -> Fields {
  let fields = try require(fields, name)
  var whole = defaults
  memcpy(&whole, fields, try knownSize(of: fields, name))
  return whole
}

/// Reads the configuration of a network. Its sizes of input and output have no default, so they must be present.
func readConfiguration(_ config: UnsafePointer<dnc_config>?) throws(Failure) -> Configuration {
  let config = try require(config, "config")
  let fields = try read(config, "config", defaults: dnc_config.defaults)
  let size = config.pointee.struct_size
  guard size >= 3 * MemoryLayout<UInt32>.size else {
    throw Failure(
      DNC_INVALID_ARGUMENT, "config->struct_size is \(size), which leaves out input_size and output_size")
  }
  return try Configuration(fields)
}

/// Fills a struct that begins with its size, up to its size in the caller's header.
func write<Fields: BitwiseCopyable>(
  _ value: Fields, to fields: UnsafeMutablePointer<Fields>?, _ name: StaticString
) throws(Failure) {
  let fields = try require(fields, name)
  try writePrefix(of: value, to: fields, size: try knownSize(of: fields, name))
}

/// The body of the `_init` functions: writes the defaults, with `size` as struct_size.
func initialize<Fields: BitwiseCopyable>(
  _ fields: UnsafeMutablePointer<Fields>?, size: Int, defaults: Fields, _ name: StaticString
) throws(Failure) {
  let fields = try require(fields, name)
  try requireKnown(UInt(bitPattern: size), of: Fields.self, "size")
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
  let size = UnsafeRawPointer(fields).load(as: UInt32.self)
  try requireKnown(UInt(size), of: Fields.self, name, "->struct_size")
  return Int(size)
}

/// Throws unless a header of this library's version, or of an older one, may have given a struct this size.
private func requireKnown<Fields>(
  _ size: UInt, of type: Fields.Type, _ name: StaticString, _ field: StaticString = ""
) throws(Failure) {
  let least = MemoryLayout<UInt32>.size
  let most = MemoryLayout<Fields>.size
  guard size <= most else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      """
      \(name)\(field) is \(size), but libdnc \(dnc_version()!) knows \(most) bytes: made with a newer header, or never \
      set
      """)
  }
  guard size >= least else {
    throw Failure(DNC_INVALID_ARGUMENT, "\(name)\(field) is \(size), as if never set; allowed are \(least) to \(most)")
  }
}
