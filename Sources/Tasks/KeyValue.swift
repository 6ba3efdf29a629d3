import CDNC

/// Key and value: pairs of random words, then the keys alone in another order; each wants its value in the same step. With
/// `query=both`, then the values in yet another order, each for its key.
///
///     step      n                 1      n         1      n           1
///     input     (key, value)      A      (key, –)  B      (value, –)  A and B
///     target    0                 0      value     0      key         0
///
/// With `query=key` there is one marker only: A in place of B, and nothing after it. Input channels: 0… the first word, width…
/// the second, then A, then B. A word is a number, its lowest bit first. The mask is 1 where a key or a value is asked for,
/// or everywhere in the episode. The encoding is that of Csordás and Schmidhuber (ICLR 2019).
struct KeyValue: EpisodeSource {
  static let name: StaticString = "key_value"

  struct Settings: TaskSettings {
    let width: Int
    let pairs: ClosedRange<Int>
    let asksBoth, distinctValues, masksAll: Bool
    /// How many words there are.
    var words: Int { 1 << width }

    init(_ options: inout TaskOptions) throws(Failure) {
      width = try options.number("width", in: 1...16, default: "6", "bits of a key, and of a value")
      pairs = try options.bounds(
        "min_pairs", default: "2", "max_pairs", default: "16", in: 1...1000,
        "number of pairs, at most 2^width; uniform from \"min_pairs\" to \"max_pairs\"")
      asksBoth = try options.choice(
        "query", default: "key", or: "both", "what is asked about: keys, or keys and then values")
      distinctValues =
        try options.answer(
          "distinct_values",
          "whether no value of an episode repeats; unless it is said, \"yes\" if values are asked about, else \"no\"")
        ?? asksBoth
      masksAll = try options.choice(
        "mask", default: "answer", or: "all", "where the loss counts: where an answer is wanted, or in every step")
      guard pairs.upperBound <= words else {
        throw Failure(
          DNC_INVALID_ARGUMENT, "options: max_pairs is \(pairs.upperBound), allowed is at most 2^width, \(words)")
      }
    }
  }

  private let settings: Settings
  init(_ settings: Settings) { self.settings = settings }

  var inputSize: Int { 2 * settings.width + (settings.asksBoth ? 2 : 1) }
  var outputSize: Int { settings.width }
  var loss: Loss { .sigmoidCrossEntropy }
  var metricCount: Int { BitScores.itemMetricCount }
  func metric(at index: Int) -> Metric { BitScores.itemMetric(at: index) }

  private struct Episode<Start: NotesPointer> {
    let pairs: Noted<Int, Start>
    let keys, values: Noted<UInt16, Start>
    /// Which pairs are asked for, in order: for their value, for their key.
    let first, second: Noted<UInt16, Start>
    let bytes: Int

    init(_ settings: Settings, _ start: Start) {
      var carver = NotesCarver(start)
      pairs = carver.take(1)
      keys = carver.take(settings.pairs.upperBound)
      values = carver.take(settings.pairs.upperBound)
      first = carver.take(settings.pairs.upperBound)
      second = carver.take(settings.pairs.upperBound)
      bytes = carver.bytes
    }
  }

  var notesBytes: Int { Episode(settings, measuredNotes).bytes }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: random, into: notes)
  }

  /// All episodes of a batch have as many pairs.
  func draw(_ random: inout Random, shared: Random, into notes: UnsafeMutableRawPointer) -> Int {
    var shared = shared
    let pairs = shared.within(settings.pairs)
    let episode = Episode(settings, notes)
    episode.pairs.pointee = pairs
    drawAscending(pairs, into: episode.keys.pointer, &random)
    if settings.distinctValues {
      drawAscending(pairs, into: episode.values.pointer, &random)
      random.shuffle(episode.values.pointer, pairs)
    } else {
      for i in 0..<pairs { episode.values[i] = UInt16(random.below(settings.words)) }
    }
    drawOrder(pairs, into: episode.first.pointer, &random)
    drawOrder(pairs, into: episode.second.pointer, &random)
    return (settings.asksBoth ? 3 : 2) * (pairs + 1)
  }

  /// Distinct words, each set of them equally likely.
  private func drawAscending(_ count: Int, into numbers: UnsafeMutablePointer<UInt16>, _ random: inout Random) {
    var drawn = 0
    while drawn < count {
      let number = UInt16(random.below(settings.words))
      var place = drawn
      while place > 0 && numbers[place - 1] >= number { place -= 1 }
      if place < drawn && numbers[place] == number { continue }
      for i in stride(from: drawn, to: place, by: -1) { numbers[i] = numbers[i - 1] }
      numbers[place] = number
      drawn += 1
    }
  }

  private func drawOrder(_ pairs: Int, into order: UnsafeMutablePointer<UInt16>, _ random: inout Random) {
    for i in 0..<pairs { order[i] = UInt16(i) }
    random.shuffle(order, pairs)
  }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = Episode(settings, notes)
    let pairs = episode.pairs.pointee
    let (phase, i) = t.quotientAndRemainder(dividingBy: pairs + 1)
    let markers = input + 2 * settings.width
    if i == pairs {
      if phase != 1 || !settings.asksBoth { markers[0] = 1 }
      if phase > 0 && settings.asksBoth { markers[1] = 1 }
    } else if phase == 0 {
      write(episode.keys[i], input)
      write(episode.values[i], input + settings.width)
    } else if phase == 1 {
      let pair = Int(episode.first[i])
      write(episode.keys[pair], input)
      write(episode.values[pair], target)
    } else {
      let pair = Int(episode.second[i])
      write(episode.values[pair], input)
      write(episode.keys[pair], target)
    }
    return settings.masksAll || isAnswer(t, pairs) ? 1 : 0
  }

  private func isAnswer(_ t: Int, _ pairs: Int) -> Bool { t > pairs && t % (pairs + 1) < pairs }

  private func write(_ word: UInt16, _ bits: Out<Float>) {
    for bit in 0..<settings.width { bits[bit] = Float(word >> UInt16(bit) & 1) }
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let pairs = Episode(settings, notes).pairs.pointee
    BitScores.addItems(self, notes, outputs, width: settings.width, scores) { isAnswer($0, pairs) }
  }
}
