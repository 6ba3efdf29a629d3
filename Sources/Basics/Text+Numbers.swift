import CPlatform

extension Double {
  /// Reads [-]digits[.digits][e[+-]digits], with a decimal point in every locale. A Float written with nine digits is
  /// read back exactly.
  init?(decimal text: UnsafeRawBufferPointer) {
    var i = 0
    func at(_ byte: Unicode.Scalar) -> Bool { i < text.count && text[i] == UInt8(ascii: byte) }
    func digit() -> Int? {
      guard i < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[i]) else { return nil }
      return Int(text[i] - UInt8(ascii: "0"))
    }

    let negative = at("-")
    if negative { i += 1 }
    var mantissa: UInt64 = 0
    var exponent = 0
    var digits = 0
    func takeDigits(fraction: Bool) {
      while let next = digit() {
        // Digits after the 18th only change the magnitude.
        if mantissa < 100_000_000_000_000_000 {
          mantissa = mantissa * 10 + UInt64(next)
          if fraction { exponent -= 1 }
        } else if !fraction {
          exponent += 1
        }
        digits += 1
        i += 1
      }
    }
    takeDigits(fraction: false)
    if at(".") {
      i += 1
      takeDigits(fraction: true)
    }
    guard digits > 0 else { return nil }
    if at("e") || at("E") {
      i += 1
      let down = at("-")
      if down || at("+") { i += 1 }
      guard digit() != nil else { return nil }
      var power = 0
      while let next = digit() {
        power = min(power * 10 + next, 100_000)
        i += 1
      }
      exponent += down ? -power : power
    }
    guard i == text.count else { return nil }
    let scale = dnc_platform_pow(10, Double(abs(exponent)))
    let value = exponent < 0 ? Double(mantissa) / scale : Double(mantissa) * scale
    self = negative ? -value : value
  }
}
