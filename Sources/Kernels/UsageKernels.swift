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
    let s = (epsilon + (1 - epsilon) * load(usage + n, part)) * 65536
    let positive = choose(.zero, lessThan: s, s, else: .zero)
    let bounded = choose(positive, lessThan: Vector(repeating: 262143), positive, else: Vector(repeating: 262143))
    // Adding 2²³ rounds to a whole number, to even ones, and leaves it in the lowest bits.
    let bits = unsafeBitCast(bounded + 8_388_608, to: Bits.self) & 0x7F_FFFF
    store(unsafeBitCast(bits, to: Vector.self), floats(keys) + n, part)
  }
}

/// The slots in ascending order of their keys, by a bitonic sort: sorted runs of one size become runs of twice that, each
/// second of them descending. Descending runs are sorted with all bits turned.
func sortKeys(_ operands: UnsafePointer<SortKeysOperands>) {
  let o = operands.pointee
  let (count, keys, order) = (o.count, o.keys, o.order)
  var end = lanes
  while end < count { end *= 2 }
  var n = 0
  while n < end {
    var x = numbered(bits(keys + n), n, count)
    x = turned(merged(turned(x, 2), from: 1), 2)
    x = turned(merged(turned(x, 4), from: 2), 4)
    if lanes == 16 { x = turned(merged(turned(x, 8), from: 4), 8) }
    store(x, keys + n)
    n += lanes
  }
  var size = lanes
  while size <= end {
    var distance = size / 2
    while distance >= lanes {
      exchange(end, keys, distance, size)
      distance /= 2
    }
    n = 0
    while n < end {
      let turn = Bits(repeating: n & size == 0 ? 0 : .max)
      store(merged(bits(keys + n) ^ turn, from: lanes / 2) ^ turn, keys + n)
      n += lanes
    }
    size *= 2
  }
  forEachVector(count) { n, part in
    store(unsafeBitCast(bits(keys + n) & 0x3FFF, to: Vector.self), floats(order) + n, part)
  }
}

/// Exchanges numbers so far apart that the smaller comes first, or the larger in a descending run.
@inline(__always) private func exchange(
  _ end: Int, _ keys: UnsafeMutablePointer<UInt32>, _ distance: Int, _ size: Int
) {
  var n = 0
  while n < end {
    if n & distance == 0 {
      let (x, y) = (bits(keys + n), bits(keys + n + distance))
      let descends = n & size != 0
      store(smaller(x, y), keys + (descends ? n + distance : n))
      store(larger(x, y), keys + (descends ? n : n + distance))
    }
    n += lanes
  }
}

/// Sorts the lanes of every run of twice the distance, whose halves are sorted against each other.
@inline(__always) private func merged(_ x: Bits, from distance: Int) -> Bits {
  var x = x
  if distance >= 8 { x = exchanged(x, 8) }
  if distance >= 4 { x = exchanged(x, 4) }
  if distance >= 2 { x = exchanged(x, 2) }
  return exchanged(x, 1)
}

@inline(__always) private func bits(_ numbers: UnsafeMutablePointer<UInt32>) -> Bits {
  unsafeBitCast(load(floats(numbers)), to: Bits.self)
}

@inline(__always) private func store(_ x: Bits, _ numbers: UnsafeMutablePointer<UInt32>) {
  store(unsafeBitCast(x, to: Vector.self), floats(numbers))
}

@inline(__always) private func floats(_ numbers: UnsafeMutablePointer<UInt32>) -> Output {
  UnsafeMutableRawPointer(numbers).assumingMemoryBound(to: Float.self)
}

#if LANES_16
  @inline(__always) private func exchanged(_ x: Bits, _ distance: Int32) -> Bits { dnc_exchange16(x, distance) }
  @inline(__always) private func turned(_ x: Bits, _ size: Int32) -> Bits { dnc_turned16(x, size) }
  @inline(__always) private func numbered(_ x: Bits, _ first: Int, _ count: Int) -> Bits {
    dnc_numbered16(x, Int32(truncatingIfNeeded: first), Int32(truncatingIfNeeded: count))
  }
  @inline(__always) private func smaller(_ x: Bits, _ y: Bits) -> Bits { dnc_smaller16(x, y) }
  @inline(__always) private func larger(_ x: Bits, _ y: Bits) -> Bits { dnc_larger16(x, y) }
#else
  @inline(__always) private func exchanged(_ x: Bits, _ distance: Int32) -> Bits { dnc_exchange8(x, distance) }
  @inline(__always) private func turned(_ x: Bits, _ size: Int32) -> Bits { dnc_turned8(x, size) }
  @inline(__always) private func numbered(_ x: Bits, _ first: Int, _ count: Int) -> Bits {
    dnc_numbered8(x, Int32(truncatingIfNeeded: first), Int32(truncatingIfNeeded: count))
  }
  @inline(__always) private func smaller(_ x: Bits, _ y: Bits) -> Bits { dnc_smaller8(x, y) }
  @inline(__always) private func larger(_ x: Bits, _ y: Bits) -> Bits { dnc_larger8(x, y) }
#endif
