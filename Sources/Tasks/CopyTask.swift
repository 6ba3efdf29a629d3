import CDNC

/// The seed's copy task: keep a sequence of random bit vectors and give it back in order.
///
///     step            0       1 … length    length + 1    length + 2 … 2·length + 1    2·length + 2
///     input           start   the vectors   stop          0                            0
///     target          0       0             0             the vectors                  stop
///
/// Input channels: 0 stop, 1 start, 2… the bits. Target channels: 0 stop, 1… the bits. The mask is 1 after the input's
/// stop vector, or everywhere in the episode.
struct CopyTask {
  private(set) var width = 6
  private(set) var minLength = 1
  private(set) var maxLength = 8
  private var masksAll = false

  var inputSize: Int { width + 2 }
  var outputSize: Int { width + 1 }
  let loss = Loss.sigmoidCrossEntropy

  private static let widths = 1...65534
  private static let lengths = 1...1_000_000

  init(options: UnsafePointer<CChar>?) throws(Failure) {
    try TaskOptions.forEach(options) { (option) throws(Failure) in
      if option.key.equals("width") {
        width = try option.number(in: CopyTask.widths)
      } else if option.key.equals("min_length") {
        minLength = try option.number(in: CopyTask.lengths)
      } else if option.key.equals("max_length") {
        maxLength = try option.number(in: CopyTask.lengths)
      } else if option.key.equals("mask") {
        guard option.value.equals("answer") || option.value.equals("all") else {
          throw Failure(
            DNC_INVALID_ARGUMENT, "options: mask is \"\(bytes: option.value)\", allowed are \"answer\" and \"all\"")
        }
        masksAll = option.value.equals("all")
      } else {
        throw Failure(
          DNC_INVALID_ARGUMENT,
          "options: \"\(bytes: option.key)\" is unknown, allowed are width, min_length, max_length and mask")
      }
    }
    guard minLength <= maxLength else {
      throw Failure(
        DNC_INVALID_ARGUMENT, "options: min_length is \(minLength), allowed are 1 to max_length, \(maxLength)")
    }
  }

  /// Draws the length of one episode.
  func drawLength(_ random: inout Random) -> Int { minLength + random.below(maxLength - minLength + 1) }

  func steps(length: Int) -> Int { 2 * length + 3 }

  /// Draws and writes the episode of sequence b of a batch, into arrays that are all zero.
  /// - Parameters:
  ///   - inputs, targets, mask: [T, B, X], [T, B, Y], [T, B], each or nil.
  func write(
    length: Int, _ random: inout Random, b: Int, batch: Int, inputs: Out<Float>?, targets: Out<Float>?,
    mask: Out<Float>?
  ) {
    func setInput(_ t: Int, _ channel: Int) { inputs?[(t * batch + b) * inputSize + channel] = 1 }
    func setTarget(_ t: Int, _ channel: Int) { targets?[(t * batch + b) * outputSize + channel] = 1 }

    setInput(0, 1)
    for t in 1...length {
      for bit in 0..<width where random.next() >> 63 == 1 {
        setInput(t, 2 + bit)
        setTarget(t + length + 1, 1 + bit)
      }
    }
    setInput(length + 1, 0)
    setTarget(2 * length + 2, 0)
    for t in (masksAll ? 0 : length + 2)..<steps(length: length) { mask?[t * batch + b] = 1 }
  }
}
