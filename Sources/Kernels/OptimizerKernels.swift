/// One update of Adam or AdamW. See `Optimizer`.
@export(interface) public func adam(
  _ count: Int, _ beta1: Float, _ beta2: Float, _ forget1: Float, _ forget2: Float, _ rate: Float,
  _ correction2: Float, _ epsilon: Float, _ kept: Float, _ gradients: UnsafePointer<Float>,
  _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>, _ parameters: UnsafeMutablePointer<Float>
) {
  forEachVector(count) { i, n in
    let g = load(gradients + i, n)
    let m = (g * forget1).addingProduct(Vector(repeating: beta1), load(first + i, n))
    var v = (g * forget2 * g).addingProduct(Vector(repeating: beta2), load(second + i, n))
    v.replace(with: Float.greatestFiniteMagnitude, where: v .== Float.infinity)
    store(m, first + i, n)
    store(v, second + i, n)
    let step = m * rate / ((v * correction2).squareRoot() + epsilon)
    store(load(parameters + i, n) * kept - step, parameters + i, n)
  }
}

/// Σ g², in Double.
@export(interface) public func sumOfSquares(_ count: Int, _ gradients: UnsafePointer<Float>) -> Double {
  var sums = InlineArray<2, SIMD4<Double>>(repeating: .zero)
  var i = 0
  while i + 8 <= count {
    for half in 0..<2 {
      let four = UnsafeRawPointer(gradients + i + 4 * half).loadUnaligned(as: SIMD4<Float>.self)
      let g = SIMD4<Double>(Double(four.x), Double(four.y), Double(four.z), Double(four.w))
      sums[half] = sums[half].addingProduct(g, g)
    }
    i += 8
  }
  let four = sums[0] + sums[1]
  var sum = (four.x + four.y) + (four.z + four.w)
  while i < count {
    sum += Double(gradients[i]) * Double(gradients[i])
    i += 1
  }
  return sum
}
