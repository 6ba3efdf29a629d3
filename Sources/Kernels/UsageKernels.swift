// What goes over all slots. See `Usage` for what it computes, here with one write head.

import CKernels

func usageForward(_ operands: UnsafePointer<UsageForwardOperands>) {
  let o = operands.pointee
  forEachVector(o.slots) { n, count in
    let u = load(o.previousUsage + n, count)
    let written = load(o.previousWriteWeights + n, count)
    let kept = retention(o.readHeads, except: -1, o.freeGates, o.previousReadWeights + n, o.slots, count)
    store((u + written - u * written) * kept, o.usage + n, count)
  }
}

func usageBackward(_ operands: UnsafePointer<UsageBackwardOperands>) {
  let o = operands.pointee
  for i in 0..<o.readHeads {
    let gate = Vector(repeating: o.freeGates[i])
    var sums = Vector.zero
    forEachVector(o.slots) { n, count in
      let u = load(o.previousUsage + n, count)
      let written = load(o.previousWriteWeights + n, count)
      let others = retention(o.readHeads, except: i, o.freeGates, o.previousReadWeights + n, o.slots, count)
      let towardsHead = load(o.usageGradient + n, count) * (u + written - u * written) * others
      sums = sums.addingProduct(towardsHead, load(o.previousReadWeights + i * o.slots + n, count))
      let target = o.readWeightsGradient + i * o.slots + n
      store(load(target, count) - towardsHead * gate, target, count)
    }
    o.freeGatesGradient[i] -= total(sums)
  }
  forEachVector(o.slots) { n, count in
    let towardsUsed =
      load(o.usageGradient + n, count)
      * retention(o.readHeads, except: -1, o.freeGates, o.previousReadWeights + n, o.slots, count)
    let towardsWritten = towardsUsed * (1 - load(o.previousUsage + n, count))
    store(o.stopped ? .zero : towardsWritten, o.writeWeightsGradient + n, count)
    store(towardsUsed * (1 - load(o.previousWriteWeights + n, count)), o.usageGradient + n, count)
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
