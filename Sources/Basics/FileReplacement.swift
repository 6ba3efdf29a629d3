import CDNC
import CPlatform

/// A file that is written beside its place, flushed, and renamed into it. A reader of the path sees the old file or the
/// new one, whole. Dropped before `commit`, it leaves nothing behind.
///
/// A link stays, and its target is replaced. The new file has the old one's mode, and its owner and group as far as
/// this process may give them away.
struct FileReplacement: ~Copyable {
  private let place: FilePlace
  private let temporaryPath: Memory
  /// -1 once it is closed.
  private var descriptor: Int32
  private var isInPlace = false

  /// - Parameter number: makes the name of the temporary file unique.
  init(path: UnsafePointer<CChar>, number: Int = 0) throws(Failure) {
    let place = try FilePlace(path)
    let nameBytes = 64
    let folderBytes = place.folderBytes
    let temporaryPath = try Memory(bytes: folderBytes + nameBytes)
    let name = temporaryPath.start.assumingMemoryBound(to: CChar.self)
    memcpy(name, place.path, folderBytes)
    // Until the new file has its mode, only its owner may read it.
    let mode: Int32 = place.old == nil ? 0o666 : 0o600
    var attempt = number
    var descriptor: Int32 = -1
    repeat {
      // Short, however long the file's own name is.
      var text = Text(start: name + folderBytes, capacity: nameBytes)
      text.append(".dnc-")
      text.append(Int(getpid()))
      text.append("-")
      text.append(attempt)
      text.append(".partial")
      descriptor = dnc_platform_open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
      attempt += 1
    } while descriptor < 0 && dnc_platform_errno() == EEXIST && attempt < number + 1000
    guard descriptor >= 0 else { throw Failure.system(path, "created") }
    self.place = place
    self.temporaryPath = temporaryPath
    self.descriptor = descriptor
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isInPlace { unlink(temporaryPath.start.assumingMemoryBound(to: CChar.self)) }
  }

  func write(_ start: UnsafeRawPointer, bytes: Int) throws(Failure) {
    var done = 0
    while done < bytes {
      let written = dnc_platform_write(descriptor, start + done, bytes - done)
      if written < 0 && dnc_platform_errno() == EINTR { continue }
      guard written > 0 else { throw Failure.system(place.given, "written") }
      done += written
    }
  }

  /// Puts a finished file into its place.
  consuming func commit() throws(Failure) { try putInPlace() }

  /// Flushes and closes the file after its last byte.
  mutating func finish() throws(Failure) {
    if let old = place.old { try keepOwnerAndMode(of: old) }
    guard dnc_platform_flush(descriptor) == 0 else { throw Failure.system(place.given, "flushed") }
    close(descriptor)
    descriptor = -1
  }

  fileprivate mutating func putInPlace() throws(Failure) {
    guard rename(temporaryPath.start.assumingMemoryBound(to: CChar.self), place.path) == 0 else {
      throw Failure.system(place.given, "renamed")
    }
    isInPlace = true
  }

  /// Removes the new file again, if it did not replace another one.
  fileprivate func takeBack() {
    if place.old == nil { unlink(place.path) }
  }

  /// If the owner or the group can't be kept, their rights go to nobody else.
  private func keepOwnerAndMode(of old: stat) throws(Failure) {
    var mode = old.st_mode & 0o7777
    if dnc_platform_set_owner(descriptor, old.st_uid, old.st_gid) != 0 {
      mode &= 0o777
      if dnc_platform_set_owner(descriptor, uid_t.max, old.st_gid) != 0 { mode = mode & 0o707 | (mode & 0o7) << 3 }
    }
    // A file system without modes has none to keep.
    guard dnc_platform_set_mode(descriptor, mode) == 0 || dnc_platform_errno() == EPERM else {
      throw Failure.system(place.given, "given its mode")
    }
  }
}

/// Files that are all written before the first is renamed into its place. Dropped before `commit`, they leave nothing
/// behind. After that only a rename can fail: then new files are removed again, but those that replaced an older one
/// stay.
struct FileReplacements: ~Copyable {
  private let memory: Memory
  private var count = 0

  init(capacity: Int) throws(Failure) { memory = try Memory(bytes: capacity * MemoryLayout<FileReplacement>.stride) }

  private var first: UnsafeMutablePointer<FileReplacement> {
    memory.start.assumingMemoryBound(to: FileReplacement.self)
  }

  deinit { first.deinitialize(count: count) }

  /// Adds a finished file.
  mutating func add(_ file: consuming FileReplacement) {
    (first + count).initialize(to: file)
    count += 1
  }

  consuming func commit() throws(Failure) {
    for i in 0..<count {
      do throws(Failure) {
        try first[i].putInPlace()
      } catch {
        for j in 0..<i { first[j].takeBack() }
        throw error
      }
    }
  }
}
