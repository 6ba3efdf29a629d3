import CDNC
import Testing

@testable import DNC

/// A golden file of the model, and which of its tensors nobody has compared yet.
struct GoldenFile {
  let name: String
  private let file: SafetensorsFile
  private let config: [String: Any]
  /// False where interchangeable slots may be swapped (Tests/golden/README.md, "What can be compared").
  private let comparesSlots: Bool
  private var left: Set<String>

  init(_ name: String) throws {
    self.name = name
    file = try SafetensorsFile(golden: name)
    config = try file.json("config")
    comparesSlots = try file.json("stable")["float64_slots"] as! Bool
    left = Set(file.names)
  }

  // MARK: The configuration

  /// As in the file, whether or not the library allows it. Files of the plain network don't speak of variants.
  var fields: dnc_config {
    func number(_ key: String) -> UInt32 { UInt32(config[key] as! Int) }
    func choice(_ key: String, _ values: [String]) -> UInt32 {
      UInt32(values.firstIndex(of: config[key] as? String ?? values[0])!)
    }
    func flag(_ key: String, default standard: Bool = false) -> UInt32 { config[key] as? Bool ?? standard ? 1 : 0 }
    var fields = dnc_config.defaults
    fields.input_size = number("input_size")
    fields.output_size = number("output_size")
    fields.hidden_size = number("hidden_size")
    fields.num_layers = number("num_layers")
    fields.memory_slots = number("memory_slots")
    fields.word_size = number("word_size")
    fields.read_heads = number("read_heads")
    fields.write_heads = number("write_heads")
    fields.batch_size = number("batch_size")
    fields.controller = choice("controller", ["lstm", "feedforward", "gru", "rnn"])
    fields.activation = choice("activation", ["tanh", "relu"])
    fields.usage_gradient = choice("usage_gradient", ["full", "stopped"])
    fields.initial_state = choice("initial_state", ["zeros", "constant", "learned"])
    fields.initial_value = Float(initialValue)
    fields.clip_value = Float(clipValue)
    fields.memory = choice("memory", ["dnc", "ntm", "none"])
    fields.temporal_links = flag("temporal_links", default: true)
    fields.content_masks = flag("content_masks")
    fields.mask_minimum = Float(maskMinimum)
    fields.deallocation = flag("deallocation")
    fields.link_sharpening = flag("link_sharpening")
    fields.controller_norm = flag("controller_norm")
    fields.interface_norm = flag("interface_norm")
    return fields
  }

  // Wider than the fields.
  var initialValue: Double { config["initial_value"] as! Double }
  var clipValue: Double { config["clip_value"] as! Double }
  var maskMinimum: Double { config["mask_minimum"] as? Double ?? 0 }

  func configuration() throws -> Configuration {
    var configuration = try Configuration(fields)
    configuration.initialValue = initialValue
    configuration.clipValue = clipValue
    configuration.interface.maskMinimum = maskMinimum
    return configuration
  }

  // MARK: The tensors

  /// A given tensor.
  mutating func take(_ tensor: String) throws -> [Double] {
    left.remove(tensor)
    return try #require(file[tensor], "\(name) has no \(tensor)")
  }

  /// Compares what was found with an expected tensor.
  mutating func check(_ tensor: String, _ found: [Double]) {
    left.remove(tensor)
    guard comparesSlots || !isSlotWise(tensor) else { return }
    let error = relativeError(found, file[tensor] ?? [])
    #expect(error <= 1e-10, "\(name): \(tensor) differs by \(error)")
  }

  /// Compares the pieces of a state, or of its gradient. Those that the network lacks are empty, and not in the file.
  mutating func check(_ prefix: String, _ pieces: [(name: String, numbers: [Double])]) {
    for (piece, numbers) in pieces where !numbers.isEmpty { check("\(prefix).\(piece)", numbers) }
  }

  /// Compares the traces: pieces of the state after each step.
  mutating func check(traces states: [[(name: String, numbers: [Double])]]) {
    for (n, piece) in states[0].enumerated() where ["write_weights", "read_weights", "usage"].contains(piece.name) {
      check("trace", [(piece.name, states.flatMap { $0[n].numbers })])
    }
  }

  func expectAllCompared() { #expect(left.isEmpty, "\(name): nobody compared \(left.sorted())") }

  private func isSlotWise(_ tensor: String) -> Bool {
    guard let dot = tensor.firstIndex(of: "."), !["param", "grad"].contains(tensor[..<dot]) else { return false }
    return !["hidden", "cell", "read_vectors"].contains(tensor[tensor.index(after: dot)...])
  }
}
