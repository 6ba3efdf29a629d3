import CDNC
import CPlatform

/// The bAbI tasks (Weston et al. 2015) as the paper asks them: a story with all its questions is an episode, one word a step.
/// After a question comes one "-" for each word of its answer. There the network must say the word; it isn't told whether it
/// was right.
///
///     input    mary  took  the  milk  .  what  is  mary  carrying  ?  -
///     target   0     0     0    0     0  0     0   0     0         0  milk
///     mask     0     0     0    0     0  0     0   0     0         0  1
///
/// The stories of a batch are of similar length. All stories are cut into buckets by length, and a batch comes from one bucket.
/// Each story is still as likely as `BabiShares` says. Or else the sequences of a batch are rows of stories: see `BabiDeal`.
struct Babi: ~Copyable, EpisodeSource {
  static let name: StaticString = "babi"
  static let taskCount = 20

  struct Settings: TaskSettings {
    let folder: UnsafeRawBufferPointer?
    let selection: BabiSelection
    let goesThroughAll: Bool
    let buckets: Int
    let balancesTasks: Bool
    /// 0: each story is an episode.
    let rowSteps: Int
    let echo: Double
    let follow: Double

    init(_ options: inout TaskOptions) throws(Failure) {
      folder = try options.path("folder", "where the files qa1_*_train.txt and so on are; needed")
      let tasks = try options.range("tasks", in: 1...Babi.taskCount, default: "1-20", "which of the tasks")
      let split = try options.choice(
        "split", of: BabiSelection.Split.words, default: "train",
        """
        which stories; "validation": those of the file qa1_*_valid.txt, or without one every tenth of the training file; \
        "train": the others of the training file; "all_train": both
        """)
      goesThroughAll = try options.choice(
        "order", default: "random", or: "all",
        "stories drawn at random, each as likely as any other; or all of them, the longest first, and then again")
      buckets = try options.number(
        "buckets", in: 1...100, default: "8",
        "groups of stories of similar length; all stories of a random batch are of one of them")
      balancesTasks = try options.choice(
        "balance", default: "stories", or: "tasks",
        "what is equally likely to be drawn: each story; or each task, and each story of a task")
      rowSteps = try options.number(
        "row_steps", in: 0...10_000, default: "0",
        """
        the least steps of a row, on average, in which random stories follow each other; 0: every story is an episode of its \
        own, in a batch from one bucket
        """)
      let think = try options.number(
        "think", in: 0...100, default: "0",
        "blank steps before every answer, in which the network may think; a test needs as many as the training")
      echo = try options.share(
        "echo", default: "0",
        "share of the words in random stories that the network must say as it reads them; scores leave them aside")
      follow = try options.share(
        "follow", default: "0",
        """
        weight in the loss of blank steps whose targets are the names on the way to the answer, by the facts that the files \
        give for it; only with "train" and "all_train"
        """)
      let isDistinct = try options.choice(
        "distinct", default: "no", or: "yes",
        """
        whether in each training story of task 16 no kind comes twice but that in question, and no colour; only with "train" \
        and "all_train"
        """)
      let exchangesNames = try options.choice(
        "names", default: "told", or: "exchanged",
        """
        whether names in random stories are those told, or exchanged with others of their group anew whenever a story is \
        drawn; only with "train" and "all_train"
        """)
      let longest = try options.number(
        "max_words", in: 0...BabiReader.storySteps, default: "0",
        "the most steps of a story; longer ones are left out; 0: no story is left out")
      let part = BabiSelection.Split(split)
      let isForTraining = part == .train || part == .allTrain
      selection = BabiSelection(
        tasks: tasks, split: part, think: think, isDistinct: isForTraining && isDistinct,
        exchangesNames: isForTraining && !goesThroughAll && exchangesNames,
        followsFacts: isForTraining && !goesThroughAll && follow > 0,
        longest: longest > 0 ? longest : BabiReader.storySteps)
    }
  }

  private let corpus: BabiCorpus
  private let goesThroughAll: Bool
  private let shares: BabiShares
  private let rowSteps: Int
  /// The share of words that are targets, too.
  private let echo: Double
  private let exchangesNames: Bool
  /// The mask of blank steps with a target; 0: none has one.
  private let follow: Float
  /// Where each bucket of stories begins, and where the last one ends.
  private let buckets: Memory

  var inputSize: Int { corpus.vocabulary.count }
  var outputSize: Int { corpus.vocabulary.count }
  var loss: Loss { .softmaxCrossEntropy }
  var notesBytes: Int {
    guard rowSteps > 0 else { return BabiRow.bytes(1) }
    // A row is at most as long as the longest story after the mean of all rows, which is less than that of two.
    let longest = length(0)
    return BabiRow.bytes(3 * max(rowSteps, longest) / length(corpus.storyCount - 1) + 2)
  }
  var episodeCount: Int { goesThroughAll ? corpus.storyCount : 0 }

  func word(at channel: Int) -> UnsafePointer<CChar>? { corpus.vocabulary.word(channel) }

  init(_ settings: Settings) throws(Failure) {
    guard let folder = settings.folder else {
      throw Failure(
        DNC_INVALID_ARGUMENT, "options: folder is missing: the one with the files qa1_*_train.txt and so on")
    }
    let corpus = try BabiReader.read(settings.selection, in: folder)
    let buckets = settings.buckets
    let bounds = try Memory(bytes: (buckets + 1) * MemoryLayout<Int>.stride)
    Babi.cut(
      corpus.stories, corpus.storyCount, into: buckets, bounds.start.bindMemory(to: Int.self, capacity: buckets + 1))
    shares = try BabiShares(corpus, areOfTasks: settings.balancesTasks)
    corpus.weigh(areOfTasks: settings.balancesTasks && !settings.goesThroughAll)
    self.corpus = corpus
    goesThroughAll = settings.goesThroughAll
    rowSteps = settings.goesThroughAll ? 0 : settings.rowSteps
    echo = settings.goesThroughAll ? 0 : settings.echo
    exchangesNames = settings.selection.exchangesNames
    follow = settings.selection.followsFacts ? Float(settings.follow) : 0
    self.buckets = bounds
  }

  /// Cuts the stories, the longest first, into buckets. Every story costs as much as the longest of its bucket; each cut is
  /// made where it saves most. There may be fewer than `most` buckets: stories of one length stay together.
  private static func cut(
    _ stories: UnsafePointer<BabiCorpus.Story>, _ count: Int, into most: Int, _ bounds: UnsafeMutablePointer<Int>
  ) {
    (bounds[0], bounds[1]) = (0, count)
    var buckets = 1
    while buckets < most {
      var best = (saved: 0, place: 0, bucket: 0)
      for bucket in 0..<buckets {
        for place in bounds[bucket]..<bounds[bucket + 1] {
          let shorter = Int(stories[bounds[bucket]].length - stories[place].length)
          let saved = shorter * (bounds[bucket + 1] - place)
          if saved > best.saved { best = (saved, place, bucket) }
        }
      }
      guard best.saved > 0 else { break }
      for i in stride(from: buckets, to: best.bucket, by: -1) { bounds[i + 1] = bounds[i] }
      bounds[best.bucket + 1] = best.place
      buckets += 1
    }
  }

  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int {
    take(shares.draw(&random), notes)
  }

  func draw(
    _ random: inout Random, shared: Random, place: BatchPlace, into notes: UnsafeMutableRawPointer
  ) -> Int {
    // The seed comes last, so that the stories are the same without it.
    defer {
      if (echo > 0 || exchangesNames || follow > 0) && !place.isEvaluating { BabiRow(notes).seed = random.next() }
    }
    if goesThroughAll {
      // The batches begin again when all stories have been told; the last one may be incomplete.
      let batches = (corpus.storyCount - 1) / place.batch + 1
      let story = Int(place.position % UInt64(batches)) * place.batch + place.sequence
      return story < corpus.storyCount ? take(story, notes) : 0
    }
    if rowSteps > 0 { return fill(&random, place, notes) }
    let bounds = buckets.start.assumingMemoryBound(to: Int.self)
    var common = shared
    let story = shares.draw(&common)
    var bucket = 0
    while bounds[bucket + 1] <= story { bucket += 1 }
    return take(shares.draw(&random, from: bounds[bucket], to: bounds[bucket + 1]), notes)
  }

  func deal(batch: Int, _ random: Random, into dealt: inout GrowingMemory) throws(Failure) {
    guard rowSteps > 0 else { return }
    var random = random
    try BabiDeal.deal(rows: batch, steps: rowSteps, length: { length($0) }, into: &dealt) { shares.draw(&random) }
  }

  /// Takes the stories that were dealt to the row; without any, as many as it needs.
  private func fill(_ random: inout Random, _ place: BatchPlace, _ notes: UnsafeMutableRawPointer) -> Int {
    var steps = 0
    guard let dealt = place.dealt else {
      while steps < rowSteps { steps += take(shares.draw(&random), notes) }
      return steps
    }
    for entry in dealt.bindMemory(to: BabiDeal.Story.self) where entry.row == place.sequence {
      steps += take(Int(entry.story), notes)
    }
    return steps
  }

  private func length(_ story: Int) -> Int { Int(corpus.stories[story].length) }

  /// Puts a story behind those that the notes have. Returns its length.
  private func take(_ story: Int, _ notes: UnsafeMutableRawPointer) -> Int {
    BabiRow(notes).append(story)
    return length(story)
  }

  /// The token of a step, and whether a story begins with it.
  private func find(_ t: Int, _ notes: UnsafeRawPointer) -> (token: BabiCorpus.Token, isFirst: Bool) {
    let row = BabiRow(notes)
    var (i, t) = (0, t)
    while t >= length(row[i]) {
      t -= length(row[i])
      i += 1
    }
    return (token(t, ofStory: i, row), t == 0)
  }

  /// A token of a row's story as it is told there.
  private func token(_ t: Int, ofStory i: Int, _ row: BabiRow) -> BabiCorpus.Token {
    let story = corpus.stories[row[i]]
    let token = corpus.tokens[story.first + t]
    guard exchangesNames && row.seed != 0 else { return token }
    // Other streams than those of the echoes.
    return corpus.names.exchanged(token, task: Int(story.task), seed: row.seed, stream: 1 << 32 + UInt64(i))
  }

  func token(_ t: Int, of notes: UnsafeRawPointer) -> (channel: Int, isFirst: Bool)? {
    let (token, isFirst) = find(t, notes)
    return (Int(token > BabiCorpus.word ? BabiCorpus.blank : token), isFirst)
  }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    let token = find(t, notes).token
    guard token > BabiCorpus.word else {
      input[Int(token)] = 1
      guard token != BabiCorpus.blank, BabiRow(notes).hasEcho(t, share: echo) else { return 0 }
      target[Int(token)] = 1
      return 1
    }
    input[Int(BabiCorpus.blank)] = 1
    let isAnswer = token & BabiCorpus.answer != 0
    guard isAnswer || BabiRow(notes).seed != 0 else { return 0 }
    target[Int(token & BabiCorpus.word)] = 1
    return isAnswer ? 1 : follow
  }

  private static let summaries = 2
  var metricCount: Int { Babi.summaries + Babi.taskCount }

  func metric(at index: Int) -> Metric {
    let name: StaticString =
      switch index {
      case 0: "question_error"
      case 1: "word_error"
      case 2: "task_1_error"
      case 3: "task_2_error"
      case 4: "task_3_error"
      case 5: "task_4_error"
      case 6: "task_5_error"
      case 7: "task_6_error"
      case 8: "task_7_error"
      case 9: "task_8_error"
      case 10: "task_9_error"
      case 11: "task_10_error"
      case 12: "task_11_error"
      case 13: "task_12_error"
      case 14: "task_13_error"
      case 15: "task_14_error"
      case 16: "task_15_error"
      case 17: "task_16_error"
      case 18: "task_17_error"
      case 19: "task_18_error"
      case 20: "task_19_error"
      default: "task_20_error"
      }
    return Metric(name: name, isError: true)
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    let row = BabiRow(notes)
    var first = 0
    for i in 0..<row.count {
      score(i, of: row, outputs.dropping(steps: first), scores)
      first += length(row[i])
    }
  }

  private func score(
    _ place: Int, of row: BabiRow, _ outputs: EpisodeOutputs, _ scores: UnsafeMutablePointer<dnc_score>
  ) {
    let story = corpus.stories[row[place]]
    let steps = Int(story.length)
    let task = corpus.tasks[Int(story.task)]
    let guess = corpus.tokens + task.guess
    var t = 0
    while t < steps {
      let first = t
      var wrong = 0
      var guessedWrong = 0
      while t < steps {
        let told = token(t, ofStory: place, row)
        guard told & BabiCorpus.answer != 0 else { break }
        if !isMostLikely(Int(told & BabiCorpus.word), outputs[t]) { wrong += 1 }
        if t - first >= task.guessLength || guess[t - first] != told { guessedWrong += 1 }
        t += 1
      }
      let words = t - first
      guard words > 0 else {
        t += 1
        continue
      }
      // A shorter answer than the guess can be right word for word, but isn't the guess.
      let isWrong = wrong > 0 ? 1.0 : 0
      let isGuessWrong = guessedWrong > 0 || words != task.guessLength ? 1.0 : 0
      scores.add(Babi.summaries + Int(story.task), isWrong, chance: isGuessWrong)
      scores.add(0, isWrong * task.questionWeight, of: task.questionWeight, chance: isGuessWrong * task.questionWeight)
      scores.add(
        1, Double(wrong) * task.wordWeight, of: Double(words) * task.wordWeight,
        chance: Double(guessedWrong) * task.wordWeight)
    }
  }

  private func isMostLikely(_ word: Int, _ output: In<Float>) -> Bool {
    for other in 0..<outputSize where other != word && !(output[word] > output[other]) { return false }
    return true
  }
}
