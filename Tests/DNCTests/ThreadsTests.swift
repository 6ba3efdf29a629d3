import CDNC
import CPlatform
import Dispatch
import Testing

@testable import DNC

/// Made for the thread sanitizer: `make test-threads`. One test after the other: crews of several tests would wait for the same workers.
@Suite(.serialized) struct ThreadsTests {
  /// Several sequences, or one with links large enough to be cut.
  private func configuration(
    threads: UInt32, slots: UInt32 = 24, batch: UInt32 = 6, hidden: UInt32 = 48
  ) throws -> Configuration {
    var fields = dnc_config.defaults
    (fields.input_size, fields.output_size, fields.hidden_size, fields.read_heads) = (3, 2, hidden, 2)
    (fields.memory_slots, fields.word_size) = (slots, 8)
    (fields.batch_size, fields.num_threads) = (batch, threads)
    return try Configuration(fields)
  }

  /// Inputs and output gradients.
  private static func numbers(_ c: Configuration, steps: Int) -> (inputs: [Float], outputGradients: [Float]) {
    var random = Random(seed: 5)
    return (
      (0..<steps * c.B * c.X).map { _ in 2 * random.uniform() - 1 },
      (0..<steps * c.B * c.Y).map { _ in 2 * random.uniform() - 1 }
    )
  }

  private static func copy<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let copy = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
    copy.initialize(from: elements, count: elements.count)
    return copy
  }

  /// Outputs and gradients of an episode.
  private static func train(_ network: inout Network<Float>) throws -> [Float] {
    let c = network.configuration
    let steps = c.B == 1 ? 6 : 40
    let (inputs, outputGradients) = numbers(c, steps: steps)
    var outputs = [Float](repeating: .nan, count: outputGradients.count)
    network.reset()
    network.setTraining(true)
    try network.forward(steps: steps, inputs: inputs, outputs: &outputs)
    network.backward(outputGradients: outputGradients, inputGradients: nil)
    return outputs + array(network.gradients.start, network.parameterCount)
  }

  /// The same, and the gradients of the inputs, with a crew of so many threads, however long they wait for each other.
  private static func train(_ network: inout Network<Float>, crewOf members: Int) throws -> [Float] {
    let c = network.configuration
    let steps = 12
    let numbers = numbers(c, steps: steps)
    let (inputs, outputGradients) = (copy(numbers.inputs), copy(numbers.outputGradients))
    let flags = copy((0..<steps * c.B).map { $0 == 5 * c.B || $0 == 7 * c.B + c.B - 1 ? 1 as UInt8 : 0 })
    let outputs = copy([Float](repeating: .nan, count: numbers.outputGradients.count))
    let inputGradients = copy([Float](repeating: .nan, count: numbers.inputs.count))
    defer {
      for numbers in [inputs, outputGradients, outputs, inputGradients] { numbers.deallocate() }
      flags.deallocate()
    }
    network.setTraining(true)
    func run(_ pass: Network<Float>.Pass) {
      var crew = Crew(count: max(members, 1), start: 60_000_000_000, long: 60_000_000_000)
      network.run(steps: steps, crew: &crew) {
        Network.Shard(network: $0, crew: members > 0 ? $1 : nil, steps: steps, pass: pass)
      }
      #expect(!crew.hasWaited)
    }
    try network.prepare(for: .rows(inputs), steps: steps)
    let starts = network.starts(flags)
    let count = try network.prepareStarts(starts, steps: steps)
    network.packWeights()
    run(.recorded(first: 0, inputs: .rows(inputs), outputs: outputs))
    network.tookSteps(steps, starts: count)
    network.beginBackward()
    let startGradients = network.startGradients
    run(
      .backward(
        network.stateGradient, startGradients, outputGradients: outputGradients, inputGradients: inputGradients))
    network.finishBackward(steps: steps, startGradients)
    return array(outputs, numbers.outputGradients.count) + array(inputGradients, numbers.inputs.count)
      + array(network.gradients.start, network.parameterCount)
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

  /// Each controller, with and without layer norms, where some of the three threads have no sequence, one or two. An episode starts
  /// within the steps.
  @Test(arguments: [1, 2, 3, 5] as [UInt32], [.lstm, .feedforward, .gru, .rnn] as [Controller])
  func aCrewSharesProducts(batch: UInt32, controller: Controller) throws {
    var fields = try configuration(threads: 3, batch: batch, hidden: controller == .feedforward ? 250 : 150).fields
    (fields.controller, fields.num_layers) = (controller.rawValue, 2)
    if batch != 1 { (fields.controller_norm, fields.interface_norm) = (1, 1) }
    var together = try Network<Float>(Configuration(fields))
    try #require(together.shards.crew == 3)
    fields.num_threads = 1
    var alone = try Network<Float>(Configuration(fields))
    #expect(try Self.train(&together, crewOf: 3) == Self.train(&alone, crewOf: 0))
  }

  /// There is scratch for two threads, and a third may take the second shard.
  @Test func anyThreadTakesAShardWithItsScratch() throws {
    let network = try Network<Float>(configuration(threads: 3, batch: 2))
    let rooms = (0..<3).map { network.shard(1, thread: $0).memory.room }
    #expect(rooms == [rooms[1], rooms[1], rooms[1]])
    #expect(network.shard(0, thread: 0).memory.room < rooms[1])
  }

  @Test func membersSeeWhatTheOthersDid() throws {
    var meeting = try Meeting(members: 4)
    try meeting.run()
    #expect(meeting.rounds == [500, 500, 500, 500])
    #expect(meeting.faults == [0, 0, 0, 0])
  }

  @Test func aCrewEndsForAllOfItsMembersAtOnce() throws {
    var meeting = try Meeting(members: 4)
    meeting.leaver = (2, 123)
    try meeting.run()
    #expect(meeting.rounds == [123, 123, 123, 123])
    #expect(meeting.faults == [0, 0, 0, 0])
    #expect(!meeting.hasWaited)
  }

  @Test func aMemberThatLeavesBeforeTheFirstMeeting() throws {
    var meeting = try Meeting(members: 3)
    meeting.leaver = (1, 0)
    try meeting.run()
    #expect(meeting.rounds == [0, 0, 0])
  }

  @Test func aCrewThatDoesNotComeInTime() throws {
    var meeting = try Meeting(members: 3, start: 0)
    meeting.pause = (1, 0)
    try meeting.run()
    #expect(meeting.rounds == [0, 0, 0])
    #expect(meeting.hasWaited)
  }

  @Test func aCrewOfWhichOneIsLate() throws {
    var meeting = try Meeting(members: 3, long: 1_000_000)
    meeting.pause = (2, 50)
    try meeting.run()
    #expect(meeting.rounds.allSatisfy { $0 == meeting.rounds[0] })
    #expect((1...51).contains(meeting.rounds[0]))
    #expect(meeting.faults == [0, 0, 0])
    #expect(meeting.hasWaited)
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

/// A crew that meets up to 500 times. Each member writes the round in its place, and then looks at the places of all.
private struct Meeting {
  let members: Int
  private var crew: Crew
  /// A member that leaves after so many rounds, and one that is late for one.
  var leaver: (member: Int, round: Int)?
  var pause: (member: Int, round: Int)?
  private(set) var rounds: [Int] = []
  private(set) var faults: [Int] = []
  var hasWaited: Bool { crew.hasWaited }

  init(members: Int, start: UInt64 = 10_000_000_000, long: UInt64 = 10_000_000_000) throws {
    self.members = members
    crew = Crew(count: members, start: start, long: long)
  }

  mutating func run() throws {
    let threads = Threads(count: members)
    let places = UnsafeMutablePointer<Int>.allocate(capacity: 3 * members)
    places.initialize(repeating: 0, count: 3 * members)
    withUnsafeMutablePointer(to: &crew) {
      threads.team.run(
        members, cost: .max, crew: $0,
        Member(crew: $0, places: places, members: members, leaver: leaver, pause: pause))
    }
    rounds = (0..<members).map { places[members + $0] }
    faults = (0..<members).map { places[2 * members + $0] }
    places.deallocate()
  }

  private struct Member: ThreadWork {
    let crew: UnsafeMutablePointer<Crew>
    let places: UnsafeMutablePointer<Int>
    let members: Int
    let leaver, pause: (member: Int, round: Int)?

    func run(_ index: Int, thread: Int) {
      let member = Crew.Member(crew: crew, index: index)
      for round in 0..<500 {
        if let leaver, leaver == (index, round) { return member.leave() }
        if let pause, pause == (index, round) { usleep(50_000) }
        guard member.begin() else { return }
        places[index] = round + 1
        member.end()
        for other in 0..<members where places[other] != round + 1 { places[2 * members + index] += 1 }
        places[members + index] = round + 1
      }
    }
  }
}
