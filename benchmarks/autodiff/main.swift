// How much faster than automatic differentiation are gradients derived by hand, in the same language on the same machine? Times
// a training step of the autodiff model in Sources/Autodiff and of the library, built by one compiler with the same
// optimization, in Float, on one thread. Every method works in a process of its own; they take turns, and their losses
// and gradients are compared.
//
//     make bench-autodiff AUTODIFF="A C1 --seconds 10"

import Foundation

/// What the process of one method says of one workload.
struct Measurement {
  var times: [Double]
  let loss, gradientNorm: Double
  /// Bytes of the numbers kept, and by how much the process grew at most.
  let bytes, residentBytes: Int

  var least: Double { times.min()! }
  var median: Double { times.sorted()[times.count / 2] }
}

// MARK: In the process of one method

/// A line of /proc/self/status in bytes.
func status(_ key: String) -> Int {
  let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = text.split(separator: "\n").first { $0.hasPrefix("\(key):") }
  return 1024 * (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0)
}

func work(_ k: Workload, _ method: Method, seconds: Double) {
  // A first step, tiny, brings code and libraries in; from here on the most is counted anew.
  _ = times(Workload.tiny, method, seconds: 0)
  try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
  let before = status("VmRSS")
  let (times, result) = times(k, method, seconds: seconds)
  print(result.loss, result.gradientNorm, result.bytes, status("VmHWM") - before)
  print(times.map { String($0) }.joined(separator: " "))
}

// MARK: In the process that starts the others

func measure(_ k: Workload, _ method: Method, seconds: Double) throws -> Measurement {
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  process.arguments = ["--work", k.name, method.rawValue, String(seconds)]
  process.environment = ProcessInfo.processInfo.environment.merging(method.environment) { $1 }
  process.standardOutput = pipe
  try process.run()
  let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  let lines = text.split(separator: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }
  guard process.terminationStatus == 0, lines.count == 2, lines[0].count == 4 else {
    fatalError("\(method) on \(k.name) failed: \(text)")
  }
  return Measurement(
    times: lines[1], loss: lines[0][0], gradientNorm: lines[0][1], bytes: Int(lines[0][2]),
    residentBytes: Int(lines[0][3]))
}

/// The methods take turns.
func measure(_ k: Workload, rounds: Int, seconds: Double) throws -> [Measurement] {
  var all: [Measurement] = []
  for round in 0..<rounds {
    for (i, method) in Method.allCases.enumerated() {
      let one = try measure(k, method, seconds: seconds / Double(rounds))
      if round == 0 { all.append(one) } else { all[i].times += one.times }
    }
  }
  for other in all.dropFirst() {
    let (a, b) = (all[0], other)
    guard abs(a.loss - b.loss) <= 1e-5 * a.loss, abs(a.gradientNorm - b.gradientNorm) <= 1e-3 * a.gradientNorm else {
      fatalError("\(k.name): losses \(a.loss) and \(b.loss), gradients of norm \(a.gradientNorm) and \(b.gradientNorm)")
    }
  }
  return all
}

func row(_ cells: [String]) -> String {
  let widths = [8, 20, 19, 10, 10, 9, 12, 12]
  let padded = zip(cells, widths).enumerated().map { i, cell in
    let space = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
    return i < 3 ? cell.0 + space : space + cell.0
  }
  return "| " + padded.joined(separator: " | ") + " |"
}

func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

var words = Array(CommandLine.arguments.dropFirst())
if words.first == "--work" {
  work(Workload.all.first { $0.name == words[1] }!, Method(rawValue: words[2])!, seconds: Double(words[3])!)
  exit(0)
}
var seconds = 3.0
if let option = words.firstIndex(of: "--seconds"), option + 1 < words.count {
  seconds = Double(words[option + 1]) ?? seconds
  words.removeSubrange(option...option + 1)
}
print("a training step in Float, one thread; memory: the numbers kept, and what the process grew by\n")
print(row(["workload", "", "gradients", "least, ms", "median, ms", "speed-up", "numbers, MB", "process, MB"]))
print("|---|---|---|---|---|---|---|---|")
for k in Workload.all where words.isEmpty || words.contains(k.name) {
  let measurements = try measure(k, rounds: 3, seconds: seconds)
  for (method, m) in zip(Method.allCases, measurements) {
    print(
      row([
        k.name, k.what, method.what, number(1e3 * m.least, 3), number(1e3 * m.median, 3),
        number(measurements[0].least / m.least, 1), number(1e-6 * Double(m.bytes), 1),
        number(1e-6 * Double(m.residentBytes), 1),
      ]))
  }
  fflush(nil)
}
