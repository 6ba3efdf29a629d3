/// Where the notes of an episode begin (see `EpisodeSource`): `UnsafeRawPointer` to read them, `UnsafeMutableRawPointer` to
/// write them too.
protocol NotesPointer: Strideable where Stride == Int {
  var reading: UnsafeRawPointer { get }
}

extension UnsafeRawPointer: NotesPointer {
  var reading: UnsafeRawPointer { self }
}

extension UnsafeMutableRawPointer: NotesPointer {
  var reading: UnsafeRawPointer { UnsafeRawPointer(self) }
}

/// One or several elements in notes.
struct Noted<Element: BitwiseCopyable, Start: NotesPointer> {
  fileprivate let start: Start

  var pointee: Element { self[0] }

  subscript(index: Int) -> Element { start.reading.assumingMemoryBound(to: Element.self)[index] }

  /// Without the elements before this one.
  func from(_ index: Int) -> Noted { Noted(start: start.advanced(by: index * MemoryLayout<Element>.stride)) }
}

extension Noted where Start == UnsafeMutableRawPointer {
  var pointer: UnsafeMutablePointer<Element> { start.assumingMemoryBound(to: Element.self) }

  var pointee: Element {
    get { self[0] }
    nonmutating set { self[0] = newValue }
  }

  subscript(index: Int) -> Element {
    get { pointer[index] }
    nonmutating set { pointer[index] = newValue }
  }
}

/// Cuts notes. The same code cuts them to read and to write, and counts their bytes.
struct NotesCarver<Start: NotesPointer> {
  private let start: Start
  private(set) var bytes = 0

  init(_ start: Start) { self.start = start }

  /// The next `count` elements.
  mutating func take<Element: BitwiseCopyable>(_ count: Int) -> Noted<Element, Start> {
    let taken = Noted<Element, Start>(start: start.advanced(by: bytes))
    _ = taken.start.reading.bindMemory(to: Element.self, capacity: count)
    bytes += (count * MemoryLayout<Element>.stride + 15) & ~15
    return taken
  }
}

/// Notes to be counted, not to be used: what is cut of them begins nowhere.
var measuredNotes: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 64)! }
