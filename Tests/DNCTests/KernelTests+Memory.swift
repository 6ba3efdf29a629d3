import CKernels
import Testing

@testable import DNC

/// The passes over the rows of the memory.
extension KernelTests {
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
      run(
        kernels.rowNorms,
        RowNormsOperands(slots: slots, wordSize: word, memory: memory.float, rowNorms: norms.float))
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
          let content = ContentForwardOperands(
            slots: slots, wordSize: word, memory: memory.float, rowNorms: norms.float, key: key.float, strength: 3.5,
            similarity: similarity.float, weighting: weighting.float)
          #expect(!run(kernels.contentForward, content))
          key.float[place % word] = 1e20
          norms.float[place / word] = 1
          #expect(!run(kernels.contentForward, content))
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
}
