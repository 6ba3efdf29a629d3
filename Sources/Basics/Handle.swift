import CPlatform
import Synchronization

/// Puts `value` into memory that C hands around as a handle, with a `HandleUse` behind it.
func allocateHandle<Value: ~Copyable>(_ value: consuming Value) throws(Failure) -> UnsafeMutablePointer<Value> {
  let bytes = HandleUse.offset(behind: Value.self) + MemoryLayout<HandleUse>.size
  guard let raw = calloc(1, bytes) else { throw .outOfMemory(bytes: bytes) }
  let handle = raw.bindMemory(to: Value.self, capacity: 1)
  handle.initialize(to: value)
  HandleUse.of(handle).initialize(to: HandleUse())
  return handle
}

func freeHandle<Value: ~Copyable>(_ handle: UnsafeMutablePointer<Value>) {
  handle.deinitialize(count: 1)
  free(handle)
}

/// Whether a call uses a handle, and whether that call has to free it. It lies behind the value and not in it: who only asks
/// must touch nothing that the call changes.
struct HandleUse: ~Copyable {
  /// A sum of these; 0: nobody uses the handle.
  private let state = Atomic<UInt32>(0)
  private static let running: UInt32 = 1
  private static let freed: UInt32 = 2
  private let count = Atomic<UInt64>(0)
  private let mode = Atomic<UInt64>(0)

  fileprivate static func offset<Value: ~Copyable>(behind: Value.Type) -> Int {
    let alignment = MemoryLayout<HandleUse>.alignment
    return (MemoryLayout<Value>.size + alignment - 1) / alignment * alignment
  }

  static func of<Value: ~Copyable>(_ handle: UnsafeMutablePointer<Value>) -> UnsafeMutablePointer<HandleUse> {
    (UnsafeMutableRawPointer(handle) + offset(behind: Value.self)).assumingMemoryBound(to: HandleUse.self)
  }

  /// What can be asked of a handle at any time: how far it has come, and how it is set.
  struct Published {
    var count: UInt64 = 0
    var mode = 0
  }

  /// As the last call that has ended left it.
  var published: Published {
    get { Published(count: count.load(ordering: .relaxed), mode: Int(mode.load(ordering: .relaxed))) }
    nonmutating set {
      count.store(newValue.count, ordering: .relaxed)
      mode.store(UInt64(newValue.mode), ordering: .relaxed)
    }
  }

  /// Whether the caller may use the handle now, until `end`.
  func begin() -> Bool { state.compareExchange(expected: 0, desired: Self.running, ordering: .acquiring).exchanged }

  /// Whether the handle goes on: otherwise it has been freed meanwhile, which is now for the caller to do.
  func end() -> Bool {
    state.compareExchange(expected: Self.running, desired: 0, ordering: .acquiringAndReleasing).exchanged
  }

  /// Whether nobody uses the handle, so that it is for the caller to free; otherwise who uses it does.
  func free() -> Bool { state.bitwiseOr(Self.freed, ordering: .acquiringAndReleasing).oldValue == 0 }
}
