import CDNC
import CPlatform
import CKernels
import Testing

@testable import DNC

/// Every kernel of every level that this CPU has, on random shapes, odd and tiny ones among them, against the mechanism's own
/// code in Double.
@Suite struct KernelTests {
  /// In the ordinary build the sixteen lanes are made of AVX2's eight: the source of both levels is tested on either CPU.
  static let levels: [CPULevel] = dnc_platform_has_x86_64_v3() != 0 ? [.v3, .v4] : []

  /// Numbers that both precisions begin with, at an address that no vector is aligned to.
  final class Numbers {
    private let single: UnsafeMutablePointer<Float>
    private let double: UnsafeMutablePointer<Double>
    private let count: Int
    var float: Out<Float> { single + 1 }
    var exact: Out<Double> { double + 1 }

    init(_ count: Int, _ random: inout Random, from low: Float = -1, to high: Float = 1) {
      self.count = count
      single = .allocate(capacity: count + 2)
      double = .allocate(capacity: count + 2)
      single.initialize(repeating: Numbers.guardValue, count: count + 2)
      double.initialize(repeating: Double(Numbers.guardValue), count: count + 2)
      for i in 0..<count {
        float[i] = low + (high - low) * random.uniform()
        exact[i] = Double(float[i])
      }
    }

    deinit {
      single.deallocate()
      double.deallocate()
    }

    /// Stands before and after the numbers; nobody may write there.
    private static let guardValue: Float = 77

    /// max |a − b| / max(|b|, 1)
    var error: Double {
      guard single[0] == Numbers.guardValue, float[count] == Numbers.guardValue else { return .infinity }
      var difference = 0.0
      var largest = 1.0
      for i in 0..<count {
        let distance = abs(Double(float[i]) - exact[i])
        if !(distance <= difference) { difference = distance }
        largest = max(largest, abs(exact[i]))
      }
      return difference / largest
    }
  }

  /// Slots, word size, heads: N = 1 and W = 1, below and between the vector sizes, and ordinary ones.
  static let shapes = [
    (1, 1, 1), (1, 7, 2), (3, 1, 1), (5, 3, 3), (8, 8, 4), (16, 16, 1), (17, 9, 5), (31, 33, 4), (64, 32, 4),
    (100, 50, 5), (129, 65, 9),
  ]

  private func expect(_ numbers: Numbers, _ what: String, tolerance: Double = 2e-6) {
    #expect(numbers.error <= tolerance, "\(what): \(numbers.error)")
  }

  @Test(arguments: levels) func linear(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    var random = Random(seed: 1)
    for (rows, outputs, inputs) in [
      (1, 1, 1), (1, 5, 3), (2, 3, 8), (3, 7, 9), (4, 6, 24), (5, 13, 17), (70, 31, 40), (7, 100, 130),
    ] {
      // Wider rows than needed, as for pieces of a matrix.
      let (wStride, xStride, yStride) = (inputs + 3, inputs + 1, outputs + 2)
      func numbers(_ count: Int) -> Numbers { Numbers(count, &random) }
      let w = numbers(outputs * wStride)
      let x = numbers(rows * xStride)
      let y = numbers(rows * yStride)
      let what = "\(rows) × \(outputs) × \(inputs)"
      Linear.forward(
        rows: rows, outputs: outputs, inputs: inputs, weight: Rows(w.exact, stride: wStride),
        input: Rows(x.exact, stride: xStride), output: MutableRows(y.exact, stride: yStride))
      run(
        kernels.linearForward,
        LinearForwardOperands(
          rows: rows, outputs: outputs, inputs: inputs, weight: w.float, weightStride: wStride, x: x.float,
          xStride: xStride, y: y.float, yStride: yStride))
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
        rows: rows, outputs: outputs, inputs: inputs, input: Rows(x.exact, stride: xStride),
        outputGradient: Rows(y.exact, stride: yStride), weightGradient: MutableRows(w.exact, stride: wStride))
      run(
        kernels.linearBackwardWeight,
        LinearWeightOperands(
          rows: rows, outputs: outputs, inputs: inputs, x: x.float, xStride: xStride, yGradient: y.float,
          yStride: yStride, weightGradient: w.float, weightStride: wStride))
      expect(w, "weight \(what)")
    }
  }

  @Test(arguments: levels) func controller(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
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
            hiddenGradient: Rows(hidden.exact, stride: units + 2), cellGradient: cell.exact))
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

  @Test(arguments: levels) func content(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    var random = Random(seed: 3)
    for (slots, word, _) in KernelTests.shapes {
      let memory = Numbers(slots * word, &random)
      let norms = Numbers(slots, &random)
      let key = Numbers(word, &random)
      let similarity = Numbers(slots, &random)
      let weighting = Numbers(slots, &random)
      ContentWeighting.rowNorms(slots: slots, wordSize: word, memory: memory.exact, norms: norms.exact)
      kernels.rowNorms(slots, word, memory.float, norms.float)
      expect(norms, "norms \(slots) × \(word)")
      ContentWeighting.forward(
        slots: slots, wordSize: word, memory: memory.exact, rowNorms: norms.exact, key: key.exact, strength: 3.5,
        similarity: similarity.exact, weighting: weighting.exact)
      let isDone = run(
        kernels.contentForward,
        ContentForwardOperands(
          slots: slots, wordSize: word, memory: memory.float, rowNorms: norms.float, key: key.float, strength: 3.5,
          similarity: similarity.float, weighting: weighting.float))
      #expect(isDone)
      expect(similarity, "similarity \(slots) × \(word)")
      expect(weighting, "content \(slots) × \(word)")

      let weightingGradient = Numbers(slots, &random)
      let memoryGradient = Numbers(slots * word, &random)
      let keyGradient = Numbers(word, &random)
      let strengthGradient = Numbers(1, &random)
      ContentWeighting.backward(
        slots: slots, wordSize: word, memory: memory.exact, rowNorms: norms.exact, key: key.exact, strength: 3.5,
        similarity: similarity.exact, weighting: weighting.exact, weightingGradient: weightingGradient.exact,
        memoryGradient: memoryGradient.exact, keyGradient: keyGradient.exact,
        strengthGradient: strengthGradient.exact)
      let isDoneBackward = run(
        kernels.contentBackward,
        ContentBackwardOperands(
          slots: slots, wordSize: word, memory: memory.float, rowNorms: norms.float, key: key.float, strength: 3.5,
          similarity: similarity.float, weighting: weighting.float, weightingGradient: weightingGradient.float,
          memoryGradient: memoryGradient.float, keyGradient: keyGradient.float, strengthGradient: strengthGradient.float
        ))
      #expect(isDoneBackward)
      for numbers in [memoryGradient, keyGradient, strengthGradient] {
        expect(numbers, "content backward \(slots) × \(word)", tolerance: 1e-5)
      }
    }
  }

  @Test(arguments: levels) func memory(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    var random = Random(seed: 4)
    for (slots, word, _) in KernelTests.shapes {
      let previous = Numbers(slots * word, &random)
      let weights = Numbers(slots, &random, from: 0)
      let erase = Numbers(word, &random, from: 0)
      let write = Numbers(word, &random)
      let memory = Numbers(slots * word, &random)
      let norms = Numbers(slots, &random)
      MemoryWrite.forward(
        slots: slots, wordSize: word, writeHeads: 1, previousMemory: previous.exact, weights: weights.exact,
        erase: erase.exact, write: write.exact, memory: memory.exact, rowNorms: norms.exact)
      let isModerate = run(
        kernels.memoryWriteForward,
        MemoryWriteForwardOperands(
          slots: slots, wordSize: word, previousMemory: previous.float, weights: weights.float, erase: erase.float,
          write: write.float, memory: memory.float, rowNorms: norms.float))
      #expect(isModerate)
      for numbers in [memory, norms] { expect(numbers, "write \(slots) × \(word)") }

      let weightsGradient = Numbers(slots, &random)
      let eraseGradient = Numbers(word, &random)
      let writeGradient = Numbers(word, &random)
      MemoryWrite.backward(
        slots: slots, wordSize: word, writeHeads: 1, previousMemory: previous.exact, weights: weights.exact,
        erase: erase.exact, write: write.exact, memoryGradient: memory.exact, weightsGradient: weightsGradient.exact,
        eraseGradient: eraseGradient.exact, writeGradient: writeGradient.exact)
      run(
        kernels.memoryWriteBackward,
        MemoryWriteBackwardOperands(
          slots: slots, wordSize: word, previousMemory: previous.float, weights: weights.float, erase: erase.float,
          write: write.float, memoryGradient: memory.float, weightsGradient: weightsGradient.float,
          eraseGradient: eraseGradient.float, writeGradient: writeGradient.float))
      for numbers in [memory, weightsGradient, eraseGradient, writeGradient] {
        expect(numbers, "write backward \(slots) × \(word)")
      }

      let vector = Numbers(word, &random)
      ReadVectors.forward(
        slots: slots, wordSize: word, memory: previous.exact, weighting: weights.exact, vector: vector.exact)
      run(
        kernels.readVectorForward,
        ReadVectorForwardOperands(
          slots: slots, wordSize: word, memory: previous.float, weighting: weights.float, vector: vector.float))
      expect(vector, "read \(slots) × \(word)")
      ReadVectors.backward(
        slots: slots, wordSize: word, memory: previous.exact, weighting: weights.exact, vectorGradient: write.exact,
        memoryGradient: memory.exact, weightingGradient: weightsGradient.exact)
      run(
        kernels.readVectorBackward,
        ReadVectorBackwardOperands(
          slots: slots, wordSize: word, memory: previous.float, weighting: weights.float, vectorGradient: write.float,
          memoryGradient: memory.float, weightingGradient: weightsGradient.float))
      for numbers in [memory, weightsGradient] { expect(numbers, "read backward \(slots) × \(word)") }
    }
  }

  /// One number anywhere is enough to leave the work to the mechanism.
  @Test(arguments: levels) func largeNumbersAreNoticed(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    for (slots, word, _) in KernelTests.shapes {
      for place in [0, slots * word / 2, slots * word - 1] {
        for large in [Float.infinity, .nan, 1e25, -1e25] {
          var random = Random(seed: 7)
          let memory = Numbers(slots * word, &random)
          let norms = Numbers(slots, &random, from: 1, to: 2)
          let erase = Numbers(word, &random, from: 0)
          let key = Numbers(word, &random)
          #expect(kernels.areModerate(slots * word, memory.float))
          memory.float[place] = large
          #expect(!kernels.areModerate(slots * word, memory.float))
          let weights = Numbers(slots, &random, from: 0)
          if large.isFinite {
            #expect(
              !run(
                kernels.memoryWriteForward,
                MemoryWriteForwardOperands(
                  slots: slots, wordSize: word, previousMemory: memory.float, weights: weights.float,
                  erase: erase.float, write: key.float, memory: memory.float, rowNorms: norms.float)))
            #expect(norms.float[place / word] == .infinity)
          }

          norms.float[place / word] = 1e38
          let similarity = Numbers(slots, &random)
          let weighting = Numbers(slots, &random)
          key.float[0] = 2
          #expect(
            !run(
              kernels.contentForward,
              ContentForwardOperands(
                slots: slots, wordSize: word, memory: memory.float, rowNorms: norms.float, key: key.float,
                strength: 3.5, similarity: similarity.float, weighting: weighting.float)))
          key.float[place % word] = 1e20
          norms.float[place / word] = 1
          #expect(
            !run(
              kernels.contentForward,
              ContentForwardOperands(
                slots: slots, wordSize: word, memory: memory.float, rowNorms: norms.float, key: key.float,
                strength: 3.5, similarity: similarity.float, weighting: weighting.float)))
          #expect(
            !run(
              kernels.contentBackward,
              ContentBackwardOperands(
                slots: slots, wordSize: word, memory: memory.float, rowNorms: norms.float, key: key.float,
                strength: 3.5, similarity: similarity.float, weighting: weighting.float,
                weightingGradient: weighting.float, memoryGradient: memory.float, keyGradient: key.float,
                strengthGradient: norms.float)))
        }
      }
    }
  }

  @Test(arguments: levels) func links(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    var random = Random(seed: 5)
    for (slots, _, heads) in KernelTests.shapes {
      let share = 1 / Float(slots)
      let write = Numbers(slots, &random, from: 0, to: share)
      let precedence = Numbers(slots, &random, from: 0, to: share)
      let read = Numbers(heads * slots, &random, from: 0, to: share)
      let previous = Numbers(slots * slots, &random, from: 0, to: share)
      let link = Numbers(slots * slots, &random)
      let scratch = Numbers(LinkParts(slots: slots).scratchCount(readHeads: heads), &random)
      let stride = 2 * slots
      let forward = Numbers(heads * stride, &random)
      let backward = Numbers(heads * stride, &random)
      TemporalLinks.forward(
        slots: slots, readHeads: heads, writeWeighting: write.exact, previousPrecedence: precedence.exact,
        previousReadWeights: read.exact, previousLink: previous.exact, link: link.exact,
        forwardWeights: MutableRows(forward.exact, stride: stride),
        backwardWeights: MutableRows(backward.exact, stride: stride),
        scratch: scratch.exact, team: nil)
      run(
        kernels.linksForward,
        LinksForwardOperands(
          first: 0, end: slots, slots: slots, readHeads: heads, writeWeighting: write.float,
          previousPrecedence: precedence.float, previousReadWeights: read.float, previousLink: previous.float,
          link: link.float, forwardWeights: forward.float, forwardStride: stride, backwardWeights: backward.float,
          backwardStride: stride))
      for numbers in [link, forward, backward] { expect(numbers, "links \(slots), \(heads) heads") }

      let steps = slots % 4
      let writes = Numbers((steps + 1) * stride, &random, from: 0, to: share)
      let precedences = Numbers((steps + 1) * stride, &random, from: 0, to: share)
      let linkGradient = Numbers(slots * slots, &random)
      let writeGradient = Numbers(slots, &random)
      let precedenceGradient = Numbers(slots, &random)
      let readGradient = Numbers(heads * slots, &random)
      TemporalLinks.backward(
        slots: slots, readHeads: heads,
        history: LinkHistory(
          link: previous.exact, steps: steps, writeWeightings: writes.exact, precedences: precedences.exact,
          stride: stride),
        previousReadWeights: read.exact, forwardGradient: Rows(forward.exact, stride: stride),
        backwardGradient: Rows(backward.exact, stride: stride),
        linkGradient: linkGradient.exact, writeWeightingGradient: writeGradient.exact,
        precedenceGradient: precedenceGradient.exact, readWeightsGradient: readGradient.exact,
        scratch: scratch.exact, team: nil)
      let cut = slots / 2
      for rows in [0..<cut, cut..<slots] {
        run(
          kernels.linksBackward,
          LinksBackwardOperands(
            first: rows.lowerBound, end: rows.upperBound, slots: slots, readHeads: heads, steps: steps,
            stepStride: stride, link: previous.float, writeWeightings: writes.float, precedences: precedences.float,
            previousReadWeights: read.float, scratch: scratch.float, forwardGradient: forward.float,
            forwardStride: stride, backwardGradient: backward.float, backwardStride: stride,
            linkGradient: linkGradient.float, writeWeightingGradient: writeGradient.float,
            precedenceGradient: precedenceGradient.float, readWeightsGradient: readGradient.float))
      }
      for numbers in [linkGradient, writeGradient, precedenceGradient, readGradient] {
        expect(numbers, "links backward \(slots), \(heads) heads", tolerance: 1e-5)
      }
    }
  }

  @Test(arguments: levels) func slots(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    var random = Random(seed: 6)
    for (slots, _, heads) in KernelTests.shapes {
      let x = Numbers(slots, &random)
      let y = Numbers(slots, &random)
      let scaled = Numbers(slots, &random)
      addScaled(slots, 0.7, x.exact, to: y.exact)
      kernels.addScaled(slots, 0.7, x.float, y.float)
      scale(slots, -1.5, x.exact, to: scaled.exact)
      kernels.scale(slots, -1.5, x.float, scaled.float)
      for numbers in [y, scaled] { expect(numbers, "\(slots) slots") }

      let gates = Numbers(heads, &random, from: 0)
      let read = Numbers(heads * slots, &random, from: 0)
      let write = Numbers(slots, &random, from: 0)
      let previous = Numbers(slots, &random, from: 0)
      let usage = Numbers(slots, &random)
      Usage.forward(
        slots: slots, readHeads: heads, writeHeads: 1, freeGates: gates.exact, previousReadWeights: read.exact,
        previousWriteWeights: write.exact, previousUsage: previous.exact, usage: usage.exact)
      run(
        kernels.usageForward,
        UsageForwardOperands(
          slots: slots, readHeads: heads, freeGates: gates.float, previousReadWeights: read.float,
          previousWriteWeights: write.float, previousUsage: previous.float, usage: usage.float))
      expect(usage, "usage \(slots), \(heads) heads")
      for stopped in [false, true] {
        let gradient = Numbers(slots, &random)
        let gatesGradient = Numbers(heads, &random)
        let readGradient = Numbers(heads * slots, &random)
        let writeGradient = Numbers(slots, &random)
        Usage.backward(
          slots: slots, readHeads: heads, writeHeads: 1, stopped: stopped, freeGates: gates.exact,
          previousReadWeights: read.exact, previousWriteWeights: write.exact, previousUsage: previous.exact,
          usageGradient: gradient.exact, freeGatesGradient: gatesGradient.exact,
          readWeightsGradient: readGradient.exact, writeWeightsGradient: writeGradient.exact)
        run(
          kernels.usageBackward,
          UsageBackwardOperands(
            slots: slots, readHeads: heads, stopped: stopped, freeGates: gates.float, previousReadWeights: read.float,
            previousWriteWeights: write.float, previousUsage: previous.float, usageGradient: gradient.float,
            freeGatesGradient: gatesGradient.float, readWeightsGradient: readGradient.float,
            writeWeightsGradient: writeGradient.float))
        for numbers in [gradient, gatesGradient, readGradient, writeGradient] {
          expect(numbers, "usage backward \(slots), \(heads) heads")
        }
      }
    }
  }

  /// Every length of a tail, with and without clipping: no parameter is passed over, and the gradients are 0 afterwards.
  @Test(arguments: levels) func updates(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    var random = Random(seed: 8)
    var fields = dnc_optimizer_config.defaults
    (fields.learning_rate, fields.weight_decay, fields.epsilon) = (0.5, 0.125, 0.25)
    for count in 1...2 * 16 + 3 {
      for maximum in [Float(0), 0.25] {
        fields.max_gradient_norm = maximum
        let parameters = Numbers(count, &random)
        let first = Numbers(count, &random)
        let second = Numbers(count, &random, from: 0)
        let gradients = Numbers(count, &random)
        let norm = kernels.sumOfSquares(count, gradients.float).squareRoot()
        #expect(abs(norm - wideDot(count, gradients.exact, gradients.exact).squareRoot()) < 1e-6)
        let scale: Float = maximum == 0 || norm < Double(maximum) ? 1 : maximum / Float(norm)

        func compare(_ algorithm: dnc_optimizer_algorithm, _ run: () -> Void) throws {
          fields.algorithm = algorithm.rawValue
          Update<Double>(try OptimizerConfiguration(fields), number: 2, norm: norm).run(
            count, gradients: gradients.exact, first: first.exact, second: second.exact, parameters: parameters.exact)
          run()
          for (numbers, name) in [(parameters, "parameters"), (first, "first"), (second, "second")] {
            expect(
              numbers, "\(name) after update of kind \(algorithm.rawValue), \(count), clipped to \(maximum)",
              tolerance: 1e-5)
          }
          for i in 0..<count {
            #expect(gradients.float[i] == 0 && gradients.exact[i] == 0)
            gradients.float[i] = Float(i + 1) / Float(count)
            gradients.exact[i] = Double(gradients.float[i])
          }
        }
        try compare(DNC_OPTIMIZER_SGD) {
          run(
            kernels.sgd,
            SGDOperands(
              count: count, scale: scale, rate: 0.5, momentum: 0.9, gradients: gradients.float, first: first.float,
              parameters: parameters.float))
        }
        try compare(DNC_OPTIMIZER_RMSPROP) {
          run(
            kernels.rmsProp,
            RMSPropOperands(
              count: count, scale: scale, rate: 0.5, momentum: 0.9, decay: 0.9, forget: 0.1, epsilon: 0.25,
              gradients: gradients.float, first: first.float, second: second.float, parameters: parameters.float))
        }
        try compare(DNC_OPTIMIZER_ADAMW) {
          run(
            kernels.adam,
            AdamOperands(
              count: count, scale: scale, rate: 0.5 / 0.19, beta1: 0.9, beta2: 0.999, forget1: 0.1, forget2: 0.001,
              correction2: 1 / 0.001999, epsilon: 0.25, kept: 0.9375, gradients: gradients.float, first: first.float,
              second: second.float, parameters: parameters.float))
        }
      }
    }
  }

  /// Logits so far apart that the largest must be subtracted, wherever it is.
  @Test(arguments: levels) func softmaxFindsTheLargest(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    for count in 2...2 * 16 + 3 {
      var missed = 0
      for largest in 0..<count {
        for next in [(largest + 1) % count, (largest + count - 1) % count] {
          var logits = [Float](repeating: -200, count: count)
          (logits[largest], logits[next]) = (100, 0)
          kernels.softmaxForward(count, logits, &logits)
          if logits[largest] != 1 || logits[next] > 1e-30 { missed += 1 }
        }
      }
      #expect(missed == 0, "of \(count)")
    }
  }

  @Test(arguments: levels) func exponentialsKeepNaNAndSaturate(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    let inputs: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 0, -0.0, 1e-30, 100, -100, 0.625, -0.625]
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
    for (x, found) in zip(inputs, hidden) {
      if x.isNaN { #expect(found.isNaN) } else { #expect(abs(found - Float.tanh(x)) <= 2e-7, "tanh \(x): \(found)") }
    }
    var logits: [Float] = [-200, 0, -1e30]
    kernels.softmaxForward(3, logits, &logits)
    #expect(logits[1] == 1 && logits[0] < 1e-30)
  }

  /// Within 2 ulp over the range where it is not 0 or 1.
  @Test(arguments: levels) func tanhIsAccurate(level: CPULevel) throws {
    let kernels = try #require(Kernels.at(level))
    let inputs = (-9000...9000).map { Float($0) / 1000 + 1.7e-4 }
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
    for (x, found) in zip(inputs, hidden) {
      let exact = Double.tanh(Double(x))
      #expect(abs(Double(found) - exact) <= 2 * Double(Float(exact).ulp), "\(x)")
    }
  }
}

/// What a kernel gives for operands.
private func run<Operands, Result>(_ kernel: (UnsafePointer<Operands>) -> Result, _ operands: Operands) -> Result {
  withUnsafePointer(to: operands, kernel)
}
