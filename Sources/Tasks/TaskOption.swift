/// The declaration of one option of a task.
struct TaskOption {
  let name: StaticString
  let kind: Kind
  /// As it would be given; "" if there is none.
  let `default`: StaticString
  /// Plain text; what is written literally is in quotation marks.
  let meaning: StaticString

  enum Kind {
    /// A whole number.
    case number(ClosedRange<Int>)
    /// "3-10", or "5" for 5-5, within a range; or a word.
    case range(ClosedRange<Int>, or: StaticString? = nil)
    case choice(Words)
    /// From 0 to 1.
    case share
    case path
  }

  var isPath: Bool {
    if case .path = kind { true } else { false }
  }

  /// Two to four words to choose from.
  struct Words {
    private let words: (StaticString, StaticString, StaticString?, StaticString?)

    init(_ first: StaticString, _ second: StaticString, _ third: StaticString? = nil, _ fourth: StaticString? = nil) {
      words = (first, second, third, fourth)
    }

    subscript(index: Int) -> StaticString? {
      switch index {
      case 0: words.0
      case 1: words.1
      case 2: words.2
      case 3: words.3
      default: nil
      }
    }

    func contains(_ word: UnsafeRawBufferPointer) -> Bool {
      var index = 0
      while let known = self[index] {
        if word.equals(known) { return true }
        index += 1
      }
      return false
    }
  }

  /// What an option says, and what that means: a number is a range of one.
  struct Value {
    let text: UnsafeRawBufferPointer
    var range = 0...0
    var share = 0.0
  }

  /// Nil if the text is not allowed.
  func value(_ text: UnsafeRawBufferPointer) -> Value? {
    switch kind {
    case .number(let allowed):
      guard let number = TaskOption.number(text), allowed.contains(number) else { return nil }
      return Value(text: text, range: number...number)
    case .range(let allowed, let word):
      if let word, text.equals(word) { return Value(text: text) }
      let dash = text.firstIndex(of: UInt8(ascii: "-"))
      let first = UnsafeRawBufferPointer(rebasing: text[..<(dash ?? text.count)])
      let last = dash.map { UnsafeRawBufferPointer(rebasing: text[($0 + 1)...]) } ?? first
      guard let low = TaskOption.number(first), let high = TaskOption.number(last), low <= high, allowed.contains(low),
        allowed.contains(high)
      else { return nil }
      return Value(text: text, range: low...high)
    case .choice(let words):
      return words.contains(text) ? Value(text: text) : nil
    case .share:
      guard let share = Double(decimal: text), (0...1).contains(share) else { return nil }
      return Value(text: text, share: share)
    case .path:
      return text.count > 0 ? Value(text: text) : nil
    }
  }

  private static func number(_ digits: UnsafeRawBufferPointer) -> Int? {
    UInt64(decimal: digits).flatMap { Int(exactly: $0) }
  }
}

extension Text {
  /// What an option may say. What is written literally is in quotation marks.
  @inline(never) mutating func append(allowed option: TaskOption) {
    switch option.kind {
    case .number(let range):
      append(range)
    case .range(let range, let word):
      append("a number or a range \"low-high\" within ")
      append(range)
      if let word {
        append(", and ")
        append(quoted: word)
      }
    case .choice(let words):
      append(list: { words[$0] }, quoted: true)
    case .share:
      append("0 to 1")
    case .path:
      append("a path without commas")
    }
  }

  private mutating func append(_ range: ClosedRange<Int>) {
    append(range.lowerBound)
    append(" to ")
    append(range.upperBound)
  }

  private mutating func append(quoted word: StaticString) {
    append("\"")
    append(word)
    append("\"")
  }

  /// "a, b and c"; `name` gives the names by index, then nil.
  @inline(never) mutating func append(list name: (Int) -> StaticString?, quoted: Bool = false) {
    var index = 0
    while let word = name(index) {
      let isLast = name(index + 1) == nil
      if index > 0 { append(isLast ? " and " : ", ") }
      if quoted { append(quoted: word) } else { append(word) }
      index += 1
    }
  }
}

extension Message.StringInterpolation {
  mutating func appendInterpolation(allowed option: TaskOption) { text.append(allowed: option) }
  /// "a, b and c"; `name` gives the names by index, then nil.
  mutating func appendInterpolation(names name: (Int) -> StaticString?) { text.append(list: name) }
}

extension StaticString {
  /// Without the closing zero.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
