/// What the read or the write heads find by content in a step.
struct Found<Scalar: Real> {
  /// D and C [heads, N].
  let similarity, weighting: Out<Scalar>
  /// With masks, the norms of what is compared [heads, N].
  let norms: Out<Scalar>
}

/// Where it is kept. If the record does not keep it, these places hold what was found in the step in hand.
extension MemoryHistory {
  func foundByWriteHeads(_ row: Int, _ b: Int) -> Found<Scalar> {
    let place = Place(planes: planes, row: row, b: b)
    return Found(similarity: place(.similarity), weighting: place(.contentWeights), norms: place(.comparedNorms))
  }

  /// - Parameter current: the row of the state after the step.
  func foundByReadHeads(_ row: Int, _ b: Int, current: Int) -> Found<Scalar> {
    let (writing, slots) = (foundByWriteHeads(row, b), c.K * c.N)
    return Found(
      similarity: writing.similarity + slots,
      weighting: c.readsByContent ? planes[.readWeights][current, b] : writing.weighting + slots,
      norms: writing.norms + slots)
  }
}
