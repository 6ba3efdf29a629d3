import CKernels
import CPlatform
import Testing

@testable import DNC

/// Every kernel of every level that this CPU has, on random shapes, odd and tiny ones among them, against the mechanism's own
/// code in Double.
/// The tests stand with the kernels that they are of: KernelTests+Memory.swift and its neighbours.
@Suite struct KernelTests {
  /// The names of all levels, if the CPU has the lowest: in debug builds, sixteen lanes are made of AVX2's eight, and so both
  /// levels are tested on either CPU.
  static let levels: [String] = {
    let levels = (0...).lazy.map { CPULevel.at($0) }.prefix { $0 != nil }.map { $0! }
    return levels.last?.runsHere == true ? levels.map { String(cString: $0.name) } : []
  }()

  func kernels(of level: String) throws -> Kernels {
    let found = (0...).lazy.map { CPULevel.at($0) }.first { $0 == nil || String(cString: $0!.name) == level }
    return try #require(found ?? nil).kernels()
  }

  /// Numbers that both precisions begin with, at an address that no vector is aligned to.
  final class Numbers {
    private let single: UnsafeMutablePointer<Float>
    private let double: UnsafeMutablePointer<Double>
    private let count: Int
    var float: Out<Float> { single + 1 }
    var exact: Out<Double> { double + 1 }

    init(_ count: Int, _ random: inout Random, from low: Float = -1, to high: Float = 1) {
      self.count = count
      single = .allocate(capacity: count + 2)
      double = .allocate(capacity: count + 2)
      single.initialize(repeating: Numbers.guardValue, count: count + 2)
      double.initialize(repeating: Double(Numbers.guardValue), count: count + 2)
      for i in 0..<count {
        float[i] = low + (high - low) * random.uniform()
        exact[i] = Double(float[i])
      }
    }

    deinit {
      single.deallocate()
      double.deallocate()
    }

    /// Stands before and after the numbers; nobody may write there.
    private static let guardValue: Float = 77

    /// True if nobody wrote before or after the numbers.
    var isIntact: Bool { single[0] == Numbers.guardValue && float[count] == Numbers.guardValue }

    /// max |a − b| / max(|b|, 1)
    var error: Double {
      guard isIntact else { return .infinity }
      var difference = 0.0
      var largest = 1.0
      for i in 0..<count {
        let distance = abs(Double(float[i]) - exact[i])
        if !(distance <= difference) { difference = distance }
        largest = max(largest, abs(exact[i]))
      }
      return difference / largest
    }
  }

  /// Slots, word size, heads: N = 1 and W = 1, below and between the vector sizes, and ordinary ones.
  static let shapes = [
    (1, 1, 1), (1, 7, 2), (3, 1, 1), (5, 3, 3), (8, 8, 4), (16, 16, 1), (17, 9, 5), (31, 33, 4), (64, 32, 4),
    (40, 70, 3),
    (100, 50, 5), (129, 65, 9),
  ]

  func expect(_ numbers: Numbers, _ what: String, tolerance: Double = 2e-6) {
    #expect(numbers.error <= tolerance, "\(what): \(numbers.error)")
  }

  /// What a kernel gives for operands.
  func run<Operands, Result>(_ kernel: (UnsafePointer<Operands>) -> Result, _ operands: Operands) -> Result {
    withUnsafePointer(to: operands, kernel)
  }

  /// In place.
  func softmax(_ logits: inout [Float], rows: Int = 1, _ kernels: Kernels) {
    logits.withUnsafeMutableBufferPointer { logits in
      let (start, count) = (logits.baseAddress!, logits.count / rows)
      run(kernels.softmaxRows, SoftmaxRowsOperands(rows: rows, count: count, logits: start, probabilities: start))
    }
  }
}
