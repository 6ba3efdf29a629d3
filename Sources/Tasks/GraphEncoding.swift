/// A source, an edge and a destination, as labels from 0 to 999; nil is blank.
struct Triple {
  let source, edge, destination: Int?

  init(_ source: Int?, _ edge: Int?, _ destination: Int?) {
    (self.source, self.edge, self.destination) = (source, edge, destination)
  }

  /// A label as three digits, each one of ten channels: hundreds, tens, ones. A triple takes 90 channels, a blank label
  /// leaves its 30 at 0.
  static let channels = 90

  /// Calls `body` with the channel of each digit.
  func forEachDigit(_ body: (Int) -> Void) {
    Triple.forEachDigit(source, 0, body)
    Triple.forEachDigit(edge, 30, body)
    Triple.forEachDigit(destination, 60, body)
  }

  private static func forEachDigit(_ label: Int?, _ first: Int, _ body: (Int) -> Void) {
    guard let label else { return }
    body(first + label / 100)
    body(first + 10 + label / 10 % 10)
    body(first + 20 + label % 10)
  }

  /// Into channels [90], all zero before.
  func write(_ channels: Out<Float>) { forEachDigit { channels[$0] = 1 } }

  /// Whether every digit is the most likely one of its ten in the output [90].
  func isRight(_ output: In<Float>) -> Bool {
    var right = true
    forEachDigit { channel in
      let first = channel - channel % 10
      for other in first..<first + 10 where other != channel && !(output[channel] > output[other]) { right = false }
    }
    return right
  }
}

/// What the graph tasks have in common: inputs of 92 channels, outputs of 90.
enum GraphEncoding {
  static let inputSize = 92
  static let outputSize = Triple.channels
  static let loss = Loss.groupedSoftmaxCrossEntropy(size: 10)
  /// 1 in the first step of every phase.
  static let transition = 90
  /// 1 in every step of an answer.
  static let prediction = 91

  /// Of answers that are judged as a whole, and triple by triple.
  static let metricCount = 2
  static func metric(at index: Int) -> Metric {
    Metric(name: index == 0 ? "episodes_right" : "triples_right", isError: false)
  }
}
