// Updates of some parameters; see `Update`. Each scales the gradients by `scale` first, and leaves them at 0.

import CKernels

func sgd(_ operands: UnsafePointer<SGDOperands>) {
  let o = operands.pointee
  forEachVector(o.count) { i, n in
    let v = (load(o.gradients + i, n) * o.scale).addingProduct(Vector(repeating: o.momentum), load(o.first + i, n))
    store(v, o.first + i, n)
    store(load(o.parameters + i, n) - v * o.rate, o.parameters + i, n)
    store(.zero, o.gradients + i, n)
  }
}

func rmsProp(_ operands: UnsafePointer<RMSPropOperands>) {
  let o = operands.pointee
  forEachVector(o.count) { i, n in
    let g = load(o.gradients + i, n) * o.scale
    let s = bounded((g * o.forget * g).addingProduct(Vector(repeating: o.decay), load(o.second + i, n)))
    let m = (g * o.rate / (s + o.epsilon).squareRoot()).addingProduct(
      Vector(repeating: o.momentum), load(o.first + i, n))
    store(m, o.first + i, n)
    store(s, o.second + i, n)
    store(load(o.parameters + i, n) - m, o.parameters + i, n)
    store(.zero, o.gradients + i, n)
  }
}

/// Adam and AdamW.
func adam(_ operands: UnsafePointer<AdamOperands>) {
  let o = operands.pointee
  forEachVector(o.count) { i, n in
    let g = load(o.gradients + i, n) * o.scale
    let m = (g * o.forget1).addingProduct(Vector(repeating: o.beta1), load(o.first + i, n))
    let v = bounded((g * o.forget2 * g).addingProduct(Vector(repeating: o.beta2), load(o.second + i, n)))
    store(m, o.first + i, n)
    store(v, o.second + i, n)
    let step = m * o.rate / ((v * o.correction2).squareRoot() + o.epsilon)
    store(load(o.parameters + i, n) * o.kept - step, o.parameters + i, n)
    store(.zero, o.gradients + i, n)
  }
}

/// Infinity as the greatest number.
@inline(__always) private func bounded(_ average: Vector) -> Vector {
  average.replacing(with: Float.greatestFiniteMagnitude, where: average .== Float.infinity)
}

/// Σ g², in Double.
func sumOfSquares(_ count: Int, _ gradients: UnsafePointer<Float>) -> Double {
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
