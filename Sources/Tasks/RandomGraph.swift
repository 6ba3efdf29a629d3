/// The random graphs of the paper (Methods, "Graph tasks"): points in the unit square, each with edges to its nearest
/// neighbours. Neighbourhood need not be mutual, and the graph need not be connected.
///
/// What the paper leaves open: out-degrees are drawn and then capped at nodes - 1; node labels are distinct.
struct RandomGraph {
  let nodes, outDegree: ClosedRange<Int>
  /// Labels of a node's edges are distinct digits 0 to 9. Otherwise as many labels as there are nodes are drawn from 0 to
  /// 999, and distinct ones of these go to each node's edges.
  let digitEdges: Bool

  static let nodeCounts = 2...500

  var size: GraphSize {
    let most = nodes.upperBound
    return GraphSize(
      nodes: most, edges: most * min(outDegree.upperBound, most - 1), labels: digitEdges ? 10 : most)
  }

  func draw(_ random: inout Random, into graph: WritableGraph) {
    let nodes = random.within(self.nodes)
    let points = graph.pairs.pointer
    for i in 0..<2 * nodes { points[i] = random.uniform() }
    var edges = 0
    for node in 0..<nodes {
      graph.firstEdge[node] = UInt16(edges)
      let degree = min(random.within(outDegree), nodes - 1)
      RandomGraph.findNearest(degree, to: node, points, nodes, graph.destination.pointer + edges)
      random.shuffle(graph.destination.pointer + edges, degree)
      edges += degree
    }
    graph.firstEdge[nodes] = UInt16(edges)
    graph.setCounts(nodes: nodes, edges: edges)

    let labels = digitEdges ? 10 : nodes
    graph.drawPool(labels, digits: digitEdges, &random)
    for node in 0..<nodes {
      let own = graph.outEdges(of: node)
      random.shuffle(graph.pool.pointer, labels, first: own.count)
      (graph.edgeLabel.pointer + own.lowerBound).update(from: graph.pool.pointer, count: own.count)
    }
    graph.drawLabels(&random)
  }

  /// The `count` nodes closest to `node`. Coordinates are multiples of 2⁻²⁴, so squares and their sums are exact, and the
  /// order is the same on every machine; of equal distances the lower node comes first.
  private static func findNearest(
    _ count: Int, to node: Int, _ points: UnsafePointer<Double>, _ nodes: Int, _ nearest: UnsafeMutablePointer<UInt16>
  ) {
    var last = (-1.0, 0)
    for i in 0..<count {
      var best = (Double.infinity, 0)
      for other in 0..<nodes where other != node {
        let x = points[2 * other] - points[2 * node]
        let y = points[2 * other + 1] - points[2 * node + 1]
        let candidate = (x * x + y * y, other)
        if candidate > last && candidate < best { best = candidate }
      }
      nearest[i] = UInt16(best.1)
      last = best
    }
  }
}

extension Random {
  /// All numbers of the range are equally likely.
  mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }
}
