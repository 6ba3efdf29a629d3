// The element-wise parts of the controller. See `LSTM` and `Feedforward` for what they compute.

import CKernels

/// To [-bound, bound]; a bound of 0 leaves everything as it is. NaN stays NaN.
@inline(__always) private func clamped(_ x: Vector, _ bound: Float) -> Vector {
  guard bound > 0 else { return x }
  let bound = Vector(repeating: bound)
  return choose(bound, lessThan: x, bound, else: choose(x, lessThan: -bound, -bound, else: x))
}

/// The gradient where x was not clamped, 0 beyond the bound.
@inline(__always) private func passed(_ gradient: Vector, _ x: Vector, _ bound: Float) -> Vector {
  guard bound > 0 else { return gradient }
  let bound = Vector(repeating: bound)
  return choose(bound, lessThan: x, .zero, else: choose(x, lessThan: -bound, .zero, else: gradient))
}

func lstmForward(_ operands: UnsafePointer<LSTMForwardOperands>) {
  let layer = operands.pointee
  for b in 0..<layer.batch {
    let z = layer.gates + b * 4 * layer.hiddenSize
    let row = b * layer.hiddenSize
    forEachVector(layer.hiddenSize) { n, count in
      let i = sigmoid(load(z + n, count))
      let f = sigmoid(load(z + layer.hiddenSize + n, count))
      let g = tanh(load(z + 2 * layer.hiddenSize + n, count))
      let o = sigmoid(load(z + 3 * layer.hiddenSize + n, count))
      store(i, z + n, count)
      store(f, z + layer.hiddenSize + n, count)
      store(g, z + 2 * layer.hiddenSize + n, count)
      store(o, z + 3 * layer.hiddenSize + n, count)
      let c = (i * g).addingProduct(f, load(layer.previousCell + row + n, count))
      let tanhC = tanh(c)
      store(tanhC, layer.cellTanh + row + n, count)
      store(clamped(c, layer.clip), layer.cell + row + n, count)
      store(clamped(o * tanhC, layer.clip), layer.hidden + b * layer.hiddenStride + n, count)
    }
  }
}

func lstmBackward(_ operands: UnsafePointer<LSTMBackwardOperands>) {
  let layer = operands.pointee
  for b in 0..<layer.batch {
    let z = layer.gates + b * 4 * layer.hiddenSize
    let row = b * layer.hiddenSize
    forEachVector(layer.hiddenSize) { n, count in
      let i = load(z + n, count)
      let f = load(z + layer.hiddenSize + n, count)
      let g = load(z + 2 * layer.hiddenSize + n, count)
      let o = load(z + 3 * layer.hiddenSize + n, count)
      let tanhC = load(layer.cellTanh + row + n, count)
      let previousC = load(layer.previousCell + row + n, count)
      let c = (i * g).addingProduct(f, previousC)
      let hGradient = passed(load(layer.hiddenGradient + b * layer.hiddenStride + n, count), o * tanhC, layer.clip)
      let cGradient =
        passed(load(layer.cellGradient + row + n, count), c, layer.clip) + hGradient * o * (1 - tanhC * tanhC)
      store(cGradient * f, layer.cellGradient + row + n, count)
      store(cGradient * g * i * (1 - i), z + n, count)
      store(cGradient * previousC * f * (1 - f), z + layer.hiddenSize + n, count)
      store(cGradient * i * (1 - g * g), z + 2 * layer.hiddenSize + n, count)
      store(hGradient * tanhC * o * (1 - o), z + 3 * layer.hiddenSize + n, count)
    }
  }
}

/// φ = tanh.
func tanhForward(_ operands: UnsafePointer<TanhForwardOperands>) {
  let layer = operands.pointee
  for b in 0..<layer.batch {
    forEachVector(layer.hiddenSize) { n, count in
      let h = tanh(load(layer.activations + b * layer.hiddenSize + n, count))
      store(h, layer.activations + b * layer.hiddenSize + n, count)
      store(clamped(h, layer.clip), layer.hidden + b * layer.hiddenStride + n, count)
    }
  }
}
