/// The dropout that a run has set, if any, and its scratch.
struct Dropout<Scalar: Real>: ~Copyable {
  private var rule: BypassDropout<Scalar>?
  /// [threads, Bypass.scratchCount], in `memory`.
  private var scratch: Out<Scalar>?
  private var memory: Memory?

  /// None.
  init() {}

  /// - Parameter threads: number of threads that may run.
  init(_ rule: BypassDropout<Scalar>?, _ c: Configuration, threads: Int) throws(Failure) {
    guard let rule else { return }
    let memory = try Memory(bytes: threads * Bypass<Scalar>.scratchCount(c) * MemoryLayout<Scalar>.stride)
    scratch = memory.start.assumingMemoryBound(to: Scalar.self)
    self.memory = consume memory
    self.rule = rule
  }

  /// The same with scratch for so many threads.
  func copy(_ c: Configuration, threads: Int) throws(Failure) -> Dropout { try Dropout(rule, c, threads: threads) }

  /// Nil without dropout.
  /// - Parameter start: steps from the last reset to row 0 of the record.
  func bypass(_ c: Configuration, start: Int, thread: Int) -> Bypass<Scalar>? {
    guard let rule, let scratch else { return nil }
    return Bypass(dropout: rule, start: start, width: c.controllerWidth, scratch: scratch).of(thread: thread)
  }
}

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
    of rows: Int, _ controller: StepRows<Scalar>, place: (Int) -> (step: Int, sequence: Int),
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
