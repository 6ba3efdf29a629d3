import CKernels
import Testing

@testable import DNC

/// The passes over all slots that mix weightings, the order of the slots, and functions of arrays.
extension KernelTests {
  @Test(arguments: levels) func productsAndSigmoids(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 12)
    for count in 1...70 {
      let (x, y) = (Numbers(count, &random), Numbers(count, &random))
      let product = run(kernels.dotProduct, DotProductOperands(count: count, x: x.float, y: y.float))
      let expected = dot(count, In(x.exact), In(y.exact))
      #expect(abs(Double(product) - expected) <= 1e-5, "product of \(count)")
      Elementwise.sigmoid(count, x.exact)
      run(kernels.sigmoids, ActivationOperands(count: count, x: x.float, y: x.float))
      expect(x, "sigmoids of \(count)")
    }
  }

  @Test(arguments: levels) func writeWeightings(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 9)
    for (slots, _, _) in KernelTests.shapes {
      func numbers(_ count: Int) -> Numbers { Numbers(count, &random) }
      let (allocation, content, weighting) = (numbers(slots), numbers(slots), numbers(slots))
      WriteWeighting.forward(
        slots: slots, allocation: allocation.exact, content: content.exact, allocationGate: 0.75, writeGate: 0.375,
        weighting: weighting.exact)
      run(
        kernels.writeWeightingForward,
        WriteWeightingForwardOperands(
          slots: slots, allocation: allocation.float, content: content.float, allocationGate: 0.75, writeGate: 0.375,
          weighting: weighting.float))
      expect(weighting, "write weighting, \(slots) slots")
      let (allocationGradient, contentGradient) = (numbers(slots), numbers(slots))
      let (allocationGate, writeGate) = (numbers(1), numbers(1))
      WriteWeighting.backward(
        slots: slots, allocation: allocation.exact, content: content.exact, allocationGate: 0.75, writeGate: 0.375,
        weightingGradient: weighting.exact, allocationGradient: allocationGradient.exact,
        contentGradient: contentGradient.exact, allocationGateGradient: allocationGate.exact,
        writeGateGradient: writeGate.exact)
      run(
        kernels.writeWeightingBackward,
        WriteWeightingBackwardOperands(
          slots: slots, allocation: allocation.float, content: content.float, allocationGate: 0.75, writeGate: 0.375,
          weightingGradient: weighting.float, allocationGradient: allocationGradient.float,
          contentGradient: contentGradient.float, allocationGateGradient: allocationGate.float,
          writeGateGradient: writeGate.float))
      for numbers in [allocationGradient, contentGradient, allocationGate, writeGate] {
        expect(numbers, "write weighting backward, \(slots) slots")
      }
    }
  }

  @Test(arguments: levels) func readWeightings(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 10)
    for (slots, _, heads) in KernelTests.shapes {
      for writeHeads in 1...3 {
        func numbers(_ count: Int) -> Numbers { Numbers(count, &random) }
        let modes = numbers(heads * (2 * writeHeads + 1))
        let (content, weighting) = (numbers(heads * slots), numbers(heads * slots))
        let (backward, forward) = (numbers(heads * writeHeads * slots), numbers(heads * writeHeads * slots))
        let what = "\(slots) slots, \(heads) and \(writeHeads) heads"
        ReadWeighting.forward(
          slots: slots, readHeads: heads, writeHeads: writeHeads, modes: modes.exact, backwardWeights: backward.exact,
          content: content.exact, forwardWeights: forward.exact, weighting: weighting.exact)
        run(
          kernels.readWeightingForward,
          ReadWeightingForwardOperands(
            slots: slots, readHeads: heads, writeHeads: writeHeads, modes: modes.float,
            backwardWeights: backward.float, forwardWeights: forward.float, content: content.float,
            weighting: weighting.float))
        expect(weighting, "read weighting, \(what)")
        let (modesGradient, contentGradient) = (numbers(heads * (2 * writeHeads + 1)), numbers(heads * slots))
        let backwardGradient = numbers(heads * writeHeads * slots)
        let forwardGradient = numbers(heads * writeHeads * slots)
        ReadWeighting.backward(
          slots: slots, readHeads: heads, writeHeads: writeHeads, modes: modes.exact, backwardWeights: backward.exact,
          content: content.exact, forwardWeights: forward.exact, weightingGradient: weighting.exact,
          modesGradient: modesGradient.exact, backwardGradient: backwardGradient.exact,
          contentGradient: contentGradient.exact, forwardGradient: forwardGradient.exact)
        run(
          kernels.readWeightingBackward,
          ReadWeightingBackwardOperands(
            slots: slots, readHeads: heads, writeHeads: writeHeads, modes: modes.float,
            backwardWeights: backward.float, forwardWeights: forward.float, content: content.float,
            weightingGradient: weighting.float, modesGradient: modesGradient.float,
            backwardGradient: backwardGradient.float, forwardGradient: forwardGradient.float,
            contentGradient: contentGradient.float))
        for numbers in [modesGradient, backwardGradient, contentGradient, forwardGradient] {
          expect(numbers, "read weighting backward, \(what)")
        }
      }
    }
  }

  @Test(arguments: levels) func precedences(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 11)
    for (slots, _, _) in KernelTests.shapes {
      func numbers() -> Numbers { Numbers(slots, &random, from: 0, to: 1 / Float(slots)) }
      let (write, previous, precedence, writeGradient) = (numbers(), numbers(), numbers(), numbers())
      Precedence.forward(
        slots: slots, writeWeighting: write.exact, previousPrecedence: previous.exact, precedence: precedence.exact)
      run(
        kernels.precedenceForward,
        PrecedenceForwardOperands(
          slots: slots, writeWeighting: write.float, previousPrecedence: previous.float, precedence: precedence.float))
      expect(precedence, "precedence, \(slots) slots")
      Precedence.backward(
        slots: slots, writeWeighting: write.exact, previousPrecedence: previous.exact,
        precedenceGradient: precedence.exact, writeWeightingGradient: writeGradient.exact)
      run(
        kernels.precedenceBackward,
        PrecedenceBackwardOperands(
          slots: slots, writeWeighting: write.float, previousPrecedence: previous.float,
          precedenceGradient: precedence.float, writeWeightingGradient: writeGradient.float))
      for numbers in [precedence, writeGradient] { expect(numbers, "precedence backward, \(slots) slots") }
    }
  }

  /// The same order as that of the plain code, also of equal usages and of numbers that are no usages.
  @Test(arguments: levels) func freeLists(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 12)
    for slots in Array(1...70) + [127, 128, 129, 255, 256, 257, 1000, 2048, 3001] {
      for kind in 0..<3 {
        var usage: [Float] = (0..<slots).map { _ in Float(random.below(1025)) / 1024 }
        if kind > 0 { for n in 0..<slots { usage[n] = (usage[n] * 4).rounded() / 4 } }
        if kind == 2 {
          for odd in [Float.nan, .infinity, -.infinity, -1, 5] {
            usage[random.below(slots)] = odd
          }
        }
        var keys = [UInt32](repeating: 0, count: FreeList.scratchCount(slots: slots))
        var order = [UInt32](repeating: 0, count: slots)
        keys.withUnsafeMutableBufferPointer { keys in
          usage.withUnsafeBufferPointer { usage in
            run(
              kernels.usageKeys,
              UsageKeysOperands(count: slots, usage: usage.baseAddress!, keys: keys.baseAddress!))
          }
          order.withUnsafeMutableBufferPointer { order in
            run(
              kernels.sortKeys,
              SortKeysOperands(count: slots, keys: keys.baseAddress!, order: order.baseAddress!))
          }
        }
        var plain = order
        var scratch = [UInt32](repeating: 0, count: FreeList.scratchCount(slots: slots))
        FreeList.sort(slots: slots, usage: usage.map(Double.init), order: &plain, scratch: &scratch)
        #expect(order == plain, "\(slots) slots, \(usage)")
      }
    }
  }

  @Test(arguments: levels) func sharpening(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 17)
    for (slots, _, _) in KernelTests.shapes {
      for (largest, sharpness) in [(Float(1), Float(1)), (1, 20), (1e-6, 2), (0, 5)] {
        let what = "\(slots) slots up to \(largest), sharpness \(sharpness)"
        let weighting = Numbers(slots, &random, from: -0.1 * largest, to: largest)
        let (sharpened, gradient) = (Numbers(slots, &random), Numbers(slots, &random))
        let sharpnessGradient = Numbers(1, &random)
        Sharpening.forward(
          slots: slots, weighting: weighting.exact, sharpness: Double(sharpness), sharpened: sharpened.exact)
        run(
          kernels.sharpeningForward,
          SharpeningForwardOperands(
            slots: slots, weighting: weighting.float, sharpness: sharpness, sharpened: sharpened.float))
        expect(sharpened, "sharpened \(what)", tolerance: 1e-5)
        Sharpening.backward(
          slots: slots, weighting: weighting.exact, sharpness: Double(sharpness), sharpened: sharpened.exact,
          gradient: gradient.exact, sharpnessGradient: sharpnessGradient.exact)
        run(
          kernels.sharpeningBackward,
          SharpeningBackwardOperands(
            slots: slots, weighting: weighting.float, sharpness: sharpness, sharpened: sharpened.float,
            gradient: gradient.float, sharpnessGradient: sharpnessGradient.float))
        for numbers in [gradient, sharpnessGradient] {
          expect(numbers, "sharpened backward \(what)", tolerance: 1e-4)
        }
      }
    }
  }
}
