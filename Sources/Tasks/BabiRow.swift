import CPlatform

/// Stories one after the other, as a sequence of a batch has them: their number, the seed of their echoes and names, and their
/// places in the corpus.
struct BabiRow {
  private let notes: UnsafeMutablePointer<UInt32>

  init(_ notes: UnsafeRawPointer) {
    self.notes = UnsafeMutableRawPointer(mutating: notes).assumingMemoryBound(to: UInt32.self)
  }

  private static let places = 2

  static func bytes(_ stories: Int) -> Int { (places + stories) * MemoryLayout<UInt32>.stride }

  var count: Int { Int(notes[0]) }
  subscript(index: Int) -> Int { Int(notes[BabiRow.places + index]) }

  func append(_ story: Int) {
    notes[BabiRow.places + count] = UInt32(story)
    notes[0] += 1
  }

  /// Of the words that are echoed and the names that are exchanged; 0: there are none, and no targets of blank steps.
  var seed: UInt64 {
    get { UInt64(notes[1]) }
    nonmutating set { notes[1] = UInt32(truncatingIfNeeded: newValue) | 1 }
  }

  func hasEcho(_ t: Int, share: Double) -> Bool {
    guard seed != 0 else { return false }
    var random = Random(seed: seed, stream: UInt64(t))
    return random.uniform() < share
  }
}

/// The stories of a batch, dealt out to its rows so that these have about the same length.
///
/// Stories are drawn until they fill all rows. Whether another one is drawn depends on those before it only, and all are used,
/// whole; so in the long run each is told as often as its share says.
enum BabiDeal {
  struct Story {
    let story: UInt32
    var row: UInt32 = 0
  }

  private struct Row {
    var steps: Int
    let row: Int
  }

  /// - Parameters:
  ///   - steps: the least that rows have on average.
  ///   - length: of a story, which is no longer than those before it in the corpus.
  ///   - stories: out.
  @inline(never) static func deal(
    rows: Int, steps: Int, length: (Int) -> Int, into stories: inout GrowingMemory, draw: () -> Int
  ) throws(Failure) {
    var (all, longest) = (0, 0)
    repeat {
      let story = draw()
      try stories.add(MemoryLayout<Story>.stride).initializeMemory(as: Story.self, to: Story(story: UInt32(story)))
      all += length(story)
      longest = max(longest, length(story))
    } while all < rows * max(steps, longest)
    let count = stories.bytes / MemoryLayout<Story>.stride
    // The longest first.
    qsort(stories.start, count, MemoryLayout<Story>.stride) { a, b in
      let (a, b) = (a!.load(as: Story.self).story, b!.load(as: Story.self).story)
      return a == b ? 0 : a < b ? -1 : 1
    }
    // Each story goes to the shortest row, the root of a heap.
    let memory = try Memory(bytes: rows * MemoryLayout<Row>.stride)
    let heap = memory.start.bindMemory(to: Row.self, capacity: rows)
    for row in 0..<rows { heap[row] = Row(steps: 0, row: row) }
    let dealt = stories.start.assumingMemoryBound(to: Story.self)
    for i in 0..<count {
      dealt[i].row = UInt32(heap[0].row)
      heap[0].steps += length(Int(dealt[i].story))
      sink(heap, rows)
    }
  }

  /// Moves the root down to where it belongs.
  private static func sink(_ heap: UnsafeMutablePointer<Row>, _ count: Int) {
    var place = 0
    while true {
      var least = place
      for child in 2 * place + 1..<min(2 * place + 3, max(count, 2 * place + 1))
      where heap[child].steps < heap[least].steps {
        least = child
      }
      guard least != place else { return }
      (heap[place], heap[least]) = (heap[least], heap[place])
      place = least
    }
  }
}
