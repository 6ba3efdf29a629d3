import CDNC
import CPlatform
import Dispatch
import Testing

@testable import DNC

/// Made for the thread sanitizer: `make test-threads`.
@Suite struct ThreadsTests {
  /// Several sequences, or one with links large enough to be cut.
  private func configuration(threads: UInt32, slots: UInt32 = 24, batch: UInt32 = 6) throws -> Configuration {
    var fields = dnc_config.defaults
    (fields.input_size, fields.output_size, fields.hidden_size, fields.read_heads) = (3, 2, 48, 2)
    (fields.memory_slots, fields.word_size) = (slots, 8)
    (fields.batch_size, fields.num_threads) = (batch, threads)
    return try Configuration(fields)
  }

  /// Outputs and gradients of an episode.
  private static func train(_ network: inout Network<Float>) throws -> [Float] {
    let c = network.configuration
    let steps = c.B == 1 ? 6 : 40
    var random = Random(seed: 5)
    let inputs = (0..<steps * c.B * c.X).map { _ -> Float in 2 * random.uniform() - 1 }
    let outputGradients = (0..<steps * c.B * c.Y).map { _ -> Float in 2 * random.uniform() - 1 }
    var outputs = [Float](repeating: .nan, count: outputGradients.count)
    network.reset()
    network.setTraining(true)
    try network.forward(steps: steps, inputs: inputs, outputs: &outputs)
    network.backward(outputGradients: outputGradients, inputGradients: nil)
    return outputs + array(network.gradients.start, network.parameterCount)
  }

  @Test(arguments: [2, 4] as [UInt32]) func oneInstanceWithSeveralThreads(threads: UInt32) throws {
    var one = try Network<Float>(configuration(threads: 1))
    var several = try Network<Float>(configuration(threads: threads))
    #expect(try Self.train(&one) == Self.train(&several))
  }

  @Test(arguments: [2, 3] as [UInt32]) func oneSequenceWithSeveralThreads(threads: UInt32) throws {
    var one = try Network<Float>(configuration(threads: 1, slots: 515, batch: 1))
    var several = try Network<Float>(configuration(threads: threads, slots: 515, batch: 1))
    #expect(try Self.train(&one) == Self.train(&several))
  }

  @Test func instancesThatShareParametersAtTheSameTime() throws {
    let original = try Network<Float>(configuration(threads: 2))
    var first = try original.clone(sharingParameters: true)
    let expected = try Self.train(&first)
    let clones = UnsafeMutablePointer<Network<Float>>.allocate(capacity: 3)
    for i in 0..<3 { (clones + i).initialize(to: try original.clone(sharingParameters: true)) }
    let results = UnsafeMutablePointer<[Float]>.allocate(capacity: 3)
    results.initialize(repeating: [], count: 3)
    nonisolated(unsafe) let (networks, found) = (clones, results)
    DispatchQueue.concurrentPerform(iterations: 3) { i in found[i] = (try? Self.train(&networks[i])) ?? [] }
    for i in 0..<3 { #expect(results[i] == expected) }
    clones.deinitialize(count: 3)
    results.deinitialize(count: 3)
    clones.deallocate()
    results.deallocate()
  }

  @Test func everyIndexOnce() throws {
    let threads = Threads(count: 5)
    let calls = UnsafeMutablePointer<Int>.allocate(capacity: 1000)
    calls.initialize(repeating: 0, count: 1000)
    for _ in 0..<200 { threads.team.run(1000, cost: .max, Counting(calls: calls, threads: 5)) }
    #expect((0..<1000).allSatisfy { calls[$0] == 200 })
    calls.deallocate()
  }

  /// There is scratch memory for no more. The work takes long enough for others to wake.
  @Test(arguments: 2...4) func noMoreThreadsThanIndices(indices: Int) throws {
    let threads = Threads(count: 5)
    let calls = UnsafeMutablePointer<Int>.allocate(capacity: indices)
    calls.initialize(repeating: 0, count: indices)
    for _ in 0..<300 {
      threads.team.run(indices, cost: .max, Counting(calls: calls, threads: indices, microseconds: 100))
    }
    #expect((0..<indices).allSatisfy { calls[$0] == 300 })
    calls.deallocate()
  }
}

private struct Counting: ThreadWork {
  let calls: UnsafeMutablePointer<Int>
  let threads: Int
  var microseconds: UInt32 = 0

  func run(_ index: Int, thread: Int) {
    if microseconds > 0 { usleep(microseconds) }
    calls[index] += thread < threads ? 1 : 1000
  }
}
