import CKernels

/// This level's name. Runs on every CPU.
@export(interface) public func name() -> UnsafePointer<CChar> { dnc_level_name() }

/// True if the CPU has the level. Runs on every CPU.
@export(interface) public func runsHere() -> Bool { dnc_level_runs_here() }

/// This level's kernels.
@export(interface) public func kernels() -> Kernels {
  Kernels(
    dotProduct: dotProduct, areModerate: areModerate, addScaled: addScaled, scale: scale, addProducts: addProducts,
    sumOfSquares: sumOfSquares, sigmoidLoss: sigmoidLoss, interfaceForward: interfaceForward,
    interfaceBackward: interfaceBackward, sigmoids: sigmoids, usageKeys: usageKeys, softmaxRows: softmaxRows,
    sortKeys: sortKeys, packWeight: packWeight, linearForward: linearForward, linearBackward: linearBackward,
    linearBackwardWeight: linearBackwardWeight, lstmForward: lstmForward, lstmBackward: lstmBackward,
    tanhForward: tanhForward, layerNormForward: layerNormForward, layerNormBackward: layerNormBackward,
    rowNorms: rowNorms, usageForward: usageForward, usageBackward: usageBackward, contentForward: contentForward,
    contentBackward: contentBackward, maskedContentForward: maskedContentForward,
    maskedContentBackward: maskedContentBackward, sharpeningForward: sharpeningForward,
    sharpeningBackward: sharpeningBackward, writeWeightingForward: writeWeightingForward,
    writeWeightingBackward: writeWeightingBackward, memoryWriteForward: memoryWriteForward,
    memoryWriteBackward: memoryWriteBackward, linksForward: linksForward, linksBackward: linksBackward,
    precedenceForward: precedenceForward, precedenceBackward: precedenceBackward,
    readWeightingForward: readWeightingForward, readWeightingBackward: readWeightingBackward,
    readVectorsForward: readVectorsForward, readVectorsBackward: readVectorsBackward, sgd: sgd, rmsProp: rmsProp,
    adam: adam)
}
