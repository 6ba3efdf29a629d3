/// How likely each story is to be drawn.
///
/// `stories`: all the same. `tasks`: a task has the same share as any other, however many stories it has, and its stories are
/// equally likely.
struct BabiShares: ~Copyable {
  private let count: Int
  private let areOfTasks: Bool
  /// Shares of the stories before each, in the corpus's order, and of all.
  private let sums: Memory

  init(_ corpus: borrowing BabiCorpus, areOfTasks: Bool) throws(Failure) {
    count = corpus.storyCount
    self.areOfTasks = areOfTasks
    sums = try Memory(bytes: (count + 1) * MemoryLayout<Double>.stride)
    let sum = sums.start.bindMemory(to: Double.self, capacity: count + 1)
    sum[0] = 0
    for i in 0..<count {
      sum[i + 1] = sum[i] + 1 / Double(corpus.tasks[Int(corpus.stories[i].task)].stories)
    }
  }

  /// A story of some that follow each other.
  func draw(_ random: inout Random, from first: Int, to end: Int) -> Int {
    guard areOfTasks else { return first + random.below(end - first) }
    let sum = sums.start.assumingMemoryBound(to: Double.self)
    let place = sum[first] + random.uniform() * (sum[end] - sum[first])
    // The last story whose share begins at or before the place.
    var (low, high) = (first, end)
    while high - low > 1 {
      let middle = (low + high) / 2
      if sum[middle] <= place { low = middle } else { high = middle }
    }
    return low
  }

  func draw(_ random: inout Random) -> Int { draw(&random, from: 0, to: count) }
}
