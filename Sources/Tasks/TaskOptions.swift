import CDNC
import CPlatform

/// The options of a task: "key=value,key=value".
enum TaskOptions {
  struct Option {
    let key, value: UnsafeRawBufferPointer

    func number(in range: ClosedRange<Int>) throws(Failure) -> Int {
      guard let number = UInt64(decimal: value), let small = Int(exactly: number), range.contains(small) else {
        throw Failure(
          DNC_INVALID_ARGUMENT,
          "options: \(bytes: key) is \"\(bytes: value)\", allowed are \(range.lowerBound) to \(range.upperBound)")
      }
      return small
    }
  }

  /// Calls `body` for each option in turn; none for nil and "".
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
