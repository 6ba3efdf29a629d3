import CDNC
import CPlatform

/// What the options of a task say. `init` declares the options in the order of the task's page, one call each.
protocol TaskSettings {
  init(_ options: inout TaskOptions) throws(Failure)
}

extension TaskSettings {
  /// The declaration at an index, or nil behind the last.
  static func option(_ index: Int) -> TaskOption? {
    var options = TaskOptions(keeping: index)
    // The defaults are allowed, so nothing is refused.
    do throws(Failure) { _ = try Self(&options) } catch {}
    return options.kept
  }
}

/// The options given to a task, "key=value,key=value". The settings take what they declare.
///
/// What declares an option is not inlined: the calls are most of what the settings of all tasks are made of.
struct TaskOptions {
  private let text: UnsafeRawBufferPointer
  /// The index of a declaration to be kept, and how many have come.
  private let keeping: Int?
  private var declared = 0
  private(set) var kept: TaskOption?

  fileprivate init(keeping index: Int) {
    text = UnsafeRawBufferPointer(start: nil, count: 0)
    keeping = index
  }

  /// - Parameter options: nil and "" are the defaults.
  init(_ options: UnsafePointer<CChar>?) throws(Failure) {
    try self.init(UnsafeRawBufferPointer(start: options, count: options.map { strlen($0) } ?? 0))
  }

  init(_ text: UnsafeRawBufferPointer) throws(Failure) {
    self.text = text
    keeping = nil
    try forEach { (_, _) throws(Failure) in }
  }

  @inline(never) mutating func number(
    _ name: StaticString, in range: ClosedRange<Int>, default value: StaticString, _ meaning: StaticString
  ) throws(Failure) -> Int {
    try take(TaskOption(name: name, kind: .number(range), default: value, meaning: meaning))!.range.lowerBound
  }

  /// A range whose ends are two options.
  @inline(never) mutating func bounds(
    _ low: StaticString, default first: StaticString, _ high: StaticString, default last: StaticString,
    in range: ClosedRange<Int>, _ meaning: StaticString
  ) throws(Failure) -> ClosedRange<Int> {
    let least = try number(low, in: range, default: first, meaning)
    let most = try number(high, in: range, default: last, meaning)
    guard least <= most else {
      throw Failure(DNC_INVALID_ARGUMENT, "options: \(low) is \(least), allowed is at most \(high), \(most)")
    }
    return least...most
  }

  @inline(never) mutating func range(
    _ name: StaticString, in range: ClosedRange<Int>, default value: StaticString, _ meaning: StaticString
  ) throws(Failure) -> ClosedRange<Int> {
    try take(TaskOption(name: name, kind: .range(range), default: value, meaning: meaning))!.range
  }

  /// A range, or nil for the word that is allowed besides.
  @inline(never) mutating func range(
    _ name: StaticString, in range: ClosedRange<Int>, or word: StaticString, default value: StaticString,
    _ meaning: StaticString
  ) throws(Failure) -> ClosedRange<Int>? {
    let option = TaskOption(name: name, kind: .range(range, or: word), default: value, meaning: meaning)
    let given = try take(option)!
    return given.text.equals(word) ? nil : given.range
  }

  /// The default, unless the option says the other word.
  /// - Returns: whether it is the other word.
  @inline(never) mutating func choice(
    _ name: StaticString, default word: StaticString, or other: StaticString, _ meaning: StaticString
  ) throws(Failure) -> Bool {
    let option = TaskOption(name: name, kind: .choice(TaskOption.Words(word, other)), default: word, meaning: meaning)
    return try take(option)!.text.equals(other)
  }

  /// One of some words.
  @inline(never) mutating func choice(
    _ name: StaticString, of words: TaskOption.Words, default word: StaticString, _ meaning: StaticString
  ) throws(Failure) -> UnsafeRawBufferPointer {
    try take(TaskOption(name: name, kind: .choice(words), default: word, meaning: meaning))!.text
  }

  /// Yes or no, or nil where nothing is said; the meaning tells what holds then.
  @inline(never) mutating func answer(_ name: StaticString, _ meaning: StaticString) throws(Failure) -> Bool? {
    let option = TaskOption(name: name, kind: .choice(TaskOption.Words("no", "yes")), default: "", meaning: meaning)
    return try take(option)?.text.equals("yes")
  }

  /// From 0 to 1.
  @inline(never) mutating func share(
    _ name: StaticString, default value: StaticString, _ meaning: StaticString
  ) throws(Failure) -> Double {
    try take(TaskOption(name: name, kind: .share, default: value, meaning: meaning))!.share
  }

  /// Nil where nothing is said.
  @inline(never) mutating func path(_ name: StaticString, _ meaning: StaticString) throws(Failure)
    -> UnsafeRawBufferPointer?
  {
    try take(TaskOption(name: name, kind: .path, default: "", meaning: meaning))?.text
  }

  /// What the last option of that name says, or the default. Nil where nothing is said and there is no default. All options
  /// of that name must be allowed.
  @inline(never) private mutating func take(_ option: TaskOption) throws(Failure) -> TaskOption.Value? {
    if declared == keeping { kept = option }
    declared += 1
    var value = option.default.utf8CodeUnitCount > 0 ? option.value(option.default.bytes) : nil
    try forEach { (key, text) throws(Failure) in
      if key.equals(option.name) { value = try TaskOptions.value(of: option, text) }
    }
    return value
  }

  @inline(never) private static func value(
    of option: TaskOption, _ text: UnsafeRawBufferPointer
  ) throws(Failure) -> TaskOption.Value {
    guard let value = option.value(text) else {
      throw Failure(
        DNC_INVALID_ARGUMENT, "options: \(option.name) is \"\(bytes: text)\", allowed are \(allowed: option)")
    }
    return value
  }

  /// Refuses an option beside another one.
  @inline(never) func refuse(_ name: StaticString, besides other: StaticString) throws(Failure) {
    try forEach { (key, _) throws(Failure) in
      guard !key.equals(name) else {
        throw Failure(DNC_INVALID_ARGUMENT, "options: \(name) is not allowed together with \(other)")
      }
    }
  }

  /// Refuses options that are none of the task's, or say what is not allowed.
  /// - Parameter task: its index in the list of tasks.
  @inline(never) func requireDeclared(by task: Int) throws(Failure) {
    try forEach { (key, text) throws(Failure) in
      var index = 0
      while let known = TaskList.option(index, of: task) {
        if key.equals(known.name) {
          _ = try TaskOptions.value(of: known, text)
          return
        }
        index += 1
      }
      throw Failure(
        DNC_INVALID_ARGUMENT,
        "options: \"\(bytes: key)\" is unknown, allowed are \(names: { TaskList.option($0, of: task)?.name })")
    }
  }

  /// Calls `body` with key and value of each option in turn.
  private func forEach(
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    var start = 0
    while start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: ",")) ?? text.count
      let option = UnsafeRawBufferPointer(rebasing: text[start..<end])
      guard let equals = option.firstIndex(of: UInt8(ascii: "=")) else {
        throw Failure(DNC_INVALID_ARGUMENT, "options: \"\(bytes: option)\" is not of the form key=value")
      }
      try body(
        UnsafeRawBufferPointer(rebasing: option[..<equals]), UnsafeRawBufferPointer(rebasing: option[(equals + 1)...]))
      start = end + 1
    }
  }
}
