import CKernels

/// The value behind a `dnc_optimizer *`: up to two moving averages per parameter, and the number of updates made. The
/// rules are in `Update`.
struct Optimizer<Scalar: Real>: ~Copyable {
  private(set) var configuration: OptimizerConfiguration
  let parameterCount: Int
  private let memory: Memory
  /// SGD: v. RMSProp: m. Adam: m. [parameters]
  let first: Out<Scalar>
  /// RMSProp: s. Adam: v. [parameters]; empty for SGD.
  let second: Out<Scalar>
  var stepCount: UInt64 = 0

  init(_ configuration: OptimizerConfiguration, parameterCount: Int) throws(Failure) {
    func carve(_ carver: inout Carver) -> (Out<Scalar>, Out<Scalar>) {
      (carver.take(parameterCount), carver.take(configuration.algorithm == .sgd ? 0 : parameterCount))
    }
    var measure = Carver.measuring
    _ = carve(&measure)
    let memory = try Memory(bytes: measure.bytes)
    var carver = Carver.cutting(memory)
    (first, second) = carve(&carver)
    self.memory = memory
    self.configuration = configuration
    self.parameterCount = parameterCount
  }

  var hasSecond: Bool { configuration.algorithm != .sgd }

  /// Changes the settings; the algorithm stays.
  mutating func configure(_ changed: OptimizerConfiguration) { configuration = changed }

  /// ‖g‖, in Double: squares of Float gradients neither overflow nor vanish.
  func norm(_ gradients: In<Scalar>, team: Threads.Team? = nil) -> Double {
    let portions = Portions(of: parameterCount)
    var squares = PortionValues(repeating: 0.0)
    squares.fill { portions.forEach(team, Squares(portions: portions, gradients: gradients, sums: $0)) }
    var sum = 0.0
    for portion in 0..<portions.count { sum += squares[portion] }
    return sum.squareRoot()
  }

  /// The first parameter that `step` would make NaN or infinite, with that value; nil if there is none. Changes
  /// nothing.
  func notFinite(
    parameters: In<Scalar>, gradients: In<Scalar>, norm: Double, team: Threads.Team? = nil
  ) -> (index: Int, value: Scalar)? {
    let update = update(norm)
    if update.keepsModerateFinite, areModerate(parameters, team: team) { return nil }
    return notFinite(after: update, parameters, gradients)
  }

  /// True if parameters and first averages are.
  private func areModerate(_ parameters: In<Scalar>, team: Threads.Team?) -> Bool {
    let portions = Portions(of: parameterCount)
    var found = PortionValues(repeating: false)
    found.fill { portions.forEach(team, Moderate(portions: portions, parameters: parameters, first: first, found: $0)) }
    for portion in 0..<portions.count where !found[portion] { return false }
    return true
  }

  /// Finds the same by updating copies, some parameters at a time.
  @inline(never) private func notFinite(
    after update: Update<Scalar>, _ parameters: In<Scalar>, _ gradients: In<Scalar>
  ) -> (index: Int, value: Scalar)? {
    let most = 128
    var room = InlineArray<512, Scalar>(repeating: 0)
    return withUnsafeMutablePointer(to: &room) { room in
      let g = UnsafeMutableRawPointer(room).assumingMemoryBound(to: Scalar.self)
      let (v, s, p) = (g + most, g + 2 * most, g + 3 * most)
      for start in stride(from: 0, to: parameterCount, by: most) {
        let count = min(most, parameterCount - start)
        copyValues(count, gradients + start, to: g)
        copyValues(count, first + start, to: v)
        if configuration.algorithm != .sgd { copyValues(count, second + start, to: s) }
        copyValues(count, parameters + start, to: p)
        update.run(count, gradients: g, first: v, second: s, parameters: p)
        for i in 0..<count where !p[i].isFinite { return (start + i, p[i]) }
      }
      return nil
    }
  }

  /// Clips the gradients, whose finite norm is `norm`, updates the parameters, and sets the gradients to 0.
  mutating func step(
    parameters: Out<Scalar>, gradients: Out<Scalar>, norm: Double, team: Threads.Team? = nil
  ) {
    let portions = Portions(of: parameterCount)
    portions.forEach(
      team,
      Updating(
        portions: portions, update: update(norm), gradients: gradients, first: first,
        second: configuration.algorithm == .sgd ? nil : second, parameters: parameters))
    stepCount = nextStepCount
  }

  private func update(_ norm: Double) -> Update<Scalar> {
    Update(configuration, number: nextStepCount, norm: norm)
  }

  /// The next update's number. It stays at the largest number, which a file may hold.
  private var nextStepCount: UInt64 { stepCount < .max ? stepCount + 1 : stepCount }
}

/// Σ g² of a portion.
private struct Squares<Scalar: Real>: ThreadWork {
  let portions: Portions
  let gradients: In<Scalar>
  let sums: UnsafeMutablePointer<Double>

  @inline(never) func run(_ portion: Int, thread: Int) {
    let range = portions[portion]
    if let fast = Scalar.kernels?.pointee.sumOfSquares {
      var operands = SumOfSquaresOperands(count: range.count, gradients: (gradients + range.lowerBound).float)
      sums[portion] = fast(&operands)
      return
    }
    var sum = 0.0
    for i in range { sum += Double(gradients[i]) * Double(gradients[i]) }
    sums[portion] = sum
  }
}

private struct Moderate<Scalar: Real>: ThreadWork {
  let portions: Portions
  let parameters: In<Scalar>
  let first: Out<Scalar>
  let found: UnsafeMutablePointer<Bool>

  @inline(never) func run(_ portion: Int, thread: Int) {
    let range = portions[portion]
    found[portion] =
      areModerate(range.count, parameters + range.lowerBound) && areModerate(range.count, first + range.lowerBound)
  }
}

private struct Updating<Scalar: Real>: ThreadWork {
  let portions: Portions
  let update: Update<Scalar>
  let gradients, first: Out<Scalar>
  /// nil for SGD.
  let second: Out<Scalar>?
  let parameters: Out<Scalar>

  @inline(never) func run(_ portion: Int, thread: Int) {
    let range = portions[portion]
    let start = range.lowerBound
    update.run(
      range.count, gradients: gradients + start, first: first + start, second: second.map { $0 + start } ?? first,
      parameters: parameters + start)
  }
}
