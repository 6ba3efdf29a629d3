extension DNCMemory {
  /// Working memory of one thread, for one sequence and one step at a time. Only the memories and middle links of a
  /// segment outlive the step.
  struct Scratch: MemoryScratch {
    let interfaceParts: TransformedParts
    let usageFound: Out<Scalar>  // u^k [K, N]
    let freeList: Out<UInt32>
    let masked: Out<Scalar>  // scratch of the masked content weighting
    let links: Out<Scalar>  // scratch of the parts of the links

    // For backward.
    let memory: Plane<Scalar>  // [sequences, N, W] after each step of a segment but the last
    let middleLinks: Plane<Scalar>  // [sequences, K, N, N] in the middle of a long segment
    let interfaceGradient: Out<Scalar>  // [ξ]
    let backwardGradient: Out<Scalar>  // of b [R, K, N]
    let forwardGradient: Out<Scalar>  // of f [R, K, N]
    let contentGradient: Out<Scalar>  // [R or K, N]
    let allocationGradient: Out<Scalar>  // [N]
    let usageFoundGradient: Out<Scalar>  // [N]
    let products: Out<Scalar>  // [N]
    let retentionGradient: Out<Scalar>  // [N]

    init(_ carver: inout Carver, _ c: Configuration, sequences: Int, segment: Int) {
      interfaceParts = TransformedParts(&carver, of: Interface.self, c.interface)
      usageFound = carver.take(c.K * c.N)
      freeList = carver.take(FreeList.scratchCount(slots: c.N))
      let masked = c.hasMasks ? max(c.R, c.K) : 0
      self.masked = carver.take(
        MaskedContentWeighting.scratchCount(slots: c.N, wordSize: c.W, heads: masked))
      links = carver.take(
        c.hasLinks ? LinkParts(slots: c.N, readHeads: c.R, steps: max(segment, 1)).scratchCount : 0)
      memory = Plane(&carver, rows: max(segment - 1, 0), batch: sequences, width: c.N * c.W)
      middleLinks = Plane(
        &carver, rows: c.keepsMiddleLinks(segment: segment) ? 1 : 0, batch: sequences, width: c.linkCount)
      interfaceGradient = carver.take(c.interface.count)
      let pairs = c.hasLinks ? c.R * c.K : 0
      backwardGradient = carver.take(pairs * c.N)
      forwardGradient = carver.take(pairs * c.N)
      contentGradient = carver.take(max(c.R, c.K) * c.N)
      allocationGradient = carver.take(c.N)
      usageFoundGradient = carver.take(c.N)
      products = carver.take(c.N)
      retentionGradient = carver.take(c.deallocates ? c.N : 0)
    }
  }
}
