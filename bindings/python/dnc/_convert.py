"""Between Python's values and the C interface's: arrays, numbers, names, text, paths and structs."""

from __future__ import annotations

import ctypes
import operator
import os
from collections.abc import Mapping
from typing import Any, TypeVar, Union

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import InvalidArgument, check

FloatArray = npt.NDArray[np.float32]
Path = Union[str, "os.PathLike[str]"]
Struct = TypeVar("Struct", bound=ctypes.Structure)

_FloatPointer = ctypes.POINTER(ctypes.c_float)

LOSSES = {
    "sigmoid_cross_entropy": _c.DNC_LOSS_SIGMOID_CROSS_ENTROPY,
    "softmax_cross_entropy": _c.DNC_LOSS_SOFTMAX_CROSS_ENTROPY,
    "mean_squared_error": _c.DNC_LOSS_MEAN_SQUARED_ERROR,
}

_GROUPED = "grouped_softmax_cross_entropy:"  # and the size of a group


def loss_number(kind: Any) -> int:
    """The dnc_loss of a name."""
    if isinstance(kind, str) and kind.startswith(_GROUPED) and kind[len(_GROUPED) :].isdecimal():
        size = integer(int(kind[len(_GROUPED) :]), "the size of a group", ctypes.c_uint16)
        return _c.DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY + 256 * size
    return choice(kind, "kind", LOSSES)


def loss_name(number: int) -> str:
    if number & 0xFF == _c.DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY:
        return f"{_GROUPED}{number >> 8}"
    return next(name for name, value in LOSSES.items() if value == number)


# The struct fields that are not for the caller, and those that are 0 or 1.
_NO_SETTINGS = {"struct_size", "reserved"}
_FLAGS = {"check_finite"}
# The struct fields whose numbers have names.
CHOICES = {
    "controller": {"lstm": _c.DNC_CONTROLLER_LSTM, "feedforward": _c.DNC_CONTROLLER_FEEDFORWARD},
    "activation": {"tanh": _c.DNC_ACTIVATION_TANH, "relu": _c.DNC_ACTIVATION_RELU},
    "usage_gradient": {"full": _c.DNC_USAGE_GRADIENT_FULL, "stopped": _c.DNC_USAGE_GRADIENT_STOPPED},
    "initial_state": {
        "zeros": _c.DNC_INITIAL_ZEROS,
        "constant": _c.DNC_INITIAL_CONSTANT,
        "learned": _c.DNC_INITIAL_LEARNED,
    },
    "algorithm": {
        "sgd": _c.DNC_OPTIMIZER_SGD,
        "rmsprop": _c.DNC_OPTIMIZER_RMSPROP,
        "adam": _c.DNC_OPTIMIZER_ADAM,
        "adamw": _c.DNC_OPTIMIZER_ADAMW,
    },
    "colormap": {
        "viridis": _c.DNC_COLORMAP_VIRIDIS,
        "magma": _c.DNC_COLORMAP_MAGMA,
        "grey": _c.DNC_COLORMAP_GREY,
        "diverging": _c.DNC_COLORMAP_DIVERGING,
    },
    "theme": {"light": _c.DNC_THEME_LIGHT, "dark": _c.DNC_THEME_DARK},
}


def array(values: npt.ArrayLike, name: str, letters: str, sizes: Mapping[str, int]) -> FloatArray:
    """`values` as contiguous float32, copied only if they are not. The shape is given by the header's
    letters, as "TBX"; a letter without a size may have any."""
    given = np.asarray(values)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{name} has dtype {given.dtype}, needed are real numbers")
    fits = given.ndim == len(letters) and all(
        sizes.get(letter, length) == length for letter, length in zip(letters, given.shape)
    )
    if not fits:
        known = ", ".join(f"{letter} = {sizes[letter]}" for letter in letters if letter in sizes)
        raise InvalidArgument(
            f"{name} has shape {given.shape}, needed is [{', '.join(letters)}]" + (known and f" with {known}")
        )
    return np.asarray(given, dtype=np.float32, order="C")


def floats(values: FloatArray | None) -> Any:
    """A `float *` to a contiguous array, which stays alive as long as the pointer; NULL for None."""
    if values is None:
        return None
    if values.size and values.flags.writeable:  # five times as fast
        return ctypes.byref(ctypes.c_float.from_buffer(values.data))
    return values.ctypes.data_as(_FloatPointer)


def integer(value: Any, name: str, kind: Any = ctypes.c_size_t) -> int:
    """`value`, if the unsigned type holds it: ctypes would cut it off silently."""
    number = operator.index(value)
    largest = 2 ** (8 * ctypes.sizeof(kind)) - 1
    if not 0 <= number <= largest:
        raise InvalidArgument(f"{name} is {number}, allowed are 0 to {largest}")
    return number


def choice(value: Any, name: str, choices: Mapping[str, int]) -> int:
    """The number of a name."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidArgument(f"{name} is {value!r}, allowed are {', '.join(map(repr, choices))}")
    return choices[value]


def text(value: str | None, name: str) -> bytes | None:
    """A C string; NULL for None."""
    return None if value is None else _terminated(value.encode("utf-8", "surrogateescape"), name)


def path_bytes(path: Path) -> bytes:
    return _terminated(os.fsencode(path), "path")


def _terminated(value: bytes, name: str) -> bytes:
    if b"\0" in value:
        raise InvalidArgument(f"{name} holds a NUL byte")
    return value


def defaults(kind: type[Struct], initialize: Any) -> Struct:
    """A struct with the library's defaults."""
    struct = kind()
    check(initialize(ctypes.byref(struct), ctypes.sizeof(struct)))
    return struct


def fill(struct: ctypes.Structure, settings: Mapping[str, Any]) -> None:
    """Writes settings into the fields of their names."""
    types: dict[str, Any] = {field[0]: field[1] for field in struct._fields_ if field[0] not in _NO_SETTINGS}
    for name, value in settings.items():
        if name not in types:
            raise TypeError(f"there is no setting {name!r}, only {', '.join(types)}")
        if name in CHOICES:
            value = choice(value, name, CHOICES[name])
        elif types[name] is ctypes.c_float:
            value = float(value)
        elif types[name] is ctypes.c_char_p:
            value = text(value, name)
        else:
            value = integer(value, name, types[name])
        setattr(struct, name, value)


def settings_of(struct: ctypes.Structure) -> dict[str, Any]:
    """The fields as `fill` takes them. A float32 is given as the shortest number that it stands for."""
    settings = {}
    for name in [field[0] for field in struct._fields_ if field[0] not in _NO_SETTINGS]:
        value = getattr(struct, name)
        if name in CHOICES:
            value = next(word for word, number in CHOICES[name].items() if number == value)
        elif isinstance(value, float):
            value = float(str(np.float32(value)))
        elif name in _FLAGS:
            value = bool(value)
        settings[name] = value
    return settings
