import CDNC
import CPlatform
import Testing

@testable import DNC

/// max |a − b| / max |b|, the measure of the golden files; 0 / 0 is 0. NaN when a number is missing or not finite.
func relativeError(_ found: [Double], _ expected: [Double]) -> Double {
  guard found.count == expected.count else { return .nan }
  var difference = 0.0
  var largest = 0.0
  for (a, b) in zip(found, expected) {
    guard a.isFinite, b.isFinite else { return .nan }
    difference = max(difference, abs(a - b))
    largest = max(largest, abs(b))
  }
  return difference == 0 ? 0 : difference / largest
}

/// The sentence of the last `Failure` on this thread, which `dnc_last_error` gives once a call has failed by it.
func lastSentence() -> String { String(cString: threadMessage()) }

func array<Element>(_ start: UnsafePointer<Element>, _ count: Int) -> [Element] {
  Array(UnsafeBufferPointer(start: start, count: count))
}

extension SequencePlanes<Double> {
  /// [L, B, …]
  func values(_ quantity: Quantity, row: Int) -> [Double] {
    places(quantity, row: row).flatMap { array($0, self[0][quantity].width) }
  }

  func set(_ quantity: Quantity, row: Int, _ values: [Double]) {
    let width = self[0][quantity].width
    for (i, place) in places(quantity, row: row).enumerated() {
      for n in 0..<width { place[n] = values[i * width + n] }
    }
  }

  private func places(_ quantity: Quantity, row: Int) -> [Out<Double>] {
    (0..<self[0][quantity].layers).flatMap { l in
      (0..<blocks * together).map { b in self[b][quantity].layer(l)[row, b] }
    }
  }
}

/// A network in Double, with arrays in and out.
struct TestNetwork: ~Copyable {
  var network: Network<Double>
  var c: Configuration { network.configuration }

  init(_ configuration: Configuration, training: Bool = true) throws {
    network = try Network<Double>(configuration)
    network.setTraining(training)
  }

  mutating func forward(_ inputs: [Double]) throws -> [Double] {
    let steps = inputs.count / (c.B * c.X)
    var outputs = [Double](repeating: .nan, count: steps * c.B * c.Y)
    try network.forward(steps: steps, inputs: inputs, outputs: &outputs)
    return outputs
  }

  /// Returns the gradient of the inputs.
  mutating func backward(_ outputGradients: [Double]) -> [Double] {
    var inputGradients = [Double](repeating: .nan, count: network.recordedSteps * c.B * c.X)
    network.backward(outputGradients: outputGradients, inputGradients: &inputGradients)
    return inputGradients
  }

  var parameters: [Double] {
    get { array(network.parameters.start, network.parameterCount) }
    set { network.parameters.start.update(from: newValue, count: network.parameterCount) }
  }
  var gradients: [Double] { array(network.gradients.start, network.parameterCount) }

  /// Name and place in the flat block of every tensor.
  var tensors: [(name: String, range: Range<Int>)] {
    var tensors: [(String, Range<Int>)] = []
    for tensor in ParameterLayout(configuration: c) {
      let name = network.parameterBlock.pointee.name(of: tensor.index)
      tensors.append((String(cString: name), tensor.offset..<tensor.offset + tensor.count))
    }
    return tensors
  }
}

/// Hidden states lie [B, L, H] inside and are told [L, B, H].
func layersFirst(_ values: [Double], _ c: Configuration) -> [Double] {
  var result: [Double] = []
  for l in 0..<c.L {
    for b in 0..<c.B {
      let start = (b * c.L + l) * c.H
      result += values[start..<start + c.H]
    }
  }
  return result
}
