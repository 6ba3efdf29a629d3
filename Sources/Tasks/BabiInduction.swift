/// Stories of task 16, basic induction. They tell kinds and colours of animals, and ask for the colour of one of which only the
/// kind was told. The answer is the colour of its kind:
///
///     lily is a frog .  greg is a frog .  greg is green .  brian is a swan .  brian is green .  what color is lily ?  -
///
/// Half of the public stories can be answered without their kinds, by the colour that comes most often. Networks that have
/// found this learn nothing more. It fails where stories are distinct (Franke et al. 2018): no kind comes twice but the one in
/// question, and no colour comes twice.
enum BabiInduction {
  /// From 0.
  static let task = 15

  /// Makes a story distinct by exchanging words from which its answer does not follow. The story stays as it is if the answer
  /// does not follow from it, and a word stays if no other is left.
  /// - Parameters:
  ///   - story: "lily is a frog . … what color is lily ? -", with sentences of four or five words, the name at their beginning
  ///     and the kind or the colour at their end.
  ///   - think: the number of blanks before the answer.
  ///   - period: the word ".".
  static func makeDistinct(
    _ story: UnsafeMutablePointer<BabiCorpus.Token>, _ length: Int, think: Int, period: BabiCorpus.Token,
    _ names: borrowing BabiNames
  ) {
    let answer = story[length - 1] & ~BabiCorpus.answer
    let question = length - 3 - think
    guard question >= 0, !(0..<length - 1).contains(where: { story[$0] & BabiCorpus.answer != 0 }) else { return }
    // Calls `body` with the name of each sentence and the place of its kind or colour.
    func forEachSentence(_ body: (_ name: BabiCorpus.Token, _ end: Int, _ group: Int, _ word: UInt16) -> Void) {
      var first = 0
      for t in 1..<length where story[t] == period {
        if let (group, place) = names.place(of: story[t - 1]), group == BabiNames.kinds || group == BabiNames.colours {
          body(story[first], t - 1, group, 1 << UInt16(place))
        }
        first = t + 1
      }
    }
    // The last words of the sentences from which the answer follows; the last such sentences if there are several.
    var (kind, likeKind, colour) = (-1, -1, -1)
    var isTold = false
    forEachSentence { name, end, group, _ in
      guard name == story[question] else { return }
      if group == BabiNames.kinds { kind = end } else { isTold = true }
    }
    guard kind >= 0, !isTold else { return }
    forEachSentence { name, end, _, _ in
      guard story[end] == story[kind] else { return }
      forEachSentence { other, otherEnd, _, _ in
        if other == name && story[otherEnd] == answer { (likeKind, colour) = (end, otherEnd) }
      }
    }
    guard colour >= 0 else { return }
    var used: (kinds: UInt16, colours: UInt16) = (0, 0)
    for pass in 0..<2 {
      forEachSentence { _, end, group, word in
        let isNeeded = end == kind || end == likeKind || end == colour
        guard isNeeded == (pass == 0) else { return }
        let isKind = group == BabiNames.kinds
        let taken = isKind ? used.kinds : used.colours
        var word = word
        if pass > 0 && taken & word != 0, let (other, place) = names.free(of: group, besides: taken, task: task) {
          story[end] = other
          word = 1 << UInt16(place)
        }
        if isKind { used.kinds |= word } else { used.colours |= word }
      }
    }
  }
}
