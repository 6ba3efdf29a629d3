import CPlatform

/// One quantity in every step, of some sequences: elements [layer, row, b, …] without gaps. A quantity whose layers are not
/// kept apart has them inside a sequence's numbers, and one layer here.
struct Plane<Element: BitwiseCopyable>: BitwiseCopyable {
  /// Where sequence 0 is in row 0, or would be.
  let start: UnsafeMutablePointer<Element>
  /// Number of elements of one sequence in one row of one layer.
  let width: Int
  let batch, rows, layers: Int

  /// - Parameter first: the first sequence.
  init(_ carver: inout Carver, layers: Int = 1, rows: Int, first: Int = 0, batch: Int, width: Int) {
    let place: UnsafeMutablePointer<Element> = carver.take(layers * rows * batch * width)
    self.init(start: place - first * width, width: width, batch: batch, rows: rows, layers: layers)
  }

  fileprivate init(start: UnsafeMutablePointer<Element>, width: Int, batch: Int, rows: Int, layers: Int) {
    self.start = start
    (self.width, self.batch, self.rows, self.layers) = (width, batch, rows, layers)
  }

  // A place inside a memory that has been taken: it can't overflow.
  subscript(row: Int, b: Int) -> UnsafeMutablePointer<Element> { start + (row &* batch &+ b) &* width }

  /// Asks for one sequence's numbers in a row, if they are few: the CPU finds long rows by itself.
  func prefetch(_ row: Int, _ b: Int) {
    let bytes = width * MemoryLayout<Element>.stride
    guard bytes <= 2048 else { return }
    let start = UnsafeRawPointer(self[row, b])
    for offset in stride(from: 0, to: bytes, by: 64) { dnc_platform_prefetch(start + offset) }
  }

  /// Elements from one row to the next: those of all its sequences.
  var rowStride: Int { batch &* width }

  func layer(_ l: Int) -> Plane {
    Plane(start: start + l &* rows &* rowStride, width: width, batch: batch, rows: rows, layers: 1)
  }

  /// The sequences from b on of one row, as rows of a matrix.
  func matrix(from row: Int, sequence b: Int) -> MutableRows<Element> { MutableRows(self[row, b], stride: width) }

  /// One sequence in all rows, as rows of a matrix.
  func matrix(of b: Int, from row: Int) -> MutableRows<Element> { MutableRows(self[row, b], stride: rowStride) }

  /// Moves the first `count` rows here from a plane of as many sequences, `first` on. Both may lie in the same memory if each of
  /// `other`'s layers begins earlier: the last layer is moved first.
  fileprivate func move(rows count: Int, from other: Plane, first: Int) {
    for l in (0..<layers).reversed() {
      memmove(layer(l)[0, first], other.layer(l)[0, first], count * rowStride * MemoryLayout<Element>.stride)
    }
  }
}

/// The planes of some quantities, by name: `planes[.usage]`.
struct Planes<Scalar: Real> {
  typealias Table = UnsafeMutablePointer<Plane<Scalar>>
  fileprivate let table: Table

  subscript(quantity: Quantity) -> Plane<Scalar> { table[quantity.rawValue] }

  /// φ
  var order: Plane<UInt32> { whole(.order) }

  /// The plane of a quantity whose numbers are whole.
  func whole(_ quantity: Quantity) -> Plane<UInt32> {
    let plane = self[quantity]
    let perNumber = MemoryLayout<Scalar>.stride / MemoryLayout<UInt32>.stride
    return Plane(
      start: UnsafeMutableRawPointer(plane.start).assumingMemoryBound(to: UInt32.self),
      width: perNumber &* plane.width, batch: plane.batch, rows: plane.rows, layers: plane.layers)
  }

  /// Sets the state of some sequences in row 0 to zero.
  @inline(never) func zeroState(of sequences: Range<Int>, _ c: Configuration) {
    for index in 0..<Quantity.count where c.stateQuantities >> UInt64(index) & 1 != 0 {
      let plane = table[index]
      for l in 0..<plane.layers { setZero(sequences.count * plane.width, plane.layer(l)[0, sequences.lowerBound]) }
    }
  }
}

/// How many rows planes have of each quantity.
enum PlaneRows {
  /// Of all quantities, with room for so many steps: one row without any. The rows of segments are of so many steps.
  case steps(Int, segment: Int)
  /// One of those that a network carries from step to step, or none.
  case state(Bool)
  /// One of what stays at hand of a step.
  case lastStep
  /// So many of what backward turns into its own gradient.
  case futureGradients(Int)

  func callAsFunction(_ row: Quantity.Row) -> Int {
    switch self {
    case .steps(let capacity, let segment):
      switch row.kept {
      case .once, .present: 1
      case .states: capacity + 1
      case .steps: max(capacity, 1)
      case .segments: (capacity + segment - 1) / segment
      case .backwardSteps: capacity
      }
    case .state(let isKept): isKept && row.isOfState ? 1 : 0
    case .lastStep: row.isOfLastStep ? 1 : 0
    case .futureGradients(let steps): row.becomesGradient ? steps : 0
    }
  }
}

/// The planes of all sequences, which lie in blocks of some sequences, one block after the other: `planes[b]` are those of
/// sequence b's block. Threads with different blocks then find their numbers in different places, and what a CPU fetches
/// ahead of one thread is not what another is writing.
struct SequencePlanes<Scalar: Real> {
  private let table: Planes<Scalar>.Table
  let blocks: Int
  /// Sequences of a block.
  let together: Int

  subscript(b: Int) -> Planes<Scalar> { Planes(table: table + b / together * Quantity.count) }

  /// Cuts the planes. Their tables go to `table` or, if that is nil, are cut as well.
  /// - Parameter blocks: a divisor of the number of sequences.
  @inline(never) init(
    _ carver: inout Carver, _ c: Configuration, blocks: Int = 1, table: Planes<Scalar>.Table? = nil, _ rows: PlaneRows
  ) {
    self.table = table ?? carver.take(blocks * Quantity.count)
    (self.blocks, together) = (blocks, c.B / blocks)
    for block in 0..<blocks {
      for index in 0..<Quantity.firstOfSegments {
        let row = Quantity.at(index).row(c)
        let (layers, parts) = row.isApart ? (c.L, 1) : (1, row.parts(c))
        let plane = Plane<Scalar>(
          &carver, layers: layers, rows: rows(row), first: block * together, batch: together, width: parts * row.width)
        if !carver.isMeasuring { self.table[block * Quantity.count + index] = plane }
      }
    }
    // Those of all blocks: there may be fewer in a record of more steps.
    for index in Quantity.firstOfSegments..<Quantity.count {
      let row = Quantity.at(index).row(c)
      let plane = Plane<Scalar>(&carver, rows: rows(row), batch: c.B, width: row.parts(c) * row.width)
      for block in 0..<blocks where !carver.isMeasuring { self.table[block * Quantity.count + index] = plane }
    }
  }

  /// All sequences of a quantity in all rows from one on.
  func steps(_ quantity: Quantity, layer l: Int = 0, from row: Int) -> StepRows<Scalar> {
    steps(l, row) { $0[quantity] }
  }

  /// Those of the tokens.
  var tokens: StepRows<UInt32> { steps(0, 0) { $0.whole(.token) } }

  private func steps<Element>(
    _ l: Int, _ row: Int, _ plane: (Planes<Scalar>) -> Plane<Element>
  ) -> StepRows<Element> {
    let first = plane(self[0]).layer(l)
    let start = first[row, 0]
    return StepRows(
      start, stride: first.width, together: together, blocks: blocks,
      blockStride: blocks == 1 ? 0 : plane(self[together]).layer(l)[row, together] - start, stepStride: first.rowStride)
  }

  // MARK: Loops over the tables

  /// Sets the state in row 0 to zero.
  func zeroState(_ c: Configuration) {
    for block in 0..<blocks { self[block * together].zeroState(of: block * together..<(block + 1) * together, c) }
  }

  /// What is copied to row 0 and later.
  enum Copied {
    /// The state in that row, and the quantities that are kept once.
    case state(row: Int)
    /// What stays at hand of a step.
    case lastStep(row: Int)
    /// Of the first steps, the quantities that backward turns into their own gradients.
    case futureGradients(Int)

    fileprivate func rows(_ row: Quantity.Row) -> (count: Int, first: Int) {
      switch self {
      case .state(let first): (row.isOfState ? 1 : 0, row.kept == .once ? 0 : first)
      case .lastStep(let first): (row.isOfLastStep ? 1 : 0, first)
      case .futureGradients(let count): (row.becomesGradient ? count : 0, 0)
      }
    }
  }

  /// Copies all sequences from `other`, which may be these planes.
  func copy(_ copied: Copied, from other: SequencePlanes, _ c: Configuration) {
    copy(copied, to: 0..<c.B, from: other, 0, c)
  }

  /// Copies `other`'s sequences from `first` on to some sequences.
  @inline(never) func copy(
    _ copied: Copied, to sequences: Range<Int>, from other: SequencePlanes, _ first: Int, _ c: Configuration
  ) {
    for index in 0..<Quantity.count {
      let (count, firstRow) = copied.rows(Quantity.at(index).row(c))
      guard count > 0 else { continue }
      for b in sequences {
        let place = first + b - sequences.lowerBound
        let (plane, source) = (self[b].table[index], other[place].table[index])
        for l in 0..<plane.layers {
          for row in 0..<count {
            let (here, there) = (plane.layer(l)[row, b], source.layer(l)[firstRow + row, place])
            // What is kept once may be in its place already.
            if here != there { copyValues(plane.width, there, to: here) }
          }
        }
      }
    }
  }

  /// Moves the first `count` steps here from smaller planes in the same memory, with the same blocks. Every plane moves towards
  /// the end of the memory, so the last one moves first.
  /// - Parameter segments: steps in a segment of these and of the smaller planes; the latter may be shorter.
  func move(steps count: Int, from smaller: SequencePlanes, segments: (here: Int, there: Int), _ c: Configuration) {
    for index in (Quantity.firstOfSegments..<Quantity.count).reversed() {
      let (plane, old) = (table[index], smaller.table[index])
      let kept = (count + segments.here - 1) / segments.here
      for i in 0..<kept where segments.here > segments.there {
        let from = i * segments.here / segments.there
        memmove(old[i, 0], old[from, 0], old.rowStride * MemoryLayout<Scalar>.stride)
      }
      plane.move(rows: kept, from: old, first: 0)
    }
    for block in (0..<blocks).reversed() {
      let (here, there) = (self[block * together], smaller[block * together])
      for index in (0..<Quantity.firstOfSegments).reversed() {
        let row = Quantity.at(index).row(c)
        let rows =
          switch row.kept {
          case .once: 1
          case .states: count + 1
          case .steps: row.isOfLastStep ? max(count, 1) : count
          case .segments, .backwardSteps, .present: 0
          }
        here.table[index].move(rows: rows, from: there.table[index], first: block * together)
      }
    }
  }
}
