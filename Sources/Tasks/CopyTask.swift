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
  private(set) var width = 6
  private(set) var minLength = 1
  private(set) var maxLength = 8
  private var masksAll = false

  var inputSize: Int { width + 2 }
  var outputSize: Int { width + 1 }
  var loss: Loss { .sigmoidCrossEntropy }
  var metricCount: Int { BitScores.metricCount }
  func metric(at index: Int) -> Metric { BitScores.metric(at: index) }

  private struct Episode {
    let length: Int
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
      } else if option.key.equals("mask") {
        masksAll = try option.choice("answer", "all") == 1
      } else {
        throw option.unknown(allowed: "width, min_length, max_length and mask")
      }
    }
    try TaskOptions.requireOrder(minLength, maxLength, "min_length", "max_length")
  }

  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int {
    let length = minLength + random.below(maxLength - minLength + 1)
    let vectors = RandomVectors(&random)
    record.initializeMemory(as: Episode.self, to: Episode(length: length, vectors: vectors))
    return 2 * length + 3
  }

  func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = record.load(as: Episode.self)
    let length = episode.length
    switch t {
    case 0: input[1] = 1
    case length + 1: input[0] = 1
    case 2 * length + 2: target[0] = 1
    case ...length: episode.vectors.write(t - 1, width, input + 2)
    default: episode.vectors.write(t - length - 2, width, target + 1)
    }
    return masksAll || t >= length + 2 ? 1 : 0
  }

  func score(_ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let bits = record.load(as: Episode.self).length * width
    BitScores.add(self, record, outputs, randomBits: bits, freeBits: bits, scores)
  }
}
