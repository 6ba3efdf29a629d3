// Updates of some parameters; see `Update`. Each scales the gradients by `scale` first, and leaves them at 0.

import CKernels

func sgd(_ operands: UnsafePointer<SGDOperands>) {
  let o = operands.pointee
  let (count, scale, rate, momentum) = (o.count, o.scale, o.rate, o.momentum)
  let (gradients, first, parameters) = (o.gradients, o.first, o.parameters)
  forEachVector(count) { i, n in
    let v = (load(gradients + i, n) * scale).addingProduct(Vector(repeating: momentum), load(first + i, n))
    store(v, first + i, n)
    store(load(parameters + i, n) - v * rate, parameters + i, n)
    store(.zero, gradients + i, n)
  }
}

func rmsProp(_ operands: UnsafePointer<RMSPropOperands>) {
  let o = operands.pointee
  let (count, scale, rate, momentum) = (o.count, o.scale, o.rate, o.momentum)
  let (decay, forget, epsilon, gradients) = (o.decay, o.forget, o.epsilon, o.gradients)
  let (first, second, parameters) = (o.first, o.second, o.parameters)
  forEachVector(count) { i, n in
    let g = load(gradients + i, n) * scale
    let s = bounded((g * forget * g).addingProduct(Vector(repeating: decay), load(second + i, n)))
    let m = (g * rate / (s + epsilon).squareRoot()).addingProduct(
      Vector(repeating: momentum), load(first + i, n))
    store(m, first + i, n)
    store(s, second + i, n)
    store(load(parameters + i, n) - m, parameters + i, n)
    store(.zero, gradients + i, n)
  }
}

/// Adam and AdamW.
func adam(_ operands: UnsafePointer<AdamOperands>) {
  let o = operands.pointee
  let (count, scale, rate, beta1) = (o.count, o.scale, o.rate, o.beta1)
  let (beta2, forget1, forget2, correction2) = (o.beta2, o.forget1, o.forget2, o.correction2)
  let (epsilon, kept, gradients, first) = (o.epsilon, o.kept, o.gradients, o.first)
  let (second, parameters) = (o.second, o.parameters)
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

/// Replaces infinity by the greatest number.
@inline(__always) private func bounded(_ average: Vector) -> Vector {
  average.replacing(with: Float.greatestFiniteMagnitude, where: average .== Float.infinity)
}

/// Σ g², in Double.
func sumOfSquares(_ operands: UnsafePointer<SumOfSquaresOperands>) -> Double {
  let (count, gradients) = (operands.pointee.count, operands.pointee.gradients)
  // Four sums don't wait for each other.
  var (first, second, third, fourth) = (Doubles.zero, Doubles.zero, Doubles.zero, Doubles.zero)
  func add(_ i: Int, _ sum: inout Doubles) {
    let g = loadDoubles(gradients + i, 8)
    sum = sum.addingProduct(g, g)
  }
  var i = 0
  while i + 32 <= count {
    add(i, &first)
    add(i + 8, &second)
    add(i + 16, &third)
    add(i + 24, &fourth)
    i += 32
  }
  while i < count {
    let g = loadDoubles(gradients + i, min(8, count - i))
    first = first.addingProduct(g, g)
    i += 8
  }
  return total((first + second) + (third + fourth))
}
