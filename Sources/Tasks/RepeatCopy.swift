import CDNC

/// DeepMind's repeat copy task: keep a sequence of random bit vectors, give it back a stated number of times, and say when
/// that is done.
///
///     step            0       1 … length    length + 1    length + 2 …                  length + 2 + repeats·length
///     input           start   the vectors   count         0                             0
///     target          0       0             0             the vectors, `repeats` times  end
///
/// Input channels: 0… the bits, then start, then the count. Target channels: 0… the bits, then end. The mask is 1 after the
/// count, or everywhere in the episode.
struct RepeatCopy: EpisodeSource {
  private var width = 4
  private var minLength = 1
  private var maxLength = 2
  private var minRepeats = 1
  private var maxRepeats = 2
  private var masksAll = false
  private var countsRaw = false

  /// What the count is divided by, however many repeats are asked for.
  private static let norm: Float = 10

  var inputSize: Int { width + 2 }
  var outputSize: Int { width + 1 }
  var loss: Loss { .sigmoidCrossEntropy }
  var metricCount: Int { BitScores.metricCount }
  func metric(at index: Int) -> Metric { BitScores.metric(at: index) }

  private struct Episode {
    let length, repeats: Int
    let vectors: RandomVectors
  }
  var recordBytes: Int { MemoryLayout<Episode>.size }

  init(options: UnsafePointer<CChar>?) throws(Failure) {
    try TaskOptions.forEach(options) { (option) throws(Failure) in
      if option.key.equals("width") {
        width = try option.number(in: 1...65534)
      } else if option.key.equals("min_length") {
        minLength = try option.number(in: RandomVectors.counts)
      } else if option.key.equals("max_length") {
        maxLength = try option.number(in: RandomVectors.counts)
      } else if option.key.equals("min_repeats") {
        minRepeats = try option.number(in: 1...1000)
      } else if option.key.equals("max_repeats") {
        maxRepeats = try option.number(in: 1...1000)
      } else if option.key.equals("count") {
        countsRaw = try option.choice("normalised", "raw") == 1
      } else if option.key.equals("mask") {
        masksAll = try option.choice("answer", "all") == 1
      } else {
        throw option.unknown(
          allowed: "width, min_length, max_length, min_repeats, max_repeats, count and mask")
      }
    }
    try TaskOptions.requireOrder(minLength, maxLength, "min_length", "max_length")
    try TaskOptions.requireOrder(minRepeats, maxRepeats, "min_repeats", "max_repeats")
  }

  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int {
    let length = random.within(minLength...maxLength)
    let repeats = random.within(minRepeats...maxRepeats)
    let vectors = RandomVectors(&random)
    record.initializeMemory(as: Episode.self, to: Episode(length: length, repeats: repeats, vectors: vectors))
    return length * (repeats + 1) + 3
  }

  func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = record.load(as: Episode.self)
    let answer = t - episode.length - 2
    if t == 0 {
      input[width] = 1
    } else if answer < -1 {
      episode.vectors.write(t - 1, width, input)
    } else if answer == -1 {
      input[width + 1] = Float(episode.repeats) / (countsRaw ? 1 : RepeatCopy.norm)
    } else if answer < episode.repeats * episode.length {
      episode.vectors.write(answer % episode.length, width, target)
    } else {
      target[width] = 1
    }
    return masksAll || answer >= 0 ? 1 : 0
  }

  func score(_ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let episode = record.load(as: Episode.self)
    let bits = episode.length * width
    BitScores.add(self, record, outputs, randomBits: bits * episode.repeats, freeBits: bits, scores)
  }
}
