import CPlatform

/// One quantity of every step: element [step, b, …] of sequence b, steps and sequences following each other closely.
struct Plane<Element: BitwiseCopyable> {
  let start: UnsafeMutablePointer<Element>
  /// Elements of one sequence in one step.
  let width: Int
  let batch: Int

  init(_ carver: inout Carver, rows: Int, batch: Int, width: Int) {
    start = carver.take(rows * batch * width)
    self.width = width
    self.batch = batch
  }

  subscript(step: Int) -> UnsafeMutablePointer<Element> { start + step * batch * width }
  subscript(step: Int, b: Int) -> UnsafeMutablePointer<Element> { start + (step * batch + b) * width }

  /// Elements of all sequences in one step.
  var stepCount: Int { batch * width }

  /// Rows `target` and later of this one from `other`'s rows `first` and later, which they may overlap.
  func copy(rows: Int, from other: Plane, startingAt first: Int = 0, to target: Int = 0) {
    memmove(self[target], other[first], rows * stepCount * MemoryLayout<Element>.stride)
  }

  func copy(row: Int, to target: Int) {
    copyValues(stepCount, self[row], to: self[target])
  }

  func zero(rows: Int) {
    memset(start, 0, rows * stepCount * MemoryLayout<Element>.stride)
  }
}

extension Plane {
  /// All sequences of one step as rows of a matrix, and, since steps follow each other, those of later steps too.
  func rows(from step: Int) -> Rows<Element> { Rows(self[step], stride: width) }
}

/// The pieces of the state that a network carries from step to step: the large ones, memory and link, as they are now, the
/// others for one or more steps. Also the gradient with respect to them.
struct StatePlanes<Scalar: Real> {
  let memory: Plane<Scalar>  // [B, N, W], one row
  let link: Plane<Scalar>  // [B, K, N, N], one row
  let rowNorms: Plane<Scalar>  // [B, N], follows from the memory
  let usage: Plane<Scalar>  // [B, N]
  let precedence: Plane<Scalar>  // [B, K, N]
  let writeWeights: Plane<Scalar>  // [B, K, N]
  let readWeights: Plane<Scalar>  // [B, R, N]
  let readVectors: Plane<Scalar>  // [B, R, W]
  let hidden: Plane<Scalar>  // [B, L, H]
  let cell: Plane<Scalar>  // [L, B, H]

  init(_ carver: inout Carver, _ c: Configuration, rows: Int) {
    memory = Plane(&carver, rows: 1, batch: c.B, width: c.N * c.W)
    link = Plane(&carver, rows: 1, batch: c.B, width: c.K * c.N * c.N)
    rowNorms = Plane(&carver, rows: rows, batch: c.B, width: c.N)
    usage = Plane(&carver, rows: rows, batch: c.B, width: c.N)
    precedence = Plane(&carver, rows: rows, batch: c.B, width: c.K * c.N)
    writeWeights = Plane(&carver, rows: rows, batch: c.B, width: c.K * c.N)
    readWeights = Plane(&carver, rows: rows, batch: c.B, width: c.R * c.N)
    readVectors = Plane(&carver, rows: rows, batch: c.B, width: c.readWidth)
    hidden = Plane(&carver, rows: rows, batch: c.B, width: c.hiddenWidth)
    cell = Plane(&carver, rows: rows, batch: c.B, width: c.controller == .lstm ? c.hiddenWidth : 0)
  }

  private func forEachSmall(_ body: (Plane<Scalar>) -> Void) {
    body(rowNorms)
    body(usage)
    body(precedence)
    body(writeWeights)
    body(readWeights)
    body(readVectors)
    body(hidden)
    body(cell)
  }

  /// Row 0.
  func zero() {
    memory.zero(rows: 1)
    link.zero(rows: 1)
    forEachSmall { $0.zero(rows: 1) }
  }

  /// Makes the state in `row` that in row 0; memory and link are the present ones anyway.
  func moveToFront(row: Int) { forEachSmall { $0.copy(row: row, to: 0) } }

  /// Rows 0..<rows of the small pieces from `other`'s rows `first` and later, and its memory and link. What lies last goes
  /// first: `other` may lie in the same memory, each piece further to its beginning.
  @inline(never) func copy(rows: Int, from other: StatePlanes, startingAt first: Int = 0) {
    cell.copy(rows: rows, from: other.cell, startingAt: first)
    hidden.copy(rows: rows, from: other.hidden, startingAt: first)
    readVectors.copy(rows: rows, from: other.readVectors, startingAt: first)
    readWeights.copy(rows: rows, from: other.readWeights, startingAt: first)
    writeWeights.copy(rows: rows, from: other.writeWeights, startingAt: first)
    precedence.copy(rows: rows, from: other.precedence, startingAt: first)
    usage.copy(rows: rows, from: other.usage, startingAt: first)
    rowNorms.copy(rows: rows, from: other.rowNorms, startingAt: first)
    link.copy(rows: 1, from: other.link)
    memory.copy(rows: 1, from: other.memory)
  }
}
