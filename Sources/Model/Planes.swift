import CPlatform

/// One quantity in every step: element [layer, row, b, …], all following each other closely. Where layers are not kept apart,
/// they are within a sequence's numbers and there is one layer here.
struct Plane<Element: BitwiseCopyable>: BitwiseCopyable {
  let start: UnsafeMutablePointer<Element>
  /// Elements of one sequence in one row of one layer.
  let width: Int
  let batch, rows, layers: Int

  init(_ carver: inout Carver, layers: Int = 1, rows: Int, batch: Int, width: Int) {
    self.init(start: carver.take(layers * rows * batch * width), width: width, batch: batch, rows: rows, layers: layers)
  }

  init(start: UnsafeMutablePointer<Element>, width: Int, batch: Int, rows: Int, layers: Int) {
    self.start = start
    (self.width, self.batch, self.rows, self.layers) = (width, batch, rows, layers)
  }

  subscript(row: Int) -> UnsafeMutablePointer<Element> { start + row * rowCount }
  subscript(row: Int, b: Int) -> UnsafeMutablePointer<Element> { start + (row * batch + b) * width }

  /// Elements of all sequences in one row.
  var rowCount: Int { batch * width }

  func layer(_ l: Int) -> Plane {
    Plane(start: start + l * rows * rowCount, width: width, batch: batch, rows: rows, layers: 1)
  }

  /// All sequences of one row as rows of a matrix, and, since rows follow each other, those of later ones too.
  func matrix(from row: Int, sequence b: Int = 0) -> MutableRows<Element> { MutableRows(self[row, b], stride: width) }

  /// One sequence in one row after the other.
  func matrix(of b: Int, from row: Int) -> MutableRows<Element> { MutableRows(self[row, b], stride: rowCount) }

  /// Rows `target` and later become `other`'s rows `first` and later. `other` may lie in the same memory, each layer further to
  /// its beginning: what lies last goes first.
  func copy(rows count: Int, from other: Plane, startingAt first: Int = 0, to target: Int = 0) {
    for l in (0..<layers).reversed() {
      memmove(layer(l)[target], other.layer(l)[first], count * rowCount * MemoryLayout<Element>.stride)
    }
  }

  func zero(rows count: Int) {
    for l in 0..<layers { memset(layer(l).start, 0, count * rowCount * MemoryLayout<Element>.stride) }
  }
}

/// The planes of some quantities, by name: `planes[.usage]`. How many rows each has, who cuts them says; none for quantities
/// that are not kept there.
struct Planes<Scalar: Real> {
  typealias Table = UnsafeMutablePointer<Plane<Scalar>>
  private let table: Table

  /// Cuts the planes, and its table in `table`, or, nil, beside them.
  init(_ carver: inout Carver, _ c: Configuration, table: Table? = nil, rows: (Quantity.Row) -> Int) {
    self.table = table ?? carver.take(Quantity.count)
    for index in 0..<Quantity.count {
      let row = Quantity.at(index).row(c)
      let isSeparate = row.part == .separateLayer
      let (layers, parts) = isSeparate ? (c.L, 1) : (1, row.parts(c))
      let plane = Plane<Scalar>(&carver, layers: layers, rows: rows(row), batch: c.B, width: parts * row.width)
      if !carver.isMeasuring { self.table[index] = plane }
    }
  }

  subscript(quantity: Quantity) -> Plane<Scalar> { table[quantity.rawValue] }

  /// φ: its numbers lie where a quantity's would.
  var order: Plane<UInt32> {
    let plane = self[.order]
    let perNumber = MemoryLayout<Scalar>.stride / MemoryLayout<UInt32>.stride
    return Plane(
      start: UnsafeMutableRawPointer(plane.start).assumingMemoryBound(to: UInt32.self),
      width: perNumber * plane.width, batch: plane.batch, rows: plane.rows, layers: plane.layers)
  }

  // MARK: Loops over the table

  /// The state in row 0 becomes zero.
  @inline(never) func zeroState(_ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).isOfState { table[index].zero(rows: 1) }
  }

  /// The state in `row` becomes that in row 0; what is kept once is the present one anyway.
  @inline(never) func moveToFront(row: Int, _ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).kept == .states {
      table[index].copy(rows: 1, from: table[index], startingAt: row)
    }
  }

  /// States in rows 0..<rows from `other`'s rows `first` and later, and what is kept once.
  @inline(never) func copyStates(_ rows: Int, from other: Planes, startingAt first: Int = 0, _ c: Configuration) {
    for index in 0..<Quantity.count {
      switch Quantity.at(index).row(c).kept {
      case .once: table[index].copy(rows: 1, from: other.table[index])
      case .states: table[index].copy(rows: rows, from: other.table[index], startingAt: first)
      default: break
      }
    }
  }

  /// What the first `count` steps computed on the way and becomes its own gradient.
  @inline(never) func copyFutureGradients(_ count: Int, from other: Planes, _ c: Configuration) {
    for index in 0..<Quantity.count where Quantity.at(index).row(c).becomesGradient {
      table[index].copy(rows: count, from: other.table[index])
    }
  }

  /// Takes over the first `count` steps of fewer planes in the same memory. Each goes towards the end of the memory, so what
  /// lies last goes first.
  /// - Parameter segments: how long the segments are here and there, where they may be shorter.
  func move(steps count: Int, from smaller: Planes, segments: (here: Int, there: Int), _ c: Configuration) {
    for index in (0..<Quantity.count).reversed() {
      let (plane, old) = (table[index], smaller.table[index])
      switch Quantity.at(index).row(c).kept {
      case .once: plane.copy(rows: 1, from: old)
      case .states: plane.copy(rows: count + 1, from: old)
      case .steps: plane.copy(rows: count, from: old)
      case .segments:
        let kept = (count + segments.here - 1) / segments.here
        for i in 0..<kept where segments.here > segments.there {
          old.copy(rows: 1, from: old, startingAt: i * segments.here / segments.there, to: i)
        }
        plane.copy(rows: kept, from: old)
      case .backwardSteps: break
      }
    }
  }
}
