/// The parameters of an update in portions that threads share. They depend on the number of parameters alone, and their
/// sums are added up in their order, so no byte depends on the number of threads.
struct Portions {
  static let most = 16

  let parameters: Int
  /// Few parameters are one portion: their update takes no longer than waking a thread.
  var count: Int { parameters < 1 << 16 ? 1 : Portions.most }

  init(of parameters: Int) { self.parameters = parameters }

  /// All portions but the last are a multiple of 64, so no kernel's vectors are cut.
  subscript(portion: Int) -> Range<Int> { start(portion)..<start(portion + 1) }

  private func start(_ portion: Int) -> Int { portion == count ? parameters : parameters * portion / count & ~63 }

  /// - Parameter team: nil for none but the caller's thread.
  func forEach(_ team: Threads.Team?, _ work: some ThreadWork) {
    guard let team else {
      for portion in 0..<count { work.run(portion, thread: 0) }
      return
    }
    // A parameter's gradient and averages come from far away, which takes the time of some multiplications.
    team.run(count, cost: 8 * parameters, work)
  }
}

/// A number for each portion.
struct PortionValues<Element: BitwiseCopyable> {
  private var values: InlineArray<16, Element>

  init(repeating value: Element) { values = InlineArray(repeating: value) }

  subscript(portion: Int) -> Element { values[portion] }

  /// Lets the body write the values from several threads.
  mutating func fill(_ body: (UnsafeMutablePointer<Element>) -> Void) {
    withUnsafeMutablePointer(to: &values) { all in
      body(UnsafeMutableRawPointer(all).assumingMemoryBound(to: Element.self))
    }
  }
}
