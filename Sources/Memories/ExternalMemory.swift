import CDNC

/// The memories. Each has a file of its own; a new one also needs a case in `Configuration.Memory` and a line here.
extension Configuration.Memory {
  func visit<Visitor: MemoryVisitor>(_ visitor: Visitor) -> Visitor.Result {
    switch self {
    case .dnc: visitor.visit(DNCMemory<Visitor.Scalar>.self)
    case .ntm: visitor.visit(NTMMemory<Visitor.Scalar>.self)
    case .absent: visitor.visit(NoMemory<Visitor.Scalar>.self)
    }
  }
}

/// A memory: its traits, its interface, and one step of one sequence, forward and backward.
protocol MemoryRoom {
  associatedtype Scalar: Real
  associatedtype Scratch: MemoryScratch
  static var traits: MemoryTraits { get }
  /// The width of ξ.
  static func interfaceWidth(_ c: Configuration) -> Int
  /// The parts of the interface by their numbers, in the order in which they are checked and drawn; nil beyond the last.
  static func interfacePart(_ number: Int, _ c: Configuration) -> InterfacePart?

  /// - Parameters:
  ///   - sequences: those that the scratch is for.
  ///   - team: threads that may share the work of a step, when there are no other sequences for them.
  init(_ history: MemoryHistory<Scalar>, _ scratch: Scratch, sequences: Range<Int>, team: Threads.Team?)
  /// Goes from ξ in step `row` and the state in row `previous` to the state in row `current`. Both rows may be the
  /// same.
  func forward(_ b: Int, row: Int, previous: Int, current: Int)
  /// Turns the gradient of the state after recorded step t into that of the state before it, and ξ into its own
  /// gradient. Comes after `rollForward` over the step's segment.
  /// - Parameters:
  ///   - steps: the number of recorded ones.
  ///   - gradient: of the state, in row 0.
  func backward(_ b: Int, step t: Int, of steps: Int, gradient: Planes<Scalar>)
  /// Recomputes the memories of the segment that begins with step `first`, for steps up to `end`.
  /// - Parameter steps: the number of recorded ones.
  func rollForward(_ b: Int, from first: Int, to end: Int, of steps: Int)
  /// For `MemoryHistory.advance`; nil for a memory without links.
  var linkScratch: Out<Scalar>? { get }
}

extension MemoryRoom {
  var linkScratch: Out<Scalar>? { nil }
}

/// Working memory of one thread, for one sequence and one step at a time.
protocol MemoryScratch {
  /// - Parameters:
  ///   - sequences: the most that a thread has.
  ///   - segment: steps in a segment; 0 without training.
  init(_ carver: inout Carver, _ c: Configuration, sequences: Int, segment: Int)
}

protocol MemoryVisitor {
  associatedtype Scalar: Real
  associatedtype Result
  func visit<Room: MemoryRoom>(_ room: Room.Type) -> Result where Room.Scalar == Scalar
}

/// The memory of some sequences, whichever the configuration names, with the scratch of one thread. `Step` asks it once a step.
struct ExternalMemory<Scalar: Real> {
  let kind: Configuration.Memory
  /// The `MemoryRoom`, at the start of the scratch.
  let room: UnsafeMutableRawPointer

  /// - Parameters:
  ///   - carver: cuts the scratch, `scratchBytes` long.
  ///   - mostSequences: the scratch is cut for so many.
  init(
    _ carver: Carver, _ history: MemoryHistory<Scalar>, sequences: Range<Int>, mostSequences: Int, segment: Int,
    team: Threads.Team?
  ) {
    kind = history.c.memory
    room = kind.visit(
      Entering(
        carver: carver, history: history, sequences: sequences, mostSequences: mostSequences, segment: segment,
        team: team))
  }

  /// Of no sequence.
  init(kind: Configuration.Memory, unused: UnsafeMutableRawPointer) { (self.kind, room) = (kind, unused) }

  /// Bytes of the scratch of one thread.
  static func scratchBytes(_ c: Configuration, sequences: Int, segment: Int) -> Int {
    c.memory.visit(Measuring<Scalar>(c: c, sequences: sequences, segment: segment))
  }

  /// See `MemoryRoom`, of some sequences one after the other.
  func forward(_ sequences: Range<Int>, row: Int, previous: Int, current: Int) {
    kind.visit(Forward<Scalar>(room: room, sequences: sequences, row: row, previous: previous, current: current))
  }

  func backward(_ sequences: Range<Int>, step t: Int, of steps: Int, gradient: Planes<Scalar>) {
    kind.visit(Backward(room: room, sequences: sequences, t: t, steps: steps, gradient: gradient))
  }

  func rollForward(_ sequences: Range<Int>, from first: Int, to end: Int, of steps: Int) {
    kind.visit(RollForward<Scalar>(room: room, sequences: sequences, first: first, end: end, steps: steps))
  }

  var linkScratch: Out<Scalar>? { kind.visit(LinkScratch<Scalar>(room: room)) }
}

// MARK: Visitors

extension Configuration.Memory {
  var traits: MemoryTraits { visit(TraitsOf()) }
}

extension Configuration {
  /// Checks the fields.
  /// - Parameter place: see `FieldTable.check`.
  init(_ fields: dnc_config, from place: StaticString = "config->") throws(Failure) {
    try fields.check(place)
    let memory = Memory(rawValue: fields.memory)!
    try self.init(checked: fields, from: place, memory: memory, memory.traits)
    interfaceWidth = memory.visit(InterfaceWidth(c: self))
    stateQuantities = Quantity.ofState(self)
  }

  func interfacePart(_ number: Int, of memory: Memory) -> InterfacePart? {
    memory.visit(PartOf(number: number, c: self))
  }
}

private struct TraitsOf: MemoryVisitor {
  typealias Scalar = Float
  func visit<Room: MemoryRoom>(_ room: Room.Type) -> MemoryTraits { Room.traits }
}

private struct InterfaceWidth: MemoryVisitor {
  typealias Scalar = Float
  let c: Configuration
  func visit<Room: MemoryRoom>(_ room: Room.Type) -> Int { Room.interfaceWidth(c) }
}

private struct PartOf: MemoryVisitor {
  typealias Scalar = Float
  let number: Int
  let c: Configuration
  func visit<Room: MemoryRoom>(_ room: Room.Type) -> InterfacePart? { Room.interfacePart(number, c) }
}

/// The room takes a place at the start of the scratch.
private func cut<Room: MemoryRoom>(
  _ room: Room.Type, _ carver: inout Carver, _ c: Configuration, sequences: Int, segment: Int
) -> (UnsafeMutableRawPointer, Room.Scratch) {
  let place = UnsafeMutableRawPointer(carver.take(MemoryLayout<Room>.stride, of: UInt8.self))
  return (place, Room.Scratch(&carver, c, sequences: sequences, segment: segment))
}

private struct Measuring<Scalar: Real>: MemoryVisitor {
  let c: Configuration
  let sequences, segment: Int

  func visit<Room: MemoryRoom>(_ room: Room.Type) -> Int where Room.Scalar == Scalar {
    var carver = Carver.measuring
    _ = cut(room, &carver, c, sequences: sequences, segment: segment)
    return carver.bytes
  }
}

private struct Entering<Scalar: Real>: MemoryVisitor {
  let carver: Carver
  let history: MemoryHistory<Scalar>
  let sequences: Range<Int>
  let mostSequences, segment: Int
  let team: Threads.Team?

  func visit<Room: MemoryRoom>(_ room: Room.Type) -> UnsafeMutableRawPointer where Room.Scalar == Scalar {
    var carver = carver
    let (place, scratch) = cut(room, &carver, history.c, sequences: mostSequences, segment: segment)
    place.initializeMemory(
      as: Room.self, to: Room(history, scratch, sequences: sequences, team: team))
    return place
  }
}

private struct Forward<Scalar: Real>: MemoryVisitor {
  let room: UnsafeMutableRawPointer
  let sequences: Range<Int>
  let row, previous, current: Int

  func visit<Room: MemoryRoom>(_ type: Room.Type) where Room.Scalar == Scalar {
    let room = room.assumingMemoryBound(to: Room.self).pointee
    for b in sequences { room.forward(b, row: row, previous: previous, current: current) }
  }
}

private struct Backward<Scalar: Real>: MemoryVisitor {
  let room: UnsafeMutableRawPointer
  let sequences: Range<Int>
  let t, steps: Int
  let gradient: Planes<Scalar>

  func visit<Room: MemoryRoom>(_ type: Room.Type) where Room.Scalar == Scalar {
    let room = room.assumingMemoryBound(to: Room.self).pointee
    for b in sequences { room.backward(b, step: t, of: steps, gradient: gradient) }
  }
}

private struct RollForward<Scalar: Real>: MemoryVisitor {
  let room: UnsafeMutableRawPointer
  let sequences: Range<Int>
  let first, end, steps: Int

  func visit<Room: MemoryRoom>(_ type: Room.Type) where Room.Scalar == Scalar {
    let room = room.assumingMemoryBound(to: Room.self).pointee
    for b in sequences { room.rollForward(b, from: first, to: end, of: steps) }
  }
}

private struct LinkScratch<Scalar: Real>: MemoryVisitor {
  let room: UnsafeMutableRawPointer

  func visit<Room: MemoryRoom>(_ type: Room.Type) -> Out<Scalar>? where Room.Scalar == Scalar {
    room.assumingMemoryBound(to: Room.self).pointee.linkScratch
  }
}
