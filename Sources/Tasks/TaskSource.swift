import CDNC

/// Some task, with its options. What is asked of it goes on to the task.
struct TaskSource: ~Copyable {
  /// In `TaskList`.
  private let kind: Int
  /// The task itself.
  private let memory: Memory
  private let facts: Facts

  /// What a task says of itself, and does not change.
  private struct Facts {
    let inputSize, outputSize, notesBytes, episodeCount, metricCount: Int
    let loss: Loss
    let isInteractive: Bool

    init<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) {
      (inputSize, outputSize, loss) = (task.inputSize, task.outputSize, task.loss)
      (notesBytes, episodeCount) = (task.notesBytes, task.episodeCount)
      (metricCount, isInteractive) = (task.metricCount, task.isInteractive)
    }
  }

  init(name: UnsafeRawBufferPointer, options: UnsafePointer<CChar>?) throws(Failure) {
    let kind = try TaskList.find(name)
    var size = Size()
    _ = TaskList.visit(kind, &size)
    let memory = try Memory(bytes: size.bytes)
    var making = Making(kind: kind, options: try TaskOptions(options), place: memory.start)
    _ = TaskList.visit(kind, &making)
    if let failure = making.failure { throw failure }
    self.kind = kind
    facts = making.facts!
    self.memory = memory
  }

  deinit {
    var ending = Ending(place: memory.start)
    _ = TaskList.visit(kind, &ending)
  }

  private struct Size: TaskVisitor {
    var bytes = 0
    mutating func visit<Task: EpisodeSource & ~Copyable>(_: Task.Type) { bytes = MemoryLayout<Task>.size }
  }

  private struct Making: TaskVisitor {
    let kind: Int
    var options: TaskOptions
    let place: UnsafeMutableRawPointer
    var facts: Facts?
    var failure: Failure?

    mutating func visit<Task: EpisodeSource & ~Copyable>(_: Task.Type) {
      do throws(Failure) {
        let task = place.bindMemory(to: Task.self, capacity: 1)
        let settings = try Task.Settings(&options)
        try options.requireDeclared(by: kind)
        task.initialize(to: try Task(settings))
        facts = Facts(task.pointee)
      } catch {
        failure = error
      }
    }
  }

  private struct Ending: TaskVisitor {
    let place: UnsafeMutableRawPointer
    mutating func visit<Task: EpisodeSource & ~Copyable>(_: Task.Type) {
      place.assumingMemoryBound(to: Task.self).deinitialize(count: 1)
    }
  }

  var inputSize: Int { facts.inputSize }
  var outputSize: Int { facts.outputSize }
  var loss: Loss { facts.loss }
  var notesBytes: Int { facts.notesBytes }
  var episodeCount: Int { facts.episodeCount }
  var isInteractive: Bool { facts.isInteractive }
  var metricCount: Int { facts.metricCount }

  func draw(_ random: inout Random, shared: Random, place: BatchPlace, into notes: UnsafeMutableRawPointer) -> Int {
    let drawn = ask(DrawQuestion(random: random, shared: shared, place: place, notes: notes))
    random = drawn.random
    return drawn.steps
  }

  func deal(batch: Int, _ random: Random) throws(Failure) -> GrowingMemory {
    var dealt = try GrowingMemory(capacity: 0)
    let failure = withUnsafeMutablePointer(to: &dealt) { ask(DealQuestion(batch: batch, random: random, dealt: $0)) }
    if let failure { throw failure }
    return dealt
  }

  func token(_ t: Int, of notes: UnsafeRawPointer) -> (channel: Int, isFirst: Bool)? {
    ask(TokenQuestion(t: t, notes: notes))
  }

  func word(at channel: Int) -> UnsafePointer<CChar>? { ask(WordQuestion(channel: channel)) }

  func metric(at index: Int) -> Metric { ask(MetricQuestion(index: index)) }

  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float {
    ask(StepQuestion(t: t, notes: notes, input: input, target: target))
  }

  func move(_ t: Int, in notes: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool) {
    ask(MoveQuestion(t: t, notes: notes, output: output, evaluating: evaluating))
  }

  func loss(
    _ t: Int, of notes: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double {
    ask(LossQuestion(t: t, notes: notes, output: output, target: target, share: share, gradient: gradient))
  }

  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>) {
    ask(ScoreQuestion(notes: notes, outputs: outputs, scores: scores))
  }

  /// Not inlined where it is asked: that would be all tasks.
  @inline(never) private func ask<Question: TaskQuestion>(_ question: Question) -> Question.Answer {
    var asking = Asking(place: memory.start, question: question)
    _ = TaskList.visit(kind, &asking)
    return asking.answer!
  }
}
