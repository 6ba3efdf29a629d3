import CKernels
import Testing

@testable import DNC

/// The passes over the links, and over all slots.
extension KernelTests {
  @Test(arguments: levels) func links(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 5)
    for (slots, _, heads) in KernelTests.shapes {
      let share = 1 / Float(slots)
      let write = Numbers(slots, &random, from: 0, to: share)
      let precedence = Numbers(slots, &random, from: 0, to: share)
      let read = Numbers(heads * slots, &random, from: 0, to: share)
      let previous = Numbers(slots * slots, &random, from: 0, to: share)
      let link = Numbers(slots * slots, &random)
      let steps = slots % 9
      let scratch = Numbers(LinkParts(slots: slots, readHeads: heads, steps: steps + 1).scratchCount, &random)
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
          backwardStride: stride, scratch: scratch.float))
      for numbers in [link, forward, backward] { expect(numbers, "links \(slots), \(heads) heads") }

      let writes = Numbers((steps + 1) * stride, &random, from: 0, to: share)
      let precedences = Numbers((steps + 1) * stride, &random, from: 0, to: share)
      let kept = Numbers(slots * slots, &random)
      let linkGradient = Numbers(slots * slots, &random)
      let writeGradient = Numbers(slots, &random)
      let precedenceGradient = Numbers(slots, &random)
      let readGradient = Numbers(heads * slots, &random)
      TemporalLinks.backward(
        slots: slots, readHeads: heads,
        history: LinkHistory(
          link: previous.exact, steps: steps, writeWeightings: writes.exact, precedences: precedences.exact,
          stride: stride, kept: steps > 0 ? kept.exact : nil, keptSteps: steps / 2),
        previousReadWeights: read.exact, forwardGradient: Rows(forward.exact, stride: stride),
        backwardGradient: Rows(backward.exact, stride: stride),
        linkGradient: linkGradient.exact, writeWeightingGradient: writeGradient.exact,
        precedenceGradient: precedenceGradient.exact, readWeightsGradient: readGradient.exact,
        scratch: scratch.exact, team: nil)
      let cut = slots / 2 & ~7
      for rows in [0..<cut, cut..<slots] {
        run(
          kernels.linksBackward,
          LinksBackwardOperands(
            first: rows.lowerBound, end: rows.upperBound, slots: slots, readHeads: heads, steps: steps,
            stepStride: stride, link: previous.float, writeWeightings: writes.float, precedences: precedences.float,
            kept: steps > 0 ? kept.float : nil, keptSteps: steps / 2, previousReadWeights: read.float,
            scratch: scratch.float, forwardGradient: forward.float,
            forwardStride: stride, backwardGradient: backward.float, backwardStride: stride,
            linkGradient: linkGradient.float, writeWeightingGradient: writeGradient.float,
            precedenceGradient: precedenceGradient.float, readWeightsGradient: readGradient.float))
      }
      // Nobody relies on the diagonal of the kept links.
      for i in 0..<slots { (kept.float[i * slots + i], kept.exact[i * slots + i]) = (0, 0) }
      for numbers in [kept, linkGradient, writeGradient, precedenceGradient, readGradient] {
        expect(numbers, "links backward \(slots), \(heads) heads", tolerance: 1e-5)
      }
      #expect(scratch.isIntact)
    }
  }

  @Test(arguments: levels) func slots(level: String) throws {
    let kernels = try kernels(of: level)
    var random = Random(seed: 6)
    for (slots, _, heads) in KernelTests.shapes {
      let x = Numbers(slots, &random)
      let y = Numbers(slots, &random)
      let scaled = Numbers(slots, &random)
      addScaled(slots, 0.7, x.exact, to: y.exact)
      run(kernels.addScaled, ScaledOperands(count: slots, a: 0.7, x: x.float, y: y.float))
      scale(slots, -1.5, x.exact, to: scaled.exact)
      run(kernels.scale, ScaledOperands(count: slots, a: -1.5, x: x.float, y: scaled.float))
      for numbers in [y, scaled] { expect(numbers, "\(slots) slots") }

      let gates = Numbers(heads, &random, from: 0)
      let read = Numbers(heads * slots, &random, from: 0)
      let write = Numbers(slots, &random, from: 0)
      let previous = Numbers(slots, &random, from: 0)
      let usage = Numbers(slots, &random)
      let (retention, given) = (Numbers(slots, &random), Numbers(slots, &random))
      Usage.forward(
        slots: slots, readHeads: heads, writeHeads: 1, freeGates: gates.exact, previousReadWeights: read.exact,
        previousWriteWeights: write.exact, previousUsage: previous.exact, usage: usage.exact,
        retention: retention.exact)
      run(
        kernels.usageForward,
        UsageForwardOperands(
          slots: slots, readHeads: heads, freeGates: gates.float, previousReadWeights: read.float,
          previousWriteWeights: write.float, previousUsage: previous.float, usage: usage.float,
          retention: retention.float))
      for numbers in [usage, retention] { expect(numbers, "usage \(slots), \(heads) heads") }
      for stopped in [false, true] {
        let gradient = Numbers(slots, &random)
        let gatesGradient = Numbers(heads, &random)
        let readGradient = Numbers(heads * slots, &random)
        let writeGradient = Numbers(slots, &random)
        Usage.backward(
          slots: slots, readHeads: heads, writeHeads: 1, stopped: stopped, freeGates: gates.exact,
          previousReadWeights: read.exact, previousWriteWeights: write.exact, previousUsage: previous.exact,
          retentionGradient: stopped ? In(given.exact) : nil, usageGradient: gradient.exact,
          freeGatesGradient: gatesGradient.exact,
          readWeightsGradient: readGradient.exact, writeWeightsGradient: writeGradient.exact)
        run(
          kernels.usageBackward,
          UsageBackwardOperands(
            slots: slots, readHeads: heads, stopped: stopped, freeGates: gates.float, previousReadWeights: read.float,
            previousWriteWeights: write.float, previousUsage: previous.float,
            retentionGradient: stopped ? In(given.float) : nil, usageGradient: gradient.float,
            freeGatesGradient: gatesGradient.float, readWeightsGradient: readGradient.float,
            writeWeightsGradient: writeGradient.float))
        for numbers in [gradient, gatesGradient, readGradient, writeGradient] {
          expect(numbers, "usage backward \(slots), \(heads) heads")
        }
      }
    }
  }
}
