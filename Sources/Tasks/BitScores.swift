import CDNC

/// Scores of answers in bits, each a logit that is above 0 for 1.
enum BitScores {
  static let metricCount = 2
  static func metric(at index: Int) -> Metric {
    index == 0 ? Metric(name: "sequences_right", isError: false) : bitError
  }

  /// For tasks whose answers are items of random bits, all of one width, one item a step.
  static let itemMetricCount = 3
  static func itemMetric(at index: Int) -> Metric {
    index == 2 ? bitError : Metric(name: index == 0 ? "episodes_right" : "items_right", isError: false)
  }

  private static var bitError: Metric { Metric(name: "bit_error", isError: true) }

  /// Compares the outputs with the targets in all steps whose mask is not 0.
  /// - Parameters:
  ///   - randomBits: targets that can't be known before the episode has shown them.
  ///   - freeBits: the number of those that must be guessed; fewer than `randomBits` where an answer repeats.
  static func add<Source: EpisodeSource & ~Copyable>(
    _ source: borrowing Source, _ notes: UnsafeRawPointer, _ outputs: EpisodeOutputs, randomBits: Int, freeBits: Int,
    _ scores: UnsafeMutablePointer<dnc_score>
  ) {
    let width = source.outputSize
    let tally = count(outputs, source.inputSize, width, width: width) { t in
      source.step(t, of: notes, input: outputs.input, target: outputs.target) != 0
    }
    scores.add(0, tally.wrongBits == 0 ? 1 : 0, chance: chance(bits: freeBits))
    scores.add(1, Double(tally.wrongBits), of: Double(tally.bits), chance: 0.5 * Double(randomBits))
  }

  /// Compares the first `width` outputs with the targets in all steps for which `isAnswer` holds.
  static func addItems<Source: EpisodeSource & ~Copyable>(
    _ source: borrowing Source, _ notes: UnsafeRawPointer, _ outputs: EpisodeOutputs, width: Int,
    _ scores: UnsafeMutablePointer<dnc_score>, isAnswer: (Int) -> Bool
  ) {
    let tally = count(outputs, source.inputSize, source.outputSize, width: width) { t in
      _ = source.step(t, of: notes, input: outputs.input, target: outputs.target)
      return isAnswer(t)
    }
    let items = Double(tally.items)
    scores.add(0, tally.wrongItems == 0 ? 1 : 0, chance: chance(bits: tally.bits))
    scores.add(1, items - Double(tally.wrongItems), of: items, chance: items * chance(bits: width))
    scores.add(2, Double(tally.wrongBits), of: Double(tally.bits), chance: 0.5 * Double(tally.bits))
  }

  /// The probability that all of so many bits are guessed right.
  private static func chance(bits: Int) -> Double { .exp(-0.693_147_180_559_945_3 * Double(bits)) }

  private struct Tally {
    var bits = 0
    var wrongBits = 0
    /// Steps, and those with a wrong bit.
    var items = 0
    var wrongItems = 0
  }

  /// Looks at the first `width` outputs of all steps that `read` keeps. It writes their inputs [X] and targets [Y].
  @inline(never) private static func count(
    _ outputs: EpisodeOutputs, _ inputSize: Int, _ outputSize: Int, width: Int, read: (Int) -> Bool
  ) -> Tally {
    var tally = Tally()
    for t in 0..<outputs.steps {
      outputs.input.update(repeating: 0, count: inputSize)
      outputs.target.update(repeating: 0, count: outputSize)
      guard read(t) else { continue }
      let wrongBefore = tally.wrongBits
      for y in 0..<width where (outputs[t][y] > 0) != (outputs.target[y] > 0.5) { tally.wrongBits += 1 }
      if tally.wrongBits > wrongBefore { tally.wrongItems += 1 }
      tally.bits += width
      tally.items += 1
    }
    return tally
  }
}
