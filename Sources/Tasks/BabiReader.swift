import CDNC
import CPlatform

/// The files of a bAbI folder: qa3_three-supporting-facts_train.txt has the training stories of task 3.
private struct BabiFolder: ~Copyable {
  private let memory: Memory
  private let folderBytes: Int
  private static let nameBytes = 1024

  init(_ folder: UnsafeRawBufferPointer) throws(Failure) {
    let memory = try Memory(bytes: folder.count + BabiFolder.nameBytes)
    folderBytes = folder.count
    for i in 0..<folder.count { memory.start.storeBytes(of: folder[i], toByteOffset: i, as: UInt8.self) }
    self.memory = memory
  }

  /// The folder, or the file found last.
  var path: UnsafeMutablePointer<CChar> { memory.start.assumingMemoryBound(to: CChar.self) }

  /// Leaves the path of a file in `path`; that of the folder if it isn't there. Tasks count from 1.
  func find(_ task: Int, _ ending: StaticString) throws(Failure) -> Bool {
    path[folderBytes] = 0
    guard let folder = dnc_platform_open_folder(path) else { throw Failure.system(path, "opened") }
    defer { dnc_platform_close_folder(folder) }
    var isFound = false
    while let name = dnc_platform_next_entry(folder) {
      guard BabiFolder.is(name, task, ending) else { continue }
      guard !isFound else {
        path[folderBytes] = 0
        throw Failure(DNC_BAD_FORMAT, "\(path) has several files qa\(task)_*\(ending), expected is one")
      }
      isFound = true
      var file = Text(start: path + folderBytes, capacity: BabiFolder.nameBytes)
      file.append("/")
      file.append(name)
    }
    guard dnc_platform_errno() == 0 else {
      path[folderBytes] = 0
      throw Failure.system(path, "read")
    }
    return isFound
  }

  private static func `is`(_ name: UnsafePointer<CChar>, _ task: Int, _ ending: StaticString) -> Bool {
    let name = UnsafeRawBufferPointer(start: name, count: strlen(name))
    let tail = name.count - ending.utf8CodeUnitCount
    guard name.count > 2, name[0] == UInt8(ascii: "q"), name[1] == UInt8(ascii: "a"),
      let mark = name.firstIndex(of: UInt8(ascii: "_")), mark <= tail,
      UnsafeRawBufferPointer(rebasing: name[tail...]).equals(ending)
    else { return false }
    return UInt64(decimal: UnsafeRawBufferPointer(rebasing: name[2..<mark])) == UInt64(task)
  }
}

/// Reads a bAbI folder. Every line is a number, which is 1 where a story begins, and a sentence; or a question, a tab and its
/// answer, one word or several with commas between them, and after another tab what nobody needs here:
///
///     1 Mary took the milk there.
///     2 What is Mary carrying? →milk→1
///
/// All training and test files in the folder give the vocabulary, whichever stories are asked for.
struct BabiReader: ~Copyable {
  private static let fileBytes = 64 << 20
  private static let storyTokens = 1_000_000

  private let selection: BabiSelection
  private var words: WordList
  private var tokens: GrowingMemory
  private var stories: GrowingMemory
  private let tasks: Memory

  /// Of the file that is read: its answers as they are written, its stories begun, the number of its line before.
  private var answers: WordList
  private var begun = 0
  private var number: UInt64 = 0

  private struct Story {
    var first = 0
    var length = 0
    var questions = 0
    var answerWords = 0
    /// Nothing is left of one that isn't asked for but its words.
    var isKept = false
  }
  private var story = Story()

  private init(_ selection: BabiSelection) throws(Failure) {
    var words = try WordList()
    // The mark of an answer's place, which no file has.
    _ = try words.index(of: UnsafeRawBufferPointer(start: ("-" as StaticString).utf8Start, count: 1))
    let answers = try WordList()
    let tokens = try GrowingMemory()
    let stories = try GrowingMemory()
    let tasks = try Memory(bytes: Babi.taskCount * MemoryLayout<BabiCorpus.Task>.stride)
    self.selection = selection
    self.words = words
    self.answers = answers
    self.tokens = tokens
    self.stories = stories
    self.tasks = tasks
  }

  static func read(_ selection: BabiSelection) throws(Failure) -> BabiCorpus {
    let folder = try BabiFolder(selection.folder)
    var reader = try BabiReader(selection)
    for task in 1...Babi.taskCount {
      try reader.read(folder, task, isTest: false)
      try reader.read(folder, task, isTest: true)
    }
    return try BabiCorpus(
      vocabulary: Vocabulary(reader.words), tokens: reader.tokens, stories: reader.stories, tasks: reader.tasks)
  }

  private mutating func read(_ folder: borrowing BabiFolder, _ task: Int, isTest: Bool) throws(Failure) {
    let isAsked = selection.tasks.contains(task)
    let ending: StaticString = isTest ? "_test.txt" : "_train.txt"
    guard try folder.find(task, ending) else {
      guard isAsked else { return }
      throw Failure(DNC_IO_ERROR, "\(UnsafePointer(folder.path)) has no file qa\(task)_*\(ending)")
    }
    let file = try TextFile(path: folder.path, limit: BabiReader.fileBytes)
    let takes = isAsked && isTest == (selection.split == .test)
    let facts = tasks.start.assumingMemoryBound(to: BabiCorpus.Task.self) + (task - 1)
    begun = 0
    number = 0
    answers = try WordList()
    try file.forEachLine(comments: .none) { (line) throws(Failure) in
      guard line.count > 0 else { return }
      let text = try takeNumber(of: line)
      if number == 1 {
        try endStory(facts)
        story = Story(first: tokens.bytes / 2, isKept: takes && selection.has(begun))
        begun += 1
      }
      try take(text)
    }
    do throws(Failure) {
      try endStory(facts)
      guard begun > 0 else { throw Failure(DNC_BAD_FORMAT, "the file is empty, expected are stories") }
      guard !takes || facts.pointee.stories > 0 else {
        throw Failure(DNC_BAD_FORMAT, "every tenth story is for validation, but there are only \(begun)")
      }
    } catch {
      throw error.within(folder.path, error.status)
    }
    guard isAsked && !isTest else { return }
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
    let task = UInt32(facts - tasks.start.assumingMemoryBound(to: BabiCorpus.Task.self))
    try stories.add(MemoryLayout<BabiCorpus.Story>.stride).initializeMemory(
      as: BabiCorpus.Story.self, to: BabiCorpus.Story(first: story.first, length: UInt32(story.length), task: task))
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
      try takeAnswer(answer)
      _ = try answers.index(of: answer)
      story.questions += 1
    }
    guard story.length <= BabiReader.storyTokens else {
      throw Failure(DNC_BAD_FORMAT, "the story is longer than the \(BabiReader.storyTokens) words allowed")
    }
  }

  private mutating func takeSentence(_ text: UnsafeRawBufferPointer) throws(Failure) {
    var i = 0
    while i < text.count {
      let end = max(BabiReader.endOfLetters(text, from: i), i + 1)
      switch text[i] {
      case UInt8(ascii: " "), UInt8(ascii: "0")...UInt8(ascii: "9"): break
      case UInt8(ascii: "."), UInt8(ascii: "?"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        try add(UnsafeRawBufferPointer(rebasing: text[i..<end]), 0)
      default:
        throw Failure(
          DNC_BAD_FORMAT,
          "a sentence has the byte \(Int(text[i])), allowed are letters, digits, spaces, \".\" and \"?\"")
      }
      i = end
    }
  }

  private mutating func takeAnswer(_ answer: UnsafeRawBufferPointer) throws(Failure) {
    var i = 0
    while true {
      let end = BabiReader.endOfLetters(answer, from: i)
      guard end > i, end == answer.count || answer[end] == UInt8(ascii: ",") else {
        throw Failure(
          DNC_BAD_FORMAT, "the answer is \"\(bytes: answer)\", expected are words of letters with commas between them")
      }
      try add(UnsafeRawBufferPointer(rebasing: answer[i..<end]), BabiCorpus.answer)
      story.answerWords += 1
      guard end < answer.count else { return }
      i = end + 1
    }
  }

  private static func endOfLetters(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
    text[start...].firstIndex(where: { ($0 | 32) &- 97 >= 26 }) ?? text.count
  }

  /// One more token of the story.
  private mutating func add(_ word: UnsafeRawBufferPointer, _ flag: BabiCorpus.Token) throws(Failure) {
    let token = BabiCorpus.Token(try words.index(of: word)) | flag
    story.length += 1
    if story.isKept { try tokens.add(2).storeBytes(of: token, as: BabiCorpus.Token.self) }
  }
}
