// The kernels over all slots, for one write head. See `Usage` for what they compute.

import CKernels
import CVector

func usageForward(_ operands: UnsafePointer<UsageForwardOperands>) {
  let o = operands.pointee
  let (slots, readHeads, freeGates, previousReadWeights) = (o.slots, o.readHeads, o.freeGates, o.previousReadWeights)
  let (previousWriteWeights, previousUsage, usage) = (o.previousWriteWeights, o.previousUsage, o.usage)
  forEachVector(slots) { n, count in
    let u = load(previousUsage + n, count)
    let written = load(previousWriteWeights + n, count)
    let kept = retention(readHeads, except: -1, freeGates, previousReadWeights + n, slots, count)
    store((u + written - u * written) * kept, usage + n, count)
    if let retention = o.retention { store(kept, retention + n, count) }
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
      var towardsRetention = load(usageGradient + n, count) * (u + written - u * written)
      if let given = o.retentionGradient { towardsRetention += load(given + n, count) }
      let towardsHead = towardsRetention * others
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

/// round(s · 2¹⁶) for the free list: see `FreeList` for it and its bounds.
func usageKeys(_ operands: UnsafePointer<UsageKeysOperands>) {
  let (usage, keys) = (operands.pointee.usage, operands.pointee.keys)
  forEachVector(operands.pointee.count) { n, part in
    let s = (1e-6 + (1 - 1e-6) * load(usage + n, part)) * 65536
    let positive = choose(.zero, lessThan: s, s, else: .zero)
    let bounded = choose(positive, lessThan: Vector(repeating: 262143), positive, else: Vector(repeating: 262143))
    // Adding 2²³ rounds to a whole number, to even ones, and leaves it in the lowest bits.
    let bits = unsafeBitCast(bounded + 8_388_608, to: Bits.self) & 0x7F_FFFF
    store(unsafeBitCast(bits, to: Vector.self), floats(keys) + n, part)
  }
}

/// The slots in ascending order of their keys, for up to 128 of them. Each one's place is the number of those before it.
func sortKeys(_ operands: UnsafePointer<SortKeysOperands>) {
  let o = operands.pointee
  let (count, keys, order) = (o.count, o.keys, o.order)
  // Equal keys go by the slot.
  for n in 0..<count { keys[n] = keys[n] << 7 | UInt32(truncatingIfNeeded: n) }
  forEachVector(count) { n, part in
    let those = unsafeBitCast(load(floats(keys) + n, part), to: Bits.self)
    var places = Bits.zero
    for m in 0..<count { places = counting(places, Bits(repeating: keys[m]), lessThan: those) }
    store(unsafeBitCast(places, to: Vector.self), floats(keys + count) + n, part)
  }
  for n in 0..<count { order[Int(keys[count + n])] = UInt32(truncatingIfNeeded: n) }
}

@inline(__always) private func floats(_ numbers: UnsafeMutablePointer<UInt32>) -> Output {
  UnsafeMutableRawPointer(numbers).assumingMemoryBound(to: Float.self)
}

/// `counts`, plus 1 in every lane where a < b.
@inline(__always) private func counting(_ counts: Bits, _ a: Bits, lessThan b: Bits) -> Bits {
  #if LANES_16
    dnc_count_less16(counts, a, b)
  #else
    dnc_count_less8(counts, a, b)
  #endif
}
