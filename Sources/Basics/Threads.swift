import CPlatform

/// Work that threads can share. It is no closure: captured variables live on Swift's heap, which ends the process when
/// memory runs out.
protocol ThreadWork {
  func run(_ index: Int, thread: Int)
}

/// How many threads an instance may use: its own, and workers of the process's pool.
struct Threads: ~Copyable {
  /// For callers that have work for them.
  struct Team {
    /// The owner's thread is one of them.
    let count: Int
    /// How many nanoseconds the owner waits awake for the others.
    fileprivate let patience: UInt64
    /// True if each thread can have a processor of its own.
    var hasProcessors: Bool { patience > 0 }
  }

  let team: Team
  var count: Int { team.count }

  /// Starts no thread yet.
  init(count: Int) {
    team = Team(count: count, patience: count > 1 ? ThreadPool.patience(threads: count) : 0)
    if count > 1 { ThreadPool.shared().addTeam() }
  }

  deinit {
    if team.count > 1 { ThreadPool.shared().removeTeam() }
  }

  /// Number of threads that this process may run at once.
  static func processors() -> Int { max(1, Int(dnc_platform_processors())) }
}

extension Threads.Team {
  /// Runs each index once, in any order, on at most `count` threads, and returns when all are done. Thread numbers
  /// count from 0, the caller's, which runs index 0, and stay below the number of indices. Only single-index work may call `run`
  /// again.
  /// - Parameters:
  ///   - cost: rough number of multiplications of all indices. Waking a thread takes as long as a million, and passing work to
  ///     one that is awake as long as some ten thousand.
  ///   - crew: of the threads, if they share each step. Its member 0 leaves it where one thread runs all indices.
  func run<Work: ThreadWork>(_ indices: Int, cost: Int, crew: UnsafeMutablePointer<Crew>? = nil, _ work: Work) {
    withUnsafePointer(to: work) { work in
      run(indices, cost: cost, crew, UnsafeRawPointer(work)) { work, index, thread in
        work.assumingMemoryBound(to: Work.self).pointee.run(index, thread: thread)
      }
    }
  }

  // Not generic: there are many kinds of work.
  @inline(never) private func run(
    _ indices: Int, cost: Int, _ crew: UnsafeMutablePointer<Crew>?, _ work: UnsafeRawPointer,
    _ body: @escaping (_ work: UnsafeRawPointer, _ index: Int, _ thread: Int) -> Void
  ) {
    func runAlone() {
      if let crew { Crew.Member(crew: crew, index: 0).leave() }
      for index in 0..<indices { body(work, index, 0) }
    }
    let workers = min(indices, count) - 1
    guard workers > 0, cost > 1 << 17 else { return runAlone() }
    let pool = ThreadPool.shared()
    guard pool.isReady(count - 1, onlyAwake: cost <= 1 << 20) else { return runAlone() }
    let signals = ThreadPool.Signals()
    withUnsafePointer(to: signals) { signals in
      var job = ThreadPool.Job(work: work, body: body, count: indices, places: workers, signals: signals)
      withUnsafeMutablePointer(to: &job) { job in
        let own = job.pointee
        pool.publish(job)
        body(work, 0, 0)
        ThreadPool.take(own, thread: 0)
        pool.finish(job, patience: patience)
      }
    }
  }
}
