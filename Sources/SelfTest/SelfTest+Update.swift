import CDNC
import CPlatform

extension SelfTest {
  /// An update in both precisions, from the same gradients, with their norm clipped; then the network and its optimizer are
  /// saved and loaded.
  static func checkUpdate(
    _ single: borrowing Episode<Float>, against exact: borrowing Episode<Double>, _ kind: Int
  ) throws(Failure) {
    var fields = dnc_optimizer_config.defaults
    fields.algorithm = DNC_OPTIMIZER_ADAMW.rawValue
    fields.max_gradient_norm = 0.5
    let configuration = try OptimizerConfiguration(fields)
    let count = exact.network.parameterCount
    var optimizer = try Optimizer<Float>(configuration, parameterCount: count)
    var exactOptimizer = try Optimizer<Double>(configuration, parameterCount: count)
    let gradients = single.network.gradients.start
    let exactGradients = exact.network.gradients.start
    for i in 0..<count { exactGradients[i] = Double(gradients[i]) }
    optimizer.step(
      parameters: single.network.parameters.start, gradients: gradients, norm: optimizer.norm(gradients))
    exactOptimizer.step(
      parameters: exact.network.parameters.start, gradients: exactGradients, norm: exactOptimizer.norm(exactGradients))
    try compare(
      "updated parameter", kind, count, single.network.parameters.start, exact.network.parameters.start,
      tolerance: 1e-6)
    if kind == 1 || kind == 4 { try checkSaving(single.network, optimizer) }
  }

  /// Saves in the folder for temporary files. Where no file can be made, nothing is tested.
  static func checkSaving(
    _ network: borrowing Network<Float>, _ optimizer: borrowing Optimizer<Float>
  ) throws(Failure) {
    let path = try Memory(bytes: 4096)
    var text = Text(start: path.start.assumingMemoryBound(to: CChar.self), capacity: path.bytes)
    if let folder = getenv("TMPDIR") { text.append(UnsafePointer(folder)) } else { text.append("/tmp") }
    text.append("/libdnc-self-test-XXXXXX")
    let descriptor = mkstemp(text.start)
    guard descriptor >= 0 else { return }
    close(descriptor)
    defer { unlink(text.start) }
    try Checkpoint.save(text.start, network: network, optimizer: optimizer)
    try checkFile(text.start, network, optimizer)
  }

  /// Checks that the file holds the network and its optimizer, bit for bit.
  static func checkFile(
    _ path: UnsafePointer<CChar>, _ network: borrowing Network<Float>, _ optimizer: borrowing Optimizer<Float>
  ) throws(Failure) {
    let (loaded, loadedOptimizer): (UnsafeMutablePointer<Network<Float>>, UnsafeMutablePointer<Optimizer<Float>>?)
    do {
      (loaded, loadedOptimizer) = try Checkpoint.load(path, wantsOptimizer: true)
    } catch {
      throw error.status == DNC_BAD_FORMAT ? error.within(path, DNC_INTERNAL) : error
    }
    defer {
      freeHandle(loaded)
      if let loadedOptimizer { freeHandle(loadedOptimizer) }
    }
    let bytes = network.parameterCount * MemoryLayout<Float>.stride
    var (saved, found) = (network.configuration.fields, loaded.pointee.configuration.fields)
    guard memcmp(&saved, &found, MemoryLayout<dnc_config>.size) == 0,
      memcmp(network.parameters.start, loaded.pointee.parameters.start, bytes) == 0,
      let loadedOptimizer, loadedOptimizer.pointee.stepCount == optimizer.stepCount,
      memcmp(optimizer.first, loadedOptimizer.pointee.first, bytes) == 0,
      memcmp(optimizer.second, loadedOptimizer.pointee.second, bytes) == 0
    else {
      throw Failure(DNC_INTERNAL, "self-test: \(path) does not hold the network and the optimizer that were saved")
    }
  }
}
