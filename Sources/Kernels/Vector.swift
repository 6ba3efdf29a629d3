// The fast twins of the slowest mechanisms, for one CPU level. The same source is compiled for x86-64-v3, with eight
// lanes, for x86-64-v4, with sixteen, and for Arm's NEON, with eight in a pair of registers: there are as many pairs as
// AVX2 has registers. It has only functions on pointers and sizes. Generic or library code would be emitted for several
// levels under one name, and the linker would keep any one of them for all.
//
// Every output element adds its products in one order, whatever the number of rows computed with it. So a sequence's
// numbers don't depend on its batch.

import CKernels
import CVector

#if LANES_16
  typealias Vector = SIMD16<Float>
  typealias Bits = SIMD16<UInt32>
  let lanes = 16
#else
  typealias Vector = SIMD8<Float>
  typealias Bits = SIMD8<UInt32>
  let lanes = 8
#endif

extension Vector {
  /// self + a b, rounded once.
  @inline(__always) func addingProduct(_ a: Vector, _ b: Vector) -> Vector {
    #if LANES_16
      dnc_fma16(self, a, b)
    #else
      dnc_fma8(self, a, b)
    #endif
  }

  @inline(__always) func squareRoot() -> Vector {
    #if LANES_16
      dnc_sqrt16(self)
    #else
      dnc_sqrt8(self)
    #endif
  }
}

/// Eight numbers in double precision, on every level.
typealias Doubles = SIMD8<Double>

extension Doubles {
  /// self + a b, rounded once.
  @inline(__always) func addingProduct(_ a: Doubles, _ b: Doubles) -> Doubles { dnc_fma_double8(self, a, b) }
}

/// The first `count` elements, up to eight, 0 in the other lanes.
@inline(__always) func loadDoubles(_ source: Input, _ count: Int) -> Doubles {
  dnc_widen8(count == 8 ? dnc_load8(source) : dnc_load_part8(source, Int32(truncatingIfNeeded: count)))
}

@inline(__always) func total(_ numbers: Doubles) -> Double {
  let four = numbers.lowHalf + numbers.highHalf
  return (four.x + four.y) + (four.z + four.w)
}

/// In every lane, `x` where a < b, otherwise `y`; so `y` where a or b is NaN.
@inline(__always) func choose(_ a: Vector, lessThan b: Vector, _ x: Vector, else y: Vector) -> Vector {
  #if LANES_16
    dnc_choose16(a, b, x, y)
  #else
    dnc_choose8(a, b, x, y)
  #endif
}

// Zeros that stay in registers. Whether the compiler inlines `InlineArray(repeating:)`, without which they are in memory for
// good, depends on how often a module calls it.
@inline(__always) func zeros() -> InlineArray<2, Vector> {
  let zero = Vector.zero
  return [zero, zero]
}
@inline(__always) func zeros() -> InlineArray<4, Vector> {
  let zero = Vector.zero
  return [zero, zero, zero, zero]
}
@inline(__always) func zeros() -> InlineArray<8, Vector> {
  let zero = Vector.zero
  return [zero, zero, zero, zero, zero, zero, zero, zero]
}
@inline(__always) func zeros() -> InlineArray<12, Vector> {
  let zero = Vector.zero
  return [zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero]
}
@inline(__always) func zeros() -> InlineArray<16, Vector> {
  let zero = Vector.zero
  return [zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero]
}
@inline(__always) func zeros() -> InlineArray<24, Vector> {
  let zero = Vector.zero
  return [
    zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero,
    zero, zero, zero, zero, zero,
  ]
}

typealias Input = UnsafePointer<Float>
typealias Output = UnsafeMutablePointer<Float>

@inline(__always) func load(_ source: Input) -> Vector {
  #if LANES_16
    dnc_load16(source)
  #else
    dnc_load8(source)
  #endif
}

@inline(__always) func store(_ vector: Vector, _ target: Output) {
  #if LANES_16
    dnc_store16(vector, target)
  #else
    dnc_store8(vector, target)
  #endif
}

/// The first `count` elements, 0 in the other lanes.
@inline(__always) func load(_ source: Input, _ count: Int) -> Vector {
  count == lanes ? load(source) : loadPart(source, count)
}

@inline(__always) func store(_ vector: Vector, _ target: Output, _ count: Int) {
  if count == lanes { store(vector, target) } else { storePart(vector, target, count) }
}

@inline(__always) func loadPart(_ source: Input, _ count: Int) -> Vector {
  #if LANES_16
    dnc_load_part16(source, Int32(truncatingIfNeeded: count))
  #else
    dnc_load_part8(source, Int32(truncatingIfNeeded: count))
  #endif
}

#if LANES_16
  @inline(__always) func storePart(_ vector: Vector, _ target: Output, _ count: Int) {
    dnc_store_part16(vector, target, Int32(truncatingIfNeeded: count))
  }
#else
  /// Stores in pieces, because without AVX-512 a masked store is slow. Not inlined: it would be most of the code.
  @inline(never) private func storePart(_ vector: Vector, _ target: Output, _ count: Int) {
    var target = UnsafeMutableRawPointer(target)
    var four = vector.lowHalf
    if count & 4 != 0 {
      target.storeBytes(of: four, as: SIMD4<Float>.self)
      target += 16
      four = vector.highHalf
    }
    var two = four.lowHalf
    if count & 2 != 0 {
      target.storeBytes(of: two, as: SIMD2<Float>.self)
      target += 8
      two = four.highHalf
    }
    if count & 1 != 0 { target.storeBytes(of: two.x, as: Float.self) }
  }
#endif

/// Calls `body` with the start and the number of elements of each vector of an array. Only the last may have fewer than
/// all lanes.
@inline(__always) func forEachVector(_ count: Int, _ body: (Int, Int) -> Void) {
  var i = 0
  while i + lanes <= count {
    body(i, lanes)
    i += lanes
  }
  if i < count { body(i, count - i) }
}

/// The sum of the lanes.
@inline(__always) func total(_ vector: Vector) -> Float {
  let four = folded(vector)
  return (four.x + four.y) + (four.z + four.w)
}

/// The largest lane; no lane may be NaN.
@inline(__always) func largest(_ vector: Vector) -> Float {
  #if LANES_16
    dnc_largest16(vector)
  #else
    dnc_largest8(vector)
  #endif
}

/// `total` of four vectors at once.
@inline(__always) func totals(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> SIMD4<Float> {
  dnc_totals(folded(a), folded(b), folded(c), folded(d))
}

/// `total` of eight vectors at once. Adds in another order.
@inline(__always) func totals(_ vectors: InlineArray<8, Vector>) -> Eight {
  dnc_totals8(
    half(vectors[0]), half(vectors[1]), half(vectors[2]), half(vectors[3]), half(vectors[4]), half(vectors[5]),
    half(vectors[6]), half(vectors[7]))
}

#if LANES_16
  /// `total` of sixteen vectors at once, in the order of those of eight.
  @inline(__always) func totals(_ v: InlineArray<16, Vector>) -> Vector {
    @inline(__always) func four(_ r: Int) -> Vector {
      dnc_pairs16(dnc_halves16(v[r], v[r + 4]), dnc_halves16(v[r + 1], v[r + 5]))
    }
    return dnc_quarters16(dnc_pairs16(four(0), four(2)), dnc_pairs16(four(8), four(10)))
  }

  /// `total` of sixteen vectors at once, of four rows for each of four heads: [head][row].
  @inline(__always) func totals(ofFourHeads sums: Input) -> Vector {
    @inline(__always) func row(_ r: Int) -> Vector {
      let (row, head) = (sums + r * lanes, 4 * lanes)
      return dnc_quarters16(
        dnc_halves16(load(row), load(row + head)), dnc_halves16(load(row + 2 * head), load(row + 3 * head)))
    }
    return dnc_pairs16(dnc_pairs16(row(0), row(1)), dnc_pairs16(row(2), row(3)))
  }
#endif

/// Eight numbers, on every level.
typealias Eight = SIMD8<Float>

@inline(__always) private func half(_ vector: Vector) -> Eight {
  #if LANES_16
    dnc_half16(vector)
  #else
    dnc_half8(vector)
  #endif
}

@inline(__always) private func folded(_ vector: Vector) -> SIMD4<Float> {
  #if LANES_16
    dnc_fold16(vector)
  #else
    dnc_fold8(vector)
  #endif
}

/// Σ x[i] y[i]
@inline(__always) func dot(_ count: Int, _ x: Input, _ y: Input) -> Float {
  var sums = Vector.zero
  forEachVector(count) { i, n in sums = sums.addingProduct(load(x + i, n), load(y + i, n)) }
  return total(sums)
}

/// `dot` for the mechanisms that have no kernel of their own.
func dotProduct(_ operands: UnsafePointer<DotProductOperands>) -> Float {
  dot(operands.pointee.count, operands.pointee.x, operands.pointee.y)
}

/// True if Σ x[i]² is finite. Four sums don't wait for each other.
func areModerate(_ count: Int, _ x: UnsafePointer<Float>) -> Bool {
  var sums: InlineArray<4, Vector> = zeros()
  var i = 0
  while i + 4 * lanes <= count {
    for v in 0..<4 {
      let part = load(x + i + v * lanes)
      sums[v] = sums[v].addingProduct(part, part)
    }
    i += 4 * lanes
  }
  while i < count {
    let part = load(x + i, min(lanes, count - i))
    sums[0] = sums[0].addingProduct(part, part)
    i += lanes
  }
  return total((sums[0] + sums[1]) + (sums[2] + sums[3])).isFinite
}

func areModerate(_ operands: UnsafePointer<ModerateOperands>) -> Bool {
  areModerate(operands.pointee.count, operands.pointee.x)
}

/// y[i] += a x[i]
@inline(__always) func addScaled(_ count: Int, _ a: Float, _ x: Input, _ y: Output) {
  let a = Vector(repeating: a)
  forEachVector(count) { i, n in store(load(y + i, n).addingProduct(a, load(x + i, n)), y + i, n) }
}

func addScaled(_ operands: UnsafePointer<ScaledOperands>) {
  let o = operands.pointee
  addScaled(o.count, o.a, o.x, o.y)
}

/// y[i] = a x[i]
func scale(_ operands: UnsafePointer<ScaledOperands>) {
  let o = operands.pointee
  let (a, x, y) = (o.a, o.x, o.y)
  forEachVector(o.count) { i, n in store(load(x + i, n) * a, y + i, n) }
}
