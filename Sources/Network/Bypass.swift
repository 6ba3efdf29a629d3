/// ν on its way to the output, with dropout: a setting of the run, not of the configuration.
struct Bypass<Scalar: Real> {
  let dropout: BypassDropout<Scalar>
  /// Steps from the last reset to row 0 of the record.
  let start: Int
  /// V
  let width: Int
  /// [Bypass.rowsAtOnce, V], of a thread.
  private(set) var scratch: Out<Scalar>

  /// Rows that one product takes.
  private static var rowsAtOnce: Int { 96 }
  static func scratchCount(_ c: Configuration) -> Int { rowsAtOnce * c.controllerWidth }

  /// The same with the scratch of another thread than the first.
  func of(thread: Int) -> Bypass {
    var other = self
    other.scratch += thread * Bypass.rowsAtOnce * width
    return other
  }

  /// Cuts rows of ν into parts, and calls `body` for each with its first row, its number of rows, and these rows with dropout.
  /// - Parameter place: the step, counted from row 0 of the record, and the sequence of a row.
  func forEachPart(
    of rows: Int, _ controller: Rows<Scalar>, place: (Int) -> (step: Int, sequence: Int),
    _ body: (_ first: Int, _ count: Int, Rows<Scalar>) -> Void
  ) {
    for first in stride(from: 0, to: rows, by: Bypass.rowsAtOnce) {
      let count = min(Bypass.rowsAtOnce, rows - first)
      for r in 0..<count {
        let (step, sequence) = place(first + r)
        dropout.forward(
          step: start + step, sequence: sequence, width, controller: controller[first + r],
          dropped: scratch + r * width)
      }
      body(first, count, Rows(scratch, stride: width))
    }
  }
}
