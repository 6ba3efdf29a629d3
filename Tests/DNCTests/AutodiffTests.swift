import Autodiff
import Testing

@testable import DNC

/// The autodiff, which the hand-derived gradients are compared with: every operation against central differences, and the model
/// made of them against the golden files.
@Suite struct AutodiffTests {
  typealias M = Matrix<Double>

  struct Operation: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Rows and columns of the operands.
    let shapes: [(rows: Int, columns: Int)]
    let range: ClosedRange<Double>
    let apply: @Sendable ([M]) -> M

    init(
      _ name: String, _ shapes: (Int, Int)..., in range: ClosedRange<Double> = -2...2,
      apply: @escaping @Sendable ([M]) -> M
    ) {
      testDescription = name
      self.shapes = shapes.map { (rows: $0.0, columns: $0.1) }
      self.range = range
      self.apply = apply
    }
  }

  static let operations = [
    Operation("sigmoid", (3, 4)) { $0[0].sigmoid },
    Operation("tanh", (3, 4)) { $0[0].tanh },
    Operation("relu", (3, 4)) { $0[0].relu },
    Operation("softplus", (3, 4), in: -30...30) { $0[0].softplus },
    Operation("oneplus", (3, 4)) { $0[0].oneplus },
    Operation("square root", (3, 4), in: 0.5...2) { $0[0].squareRoot },
    Operation("logarithm", (3, 4), in: 0.5...2) { $0[0].logarithm },
    Operation("clamp", (5, 6)) { $0[0].clamped(to: 0.7) },
    Operation("clamp of none", (3, 4)) { $0[0].clamped(to: 0) },
    Operation("number + x", (3, 4)) { 3 + $0[0] },
    Operation("number − x", (3, 4)) { 3 - $0[0] },
    Operation("number · x", (3, 4)) { 3 * $0[0] },
    Operation("a + b", (3, 4), (3, 4)) { $0[0] + $0[1] },
    Operation("a − b", (3, 4), (3, 4)) { $0[0] - $0[1] },
    Operation("a ∘ b", (3, 4), (3, 4)) { $0[0] * $0[1] },
    Operation("a / b", (3, 4), (3, 4), in: 0.5...2) { $0[0] / $0[1] },
    Operation("x ∘ x", (3, 4)) { $0[0] * $0[0] },
    Operation("matrix + row", (3, 4), (1, 4)) { $0[0] + $0[1] },
    Operation("column − matrix", (3, 1), (3, 4)) { $0[0] - $0[1] },
    Operation("matrix ∘ one number", (3, 4), (1, 1)) { $0[0] * $0[1] },
    Operation("row / column", (1, 4), (3, 1), in: 0.5...2) { $0[0] / $0[1] },
    Operation("outer product", (3, 1), (1, 4)) { $0[0] * $0[1] },
    Operation("a b", (3, 10), (10, 4)) { $0[0].times($0[1]) },
    Operation("a bᵀ", (3, 10), (4, 10)) { $0[0].times(transposed: $0[1]) },
    Operation("a aᵀ", (3, 10)) { $0[0].times(transposed: $0[0]) },
    Operation("other rows", (3, 4)) { $0[0].reshaped(columns: 6) },
    Operation("rows", (5, 4)) { $0[0].rows(1..<3) },
    Operation("columns", (5, 4)) { $0[0].columns(1..<3) },
    Operation("joined rows", (2, 4), (1, 4), (3, 4)) { .joined(rows: $0) },
    Operation("joined columns", (3, 2), (3, 1), (3, 4)) { .joined(columns: $0) },
    Operation("joined with itself", (3, 2)) { .joined(columns: [$0[0], $0[0]]) },
    Operation("without diagonal", (4, 4)) { $0[0].withoutDiagonal },
    Operation("gather", (1, 4)) { $0[0].gathered([2, 0, 3, 1]) },
    Operation("scatter", (1, 4)) { $0[0].scattered([2, 0, 3, 1]) },
    Operation("sum", (3, 4)) { $0[0].sum },
    Operation("row sums", (3, 4)) { $0[0].rowSums },
    Operation("softmax", (3, 4)) { $0[0].softmax },
    Operation("log softmax", (3, 4)) { $0[0].logSoftmax },
    Operation("exclusive products", (2, 5)) { $0[0].exclusiveProducts },
    Operation("sigmoid cross-entropy", (3, 4), (3, 4)) { $0[0].sigmoidCrossEntropy($0[1], mask: mask($0[0])) },
    Operation("softmax cross-entropy", (3, 4), (3, 4)) { $0[0].softmaxCrossEntropy($0[1], mask: mask($0[0])) },
    Operation("grouped softmax", (3, 6), (3, 6)) {
      $0[0].softmaxCrossEntropy($0[1], mask: mask($0[0]), groupSize: 2)
    },
    Operation("squared error", (3, 4), (3, 4)) { $0[0].squaredError($0[1], mask: mask($0[0])) },
  ]

  /// Of three rows, for the losses.
  private static func mask(_ z: M) -> M { z.tape.constant([1, 0, 0.3], columns: 1) }

  @Test(arguments: operations) func againstDifferences(_ operation: Operation) {
    var random = Random(seed: 5)
    func numbers(_ count: Int) -> [Double] {
      let middle = (operation.range.lowerBound + operation.range.upperBound) / 2
      return (0..<count).map { _ in middle + random.uniform(within: operation.range.upperBound - middle) }
    }
    let operands = operation.shapes.map { numbers($0.rows * $0.columns) }
    func result(_ operands: [[Double]], on tape: Tape<Double>) -> (operands: [M], y: M) {
      let matrices = zip(operands, operation.shapes).map { tape.variable($0, columns: $1.columns) }
      return (matrices, operation.apply(matrices))
    }
    let tape = Tape<Double>()
    let (matrices, y) = result(operands, on: tape)
    let yGradient = numbers(y.count)
    tape.backward(from: y, gradient: yGradient)

    for (n, operand) in operands.enumerated() {
      let found = matrices[n].gradient
      for i in operand.indices {
        func loss(_ move: Double) -> Double {
          var moved = operands
          moved[n][i] += move
          return zip(result(moved, on: Tape()).y.values, yGradient).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let step = 1e-6
        let quotient = (loss(step) - loss(-step)) / (2 * step)
        #expect(abs(quotient - found[i]) <= 1e-7 * max(1, abs(quotient)), "operand \(n)[\(i)]")
      }
    }
  }

  @Test func stoppedGradients() {
    let tape = Tape<Double>()
    let x = tape.variable([2, 3], columns: 2)
    tape.backward(from: (x.stopped * x).sum)
    #expect(x.gradient == [2, 3])
  }

  @Test func clampPassesGradientsUpToTheBound() {
    let tape = Tape<Double>()
    let x = tape.variable([-2, -1, -0.5, 1, 1.001], columns: 5)
    tape.backward(from: x.clamped(to: 1).sum)
    #expect(x.gradient == [0, 1, 1, 1, 0])
  }

  @Test func productsPassGradientsToAFactorThatIsZero() {
    let tape = Tape<Double>()
    let x = tape.variable([2, 0, 3, 5], columns: 4)
    tape.backward(from: x.exclusiveProducts.sum)
    #expect(x.gradient == [1, 8, 0, 0])
  }

  @Test func whatIsConstantIsNotRecorded() {
    let tape = Tape<Double>()
    let x = tape.constant([1, 2], columns: 2)
    let y = (x * x).sum
    #expect(tape.count == 0)
    #expect(y.values == [5])
    #expect(x.gradient == [0, 0])
  }

  @Test(arguments: GoldenTests.all) func golden(name: String) throws {
    var golden = try GoldenFile(name)
    let options = Options(golden)
    let shapes = options.parameterShapes
    let parameters = try shapes.flatMap { try golden.take("param.\($0.name)") }

    let episode = AutodiffEpisode(options, parameters: parameters, inputs: try golden.take("inputs"))
    golden.check("outputs", episode.outputs.values)
    golden.check(traces: episode.states.map { $0.pieces(\.values) })
    golden.check("final", episode.states.last!.pieces(\.values))

    episode.tape.backward(from: episode.outputs, gradient: try golden.take("output_gradients"))
    golden.check("input_gradients", episode.inputGradients)
    for (shape, parameter) in zip(shapes, episode.model.parameters) {
      golden.check("grad.\(shape.name)", parameter.gradient)
    }
    golden.check("state_gradients", episode.start.pieces(\.gradient))
    golden.expectAllCompared()
  }

  /// With the same units dropped in every step and sequence, dropout is another output weight.
  @Test func dropout() {
    let options = Options(X: 3, Y: 2, H: 4, L: 2, N: 3, W: 2, R: 2, B: 2)
    let (steps, rate) = (3, 0.3)
    let kept: [Double] = [1, 0, 1, 1, 0, 1, 0, 1]
    var random = Random(seed: 5)
    func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in random.uniform(within: 1) } }
    let shapes = options.parameterShapes
    let parameters = shapes.map { numbers($0.rows * $0.columns) }
    let inputs = numbers(steps * options.B * options.X)
    let outputGradients = numbers(steps * options.B * options.Y)
    let output = shapes.firstIndex { $0.name == "output.weight" }!
    let scales = kept.map { $0 / (1 - rate) } + [Double](repeating: 1, count: options.R * options.W)
    func scaled(_ weight: [Double]) -> [Double] { weight.indices.map { weight[$0] * scales[$0 % scales.count] } }

    let masks = (0..<steps * options.B).flatMap { _ in kept }
    let found = AutodiffEpisode(
      options, parameters: parameters.flatMap(\.self), inputs: inputs, dropout: (rate, masks))
    var others = parameters
    others[output] = scaled(others[output])
    let expected = AutodiffEpisode(options, parameters: others.flatMap(\.self), inputs: inputs)
    #expect(relativeError(found.outputs.values, expected.outputs.values) <= 1e-12)

    for episode in [found, expected] { episode.tape.backward(from: episode.outputs, gradient: outputGradients) }
    #expect(relativeError(found.inputGradients, expected.inputGradients) <= 1e-12)
    for (n, shape) in shapes.enumerated() {
      let gradient = expected.model.parameters[n].gradient
      let error = relativeError(found.model.parameters[n].gradient, n == output ? scaled(gradient) : gradient)
      #expect(error <= 1e-12, "gradient of \(shape.name)")
    }
  }

  @Test(arguments: ["sigmoid_cross_entropy", "softmax_cross_entropy", "mean_squared_error"])
  func goldenLosses(name: String) throws {
    let file = try SafetensorsFile(golden: "losses")
    for logits in file.names where logits.hasPrefix("\(name).") && logits.hasSuffix(".logits") {
      let test = logits.dropLast(".logits".count)
      let tape = Tape<Double>()
      let z = tape.variable(file[logits]!, columns: file.shape(logits).last!)
      let targets = tape.constant(file["\(test).targets"]!, columns: z.columns)
      let mask = tape.constant(file["\(test).mask"]!, columns: 1)
      let loss =
        switch name {
        case "sigmoid_cross_entropy": z.sigmoidCrossEntropy(targets, mask: mask)
        case "softmax_cross_entropy": z.softmaxCrossEntropy(targets, mask: mask)
        default: z.squaredError(targets, mask: mask)
        }
      tape.backward(from: loss)
      #expect(relativeError(loss.values, file["\(test).loss"]!) <= 1e-12, "\(test)")
      #expect(relativeError(z.gradient, file["\(test).gradient"]!) <= 1e-12, "\(test)")
    }
  }
}
