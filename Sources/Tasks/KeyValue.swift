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
  private var width = 6
  private var minPairs = 2
  private var maxPairs = 16
  private var asksBoth = false
  private var distinctValues = false
  private var masksAll = false

  var inputSize: Int { 2 * width + (asksBoth ? 2 : 1) }
  var outputSize: Int { width }
  var loss: Loss { .sigmoidCrossEntropy }
  var metricCount: Int { BitScores.itemMetricCount }
  func metric(at index: Int) -> Metric { BitScores.itemMetric(at: index) }

  private struct Episode {
    let pairs: UnsafeMutablePointer<Int>
    let keys, values: UnsafeMutablePointer<UInt16>
    /// Which pairs are asked for, in order: for their value, for their key.
    let first, second: UnsafeMutablePointer<UInt16>

    init(_ task: KeyValue, _ carver: inout Carver) {
      pairs = carver.take(1)
      keys = carver.take(task.maxPairs)
      values = carver.take(task.maxPairs)
      first = carver.take(task.maxPairs)
      second = carver.take(task.maxPairs)
    }
  }

  var recordBytes: Int {
    var carver = Carver.measuring
    _ = Episode(self, &carver)
    return carver.bytes
  }

  private func episode(_ record: UnsafeRawPointer) -> Episode {
    var carver = Carver.cutting(UnsafeMutableRawPointer(mutating: record))
    return Episode(self, &carver)
  }

  init(options: UnsafePointer<CChar>?) throws(Failure) {
    let pairCounts = 1...1000
    var distinct: Bool?
    try TaskOptions.forEach(options) { (option) throws(Failure) in
      if option.key.equals("width") {
        width = try option.number(in: 1...16)
      } else if option.key.equals("min_pairs") {
        minPairs = try option.number(in: pairCounts)
      } else if option.key.equals("max_pairs") {
        maxPairs = try option.number(in: pairCounts)
      } else if option.key.equals("query") {
        asksBoth = try option.choice("key", "both") == 1
      } else if option.key.equals("distinct_values") {
        distinct = try option.choice("no", "yes") == 1
      } else if option.key.equals("mask") {
        masksAll = try option.choice("answer", "all") == 1
      } else {
        throw option.unknown(allowed: "width, min_pairs, max_pairs, query, distinct_values and mask")
      }
    }
    distinctValues = distinct ?? asksBoth
    try TaskOptions.requireOrder(minPairs, maxPairs, "min_pairs", "max_pairs")
    try TaskOptions.requireOrder(maxPairs, words, "max_pairs", "2^width")
  }

  /// How many words there are.
  private var words: Int { 1 << width }

  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: random, into: record)
  }

  /// All episodes of a batch have as many pairs.
  func draw(_ random: inout Random, shared: Random, into record: UnsafeMutableRawPointer) -> Int {
    var shared = shared
    let pairs = shared.within(minPairs...maxPairs)
    let episode = episode(record)
    episode.pairs.initialize(to: pairs)
    drawAscending(pairs, into: episode.keys, &random)
    if distinctValues {
      drawAscending(pairs, into: episode.values, &random)
      random.shuffle(episode.values, pairs)
    } else {
      for i in 0..<pairs { episode.values[i] = UInt16(random.below(words)) }
    }
    drawOrder(pairs, into: episode.first, &random)
    drawOrder(pairs, into: episode.second, &random)
    return (asksBoth ? 3 : 2) * (pairs + 1)
  }

  /// Distinct words, each set of them equally likely.
  private func drawAscending(_ count: Int, into numbers: UnsafeMutablePointer<UInt16>, _ random: inout Random) {
    var drawn = 0
    while drawn < count {
      let number = UInt16(random.below(words))
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

  func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let episode = episode(record)
    let pairs = episode.pairs.pointee
    let (phase, i) = t.quotientAndRemainder(dividingBy: pairs + 1)
    let markers = input + 2 * width
    if i == pairs {
      if phase != 1 || !asksBoth { markers[0] = 1 }
      if phase > 0 && asksBoth { markers[1] = 1 }
    } else if phase == 0 {
      write(episode.keys[i], input)
      write(episode.values[i], input + width)
    } else if phase == 1 {
      let pair = Int(episode.first[i])
      write(episode.keys[pair], input)
      write(episode.values[pair], target)
    } else {
      let pair = Int(episode.second[i])
      write(episode.values[pair], input)
      write(episode.keys[pair], target)
    }
    return masksAll || isAnswer(t, pairs) ? 1 : 0
  }

  private func isAnswer(_ t: Int, _ pairs: Int) -> Bool { t > pairs && t % (pairs + 1) < pairs }

  private func write(_ word: UInt16, _ bits: Out<Float>) {
    for bit in 0..<width { bits[bit] = Float(word >> UInt16(bit) & 1) }
  }

  func score(_ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let pairs = episode(record).pairs.pointee
    BitScores.addItems(self, record, outputs, width: width, scores) { isAnswer($0, pairs) }
  }
}
