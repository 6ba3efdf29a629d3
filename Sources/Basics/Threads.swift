import CPlatform
import Synchronization

/// Work that threads can share. It is no closure: captured variables live on Swift's heap, which ends the process when
/// memory runs out.
protocol ThreadWork {
  func run(_ index: Int, thread: Int)
}

/// Worker threads of one instance. They start with the first work that is worth more than one thread. After work they
/// wait for more: awake for some microseconds, since waking takes longer than what lies between two pieces of work, then
/// asleep. They end with the instance.
struct Threads: ~Copyable {
  /// The threads' shared data. The mutex guards all of it.
  fileprivate struct Shared {
    var mutex = pthread_mutex_t()
    var changed = pthread_cond_t()
    var finished = pthread_cond_t()
    /// The work, on the owner's stack, and the function that runs it; nil when nobody may join in any more.
    var work: UnsafeRawPointer?
    var body: ((_ work: UnsafeRawPointer, _ index: Int, _ thread: Int) -> Void)?
    var count = 0
    /// Threads with higher indices don't take part.
    var participants = 0
    var floatMode: UInt32 = 0
    /// Who has to be woken.
    var sleepingWorkers = 0
    var ownerSleeps = false
    var stopping = false
  }

  /// What only the owner uses.
  fileprivate struct Owned {
    /// Number of workers, and the process that started them.
    var started = 0
    var process: pid_t = 0
  }

  /// What the threads look at without the mutex.
  fileprivate struct Signals: ~Copyable {
    /// Changes under the mutex, with every work and at the end.
    let generation = Atomic<UInt>(0)
    /// Number of workers that have joined in and have not left yet. Changes under the mutex.
    let working = Atomic<Int>(0)
    /// The next index of the work.
    let next = Atomic<Int>(0)
    /// How many nanoseconds to wait awake. 0 where the threads have no processor each: one that waits would keep another
    /// from working.
    let patience: UInt64
  }

  fileprivate struct Worker {
    var thread = pthread_t()
    var index = 0
    var shared: UnsafeMutablePointer<Shared>
    var signals: UnsafePointer<Signals>
  }

  /// The threads, for callers that have work for them.
  struct Team {
    fileprivate let workers: UnsafeMutablePointer<Worker>
    fileprivate let shared: UnsafeMutablePointer<Shared>
    fileprivate let signals: UnsafePointer<Signals>
    fileprivate let owned: UnsafeMutablePointer<Owned>
    /// The owner's thread is one of them.
    let count: Int
  }

  private let memory: Memory
  let team: Team
  var count: Int { team.count }

  /// Starts no thread yet.
  init(count: Int) throws(Failure) {
    var plan = Carver.measuring
    _ = Threads.carve(&plan, count)
    let memory = try Memory(bytes: plan.bytes)
    let shared = try allocateHandle(Shared())
    var carver = Carver.cutting(memory)
    let (signals, owned, workers) = Threads.carve(&carver, count)
    owned.initialize(to: Owned())
    signals.initialize(to: Signals(patience: count <= Threads.processors() ? 50_000 : 0))
    team = Team(workers: workers, shared: shared, signals: UnsafePointer(signals), owned: owned, count: count)
    self.memory = memory
    team.reset()
  }

  private static func carve(
    _ carver: inout Carver, _ count: Int
  ) -> (UnsafeMutablePointer<Signals>, UnsafeMutablePointer<Owned>, UnsafeMutablePointer<Worker>) {
    let signals: UnsafeMutablePointer<UInt8> = carver.take(MemoryLayout<Signals>.size)
    return (
      UnsafeMutableRawPointer(signals).bindMemory(to: Signals.self, capacity: 1), carver.take(1), carver.take(count)
    )
  }

  deinit {
    let shared = team.shared
    // A forked process has none of its parent's threads to wait for.
    if team.owned.pointee.process == getpid() {
      pthread_mutex_lock(&shared.pointee.mutex)
      shared.pointee.stopping = true
      team.signals.pointee.generation.wrappingAdd(1, ordering: .relaxed)
      pthread_cond_broadcast(&shared.pointee.changed)
      pthread_mutex_unlock(&shared.pointee.mutex)
      for i in 0..<team.owned.pointee.started { pthread_join(team.workers[i].thread, nil) }
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
    shared.pointee.sleepingWorkers = 0
    owned.pointee.started = 0
    owned.pointee.process = getpid()
  }

  /// Runs each index once, in any order, on at most `count` threads, and returns when all are done. Thread numbers
  /// count from 0, the caller's, which runs index 0, and stay below the number of indices. Only single-index work may call `run` again.
  /// - Parameter cost: rough number of multiplications of all indices. Waking a thread takes as long as a million, and
  ///   passing work to one that is awake as long as some ten thousand.
  @inline(never) func run<Work: ThreadWork>(_ indices: Int, cost: Int, _ work: Work) {
    let participants = min(indices, count)
    guard participants > 1, cost > 1 << 17, cost > 1 << 20 || areAwake(), start() > 0 else {
      for index in 0..<indices { work.run(index, thread: 0) }
      return
    }
    withUnsafePointer(to: work) { work in
      publish(work, indices, participants)
      work.pointee.run(0, thread: 0)
      Self.take(signals, indices, UnsafeRawPointer(work), Self.body(Work.self), thread: 0)
      finish()
    }
  }

  /// True if a worker waits awake. In a forked process there is none, and a worker may have left the mutex locked.
  private func areAwake() -> Bool {
    guard owned.pointee.process == getpid() else { return false }
    pthread_mutex_lock(&shared.pointee.mutex)
    let areAwake = shared.pointee.sleepingWorkers < owned.pointee.started
    pthread_mutex_unlock(&shared.pointee.mutex)
    return areAwake
  }

  private static func body<Work: ThreadWork>(
    _: Work.Type
  ) -> (_ work: UnsafeRawPointer, _ index: Int, _ thread: Int) -> Void {
    { work, index, thread in work.assumingMemoryBound(to: Work.self).pointee.run(index, thread: thread) }
  }

  private func publish<Work: ThreadWork>(_ work: UnsafePointer<Work>, _ indices: Int, _ participants: Int) {
    let s = shared
    pthread_mutex_lock(&s.pointee.mutex)
    s.pointee.work = UnsafeRawPointer(work)
    s.pointee.body = Self.body(Work.self)
    s.pointee.count = indices
    s.pointee.participants = participants
    s.pointee.floatMode = dnc_platform_float_mode()
    // Index 0 is the caller's, however soon the others begin: only the caller's thread tells of progress.
    _ = signals.pointee.next.exchange(1, ordering: .relaxed)
    signals.pointee.generation.wrappingAdd(1, ordering: .relaxed)
    if s.pointee.sleepingWorkers > 0 { pthread_cond_broadcast(&s.pointee.changed) }
    pthread_mutex_unlock(&s.pointee.mutex)
  }

  /// Waits for those who have joined in. Who comes later finds no work.
  private func finish() {
    let s = shared
    pthread_mutex_lock(&s.pointee.mutex)
    s.pointee.work = nil
    if signals.pointee.working.load(ordering: .relaxed) > 0 {
      pthread_mutex_unlock(&s.pointee.mutex)
      Self.stayAwake(signals) { signals.pointee.working.load(ordering: .relaxed) > 0 }
      pthread_mutex_lock(&s.pointee.mutex)
    }
    s.pointee.ownerSleeps = true
    while signals.pointee.working.load(ordering: .relaxed) > 0 {
      pthread_cond_wait(&s.pointee.finished, &s.pointee.mutex)
    }
    s.pointee.ownerSleeps = false
    pthread_mutex_unlock(&s.pointee.mutex)
  }

  /// Runs one index after the other, as long as there are any.
  private static func take(
    _ signals: UnsafePointer<Threads.Signals>, _ count: Int, _ work: UnsafeRawPointer,
    _ body: (_ work: UnsafeRawPointer, _ index: Int, _ thread: Int) -> Void, thread: Int
  ) {
    while true {
      let index = signals.pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(work, index, thread)
    }
  }

  /// Returns when the condition has ended, or when patience has.
  @inline(__always) private static func stayAwake(
    _ signals: UnsafePointer<Threads.Signals>, while condition: () -> Bool
  ) {
    let patience = signals.pointee.patience
    guard patience > 0 else { return }
    let end = dnc_platform_nanoseconds() + patience
    repeat {
      for _ in 0..<16 {
        guard condition() else { return }
        dnc_platform_pause()
      }
    } while dnc_platform_nanoseconds() < end
  }

  /// Starts the missing workers (after a fork, all) and returns their number. The system may allow fewer than wanted.
  private func start() -> Int {
    if owned.pointee.process != getpid() { reset() }
    guard owned.pointee.started < count - 1 else { return owned.pointee.started }
    // The host's signals are for the host's threads.
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    while owned.pointee.started < count - 1 {
      let worker = workers + owned.pointee.started
      worker.initialize(to: Threads.Worker(index: owned.pointee.started + 1, shared: shared, signals: signals))
      guard pthread_create(&worker.pointee.thread, nil, Self.main, worker) == 0 else { break }
      owned.pointee.started += 1
    }
    pthread_sigmask(SIG_SETMASK, &previous, nil)
    return owned.pointee.started
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
    let worker = raw!.assumingMemoryBound(to: Threads.Worker.self)
    let s = worker.pointee.shared
    let signals = worker.pointee.signals
    let index = worker.pointee.index
    var seen: UInt = 0
    var hasWorked = false
    pthread_mutex_lock(&s.pointee.mutex)
    while !s.pointee.stopping {
      let generation = signals.pointee.generation.load(ordering: .relaxed)
      if generation != seen {
        seen = generation
        guard index < s.pointee.participants, let work = s.pointee.work, let body = s.pointee.body else { continue }
        let count = s.pointee.count
        dnc_platform_set_float_mode(s.pointee.floatMode)
        signals.pointee.working.wrappingAdd(1, ordering: .relaxed)
        pthread_mutex_unlock(&s.pointee.mutex)
        take(signals, count, work, body, thread: index)
        pthread_mutex_lock(&s.pointee.mutex)
        let others = signals.pointee.working.wrappingSubtract(1, ordering: .relaxed).newValue
        if others == 0, s.pointee.ownerSleeps { pthread_cond_signal(&s.pointee.finished) }
        hasWorked = true
      } else if hasWorked {
        hasWorked = false
        pthread_mutex_unlock(&s.pointee.mutex)
        stayAwake(signals) { signals.pointee.generation.load(ordering: .relaxed) == seen }
        pthread_mutex_lock(&s.pointee.mutex)
      } else {
        s.pointee.sleepingWorkers += 1
        pthread_cond_wait(&s.pointee.changed, &s.pointee.mutex)
        s.pointee.sleepingWorkers -= 1
      }
    }
    pthread_mutex_unlock(&s.pointee.mutex)
    return nil
  }
}
