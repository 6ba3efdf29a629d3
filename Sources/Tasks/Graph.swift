/// Room for so many nodes, edges and different labels of edges.
struct GraphSize {
  let nodes, edges, labels: Int

  /// How many labels there are. A graph has no more nodes.
  static let allLabels = 1000
}

/// A directed graph in an episode's notes: out-edges of node i are the edges from firstEdge[i] to firstEdge[i + 1] - 1.
/// Nodes and edges count from 0; what the network sees of them are their labels.
struct Graph<Start: NotesPointer> {
  private struct Counts {
    let nodes, edges: Int
  }

  static var unreachable: UInt16 { .max }

  private let counts: Noted<Counts, Start>
  let firstEdge: Noted<UInt16, Start>
  let destination: Noted<UInt16, Start>
  let nodeLabel: Noted<UInt16, Start>
  let edgeLabel: Noted<UInt16, Start>
  /// The order in which the network is told the edges.
  let order: Noted<UInt16, Start>
  /// Scratch for drawing: a pair of numbers per node, the labels of edges, and a bit per label.
  let pairs: Noted<Double, Start>
  let pool: Noted<UInt16, Start>
  let used: Noted<UInt64, Start>

  init(_ size: GraphSize, _ carver: inout NotesCarver<Start>) {
    counts = carver.take(1)
    firstEdge = carver.take(size.nodes + 1)
    destination = carver.take(size.edges)
    nodeLabel = carver.take(size.nodes)
    edgeLabel = carver.take(size.edges)
    order = carver.take(size.edges)
    pairs = carver.take(2 * size.nodes)
    pool = carver.take(size.labels)
    used = carver.take(GraphSize.allLabels / 64 + 1)
  }

  var nodes: Int { counts.pointee.nodes }
  var edges: Int { counts.pointee.edges }

  func outEdges(of node: Int) -> Range<Int> { Int(firstEdge[node])..<Int(firstEdge[node + 1]) }

  func outDegree(of node: Int) -> Int { outEdges(of: node).count }

  func end(of edge: Int) -> Int { Int(destination[edge]) }

  /// By bisection: the last node whose edges begin at `edge` or before.
  func source(of edge: Int) -> Int {
    var low = 0
    var high = nodes - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if Int(firstEdge[middle]) <= edge { low = middle } else { high = middle - 1 }
    }
    return low
  }

  func label(of node: Int) -> Int { Int(nodeLabel[node]) }

  func triple(_ edge: Int) -> Triple {
    Triple(label(of: source(of: edge)), Int(edgeLabel[edge]), label(of: end(of: edge)))
  }

  /// How many edges lead from each node to `end`, at most `limit`; written into distance [nodes].
  @inline(never) func findDistances(to end: Int, limit: Int, _ distance: UnsafeMutablePointer<UInt16>) {
    distance.update(repeating: Graph.unreachable, count: nodes)
    distance[end] = 0
    var reached = 0
    var hasGrown = true
    while hasGrown && reached < limit {
      hasGrown = false
      for node in 0..<nodes where distance[node] == Graph.unreachable {
        for edge in outEdges(of: node) where Int(distance[self.end(of: edge)]) == reached {
          distance[node] = UInt16(reached + 1)
          hasGrown = true
          break
        }
      }
      reached += 1
    }
  }

  /// Goes through the pairs of nodes with a shortest way of `length` edges, until it has counted `until` of them.
  /// - Parameter distance: scratch [nodes].
  /// - Returns: the count, and the pair counted last.
  @inline(never) func countPairs(
    apart length: Int, _ distance: UnsafeMutablePointer<UInt16>, until: Int = .max
  ) -> (count: Int, start: Int, end: Int) {
    var found = (count: 0, start: 0, end: 0)
    for end in 0..<nodes {
      findDistances(to: end, limit: length, distance)
      for start in 0..<nodes where Int(distance[start]) == length {
        found = (found.count + 1, start, end)
        if found.count == until { return found }
      }
    }
    return found
  }
}

/// A graph that is being drawn, or read from a file.
typealias WritableGraph = Graph<UnsafeMutableRawPointer>

extension Graph where Start == UnsafeMutableRawPointer {
  func setCounts(nodes: Int, edges: Int) { counts.pointee = Counts(nodes: nodes, edges: edges) }

  /// Sorts edges, which come in any order, by the nodes that they leave.
  func setEdges(_ sources: In<UInt16>, _ labels: In<UInt16>, _ destinations: In<UInt16>) {
    var count = 0
    for node in 0..<nodes {
      firstEdge[node] = UInt16(count)
      for i in 0..<edges where Int(sources[i]) == node {
        edgeLabel[count] = labels[i]
        destination[count] = destinations[i]
        count += 1
      }
    }
    firstEdge[nodes] = UInt16(count)
  }

  /// Chooses the labels that edges may have: distinct ones, or the digits.
  func drawPool(_ labels: Int, digits: Bool, _ random: inout Random) {
    if digits {
      for digit in 0..<labels { pool[digit] = UInt16(digit) }
    } else {
      drawDistinct(labels, into: pool.pointer, &random)
    }
  }

  /// A graph with the edges of another one, whose labels are numbers below `labels`.
  func copy(_ other: WritableGraph, labels: Int, digits: Bool, _ random: inout Random) {
    setCounts(nodes: other.nodes, edges: other.edges)
    firstEdge.pointer.update(from: other.firstEdge.pointer, count: nodes + 1)
    destination.pointer.update(from: other.destination.pointer, count: edges)
    drawPool(labels, digits: digits, &random)
    for edge in 0..<edges { edgeLabel[edge] = pool[Int(other.edgeLabel[edge])] }
    drawLabels(&random)
  }

  /// Chooses distinct labels for all nodes, and the order of the description.
  func drawLabels(_ random: inout Random) {
    drawDistinct(nodes, into: nodeLabel.pointer, &random)
    for edge in 0..<edges { order[edge] = UInt16(edge) }
    random.shuffle(order.pointer, edges)
  }

  /// Distinct numbers below 1000, all equally likely.
  func drawDistinct(_ count: Int, into numbers: UnsafeMutablePointer<UInt16>, _ random: inout Random) {
    used.pointer.update(repeating: 0, count: GraphSize.allLabels / 64 + 1)
    for i in 0..<count {
      var number: Int
      repeat { number = random.below(GraphSize.allLabels) } while used[number / 64] >> UInt64(number % 64) & 1 == 1
      used[number / 64] |= 1 << UInt64(number % 64)
      numbers[i] = UInt16(number)
    }
  }
}

/// A walk along random out-edges, all equally likely: the probability of being at each node.
struct RandomWalk {
  private let graph: WritableGraph
  private var present, next: UnsafeMutablePointer<Double>

  /// Uses the graph's scratch.
  init(_ graph: WritableGraph, from start: Int) {
    self.graph = graph
    present = graph.pairs.pointer
    next = present + graph.nodes
    present.update(repeating: 0, count: graph.nodes)
    present[start] = 1
  }

  subscript(node: Int) -> Double { present[node] }

  /// Takes one step. A walk that is at the node `end`, or has no way out, stays there.
  @inline(never) mutating func step(end: Int? = nil) {
    next.update(repeating: 0, count: graph.nodes)
    for node in 0..<graph.nodes where present[node] > 0 {
      let degree = graph.outDegree(of: node)
      if node == end || degree == 0 {
        next[node] += present[node]
      } else {
        for edge in graph.outEdges(of: node) { next[graph.end(of: edge)] += present[node] / Double(degree) }
      }
    }
    swap(&present, &next)
  }
}

extension Random {
  /// All orders of the first `chosen` of `count` elements are equally likely.
  mutating func shuffle<Element: BitwiseCopyable>(
    _ elements: UnsafeMutablePointer<Element>, _ count: Int, first chosen: Int? = nil
  ) {
    for i in 0..<min(chosen ?? count, count) {
      let other = i + below(count - i)
      (elements[i], elements[other]) = (elements[other], elements[i])
    }
  }
}
