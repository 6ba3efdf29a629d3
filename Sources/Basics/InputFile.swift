import CDNC
import CPlatform

/// A file that is read at chosen places.
struct InputFile: ~Copyable {
  private let descriptor: Int32
  let bytes: Int

  init(path: UnsafePointer<CChar>) throws(Failure) {
    // Without this, opening a pipe would wait for its other end.
    let descriptor = dnc_platform_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw Failure.system(path, "opened") }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else {
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
    self.descriptor = descriptor
    bytes = Int(info.st_size)
  }

  deinit { close(descriptor) }

  func read(_ start: UnsafeMutableRawPointer, bytes: Int, at offset: Int) throws(Failure) {
    var done = 0
    while done < bytes {
      let count = pread(descriptor, start + done, bytes - done, offset + done)
      if count < 0 && dnc_platform_errno() == EINTR { continue }
      guard count >= 0 else {
        throw Failure(DNC_IO_ERROR, "could not be read: \(systemError: dnc_platform_errno())")
      }
      guard count > 0 else { throw Failure(DNC_BAD_FORMAT, "the file ends at byte \(offset + done)") }
      done += count
    }
  }
}
