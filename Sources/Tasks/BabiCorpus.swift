import CDNC
import CPlatform

/// What is asked of the bAbI files: which stories of which tasks, and how they are told.
struct BabiSelection {
  enum Split {
    case train, validation, allTrain, test

    static var words: TaskOption.Words { TaskOption.Words("train", "validation", "all_train", "test") }

    /// - Parameter word: one of the `words`.
    init(_ word: UnsafeRawBufferPointer) {
      if word.equals("validation") {
        self = .validation
      } else if word.equals("all_train") {
        self = .allTrain
      } else {
        self = word.equals("test") ? .test : .train
      }
    }
  }

  let tasks: ClosedRange<Int>
  let split: Split
  /// The blank steps before every answer.
  let think: Int
  /// Whether stories of `BabiInduction` are made distinct, whether names are exchanged, and whether blank steps have `BabiFacts`'
  /// words; only in training stories.
  let isDistinct, exchangesNames, followsFacts: Bool
  /// The most steps of a story.
  let longest: Int

  /// What a file is for.
  enum Part: Int { case train, validation, test }

  /// Whether a story of a file is asked for, by its place there.
  /// - Parameter hasValidationFile: or every tenth story of the training file is for validation.
  func has(_ story: Int, of part: Part, hasValidationFile: Bool) -> Bool {
    switch (split, part) {
    case (.train, .train): hasValidationFile || story % 10 != 9
    case (.validation, .train): !hasValidationFile && story % 10 == 9
    case (.validation, .validation), (.test, .test), (.allTrain, .train), (.allTrain, .validation): true
    default: false
    }
  }
}

/// The stories asked for, as words.
struct BabiCorpus: ~Copyable {
  /// A word as its place in the vocabulary. A bit more says that it is not the input, but the target: of an answer, or of a blank
  /// step before one.
  typealias Token = UInt16
  static let answer: Token = 1 << 15
  static let joint: Token = 1 << 14
  static let word: Token = joint - 1
  /// "-", the first word of the reader and the first in the order of words: the input of steps without a word.
  static let blank: Token = 0

  struct Story {
    /// Its place among the tokens.
    let first: Int
    let length: UInt32
    /// From 0.
    let task: UInt32
  }

  struct Task {
    /// Of the stories asked for.
    var stories = 0
    var questions = 0
    var answerWords = 0
    /// The commonest answer of the training file: its place among the tokens.
    var guess = 0
    var guessLength = 0
    /// The weights of a question, and of a word of an answer, in means over tasks: all questions of a task together weigh as
    /// much as those of any other task.
    var questionWeight = 0.0
    var wordWeight = 0.0
  }

  let vocabulary: Vocabulary
  let names: BabiNames
  /// Tokens; stories, the longest first; one entry for each of the 20 tasks.
  private let text: GrowingMemory
  private let list: GrowingMemory
  private let facts: Memory

  var tokens: UnsafeMutablePointer<Token> { text.start.assumingMemoryBound(to: Token.self) }
  var stories: UnsafeMutablePointer<Story> { list.start.assumingMemoryBound(to: Story.self) }
  var storyCount: Int { list.bytes / MemoryLayout<Story>.stride }
  var tasks: UnsafeMutablePointer<Task> { facts.start.assumingMemoryBound(to: Task.self) }

  init(
    _ selection: BabiSelection, vocabulary: consuming Vocabulary, tokens: consuming GrowingMemory,
    stories: consuming GrowingMemory, tasks: consuming Memory
  ) throws(Failure) {
    let ranks = try Memory(bytes: vocabulary.count * 2)
    let rank = ranks.start.bindMemory(to: UInt16.self, capacity: vocabulary.count)
    vocabulary.findRanks(rank)
    let token = tokens.start.bindMemory(to: Token.self, capacity: tokens.bytes / 2)
    for i in 0..<tokens.bytes / 2 {
      token[i] = token[i] & ~BabiCorpus.word | rank[Int(token[i] & BabiCorpus.word)]
    }
    // Stories of the same length keep their order, whatever the machine's qsort.
    qsort(stories.start, stories.bytes / MemoryLayout<Story>.stride, MemoryLayout<Story>.stride) { a, b in
      let a = a!.load(as: Story.self)
      let b = b!.load(as: Story.self)
      if a.length != b.length { return a.length > b.length ? -1 : 1 }
      return a.first < b.first ? -1 : 1
    }
    let names = try BabiNames(vocabulary)
    let story = stories.start.assumingMemoryBound(to: Story.self)
    let count = stories.bytes / MemoryLayout<Story>.stride
    for i in 0..<count where selection.isDistinct || selection.exchangesNames {
      for t in 0..<Int(story[i].length) { names.note(token[story[i].first + t], of: Int(story[i].task)) }
    }
    if selection.isDistinct, let induction = BabiInduction(vocabulary) {
      for i in 0..<count where story[i].task == BabiInduction.task {
        induction.makeDistinct(token + story[i].first, Int(story[i].length), think: selection.think, names)
      }
    }
    self.vocabulary = vocabulary
    self.names = names
    text = tokens
    list = stories
    facts = tasks
  }

  /// Weighs questions and words so that all of a task together weigh as much as those of any other, and a question 1 on average.
  /// - Parameter areOfTasks: each task has as many stories as any other, and not those of the files.
  func weigh(areOfTasks: Bool) {
    var asked = 0
    func share(_ task: Task) -> Double { areOfTasks ? 1 / Double(task.stories) : 1 }
    var (questions, words) = (0.0, 0.0)
    for i in 0..<Babi.taskCount where tasks[i].stories > 0 {
      questions += Double(tasks[i].questions) * share(tasks[i])
      words += Double(tasks[i].answerWords) * share(tasks[i])
      asked += 1
    }
    for i in 0..<Babi.taskCount where tasks[i].stories > 0 {
      let each = share(tasks[i]) * Double(asked)
      tasks[i].questionWeight = questions / (each * Double(tasks[i].questions))
      tasks[i].wordWeight = words / (each * Double(tasks[i].answerWords))
    }
  }
}
