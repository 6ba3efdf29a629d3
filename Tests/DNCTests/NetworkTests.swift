import CDNC
import Testing

@testable import DNC

/// A network as a whole: the same numbers however it is fed, and a record that keeps what it has.
@Suite struct NetworkTests {
  private func configuration(batch: UInt32 = 2) throws -> Configuration {
    var fields = dnc_config.defaults
    (fields.input_size, fields.output_size, fields.hidden_size, fields.num_layers) = (3, 2, 5, 2)
    (fields.memory_slots, fields.word_size, fields.read_heads, fields.write_heads) = (9, 4, 2, 2)
    (fields.batch_size, fields.initial_state) = (batch, DNC_INITIAL_LEARNED.rawValue)
    return try Configuration(fields)
  }

  private func numbers(_ count: Int, seed: UInt64) -> [Double] {
    var random = Random(seed: seed)
    return (0..<count).map { _ in random.uniform(within: 1) }
  }

  /// The rows of one sequence of [T, B, width].
  private func sequence(_ b: Int, of values: [Double], width: Int, batch: Int) -> [Double] {
    var own: [Double] = []
    for start in stride(from: b * width, to: values.count, by: batch * width) { own += values[start..<start + width] }
    return own
  }

  /// Of so many steps that nobody waits for their end, but which can be asked for: their number is all that they cost memory.
  @Test func theCostOfAllSteps() throws {
    var fields = dnc_config.defaults
    (fields.input_size, fields.output_size, fields.memory_slots, fields.read_heads) = (1, 1, 65536, 256)
    let c = try Configuration(fields)
    #expect(Network<Float>.cost(c, parameterCount: 1, steps: 1) > 1 << 40)
    for steps in [1 << 23, Int.max] { #expect(Network<Float>.cost(c, parameterCount: 1, steps: steps) == Int.max) }
  }

  @Test func stepByStepEqualsAllAtOnce() throws {
    let c = try configuration()
    let steps = 40
    let inputs = numbers(steps * c.B * c.X, seed: 1)
    let gradients = numbers(steps * c.B * c.Y, seed: 2)
    var whole = try TestNetwork(c)
    let outputs = try whole.forward(inputs)
    // The record grows several times on the way.
    var stepwise = try TestNetwork(c)
    var stepOutputs: [Double] = []
    for t in 0..<steps { stepOutputs += try stepwise.forward(Array(inputs[t * c.B * c.X..<(t + 1) * c.B * c.X])) }
    #expect(stepOutputs == outputs)
    #expect(stepwise.backward(gradients) == whole.backward(gradients))
    #expect(stepwise.gradients == whole.gradients)

    var running = try TestNetwork(c, training: false)
    #expect(try running.forward(inputs) == outputs)
  }

  @Test func aSequenceDoesNotSeeItsBatch() throws {
    let c = try configuration()
    let steps = 7
    let inputs = numbers(steps * c.B * c.X, seed: 1)
    var together = try TestNetwork(c)
    let outputs = try together.forward(inputs)
    for b in 0..<c.B {
      var alone = try TestNetwork(try configuration(batch: 1))
      let own = sequence(b, of: inputs, width: c.X, batch: c.B)
      #expect(try alone.forward(own) == sequence(b, of: outputs, width: c.Y, batch: c.B))
    }
  }

  @Test func backwardKeepsTheState() throws {
    let c = try configuration()
    let inputs = numbers(6 * c.B * c.X, seed: 1)
    var broken = try TestNetwork(c)
    var whole = try TestNetwork(c)
    _ = try broken.forward(Array(inputs[..<(3 * c.B * c.X)]))
    _ = broken.backward(numbers(3 * c.B * c.Y, seed: 2))
    #expect(broken.network.recordedSteps == 0)
    let rest = try broken.forward(Array(inputs[(3 * c.B * c.X)...]))
    #expect(try whole.forward(inputs).suffix(rest.count) == rest[...])
  }

  @Test func estimateIsWhatIsAllocated() throws {
    let c = try configuration()
    let record = try Record<Float>.bytes(c, capacity: 10, threads: c.threadCount)
    let allocated = try Record<Float>(c, capacity: 10, threads: 2)
    #expect(allocated.capacity == 10)
    #expect(try Network<Float>.bytes(c, steps: 10) > record)
    #expect(throws: Failure.self) { try Record<Float>.bytes(c, capacity: Int.max, threads: 2) }
  }
}
