// The fast twins of the mechanisms that cost time, for one CPU level: the same source is compiled for x86-64-v3, with eight
// lanes, and for x86-64-v4, with sixteen. Everything here is a function on pointers and sizes: generic or library code would
// be emitted for several levels under one name, and the linker would keep any one of them for all.
//
// Every output element adds its products in one order, whatever the number of rows computed with it: so a sequence's numbers
// don't depend on its batch.

#if LANES_16
  typealias Vector = SIMD16<Float>
  typealias Bits = SIMD16<UInt32>
  let lanes = 16
#else
  typealias Vector = SIMD8<Float>
  typealias Bits = SIMD8<UInt32>
  let lanes = 8
#endif

typealias Input = UnsafePointer<Float>
typealias Output = UnsafeMutablePointer<Float>

@inline(__always) func load(_ source: Input) -> Vector {
  UnsafeRawPointer(source).loadUnaligned(as: Vector.self)
}

@inline(__always) func store(_ vector: Vector, _ target: Output) {
  UnsafeMutableRawPointer(target).storeBytes(of: vector, as: Vector.self)
}

/// The first `count` elements, 0 in the other lanes.
@inline(__always) func load(_ source: Input, _ count: Int) -> Vector {
  count == lanes ? load(source) : loadPart(source, count)
}

@inline(__always) func store(_ vector: Vector, _ target: Output, _ count: Int) {
  if count == lanes { store(vector, target) } else { storePart(vector, target, count) }
}

// Not inlined: they would be most of the code.

@inline(never) private func loadPart(_ source: Input, _ count: Int) -> Vector {
  // Put together in registers: a vector read from a stack that was written in pieces would wait for them.
  #if LANES_16
    return count < 8
      ? Vector(lowHalf: loadEight(source, count), highHalf: .zero)
      : Vector(lowHalf: loadEight(source, 8), highHalf: loadEight(source + 8, count - 8))
  #else
    return loadEight(source, count)
  #endif
}

@inline(__always) private func loadEight(_ source: Input, _ count: Int) -> SIMD8<Float> {
  count < 4
    ? SIMD8(lowHalf: loadFour(source, count), highHalf: .zero)
    : SIMD8(lowHalf: loadFour(source, 4), highHalf: loadFour(source + 4, count - 4))
}

@inline(__always) private func loadFour(_ source: Input, _ count: Int) -> SIMD4<Float> {
  switch count {
  case 0: .zero
  case 1: SIMD4(source[0], 0, 0, 0)
  case 2: SIMD4(source[0], source[1], 0, 0)
  case 3: SIMD4(source[0], source[1], source[2], 0)
  default: UnsafeRawPointer(source).loadUnaligned(as: SIMD4<Float>.self)
  }
}

@inline(never) private func storePart(_ vector: Vector, _ target: Output, _ count: Int) {
  var target = UnsafeMutableRawPointer(target)
  #if LANES_16
    var eight = vector.lowHalf
    if count & 8 != 0 {
      target.storeBytes(of: eight, as: SIMD8<Float>.self)
      target += 32
      eight = vector.highHalf
    }
  #else
    let eight = vector
  #endif
  var four = eight.lowHalf
  if count & 4 != 0 {
    target.storeBytes(of: four, as: SIMD4<Float>.self)
    target += 16
    four = eight.highHalf
  }
  var two = four.lowHalf
  if count & 2 != 0 {
    target.storeBytes(of: two, as: SIMD2<Float>.self)
    target += 8
    two = four.highHalf
  }
  if count & 1 != 0 { target.storeBytes(of: two.x, as: Float.self) }
}

/// Calls `body` with the start and the number of elements of each vector of an array: all lanes, but for the last one.
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

/// The largest lane, where none is NaN. (The library's own `max` would be emitted for several levels.)
@inline(__always) func largest(_ vector: Vector) -> Float {
  #if LANES_16
    let eight = vector.lowHalf.replacing(with: vector.highHalf, where: vector.highHalf .> vector.lowHalf)
  #else
    let eight = vector
  #endif
  let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.highHalf .> eight.lowHalf)
  let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
  return two.y > two.x ? two.y : two.x
}

/// `total` of four vectors at once.
@inline(__always) func totals(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> SIMD4<Float> {
  let ab = SIMD8(lowHalf: folded(a), highHalf: folded(b))
  let cd = SIMD8(lowHalf: folded(c), highHalf: folded(d))
  let pairs = SIMD8(lowHalf: ab.evenHalf + ab.oddHalf, highHalf: cd.evenHalf + cd.oddHalf)
  return pairs.evenHalf + pairs.oddHalf
}

@inline(__always) private func folded(_ vector: Vector) -> SIMD4<Float> {
  #if LANES_16
    let eight = vector.lowHalf + vector.highHalf
  #else
    let eight = vector
  #endif
  return eight.lowHalf + eight.highHalf
}

/// Σ x[i] y[i]
@inline(__always) func dot(_ count: Int, _ x: Input, _ y: Input) -> Float {
  var sums = Vector.zero
  forEachVector(count) { i, n in sums = sums.addingProduct(load(x + i, n), load(y + i, n)) }
  return total(sums)
}

/// `dot` for the mechanisms that have no kernel of their own.
@export(interface) public func dotProduct(
  _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>
) -> Float { dot(count, x, y) }

/// y[i] += a x[i]
@export(interface) public func addScaled(
  _ count: Int, _ a: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
) {
  let a = Vector(repeating: a)
  forEachVector(count) { i, n in store(load(y + i, n).addingProduct(a, load(x + i, n)), y + i, n) }
}

/// y[i] = a x[i]
@export(interface) public func scale(
  _ count: Int, _ a: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
) {
  forEachVector(count) { i, n in store(load(x + i, n) * a, y + i, n) }
}
