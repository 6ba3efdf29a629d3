import CPlatform

/// The mapping of numbers to places along an axis of a panel.
struct Scale {
  /// The numbers at the ends, or their decadic logarithms; low < high.
  private let low, high: Double
  let isLogarithmic: Bool
  /// True if a logarithmic axis has 0 at its lower end.
  var hasZero = false
  /// Length of the axis. The ends lie `inset` inside of it, so that lines and marks have room.
  let pixels: Int

  private static let inset = 5
  /// Numbers of greater magnitude have no place on a linear axis.
  static let greatest = 1e30
  /// Smallest difference of the ends' logarithms.
  private static let leastSpan = 1e-9

  /// Least pixels between two decades with a number, and of a decade with lines inside.
  private static let decadesApart = 18.0
  private static let roomyDecade = 40.0

  enum Rank {
    /// A short line.
    case minor
    /// A number, and a line through the panel.
    case major
  }

  /// A linear axis; low < high.
  init(from low: Double, to high: Double, pixels: Int) {
    (self.low, self.high, self.pixels, isLogarithmic) = (low, high, pixels, false)
  }

  /// A linear axis. It begins at 0, unless numbers are negative or far from 0, and ends at 1 for shares that come near
  /// to 1.
  init(linearFrom low: Double, to high: Double, pixels: Int) {
    (self.pixels, isLogarithmic) = (pixels, false)
    guard low <= high else {
      (self.low, self.high) = (0, 1)
      return
    }
    var (low, high) = (low, high)
    if low > 0 && low < 0.5 * high || low == high { low = min(low, 0) }
    if high < 1 && high > 0.7 || low == high { high = low == high ? max(high, 0) : 1 }
    if low == high { high = 1 }
    (self.low, self.high) = (low, high)
  }

  /// A logarithmic axis; both ends are positive and finite. For a single number it has a decade around it.
  init(logarithmicFrom low: Double, to high: Double, pixels: Int) {
    (self.pixels, isLogarithmic) = (pixels, true)
    guard low <= high else {
      (self.low, self.high) = (-1, 0)
      return
    }
    let (first, last) = (log10(low), log10(high))
    let slack = last - first < Scale.leastSpan ? 0.5 : 0
    (self.low, self.high) = (first - slack, last + slack)
  }

  /// True if a number has a place on the axis.
  static func hasPlace(_ value: Double, isLogarithmic: Bool) -> Bool {
    isLogarithmic ? value > 0 && value.isFinite : value.magnitude <= Scale.greatest
  }

  /// Pixels from the end of the lowest number; nil: it has no place.
  func place(_ value: Double) -> Double? {
    if hasZero && value == 0 { return 1 }
    guard Scale.hasPlace(value, isLogarithmic: isLogarithmic) else { return nil }
    let share = ((isLogarithmic ? log10(value) : value) - low) / (high - low)
    return Double(Scale.inset) + min(max(share, 0), 1) * span
  }

  private var span: Double { Double(pixels - 1 - 2 * Scale.inset) }

  /// Calls `body` with the round numbers from the lowest on.
  /// - Parameter pixelsApart: approximate distance of two ticks with a number.
  @inline(never) func forEachTick(pixelsApart: Int, _ body: (_ value: Double, _ digits: Int, Rank) -> Void) {
    let wanted = max(Int(span) / pixelsApart, 2)
    guard isLogarithmic else { return forEachRound(from: low, to: high, wanted: wanted, body) }
    let decade = span / (high - low)
    func forEach(_ body: (_ mantissa: Int, _ value: Double, _ exponent: Int) -> Void) {
      for exponent in Int(floor(low))...Int(floor(high)) {
        for mantissa in 1...9 {
          let value = Double(mantissa) * dnc_platform_pow(10, Double(exponent))
          let logarithm = Double(exponent) + log10(Double(mantissa))
          if logarithm >= low - 1e-9 && logarithm <= high + 1e-9 { body(mantissa, value, exponent) }
        }
      }
    }
    let hasFew = high - low < 2
    func isMajor(_ mantissa: Int) -> Bool { mantissa == 1 || hasFew && (mantissa == 2 || mantissa == 5) }
    var majors = 0
    forEach { mantissa, _, _ in majors += isMajor(mantissa) ? 1 : 0 }
    guard majors >= 3 || !hasFew else {
      return forEachRound(from: dnc_platform_pow(10, low), to: dnc_platform_pow(10, high), wanted: wanted, body)
    }
    let step = Int((Scale.decadesApart / decade).rounded(.up))
    forEach { mantissa, value, exponent in
      if isMajor(mantissa) {
        if exponent % step == 0 { body(value, 6, .major) }
      } else if decade >= Scale.roomyDecade {
        body(value, 6, .minor)
      }
    }
  }

  private func forEachRound(from low: Double, to high: Double, wanted: Int, _ body: (Double, Int, Rank) -> Void) {
    guard high <= Scale.greatest, high - low > 1e-30 else { return }
    let ticks = Ticks(from: low, to: high, wanted: wanted)
    for i in 0..<ticks.count {
      let value = ticks[i]
      body(value, max(ticks.digits(of: value), value.magnitude < 1e9 ? 10 : 1), .major)
    }
  }
}
