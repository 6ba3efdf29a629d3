/// The 400 relations of the inference task: sequences of edge labels 0 to 9, 100 of each length from 2 to 5, the same for
/// all networks. Relation r has the label 10 + r and the length 2 + r / 100. Those of length 2 are all there are, in order;
/// of length 4 the kinships come first; the others are random and distinct.
struct Relations: ~Copyable {
  static let firstLabel = 10
  static let lengths = 2...5
  private static let perLength = 100
  /// All relations in data/family.csv that lead three edges up and one down, or two up and two down.
  private static let kinships = 32
  private static let kinship: StaticString = """
    00020004000500120014001500420044004500520102010301120113014201440145015210221024102510321034\
    110211031112111311221124112511321134
    """

  private let memory: Memory
  /// Each as a decimal number, its first edge the first digit.
  private var sequences: UnsafeMutablePointer<Int> { memory.start.assumingMemoryBound(to: Int.self) }

  init() throws(Failure) {
    memory = try Memory(bytes: Relations.lengths.count * Relations.perLength * MemoryLayout<Int>.stride)
    var random = Random(seed: 2016)
    var count = 10
    for length in Relations.lengths {
      count *= 10
      let own = sequences + range(of: length).lowerBound
      for i in 0..<Relations.perLength {
        if length == 2 {
          own[i] = i
        } else if length == 4 && i < Relations.kinships {
          for digit in 0..<4 { own[i] = 10 * own[i] + Int(Relations.kinship.utf8Start[4 * i + digit] - 48) }
        } else {
          repeat { own[i] = random.below(count) } while (0..<i).contains { own[$0] == own[i] }
        }
      }
    }
  }

  /// Where a relation leads from a start.
  struct Query {
    var length = 0
    /// Its place among the pairs of a start and a relation of that length, from 1.
    var number = 0
    var start = 0
    var relation = 0
    var end = 0
  }

  /// Goes through the pairs of a start and a relation that can be followed from there, until it has found pair `number`,
  /// counted from 1. Its number is less if there are fewer.
  /// - Parameter kinship: of length 4, kinships alone.
  func find(_ number: Int, length: Int, kinship: Bool, in graph: WritableGraph) -> Query {
    var found = Query(length: length)
    for start in 0..<graph.nodes {
      for relation in range(of: length).prefix(kinship && length == 4 ? Relations.kinships : .max) {
        guard let end = end(of: relation, length: length, from: start, graph) else { continue }
        found = Query(length: length, number: found.number + 1, start: start, relation: relation, end: end)
        if found.number == number { return found }
      }
    }
    return found
  }

  private func range(of length: Int) -> Range<Int> {
    let first = (length - Relations.lengths.lowerBound) * Relations.perLength
    return first..<first + Relations.perLength
  }

  /// Where a relation leads, or nil where an edge is missing.
  private func end(of relation: Int, length: Int, from start: Int, _ graph: WritableGraph) -> Int? {
    var divisor = 1
    for _ in 1..<length { divisor *= 10 }
    var node = start
    while divisor > 0 {
      let label = sequences[relation] / divisor % 10
      guard let edge = graph.outEdges(of: node).first(where: { Int(graph.edgeLabel[$0]) == label }) else { return nil }
      node = graph.end(of: edge)
      divisor /= 10
    }
    return node
  }
}
