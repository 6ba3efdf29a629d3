import CKernels
import Testing

@testable import DNC

/// The parts of the interface vector.
extension KernelTests {
  /// An interface of Double, which has no kernels, beside one of the kernels, forward and backward.
  @Test(arguments: levels) func interface(level: String) throws {
    let kernels = try kernels(of: level)
    let room = try Memory(bytes: 4096)
    var random = Random(seed: 13)
    for (readHeads, writeHeads, word, sharpens) in [
      (1, 1, 1, false), (1, 1, 16, true), (2, 1, 5, false), (3, 3, 7, true), (5, 2, 8, false), (4, 1, 16, false),
      (9, 4, 50, true),
    ] {
      let at = InterfaceLayout(
        readHeads: readHeads, writeHeads: writeHeads, wordSize: word, sharpensLinks: sharpens)
      let what = "\(readHeads) and \(writeHeads) heads, words of \(word)"
      var carver = Carver.cutting(room)
      check(kernels, TransformedParts(&carver, of: Interface.self, at), at.count, what, &random)
      let turing = NTMInterfaceLayout(at)
      check(
        kernels, TransformedParts(&carver, of: NTMInterface.self, turing), turing.count, "\(what), NTM", &random)
    }
  }

  private func check(
    _ kernels: Kernels, _ parts: TransformedParts, _ count: Int, _ what: String, _ random: inout Random
  ) {
    let raw = Numbers(count, &random, from: -20, to: 20)
    let interface = Numbers(count, &random)
    let gradient = Numbers(count, &random)
    parts.forward(raw: In(raw.exact), interface: interface.exact)
    run(
      kernels.interfaceForward,
      InterfaceForwardOperands(count: parts.count, parts: parts.start, raw: raw.float, interface: interface.float))
    expect(interface, "interface of \(what)", tolerance: 1e-7)
    parts.backward(raw: raw.exact, interface: In(interface.exact), interfaceGradient: In(gradient.exact))
    run(
      kernels.interfaceBackward,
      InterfaceBackwardOperands(
        count: parts.count, parts: parts.start, raw: raw.float, interface: interface.float,
        interfaceGradient: gradient.float))
    expect(raw, "its gradient, \(what)", tolerance: 2e-7)
  }

  /// Within 1.5 ulp, from where it is 1 to where it is 1 + x; and NaN stays NaN.
  @Test(arguments: levels) func oneplusIsAccurate(level: String) throws {
    let kernels = try kernels(of: level)
    let x: [Float] = (-3000...3000).map { Float($0) / 100 + 1.7e-4 } + [-1e30, 1e30, .infinity, -.infinity, .nan]
    var y = x
    y.withUnsafeMutableBufferPointer { y in
      let start = y.baseAddress!
      withUnsafePointer(to: InterfaceTransform.oneplus.part(0..<x.count)) { part in
        run(kernels.interfaceForward, InterfaceForwardOperands(count: 1, parts: part, raw: start, interface: start))
      }
    }
    for (x, y) in zip(x, y) {
      let exact = 1 + Double.softplus(Double(x))
      if exact.isFinite {
        #expect(abs(Double(y) - exact) <= 1.5 * Double(Float(exact).ulp), "\(x): \(y)")
      } else {
        #expect(x.isNaN ? y.isNaN : y == .infinity, "\(x): \(y)")
      }
    }
  }

  /// Logits so far apart that the largest must be subtracted, wherever it is in each row.
  @Test(arguments: levels) func rowsOfASoftmaxAreTheirOwn(level: String) throws {
    let kernels = try kernels(of: level)
    for count in 1...2 * 16 + 3 {
      let rows = count
      var logits = [Float](repeating: -200, count: rows * count)
      for row in 0..<rows { logits[row * count + row] = 100 + Float(row) }
      var probabilities = logits
      softmax(&probabilities, rows: rows, kernels)
      for row in 0..<rows {
        for i in 0..<count {
          #expect(i == row ? probabilities[row * count + i] == 1 : probabilities[row * count + i] < 1e-30)
        }
      }
    }
  }
}
