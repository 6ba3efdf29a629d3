import CDNC
import CPlatform

/// Reads a bAbI folder. Every line is a number, which is 1 where a story begins, and a sentence; or a question, a tab and its
/// answer, one word or several with commas between them, and after another tab the facts from which it follows: see `BabiFacts`.
///
///     1 Mary took the milk there.
///     2 What is Mary carrying? →milk→1
///
/// A folder may have files for validation: qa3_three-supporting-facts_valid.txt. All files together give the vocabulary, whichever
/// stories are asked for.
struct BabiReader: ~Copyable {
  private static let fileBytes = 64 << 20
  static let storySteps = 1_000_000

  private let selection: BabiSelection
  private var words: WordList
  private var tokens: GrowingMemory
  private var stories: GrowingMemory
  private let tasks: Memory
  /// The fewest steps of the stories asked for, also of those that are left out.
  private var shortest = Int.max

  /// Of the file that is read: its answers as they are written, its stories begun, the number of its line before.
  private var answers: WordList
  private var begun = 0
  private var number: UInt64 = 0
  private var supporting: BabiFacts

  private struct Story {
    var first = 0
    var length = 0
    var questions = 0
    var answerWords = 0
    /// Of a story that isn't kept, only the words are, in the vocabulary.
    var isKept = false
  }
  private var story = Story()

  private init(_ selection: BabiSelection) throws(Failure) {
    var words = try WordList()
    // The mark of an answer's place, which no file has: `BabiCorpus.blank`.
    _ = try words.index(of: UnsafeRawBufferPointer(start: ("-" as StaticString).utf8Start, count: 1))
    let answers = try WordList()
    let tokens = try GrowingMemory()
    let stories = try GrowingMemory()
    let tasks = try Memory(bytes: Babi.taskCount * MemoryLayout<BabiCorpus.Task>.stride)
    supporting = try BabiFacts()
    self.selection = selection
    self.words = words
    self.answers = answers
    self.tokens = tokens
    self.stories = stories
    self.tasks = tasks
  }

  static func read(
    _ selection: BabiSelection, in folder: UnsafeRawBufferPointer
  ) throws(Failure) -> BabiCorpus {
    let folder = try BabiFolder(folder)
    var reader = try BabiReader(selection)
    for task in 1...Babi.taskCount {
      try reader.read(folder, task, .train)
      if folder.has(task, .validation) { try reader.read(folder, task, .validation) }
      try reader.read(folder, task, .test)
    }
    guard reader.stories.bytes > 0 else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        """
        options: max_words is \(selection.longest), allowed is 0 or at least \(reader.shortest), the steps of the shortest \
        story
        """
      )
    }
    return try BabiCorpus(
      selection, vocabulary: Vocabulary(reader.words), tokens: reader.tokens, stories: reader.stories,
      tasks: reader.tasks)
  }

  private mutating func read(
    _ folder: borrowing BabiFolder, _ task: Int, _ part: BabiSelection.Part
  ) throws(Failure) {
    let isAsked = selection.tasks.contains(task)
    let hasValidationFile = folder.has(task, .validation)
    guard let path = try folder.find(task, part) else {
      guard isAsked else { return }
      throw Failure(DNC_IO_ERROR, "\(folder.folder) has no file qa\(task)_*\(BabiFolder.ending(of: part))")
    }
    let file = try TextFile(path: path, limit: BabiReader.fileBytes)
    let facts = tasks.start.assumingMemoryBound(to: BabiCorpus.Task.self) + (task - 1)
    begun = 0
    number = 0
    answers = try WordList()
    try file.forEachLine(comments: .none) { (line) throws(Failure) in
      guard line.count > 0 else { return }
      let text = try takeNumber(of: line)
      if number == 1 {
        try endStory(facts)
        story = Story(
          first: tokens.bytes / 2,
          isKept: isAsked && selection.has(begun, of: part, hasValidationFile: hasValidationFile))
        begun += 1
      }
      if selection.followsFacts { try supporting.begin(line: Int(number), at: story.length) }
      try take(text)
    }
    do throws(Failure) {
      try endStory(facts)
      guard begun > 0 else { throw Failure(DNC_BAD_FORMAT, "the file is empty, expected are stories") }
      let hasTooFew = isAsked && selection.split == .validation && part == .train && !hasValidationFile && begun < 10
      guard !hasTooFew else {
        throw Failure(DNC_BAD_FORMAT, "every tenth story is for validation, but there are only \(begun)")
      }
    } catch {
      throw error.within(path, error.status)
    }
    guard isAsked && part == .train else { return }
    story = Story(first: tokens.bytes / 2, isKept: true)
    try takeAnswer(answers.bytes(answers.commonest))
    (facts.pointee.guess, facts.pointee.guessLength) = (story.first, story.length)
  }

  /// Returns the line's text.
  private mutating func takeNumber(of line: UnsafeRawBufferPointer) throws(Failure) -> UnsafeRawBufferPointer {
    let space = line.firstIndex(of: UInt8(ascii: " ")) ?? line.count
    let found = UInt64(decimal: UnsafeRawBufferPointer(rebasing: line[..<space]))
    guard let found, found == 1 || found == number + 1 else {
      let orFirst: StaticString = number > 0 ? " or 1" : ""
      throw Failure(DNC_BAD_FORMAT, "expected at the beginning is \(Int(number + 1))\(orFirst)")
    }
    number = found
    return UnsafeRawBufferPointer(rebasing: line[space...])
  }

  private mutating func endStory(_ facts: UnsafeMutablePointer<BabiCorpus.Task>) throws(Failure) {
    guard begun > 0 else { return }
    guard story.questions > 0 else { throw Failure(DNC_BAD_FORMAT, "a story ends here without a question") }
    guard story.isKept else { return }
    shortest = min(shortest, story.length)
    guard story.length <= selection.longest else {
      tokens.drop(story.length * MemoryLayout<BabiCorpus.Token>.stride)
      return
    }
    let task = facts - tasks.start.assumingMemoryBound(to: BabiCorpus.Task.self)
    try stories.add(MemoryLayout<BabiCorpus.Story>.stride).initializeMemory(
      as: BabiCorpus.Story.self,
      to: BabiCorpus.Story(first: story.first, length: UInt32(story.length), task: UInt32(task)))
    facts.pointee.stories += 1
    facts.pointee.questions += story.questions
    facts.pointee.answerWords += story.answerWords
  }

  /// A sentence, or a question with its answer.
  private mutating func take(_ text: UnsafeRawBufferPointer) throws(Failure) {
    let tab = text.firstIndex(of: UInt8(ascii: "\t"))
    let sentence = UnsafeRawBufferPointer(rebasing: text[..<(tab ?? text.count)]).trimmed
    guard sentence.last == (tab == nil ? UInt8(ascii: ".") : UInt8(ascii: "?")) else {
      throw Failure(
        DNC_BAD_FORMAT, "expected is a sentence that ends with \".\", or one that ends with \"?\", a tab and its answer"
      )
    }
    try takeSentence(sentence)
    if let tab {
      let rest = UnsafeRawBufferPointer(rebasing: text[(tab + 1)...])
      let end = rest.firstIndex(of: UInt8(ascii: "\t")) ?? rest.count
      let answer = UnsafeRawBufferPointer(rebasing: rest[..<end]).trimmed
      let blanks = story.first + story.length
      for _ in 0..<selection.think { try add(BabiCorpus.blank) }
      try takeAnswer(answer)
      if selection.followsFacts && story.isKept {
        let token = tokens.start.assumingMemoryBound(to: BabiCorpus.Token.self)
        supporting.name(
          UnsafeRawBufferPointer(rebasing: rest[end...]), token + story.first, words,
          into: UnsafeMutableBufferPointer(start: token + blanks, count: selection.think))
      }
      _ = try answers.index(of: answer)
      story.questions += 1
    }
    guard story.length <= BabiReader.storySteps else {
      throw Failure(DNC_BAD_FORMAT, "the story is longer than the \(BabiReader.storySteps) steps allowed")
    }
  }

  private mutating func takeSentence(_ text: UnsafeRawBufferPointer) throws(Failure) {
    var i = 0
    while i < text.count {
      let word = BabiReader.word(of: text, from: i)
      if text[i] == UInt8(ascii: ".") || text[i] == UInt8(ascii: "?") {
        try add(UnsafeRawBufferPointer(rebasing: text[i..<i + 1]), 0)
      } else if word.count == 0 && text[i] != UInt8(ascii: " ") {
        throw Failure(
          DNC_BAD_FORMAT,
          "a sentence has the byte \(Int(text[i])), allowed are letters, digits, spaces, \".\" and \"?\"")
      } else if BabiReader.hasLetter(word) {
        try add(word, 0)
      }
      i += max(word.count, 1)
    }
  }

  private mutating func takeAnswer(_ answer: UnsafeRawBufferPointer) throws(Failure) {
    var i = 0
    while true {
      let word = BabiReader.word(of: answer, from: i)
      i += word.count
      guard BabiReader.hasLetter(word), i == answer.count || answer[i] == UInt8(ascii: ",") else {
        throw Failure(
          DNC_BAD_FORMAT,
          "the answer is \"\(bytes: answer)\", expected are words with a letter and commas between them")
      }
      try add(word, BabiCorpus.answer)
      story.answerWords += 1
      guard i < answer.count else { return }
      i += 1
    }
  }

  /// The letters and digits from a place on. Those without a letter are a number, which sentences go without.
  private static func word(of text: UnsafeRawBufferPointer, from start: Int) -> UnsafeRawBufferPointer {
    let end = text[start...].firstIndex(where: { !isLetter($0) && $0 &- 48 >= 10 }) ?? text.count
    return UnsafeRawBufferPointer(rebasing: text[start..<end])
  }

  private static func hasLetter(_ word: UnsafeRawBufferPointer) -> Bool { word.contains(where: isLetter) }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 32) &- 97 < 26 }

  private mutating func add(_ word: UnsafeRawBufferPointer, _ flag: BabiCorpus.Token) throws(Failure) {
    try add(BabiCorpus.Token(words.index(of: word)) | flag)
  }

  /// One more token of the story.
  @inline(never) private mutating func add(_ token: BabiCorpus.Token) throws(Failure) {
    story.length += 1
    if story.isKept { try tokens.add(2).storeBytes(of: token, as: BabiCorpus.Token.self) }
  }
}
