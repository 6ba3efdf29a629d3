import CDNC

/// Something that is asked of a task, whichever it is: what `EpisodeSource` says, with its arguments.
protocol TaskQuestion {
  associatedtype Answer
  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) -> Answer
}

/// Asks it of the task at a place in memory.
struct Asking<Question: TaskQuestion>: TaskVisitor {
  let place: UnsafeMutableRawPointer
  let question: Question
  private(set) var answer: Question.Answer?

  init(place: UnsafeMutableRawPointer, question: Question) { (self.place, self.question) = (place, question) }

  mutating func visit<Task: EpisodeSource & ~Copyable>(_: Task.Type) {
    answer = question.ask(place.assumingMemoryBound(to: Task.self).pointee)
  }
}

struct DrawQuestion: TaskQuestion {
  let random, shared: Random
  let place: BatchPlace
  let notes: UnsafeMutableRawPointer

  /// The answer is T, and the random numbers that are left.
  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) -> (steps: Int, random: Random) {
    var random = random
    let steps = task.draw(&random, shared: shared, place: place, into: notes)
    return (steps, random)
  }
}

struct DealQuestion: TaskQuestion {
  let batch: Int
  let random: Random
  let dealt: UnsafeMutablePointer<GrowingMemory>

  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) -> Failure? {
    do throws(Failure) {
      try task.deal(batch: batch, random, into: &dealt.pointee)
      return nil
    } catch { return error }
  }
}

struct TokenQuestion: TaskQuestion {
  let t: Int
  let notes: UnsafeRawPointer

  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) -> (channel: Int, isFirst: Bool)? {
    task.token(t, of: notes)
  }
}

struct WordQuestion: TaskQuestion {
  let channel: Int

  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) -> UnsafePointer<CChar>? {
    task.word(at: channel)
  }
}

struct MetricQuestion: TaskQuestion {
  let index: Int

  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) -> Metric { task.metric(at: index) }
}

struct StepQuestion: TaskQuestion {
  let t: Int
  let notes: UnsafeRawPointer
  let input, target: Out<Float>

  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) -> Float {
    task.step(t, of: notes, input: input, target: target)
  }
}

struct MoveQuestion: TaskQuestion {
  let t: Int
  let notes: UnsafeMutableRawPointer
  let output: In<Float>?
  let evaluating: Bool

  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) {
    task.move(t, in: notes, output: output, evaluating: evaluating)
  }
}

struct LossQuestion: TaskQuestion {
  let t: Int
  let notes: UnsafeRawPointer
  let output, target: In<Float>
  let share: Float
  let gradient: Out<Float>?

  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) -> Double {
    task.loss(t, of: notes, output: output, target: target, share: share, gradient: gradient)
  }
}

struct ScoreQuestion: TaskQuestion {
  let notes: UnsafeRawPointer
  let outputs: EpisodeOutputs
  let scores: UnsafeMutablePointer<dnc_score>

  func ask<Task: EpisodeSource & ~Copyable>(_ task: borrowing Task) {
    task.score(notes, outputs: outputs, scores: scores)
  }
}
