import CBench
import CPlatform

/// What a call needs at least.
struct Need {
  var operations = 0.0
  /// Bytes of the numbers that are only read, and bytes read and written of the others.
  var read = 0.0
  var update = 0.0
  /// Bytes of the set that they come from: what the step touches before it comes back to them.
  var set = 0.0

  func seconds(_ machine: borrowing machine) -> Double {
    var machine = copy machine
    return max(operations / machine.arithmetic, machine_move(&machine, set, read, update))
  }
}

/// Times mechanisms in a network that has recorded its steps, and writes a row for each.
final class Meter {
  enum Direction { case forward, backward, none }

  let network: UnsafeMutablePointer<Network<Float>>
  let machine: machine
  let steps: Int
  let isTraining: Bool
  /// Seconds of a whole step.
  let whole: Double
  /// Seconds of all rows.
  private(set) var sum = 0.0

  init(
    _ network: UnsafeMutablePointer<Network<Float>>, machine: machine, steps: Int, isTraining: Bool, whole: Double
  ) {
    (self.network, self.machine, self.steps) = (network, machine, steps)
    (self.isTraining, self.whole) = (isTraining, whole)
  }

  /// The least time of many, for as many seconds.
  static func least(for seconds: Double = 0.1, _ body: () -> Void) -> Double {
    var least = Double.infinity
    let start = machine_now()
    var rounds = 0
    while rounds < 5 || machine_now() - start < seconds {
      let begin = machine_worked()
      body()
      least = min(least, machine_worked() - begin)
      rounds += 1
    }
    return least
  }

  /// A row of something that has been timed.
  func write(_ name: StaticString, _ direction: Direction, _ need: Need, times: Int, seconds: Double) {
    sum += seconds
    let label: StaticString =
      switch direction {
      case .forward: "forward"
      case .backward: "backward"
      case .none: ""
      }
    report_mechanism(
      mechanism_row(
        name: cString(name), direction: cString(label), seconds: seconds, whole: whole,
        operations: Double(times) * need.operations, bytes: Double(times) * (need.read + need.update),
        floor: Double(times) * need.seconds(machine)))
  }

  /// A mechanism of all sequences and steps.
  func once(_ name: StaticString, _ direction: Direction, _ need: Need, _ body: () -> Void) {
    write(name, direction, need, times: 1, seconds: Meter.least(body))
  }

  /// A mechanism of a step: `need` is that of a shard of sequences in one step.
  func eachStep(
    _ name: StaticString, _ direction: Direction, _ need: Need, _ body: (_ step: Step<Float>, _ t: Int) -> Void
  ) {
    guard direction != .backward || isTraining else { return }
    let seconds = timeSteps(body)
    write(name, direction, need, times: steps * network.pointee.shardCount, seconds: seconds)
  }

  func timeSteps(_ body: (_ step: Step<Float>, _ t: Int) -> Void) -> Double {
    Meter.least {
      for shard in 0..<network.pointee.shardCount {
        let step = network.pointee.shard(shard, thread: 0)
        for t in 0..<steps { body(step, t) }
      }
    }
  }

  /// A mechanism of one sequence in one step, of the DNC's memory.
  func each(
    _ name: StaticString, _ direction: Direction, _ need: Need,
    _ body: (_ memory: DNCMemory<Float>, _ t: Int, _ b: Int) -> Void
  ) {
    eachSequence(name, direction, need) { memory, t, b in
      guard memory.kind == .dnc else { return }
      body(memory.room.assumingMemoryBound(to: DNCMemory<Float>.self).pointee, t, b)
    }
  }

  /// A mechanism of one sequence in one step, of the Neural Turing Machine's memory.
  func eachOfTuringMachine(
    _ name: StaticString, _ direction: Direction, _ need: Need,
    _ body: (_ memory: NTMMemory<Float>, _ t: Int, _ b: Int) -> Void
  ) {
    eachSequence(name, direction, need) { memory, t, b in
      guard memory.kind == .ntm else { return }
      body(memory.room.assumingMemoryBound(to: NTMMemory<Float>.self).pointee, t, b)
    }
  }

  private func eachSequence(
    _ name: StaticString, _ direction: Direction, _ need: Need,
    _ body: (_ memory: ExternalMemory<Float>, _ t: Int, _ b: Int) -> Void
  ) {
    guard direction != .backward || isTraining else { return }
    let seconds = timeSteps { step, t in
      for b in step.sequences { body(step.memory, t, b) }
    }
    write(name, direction, need, times: steps * network.pointee.configuration.B, seconds: seconds)
  }
}
