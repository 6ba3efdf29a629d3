// The element-wise parts of the controller. See `LSTM` and `Activation` for what they compute.

import CKernels

/// Clamps to [-bound, bound]; a bound of 0 changes nothing. NaN stays NaN.
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
  let o = operands.pointee
  let (batch, hiddenSize, clip, gates) = (o.batch, o.hiddenSize, o.clip, o.gates)
  let (previousCell, cell, cellTanh, hidden) = (o.previousCell, o.cell, o.cellTanh, o.hidden)
  let hiddenStride = o.hiddenStride
  for b in 0..<batch {
    let z = gates + b * 4 * hiddenSize
    let row = b * hiddenSize
    forEachVector(hiddenSize) { n, count in
      let i = sigmoid(load(z + n, count))
      let f = sigmoid(load(z + hiddenSize + n, count))
      let g = tanh(load(z + 2 * hiddenSize + n, count))
      let o = sigmoid(load(z + 3 * hiddenSize + n, count))
      store(i, z + n, count)
      store(f, z + hiddenSize + n, count)
      store(g, z + 2 * hiddenSize + n, count)
      store(o, z + 3 * hiddenSize + n, count)
      let c = (i * g).addingProduct(f, load(previousCell + row + n, count))
      let tanhC = tanh(c)
      store(tanhC, cellTanh + row + n, count)
      store(clamped(c, clip), cell + row + n, count)
      store(clamped(o * tanhC, clip), hidden + b * hiddenStride + n, count)
    }
  }
}

func lstmBackward(_ operands: UnsafePointer<LSTMBackwardOperands>) {
  let o = operands.pointee
  let (batch, hiddenSize, clip, gates) = (o.batch, o.hiddenSize, o.clip, o.gates)
  let (previousCell, cellTanh, hiddenGradient, hiddenStride) = (
    o.previousCell, o.cellTanh, o.hiddenGradient, o.hiddenStride
  )
  let cellGradient = o.cellGradient
  for b in 0..<batch {
    let z = gates + b * 4 * hiddenSize
    let row = b * hiddenSize
    forEachVector(hiddenSize) { n, count in
      let i = load(z + n, count)
      let f = load(z + hiddenSize + n, count)
      let g = load(z + 2 * hiddenSize + n, count)
      let o = load(z + 3 * hiddenSize + n, count)
      let tanhC = load(cellTanh + row + n, count)
      let previousC = load(previousCell + row + n, count)
      let c = (i * g).addingProduct(f, previousC)
      let hGradient = passed(load(hiddenGradient + b * hiddenStride + n, count), o * tanhC, clip)
      let cGradient =
        passed(load(cellGradient + row + n, count), c, clip) + hGradient * o * (1 - tanhC * tanhC)
      store(cGradient * f, cellGradient + row + n, count)
      store(cGradient * g * i * (1 - i), z + n, count)
      store(cGradient * previousC * f * (1 - f), z + hiddenSize + n, count)
      store(cGradient * i * (1 - g * g), z + 2 * hiddenSize + n, count)
      store(hGradient * tanhC * o * (1 - o), z + 3 * hiddenSize + n, count)
    }
  }
}

/// act = tanh.
func tanhForward(_ operands: UnsafePointer<TanhForwardOperands>) {
  let o = operands.pointee
  let (batch, hiddenSize, clip, activations) = (o.batch, o.hiddenSize, o.clip, o.activations)
  let (hidden, hiddenStride) = (o.hidden, o.hiddenStride)
  for b in 0..<batch {
    forEachVector(hiddenSize) { n, count in
      let h = tanh(load(activations + b * hiddenSize + n, count))
      store(h, activations + b * hiddenSize + n, count)
      store(clamped(h, clip), hidden + b * hiddenStride + n, count)
    }
  }
}
