import CDNC
import CPlatform

private typealias TaskHandle = UnsafeMutablePointer<EpisodeTask>

private func task(_ handle: OpaquePointer?) throws(Failure) -> TaskHandle {
  TaskHandle(try require(handle, "task"))
}

@c @implementation public func dnc_task_create(
  _ name: UnsafePointer<CChar>!, _ options: UnsafePointer<CChar>!, _ seed: UInt64,
  _ task: UnsafeMutablePointer<OpaquePointer?>!
) -> dnc_status {
  status { () throws(Failure) in
    let name = try require(name, "name")
    let task = try require(task, "task")
    guard strcmp(name, "copy") == 0 else {
      throw Failure(DNC_INVALID_ARGUMENT, "name is \"\(name)\", allowed is \"copy\"")
    }
    let created = EpisodeTask(source: try CopyTask(options: options), seed: seed)
    task.pointee = OpaquePointer(try allocateHandle(created))
  }
}

@c @implementation public func dnc_task_sizes(
  _ handle: OpaquePointer!, _ input_size: UnsafeMutablePointer<UInt32>!,
  _ output_size: UnsafeMutablePointer<UInt32>!, _ loss: UnsafeMutablePointer<UInt32>!
) -> dnc_status {
  status { () throws(Failure) in
    let source = try task(handle).pointee.source
    input_size?.pointee = UInt32(source.inputSize)
    output_size?.pointee = UInt32(source.outputSize)
    loss?.pointee = source.loss.rawValue
  }
}

@c @implementation public func dnc_task_sample(
  _ handle: OpaquePointer!, _ batch: Int, _ steps: UnsafeMutablePointer<Int>!
) -> dnc_status {
  status { () throws(Failure) in
    let task = try task(handle)
    try require(batch, in: Configuration.batches, "batch")
    let steps = try require(steps, "steps")
    task.pointee.sample(batch: batch)
    steps.pointee = task.pointee.steps
  }
}

@c @implementation public func dnc_task_read(
  _ handle: OpaquePointer!, _ inputs: UnsafeMutablePointer<Float>!, _ targets: UnsafeMutablePointer<Float>!,
  _ mask: UnsafeMutablePointer<Float>!
) -> dnc_status {
  status { () throws(Failure) in
    let task = try task(handle)
    guard task.pointee.batch > 0 else {
      throw Failure(DNC_INVALID_STATE, "no episodes have been drawn: call dnc_task_sample first")
    }
    task.pointee.read(inputs: inputs, targets: targets, mask: mask)
  }
}

@c @implementation public func dnc_task_free(_ handle: OpaquePointer!) {
  if let handle { freeHandle(TaskHandle(handle)) }
}
