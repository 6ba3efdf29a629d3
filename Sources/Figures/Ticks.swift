import CPlatform

/// Round numbers on an axis: the multiples of 1, 2 or 5 times a power of ten that lie between two ends.
struct Ticks {
  /// The distance of two ticks is `mantissa` (1, 2, 5 or 10) x 10 ^ `exponent`.
  private let mantissa: Int
  private let exponent: Int
  /// The first tick in distances from 0.
  private let first: Int
  let count: Int

  /// Ticks from `low` to `high`, both finite and within the range of Float, about `wanted` (at least 1) of them: their
  /// distance is the round number nearest, by ratio, to the wanted one. None when low >= high.
  init(from low: Double, to high: Double, wanted: Int) {
    guard low < high else {
      self.init(mantissa: 1, exponent: 0, first: 0, count: 0)
      return
    }
    let distance = (high - low) / Double(wanted)
    let exponent = Int(floor(log10(distance)))
    let squared = dnc_platform_pow(distance / dnc_platform_pow(10, Double(exponent)), 2)
    let mantissa = squared <= 1 * 2 ? 1 : squared <= 2 * 5 ? 2 : squared <= 5 * 10 ? 5 : 10
    let step = Ticks.value(mantissa: mantissa, times: 1, exponent: exponent)
    // The slack keeps ticks that lie at the ends, in spite of rounding.
    let first = ceil(low / step - 1e-6)
    let last = floor(high / step + 1e-6)
    guard first.magnitude < 0x1p52, last.magnitude < 0x1p52, first <= last else {
      self.init(mantissa: 1, exponent: 0, first: 0, count: 0)
      return
    }
    self.init(mantissa: mantissa, exponent: exponent, first: Int(first), count: Int(last - first) + 1)
  }

  private init(mantissa: Int, exponent: Int, first: Int, count: Int) {
    self.mantissa = mantissa
    self.exponent = exponent
    self.first = first
    self.count = count
  }

  /// The value of tick i, 0 <= i < count.
  subscript(i: Int) -> Double {
    Ticks.value(mantissa: mantissa, times: first + i, exponent: exponent)
  }

  /// Significant digits that keep the ticks apart; %g drops the zeros at the end.
  func digits(of value: Double) -> Int {
    guard value != 0 else { return 1 }
    let needed = Int(floor(log10(value.magnitude))) - exponent + 1
    return min(max(needed, 6), 15)
  }

  /// Divides by a whole power of ten where the exponent is negative: 3 / 10 is the Double nearest to 0.3, while
  /// 3 * 0.1 is not.
  private static func value(mantissa: Int, times: Int, exponent: Int) -> Double {
    let whole = Double(mantissa) * Double(times)
    return exponent < 0
      ? whole / dnc_platform_pow(10, Double(-exponent)) : whole * dnc_platform_pow(10, Double(exponent))
  }

  /// The distance of the ticks of an axis that counts: the smallest of 1, 2, 5, 10, 20, ... with
  /// `step * pixelsEach >= pixelsApart`; pixelsEach >= 1.
  static func step(pixelsEach: Int, pixelsApart: Int) -> Int {
    var power = 1
    while true {
      if power * pixelsEach >= pixelsApart { return power }
      if 2 * power * pixelsEach >= pixelsApart { return 2 * power }
      if 5 * power * pixelsEach >= pixelsApart { return 5 * power }
      power *= 10
    }
  }
}
