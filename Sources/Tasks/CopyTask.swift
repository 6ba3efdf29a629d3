import CDNC

/// The seed's copy task: keep a sequence of random bit vectors and give it back in order.
///
///     step            0       1 … length    length + 1    length + 2 … 2·length + 1    2·length + 2
///     input           start   the vectors   stop          0                            0
///     target          0       0             0             the vectors                  stop
///
/// Input channels: 0 stop, 1 start, 2… the bits. Target channels: 0 stop, 1… the bits. The mask is 1 after the input's
/// stop vector, or everywhere in the episode.
struct CopyTask: EpisodeSource {
  static let name: StaticString = "copy"

  struct Settings: TaskSettings {
    let width: Int
    let lengths: ClosedRange<Int>
    let masksAll: Bool

    init(_ options: inout TaskOptions) throws(Failure) {
      width = try options.number("width", in: 1...65534, default: "6", "bits of a vector")
      lengths = try options.bounds(
        "min_length", default: "1", "max_length", default: "8", in: RandomVectors.counts,
        "number of vectors; uniform from \"min_length\" to \"max_length\"")
      masksAll = try options.choice(
        "mask", default: "answer", or: "all", "where the loss counts: after the stop vector, or in every step")
    }
  }

  private let settings: Settings
  init(_ settings: Settings) { self.settings = settings }

  var inputSize: Int { settings.width + 2 }
  var outputSize: Int { settings.width + 1 }
  var loss: Loss { .sigmoidCrossEntropy }
  var metricCount: Int { BitScores.metricCount }
  func metric(at index: Int) -> Metric { BitScores.metric(at: index) }

  private struct Episode {
    let length: Int
    let vectors: RandomVectors
  }
  var notesBytes: Int { MemoryLayout<Episode>.size }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    let length = random.within(settings.lengths)
    let vectors = RandomVectors(&random)
    notes.initializeMemory(as: Episode.self, to: Episode(length: length, vectors: vectors))
    return 2 * length + 3
  }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = notes.load(as: Episode.self)
    let length = episode.length
    switch t {
    case 0: input[1] = 1
    case length + 1: input[0] = 1
    case 2 * length + 2: target[0] = 1
    case ...length: episode.vectors.write(t - 1, settings.width, input + 2)
    default: episode.vectors.write(t - length - 2, settings.width, target + 1)
    }
    return settings.masksAll || t >= length + 2 ? 1 : 0
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let bits = notes.load(as: Episode.self).length * settings.width
    BitScores.add(self, notes, outputs, randomBits: bits, freeBits: bits, scores)
  }
}
