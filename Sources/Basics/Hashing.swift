#if hasFeature(Embedded)
  /// Swift's hashing asks the system for its seeds with this function, which glibc has since 2.36. Nothing here hashes, but what
  /// the compiler derives for enumerations stays in the library.
  @c(arc4random_buf) public func seedHashing(_ seeds: UnsafeMutableRawPointer?, _ bytes: Int) {
    seeds?.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
  }
#endif
