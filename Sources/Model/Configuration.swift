import CDNC

extension dnc_config: FieldTable {
  // One row of the table: a line.
  @inline(never) mutating func forEach(_ visitor: Field.Visitor) throws(Failure) {
    let widths = Field.Allowed.whole(1...65536)
    try Field("input_size", widths).visit(&input_size, visitor)
    try Field("output_size", widths).visit(&output_size, visitor)
    try Field("controller", .choices(Controller.self)).visit(&controller, visitor)
    try Field("activation", .choices(Activation.self)).visit(&activation, visitor)
    try Field("hidden_size", widths, default: 64).visit(&hidden_size, visitor)
    try Field("num_layers", .whole(1...64), default: 1).visit(&num_layers, visitor)
    try Field("memory_slots", .whole(Configuration.slots), default: 64).visit(&memory_slots, visitor)
    try Field("word_size", widths, default: 16).visit(&word_size, visitor)
    try Field("read_heads", .whole(1...256), default: 1).visit(&read_heads, visitor)
    try Field("write_heads", .whole(1...64), default: 1).visit(&write_heads, visitor)
    try Field("batch_size", .whole(Configuration.batches), default: 1).visit(&batch_size, visitor)
    try Field("usage_gradient", .whole(0...1)).visit(&usage_gradient, visitor)
    try Field("initial_state", .choices(Configuration.Start.self)).visit(&initial_state, visitor)
    try Field("initial_value", .real(upTo: 1), default: 1e-6).visit(&initial_value, visitor)
    try Field("clip_value", .anyMagnitude(zero: " (no clamping)")).visit(&clip_value, visitor)
    try Field("num_threads", .whole(Configuration.threadNumbers), default: 1, files: .ofProcess).visit(
      &num_threads, visitor)
    try Field("seed", .everyWhole).visit(&seed, visitor)
    try Field("max_record_bytes", .everyWhole, files: .ofProcess).visit(&max_record_bytes, visitor)
    try Field("check_finite", .whole(0...1), files: .ofProcess).visit(&check_finite, visitor)
    try Field("reserved", .whole(0...0), files: .left).visit(&reserved, visitor)
    try Field("input_scale", .real(upTo: 1000), default: 10, files: .keptSince(before: 1)).visit(&input_scale, visitor)
    try Field("interface_scale", .real(upTo: 1000), default: 3, files: .keptSince(before: 1))
      .visit(&interface_scale, visitor)
    try Field("memory", .choices(Configuration.Memory.self), files: .keptIfOther).visit(&memory, visitor)
    try Field("temporal_links", .whole(0...1), default: 1, files: .keptIfOther, isOfDNC: true).visit(
      &temporal_links, visitor)
    try Field("content_masks", .whole(0...1), files: .keptIfOther, isOfDNC: true).visit(&content_masks, visitor)
    try Field("mask_minimum", .belowOne, files: .keptIfOther, isOfDNC: true).visit(&mask_minimum, visitor)
    try Field("deallocation", .whole(0...1), files: .keptIfOther, isOfDNC: true).visit(&deallocation, visitor)
    try Field("link_sharpening", .whole(0...1), files: .keptIfOther, isOfDNC: true).visit(&link_sharpening, visitor)
    try Field("controller_norm", .whole(0...1), files: .keptIfOther).visit(&controller_norm, visitor)
    try Field("interface_norm", .whole(0...1), files: .keptIfOther).visit(&interface_norm, visitor)
  }
}

extension dnc_config {
  /// Throws unless the fields of the DNC's memory have their defaults.
  fileprivate func requireNothingOfDNC(_ memory: StaticString, _ place: StaticString) throws(Failure) {
    var fields = self
    try fields.forEach { (field, number) throws(Failure) in
      guard field.isOfDNC, number.value != field.standard else { return }
      var standard = number
      standard.set(field.standard)
      throw Failure(
        DNC_INVALID_ARGUMENT,
        "\(place)\(field.name) is \(number), with \(place)memory \(memory) allowed is \(standard)")
    }
  }
}

/// The properties of a memory that the network around it uses.
struct MemoryTraits {
  /// In sentences.
  var name: StaticString
  /// False without a memory: all its sizes are 0.
  var hasSlots = true
  /// Usage, free list and allocation.
  var hasUsage = false
  /// True if the settings of the DNC's memory hold for it: links, masks, de-allocation, sharpening.
  var hasVariants = false
  /// True if the write weightings in which an episode starts can be learned.
  var learnsWriteWeights = false
}

/// What a network is, checked once: every number in it is in its range, and no size computed from them
/// overflows. The letters are model.md's.
struct Configuration {
  /// As C has them; struct_size says nothing here.
  private(set) var fields: dnc_config
  let controller: Controller
  /// What the controller's room says of it, at hand for those who ask in every step.
  let traits: ControllerTraits
  let activation: Activation
  let memory: Memory
  let memoryTraits: MemoryTraits
  /// The interface of the DNC's memory. Its µ is a Double, though the header has a Float: the checks in Double need it.
  var interface = InterfaceLayout(readHeads: 0, writeHeads: 0, wordSize: 0)
  /// The width of ξ.
  var interfaceWidth = 0
  /// See `Quantity.ofState`.
  var stateQuantities: UInt64 = 0
  /// Without a memory, nothing but zeros.
  let initialState: Start
  /// Double, though the header has Float: the checks in Double need it.
  var initialValue, clipValue: Double
  /// What the record keeps of the inputs: tokens in place of rows. No setting; it follows the caller's inputs.
  var takesTokens = false

  /// Not to be taken for `InitialState`, which writes it.
  enum Start: UInt32 {
    case zeros = 0
    case constant = 1
    case learned = 2
  }

  enum Memory: UInt32 {
    case dnc = 0
    case ntm = 1
    case absent = 2
  }

  static let slots = 1...65536
  static let batches = 1...65536
  static let threadNumbers = 0...1024

  /// For `Configuration(_:from:)` of Memories, which checks the fields one by one, and knows the memories.
  init(
    checked fields: dnc_config, from place: StaticString, memory: Memory, _ memoryTraits: MemoryTraits
  ) throws(Failure) {
    guard fields.link_sharpening == 0 || fields.temporal_links == 1 else {
      throw Failure(
        DNC_INVALID_ARGUMENT,
        "\(place)link_sharpening is 1, but \(place)temporal_links is 0: there are no links to sharpen")
    }
    self.fields = fields
    controller = Controller(rawValue: fields.controller)!
    traits = controller.traits
    activation = Activation(rawValue: fields.activation)!
    (self.memory, self.memoryTraits) = (memory, memoryTraits)
    if !memoryTraits.hasVariants { try fields.requireNothingOfDNC(memoryTraits.name, place) }
    initialState = !memoryTraits.hasSlots ? .zeros : Start(rawValue: fields.initial_state)!
    initialValue = Double(fields.initial_value)
    clipValue = Double(fields.clip_value)
    interface = InterfaceLayout(
      readHeads: R, writeHeads: K, wordSize: W, hasLinks: hasLinks, hasMasks: hasMasks,
      maskMinimum: Double(fields.mask_minimum), sharpensLinks: sharpensLinks)
  }
}

extension Configuration {
  var X: Int { Int(fields.input_size) }
  var Y: Int { Int(fields.output_size) }
  var H: Int { Int(fields.hidden_size) }
  var L: Int { Int(fields.num_layers) }
  var hasMemory: Bool { memoryTraits.hasSlots }
  /// The sizes of the memory; all 0 without one.
  var N: Int {
    get { hasMemory ? Int(fields.memory_slots) : 0 }
    set { fields.memory_slots = UInt32(newValue) }
  }
  var W: Int { hasMemory ? Int(fields.word_size) : 0 }
  var R: Int { hasMemory ? Int(fields.read_heads) : 0 }
  var K: Int { hasMemory ? Int(fields.write_heads) : 0 }
  var B: Int {
    get { Int(fields.batch_size) }
    set { fields.batch_size = UInt32(newValue) }
  }
  var usageGradientStopped: Bool { fields.usage_gradient == DNC_USAGE_GRADIENT_STOPPED.rawValue }
  var seed: UInt64 { fields.seed }
  /// The write weightings in which an episode starts are parameters.
  var learnsWriteWeights: Bool { memoryTraits.learnsWriteWeights && initialState == .learned }
  /// What the numbers of a weighting may add up to: 1, or more where an episode starts with more.
  var largestWeighting: Double { initialState == .constant ? max(1, Double(N) * initialValue) : 1 }
  /// 0: no limit.
  var maxRecordBytes: UInt64 {
    get { fields.max_record_bytes }
    set { fields.max_record_bytes = newValue }
  }
  /// Steps end at the first number that is not finite.
  var checksFinite: Bool {
    get { fields.check_finite == 1 }
    set { fields.check_finite = newValue ? 1 : 0 }
  }
  /// Usage, free list and allocation.
  var hasUsage: Bool { memoryTraits.hasUsage }
  var hasLinks: Bool { memoryTraits.hasVariants && fields.temporal_links == 1 }
  /// The content weightings of the read heads are their read weightings.
  var readsByContent: Bool { memoryTraits.hasVariants && !hasLinks }
  /// True if the record keeps what the heads find in each step. With more slots that is a tenth of the record, and finding it
  /// again 2 % of the time. Who limits the record gets the smaller one.
  var keepsContent: Bool { maxRecordBytes == 0 && N <= 128 }
  var hasMasks: Bool { fields.content_masks == 1 }
  var deallocates: Bool { fields.deallocation == 1 }
  var sharpensLinks: Bool { fields.link_sharpening == 1 }
  var normalizesController: Bool { fields.controller_norm == 1 }
  /// A normalized cell goes to the output only.
  var normalizesCell: Bool { normalizesController && traits.hasCell }
  var normalizesInterface: Bool { fields.interface_norm == 1 && interfaceWidth > 0 }
  /// 0: one per core.
  var threads: UInt32 {
    get { fields.num_threads }
    set { fields.num_threads = newValue }
  }
  /// What `num_threads` comes to here.
  var threadCount: Int { fields.num_threads == 0 ? min(Threads.processors(), 1024) : Int(fields.num_threads) }
  /// K·N·N, the numbers of all links of one sequence; 0 without links.
  var linkCount: Int { hasLinks ? K * N * N : 0 }
  /// R·W, the width of all read vectors of one sequence.
  var readWidth: Int { R * W }
  /// C = X + R·W, the width of the controller's input χ.
  var controllerInput: Int { X + readWidth }
  /// L·H, the width of all layers' outputs of one sequence.
  var hiddenWidth: Int { L * H }
  /// V, the width of ν.
  var controllerWidth: Int { traits.showsAllLayers ? hiddenWidth : H }
  /// Where ν begins among the layers' outputs.
  var controllerOffset: Int { hiddenWidth - controllerWidth }
  func seesInput(layer: Int) -> Bool { traits.everyLayerSeesInput || layer == 0 }
  /// The width of what layer l sees of this step: χ, the layer below, or both.
  func inputs(layer l: Int) -> Int { (seesInput(layer: l) ? controllerInput : 0) + (l > 0 ? H : 0) }
  /// Pre-activations of a unit.
  var gates: Int { traits.gates }
  /// Pre-activations of a layer to which its recurrent products are added: all but those of a gate that takes its own apart.
  var sharedUnits: Int { (traits.keepsLastProductApart ? gates - 1 : gates) * H }
}
