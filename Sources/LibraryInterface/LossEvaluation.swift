import CDNC
import CPlatform

/// The loss with a number DNC_LOSS_…. Throws unless it exists and fits rows of `width`.
func requireLoss(
  _ number: UInt32, _ name: StaticString, width: Int, _ widthName: StaticString
) throws(Failure) -> Loss {
  guard let loss = Loss(number: number) else {
    throw Failure(
      DNC_INVALID_ARGUMENT,
      "\(name) is \(number), allowed are 0 to 2 and DNC_LOSS_GROUPED(size) with sizes of 1 to 65536")
  }
  if case .groupedSoftmaxCrossEntropy(let size) = loss, width % size != 0 {
    throw Failure(
      DNC_INVALID_ARGUMENT, "\(widthName) is \(width), allowed are multiples of \(size), the size of the groups")
  }
  return loss
}

@c @implementation public func dnc_loss_evaluate(
  _ loss: UInt32, _ steps: Int, _ batch: Int, _ width: Int, _ outputs: UnsafePointer<Float>!,
  _ targets: UnsafePointer<Float>!, _ mask: UnsafePointer<Float>!, _ value: UnsafeMutablePointer<Double>!,
  _ output_gradients: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status { () throws(Failure) in
    let rows = try requireRows(steps, batch, width)
    let kind = try requireLoss(loss, "loss", width: width, "width")
    let outputs = try require(outputs, "outputs")
    let targets = try require(targets, "targets")
    let value = try require(value, "value")
    if let mask { try requireWeights(mask, rows: rows, batch: batch, "mask") }
    for r in 0..<rows where mask.map({ $0[r] > 0 }) ?? true {
      let place = RowPlace(step: r / batch, sequence: r % batch)
      try place.requireFinite(outputs + r * width, width, "outputs")
      try place.requireTarget(targets + r * width, width, of: kind)
    }
    value.pointee = kind.evaluate(
      rows: rows, width: width, outputs: outputs, targets: targets, mask: mask, gradients: output_gradients)
  }
}

@c @implementation public func dnc_loss_evaluate_classes(
  _ label_smoothing: Float, _ steps: Int, _ batch: Int, _ width: Int, _ outputs: UnsafePointer<Float>!,
  _ classes: UnsafePointer<Int32>!, _ mask: UnsafePointer<Float>!, _ value: UnsafeMutablePointer<Double>!,
  _ output_gradients: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status { () throws(Failure) in
    guard label_smoothing >= 0, label_smoothing <= 1 else {
      throw Failure(DNC_INVALID_ARGUMENT, "label_smoothing is \(label_smoothing), allowed are 0 to 1")
    }
    let rows = try requireRows(steps, batch, width)
    let outputs = try require(outputs, "outputs")
    let classes = try require(classes, "classes")
    let value = try require(value, "value")
    if let mask { try requireWeights(mask, rows: rows, batch: batch, "mask") }
    for r in 0..<rows where mask.map({ $0[r] > 0 }) ?? true {
      let place = RowPlace(step: r / batch, sequence: r % batch)
      guard classes[r] >= -1, Int(classes[r]) < width else {
        throw Failure(
          DNC_INVALID_ARGUMENT,
          "classes[t=\(place.step), b=\(place.sequence)] is \(Int(classes[r])), allowed are -1 to \(width - 1)")
      }
      if classes[r] >= 0 { try place.requireFinite(outputs + r * width, width, "outputs") }
    }
    value.pointee = Loss.evaluate(
      rows: rows, width: width, outputs: outputs, classes: classes, smoothing: Double(label_smoothing), mask: mask,
      gradients: output_gradients)
  }
}

/// The number of rows of a buffer [steps, batch, width] of at least one number.
private func requireRows(_ steps: Int, _ batch: Int, _ width: Int) throws(Failure) -> Int {
  try requireSteps(steps)
  try require(batch, in: 1...Int.max, "batch")
  try require(width, in: 1...Int.max, "width")
  return try elements(steps, batch, width) / width
}

/// Throws unless the weights of rows [steps, batch] are finite and not negative.
func requireWeights(_ weights: In<Float>, rows: Int, batch: Int, _ name: StaticString) throws(Failure) {
  for r in 0..<rows where !(weights[r] >= 0 && weights[r].isFinite) {
    throw Failure(
      weights[r].isFinite ? DNC_INVALID_ARGUMENT : DNC_NOT_FINITE,
      "\(name)[t=\(r / batch), b=\(r % batch)] is \(weights[r]), allowed are finite numbers of 0 and above")
  }
}

/// The place of a row in a buffer [T, B, Y].
private struct RowPlace {
  let step, sequence: Int

  /// Throws unless numbers of the row lie between two finite ones.
  @inline(never) func require(
    _ row: In<Float>, _ numbers: Range<Int>, _ name: StaticString, _ allowed: StaticString, from least: Float,
    to greatest: Float = .greatestFiniteMagnitude
  ) throws(Failure) {
    for y in numbers where !(row[y] >= least && row[y] <= greatest) {
      throw Failure(
        row[y].isFinite ? DNC_INVALID_ARGUMENT : DNC_NOT_FINITE,
        "\(name)[t=\(step), b=\(sequence), y=\(y)] is \(row[y]), allowed are \(allowed)")
    }
  }

  func requireFinite(_ row: In<Float>, _ width: Int, _ name: StaticString) throws(Failure) {
    if areModerate(width, row) { return }
    try require(row, 0..<width, name, "finite numbers", from: -.greatestFiniteMagnitude)
  }

  func requireTarget(_ target: In<Float>, _ width: Int, of loss: Loss) throws(Failure) {
    switch loss {
    case .sigmoidCrossEntropy:
      if areFractions(width, target) { return }
      try require(target, 0..<width, "targets", "0 to 1", from: 0, to: 1)
    case .softmaxCrossEntropy:
      try requireDistribution(target, 0..<width, orZeros: false)
    case .meanSquaredError:
      try requireFinite(target, width, "targets")
    case .groupedSoftmaxCrossEntropy(let size):
      for y in stride(from: 0, to: width, by: size) { try requireDistribution(target, y..<y + size, orZeros: true) }
    }
  }

  private func requireDistribution(_ target: In<Float>, _ group: Range<Int>, orZeros: Bool) throws(Failure) {
    try require(target, group, "targets", "0 and above: they are a distribution", from: 0)
    var sum = 0.0
    for y in group { sum += Double(target[y]) }
    guard abs(sum - 1) <= 1e-3 || (orZeros && sum == 0) else {
      let others: StaticString = orZeros ? ", or nothing but zeros" : ""
      throw Failure(
        DNC_INVALID_ARGUMENT,
        "targets[t=\(step), b=\(sequence), y=\(group.lowerBound) to \(group.upperBound - 1)] add up to \(sum), allowed is 1, within 0.001\(others)"
      )
    }
  }
}

/// True if all numbers are 0 to 1, but perhaps not for −0. The bits of such a number are none above those of 1: neither they nor the
/// difference have the highest bit.
private func areFractions(_ count: Int, _ x: In<Float>) -> Bool {
  typealias Bits = SIMD4<UInt32>
  func highest(_ bits: Bits) -> Bits { bits | (Bits(repeating: (1 as Float).bitPattern) &- bits) }
  var all = Bits.zero
  var i = 0
  while i + 4 <= count {
    all |= highest(UnsafeRawPointer(x + i).loadUnaligned(as: Bits.self))
    i += 4
  }
  while i < count {
    all |= highest(Bits(x[i].bitPattern, 0, 0, 0))
    i += 1
  }
  return (all.x | all.y | all.z | all.w) >> 31 == 0
}
