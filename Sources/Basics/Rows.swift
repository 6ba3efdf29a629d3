/// Rows to read, perhaps with gaps between them: row r begins at `start + r * stride`.
struct Rows<Scalar> {
  let start: In<Scalar>
  let stride: Int

  init(_ start: In<Scalar>, stride: Int) {
    self.start = start
    self.stride = stride
  }

  subscript(row: Int) -> In<Scalar> { start + row * stride }

  /// The same rows without the first `rows` of them.
  func dropping(rows: Int) -> Rows { Rows(self[rows], stride: stride) }

  /// The same rows without their first `columns` columns.
  func dropping(columns: Int) -> Rows { Rows(start + columns, stride: stride) }
}

/// Such rows to write, or to add to.
struct MutableRows<Scalar> {
  let start: Out<Scalar>
  let stride: Int

  init(_ start: Out<Scalar>, stride: Int) {
    self.start = start
    self.stride = stride
  }

  subscript(row: Int) -> Out<Scalar> { start + row * stride }

  /// The same rows without the first `rows` of them.
  func dropping(rows: Int) -> MutableRows { MutableRows(self[rows], stride: stride) }

  /// The same rows without their first `columns` columns.
  func dropping(columns: Int) -> MutableRows { MutableRows(start + columns, stride: stride) }

  /// The same rows, to read.
  var reading: Rows<Scalar> { Rows(start, stride: stride) }
}

/// A pointer to read or to write. A struct of such pointers serves values and gradients alike.
protocol ScalarPointer: Strideable where Stride == Int {
  associatedtype Pointee
  init(to start: UnsafeMutablePointer<Pointee>)
}

extension UnsafePointer: ScalarPointer {
  init(to start: UnsafeMutablePointer<Pointee>) { self = UnsafePointer(start) }
}

extension UnsafeMutablePointer: ScalarPointer {
  init(to start: UnsafeMutablePointer<Pointee>) { self = start }
}
