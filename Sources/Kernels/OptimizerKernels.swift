// Updates of some parameters; see `Update`. Each scales the gradients by `scale` first, and leaves them at 0.

@export(interface) public func sgd(
  _ count: Int, _ scale: Float, _ rate: Float, _ momentum: Float, _ gradients: UnsafeMutablePointer<Float>,
  _ first: UnsafeMutablePointer<Float>, _ parameters: UnsafeMutablePointer<Float>
) {
  forEachVector(count) { i, n in
    let v = (load(gradients + i, n) * scale).addingProduct(Vector(repeating: momentum), load(first + i, n))
    store(v, first + i, n)
    store(load(parameters + i, n) - v * rate, parameters + i, n)
    store(.zero, gradients + i, n)
  }
}

@export(interface) public func rmsProp(
  _ count: Int, _ scale: Float, _ rate: Float, _ momentum: Float, _ decay: Float, _ forget: Float, _ epsilon: Float,
  _ gradients: UnsafeMutablePointer<Float>, _ first: UnsafeMutablePointer<Float>,
  _ second: UnsafeMutablePointer<Float>, _ parameters: UnsafeMutablePointer<Float>
) {
  forEachVector(count) { i, n in
    let g = load(gradients + i, n) * scale
    let s = bounded((g * forget * g).addingProduct(Vector(repeating: decay), load(second + i, n)))
    let m = (g * rate / (s + epsilon).squareRoot()).addingProduct(Vector(repeating: momentum), load(first + i, n))
    store(m, first + i, n)
    store(s, second + i, n)
    store(load(parameters + i, n) - m, parameters + i, n)
    store(.zero, gradients + i, n)
  }
}

/// Adam and AdamW.
@export(interface) public func adam(
  _ count: Int, _ scale: Float, _ rate: Float, _ beta1: Float, _ beta2: Float, _ forget1: Float, _ forget2: Float,
  _ correction2: Float, _ epsilon: Float, _ kept: Float, _ gradients: UnsafeMutablePointer<Float>,
  _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>, _ parameters: UnsafeMutablePointer<Float>
) {
  forEachVector(count) { i, n in
    let g = load(gradients + i, n) * scale
    let m = (g * forget1).addingProduct(Vector(repeating: beta1), load(first + i, n))
    let v = bounded((g * forget2 * g).addingProduct(Vector(repeating: beta2), load(second + i, n)))
    store(m, first + i, n)
    store(v, second + i, n)
    let step = m * rate / ((v * correction2).squareRoot() + epsilon)
    store(load(parameters + i, n) * kept - step, parameters + i, n)
    store(.zero, gradients + i, n)
  }
}

/// Infinity as the greatest number.
@inline(__always) private func bounded(_ average: Vector) -> Vector {
  average.replacing(with: Float.greatestFiniteMagnitude, where: average .== Float.infinity)
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
