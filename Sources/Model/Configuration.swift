import CDNC

/// What a network is, checked once: every number in it is in its range, and no size computed from them
/// overflows. The letters are model.md's.
struct Configuration {
  var X, Y, H, L, N, W, R, K, B: Int
  let controller: Controller
  /// What the controller's room says of it, at hand for those who ask in every step.
  let traits: ControllerTraits
  var activation: Activation
  var usageGradientStopped: Bool
  var initialState: Start
  /// Wider than the interface's Float, for the checks in Double.
  var initialValue: Double
  var clipValue: Double
  var threads: Int
  var seed: UInt64
  /// 0: no limit.
  var maxRecordBytes: UInt64
  /// Steps end at the first number that is not finite.
  var checksFinite: Bool
  /// Of the first controller weights' columns for the inputs, and of the interface's weights, when they are drawn.
  var inputScale, interfaceScale: Float

  /// Not to be taken for `InitialState`, which writes it.
  enum Start: UInt32 {
    case zeros = 0
    case constant = 1
    case learned = 2
  }

  static let widths = 1...65536
  static let slots = 1...65536
  static let batches = 1...65536
  static let largestScale: Float = 1000

  static var defaults: dnc_config {
    var config = dnc_config()
    config.hidden_size = 64
    config.num_layers = 1
    config.memory_slots = 64
    config.word_size = 16
    config.read_heads = 1
    config.write_heads = 1
    config.batch_size = 1
    config.initial_value = 1e-6
    config.num_threads = 1
    config.input_scale = 10
    config.interface_scale = 3
    return config
  }

  init(_ config: dnc_config) throws(Failure) {
    func size(_ value: UInt32, _ range: ClosedRange<Int>, _ name: StaticString) throws(Failure) -> Int {
      guard range.contains(Int(value)) else {
        throw Failure(
          DNC_INVALID_ARGUMENT,
          "config->\(name) is \(value), allowed are \(range.lowerBound) to \(range.upperBound)")
      }
      return Int(value)
    }
    func choice<Choice: RawRepresentable<UInt32>>(
      _ value: UInt32, upTo last: Choice, _ name: StaticString
    ) throws(Failure) -> Choice {
      guard let choice = Choice(rawValue: value) else {
        throw Failure(DNC_INVALID_ARGUMENT, "config->\(name) is \(value), allowed are 0 to \(last.rawValue)")
      }
      return choice
    }
    func scale(_ value: Float, _ name: StaticString) throws(Failure) -> Float {
      guard value >= 0, value <= Configuration.largestScale else {
        throw Failure(
          DNC_INVALID_ARGUMENT,
          "config->\(name) is \(Double(value)), allowed are 0 to \(Int(Configuration.largestScale))")
      }
      return value
    }
    X = try size(config.input_size, Configuration.widths, "input_size")
    Y = try size(config.output_size, Configuration.widths, "output_size")
    H = try size(config.hidden_size, Configuration.widths, "hidden_size")
    L = try size(config.num_layers, 1...64, "num_layers")
    N = try size(config.memory_slots, Configuration.slots, "memory_slots")
    W = try size(config.word_size, Configuration.widths, "word_size")
    R = try size(config.read_heads, 1...256, "read_heads")
    K = try size(config.write_heads, 1...64, "write_heads")
    B = try size(config.batch_size, Configuration.batches, "batch_size")
    threads = try size(config.num_threads, 0...1024, "num_threads")
    controller = try choice(config.controller, upTo: .last, "controller")
    traits = controller.traits
    activation = try choice(config.activation, upTo: .relu, "activation")
    usageGradientStopped = try size(config.usage_gradient, 0...1, "usage_gradient") == 1
    initialState = try choice(config.initial_state, upTo: .learned, "initial_state")
    initialValue = Double(config.initial_value)
    clipValue = Double(config.clip_value)
    seed = config.seed
    maxRecordBytes = config.max_record_bytes
    checksFinite = try size(config.check_finite, 0...1, "check_finite") == 1
    _ = try size(config.reserved, 0...0, "reserved")
    inputScale = try scale(config.input_scale, "input_scale")
    interfaceScale = try scale(config.interface_scale, "interface_scale")
    guard initialValue >= 0, initialValue <= 1 else {
      throw Failure(DNC_INVALID_ARGUMENT, "config->initial_value is \(initialValue), allowed are 0 to 1")
    }
    guard clipValue >= 0, clipValue.isFinite else {
      throw Failure(
        DNC_INVALID_ARGUMENT, "config->clip_value is \(clipValue), allowed are 0 (no clamping) and above, finite")
    }
  }

  /// The way back to C, without struct_size.
  var fields: dnc_config {
    var config = dnc_config()
    config.input_size = UInt32(X)
    config.output_size = UInt32(Y)
    config.controller = controller.rawValue
    config.activation = activation.rawValue
    config.hidden_size = UInt32(H)
    config.num_layers = UInt32(L)
    config.memory_slots = UInt32(N)
    config.word_size = UInt32(W)
    config.read_heads = UInt32(R)
    config.write_heads = UInt32(K)
    config.batch_size = UInt32(B)
    config.usage_gradient = usageGradientStopped ? 1 : 0
    config.initial_state = initialState.rawValue
    config.initial_value = Float(initialValue)
    config.clip_value = Float(clipValue)
    config.num_threads = UInt32(threads)
    config.seed = seed
    config.max_record_bytes = maxRecordBytes
    config.check_finite = checksFinite ? 1 : 0
    config.input_scale = inputScale
    config.interface_scale = interfaceScale
    return config
  }
}

extension Configuration {
  /// R·W, the width of all read vectors of one sequence.
  var readWidth: Int { R * W }
  /// C = X + R·W, the width of the controller's input χ.
  var controllerInput: Int { X + readWidth }
  /// L·H, the width of all layers' outputs of one sequence.
  var hiddenWidth: Int { L * H }
  /// V, the width of ν.
  var controllerWidth: Int { traits.showsAllLayers ? hiddenWidth : H }
  /// Where ν begins among the layers' outputs.
  var controllerOffset: Int { hiddenWidth - controllerWidth }
  /// What `threads` comes to here.
  var threadCount: Int { threads == 0 ? min(Threads.processors(), 1024) : threads }
  func seesInput(layer: Int) -> Bool { traits.everyLayerSeesInput || layer == 0 }
  /// The width of what layer l sees of this step: χ, the layer below, or both.
  func inputs(layer l: Int) -> Int { (seesInput(layer: l) ? controllerInput : 0) + (l > 0 ? H : 0) }
  /// Pre-activations of a unit.
  var gates: Int { traits.gates }
  var interface: InterfaceLayout { InterfaceLayout(readHeads: R, writeHeads: K, wordSize: W) }
}
