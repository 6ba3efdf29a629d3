import CDNC

/// Scores of answers in bits, each a logit that is above 0 for 1.
enum BitScores {
  static let metricCount = 2
  static func metric(at index: Int) -> Metric {
    index == 0 ? Metric(name: "sequences_right", isError: false) : Metric(name: "bit_error", isError: true)
  }

  /// Compares the outputs with the targets in all steps whose mask is not 0.
  /// - Parameters:
  ///   - randomBits: targets that can't be known before the episode has shown them.
  ///   - freeBits: how many different ones of them there are, as when an answer repeats.
  static func add<Source: EpisodeSource & ~Copyable>(
    _ source: borrowing Source, _ record: UnsafeRawPointer, _ outputs: EpisodeOutputs, randomBits: Int, freeBits: Int,
    _ scores: UnsafeMutablePointer<dnc_score>
  ) {
    var wrong = 0
    var count = 0
    for t in 0..<outputs.steps {
      outputs.input.update(repeating: 0, count: source.inputSize)
      outputs.target.update(repeating: 0, count: source.outputSize)
      guard source.step(t, of: record, input: outputs.input, target: outputs.target) != 0 else { continue }
      for y in 0..<source.outputSize where (outputs[t][y] > 0) != (outputs.target[y] > 0.5) { wrong += 1 }
      count += source.outputSize
    }
    scores.add(0, wrong == 0 ? 1 : 0, chance: .exp(-0.693_147_180_559_945_3 * Double(freeBits)))
    scores.add(1, Double(wrong), of: Double(count), chance: 0.5 * Double(randomBits))
  }
}
