/// Stories of task 16, basic induction. They tell kinds and colours of animals, and ask for the colour of one of which only the
/// kind was told. The answer is the colour of its kind:
///
///     lily is a frog .  greg is a frog .  greg is green .  brian is a swan .  brian is green .  what color is lily ?  -
///
/// Nearly half of the public stories can be answered without their kinds, by the colour that comes most often. Networks that have
/// found this learn nothing more. It fails where stories are distinct (Franke et al. 2018): no kind comes twice but the one in
/// question, and no colour comes twice.
struct BabiInduction {
  /// From 0.
  static let task = 15

  private typealias Token = BabiCorpus.Token

  /// The words of its sentences: "is", "a" and ".".
  private let copula, article, period: Token

  private struct Sentence {
    let animal: Token
    /// The place of the kind or colour in the story, and in its group.
    let end, place: Int
    let tellsKind: Bool
  }

  /// Nil if the files lack one of the words.
  init?(_ vocabulary: borrowing Vocabulary) {
    func find(_ word: StaticString) -> Int? {
      vocabulary.find(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }
    guard let copula = find("is"), let article = find("a"), let period = find(".") else { return nil }
    (self.copula, self.article, self.period) = (Token(copula), Token(article), Token(period))
  }

  /// Makes a story distinct: where a kind or colour comes again, and the answer does not follow from it, it becomes any one that is
  /// left, always the same for the same story. The story stays as it is if it has another form, or if its answer does not follow.
  /// - Parameters:
  ///   - story: "lily is a frog . … what color is lily ? -". Each animal has one kind and one colour at most.
  ///   - think: the number of blanks before the answer.
  func makeDistinct(
    _ story: UnsafeMutablePointer<BabiCorpus.Token>, _ length: Int, think: Int, _ names: borrowing BabiNames
  ) {
    let question = length - 6 - think
    guard question > 0, !(0..<length - 1).contains(where: { story[$0] & BabiCorpus.answer != 0 }) else { return }
    let asked = story[question + 3]
    let answer = story[length - 1] & BabiCorpus.word
    // The last words of the sentences from which the answer follows: its animal's kind, an animal of the same kind that has the
    // answer's colour (the last of several), and this colour.
    var (kind, likeKind, colour) = (-1, -1, -1)
    var isClear = true
    let hasForm = forEachSentence(story, question, names) { sentence in
      if sentence.animal == asked {
        if sentence.tellsKind { kind = sentence.end } else { isClear = false }
      }
      _ = forEachSentence(story, question, names) { other in
        guard other.animal == sentence.animal, other.end != sentence.end else { return }
        if other.tellsKind == sentence.tellsKind { isClear = false }
      }
    }
    guard hasForm, isClear, kind >= 0 else { return }
    _ = forEachSentence(story, question, names) { sentence in
      guard story[sentence.end] == story[kind] else { return }
      _ = forEachSentence(story, question, names) { other in
        guard other.animal == sentence.animal, !other.tellsKind, story[other.end] == answer else { return }
        (likeKind, colour) = (sentence.end, other.end)
      }
    }
    guard colour >= 0 else { return }
    // Names in blank steps make no other story of it.
    var random = Random(
      seed: (0..<length).reduce(0) {
        ($0 ^ UInt64(story[$1] & BabiCorpus.joint != 0 ? BabiCorpus.blank : story[$1])) &* 0x100_0000_01b3
      })
    var used: (kinds: UInt16, colours: UInt16) = (0, 0)
    for pass in 0..<2 {
      _ = forEachSentence(story, question, names) { sentence in
        let isNeeded = sentence.end == kind || sentence.end == likeKind || sentence.end == colour
        guard isNeeded == (pass == 0) else { return }
        let group = sentence.tellsKind ? BabiNames.kinds : BabiNames.colours
        let taken = sentence.tellsKind ? used.kinds : used.colours
        var word: UInt16 = 1 << UInt16(sentence.place)
        if !isNeeded && taken & word != 0,
          let (other, place) = names.free(of: group, besides: taken, task: BabiInduction.task, &random)
        {
          story[sentence.end] = other
          word = 1 << UInt16(place)
        }
        if sentence.tellsKind { used.kinds |= word } else { used.colours |= word }
      }
    }
  }

  /// Goes through the sentences before the question, as long as they are "greg is a frog ." or "greg is green ."
  /// - Returns: whether all are.
  @inline(never) private func forEachSentence(
    _ story: UnsafePointer<BabiCorpus.Token>, _ question: Int, _ names: borrowing BabiNames, _ body: (Sentence) -> Void
  ) -> Bool {
    var first = 0
    while first < question {
      let tellsKind = story[first + 2] == article
      let end = first + (tellsKind ? 3 : 2)
      guard story[first + 1] == copula, story[end + 1] == period, let (group, place) = names.place(of: story[end]),
        group == (tellsKind ? BabiNames.kinds : BabiNames.colours)
      else { return false }
      body(Sentence(animal: story[first], end: end, place: place, tellsKind: tellsKind))
      first = end + 2
    }
    return first == question
  }
}
