"""include/dnc.h in ctypes: every constant, struct and function under its own name, in the header's order.

Nothing is added; the header is the manual. `Tests/python/test_mirror.py` compares the two.
"""

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int32,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

from ._library import function as _function

_floats = POINTER(c_float)

DNC_VERSION_MAJOR = 0
DNC_VERSION_MINOR = 1
DNC_VERSION_PATCH = 0
DNC_VERSION_STRING = "0.1.0"

# ---------------------------------------------------------------------------------------- status --

dnc_status = c_int
DNC_OK = 0
DNC_INVALID_ARGUMENT = 1
DNC_OUT_OF_MEMORY = 2
DNC_INVALID_STATE = 3
DNC_IO_ERROR = 4
DNC_BAD_FORMAT = 5
DNC_NOT_FINITE = 6
DNC_CANCELLED = 7
DNC_INTERNAL = 8

dnc_version = _function("dnc_version", c_char_p)
dnc_build_info = _function("dnc_build_info", c_char_p)
dnc_status_string = _function("dnc_status_string", c_char_p, dnc_status)
dnc_last_error = _function("dnc_last_error", c_char_p)
dnc_self_test = _function("dnc_self_test", dnc_status)

# --------------------------------------------------------------------------------- configuration --

dnc_controller = c_int
DNC_CONTROLLER_LSTM = 0
DNC_CONTROLLER_FEEDFORWARD = 1
DNC_CONTROLLER_GRU = 2
DNC_CONTROLLER_RNN = 3

dnc_activation = c_int
DNC_ACTIVATION_TANH = 0
DNC_ACTIVATION_RELU = 1

dnc_memory = c_int
DNC_MEMORY_DNC = 0
DNC_MEMORY_NTM = 1
DNC_MEMORY_NONE = 2

dnc_usage_gradient = c_int
DNC_USAGE_GRADIENT_FULL = 0
DNC_USAGE_GRADIENT_STOPPED = 1

dnc_initial_state = c_int
DNC_INITIAL_ZEROS = 0
DNC_INITIAL_CONSTANT = 1
DNC_INITIAL_LEARNED = 2


class dnc_config(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("input_size", c_uint32),
        ("output_size", c_uint32),
        ("controller", c_uint32),
        ("activation", c_uint32),
        ("hidden_size", c_uint32),
        ("num_layers", c_uint32),
        ("memory_slots", c_uint32),
        ("word_size", c_uint32),
        ("read_heads", c_uint32),
        ("write_heads", c_uint32),
        ("batch_size", c_uint32),
        ("usage_gradient", c_uint32),
        ("initial_state", c_uint32),
        ("initial_value", c_float),
        ("clip_value", c_float),
        ("num_threads", c_uint32),
        ("seed", c_uint64),
        ("max_record_bytes", c_uint64),
        ("check_finite", c_uint32),
        ("reserved", c_uint32),
        ("input_scale", c_float),
        ("interface_scale", c_float),
        ("memory", c_uint32),
        ("temporal_links", c_uint32),
        ("content_masks", c_uint32),
        ("mask_minimum", c_float),
        ("deallocation", c_uint32),
        ("link_sharpening", c_uint32),
        ("controller_norm", c_uint32),
        ("interface_norm", c_uint32),
    ]


dnc_config_init = _function("dnc_config_init", dnc_status, POINTER(dnc_config), c_size_t)
dnc_estimate_bytes = _function(
    "dnc_estimate_bytes", dnc_status, POINTER(dnc_config), c_size_t, c_int, POINTER(c_size_t)
)

# ------------------------------------------------------------------------------------- instances --


class dnc(Structure):
    """Opaque."""


dnc_create = _function("dnc_create", dnc_status, POINTER(dnc_config), POINTER(POINTER(dnc)))

DNC_CLONE_COPY = 0
DNC_CLONE_SHARE_PARAMETERS = 1

dnc_clone = _function("dnc_clone", dnc_status, POINTER(dnc), c_uint32, POINTER(POINTER(dnc)))
dnc_free = _function("dnc_free", None, POINTER(dnc))
dnc_get_config = _function("dnc_get_config", dnc_status, POINTER(dnc), POINTER(dnc_config))
dnc_set_batch_size = _function("dnc_set_batch_size", dnc_status, POINTER(dnc), c_uint32)
dnc_set_memory_slots = _function("dnc_set_memory_slots", dnc_status, POINTER(dnc), c_uint32)
dnc_set_num_threads = _function("dnc_set_num_threads", dnc_status, POINTER(dnc), c_uint32)
dnc_set_check_finite = _function("dnc_set_check_finite", dnc_status, POINTER(dnc), c_uint32)
dnc_set_max_record_bytes = _function("dnc_set_max_record_bytes", dnc_status, POINTER(dnc), c_uint64)

# --------------------------------------------------------------------------------------- running --

dnc_reset = _function("dnc_reset", dnc_status, POINTER(dnc))
dnc_step = _function("dnc_step", dnc_status, POINTER(dnc), _floats, _floats)
dnc_forward = _function("dnc_forward", dnc_status, POINTER(dnc), c_size_t, _floats, _floats)
dnc_forward_packed = _function(
    "dnc_forward_packed", dnc_status, POINTER(dnc), c_size_t, _floats, POINTER(c_uint8), _floats
)
dnc_step_tokens = _function("dnc_step_tokens", dnc_status, POINTER(dnc), POINTER(c_int32), _floats)
dnc_forward_tokens = _function(
    "dnc_forward_tokens", dnc_status, POINTER(dnc), c_size_t, POINTER(c_int32), POINTER(c_uint8), _floats
)
dnc_reset_sequences = _function("dnc_reset_sequences", dnc_status, POINTER(dnc), POINTER(c_uint8))

dnc_progress = CFUNCTYPE(c_int, c_void_p, c_size_t, c_size_t)

dnc_set_progress = _function("dnc_set_progress", dnc_status, POINTER(dnc), dnc_progress, c_void_p)
dnc_set_bypass_dropout = _function("dnc_set_bypass_dropout", dnc_status, POINTER(dnc), c_float, c_uint64)

# ----------------------------------------------------------------------------------- checkpoints --


class dnc_optimizer(Structure):
    """Opaque."""


dnc_save = _function("dnc_save", dnc_status, POINTER(dnc), POINTER(dnc_optimizer), c_char_p)

DNC_CHECKPOINT_STATE = 1

dnc_checkpoint_write = _function(
    "dnc_checkpoint_write", dnc_status, c_char_p, POINTER(dnc), POINTER(dnc_optimizer), c_uint32
)
dnc_checkpoint_encode = _function(
    "dnc_checkpoint_encode", dnc_status, POINTER(dnc), POINTER(dnc_optimizer), c_uint32, POINTER(POINTER(c_uint8)),
    POINTER(c_size_t),
)  # fmt: skip
dnc_load = _function("dnc_load", dnc_status, c_char_p, POINTER(POINTER(dnc)), POINTER(POINTER(dnc_optimizer)))
dnc_checkpoint_decode = _function(
    "dnc_checkpoint_decode", dnc_status, POINTER(c_uint8), c_size_t, POINTER(POINTER(dnc)),
    POINTER(POINTER(dnc_optimizer)),
)  # fmt: skip

# -------------------------------------------------------------------------------------- training --

dnc_set_training = _function("dnc_set_training", dnc_status, POINTER(dnc), c_int)
dnc_is_training = _function("dnc_is_training", c_int, POINTER(dnc))
dnc_backward = _function("dnc_backward", dnc_status, POINTER(dnc), _floats, _floats)
dnc_detach = _function("dnc_detach", dnc_status, POINTER(dnc))
dnc_recorded_steps = _function("dnc_recorded_steps", c_size_t, POINTER(dnc))

# ------------------------------------------------------------------------------------ parameters --

dnc_parameter_count = _function("dnc_parameter_count", c_size_t, POINTER(dnc))
dnc_parameters = _function("dnc_parameters", _floats, POINTER(dnc))
dnc_parameters_changed = _function("dnc_parameters_changed", dnc_status, POINTER(dnc))
dnc_gradients = _function("dnc_gradients", _floats, POINTER(dnc))
dnc_zero_gradients = _function("dnc_zero_gradients", dnc_status, POINTER(dnc))


class dnc_tensor(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("name", c_char_p),
        ("values", _floats),
        ("gradients", _floats),
        ("rank", c_size_t),
        ("shape", c_size_t * 4),
    ]


dnc_tensor_count = _function("dnc_tensor_count", c_size_t, POINTER(dnc))
dnc_tensor_at = _function("dnc_tensor_at", dnc_status, POINTER(dnc), c_size_t, POINTER(dnc_tensor))
dnc_tensor_named = _function("dnc_tensor_named", dnc_status, POINTER(dnc), c_char_p, POINTER(dnc_tensor))
dnc_copy_parameters = _function("dnc_copy_parameters", dnc_status, POINTER(dnc), POINTER(dnc))
dnc_add_gradients = _function("dnc_add_gradients", dnc_status, POINTER(dnc), POINTER(dnc))

# ---------------------------------------------------------------------------------------- losses --

dnc_loss = c_int
DNC_LOSS_SIGMOID_CROSS_ENTROPY = 0
DNC_LOSS_SOFTMAX_CROSS_ENTROPY = 1
DNC_LOSS_MEAN_SQUARED_ERROR = 2
DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY = 3

dnc_loss_evaluate = _function(
    "dnc_loss_evaluate", dnc_status, c_uint32, c_size_t, c_size_t, c_size_t, _floats, _floats, _floats,
    POINTER(c_double), _floats,
)  # fmt: skip
dnc_loss_evaluate_classes = _function(
    "dnc_loss_evaluate_classes", dnc_status, c_float, c_size_t, c_size_t, c_size_t, _floats, POINTER(c_int32), _floats,
    POINTER(c_double), _floats,
)  # fmt: skip

# ------------------------------------------------------------------------------------ optimizers --

dnc_optimizer_algorithm = c_int
DNC_OPTIMIZER_SGD = 0
DNC_OPTIMIZER_RMSPROP = 1
DNC_OPTIMIZER_ADAM = 2
DNC_OPTIMIZER_ADAMW = 3


class dnc_optimizer_config(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("algorithm", c_uint32),
        ("learning_rate", c_float),
        ("momentum", c_float),
        ("decay", c_float),
        ("beta1", c_float),
        ("beta2", c_float),
        ("epsilon", c_float),
        ("weight_decay", c_float),
        ("max_gradient_norm", c_float),
    ]


dnc_optimizer_config_init = _function("dnc_optimizer_config_init", dnc_status, POINTER(dnc_optimizer_config), c_size_t)
dnc_optimizer_create = _function(
    "dnc_optimizer_create", dnc_status, POINTER(dnc), POINTER(dnc_optimizer_config),
    POINTER(POINTER(dnc_optimizer)),
)  # fmt: skip
dnc_optimizer_step = _function("dnc_optimizer_step", dnc_status, POINTER(dnc_optimizer), POINTER(dnc), _floats)
dnc_optimizer_get_config = _function(
    "dnc_optimizer_get_config", dnc_status, POINTER(dnc_optimizer), POINTER(dnc_optimizer_config)
)
dnc_optimizer_set_config = _function(
    "dnc_optimizer_set_config", dnc_status, POINTER(dnc_optimizer), POINTER(dnc_optimizer_config)
)
dnc_optimizer_step_count = _function("dnc_optimizer_step_count", c_uint64, POINTER(dnc_optimizer))
dnc_optimizer_free = _function("dnc_optimizer_free", None, POINTER(dnc_optimizer))

# ------------------------------------------------------------------------------- state and trace --

dnc_field = c_int
DNC_FIELD_MEMORY = 0
DNC_FIELD_USAGE = 1
DNC_FIELD_LINK = 2
DNC_FIELD_PRECEDENCE = 3
DNC_FIELD_WRITE_WEIGHTS = 4
DNC_FIELD_READ_WEIGHTS = 5
DNC_FIELD_READ_VECTORS = 6
DNC_FIELD_HIDDEN = 7
DNC_FIELD_CELL = 8

dnc_get_state = _function("dnc_get_state", dnc_status, POINTER(dnc), c_uint32, _floats, c_size_t)
dnc_set_state = _function("dnc_set_state", dnc_status, POINTER(dnc), c_uint32, _floats, c_size_t)
dnc_get_state_gradient = _function("dnc_get_state_gradient", dnc_status, POINTER(dnc), c_uint32, _floats, c_size_t)

dnc_state_size = _function("dnc_state_size", dnc_status, POINTER(dnc), POINTER(c_size_t))
dnc_get_state_rows = _function("dnc_get_state_rows", dnc_status, POINTER(dnc), c_size_t, c_size_t, _floats)
dnc_set_state_rows = _function("dnc_set_state_rows", dnc_status, POINTER(dnc), c_size_t, c_size_t, _floats)
dnc_get_state_gradient_rows = _function(
    "dnc_get_state_gradient_rows", dnc_status, POINTER(dnc), c_size_t, c_size_t, _floats
)
dnc_set_final_state_gradient = _function(
    "dnc_set_final_state_gradient", dnc_status, POINTER(dnc), c_size_t, c_size_t, _floats
)

dnc_trace = c_int
DNC_TRACE_WRITE_WEIGHTS = 0
DNC_TRACE_READ_WEIGHTS = 1
DNC_TRACE_USAGE = 2
DNC_TRACE_ALLOCATION_GATES = 3
DNC_TRACE_WRITE_GATES = 4
DNC_TRACE_FREE_GATES = 5
DNC_TRACE_READ_MODES = 6
DNC_TRACE_READ_INTERPOLATION_GATES = 7
DNC_TRACE_READ_SHIFTS = 8
DNC_TRACE_READ_SHARPNESS = 9
DNC_TRACE_WRITE_INTERPOLATION_GATES = 10
DNC_TRACE_WRITE_SHIFTS = 11
DNC_TRACE_WRITE_SHARPNESS = 12
DNC_TRACE_READ_MASKS = 13
DNC_TRACE_WRITE_MASKS = 14
DNC_TRACE_BACKWARD_SHARPNESS = 15
DNC_TRACE_FORWARD_SHARPNESS = 16

dnc_get_trace = _function("dnc_get_trace", dnc_status, POINTER(dnc), c_uint32, _floats, c_size_t)
dnc_get_last_trace = _function("dnc_get_last_trace", dnc_status, POINTER(dnc), c_uint32, _floats, c_size_t)

# ----------------------------------------------------------------------------------------- tasks --


class dnc_task(Structure):
    """Opaque."""


dnc_task_name = _function("dnc_task_name", c_char_p, c_size_t)


class dnc_task_option(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("is_path", c_uint32),
        ("name", c_char_p),
        ("default_value", c_char_p),
        ("meaning", c_char_p),
        ("allowed", c_char * 128),
    ]


dnc_task_option_count = _function("dnc_task_option_count", c_size_t, c_char_p)
dnc_task_option_at = _function("dnc_task_option_at", dnc_status, c_char_p, c_size_t, POINTER(dnc_task_option))
dnc_task_create = _function("dnc_task_create", dnc_status, c_char_p, c_char_p, c_uint64, POINTER(POINTER(dnc_task)))
dnc_task_sizes = _function(
    "dnc_task_sizes", dnc_status, POINTER(dnc_task), POINTER(c_uint32), POINTER(c_uint32), POINTER(c_uint32)
)
dnc_task_sample = _function("dnc_task_sample", dnc_status, POINTER(dnc_task), c_size_t, POINTER(c_size_t))
dnc_task_read = _function("dnc_task_read", dnc_status, POINTER(dnc_task), _floats, _floats, _floats)
dnc_task_read_tokens = _function(
    "dnc_task_read_tokens", dnc_status, POINTER(dnc_task), POINTER(c_int32), POINTER(c_uint8)
)
dnc_task_drawn = _function("dnc_task_drawn", dnc_status, POINTER(dnc_task), POINTER(c_size_t), POINTER(c_size_t))
dnc_task_position = _function("dnc_task_position", c_uint64, POINTER(dnc_task))
dnc_task_seek = _function("dnc_task_seek", dnc_status, POINTER(dnc_task), c_uint64)
dnc_task_is_interactive = _function("dnc_task_is_interactive", c_int, POINTER(dnc_task))
dnc_task_next = _function("dnc_task_next", dnc_status, POINTER(dnc_task), _floats, _floats)
dnc_task_loss = _function("dnc_task_loss", dnc_status, POINTER(dnc_task), _floats, POINTER(c_double), _floats)


class dnc_metric(Structure):
    _fields_ = [("struct_size", c_uint32), ("is_error", c_uint32), ("name", c_char_p)]


dnc_task_metric_count = _function("dnc_task_metric_count", c_size_t, POINTER(dnc_task))
dnc_task_metric_at = _function("dnc_task_metric_at", dnc_status, POINTER(dnc_task), c_size_t, POINTER(dnc_metric))


class dnc_score(Structure):
    _fields_ = [("sum", c_double), ("count", c_double), ("chance", c_double)]


dnc_task_score = _function("dnc_task_score", dnc_status, POINTER(dnc_task), _floats, POINTER(dnc_score))
dnc_task_set_evaluating = _function("dnc_task_set_evaluating", dnc_status, POINTER(dnc_task), c_int)
dnc_task_is_evaluating = _function("dnc_task_is_evaluating", c_int, POINTER(dnc_task))
dnc_task_load = _function("dnc_task_load", dnc_status, c_char_p, c_uint64, POINTER(POINTER(dnc_task)))


class dnc_lesson(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("metric", c_uint32),
        ("options", c_char_p),
        ("pass_score", c_double),
        ("rehearsal", c_double),
        ("test_every", c_uint64),
        ("test_episodes", c_uint64),
    ]


dnc_task_lesson_count = _function("dnc_task_lesson_count", c_size_t, POINTER(dnc_task))
dnc_task_lesson_at = _function("dnc_task_lesson_at", dnc_status, POINTER(dnc_task), c_size_t, POINTER(dnc_lesson))
dnc_task_set_lesson = _function("dnc_task_set_lesson", dnc_status, POINTER(dnc_task), c_size_t)
dnc_task_lesson = _function("dnc_task_lesson", c_size_t, POINTER(dnc_task))
dnc_task_episode_count = _function("dnc_task_episode_count", dnc_status, POINTER(dnc_task), POINTER(c_uint64))
dnc_task_word = _function("dnc_task_word", dnc_status, POINTER(dnc_task), c_size_t, POINTER(c_char_p))
dnc_task_free = _function("dnc_task_free", None, POINTER(dnc_task))

# -------------------------------------------------------------------------------------- pictures --

dnc_colormap = c_int
DNC_COLORMAP_VIRIDIS = 0
DNC_COLORMAP_MAGMA = 1
DNC_COLORMAP_GREY = 2
DNC_COLORMAP_DIVERGING = 3

dnc_theme = c_int
DNC_THEME_LIGHT = 0
DNC_THEME_DARK = 1

dnc_panel = c_int
DNC_PANEL_PHASES = 1
DNC_PANEL_INPUT = 2
DNC_PANEL_TARGET = 4
DNC_PANEL_PREDICTION = 8
DNC_PANEL_LOGITS = 16
DNC_PANEL_ERROR = 32
DNC_PANEL_WRITES = 64
DNC_PANEL_READS = 128
DNC_PANEL_ORIGINS = 256
DNC_PANEL_USAGE = 512
DNC_PANEL_ALL = 1023

DNC_IMAGE_BARE = 1
DNC_IMAGE_SORT_SLOTS = 2
DNC_IMAGE_NUMBERED_FILES = 4
DNC_IMAGE_OVER_TIME = 8
DNC_IMAGE_USED_SLOTS = 16

DNC_STEP_NOW = c_size_t(-1).value


class dnc_image_options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("colormap", c_uint32),
        ("cell_pixels", c_uint32),
        ("flags", c_uint32),
        ("minimum", c_float),
        ("maximum", c_float),
        ("title", c_char_p),
        ("row_label", c_char_p),
        ("column_label", c_char_p),
        ("mask", _floats),
        ("theme", c_uint32),
        ("pixel_scale", c_uint32),
        ("panels", c_uint32),
        ("loss", c_uint32),
        ("metric", c_char_p),
        ("width", c_uint32),
        ("height", c_uint32),
    ]


_options = POINTER(dnc_image_options)
_png = POINTER(POINTER(c_uint8))
_size = POINTER(c_size_t)

dnc_image_options_init = _function("dnc_image_options_init", dnc_status, _options, c_size_t)
dnc_buffer_free = _function("dnc_buffer_free", None, c_void_p)
dnc_image_write = _function("dnc_image_write", dnc_status, c_char_p, c_size_t, c_size_t, _floats, _options)
dnc_image_encode = _function("dnc_image_encode", dnc_status, c_size_t, c_size_t, _floats, _options, _png, _size)
dnc_episode_image_write = _function(
    "dnc_episode_image_write", dnc_status, c_char_p, POINTER(dnc), c_size_t, c_size_t, _floats, _floats,
    _floats, _options,
)  # fmt: skip
dnc_episode_image_encode = _function(
    "dnc_episode_image_encode", dnc_status, POINTER(dnc), c_size_t, c_size_t, _floats, _floats, _floats,
    _options, _png, _size,
)  # fmt: skip
dnc_state_image_write = _function(
    "dnc_state_image_write", dnc_status, c_char_p, POINTER(dnc), c_size_t, c_size_t, _options
)
dnc_state_image_encode = _function(
    "dnc_state_image_encode", dnc_status, POINTER(dnc), c_size_t, c_size_t, _options, _png, _size
)
dnc_film_write = _function(
    "dnc_film_write", dnc_status, c_char_p, POINTER(dnc), c_size_t, c_size_t, c_size_t, c_uint32, _options
)
dnc_film_encode = _function(
    "dnc_film_encode", dnc_status, POINTER(dnc), c_size_t, c_size_t, c_size_t, c_uint32, _options, _png, _size
)
dnc_training_image_write = _function(
    "dnc_training_image_write", dnc_status, c_char_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p), _options
)
dnc_training_image_encode = _function(
    "dnc_training_image_encode", dnc_status, c_size_t, POINTER(c_char_p), POINTER(c_char_p), _options, _png, _size
)
dnc_capacity_image_write = _function(
    "dnc_capacity_image_write", dnc_status, c_char_p, c_size_t, c_size_t, _floats, POINTER(c_uint32),
    POINTER(c_uint32), _options,
)  # fmt: skip
dnc_capacity_image_encode = _function(
    "dnc_capacity_image_encode", dnc_status, c_size_t, c_size_t, _floats, POINTER(c_uint32), POINTER(c_uint32),
    _options, _png, _size,
)  # fmt: skip
