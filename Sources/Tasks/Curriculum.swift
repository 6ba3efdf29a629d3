import CDNC
import CPlatform

/// Reads a curriculum. Every line is a word and what belongs to it; '#' begins a comment, at the beginning of a line or behind
/// a space. What is said holds for the lessons below it.
///
///     task graph_traversal
///     options terminate=no
///     pass episodes_right 0.9
///     rehearsal 0.1
///     test_every 100
///     test_episodes 100
///     lesson nodes=3-10,out_degree=2-4,path=1-1
enum Curriculum {
  private static let fileBytes = 1 << 20
  private static let lessons = 1000
  /// Room for the options of one lesson, with those common to all.
  private static let optionsBytes = 2048

  static func read(_ path: UnsafePointer<CChar>) throws(Failure) -> Lessons {
    let file = try TextFile(path: path, limit: fileBytes)
    var count = 0
    try file.forEachLine(comments: .behindSpace) { (line) throws(Failure) in
      if Line(line).word.equals("lesson") { count += 1 }
    }
    guard (1...Curriculum.lessons).contains(count) else {
      throw Failure(DNC_BAD_FORMAT, "\(path) has \(count) lessons, allowed are 1 to \(Curriculum.lessons)")
    }
    let options = try Memory(bytes: count * optionsBytes)
    var reader = Reader(options: options.start.assumingMemoryBound(to: CChar.self))
    var result = try Lessons(text: options, capacity: count)
    try file.forEachLine(comments: .behindSpace) { (line) throws(Failure) in try reader.take(Line(line), &result) }
    return result
  }

  /// A line's first word and the rest, without spaces around them.
  private struct Line {
    let word, rest: UnsafeRawBufferPointer

    /// - Parameter line: without spaces around it.
    init(_ line: UnsafeRawBufferPointer) {
      let end = line.firstIndex(where: { $0.isSpace }) ?? line.count
      word = UnsafeRawBufferPointer(rebasing: line[..<end])
      rest = UnsafeRawBufferPointer(rebasing: line[end...]).trimmed
    }

    func share() throws(Failure) -> Double {
      guard let share = Double(decimal: rest), (0...1).contains(share) else {
        throw Failure(DNC_BAD_FORMAT, "\(bytes: word) is \"\(bytes: rest)\", allowed are 0 to 1")
      }
      return share
    }

    func count() throws(Failure) -> Int {
      guard let count = UInt64(decimal: rest), (1...1_000_000).contains(count) else {
        throw Failure(DNC_BAD_FORMAT, "\(bytes: word) is \"\(bytes: rest)\", allowed are 1 to 1000000")
      }
      return Int(count)
    }
  }

  /// The settings of the lines read so far.
  private struct Reader {
    /// Where the next lesson's options go.
    var options: UnsafeMutablePointer<CChar>
    var task = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The task in `TaskList`.
    var kind: Int?
    var common = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The metric's name, or nothing for the first.
    var metric = UnsafeRawBufferPointer(start: nil, count: 0)
    var pass = Double.nan
    var rehearsal = 0.0
    var testEvery = 100
    var testEpisodes = 100

    mutating func take(_ line: Line, _ lessons: inout Lessons) throws(Failure) {
      if line.word.count == 0 {
        return
      } else if line.word.equals("task") {
        guard lessons.count == 0 else { throw Failure(DNC_BAD_FORMAT, "the task must come before the first lesson") }
        task = line.rest
        kind = try TaskList.find(task)
      } else if line.word.equals("options") {
        common = line.rest
        if let kind { try TaskOptions(common).requireDeclared(by: kind) }
      } else if line.word.equals("pass") {
        let passed = Line(line.rest)
        guard let value = Double(decimal: passed.rest), (0...1).contains(value) else {
          throw Failure(
            DNC_BAD_FORMAT, "pass is \"\(bytes: line.rest)\", expected are a metric and a number from 0 to 1")
        }
        (metric, pass) = (passed.word, value)
      } else if line.word.equals("rehearsal") {
        rehearsal = try line.share()
      } else if line.word.equals("test_every") {
        testEvery = try line.count()
      } else if line.word.equals("test_episodes") {
        testEpisodes = try line.count()
      } else if line.word.equals("lesson") {
        try append(line.rest, &lessons)
      } else {
        throw Failure(
          DNC_BAD_FORMAT,
          """
          \"\(bytes: line.word)\" is unknown, expected are task, options, pass, rehearsal, test_every, test_episodes \
          and lesson
          """)
      }
    }

    private mutating func append(_ own: UnsafeRawBufferPointer, _ lessons: inout Lessons) throws(Failure) {
      guard task.count > 0 else { throw Failure(DNC_BAD_FORMAT, "a lesson before the task is named") }
      guard common.count + own.count + 2 <= optionsBytes else {
        throw Failure(DNC_BAD_FORMAT, "the options are longer than \(optionsBytes - 2) bytes")
      }
      var text = Text(start: options, capacity: optionsBytes)
      for byte in common { text.append(byte: byte) }
      if common.count > 0 && own.count > 0 { text.append(byte: UInt8(ascii: ",")) }
      for byte in own { text.append(byte: byte) }
      options += optionsBytes
      var lesson = Lesson(source: try TaskSource(name: task, options: text.start), options: text.start)
      if metric.count > 0 { lesson.metric = try index(of: metric, lesson.source) }
      lesson.pass = pass
      lesson.rehearsal = rehearsal
      lesson.testEvery = testEvery
      lesson.testEpisodes = testEpisodes
      if lessons.count > 0 {
        let first = lessons.first
        guard lesson.source.inputSize == first.pointee.source.inputSize,
          lesson.source.outputSize == first.pointee.source.outputSize, lesson.source.loss == first.pointee.source.loss
        else {
          throw Failure(
            DNC_BAD_FORMAT,
            """
            the lesson has \(lesson.source.inputSize) inputs and \(lesson.source.outputSize) outputs, the first one has \
            \(first.pointee.source.inputSize) and \(first.pointee.source.outputSize)
            """)
        }
      }
      lessons.append(lesson)
    }

    private func index(of name: UnsafeRawBufferPointer, _ source: borrowing TaskSource) throws(Failure) -> Int {
      for i in 0..<source.metricCount where name.equals(source.metric(at: i).name) { return i }
      throw Failure(
        DNC_BAD_FORMAT,
        "pass: \"\(bytes: name)\" is no metric of the task, its first is \(source.metric(at: 0).name)")
    }
  }
}
