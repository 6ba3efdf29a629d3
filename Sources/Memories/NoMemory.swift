/// No memory: the controller alone.
struct NoMemory<Scalar: Real>: MemoryRoom {
  static var traits: MemoryTraits { MemoryTraits(name: "NONE", hasSlots: false) }
  static func interfaceWidth(_ c: Configuration) -> Int { 0 }
  static func interfacePart(_ number: Int, _ c: Configuration) -> InterfacePart? { nil }

  struct Scratch: MemoryScratch {
    init(_ carver: inout Carver, _ c: Configuration, sequences: Int, segment: Int) {}
  }

  init(_ history: MemoryHistory<Scalar>, _ scratch: Scratch, sequences: Range<Int>, team: Threads.Team?) {}
  func forward(_ b: Int, row: Int, previous: Int, current: Int) {}
  func backward(_ b: Int, step t: Int, of steps: Int, gradient: Planes<Scalar>) {}
  func rollForward(_ b: Int, from first: Int, to end: Int, of steps: Int) {}
}
