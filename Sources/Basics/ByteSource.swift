import CDNC
import CPlatform

/// A file, or bytes in memory, read at chosen places.
struct ByteSource: ~Copyable {
  /// nil of a file.
  private let memory: UnsafeRawPointer?
  /// -1 of memory.
  private let descriptor: Int32
  let bytes: Int

  init(path: UnsafePointer<CChar>) throws(Failure) {
    // Without this, opening a pipe would wait for its other end.
    let descriptor = dnc_platform_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw Failure.system(path, "opened") }
    var info = stat()
    guard dnc_platform_fstat(descriptor, &info) == 0 else {
      let failure = Failure.system(path, "read")
      close(descriptor)
      throw failure
    }
    do throws(Failure) {
      try Failure.unlessRegular(path, info.st_mode)
    } catch {
      close(descriptor)
      throw error
    }
    memory = nil
    self.descriptor = descriptor
    bytes = Int(info.st_size)
  }

  /// The bytes stay the caller's.
  init(_ memory: UnsafeRawPointer, bytes: Int) {
    self.memory = memory
    descriptor = -1
    self.bytes = bytes
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func read(_ start: UnsafeMutableRawPointer, bytes count: Int, at offset: Int) throws(Failure) {
    if let memory {
      guard offset + count <= bytes else { throw Failure(DNC_BAD_FORMAT, "the data ends at byte \(bytes)") }
      memcpy(start, memory + offset, count)
      return
    }
    var done = 0
    while done < count {
      let got = pread(descriptor, start + done, count - done, offset + done)
      if got < 0 && dnc_platform_errno() == EINTR { continue }
      guard got >= 0 else {
        throw Failure(DNC_IO_ERROR, "could not be read: \(systemError: dnc_platform_errno())")
      }
      guard got > 0 else { throw Failure(DNC_BAD_FORMAT, "the file ends at byte \(offset + done)") }
      done += got
    }
  }
}
