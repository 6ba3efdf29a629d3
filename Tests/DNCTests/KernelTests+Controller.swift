import CKernels
import Testing

@testable import DNC

/// Products, and the element-wise parts of the controllers.
extension KernelTests {
  @Test(arguments: levels) func linear(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 1)
    let scratch = Numbers(Linear.scratchCount, &random)
    // The last two have strides that the weight's gradient gathers.
    for (rows, outputs, inputs) in [
      (1, 1, 1), (1, 5, 3), (2, 3, 8), (3, 7, 9), (4, 6, 24), (5, 13, 17), (70, 31, 40), (7, 100, 130), (1, 300, 20),
      (2, 150, 9), (6, 64, 12), (9, 48, 33), (19, 260, 15),
      (3, 254, 255), (66, 510, 5), (1, 140, 34), (1, 33, 143), (1, 73, 64), (1, 192, 100),
    ] {
      // Wider rows than needed, as for pieces of a matrix.
      let (wStride, xStride, yStride) = (inputs + 3, inputs + 1, outputs + 2)
      func numbers(_ count: Int) -> Numbers { Numbers(count, &random) }
      let w = numbers(outputs * wStride)
      let panels = Numbers(dnc_panels(outputs, wStride), &random)
      let whole = Weight(rows: Rows(w.exact, stride: wStride), panels: nil)
      let x = numbers(rows * xStride)
      let y = numbers(rows * yStride)
      let what = "\(rows) × \(outputs) × \(inputs)"
      Linear.forward(
        rows: rows, outputs: outputs, inputs: inputs, weight: whole.dropping(columns: 2),
        input: Rows(x.exact, stride: xStride), output: MutableRows(y.exact, stride: yStride))
      run(
        kernels.packWeight,
        PackWeightOperands(outputs: outputs, inputs: wStride, weight: w.float, panels: panels.float))
      run(
        kernels.linearForward,
        LinearForwardOperands(
          rows: rows, outputs: outputs, inputs: inputs, panels: panels.float, columns: wStride, first: 2,
          x: x.float, xStride: xStride, y: y.float, yStride: yStride))
      expect(y, "forward \(what)")
      Linear.backward(
        rows: rows, outputs: outputs, inputs: inputs, weight: Rows(w.exact, stride: wStride),
        outputGradient: Rows(y.exact, stride: yStride), inputGradient: MutableRows(x.exact, stride: xStride))
      run(
        kernels.linearBackward,
        LinearBackwardOperands(
          rows: rows, outputs: outputs, inputs: inputs, weight: w.float, weightStride: wStride, yGradient: y.float,
          yStride: yStride, xGradient: x.float, xStride: xStride))
      expect(x, "backward \(what)")
      Linear.backwardWeight(
        rows: rows, outputs: outputs, inputs: inputs, input: StepRows(Rows(x.exact, stride: xStride)),
        outputGradient: StepRows(Rows(y.exact, stride: yStride)), weightGradient: MutableRows(w.exact, stride: wStride),
        scratch: scratch.exact)
      run(
        kernels.linearBackwardWeight,
        LinearWeightOperands(
          rows: rows, outputs: outputs, inputs: inputs, x: following(x.float, xStride),
          yGradient: following(y.float, yStride), weightGradient: w.float, weightStride: wStride,
          scratch: scratch.float))
      expect(w, "weight \(what)")
    }
  }

  /// Rows that follow each other.
  private func following(_ start: In<Float>, _ stride: Int) -> StepRowsOperands {
    StepRowsOperands(
      start: start, stride: stride, first: 0, together: .max, blocks: 1, blockStride: 0, stepStride: 0)
  }

  /// Sequences in blocks give the bytes of those that follow each other.
  @Test(arguments: levels) func weightGradientOfBlocks(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 3)
    let scratch = Numbers(Linear.scratchCount, &random)
    for (blocks, together, steps, first, outputs, inputs) in [
      (2, 8, 40, 0, 256, 64), (3, 1, 5, 0, 7, 9), (2, 5, 13, 4, 33, 50), (5, 3, 30, 37, 140, 100),
      (2, 100, 2, 150, 16, 48),
    ] {
      let rows = steps * blocks * together - first
      let (xStride, yStride) = (inputs + 1, outputs + 2)
      /// Sequence r % batch of step r / batch, in order and in blocks.
      func numbers(_ stride: Int) -> (inOrder: Numbers, inBlocks: Numbers) {
        let count = steps * blocks * together
        let (inOrder, inBlocks) = (Numbers(count * stride, &random), Numbers(count * stride, &random))
        for row in 0..<count {
          let (step, b) = row.quotientAndRemainder(dividingBy: blocks * together)
          let (block, place) = b.quotientAndRemainder(dividingBy: together)
          let other = (block * steps + step) * together + place
          for i in 0..<stride {
            inBlocks.exact[other * stride + i] = inOrder.exact[row * stride + i]
            inBlocks.float[other * stride + i] = inOrder.float[row * stride + i]
          }
        }
        return (inOrder, inBlocks)
      }
      let (x, y) = (numbers(xStride), numbers(yStride))
      let (expected, found) = (Numbers(outputs * inputs, &random), Numbers(outputs * inputs, &random))
      for i in 0..<outputs * inputs {
        (expected.exact[i], found.exact[i], expected.float[i], found.float[i]) = (0, 0, 0, 0)
      }
      func exact(_ input: StepRows<Double>, _ gradient: StepRows<Double>, _ target: Numbers) {
        Linear.backwardWeight(
          rows: rows, outputs: outputs, inputs: inputs, input: input, outputGradient: gradient,
          weightGradient: MutableRows(target.exact, stride: inputs), scratch: scratch.exact)
      }
      func inBlocks(_ start: In<Double>, _ stride: Int) -> StepRows<Double> {
        StepRows(
          start, stride: stride, together: together, blocks: blocks, blockStride: steps * together * stride,
          stepStride: together * stride
        ).dropping(rows: first)
      }
      exact(
        StepRows(Rows(x.inOrder.exact + first * xStride, stride: xStride)),
        StepRows(Rows(y.inOrder.exact + first * yStride, stride: yStride)), expected)
      exact(inBlocks(x.inBlocks.exact, xStride), inBlocks(y.inBlocks.exact, yStride), found)

      func fast(_ input: StepRowsOperands, _ gradient: StepRowsOperands, _ target: Numbers) {
        run(
          kernels.linearBackwardWeight,
          LinearWeightOperands(
            rows: rows, outputs: outputs, inputs: inputs, x: input, yGradient: gradient, weightGradient: target.float,
            weightStride: inputs, scratch: scratch.float))
      }
      func operands(_ start: In<Float>, _ stride: Int) -> StepRowsOperands {
        StepRowsOperands(
          start: start, stride: stride, first: first, together: together, blocks: blocks,
          blockStride: steps * together * stride, stepStride: together * stride)
      }
      fast(
        following(x.inOrder.float + first * xStride, xStride), following(y.inOrder.float + first * yStride, yStride),
        expected)
      fast(operands(x.inBlocks.float, xStride), operands(y.inBlocks.float, yStride), found)
      for i in 0..<outputs * inputs {
        try #require(found.exact[i] == expected.exact[i], "\(blocks) blocks of \(together)")
        try #require(found.float[i] == expected.float[i], "\(blocks) blocks of \(together), kernel")
      }
    }
  }

  @Test(arguments: levels) func controller(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 2)
    for (batch, units) in [(1, 1), (2, 7), (3, 8), (1, 33), (4, 64)] {
      for clip in [0, 0.3] {
        let gates = Numbers(batch * 4 * units, &random, from: -12, to: 12)
        let previousCell = Numbers(batch * units, &random)
        let cell = Numbers(batch * units, &random)
        let cellTanh = Numbers(batch * units, &random)
        let hidden = Numbers(batch * (units + 2), &random)
        LSTM.forward(
          ControllerLayer(
            batch: batch, hiddenSize: units, activation: .tanh, clip: clip, gates: gates.exact,
            previousCell: previousCell.exact, cell: cell.exact, cellTanh: cellTanh.exact,
            cellNorm: nil, productApart: MutableRows(cell.exact, stride: 0),
            previousHidden: Rows(cell.exact, stride: 0),
            hidden: MutableRows(hidden.exact, stride: units + 2)))
        run(
          kernels.lstmForward,
          LSTMForwardOperands(
            batch: batch, hiddenSize: units, clip: Float(clip), gates: gates.float, previousCell: previousCell.float,
            cell: cell.float, cellTanh: cellTanh.float, hidden: hidden.float, hiddenStride: units + 2))
        let what = "\(batch) × \(units), clip \(clip)"
        for numbers in [gates, cell, cellTanh, hidden] { expect(numbers, "LSTM forward \(what)") }
        LSTM.backward(
          ControllerLayerGradient(
            batch: batch, hiddenSize: units, activation: .tanh, clip: clip, gates: gates.exact,
            previousCell: previousCell.exact, cellTanh: cellTanh.exact,
            cellNorm: nil, productApart: MutableRows(cell.exact, stride: 0),
            previousHidden: Rows(cell.exact, stride: 0),
            hiddenGradient: MutableRows(hidden.exact, stride: units + 2), cellGradient: cell.exact))
        run(
          kernels.lstmBackward,
          LSTMBackwardOperands(
            batch: batch, hiddenSize: units, clip: Float(clip), gates: gates.float, previousCell: previousCell.float,
            cellTanh: cellTanh.float, hiddenGradient: hidden.float, hiddenStride: units + 2, cellGradient: cell.float))
        for numbers in [gates, cell] { expect(numbers, "LSTM backward \(what)") }

        let activations = Numbers(batch * units, &random, from: -3, to: 3)
        Activation.forward(
          ControllerLayer(
            batch: batch, hiddenSize: units, activation: .tanh, clip: clip, gates: activations.exact,
            previousCell: cell.exact, cell: cell.exact, cellTanh: cellTanh.exact,
            cellNorm: nil, productApart: MutableRows(cell.exact, stride: 0),
            previousHidden: Rows(cell.exact, stride: 0),
            hidden: MutableRows(hidden.exact, stride: units + 2)))
        run(
          kernels.tanhForward,
          TanhForwardOperands(
            batch: batch, hiddenSize: units, clip: Float(clip), activations: activations.float, hidden: hidden.float,
            hiddenStride: units + 2))
        for numbers in [activations, hidden] { expect(numbers, "feedforward \(what)") }
      }
    }
  }

  @Test(arguments: levels) func layerNorm(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 4)
    for count in [1, 2, 7, 8, 33, 400] {
      let norm = LayerNorm<Double>(rows: 1, count: count)
      func row(_ numbers: Numbers) -> MutableRows<Double> { MutableRows(numbers.exact, stride: count) }
      let sums = Numbers(count, &random, from: 2, to: 9)
      let (scale, bias) = (Numbers(count, &random), Numbers(count, &random))
      let (kept, output) = (Numbers(count + 1, &random), Numbers(count, &random))
      norm.forward(
        sums: row(sums).reading, scale: scale.exact, bias: bias.exact, kept: row(kept), output: row(output))
      func forward() -> Bool {
        var operands = LayerNormForwardOperands(
          count: count, sums: sums.float, scale: scale.float, bias: bias.float, kept: kept.float, output: output.float)
        return kernels.layerNormForward(&operands)
      }
      #expect(forward())
      for numbers in [kept, output] { expect(numbers, "\(count) normalized") }

      let (gradient, sumsGradient) = (Numbers(count, &random), Numbers(count, &random))
      norm.backward(
        scale: scale.exact, kept: row(kept).reading, outputGradient: row(gradient).reading,
        sumsGradient: row(sumsGradient))
      var operands = LayerNormBackwardOperands(
        count: count, scale: scale.float, kept: kept.float, outputGradient: gradient.float,
        sumsGradient: sumsGradient.float)
      kernels.layerNormBackward(&operands)
      expect(sumsGradient, "\(count) normalized, backward")
      norm.backwardScale(
        kept: StepRows(row(kept).reading), outputGradient: StepRows(row(gradient).reading), scaleGradient: scale.exact)
      run(
        kernels.addProducts,
        AddProductsOperands(count: count, x: kept.float, y: gradient.float, z: scale.float))
      expect(scale, "\(count) normalized, scale")

      sums.float[count - 1] = 1e20
      output.float[0] = 5
      #expect(!forward())
      #expect(output.float[0] == 5, "what overflows is written")
    }
  }

  @Test(arguments: levels) func exponentialsKeepNaNAndSaturate(level: String) throws {
    let kernels = try kernels(of: level)
    let inputs: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 0, -0.0, 1e-30, 100, -100, 0.625, -0.625]
    for (x, found) in zip(inputs, tanh(of: inputs, kernels)) {
      if x.isNaN { #expect(found.isNaN) } else { #expect(abs(found - Float.tanh(x)) <= 2e-7, "tanh \(x): \(found)") }
    }
    var logits: [Float] = [-200, 0, -1e30]
    softmax(&logits, kernels)
    #expect(logits[1] == 1 && logits[0] < 1e-30)
  }

  /// Within 2 ulp over the range where it is not 0 or 1.
  @Test(arguments: levels) func tanhIsAccurate(level: String) throws {
    let kernels = try kernels(of: level)
    let inputs = (-9000...9000).map { Float($0) / 1000 + 1.7e-4 }
    for (x, found) in zip(inputs, tanh(of: inputs, kernels)) {
      let exact = Double.tanh(Double(x))
      #expect(abs(Double(found) - exact) <= 2 * Double(Float(exact).ulp), "\(x)")
    }
  }

  /// h of a layer with these pre-activations.
  private func tanh(of inputs: [Float], _ kernels: Kernels) -> [Float] {
    var activations = inputs
    var hidden = inputs
    activations.withUnsafeMutableBufferPointer { z in
      hidden.withUnsafeMutableBufferPointer { h in
        run(
          kernels.tanhForward,
          TanhForwardOperands(
            batch: 1, hiddenSize: inputs.count, clip: 0, activations: z.baseAddress!, hidden: h.baseAddress!,
            hiddenStride: inputs.count))
      }
    }
    return hidden
  }
}
