import Testing

@testable import DNC

/// The model in Double against numbers of an independent implementation (Tests/golden/README.md).
@Suite struct GoldenTests {
  static let cases = [
    "lstm_basic", "single_step", "deep_lstm", "feedforward_tanh", "feedforward_relu", "one_slot", "two_writers",
    "two_writers_wide", "three_writers", "constant_start", "clipped", "long", "sharp", "saturated",
    "saturated_interface", "narrow",
  ]

  /// Of Tests/golden/variants.
  static let variants = [
    "rnn_tanh", "rnn_relu", "gru", "deep_gru", "controller_norm", "feedforward_norm", "interface_norm", "both_norms",
    "masks", "masks_minimum", "deallocation", "deallocation_two_writers", "sharpening", "sharpening_two_writers",
    "all_three", "content_only", "content_only_masked", "adnc", "ntm", "ntm_two_and_two", "ntm_feedforward",
    "no_memory",
  ]

  static let all = cases + variants.map { "variants/\($0)" }

  @Test(arguments: all) func everyNumber(name: String) throws {
    var golden = try GoldenFile(name)
    var test = try TestNetwork(try golden.configuration())
    let c = test.c
    var parameters = test.parameters
    for (tensor, range) in test.tensors {
      let values = try golden.take("param.\(tensor)")
      try #require(values.count == range.count)
      parameters.replaceSubrange(range, with: values)
    }
    test.parameters = parameters
    test.network.reset()

    golden.check("outputs", try test.forward(try golden.take("inputs")))
    let planes = test.network.planes
    let states = (1...test.network.recordedSteps).map { planes.pieces(row: $0, c) }
    golden.check(traces: states)
    golden.check("final", states.last!)

    golden.check("input_gradients", test.backward(try golden.take("output_gradients")))
    let gradients = test.gradients
    for (tensor, range) in test.tensors { golden.check("grad.\(tensor)", Array(gradients[range])) }
    golden.check("state_gradients", test.network.stateGradient.pieces(row: 0, c))
    golden.expectAllCompared()
  }
}
