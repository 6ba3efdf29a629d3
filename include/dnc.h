/*
 * libdnc: the Differentiable Neural Computer as one small shared library.
 *
 * The model is that of Graves et al., "Hybrid computing using a neural network with dynamic external
 * memory", Nature 538, 471-476 (2016), METHODS: a neural network (the controller) with an external
 * memory that it learns to write, link, read and free. It is trained by exact gradients.
 *
 * This header is the manual. Its sections come in the order in which a program needs them: status, configuration,
 * instances, running, checkpoints; for training, training, parameters, losses, optimizers; then state and trace, tasks,
 * pictures. These rules hold for every function:
 *
 * Errors    A function that can fail returns dnc_status and writes its results through its last pointer arguments.
 *           When it fails, it writes nothing there and leaves the instance as it was; dnc_last_error() is then a
 *           sentence that names the argument, its value and what is allowed. Nothing here prints, exits, aborts or throws.
 *           NULL for a pointer that is not marked "or NULL" is DNC_INVALID_ARGUMENT, as is a number out of its range or
 *           a size that does not fit the instance. NaN and infinity in data that is read (inputs, gradients, states) are
 *           DNC_NOT_FINITE. Where memory is missing, the status is DNC_OUT_OF_MEMORY. A function's own comment names what
 *           else it can give.
 * Files     Only regular files are read and written. An empty path, a folder, a pipe or a device is DNC_IO_ERROR, as is a
 *           file that the system refuses; a file with wrong contents is DNC_BAD_FORMAT.
 *           A file is written beside its place, flushed, and renamed: a failed call leaves an old file as it was. The
 *           new file has the old one's mode, and its owner and group as far as this process may give files away; without
 *           an old one, it has the mode 0666 less the umask. A symbolic link stays, and its target is replaced, or made.
 *           A hard link is broken: its other names keep the old contents. A file whose mode lets nobody write it is
 *           refused, even for root.
 * Memory    The caller frees what *_create, *_clone and *_load return, with the matching *_free.
 *           A `float *` view into an instance belongs to the instance and is valid until dnc_free, unless its
 *           function says otherwise. Strings belong to the library.
 * Denormals The library treats numbers below 1.2e-38 (FLT_MIN) as 0, on every thread: a CPU may take a hundred times
 *           as long for them. It rounds to the nearest. A call restores the host's own rounding and flushing.
 * Threads   Two threads may use two handles at the same time. A handle takes one call at a time, even one that only
 *           reads. Until that call has returned, every other call with the handle returns DNC_INVALID_STATE and does
 *           nothing, whether it comes from another thread or from the call's own dnc_progress.
 *           Functions that return no status work at any time: they return numbers as the last finished call left
 *           them, pointers stay the same, and *_free of a handle in use frees it as soon as the call returns.
 *           Each thread has its own last error. A thread that calls needs 64 KiB of stack.
 * Layout    Buffers are float32, row-major, without alignment requirements; sequences are time-major.
 *           Shapes are written [T, B, X]; the letters are:
 *
 *             T      steps                  X, Y   input_size, output_size
 *             B      batch_size             H, L   hidden_size, num_layers
 *             N, W   memory_slots, word_size
 *             R, K   read_heads, write_heads
 *
 * Structs   A struct that the caller passes begins with struct_size, the size that it has in the caller's header: its
 *           *_init function sets it to the argument `size`, and the fields to their defaults. New fields are only ever
 *           appended, and the library touches no byte beyond struct_size, so a program compiled against an older header
 *           keeps working. A struct_size larger than the library knows is refused. So is a dnc_config whose
 *           struct_size leaves out input_size or output_size, and a dnc_image_options whose struct_size is no
 *           multiple of 8.
 *
 * A training step:
 *
 *     dnc_reset(net);
 *     dnc_forward(net, T, inputs, outputs);
 *     dnc_loss_evaluate(DNC_LOSS_SIGMOID_CROSS_ENTROPY, T, B, Y, outputs, targets, mask, &loss, gradients);
 *     dnc_backward(net, gradients, NULL);
 *     dnc_optimizer_step(optimizer, net, NULL);
 */
#ifndef DNC_H
#define DNC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DNC_VERSION_MAJOR 0
#define DNC_VERSION_MINOR 1
#define DNC_VERSION_PATCH 0
#define DNC_VERSION_STRING "0.1.0"

/* ------------------------------------------------------------------------------------ status -- */

typedef enum dnc_status {
    DNC_OK = 0,
    DNC_INVALID_ARGUMENT = 1, /* an argument is NULL, out of range, or does not fit the instance */
    DNC_OUT_OF_MEMORY = 2,
    DNC_INVALID_STATE = 3,    /* the call comes at the wrong time: nothing is recorded, or the handle is in use */
    DNC_IO_ERROR = 4,         /* a file could not be read or written */
    DNC_BAD_FORMAT = 5,       /* a file was read, but its contents are wrong */
    DNC_NOT_FINITE = 6,       /* NaN or infinity where a finite number is needed */
    DNC_CANCELLED = 7,        /* the host's dnc_progress cancelled the call */
    DNC_INTERNAL = 8          /* the library contradicts itself: please report it */
} dnc_status;

/* "0.1.0"; equals DNC_VERSION_STRING of the header the library was built with. */
const char *dnc_version(void);

/* One JSON object in one line: version, kernels in use, compiler, architecture. The kernels are "plain", "x86-64-v3" or
 * "x86-64-v4", on 64-bit Arm "plain" or "neon": the best that the CPU has, or a lower level that the environment variable
 * DNC_CPU names. It is read once, and another value counts as none. */
const char *dnc_build_info(void);

/* The status as a word, "DNC_OK". Never NULL; an unknown value gives "unknown dnc_status". */
const char *dnc_status_string(dnc_status status);

/* Says why this thread's last failing call failed, in one line of less than 512 bytes. In text from outside, '?' replaces
 * control characters, and "..." replaces the middle of more than 150 bytes. Never NULL; "" before the first failure.
 * Valid until this thread's next failing call. */
const char *dnc_last_error(void);

/* Checks this build on this CPU in less than two seconds:
 * - the hand-derived gradients of small networks of every kind, against central differences in double precision;
 * - outputs, gradients and an update by the kernels in single precision, against the plain code in double precision;
 * - that a saved network loads again, with a file in TMPDIR or /tmp that is then removed; left out if none can be made.
 * When something disagrees, returns DNC_INTERNAL, and dnc_last_error() names the item. */
dnc_status dnc_self_test(void);

/* ----------------------------------------------------------------------------- configuration -- */

typedef enum dnc_controller {
    DNC_CONTROLLER_LSTM = 0,        /* L layers; layer l sees [x_t; read vectors; layer l-1] and itself at t-1 */
    DNC_CONTROLLER_FEEDFORWARD = 1, /* L layers without memory of their own */
    DNC_CONTROLLER_GRU = 2,         /* as the LSTM, with three gates and no cell: gated recurrent units */
    DNC_CONTROLLER_RNN = 3          /* as the LSTM, without gates and cell: h = activation(W [..] + U h_{t-1} + b) */
} dnc_controller;

typedef enum dnc_activation { DNC_ACTIVATION_TANH = 0, DNC_ACTIVATION_RELU = 1 } dnc_activation;

typedef enum dnc_memory {
    DNC_MEMORY_DNC = 0, /* the Differentiable Neural Computer's */
    DNC_MEMORY_NTM = 1, /* the Neural Turing Machine's: every head goes on from its last weighting, or from what it finds by
                         * content, by -1, 0 or +1 slot. Heads read before the memory is written. No usage, no links. Slots that
                         * start alike stay alike: choose DNC_INITIAL_LEARNED, or set the state */
    DNC_MEMORY_NONE = 2 /* the controller alone: it sees x_t, and the output layer sees the controller. The sizes of the
                         * memory and the initial state count for nothing */
} dnc_memory;

typedef enum dnc_usage_gradient {
    DNC_USAGE_GRADIENT_FULL = 0,   /* the exact derivative */
    DNC_USAGE_GRADIENT_STOPPED = 1 /* no gradient from the usage to the previous write weightings */
} dnc_usage_gradient;

typedef enum dnc_initial_state {
    DNC_INITIAL_ZEROS = 0,    /* everything 0, as in the paper */
    DNC_INITIAL_CONSTANT = 1, /* memory, usage, weightings and read vectors at initial_value, the rest 0 */
    DNC_INITIAL_LEARNED = 2   /* memory, read vectors and read weightings are parameters, the rest 0; of the NTM's memory
                               * the write weightings are parameters, too */
} dnc_initial_state;

typedef struct dnc_config {
    uint32_t struct_size;    /* set by dnc_config_init */
    uint32_t input_size;     /* X, 1 to 65536; no default, must be set */
    uint32_t output_size;    /* Y, 1 to 65536; no default, must be set */
    uint32_t controller;     /* a dnc_controller; DNC_CONTROLLER_LSTM */
    uint32_t activation;     /* a dnc_activation, of a feedforward controller or an RNN; DNC_ACTIVATION_TANH */
    uint32_t hidden_size;    /* H, 1 to 65536; 64 */
    uint32_t num_layers;     /* L, 1 to 64; 1 */
    uint32_t memory_slots;   /* N, 1 to 65536; 64 */
    uint32_t word_size;      /* W, 1 to 65536; 16 */
    uint32_t read_heads;     /* R, 1 to 256; 1 */
    uint32_t write_heads;    /* K, 1 to 64; 1 */
    uint32_t batch_size;     /* B, 1 to 65536; 1 */
    uint32_t usage_gradient; /* a dnc_usage_gradient; DNC_USAGE_GRADIENT_FULL */
    uint32_t initial_state;  /* a dnc_initial_state; DNC_INITIAL_ZEROS */
    float initial_value;     /* for DNC_INITIAL_CONSTANT, 0 to 1; 1e-6 */
    float clip_value;        /* clamps hidden, cell and output to +-clip_value; >= 0; below FLT_MIN, as 0: no clamping */
    uint32_t num_threads;    /* 0 to 1024; 1; 0 means one per core. Any number gives the same bytes */
    uint64_t seed;           /* the parameters are drawn from it; 0 */
    uint64_t max_record_bytes; /* 0; 0 means no limit. Bounds the bytes of a training instance's state and record. To stay
                                * below, dnc_backward recomputes more, which takes longer. If that isn't enough, recording
                                * a step gives DNC_OUT_OF_MEMORY */
    uint32_t check_finite;   /* 0 or 1; 0. 1: dnc_step, dnc_forward and dnc_backward check every number of every step. The
                              * first one that is not finite ends the call with DNC_NOT_FINITE and a sentence that names it:
                              * "the read weighting of head 1 is nan in step 17, sequence 3". Layers, heads and sequences
                              * count from 0. Steps count from the first of the call, in dnc_backward from the first
                              * recorded one. The gradients of parameters and inputs, which dnc_backward adds up over the
                              * steps, are not checked. With finite parameters all numbers but gradients stay finite;
                              * gradients may overflow. Costs a progress call (see dnc_set_progress) and one scan of the
                              * data */
    uint32_t reserved;       /* 0 */
    float input_scale;       /* 0 to 1000; 10. Multiplies the drawn weights of the inputs in the controller's first layer:
                              * columns 0 to X - 1 of controller.0.weight_ih or controller.0.weight. Without it, the read
                              * vectors would drown the inputs. Choose less where many inputs are large at once. Files
                              * saved before this field and the next existed have 1 in both */
    float interface_scale;   /* 0 to 1000; 3. Multiplies the drawn interface.weight */
    uint32_t memory;         /* a dnc_memory; DNC_MEMORY_DNC */
    uint32_t temporal_links; /* 0 or 1; 1. 0: no links, no precedence and no read modes: every read head reads by content.
                              * This field and the next four are of the DNC's memory; with another they must keep their
                              * defaults */
    uint32_t content_masks;  /* 0 or 1; 0. 1: each head compares only what its mask in [mask_minimum, 1]^W lets through */
    float mask_minimum;      /* 0 to below 1; 0 */
    uint32_t deallocation;   /* 0 or 1; 0. 1: what the free gates free is erased, too */
    uint32_t link_sharpening; /* 0 or 1; 0. 1: each read head sharpens its forward and backward weightings. Needs
                               * temporal_links */
    uint32_t controller_norm; /* 0 or 1; 0. 1: layer normalization in the controller */
    uint32_t interface_norm;  /* 0 or 1; 0. 1: layer normalization of the interface vector */
} dnc_config;

/* Sets the defaults. `size` is sizeof(dnc_config): it tells the library how long the struct is in the caller's header. No
 * byte beyond it is written. */
dnc_status dnc_config_init(dnc_config *config, size_t size);

/* Computes the bytes of memory that an instance of this configuration takes, with its parameters and their gradients.
 * With training != 0, the record of one dnc_forward of `steps` steps is included (0 or more). Recording one step at a
 * time takes at most a quarter more than the largest of the estimates for 0 to `steps` steps. Allocates nothing.
 * DNC_OUT_OF_MEMORY when the bytes overflow a size_t, or max_record_bytes is too small for so many steps. */
dnc_status dnc_estimate_bytes(const dnc_config *config, size_t steps, int training, size_t *bytes);

/* --------------------------------------------------------------------------------- instances -- */

/* A network. In C++, one name cannot be a type and a namespace. A program with a namespace `dnc` of its own defines the macro
 * DNC_NO_SHORT_NAME before it includes this header. Then the type has only its long name, dnc_network. C++ knows that name
 * without the macro, too, and C as struct dnc_network. */
#ifdef DNC_NO_SHORT_NAME
#define dnc dnc_network /* up to the end of this header */
#endif
typedef struct dnc_network dnc;

/* Makes a new network at the start of an episode. Its parameters are drawn from config->seed: the same seed gives the
 * same parameters on every machine. Weights are uniform in +-1/sqrt(fan-in), some of them multiplied by
 * config->input_scale or config->interface_scale; biases are 0, the LSTM's forget gate biases 1, scales
 * of norms 1. Free with dnc_free.
 * The system hands out memory when it is first written. This makes the first step of a large instance slow (16384 slots
 * with 1 GB of links: 12 s, and 0.7 s for the next). A dnc_reset before it does the same in 2 s. */
dnc_status dnc_create(const dnc_config *config, dnc **instance);

enum {
    DNC_CLONE_COPY = 0,            /* parameters of its own */
    DNC_CLONE_SHARE_PARAMETERS = 1 /* sees the same parameters; they live as long as one instance does */
};

/* Makes a second instance with the same configuration, parameters, state and training flag. `sharing` is one of the two
 * above. The copy has gradients of its own, all 0, and nothing recorded. Clones that share parameters may run at the same
 * time on different threads as long as nobody writes the parameters. Free with dnc_free. */
dnc_status dnc_clone(const dnc *instance, uint32_t sharing, dnc **copy);

void dnc_free(dnc *instance); /* NULL is fine */

/* Copies the present configuration, with the batch size and the memory slots last set. The caller sets
 * config->struct_size (or calls dnc_config_init). */
dnc_status dnc_get_config(const dnc *instance, dnc_config *config);

/* Sets the batch size, 1 to 65536. Starts a new episode. */
dnc_status dnc_set_batch_size(dnc *instance, uint32_t batch_size);

/* Runs a trained network on a larger or smaller memory, 1 to 65536 slots. Starts a new episode.
 * DNC_INVALID_STATE with learned initial states, whose parameters are per slot. */
dnc_status dnc_set_memory_slots(dnc *instance, uint32_t memory_slots);

/* Set what belongs to the process and not to the network, with the ranges of dnc_config; a loaded network has the defaults. The
 * episode goes on. While steps are recorded, dnc_set_num_threads and dnc_set_max_record_bytes give DNC_INVALID_STATE. */
dnc_status dnc_set_num_threads(dnc *instance, uint32_t num_threads);
dnc_status dnc_set_check_finite(dnc *instance, uint32_t check_finite);
dnc_status dnc_set_max_record_bytes(dnc *instance, uint64_t max_record_bytes);

/* ----------------------------------------------------------------------------------- running -- */

/* Starts a new episode: sets the initial state and drops what is recorded. */
dnc_status dnc_reset(dnc *instance);

/* Takes one step of all B sequences: reads input [B, X] and writes output [B, Y]. Outputs are logits, not squashed. */
dnc_status dnc_step(dnc *instance, const float *input, float *output);

/* Takes T steps: inputs [T, B, X], outputs [T, B, Y], T >= 1. Continues the episode. The numbers are bit for bit those of
 * T calls of dnc_step. */
dnc_status dnc_forward(dnc *instance, size_t steps, const float *inputs, float *outputs);

/* dnc_forward for rows of episodes that follow each other: starts [T, B] (or NULL) is not 0 where a sequence begins a new
 * episode before the step, in its initial state. The outputs, states and, for one sequence, gradients are bit for bit those
 * of the same episodes taken one after the other, each after a dnc_reset. dnc_backward lets no gradient pass from an
 * episode to the one before; a learned initial state gets its share at every start. The first start takes as much memory
 * as the state of one sequence, and each recorded one with learned initial states as much as these. */
dnc_status dnc_forward_packed(dnc *instance, size_t steps, const float *inputs, const uint8_t *starts, float *outputs);

/* dnc_step and dnc_forward_packed for inputs that are one-hot rows, as words are: tokens [B] or [T, B] has the channel of each
 * row's 1, from 0 to X - 1, or -1 for a row of zeros. Outputs, states and gradients of the parameters are bit for bit those of
 * the rows (if parameters are finite), but a step takes neither the time nor the memory that X channels take: the record
 * keeps the tokens, which makes it smaller than dnc_estimate_bytes says. dnc_backward can give the gradient of the inputs,
 * [T, B, X]: that of the rows.
 * While steps are recorded, rows after tokens, and tokens after rows, give DNC_INVALID_STATE. */
dnc_status dnc_step_tokens(dnc *instance, const int32_t *tokens, float *output);
dnc_status dnc_forward_tokens(dnc *instance, size_t steps, const int32_t *tokens, const uint8_t *starts, float *outputs);

/* Starts a new episode of the sequences b whose which[b], of [B], is not 0; the others go on. Allowed while steps are
 * recorded: the next step then begins the episode, as if its starts said so. */
dnc_status dnc_reset_sequences(dnc *instance, const uint8_t *which);

/* A function of the host. A call tells it that `done` of its `total` steps are done, 1 to total, and passes the `context` of
 * dnc_set_progress. It returns 0 to let the call go on, or another number to cancel it. A cancelled call returns
 * DNC_CANCELLED and leaves the instance as it was. The function must return, not jump away. The instance is in use
 * meanwhile: see Threads above. */
typedef int (*dnc_progress)(void *context, size_t done, size_t total);

/* From now on, dnc_forward, dnc_forward_packed, dnc_forward_tokens and dnc_backward call `progress` between their steps, in
 * the thread that called them; NULL ends that. Some sequences get ahead of others when there are several threads or a large batch. `done` is then a mean,
 * skips numbers, and comes late while the caller's thread waits for the others. A call that succeeds has taken all steps,
 * whatever `progress` was told. A clone has no progress function.
 * To be able to roll back, such a call keeps copies: dnc_forward of the outputs and, without training, of the state;
 * dnc_backward of the controller's gates and the interface vectors of all recorded steps. Without memory for them it
 * gives DNC_OUT_OF_MEMORY. */
dnc_status dnc_set_progress(dnc *instance, dnc_progress progress, void *context);

/* Dropout on the bypass, from now on: the output sees nu * m / (1 - rate) in place of the controller's output nu, and the
 * memory all of it. m is 0 with probability `rate`, else 1, for each step, sequence and unit. rate is 0 to below 1; 0, as at
 * first, is off. m depends on nothing but `seed`, the step since the last dnc_reset, the sequence and the unit, in the way that
 * docs/model.md says; episodes that start within a call go on counting. So any number of threads, single steps and whole
 * sequences give the same bytes, and every episode after a dnc_reset the same m: give each a seed of its own. A clone has the
 * same dropout, a checkpoint none.
 * DNC_INVALID_STATE while steps are recorded. */
dnc_status dnc_set_bypass_dropout(dnc *instance, float rate, uint64_t seed);

/* ------------------------------------------------------------------------------- checkpoints -- */

typedef struct dnc_optimizer dnc_optimizer; /* see optimizers below */

/* Writes a safetensors file to `path`. It holds the parameters under their names, the configuration as metadata (but
 * num_threads, max_record_bytes and check_finite, which belong to the process), and the state and step count of the
 * optimizer (or NULL). Training continued from the file is bit for bit the training that never stopped. The state of the
 * episode is left out. A parameter or an average of the optimizer that is not finite gives DNC_NOT_FINITE, with its
 * tensor's name. The metadata entry "data.crc32" is a CRC-32 of the data (as zlib's, decimal): of the parameters in the
 * order of dnc_parameters, then of the optimizer's averages and the state. "metadata.crc32" is the sum, modulo 2^32, of the
 * CRC-32 of each other entry that this function writes, as "key":"value" with its quotes.
 * How files are written is said under Files, at the top. */
dnc_status dnc_save(const dnc *instance, const dnc_optimizer *optimizer, const char *path);

/* Flags of a checkpoint. */
enum { DNC_CHECKPOINT_STATE = 1 }; /* with the state of the episode, as rows: see dnc_get_state_rows */

/* dnc_save with flags: 0, or DNC_CHECKPOINT_STATE, whose tensor is "state" [B, size of a row]. dnc_checkpoint_encode returns the
 * bytes of that file in *bytes and *size; the caller frees them with dnc_buffer_free. */
dnc_status dnc_checkpoint_write(const char *path, const dnc *instance, const dnc_optimizer *optimizer, uint32_t flags);
dnc_status dnc_checkpoint_encode(const dnc *instance, const dnc_optimizer *optimizer, uint32_t flags, uint8_t **bytes,
                                 size_t *size);

/* Reads such a file into a new instance, with nothing recorded, in the state that the file holds or else at the start of an
 * episode. `optimizer` (or NULL) receives the optimizer, or NULL when the file holds none. Tensors in F16, BF16 and F64
 * are converted.
 * DNC_BAD_FORMAT for a file that is damaged, truncated or malicious: one with numbers that are not finite, with other
 * tensors, or whose data or metadata has another checksum. The same for an entry of the metadata that begins with
 * "config.", "optimizer." or "data." and that this library does not know; a newer library may have written it. A file
 * without both checksums is read without these checks, a file with converted tensors without that of the data.
 * DNC_BAD_FORMAT too for an instance that would need more than 4 GiB for its state: save it with a smaller batch size. */
dnc_status dnc_load(const char *path, dnc **instance, dnc_optimizer **optimizer);

/* dnc_load of the bytes of such a file. */
dnc_status dnc_checkpoint_decode(const uint8_t *bytes, size_t size, dnc **instance, dnc_optimizer **optimizer);

/* ---------------------------------------------------------------------------------- training -- */

/* With enabled != 0, records the steps that follow, for dnc_backward and dnc_get_trace. With 0, stops recording and drops
 * what is recorded. Keeps the state. Off at first. */
dnc_status dnc_set_training(dnc *instance, int enabled);

/* 1 while steps are recorded, else 0; 0 for NULL. */
int dnc_is_training(const dnc *instance);

/* Back-propagates through all recorded steps, T = dnc_recorded_steps(). output_gradients [T, B, Y] is the gradient of the
 * loss with respect to the outputs. Adds to the parameter gradients. input_gradients [T, B, X] or NULL receives the
 * gradient with respect to the inputs. Afterwards the record is empty and the state is unchanged, so the next steps
 * continue the episode (truncated back-propagation).
 * DNC_INVALID_STATE when nothing is recorded. */
dnc_status dnc_backward(dnc *instance, const float *output_gradients, float *input_gradients);

/* Drops the record and keeps the state. */
dnc_status dnc_detach(dnc *instance);

/* Steps recorded since the last reset, backward or detach; 0 for NULL. */
size_t dnc_recorded_steps(const dnc *instance);

/* -------------------------------------------------------------------------------- parameters -- */

/* All parameters form one block, in this order (l counts from 0, C = X + R*W, and
 * xi = R*W + R + 3*K*W + K + R + 2*K + R*(2*K+1), where the last part is missing without temporal_links, and content_masks
 * add R*W + K*W, link_sharpening 2*R*K; with DNC_MEMORY_NTM, xi = R*W + R + 3*K*W + K + 5*R + 5*K; with DNC_MEMORY_NONE,
 * R*W is 0 and there is no interface and no initial.*):
 *
 *   controller.{l}.weight_ih       [4H, C + (l > 0 ? H : 0)]   LSTM; gates in the order i, f, g, o. RNN: H for 4H.
 *                                                              GRU: 3H for 4H; gates in the order r, z, n
 *   controller.{l}.weight_hh       [4H, H]                     LSTM. RNN: H for 4H. GRU: 3H for 4H
 *   controller.{l}.bias            [4H]                        LSTM. RNN: H for 4H. GRU: 3H for 4H
 *   controller.{l}.bias_hh         [H]                         GRU: of n's U h_{t-1}, which r multiplies
 *   controller.{l}.weight          [H, l > 0 ? H : C]          feedforward
 *   controller.{l}.bias            [H]                         feedforward
 *   controller.{l}.norm_scale      as bias                     with controller_norm only
 *   controller.{l}.cell_norm_scale [H]                         LSTM, with controller_norm only
 *   controller.{l}.cell_norm_bias  [H]                         LSTM, with controller_norm only
 *   interface.weight               [xi, V]                     V = L*H, or H (feedforward)
 *   interface.bias                 [xi]
 *   interface.norm_scale           [xi]                        with interface_norm only
 *   output.weight                  [Y, V + R*W]
 *   output.bias                    [Y]
 *   initial.memory                 [N, W]                      with DNC_INITIAL_LEARNED only
 *   initial.read_vectors           [R, W]                      with DNC_INITIAL_LEARNED only
 *   initial.read_weight_logits     [R, N]                      with DNC_INITIAL_LEARNED only
 *   initial.write_weight_logits    [K, N]                      with DNC_INITIAL_LEARNED and DNC_MEMORY_NTM only
 */

/* Number of floats in the block; 0 for NULL. */
size_t dnc_parameter_count(const dnc *instance);

/* The block, writable. A change takes effect with the next dnc_reset or, in the middle of an episode, with
 * dnc_parameters_changed. NULL for NULL. */
float *dnc_parameters(dnc *instance);
dnc_status dnc_parameters_changed(dnc *instance);

/* The block of the gradients, in the same order, writable. dnc_backward adds to them. NULL for NULL. */
float *dnc_gradients(dnc *instance);
dnc_status dnc_zero_gradients(dnc *instance);

typedef struct dnc_tensor {
    uint32_t struct_size; /* set by the caller: sizeof(dnc_tensor) */
    const char *name;     /* as above; valid until dnc_free */
    float *values;        /* into dnc_parameters() */
    float *gradients;     /* into dnc_gradients() */
    size_t rank;          /* 1 or 2 */
    size_t shape[4];      /* the first `rank` count, the others are 1 */
} dnc_tensor;

/* Describe the same block tensor by tensor: index 0 to dnc_tensor_count() - 1. The count is 0 for NULL. */
size_t dnc_tensor_count(const dnc *instance);
dnc_status dnc_tensor_at(dnc *instance, size_t index, dnc_tensor *tensor);

/* Describes the tensor of a name. DNC_INVALID_ARGUMENT when the instance has none of that name. */
dnc_status dnc_tensor_named(dnc *instance, const char *name, dnc_tensor *tensor);

/* Copy the parameters of `other`, or add its gradients to those of `instance`. Both need the same tensors: names and shapes.
 * Copied parameters take effect as changes of dnc_parameters do. DNC_INVALID_ARGUMENT when `other` is `instance`. */
dnc_status dnc_copy_parameters(dnc *instance, const dnc *other);
dnc_status dnc_add_gradients(dnc *instance, const dnc *other);

/* ------------------------------------------------------------------------------------ losses -- */

typedef enum dnc_loss {
    DNC_LOSS_SIGMOID_CROSS_ENTROPY = 0, /* targets 0 to 1; mean over the kept elements */
    DNC_LOSS_SOFTMAX_CROSS_ENTROPY = 1, /* targets a distribution per row: 0 and above, adding up to 1 within 0.001; mean
                                         * over the kept rows */
    DNC_LOSS_MEAN_SQUARED_ERROR = 2,    /* targets finite; mean over the kept elements */
    DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY = 3 /* several softmaxes side by side. It needs their size: pass
                                                * DNC_LOSS_GROUPED(size), this number is refused */
} dnc_loss;

/* The number to pass for DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY. The loss cuts Y into groups of `size` logits (1 to 65536, a
 * divisor of Y), each with a softmax of its own. The target of a group is a distribution, or all zeros, which leaves the
 * group out. The loss is the sum over the groups, as a mean over the kept rows. */
#define DNC_LOSS_GROUPED(size) ((uint32_t)DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY + 256u * (uint32_t)(size))

/* Computes the loss of logits `outputs` [T, B, Y] (Y = width) against `targets` [T, B, Y] and, unless output_gradients is
 * NULL, its gradient [T, B, Y]. `loss` is a dnc_loss or DNC_LOSS_GROUPED(size); T, B and Y are at least 1.
 * The loss is the weighted mean of the rows, in nats. mask [T, B] holds the weights, finite and >= 0; NULL stands for
 * all 1. A row of weight 0 is not read (its outputs and targets may be NaN), and its gradient
 * is 0. When the weights add up to 0, loss and gradient are 0. Sums are in double precision.
 * DNC_INVALID_ARGUMENT for targets outside the loss's range and for negative weights, DNC_NOT_FINITE for NaN and infinity.
 * dnc_last_error() names step, sequence and output, each from 0. */
dnc_status dnc_loss_evaluate(uint32_t loss, size_t steps, size_t batch, size_t width, const float *outputs,
                             const float *targets, const float *mask, double *value, float *output_gradients);

/* The softmax cross-entropy of logits `outputs` [T, B, Y] against class numbers [T, B], 0 to Y - 1, or -1 for a row that does
 * not count. label_smoothing s, 0 to 1, spreads the target: s/Y for every class, and 1 - s more for the right one.
 * Otherwise, and with s = 0 bit for bit, it is dnc_loss_evaluate with DNC_LOSS_SOFTMAX_CROSS_ENTROPY, such targets written out,
 * and a mask that is 0 where the class is -1. */
dnc_status dnc_loss_evaluate_classes(float label_smoothing, size_t steps, size_t batch, size_t width,
                                     const float *outputs, const int32_t *classes, const float *mask, double *value,
                                     float *output_gradients);

/* -------------------------------------------------------------------------------- optimizers -- */

typedef enum dnc_optimizer_algorithm {
    DNC_OPTIMIZER_SGD = 0,     /* v = momentum*v + g;  p -= learning_rate*v */
    DNC_OPTIMIZER_RMSPROP = 1, /* s = decay*s + (1-decay)*g^2;  m = momentum*m + learning_rate*g/sqrt(s+epsilon);  p -= m */
    DNC_OPTIMIZER_ADAM = 2,    /* Kingma and Ba 2015, with bias correction */
    DNC_OPTIMIZER_ADAMW = 3    /* as Adam, with p -= learning_rate*weight_decay*p before the step */
} dnc_optimizer_algorithm;

typedef struct dnc_optimizer_config {
    uint32_t struct_size;    /* set by dnc_optimizer_config_init */
    uint32_t algorithm;      /* a dnc_optimizer_algorithm; DNC_OPTIMIZER_ADAM */
    float learning_rate;     /* >= 0; 1e-3 */
    float momentum;          /* SGD, RMSProp: 0 to below 1; 0.9 */
    float decay;             /* RMSProp: 0 to below 1; 0.9 */
    float beta1, beta2;      /* Adam, AdamW: 0 to below 1; 0.9, 0.999 */
    float epsilon;           /* > 0; 1e-8 */
    float weight_decay;      /* AdamW: >= 0; 0.01 */
    float max_gradient_norm; /* gradients are scaled to at most this norm; >= 0; 0 (default): no clipping */
} dnc_optimizer_config;

/* Sets the defaults. `size` is sizeof(dnc_optimizer_config): see dnc_config_init. */
dnc_status dnc_optimizer_config_init(dnc_optimizer_config *config, size_t size);

/* Makes an optimizer for the parameters of `instance`, or of any instance with as many parameters. The optimizer owns its
 * moving averages and step count, and keeps no reference to the instance. Free with dnc_optimizer_free. */
dnc_status dnc_optimizer_create(const dnc *instance, const dnc_optimizer_config *config, dnc_optimizer **optimizer);

/* Clips the gradients by their global norm, updates the parameters and zeroes the gradients. gradient_norm
 * (or NULL) receives the norm before clipping, at most FLT_MAX. DNC_NOT_FINITE when a gradient or a parameter is not finite,
 * or an updated parameter would not be. Then nothing changes: no parameter, moving average, gradient or step count;
 * dnc_last_error() names the tensor and the element. Moving averages without new gradients decay to exactly 0. */
dnc_status dnc_optimizer_step(dnc_optimizer *optimizer, dnc *instance, float *gradient_norm);

/* Read and change the settings of a running optimizer, as a learning rate schedule does. The caller sets
 * config->struct_size. The algorithm can't be changed. */
dnc_status dnc_optimizer_get_config(const dnc_optimizer *optimizer, dnc_optimizer_config *config);
dnc_status dnc_optimizer_set_config(dnc_optimizer *optimizer, const dnc_optimizer_config *config);

/* Updates made so far; 0 for NULL. */
uint64_t dnc_optimizer_step_count(const dnc_optimizer *optimizer);

void dnc_optimizer_free(dnc_optimizer *optimizer); /* NULL is fine */

/* --------------------------------------------------------------------------- state and trace -- */

typedef enum dnc_field {
    DNC_FIELD_MEMORY = 0,        /* [B, N, W]    M */
    DNC_FIELD_USAGE = 1,         /* [B, N]       u, 0 to 1 */
    DNC_FIELD_LINK = 2,          /* [B, K, N, N] L; L[i,j]: i was written right after j. DNC_INVALID_ARGUMENT without
                                  *              temporal_links, as for precedence */
    DNC_FIELD_PRECEDENCE = 3,    /* [B, K, N]    p */
    DNC_FIELD_WRITE_WEIGHTS = 4, /* [B, K, N]    w^w */
    DNC_FIELD_READ_WEIGHTS = 5,  /* [B, R, N]    w^r */
    DNC_FIELD_READ_VECTORS = 6,  /* [B, R, W]    r */
    DNC_FIELD_HIDDEN = 7,        /* [L, B, H]    h; of a feedforward controller, the last step's layers */
    DNC_FIELD_CELL = 8           /* [L, B, H]    c, of an LSTM; DNC_INVALID_ARGUMENT for others */
} dnc_field;

/* Copy a field of the present state out or in. count is the field's number of floats, as a check. Usage, links,
 * precedence and weightings must be from 0 to 1. A head's precedence and weightings, and every row and column of its
 * links, must add up to 1 at most, and the diagonal of the links is 0: with more, numbers could grow from step to step.
 * Up to 0.001 beyond, and in sums N * 2^-24 more, is accepted as rounding. With DNC_INITIAL_CONSTANT, weightings may add up
 * to N * initial_value, as they do at the start. Numbers of the memory beyond +-2^119 become +-2^119, as where the network
 * writes and where it starts with a learned memory.
 * dnc_set_state gives DNC_INVALID_STATE while steps are recorded, since their gradients would no longer be right: call
 * dnc_detach first. DNC_INVALID_ARGUMENT for a field that the memory lacks: DNC_MEMORY_NTM has no usage, link and
 * precedence, and with DNC_MEMORY_NONE there are only the last two. `count` must be the numbers of the field's shape. */
dnc_status dnc_get_state(const dnc *instance, uint32_t field, float *values, size_t count);
dnc_status dnc_set_state(dnc *instance, uint32_t field, const float *values, size_t count);

/* Copies the gradient with respect to a field of the state before the first step of the last dnc_backward, for each
 * sequence. Its shape, and count, are those of the field. DNC_INVALID_STATE when dnc_backward has not been called since the
 * instance was created or last changed its sizes, number of threads or limit of the record. */
dnc_status dnc_get_state_gradient(const dnc *instance, uint32_t field, float *values, size_t count);

/* The state of one sequence as a row of floats: its fields in the order of dnc_field, of each what the sequence has, for
 * example memory [N, W], usage [N], and so on to cell [L, H]. A field that the configuration lacks takes no place. Copying a
 * row parks a stream, moves it to another place of a batch or to another instance of the same configuration, or compacts a
 * batch. dnc_state_size writes the number of floats of a row. */
dnc_status dnc_state_size(const dnc *instance, size_t *size);

/* Copy the states of the sequences first to first + count - 1 out or in; rows is [count, size of a state]. What
 * dnc_set_state asks of values and of the record holds here, too. A learned initial state gets gradients from the sequences
 * that were not written. */
dnc_status dnc_get_state_rows(const dnc *instance, size_t first, size_t count, float *rows);
dnc_status dnc_set_state_rows(dnc *instance, size_t first, size_t count, const float *rows);

/* Copies the gradient with respect to the state before the first step of the last dnc_backward, as rows: see
 * dnc_get_state_gradient. */
dnc_status dnc_get_state_gradient_rows(const dnc *instance, size_t first, size_t count, float *rows);

/* Hands in the gradient of a loss with respect to the state after the last recorded step, as rows: for a state that is used
 * after these steps. The next dnc_backward begins with it and forgets it, as more steps, dnc_reset and dnc_detach do; where
 * nothing is handed in, it is 0. DNC_INVALID_STATE when nothing is recorded; DNC_NOT_FINITE for a number that is not
 * finite. */
dnc_status dnc_set_final_state_gradient(dnc *instance, size_t first, size_t count, const float *rows);

typedef enum dnc_trace {
    DNC_TRACE_WRITE_WEIGHTS = 0,    /* [T, B, K, N] */
    DNC_TRACE_READ_WEIGHTS = 1,     /* [T, B, R, N] */
    DNC_TRACE_USAGE = 2,            /* [T, B, N] */
    DNC_TRACE_ALLOCATION_GATES = 3, /* [T, B, K] */
    DNC_TRACE_WRITE_GATES = 4,      /* [T, B, K] */
    DNC_TRACE_FREE_GATES = 5,       /* [T, B, R] */
    DNC_TRACE_READ_MODES = 6,       /* [T, B, R, 2K+1]: backward 1..K, content, forward 1..K. DNC_INVALID_ARGUMENT without
                                     * temporal_links */
    DNC_TRACE_READ_INTERPOLATION_GATES = 7,   /* [T, B, R]: this and the following, of the NTM */
    DNC_TRACE_READ_SHIFTS = 8,                /* [T, B, R, 3]: by -1, 0, +1 */
    DNC_TRACE_READ_SHARPNESS = 9,             /* [T, B, R] */
    DNC_TRACE_WRITE_INTERPOLATION_GATES = 10, /* [T, B, K] */
    DNC_TRACE_WRITE_SHIFTS = 11,              /* [T, B, K, 3]: by -1, 0, +1 */
    DNC_TRACE_WRITE_SHARPNESS = 12,           /* [T, B, K] */
    DNC_TRACE_READ_MASKS = 13,         /* [T, B, R, W]: this and the next, with content_masks only */
    DNC_TRACE_WRITE_MASKS = 14,        /* [T, B, K, W] */
    DNC_TRACE_BACKWARD_SHARPNESS = 15, /* [T, B, R, K]: this and the next, with link_sharpening only */
    DNC_TRACE_FORWARD_SHARPNESS = 16   /* [T, B, R, K] */
} dnc_trace;

/* Copies a field of all recorded steps. count is its number of floats, as a check.
 * DNC_INVALID_STATE when nothing is recorded. DNC_INVALID_ARGUMENT for what the memory lacks: usage, gates and modes are
 * the DNC's, as are masks and the sharpness of links; what is between them is the NTM's. DNC_MEMORY_NONE has no trace. */
dnc_status dnc_get_trace(const dnc *instance, uint32_t field, float *values, size_t count);

/* The same of the last step alone, without its dimension T, whether steps are recorded or not. Usage and weightings are those of
 * the present state; of a sequence that began a new episode since, those in which it begins.
 * DNC_INVALID_STATE when no step has been taken since the last dnc_reset. */
dnc_status dnc_get_last_trace(const dnc *instance, uint32_t field, float *values, size_t count);

/* ------------------------------------------------------------------------------------- tasks -- */

/* Episodes to learn from, each with a loss and scores. The same name, options and seed give the same episodes on every machine.
 *
 *   name                   what the network is asked for
 *   "copy"                 a sequence of random bit vectors, repeated in order
 *   "repeat_copy"          a sequence of random bit vectors, repeated a stated number of times
 *   "associative_recall"   of several blocks of bit vectors, the block that followed the one that is shown again
 *   "key_value"            of several pairs of words, the value of each key; with query=both, also the key of each value
 *   "graph_traversal"      of a graph told edge by edge, the edges along a path that is given by their labels
 *   "shortest_path"        of a graph told edge by edge, a shortest path between two nodes; interactive
 *   "graph_inference"      of a graph told edge by edge, where relations lead whose meaning is never shown
 *   "babi"                 the answers to the bAbI questions; their files are not part of the library
 *   "mini_shrdlu"          moves of blocks on a board that reach one of several goals told before; interactive
 *
 * docs/tasks/copy.md and so on, one page a task, draw an episode and say everything else: channels, options, mask, loss,
 * metrics, what guessing earns, limits. Inputs and targets are 0 or 1 unless the page says otherwise. The mask is 1 where the
 * network must answer, 0 where it may answer what it likes. In an interactive task the next input depends on the network's
 * output, and a teacher makes some of the moves while the network learns.
 */
typedef struct dnc_task dnc_task;

/* The names of the tasks: index 0 and so on; NULL behind the last. */
const char *dnc_task_name(size_t index);

/* An option of a task. In `allowed` and `meaning`, what is written literally is in quotation marks. */
typedef struct dnc_task_option {
    uint32_t struct_size;      /* set by the caller: sizeof(dnc_task_option) */
    uint32_t is_path;          /* 1: names a file or a folder, 0: does not */
    const char *name;          /* as "width" */
    const char *default_value; /* as it would be given, "6"; "" if the option has none */
    const char *meaning;       /* as "bits of a vector" */
    char allowed[128];         /* as "1 to 65534" */
} dnc_task_option;

/* The options of the task of a name: index 0 to dnc_task_option_count() - 1. The count is 0 for NULL, and for a name that is
 * not a task's. */
size_t dnc_task_option_count(const char *name);
dnc_status dnc_task_option_at(const char *name, size_t index, dnc_task_option *option);

/* options: "key=value,key=value" or NULL for the defaults. Of several with the same key the last one counts. A range is
 * "low-high", or one number for both; what is drawn from it is uniform. A file that an option names must be as the task's page
 * says, or the status is DNC_BAD_FORMAT, with the line and what was expected. Free with dnc_task_free. */
dnc_status dnc_task_create(const char *name, const char *options, uint64_t seed, dnc_task **task);

/* X, Y and the dnc_loss of the task; each pointer may be NULL. */
dnc_status dnc_task_sizes(const dnc_task *task, uint32_t *input_size, uint32_t *output_size, uint32_t *loss);

/* Draws the next `batch` episodes (1 to 65536); `steps` is that of the longest. Shorter ones end in zeros with mask 0. */
dnc_status dnc_task_sample(dnc_task *task, size_t batch, size_t *steps);

/* The episodes drawn last: inputs [T, B, X], targets [T, B, Y], mask [T, B]; each may be NULL. Those of an interactive
 * task are as they were played with dnc_task_next; the teacher plays what is left. Like dnc_task_next, dnc_task_loss and
 * dnc_task_score, this function gives DNC_INVALID_STATE when no episodes are drawn. */
dnc_status dnc_task_read(dnc_task *task, float *inputs, float *targets, float *mask);

/* The inputs of the episodes drawn last as dnc_forward_tokens takes them, of a task whose channels are words (see
 * dnc_task_word; else DNC_INVALID_ARGUMENT): tokens [T, B], -1 behind the end of a sequence, and starts [T, B], 1 where an
 * episode begins and else 0; each may be NULL. With the option row_steps of "babi", a sequence is a row of several stories,
 * and the network must begin anew at each start. */
dnc_status dnc_task_read_tokens(dnc_task *task, int32_t *tokens, uint8_t *starts);

/* T and B of the episodes drawn last, both 0 when there are none; each may be NULL. */
dnc_status dnc_task_drawn(const dnc_task *task, size_t *steps, size_t *batch);

/* Batches drawn so far; 0 for NULL. A batch depends on the seed and on its number alone: dnc_task_seek chooses the number
 * of the next one, and drops the episodes drawn last. */
uint64_t dnc_task_position(const dnc_task *task);
dnc_status dnc_task_seek(dnc_task *task, uint64_t position);

/* Not 0 for an interactive task, which must be played step by step, with dnc_task_next. 0 for NULL. */
int dnc_task_is_interactive(const dnc_task *task);

/* Plays one more step of the episodes drawn last. output [B, Y] is the network's answer to the step before, or NULL before the
 * first step; only an interactive task reads it. Writes the input [B, X] of the next step. DNC_INVALID_STATE when all steps have
 * been played. */
dnc_status dnc_task_next(dnc_task *task, const float *output, float *input);

/* The loss of logits outputs [T, B, Y] in the episodes drawn last and, unless output_gradients is NULL, its gradient
 * [T, B, Y]. It equals that of dnc_loss_evaluate with the task's targets and mask, unless the task's page says otherwise. The
 * outputs must be finite in every step, also where the mask is 0. */
dnc_status dnc_task_loss(dnc_task *task, const float *outputs, double *value, float *output_gradients);

/* The things that a task counts: index 0 to dnc_task_metric_count() - 1. The first is its score. The count is 0 for NULL. */
typedef struct dnc_metric {
    uint32_t struct_size;    /* set by the caller: sizeof(dnc_metric) */
    uint32_t is_error;       /* 1: the lower the better, 0: the higher */
    const char *name;        /* as "sequences_right"; valid until dnc_task_free */
} dnc_metric;

size_t dnc_task_metric_count(const dnc_task *task);
dnc_status dnc_task_metric_at(const dnc_task *task, size_t index, dnc_metric *metric);

/* A metric is sum / count; who guesses at random gets chance / count. */
typedef struct dnc_score {
    double sum, count, chance;
} dnc_score;

/* Adds the scores of the outputs [T, B, Y] in the episodes drawn last to scores [dnc_task_metric_count()], which the caller
 * sets to 0 at first. */
dnc_status dnc_task_score(dnc_task *task, const float *outputs, dnc_score *scores);

/* Turns evaluating on (enabled != 0) or off; it is off at first. While it is on, episodes come from the present lesson alone,
 * no teacher replaces the network's moves, and bAbI's words have no echoes. Drops the episodes drawn last. */
dnc_status dnc_task_set_evaluating(dnc_task *task, int enabled);

/* 1 while evaluating, else 0; 0 for NULL. */
int dnc_task_is_evaluating(const dnc_task *task);

/* A curriculum: lessons of one task, from a text file. docs/tasks.md describes the format; curricula/ holds the paper's. A
 * file that is not as it should be gives DNC_BAD_FORMAT, with the line and what was expected. Free with dnc_task_free. */
dnc_status dnc_task_load(const char *path, uint64_t seed, dnc_task **task);

typedef struct dnc_lesson {
    uint32_t struct_size;    /* set by the caller: sizeof(dnc_lesson) */
    uint32_t metric;         /* the metric that ends the lesson */
    const char *options;     /* of the task; valid until dnc_task_free */
    double pass_score;       /* the lesson ends when the metric is at least this (at most, if it is an error); NaN: never */
    double rehearsal;        /* share of episodes that are drawn from the lessons before, 0 to 1 */
    uint64_t test_every;     /* batches between two tests */
    uint64_t test_episodes;  /* episodes of a test */
} dnc_lesson;

/* Lessons count from 0; the first is present at first. dnc_task_create makes one lesson that does not end. The count and the
 * present lesson, dnc_task_lesson, are 0 for NULL. dnc_task_set_lesson drops the episodes drawn last. */
size_t dnc_task_lesson_count(const dnc_task *task);
dnc_status dnc_task_lesson_at(const dnc_task *task, size_t index, dnc_lesson *lesson);
dnc_status dnc_task_set_lesson(dnc_task *task, size_t index);
size_t dnc_task_lesson(const dnc_task *task);

/* How many episodes the present lesson has; 0 where they are drawn at random, without end. Batches that go through all of
 * them begin again after the last; a last batch that is not full has episodes of 0 steps, which earn nothing. */
dnc_status dnc_task_episode_count(const dnc_task *task, uint64_t *count);

/* The word of a channel of input and output, 0 to X - 1, in the present lesson; valid until dnc_task_free.
 * DNC_INVALID_ARGUMENT for a task whose channels are not words. */
dnc_status dnc_task_word(const dnc_task *task, size_t channel, const char **word);

void dnc_task_free(dnc_task *task); /* NULL is fine */

/* ---------------------------------------------------------------------------------- pictures -- */

/* Every picture has two functions. *_write makes a PNG file (see Files, at the top). *_encode returns the bytes of that file
 * in *png and *size; the caller frees them with dnc_buffer_free. A picture has at most 2^28 pixels, and 1000000 on a side. */

typedef enum dnc_colormap {
    DNC_COLORMAP_VIRIDIS = 0,
    DNC_COLORMAP_MAGMA = 1,
    DNC_COLORMAP_GREY = 2,     /* black is the minimum */
    DNC_COLORMAP_DIVERGING = 3 /* for signed values: blue, light, red; the automatic range is symmetric about 0 */
} dnc_colormap;

typedef enum dnc_theme { DNC_THEME_LIGHT = 0, DNC_THEME_DARK = 1 } dnc_theme;

/* The panels of an episode. */
typedef enum dnc_panel {
    DNC_PANEL_PHASES = 1,     /* where an answer is wanted; needs the mask */
    DNC_PANEL_INPUT = 2,
    DNC_PANEL_TARGET = 4,
    DNC_PANEL_PREDICTION = 8, /* the outputs as predictions: see dnc_image_options.loss */
    DNC_PANEL_LOGITS = 16,    /* the outputs */
    DNC_PANEL_ERROR = 32,     /* |prediction - target|, 0 where no answer is wanted */
    DNC_PANEL_WRITES = 64,    /* for each write head, the weighting, the write gate, the allocation gate and the mask; of the
                               * NTM the weighting, the interpolation gate, the three shifts and the sharpness, here as in
                               * reads. Of all panels there are those of what the memory has */
    DNC_PANEL_READS = 128,    /* for each read head, the weighting, the stacked read modes, the sharpness of the links, the
                               * mask and the free gate */
    DNC_PANEL_ORIGINS = 256,  /* for each answered step and read head, a line for the slot that is read most: from the step
                               * that last wrote it, above, to the step that reads it, below */
    DNC_PANEL_USAGE = 512,
    DNC_PANEL_ALL = 1023
} dnc_panel;

enum {                            /* flags */
    DNC_IMAGE_BARE = 1,           /* heatmap: only the cells, without title, labels, ticks and colour bar */
    DNC_IMAGE_SORT_SLOTS = 2,     /* episode, state, film: slots in the order in which they are first written */
    DNC_IMAGE_NUMBERED_FILES = 4, /* film: a file for each frame */
    DNC_IMAGE_OVER_TIME = 8,      /* training: over seconds instead of updates */
    DNC_IMAGE_USED_SLOTS = 16     /* state, film: without the slots that were never used */
};

/* For dnc_state_image_write: the present state. */
#define DNC_STEP_NOW SIZE_MAX

typedef struct dnc_image_options {
    uint32_t struct_size;     /* set by dnc_image_options_init */
    uint32_t colormap;        /* a dnc_colormap; DNC_COLORMAP_VIRIDIS */
    uint32_t cell_pixels;     /* side of a cell, 1 to 256; 0 (default): the number of cells decides */
    uint32_t flags;           /* DNC_IMAGE_...; 0 */
    float minimum, maximum;   /* the values at the colormap's ends; NaN (default): the values decide */
    const char *title;        /* or NULL (default); UTF-8: ASCII, Greek, mathematical signs; other characters become '?' */
    const char *row_label;    /* or NULL (default); along the vertical axis */
    const char *column_label; /* or NULL (default); along the horizontal axis */
    const float *mask;        /* episode: [T, B] or NULL (default); above 0 where an answer is wanted, else 0 */
    uint32_t theme;           /* a dnc_theme; DNC_THEME_LIGHT */
    uint32_t pixel_scale;     /* enlarges the picture by a whole factor, 1 to 8; 0 (default) is 1 */
    uint32_t panels;          /* episode: a sum of dnc_panels; 0 (default): all */
    uint32_t loss;            /* episode: the dnc_loss that turns outputs into predictions; DNC_LOSS_SIGMOID_CROSS_ENTROPY.
                               * Cross-entropies give the probabilities of a sigmoid or softmax,
                               * DNC_LOSS_MEAN_SQUARED_ERROR the outputs themselves */
    const char *metric;       /* training: the score to draw; NULL (default): the first of the log */
    uint32_t width, height;   /* training: pixels of each panel, 64 to 8192; 0 (default): 720 and 240 */
} dnc_image_options;

/* Sets the defaults. `size` is sizeof(dnc_image_options): see dnc_config_init. */
dnc_status dnc_image_options_init(dnc_image_options *options, size_t size);

void dnc_buffer_free(void *buffer); /* NULL is fine */

/* A heatmap of values [rows, columns], row 0 on top; options or NULL for the defaults. Values outside the range, and
 * infinities, take the colour of the nearer end. NaN is drawn as a crossed cell. */
dnc_status dnc_image_write(const char *path, size_t rows, size_t columns, const float *values,
                           const dnc_image_options *options);
dnc_status dnc_image_encode(size_t rows, size_t columns, const float *values, const dnc_image_options *options,
                            uint8_t **png, size_t *size);

/* An episode of one sequence of the batch, as a labelled figure. It stacks the panels above that have something to draw;
 * time runs from left to right along one axis. Each of inputs [T, B, X], targets [T, B, Y] and outputs [T, B, Y] may be
 * NULL, which leaves its panels out, but not all three. The memory's panels are drawn when exactly `steps` steps are
 * recorded and there is a memory; then lines also mark where episodes begin within the steps. batch_index is below B.
 * Without room for all, several steps or slots share a cell, which shows the greatest.
 * options or NULL. Used: title, cell_pixels, colormap (for all panels but the logits, which are diverging), mask, loss,
 * theme, pixel_scale, panels and DNC_IMAGE_SORT_SLOTS. */
dnc_status dnc_episode_image_write(const char *path, dnc *instance, size_t batch_index, size_t steps,
                                   const float *inputs, const float *targets, const float *outputs,
                                   const dnc_image_options *options);
dnc_status dnc_episode_image_encode(dnc *instance, size_t batch_index, size_t steps, const float *inputs,
                                    const float *targets, const float *outputs, const dnc_image_options *options,
                                    uint8_t **png, size_t *size);

/* The memory of one sequence of the batch after a step. Each slot has a row with its memory, usage, precedence and
 * weightings. Beside the rows, each write head has its link matrix with the strongest path. The path begins at the slot
 * with the greatest precedence. It goes on to the slot written before, the greatest in this one's row of links, as long as
 * that link is 0.1 or more. Without temporal_links there are no links, paths and precedence.
 * DNC_INVALID_ARGUMENT with DNC_MEMORY_NONE.
 * step is below dnc_recorded_steps(); memory and links of that step are computed again. Or it is DNC_STEP_NOW, for the
 * present state, recorded or not. Without room for all, several slots share a cell, which shows the greatest.
 * options or NULL. Used: title, cell_pixels, colormap (for weightings and links; the memory is diverging), minimum and
 * maximum (of the memory), theme, pixel_scale, and two flags:
 * - DNC_IMAGE_SORT_SLOTS: when nothing is recorded, it sorts the slots along the strongest path of the first write head;
 *   without temporal_links, it then sorts nothing;
 * - DNC_IMAGE_USED_SLOTS leaves out the slots that were never used, and the picture says how many. A slot is used if its
 *   usage, its precedence or one of its weightings is 0.1 or more in the state before the record or after any recorded step
 *   (when nothing is recorded: in the present state), or if it is at an end of a link of 0.1 or more in the picture. If no
 *   slot is used, all are shown. */
dnc_status dnc_state_image_write(const char *path, const dnc *instance, size_t batch_index, size_t step,
                                 const dnc_image_options *options);
dnc_status dnc_state_image_encode(const dnc *instance, size_t batch_index, size_t step,
                                  const dnc_image_options *options, uint8_t **png, size_t *size);

/* The same for `steps` recorded steps from first_step on (first_step + steps <= dnc_recorded_steps()), as an animated PNG.
 * It repeats for ever and shows each step for delay_milliseconds, 1 to 65535. Viewers without animation show the first
 * frame. All frames have one range of colours and the same slots: with DNC_IMAGE_USED_SLOTS, links in any of them count. The
 * options are those of dnc_state_image_write. dnc_film_write also takes DNC_IMAGE_NUMBERED_FILES, which makes a file for each
 * step: film-0000.png has the step in four digits or more before the path's ending. All files are written before the first is
 * renamed into its place. */
dnc_status dnc_film_write(const char *path, const dnc *instance, size_t batch_index, size_t first_step, size_t steps,
                          uint32_t delay_milliseconds, const dnc_image_options *options);
dnc_status dnc_film_encode(const dnc *instance, size_t batch_index, size_t first_step, size_t steps,
                           uint32_t delay_milliseconds, const dnc_image_options *options, uint8_t **png, size_t *size);

/* The course of 1 to 256 trainings, from the logs that `python -m dnc train` writes, one JSON object a line:
 * - the loss of the "train" lines, on a logarithmic axis: pale as it is, and strong as a moving mean over a fortieth of all
 *   lines to each side, within a lesson;
 * - one score of the "test" lines. If the first run's falls to less than a tenth, its axis is logarithmic, with 0 at the
 *   lower end;
 * - the number of each "lesson", from 1, at its beginning: in up to three rows, while there is room.
 * names are those of the runs in the legend, or NULL for the paths of the logs. Runs of one name share a colour and an entry,
 * which has the mean of their last scores. An unfinished last line is skipped; any other line that is no JSON gives
 * DNC_BAD_FORMAT. A log may have 256 MiB.
 * options or NULL. Used: title, theme, pixel_scale, metric, width, height and DNC_IMAGE_OVER_TIME. */
dnc_status dnc_training_image_write(const char *path, size_t runs, const char *const *logs, const char *const *names,
                                    const dnc_image_options *options);
dnc_status dnc_training_image_encode(size_t runs, const char *const *logs, const char *const *names,
                                     const dnc_image_options *options, uint8_t **png, size_t *size);

/* The scores of a trained network with other memory sizes and episode lengths than it learned with, as in Extended Data
 * Figure 2 of the paper. scores [rows, columns] are from 0 to 1, usually the share of episodes that are right, and are drawn
 * in percent; NaN, a crossed cell, means not measured. slots [rows] and lengths [columns] are the numbers along the axes, the
 * least slots below; both ascend, at most 256 of each.
 * options or NULL. Used: title, colormap, cell_pixels, row_label and column_label (NULL: "memory slots" and "length"), theme
 * and pixel_scale. */
dnc_status dnc_capacity_image_write(const char *path, size_t rows, size_t columns, const float *scores,
                                    const uint32_t *slots, const uint32_t *lengths, const dnc_image_options *options);
dnc_status dnc_capacity_image_encode(size_t rows, size_t columns, const float *scores, const uint32_t *slots,
                                     const uint32_t *lengths, const dnc_image_options *options, uint8_t **png,
                                     size_t *size);

#ifdef DNC_NO_SHORT_NAME
#undef dnc
#endif

#ifdef __cplusplus
}
#endif

#endif /* DNC_H */
