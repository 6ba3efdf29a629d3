import CDNC

/// A kind of episodes, such as "copy" with its options.
///
/// An episode is drawn into a record, a piece of memory that holds what has to be known of it: a length, a graph, the moves
/// made so far. Everything else is asked of the record step by step.
protocol EpisodeSource: ~Copyable {
  /// X and Y.
  var inputSize: Int { get }
  var outputSize: Int { get }
  var loss: Loss { get }

  /// What a record takes at most. It begins at a multiple of 16 bytes.
  var recordBytes: Int { get }

  /// Draws an episode into its record, which is all zero. Returns T, its number of steps.
  func draw(_ random: inout Random, into record: UnsafeMutableRawPointer) -> Int

  /// The same, for a task whose episodes of one batch have something in common, as their length: `shared` is the same
  /// for all of them.
  func draw(_ random: inout Random, shared: Random, into record: UnsafeMutableRawPointer) -> Int

  /// The same, for a task that goes through its episodes in order.
  func draw(_ random: inout Random, shared: Random, place: BatchPlace, into record: UnsafeMutableRawPointer) -> Int

  /// How many episodes there are; 0 if they are drawn at random without end.
  var episodeCount: Int { get }

  /// The word that a channel of input and output stands for; nil if channels aren't words.
  func word(at channel: Int) -> UnsafePointer<CChar>?

  /// Writes step t: input [X] and target [Y], both all zero before. Returns the mask.
  func step(_ t: Int, of record: UnsafeRawPointer, input: Out<Float>, target: Out<Float>) -> Float

  /// Whether an input depends on the outputs before it.
  var isInteractive: Bool { get }

  /// Makes the move of step t in the record of an interactive task, so that the step after it is known: the network's,
  /// whose output [Y] this is, or the teacher's where there is none. Evaluating, the teacher keeps out of it.
  func move(_ t: Int, in record: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool)

  /// The loss of the output [Y] of step t, and its gradient [Y] times `share`.
  /// - Parameter target: what `step` writes.
  func loss(
    _ t: Int, of record: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double

  /// What is counted; the first is the task's score.
  var metricCount: Int { get }
  func metric(at index: Int) -> Metric

  /// Adds what the network earned in an episode of T steps to one score for each metric.
  func score(_ record: UnsafeRawPointer, outputs: EpisodeOutputs, scores: UnsafeMutablePointer<dnc_score>)
}

extension EpisodeSource where Self: ~Copyable {
  func draw(_ random: inout Random, shared: Random, into record: UnsafeMutableRawPointer) -> Int {
    draw(&random, into: record)
  }
  func draw(_ random: inout Random, shared: Random, place: BatchPlace, into record: UnsafeMutableRawPointer) -> Int {
    draw(&random, shared: shared, into: record)
  }
  var episodeCount: Int { 0 }
  func word(at channel: Int) -> UnsafePointer<CChar>? { nil }
  var isInteractive: Bool { false }
  func move(_ t: Int, in record: UnsafeMutableRawPointer, output: In<Float>?, evaluating: Bool) {}
  func loss(
    _ t: Int, of record: UnsafeRawPointer, output: In<Float>, target: In<Float>, share: Float, gradient: Out<Float>?
  ) -> Double { loss.row(outputSize, output, target, share, gradient) }
}

/// Where an episode is: in sequence `sequence` of the `batch` sequences of batch number `position`.
struct BatchPlace {
  let position: UInt64
  let batch, sequence: Int
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
