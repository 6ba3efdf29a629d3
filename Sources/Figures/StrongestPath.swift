/// The order in which one write head wrote, according to its links. The last slot is the one with the greatest
/// precedence. The slot before it is the greatest in its row of links, and so on.
struct StrongestPath {
  /// The slots, the last one written first.
  let slots: UnsafePointer<UInt32>
  let count: Int

  /// The weakest link that the path follows.
  static let least: Float = 0.1

  /// - Parameters:
  ///   - precedence: p [N]. link: L [N, N].
  ///   - path: written, room for N.
  init(slots: Int, precedence: In<Float>, link: In<Float>, path: UnsafeMutablePointer<UInt32>) {
    var count = 0
    var row = precedence
    while count < slots {
      var strongest = 0
      for j in 1..<max(slots, 1) where row[j] > row[strongest] { strongest = j }
      guard row[strongest] >= StrongestPath.least else { break }
      var isNew = true
      for i in 0..<count where path[i] == UInt32(strongest) { isNew = false }
      guard isNew else { break }
      path[count] = UInt32(strongest)
      count += 1
      row = link + strongest * slots
    }
    self.slots = UnsafePointer(path)
    self.count = count
  }
}
