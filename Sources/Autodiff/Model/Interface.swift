/// Section 2 of model.md: ξ of one sequence, cut into its parts, each in its range.
struct DNCInterface<Scalar: Number> {
  let readKeys, readStrengths: Matrix<Scalar>  // [R, W], [R, 1]
  let writeKeys, writeStrengths: Matrix<Scalar>  // [K, W], [K, 1]
  let erase, write: Matrix<Scalar>  // e, v [K, W]
  let freeGates: Matrix<Scalar>  // f [R, 1]
  let allocationGates, writeGates: Matrix<Scalar>  // g^a, g^w [K, 1]
  /// With links.
  let modes: Matrix<Scalar>?  // π [R, 2K + 1]
  /// With content masks.
  let readMasks, writeMasks: Matrix<Scalar>?  // m^r [R, W], m^w [K, W]
  /// With link sharpening.
  let sharpness: (backward: Matrix<Scalar>, forward: Matrix<Scalar>)?  // s^b, s^f [R, K]

  /// - Parameter interface: ξ, one row.
  init(_ interface: Matrix<Scalar>, _ o: Options) {
    var parts = PartsOfRow(interface)
    readKeys = parts.next(o.R, o.W)
    readStrengths = parts.next(o.R, 1).oneplus
    writeKeys = parts.next(o.K, o.W)
    writeStrengths = parts.next(o.K, 1).oneplus
    erase = parts.next(o.K, o.W).sigmoid
    write = parts.next(o.K, o.W)
    freeGates = parts.next(o.R, 1).sigmoid
    allocationGates = parts.next(o.K, 1).sigmoid
    writeGates = parts.next(o.K, 1).sigmoid
    modes = o.hasLinks ? parts.next(o.R, 2 * o.K + 1).softmax : nil
    readMasks = o.hasMasks ? mask(parts.next(o.R, o.W), o.maskMinimum) : nil
    writeMasks = o.hasMasks ? mask(parts.next(o.K, o.W), o.maskMinimum) : nil
    sharpness = o.sharpensLinks ? (parts.next(o.R, o.K).oneplus, parts.next(o.R, o.K).oneplus) : nil
    parts.end()
  }
}

/// m = µ + (1 − µ) σ(x)
private func mask<Scalar: Number>(_ x: Matrix<Scalar>, _ minimum: Double) -> Matrix<Scalar> {
  Scalar(minimum) + (1 - Scalar(minimum)) * x.sigmoid
}

/// Cuts a row into matrices, one after the other.
struct PartsOfRow<Scalar: Number> {
  private let row: Matrix<Scalar>
  private var start = 0

  init(_ row: Matrix<Scalar>) { self.row = row }

  mutating func next(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
    let end = start + rows * columns
    defer { start = end }
    return row.columns(start..<end).reshaped(columns: columns)
  }

  func end() { precondition(start == row.count, "\(start) of \(row.count) numbers have a part") }
}
