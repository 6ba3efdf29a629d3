import CDNC
import CPlatform

/// The files of a bAbI folder: qa3_three-supporting-facts_train.txt has the training stories of task 3.
struct BabiFolder: ~Copyable {
  private let path: Memory
  private let folderBytes: Int
  /// Of each task the name for each part; empty if there is none, `several` if there are more.
  private let names: Memory
  private static let nameBytes = 256
  private static let parts = 3
  private static let several = CChar(bitPattern: UInt8(ascii: "*"))

  init(_ folder: UnsafeRawBufferPointer) throws(Failure) {
    let path = try Memory(bytes: folder.count + 1 + BabiFolder.nameBytes)
    for i in 0..<folder.count { path.start.storeBytes(of: folder[i], toByteOffset: i, as: UInt8.self) }
    let names = try Memory(bytes: Babi.taskCount * BabiFolder.parts * BabiFolder.nameBytes)
    let place = path.start.assumingMemoryBound(to: CChar.self)
    guard let listing = dnc_platform_open_folder(place) else { throw Failure.system(place, "opened") }
    defer { dnc_platform_close_folder(listing) }
    while let name = dnc_platform_next_entry(listing) {
      guard let (task, part) = BabiFolder.parse(name) else { continue }
      let known = BabiFolder.name(in: names, task, part)
      guard known[0] == 0 else {
        known[0] = BabiFolder.several
        continue
      }
      var text = Text(start: known, capacity: BabiFolder.nameBytes)
      text.append(name)
    }
    guard dnc_platform_errno() == 0 else { throw Failure.system(place, "read") }
    self.path = path
    self.names = names
    folderBytes = folder.count
  }

  static func ending(of part: BabiSelection.Part) -> StaticString {
    switch part {
    case .train: "_train.txt"
    case .validation: "_valid.txt"
    case .test: "_test.txt"
    }
  }

  func has(_ task: Int, _ part: BabiSelection.Part) -> Bool { BabiFolder.name(in: names, task, part)[0] != 0 }

  /// The path of a file that is there, or nil; valid until the next call. Tasks count from 1.
  func find(_ task: Int, _ part: BabiSelection.Part) throws(Failure) -> UnsafePointer<CChar>? {
    let name = BabiFolder.name(in: names, task, part)
    guard name[0] != 0 else { return nil }
    guard name[0] != BabiFolder.several else {
      throw Failure(
        DNC_BAD_FORMAT, "\(folder) has several files qa\(task)_*\(BabiFolder.ending(of: part)), expected is one")
    }
    let start = path.start.assumingMemoryBound(to: CChar.self)
    var file = Text(start: start + folderBytes, capacity: path.bytes - folderBytes)
    file.append("/")
    file.append(UnsafePointer(name))
    return UnsafePointer(start)
  }

  /// The folder's path; that of the file found last ends.
  var folder: UnsafePointer<CChar> {
    let start = path.start.assumingMemoryBound(to: CChar.self)
    start[folderBytes] = 0
    return UnsafePointer(start)
  }

  private static func name(
    in names: borrowing Memory, _ task: Int, _ part: BabiSelection.Part
  ) -> UnsafeMutablePointer<CChar> {
    names.start.assumingMemoryBound(to: CChar.self) + ((task - 1) * parts + part.rawValue) * nameBytes
  }

  private static func parse(_ name: UnsafePointer<CChar>) -> (task: Int, BabiSelection.Part)? {
    let name = UnsafeRawBufferPointer(start: name, count: strlen(name))
    guard name.count > 2, name[0] == UInt8(ascii: "q"), name[1] == UInt8(ascii: "a"),
      let mark = name.firstIndex(of: UInt8(ascii: "_")),
      let task = UInt64(decimal: UnsafeRawBufferPointer(rebasing: name[2..<mark])), task >= 1, task <= Babi.taskCount
    else { return nil }
    func ends(_ part: BabiSelection.Part) -> Bool {
      let tail = name.count - ending(of: part).utf8CodeUnitCount
      return mark <= tail && UnsafeRawBufferPointer(rebasing: name[tail...]).equals(ending(of: part))
    }
    let part: BabiSelection.Part? =
      ends(.train) ? .train : ends(.validation) ? .validation : ends(.test) ? .test : nil
    return part.map { (Int(task), $0) }
  }
}
