import CDNC
import CPlatform
import Synchronization

/// The host's progress function: it learns how far a call has come, and may cancel it.
struct Progress {
  let function: dnc_progress
  let context: UnsafeMutableRawPointer?
  /// The floating-point state of the host's thread, restored for its function.
  var hostState = dnc_platform_float_state()

  /// True if the host cancels.
  func tell(_ done: Int, of total: Int) -> Bool {
    let mode = dnc_platform_float_mode()
    dnc_platform_end_float(hostState)
    defer {
      _ = dnc_platform_begin_float()
      dnc_platform_set_float_mode(mode)
    }
    return function(context, done, total) != 0
  }
}

/// Observes the steps of all shards, on all threads, and can end them: when the host cancels, or when a number is not
/// finite.
struct Watch: ~Copyable {
  private let progress: Progress?
  private let steps, batch, shards: Int
  /// Sum, over all shards, of the steps taken.
  private let done = Atomic<Int>(0)
  /// The last number the host was told. Only the calling thread writes it.
  private let told = Atomic<Int>(0)
  /// The first bad place, turn · batch + sequence, in the order of the steps. -1 once the host has cancelled; `Int.max`
  /// if all is well.
  private let end = Atomic<Int>(Int.max)

  init(_ progress: Progress?, steps: Int, batch: Int, shards: Int) {
    self.progress = progress
    self.steps = steps
    self.batch = batch
    self.shards = shards
  }

  /// True if these sequences still have to take step number `turn`. Every sequence goes on up to the first bad place
  /// found so far, so any number of threads finds the same first one.
  func wants(_ turn: Int, _ sequences: Range<Int>) -> Bool {
    turn * batch + sequences.lowerBound < end.load(ordering: .relaxed)
  }

  func found(_ turn: Int, _ b: Int) { end.min(turn * batch + b, ordering: .relaxed) }

  /// Counts one step of a shard and tells the host.
  /// - Parameters:
  ///   - sequences: of the shard; a crew has members without any.
  ///   - thread: 0 is the calling thread, the only one that calls the host's function.
  func tookStep(_ sequences: Range<Int>, thread: Int) {
    guard let progress, !sequences.isEmpty else { return }
    let done = done.wrappingAdd(1, ordering: .relaxed).newValue / shards
    guard thread == 0, done > told.load(ordering: .relaxed) else { return }
    told.store(done, ordering: .relaxed)
    if progress.tell(done, of: steps) { end.min(-1, ordering: .relaxed) }
  }

  /// Where the steps ended, once all threads are done; nil if all steps were taken without a fault. Throws if the host
  /// cancelled.
  func firstFound() throws(Failure) -> (turn: Int, b: Int)? {
    let end = end.load(ordering: .relaxed)
    guard end != Int.max else { return nil }
    guard end >= 0 else {
      throw Failure(DNC_CANCELLED, "cancelled after \(told.load(ordering: .relaxed)) of \(steps) steps")
    }
    return (end / batch, end % batch)
  }
}
