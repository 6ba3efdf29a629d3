import CDNC
import CKernels
import Testing

@testable import DNC

/// The sigmoid cross-entropy and the rules of the optimizers.
extension KernelTests {
  /// Both kinds of log(1 + e), logits whose exponentials vanish, every tail, and the longest row.
  @Test(arguments: levels) func sigmoidLoss(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 9)
    for scale in [Float(0), 0.1, 5, 20, 300, 2000] {
      for count in Array(1...17) + [960] {
        let z = Numbers(count, &random, from: -scale, to: scale)
        let q = Numbers(count, &random, from: 0)
        let gradient = Numbers(count, &random)
        let expected = Loss.sigmoidCrossEntropy.row(count, In(z.exact), In(q.exact), 0.25, gradient.exact)
        var product = Double.nan
        func loss(_ target: Out<Float>?) -> Double {
          withUnsafeMutablePointer(to: &product) {
            run(
              kernels.sigmoidLoss,
              SigmoidLossOperands(
                count: count, z: z.float, q: q.float, share: 0.25, gradient: target, product: $0))
          } + .log(product)
        }
        let found = loss(gradient.float)
        #expect(abs(found - expected) <= 1e-14 * expected, "loss of \(count) logits up to \(scale)")
        expect(gradient, "gradient of \(count) logits up to \(scale)", tolerance: 1e-7)
        #expect(loss(nil) == found)
      }
    }
  }

  /// Every length of a tail, with and without clipping: no parameter is passed over, and the gradients are 0 afterwards.
  @Test(arguments: levels) func updates(level: String) throws {
    let kernels = try kernels(of: level)
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
        let norm = run(kernels.sumOfSquares, SumOfSquaresOperands(count: count, gradients: gradients.float))
          .squareRoot()
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
}
