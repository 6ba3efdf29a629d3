import CDNC

/// A part of a memory's interface vector: what each read head or each write head has of one kind. The parts of all heads lie
/// together. Finite checks, traces and figures go through the parts of the configuration's memory.
struct InterfacePart {
  enum Heads {
    case read, write
  }

  /// What its numbers are.
  enum Numbers {
    case any
    /// 0 to 1.
    case fractions
    /// 0 to 1, for the shifts -1, 0 and 1.
    case shifts
    /// Backward for each write head, content, forward for each write head; they add up to 1.
    case modes
    /// 1 or more.
    case fromOne
  }

  /// Of one head, in a sentence; beside a picture of the head, `label`.
  let name, label: StaticString
  let heads: Heads
  /// Of the first head's in the interface.
  let offset: Int
  /// Of one head; 0 if the configuration has no such part.
  let width: Int
  let numbers: Numbers
  /// nil if there is none.
  let trace: dnc_trace?
  /// The setting that brings it; nil if the memory always has it.
  let setting: StaticString?

  init(
    _ name: StaticString, of heads: Heads, at offset: Int, _ width: Int = 1, _ numbers: Numbers = .any,
    trace: dnc_trace? = nil, label: StaticString? = nil, setting: StaticString? = nil
  ) {
    (self.name, self.label, self.heads, self.offset) = (name, label ?? name, heads, offset)
    (self.width, self.numbers, self.trace, self.setting) = (width, numbers, trace, setting)
  }

  /// The ending that makes the name a plural.
  var pluralEnding: StaticString {
    name.utf8Start[name.utf8CodeUnitCount - 1] == UInt8(ascii: "s") ? "" : "s"
  }

  func count(_ c: Configuration) -> Int { width * (heads == .read ? c.R : c.K) }
}

extension Configuration {
  /// The parts of the memory's interface by their numbers; nil beyond the last.
  func interfacePart(_ number: Int) -> InterfacePart? { interfacePart(number, of: memory) }

  /// The part with a trace; if this configuration's memory has none, that of another memory, of which only the names count.
  func interfacePart(traced trace: dnc_trace) -> (part: InterfacePart, isOwn: Bool)? {
    if let part = interfacePart(traced: trace, of: memory) { return (part, true) }
    var raw: UInt32 = 0
    while let other = Memory(rawValue: raw) {
      if let part = interfacePart(traced: trace, of: other) { return (part, false) }
      raw += 1
    }
    return nil
  }

  private func interfacePart(traced trace: dnc_trace, of memory: Memory) -> InterfacePart? {
    var number = 0
    while let part = interfacePart(number, of: memory) {
      if part.trace == trace { return part }
      number += 1
    }
    return nil
  }
}
