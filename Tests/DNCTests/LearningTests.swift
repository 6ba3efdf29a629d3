import CDNC
import CPlatform
import Testing

@testable import DNC

/// Losses and optimizers in Double against the golden files.
@Suite struct LearningTests {
  @Test(arguments: ["sigmoid_cross_entropy", "softmax_cross_entropy", "mean_squared_error"])
  func losses(name: String) throws {
    let kinds: [String: Loss] = [
      "sigmoid_cross_entropy": .sigmoidCrossEntropy, "softmax_cross_entropy": .softmaxCrossEntropy,
      "mean_squared_error": .meanSquaredError,
    ]
    let file = try SafetensorsFile(golden: "losses")
    let cases = file.names.filter { $0.hasPrefix("\(name).") && $0.hasSuffix(".logits") }
      .map { String($0.dropLast(".logits".count)) }
    #expect(cases.count >= 5)
    for test in cases {
      let logits = try #require(file["\(test).logits"])
      let targets = try #require(file["\(test).targets"])
      let mask = try #require(file["\(test).mask"])
      var gradient = [Double](repeating: .nan, count: logits.count)
      let loss = kinds[name]!.evaluate(
        rows: mask.count, width: logits.count / mask.count, outputs: logits, targets: targets, mask: mask,
        gradients: &gradient)
      #expect(relativeError([loss], file["\(test).loss"]!) <= 1e-12, "\(test)")
      #expect(relativeError(gradient, file["\(test).gradient"]!) <= 1e-12, "\(test)")
    }
  }

  @Test(arguments: ["sgd", "rmsprop", "adam", "adamw"])
  func optimizers(name: String) throws {
    let file = try SafetensorsFile(golden: "optimizer_\(name)")
    let json = try file.json("config")
    func number(_ key: String, _ missing: Double) -> Double { json[key] as? Double ?? missing }
    var fields = dnc_optimizer_config.defaults
    fields.algorithm = UInt32(["sgd", "rmsprop", "adam", "adamw"].firstIndex(of: name)!)
    var configuration = try OptimizerConfiguration(fields)
    configuration.learningRate = number("learning_rate", .nan)
    configuration.momentum = number("momentum", 0)
    configuration.decay = number("decay", 0)
    configuration.beta1 = number("beta1", 0)
    configuration.beta2 = number("beta2", 0)
    configuration.epsilon = number("epsilon", 1)
    configuration.weightDecay = number("weight_decay", 0)

    var parameters = try #require(file["initial"])
    let gradients = try #require(file["gradients"])
    let expected = try #require(file["parameters"])
    let n = parameters.count
    let largest = expected.map { abs($0) }.max()!
    var optimizer = try Optimizer<Double>(configuration, parameterCount: n)
    for step in 0..<gradients.count / n {
      var gradient = Array(gradients[step * n..<(step + 1) * n])
      optimizer.step(parameters: &parameters, gradients: &gradient, norm: optimizer.norm(gradient))
      #expect(gradient.allSatisfy { $0 == 0 })
      for i in 0..<n {
        #expect(abs(parameters[i] - expected[step * n + i]) <= 1e-12 * largest, "\(name), step \(step), \(i)")
      }
    }
    #expect(optimizer.stepCount == UInt64(gradients.count / n))
  }

  /// In Float too, since in one case the squares overflow it and in one they vanish.
  @Test func gradientClipping() throws {
    let file = try SafetensorsFile(golden: "gradient_clipping")
    let gradients = try #require(file["gradients"])
    let norms = try #require(file["norm"])
    let clipped = try #require(file["clipped"])
    let n = gradients.count / norms.count
    for (i, maximum) in try #require(file["max_norm"]).enumerated() {
      // Momentum-free descent with rate 1 from 0 leaves minus the clipped gradient.
      var fields = dnc_optimizer_config.defaults
      (fields.algorithm, fields.learning_rate, fields.momentum) = (DNC_OPTIMIZER_SGD.rawValue, 1, 0)
      var configuration = try OptimizerConfiguration(fields)
      configuration.maxGradientNorm = maximum
      let expected = clipped[i * n..<(i + 1) * n].map { -$0 }

      var exact = try Optimizer<Double>(configuration, parameterCount: n)
      var exactGradient = Array(gradients[i * n..<(i + 1) * n])
      var exactParameters = [Double](repeating: 0, count: n)
      let exactNorm = exact.norm(exactGradient)
      #expect(relativeError([exactNorm], [norms[i]]) <= 1e-12)
      exact.step(parameters: &exactParameters, gradients: &exactGradient, norm: exactNorm)
      #expect(relativeError(exactParameters, expected) <= 1e-12)

      var single = try Optimizer<Float>(configuration, parameterCount: n)
      var gradient = gradients[i * n..<(i + 1) * n].map { Float($0) }
      var parameters = [Float](repeating: 0, count: n)
      let norm = single.norm(gradient)
      single.step(parameters: &parameters, gradients: &gradient, norm: norm)
      #expect(relativeError(parameters.map { Double($0) }, expected) <= 1e-5)
    }
  }
}
