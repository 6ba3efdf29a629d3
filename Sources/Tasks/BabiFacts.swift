import CPlatform

/// The facts from which an answer follows. The files number them, behind the answer:
///
///     1 Lily is a swan.
///     2 Greg is a swan.
///     3 Greg is white.
///     4 What color is Lily? →white→1 2 3
///
/// A name that a fact shares with the next one joins them: swan, then greg. These names lead to the answer; a network can be
/// told to say them, one in each blank step.
struct BabiFacts: ~Copyable {
  /// Of the present story, where each line begins among its tokens.
  private var lines: GrowingMemory

  init() throws(Failure) { lines = try GrowingMemory() }

  /// - Parameter number: from 1, where a story begins, and one more each time.
  mutating func begin(line number: Int, at place: Int) throws(Failure) {
    if number == 1 { lines.drop(lines.bytes) }
    try lines.add(MemoryLayout<Int>.stride).storeBytes(of: place, as: Int.self)
  }

  /// Puts the names that join an answer's facts into the blanks before it, as many as there is room for.
  /// - Parameters:
  ///   - facts: their numbers, with anything between them. What is no line before the present one counts for nothing.
  ///   - story: its tokens, which are indices of words so far.
  ///   - blanks: the steps between question and answer; out, in those with a name.
  func name(
    _ facts: UnsafeRawBufferPointer, _ story: UnsafePointer<BabiCorpus.Token>, _ words: borrowing WordList,
    into blanks: UnsafeMutableBufferPointer<BabiCorpus.Token>
  ) {
    let present = lines.bytes / MemoryLayout<Int>.stride
    var (named, before, number) = (0, 0, 0)
    for i in 0...facts.count {
      if i < facts.count, facts[i] &- 48 < 10 {
        number = min(10 * number + Int(facts[i] &- 48), present)
        continue
      }
      if number > 0 && number < present {
        if before > 0 && named < blanks.count, let joint = joint(before, number, story, words) {
          blanks[named] = joint | BabiCorpus.joint
          named += 1
        }
        before = number
      }
      number = 0
    }
  }

  /// The last name of a line that another one has, too.
  private func joint(
    _ line: Int, _ other: Int, _ story: UnsafePointer<BabiCorpus.Token>, _ words: borrowing WordList
  ) -> BabiCorpus.Token? {
    let first = lines.start.assumingMemoryBound(to: Int.self) - 1
    // The line may be a question with its answer.
    for i in (first[line]..<first[line + 1]).reversed() where story[i] <= BabiCorpus.word {
      for j in first[other]..<first[other + 1]
      where story[j] == story[i] && BabiNames.has(words.bytes(Int(story[i]))) {
        return story[i]
      }
    }
    return nil
  }
}
