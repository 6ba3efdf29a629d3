"""Bad arguments, systematically: every function of the header with every argument wrong in every way a caller can get
it wrong. Each call must come back with the right status and a sentence that names the argument, must not touch the
results, and must leave everything as it was: afterwards the instance, the optimizer and the task go on exactly as
untouched twins do."""

import os
import re
import resource
from ctypes import (
    POINTER,
    addressof,
    byref,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int32,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    memset,
    pointer,
    sizeof,
)
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
import pytest
from support import (
    CHECKOUT,
    FIELDS,
    HEADER,
    OF_SETTINGS,
    TRACES,
    Net,
    Optimizer,
    Refused,
    Task,
    assert_equal,
    c,
    check,
    config,
    encode,
    encoded,
    f32,
    floats,
    image_options,
    last_error,
    optimizer_config,
)  # fmt: skip

INVALID, STATE, NOT_FINITE, IO = c.DNC_INVALID_ARGUMENT, c.DNC_INVALID_STATE, c.DNC_NOT_FINITE, c.DNC_IO_ERROR
MEMORY, FORMAT = c.DNC_OUT_OF_MEMORY, c.DNC_BAD_FORMAT
# Of what belongs to the process; not while steps are recorded.
SETTERS = ("dnc_set_num_threads", "dnc_set_max_record_bytes")
U32, SIZE = 2**32 - 1, 2**64 - 1
NULL = None
# Which must not find recorded steps of rows.
OF_TOKENS = ("dnc_step_tokens", "dnc_forward_tokens")
NOT_NUMBERS = (np.nan, np.inf, -np.inf)

pytestmark = pytest.mark.any_level


class World:
    """One of everything, each with a twin that nobody mistreats."""

    def __init__(self, folder):
        self.path = os.fsencode(folder / "file")
        self.net, self.twin = self.network(), self.network()
        self.recorded = self.net.recorded
        self.optimizer, self.optimizer_twin = Optimizer(self.net), Optimizer(self.twin)
        self.task, self.task_twin = Task(seed=3), Task(seed=3)
        for task in (self.task, self.task_twin):
            task.sample(2)
        self.answers = np.zeros_like(self.task.read()[1])
        self.next_input, self.answer_gradients = np.full((2, 8), 7, np.float32), np.full_like(self.answers, 7)
        self.scores = (c.dnc_score * 2)((77, 77, 77), (77, 77, 77))
        self.inputs, self.input_gradients = self.net.inputs(3), np.full((3, 2, 3), 7, np.float32)
        self.outputs, self.output_gradients = np.full((3, 2, 2), 7, np.float32), self.net.output_gradients(3)
        self.targets, self.mask = np.abs(np.sign(self.output_gradients)), np.ones((3, 2), np.float32)
        self.state, self.state_result = np.zeros((2, 6), np.float32), np.full((2, 6), 7, np.float32)
        self.other, self.classes = Net(seed=5), np.array([[0, 1], [-1, 0], [1, 1]], np.int32)
        self.tokens = np.array([[0, 1], [-1, 2], [2, 2]], np.int32)
        self.encoded = (c_uint8 * len(blob := encoded(self.net, self.optimizer, c.DNC_CHECKPOINT_STATE)))(*blob)
        self.rows, self.rows_result = self.net.state_rows(), np.full_like(self.net.state_rows(), 7)
        self.starts = (c_uint8 * 6)(0, 1, 0, 0, 1, 0)
        self.trace_result = np.full((3, 2, 6), 7, np.float32)
        self.pixels = f32(np.arange(12).reshape(3, 4))
        # Results of other types, with values that a function would not leave by chance.
        self.size, self.loss, self.norm = c_size_t(77), c_double(77), c_float(77)
        self.episodes, self.word = c_uint64(77), c_char_p(77)
        self.handles = {kind: POINTER(kind)() for kind in (c.dnc, c.dnc_optimizer, c.dnc_task)}
        self.png = POINTER(c_uint8)()
        self.structs = {
            kind: kind(struct_size=sizeof(kind)) for kind in (c.dnc_config, c.dnc_optimizer_config, c.dnc_image_options)
        }
        self.tensor = c.dnc_tensor(struct_size=sizeof(c.dnc_tensor))
        self.metric = c.dnc_metric(struct_size=sizeof(c.dnc_metric))
        self.lesson = c.dnc_lesson(struct_size=sizeof(c.dnc_lesson))
        self.option = c.dnc_task_option(struct_size=sizeof(c.dnc_task_option))
        for struct in (*self.structs.values(), self.tensor, self.metric, self.lesson, self.option):
            memset(addressof(struct) + 4, 0x5A, sizeof(struct) - 4)
        self.before = self.results()

    @staticmethod
    def network():
        net = Net().train()
        net.forward(net.inputs(4, seed=8))
        net.backward(net.output_gradients(4, seed=9))
        net.forward(net.inputs(3))
        return net

    def results(self):
        """Everything a call could write to."""
        arrays = (self.input_gradients, self.outputs, self.state_result, self.rows_result, self.trace_result)
        arrays += (self.next_input, self.answer_gradients)
        plain = (self.size, self.loss, self.norm, *self.handles.values(), self.png, *self.structs.values(), self.tensor)
        plain += (self.scores, self.metric, self.lesson, self.option, self.episodes, self.word)
        return [array.tobytes() for array in arrays] + [bytes(value) for value in plain]

    def assert_unchanged(self):
        assert self.results() == self.before, "a failed call touched its results"
        net, twin = self.net, self.twin
        assert bytes(net.config) == bytes(twin.config)
        assert net.recorded == twin.recorded == self.recorded
        assert_equal(net.parameters, twin.parameters)
        assert_equal(net.gradients, twin.gradients)
        for field in FIELDS:
            assert_equal(net.state(field), twin.state(field), field)
            assert_equal(net.state_gradient(field), twin.state_gradient(field), field)
        for name in net.traces if self.recorded else ():
            assert_equal(net.trace(name), twin.trace(name), name)
        given = net.inputs(1, seed=11)[0]
        assert_equal(net.step(given), twin.step(given), "the next step")
        gradients = net.output_gradients(self.recorded + 1)
        assert_equal(net.backward(gradients), twin.backward(gradients), "backward")
        assert bytes(self.optimizer.config) == bytes(self.optimizer_twin.config)
        assert self.optimizer.steps == self.optimizer_twin.steps == 0
        self.optimizer.step(net)
        self.optimizer_twin.step(twin)
        assert_equal(net.parameters, twin.parameters, "the next update")
        for a, b in zip(self.task.read() + self.task.sample(2), self.task_twin.read() + self.task_twin.sample(2)):
            assert_equal(a, b, "the present and the next episodes")


def spoiled(array, value, at=-1):
    copy = array.copy()
    copy.flat[at] = value
    return copy


def not_tokens(make):
    return [
        (f"{number} at {at}", lambda w, n=number, at=at: spoiled(make(w), n, at), INVALID)
        for number in (3, -2, 2**31 - 1, -(2**31))
        for at in (0, -1)
    ]


def not_finite(name):
    """The array of that name with one NaN or infinity, first or last."""
    return [
        (f"{value} {where}", lambda w, v=value, i=at: spoiled(getattr(w, name), v, i), NOT_FINITE)
        for value in NOT_NUMBERS
        for where, at in (("first", 0), ("last", -1))
    ]


def each(values, status=INVALID):
    return [(repr(value), lambda w, v=value: v, status) for value in values]


null = [("NULL", lambda w: NULL, INVALID)]


def struct_argument(make, defaults, table):
    """Bad values for the fields of a struct: `table` is {field: values}. The message must name the field."""
    cases = list(null)
    for field, values in table.items():
        for value in values:
            cases.append((f"{field}={value!r}", lambda w, f=field, v=value: make(**{**defaults, f: v}), INVALID, field))
    return cases


def wrong_sizes(kind):
    """Bad values for struct_size, the caller's, in a struct that the call fills in."""
    return [
        (f"struct_size={s}", lambda w, s=s: kind(struct_size=s), INVALID, "struct_size")
        for s in (0, 1, 3, sizeof(kind) + 1, U32)
    ]


def beyond(limit, zero=True):
    return ([0] if zero else []) + [limit + 1, U32]


CONFIG = {
    "struct_size": [0, 1, 3, 4, 8, 11, sizeof(c.dnc_config) + 1, U32],
    "input_size": beyond(65536),
    "output_size": beyond(65536),
    "controller": beyond(3, zero=False),
    "activation": beyond(1, zero=False),
    "hidden_size": beyond(65536),
    "num_layers": beyond(64),
    "memory_slots": beyond(65536),
    "word_size": beyond(65536),
    "read_heads": beyond(256),
    "write_heads": beyond(64),
    "batch_size": beyond(65536),
    "usage_gradient": beyond(1, zero=False),
    "initial_state": beyond(2, zero=False),
    "initial_value": [*NOT_NUMBERS, -0.001, 1.001],
    "clip_value": [*NOT_NUMBERS, -0.001],
    "num_threads": beyond(1024, zero=False),
    "check_finite": beyond(1, zero=False),
    "reserved": beyond(0, zero=False),
    "input_scale": [*NOT_NUMBERS, -1e-9, 1000.1],
    "interface_scale": [*NOT_NUMBERS, -1e-9, 1000.1],
    "memory": beyond(2, zero=False),
    "temporal_links": beyond(1, zero=False),
    "content_masks": beyond(1, zero=False),
    "mask_minimum": [*NOT_NUMBERS, -1e-9, 1],
    "deallocation": beyond(1, zero=False),
    "link_sharpening": beyond(1, zero=False),
    "controller_norm": beyond(1, zero=False),
    "interface_norm": beyond(1, zero=False),
}
CONFIG_CASES = struct_argument(config, dict(input_size=3, output_size=2), CONFIG)
OPTIMIZER = {
    "struct_size": [0, 1, 3, sizeof(c.dnc_optimizer_config) + 1, U32],
    "algorithm": beyond(3, zero=False),
    "learning_rate": [*NOT_NUMBERS, -1e-9],
    "momentum": [*NOT_NUMBERS, -1e-9, 1],
    "decay": [*NOT_NUMBERS, -1e-9, 1],
    "beta1": [*NOT_NUMBERS, -1e-9, 1],
    "beta2": [*NOT_NUMBERS, -1e-9, 1],
    "epsilon": [*NOT_NUMBERS, -1e-9, 0],
    "weight_decay": [*NOT_NUMBERS, -1e-9],
    "max_gradient_norm": [*NOT_NUMBERS, -1e-9],
}
OPTIMIZER_CASES = struct_argument(optimizer_config, {}, OPTIMIZER)
IMAGE = {
    "struct_size": [0, 1, 3, sizeof(c.dnc_image_options) + 1, U32],
    "colormap": beyond(3, zero=False),
    "cell_pixels": beyond(256, zero=False),
    "flags": [32, 33, U32],
    "theme": beyond(1, zero=False),
    "pixel_scale": beyond(8, zero=False),
    "panels": beyond(1023, zero=False),
    "loss": [4, 255, 3, 257, U32],
    "width": [1, 63, 8193, U32],
    "height": [1, 63, 8193, U32],
    "minimum": [np.inf, -np.inf],
    "maximum": [np.inf, -np.inf],
}
EPISODE_CASES = struct_argument(image_options, {}, IMAGE)[1:]  # NULL is fine
IMAGE_CASES = [case for case in EPISODE_CASES if not case[0].startswith("loss")]
NUMBERED = ("numbered", lambda w: image_options(flags=c.DNC_IMAGE_NUMBERED_FILES), INVALID)
FIELD_VALUES = each([9, 255, 2**31, U32])
COUNTS = each([0, 11, 13, 48, 2**62, SIZE])
OTHERS = [
    ("itself", lambda w: w.net.handle, INVALID),
    ("of another size", lambda w: keep(w, Net(hidden_size=6)).handle, INVALID),
    ("without links", lambda w: keep(w, Net(temporal_links=0)).handle, INVALID),
    ("with norms", lambda w: keep(w, Net(controller_norm=1)).handle, INVALID),
]
FIRSTS = each([3, 2**32, SIZE])
ROW_COUNTS = each([3, 2**32, SIZE])
SHAPES = each([0, 2**60, 2**61, 2**63, SIZE - 1, SIZE])  # the product of all three overflows


def pipe(world):
    """The path of a pipe that nobody opens at its other end."""
    folder = keep(world, TemporaryDirectory())
    os.mkfifo(f"{folder.name}/pipe")
    return os.fsencode(f"{folder.name}/pipe")


BAD_PATHS = [
    ("NULL", lambda w: NULL, INVALID),
    ("empty", lambda w: b"", IO),
    ("missing folder", lambda w: w.path + b"/missing/file", IO),
    ("a folder", lambda w: os.path.dirname(w.path), IO),
    ("too long", lambda w: b"x" * 10000, IO),
    ("a pipe", pipe, IO),
]


def damaged(world):
    """The checkpoint with another last number."""
    copy = (c_uint8 * len(world.encoded))(*world.encoded)
    copy[len(copy) - 2] ^= 16
    return copy


def handle(name):
    return lambda w: getattr(w, name).handle


def buffer(name):
    return lambda w: getattr(w, name)


def reference(name):
    return lambda w: byref(getattr(w, name))


def constant(value):
    return lambda w: value


QUESTION_WORDS = 6  # those of `questions`, with "-", "." and "?"


def drawn(task):
    task.sample(2)
    return task


def questions():
    """A task whose channels are words."""
    with TemporaryDirectory() as folder:
        for name in ("qa1_train.txt", "qa1_test.txt"):
            (Path(folder) / name).write_text("1 Ann left.\n2 Who left?\tAnn\t1\n")
        return Task("babi", f"folder={folder},tasks=1,split=all_train")


def new(kind):
    return lambda w: byref(w.handles[kind])


def struct(kind):
    return lambda w: byref(w.structs[kind])


LOG = os.fsencode(CHECKOUT / "models" / "copy.jsonl")
TRAINING = [
    ("runs", constant(1), each([0, 257, 2**32, 2**63, SIZE])),
    (
        "logs",
        lambda w: (c_char_p * 1)(LOG),
        [
            *null,
            ("NULL inside", lambda w: (c_char_p * 1)(None), INVALID),
            *[(what, lambda w, make=make: (c_char_p * 1)(make(w)), status) for what, make, status in BAD_PATHS[1:]],
        ],
    ),
    ("names", lambda w: (c_char_p * 1)(b"name"), [("NULL inside", lambda w: (c_char_p * 1)(None), INVALID)]),
    ("options", lambda w: image_options(metric=b"bit_error"), IMAGE_CASES + struct_argument(
        image_options, {}, {"metric": [b"", b"bit", b"bit_errors"]})[1:]),
]  # fmt: skip
CAPACITY = [
    ("rows", constant(3), each([0, 257, 2**32, 2**62, 2**63, SIZE])),
    ("columns", constant(4), each([0, 257, 2**32, 2**62, 2**63, SIZE])),
    (
        "scores",
        lambda w: w.pixels / 100,
        null
        + [
            (f"{value} {where}", lambda w, v=value, i=at: spoiled(w.pixels / 100, v, i), INVALID)
            for value in (-0.01, 1.01, np.inf, -np.inf)
            for where, at in (("first", 0), ("last", -1))
        ],
    ),
    ("slots", lambda w: (c_uint32 * 3)(1, 2, 3), null + [
        (what, lambda w, v=values: (c_uint32 * 3)(*v), INVALID)
        for what, values in {"equal": (1, 1, 2), "descending": (1, 3, 2)}.items()]),
    ("lengths", lambda w: (c_uint32 * 4)(0, 1, 2, U32), null + [
        (what, lambda w, v=values: (c_uint32 * 4)(*v), INVALID)
        for what, values in {"equal": (1, 2, U32, U32), "descending": (U32, 1, 2, 3)}.items()]),
    ("options", lambda w: image_options(), IMAGE_CASES),
]  # fmt: skip

# function: [(argument, good value, bad values)] in the header's order. A bad value is (what, make, status) and, when
# the sentence names something else than the argument, that name.
ENCODED = [("png", reference("png"), null), ("size", reference("size"), null)]
OF_A_SEQUENCE = [("instance", handle("net"), null), ("batch_index", constant(1), each([2, 2**32, 2**63, SIZE]))]
EPISODE = [
    *OF_A_SEQUENCE,
    ("steps", constant(3), each([0, 2**40, 2**60, 2**63, SIZE])),
    ("inputs", buffer("inputs"), []),
    ("targets", buffer("targets"), []),
    ("outputs", lambda w: w.output_gradients, []),
    ("options", lambda w: image_options(), EPISODE_CASES),
]
STATE_IMAGE = [
    *OF_A_SEQUENCE,
    ("step", constant(2), each([3, 2**32, 2**63, SIZE - 1])),
    ("options", lambda w: image_options(), IMAGE_CASES),
]
FILM = [
    *OF_A_SEQUENCE,
    ("first_step", constant(1), each([3, 2**32, 2**63, SIZE])),
    ("steps", constant(2), each([0, 3, 2**32, 2**63, SIZE])),
    ("delay_milliseconds", constant(100), each([0, 65536, U32])),
]

FUNCTIONS = {
    "dnc_config_init": [
        ("config", struct(c.dnc_config), null),
        ("size", constant(sizeof(c.dnc_config)), each([0, 1, 3, sizeof(c.dnc_config) + 1, SIZE])),
    ],
    "dnc_estimate_bytes": [
        ("config", lambda w: config(input_size=3, output_size=2), CONFIG_CASES),
        ("steps", constant(3), []),
        ("training", constant(1), []),
        ("bytes", reference("size"), null),
    ],
    "dnc_create": [
        ("config", lambda w: config(input_size=3, output_size=2), CONFIG_CASES),
        ("instance", new(c.dnc), null),
    ],
    "dnc_clone": [
        ("instance", handle("net"), null),
        ("sharing", constant(0), each([2, U32])),
        ("copy", new(c.dnc), null),
    ],
    "dnc_get_config": [
        ("instance", handle("net"), null),
        (
            "config",
            struct(c.dnc_config),
            null + wrong_sizes(c.dnc_config),
        ),
    ],
    "dnc_set_batch_size": [("instance", handle("net"), null), ("batch_size", constant(3), each(beyond(65536)))],
    "dnc_set_memory_slots": [("instance", handle("net"), null), ("memory_slots", constant(9), each(beyond(65536)))],
    "dnc_set_training": [("instance", handle("net"), null), ("enabled", constant(1), [])],
    "dnc_set_num_threads": [("instance", handle("net"), null), ("num_threads", constant(2), each([1025, U32]))],
    "dnc_set_check_finite": [("instance", handle("net"), null), ("check_finite", constant(1), each([2, U32]))],
    "dnc_set_max_record_bytes": [("instance", handle("net"), null), ("max_record_bytes", constant(10**9), [])],
    "dnc_reset": [("instance", handle("net"), null)],
    "dnc_step": [
        ("instance", handle("net"), null),
        (
            "input",
            lambda w: w.inputs[0],
            null
            + [
                (what, lambda w, make=make, row=-1 if "last" in what else 0: np.ascontiguousarray(make(w)[row]), status)
                for what, make, status in not_finite("inputs")
            ],
        ),
        ("output", lambda w: w.outputs[0], null),
    ],
    "dnc_forward": [
        ("instance", handle("net"), null),
        ("steps", constant(3), each([0, 2**60, 2**61, SIZE // 2, SIZE])),
        ("inputs", buffer("inputs"), null + not_finite("inputs")),
        ("outputs", buffer("outputs"), null),
    ],
    "dnc_forward_packed": [
        ("instance", handle("net"), null),
        ("steps", constant(3), each([0, 2**60, 2**61, SIZE // 2, SIZE])),
        ("inputs", buffer("inputs"), null + not_finite("inputs")),
        ("starts", lambda w: w.starts, []),
        ("outputs", buffer("outputs"), null),
    ],
    "dnc_step_tokens": [
        ("instance", handle("net"), null),
        ("tokens", lambda w: w.tokens[0], null + not_tokens(lambda w: w.tokens[0])),
        ("output", lambda w: w.outputs[0], null),
    ],
    "dnc_forward_tokens": [
        ("instance", handle("net"), null),
        ("steps", constant(3), each([0, 2**60, 2**61, SIZE // 2, SIZE])),
        ("tokens", buffer("tokens"), null + not_tokens(lambda w: w.tokens)),
        ("starts", lambda w: w.starts, []),
        ("outputs", buffer("outputs"), null),
    ],
    "dnc_reset_sequences": [("instance", handle("net"), null), ("which", lambda w: w.starts, null)],
    "dnc_backward": [
        ("instance", handle("net"), null),
        ("output_gradients", buffer("output_gradients"), null + not_finite("output_gradients")),
        ("input_gradients", buffer("input_gradients"), []),
    ],
    "dnc_detach": [("instance", handle("net"), null)],
    "dnc_set_progress": [
        ("instance", handle("net"), null),
        ("progress", constant(c.dnc_progress()), []),
        ("context", constant(NULL), []),
    ],
    "dnc_set_bypass_dropout": [
        ("instance", handle("net"), null),
        ("rate", constant(0.5), each([*NOT_NUMBERS, -1e-9, 1])),
        ("seed", constant(3), []),
    ],
    "dnc_parameters_changed": [("instance", handle("net"), null)],
    "dnc_zero_gradients": [("instance", handle("net"), null)],
    "dnc_tensor_at": [
        ("instance", handle("net"), null),
        ("index", constant(0), each([7, 8, 2**32, 2**63, SIZE])),
        (
            "tensor",
            reference("tensor"),
            null + wrong_sizes(c.dnc_tensor),
        ),
    ],
    "dnc_tensor_named": [
        ("instance", handle("net"), null),
        ("name", constant(b"interface.bias"), null + each([b"", b"interface", b"interface.bias "])),
        ("tensor", reference("tensor"), null + wrong_sizes(c.dnc_tensor)),
    ],
    "dnc_copy_parameters": [("instance", handle("net"), null), ("other", handle("other"), null + OTHERS)],
    "dnc_add_gradients": [("instance", handle("net"), null), ("other", handle("other"), null + OTHERS)],
    "dnc_get_state": [
        ("instance", handle("net"), null),
        ("field", constant(c.DNC_FIELD_USAGE), FIELD_VALUES),
        ("values", buffer("state_result"), null),
        ("count", constant(12), COUNTS),
    ],
    "dnc_set_state": [
        ("instance", handle("net"), null),
        ("field", constant(c.DNC_FIELD_USAGE), FIELD_VALUES),
        ("values", buffer("state"), null),
        ("count", constant(12), COUNTS),
    ],
    "dnc_get_state_gradient": [
        ("instance", handle("net"), null),
        ("field", constant(c.DNC_FIELD_USAGE), FIELD_VALUES),
        ("values", buffer("state_result"), null),
        ("count", constant(12), COUNTS),
    ],
    "dnc_state_size": [("instance", handle("net"), null), ("size", reference("size"), null)],
    "dnc_get_state_rows": [
        ("instance", handle("net"), null),
        ("first", constant(0), FIRSTS),
        ("count", constant(2), ROW_COUNTS),
        ("rows", buffer("rows_result"), null),
    ],
    "dnc_set_state_rows": [
        ("instance", handle("net"), null),
        ("first", constant(0), FIRSTS),
        ("count", constant(2), ROW_COUNTS),
        ("rows", buffer("rows"), null),
    ],
    "dnc_get_state_gradient_rows": [
        ("instance", handle("net"), null),
        ("first", constant(0), FIRSTS),
        ("count", constant(2), ROW_COUNTS),
        ("rows", buffer("rows_result"), null),
    ],
    "dnc_set_final_state_gradient": [
        ("instance", handle("net"), null),
        ("first", constant(0), FIRSTS),
        ("count", constant(2), ROW_COUNTS),
        ("rows", buffer("rows"), null + not_finite("rows")),
    ],
    "dnc_get_trace": [
        ("instance", handle("net"), null),
        ("field", constant(c.DNC_TRACE_USAGE), each([17, 255, 2**31, U32])),
        ("values", buffer("trace_result"), null),
        ("count", constant(36), COUNTS),
    ],
    "dnc_get_last_trace": [
        ("instance", handle("net"), null),
        ("field", constant(c.DNC_TRACE_USAGE), each([17, 255, 2**31, U32])),
        ("values", buffer("trace_result"), null),
        ("count", constant(12), COUNTS),
    ],
    "dnc_loss_evaluate_classes": [
        ("label_smoothing", constant(0.1), each([*NOT_NUMBERS, -1e-9, 1.001])),
        ("steps", constant(3), SHAPES),
        ("batch", constant(2), SHAPES),
        ("width", constant(2), SHAPES),
        ("outputs", lambda w: w.output_gradients, null + not_finite("output_gradients")),
        (
            "classes",
            buffer("classes"),
            null + [(repr(n), lambda w, n=n: spoiled(w.classes, n), INVALID) for n in (2, -2, 2**31 - 1, -(2**31))],
        ),
        ("mask", buffer("mask"), not_finite("mask")),
        ("value", reference("loss"), null),
        ("output_gradients", buffer("outputs"), []),
    ],
    "dnc_loss_evaluate": [
        ("loss", constant(c.DNC_LOSS_SIGMOID_CROSS_ENTROPY), each([3, 255, U32])),
        ("steps", constant(3), SHAPES),
        ("batch", constant(2), SHAPES),
        ("width", constant(2), SHAPES),
        ("outputs", lambda w: w.output_gradients, null + not_finite("output_gradients")),
        ("targets", buffer("targets"), null + not_finite("targets")),
        ("mask", buffer("mask"), not_finite("mask")),
        ("value", reference("loss"), null),
        ("output_gradients", buffer("outputs"), []),
    ],
    "dnc_optimizer_config_init": [
        ("config", struct(c.dnc_optimizer_config), null),
        ("size", constant(sizeof(c.dnc_optimizer_config)), each([0, 1, 3, sizeof(c.dnc_optimizer_config) + 1, SIZE])),
    ],
    "dnc_optimizer_create": [
        ("instance", handle("net"), null),
        ("config", lambda w: optimizer_config(), OPTIMIZER_CASES),
        ("optimizer", new(c.dnc_optimizer), null),
    ],
    "dnc_optimizer_step": [
        ("optimizer", handle("optimizer"), null),
        ("instance", handle("net"), null + [("another size", lambda w: keep(w, Net(hidden_size=6)).handle, INVALID)]),
        ("gradient_norm", reference("norm"), []),
    ],
    "dnc_optimizer_get_config": [
        ("optimizer", handle("optimizer"), null),
        (
            "config",
            struct(c.dnc_optimizer_config),
            null + wrong_sizes(c.dnc_optimizer_config),
        ),
    ],
    "dnc_optimizer_set_config": [
        ("optimizer", handle("optimizer"), null),
        (
            "config",
            lambda w: w.optimizer.config,
            OPTIMIZER_CASES
            + [("another algorithm", lambda w: optimizer_config(algorithm=c.DNC_OPTIMIZER_SGD), INVALID, "algorithm")],
        ),
    ],
    "dnc_save": [
        ("instance", handle("net"), null),
        (
            "optimizer",
            handle("optimizer"),
            [("of another size", lambda w: keep(w, Optimizer(Net(hidden_size=6))).handle, INVALID)],
        ),
        ("path", buffer("path"), BAD_PATHS),
    ],
    "dnc_checkpoint_write": [
        ("path", buffer("path"), BAD_PATHS),
        ("instance", handle("net"), null),
        (
            "optimizer",
            handle("optimizer"),
            [("of another size", lambda w: keep(w, Optimizer(Net(hidden_size=6))).handle, INVALID)],
        ),
        ("flags", constant(1), each([2, U32])),
    ],
    "dnc_checkpoint_encode": [
        ("instance", handle("net"), null),
        (
            "optimizer",
            handle("optimizer"),
            [("of another size", lambda w: keep(w, Optimizer(Net(hidden_size=6))).handle, INVALID)],
        ),
        ("flags", constant(1), each([2, U32])),
        ("bytes", reference("png"), null),
        ("size", reference("size"), null),
    ],
    "dnc_checkpoint_decode": [
        ("bytes", lambda w: w.encoded, null + [("a damaged byte", damaged, FORMAT)]),
        (
            "size",
            lambda w: len(w.encoded),
            [(repr(n), lambda w, n=n: n, FORMAT, "bytes") for n in (0, 7, 100)] + each([2**63, SIZE]),
        ),
        ("instance", new(c.dnc), null),
        ("optimizer", new(c.dnc_optimizer), []),
    ],
    "dnc_load": [
        ("path", buffer("path"), BAD_PATHS + [("missing", lambda w: w.path, IO)]),
        ("instance", new(c.dnc), null),
        ("optimizer", new(c.dnc_optimizer), []),
    ],
    "dnc_task_create": [
        ("name", constant(b"copy"), null + each([b"", b"paste"])),
        ("options", constant(b"width=3"), each([b"width=0", b"width=0,mask=all", b"x"])),
        ("seed", constant(1), []),
        ("task", new(c.dnc_task), null),
    ],
    "dnc_task_sizes": [
        ("task", handle("task"), null),
        ("input_size", constant(NULL), []),
        ("output_size", constant(NULL), []),
        ("loss", constant(NULL), []),
    ],
    "dnc_task_sample": [
        ("task", handle("task"), null),
        ("batch", constant(2), each([0, 65537, U32, 2**32, SIZE])),
        ("steps", reference("size"), null),
    ],
    "dnc_task_read_tokens": [
        ("task", lambda w: keep(w, drawn(questions())).handle, null),
        ("tokens", constant(NULL), []),
        ("starts", constant(NULL), []),
    ],
    "dnc_task_read": [
        ("task", handle("task"), null),
        ("inputs", constant(NULL), []),
        ("targets", constant(NULL), []),
        ("mask", constant(NULL), []),
    ],
    "dnc_task_option_at": [
        ("name", constant(b"copy"), null + [("unknown", constant(b"paste"), INVALID)]),
        ("index", constant(3), each([4, 2**32, 2**63, SIZE])),
        ("option", reference("option"), null + wrong_sizes(c.dnc_task_option)),
    ],
    "dnc_task_drawn": [("task", handle("task"), null), ("steps", constant(NULL), []), ("batch", constant(NULL), [])],
    "dnc_task_seek": [("task", handle("task"), null), ("position", constant(5), [])],
    "dnc_task_next": [
        ("task", handle("task"), null),
        ("output", lambda w: w.answers[0], []),
        ("input", buffer("next_input"), null),
    ],
    "dnc_task_loss": [
        ("task", handle("task"), null),
        ("outputs", buffer("answers"), null + not_finite("answers")),
        ("value", reference("loss"), null),
        ("output_gradients", buffer("answer_gradients"), []),
    ],
    "dnc_task_metric_at": [
        ("task", handle("task"), null),
        ("index", constant(1), each([2, 2**32, 2**63, SIZE])),
        ("metric", reference("metric"), null + wrong_sizes(c.dnc_metric)),
    ],
    "dnc_task_score": [
        ("task", handle("task"), null),
        ("outputs", buffer("answers"), null + not_finite("answers")),
        ("scores", buffer("scores"), null),
    ],
    "dnc_task_set_evaluating": [("task", handle("task"), null), ("enabled", constant(1), [])],
    "dnc_task_load": [
        (
            "path",
            constant(os.fsencode(CHECKOUT / "curricula" / "graph_traversal.txt")),
            BAD_PATHS + [("missing", lambda w: w.path, IO)],
        ),
        ("seed", constant(1), []),
        ("task", new(c.dnc_task), null),
    ],
    "dnc_task_lesson_at": [
        ("task", handle("task"), null),
        ("index", constant(0), each([1, 2**32, 2**63, SIZE])),
        ("lesson", reference("lesson"), null + wrong_sizes(c.dnc_lesson)),
    ],
    "dnc_task_set_lesson": [("task", handle("task"), null), ("index", constant(0), each([1, 2**32, 2**63, SIZE]))],
    "dnc_task_episode_count": [("task", handle("task"), null), ("count", reference("episodes"), null)],
    "dnc_task_word": [
        ("task", lambda w: keep(w, questions()).handle, null),
        ("channel", constant(0), each([QUESTION_WORDS, 2**32, 2**63, SIZE])),
        ("word", reference("word"), null),
    ],
    "dnc_image_options_init": [
        ("options", struct(c.dnc_image_options), null),
        ("size", constant(sizeof(c.dnc_image_options)), each([0, 1, 3, sizeof(c.dnc_image_options) + 1, SIZE])),
    ],
    "dnc_image_write": [
        ("path", buffer("path"), BAD_PATHS),
        ("rows", constant(3), each([0, 2**28, 2**32, 2**62, 2**63, SIZE])),
        ("columns", constant(4), each([0, 2**28, 2**32, 2**62, 2**63, SIZE])),
        ("values", buffer("pixels"), null),
        ("options", lambda w: image_options(), IMAGE_CASES),
    ],
    "dnc_image_encode": [
        ("rows", constant(3), each([0, 2**28, 2**32, 2**62, 2**63, SIZE])),
        ("columns", constant(4), each([0, 2**28, 2**32, 2**62, 2**63, SIZE])),
        ("values", buffer("pixels"), null),
        ("options", lambda w: image_options(), IMAGE_CASES),
        ("png", reference("png"), null),
        ("size", reference("size"), null),
    ],
    "dnc_episode_image_write": [("path", buffer("path"), BAD_PATHS), *EPISODE],
    "dnc_episode_image_encode": [*EPISODE, *ENCODED],
    "dnc_state_image_write": [("path", buffer("path"), BAD_PATHS), *STATE_IMAGE],
    "dnc_state_image_encode": [*STATE_IMAGE, *ENCODED],
    "dnc_film_write": [("path", buffer("path"), BAD_PATHS), *FILM, ("options", lambda w: image_options(), IMAGE_CASES)],
    "dnc_film_encode": [*FILM, ("options", lambda w: image_options(), [*IMAGE_CASES, NUMBERED]), *ENCODED],
    "dnc_training_image_write": [("path", buffer("path"), BAD_PATHS), *TRAINING],
    "dnc_training_image_encode": [*TRAINING, *ENCODED],
    "dnc_capacity_image_write": [("path", buffer("path"), BAD_PATHS), *CAPACITY],
    "dnc_capacity_image_encode": [*CAPACITY, *ENCODED],
}

# What cannot fail, and what it gives for NULL.
NEVER_FAILS = {
    "dnc_version", "dnc_build_info", "dnc_status_string", "dnc_last_error", "dnc_self_test", "dnc_free",
    "dnc_recorded_steps", "dnc_parameter_count", "dnc_parameters", "dnc_gradients", "dnc_tensor_count",
    "dnc_optimizer_step_count", "dnc_optimizer_free", "dnc_task_free", "dnc_buffer_free", "dnc_task_position",
    "dnc_task_is_interactive", "dnc_task_metric_count", "dnc_task_lesson_count", "dnc_is_training", "dnc_task_lesson",
    "dnc_task_is_evaluating", "dnc_task_name", "dnc_task_option_count",
}  # fmt: skip


def keep(world, thing):
    """Lives as long as the world."""
    world.kept = thing
    return thing


def passed(value, world):
    """As ctypes wants it."""
    if isinstance(value, np.ndarray):
        world.alive = getattr(world, "alive", []) + [value]
        return value.ctypes.data_as(POINTER(c_int32)) if value.dtype == np.int32 else floats(value)
    if isinstance(
        value,
        (c.dnc_config, c.dnc_optimizer_config, c.dnc_image_options, c.dnc_tensor, c.dnc_metric, c.dnc_lesson,
         c.dnc_task_option),
    ):  # fmt: skip
        return pointer(value)
    return value


def call(function, world, wrong=None, value=None):
    arguments = []
    for name, good, _ in FUNCTIONS[function]:
        arguments.append(passed(value if name == wrong else good(world), world))
    return getattr(c, function)(*arguments)


CASES = [
    pytest.param(function, argument, *case[:3], *case[3:] or [argument], id=f"{function}-{argument}-{case[0]}")
    for function, arguments in FUNCTIONS.items()
    for argument, _, bad in arguments
    for case in bad
]


def declared():
    """{function: [argument names]} from the header."""
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    found = re.findall(r"^[\w ]+[ *](dnc_\w+)\(([^)]*)\);", text, flags=re.M)
    return {
        name: [re.search(r"(\w+)$", argument.strip()).group(1) for argument in arguments.split(",")]
        for name, arguments in found
        if name
    }


def test_the_tables_are_complete():
    functions = declared()
    assert set(functions) == set(FUNCTIONS) | NEVER_FAILS
    for name, arguments in FUNCTIONS.items():
        assert [argument for argument, *_ in arguments] == functions[name], name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_good_call_is_good(function, tmp_path):
    """Otherwise the bad ones would fail for another reason."""
    world = World(tmp_path)
    if function == "dnc_load":
        check(c.dnc_save(world.net.handle, world.optimizer.handle, world.path))
    if function in ("dnc_set_state", "dnc_set_state_rows", "dnc_set_bypass_dropout", *OF_TOKENS, *SETTERS):
        world.net.detach()
    assert call(function, world) == c.DNC_OK, last_error()
    for kind, free in ((c.dnc, c.dnc_free), (c.dnc_optimizer, c.dnc_optimizer_free), (c.dnc_task, c.dnc_task_free)):
        free(world.handles[kind])
    c.dnc_buffer_free(world.png)


@pytest.mark.parametrize("function, argument, what, make, status, name", CASES)
def test_a_bad_argument(function, argument, what, make, status, name, tmp_path):
    world = World(tmp_path)
    if function in OF_TOKENS:
        world.net.detach(), world.twin.detach()
        world.recorded = 0
    c.dnc_reset(NULL)
    stale = last_error()
    result = call(function, world, argument, make(world))
    assert result == status, last_error()
    message = last_error()
    assert message and "\n" not in message and len(message) < 512
    assert message != stale or what == "NULL" and argument == "instance", "the sentence is of this failure"
    if what == "a pipe":
        assert message.endswith("/pipe is not a regular file but a pipe")
    if (status != IO or what == "empty") and not (
        function.startswith("dnc_loss_evaluate")
        and what not in ("0", "NULL")
        and argument not in ("loss", "label_smoothing", "classes")
    ):
        assert re.search(rf"\b{name}\b", message), message
    world.assert_unchanged()
    assert not list(tmp_path.iterdir())


def test_null_where_nothing_can_fail():
    assert c.dnc_recorded_steps(NULL) == c.dnc_parameter_count(NULL) == c.dnc_tensor_count(NULL) == 0
    assert c.dnc_optimizer_step_count(NULL) == c.dnc_is_training(NULL) == 0
    assert c.dnc_task_lesson(NULL) == c.dnc_task_is_evaluating(NULL) == c.dnc_task_option_count(NULL) == 0
    assert not c.dnc_parameters(NULL) and not c.dnc_gradients(NULL)
    for free in (c.dnc_free, c.dnc_optimizer_free, c.dnc_task_free, c.dnc_buffer_free):
        assert free(NULL) is None


def test_all_null():
    """Every function with nothing but NULL and 0."""
    for name in sorted(set(FUNCTIONS) | NEVER_FAILS):
        function = getattr(c, name)
        numbers = (c_int, c_uint32, c_uint64, c_size_t, c_float)
        nothing = {c.dnc_progress: c.dnc_progress()}
        result = function(*[0 if kind in numbers else nothing.get(kind) for kind in function.argtypes])
        if name in FUNCTIONS:
            assert result == INVALID, name


def test_the_first_error_is_empty():
    """In a thread that has not failed yet."""
    seen = []

    def first():
        seen.append(last_error())
        c.dnc_reset(NULL)
        seen.append(last_error())

    c.dnc_set_batch_size(NULL, 3)
    mine = last_error()
    thread = Thread(target=first)
    thread.start()
    thread.join()
    assert seen[0] == "" and "instance" in seen[1]
    assert last_error() == mine, "errors are kept per thread"


def test_success_keeps_the_last_error():
    """It stays valid until the next failing call."""
    c.dnc_set_batch_size(NULL, 3)
    mine = last_error()
    Net().step(Net().inputs(1)[0])
    assert last_error() == mine


def test_a_long_argument_leaves_room_for_its_reason(tmp_path):
    """A sentence shows both ends of it, and never a part of a character."""
    handle, net = POINTER(c.dnc_task)(), POINTER(c.dnc)()
    for name in (b"x" * 1_000_000, b"%n%s%d" * 1000, bytes(range(1, 256)) * 10, "\u00e4".encode() * 5000):
        assert c.dnc_task_create(name, NULL, 0, byref(handle)) == INVALID
        assert len(c.dnc_last_error()) < 512 and b"\n" not in c.dnc_last_error()
        assert last_error().startswith('name is "')
        assert last_error().endswith("graph_inference, babi and mini_shrdlu")

    path = tmp_path / "/".join(["\u00e4\U0001f600\u20ac" * 20] * 10) / "end.txt"
    assert c.dnc_load(os.fsencode(path), byref(net), NULL) == IO
    sentence = c.dnc_last_error().decode()
    assert re.fullmatch(r"/.*\.\.\..*/end\.txt could not be opened: .*", sentence)
    assert 140 < len(sentence.encode().partition(b" could")[0]) <= 153
    for size in range(140, 160):
        assert c.dnc_load(b"/" * (size - 1) + b"~", byref(net), NULL) == IO
        left_out = "/" * 75 + "..." + "/" * 74 + "~"
        assert last_error().startswith(("/" * (size - 1) + "~" if size <= 150 else left_out) + " could not be")

    # Three of them: the file, what stands in a line of it, and what stood there before.
    graph = tmp_path / "/".join(["x" * 100] * 3) / "graph.csv"
    graph.parent.mkdir(parents=True)
    start = f"{'s' * 300},{'e' * 300}"
    graph.write_text(f"source,edge,destination\n{start},a\n{start},b\n")
    options = b"graph=" + os.fsencode(graph)
    assert c.dnc_task_create(b"graph_traversal", options, 0, byref(handle)) == c.DNC_BAD_FORMAT
    assert re.fullmatch(r'/.*\.\.\..*/graph\.csv, line 3: "e+\.\.\.e+" leaves "s+\.\.\.s+" already', last_error())


# -------------------------------------------------------------------------- too much of everything --


@pytest.mark.parametrize(
    "fields",
    [
        dict(memory_slots=65536, batch_size=65536, word_size=65536),
        dict(memory_slots=65536, write_heads=64, batch_size=65536, read_heads=256, word_size=65536, hidden_size=65536,
             num_layers=64, input_size=65536, output_size=65536),
        dict(memory_slots=65536, batch_size=4096),
    ],
    ids=["memory", "everything", "links"],
)  # fmt: skip
def test_more_than_there_is(fields):
    """The largest sizes allowed are more memory than any machine has: a status, no crash, and an honest estimate."""
    handle, size = POINTER(c.dnc)(), c_size_t()
    given = config(**{**dict(input_size=3, output_size=2), **fields})
    assert c.dnc_create(byref(given), byref(handle)) == MEMORY
    assert "memory" in last_error() and not handle
    assert c.dnc_estimate_bytes(byref(given), 1, 0, byref(size)) == c.DNC_OK
    assert size.value > 2**45


@pytest.mark.real_machine
def test_a_batch_that_is_too_large_leaves_the_last_one():
    task = Task("graph_traversal", "nodes=500-500,out_degree=20-20")
    episodes = task.sample(1)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2**32, limits[1]))
    try:
        status, message = c.dnc_task_sample(task.handle, 65536, byref(c_size_t())), last_error()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert status == MEMORY and "memory" in message
    assert c.dnc_task_position(task.handle) == 1
    for before, after in zip(episodes, task.read()):
        assert_equal(after, before)


def test_a_handle_says_what_was_set():
    """The training flag; and of a task, whether it evaluates, its lesson, and the sizes of what was drawn last."""
    net = Net()
    assert c.dnc_is_training(net.handle) == 0
    assert c.dnc_is_training(net.train().handle) == c.dnc_is_training(net.clone().handle) == 1
    assert c.dnc_is_training(net.train(False).handle) == 0

    task = POINTER(c.dnc_task)()
    path = os.fsencode(CHECKOUT / "curricula" / "graph_traversal.txt")
    check(c.dnc_task_load(path, 1, byref(task)))
    steps, batch, drawn = c_size_t(7), c_size_t(7), c_size_t()

    def sizes():
        check(c.dnc_task_drawn(task, byref(steps), byref(batch)))
        return steps.value, batch.value

    assert sizes() == (0, 0) and c.dnc_task_lesson(task) == c.dnc_task_is_evaluating(task) == 0
    for dropped in (
        lambda: c.dnc_task_seek(task, 4), lambda: c.dnc_task_set_lesson(task, 1),
        lambda: c.dnc_task_set_evaluating(task, 5),
    ):  # fmt: skip
        check(c.dnc_task_sample(task, 3, byref(drawn)))
        assert sizes() == (drawn.value, 3)
        assert c.dnc_task_sample(task, 0, byref(drawn)) == INVALID and sizes() == (drawn.value, 3)
        check(dropped())
        assert sizes() == (0, 0)
    assert c.dnc_task_lesson(task) == c.dnc_task_is_evaluating(task) == 1
    c.dnc_task_free(task)


def test_an_estimate_beyond_all_numbers():
    """So many steps that their bytes can't be counted."""
    size = c_size_t(77)
    for steps in (2**58, 2**60, 2**62, 2**63 - 1, 2**63, 2**64 - 1):
        status = c.dnc_estimate_bytes(byref(config(input_size=3, output_size=2)), steps, 1, byref(size))
        assert status == MEMORY and size.value == 77
        assert last_error() == f"steps is {steps}, whose record would take more bytes than a number can count"
    net = Net().train()
    given = f32(np.zeros((1, 2, 3)))
    assert c.dnc_forward(net.handle, 2**58, floats(given), floats(given)) == MEMORY
    assert last_error().startswith(f"steps is {2**58}, whose record")


def test_a_larger_batch_than_there_is_memory():
    net, twin = Net(memory_slots=4096, word_size=1), Net(memory_slots=4096, word_size=1)
    inputs = net.inputs(2)
    assert c.dnc_set_batch_size(net.handle, 65536) == MEMORY  # 4 TB of links
    assert net.config.batch_size == 2
    assert_equal(net.forward(inputs), twin.forward(inputs))


def test_more_slots_than_there_is_memory():
    net, twin = Net(batch_size=2000), Net(batch_size=2000)
    inputs = net.inputs(2)
    assert c.dnc_set_memory_slots(net.handle, 65536) == MEMORY  # 34 TB of links
    assert net.config.memory_slots == 6
    assert_equal(net.forward(inputs), twin.forward(inputs))


def test_a_record_longer_than_there_is_memory():
    """Refused before the first input is read, and the instance goes on."""
    net, twin = Net().train(), Net().train()
    inputs = net.inputs(2)
    outputs = np.zeros((2, 2, 2), np.float32)
    assert c.dnc_forward(net.handle, 2**40, floats(inputs), floats(outputs)) == MEMORY
    assert net.recorded == 0
    assert_equal(net.forward(inputs), twin.forward(inputs))


@pytest.mark.parametrize(
    "make, field, prefix",
    [
        (config, "controller", "DNC_CONTROLLER_"),
        (config, "activation", "DNC_ACTIVATION_"),
        (config, "initial_state", "DNC_INITIAL_"),
        (config, "usage_gradient", "DNC_USAGE_GRADIENT_"),
        (optimizer_config, "algorithm", "DNC_OPTIMIZER_"),
    ],
)
def test_a_choice_that_is_none(make, field, prefix):
    """The sentence says the numbers of the header's constants, one by one where some between them are none."""
    numbers = sorted(getattr(c, name) for name in dir(c) if name.startswith(prefix))
    has_gap = len(numbers) <= numbers[-1]
    allowed = ", ".join(map(str, numbers)) if has_gap else f"0 to {numbers[-1]}"
    net, instance, optimizer = Net(), POINTER(c.dnc)(), POINTER(c.dnc_optimizer)()
    for number in {*range(numbers[-1] + 2), 31, 32, U32} - {*numbers}:
        if make is config:
            given = config(input_size=3, output_size=2, **{field: number})
            status = c.dnc_create(byref(given), byref(instance))
        else:
            status = c.dnc_optimizer_create(net.handle, byref(make(**{field: number})), byref(optimizer))
        assert (status, last_error()) == (INVALID, f"config->{field} is {number}, allowed are {allowed}")


# ------------------------------------------------------------------------------------ struct sizes --


def offset(kind, field):
    return getattr(kind, field).offset


STRUCTS = [
    (c.dnc_config, c.dnc_config_init, "struct_size"),
    (c.dnc_optimizer_config, c.dnc_optimizer_config_init, "struct_size"),
    (c.dnc_image_options, c.dnc_image_options_init, "struct_size"),
]


@pytest.mark.parametrize("kind, init, first", STRUCTS, ids=lambda value: getattr(value, "__name__", None))
def test_init_writes_no_more_than_it_is_told(kind, init, first):
    """What a program compiled against an older, shorter header relies on."""
    whole = kind()
    check(init(byref(whole), sizeof(kind)))
    ends = [offset(kind, name) for name, _ in kind._fields_][1:] + [sizeof(kind)]
    for size in ends:
        part = kind()
        memset(byref(part), 0x5A, sizeof(kind))
        check(init(byref(part), size))
        assert part.struct_size == size
        assert bytes(part)[4:size] == bytes(whole)[4:size]
        assert set(bytes(part)[size:]) <= {0x5A}


def test_a_struct_size_says_what_is_wrong_with_it():
    """Never set, too short for what has no default, or of a newer header than the library's."""
    net, size = POINTER(c.dnc)(), sizeof(c.dnc_config)
    version = re.escape(c.DNC_VERSION_STRING)
    newer = rf", but libdnc {version} knows {size} bytes: made with a newer header, or never set"
    for given, sentence in {
        0: rf" is 0, as if never set; allowed are 4 to {size}",
        4: " is 4, which leaves out input_size and output_size",
        11: " is 11, which leaves out input_size and output_size",
        size + 8: f" is {size + 8}{newer}",
        U32: f" is {U32}{newer}",
    }.items():
        made = config(input_size=3, output_size=2, struct_size=given)
        assert c.dnc_create(byref(made), byref(net)) == INVALID
        assert re.fullmatch(r"config->struct_size" + sentence, last_error()), last_error()
    made = config(input_size=3, output_size=2, struct_size=12)
    check(c.dnc_create(byref(made), byref(net)))
    assert Net(net).config.hidden_size == 64
    assert c.dnc_config_init(byref(made), size + 8) == INVALID
    assert re.fullmatch(f"size is {size + 8}{newer}", last_error()), last_error()


def test_an_older_config():
    """Fields beyond struct_size take their defaults, whatever is in memory there."""
    for field, garbage, expected in (("seed", 123, 0), ("clip_value", 0.001, 0), ("hidden_size", 999, 64)):
        old = config(input_size=3, output_size=2)
        for name, _ in c.dnc_config._fields_:
            if offset(c.dnc_config, name) >= offset(c.dnc_config, field):
                setattr(old, name, 123)
        setattr(old, field, garbage)
        old.struct_size = offset(c.dnc_config, field)
        handle = POINTER(c.dnc)()
        check(c.dnc_create(byref(old), byref(handle)))
        net = Net(handle)
        assert getattr(net.config, field) == expected
        shortened = c.dnc_config()
        memset(byref(shortened), 0x5A, sizeof(shortened))
        shortened.struct_size = old.struct_size
        check(c.dnc_get_config(net.handle, byref(shortened)))
        assert bytes(shortened)[4 : old.struct_size] == bytes(net.config)[4 : old.struct_size]
        assert set(bytes(shortened)[old.struct_size :]) == {0x5A}


def test_an_older_optimizer_config():
    net = Net()
    old = optimizer_config(learning_rate=0.5, momentum=0.25, decay=0.125, max_gradient_norm=3)
    old.struct_size = offset(c.dnc_optimizer_config, "decay")
    handle = POINTER(c.dnc_optimizer)()
    check(c.dnc_optimizer_create(net.handle, byref(old), byref(handle)))
    optimizer = Optimizer(handle=handle)
    settings = optimizer.config
    assert (settings.learning_rate, settings.momentum, settings.max_gradient_norm) == (0.5, 0.25, 0)
    assert settings.decay == pytest.approx(0.9)
    # Changed through an older struct, the fields beyond it keep what they were.
    whole = optimizer_config(learning_rate=0.5, decay=0.125, beta2=0.5, max_gradient_norm=3)
    check(c.dnc_optimizer_set_config(optimizer.handle, byref(whole)))
    old.learning_rate = 0.75
    check(c.dnc_optimizer_set_config(optimizer.handle, byref(old)))
    settings = optimizer.config
    assert (settings.learning_rate, settings.momentum) == (0.75, 0.25)
    assert (settings.decay, settings.beta2, settings.max_gradient_norm) == (0.125, 0.5, 3)


def test_older_image_options():
    values = f32([[0, 1]])
    old = image_options(title=b"not seen", minimum=-5, cell_pixels=9)
    old.struct_size = offset(c.dnc_image_options, "minimum")
    assert encode(values, old) == encode(values, image_options(cell_pixels=9))


def test_no_pointer_is_cut_in_two():
    """Options whose struct_size ends inside of a pointer are of no header."""
    for size in range(4, sizeof(c.dnc_image_options)):
        options = image_options(title=b"a title", metric=b"loss", struct_size=size)
        png, count = POINTER(c_uint8)(), c_size_t()
        status = c.dnc_image_encode(1, 1, floats(f32([1])), byref(options), byref(png), byref(count))
        assert status == (INVALID if size % 8 else c.DNC_OK), size
        if status == INVALID:
            assert "struct_size" in last_error()
        c.dnc_buffer_free(png)


def test_an_older_tensor():
    net = Net()
    for field in ("name", "values", "gradients", "rank", "shape"):
        tensor = c.dnc_tensor()
        memset(byref(tensor), 0x5A, sizeof(tensor))
        tensor.struct_size = offset(c.dnc_tensor, field)
        check(c.dnc_tensor_at(net.handle, 1, byref(tensor)))
        assert set(bytes(tensor)[tensor.struct_size :]) == {0x5A}
        if field == "values":
            assert tensor.name == b"controller.0.weight_hh"


# ---------------------------------------------------------------------------------- the right state --


def test_a_cell_only_in_an_lstm():
    net = Net(controller=c.DNC_CONTROLLER_FEEDFORWARD).train()
    net.forward(net.inputs(1))
    net.backward(net.output_gradients(1))
    values = np.zeros((1, 2, 5), np.float32)
    for function in (c.dnc_get_state, c.dnc_set_state, c.dnc_get_state_gradient):
        assert function(net.handle, c.DNC_FIELD_CELL, floats(values), values.size) == INVALID
        assert "field" in last_error()
    assert net.state("hidden").any(), "the last step's layers"


def test_no_sharpening_without_links():
    handle = POINTER(c.dnc)()
    given = config(input_size=3, output_size=2, link_sharpening=1, temporal_links=0)
    assert c.dnc_create(byref(given), byref(handle)) == INVALID and not handle
    assert "config->link_sharpening is 1, but config->temporal_links is 0" in last_error()


def test_links_only_with_temporal_links():
    net = Net(temporal_links=0).train()
    net.forward(net.inputs(1))
    net.backward(net.output_gradients(1))
    values = np.zeros((2, 6, 6), np.float32)
    for field, count in ("link", 2 * 6 * 6), ("precedence", 2 * 6):
        for function in (c.dnc_get_state, c.dnc_set_state, c.dnc_get_state_gradient):
            assert function(net.handle, FIELDS[field], floats(values), count) == INVALID
            assert last_error() == f"the state has no {field}: config->temporal_links is 0"


@pytest.mark.parametrize("setting", OF_SETTINGS)
def test_a_trace_without_its_setting(setting):
    net = Net(**{setting: 0}).train()
    net.forward(net.inputs(1))
    for name in OF_SETTINGS[setting]:
        with pytest.raises(Refused) as refused:
            net.trace(name)
        assert refused.value.status == INVALID
        assert refused.value.message == f"the trace has no {name.replace('_', ' ')}: config->{setting} is 0"


@pytest.mark.parametrize("field", FIELDS)
def test_a_state_that_is_not_finite(field):
    net, twin = Net(), Net()
    net.forward(net.inputs(3))
    twin.forward(net.inputs(3))
    values = twin.state(field)
    for number in NOT_NUMBERS:
        for at in (0, -1):
            bad = spoiled(values, number, at)
            assert c.dnc_set_state(net.handle, FIELDS[field], floats(bad), bad.size) == NOT_FINITE
            assert re.search(r"\bvalues\b", last_error())
    for name in FIELDS:
        assert_equal(net.state(name), twin.state(name), name)
    assert_equal(net.step(net.inputs(1)[0]), twin.step(net.inputs(1)[0]))


@pytest.mark.parametrize("field", ["usage", "link", "precedence", "write_weights", "read_weights"])
def test_what_is_between_0_and_1(field):
    """Rounding may leave a state of the library's own a little outside."""
    net = Net(write_heads=2)
    for number in (-0.01, 1.01, 1e30):
        for at in (0, -1):
            bad = spoiled(net.state(field), number, at)
            assert c.dnc_set_state(net.handle, FIELDS[field], floats(bad), bad.size) == INVALID
            assert re.search(r"\bvalues\b", last_error())
    assert not net.state(field).any()
    for number in (0, 1, -1e-5, 1 + 1e-5):
        values = np.zeros(net.shape(field), np.float32)
        values[..., 1, 0] = number  # of a weighting, a row and a column of links no more than one
        net.set_state(field, values)


@pytest.mark.parametrize("huge", [1e30, -1e30, 3e38])
def test_numbers_that_overflow_inside(huge):
    """Finite inputs so large that the arithmetic is not: a status or numbers, and no crash; a reset heals."""
    net, fresh = Net().train(), Net()
    inputs = net.inputs(3)
    outputs = np.zeros((3, 2, 2), np.float32)
    given = np.full_like(inputs, huge)
    status = c.dnc_forward(net.handle, 3, floats(given), floats(outputs))
    assert status in (c.DNC_OK, NOT_FINITE)
    gradients = f32(np.full((net.recorded, 2, 2), huge))
    assert c.dnc_backward(net.handle, floats(gradients), None) in (c.DNC_OK, NOT_FINITE, STATE)
    assert_equal(net.reset().forward(inputs), fresh.forward(inputs))


def test_parameters_that_are_not_finite():
    """Written by the host through the view: no crash anywhere; healed when they are finite again."""
    net, fresh = Net().train(), Net()
    good = net.parameters.copy()
    for value in NOT_NUMBERS:
        net.parameters[:] = value
        net.reset()
        inputs = net.inputs(3)
        outputs = np.zeros((3, 2, 2), np.float32)
        assert c.dnc_forward(net.handle, 3, floats(inputs), floats(outputs)) in (c.DNC_OK, NOT_FINITE)
        gradients = f32(np.ones((net.recorded, 2, 2)))
        assert c.dnc_backward(net.handle, floats(gradients), None) in (c.DNC_OK, NOT_FINITE, STATE)
        net.parameters[:] = good
        assert_equal(net.reset().forward(inputs), fresh.reset().forward(inputs))


@pytest.mark.parametrize("memory", ["NTM", "NONE"])
def test_what_a_memory_lacks(memory):
    """The sentence names the piece and the memory."""
    net = Net(memory=getattr(c, f"DNC_MEMORY_{memory}")).train()
    net.forward(net.inputs(2))
    net.backward(net.output_gradients(2))
    net.forward(net.inputs(2))
    words = {"read_vectors": "read vector", "write_weights": "write weighting", "read_weights": "read weighting"}
    calls = {}
    for field in set(FIELDS) - set(net.fields):
        sentence = f"the state has no {words.get(field, field)}: config->memory is {memory}"
        calls[lambda name=field: net.state(name)] = sentence
        calls[lambda name=field: net.state_gradient(name)] = sentence
        calls[lambda name=field: net.set_state(name, np.zeros(net.shape(name)))] = sentence
    for name in set(TRACES) - set(net.traces):
        sentence = f"the trace has no {words.get(name, name).replace('_', ' ')}: config->memory is {memory}"
        calls[lambda name=name: net.trace(name)] = sentence
    for call, sentence in calls.items():
        with pytest.raises(Refused) as refused:
            call()
        assert (refused.value.status, refused.value.message) == (INVALID, sentence)
    # What is of the DNC's memory is refused by its name.
    given = config(input_size=3, output_size=2, memory=net.config.memory, mask_minimum=0.5)
    assert c.dnc_create(byref(given), byref(POINTER(c.dnc)())) == INVALID
    assert last_error() == f"config->mask_minimum is 0.5, with config->memory {memory} allowed is 0"
