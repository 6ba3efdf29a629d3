import CKernels

/// This level's kernels.
@export(interface) public func kernels() -> Kernels {
  Kernels(
    dotProduct: dotProduct, areModerate: areModerate, addScaled: addScaled, scale: scale, sumOfSquares: sumOfSquares,
    oneplus: oneplus, oneplusBackward: oneplusBackward, sigmoids: sigmoids, addProducts: addProducts,
    usageKeys: usageKeys, sigmoidsBackward: sigmoidsBackward, softmaxRows: softmaxRows,
    softmaxRowsBackward: softmaxRowsBackward, sortKeys: sortKeys, packWeight: packWeight, linearForward: linearForward,
    linearBackward: linearBackward,
    linearBackwardWeight: linearBackwardWeight, lstmForward: lstmForward, lstmBackward: lstmBackward,
    tanhForward: tanhForward, layerNormForward: layerNormForward,
    layerNormBackward: layerNormBackward, rowNorms: rowNorms, usageForward: usageForward, usageBackward: usageBackward,
    contentForward: contentForward, contentBackward: contentBackward,
    maskedContentForward: maskedContentForward, maskedContentBackward: maskedContentBackward,
    sharpeningForward: sharpeningForward, sharpeningBackward: sharpeningBackward,
    writeWeightingForward: writeWeightingForward, writeWeightingBackward: writeWeightingBackward,
    memoryWriteForward: memoryWriteForward,
    memoryWriteBackward: memoryWriteBackward, linksForward: linksForward, linksBackward: linksBackward,
    precedenceForward: precedenceForward, precedenceBackward: precedenceBackward,
    readWeightingForward: readWeightingForward, readWeightingBackward: readWeightingBackward,
    readVectorsForward: readVectorsForward, readVectorsBackward: readVectorsBackward, sgd: sgd, rmsProp: rmsProp,
    adam: adam)
}
