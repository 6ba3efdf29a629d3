import CPlatform

/// The names in stories. In most tasks a story stays right when its names are others, as long as two names never become one:
///
///     mary took the milk .  where is mary ?        john took the apple .  where is john ?
///
/// A permutation of each group of names, another one whenever a story is drawn, makes many stories of one. So no network can
/// learn the stories by heart.
struct BabiNames: ~Copyable {
  private typealias Token = BabiCorpus.Token

  /// Groups of at most 16 words, a line each: people, places, things; animals, kinds, colours; shapes.
  private static let words: StaticString = """
    bill daniel fred jeff john julie mary sandra
    bathroom bedroom cinema garden hallway kitchen office park school
    apple football milk
    bernhard brian greg julius lily
    frog lion rhino swan
    blue gray green pink red white yellow
    rectangle sphere square triangle

    """
  static let kinds = 4
  static let colours = 5
  private static let groups = 7
  private static let size = 16
  private static let none: UInt8 = 0xff

  /// Whether a task, from 0, has names that can be others. In tasks 11 and 13 some are `he` and some are `she`; wolves, boxes and
  /// motives of 15, 18 and 20 are not like others.
  private static func canExchange(_ task: Int) -> Bool { 0b0101_1010_1011_1111_1111 >> task & 1 != 0 }

  /// For each channel its place among all groups, or `none`; the channels of all places; for each task and group the places of
  /// words that its stories have.
  private let channelPlaces: Memory
  private let placeChannels: Memory
  private let taskMasks: Memory

  private var places: UnsafeMutablePointer<UInt8> { channelPlaces.start.assumingMemoryBound(to: UInt8.self) }
  private var channels: UnsafeMutablePointer<Token> { placeChannels.start.assumingMemoryBound(to: Token.self) }
  private var masks: UnsafeMutablePointer<UInt16> { taskMasks.start.assumingMemoryBound(to: UInt16.self) }

  init(_ vocabulary: borrowing Vocabulary) throws(Failure) {
    let channelPlaces = try Memory(bytes: vocabulary.count)
    let placeChannels = try Memory(bytes: BabiNames.groups * BabiNames.size * MemoryLayout<Token>.stride)
    let taskMasks = try Memory(bytes: Babi.taskCount * BabiNames.groups * MemoryLayout<UInt16>.stride)
    self.channelPlaces = channelPlaces
    self.placeChannels = placeChannels
    self.taskMasks = taskMasks
    memset(places, Int32(BabiNames.none), vocabulary.count)
    BabiNames.forEach { word, place in
      guard let channel = vocabulary.find(word) else { return }
      places[channel] = UInt8(place)
      channels[place] = Token(channel)
    }
  }

  /// Goes through the words with their places among all groups.
  private static func forEach(_ body: (UnsafeRawBufferPointer, Int) -> Void) {
    var (place, first) = (0, 0)
    for i in 0..<words.utf8CodeUnitCount {
      let byte = words.utf8Start[i]
      guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") else { continue }
      body(UnsafeRawBufferPointer(start: words.utf8Start + first, count: i - first), place)
      first = i + 1
      place = byte == UInt8(ascii: " ") ? place + 1 : (place / size + 1) * size
    }
  }

  /// Whether a word is a name of any group.
  static func has(_ word: UnsafeRawBufferPointer) -> Bool {
    var isFound = false
    forEach { name, _ in
      isFound = isFound || name.count == word.count && memcmp(name.baseAddress!, word.baseAddress!, name.count) == 0
    }
    return isFound
  }

  /// Takes note of a word in the stories of a task.
  func note(_ token: BabiCorpus.Token, of task: Int) {
    guard let (group, place) = place(of: token) else { return }
    masks[task * BabiNames.groups + group] |= 1 << UInt16(place)
  }

  /// The group of a word and its place there.
  func place(of token: BabiCorpus.Token) -> (group: Int, place: Int)? {
    let place = Int(places[Int(token & BabiCorpus.word)])
    return place == Int(BabiNames.none) ? nil : (place / BabiNames.size, place % BabiNames.size)
  }

  /// Any word of a group, and its place there, that a task has and that is not among the places used; nil if there is none.
  func free(
    of group: Int, besides used: UInt16, task: Int, _ random: inout Random
  ) -> (word: BabiCorpus.Token, place: Int)? {
    var left = masks[task * BabiNames.groups + group] & ~used
    guard left != 0 else { return nil }
    for _ in 0..<random.below(left.nonzeroBitCount) { left &= left - 1 }
    let place = left.trailingZeroBitCount
    return (channels[group * BabiNames.size + place], place)
  }

  /// What a word becomes in a story of a task, in which each seed and stream has other permutations.
  func exchanged(_ token: BabiCorpus.Token, task: Int, seed: UInt64, stream: UInt64) -> BabiCorpus.Token {
    guard let (group, place) = place(of: token), BabiNames.canExchange(task) else { return token }
    // A shuffle of the places that the task has, four bits each.
    var order: UInt64 = 0
    var (count, rank) = (0, 0)
    var left = masks[task * BabiNames.groups + group]
    while left != 0 {
      let other = left.trailingZeroBitCount
      if other == place { rank = count }
      order |= UInt64(other) << (4 * count)
      count += 1
      left &= left - 1
    }
    var random = Random(seed: seed, stream: stream * UInt64(BabiNames.groups) + UInt64(group))
    for i in stride(from: count - 1, to: 0, by: -1) {
      let j = random.below(i + 1)
      let change = (order >> (4 * i) ^ order >> (4 * j)) & 15
      order ^= change << (4 * i) ^ change << (4 * j)
    }
    return channels[group * BabiNames.size + Int(order >> (4 * rank) & 15)] | token & ~BabiCorpus.word
  }
}
