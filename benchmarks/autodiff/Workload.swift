import Autodiff
import CDNC
import Foundation

/// One training step to time, as in ../common/workloads.c: sizes in the letters of dnc.h; one LSTM layer, one write head.
struct Workload {
  let name, what: String
  let X, Y, H, N, W, R, B, T: Int

  static let all = [
    Workload(name: "A", what: "copy task of DNC-NumPy", X: 8, Y: 8, H: 64, N: 16, W: 16, R: 1, B: 1, T: 20),
    Workload(name: "B", what: "repeat copy", X: 6, Y: 5, H: 64, N: 16, W: 16, R: 4, B: 16, T: 40),
    Workload(name: "C1", what: "bAbI, one story", X: 160, Y: 160, H: 256, N: 256, W: 64, R: 4, B: 1, T: 100),
  ]

  static let tiny = Workload(name: "", what: "", X: 1, Y: 1, H: 1, N: 1, W: 1, R: 1, B: 1, T: 1)

  var options: Options { Options(X: X, Y: Y, H: H, N: N, W: W, R: R, B: B) }
}

/// The same numbers for everyone.
struct Episode {
  let parameters, inputs, targets: [Float]

  init(_ k: Workload) {
    var random = SplitMix64()
    func numbers(_ count: Int, in range: ClosedRange<Float>) -> [Float] {
      (0..<count).map { _ in .random(in: range, using: &random) }
    }
    let count = k.options.parameterShapes.reduce(0) { $0 + $1.rows * $1.columns }
    parameters = numbers(count, in: -0.1...0.1)
    inputs = numbers(k.T * k.B * k.X, in: -0.5...0.5)
    targets = numbers(k.T * k.B * k.Y, in: -1...1).map { $0 > 0 ? 1 : 0 }
  }
}

struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64 = 1

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Who takes the gradients.
enum Method: String, CaseIterable {
  case autodiff
  case plain
  case kernels

  var what: String {
    switch self {
    case .autodiff: "autodiff"
    case .plain: "by hand, plain code"
    case .kernels: "by hand, kernels"
    }
  }

  /// The level of the library's kernels is chosen once in a process.
  var environment: [String: String] { self == .plain ? ["DNC_CPU": "plain"] : [:] }
}

/// What a training step found, and the bytes that its numbers took.
struct StepResult {
  let loss, gradientNorm: Double
  let bytes: Int

  init(loss: Double, gradients: some Sequence<Float>, bytes: Int) {
    self.loss = loss
    self.bytes = bytes
    gradientNorm = gradients.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}

/// Repeats a training step: forward, sigmoid cross-entropy over all outputs, the gradients of all parameters.
/// - Returns: seconds of each step, and what the last one found.
func times(_ k: Workload, _ method: Method, seconds: Double) -> (times: [Double], result: StepResult) {
  let episode = Episode(k)
  let step = method == .autodiff ? autodiffStep(k, episode) : libraryStep(k, episode)
  var times: [Double] = []
  var result: StepResult
  let start = Date()
  repeat {
    let begin = DispatchTime.now().uptimeNanoseconds
    let found = step()
    times.append(1e-9 * Double(DispatchTime.now().uptimeNanoseconds - begin))
    result = found()
  } while times.count < 3 || -start.timeIntervalSinceNow < seconds
  return (times, result)
}

private func autodiffStep(_ k: Workload, _ episode: Episode) -> () -> () -> StepResult {
  {
    let step = Model<Float>.trainingStep(
      k.options, parameters: episode.parameters, inputs: episode.inputs, targets: episode.targets)
    return { StepResult(loss: Double(step.loss), gradients: step.gradients, bytes: step.tapeBytes) }
  }
}

private func libraryStep(_ k: Workload, _ episode: Episode) -> () -> () -> StepResult {
  func check(_ status: dnc_status) {
    if status != DNC_OK { fatalError(String(cString: dnc_last_error())) }
  }
  var config = dnc_config()
  check(dnc_config_init(&config, MemoryLayout<dnc_config>.size))
  (config.input_size, config.output_size, config.hidden_size) = (UInt32(k.X), UInt32(k.Y), UInt32(k.H))
  (config.memory_slots, config.word_size, config.read_heads) = (UInt32(k.N), UInt32(k.W), UInt32(k.R))
  config.batch_size = UInt32(k.B)
  var network: OpaquePointer?
  check(dnc_create(&config, &network))
  check(dnc_set_training(network, 1))
  let count = dnc_parameter_count(network)
  precondition(count == episode.parameters.count)
  dnc_parameters(network).update(from: episode.parameters, count: count)
  check(dnc_parameters_changed(network))
  var bytes = 0
  check(dnc_estimate_bytes(&config, k.T, 1, &bytes))

  var outputs = [Float](repeating: 0, count: k.T * k.B * k.Y)
  var outputGradients = outputs
  return {
    var loss = 0.0
    check(dnc_reset(network))
    check(dnc_zero_gradients(network))
    check(dnc_forward(network, k.T, episode.inputs, &outputs))
    check(
      dnc_loss_evaluate(
        DNC_LOSS_SIGMOID_CROSS_ENTROPY.rawValue, k.T, k.B, k.Y, outputs, episode.targets, nil, &loss, &outputGradients))
    check(dnc_backward(network, outputGradients, nil))
    return {
      StepResult(
        loss: loss, gradients: UnsafeBufferPointer(start: dnc_gradients(network), count: count), bytes: bytes)
    }
  }
}
