import CDNC
import CPlatform

/// What a `dnc_task *` points to: lessons, and the batch of episodes drawn last.
///
/// A batch depends on the seed and its number alone, so a task can go on from any place.
struct EpisodeTask: ~Copyable {
  private let lessons: Lessons
  private let seed: UInt64
  /// Input [X] and target [Y] of one step.
  private let scratch: Memory
  /// The number of the next batch.
  private(set) var position: UInt64 = 0
  private(set) var lesson = 0
  private(set) var isEvaluating = false

  /// The batch drawn last; 0 sequences before the first one.
  private(set) var batch = 0
  private(set) var steps = 0
  /// The number of steps whose inputs are known.
  private(set) var played = 0
  /// The notes of each sequence, behind a header.
  private var batchNotes: Memory
  private let notesBytes: Int

  private struct Header {
    let lesson, steps: Int
  }

  init(lessons: consuming Lessons, seed: UInt64) throws(Failure) {
    var largest = 0
    for i in 0..<lessons.count { largest = max(largest, lessons.first[i].source.notesBytes) }
    let first = lessons.first
    let scratch = try Memory(
      bytes: (first.pointee.source.inputSize + first.pointee.source.outputSize) * MemoryLayout<Float>.size)
    let batchNotes = try Memory(bytes: 0)
    notesBytes = (MemoryLayout<Header>.stride + largest + 15) & ~15
    self.scratch = scratch
    self.batchNotes = batchNotes
    self.lessons = lessons
    self.seed = seed
  }

  var lessonCount: Int { lessons.count }
  func lesson(at index: Int) -> UnsafePointer<Lesson> { UnsafePointer(lessons.first + index) }
  /// The first lesson says what all lessons have in common.
  private var common: UnsafePointer<Lesson> { lesson(at: 0) }
  var inputSize: Int { common.pointee.source.inputSize }
  var outputSize: Int { common.pointee.source.outputSize }
  var loss: Loss { common.pointee.source.loss }
  var metricCount: Int { common.pointee.source.metricCount }
  func metric(at index: Int) -> Metric { common.pointee.source.metric(at: index) }
  var isInteractive: Bool { common.pointee.source.isInteractive }
  /// That of the present lesson.
  var episodeCount: Int { lesson(at: lesson).pointee.source.episodeCount }
  func word(at channel: Int) -> UnsafePointer<CChar>? { lesson(at: lesson).pointee.source.word(at: channel) }

  mutating func drop() { batch = 0 }

  mutating func seek(_ position: UInt64) {
    self.position = position
    drop()
  }

  mutating func setLesson(_ index: Int) {
    lesson = index
    drop()
  }

  mutating func setEvaluating(_ enabled: Bool) {
    isEvaluating = enabled
    drop()
  }

  /// Draws the next batch; `steps` becomes that of its longest episode.
  mutating func sample(batch: Int) throws(Failure) {
    var batchRandom = Random(seed: seed, stream: position)
    let batchSeed = batchRandom.next()
    // Nothing has changed yet if memory runs out here.
    let dealt = try lesson(at: lesson).pointee.source.deal(batch: batch, batchRandom)
    if batchNotes.bytes < batch * notesBytes { batchNotes = try Memory(bytes: batch * notesBytes) }
    memset(batchNotes.start, 0, batch * notesBytes)
    self.batch = batch
    steps = 0
    played = 0
    defer { position &+= 1 }
    let rehearsal = isEvaluating || lesson == 0 ? 0 : lesson(at: lesson).pointee.rehearsal
    for b in 0..<batch {
      var random = Random(seed: batchSeed, stream: UInt64(b))
      let rehearsed = random.uniform() < rehearsal
      let drawn = rehearsed ? random.below(lesson) : lesson
      let start = batchNotes.start + b * notesBytes
      let count = lesson(at: drawn).pointee.source.draw(
        &random, shared: batchRandom,
        place: BatchPlace(
          position: position, batch: batch, sequence: b, isEvaluating: isEvaluating,
          dealt: dealt.bytes > 0 && !rehearsed
            ? UnsafeRawBufferPointer(start: dealt.start, count: dealt.bytes) : nil),
        into: start + MemoryLayout<Header>.stride)
      start.initializeMemory(as: Header.self, to: Header(lesson: drawn, steps: count))
      steps = max(steps, count)
    }
  }

  private func header(_ b: Int) -> Header { (batchNotes.start + b * notesBytes).load(as: Header.self) }

  private func notes(_ b: Int) -> UnsafeMutableRawPointer {
    batchNotes.start + b * notesBytes + MemoryLayout<Header>.stride
  }

  /// Makes the moves of the step played last: the network's, or the teacher's without an output.
  private mutating func move(output: In<Float>?) {
    guard isInteractive, played > 0 else { return }
    for b in 0..<batch where played - 1 < header(b).steps {
      lesson(at: header(b).lesson).pointee.source.move(
        played - 1, in: notes(b), output: output.map { $0 + b * outputSize }, evaluating: isEvaluating)
    }
  }

  /// Plays one more step: its input [B, X], from the output [B, Y] of the step before.
  mutating func next(output: In<Float>?, input: Out<Float>) {
    move(output: output)
    input.update(repeating: 0, count: batch * inputSize)
    for b in 0..<batch { _ = step(played, b, input: input + b * inputSize) }
    played += 1
  }

  /// Lets the teacher play what is left.
  private mutating func finish() {
    guard isInteractive else { return }
    while played < steps {
      move(output: nil)
      played += 1
    }
  }

  private var scratchInput: Out<Float> { scratch.start.assumingMemoryBound(to: Float.self) }
  private var scratchTarget: Out<Float> { scratchInput + inputSize }

  /// Writes step t of sequence b: the input, which is all zero before, and the target, into scratch. Returns the mask.
  private func step(_ t: Int, _ b: Int, input: Out<Float>) -> Float {
    scratchTarget.update(repeating: 0, count: outputSize)
    let header = header(b)
    guard t < header.steps else { return 0 }
    return lesson(at: header.lesson).pointee.source.step(t, of: notes(b), input: input, target: scratchTarget)
  }

  /// The same, with the input in scratch too.
  private func step(_ t: Int, _ b: Int) -> Float {
    scratchInput.update(repeating: 0, count: inputSize)
    return step(t, b, input: scratchInput)
  }

  /// Writes the batch: inputs [T, B, X], targets [T, B, Y], mask [T, B], each or nil.
  mutating func read(inputs: Out<Float>?, targets: Out<Float>?, mask: Out<Float>?) {
    finish()
    for row in 0..<steps * batch {
      let weight = step(row / batch, row % batch)
      if let inputs { (inputs + row * inputSize).update(from: scratchInput, count: inputSize) }
      if let targets { (targets + row * outputSize).update(from: scratchTarget, count: outputSize) }
      mask?[row] = weight
    }
  }

  /// Writes the batch: tokens [T, B], -1 behind the end of a sequence, and starts [T, B], 1 where a story begins; each or nil.
  /// Returns false, and writes nothing, if channels are not words.
  func readTokens(_ tokens: UnsafeMutablePointer<Int32>?, starts: UnsafeMutablePointer<UInt8>?) -> Bool {
    guard word(at: 0) != nil else { return false }
    for row in 0..<steps * batch {
      let header = header(row % batch)
      let t = row / batch
      let token = t < header.steps ? lesson(at: header.lesson).pointee.source.token(t, of: notes(row % batch)) : nil
      tokens?[row] = token.map { Int32($0.channel) } ?? -1
      starts?[row] = token?.isFirst == true ? 1 : 0
    }
    return true
  }

  /// The loss of the outputs [T, B, Y], and its gradient.
  mutating func evaluate(outputs: In<Float>, gradients: Out<Float>?) -> Double {
    finish()
    var kept = 0.0
    for row in 0..<steps * batch { kept += Double(step(row / batch, row % batch)) }
    gradients?.update(repeating: 0, count: steps * batch * outputSize)
    guard kept > 0 else { return 0 }
    let divisor = loss.divisor(kept: kept, width: outputSize)
    var total = 0.0
    for row in 0..<steps * batch {
      let b = row % batch
      let weight = step(row / batch, b)
      guard weight != 0 else { continue }
      total +=
        Double(weight)
        * lesson(at: header(b).lesson).pointee.source.loss(
          row / batch, of: notes(b), output: outputs + row * outputSize, target: scratchTarget,
          share: Float(Double(weight) / divisor), gradient: gradients.map { $0 + row * outputSize })
    }
    return total / divisor
  }

  /// Adds the scores of the outputs [T, B, Y].
  mutating func score(outputs: In<Float>, scores: UnsafeMutablePointer<dnc_score>) {
    finish()
    for b in 0..<batch {
      let header = header(b)
      let own = EpisodeOutputs(
        steps: header.steps, outputs: outputs + b * outputSize, stride: batch * outputSize, input: scratchInput,
        target: scratchTarget)
      lesson(at: header.lesson).pointee.source.score(notes(b), outputs: own, scores: scores)
    }
  }
}
