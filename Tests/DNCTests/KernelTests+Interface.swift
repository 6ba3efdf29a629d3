import CKernels
import Testing

@testable import DNC

/// The parts of the interface vector.
extension KernelTests {
  /// An interface of Double, which has no kernels, beside one of the kernels, forward and backward.
  @Test(arguments: levels) func interface(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 13)
    for (readHeads, writeHeads, word) in [
      (1, 1, 1), (1, 1, 16), (2, 1, 5), (3, 3, 7), (5, 2, 8), (4, 1, 16), (9, 4, 50),
    ] {
      let at = InterfaceLayout(readHeads: readHeads, writeHeads: writeHeads, wordSize: word)
      let what = "\(readHeads) and \(writeHeads) heads, words of \(word)"
      let raw = Numbers(at.count, &random, from: -20, to: 20)
      let interface = Numbers(at.count, &random)
      let gradient = Numbers(at.count, &random)
      Interface.forward(at, raw: raw.exact, interface: interface.exact)
      for i in 0..<at.count { interface.float[i] = raw.float[i] }
      for (start, count) in [(at.readStrengths, readHeads), (at.writeStrengths, writeHeads)] {
        run(kernels.oneplus, ActivationOperands(count: count, x: raw.float + start, y: interface.float + start))
      }
      for (start, end) in [(at.eraseVectors, at.writeVectors), (at.freeGates, at.readModes)] {
        run(kernels.sigmoids, ActivationOperands(count: end - start, x: raw.float + start, y: interface.float + start))
      }
      run(
        kernels.softmaxRows,
        SoftmaxRowsOperands(
          rows: readHeads, count: at.modes, logits: raw.float + at.readModes,
          probabilities: interface.float + at.readModes))
      expect(interface, "interface of \(what)", tolerance: 1e-7)

      Interface.backward(
        at, raw: raw.exact, interface: interface.exact, interfaceGradient: gradient.exact)
      for (start, count) in [(at.readStrengths, readHeads), (at.writeStrengths, writeHeads)] {
        run(
          kernels.oneplusBackward,
          OneplusBackwardOperands(count: count, yGradient: gradient.float + start, x: raw.float + start))
        for i in start..<start + count { #expect(abs(Double(raw.float[i]) - raw.exact[i]) < 2e-7, "\(what)") }
      }
      for (start, end) in [(at.eraseVectors, at.writeVectors), (at.freeGates, at.readModes)] {
        run(
          kernels.sigmoidsBackward,
          SigmoidsBackwardOperands(
            count: end - start, y: interface.float + start, yGradient: gradient.float + start,
            xGradient: raw.float + start))
        for i in start..<end { #expect(abs(Double(raw.float[i]) - raw.exact[i]) < 2e-7, "\(what)") }
      }
      run(
        kernels.softmaxRowsBackward,
        SoftmaxRowsBackwardOperands(
          rows: readHeads, count: at.modes, probabilities: interface.float + at.readModes,
          gradient: gradient.float + at.readModes, logitGradient: raw.float + at.readModes))
      for i in at.readModes..<at.count { #expect(abs(Double(raw.float[i]) - raw.exact[i]) < 2e-7, "\(what)") }
    }
  }

  /// Within 1.5 ulp, from where it is 1 to where it is 1 + x; and NaN stays NaN.
  @Test(arguments: levels) func oneplusIsAccurate(level: String) throws {
    let kernels = try kernels(of: level)
    let x: [Float] = (-3000...3000).map { Float($0) / 100 + 1.7e-4 } + [-1e30, 1e30, .infinity, -.infinity, .nan]
    var y = x
    y.withUnsafeMutableBufferPointer { y in
      run(kernels.oneplus, ActivationOperands(count: x.count, x: In(y.baseAddress!), y: y.baseAddress!))
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
