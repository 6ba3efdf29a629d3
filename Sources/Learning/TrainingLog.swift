import CDNC
import CPlatform

/// A number of a run, and its time.
struct LogSample {
  /// 0 or more. Within a run they never decrease.
  let update, seconds: Double
  /// NaN or infinite where the log has no finite number.
  let value: Double
}

/// The samples of several runs, one run after the other.
struct LogSamples: ~Copyable {
  let runs: Int
  private var memory: GrowingMemory
  /// Index of each run's first sample, [runs + 1].
  private let firsts: Memory
  /// The present run.
  private var run = -1

  init(runs: Int) throws(Failure) {
    let memory = try GrowingMemory()
    let firsts = try Memory(bytes: (runs + 1) * MemoryLayout<Int>.stride)
    self.runs = runs
    self.memory = memory
    self.firsts = firsts
  }

  private var first: UnsafeMutablePointer<Int> { firsts.start.assumingMemoryBound(to: Int.self) }
  private var start: UnsafePointer<LogSample> { UnsafePointer(memory.start.assumingMemoryBound(to: LogSample.self)) }

  var count: Int { memory.bytes / MemoryLayout<LogSample>.stride }

  /// The samples of a finished run.
  subscript(run: Int) -> UnsafeBufferPointer<LogSample> {
    UnsafeBufferPointer(start: start + first[run], count: first[run + 1] - first[run])
  }

  var all: UnsafeBufferPointer<LogSample> { UnsafeBufferPointer(start: start, count: count) }

  var lastOfPresentRun: LogSample? { count > first[run] ? start[count - 1] : nil }

  mutating func beginRun() {
    run += 1
    first[run] = count
  }

  /// Appends a sample to the present run, and drops the run's samples of the same or later updates. Seconds never
  /// decrease.
  mutating func append(_ sample: LogSample) throws(Failure) {
    if let last = lastOfPresentRun, last.update > sample.update { drop(from: sample.update) }
    let seconds = max(sample.seconds, lastOfPresentRun?.seconds ?? 0)
    let sample = LogSample(update: sample.update, seconds: seconds, value: sample.value)
    try memory.add(MemoryLayout<LogSample>.stride).storeBytes(of: sample, as: LogSample.self)
  }

  /// Drops the present run's samples from an update on.
  mutating func drop(from update: Double) {
    while let last = lastOfPresentRun, last.update >= update { memory.drop(MemoryLayout<LogSample>.stride) }
  }
}

/// The contents of the logs of some runs. A log has a JSON object a line; the events "train", "test" and "lesson"
/// count. A run that goes back to an earlier update drops its lines since then.
struct TrainingLogs: ~Copyable {
  let runs: Int
  /// The losses of the "train" lines, the scores of the "test" lines, and the lesson numbers of the "lesson" lines.
  private(set) var losses, scores, lessons: LogSamples
  /// The metric of the scores; nil for the first one of each run.
  private let wanted: UnsafePointer<CChar>?
  private let texts: Memory
  /// True if the scores are of different metrics.
  private var metricsDiffer = false

  private static let fileBytes = 256 << 20
  private static let textBytes = 256
  /// An update number above all that a program can count.
  private static let greatestTime = 0x1p64

  /// - Parameter paths: of the logs, [runs], none NULL.
  static func read(
    runs: Int, paths: UnsafePointer<UnsafePointer<CChar>?>, metric: UnsafePointer<CChar>?
  ) throws(Failure) -> TrainingLogs {
    var logs = try TrainingLogs(runs: runs, metric: metric)
    for run in 0..<runs { try logs.addRun(paths[run]!) }
    logs.beginRun()
    if let metric, logs.scores.count == 0, logs.knownMetrics.pointee != 0 {
      throw Failure(
        DNC_INVALID_ARGUMENT, "options->metric is \"\(metric)\", allowed are \(UnsafePointer(logs.knownMetrics))")
    }
    return logs
  }

  private init(runs: Int, metric: UnsafePointer<CChar>?) throws(Failure) {
    let texts = try Memory(bytes: 2 * TrainingLogs.textBytes)
    let losses = try LogSamples(runs: runs)
    let scores = try LogSamples(runs: runs)
    let lessons = try LogSamples(runs: runs)
    self.runs = runs
    wanted = metric
    self.texts = texts
    self.losses = losses
    self.scores = scores
    self.lessons = lessons
  }

  /// The name of the scores.
  var metric: UnsafePointer<CChar>? { metricsDiffer ? nil : wanted ?? UnsafePointer(firstMetric) }

  /// The first metric of the first run that was tested.
  private var firstMetric: UnsafeMutablePointer<CChar> { texts.start.assumingMemoryBound(to: CChar.self) }
  /// The names of all metrics of its first test, with commas between.
  private var knownMetrics: UnsafeMutablePointer<CChar> { firstMetric + TrainingLogs.textBytes }

  private mutating func beginRun() {
    losses.beginRun()
    scores.beginRun()
    lessons.beginRun()
  }

  private mutating func addRun(_ path: UnsafePointer<CChar>) throws(Failure) {
    beginRun()
    let file = try TextFile(path: path, limit: TrainingLogs.fileBytes)
    var clock = 0.0
    try file.forEachLine(comments: .none, unfinished: true) { (text) throws(Failure) in
      guard text.count > 0, let event = try Event(of: text) else { return }
      let line = try LogLine(text, metric: wanted)
      guard !line.update.isNaN else { throw Failure(DNC_BAD_FORMAT, "\"update\" is missing or NaN") }
      guard line.update >= 0, line.update <= TrainingLogs.greatestTime else {
        throw Failure(DNC_BAD_FORMAT, "\"update\" is \(line.update), allowed are 0 to \(TrainingLogs.greatestTime)")
      }
      // A lesson has no time of its own.
      if line.seconds >= 0, line.seconds <= TrainingLogs.greatestTime { clock = line.seconds }
      switch event {
      case .train:
        if let last = losses.lastOfPresentRun, line.update < last.update {
          scores.drop(from: line.update)
          lessons.drop(from: line.update)
        }
        try losses.append(LogSample(update: line.update, seconds: clock, value: line.loss))
      case .lesson: try lessons.append(LogSample(update: line.update, seconds: clock, value: line.lesson))
      case .test:
        try note(line)
        if line.hasScore { try scores.append(LogSample(update: line.update, seconds: clock, value: line.score)) }
      }
    }
    if losses.lastOfPresentRun == nil {
      throw Failure(DNC_BAD_FORMAT, "\(path) has no line of the event \"train\"")
    }
  }

  /// Keeps the names of the first test. Of later ones, compares the first name.
  private mutating func note(_ line: LogLine) throws(Failure) {
    guard let first = line.firstMetric else { return }
    if knownMetrics.pointee == 0 {
      var name = Text(start: firstMetric, capacity: TrainingLogs.textBytes)
      for byte in first { name.append(byte: byte) }
      var all = Text(start: knownMetrics, capacity: TrainingLogs.textBytes)
      var reader = JSONReader(line.scores, isPython: true)
      try reader.object { (name, reader) throws(Failure) in
        if all.count > 0 { all.append(", ") }
        for byte in name { all.append(byte: byte) }
        try reader.skip()
      }
    } else if wanted == nil {
      // The kept name may be cut off, so only as much is compared.
      metricsDiffer =
        metricsDiffer || !first.equals(cString: firstMetric, limit: TrainingLogs.textBytes - 1)
    }
  }
}

/// The events that are read.
private enum Event {
  case train, test, lesson

  /// Reads the whole line, whatever its event is.
  init?(of text: UnsafeRawBufferPointer) throws(Failure) {
    var event: Event?
    var reader = JSONReader(text, isPython: true)
    try reader.object { (key, reader) throws(Failure) in
      guard key.equals("event") else { return try reader.skip() }
      let name = try reader.string()
      event = name.equals("train") ? .train : name.equals("test") ? .test : name.equals("lesson") ? .lesson : nil
    }
    try reader.end()
    guard let event else { return nil }
    self = event
  }
}

/// The numbers of a line; NaN for missing ones.
private struct LogLine {
  private(set) var update = Double.nan
  private(set) var seconds = Double.nan
  private(set) var loss = Double.nan
  private(set) var lesson = Double.nan
  private(set) var score = Double.nan
  private(set) var hasScore = false
  private(set) var firstMetric: JSONString?
  /// The line's text from the scores on.
  private(set) var scores = UnsafeRawBufferPointer(start: nil, count: 0)

  /// - Parameter metric: the metric whose score is wanted; nil for the first.
  init(_ text: UnsafeRawBufferPointer, metric: UnsafePointer<CChar>?) throws(Failure) {
    var reader = JSONReader(text, isPython: true)
    try reader.object { (key, reader) throws(Failure) in
      if key.equals("update") {
        update = try reader.number()
      } else if key.equals("seconds") {
        seconds = try reader.number()
      } else if key.equals("loss") {
        loss = try reader.number()
      } else if key.equals("lesson") {
        lesson = try reader.number()
      } else if key.equals("scores") {
        scores = reader.rest
        try readScores(&reader, metric)
      } else {
        try reader.skip()
      }
    }
  }

  /// `{"name": [value, chance, count], …}`
  private mutating func readScores(_ reader: inout JSONReader, _ metric: UnsafePointer<CChar>?) throws(Failure) {
    firstMetric = nil
    try reader.object { (name, reader) throws(Failure) in
      let isWanted = metric.map { name.equals(cString: $0) } ?? (firstMetric == nil)
      if firstMetric == nil { firstMetric = name }
      guard isWanted else { return try reader.skip() }
      hasScore = true
      var index = 0
      try reader.array { (reader) throws(Failure) in
        let number = try reader.number()
        if index == 0 { score = number }
        index += 1
      }
    }
  }
}
