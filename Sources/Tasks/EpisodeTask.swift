import CDNC
import CPlatform

/// What a `dnc_task *` points to: a source of episodes and its random stream. A batch is drawn as one number, from which
/// its episodes are made whenever they are read, so that a task keeps no episodes.
struct EpisodeTask {
  let source: CopyTask
  private var random: Random
  /// The batch drawn last; 0 sequences before the first one.
  private var batchSeed: UInt64 = 0
  private(set) var batch = 0
  private(set) var steps = 0

  init(source: CopyTask, seed: UInt64) {
    self.source = source
    random = Random(seed: seed)
  }

  /// Draws the next batch; `steps` becomes that of its longest episode.
  mutating func sample(batch: Int) {
    self.batch = batch
    batchSeed = random.next()
    var lengths = Random(seed: batchSeed)
    steps = 0
    for _ in 0..<batch { steps = max(steps, source.steps(length: source.drawLength(&lengths))) }
  }

  /// Writes the batch: inputs [T, B, X], targets [T, B, Y], mask [T, B], each or nil.
  func read(inputs: Out<Float>?, targets: Out<Float>?, mask: Out<Float>?) {
    inputs?.update(repeating: 0, count: steps * batch * source.inputSize)
    targets?.update(repeating: 0, count: steps * batch * source.outputSize)
    mask?.update(repeating: 0, count: steps * batch)
    var lengths = Random(seed: batchSeed)
    var contents = Random(seed: ~batchSeed)
    for b in 0..<batch {
      source.write(
        length: source.drawLength(&lengths), &contents, b: b, batch: batch, inputs: inputs, targets: targets,
        mask: mask)
    }
  }
}
