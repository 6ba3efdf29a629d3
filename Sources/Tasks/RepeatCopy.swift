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
  static let name: StaticString = "repeat_copy"

  struct Settings: TaskSettings {
    let width: Int
    let lengths, repeats: ClosedRange<Int>
    let countsRaw, masksAll: Bool

    init(_ options: inout TaskOptions) throws(Failure) {
      width = try options.number("width", in: 1...65534, default: "4", "bits of a vector")
      lengths = try options.bounds(
        "min_length", default: "1", "max_length", default: "2", in: RandomVectors.counts,
        "number of vectors; uniform from \"min_length\" to \"max_length\"")
      repeats = try options.bounds(
        "min_repeats", default: "1", "max_repeats", default: "2", in: 1...1000,
        "number of repeats; uniform from \"min_repeats\" to \"max_repeats\"")
      countsRaw = try options.choice(
        "count", default: "normalised", or: "raw",
        "repeats / 10, also when there are more than ten; or the number itself")
      masksAll = try options.choice(
        "mask", default: "answer", or: "all", "where the loss counts: after the count, or in every step")
    }
  }

  private let settings: Settings
  init(_ settings: Settings) { self.settings = settings }

  /// What the count is divided by, however many repeats are asked for.
  private static let norm: Float = 10

  var inputSize: Int { settings.width + 2 }
  var outputSize: Int { settings.width + 1 }
  var loss: Loss { .sigmoidCrossEntropy }
  var metricCount: Int { BitScores.metricCount }
  func metric(at index: Int) -> Metric { BitScores.metric(at: index) }

  private struct Episode {
    let length, repeats: Int
    let vectors: RandomVectors
  }
  var notesBytes: Int { MemoryLayout<Episode>.size }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    let length = random.within(settings.lengths)
    let repeats = random.within(settings.repeats)
    let vectors = RandomVectors(&random)
    notes.initializeMemory(as: Episode.self, to: Episode(length: length, repeats: repeats, vectors: vectors))
    return length * (repeats + 1) + 3
  }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = notes.load(as: Episode.self)
    let answer = t - episode.length - 2
    if t == 0 {
      input[settings.width] = 1
    } else if answer < -1 {
      episode.vectors.write(t - 1, settings.width, input)
    } else if answer == -1 {
      input[settings.width + 1] = Float(episode.repeats) / (settings.countsRaw ? 1 : RepeatCopy.norm)
    } else if answer < episode.repeats * episode.length {
      episode.vectors.write(answer % episode.length, settings.width, target)
    } else {
      target[settings.width] = 1
    }
    return settings.masksAll || answer >= 0 ? 1 : 0
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let episode = notes.load(as: Episode.self)
    let bits = episode.length * settings.width
    BitScores.add(self, notes, outputs, randomBits: bits * episode.repeats, freeBits: bits, scores)
  }
}
