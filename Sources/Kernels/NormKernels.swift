// The kernels of layer normalization. See `LayerNorm` for what they compute.

import CKernels

func layerNormForward(_ operands: UnsafePointer<LayerNormForwardOperands>) -> Bool {
  let o = operands.pointee
  let (count, s, scale, bias, kept, y) = (o.count, o.sums, o.scale, o.bias, o.kept, o.output)
  guard areModerate(count, s) else { return false }
  var sums = Vector.zero
  forEachVector(count) { i, n in sums += load(s + i, n) }
  let mean = total(sums) / Float(count)
  forEachVector(count) { i, n in store(load(s + i, n) - mean, kept + i, n) }
  // Loaded again, the lanes beyond the last element are 0.
  var squares = Vector.zero
  forEachVector(count) { i, n in
    let difference = load(kept + i, n)
    squares = squares.addingProduct(difference, difference)
  }
  let inverse = 1 / (total(squares) / Float(count) + epsilon).squareRoot()
  let factor = Vector(repeating: inverse)
  forEachVector(count) { i, n in
    let normalized = load(kept + i, n) * factor
    store(normalized, kept + i, n)
    store(load(bias + i, n).addingProduct(load(scale + i, n), normalized), y + i, n)
  }
  kept[count] = inverse
  return true
}

func layerNormBackward(_ operands: UnsafePointer<LayerNormBackwardOperands>) {
  let o = operands.pointee
  let (count, scale, kept, yGradient, sGradient) = (o.count, o.scale, o.kept, o.outputGradient, o.sumsGradient)
  var sums = Vector.zero
  var products = Vector.zero
  forEachVector(count) { i, n in
    let g = load(scale + i, n) * load(yGradient + i, n)
    sums += g
    products = products.addingProduct(g, load(kept + i, n))
    store(g, sGradient + i, n)
  }
  let mean = Vector(repeating: total(sums) / Float(count))
  let slope = Vector(repeating: -total(products) / Float(count))
  let factor = Vector(repeating: kept[count])
  forEachVector(count) { i, n in
    let g = load(sGradient + i, n) - mean
    store(g.addingProduct(load(kept + i, n), slope) * factor, sGradient + i, n)
  }
}

/// z[i] += x[i] y[i]
func addProducts(_ operands: UnsafePointer<AddProductsOperands>) {
  let o = operands.pointee
  let (x, y, z) = (o.x, o.y, o.z)
  forEachVector(o.count) { i, n in store(load(z + i, n).addingProduct(load(x + i, n), load(y + i, n)), z + i, n) }
}
