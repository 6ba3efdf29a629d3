/// One update of Adam or AdamW. See `Optimizer`.
@export(interface) public func adam(
  _ count: Int, _ beta1: Float, _ beta2: Float, _ forget1: Float, _ forget2: Float, _ rate: Float,
  _ correction2: Float, _ epsilon: Float, _ kept: Float, _ gradients: UnsafePointer<Float>,
  _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>, _ parameters: UnsafeMutablePointer<Float>
) {
  forEachVector(count) { i, n in
    let g = load(gradients + i, n)
    let m = (g * forget1).addingProduct(Vector(repeating: beta1), load(first + i, n))
    let v = (g * forget2 * g).addingProduct(Vector(repeating: beta2), load(second + i, n))
    store(m, first + i, n)
    store(v, second + i, n)
    let step = m * rate / ((v * correction2).squareRoot() + epsilon)
    store(load(parameters + i, n) * kept - step, parameters + i, n)
  }
}
