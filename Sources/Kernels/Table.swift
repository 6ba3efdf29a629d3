import CKernels

/// This level's kernels.
@export(interface) public func kernels() -> Kernels {
  Kernels(
    dotProduct: dotProduct, areModerate: areModerate, addScaled: addScaled, scale: scale, softmaxForward: softmax,
    sumOfSquares: sumOfSquares, linearForward: linearForward, linearBackward: linearBackward,
    linearBackwardWeight: linearBackwardWeight, lstmForward: lstmForward, lstmBackward: lstmBackward,
    tanhForward: tanhForward, rowNorms: rowNorms, usageForward: usageForward, usageBackward: usageBackward,
    contentForward: contentForward, contentBackward: contentBackward, memoryWriteForward: memoryWriteForward,
    memoryWriteBackward: memoryWriteBackward, linksForward: linksForward, linksBackward: linksBackward,
    readVectorForward: readVectorForward, readVectorBackward: readVectorBackward, sgd: sgd, rmsProp: rmsProp,
    adam: adam)
}
