import CDNC
import CPlatform

/// The options of a task: "key=value,key=value".
enum TaskOptions {
  struct Option {
    let key, value: UnsafeRawBufferPointer

    func number(in range: ClosedRange<Int>) throws(Failure) -> Int {
      guard let number = Option.number(value), range.contains(number) else {
        throw Failure(
          DNC_INVALID_ARGUMENT,
          "options: \(bytes: key) is \"\(bytes: value)\", allowed are \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }

    /// "3-10", or "5" for 5-5.
    func range(in range: ClosedRange<Int>) throws(Failure) -> ClosedRange<Int> {
      let dash = value.firstIndex(of: UInt8(ascii: "-"))
      let first = UnsafeRawBufferPointer(rebasing: value[..<(dash ?? value.count)])
      let last = dash.map { UnsafeRawBufferPointer(rebasing: value[($0 + 1)...]) } ?? first
      guard let low = Option.number(first), let high = Option.number(last), low <= high, range.contains(low),
        range.contains(high)
      else {
        throw Failure(
          DNC_INVALID_ARGUMENT,
          """
          options: \(bytes: key) is \"\(bytes: value)\", allowed are a number or a range \"low-high\" within \
          \(range.lowerBound) to \(range.upperBound)
          """)
      }
      return low...high
    }

    /// 0 or 1, whichever of the words the value is.
    func choice(_ zero: StaticString, _ one: StaticString) throws(Failure) -> Int {
      if value.equals(zero) { return 0 }
      if value.equals(one) { return 1 }
      throw Failure(
        DNC_INVALID_ARGUMENT,
        "options: \(bytes: key) is \"\(bytes: value)\", allowed are \"\(zero)\" and \"\(one)\"")
    }

    /// From 0 to 1.
    func share() throws(Failure) -> Double {
      guard let share = Double(decimal: value), (0...1).contains(share) else {
        throw Failure(DNC_INVALID_ARGUMENT, "options: \(bytes: key) is \"\(bytes: value)\", allowed are 0 to 1")
      }
      return share
    }

    func unknown(allowed: StaticString) -> Failure {
      Failure(DNC_INVALID_ARGUMENT, "options: \"\(bytes: key)\" is unknown, allowed are \(allowed)")
    }

    private static func number(_ digits: UnsafeRawBufferPointer) -> Int? {
      UInt64(decimal: digits).flatMap { Int(exactly: $0) }
    }
  }

  static func requireOrder(
    _ low: Int, _ high: Int, _ lowName: StaticString, _ highName: StaticString
  ) throws(Failure) {
    guard low <= high else {
      throw Failure(DNC_INVALID_ARGUMENT, "options: \(lowName) is \(low), allowed is at most \(highName), \(high)")
    }
  }

  /// Calls `body` for each option in turn; none for nil and "". A later option overrides an earlier one.
  static func forEach(_ options: UnsafePointer<CChar>?, _ body: (Option) throws(Failure) -> Void) throws(Failure) {
    guard let options else { return }
    let text = UnsafeRawBufferPointer(start: options, count: strlen(options))
    var start = 0
    while start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: ",")) ?? text.count
      let option = UnsafeRawBufferPointer(rebasing: text[start..<end])
      guard let equals = option.firstIndex(of: UInt8(ascii: "=")) else {
        throw Failure(DNC_INVALID_ARGUMENT, "options: \"\(bytes: option)\" is not of the form key=value")
      }
      try body(
        Option(
          key: UnsafeRawBufferPointer(rebasing: option[..<equals]),
          value: UnsafeRawBufferPointer(rebasing: option[(equals + 1)...])))
      start = end + 1
    }
  }
}
