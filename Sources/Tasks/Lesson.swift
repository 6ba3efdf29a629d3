/// One lesson of a curriculum: a task with its options, and when it is learned. See `dnc_lesson`.
struct Lesson: ~Copyable {
  let source: TaskSource
  /// A C string in the text of the lessons.
  let options: UnsafePointer<CChar>
  var metric = 0
  /// No score reaches NaN.
  var pass = Double.nan
  var rehearsal = 0.0
  var testEvery = 100
  var testEpisodes = 100

  init(source: consuming TaskSource, options: UnsafePointer<CChar>) {
    self.source = source
    self.options = options
  }
}

/// The lessons of a task in order; at least one, all with the same X, Y and loss.
struct Lessons: ~Copyable {
  /// The text that the lessons' options point into.
  private let text: Memory
  private let memory: Memory
  private(set) var count = 0

  var first: UnsafeMutablePointer<Lesson> { memory.start.assumingMemoryBound(to: Lesson.self) }

  init(text: consuming Memory, capacity: Int) throws(Failure) {
    let memory = try Memory(bytes: capacity * MemoryLayout<Lesson>.stride)
    self.memory = memory
    self.text = text
  }

  deinit { first.deinitialize(count: count) }

  /// At most `capacity` lessons may be appended.
  mutating func append(_ lesson: consuming Lesson) {
    (first + count).initialize(to: lesson)
    count += 1
  }
}
