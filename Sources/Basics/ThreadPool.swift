import CPlatform
import Synchronization

/// The worker threads of this process, for the work of all instances. They start with the first work that is worth more than
/// one thread, as many as the work wants that wants the most. After work they wait for more: awake for some microseconds, since
/// waking takes longer than what lies between two pieces of work, then asleep. They end with the last instance that has several
/// threads.
///
/// Its memory is static, all zero at first.
struct ThreadPool {
  /// Work that workers may join.
  struct Job {
    /// The work, on its owner's stack, and the function that runs it.
    let work: UnsafeRawPointer
    let body: (_ work: UnsafeRawPointer, _ index: Int, _ thread: Int) -> Void
    let count: Int
    /// Workers that may join, and those that have.
    let places: Int
    var joined = 0
    let floatMode = dnc_platform_float_mode()
    var ownerSleeps = false
    let signals: UnsafePointer<Signals>
    var next: UnsafeMutablePointer<Job>?
  }

  /// What the threads that run a job look at without the mutex.
  struct Signals: ~Copyable {
    /// The next index of the work. Index 0 is the owner's, however soon the others begin: only its thread tells of progress.
    let next = Atomic<Int>(1)
    /// Number of workers that have joined and have not left yet. Changes under the mutex.
    let working = Atomic<Int>(0)
  }

  /// What all threads look at without the mutex.
  private struct Marks: ~Copyable {
    /// The process that the pool belongs to, since a forked one has none of its parent's threads; negative while that process
    /// sets it up.
    let process = Atomic<Int32>(0)
    /// Changes under the mutex, with every job and at the end.
    let generation = Atomic<UInt>(0)
  }

  private struct State {
    /// Guards all of it.
    var mutex: pthread_mutex_t
    var changed: pthread_cond_t
    var finished: pthread_cond_t
    var jobs: UnsafeMutablePointer<Job>?
    /// The first `started` count.
    var workers: UnsafeMutablePointer<pthread_t>
    var started: Int
    var sleeping: Int
    /// How many nanoseconds a worker waits awake.
    var patience: UInt64
    /// Teams of several threads.
    var teams: Int
    var isStopping: Bool
  }

  private let marks: UnsafePointer<Marks>
  private let state: UnsafeMutablePointer<State>

  /// Not inlined: see `lastMessage`.
  @inline(never) static func shared() -> ThreadPool {
    let room = dnc_platform_pool()
    let pool = ThreadPool(
      marks: UnsafePointer(room.assumingMemoryBound(to: Marks.self)),
      state: (room + 64).assumingMemoryBound(to: State.self))
    let own = getpid()
    while true {
      let owner = pool.marks.pointee.process.load(ordering: .acquiring)
      if owner == own { return pool }
      if owner == -own {
        dnc_platform_pause()
      } else if pool.marks.pointee.process.compareExchange(
        expected: owner, desired: -own, ordering: .relaxed
      ).exchanged {
        pool.setUp()
        pool.marks.pointee.process.store(own, ordering: .releasing)
        return pool
      }
    }
  }

  /// The number of teams stays: a forked process has its parent's instances.
  private func setUp() {
    pthread_mutex_init(&state.pointee.mutex, nil)
    pthread_cond_init(&state.pointee.changed, nil)
    pthread_cond_init(&state.pointee.finished, nil)
    (state.pointee.jobs, state.pointee.workers) = (nil, dnc_platform_workers())
    (state.pointee.started, state.pointee.sleeping, state.pointee.patience) = (0, 0, 0)
    state.pointee.isStopping = false
  }

  func addTeam() {
    pthread_mutex_lock(&state.pointee.mutex)
    state.pointee.teams += 1
    pthread_mutex_unlock(&state.pointee.mutex)
  }

  /// Ends the threads with the last team.
  func removeTeam() {
    pthread_mutex_lock(&state.pointee.mutex)
    state.pointee.teams -= 1
    guard state.pointee.teams == 0, state.pointee.started > 0, !state.pointee.isStopping else {
      pthread_mutex_unlock(&state.pointee.mutex)
      return
    }
    state.pointee.isStopping = true
    marks.pointee.generation.wrappingAdd(1, ordering: .relaxed)
    pthread_cond_broadcast(&state.pointee.changed)
    let (workers, started) = (state.pointee.workers, state.pointee.started)
    pthread_mutex_unlock(&state.pointee.mutex)
    for i in 0..<started { dnc_platform_join_thread(workers[i], nil) }
    pthread_mutex_lock(&state.pointee.mutex)
    (state.pointee.started, state.pointee.isStopping) = (0, false)
    pthread_mutex_unlock(&state.pointee.mutex)
  }

  /// Starts missing workers, up to `wanted`, and returns true if there are any. The system may allow fewer.
  /// - Parameter onlyAwake: false, and starts none, unless a worker waits awake.
  func isReady(_ wanted: Int, onlyAwake: Bool) -> Bool {
    pthread_mutex_lock(&state.pointee.mutex)
    defer { pthread_mutex_unlock(&state.pointee.mutex) }
    guard !state.pointee.isStopping, !onlyAwake || state.pointee.sleeping < state.pointee.started else { return false }
    guard state.pointee.started < wanted else { return true }
    // The host's signals are for the host's threads.
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    dnc_platform_mask_signals(SIG_SETMASK, &all, &previous)
    while state.pointee.started < wanted {
      let worker = state.pointee.workers + state.pointee.started
      guard dnc_platform_create_thread(worker, nil, ThreadPool.main, nil) == 0 else { break }
      state.pointee.started += 1
    }
    dnc_platform_mask_signals(SIG_SETMASK, &previous, nil)
    state.pointee.patience = Self.patience(threads: state.pointee.started + 1)
    return state.pointee.started > 0
  }

  /// Lets workers join.
  func publish(_ job: UnsafeMutablePointer<Job>) {
    pthread_mutex_lock(&state.pointee.mutex)
    job.pointee.next = state.pointee.jobs
    state.pointee.jobs = job
    marks.pointee.generation.wrappingAdd(1, ordering: .relaxed)
    if state.pointee.sleeping > 0 { pthread_cond_broadcast(&state.pointee.changed) }
    pthread_mutex_unlock(&state.pointee.mutex)
  }

  /// Waits for those who have joined. Who comes later finds no work.
  func finish(_ job: UnsafeMutablePointer<Job>, patience: UInt64) {
    let signals = job.pointee.signals
    pthread_mutex_lock(&state.pointee.mutex)
    withdraw(job)
    if signals.pointee.working.load(ordering: .relaxed) > 0 {
      pthread_mutex_unlock(&state.pointee.mutex)
      Self.stayAwake(patience) { signals.pointee.working.load(ordering: .relaxed) > 0 }
      pthread_mutex_lock(&state.pointee.mutex)
    }
    job.pointee.ownerSleeps = true
    while signals.pointee.working.load(ordering: .relaxed) > 0 {
      pthread_cond_wait(&state.pointee.finished, &state.pointee.mutex)
    }
    pthread_mutex_unlock(&state.pointee.mutex)
  }

  private func withdraw(_ job: UnsafeMutablePointer<Job>) {
    if state.pointee.jobs == job {
      state.pointee.jobs = job.pointee.next
      return
    }
    var before = state.pointee.jobs
    while let one = before {
      if one.pointee.next == job { one.pointee.next = job.pointee.next }
      before = one.pointee.next
    }
  }

  /// A job with a place for one more worker, and indices left.
  private func open() -> UnsafeMutablePointer<Job>? {
    var job = state.pointee.jobs
    while let one = job {
      let next = one.pointee.signals.pointee.next.load(ordering: .relaxed)
      if one.pointee.joined < one.pointee.places, next < one.pointee.count { return one }
      job = one.pointee.next
    }
    return nil
  }

  /// Runs one index after the other, as long as there are any.
  static func take(_ job: Job, thread: Int) {
    while true {
      let index = job.signals.pointee.next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < job.count else { return }
      job.body(job.work, index, thread)
    }
  }

  /// Returns when the condition has ended, or after so many nanoseconds.
  @inline(__always) private static func stayAwake(_ patience: UInt64, while condition: () -> Bool) {
    guard patience > 0 else { return }
    let end = dnc_platform_nanoseconds() + patience
    repeat {
      for _ in 0..<16 {
        guard condition() else { return }
        dnc_platform_pause()
      }
    } while dnc_platform_nanoseconds() < end
  }

  /// How many nanoseconds to wait awake for one of so many threads. 0 where they have no processor each: one that waits would
  /// keep another from working.
  static func patience(threads: Int) -> UInt64 { threads <= Threads.processors() ? 50_000 : 0 }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { _ in
    ThreadPool.shared().work()
    return nil
  }

  private func work() {
    var hasWorked = false
    pthread_mutex_lock(&state.pointee.mutex)
    while !state.pointee.isStopping {
      if let job = open() {
        job.pointee.joined += 1
        let (own, thread) = (job.pointee, job.pointee.joined)
        own.signals.pointee.working.wrappingAdd(1, ordering: .relaxed)
        pthread_mutex_unlock(&state.pointee.mutex)
        dnc_platform_set_float_mode(own.floatMode)
        Self.take(own, thread: thread)
        pthread_mutex_lock(&state.pointee.mutex)
        // The owner keeps the job until the last has left.
        let others = own.signals.pointee.working.wrappingSubtract(1, ordering: .relaxed).newValue
        if others == 0, job.pointee.ownerSleeps { pthread_cond_broadcast(&state.pointee.finished) }
        hasWorked = true
      } else if hasWorked {
        hasWorked = false
        let seen = marks.pointee.generation.load(ordering: .relaxed)
        let patience = state.pointee.patience
        pthread_mutex_unlock(&state.pointee.mutex)
        Self.stayAwake(patience) { marks.pointee.generation.load(ordering: .relaxed) == seen }
        pthread_mutex_lock(&state.pointee.mutex)
      } else {
        state.pointee.sleeping += 1
        pthread_cond_wait(&state.pointee.changed, &state.pointee.mutex)
        state.pointee.sleeping -= 1
      }
    }
    pthread_mutex_unlock(&state.pointee.mutex)
  }
}
