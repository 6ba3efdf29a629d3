import CDNC
import CPlatform

/// A graph from a file: the line "source,edge,destination", then such a line of names for every edge.
struct GraphFile: ~Copyable {
  private let memory: Memory
  /// The labels of its edges are numbers of names.
  let graph: WritableGraph
  /// How many names of edges there are.
  let labels: Int

  private static let header: StaticString = "source,edge,destination"
  private static let fileBytes = 1 << 20
  private static let edges = 10000

  private typealias Name = UnsafeRawBufferPointer

  /// The names of one line.
  private struct Line {
    let source, edge, destination: Name

    init(_ text: Name) throws(Failure) {
      let comma = UInt8(ascii: ",")
      let first = text.firstIndex(of: comma) ?? text.count
      let last = text.lastIndex(of: comma) ?? first
      source = Name(rebasing: text[..<first]).trimmed
      edge = Name(rebasing: text[min(first + 1, last)..<last]).trimmed
      destination = Name(rebasing: text[min(last + 1, text.count)...]).trimmed
      guard source.count > 0, edge.count > 0, destination.count > 0, !edge.contains(comma) else {
        throw GraphFile.expected(text)
      }
    }
  }

  /// The names so far, each with a number.
  private struct Names {
    let first: UnsafeMutablePointer<Name>
    let limit: Int
    let what: StaticString
    var count = 0

    @inline(never) mutating func number(of name: Name) throws(Failure) -> UInt16 {
      for i in 0..<count where first[i].elementsEqual(name) { return UInt16(i) }
      guard count < limit else {
        throw Failure(DNC_BAD_FORMAT, "\"\(bytes: name)\" is one too many, allowed are \(limit) \(what)")
      }
      first[count] = name
      count += 1
      return UInt16(count - 1)
    }
  }

  /// - Parameters:
  ///   - path: must outlive this call.
  ///   - digits: edges must be called 0 to 9, and their names are their labels.
  ///   - endless: every node must have an edge that leaves it.
  init(path: UnsafePointer<CChar>, digits: Bool, endless: Bool) throws(Failure) {
    let file = try TextFile(path: path, limit: GraphFile.fileBytes)
    var edges = -1
    try file.forEachLine(comments: .betweenSpaces) { (text) throws(Failure) in if text.count > 0 { edges += 1 } }
    guard (1...GraphFile.edges).contains(edges) else {
      throw Failure(DNC_BAD_FORMAT, "\(path) has \(max(edges, 0)) edges, allowed are 1 to \(GraphFile.edges)")
    }
    let mostNodes = RandomGraph.nodeCounts.upperBound
    let scratch = try Memory(
      bytes: 3 * (edges * MemoryLayout<UInt16>.size + 64) + (mostNodes + GraphSize.allLabels) * MemoryLayout<Name>.size
        + 128)
    var carver = Carver.cutting(scratch)
    let sources: UnsafeMutablePointer<UInt16> = carver.take(edges)
    let labels: UnsafeMutablePointer<UInt16> = carver.take(edges)
    let destinations: UnsafeMutablePointer<UInt16> = carver.take(edges)
    var nodeNames = Names(first: carver.take(mostNodes), limit: mostNodes, what: "nodes")
    var edgeNames = Names(first: carver.take(GraphSize.allLabels), limit: GraphSize.allLabels, what: "labels of edges")
    var i = -1
    try file.forEachLine(comments: .betweenSpaces) { (text) throws(Failure) in
      guard text.count > 0 else { return }
      if i < 0 && !text.equals(GraphFile.header) { throw GraphFile.expected(text) }
      if i >= 0 {
        let line = try Line(text)
        sources[i] = try nodeNames.number(of: line.source)
        destinations[i] = try nodeNames.number(of: line.destination)
        labels[i] = try digits ? GraphFile.digit(line.edge) : edgeNames.number(of: line.edge)
        guard sources[i] != destinations[i] else {
          throw Failure(DNC_BAD_FORMAT, "\"\(bytes: text)\" leads from a node to itself")
        }
        for other in 0..<i where sources[other] == sources[i] && labels[other] == labels[i] {
          throw Failure(DNC_BAD_FORMAT, "\"\(bytes: line.edge)\" leaves \"\(bytes: line.source)\" already")
        }
      }
      i += 1
    }

    let size = GraphSize(nodes: nodeNames.count, edges: edges, labels: digits ? 10 : edgeNames.count)
    var measuring = NotesCarver(measuredNotes)
    _ = Graph(size, &measuring)
    let memory = try Memory(bytes: measuring.bytes)
    var cutting = NotesCarver(memory.start)
    let graph = Graph(size, &cutting)
    graph.setCounts(nodes: size.nodes, edges: edges)
    graph.setEdges(sources, labels, destinations)

    i = -1
    try file.forEachLine(comments: .betweenSpaces) { (text) throws(Failure) in
      guard text.count > 0 else { return }
      if endless, i >= 0, graph.outDegree(of: Int(destinations[i])) == 0 {
        throw Failure(DNC_BAD_FORMAT, "\"\(bytes: text)\" leads where no edge leads on")
      }
      i += 1
    }
    self.memory = memory
    self.graph = graph
    self.labels = size.labels
  }

  private static func digit(_ name: Name) throws(Failure) -> UInt16 {
    guard name.count == 1, let digit = UInt64(decimal: name) else {
      throw Failure(DNC_BAD_FORMAT, "the edge is \"\(bytes: name)\", allowed are 0 to 9")
    }
    return UInt16(digit)
  }

  private static func expected(_ found: Name) -> Failure {
    Failure(DNC_BAD_FORMAT, "expected \"\(header)\", found \"\(bytes: found)\"")
  }
}
