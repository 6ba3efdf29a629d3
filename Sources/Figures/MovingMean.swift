/// The moving mean of numbers: for each, the mean over `reach` numbers to each side, fewer at the ends. Numbers that
/// are not finite are left out.
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

    /// NaN for an empty sum.
    var mean: Double { total / Double(count) }
  }

  /// How many numbers to each side count.
  private let reach: Int
  private let count: Int
  /// Sums within blocks as long as the widest window: from the block's beginning to each number, and from each number
  /// to the block's end. A window is the end of one block and the beginning of the next. So nothing is ever subtracted,
  /// and a great number spoils only the means that contain it.
  private let fromBegin, toEnd: Out<Sum>

  /// - Parameter scratch: [2, count]; must outlive this value.
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
    // A window inside one block begins with the block, or ends with the block or the numbers.
    if first % window == 0 { return fromBegin[last].mean }
    return first / window == last / window ? toEnd[first].mean : (toEnd[first] + fromBegin[last]).mean
  }
}
