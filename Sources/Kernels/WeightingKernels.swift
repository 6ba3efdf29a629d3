// The kernels over all slots that mix weightings. See `WriteWeighting`, `ReadWeighting` and `Precedence` for what they
// compute.

import CKernels

func writeWeightingForward(_ operands: UnsafePointer<WriteWeightingForwardOperands>) {
  let o = operands.pointee
  let (allocation, content, weighting) = (o.allocation, o.content, o.weighting)
  let a = Vector(repeating: o.writeGate * o.allocationGate)
  let c = Vector(repeating: o.writeGate * (1 - o.allocationGate))
  forEachVector(o.slots) { n, count in
    store((load(allocation + n, count) * a).addingProduct(c, load(content + n, count)), weighting + n, count)
  }
}

func writeWeightingBackward(_ operands: UnsafePointer<WriteWeightingBackwardOperands>) {
  let o = operands.pointee
  let (allocation, content, weightingGradient) = (o.allocation, o.content, o.weightingGradient)
  let (allocationGradient, contentGradient) = (o.allocationGradient, o.contentGradient)
  let a = Vector(repeating: o.writeGate * o.allocationGate)
  let c = Vector(repeating: o.writeGate * (1 - o.allocationGate))
  var (allocationSums, contentSums) = (Vector.zero, Vector.zero)
  forEachVector(o.slots) { n, count in
    let gradient = load(weightingGradient + n, count)
    allocationSums = allocationSums.addingProduct(gradient, load(allocation + n, count))
    contentSums = contentSums.addingProduct(gradient, load(content + n, count))
    store(gradient * a, allocationGradient + n, count)
    store(gradient * c, contentGradient + n, count)
  }
  let (towardsAllocation, towardsContent) = (total(allocationSums), total(contentSums))
  o.writeGateGradient[0] += o.allocationGate * towardsAllocation + (1 - o.allocationGate) * towardsContent
  o.allocationGateGradient[0] += o.writeGate * (towardsAllocation - towardsContent)
}

func readWeightingForward(_ operands: UnsafePointer<ReadWeightingForwardOperands>) {
  let o = operands.pointee
  let (slots, writeHeads) = (o.slots, o.writeHeads)
  for head in 0..<o.readHeads {
    let modes = o.modes + head * (2 * writeHeads + 1)
    let (content, weighting) = (o.content + head * slots, o.weighting + head * slots)
    let backwardWeights = o.backwardWeights + head * writeHeads * slots
    let forwardWeights = o.forwardWeights + head * writeHeads * slots
    forEachVector(slots) { n, count in
      var sum = load(content + n, count) * modes[writeHeads]
      for k in 0..<writeHeads {
        let place = k * slots + n
        sum = sum.addingProduct(Vector(repeating: modes[k]), load(backwardWeights + place, count))
        sum = sum.addingProduct(Vector(repeating: modes[writeHeads + 1 + k]), load(forwardWeights + place, count))
      }
      store(sum, weighting + n, count)
    }
  }
}

func readWeightingBackward(_ operands: UnsafePointer<ReadWeightingBackwardOperands>) {
  let o = operands.pointee
  let (slots, writeHeads) = (o.slots, o.writeHeads)
  for head in 0..<o.readHeads {
    let (modes, modesGradient) = (o.modes + head * (2 * writeHeads + 1), o.modesGradient + head * (2 * writeHeads + 1))
    let (content, contentGradient) = (o.content + head * slots, o.contentGradient + head * slots)
    let weightingGradient = o.weightingGradient + head * slots
    var contentSums = Vector.zero
    for k in 0..<writeHeads {
      let place = (head * writeHeads + k) * slots
      let (backwardWeights, backwardGradient) = (o.backwardWeights + place, o.backwardGradient + place)
      let (forwardWeights, forwardGradient) = (o.forwardWeights + place, o.forwardGradient + place)
      let b = Vector(repeating: modes[k])
      let c = Vector(repeating: modes[writeHeads])
      let f = Vector(repeating: modes[writeHeads + 1 + k])
      var (backwardSums, forwardSums) = (Vector.zero, Vector.zero)
      forEachVector(slots) { n, count in
        let gradient = load(weightingGradient + n, count)
        backwardSums = backwardSums.addingProduct(gradient, load(backwardWeights + n, count))
        forwardSums = forwardSums.addingProduct(gradient, load(forwardWeights + n, count))
        store(gradient * b, backwardGradient + n, count)
        store(gradient * f, forwardGradient + n, count)
        if k == 0 {
          contentSums = contentSums.addingProduct(gradient, load(content + n, count))
          store(gradient * c, contentGradient + n, count)
        }
      }
      let found = totals(backwardSums, contentSums, forwardSums, .zero)
      modesGradient[k] += found[0]
      if k == 0 { modesGradient[writeHeads] += found[1] }
      modesGradient[writeHeads + 1 + k] += found[2]
    }
  }
}

func precedenceForward(_ operands: UnsafePointer<PrecedenceForwardOperands>) {
  let o = operands.pointee
  let (writeWeighting, previousPrecedence, precedence) = (o.writeWeighting, o.previousPrecedence, o.precedence)
  let kept = Vector(repeating: 1 - sum(o.slots, writeWeighting))
  forEachVector(o.slots) { n, count in
    let p = load(writeWeighting + n, count).addingProduct(kept, load(previousPrecedence + n, count))
    store(p, precedence + n, count)
  }
}

func precedenceBackward(_ operands: UnsafePointer<PrecedenceBackwardOperands>) {
  let o = operands.pointee
  let (writeWeighting, precedenceGradient) = (o.writeWeighting, o.precedenceGradient)
  let writeWeightingGradient = o.writeWeightingGradient
  let kept = Vector(repeating: 1 - sum(o.slots, writeWeighting))
  let keptGradient = Vector(repeating: dot(o.slots, precedenceGradient, o.previousPrecedence))
  forEachVector(o.slots) { n, count in
    let gradient = load(precedenceGradient + n, count)
    let target = writeWeightingGradient + n
    store(load(target, count) + (gradient - keptGradient), target, count)
    store(gradient * kept, precedenceGradient + n, count)
  }
}

@inline(__always) private func sum(_ count: Int, _ x: Input) -> Float {
  var sums = Vector.zero
  forEachVector(count) { i, n in sums += load(x + i, n) }
  return total(sums)
}
