import CDNC
import CPlatform

/// The place of the file that a path names, with links followed. A file that is there is regular, and may be written.
struct FilePlace: ~Copyable {
  /// The existing file.
  let old: stat?
  private let memory: Memory
  private let givenBytes: Int
  private static let bytes = 4096
  private static let links = 40

  /// The caller's path.
  var given: UnsafePointer<CChar> { UnsafePointer(memory.start.assumingMemoryBound(to: CChar.self)) }
  /// The path with all links followed.
  var path: UnsafePointer<CChar> { given + givenBytes }
  /// The path before the file's own name.
  var folderBytes: Int { FilePlace.folderBytes(of: path) }

  init(_ given: UnsafePointer<CChar>) throws(Failure) {
    // The system must find the same file at both paths: some links in /proc name a place where there is none.
    var meant = stat()
    let isThere = dnc_platform_stat(given, &meant) == 0
    guard isThere || dnc_platform_errno() == ENOENT else { throw Failure.system(given, "written") }
    if isThere { try Failure.unlessRegular(given, meant.st_mode) }

    let scratch = try Memory(bytes: 2 * FilePlace.bytes)
    let path = scratch.start.assumingMemoryBound(to: CChar.self)
    guard strlen(given) < FilePlace.bytes else { throw Failure.system(given, "written", error: ENAMETOOLONG) }
    strcpy(path, given)
    var found = stat()
    var old: stat?
    var links = 0
    while true {
      guard dnc_platform_lstat(path, &found) == 0 else {
        guard dnc_platform_errno() == ENOENT, !isThere else { throw Failure.system(given, "followed") }
        break
      }
      guard found.st_mode & mode_t(S_IFMT) == mode_t(S_IFLNK) else {
        guard !isThere || (found.st_dev == meant.st_dev && found.st_ino == meant.st_ino) else {
          throw Failure.system(given, "followed", error: ENOENT)
        }
        try FilePlace.requireWritable(path, found.st_mode, given)
        old = found
        break
      }
      links += 1
      guard links <= FilePlace.links else { throw Failure.system(given, "followed", error: ELOOP) }
      try FilePlace.follow(path, target: path + FilePlace.bytes, given)
    }
    let givenBytes = strlen(given) + 1
    let memory = try Memory(bytes: givenBytes + strlen(path) + 1)
    strcpy(memory.start.assumingMemoryBound(to: CChar.self), given)
    strcpy(memory.start.assumingMemoryBound(to: CChar.self) + givenBytes, path)
    self.old = old
    self.givenBytes = givenBytes
    self.memory = memory
  }

  /// Replaces the path of a link by the link's target, relative to the link's folder.
  private static func follow(
    _ path: UnsafeMutablePointer<CChar>, target: UnsafeMutablePointer<CChar>, _ given: UnsafePointer<CChar>
  ) throws(Failure) {
    let count = readlink(path, target, bytes)
    guard count >= 0 else { throw Failure.system(given, "followed") }
    let folder = count > 0 && target[0] == CChar(bitPattern: UInt8(ascii: "/")) ? 0 : folderBytes(of: path)
    guard folder + count < bytes else { throw Failure.system(given, "followed", error: ENAMETOOLONG) }
    memcpy(path + folder, target, count)
    path[folder + count] = 0
  }

  private static func folderBytes(of path: UnsafePointer<CChar>) -> Int {
    var count = strlen(path)
    while count > 0, path[count - 1] != CChar(bitPattern: UInt8(ascii: "/")) { count -= 1 }
    return count
  }

  /// Throws if the file must not be written. If its mode lets nobody write it, that includes root.
  private static func requireWritable(
    _ path: UnsafePointer<CChar>, _ mode: mode_t, _ given: UnsafePointer<CChar>
  ) throws(Failure) {
    guard mode & 0o222 != 0 else { throw Failure(DNC_IO_ERROR, "\(given) is read-only") }
    guard faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 else { throw Failure.system(given, "written") }
  }
}

extension Failure {
  /// Throws unless the mode is that of a regular file.
  static func unlessRegular(_ path: UnsafePointer<CChar>, _ mode: mode_t) throws(Failure) {
    let kind: StaticString
    switch mode & mode_t(S_IFMT) {
    case mode_t(S_IFREG): return
    case mode_t(S_IFDIR): kind = "folder"
    case mode_t(S_IFIFO): kind = "pipe"
    case mode_t(S_IFSOCK): kind = "socket"
    default: kind = "device"
    }
    throw Failure(DNC_IO_ERROR, "\(path) is not a regular file but a \(kind)")
  }
}
