import CDNC
import CPlatform

/// Different words, each with an index in the order in which they came. Capital letters count as small ones.
struct WordList: ~Copyable {
  /// No more words than this.
  static let capacity = 16_383
  private static let slots = 1 << 16

  private struct Entry {
    /// Where the word begins in the text.
    let start, length: Int
    /// How often it came.
    var uses = 1
  }
  /// The words, each closed by a zero byte.
  private var text: GrowingMemory
  /// Entries, and a hash table of their indices plus one.
  private let memory: Memory
  private(set) var count = 0

  init() throws(Failure) {
    let text = try GrowingMemory()
    memory = try Memory(bytes: WordList.capacity * MemoryLayout<Entry>.stride + WordList.slots * 2)
    self.text = text
  }

  private var entries: UnsafeMutablePointer<Entry> { memory.start.assumingMemoryBound(to: Entry.self) }
  private var table: UnsafeMutablePointer<UInt16> {
    (memory.start + WordList.capacity * MemoryLayout<Entry>.stride).assumingMemoryBound(to: UInt16.self)
  }

  /// A word, and after it a zero byte; valid until the next new one comes.
  func bytes(_ index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: text.start + entries[index].start, count: entries[index].length)
  }

  private static func small(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 32 : byte }

  /// The index of a word, which is added if it is new.
  mutating func index(of word: UnsafeRawBufferPointer) throws(Failure) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in word { hash = (hash ^ UInt64(WordList.small(byte))) &* 0x100_0000_01b3 }
    var slot = Int((hash ^ (hash >> 32)) & UInt64(WordList.slots - 1))
    while table[slot] != 0 {
      let index = Int(table[slot]) - 1
      if isEqual(index, word) {
        entries[index].uses += 1
        return index
      }
      slot = (slot + 1) & (WordList.slots - 1)
    }
    guard count < WordList.capacity else {
      throw Failure(DNC_BAD_FORMAT, "\"\(bytes: word)\" is one more than the \(WordList.capacity) words allowed")
    }
    let start = try text.add(word.count + 1).assumingMemoryBound(to: UInt8.self)
    for i in 0..<word.count { start[i] = WordList.small(word[i]) }
    start[word.count] = 0
    entries[count] = Entry(start: text.bytes - word.count - 1, length: word.count)
    count += 1
    table[slot] = UInt16(count)
    return count - 1
  }

  private func isEqual(_ index: Int, _ word: UnsafeRawBufferPointer) -> Bool {
    let known = bytes(index)
    guard known.count == word.count else { return false }
    for i in 0..<word.count where known[i] != WordList.small(word[i]) { return false }
    return true
  }

  /// The most frequent word; of several, the first one.
  var commonest: Int {
    var best = 0
    for index in 0..<count where entries[index].uses > entries[best].uses { best = index }
    return best
  }
}

/// The words of a finished list in the order of their bytes.
struct Vocabulary: ~Copyable {
  private struct Place {
    let word: UnsafePointer<CChar>
    let index: Int
  }
  private let words: WordList
  private let places: Memory

  init(_ words: consuming WordList) throws(Failure) {
    let places = try Memory(bytes: words.count * MemoryLayout<Place>.stride)
    let first = places.start.bindMemory(to: Place.self, capacity: words.count)
    for index in 0..<words.count {
      first[index] = Place(word: words.bytes(index).baseAddress!.assumingMemoryBound(to: CChar.self), index: index)
    }
    qsort(first, words.count, MemoryLayout<Place>.stride) { a, b in
      strcmp(a!.load(as: Place.self).word, b!.load(as: Place.self).word)
    }
    self.places = places
    self.words = words
  }

  var count: Int { words.count }
  private var first: UnsafeMutablePointer<Place> { places.start.assumingMemoryBound(to: Place.self) }
  func word(_ rank: Int) -> UnsafePointer<CChar> { first[rank].word }

  /// The place of a word in the order; nil if the list doesn't have it.
  func find(_ word: UnsafeRawBufferPointer) -> Int? {
    (0..<count).first { rank in
      let known = words.bytes(first[rank].index)
      return known.count == word.count && memcmp(known.baseAddress!, word.baseAddress!, word.count) == 0
    }
  }

  /// For each index in the list its place in the order.
  func findRanks(_ ranks: UnsafeMutablePointer<UInt16>) {
    for rank in 0..<count { ranks[first[rank].index] = UInt16(rank) }
  }
}
