import CDNC
import CPlatform

typealias TaskHandle = UnsafeMutablePointer<EpisodeTask>

extension EpisodeTask: HandleValue {
  var published: HandleUse.Published { .init(count: position, mode: 2 * lesson + (isEvaluating ? 1 : 0)) }
}

private func status(task handle: OpaquePointer?, _ body: (TaskHandle) throws(Failure) -> Void) -> dnc_status {
  status { () throws(Failure) in try use(handle, "task", body) }
}

private func requireDrawn(_ task: TaskHandle) throws(Failure) {
  guard task.pointee.batch > 0 else {
    throw Failure(DNC_INVALID_STATE, "no episodes have been drawn: call dnc_task_sample first")
  }
}

@c @implementation public func dnc_task_create(
  _ name: UnsafePointer<CChar>!, _ options: UnsafePointer<CChar>!, _ seed: UInt64,
  _ task: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status { () throws(Failure) in
    let name = try require(name, "name")
    let task = try require(task, "task")
    let source = try TaskSource(name: UnsafeRawBufferPointer(start: name, count: strlen(name)), options: options)
    let given: UnsafePointer<CChar>? = options
    let length = given.map { strlen($0) } ?? 0
    let text = try Memory(bytes: length + 1)
    if let given { memcpy(text.start, given, length) }
    let kept = UnsafePointer(text.start.assumingMemoryBound(to: CChar.self))
    var lessons = try Lessons(text: text, capacity: 1)
    lessons.append(Lesson(source: source, options: kept))
    task.pointee = handOut(try allocateHandle(try EpisodeTask(lessons: lessons, seed: seed)))
  }
}

@c @implementation public func dnc_task_load(
  _ path: UnsafePointer<CChar>!, _ seed: UInt64, _ task: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status { () throws(Failure) in
    let path = try requirePath(path, "path")
    let task = try require(task, "task")
    let lessons = try Curriculum.read(path)
    task.pointee = handOut(try allocateHandle(try EpisodeTask(lessons: lessons, seed: seed)))
  }
}

private func findTask(_ name: UnsafePointer<CChar>) throws(Failure) -> Int {
  try TaskList.find(UnsafeRawBufferPointer(start: name, count: strlen(name)))
}

@c @implementation public func dnc_task_name(_ index: Int) -> UnsafePointer<CChar>! {
  TaskList.name(index).map { cString($0) }
}

@c @implementation public func dnc_task_option_count(_ name: UnsafePointer<CChar>!) -> Int {
  let given: UnsafePointer<CChar>? = name
  guard let given, let task = try? findTask(given) else { return 0 }
  return TaskList.optionCount(of: task)
}

@c @implementation public func dnc_task_option_at(
  _ name: UnsafePointer<CChar>!, _ index: Int, _ option: UnsafeMutablePointer<dnc_task_option>!
) -> dnc_status {
  status { () throws(Failure) in
    let task = try findTask(try require(name, "name"))
    guard index >= 0, let found = TaskList.option(index, of: task) else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        "index is \(UInt(bitPattern: index)), allowed is less than \(TaskList.optionCount(of: task))")
    }
    var fields = dnc_task_option()
    fields.is_path = found.isPath ? 1 : 0
    fields.name = cString(found.name)
    fields.default_value = cString(found.default)
    fields.meaning = cString(found.meaning)
    withUnsafeMutableBytes(of: &fields.allowed) { allowed in
      var text = Text(start: allowed.baseAddress!.assumingMemoryBound(to: CChar.self), capacity: allowed.count)
      text.append(allowed: found)
    }
    try write(fields, to: option, "option")
  }
}

@c @implementation public func dnc_task_sizes(
  _ handle: OpaquePointer!, _ input_size: UnsafeMutablePointer<UInt32>!,
  _ output_size: UnsafeMutablePointer<UInt32>!, _ loss: UnsafeMutablePointer<UInt32>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    input_size?.pointee = UInt32(task.pointee.inputSize)
    output_size?.pointee = UInt32(task.pointee.outputSize)
    loss?.pointee = task.pointee.loss.number
  }
}

@c @implementation public func dnc_task_sample(
  _ handle: OpaquePointer!, _ batch: Int, _ steps: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try require(batch, in: Configuration.batches, "batch")
    let steps = try require(steps, "steps")
    try task.pointee.sample(batch: batch)
    steps.pointee = task.pointee.steps
  }
}

@c @implementation public func dnc_task_read(
  _ handle: OpaquePointer!, _ inputs: UnsafeMutablePointer<Float>!, _ targets: UnsafeMutablePointer<Float>!,
  _ mask: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try requireDrawn(task)
    task.pointee.read(inputs: inputs, targets: targets, mask: mask)
  }
}

@c @implementation public func dnc_task_read_tokens(
  _ handle: OpaquePointer!, _ tokens: UnsafeMutablePointer<Int32>!, _ starts: UnsafeMutablePointer<UInt8>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try requireDrawn(task)
    guard task.pointee.readTokens(tokens, starts: starts) else {
      throw Failure(DNC_INVALID_ARGUMENT, "the channels of this task are not words")
    }
  }
}

@c @implementation public func dnc_task_drawn(
  _ handle: OpaquePointer!, _ steps: UnsafeMutablePointer<Int>!, _ batch: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    steps?.pointee = task.pointee.batch > 0 ? task.pointee.steps : 0
    batch?.pointee = task.pointee.batch
  }
}

@c @implementation public func dnc_task_position(_ handle: OpaquePointer!) -> UInt64 {
  published(handle.map { TaskHandle($0) }).count
}

@c @implementation public func dnc_task_seek(_ handle: OpaquePointer!, _ position: UInt64) -> dnc_status {
  status(task: handle) { task throws(Failure) in task.pointee.seek(position) }
}

@c @implementation public func dnc_task_is_interactive(_ handle: OpaquePointer!) -> Int32 {
  handle.map { TaskHandle($0).pointee.isInteractive ? 1 : 0 } ?? 0
}

@c @implementation public func dnc_task_next(
  _ handle: OpaquePointer!, _ output: UnsafePointer<Float>!, _ input: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try requireDrawn(task)
    let input = try require(input, "input")
    guard task.pointee.played < task.pointee.steps else {
      throw Failure(DNC_INVALID_STATE, "all \(task.pointee.steps) steps have been played: call dnc_task_sample")
    }
    if task.pointee.isInteractive, task.pointee.played > 0 {
      let output = try require(output, "output")
      try requireFinite(output, count: task.pointee.batch * task.pointee.outputSize, "output")
    }
    task.pointee.next(output: output, input: input)
  }
}

/// The outputs of all steps, unless they are NULL or not finite.
private func read(_ outputs: UnsafePointer<Float>?, of task: TaskHandle) throws(Failure) -> UnsafePointer<Float> {
  let outputs = try require(outputs, "outputs")
  try requireFinite(
    outputs, count: try elements(task.pointee.steps, task.pointee.batch, task.pointee.outputSize), "outputs")
  return outputs
}

@c @implementation public func dnc_task_loss(
  _ handle: OpaquePointer!, _ outputs: UnsafePointer<Float>!, _ value: UnsafeMutablePointer<Double>!,
  _ output_gradients: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try requireDrawn(task)
    let value = try require(value, "value")
    value.pointee = task.pointee.evaluate(outputs: try read(outputs, of: task), gradients: output_gradients)
  }
}

@c @implementation public func dnc_task_metric_count(_ handle: OpaquePointer!) -> Int {
  handle.map { TaskHandle($0).pointee.metricCount } ?? 0
}

@c @implementation public func dnc_task_metric_at(
  _ handle: OpaquePointer!, _ index: Int, _ metric: UnsafeMutablePointer<dnc_metric>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try require(index, in: 0...(task.pointee.metricCount - 1), "index")
    let found = task.pointee.metric(at: index)
    let name = UnsafeRawPointer(found.name.utf8Start).assumingMemoryBound(to: CChar.self)
    try write(dnc_metric(struct_size: 0, is_error: found.isError ? 1 : 0, name: name), to: metric, "metric")
  }
}

@c @implementation public func dnc_task_score(
  _ handle: OpaquePointer!, _ outputs: UnsafePointer<Float>!, _ scores: UnsafeMutablePointer<dnc_score>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try requireDrawn(task)
    let scores = try require(scores, "scores")
    task.pointee.score(outputs: try read(outputs, of: task), scores: scores)
  }
}

@c @implementation public func dnc_task_set_evaluating(_ handle: OpaquePointer!, _ enabled: Int32) -> dnc_status {
  status(task: handle) { task throws(Failure) in task.pointee.setEvaluating(enabled != 0) }
}

@c @implementation public func dnc_task_is_evaluating(_ handle: OpaquePointer!) -> Int32 {
  Int32(published(handle.map { TaskHandle($0) }).mode % 2)
}

@c @implementation public func dnc_task_lesson_count(_ handle: OpaquePointer!) -> Int {
  handle.map { TaskHandle($0).pointee.lessonCount } ?? 0
}

@c @implementation public func dnc_task_lesson_at(
  _ handle: OpaquePointer!, _ index: Int, _ lesson: UnsafeMutablePointer<dnc_lesson>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try require(index, in: 0...(task.pointee.lessonCount - 1), "index")
    let found = task.pointee.lesson(at: index)
    let fields = dnc_lesson(
      struct_size: 0, metric: UInt32(found.pointee.metric), options: found.pointee.options,
      pass_score: found.pointee.pass,
      rehearsal: found.pointee.rehearsal, test_every: UInt64(found.pointee.testEvery),
      test_episodes: UInt64(found.pointee.testEpisodes))
    try write(fields, to: lesson, "lesson")
  }
}

@c @implementation public func dnc_task_set_lesson(_ handle: OpaquePointer!, _ index: Int) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try require(index, in: 0...(task.pointee.lessonCount - 1), "index")
    task.pointee.setLesson(index)
  }
}

@c @implementation public func dnc_task_lesson(_ handle: OpaquePointer!) -> Int {
  published(handle.map { TaskHandle($0) }).mode / 2
}

@c @implementation public func dnc_task_episode_count(
  _ handle: OpaquePointer!, _ count: UnsafeMutablePointer<UInt64>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    try require(count, "count").pointee = UInt64(task.pointee.episodeCount)
  }
}

@c @implementation public func dnc_task_word(
  _ handle: OpaquePointer!, _ channel: Int, _ word: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> dnc_status {
  status(task: handle) { task throws(Failure) in
    let word = try require(word, "word")
    try require(channel, in: 0...(task.pointee.inputSize - 1), "channel")
    guard let found = task.pointee.word(at: channel) else {
      throw Failure(DNC_INVALID_ARGUMENT, "the channels of this task are not words")
    }
    word.pointee = found
  }
}

@c @implementation public func dnc_task_free(_ handle: OpaquePointer!) {
  release(handle.map { TaskHandle($0) })
}
