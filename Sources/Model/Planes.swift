import CPlatform

/// One quantity in every step: elements [layer, row, b, …] without gaps. A quantity whose layers are not kept apart has
/// them inside a sequence's numbers, and one layer here.
struct Plane<Element: BitwiseCopyable>: BitwiseCopyable {
  let start: UnsafeMutablePointer<Element>
  /// Number of elements of one sequence in one row of one layer.
  let width: Int
  let batch, rows, layers: Int

  init(_ carver: inout Carver, layers: Int = 1, rows: Int, batch: Int, width: Int) {
    self.init(start: carver.take(layers * rows * batch * width), width: width, batch: batch, rows: rows, layers: layers)
  }

  init(start: UnsafeMutablePointer<Element>, width: Int, batch: Int, rows: Int, layers: Int) {
    self.start = start
    (self.width, self.batch, self.rows, self.layers) = (width, batch, rows, layers)
  }

  // Places inside a memory that has been taken: they can't overflow.
  subscript(row: Int) -> UnsafeMutablePointer<Element> { start + row &* rowStride }
  subscript(row: Int, b: Int) -> UnsafeMutablePointer<Element> { start + (row &* batch &+ b) &* width }

  /// Asks for one sequence's numbers in a row, if they are few: the CPU finds long rows by itself.
  func prefetch(_ row: Int, _ b: Int) {
    let bytes = width * MemoryLayout<Element>.stride
    guard bytes <= 2048 else { return }
    let start = UnsafeRawPointer(self[row, b])
    for offset in stride(from: 0, to: bytes, by: 64) { dnc_platform_prefetch(start + offset) }
  }

  /// Elements from one row to the next: those of all sequences.
  var rowStride: Int { batch &* width }

  func layer(_ l: Int) -> Plane {
    Plane(start: start + l &* rows &* rowStride, width: width, batch: batch, rows: rows, layers: 1)
  }

  /// All sequences of one row as rows of a matrix. The sequences of later rows follow.
  func matrix(from row: Int, sequence b: Int = 0) -> MutableRows<Element> { MutableRows(self[row, b], stride: width) }

  /// One sequence in all rows, as rows of a matrix.
  func matrix(of b: Int, from row: Int) -> MutableRows<Element> { MutableRows(self[row, b], stride: rowStride) }

  /// Copies `other`'s rows `first` and later to rows `target` and later. `other` may lie in the same memory if each of
  /// its layers begins earlier: the last layer is copied first.
  func copy(rows count: Int, from other: Plane, startingAt first: Int = 0, to target: Int = 0) {
    for l in (0..<layers).reversed() {
      memmove(layer(l)[target], other.layer(l)[first], count * rowStride * MemoryLayout<Element>.stride)
    }
  }

  func zero(rows count: Int) {
    for l in 0..<layers { memset(layer(l).start, 0, count * rowStride * MemoryLayout<Element>.stride) }
  }
}

/// The planes of some quantities, by name: `planes[.usage]`. The initializer's `rows` says how many rows each has: 0
/// for a quantity that is not kept here.
struct Planes<Scalar: Real> {
  typealias Table = UnsafeMutablePointer<Plane<Scalar>>
  private let table: Table

  /// Cuts the planes. Their table goes to `table` or, if that is nil, is cut as well.
  init(_ carver: inout Carver, _ c: Configuration, table: Table? = nil, rows: (Quantity.Row) -> Int) {
    self.table = table ?? carver.take(Quantity.count)
    for index in 0..<Quantity.count {
      let row = Quantity.at(index).row(c)
      let (layers, parts) = row.isApart ? (c.L, 1) : (1, row.parts(c))
      let plane = Plane<Scalar>(&carver, layers: layers, rows: rows(row), batch: c.B, width: parts * row.width)
      if !carver.isMeasuring { self.table[index] = plane }
    }
  }

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

  // MARK: Loops over the table

  /// Sets the state in row 0 to zero.
  @inline(never) func zeroState(_ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).isOfState { table[index].zero(rows: 1) }
  }

  /// Sets the state of sequence b in row 0 to zero.
  @inline(never) func zeroState(of b: Int, _ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).isOfState {
      let plane = table[index]
      for l in 0..<plane.layers { setZero(plane.width, plane.layer(l)[0, b]) }
    }
  }

  /// Copies the state in row 0 of `other`, of one sequence, to that of sequence b.
  @inline(never) func copyState(to b: Int, from other: Planes, _ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).isOfState {
      let (plane, source) = (table[index], other.table[index])
      for l in 0..<plane.layers { copyValues(plane.width, source.layer(l)[0, 0], to: plane.layer(l)[0, b]) }
    }
  }

  /// Copies the state in row `row` to row 0. Quantities that are kept once are the present ones already.
  @inline(never) func moveToFront(row: Int, _ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).kept == .states {
      table[index].copy(rows: 1, from: table[index], startingAt: row)
    }
  }

  /// Copies the states in `other`'s rows `first` and later to rows 0..<rows, and the quantities that are kept once.
  @inline(never) func copyStates(_ rows: Int, from other: Planes, startingAt first: Int = 0, _ c: Configuration) {
    for index in 0..<Quantity.count {
      switch Quantity.at(index).row(c).kept {
      case .once: table[index].copy(rows: 1, from: other.table[index])
      case .states: table[index].copy(rows: rows, from: other.table[index], startingAt: first)
      default: break
      }
    }
  }

  /// Copies what stays at hand of a step to row 0.
  @inline(never) func copyLastStep(from other: Planes, row: Int, _ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).isOfLastStep {
      table[index].copy(rows: 1, from: other.table[index], startingAt: row)
    }
  }

  /// Copies, for the first `count` steps, the quantities that backward turns into their own gradients.
  @inline(never) func copyFutureGradients(_ count: Int, from other: Planes, _ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).becomesGradient {
      table[index].copy(rows: count, from: other.table[index])
    }
  }

  /// Moves the first `count` steps here from smaller planes in the same memory. Every plane moves towards the end of
  /// the memory, so the last one moves first.
  /// - Parameter segments: steps in a segment of these and of the smaller planes; the latter may be shorter.
  func move(steps count: Int, from smaller: Planes, segments: (here: Int, there: Int), _ c: Configuration) {
    for index in (0..<Quantity.count).reversed() {
      let (plane, old) = (table[index], smaller.table[index])
      let row = Quantity.at(index).row(c)
      switch row.kept {
      case .once: plane.copy(rows: 1, from: old)
      case .states: plane.copy(rows: count + 1, from: old)
      case .steps: plane.copy(rows: row.isOfLastStep ? max(count, 1) : count, from: old)
      case .segments:
        let kept = (count + segments.here - 1) / segments.here
        for i in 0..<kept where segments.here > segments.there {
          old.copy(rows: 1, from: old, startingAt: i * segments.here / segments.there, to: i)
        }
        plane.copy(rows: kept, from: old)
      case .backwardSteps, .present: break
      }
    }
  }
}
