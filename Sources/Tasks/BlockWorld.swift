/// Where the blocks are: four bits for each, 4 · column + row, the lowest block's first. Row 3 does not exist, so neighbours in
/// a column are 1 apart, neighbours in a row 4, and no other cells are.
struct Board {
  static let blocks = 3...6
  static let columns = 3
  static let rows = 3

  var cells: UInt32 = 0

  /// Blocks count from 0.
  func cell(of block: Int) -> Int { Int(cells >> UInt32(4 * block) & 15) }

  mutating func put(_ block: Int, into cell: Int) {
    let shift = UInt32(4 * block)
    cells = cells & ~(15 << shift) | UInt32(cell) << shift
  }

  /// The blocks in random order, each onto one of the columns that are not full.
  static func draw(_ blocks: Int, _ random: inout Random) -> Board {
    var board = Board()
    var rest = (1 << blocks) - 1
    var open = (1 << columns) - 1
    var used = 0
    while rest != 0 {
      let block = random.bit(of: rest)
      let column = random.bit(of: open)
      rest &= ~(1 << block)
      let row = (used >> (4 * column) & 15).nonzeroBitCount
      board.put(block, into: 4 * column + row)
      used |= 1 << (4 * column + row)
      if row == rows - 1 { open &= ~(1 << column) }
    }
    return board
  }

  /// The constraints that hold here but not in `start`: each pair of neighbours once, as above or left of. Returns how many.
  func constraints(newSince start: Board, _ blocks: Int, into result: UnsafeMutablePointer<Constraint>?) -> Int {
    var count = 0
    for i in 1..<blocks {
      for j in 0..<i {
        let offset = cell(of: i) - cell(of: j)
        let size = abs(offset)
        if (size != 1 && size != 4) || start.cell(of: i) - start.cell(of: j) == offset { continue }
        let isFirst = (offset > 0) == (size == 1)
        result?[count] = Constraint(
          first: UInt8(isFirst ? i : j), relation: size == 1 ? .above : .leftOf, second: UInt8(isFirst ? j : i))
        count += 1
      }
    }
    return count
  }
}

/// Two blocks are neighbours in this way.
struct Constraint {
  enum Relation: Int {
    case above, below, leftOf, rightOf

    var mirrored: Relation {
      switch self {
      case .above: .below
      case .below: .above
      case .leftOf: .rightOf
      case .rightOf: .leftOf
      }
    }

    /// From the second block's cell to the first one's.
    var offset: Int {
      switch self {
      case .above: 1
      case .below: -1
      case .leftOf: -4
      case .rightOf: 4
      }
    }
  }

  /// As many as a board has neighbours.
  static let most = 7

  let first: UInt8
  let relation: Relation
  let second: UInt8

  /// The same, said the other way round.
  var mirrored: Constraint { Constraint(first: second, relation: relation.mirrored, second: first) }

  func holds(in board: Board) -> Bool {
    board.cell(of: Int(first)) - board.cell(of: Int(second)) == relation.offset
  }
}

/// All boards with one number of blocks, and where each move leads.
struct BlockWorld {
  /// A move takes the top block of one column onto another: (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1).
  static let moves = 6
  static let unknown = UInt8.max

  let blocks: Int
  let count: Int
  /// In the order of `cells`.
  private let boards: UnsafeMutablePointer<Board>
  /// [count, moves]; the board itself where the move is not possible.
  private let nextBoard: UnsafeMutablePointer<UInt16>

  init(_ blocks: Int, _ carver: inout Carver) {
    self.blocks = blocks
    count = BlockWorld.count(blocks)
    boards = carver.take(count)
    nextBoard = carver.take(count * BlockWorld.moves)
  }

  /// How many boards there are: one for each order of the blocks and each height of the columns.
  static func count(_ blocks: Int) -> Int {
    var shapes = 0
    for i in 0..<16 where (0...Board.rows).contains(blocks - i / 4 - i % 4) { shapes += 1 }
    for block in 1...blocks { shapes *= block }
    return shapes
  }

  subscript(index: Int) -> Board { boards[index] }

  @inline(never) func index(of board: Board) -> Int { bisect(count) { boards[$0].cells >= board.cells } }

  func next(_ index: Int, _ move: Int) -> Int { Int(nextBoard[index * BlockWorld.moves + move]) }

  /// Fills the tables.
  func fill() {
    var found = 0
    list(blocks - 1, Board(), used: 0, &found)
    for i in 0..<count {
      for move in 0..<BlockWorld.moves { nextBoard[i * BlockWorld.moves + move] = UInt16(i) }
    }
    for i in 0..<count {
      link(i, 0, from: 0, to: 1, reverse: 2)
      link(i, 1, from: 0, to: 2, reverse: 4)
      link(i, 3, from: 1, to: 2, reverse: 5)
    }
  }

  /// Boards in which the blocks above `block` are where they are; none may hang in the air.
  private func list(_ block: Int, _ board: Board, used: Int, _ found: inout Int) {
    if block < 0 {
      if used & ~(used << 1) & 0x666 != 0 { return }
      boards[found] = board
      found += 1
      return
    }
    for cell in 0..<4 * Board.columns where cell % 4 < Board.rows && used >> cell & 1 == 0 {
      var next = board
      next.put(block, into: cell)
      list(block - 1, next, used: used | 1 << cell, &found)
    }
  }

  /// Enters a move and its reverse, which leads back. So moves to the left need no search of their own.
  @inline(never) private func link(_ index: Int, _ move: Int, from: Int, to: Int, reverse: Int) {
    var board = boards[index]
    var top = -1
    var cell = -1
    var height = 0
    for block in 0..<blocks {
      let own = board.cell(of: block)
      if own / 4 == from && own > cell { (top, cell) = (block, own) }
      if own / 4 == to { height += 1 }
    }
    guard top >= 0, height < Board.rows else { return }
    board.put(top, into: 4 * to + height)
    let other = self.index(of: board)
    nextBoard[index * BlockWorld.moves + move] = UInt16(other)
    nextBoard[other * BlockWorld.moves + reverse] = UInt16(index)
  }

  /// Searches breadth first from the boards in queue [0 ..< first], whose distances are 0. All other distances are unknown
  /// before. The queue becomes the boards at most `limit` moves away, the nearest first. Returns how many.
  @inline(never) func spread(
    from first: Int, _ queue: UnsafeMutablePointer<UInt16>, limit: Int, _ distance: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var found = first
    var i = 0
    while i < found {
      let index = Int(queue[i])
      let reached = distance[index]
      if Int(reached) >= limit { break }
      for move in 0..<BlockWorld.moves {
        let other = next(index, move)
        if distance[other] == BlockWorld.unknown {
          distance[other] = reached + 1
          queue[found] = UInt16(other)
          found += 1
        }
      }
      i += 1
    }
    return found
  }
}

/// The first of `count` indices for which `isAfter` holds; `count` if there is none. It must hold for all indices after that.
func bisect(_ count: Int, _ isAfter: (Int) -> Bool) -> Int {
  var low = 0
  var high = count
  while low < high {
    let middle = (low + high) / 2
    if isAfter(middle) { high = middle } else { low = middle + 1 }
  }
  return low
}

extension Random {
  /// The number of one of the bits that are 1, all equally likely; there is one.
  mutating func bit(of bits: Int) -> Int {
    var rest = bits
    for _ in 0..<below(bits.nonzeroBitCount) { rest &= rest - 1 }
    return rest.trailingZeroBitCount
  }
}
