// The kernels over all slots, for one write head. See `Usage` for what they compute.

import CKernels

func usageForward(_ operands: UnsafePointer<UsageForwardOperands>) {
  let o = operands.pointee
  let (slots, readHeads, freeGates, previousReadWeights) = (o.slots, o.readHeads, o.freeGates, o.previousReadWeights)
  let (previousWriteWeights, previousUsage, usage) = (o.previousWriteWeights, o.previousUsage, o.usage)
  forEachVector(slots) { n, count in
    let u = load(previousUsage + n, count)
    let written = load(previousWriteWeights + n, count)
    let kept = retention(readHeads, except: -1, freeGates, previousReadWeights + n, slots, count)
    store((u + written - u * written) * kept, usage + n, count)
  }
}

func usageBackward(_ operands: UnsafePointer<UsageBackwardOperands>) {
  let o = operands.pointee
  let (slots, readHeads, stopped, freeGates) = (o.slots, o.readHeads, o.stopped, o.freeGates)
  let (previousReadWeights, previousWriteWeights, previousUsage, usageGradient) = (
    o.previousReadWeights, o.previousWriteWeights, o.previousUsage, o.usageGradient
  )
  let (freeGatesGradient, readWeightsGradient, writeWeightsGradient) = (
    o.freeGatesGradient, o.readWeightsGradient, o.writeWeightsGradient
  )
  for i in 0..<readHeads {
    let gate = Vector(repeating: freeGates[i])
    var sums = Vector.zero
    forEachVector(slots) { n, count in
      let u = load(previousUsage + n, count)
      let written = load(previousWriteWeights + n, count)
      let others = retention(readHeads, except: i, freeGates, previousReadWeights + n, slots, count)
      let towardsHead = load(usageGradient + n, count) * (u + written - u * written) * others
      sums = sums.addingProduct(towardsHead, load(previousReadWeights + i * slots + n, count))
      let target = readWeightsGradient + i * slots + n
      store(load(target, count) - towardsHead * gate, target, count)
    }
    freeGatesGradient[i] -= total(sums)
  }
  forEachVector(slots) { n, count in
    let towardsUsed =
      load(usageGradient + n, count)
      * retention(readHeads, except: -1, freeGates, previousReadWeights + n, slots, count)
    let towardsWritten = towardsUsed * (1 - load(previousUsage + n, count))
    store(stopped ? .zero : towardsWritten, writeWeightsGradient + n, count)
    store(towardsUsed * (1 - load(previousWriteWeights + n, count)), usageGradient + n, count)
  }
}

/// Π_i (1 − f^i w^{r,i}) of some slots, without the factor `except`.
@inline(__always) private func retention(
  _ readHeads: Int, except: Int, _ freeGates: UnsafePointer<Float>, _ readWeights: UnsafePointer<Float>, _ slots: Int,
  _ count: Int
) -> Vector {
  var product = Vector(repeating: 1)
  for i in 0..<readHeads where i != except {
    product *= 1 - load(readWeights + i * slots, count) * freeGates[i]
  }
  return product
}
