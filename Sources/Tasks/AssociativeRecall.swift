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
  static let name: StaticString = "associative_recall"

  struct Settings: TaskSettings {
    let width, words: Int
    let blocks: ClosedRange<Int>
    let masksAll: Bool

    init(_ options: inout TaskOptions) throws(Failure) {
      width = try options.number("width", in: 1...65534, default: "8", "bits of a word")
      words = try options.number("words", in: 1...1000, default: "3", "words of a block")
      blocks = try options.bounds(
        "min_blocks", default: "2", "max_blocks", default: "16", in: 2...100_000,
        "number of blocks; uniform from \"min_blocks\" to \"max_blocks\"")
      masksAll = try options.choice(
        "mask", default: "answer", or: "all", "where the loss counts: after the second end, or in every step")
    }
  }

  private let settings: Settings
  init(_ settings: Settings) { self.settings = settings }

  var inputSize: Int { settings.width + 2 }
  var outputSize: Int { settings.width + 2 }
  var loss: Loss { .sigmoidCrossEntropy }
  var metricCount: Int { BitScores.itemMetricCount }
  func metric(at index: Int) -> Metric { BitScores.itemMetric(at: index) }

  private struct Episode {
    let blocks, query: Int
    let vectors: RandomVectors
  }
  var notesBytes: Int { MemoryLayout<Episode>.size }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: random, into: notes)
  }

  /// All episodes of a batch have as many blocks.
  func draw(_ random: inout Random, shared: Random, into notes: UnsafeMutableRawPointer) -> Int {
    var shared = shared
    let blocks = shared.within(settings.blocks)
    let query = random.below(blocks - 1)
    let vectors = RandomVectors(&random)
    notes.initializeMemory(as: Episode.self, to: Episode(blocks: blocks, query: query, vectors: vectors))
    return answer(blocks) + settings.words
  }

  /// The first step of the answer.
  private func answer(_ blocks: Int) -> Int { (blocks + 1) * (settings.words + 1) }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = notes.load(as: Episode.self)
    let blocks = episode.blocks
    let answer = t - self.answer(blocks)
    if answer >= 0 {
      episode.vectors.write((episode.query + 1) * settings.words + answer, settings.width, target)
    } else {
      let (block, word) = t.quotientAndRemainder(dividingBy: settings.words + 1)
      if word == settings.words {
        input[block < blocks - 1 ? settings.width : settings.width + 1] = 1
      } else {
        episode.vectors.write((block < blocks ? block : episode.query) * settings.words + word, settings.width, input)
      }
    }
    return settings.masksAll || answer >= 0 ? 1 : 0
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let first = answer(notes.load(as: Episode.self).blocks)
    BitScores.addItems(self, notes, outputs, width: settings.width, scores) { $0 >= first }
  }
}
