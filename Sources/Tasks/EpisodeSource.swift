import CDNC

/// A kind of episodes, such as "copy" with its options.
///
/// An episode is drawn into notes. These are a piece of memory with all that defines the episode: a length, a graph, the
/// moves made so far. Inputs and targets are computed from the notes step by step.
protocol EpisodeSource: ~Copyable {
  /// The name that users give, as "copy".
  static var name: StaticString { get }

  associatedtype Settings: TaskSettings
  init(_ settings: Settings) throws(Failure)

  /// X and Y.
  var inputSize: Int { get }
  var outputSize: Int { get }
  var loss: Loss { get }

  /// The most bytes that notes take. They begin at a multiple of 16 bytes.
  var notesBytes: Int { get }

  /// Draws an episode into its notes, which are all zero before. Returns T, its number of steps.
  func draw(_ random: inout Random, into notes: UnsafeMutableRawPointer) -> Int

  /// The same, for a task whose episodes of a batch have something in common, as their length. It is drawn from `shared`,
  /// which is the same for all of them.
  func draw(_ random: inout Random, shared: Random, into notes: UnsafeMutableRawPointer) -> Int

  /// The same, for a task that goes through its episodes in order.
  func draw(_ random: inout Random, shared: Random, place: BatchPlace, into notes: UnsafeMutableRawPointer) -> Int

  /// Draws, for a task whose sequences share something out among them, what all sequences of a batch take. Nothing, if the task
  /// has no need of it.
  func deal(batch: Int, _ random: Random, into dealt: inout GrowingMemory) throws(Failure)

  /// Of a task whose channels are words: the channel of the 1 in the input of step t, and whether a story of its own begins
  /// with it. nil for other tasks.
  func token(_ t: Int, of notes: UnsafeRawPointer) -> (channel: Int, isFirst: Bool)?

  /// How many episodes there are; 0 if they are drawn at random without end.
  var episodeCount: Int { get }

  /// The word that a channel of input and output stands for; nil if channels aren't words.
  func word(at channel: Int) -> UnsafePointer<CChar>?

  /// Writes step t: input [X] and target [Y], both all zero before. Returns the mask.
  func step(_ t: Int, of notes: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float

  /// Whether an input depends on the outputs before it.
  var isInteractive: Bool { get }

  /// Makes the move of step t of an interactive task: the notes then tell of step t + 1. The move is the network's, from its
  /// output [Y], or the teacher's if there is no output. While evaluating, the teacher does not replace the network's moves.
  func move(_ t: Int, in notes: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool)

  /// The loss of the output [Y] of step t, and its gradient [Y] times `share`.
  /// - Parameter target: what `step` writes.
  func loss(
    _ t: Int, of notes: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double

  /// The things that are counted; the first is the task's score.
  var metricCount: Int { get }
  func metric(at index: Int) -> Metric

  /// Adds what the network earned in an episode of T steps to one score for each metric.
  func score(_ notes: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>)
}

extension EpisodeSource where Self: ~Copyable {
  func draw(_ random: inout Random, shared: Random, into notes: UnsafeMutableRawPointer) -> Int {
    draw(&random, into: notes)
  }
  func draw(_ random: inout Random, shared: Random, place: BatchPlace, into notes: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: shared, into: notes)
  }
  func deal(batch: Int, _ random: Random, into dealt: inout GrowingMemory) throws(Failure) {}
  func token(_ t: Int, of notes: UnsafeRawPointer) -> (channel: Int, isFirst: Bool)? { nil }
  var episodeCount: Int { 0 }
  func word(at channel: Int) -> UnsafePointer<CChar>? { nil }
  var isInteractive: Bool { false }
  func move(_ t: Int, in notes: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool) {}
  func loss(
    _ t: Int, of notes: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double { loss.ofRow(outputSize, output, target, share, gradient) }
}

extension Loss {
  /// The same as `row`, not inlined into every task.
  @inline(never) func ofRow(
    _ width: Int, _ output: In<Float>, _ target: In<Float>, _ share: Float, _ gradient: Out<Float>?
  ) -> Double { row(width, output, target, share, gradient) }
}

/// Where an episode is: in sequence `sequence` of the `batch` sequences of batch number `position`.
struct BatchPlace {
  let position: UInt64
  let batch, sequence: Int
  let isEvaluating: Bool
  /// What `deal` has drawn; nil if nothing was dealt for these episodes.
  let dealt: UnsafeRawBufferPointer?
}

/// One of the things that a task counts.
struct Metric {
  let name: StaticString
  let isError: Bool
}

/// The outputs of one sequence of a batch, and what the task wanted: step by step, for scoring.
struct EpisodeOutputs {
  let steps: Int
  private let outputs: In<Float>
  private let stride: Int
  /// Scratch for one step: input [X], target [Y].
  let input, target: Out<Float>

  init(steps: Int, outputs: In<Float>, stride: Int, input: Out<Float>, target: Out<Float>) {
    (self.steps, self.outputs, self.stride, self.input, self.target) = (steps, outputs, stride, input, target)
  }

  /// The same without the first `count` steps.
  func dropping(steps count: Int) -> EpisodeOutputs {
    EpisodeOutputs(
      steps: steps - count, outputs: outputs + count * stride, stride: stride, input: input, target: target)
  }

  /// The output [Y] of step t.
  subscript(t: Int) -> In<Float> { outputs + t * stride }
}

extension UnsafeMutablePointer where Pointee == dnc_score {
  /// One more thing counted by metric `index`.
  func add(_ index: Int, _ sum: Double, of count: Double = 1, chance: Double) {
    self[index].sum += sum
    self[index].count += count
    self[index].chance += chance
  }
}
