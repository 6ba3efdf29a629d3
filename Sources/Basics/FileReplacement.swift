import CDNC
import CPlatform

/// A file written beside its place, flushed, and renamed into it: whoever opens the path sees the old file
/// or the new one, whole. Dropped before `commit`, it leaves nothing behind.
struct FileReplacement: ~Copyable {
  private let path: UnsafePointer<CChar>
  private let temporaryPath: Memory
  private var descriptor: Int32

  /// `path` must stay valid as long as this value lives.
  init(path: UnsafePointer<CChar>) throws(Failure) {
    let suffixBytes = 48
    let temporaryPath = try Memory(bytes: strlen(path) + suffixBytes)
    let name = temporaryPath.start.assumingMemoryBound(to: CChar.self)
    var attempt = 0
    var descriptor: Int32 = -1
    repeat {
      var text = Text(start: name, capacity: temporaryPath.bytes)
      text.append(path)
      text.append(".partial-")
      text.append(Int(getpid()))
      text.append("-")
      text.append(attempt)
      descriptor = dnc_platform_open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      attempt += 1
    } while descriptor < 0 && dnc_platform_errno() == EEXIST && attempt < 1000
    guard descriptor >= 0 else { throw Failure.system(path, "created") }
    self.path = path
    self.temporaryPath = temporaryPath
    self.descriptor = descriptor
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporaryPath.start.assumingMemoryBound(to: CChar.self))
  }

  func write(_ start: UnsafeRawPointer, bytes: Int) throws(Failure) {
    var done = 0
    while done < bytes {
      let written = CPlatform.write(descriptor, start + done, bytes - done)
      if written < 0 && dnc_platform_errno() == EINTR { continue }
      guard written > 0 else { throw Failure.system(path, "written") }
      done += written
    }
  }

  consuming func commit() throws(Failure) {
    guard dnc_platform_flush(descriptor) == 0 else { throw Failure.system(path, "flushed") }
    guard rename(temporaryPath.start.assumingMemoryBound(to: CChar.self), path) == 0 else {
      throw Failure.system(path, "renamed")
    }
    close(descriptor)
    descriptor = -1
  }
}
