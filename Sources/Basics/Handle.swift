import CPlatform
import Synchronization

/// Puts `value` into memory that C uses as a handle, with a `HandleUse` after it.
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

/// Says whether a call uses a handle, and whether that call has to free it. It lies after the value and not in it,
/// because other threads read it while the call changes the value.
struct HandleUse: ~Copyable {
  /// A sum of `running` and `freed`; 0 if no call uses the handle.
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

  /// Numbers of a handle that any thread may read at any time: a count and a mode.
  struct Published {
    var count: UInt64 = 0
    var mode = 0
  }

  /// The numbers as the last finished call left them.
  var published: Published {
    get { Published(count: count.load(ordering: .relaxed), mode: Int(mode.load(ordering: .relaxed))) }
    nonmutating set {
      count.store(newValue.count, ordering: .relaxed)
      mode.store(UInt64(newValue.mode), ordering: .relaxed)
    }
  }

  /// Claims the handle until `end`. False if a call uses it already.
  func begin() -> Bool { state.compareExchange(expected: 0, desired: Self.running, ordering: .acquiring).exchanged }

  /// Releases the handle. False if it was freed meanwhile: then the caller has to free its memory.
  func end() -> Bool {
    state.compareExchange(expected: Self.running, desired: 0, ordering: .acquiringAndReleasing).exchanged
  }

  /// Marks the handle as freed. True if no call uses it: then the caller has to free its memory. Otherwise that call
  /// does.
  func free() -> Bool { state.bitwiseOr(Self.freed, ordering: .acquiringAndReleasing).oldValue == 0 }
}
