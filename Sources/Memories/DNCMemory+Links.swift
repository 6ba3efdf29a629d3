/// Reading along the links (model.md, sections 6 and 7), in a memory that has them.
extension DNCMemory {
  /// Links and precedence, and the read weightings that the modes mix from them and `content`.
  func readLinks(
    _ b: Int, _ row: Int, _ parts: InterfaceParts<In<Scalar>>, content: In<Scalar>, _ before: Read, _ after: Written
  ) {
    let backwardWeights = planes[.backwardWeights][row, b]
    let forwardWeights = planes[.forwardWeights][row, b]
    for k in 0..<c.K {
      let slots = k * c.N
      TemporalLinks.forward(
        slots: c.N, readHeads: c.R, writeWeighting: after.writeWeights + slots,
        previousPrecedence: before.precedence + slots, previousReadWeights: before.readWeights,
        previousLink: before.link + slots * c.N, link: after.link + slots * c.N,
        forwardWeights: MutableRows(forwardWeights + slots, stride: c.K * c.N),
        backwardWeights: MutableRows(backwardWeights + slots, stride: c.K * c.N), scratch: scratch.links, team: team)
      Precedence.forward(
        slots: c.N, writeWeighting: after.writeWeights + slots, previousPrecedence: before.precedence + slots,
        precedence: after.precedence + slots)
    }
    if c.sharpensLinks { sharpen(b, row, parts) }
    let (ofBackward, ofForward) = followed
    ReadWeighting.forward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, modes: parts.readModes, backwardWeights: planes[ofBackward][row, b],
      content: content, forwardWeights: planes[ofForward][row, b], weighting: after.readWeights)
  }

  /// The weightings along the links that the read modes mix.
  private var followed: (backward: Quantity, forward: Quantity) {
    c.sharpensLinks ? (.sharpBackwardWeights, .sharpForwardWeights) : (.backwardWeights, .forwardWeights)
  }

  private func sharpen(_ b: Int, _ row: Int, _ parts: InterfaceParts<In<Scalar>>) {
    func sharpen(_ weights: Quantity, _ sharpness: In<Scalar>, _ sharp: Quantity) {
      for pair in 0..<c.R * c.K {
        Sharpening.forward(
          slots: c.N, weighting: planes[weights][row, b] + pair * c.N, sharpness: sharpness[pair],
          sharpened: planes[sharp][row, b] + pair * c.N)
      }
    }
    sharpen(.backwardWeights, parts.backwardSharpness, .sharpBackwardWeights)
    sharpen(.forwardWeights, parts.forwardSharpness, .sharpForwardWeights)
  }

  // MARK: Backward

  /// Leaves the gradients of b, c and f in the scratch.
  func backwardModes(_ step: Backward, content: In<Scalar>) {
    let (ofBackward, ofForward) = followed
    ReadWeighting.backward(
      slots: c.N, readHeads: c.R, writeHeads: c.K, modes: step.parts.readModes,
      backwardWeights: planes[ofBackward][step.t, step.b], content: content,
      forwardWeights: planes[ofForward][step.t, step.b], weightingGradient: step.gradient.readWeights,
      modesGradient: step.partsGradient.readModes, backwardGradient: scratch.backwardGradient,
      contentGradient: scratch.contentGradient, forwardGradient: scratch.forwardGradient)
    if c.sharpensLinks { sharpenBackward(step) }
  }

  func backwardLinks(_ step: Backward) {
    let gradient = step.gradient
    for k in 0..<c.K {
      let slots = k * c.N
      Precedence.backward(
        slots: c.N, writeWeighting: step.after.writeWeights + slots, previousPrecedence: step.before.precedence + slots,
        precedenceGradient: gradient.precedence + slots, writeWeightingGradient: gradient.writeWeights + slots)
      TemporalLinks.backward(
        slots: c.N, readHeads: c.R,
        history: history.links(
          before: step.t, of: step.steps, step.b, k, middle: scratch.middleLinks[0, step.b - sequences.lowerBound]),
        previousReadWeights: step.before.readWeights,
        forwardGradient: Rows(scratch.forwardGradient + slots, stride: c.K * c.N),
        backwardGradient: Rows(scratch.backwardGradient + slots, stride: c.K * c.N),
        linkGradient: gradient.link + slots * c.N, writeWeightingGradient: gradient.writeWeights + slots,
        precedenceGradient: gradient.precedence + slots, readWeightsGradient: gradient.readWeights,
        scratch: scratch.links, team: team)
    }
  }

  /// Turns the gradients of the sharpened weightings in the scratch into those of b and f.
  private func sharpenBackward(_ step: Backward) {
    func backward(
      _ weights: Quantity, _ sharpness: In<Scalar>, _ sharp: Quantity, _ gradient: Out<Scalar>,
      _ sharpnessGradient: Out<Scalar>
    ) {
      for pair in 0..<c.R * c.K {
        Sharpening.backward(
          slots: c.N, weighting: planes[weights][step.t, step.b] + pair * c.N, sharpness: sharpness[pair],
          sharpened: planes[sharp][step.t, step.b] + pair * c.N, gradient: gradient + pair * c.N,
          sharpnessGradient: sharpnessGradient + pair)
      }
    }
    backward(
      .backwardWeights, step.parts.backwardSharpness, .sharpBackwardWeights, scratch.backwardGradient,
      step.partsGradient.backwardSharpness)
    backward(
      .forwardWeights, step.parts.forwardSharpness, .sharpForwardWeights, scratch.forwardGradient,
      step.partsGradient.forwardSharpness)
  }
}
