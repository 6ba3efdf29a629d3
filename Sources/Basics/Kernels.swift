import CPlatform

#if arch(x86_64)
  import KernelsV3
  import KernelsV4
#endif

/// Which kernels run: what the CPU has, unless the environment variable DNC_CPU names a lower level. Found once, when it is
/// first asked for.
enum CPULevel: Int {
  case plain = 1
  case v3 = 3
  case v4 = 4

  static let active: CPULevel = {
    let highest: CPULevel =
      dnc_platform_has_x86_64_v4() != 0 ? .v4 : dnc_platform_has_x86_64_v3() != 0 ? .v3 : .plain
    guard let wanted = getenv(cString("DNC_CPU")) else { return highest }
    if strcmp(wanted, cString("plain")) == 0 { return .plain }
    if strcmp(wanted, cString("x86-64-v3")) == 0, highest == .v4 { return .v3 }
    return highest
  }()
}

/// The fast twins of the mechanisms that cost time, for one CPU level. Each has the parameters of the function that it stands
/// for, in their order, `Rows` as start and stride. A mechanism calls its twin, if there is one; its own code is the explanation
/// and the reference. Not generic, since functions of generic type are called through heap-allocated thunks.
struct Kernels: Sendable {
  typealias I = In<Float>
  typealias O = Out<Float>
  typealias S = Float
  typealias Linear = @Sendable (Int, Int, Int, I, Int, I, Int, O, Int) -> Void
  let dotProduct: @Sendable (Int, I, I) -> S
  let areModerate: @Sendable (Int, I) -> Bool
  let addScaled: @Sendable (Int, S, I, O) -> Void
  let scale: @Sendable (Int, S, I, O) -> Void
  let linearForward: Linear
  let linearBackward: Linear
  let linearBackwardWeight: Linear
  let lstmForward: @Sendable (Int, Int, S, O, I, O, O, O, Int) -> Void
  let lstmBackward: @Sendable (Int, Int, S, O, I, I, I, Int, O) -> Void
  /// With tanh.
  let feedforwardForward: @Sendable (Int, Int, S, O, O, Int) -> Void
  /// With one write head.
  let usageForward: @Sendable (Int, Int, I, I, I, I, O) -> Void
  let usageBackward: @Sendable (Int, Int, Bool, I, I, I, I, O, O, O, O) -> Void
  let softmaxForward: @Sendable (Int, I, O) -> Void
  let rowNorms: @Sendable (Int, Int, I, O) -> Void
  /// False, and then nothing is done, where norms are so large that only the mechanism's own code gets them right.
  let contentForward: @Sendable (Int, Int, I, I, I, S, O, O) -> Bool
  let contentBackward: @Sendable (Int, Int, I, I, I, S, I, I, O, O, O, O) -> Bool
  /// With one write head. False where a row's norm is too large for its square.
  let memoryWriteForward: @Sendable (Int, Int, I, I, I, I, O, O) -> Bool
  let memoryWriteBackward: @Sendable (Int, Int, I, I, I, I, O, O, O, O) -> Void
  /// Some rows.
  let linksForward: @Sendable (Int, Int, Int, Int, I, I, I, I, O, O, Int, O, Int) -> Void
  let linksBackward:
    @Sendable (
      Int, Int, Int, Int, Int, Int, I, I, I, I, O, I, Int, I, Int, O, O, O, O
    ) -> Void
  let readVectorForward: @Sendable (Int, Int, I, I, O) -> Void
  let readVectorBackward: @Sendable (Int, Int, I, I, I, O, O) -> Void
  let sgd: @Sendable (Int, S, S, S, O, O, O) -> Void
  let rmsProp: @Sendable (Int, S, S, S, S, S, S, O, O, O, O) -> Void
  let adam: @Sendable (Int, S, S, S, S, S, S, S, S, S, O, O, O, O) -> Void
  let sumOfSquares: @Sendable (Int, I) -> Double
}

extension Kernels {
  /// Nil where the plain code runs.
  static let active: Kernels? = at(.active)

  static func at(_ level: CPULevel) -> Kernels? {
    #if arch(x86_64)
      switch level {
      case .plain: nil
      case .v3:
        Kernels(
          dotProduct: KernelsV3.dotProduct, areModerate: KernelsV3.areModerate, addScaled: KernelsV3.addScaled,
          scale: KernelsV3.scale,
          linearForward: KernelsV3.linearForward,
          linearBackward: KernelsV3.linearBackward,
          linearBackwardWeight: KernelsV3.linearBackwardWeight, lstmForward: KernelsV3.lstmForward,
          lstmBackward: KernelsV3.lstmBackward, feedforwardForward: KernelsV3.feedforwardForward,
          usageForward: KernelsV3.usageForward, usageBackward: KernelsV3.usageBackward,
          softmaxForward: KernelsV3.softmax, rowNorms: KernelsV3.rowNorms, contentForward: KernelsV3.contentForward,
          contentBackward: KernelsV3.contentBackward, memoryWriteForward: KernelsV3.memoryWriteForward,
          memoryWriteBackward: KernelsV3.memoryWriteBackward, linksForward: KernelsV3.linksForward,
          linksBackward: KernelsV3.linksBackward, readVectorForward: KernelsV3.readVectorForward,
          readVectorBackward: KernelsV3.readVectorBackward, sgd: KernelsV3.sgd,
          rmsProp: KernelsV3.rmsProp, adam: KernelsV3.adam, sumOfSquares: KernelsV3.sumOfSquares)
      case .v4:
        Kernels(
          dotProduct: KernelsV4.dotProduct, areModerate: KernelsV4.areModerate, addScaled: KernelsV4.addScaled,
          scale: KernelsV4.scale,
          linearForward: KernelsV4.linearForward,
          linearBackward: KernelsV4.linearBackward,
          linearBackwardWeight: KernelsV4.linearBackwardWeight, lstmForward: KernelsV4.lstmForward,
          lstmBackward: KernelsV4.lstmBackward, feedforwardForward: KernelsV4.feedforwardForward,
          usageForward: KernelsV4.usageForward, usageBackward: KernelsV4.usageBackward,
          softmaxForward: KernelsV4.softmax, rowNorms: KernelsV4.rowNorms, contentForward: KernelsV4.contentForward,
          contentBackward: KernelsV4.contentBackward, memoryWriteForward: KernelsV4.memoryWriteForward,
          memoryWriteBackward: KernelsV4.memoryWriteBackward, linksForward: KernelsV4.linksForward,
          linksBackward: KernelsV4.linksBackward, readVectorForward: KernelsV4.readVectorForward,
          readVectorBackward: KernelsV4.readVectorBackward, sgd: KernelsV4.sgd,
          rmsProp: KernelsV4.rmsProp, adam: KernelsV4.adam, sumOfSquares: KernelsV4.sumOfSquares)
      }
    #else
      nil
    #endif
  }
}

extension UnsafePointer {
  /// Of a mechanism that found kernels for its numbers, which are therefore Float.
  var float: UnsafePointer<Float> { UnsafeRawPointer(self).assumingMemoryBound(to: Float.self) }
}

extension UnsafeMutablePointer {
  var float: UnsafeMutablePointer<Float> { UnsafeMutableRawPointer(self).assumingMemoryBound(to: Float.self) }
}
