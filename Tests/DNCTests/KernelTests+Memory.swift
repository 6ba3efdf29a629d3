import CKernels
import Testing

@testable import DNC

/// The passes over the rows of the memory.
extension KernelTests {
  @Test(arguments: levels) func content(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 3)
    for (slots, word, heads) in KernelTests.shapes {
      let what = "\(slots) × \(word), \(heads) heads"
      let memory = Numbers(slots * word, &random)
      let norms = Numbers(slots, &random)
      let keys = Numbers(heads * word, &random)
      let strengths = Numbers(heads, &random, from: 1, to: 4)
      let similarity = Numbers(heads * slots, &random)
      let weighting = Numbers(heads * slots, &random)
      ContentWeighting.rowNorms(slots: slots, wordSize: word, memory: memory.exact, norms: norms.exact)
      run(
        kernels.rowNorms,
        RowNormsOperands(slots: slots, wordSize: word, memory: memory.float, rowNorms: norms.float))
      expect(norms, "norms \(what)")
      ContentWeighting.forward(
        slots: slots, wordSize: word, heads: heads, memory: memory.exact, rowNorms: norms.exact, keys: keys.exact,
        strengths: strengths.exact, similarity: similarity.exact, weighting: weighting.exact)
      let isDone = run(
        kernels.contentForward,
        ContentForwardOperands(
          slots: slots, wordSize: word, heads: heads, memory: memory.float, rowNorms: norms.float, keys: keys.float,
          strengths: strengths.float, similarity: similarity.float, weighting: weighting.float))
      #expect(isDone)
      expect(similarity, "similarity \(what)")
      expect(weighting, "content \(what)")

      let weightingGradient = Numbers(heads * slots, &random)
      let rowFactors = Numbers(slots, &random)
      let memoryGradient = Numbers(slots * word, &random)
      let keysGradient = Numbers(heads * word, &random)
      let strengthsGradient = Numbers(heads, &random)
      ContentWeighting.backward(
        slots: slots, wordSize: word, heads: heads, memory: memory.exact, rowNorms: norms.exact, keys: keys.exact,
        strengths: strengths.exact, similarity: similarity.exact, weighting: weighting.exact,
        weightingGradient: weightingGradient.exact, rowFactors: rowFactors.exact,
        memoryGradient: memoryGradient.exact, keysGradient: keysGradient.exact,
        strengthsGradient: strengthsGradient.exact)
      let isDoneBackward = run(
        kernels.contentBackward,
        ContentBackwardOperands(
          slots: slots, wordSize: word, heads: heads, memory: memory.float, rowNorms: norms.float, keys: keys.float,
          strengths: strengths.float, similarity: similarity.float, weighting: weighting.float,
          weightingGradient: weightingGradient.float, rowFactors: rowFactors.float,
          memoryGradient: memoryGradient.float, keysGradient: keysGradient.float,
          strengthsGradient: strengthsGradient.float))
      #expect(isDoneBackward)
      for numbers in [memoryGradient, keysGradient, strengthsGradient] {
        expect(numbers, "content backward \(what)", tolerance: 1e-5)
      }
    }
  }

  @Test(arguments: levels) func maskedContent(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 13)
    for (slots, word, heads) in KernelTests.shapes {
      let what = "\(slots) × \(word), \(heads) heads"
      let memory = Numbers(slots * word, &random)
      let (keys, masks) = (Numbers(heads * word, &random), Numbers(heads * word, &random, from: 0))
      let strengths = Numbers(heads, &random, from: 1, to: 4)
      let scratchCount = MaskedContentWeighting.scratchCount(slots: slots, wordSize: word, heads: heads)
      let scratch = Numbers(scratchCount, &random)
      let (norms, similarity) = (Numbers(heads * slots, &random), Numbers(heads * slots, &random))
      let weighting = Numbers(heads * slots, &random)
      MaskedContentWeighting.forward(
        slots: slots, wordSize: word, heads: heads, memory: memory.exact, keys: keys.exact, masks: masks.exact,
        strengths: strengths.exact, scratch: scratch.exact, rowNorms: norms.exact, similarity: similarity.exact,
        weighting: weighting.exact)
      let isDone = run(
        kernels.maskedContentForward,
        MaskedContentForwardOperands(
          slots: slots, wordSize: word, heads: heads, memory: memory.float, keys: keys.float, masks: masks.float,
          strengths: strengths.float, scratch: scratch.float, rowNorms: norms.float, similarity: similarity.float,
          weighting: weighting.float))
      #expect(isDone && scratch.isIntact)
      for numbers in [norms, similarity, weighting] { expect(numbers, "masked content \(what)") }

      let weightingGradient = Numbers(heads * slots, &random)
      let memoryGradient = Numbers(slots * word, &random)
      let (keysGradient, masksGradient) = (Numbers(heads * word, &random), Numbers(heads * word, &random))
      let strengthsGradient = Numbers(heads, &random)
      MaskedContentWeighting.backward(
        slots: slots, wordSize: word, heads: heads, memory: memory.exact, keys: keys.exact, masks: masks.exact,
        strengths: strengths.exact, rowNorms: norms.exact, similarity: similarity.exact, weighting: weighting.exact,
        scratch: scratch.exact, weightingGradient: weightingGradient.exact, memoryGradient: memoryGradient.exact,
        keysGradient: keysGradient.exact, masksGradient: masksGradient.exact,
        strengthsGradient: strengthsGradient.exact)
      let isDoneBackward = run(
        kernels.maskedContentBackward,
        MaskedContentBackwardOperands(
          slots: slots, wordSize: word, heads: heads, memory: memory.float, keys: keys.float, masks: masks.float,
          strengths: strengths.float, rowNorms: norms.float, similarity: similarity.float, weighting: weighting.float,
          scratch: scratch.float, weightingGradient: weightingGradient.float, memoryGradient: memoryGradient.float,
          keysGradient: keysGradient.float, masksGradient: masksGradient.float,
          strengthsGradient: strengthsGradient.float))
      #expect(isDoneBackward && scratch.isIntact)
      for numbers in [memoryGradient, keysGradient, masksGradient, strengthsGradient] {
        expect(numbers, "masked content backward \(what)", tolerance: 1e-5)
      }
    }
  }

  /// Logits so far apart that the largest must be subtracted, wherever it is.
  @Test(arguments: levels) func softmaxFindsTheLargest(level: String) throws {
    let kernels = try kernels(of: level)
    for count in 2...2 * 16 + 3 {
      var missed = 0
      for largest in 0..<count {
        for next in [(largest + 1) % count, (largest + count - 1) % count] {
          var logits = [Float](repeating: -200, count: count)
          (logits[largest], logits[next]) = (100, 0)
          softmax(&logits, kernels)
          if logits[largest] != 1 || logits[next] > 1e-30 { missed += 1 }
        }
      }
      #expect(missed == 0, "of \(count)")
    }
  }

  @Test(arguments: levels, [false, true]) func memoryWrite(level: String, deallocates: Bool) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 4)
    for (slots, word, _) in KernelTests.shapes {
      let what = "\(slots) × \(word), de-allocation \(deallocates)"
      let previous = Numbers(slots * word, &random)
      let weights = Numbers(slots, &random, from: 0)
      let erase = Numbers(word, &random, from: 0)
      let write = Numbers(word, &random)
      let (retention, retentionGradient) = (Numbers(slots, &random, from: 0), Numbers(slots, &random))
      let memory = Numbers(slots * word, &random)
      let norms = Numbers(slots, &random)
      MemoryWrite.forward(
        slots: slots, wordSize: word, writeHeads: 1, previousMemory: previous.exact, weights: weights.exact,
        erase: erase.exact, write: write.exact, retention: deallocates ? In(retention.exact) : nil,
        memory: memory.exact, rowNorms: norms.exact)
      let isModerate = run(
        kernels.memoryWriteForward,
        MemoryWriteForwardOperands(
          slots: slots, wordSize: word, previousMemory: previous.float, weights: weights.float, erase: erase.float,
          write: write.float, retention: deallocates ? In(retention.float) : nil, memory: memory.float,
          rowNorms: norms.float))
      #expect(isModerate)
      for numbers in [memory, norms] { expect(numbers, "write \(what)") }

      let weightsGradient = Numbers(slots, &random)
      let eraseGradient = Numbers(word, &random)
      let writeGradient = Numbers(word, &random)
      MemoryWrite.backward(
        slots: slots, wordSize: word, writeHeads: 1, previousMemory: previous.exact, weights: weights.exact,
        erase: erase.exact, write: write.exact, retention: deallocates ? In(retention.exact) : nil,
        retentionGradient: deallocates ? retentionGradient.exact : nil, memoryGradient: memory.exact,
        weightsGradient: weightsGradient.exact, eraseGradient: eraseGradient.exact,
        writeGradient: writeGradient.exact)
      run(
        kernels.memoryWriteBackward,
        MemoryWriteBackwardOperands(
          slots: slots, wordSize: word, previousMemory: previous.float, weights: weights.float, erase: erase.float,
          write: write.float, retention: deallocates ? In(retention.float) : nil,
          retentionGradient: deallocates ? retentionGradient.float : nil, memoryGradient: memory.float,
          weightsGradient: weightsGradient.float, eraseGradient: eraseGradient.float,
          writeGradient: writeGradient.float))
      for numbers in [memory, weightsGradient, eraseGradient, writeGradient, retentionGradient] {
        expect(numbers, "write backward \(what)")
      }
    }
  }

  @Test(arguments: levels) func readVectors(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 4)
    for (slots, word, heads) in KernelTests.shapes {
      let previous = Numbers(slots * word, &random)
      let memory = Numbers(slots * word, &random)
      let weightings = Numbers(heads * slots, &random, from: 0)
      let vectors = Numbers(heads * word, &random)
      ReadVectors.forward(
        slots: slots, wordSize: word, heads: heads, memory: previous.exact, weightings: weightings.exact,
        vectors: vectors.exact)
      run(
        kernels.readVectorsForward,
        ReadVectorsForwardOperands(
          slots: slots, wordSize: word, heads: heads, memory: previous.float, weightings: weightings.float,
          vectors: vectors.float))
      expect(vectors, "read \(slots) × \(word), \(heads) heads")
      let weightingsGradient = Numbers(heads * slots, &random)
      ReadVectors.backward(
        slots: slots, wordSize: word, heads: heads, memory: previous.exact, weightings: weightings.exact,
        vectorsGradient: vectors.exact, memoryGradient: memory.exact, weightingsGradient: weightingsGradient.exact)
      run(
        kernels.readVectorsBackward,
        ReadVectorsBackwardOperands(
          slots: slots, wordSize: word, heads: heads, memory: previous.float, weightings: weightings.float,
          vectorsGradient: vectors.float, memoryGradient: memory.float, weightingsGradient: weightingsGradient.float))
      for numbers in [memory, weightingsGradient] {
        expect(numbers, "read backward \(slots) × \(word), \(heads) heads")
      }
    }
  }

  /// One number anywhere is enough to leave the work to the mechanism.
  @Test(arguments: levels) func largeNumbersAreNoticed(level: String) throws {
    let kernels = try kernels(of: level)
    for (slots, word, _) in KernelTests.shapes {
      for place in [0, slots * word / 2, slots * word - 1] {
        for large in [Float.infinity, .nan, 1e25, -1e25] {
          var random = Random(seed: 7)
          let memory = Numbers(slots * word, &random)
          let norms = Numbers(slots, &random, from: 1, to: 2)
          let erase = Numbers(word, &random, from: 0)
          let key = Numbers(word, &random)
          #expect(run(kernels.areModerate, ModerateOperands(count: slots * word, x: memory.float)))
          memory.float[place] = large
          #expect(!run(kernels.areModerate, ModerateOperands(count: slots * word, x: memory.float)))
          let weights = Numbers(slots, &random, from: 0)
          if large.isFinite {
            #expect(
              !run(
                kernels.memoryWriteForward,
                MemoryWriteForwardOperands(
                  slots: slots, wordSize: word, previousMemory: memory.float, weights: weights.float,
                  erase: erase.float, write: key.float, retention: nil, memory: memory.float,
                  rowNorms: norms.float)))
            #expect(norms.float[place / word] == .infinity)
          }

          // The first of two heads is an ordinary one.
          norms.float[place / word] = 1e38
          let keys = Numbers(2 * word, &random)
          let strengths = Numbers(2, &random, from: 1, to: 4)
          let similarity = Numbers(2 * slots, &random)
          let weighting = Numbers(2 * slots, &random)
          keys.float[word] = 20
          let content = ContentForwardOperands(
            slots: slots, wordSize: word, heads: 2, memory: memory.float, rowNorms: norms.float, keys: keys.float,
            strengths: strengths.float, similarity: similarity.float, weighting: weighting.float)
          #expect(!run(kernels.contentForward, content))
          keys.float[word + place % word] = 1e20
          norms.float[place / word] = 1
          #expect(!run(kernels.contentForward, content))
          #expect(
            !run(
              kernels.contentBackward,
              ContentBackwardOperands(
                slots: slots, wordSize: word, heads: 2, memory: memory.float, rowNorms: norms.float, keys: keys.float,
                strengths: strengths.float, similarity: similarity.float, weighting: weighting.float,
                weightingGradient: weighting.float, rowFactors: similarity.float, memoryGradient: memory.float,
                keysGradient: keys.float, strengthsGradient: norms.float)))
        }
      }
    }
  }
}
