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
