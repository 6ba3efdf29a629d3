import CDNC
import CPlatform
import Synchronization

/// A function of the host that is told how far a call has come, and may cancel it.
struct Progress {
  let function: dnc_progress
  let context: UnsafeMutableRawPointer?
  /// How the host's thread rounds and whether it flushes denormal numbers, as its function finds it.
  private var hostMode: UInt32 = 0

  init(function: @escaping dnc_progress, context: UnsafeMutableRawPointer?) {
    self.function = function
    self.context = context
  }

  func within(_ hostMode: UInt32) -> Progress {
    var progress = self
    progress.hostMode = hostMode
    return progress
  }

  /// Whether the host cancels.
  func tell(_ done: Int, of total: Int) -> Bool {
    let mode = dnc_platform_float_mode()
    dnc_platform_set_float_mode(hostMode)
    defer { dnc_platform_set_float_mode(mode) }
    return function(context, done, total) != 0
  }
}

/// Who looks on while the shards take their steps, on all threads, and may end that: the host, and whoever finds a number
/// that is not finite.
struct Watch: ~Copyable {
  private let progress: Progress?
  private let steps, batch, shards: Int
  /// Steps that a shard has taken, all shards together.
  private let done = Atomic<Int>(0)
  /// What the host was told last; only the calling thread knows it.
  private let told = Atomic<Int>(0)
  /// The first place that is not as it should be: a step and a sequence, in the order in which steps are taken. -1 when the
  /// host has cancelled.
  private let end = Atomic<Int>(Int.max)

  init(_ progress: Progress?, steps: Int, batch: Int, shards: Int) {
    self.progress = progress
    self.steps = steps
    self.batch = batch
    self.shards = shards
  }

  /// Whether these sequences have to take the step that is `turn` in order: up to the first bad place they do, so that it is
  /// the same one whatever the threads.
  func wants(_ turn: Int, _ sequences: Range<Int>) -> Bool {
    turn * batch + sequences.lowerBound < end.load(ordering: .relaxed)
  }

  func found(_ turn: Int, _ b: Int) { end.min(turn * batch + b, ordering: .relaxed) }

  /// A shard has taken a step.
  /// - Parameter thread: 0 is the calling one; only there the host's function is called.
  func tookStep(thread: Int) {
    guard let progress else { return }
    let done = done.wrappingAdd(1, ordering: .relaxed).newValue / shards
    guard thread == 0, done > told.load(ordering: .relaxed) else { return }
    told.store(done, ordering: .relaxed)
    if progress.tell(done, of: steps) { end.min(-1, ordering: .relaxed) }
  }

  /// Where the steps ended, after all threads: nil if they were all taken and found good.
  func firstFound() throws(Failure) -> (turn: Int, b: Int)? {
    let end = end.load(ordering: .relaxed)
    guard end != Int.max else { return nil }
    guard end >= 0 else {
      throw Failure(DNC_CANCELLED, "cancelled after \(told.load(ordering: .relaxed)) of \(steps) steps")
    }
    return (end / batch, end % batch)
  }
}
