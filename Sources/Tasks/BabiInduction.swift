/// Stories of task 16, basic induction. They tell kinds and colours of animals, and ask for the colour of one of which only the
/// kind was told. The answer is the colour of its kind:
///
///     lily is a frog .  greg is a frog .  greg is green .  what color is lily ?  -
///
/// In 7.5 % of the public stories, animals of that kind have several colours, and the answer is nearly always the one told last. The
/// other stories can as well be told with their sentences in reverse order, so that there are nearly twice as many.
enum BabiInduction {
  /// From 0.
  static let task = 15

  private typealias Token = BabiCorpus.Token

  private struct Sentence {
    /// Among the story's tokens.
    let place, length: Int
    let animal: Token
    /// A kind or a colour.
    let property: Token
    let tellsKind: Bool
  }

  /// Adds the last story again, with the sentences before its question in reverse order. But it adds nothing if the story has
  /// another form, or if the answer could depend on the order: all animals of the kind in question whose colours are told must
  /// have the answer's colour, and there must be one.
  /// - Parameters:
  ///   - first: the story's place among the tokens. It has one question, whose answer has one word.
  ///   - think: the number of blanks before the answer.
  /// - Returns: whether it was added.
  static func addReversed(
    _ first: Int, think: Int, _ words: borrowing WordList, to tokens: inout GrowingMemory
  ) throws(Failure) -> Bool {
    let length = tokens.bytes / MemoryLayout<Token>.stride - first
    let question = length - 6 - think
    guard question > 0, try isClear(story(first, tokens), question, answer: length - 1, words) else { return false }
    _ = try tokens.add(length * MemoryLayout<Token>.stride)
    let story = story(first, tokens)
    let copy = story + length
    copy.update(from: story, count: length)
    _ = forEachSentence(story, question, words) { sentence in
      (copy + question - sentence.place - sentence.length).update(from: story + sentence.place, count: sentence.length)
    }
    return true
  }

  private static func story(_ first: Int, _ tokens: borrowing GrowingMemory) -> UnsafeMutablePointer<Token> {
    tokens.start.assumingMemoryBound(to: Token.self) + first
  }

  /// Whether the answer is right in any order of the sentences.
  /// - Parameter question: the place of "what color is lily ?"
  private static func isClear(
    _ story: UnsafePointer<Token>, _ question: Int, answer: Int, _ words: borrowing WordList
  ) throws(Failure) -> Bool {
    guard story[answer] & BabiCorpus.answer != 0, has(words, story[question + 2], "is") else { return false }
    // The kind of each word that is an animal, else 0.
    let memory = try Memory(bytes: words.count * MemoryLayout<Token>.stride)
    let kinds = memory.start.bindMemory(to: Token.self, capacity: words.count)
    var isClear = true
    let hasForm = forEachSentence(story, question, words) { sentence in
      guard sentence.tellsKind else { return }
      let known = kinds[Int(sentence.animal)]
      if known != 0 && known != sentence.property { isClear = false }
      kinds[Int(sentence.animal)] = sentence.property
    }
    let kind = kinds[Int(story[question + 3])]
    guard hasForm, kind != 0 else { return false }
    var isTold = false
    _ = forEachSentence(story, question, words) { sentence in
      guard !sentence.tellsKind, kinds[Int(sentence.animal)] == kind else { return }
      isTold = true
      if sentence.property | BabiCorpus.answer != story[answer] { isClear = false }
    }
    return isTold && isClear
  }

  /// Goes through the sentences before the question, as long as they say "greg is a frog ." or "greg is green ."
  /// - Returns: whether all do.
  @inline(never) private static func forEachSentence(
    _ story: UnsafePointer<Token>, _ question: Int, _ words: borrowing WordList, _ body: (Sentence) -> Void
  ) -> Bool {
    var place = 0
    while place < question {
      let start = story + place
      let tellsKind = has(words, start[2], "a") && has(words, start[4], ".")
      let length = tellsKind ? 5 : 4
      guard has(words, start[1], "is"), has(words, start[length - 1], ".") else { return false }
      body(Sentence(place: place, length: length, animal: start[0], property: start[length - 2], tellsKind: tellsKind))
      place += length
    }
    return place == question
  }

  /// Whether a token is a word.
  @inline(never) private static func has(_ words: borrowing WordList, _ token: Token, _ word: StaticString) -> Bool {
    words.bytes(Int(token)).equals(word)
  }
}
