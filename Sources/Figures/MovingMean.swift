/// The mean of numbers around each, over so many to each side, fewer at the ends. What is not finite is left out.
struct MovingMean {
  /// A part of a sum of numbers that are finite.
  struct Sum {
    private var total = 0.0
    private var count = 0

    mutating func add(_ value: Double) {
      guard value.isFinite else { return }
      total += value
      count += 1
    }

    static func + (a: Sum, b: Sum) -> Sum {
      var sum = a
      sum.total += b.total
      sum.count += b.count
      return sum
    }

    /// NaN of nothing.
    var mean: Double { total / Double(count) }
  }

  /// Numbers to each side.
  private let reach: Int
  private let count: Int
  /// Sums within blocks as long as the widest window: from the block's beginning to each number, and from each to the
  /// block's end. A window is the end of one block and the beginning of the next, so nothing has to be taken away from a
  /// sum again, and a great number spoils no mean but those that it is in.
  private let fromBegin, toEnd: Out<Sum>

  /// - Parameter scratch: [2, count], used as long as this value.
  init(_ samples: UnsafeBufferPointer<LogSample>, reach: Int, scratch: Out<Sum>) {
    count = samples.count
    self.reach = reach
    (fromBegin, toEnd) = (scratch, scratch + count)
    let window = 2 * reach + 1
    for i in 0..<count {
      fromBegin[i] = i % window == 0 ? Sum() : fromBegin[i - 1]
      fromBegin[i].add(samples[i].value)
    }
    for i in stride(from: count - 1, through: 0, by: -1) {
      toEnd[i] = i == count - 1 || (i + 1) % window == 0 ? Sum() : toEnd[i + 1]
      toEnd[i].add(samples[i].value)
    }
  }

  subscript(i: Int) -> Double {
    let window = 2 * reach + 1
    let first = max(i - reach, 0)
    let last = min(i + reach, count - 1)
    // Within one block it begins with it, or ends with it or with the numbers.
    if first % window == 0 { return fromBegin[last].mean }
    return first / window == last / window ? toEnd[first].mean : (toEnd[first] + fromBegin[last]).mean
  }
}
