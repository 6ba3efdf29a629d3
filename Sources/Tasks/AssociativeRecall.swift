import CDNC

/// Associative recall: blocks of random words, then one of them again; the answer is the block that followed it.
///
///     step      n · (words + 1)                               words            1      words
///     input     the blocks, each with a separator after it,   the words of     end    0
///               the last one with the end                     block q
///     target    0                                             0                0      the words of block q + 1
///
/// Channels of input and target: 0… the bits, then separator, then end; these two are always 0 in the target. The mask is 1
/// after the second end, or everywhere in the episode. The encoding is that of Csordás and Schmidhuber (ICLR 2019).
struct AssociativeRecall: EpisodeSource {
  private var width = 8
  private var words = 3
  private var minBlocks = 2
  private var maxBlocks = 16
  private var masksAll = false

  var inputSize: Int { width + 2 }
  var outputSize: Int { width + 2 }
  var loss: Loss { .sigmoidCrossEntropy }
  var metricCount: Int { BitScores.itemMetricCount }
  func metric(at index: Int) -> Metric { BitScores.itemMetric(at: index) }

  private struct Episode {
    let blocks, query: Int
    let vectors: RandomVectors
  }
  var recordBytes: Int { MemoryLayout<Episode>.size }

  init(options: UnsafePointer<CChar>?) throws(Failure) {
    let blockCounts = 2...100_000
    try TaskOptions.forEach(options) { (option) throws(Failure) in
      if option.key.equals("width") {
        width = try option.number(in: 1...65534)
      } else if option.key.equals("words") {
        words = try option.number(in: 1...1000)
      } else if option.key.equals("min_blocks") {
        minBlocks = try option.number(in: blockCounts)
      } else if option.key.equals("max_blocks") {
        maxBlocks = try option.number(in: blockCounts)
      } else if option.key.equals("mask") {
        masksAll = try option.choice("answer", "all") == 1
      } else {
        throw option.unknown(allowed: "width, words, min_blocks, max_blocks and mask")
      }
    }
    try TaskOptions.requireOrder(minBlocks, maxBlocks, "min_blocks", "max_blocks")
  }

  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: random, into: record)
  }

  /// All episodes of a batch have as many blocks.
  func draw(_ random: inout Random, shared: Random, into record: UnsafeMutableRawPointer) -> Int {
    var shared = shared
    let blocks = shared.within(minBlocks...maxBlocks)
    let query = random.below(blocks - 1)
    let vectors = RandomVectors(&random)
    record.initializeMemory(as: Episode.self, to: Episode(blocks: blocks, query: query, vectors: vectors))
    return answer(blocks) + words
  }

  /// The first step of the answer.
  private func answer(_ blocks: Int) -> Int { (blocks + 1) * (words + 1) }

  func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = record.load(as: Episode.self)
    let blocks = episode.blocks
    let answer = t - self.answer(blocks)
    if answer >= 0 {
      episode.vectors.write((episode.query + 1) * words + answer, width, target)
    } else {
      let (block, word) = t.quotientAndRemainder(dividingBy: words + 1)
      if word == words {
        input[block < blocks - 1 ? width : width + 1] = 1
      } else {
        episode.vectors.write((block < blocks ? block : episode.query) * words + word, width, input)
      }
    }
    return masksAll || answer >= 0 ? 1 : 0
  }

  func score(_ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let first = answer(record.load(as: Episode.self).blocks)
    BitScores.addItems(self, record, outputs, width: width, scores) { $0 >= first }
  }
}
