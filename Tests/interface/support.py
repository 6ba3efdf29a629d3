"""The C interface with NumPy arrays, as thin as the tests can bear: nothing here knows more than the header."""

import ctypes
import os
from ctypes import POINTER, byref, c_double, c_float, c_size_t, c_uint8, c_uint32, c_void_p, cast, pointer, sizeof
from pathlib import Path

import numpy as np
from dnc import _c as c

CHECKOUT = Path(__file__).resolve().parents[2]
HEADER = CHECKOUT / "include" / "dnc.h"
GOLDEN = CHECKOUT / "Tests" / "golden"
LIBRARY = Path(os.environ["DNC_LIBRARY"]).resolve()

FIELDS = {
    "memory": c.DNC_FIELD_MEMORY,
    "usage": c.DNC_FIELD_USAGE,
    "link": c.DNC_FIELD_LINK,
    "precedence": c.DNC_FIELD_PRECEDENCE,
    "write_weights": c.DNC_FIELD_WRITE_WEIGHTS,
    "read_weights": c.DNC_FIELD_READ_WEIGHTS,
    "read_vectors": c.DNC_FIELD_READ_VECTORS,
    "hidden": c.DNC_FIELD_HIDDEN,
    "cell": c.DNC_FIELD_CELL,
}
TRACES = {
    "write_weights": c.DNC_TRACE_WRITE_WEIGHTS,
    "read_weights": c.DNC_TRACE_READ_WEIGHTS,
    "usage": c.DNC_TRACE_USAGE,
    "allocation_gates": c.DNC_TRACE_ALLOCATION_GATES,
    "write_gates": c.DNC_TRACE_WRITE_GATES,
    "free_gates": c.DNC_TRACE_FREE_GATES,
    "read_modes": c.DNC_TRACE_READ_MODES,
    "read_interpolation_gates": c.DNC_TRACE_READ_INTERPOLATION_GATES,
    "read_shifts": c.DNC_TRACE_READ_SHIFTS,
    "read_sharpness": c.DNC_TRACE_READ_SHARPNESS,
    "write_interpolation_gates": c.DNC_TRACE_WRITE_INTERPOLATION_GATES,
    "write_shifts": c.DNC_TRACE_WRITE_SHIFTS,
    "write_sharpness": c.DNC_TRACE_WRITE_SHARPNESS,
    "read_masks": c.DNC_TRACE_READ_MASKS,
    "write_masks": c.DNC_TRACE_WRITE_MASKS,
    "backward_sharpness": c.DNC_TRACE_BACKWARD_SHARPNESS,
    "forward_sharpness": c.DNC_TRACE_FORWARD_SHARPNESS,
}
OF_THE_NTM = {f"{head}_{part}" for head in ("read", "write") for part in ("interpolation_gates", "shifts", "sharpness")}
# What only a setting of the DNC's memory gives.
OF_SETTINGS = {
    "temporal_links": {"read_modes"},
    "content_masks": {"read_masks", "write_masks"},
    "link_sharpening": {"backward_sharpness", "forward_sharpness"},
}
MEMORIES = {"dnc": 0, "ntm": 1, "none": 2}
LOSSES = {
    "sigmoid_cross_entropy": c.DNC_LOSS_SIGMOID_CROSS_ENTROPY,
    "softmax_cross_entropy": c.DNC_LOSS_SOFTMAX_CROSS_ENTROPY,
    "mean_squared_error": c.DNC_LOSS_MEAN_SQUARED_ERROR,
}
ALGORITHMS = {
    "sgd": c.DNC_OPTIMIZER_SGD,
    "rmsprop": c.DNC_OPTIMIZER_RMSPROP,
    "adam": c.DNC_OPTIMIZER_ADAM,
    "adamw": c.DNC_OPTIMIZER_ADAMW,
}


class Refused(Exception):
    """A status other than DNC_OK."""

    def __init__(self, status, message):
        super().__init__(f"status {status}: {message}")
        self.status = status
        self.message = message


def last_error():
    return c.dnc_last_error().decode("utf-8", "replace")


def check(status):
    if status != c.DNC_OK:
        raise Refused(status, last_error())


def floats(array):
    """An array as `float *`; None as NULL. The caller keeps the array alive."""
    if array is None:
        return None
    assert array.dtype == np.float32 and array.flags.c_contiguous
    return array.ctypes.data_as(POINTER(c_float))


def int32s(values, *shape):
    """An `int32_t *` to a copy."""
    values = np.ascontiguousarray(values, np.int32)
    assert values.shape == shape
    return values.ctypes.data_as(POINTER(ctypes.c_int32))


def f32(values):
    return np.ascontiguousarray(values, dtype=np.float32)


def config(**fields):
    result = c.dnc_config()
    check(c.dnc_config_init(byref(result), sizeof(result)))
    return with_fields(result, fields)


def optimizer_config(**fields):
    result = c.dnc_optimizer_config()
    check(c.dnc_optimizer_config_init(byref(result), sizeof(result)))
    return with_fields(result, fields)


def image_options(**fields):
    result = c.dnc_image_options()
    check(c.dnc_image_options_init(byref(result), sizeof(result)))
    return with_fields(result, fields)


def with_fields(struct, fields):
    names = {name for name, *_ in struct._fields_}
    for name, value in fields.items():
        assert name in names, name
        setattr(struct, name, value)
    return struct


SMALL = dict(
    input_size=3, output_size=2, hidden_size=5, memory_slots=6, word_size=4, read_heads=2, batch_size=2, seed=7
)


class Net:
    """One instance. Net() is a small one; Net(handle=h) takes over a handle."""

    def __init__(self, handle=None, **fields):
        if handle is None:
            handle = POINTER(c.dnc)()
            check(c.dnc_create(byref(config(**{**SMALL, **fields})), byref(handle)))
        self.handle = handle

    def __del__(self):
        if getattr(self, "handle", None):
            c.dnc_free(self.handle)
            self.handle = None

    def clone(self, sharing=c.DNC_CLONE_COPY):
        copy = POINTER(c.dnc)()
        check(c.dnc_clone(self.handle, sharing, byref(copy)))
        return Net(copy)

    @property
    def config(self):
        result = c.dnc_config(struct_size=sizeof(c.dnc_config))
        check(c.dnc_get_config(self.handle, byref(result)))
        return result

    def progress(self, function):
        """function(done, total) returns whether to cancel; None: nobody is told."""
        self.told = c.dnc_progress(lambda context, done, total: int(bool(function(done, total)))) if function else None
        check(c.dnc_set_progress(self.handle, self.told or c.dnc_progress(), None))
        return self

    def dropout(self, rate, seed=0):
        check(c.dnc_set_bypass_dropout(self.handle, rate, seed))
        return self

    def train(self, enabled=True):
        check(c.dnc_set_training(self.handle, int(enabled)))
        return self

    def reset(self):
        check(c.dnc_reset(self.handle))
        return self

    def detach(self):
        check(c.dnc_detach(self.handle))

    def step(self, given):
        output = np.empty((self.config.batch_size, self.config.output_size), np.float32)
        check(c.dnc_step(self.handle, floats(f32(given)), floats(output)))
        return output

    def forward(self, inputs):
        inputs = f32(inputs)
        size = self.config
        assert inputs.shape[1:] == (size.batch_size, size.input_size)
        outputs = np.empty((len(inputs), size.batch_size, size.output_size), np.float32)
        self.forward_into(inputs, outputs)
        return outputs

    def forward_into(self, inputs, outputs):
        check(c.dnc_forward(self.handle, len(inputs), floats(inputs), floats(outputs)))

    def forward_packed(self, inputs, starts):
        outputs = np.empty((len(inputs), self.config.batch_size, self.config.output_size), np.float32)
        flags = np.ascontiguousarray(starts, np.uint8)
        assert flags.shape == outputs.shape[:2]
        flags = flags.ctypes.data_as(POINTER(ctypes.c_uint8))
        check(c.dnc_forward_packed(self.handle, len(inputs), floats(f32(inputs)), flags, floats(outputs)))
        return outputs

    def step_tokens(self, tokens):
        output = np.empty((self.config.batch_size, self.config.output_size), np.float32)
        check(c.dnc_step_tokens(self.handle, int32s(tokens, len(output)), floats(output)))
        return output

    def forward_tokens(self, tokens, starts=None):
        outputs = np.empty((len(tokens), self.config.batch_size, self.config.output_size), np.float32)
        flags = None if starts is None else np.ascontiguousarray(starts, np.uint8)
        marks = None if flags is None else flags.ctypes.data_as(POINTER(ctypes.c_uint8))
        given = int32s(tokens, *outputs.shape[:2])
        check(c.dnc_forward_tokens(self.handle, len(tokens), given, marks, floats(outputs)))
        return outputs

    def reset_sequences(self, which):
        flags = np.ascontiguousarray(which, np.uint8).ctypes.data_as(POINTER(ctypes.c_uint8))
        check(c.dnc_reset_sequences(self.handle, flags))

    def backward(self, output_gradients):
        size = self.config
        assert output_gradients.shape == (self.recorded, size.batch_size, size.output_size)
        result = np.empty((self.recorded, size.batch_size, size.input_size), np.float32)
        self.backward_into(f32(output_gradients), result)
        return result

    def backward_into(self, output_gradients, input_gradients):
        check(c.dnc_backward(self.handle, floats(output_gradients), floats(input_gradients)))

    @property
    def recorded(self):
        return c.dnc_recorded_steps(self.handle)

    def view(self, pointer, shape):
        """What the instance owns, as an array that keeps the instance alive."""
        memory = (c_float * int(np.prod(shape))).from_address(cast(pointer, c_void_p).value)
        memory.owner = self
        return np.frombuffer(memory, np.float32).reshape(shape)

    @property
    def parameters(self):
        """A view into the instance."""
        return self.view(c.dnc_parameters(self.handle), (c.dnc_parameter_count(self.handle),))

    @property
    def gradients(self):
        """A view into the instance."""
        return self.view(c.dnc_gradients(self.handle), (c.dnc_parameter_count(self.handle),))

    def zero_gradients(self):
        check(c.dnc_zero_gradients(self.handle))

    def tensors(self):
        """name: (values, gradients), views into the instance."""
        result = {}
        for index in range(c.dnc_tensor_count(self.handle)):
            tensor = c.dnc_tensor(struct_size=sizeof(c.dnc_tensor))
            check(c.dnc_tensor_at(self.handle, index, byref(tensor)))
            shape = tuple(tensor.shape[: tensor.rank])
            assert list(tensor.shape[tensor.rank :]) == [1] * (4 - tensor.rank)
            result[tensor.name.decode()] = (
                self.view(tensor.values, shape),
                self.view(tensor.gradients, shape),
            )
        return result

    def shape(self, field):
        s = self.config
        b, n, w, k, r = s.batch_size, s.memory_slots, s.word_size, s.write_heads, s.read_heads
        return {
            "memory": (b, n, w),
            "usage": (b, n),
            "link": (b, k, n, n),
            "precedence": (b, k, n),
            "write_weights": (b, k, n),
            "read_weights": (b, r, n),
            "read_vectors": (b, r, w),
            "hidden": (s.num_layers, b, s.hidden_size),
            "cell": (s.num_layers, b, s.hidden_size),
        }[field]

    @property
    def fields(self):
        """The pieces of the state that a network of this configuration has."""
        s = self.config
        lacking = set()
        if s.controller != c.DNC_CONTROLLER_LSTM:
            lacking |= {"cell"}
        if s.memory != MEMORIES["dnc"]:
            lacking |= {"usage"}
        if s.memory != MEMORIES["dnc"] or not s.temporal_links:
            lacking |= {"link", "precedence"}
        if s.memory == MEMORIES["none"]:
            lacking |= {"memory", "write_weights", "read_weights", "read_vectors"}
        return [name for name in FIELDS if name not in lacking]

    @property
    def traces(self):
        """Those that a network of this configuration has."""
        if self.config.memory == MEMORIES["none"]:
            return []
        weightings = {"write_weights", "read_weights"}
        if self.config.memory == MEMORIES["ntm"]:
            return [name for name in TRACES if name in weightings | OF_THE_NTM]
        lacking = set(OF_THE_NTM)
        for setting, names in OF_SETTINGS.items():
            if not getattr(self.config, setting):
                lacking |= names
        return [name for name in TRACES if name not in lacking]

    def state(self, field):
        values = np.full(self.shape(field), np.nan, np.float32)
        check(c.dnc_get_state(self.handle, FIELDS[field], floats(values), values.size))
        return values

    def set_state(self, field, values):
        values = f32(values)
        assert values.shape == self.shape(field)
        check(c.dnc_set_state(self.handle, FIELDS[field], floats(values), values.size))

    def states(self):
        return {field: self.state(field) for field in self.fields}

    def state_gradient(self, field):
        values = np.full(self.shape(field), np.nan, np.float32)
        check(c.dnc_get_state_gradient(self.handle, FIELDS[field], floats(values), values.size))
        return values

    @property
    def state_size(self):
        size = c_size_t()
        check(c.dnc_state_size(self.handle, byref(size)))
        return size.value

    def state_rows(self, first=0, count=None):
        count = self.config.batch_size - first if count is None else count
        rows = np.full((count, self.state_size), np.nan, np.float32)
        check(c.dnc_get_state_rows(self.handle, first, count, floats(rows)))
        return rows

    def set_state_rows(self, rows, first=0):
        check(c.dnc_set_state_rows(self.handle, first, len(rows), floats(f32(rows))))

    def state_gradient_rows(self):
        rows = np.full((self.config.batch_size, self.state_size), np.nan, np.float32)
        check(c.dnc_get_state_gradient_rows(self.handle, 0, len(rows), floats(rows)))
        return rows

    def set_final_state_gradient(self, rows, first=0):
        check(c.dnc_set_final_state_gradient(self.handle, first, len(rows), floats(f32(rows))))

    def trace_shape(self, name):
        """Of one step of one sequence."""
        s = self.config
        n, w, k, r = s.memory_slots, s.word_size, s.write_heads, s.read_heads
        return {
            "write_weights": (k, n),
            "read_weights": (r, n),
            "usage": (n,),
            "allocation_gates": (k,),
            "write_gates": (k,),
            "free_gates": (r,),
            "read_modes": (r, 2 * k + 1),
            "read_interpolation_gates": (r,),
            "read_shifts": (r, 3),
            "read_sharpness": (r,),
            "write_interpolation_gates": (k,),
            "write_shifts": (k, 3),
            "write_sharpness": (k,),
            "read_masks": (r, w),
            "write_masks": (k, w),
            "backward_sharpness": (r, k),
            "forward_sharpness": (r, k),
        }[name]

    def trace(self, name):
        shape = (self.recorded, self.config.batch_size, *self.trace_shape(name))
        values = np.full(shape, np.nan, np.float32)
        check(c.dnc_get_trace(self.handle, TRACES[name], floats(values), values.size))
        return values

    def inputs(self, steps, seed=0):
        """Random inputs that fit."""
        size = self.config
        return f32(np.random.default_rng(seed).standard_normal((steps, size.batch_size, size.input_size)))

    def output_gradients(self, steps, seed=1):
        size = self.config
        return f32(np.random.default_rng(seed).standard_normal((steps, size.batch_size, size.output_size)))

    def last_trace(self, name):
        values = np.full((self.config.batch_size, *self.trace_shape(name)), np.nan, np.float32)
        check(c.dnc_get_last_trace(self.handle, TRACES[name], floats(values), values.size))
        return values

    def save(self, path, optimizer=None):
        check(c.dnc_save(self.handle, optimizer.handle if optimizer else None, os.fsencode(path)))


class Optimizer:
    def __init__(self, net=None, handle=None, **fields):
        if handle is None:
            handle = POINTER(c.dnc_optimizer)()
            check(c.dnc_optimizer_create(net.handle, byref(optimizer_config(**fields)), byref(handle)))
        self.handle = handle

    def __del__(self):
        if getattr(self, "handle", None):
            c.dnc_optimizer_free(self.handle)
            self.handle = None

    def step(self, net):
        norm = c_float(-1)
        check(c.dnc_optimizer_step(self.handle, net.handle, byref(norm)))
        return norm.value

    @property
    def config(self):
        result = c.dnc_optimizer_config(struct_size=sizeof(c.dnc_optimizer_config))
        check(c.dnc_optimizer_get_config(self.handle, byref(result)))
        return result

    @property
    def steps(self):
        return c.dnc_optimizer_step_count(self.handle)


def encoded(net, optimizer=None, flags=0):
    """A checkpoint's bytes."""
    start, size = POINTER(c_uint8)(), c_size_t()
    check(c.dnc_checkpoint_encode(net.handle, optimizer and optimizer.handle, flags, byref(start), byref(size)))
    try:
        return ctypes.string_at(start, size.value)
    finally:
        c.dnc_buffer_free(start)


def decoded(blob):
    """(Net, Optimizer or None)"""
    net, optimizer = POINTER(c.dnc)(), POINTER(c.dnc_optimizer)()
    data = (c_uint8 * max(len(blob), 1)).from_buffer_copy(blob or b"\0")
    check(c.dnc_checkpoint_decode(data, len(blob), byref(net), byref(optimizer)))
    return Net(net), Optimizer(handle=optimizer) if optimizer else None


def load(path):
    """(Net, Optimizer or None)"""
    net, optimizer = POINTER(c.dnc)(), POINTER(c.dnc_optimizer)()
    check(c.dnc_load(os.fsencode(path), byref(net), byref(optimizer)))
    return Net(net), Optimizer(handle=optimizer) if optimizer else None


class Task:
    def __init__(self, name="copy", options=None, seed=0):
        self.handle = POINTER(c.dnc_task)()
        check(c.dnc_task_create(name.encode(), options and options.encode(), seed, byref(self.handle)))

    def __del__(self):
        if getattr(self, "handle", None):
            c.dnc_task_free(self.handle)
            self.handle = None

    @property
    def sizes(self):
        """X, Y, loss"""
        sizes = (c_uint32 * 3)()
        x, y, loss = (cast(ctypes.addressof(sizes) + 4 * i, POINTER(c_uint32)) for i in range(3))
        check(c.dnc_task_sizes(self.handle, x, y, loss))
        return tuple(sizes)

    def sample(self, batch):
        """inputs [T, B, X], targets [T, B, Y], mask [T, B]"""
        steps = c_size_t()
        check(c.dnc_task_sample(self.handle, batch, byref(steps)))
        self.drawn = steps.value, batch
        return self.read()

    def read(self):
        """The episodes drawn last."""
        x, y, _ = self.sizes
        result = [np.full((*self.drawn, *rest), np.nan, np.float32) for rest in ((x,), (y,), ())]
        check(c.dnc_task_read(self.handle, *map(floats, result)))
        return result


def loss(kind, outputs, targets, mask=None):
    """(value, gradient); kind is a name or a dnc_loss."""
    outputs, targets = f32(outputs), f32(targets)
    value, gradient = c_double(np.nan), np.full_like(outputs, np.nan)
    mask = None if mask is None else f32(mask)
    check(
        c.dnc_loss_evaluate(
            LOSSES.get(kind, kind),
            *outputs.shape,
            floats(outputs),
            floats(targets),
            floats(mask),
            byref(value),
            floats(gradient),
        )
    )
    return value.value, gradient


def encode(values, options=None):
    """The bytes of a PNG."""
    values = f32(values)
    png, size = POINTER(ctypes.c_uint8)(), c_size_t()
    given = pointer(options) if options is not None else None
    check(c.dnc_image_encode(*values.shape, floats(values), given, byref(png), byref(size)))
    try:
        return ctypes.string_at(png, size.value)
    finally:
        c.dnc_buffer_free(png)


def assert_equal(a, b, what=""):
    """Bit for bit."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    assert a.shape == b.shape and a.dtype == b.dtype, what
    assert a.tobytes() == b.tobytes(), f"{what}: differ by up to {np.nanmax(np.abs(a - b))}"


def assert_close(actual, expected, tolerance, what=""):
    """max |a - b| / max |b| over the tensor, as the golden files measure."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, what
    assert np.isfinite(actual).all(), f"{what}: not finite"
    scale = np.abs(expected).max(initial=0)
    error = np.abs(actual - expected).max(initial=0)
    assert error <= tolerance * scale, f"{what}: error {error:.2g} of {scale:.2g}"
