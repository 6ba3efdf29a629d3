/// Rows, perhaps with gaps between them: row r begins at `start + r * stride`.
struct RowView<Pointer: ScalarPointer> {
  let start: Pointer
  let stride: Int

  init(_ start: Pointer, stride: Int) {
    self.start = start
    self.stride = stride
  }

  /// Inside the rows: it can't overflow.
  subscript(row: Int) -> Pointer { start.advanced(by: row &* stride) }

  /// The same rows without the first `rows` of them.
  func dropping(rows: Int) -> Self { Self(self[rows], stride: stride) }

  /// The same rows without their first `columns` columns.
  func dropping(columns: Int) -> Self { Self(start.advanced(by: columns), stride: stride) }

  /// The same rows, to read.
  var reading: Rows<Pointer.Pointee> { Rows(start.reading, stride: stride) }
}

/// Rows to read, and rows to write or to add to.
typealias Rows<Scalar> = RowView<In<Scalar>>
typealias MutableRows<Scalar> = RowView<Out<Scalar>>

/// The rows of all sequences in some steps, first all of one step. The sequences lie in blocks: those of a step in a block follow
/// each other.
struct StepRows<Scalar> {
  let start: In<Scalar>
  /// From a sequence to the next in its block.
  let stride: Int
  /// Sequences of a block, and the number of blocks.
  let together, blocks: Int
  let blockStride, stepStride: Int
  /// How many rows come before the first.
  private(set) var first = 0

  init(_ start: In<Scalar>, stride: Int, together: Int, blocks: Int, blockStride: Int, stepStride: Int) {
    (self.start, self.stride, self.together, self.blocks) = (start, stride, together, blocks)
    (self.blockStride, self.stepStride) = (blockStride, stepStride)
  }

  /// Rows of one stride.
  init(_ rows: Rows<Scalar>) {
    self.init(rows.start, stride: rows.stride, together: 1, blocks: 1, blockStride: 0, stepStride: rows.stride)
  }

  subscript(row: Int) -> In<Scalar> { run(at: row).rows[0] }

  /// Calls `body` with runs of rows that follow each other: the first row, how many there are, and these rows.
  func forEachRun(_ count: Int, _ body: (_ row: Int, _ count: Int, Rows<Scalar>) -> Void) {
    var row = 0
    while row < count {
      let run = run(at: row)
      // Of one block, the next step follows.
      let length = blocks == 1 ? count - row : min(run.count, count - row)
      body(row, length, run.rows)
      row += length
    }
  }

  /// The rows from one on, of which `count` belong to the same step and block.
  @inline(never) func run(at row: Int) -> (count: Int, rows: Rows<Scalar>) {
    let (step, sequence) = (first + row).quotientAndRemainder(dividingBy: together * blocks)
    let (block, place) = sequence.quotientAndRemainder(dividingBy: together)
    let start = start + (step &* stepStride &+ block &* blockStride &+ place &* stride)
    return (together - place, Rows(start, stride: stride))
  }

  /// The same rows without the first `rows` of them.
  func dropping(rows: Int) -> StepRows {
    var rest = self
    rest.first += rows
    return rest
  }

  /// The same rows without their first `columns` columns.
  func dropping(columns: Int) -> StepRows {
    var rest = StepRows(
      start + columns, stride: stride, together: together, blocks: blocks, blockStride: blockStride,
      stepStride: stepStride)
    rest.first = first
    return rest
  }
}

/// A pointer to read or to write. A struct of such pointers serves values and gradients alike.
protocol ScalarPointer: Strideable where Stride == Int {
  associatedtype Pointee
  init(to start: UnsafeMutablePointer<Pointee>)
  /// The same, to read.
  var reading: UnsafePointer<Pointee> { get }
}

extension UnsafePointer: ScalarPointer {
  init(to start: UnsafeMutablePointer<Pointee>) { self = UnsafePointer(start) }
  var reading: UnsafePointer<Pointee> { self }
}

extension UnsafeMutablePointer: ScalarPointer {
  init(to start: UnsafeMutablePointer<Pointee>) { self = start }
  var reading: UnsafePointer<Pointee> { UnsafePointer(self) }
}
