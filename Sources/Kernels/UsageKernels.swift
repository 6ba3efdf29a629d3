// What goes over all slots. See `Usage` for what it computes, here with one write head.

@export(interface) public func usageForward(
  _ slots: Int, _ readHeads: Int, _ freeGates: UnsafePointer<Float>, _ previousReadWeights: UnsafePointer<Float>,
  _ previousWriteWeights: UnsafePointer<Float>, _ previousUsage: UnsafePointer<Float>,
  _ usage: UnsafeMutablePointer<Float>
) {
  forEachVector(slots) { n, count in
    let u = load(previousUsage + n, count)
    let written = load(previousWriteWeights + n, count)
    let kept = retention(readHeads, except: -1, freeGates, previousReadWeights + n, slots, count)
    store((u + written - u * written) * kept, usage + n, count)
  }
}

@export(interface) public func usageBackward(
  _ slots: Int, _ readHeads: Int, _ stopped: Bool, _ freeGates: UnsafePointer<Float>,
  _ previousReadWeights: UnsafePointer<Float>, _ previousWriteWeights: UnsafePointer<Float>,
  _ previousUsage: UnsafePointer<Float>, _ usageGradient: UnsafeMutablePointer<Float>,
  _ freeGatesGradient: UnsafeMutablePointer<Float>, _ readWeightsGradient: UnsafeMutablePointer<Float>,
  _ writeWeightsGradient: UnsafeMutablePointer<Float>
) {
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
