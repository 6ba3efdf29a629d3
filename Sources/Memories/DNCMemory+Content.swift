/// The content weightings of the read or the write heads, with masks or without.
extension DNCMemory {
  /// What some heads look for, or its gradient.
  struct Lookup<Pointer: ScalarPointer> where Pointer.Pointee == Scalar {
    let heads: Int
    /// k [heads, W], β [heads], and m [heads, W] with masks.
    let keys, strengths: Pointer
    let masks: Pointer?
  }

  func readHeads<Pointer>(_ parts: InterfaceParts<Pointer>) -> Lookup<Pointer> {
    Lookup(heads: c.R, keys: parts.readKeys, strengths: parts.readStrengths, masks: parts.readMasks)
  }

  func writeHeads<Pointer>(_ parts: InterfaceParts<Pointer>) -> Lookup<Pointer> {
    Lookup(heads: c.K, keys: parts.writeKeys, strengths: parts.writeStrengths, masks: parts.writeMasks)
  }

  /// - Parameters:
  ///   - memory, rowNorms: M [N, W], ‖M[i]‖_ε [N].
  ///   - found: out.
  @inline(never) func content(
    _ lookup: Lookup<In<Scalar>>, _ memory: In<Scalar>, rowNorms: In<Scalar>, _ found: Found<Scalar>
  ) {
    if let masks = lookup.masks {
      MaskedContentWeighting.forward(
        slots: c.N, wordSize: c.W, heads: lookup.heads, memory: memory, keys: lookup.keys, masks: masks,
        strengths: lookup.strengths, scratch: scratch.masked, rowNorms: found.norms, similarity: found.similarity,
        weighting: found.weighting)
    } else {
      ContentWeighting.forward(
        slots: c.N, wordSize: c.W, heads: lookup.heads, memory: memory, rowNorms: rowNorms, keys: lookup.keys,
        strengths: lookup.strengths, similarity: found.similarity, weighting: found.weighting)
    }
  }

  /// - Parameters:
  ///   - found: as `content` left it.
  ///   - weightingGradient: of C [heads, N]; overwritten.
  ///   - memoryGradient: of M [N, W], added to.
  ///   - gradient: of `lookup`, added to.
  func contentBackward(
    _ lookup: Lookup<In<Scalar>>, _ memory: In<Scalar>, rowNorms: In<Scalar>, _ found: Found<Scalar>,
    weightingGradient: Out<Scalar>, memoryGradient: Out<Scalar>, _ gradient: Lookup<Out<Scalar>>
  ) {
    if let masks = lookup.masks, let masksGradient = gradient.masks {
      MaskedContentWeighting.backward(
        slots: c.N, wordSize: c.W, heads: lookup.heads, memory: memory, keys: lookup.keys, masks: masks,
        strengths: lookup.strengths, rowNorms: found.norms, similarity: found.similarity, weighting: found.weighting,
        scratch: scratch.masked, weightingGradient: weightingGradient, memoryGradient: memoryGradient,
        keysGradient: gradient.keys, masksGradient: masksGradient, strengthsGradient: gradient.strengths)
    } else {
      ContentWeighting.backward(
        slots: c.N, wordSize: c.W, heads: lookup.heads, memory: memory, rowNorms: rowNorms, keys: lookup.keys,
        strengths: lookup.strengths, similarity: found.similarity, weighting: found.weighting,
        weightingGradient: weightingGradient, rowFactors: scratch.products, memoryGradient: memoryGradient,
        keysGradient: gradient.keys, strengthsGradient: gradient.strengths)
    }
  }
}
