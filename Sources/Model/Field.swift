import CDNC

/// A row of the table of a configuration's fields: its name, what is allowed, its default, and what files say of it. The table
/// sets the defaults, checks what a caller gives, and is the list of what a checkpoint says.
struct Field {
  let name: StaticString
  let allowed: Allowed
  let standard: Double
  let files: InFiles
  /// True if another memory than the DNC's must leave the field at its default.
  let isOfDNC: Bool

  init(
    _ name: StaticString, _ allowed: Allowed, default standard: Double = 0, files: InFiles = .kept,
    isOfDNC: Bool = false
  ) {
    self.name = name
    self.allowed = allowed
    self.standard = standard
    self.files = files
    self.isOfDNC = isOfDNC
  }

  enum Allowed {
    case whole(ClosedRange<Int>)
    /// The bit of every number that is a choice.
    case choices(UInt32)
    case everyWhole
    /// From 0.
    case real(upTo: Float)
    /// From 0.
    case belowOne
    case aboveZero
    /// From 0, whose meaning may be said: " (no clamping)".
    case anyMagnitude(zero: StaticString)

    static var magnitude: Allowed { .anyMagnitude(zero: "") }

    static func choices<Choice: RawRepresentable<UInt32>>(_: Choice.Type) -> Allowed {
      var bits: UInt32 = 0
      for number in 0..<UInt32(32) where Choice(rawValue: number) != nil { bits |= 1 << number }
      return .choices(bits)
    }
  }

  enum InFiles {
    case kept, left
    /// Belongs to the process. Older files say it; nobody listens.
    case ofProcess
    /// Kept. A file that does not say it was written before there was this field, and means this number.
    case keptSince(before: Double)
    /// Kept unless it is the default: a file without it means the default.
    case keptIfOther
  }

  /// A field's number, which the visitor of a table may change.
  enum Number {
    case integer(UInt32)
    case long(UInt64)
    case real(Float)

    var value: Double {
      switch self {
      case .integer(let value): Double(value)
      case .long(let value): Double(value)
      case .real(let value): Double(value)
      }
    }

    mutating func set(_ number: Double) {
      switch self {
      case .integer: self = .integer(UInt32(number))
      case .long: self = .long(UInt64(number))
      case .real: self = .real(Float(number))
      }
    }
  }

  typealias Visitor = (Field, inout Number) throws(Failure) -> Void

  func visit(_ field: inout UInt32, _ visitor: Visitor) throws(Failure) {
    var number = Number.integer(field)
    try visitor(self, &number)
    if case .integer(let value) = number { field = value }
  }

  func visit(_ field: inout UInt64, _ visitor: Visitor) throws(Failure) {
    var number = Number.long(field)
    try visitor(self, &number)
    if case .long(let value) = number { field = value }
  }

  func visit(_ field: inout Float, _ visitor: Visitor) throws(Failure) {
    var number = Number.real(field)
    try visitor(self, &number)
    if case .real(let value) = number { field = value }
  }
}

extension Field.Allowed {
  func contains(_ number: Field.Number) -> Bool {
    switch (self, number) {
    case (.whole(let range), .integer(let value)): range.contains(Int(value))
    case (.choices(let bits), .integer(let value)): value < 32 && bits >> value & 1 == 1
    case (.everyWhole, .long): true
    case (.real(let most), .real(let value)): value >= 0 && value <= most
    case (.belowOne, .real(let value)): value >= 0 && value < 1
    case (.aboveZero, .real(let value)): value > 0 && value.isFinite
    case (.anyMagnitude, .real(let value)): value >= 0 && value.isFinite
    default: false
    }
  }
}

extension Message.StringInterpolation {
  mutating func appendInterpolation(_ number: Field.Number) {
    switch number {
    case .integer(let value): appendInterpolation(value)
    case .long(let value): appendInterpolation(UInt(value))
    case .real(let value): appendInterpolation(value)
    }
  }

  mutating func appendInterpolation(_ allowed: Field.Allowed) {
    switch allowed {
    case .whole(let range): append(range.lowerBound, to: range.upperBound)
    case .choices(let bits): append(choices: bits)
    case .everyWhole: appendLiteral("whole numbers")
    case .real(let most):
      appendLiteral("0 to ")
      appendInterpolation(most)
    case .belowOne: appendLiteral("0 to below 1")
    case .aboveZero: appendLiteral("above 0, finite")
    case .anyMagnitude(let zero):
      appendLiteral("0")
      appendLiteral(zero)
      appendLiteral(" and above, finite")
    }
  }

  private mutating func append(_ first: Int, to last: Int) {
    appendInterpolation(first)
    appendLiteral(" to ")
    appendInterpolation(last)
  }

  /// "0 to 3", or "0, 1, 3" where one is left out.
  private mutating func append(choices bits: UInt32) {
    let (first, last) = (bits.trailingZeroBitCount, 31 - bits.leadingZeroBitCount)
    guard bits.nonzeroBitCount < last - first + 1 else { return append(first, to: last) }
    for number in first...last where bits >> number & 1 == 1 {
      if number > first { appendLiteral(", ") }
      appendInterpolation(number)
    }
  }
}

/// A struct of the header whose fields have a table.
protocol FieldTable {
  init()
  /// Visits every field but struct_size, in the order of the header.
  mutating func forEach(_ visitor: Field.Visitor) throws(Failure)
}

extension FieldTable {
  static var defaults: Self {
    filled { $0.standard }
  }

  /// The values that a file without any of the fields means.
  static var defaultsOfFiles: Self {
    filled {
      if case .keptSince(let before) = $0.files { before } else { $0.standard }
    }
  }

  private static func filled(_ value: (Field) -> Double) -> Self {
    var fields = Self()
    // This visitor throws nothing.
    try? fields.forEach { (field, number) throws(Failure) in number.set(value(field)) }
    return fields
  }

  /// Throws unless every number is allowed.
  /// - Parameter place: what stands before a field's name where the numbers come from.
  func check(_ place: StaticString = "config->") throws(Failure) {
    var fields = self
    try fields.forEach { (field, number) throws(Failure) in
      guard field.allowed.contains(number) else {
        throw Failure(DNC_INVALID_ARGUMENT, "\(place)\(field.name) is \(number), allowed are \(field.allowed)")
      }
    }
  }
}
