import CDNC
import Testing

@testable import DNC

/// The model in Double against numbers of an independent implementation (Tests/golden/README.md).
@Suite struct GoldenTests {
  static let cases = [
    "lstm_basic", "single_step", "deep_lstm", "feedforward_tanh", "feedforward_relu", "one_slot", "two_writers",
    "two_writers_wide", "three_writers", "constant_start", "clipped", "long", "sharp", "saturated",
    "saturated_interface", "narrow", "rnn_tanh",
  ]

  static func configuration(of file: SafetensorsFile) throws -> Configuration {
    let json = try file.json("config")
    func number(_ key: String) -> UInt32 { UInt32(json[key] as! Int) }
    func choice(_ key: String, _ values: [String]) -> UInt32 { UInt32(values.firstIndex(of: json[key] as! String)!) }
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
    var configuration = try Configuration(fields)
    configuration.initialValue = json["initial_value"] as! Double
    configuration.clipValue = json["clip_value"] as! Double
    return configuration
  }

  @Test(arguments: cases) func everyNumber(name: String) throws {
    let file = try SafetensorsFile(golden: name)
    var test = try TestNetwork(try GoldenTests.configuration(of: file))
    let c = test.c
    var checked: Set<String> = []
    func check(_ tensor: String, _ found: [Double], tolerance: Double = 1e-10) {
      let error = relativeError(found, file[tensor] ?? [])
      #expect(error <= tolerance, "\(name): \(tensor)")
      checked.insert(tensor)
    }

    var parameters = test.parameters
    for (tensor, range) in test.tensors {
      let values = try #require(file["param.\(tensor)"], "\(name) has no \(tensor)")
      try #require(values.count == range.count)
      parameters.replaceSubrange(range, with: values)
      checked.insert("param.\(tensor)")
    }
    test.parameters = parameters
    test.network.reset()

    check("outputs", try test.forward(file["inputs"]!))
    let steps = test.network.recordedSteps
    let planes = test.network.planes
    check("trace.write_weights", (1...steps).flatMap { planes[.writeWeights].values(row: $0) })
    check("trace.read_weights", (1...steps).flatMap { planes[.readWeights].values(row: $0) })
    check("trace.usage", (1...steps).flatMap { planes[.usage].values(row: $0) })
    func checkState(_ prefix: String, _ planes: Planes<Double>, row: Int) {
      for (name, numbers) in planes.pieces(row: row, c) { check("\(prefix).\(name)", numbers) }
    }
    checkState("final", planes, row: steps)

    check("input_gradients", test.backward(file["output_gradients"]!))
    let gradients = test.gradients
    for (tensor, range) in test.tensors { check("grad.\(tensor)", Array(gradients[range])) }
    checkState("state_gradients", test.network.stateGradient, row: 0)

    let left = Set(file.names).subtracting(checked).subtracting(["inputs", "output_gradients"])
    #expect(left.isEmpty, "\(name): nobody compared \(left.sorted())")
  }
}
