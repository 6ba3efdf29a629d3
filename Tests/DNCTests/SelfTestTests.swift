import CDNC
import CPlatform
import Testing

@testable import DNC

/// That the self-test passes, soon, and that it finds one wrong number anywhere and says where.
@Suite struct SelfTestTests {
  private func expectFailure(_ sentence: String, _ body: () throws -> Void) {
    #expect(throws: Failure.self, "\(sentence)") { try body() }
    #expect(lastSentence().contains(sentence), "\(lastSentence())")
  }

  @Test func passes() throws {
    #expect(dnc_self_test() == DNC_OK, "\(String(cString: dnc_last_error()))")
  }

  /// In every tensor's gradient, and in the inputs'.
  @Test(arguments: 0..<SelfTest.kinds) func aWrongGradientIsFound(kind: Int) throws {
    guard kind != SelfTest.everyKernel else { return }
    let episode = try SelfTest.episode(Double.self, kind)
    var probe = try episode.network.clone(sharingParameters: true)
    probe.setTraining(false)
    for tensor in ParameterLayout(configuration: episode.network.configuration) {
      let name = episode.network.parameterBlock.pointee.name(of: tensor.index)
      let gradients = episode.network.gradients.start + tensor.offset
      let right = gradients[0]
      let largest = array(gradients, tensor.count).map { abs($0) }.max()!
      for wrong in [right + 1e-4 * (0.1 + largest), -.infinity, .nan] {
        gradients[0] = wrong
        expectFailure("gradient of \(String(cString: name))[0] is") {
          try SelfTest.checkDifferences(
            episode, &probe, kind, name, tensor.count, episode.network.parameters.start + tensor.offset, gradients)
        }
        gradients[0] = right
      }
    }
    episode.inputGradients[episode.inputCount - 1] += 1e-3
    expectFailure("gradient of the inputs[\(episode.inputCount - 1)] is") {
      try SelfTest.checkDifferences(episode, kind)
    }
  }

  @Test func aGradientThatIsNotStoppedIsFound() throws {
    let stopped = try SelfTest.episode(Double.self, SelfTest.stoppedGradient)
    try SelfTest.checkStopped(stopped, SelfTest.stoppedGradient)
    let full = try SelfTest.episode(Double.self, 0)
    expectFailure("expected is 0") { try SelfTest.checkStopped(full, SelfTest.stoppedGradient) }
  }

  /// As a broken kernel would leave it.
  @Test(arguments: 0..<SelfTest.kinds) func aWrongNumberInSinglePrecisionIsFound(kind: Int) throws {
    let exact = try SelfTest.episode(Double.self, kind)
    let single = try SelfTest.episode(Float.self, kind)
    try SelfTest.checkSinglePrecision(single, against: exact, kind)
    func spoil(_ numbers: Out<Float>, _ count: Int, _ what: String) {
      let largest = array(numbers, count).map { abs($0) }.max()!
      for wrong in [numbers[count - 1] + 1e-3 * (0.01 + largest), .infinity, .nan] {
        let right = numbers[count - 1]
        numbers[count - 1] = wrong
        expectFailure("\(what)[\(count - 1)] is") {
          try SelfTest.checkSinglePrecision(single, against: exact, kind)
        }
        numbers[count - 1] = right
      }
    }
    spoil(single.outputs, single.outputCount, "output")
    spoil(single.inputGradients, single.inputCount, "input gradient")
    for tensor in ParameterLayout(configuration: exact.network.configuration) {
      let name = String(cString: UnsafeRawPointer(tensor.name.utf8Start).assumingMemoryBound(to: CChar.self))
      spoil(single.network.gradients.start + tensor.offset, tensor.count, name)
    }
  }

  @Test func aWrongUpdateIsFound() throws {
    let exact = try SelfTest.episode(Double.self, 0)
    let single = try SelfTest.episode(Float.self, 0)
    single.network.parameters.start[7] += 1e-4
    expectFailure("updated parameter[7] is") { try SelfTest.checkUpdate(single, against: exact, 0) }
  }

  @Test func aFileThatHoldsSomethingElseIsFound() throws {
    let single = try SelfTest.episode(Float.self, 1)
    let other = try SelfTest.episode(Float.self, 1)
    var optimizer = try Optimizer<Float>(
      OptimizerConfiguration(dnc_optimizer_config.defaults), parameterCount: single.network.parameterCount)
    let path = "/tmp/libdnc-self-test-\(getpid()).safetensors"
    defer { unlink(path) }
    try Checkpoint.save(path, network: single.network, optimizer: optimizer)
    try SelfTest.checkFile(path, single.network, optimizer)
    other.network.parameters.start[3] = 0
    expectFailure("does not hold") { try SelfTest.checkFile(path, other.network, optimizer) }
    optimizer.stepCount = 1
    expectFailure("does not hold") { try SelfTest.checkFile(path, single.network, optimizer) }
    optimizer.stepCount = 0
    optimizer.second[0] = 1
    expectFailure("does not hold") { try SelfTest.checkFile(path, single.network, optimizer) }
    truncate(path, 100)
    expectFailure(path) { try SelfTest.checkFile(path, single.network, optimizer) }
  }
}
