import CPlatform
import Synchronization

/// Threads that take the same steps side by side, and share the products with the weights: each computes some columns for all
/// sequences, so it reads these columns' weights only. Before and after such work they meet. A meeting takes as long as a line
/// of the cache from core to core, some 50 ns.
///
/// A crew needs all of its threads at once. It forms when they first meet, if all come soon enough. It ends after a member had to
/// wait for long: then others want the processors, too, and each member goes on alone. No result depends on it.
struct Crew {
  static let mostMembers = 8

  /// What others read of a member.
  private struct Mark: ~Copyable {
    /// Twice the number of meetings that it has come to, and 1 more if the crew ends with the last of them.
    let meetings = Atomic<Int>(0)
    /// 1 if it had to wait for long.
    let hasWaited = Atomic<Int>(0)
  }

  /// Eight words for each member, a line of the cache: its mark, which begins as zeros.
  private var marks = InlineArray<64, Int>(repeating: 0)
  let count: Int
  /// Nanoseconds in which all have to come at first, and those that are long to wait later.
  private let start, long: UInt64

  /// - Parameter count: at most `mostMembers`.
  init(count: Int, start: UInt64, long: UInt64) {
    self.count = count
    self.start = start
    self.long = long
  }

  /// True if a member had to wait for long. Not to be asked before all are done.
  var hasWaited: Bool {
    for i in 0..<count where marks[8 * i + 1] != 0 { return true }
    return false
  }

  /// One of the threads. Member 0 is the owner's.
  struct Member {
    let crew: UnsafeMutablePointer<Crew>
    let index: Int
    var count: Int { crew.pointee.count }

    /// False once the crew has ended.
    var isTogether: Bool { meetings(index) & 1 == 0 }

    /// Waits until all have come to share work. What each wrote before, all can read from here on.
    /// - Returns: false if the crew has ended.
    func begin() -> Bool {
      guard isTogether else { return false }
      let meeting = meetings(index) + 2
      guard meeting > 2 else { return form() }
      come(to: meeting)
      var goesOn = true
      for other in 0..<count where other != index {
        wait(for: other, meeting)
        goesOn = goesOn && meetings(other) != meeting | 1
      }
      if !goesOn { come(to: meeting | 1) }
      return goesOn
    }

    /// Waits until all have done their part of the work.
    func end() {
      let meeting = meetings(index) + 2
      come(to: meeting)
      for other in 0..<count where other != index { wait(for: other, meeting) }
      if mark(index).pointee.hasWaited.load(ordering: .relaxed) != 0 { leave() }
    }

    /// Ends the crew when the others begin to share work again. Not to be called within such work.
    func leave() {
      if isTogether { come(to: (meetings(index) + 2) | 1) }
    }

    /// The first meeting: the owner says whether all have come.
    private func form() -> Bool {
      var all = true
      if index == 0 {
        let end = dnc_platform_nanoseconds() + crew.pointee.start
        for other in 1..<count {
          while all, meetings(other) < 2 {
            dnc_platform_pause()
            all = dnc_platform_nanoseconds() < end
          }
          all = all && meetings(other) == 2
        }
        mark(0).pointee.hasWaited.store(all ? 0 : 1, ordering: .relaxed)
      } else {
        come(to: 2)
        wait(for: 0, 2)
        mark(index).pointee.hasWaited.store(0, ordering: .relaxed)
        all = meetings(0) != 3
      }
      come(to: all ? 2 : 3)
      return all
    }

    private func wait(for other: Int, _ meeting: Int) {
      var turns = 0
      var end: UInt64 = 0
      while meetings(other) < meeting {
        dnc_platform_pause()
        turns += 1
        guard turns & 63 == 0 else { continue }
        let now = dnc_platform_nanoseconds()
        if end == 0 { end = now + crew.pointee.long }
        guard now >= end else { continue }
        mark(index).pointee.hasWaited.store(1, ordering: .relaxed)
        sched_yield()
      }
    }

    // The marks come first in a crew.
    private func mark(_ index: Int) -> UnsafePointer<Mark> {
      (UnsafeRawPointer(crew) + 64 * index).assumingMemoryBound(to: Mark.self)
    }
    private func meetings(_ index: Int) -> Int { mark(index).pointee.meetings.load(ordering: .acquiring) }
    private func come(to meeting: Int) { mark(index).pointee.meetings.store(meeting, ordering: .releasing) }
  }
}
