//! The functions of dnc.h as they are, with its comments; tools/make_ffi.py writes it by bindgen 0.60.1.
#![allow(non_camel_case_types, rustdoc::broken_intra_doc_links)] // [B] is a shape
use std::os::raw as c;

pub const DNC_STEP_NOW: usize = usize::MAX;
pub const DNC_VERSION_MAJOR: u32 = 0;
pub const DNC_VERSION_MINOR: u32 = 1;
pub const DNC_VERSION_PATCH: u32 = 0;
pub const DNC_VERSION_STRING: &[u8; 6usize] = b"0.1.0\0";
pub const DNC_OK: dnc_status = 0;
/// an argument is NULL, out of range, or does not fit the instance
pub const DNC_INVALID_ARGUMENT: dnc_status = 1;
pub const DNC_OUT_OF_MEMORY: dnc_status = 2;
/// the call comes at the wrong time: nothing is recorded, or the handle is in use
pub const DNC_INVALID_STATE: dnc_status = 3;
/// a file could not be read or written
pub const DNC_IO_ERROR: dnc_status = 4;
/// a file was read, but its contents are wrong
pub const DNC_BAD_FORMAT: dnc_status = 5;
/// NaN or infinity where a finite number is needed
pub const DNC_NOT_FINITE: dnc_status = 6;
/// the host's dnc_progress cancelled the call
pub const DNC_CANCELLED: dnc_status = 7;
/// the library contradicts itself: please report it
pub const DNC_INTERNAL: dnc_status = 8;
pub type dnc_status = c::c_uint;
extern "C" {
    /// "0.1.0"; equals DNC_VERSION_STRING of the header the library was built with.
    pub fn dnc_version() -> *const c::c_char;
    /// One JSON object in one line: version, kernels in use, compiler, architecture. The kernels are "plain", "x86-64-v3" or
    /// "x86-64-v4", on 64-bit Arm "plain" or "neon": the best that the CPU has, or a lower level that the environment variable
    /// DNC_CPU names. It is read once, and another value counts as none.
    pub fn dnc_build_info() -> *const c::c_char;
    /// The status as a word, "DNC_OK". Never NULL; an unknown value gives "unknown dnc_status".
    pub fn dnc_status_string(status: dnc_status) -> *const c::c_char;
    /// Says why this thread's last failing call failed, in one line of less than 512 bytes. In text from outside, '?' replaces
    /// control characters, and "..." replaces the middle of more than 150 bytes. Never NULL; "" before the first failure.
    /// Valid until this thread's next failing call.
    pub fn dnc_last_error() -> *const c::c_char;
    /// Checks this build on this CPU in less than two seconds:
    /// - the hand-derived gradients of small networks of every kind, against central differences in double precision;
    /// - outputs, gradients and an update by the kernels in single precision, against the plain code in double precision;
    /// - that a saved network loads again, with a file in TMPDIR or /tmp that is then removed; left out if none can be made.
    /// When something disagrees, returns DNC_INTERNAL, and dnc_last_error() names the item.
    pub fn dnc_self_test() -> dnc_status;
}
/// L layers; layer l sees [x_t; read vectors; layer l-1] and itself at t-1
pub const DNC_CONTROLLER_LSTM: dnc_controller = 0;
/// L layers without memory of their own
pub const DNC_CONTROLLER_FEEDFORWARD: dnc_controller = 1;
/// as the LSTM, with three gates and no cell: gated recurrent units
pub const DNC_CONTROLLER_GRU: dnc_controller = 2;
/// as the LSTM, without gates and cell: h = activation(W [..] + U h_{t-1} + b)
pub const DNC_CONTROLLER_RNN: dnc_controller = 3;
pub type dnc_controller = c::c_uint;
pub const DNC_ACTIVATION_TANH: dnc_activation = 0;
pub const DNC_ACTIVATION_RELU: dnc_activation = 1;
pub type dnc_activation = c::c_uint;
/// the Differentiable Neural Computer's
pub const DNC_MEMORY_DNC: dnc_memory = 0;
/// the Neural Turing Machine's: every head goes on from its last weighting, or from what it finds by
/// content, by -1, 0 or +1 slot. Heads read before the memory is written. No usage, no links. Slots that
/// start alike stay alike: choose DNC_INITIAL_LEARNED, or set the state
pub const DNC_MEMORY_NTM: dnc_memory = 1;
/// the controller alone: it sees x_t, and the output layer sees the controller. The sizes of the
/// memory and the initial state count for nothing
pub const DNC_MEMORY_NONE: dnc_memory = 2;
pub type dnc_memory = c::c_uint;
/// the exact derivative
pub const DNC_USAGE_GRADIENT_FULL: dnc_usage_gradient = 0;
/// no gradient from the usage to the previous write weightings
pub const DNC_USAGE_GRADIENT_STOPPED: dnc_usage_gradient = 1;
pub type dnc_usage_gradient = c::c_uint;
/// everything 0, as in the paper
pub const DNC_INITIAL_ZEROS: dnc_initial_state = 0;
/// memory, usage, weightings and read vectors at initial_value, the rest 0
pub const DNC_INITIAL_CONSTANT: dnc_initial_state = 1;
/// memory, read vectors and read weightings are parameters, the rest 0; of the NTM's memory
/// the write weightings are parameters, too
pub const DNC_INITIAL_LEARNED: dnc_initial_state = 2;
pub type dnc_initial_state = c::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct dnc_config {
    /// set by dnc_config_init
    pub struct_size: u32,
    /// X, 1 to 65536; no default, must be set
    pub input_size: u32,
    /// Y, 1 to 65536; no default, must be set
    pub output_size: u32,
    /// a dnc_controller; DNC_CONTROLLER_LSTM
    pub controller: u32,
    /// a dnc_activation, of a feedforward controller or an RNN; DNC_ACTIVATION_TANH
    pub activation: u32,
    /// H, 1 to 65536; 64
    pub hidden_size: u32,
    /// L, 1 to 64; 1
    pub num_layers: u32,
    /// N, 1 to 65536; 64
    pub memory_slots: u32,
    /// W, 1 to 65536; 16
    pub word_size: u32,
    /// R, 1 to 256; 1
    pub read_heads: u32,
    /// K, 1 to 64; 1
    pub write_heads: u32,
    /// B, 1 to 65536; 1
    pub batch_size: u32,
    /// a dnc_usage_gradient; DNC_USAGE_GRADIENT_FULL
    pub usage_gradient: u32,
    /// a dnc_initial_state; DNC_INITIAL_ZEROS
    pub initial_state: u32,
    /// for DNC_INITIAL_CONSTANT, 0 to 1; 1e-6
    pub initial_value: f32,
    /// clamps hidden, cell and output to +-clip_value; >= 0; below FLT_MIN, as 0: no clamping
    pub clip_value: f32,
    /// 0 to 1024; 1; 0 means one per core. Any number gives the same bytes
    pub num_threads: u32,
    /// the parameters are drawn from it; 0
    pub seed: u64,
    /// 0; 0 means no limit. Bounds the bytes of a training instance's state and record. To stay
    /// below, dnc_backward recomputes more, which takes longer. If that isn't enough, recording
    /// a step gives DNC_OUT_OF_MEMORY
    pub max_record_bytes: u64,
    /// 0 or 1; 0. 1: dnc_step, dnc_forward and dnc_backward check every number of every step. The
    /// first one that is not finite ends the call with DNC_NOT_FINITE and a sentence that names it:
    /// "the read weighting of head 1 is nan in step 17, sequence 3". Layers, heads and sequences
    /// count from 0. Steps count from the first of the call, in dnc_backward from the first
    /// recorded one. The gradients of parameters and inputs, which dnc_backward adds up over the
    /// steps, are not checked. With finite parameters all numbers but gradients stay finite;
    /// gradients may overflow. Costs a progress call (see dnc_set_progress) and one scan of the
    /// data
    pub check_finite: u32,
    /// 0
    pub reserved: u32,
    /// 0 to 1000; 10. Multiplies the drawn weights of the inputs in the controller's first layer:
    /// columns 0 to X - 1 of controller.0.weight_ih or controller.0.weight. Without it, the read
    /// vectors would drown the inputs. Choose less where many inputs are large at once. Files
    /// saved before this field and the next existed have 1 in both
    pub input_scale: f32,
    /// 0 to 1000; 3. Multiplies the drawn interface.weight
    pub interface_scale: f32,
    /// a dnc_memory; DNC_MEMORY_DNC
    pub memory: u32,
    /// 0 or 1; 1. 0: no links, no precedence and no read modes: every read head reads by content.
    /// This field and the next four are of the DNC's memory; with another they must keep their
    /// defaults
    pub temporal_links: u32,
    /// 0 or 1; 0. 1: each head compares only what its mask in [mask_minimum, 1]^W lets through
    pub content_masks: u32,
    /// 0 to below 1; 0
    pub mask_minimum: f32,
    /// 0 or 1; 0. 1: what the free gates free is erased, too
    pub deallocation: u32,
    /// 0 or 1; 0. 1: each read head sharpens its forward and backward weightings. Needs
    /// temporal_links
    pub link_sharpening: u32,
    /// 0 or 1; 0. 1: layer normalization in the controller
    pub controller_norm: u32,
    /// 0 or 1; 0. 1: layer normalization of the interface vector
    pub interface_norm: u32,
}
extern "C" {
    /// Sets the defaults. `size` is sizeof(dnc_config): it tells the library how long the struct is in the caller's header. No
    /// byte beyond it is written.
    pub fn dnc_config_init(config: *mut dnc_config, size: usize) -> dnc_status;
    /// Computes the bytes of memory that an instance of this configuration takes, with its parameters and their gradients.
    /// With training != 0, the record of one dnc_forward of `steps` steps is included (0 or more). Recording one step at a
    /// time takes at most a quarter more than the largest of the estimates for 0 to `steps` steps. Allocates nothing.
    /// DNC_OUT_OF_MEMORY when the bytes overflow a size_t, or max_record_bytes is too small for so many steps.
    pub fn dnc_estimate_bytes(
        config: *const dnc_config,
        steps: usize,
        training: c::c_int,
        bytes: *mut usize,
    ) -> dnc_status;
}
#[repr(C)]
pub struct dnc_network {
    _unused: [u8; 0],
}
pub type dnc = dnc_network;
extern "C" {
    /// Makes a new network at the start of an episode. Its parameters are drawn from config->seed: the same seed gives the
    /// same parameters on every machine. Weights are uniform in +-1/sqrt(fan-in), some of them multiplied by
    /// config->input_scale or config->interface_scale; biases are 0, the LSTM's forget gate biases 1, scales
    /// of norms 1. Free with dnc_free.
    /// The system hands out memory when it is first written. This makes the first step of a large instance slow (16384 slots
    /// with 1 GB of links: 12 s, and 0.7 s for the next). A dnc_reset before it does the same in 2 s.
    pub fn dnc_create(config: *const dnc_config, instance: *mut *mut dnc) -> dnc_status;
}
/// parameters of its own
pub const DNC_CLONE_COPY: u32 = 0;
/// sees the same parameters; they live as long as one instance does
pub const DNC_CLONE_SHARE_PARAMETERS: u32 = 1;
extern "C" {
    /// Makes a second instance with the same configuration, parameters, state and training flag. `sharing` is one of the two
    /// above. The copy has gradients of its own, all 0, and nothing recorded. Clones that share parameters may run at the same
    /// time on different threads as long as nobody writes the parameters. Free with dnc_free.
    pub fn dnc_clone(instance: *const dnc, sharing: u32, copy: *mut *mut dnc) -> dnc_status;
    pub fn dnc_free(instance: *mut dnc);
    /// Copies the present configuration, with the batch size and the memory slots last set. The caller sets
    /// config->struct_size (or calls dnc_config_init).
    pub fn dnc_get_config(instance: *const dnc, config: *mut dnc_config) -> dnc_status;
    /// Sets the batch size, 1 to 65536. Starts a new episode.
    pub fn dnc_set_batch_size(instance: *mut dnc, batch_size: u32) -> dnc_status;
    /// Runs a trained network on a larger or smaller memory, 1 to 65536 slots. Starts a new episode.
    /// DNC_INVALID_STATE with learned initial states, whose parameters are per slot.
    pub fn dnc_set_memory_slots(instance: *mut dnc, memory_slots: u32) -> dnc_status;
    /// Set what belongs to the process and not to the network, with the ranges of dnc_config; a loaded network has the defaults. The
    /// episode goes on. While steps are recorded, dnc_set_num_threads and dnc_set_max_record_bytes give DNC_INVALID_STATE.
    pub fn dnc_set_num_threads(instance: *mut dnc, num_threads: u32) -> dnc_status;
    pub fn dnc_set_check_finite(instance: *mut dnc, check_finite: u32) -> dnc_status;
    pub fn dnc_set_max_record_bytes(instance: *mut dnc, max_record_bytes: u64) -> dnc_status;
    /// Starts a new episode: sets the initial state and drops what is recorded.
    pub fn dnc_reset(instance: *mut dnc) -> dnc_status;
    /// Takes one step of all B sequences: reads input [B, X] and writes output [B, Y]. Outputs are logits, not squashed.
    pub fn dnc_step(instance: *mut dnc, input: *const f32, output: *mut f32) -> dnc_status;
    /// Takes T steps: inputs [T, B, X], outputs [T, B, Y], T >= 1. Continues the episode. The numbers are bit for bit those of
    /// T calls of dnc_step.
    pub fn dnc_forward(
        instance: *mut dnc,
        steps: usize,
        inputs: *const f32,
        outputs: *mut f32,
    ) -> dnc_status;
    /// dnc_forward for rows of episodes that follow each other: starts [T, B] (or NULL) is not 0 where a sequence begins a new
    /// episode before the step, in its initial state. The outputs, states and, for one sequence, gradients are bit for bit those
    /// of the same episodes taken one after the other, each after a dnc_reset. dnc_backward lets no gradient pass from an
    /// episode to the one before; a learned initial state gets its share at every start. The first start takes as much memory
    /// as the state of one sequence, and each recorded one with learned initial states as much as these.
    pub fn dnc_forward_packed(
        instance: *mut dnc,
        steps: usize,
        inputs: *const f32,
        starts: *const u8,
        outputs: *mut f32,
    ) -> dnc_status;
    /// dnc_step and dnc_forward_packed for inputs that are one-hot rows, as words are: tokens [B] or [T, B] has the channel of each
    /// row's 1, from 0 to X - 1, or -1 for a row of zeros. Outputs, states and gradients of the parameters are bit for bit those of
    /// the rows (if parameters are finite), but a step takes neither the time nor the memory that X channels take: the record
    /// keeps the tokens, which makes it smaller than dnc_estimate_bytes says. dnc_backward can give the gradient of the inputs,
    /// [T, B, X]: that of the rows.
    /// While steps are recorded, rows after tokens, and tokens after rows, give DNC_INVALID_STATE.
    pub fn dnc_step_tokens(instance: *mut dnc, tokens: *const i32, output: *mut f32) -> dnc_status;
    pub fn dnc_forward_tokens(
        instance: *mut dnc,
        steps: usize,
        tokens: *const i32,
        starts: *const u8,
        outputs: *mut f32,
    ) -> dnc_status;
    /// Starts a new episode of the sequences b whose which[b], of [B], is not 0; the others go on. Allowed while steps are
    /// recorded: the next step then begins the episode, as if its starts said so.
    pub fn dnc_reset_sequences(instance: *mut dnc, which: *const u8) -> dnc_status;
}
/// A function of the host. A call tells it that `done` of its `total` steps are done, 1 to total, and passes the `context` of
/// dnc_set_progress. It returns 0 to let the call go on, or another number to cancel it. A cancelled call returns
/// DNC_CANCELLED and leaves the instance as it was. The function must return, not jump away. The instance is in use
/// meanwhile: see Threads above.
pub type dnc_progress = ::std::option::Option<
    unsafe extern "C" fn(context: *mut c::c_void, done: usize, total: usize) -> c::c_int,
>;
extern "C" {
    /// From now on, dnc_forward, dnc_forward_packed, dnc_forward_tokens and dnc_backward call `progress` between their steps, in
    /// the thread that called them; NULL ends that. Some sequences get ahead of others when there are several threads or a large batch. `done` is then a mean,
    /// skips numbers, and comes late while the caller's thread waits for the others. A call that succeeds has taken all steps,
    /// whatever `progress` was told. A clone has no progress function.
    /// To be able to roll back, such a call keeps copies: dnc_forward of the outputs and, without training, of the state;
    /// dnc_backward of the controller's gates and the interface vectors of all recorded steps. Without memory for them it
    /// gives DNC_OUT_OF_MEMORY.
    pub fn dnc_set_progress(
        instance: *mut dnc,
        progress: dnc_progress,
        context: *mut c::c_void,
    ) -> dnc_status;
    /// Dropout on the bypass, from now on: the output sees nu * m / (1 - rate) in place of the controller's output nu, and the
    /// memory all of it. m is 0 with probability `rate`, else 1, for each step, sequence and unit. rate is 0 to below 1; 0, as at
    /// first, is off. m depends on nothing but `seed`, the step since the last dnc_reset, the sequence and the unit, in the way that
    /// docs/model.md says; episodes that start within a call go on counting. So any number of threads, single steps and whole
    /// sequences give the same bytes, and every episode after a dnc_reset the same m: give each a seed of its own. A clone has the
    /// same dropout, a checkpoint none.
    /// DNC_INVALID_STATE while steps are recorded.
    pub fn dnc_set_bypass_dropout(instance: *mut dnc, rate: f32, seed: u64) -> dnc_status;
}
#[repr(C)]
pub struct dnc_optimizer {
    _unused: [u8; 0],
}
extern "C" {
    /// Writes a safetensors file to `path`. It holds the parameters under their names, the configuration as metadata (but
    /// num_threads, max_record_bytes and check_finite, which belong to the process), and the state and step count of the
    /// optimizer (or NULL). Training continued from the file is bit for bit the training that never stopped. The state of the
    /// episode is left out. A parameter or an average of the optimizer that is not finite gives DNC_NOT_FINITE, with its
    /// tensor's name. The metadata entry "data.crc32" is a CRC-32 of the data (as zlib's, decimal): of the parameters in the
    /// order of dnc_parameters, then of the optimizer's averages and the state. "metadata.crc32" is the sum, modulo 2^32, of the
    /// CRC-32 of each other entry that this function writes, as "key":"value" with its quotes.
    /// How files are written is said under Files, at the top.
    pub fn dnc_save(
        instance: *const dnc,
        optimizer: *const dnc_optimizer,
        path: *const c::c_char,
    ) -> dnc_status;
}
/// with the state of the episode, as rows: see dnc_get_state_rows
pub const DNC_CHECKPOINT_STATE: u32 = 1;
extern "C" {
    /// dnc_save with flags: 0, or DNC_CHECKPOINT_STATE, whose tensor is "state" [B, size of a row]. dnc_checkpoint_encode returns the
    /// bytes of that file in *bytes and *size; the caller frees them with dnc_buffer_free.
    pub fn dnc_checkpoint_write(
        path: *const c::c_char,
        instance: *const dnc,
        optimizer: *const dnc_optimizer,
        flags: u32,
    ) -> dnc_status;
    pub fn dnc_checkpoint_encode(
        instance: *const dnc,
        optimizer: *const dnc_optimizer,
        flags: u32,
        bytes: *mut *mut u8,
        size: *mut usize,
    ) -> dnc_status;
    /// Reads such a file into a new instance, with nothing recorded, in the state that the file holds or else at the start of an
    /// episode. `optimizer` (or NULL) receives the optimizer, or NULL when the file holds none. Tensors in F16, BF16 and F64
    /// are converted.
    /// DNC_BAD_FORMAT for a file that is damaged, truncated or malicious: one with numbers that are not finite, with other
    /// tensors, or whose data or metadata has another checksum. The same for an entry of the metadata that begins with
    /// "config.", "optimizer." or "data." and that this library does not know; a newer library may have written it. A file
    /// without both checksums is read without these checks, a file with converted tensors without that of the data.
    /// DNC_BAD_FORMAT too for an instance that would need more than 4 GiB for its state: save it with a smaller batch size.
    pub fn dnc_load(
        path: *const c::c_char,
        instance: *mut *mut dnc,
        optimizer: *mut *mut dnc_optimizer,
    ) -> dnc_status;
    /// dnc_load of the bytes of such a file.
    pub fn dnc_checkpoint_decode(
        bytes: *const u8,
        size: usize,
        instance: *mut *mut dnc,
        optimizer: *mut *mut dnc_optimizer,
    ) -> dnc_status;
    /// With enabled != 0, records the steps that follow, for dnc_backward and dnc_get_trace. With 0, stops recording and drops
    /// what is recorded. Keeps the state. Off at first.
    pub fn dnc_set_training(instance: *mut dnc, enabled: c::c_int) -> dnc_status;
    /// 1 while steps are recorded, else 0; 0 for NULL.
    pub fn dnc_is_training(instance: *const dnc) -> c::c_int;
    /// Back-propagates through all recorded steps, T = dnc_recorded_steps(). output_gradients [T, B, Y] is the gradient of the
    /// loss with respect to the outputs. Adds to the parameter gradients. input_gradients [T, B, X] or NULL receives the
    /// gradient with respect to the inputs. Afterwards the record is empty and the state is unchanged, so the next steps
    /// continue the episode (truncated back-propagation).
    /// DNC_INVALID_STATE when nothing is recorded.
    pub fn dnc_backward(
        instance: *mut dnc,
        output_gradients: *const f32,
        input_gradients: *mut f32,
    ) -> dnc_status;
    /// Drops the record and keeps the state.
    pub fn dnc_detach(instance: *mut dnc) -> dnc_status;
    /// Steps recorded since the last reset, backward or detach; 0 for NULL.
    pub fn dnc_recorded_steps(instance: *const dnc) -> usize;
    /// Number of floats in the block; 0 for NULL.
    pub fn dnc_parameter_count(instance: *const dnc) -> usize;
    /// The block, writable. A change takes effect with the next dnc_reset or, in the middle of an episode, with
    /// dnc_parameters_changed. NULL for NULL.
    pub fn dnc_parameters(instance: *mut dnc) -> *mut f32;
    pub fn dnc_parameters_changed(instance: *mut dnc) -> dnc_status;
    /// The block of the gradients, in the same order, writable. dnc_backward adds to them. NULL for NULL.
    pub fn dnc_gradients(instance: *mut dnc) -> *mut f32;
    pub fn dnc_zero_gradients(instance: *mut dnc) -> dnc_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct dnc_tensor {
    /// set by the caller: sizeof(dnc_tensor)
    pub struct_size: u32,
    /// as above; valid until dnc_free
    pub name: *const c::c_char,
    /// into dnc_parameters()
    pub values: *mut f32,
    /// into dnc_gradients()
    pub gradients: *mut f32,
    /// 1 or 2
    pub rank: usize,
    /// the first `rank` count, the others are 1
    pub shape: [usize; 4usize],
}
extern "C" {
    /// Describe the same block tensor by tensor: index 0 to dnc_tensor_count() - 1. The count is 0 for NULL.
    pub fn dnc_tensor_count(instance: *const dnc) -> usize;
    pub fn dnc_tensor_at(instance: *mut dnc, index: usize, tensor: *mut dnc_tensor) -> dnc_status;
    /// Describes the tensor of a name. DNC_INVALID_ARGUMENT when the instance has none of that name.
    pub fn dnc_tensor_named(
        instance: *mut dnc,
        name: *const c::c_char,
        tensor: *mut dnc_tensor,
    ) -> dnc_status;
    /// Copy the parameters of `other`, or add its gradients to those of `instance`. Both need the same tensors: names and shapes.
    /// Copied parameters take effect as changes of dnc_parameters do. DNC_INVALID_ARGUMENT when `other` is `instance`.
    pub fn dnc_copy_parameters(instance: *mut dnc, other: *const dnc) -> dnc_status;
    pub fn dnc_add_gradients(instance: *mut dnc, other: *const dnc) -> dnc_status;
}
/// targets 0 to 1; mean over the kept elements
pub const DNC_LOSS_SIGMOID_CROSS_ENTROPY: dnc_loss = 0;
/// targets a distribution per row: 0 and above, adding up to 1 within 0.001; mean
/// over the kept rows
pub const DNC_LOSS_SOFTMAX_CROSS_ENTROPY: dnc_loss = 1;
/// targets finite; mean over the kept elements
pub const DNC_LOSS_MEAN_SQUARED_ERROR: dnc_loss = 2;
/// several softmaxes side by side. It needs their size: pass
/// DNC_LOSS_GROUPED(size), this number is refused
pub const DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY: dnc_loss = 3;
pub type dnc_loss = c::c_uint;
extern "C" {
    /// Computes the loss of logits `outputs` [T, B, Y] (Y = width) against `targets` [T, B, Y] and, unless output_gradients is
    /// NULL, its gradient [T, B, Y]. `loss` is a dnc_loss or DNC_LOSS_GROUPED(size); T, B and Y are at least 1.
    /// The loss is the weighted mean of the rows, in nats. mask [T, B] holds the weights, finite and >= 0; NULL stands for
    /// all 1. A row of weight 0 is not read (its outputs and targets may be NaN), and its gradient
    /// is 0. When the weights add up to 0, loss and gradient are 0. Sums are in double precision.
    /// DNC_INVALID_ARGUMENT for targets outside the loss's range and for negative weights, DNC_NOT_FINITE for NaN and infinity.
    /// dnc_last_error() names step, sequence and output, each from 0.
    pub fn dnc_loss_evaluate(
        loss: u32,
        steps: usize,
        batch: usize,
        width: usize,
        outputs: *const f32,
        targets: *const f32,
        mask: *const f32,
        value: *mut f64,
        output_gradients: *mut f32,
    ) -> dnc_status;
    /// The softmax cross-entropy of logits `outputs` [T, B, Y] against class numbers [T, B], 0 to Y - 1, or -1 for a row that does
    /// not count. label_smoothing s, 0 to 1, spreads the target: s/Y for every class, and 1 - s more for the right one.
    /// Otherwise, and with s = 0 bit for bit, it is dnc_loss_evaluate with DNC_LOSS_SOFTMAX_CROSS_ENTROPY, such targets written out,
    /// and a mask that is 0 where the class is -1.
    pub fn dnc_loss_evaluate_classes(
        label_smoothing: f32,
        steps: usize,
        batch: usize,
        width: usize,
        outputs: *const f32,
        classes: *const i32,
        mask: *const f32,
        value: *mut f64,
        output_gradients: *mut f32,
    ) -> dnc_status;
}
/// v = momentum*v + g;  p -= learning_rate*v
pub const DNC_OPTIMIZER_SGD: dnc_optimizer_algorithm = 0;
/// s = decay*s + (1-decay)*g^2;  m = momentum*m + learning_rate*g/sqrt(s+epsilon);  p -= m
pub const DNC_OPTIMIZER_RMSPROP: dnc_optimizer_algorithm = 1;
/// Kingma and Ba 2015, with bias correction
pub const DNC_OPTIMIZER_ADAM: dnc_optimizer_algorithm = 2;
/// as Adam, with p -= learning_rate*weight_decay*p before the step
pub const DNC_OPTIMIZER_ADAMW: dnc_optimizer_algorithm = 3;
pub type dnc_optimizer_algorithm = c::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct dnc_optimizer_config {
    /// set by dnc_optimizer_config_init
    pub struct_size: u32,
    /// a dnc_optimizer_algorithm; DNC_OPTIMIZER_ADAM
    pub algorithm: u32,
    /// >= 0; 1e-3
    pub learning_rate: f32,
    /// SGD, RMSProp: 0 to below 1; 0.9
    pub momentum: f32,
    /// RMSProp: 0 to below 1; 0.9
    pub decay: f32,
    /// Adam, AdamW: 0 to below 1; 0.9, 0.999
    pub beta1: f32,
    /// Adam, AdamW: 0 to below 1; 0.9, 0.999
    pub beta2: f32,
    /// > 0; 1e-8
    pub epsilon: f32,
    /// AdamW: >= 0; 0.01
    pub weight_decay: f32,
    /// gradients are scaled to at most this norm; >= 0; 0 (default): no clipping
    pub max_gradient_norm: f32,
}
extern "C" {
    /// Sets the defaults. `size` is sizeof(dnc_optimizer_config): see dnc_config_init.
    pub fn dnc_optimizer_config_init(config: *mut dnc_optimizer_config, size: usize) -> dnc_status;
    /// Makes an optimizer for the parameters of `instance`, or of any instance with as many parameters. The optimizer owns its
    /// moving averages and step count, and keeps no reference to the instance. Free with dnc_optimizer_free.
    pub fn dnc_optimizer_create(
        instance: *const dnc,
        config: *const dnc_optimizer_config,
        optimizer: *mut *mut dnc_optimizer,
    ) -> dnc_status;
    /// Clips the gradients by their global norm, updates the parameters and zeroes the gradients. gradient_norm
    /// (or NULL) receives the norm before clipping, at most FLT_MAX. DNC_NOT_FINITE when a gradient or a parameter is not finite,
    /// or an updated parameter would not be. Then nothing changes: no parameter, moving average, gradient or step count;
    /// dnc_last_error() names the tensor and the element. Moving averages without new gradients decay to exactly 0.
    pub fn dnc_optimizer_step(
        optimizer: *mut dnc_optimizer,
        instance: *mut dnc,
        gradient_norm: *mut f32,
    ) -> dnc_status;
    /// Read and change the settings of a running optimizer, as a learning rate schedule does. The caller sets
    /// config->struct_size. The algorithm can't be changed.
    pub fn dnc_optimizer_get_config(
        optimizer: *const dnc_optimizer,
        config: *mut dnc_optimizer_config,
    ) -> dnc_status;
    pub fn dnc_optimizer_set_config(
        optimizer: *mut dnc_optimizer,
        config: *const dnc_optimizer_config,
    ) -> dnc_status;
    /// Updates made so far; 0 for NULL.
    pub fn dnc_optimizer_step_count(optimizer: *const dnc_optimizer) -> u64;
    pub fn dnc_optimizer_free(optimizer: *mut dnc_optimizer);
}
/// [B, N, W]    M
pub const DNC_FIELD_MEMORY: dnc_field = 0;
/// [B, N]       u, 0 to 1
pub const DNC_FIELD_USAGE: dnc_field = 1;
/// [B, K, N, N] L; L[i,j]: i was written right after j. DNC_INVALID_ARGUMENT without
///              temporal_links, as for precedence
pub const DNC_FIELD_LINK: dnc_field = 2;
/// [B, K, N]    p
pub const DNC_FIELD_PRECEDENCE: dnc_field = 3;
/// [B, K, N]    w^w
pub const DNC_FIELD_WRITE_WEIGHTS: dnc_field = 4;
/// [B, R, N]    w^r
pub const DNC_FIELD_READ_WEIGHTS: dnc_field = 5;
/// [B, R, W]    r
pub const DNC_FIELD_READ_VECTORS: dnc_field = 6;
/// [L, B, H]    h; of a feedforward controller, the last step's layers
pub const DNC_FIELD_HIDDEN: dnc_field = 7;
/// [L, B, H]    c, of an LSTM; DNC_INVALID_ARGUMENT for others
pub const DNC_FIELD_CELL: dnc_field = 8;
pub type dnc_field = c::c_uint;
extern "C" {
    /// Copy a field of the present state out or in. count is the field's number of floats, as a check. Usage, links,
    /// precedence and weightings must be from 0 to 1. A head's precedence and weightings, and every row and column of its
    /// links, must add up to 1 at most, and the diagonal of the links is 0: with more, numbers could grow from step to step.
    /// Up to 0.001 beyond, and in sums N * 2^-24 more, is accepted as rounding. With DNC_INITIAL_CONSTANT, weightings may add up
    /// to N * initial_value, as they do at the start. Numbers of the memory beyond +-2^119 become +-2^119, as where the network
    /// writes and where it starts with a learned memory.
    /// dnc_set_state gives DNC_INVALID_STATE while steps are recorded, since their gradients would no longer be right: call
    /// dnc_detach first. DNC_INVALID_ARGUMENT for a field that the memory lacks: DNC_MEMORY_NTM has no usage, link and
    /// precedence, and with DNC_MEMORY_NONE there are only the last two. `count` must be the numbers of the field's shape.
    pub fn dnc_get_state(
        instance: *const dnc,
        field: u32,
        values: *mut f32,
        count: usize,
    ) -> dnc_status;
    pub fn dnc_set_state(
        instance: *mut dnc,
        field: u32,
        values: *const f32,
        count: usize,
    ) -> dnc_status;
    /// Copies the gradient with respect to a field of the state before the first step of the last dnc_backward, for each
    /// sequence. Its shape, and count, are those of the field. DNC_INVALID_STATE when dnc_backward has not been called since the
    /// instance was created or last changed its sizes, number of threads or limit of the record.
    pub fn dnc_get_state_gradient(
        instance: *const dnc,
        field: u32,
        values: *mut f32,
        count: usize,
    ) -> dnc_status;
    /// The state of one sequence as a row of floats: its fields in the order of dnc_field, of each what the sequence has, for
    /// example memory [N, W], usage [N], and so on to cell [L, H]. A field that the configuration lacks takes no place. Copying a
    /// row parks a stream, moves it to another place of a batch or to another instance of the same configuration, or compacts a
    /// batch. dnc_state_size writes the number of floats of a row.
    pub fn dnc_state_size(instance: *const dnc, size: *mut usize) -> dnc_status;
    /// Copy the states of the sequences first to first + count - 1 out or in; rows is [count, size of a state]. What
    /// dnc_set_state asks of values and of the record holds here, too. A learned initial state gets gradients from the sequences
    /// that were not written.
    pub fn dnc_get_state_rows(
        instance: *const dnc,
        first: usize,
        count: usize,
        rows: *mut f32,
    ) -> dnc_status;
    pub fn dnc_set_state_rows(
        instance: *mut dnc,
        first: usize,
        count: usize,
        rows: *const f32,
    ) -> dnc_status;
    /// Copies the gradient with respect to the state before the first step of the last dnc_backward, as rows: see
    /// dnc_get_state_gradient.
    pub fn dnc_get_state_gradient_rows(
        instance: *const dnc,
        first: usize,
        count: usize,
        rows: *mut f32,
    ) -> dnc_status;
    /// Hands in the gradient of a loss with respect to the state after the last recorded step, as rows: for a state that is used
    /// after these steps. The next dnc_backward begins with it and forgets it, as more steps, dnc_reset and dnc_detach do; where
    /// nothing is handed in, it is 0. DNC_INVALID_STATE when nothing is recorded; DNC_NOT_FINITE for a number that is not
    /// finite.
    pub fn dnc_set_final_state_gradient(
        instance: *mut dnc,
        first: usize,
        count: usize,
        rows: *const f32,
    ) -> dnc_status;
}
/// [T, B, K, N]
pub const DNC_TRACE_WRITE_WEIGHTS: dnc_trace = 0;
/// [T, B, R, N]
pub const DNC_TRACE_READ_WEIGHTS: dnc_trace = 1;
/// [T, B, N]
pub const DNC_TRACE_USAGE: dnc_trace = 2;
/// [T, B, K]
pub const DNC_TRACE_ALLOCATION_GATES: dnc_trace = 3;
/// [T, B, K]
pub const DNC_TRACE_WRITE_GATES: dnc_trace = 4;
/// [T, B, R]
pub const DNC_TRACE_FREE_GATES: dnc_trace = 5;
/// [T, B, R, 2K+1]: backward 1..K, content, forward 1..K. DNC_INVALID_ARGUMENT without
/// temporal_links
pub const DNC_TRACE_READ_MODES: dnc_trace = 6;
/// [T, B, R]: this and the following, of the NTM
pub const DNC_TRACE_READ_INTERPOLATION_GATES: dnc_trace = 7;
/// [T, B, R, 3]: by -1, 0, +1
pub const DNC_TRACE_READ_SHIFTS: dnc_trace = 8;
/// [T, B, R]
pub const DNC_TRACE_READ_SHARPNESS: dnc_trace = 9;
/// [T, B, K]
pub const DNC_TRACE_WRITE_INTERPOLATION_GATES: dnc_trace = 10;
/// [T, B, K, 3]: by -1, 0, +1
pub const DNC_TRACE_WRITE_SHIFTS: dnc_trace = 11;
/// [T, B, K]
pub const DNC_TRACE_WRITE_SHARPNESS: dnc_trace = 12;
/// [T, B, R, W]: this and the next, with content_masks only
pub const DNC_TRACE_READ_MASKS: dnc_trace = 13;
/// [T, B, K, W]
pub const DNC_TRACE_WRITE_MASKS: dnc_trace = 14;
/// [T, B, R, K]: this and the next, with link_sharpening only
pub const DNC_TRACE_BACKWARD_SHARPNESS: dnc_trace = 15;
/// [T, B, R, K]
pub const DNC_TRACE_FORWARD_SHARPNESS: dnc_trace = 16;
pub type dnc_trace = c::c_uint;
extern "C" {
    /// Copies a field of all recorded steps. count is its number of floats, as a check.
    /// DNC_INVALID_STATE when nothing is recorded. DNC_INVALID_ARGUMENT for what the memory lacks: usage, gates and modes are
    /// the DNC's, as are masks and the sharpness of links; what is between them is the NTM's. DNC_MEMORY_NONE has no trace.
    pub fn dnc_get_trace(
        instance: *const dnc,
        field: u32,
        values: *mut f32,
        count: usize,
    ) -> dnc_status;
    /// The same of the last step alone, without its dimension T, whether steps are recorded or not. Usage and weightings are those of
    /// the present state; of a sequence that began a new episode since, those in which it begins.
    /// DNC_INVALID_STATE when no step has been taken since the last dnc_reset.
    pub fn dnc_get_last_trace(
        instance: *const dnc,
        field: u32,
        values: *mut f32,
        count: usize,
    ) -> dnc_status;
}
#[repr(C)]
pub struct dnc_task {
    _unused: [u8; 0],
}
extern "C" {
    /// The names of the tasks: index 0 and so on; NULL behind the last.
    pub fn dnc_task_name(index: usize) -> *const c::c_char;
}
/// An option of a task. In `allowed` and `meaning`, what is written literally is in quotation marks.
#[repr(C)]
pub struct dnc_task_option {
    /// set by the caller: sizeof(dnc_task_option)
    pub struct_size: u32,
    /// 1: names a file or a folder, 0: does not
    pub is_path: u32,
    /// as "width"
    pub name: *const c::c_char,
    /// as it would be given, "6"; "" if the option has none
    pub default_value: *const c::c_char,
    /// as "bits of a vector"
    pub meaning: *const c::c_char,
    /// as "1 to 65534"
    pub allowed: [c::c_char; 128usize],
}
extern "C" {
    /// The options of the task of a name: index 0 to dnc_task_option_count() - 1. The count is 0 for NULL, and for a name that is
    /// not a task's.
    pub fn dnc_task_option_count(name: *const c::c_char) -> usize;
    pub fn dnc_task_option_at(
        name: *const c::c_char,
        index: usize,
        option: *mut dnc_task_option,
    ) -> dnc_status;
    /// options: "key=value,key=value" or NULL for the defaults. Of several with the same key the last one counts. A range is
    /// "low-high", or one number for both; what is drawn from it is uniform. A file that an option names must be as the task's page
    /// says, or the status is DNC_BAD_FORMAT, with the line and what was expected. Free with dnc_task_free.
    pub fn dnc_task_create(
        name: *const c::c_char,
        options: *const c::c_char,
        seed: u64,
        task: *mut *mut dnc_task,
    ) -> dnc_status;
    /// X, Y and the dnc_loss of the task; each pointer may be NULL.
    pub fn dnc_task_sizes(
        task: *const dnc_task,
        input_size: *mut u32,
        output_size: *mut u32,
        loss: *mut u32,
    ) -> dnc_status;
    /// Draws the next `batch` episodes (1 to 65536); `steps` is that of the longest. Shorter ones end in zeros with mask 0.
    pub fn dnc_task_sample(task: *mut dnc_task, batch: usize, steps: *mut usize) -> dnc_status;
    /// The episodes drawn last: inputs [T, B, X], targets [T, B, Y], mask [T, B]; each may be NULL. Those of an interactive
    /// task are as they were played with dnc_task_next; the teacher plays what is left. Like dnc_task_next, dnc_task_loss and
    /// dnc_task_score, this function gives DNC_INVALID_STATE when no episodes are drawn.
    pub fn dnc_task_read(
        task: *mut dnc_task,
        inputs: *mut f32,
        targets: *mut f32,
        mask: *mut f32,
    ) -> dnc_status;
    /// The inputs of the episodes drawn last as dnc_forward_tokens takes them, of a task whose channels are words (see
    /// dnc_task_word; else DNC_INVALID_ARGUMENT): tokens [T, B], -1 behind the end of a sequence, and starts [T, B], 1 where an
    /// episode begins and else 0; each may be NULL. With the option row_steps of "babi", a sequence is a row of several stories,
    /// and the network must begin anew at each start.
    pub fn dnc_task_read_tokens(
        task: *mut dnc_task,
        tokens: *mut i32,
        starts: *mut u8,
    ) -> dnc_status;
    /// T and B of the episodes drawn last, both 0 when there are none; each may be NULL.
    pub fn dnc_task_drawn(
        task: *const dnc_task,
        steps: *mut usize,
        batch: *mut usize,
    ) -> dnc_status;
    /// Batches drawn so far; 0 for NULL. A batch depends on the seed and on its number alone: dnc_task_seek chooses the number
    /// of the next one, and drops the episodes drawn last.
    pub fn dnc_task_position(task: *const dnc_task) -> u64;
    pub fn dnc_task_seek(task: *mut dnc_task, position: u64) -> dnc_status;
    /// Not 0 for an interactive task, which must be played step by step, with dnc_task_next. 0 for NULL.
    pub fn dnc_task_is_interactive(task: *const dnc_task) -> c::c_int;
    /// Plays one more step of the episodes drawn last. output [B, Y] is the network's answer to the step before, or NULL before the
    /// first step; only an interactive task reads it. Writes the input [B, X] of the next step. DNC_INVALID_STATE when all steps have
    /// been played.
    pub fn dnc_task_next(task: *mut dnc_task, output: *const f32, input: *mut f32) -> dnc_status;
    /// The loss of logits outputs [T, B, Y] in the episodes drawn last and, unless output_gradients is NULL, its gradient
    /// [T, B, Y]. It equals that of dnc_loss_evaluate with the task's targets and mask, unless the task's page says otherwise. The
    /// outputs must be finite in every step, also where the mask is 0.
    pub fn dnc_task_loss(
        task: *mut dnc_task,
        outputs: *const f32,
        value: *mut f64,
        output_gradients: *mut f32,
    ) -> dnc_status;
}
/// The things that a task counts: index 0 to dnc_task_metric_count() - 1. The first is its score. The count is 0 for NULL.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct dnc_metric {
    /// set by the caller: sizeof(dnc_metric)
    pub struct_size: u32,
    /// 1: the lower the better, 0: the higher
    pub is_error: u32,
    /// as "sequences_right"; valid until dnc_task_free
    pub name: *const c::c_char,
}
extern "C" {
    pub fn dnc_task_metric_count(task: *const dnc_task) -> usize;
    pub fn dnc_task_metric_at(
        task: *const dnc_task,
        index: usize,
        metric: *mut dnc_metric,
    ) -> dnc_status;
}
/// A metric is sum / count; who guesses at random gets chance / count.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct dnc_score {
    pub sum: f64,
    pub count: f64,
    pub chance: f64,
}
extern "C" {
    /// Adds the scores of the outputs [T, B, Y] in the episodes drawn last to scores [dnc_task_metric_count()], which the caller
    /// sets to 0 at first.
    pub fn dnc_task_score(
        task: *mut dnc_task,
        outputs: *const f32,
        scores: *mut dnc_score,
    ) -> dnc_status;
    /// Turns evaluating on (enabled != 0) or off; it is off at first. While it is on, episodes come from the present lesson alone,
    /// no teacher replaces the network's moves, and bAbI's words have no echoes. Drops the episodes drawn last.
    pub fn dnc_task_set_evaluating(task: *mut dnc_task, enabled: c::c_int) -> dnc_status;
    /// 1 while evaluating, else 0; 0 for NULL.
    pub fn dnc_task_is_evaluating(task: *const dnc_task) -> c::c_int;
    /// A curriculum: lessons of one task, from a text file. docs/tasks.md describes the format; curricula/ holds the paper's. A
    /// file that is not as it should be gives DNC_BAD_FORMAT, with the line and what was expected. Free with dnc_task_free.
    pub fn dnc_task_load(path: *const c::c_char, seed: u64, task: *mut *mut dnc_task)
        -> dnc_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct dnc_lesson {
    /// set by the caller: sizeof(dnc_lesson)
    pub struct_size: u32,
    /// the metric that ends the lesson
    pub metric: u32,
    /// of the task; valid until dnc_task_free
    pub options: *const c::c_char,
    /// the lesson ends when the metric is at least this (at most, if it is an error); NaN: never
    pub pass_score: f64,
    /// share of episodes that are drawn from the lessons before, 0 to 1
    pub rehearsal: f64,
    /// batches between two tests
    pub test_every: u64,
    /// episodes of a test
    pub test_episodes: u64,
}
extern "C" {
    /// Lessons count from 0; the first is present at first. dnc_task_create makes one lesson that does not end. The count and the
    /// present lesson, dnc_task_lesson, are 0 for NULL. dnc_task_set_lesson drops the episodes drawn last.
    pub fn dnc_task_lesson_count(task: *const dnc_task) -> usize;
    pub fn dnc_task_lesson_at(
        task: *const dnc_task,
        index: usize,
        lesson: *mut dnc_lesson,
    ) -> dnc_status;
    pub fn dnc_task_set_lesson(task: *mut dnc_task, index: usize) -> dnc_status;
    pub fn dnc_task_lesson(task: *const dnc_task) -> usize;
    /// How many episodes the present lesson has; 0 where they are drawn at random, without end. Batches that go through all of
    /// them begin again after the last; a last batch that is not full has episodes of 0 steps, which earn nothing.
    pub fn dnc_task_episode_count(task: *const dnc_task, count: *mut u64) -> dnc_status;
    /// The word of a channel of input and output, 0 to X - 1, in the present lesson; valid until dnc_task_free.
    /// DNC_INVALID_ARGUMENT for a task whose channels are not words.
    pub fn dnc_task_word(
        task: *const dnc_task,
        channel: usize,
        word: *mut *const c::c_char,
    ) -> dnc_status;
    pub fn dnc_task_free(task: *mut dnc_task);
}
pub const DNC_COLORMAP_VIRIDIS: dnc_colormap = 0;
pub const DNC_COLORMAP_MAGMA: dnc_colormap = 1;
/// black is the minimum
pub const DNC_COLORMAP_GREY: dnc_colormap = 2;
/// for signed values: blue, light, red; the automatic range is symmetric about 0
pub const DNC_COLORMAP_DIVERGING: dnc_colormap = 3;
/// Every picture has two functions. *_write makes a PNG file (see Files, at the top). *_encode returns the bytes of that file
/// in *png and *size; the caller frees them with dnc_buffer_free. A picture has at most 2^28 pixels, and 1000000 on a side.
pub type dnc_colormap = c::c_uint;
pub const DNC_THEME_LIGHT: dnc_theme = 0;
pub const DNC_THEME_DARK: dnc_theme = 1;
pub type dnc_theme = c::c_uint;
/// where an answer is wanted; needs the mask
pub const DNC_PANEL_PHASES: dnc_panel = 1;
pub const DNC_PANEL_INPUT: dnc_panel = 2;
pub const DNC_PANEL_TARGET: dnc_panel = 4;
/// the outputs as predictions: see dnc_image_options.loss
pub const DNC_PANEL_PREDICTION: dnc_panel = 8;
/// the outputs
pub const DNC_PANEL_LOGITS: dnc_panel = 16;
/// |prediction - target|, 0 where no answer is wanted
pub const DNC_PANEL_ERROR: dnc_panel = 32;
/// for each write head, the weighting, the write gate, the allocation gate and the mask; of the
/// NTM the weighting, the interpolation gate, the three shifts and the sharpness, here as in
/// reads. Of all panels there are those of what the memory has
pub const DNC_PANEL_WRITES: dnc_panel = 64;
/// for each read head, the weighting, the stacked read modes, the sharpness of the links, the
/// mask and the free gate
pub const DNC_PANEL_READS: dnc_panel = 128;
/// for each answered step and read head, a line for the slot that is read most: from the step
/// that last wrote it, above, to the step that reads it, below
pub const DNC_PANEL_ORIGINS: dnc_panel = 256;
pub const DNC_PANEL_USAGE: dnc_panel = 512;
pub const DNC_PANEL_ALL: dnc_panel = 1023;
/// The panels of an episode.
pub type dnc_panel = c::c_uint;
/// heatmap: only the cells, without title, labels, ticks and colour bar
pub const DNC_IMAGE_BARE: u32 = 1;
/// episode, state, film: slots in the order in which they are first written
pub const DNC_IMAGE_SORT_SLOTS: u32 = 2;
/// film: a file for each frame
pub const DNC_IMAGE_NUMBERED_FILES: u32 = 4;
/// training: over seconds instead of updates
pub const DNC_IMAGE_OVER_TIME: u32 = 8;
/// state, film: without the slots that were never used
pub const DNC_IMAGE_USED_SLOTS: u32 = 16;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct dnc_image_options {
    /// set by dnc_image_options_init
    pub struct_size: u32,
    /// a dnc_colormap; DNC_COLORMAP_VIRIDIS
    pub colormap: u32,
    /// side of a cell, 1 to 256; 0 (default): the number of cells decides
    pub cell_pixels: u32,
    /// DNC_IMAGE_...; 0
    pub flags: u32,
    /// the values at the colormap's ends; NaN (default): the values decide
    pub minimum: f32,
    /// the values at the colormap's ends; NaN (default): the values decide
    pub maximum: f32,
    /// or NULL (default); UTF-8: ASCII, Greek, mathematical signs; other characters become '?'
    pub title: *const c::c_char,
    /// or NULL (default); along the vertical axis
    pub row_label: *const c::c_char,
    /// or NULL (default); along the horizontal axis
    pub column_label: *const c::c_char,
    /// episode: [T, B] or NULL (default); above 0 where an answer is wanted, else 0
    pub mask: *const f32,
    /// a dnc_theme; DNC_THEME_LIGHT
    pub theme: u32,
    /// enlarges the picture by a whole factor, 1 to 8; 0 (default) is 1
    pub pixel_scale: u32,
    /// episode: a sum of dnc_panels; 0 (default): all
    pub panels: u32,
    /// episode: the dnc_loss that turns outputs into predictions; DNC_LOSS_SIGMOID_CROSS_ENTROPY.
    /// Cross-entropies give the probabilities of a sigmoid or softmax,
    /// DNC_LOSS_MEAN_SQUARED_ERROR the outputs themselves
    pub loss: u32,
    /// training: the score to draw; NULL (default): the first of the log
    pub metric: *const c::c_char,
    /// training: pixels of each panel, 64 to 8192; 0 (default): 720 and 240
    pub width: u32,
    /// training: pixels of each panel, 64 to 8192; 0 (default): 720 and 240
    pub height: u32,
}
extern "C" {
    /// Sets the defaults. `size` is sizeof(dnc_image_options): see dnc_config_init.
    pub fn dnc_image_options_init(options: *mut dnc_image_options, size: usize) -> dnc_status;
    pub fn dnc_buffer_free(buffer: *mut c::c_void);
    /// A heatmap of values [rows, columns], row 0 on top; options or NULL for the defaults. Values outside the range, and
    /// infinities, take the colour of the nearer end. NaN is drawn as a crossed cell.
    pub fn dnc_image_write(
        path: *const c::c_char,
        rows: usize,
        columns: usize,
        values: *const f32,
        options: *const dnc_image_options,
    ) -> dnc_status;
    pub fn dnc_image_encode(
        rows: usize,
        columns: usize,
        values: *const f32,
        options: *const dnc_image_options,
        png: *mut *mut u8,
        size: *mut usize,
    ) -> dnc_status;
    /// An episode of one sequence of the batch, as a labelled figure. It stacks the panels above that have something to draw;
    /// time runs from left to right along one axis. Each of inputs [T, B, X], targets [T, B, Y] and outputs [T, B, Y] may be
    /// NULL, which leaves its panels out, but not all three. The memory's panels are drawn when exactly `steps` steps are
    /// recorded and there is a memory; then lines also mark where episodes begin within the steps. batch_index is below B.
    /// Without room for all, several steps or slots share a cell, which shows the greatest.
    /// options or NULL. Used: title, cell_pixels, colormap (for all panels but the logits, which are diverging), mask, loss,
    /// theme, pixel_scale, panels and DNC_IMAGE_SORT_SLOTS.
    pub fn dnc_episode_image_write(
        path: *const c::c_char,
        instance: *mut dnc,
        batch_index: usize,
        steps: usize,
        inputs: *const f32,
        targets: *const f32,
        outputs: *const f32,
        options: *const dnc_image_options,
    ) -> dnc_status;
    pub fn dnc_episode_image_encode(
        instance: *mut dnc,
        batch_index: usize,
        steps: usize,
        inputs: *const f32,
        targets: *const f32,
        outputs: *const f32,
        options: *const dnc_image_options,
        png: *mut *mut u8,
        size: *mut usize,
    ) -> dnc_status;
    /// The memory of one sequence of the batch after a step. Each slot has a row with its memory, usage, precedence and
    /// weightings. Beside the rows, each write head has its link matrix with the strongest path. The path begins at the slot
    /// with the greatest precedence. It goes on to the slot written before, the greatest in this one's row of links, as long as
    /// that link is 0.1 or more. Without temporal_links there are no links, paths and precedence.
    /// DNC_INVALID_ARGUMENT with DNC_MEMORY_NONE.
    /// step is below dnc_recorded_steps(); memory and links of that step are computed again. Or it is DNC_STEP_NOW, for the
    /// present state, recorded or not. Without room for all, several slots share a cell, which shows the greatest.
    /// options or NULL. Used: title, cell_pixels, colormap (for weightings and links; the memory is diverging), minimum and
    /// maximum (of the memory), theme, pixel_scale, and two flags:
    /// - DNC_IMAGE_SORT_SLOTS: when nothing is recorded, it sorts the slots along the strongest path of the first write head;
    ///   without temporal_links, it then sorts nothing;
    /// - DNC_IMAGE_USED_SLOTS leaves out the slots that were never used, and the picture says how many. A slot is used if its
    ///   usage, its precedence or one of its weightings is 0.1 or more in the state before the record or after any recorded step
    ///   (when nothing is recorded: in the present state), or if it is at an end of a link of 0.1 or more in the picture. If no
    ///   slot is used, all are shown.
    pub fn dnc_state_image_write(
        path: *const c::c_char,
        instance: *const dnc,
        batch_index: usize,
        step: usize,
        options: *const dnc_image_options,
    ) -> dnc_status;
    pub fn dnc_state_image_encode(
        instance: *const dnc,
        batch_index: usize,
        step: usize,
        options: *const dnc_image_options,
        png: *mut *mut u8,
        size: *mut usize,
    ) -> dnc_status;
    /// The same for `steps` recorded steps from first_step on (first_step + steps <= dnc_recorded_steps()), as an animated PNG.
    /// It repeats for ever and shows each step for delay_milliseconds, 1 to 65535. Viewers without animation show the first
    /// frame. All frames have one range of colours and the same slots: with DNC_IMAGE_USED_SLOTS, links in any of them count. The
    /// options are those of dnc_state_image_write. dnc_film_write also takes DNC_IMAGE_NUMBERED_FILES, which makes a file for each
    /// step: film-0000.png has the step in four digits or more before the path's ending. All files are written before the first is
    /// renamed into its place.
    pub fn dnc_film_write(
        path: *const c::c_char,
        instance: *const dnc,
        batch_index: usize,
        first_step: usize,
        steps: usize,
        delay_milliseconds: u32,
        options: *const dnc_image_options,
    ) -> dnc_status;
    pub fn dnc_film_encode(
        instance: *const dnc,
        batch_index: usize,
        first_step: usize,
        steps: usize,
        delay_milliseconds: u32,
        options: *const dnc_image_options,
        png: *mut *mut u8,
        size: *mut usize,
    ) -> dnc_status;
    /// The course of 1 to 256 trainings, from the logs that `python -m dnc train` writes, one JSON object a line:
    /// - the loss of the "train" lines, on a logarithmic axis: pale as it is, and strong as a moving mean over a fortieth of all
    ///   lines to each side, within a lesson;
    /// - one score of the "test" lines. If the first run's falls to less than a tenth, its axis is logarithmic, with 0 at the
    ///   lower end;
    /// - the number of each "lesson", from 1, at its beginning: in up to three rows, while there is room.
    /// names are those of the runs in the legend, or NULL for the paths of the logs. Runs of one name share a colour and an entry,
    /// which has the mean of their last scores. An unfinished last line is skipped; any other line that is no JSON gives
    /// DNC_BAD_FORMAT. A log may have 256 MiB.
    /// options or NULL. Used: title, theme, pixel_scale, metric, width, height and DNC_IMAGE_OVER_TIME.
    pub fn dnc_training_image_write(
        path: *const c::c_char,
        runs: usize,
        logs: *const *const c::c_char,
        names: *const *const c::c_char,
        options: *const dnc_image_options,
    ) -> dnc_status;
    pub fn dnc_training_image_encode(
        runs: usize,
        logs: *const *const c::c_char,
        names: *const *const c::c_char,
        options: *const dnc_image_options,
        png: *mut *mut u8,
        size: *mut usize,
    ) -> dnc_status;
    /// The scores of a trained network with other memory sizes and episode lengths than it learned with, as in Extended Data
    /// Figure 2 of the paper. scores [rows, columns] are from 0 to 1, usually the share of episodes that are right, and are drawn
    /// in percent; NaN, a crossed cell, means not measured. slots [rows] and lengths [columns] are the numbers along the axes, the
    /// least slots below; both ascend, at most 256 of each.
    /// options or NULL. Used: title, colormap, cell_pixels, row_label and column_label (NULL: "memory slots" and "length"), theme
    /// and pixel_scale.
    pub fn dnc_capacity_image_write(
        path: *const c::c_char,
        rows: usize,
        columns: usize,
        scores: *const f32,
        slots: *const u32,
        lengths: *const u32,
        options: *const dnc_image_options,
    ) -> dnc_status;
    pub fn dnc_capacity_image_encode(
        rows: usize,
        columns: usize,
        scores: *const f32,
        slots: *const u32,
        lengths: *const u32,
        options: *const dnc_image_options,
        png: *mut *mut u8,
        size: *mut usize,
    ) -> dnc_status;
}
