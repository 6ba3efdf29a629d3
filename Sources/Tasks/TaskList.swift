import CDNC

/// All tasks, in the order of the documents: a new one is a line in `visit`.
enum TaskList {
  /// Lets the visitor see the task at an index.
  /// - Returns: false behind the last.
  static func visit<Visitor: TaskVisitor & ~Copyable>(_ index: Int, _ visitor: inout Visitor) -> Bool {
    switch index {
    case 0: visitor.visit(CopyTask.self)
    case 1: visitor.visit(RepeatCopy.self)
    case 2: visitor.visit(AssociativeRecall.self)
    case 3: visitor.visit(KeyValue.self)
    case 4: visitor.visit(GraphTraversal.self)
    case 5: visitor.visit(ShortestPath.self)
    case 6: visitor.visit(GraphInference.self)
    case 7: visitor.visit(Babi.self)
    case 8: visitor.visit(MiniShrdlu.self)
    default: return false
    }
    return true
  }

  /// Nil behind the last task.
  @inline(never) static func name(_ index: Int) -> StaticString? {
    struct Name: TaskVisitor {
      var found: StaticString?
      mutating func visit<Task: EpisodeSource & ~Copyable>(_: Task.Type) { found = Task.name }
    }
    var visitor = Name()
    _ = visit(index, &visitor)
    return visitor.found
  }

  /// The index of the task of a name.
  static func find(_ name: UnsafeRawBufferPointer) throws(Failure) -> Int {
    var index = 0
    while let known = self.name(index) {
      if name.equals(known) { return index }
      index += 1
    }
    throw Failure(DNC_INVALID_ARGUMENT, "name is \"\(bytes: name)\", allowed are \(names: TaskList.name)")
  }

  /// An option of the task at an index, or nil behind its last.
  @inline(never) static func option(_ option: Int, of index: Int) -> TaskOption? {
    struct Option: TaskVisitor {
      let index: Int
      var found: TaskOption?
      mutating func visit<Task: EpisodeSource & ~Copyable>(_: Task.Type) { found = Task.Settings.option(index) }
    }
    var visitor = Option(index: option)
    _ = visit(index, &visitor)
    return visitor.found
  }

  static func optionCount(of index: Int) -> Int {
    var count = 0
    while option(count, of: index) != nil { count += 1 }
    return count
  }
}

/// Does something with a kind of task.
protocol TaskVisitor: ~Copyable {
  mutating func visit<Task: EpisodeSource & ~Copyable>(_: Task.Type)
}
