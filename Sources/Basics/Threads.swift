import CPlatform

/// Work that threads can share. It is no closure: captured variables live on Swift's heap, which ends the process when
/// memory runs out.
protocol ThreadWork {
  func run(_ index: Int, thread: Int)
}

/// Worker threads of one instance. They start with the first work that is worth more than one thread, sleep while there
/// is nothing to do, and end with the instance.
struct Threads: ~Copyable {
  /// The threads' shared data. The mutex guards all of it except the fields that only the owner uses.
  fileprivate struct Shared {
    var mutex = pthread_mutex_t()
    var changed = pthread_cond_t()
    var finished = pthread_cond_t()
    /// Number of calls of `run`.
    var generation: UInt = 0
    /// The work, on the owner's stack, and the function that runs it.
    var work: UnsafeRawPointer?
    var body: ((_ work: UnsafeRawPointer, _ index: Int, _ thread: Int) -> Void)?
    var count = 0
    var next = 0
    var unfinished = 0
    /// Threads with higher indices don't take part.
    var participants = 0
    var floatMode: UInt32 = 0
    var stopping = false
    /// Number of workers, and the process that started them.
    var started = 0
    var process: pid_t = 0
  }

  fileprivate struct Worker {
    var thread = pthread_t()
    var index = 0
    var shared: UnsafeMutablePointer<Shared>
  }

  /// The threads, for callers that have work for them.
  struct Team {
    fileprivate let workers: UnsafeMutablePointer<Worker>
    fileprivate let shared: UnsafeMutablePointer<Shared>
    /// The owner's thread is one of them.
    let count: Int
  }

  private let memory: Memory
  let team: Team
  var count: Int { team.count }

  /// Starts no thread yet.
  init(count: Int) throws(Failure) {
    let memory = try Memory(bytes: count * MemoryLayout<Worker>.stride)
    let shared = try allocateHandle(Shared())
    team = Team(workers: memory.start.bindMemory(to: Worker.self, capacity: count), shared: shared, count: count)
    self.memory = memory
    team.reset()
  }

  deinit {
    let shared = team.shared
    // A forked process has none of its parent's threads to wait for.
    if shared.pointee.process == getpid() {
      pthread_mutex_lock(&shared.pointee.mutex)
      shared.pointee.stopping = true
      pthread_cond_broadcast(&shared.pointee.changed)
      pthread_mutex_unlock(&shared.pointee.mutex)
      for i in 0..<shared.pointee.started { pthread_join(team.workers[i].thread, nil) }
    }
    freeHandle(shared)
  }

  /// Number of threads that this process may run at once.
  static func processors() -> Int { max(1, Int(dnc_platform_processors())) }
}

extension Threads.Team {
  fileprivate func reset() {
    pthread_mutex_init(&shared.pointee.mutex, nil)
    pthread_cond_init(&shared.pointee.changed, nil)
    pthread_cond_init(&shared.pointee.finished, nil)
    shared.pointee.started = 0
    shared.pointee.process = getpid()
  }

  /// Runs each index once, in any order, on at most `count` threads, and returns when all are done. Thread numbers
  /// count from 0, the caller's, and stay below the number of indices. Only single-index work may call `run` again.
  /// - Parameter cost: rough number of multiplications of all indices. Below some half a million, waking a thread doesn't pay.
  @inline(never) func run<Work: ThreadWork>(_ indices: Int, cost: Int, _ work: Work) {
    let participants = min(indices, count)
    guard participants > 1, cost > 1 << 19, start() > 0 else {
      for index in 0..<indices { work.run(index, thread: 0) }
      return
    }
    withUnsafePointer(to: work) { work in
      let s = shared
      pthread_mutex_lock(&s.pointee.mutex)
      s.pointee.work = UnsafeRawPointer(work)
      s.pointee.body = { work, index, thread in
        work.assumingMemoryBound(to: Work.self).pointee.run(index, thread: thread)
      }
      s.pointee.count = indices
      s.pointee.next = 0
      s.pointee.unfinished = indices
      s.pointee.participants = participants
      s.pointee.floatMode = dnc_platform_float_mode()
      s.pointee.generation &+= 1
      pthread_cond_broadcast(&s.pointee.changed)
      Self.take(s, thread: 0)
      while s.pointee.unfinished > 0 { pthread_cond_wait(&s.pointee.finished, &s.pointee.mutex) }
      s.pointee.work = nil
      pthread_mutex_unlock(&s.pointee.mutex)
    }
  }

  /// Runs one index after the other. The mutex is locked on entry, between indices, and on return.
  private static func take(_ s: UnsafeMutablePointer<Threads.Shared>, thread: Int) {
    while s.pointee.next < s.pointee.count, let work = s.pointee.work, let body = s.pointee.body {
      let index = s.pointee.next
      s.pointee.next += 1
      pthread_mutex_unlock(&s.pointee.mutex)
      body(work, index, thread)
      pthread_mutex_lock(&s.pointee.mutex)
      s.pointee.unfinished -= 1
      if s.pointee.unfinished == 0 { pthread_cond_signal(&s.pointee.finished) }
    }
  }

  /// Starts the missing workers (after a fork, all) and returns their number. The system may allow fewer than wanted.
  private func start() -> Int {
    let s = shared
    if s.pointee.process != getpid() { reset() }
    guard s.pointee.started < count - 1 else { return s.pointee.started }
    // The host's signals are for the host's threads.
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    while s.pointee.started < count - 1 {
      let worker = workers + s.pointee.started
      worker.initialize(to: Threads.Worker(index: s.pointee.started + 1, shared: s))
      guard pthread_create(&worker.pointee.thread, nil, Self.main, worker) == 0 else { break }
      s.pointee.started += 1
    }
    pthread_sigmask(SIG_SETMASK, &previous, nil)
    return s.pointee.started
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
    let worker = raw!.assumingMemoryBound(to: Threads.Worker.self)
    let s = worker.pointee.shared
    let index = worker.pointee.index
    var seen: UInt = 0
    pthread_mutex_lock(&s.pointee.mutex)
    while true {
      while s.pointee.generation == seen, !s.pointee.stopping {
        pthread_cond_wait(&s.pointee.changed, &s.pointee.mutex)
      }
      if s.pointee.stopping { break }
      seen = s.pointee.generation
      guard index < s.pointee.participants else { continue }
      dnc_platform_set_float_mode(s.pointee.floatMode)
      take(s, thread: index)
    }
    pthread_mutex_unlock(&s.pointee.mutex)
    return nil
  }
}
