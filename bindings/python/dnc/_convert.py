"""Between Python's values and the C interface's: arrays, numbers, names, text, paths and structs."""

from __future__ import annotations

import ctypes
import difflib
import math
import operator
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, Union

import numpy as np
import numpy.typing as npt

from . import _c
from .errors import InvalidArgument, check

FloatArray = npt.NDArray[np.float32]
Path = Union[str, "os.PathLike[str]"]
Struct = TypeVar("Struct", bound=ctypes.Structure)

_BEYOND_SINGLE = "beyond the numbers of single precision, which end at 3.4e38"
_FloatPointer = ctypes.POINTER(ctypes.c_float)

LOSSES = {
    "sigmoid_cross_entropy": _c.DNC_LOSS_SIGMOID_CROSS_ENTROPY,
    "softmax_cross_entropy": _c.DNC_LOSS_SOFTMAX_CROSS_ENTROPY,
    "mean_squared_error": _c.DNC_LOSS_MEAN_SQUARED_ERROR,
}

_GROUPED = "grouped_softmax_cross_entropy:"  # and the size of a group


def loss_number(kind: Any, name: str = "kind") -> int:
    """The dnc_loss of a name."""
    if isinstance(kind, str) and kind.startswith(_GROUPED) and kind[len(_GROUPED) :].isdecimal():
        size = int(kind[len(_GROUPED) :])
        if not 1 <= size <= 65536:
            raise InvalidArgument(f"{name} is {kind!r}, allowed are groups of 1 to 65536")
        return _c.DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY + 256 * size
    if not isinstance(kind, str) or kind not in LOSSES:
        raise InvalidArgument(f"{name} is {kind!r}, allowed are {', '.join(map(repr, LOSSES))} and '{_GROUPED}SIZE'")
    return LOSSES[kind]


def loss_name(number: int) -> str:
    if number & 0xFF == _c.DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY:
        return f"{_GROUPED}{number >> 8}"
    return next(name for name, value in LOSSES.items() if value == number)


# The struct fields that are not for the caller, and those that are 0 or 1.
_NO_SETTINGS = {"struct_size", "reserved"}
_FLAGS = {
    "check_finite", "temporal_links", "content_masks", "deallocation", "link_sharpening", "controller_norm",
    "interface_norm",
}  # fmt: skip
# The struct fields whose numbers have names.
CHOICES = {
    "controller": {
        "lstm": _c.DNC_CONTROLLER_LSTM,
        "feedforward": _c.DNC_CONTROLLER_FEEDFORWARD,
        "gru": _c.DNC_CONTROLLER_GRU,
        "rnn": _c.DNC_CONTROLLER_RNN,
    },
    "activation": {"tanh": _c.DNC_ACTIVATION_TANH, "relu": _c.DNC_ACTIVATION_RELU},
    "memory": {"dnc": _c.DNC_MEMORY_DNC, "ntm": _c.DNC_MEMORY_NTM, "none": _c.DNC_MEMORY_NONE},
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


def reals(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """`values` as an array of real numbers of whatever dtype. Masked ones are refused: their mask would be lost."""
    if type(values) is np.ndarray:
        given = values
    elif _is_masked(values):
        raise TypeError(
            f"{name} is a masked array, whose mask would be lost: fill it, as with .filled(0), and where steps are "
            "masked, give their mask to the loss"
        )
    else:
        try:
            given = np.asarray(values)
        except ValueError as error:  # lists of several lengths
            raise InvalidArgument(f"{name} is no array: {error}. dnc.pad makes one of several sequences") from None
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{name} has dtype {given.dtype}, needed are real numbers")
    return given


def _is_masked(values: Any) -> bool:
    """Whether anything in an array, or in lists of them, is masked."""
    if isinstance(values, (list, tuple)):
        return any(map(_is_masked, values))
    return isinstance(values, np.ma.MaskedArray) and bool(np.ma.is_masked(values))


def single(given: npt.NDArray[Any], name: str) -> FloatArray:
    """Contiguous float32, copied only if `given` is not. Numbers beyond float32 are refused: they would become
    infinite."""
    if given.dtype.kind != "f" or given.dtype.itemsize <= 4:
        return np.asarray(given, dtype=np.float32, order="C")  # itself, if it is that
    with np.errstate(over="ignore"):
        converted = np.asarray(given, dtype=np.float32, order="C")
    beyond = np.isinf(converted)
    if beyond.any() and (beyond := beyond & np.isfinite(given)).any():
        place = tuple(map(int, np.argwhere(beyond)[0]))
        raise InvalidArgument(f"{name}{list(place)} is {given[place]}, {_BEYOND_SINGLE}")
    return converted


def array(values: npt.ArrayLike, name: str, letters: str, sizes: Mapping[str, int]) -> FloatArray:
    """`values` as contiguous float32, copied only if they are not. The shape is given by the header's
    letters, as "TBX"; a letter without a size may have any but 0."""
    given = reals(values, name)
    fits = given.ndim == len(letters) and all(
        sizes.get(letter, length) == length for letter, length in zip(letters, given.shape)
    )
    if not fits:
        known = ", ".join(f"{letter} = {sizes[letter]}" for letter in letters if letter in sizes)
        raise InvalidArgument(
            f"{name} has shape {given.shape}, needed is [{', '.join(letters)}]" + (known and f" with {known}")
        )
    if not given.size:
        empty = letters[given.shape.index(0)]
        raise InvalidArgument(
            f"{name} has shape {given.shape}, needed is [{', '.join(letters)}] with {empty} at least 1"
        )
    return single(given, name)


def flags(values: npt.ArrayLike, name: str, letters: str, sizes: Mapping[str, int]) -> Any:
    """A `uint8_t *` to a copy of `values`, which are True or False, or 1 or 0."""
    given = np.asarray(values)
    needed = tuple(sizes[letter] for letter in letters)
    if given.shape != needed or given.dtype.kind not in "biuf":
        raise InvalidArgument(
            f"{name} has shape {given.shape} of {given.dtype}, needed is [{', '.join(letters)}] of True or False with "
            + ", ".join(f"{letter} = {sizes[letter]}" for letter in letters)
        )
    others = np.argwhere((given != 0) & (given != 1))
    if len(others):
        place = tuple(map(int, others[0]))
        raise InvalidArgument(f"{name}{list(place)} is {given[place]}, allowed are True and False, and 1 and 0")
    return np.ascontiguousarray(given, np.uint8).ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def raw_bytes(values: Any, name: str) -> tuple[Any, int]:
    """A `uint8_t *` to bytes, or to a bytearray or memoryview, and their number."""
    try:
        given = np.frombuffer(values, np.uint8)
    except (TypeError, ValueError, BufferError) as error:
        if not (isinstance(values, (bytes, bytearray, memoryview)) and not len(values)):
            raise TypeError(f"{name} is {type(values).__name__}, needed are bytes") from error
        given = np.zeros(0, np.uint8)
    return given.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)), given.size


def class_numbers(values: npt.NDArray[Any], name: str, letters: str, sizes: Mapping[str, int]) -> Any:
    """An `int32_t *` to a copy of whole numbers, of the shape that the letters give. What int32 does not hold becomes
    one that is refused."""
    if values.shape != tuple(sizes[letter] for letter in letters):
        known = ", ".join(f"{letter} = {sizes[letter]}" for letter in letters)
        raise InvalidArgument(f"{name} has shape {values.shape}, needed is [{', '.join(letters)}] with {known}")
    # Of narrow types, NumPy compares with no number that they do not hold; of uint64, with none below 0.
    whole = values if values.dtype.itemsize == 8 else values.astype(np.int64)
    whole = np.maximum(np.minimum(whole, 2**31 - 1).astype(np.int64), -2)
    return whole.astype(np.int32, order="C").ctypes.data_as(ctypes.POINTER(ctypes.c_int32))


def floats(values: FloatArray | None) -> Any:
    """A `float *` to a contiguous array, which stays alive as long as the pointer; NULL for None."""
    if values is None:
        return None
    if values.size and values.flags.writeable:  # five times as fast
        return ctypes.byref(ctypes.c_float.from_buffer(values.data))
    return values.ctypes.data_as(_FloatPointer)


def integer(value: Any, name: str, kind: Any = ctypes.c_uint64) -> int:
    """`value`, if the unsigned type holds it: ctypes would cut it off silently. For arguments that may be anything that
    their type holds; others are `within`."""
    number, largest = _index(value, name), _largest(kind)
    if not 0 <= number <= largest:
        raise InvalidArgument(f"{name} is {number}, allowed are 0 to {largest}")
    return number


def within(value: Any, name: str, kind: Any = ctypes.c_size_t) -> int:
    """`value`, or, if the unsigned type does not hold it, a number that the library will not allow either. It knows
    what is allowed, and `check(..., name=value)` puts the value into its sentence."""
    number, largest = _index(value, name), _largest(kind)
    return number if 0 <= number < largest else largest - 1  # the largest one of all is DNC_STEP_NOW


def _index(value: Any, name: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, needed is an integer") from None


def _largest(kind: Any) -> int:
    return int(2 ** (8 * ctypes.sizeof(kind)) - 1)


def real(value: Any, name: str) -> float:
    """A number that float32 holds, NaN, or infinity."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        number = float(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, needed is a real number") from None
    except OverflowError:
        raise InvalidArgument(f"{name} is {value!r:.12}..., {_BEYOND_SINGLE}") from None
    if math.isfinite(number) and abs(number) > float(np.finfo(np.float32).max):
        raise InvalidArgument(f"{name} is {number}, {_BEYOND_SINGLE}")
    return number


def flag(value: Any, name: str) -> bool:
    """True or False, or 1 or 0."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, needed is True or False") from None
    if number not in (0, 1):
        raise InvalidArgument(f"{name} is {value!r}, allowed are True and False")
    return bool(value)


def choice(value: Any, name: str, choices: Mapping[str, int]) -> int:
    """The number of a name."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidArgument(f"{name} is {value!r}, allowed are {', '.join(map(repr, choices))}")
    return choices[value]


def text(value: str | None, name: str) -> bytes | None:
    """A C string in UTF-8; NULL for None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, needed is text")
    return _terminated(value.encode("utf-8", "surrogateescape"), name)


def path_bytes(path: Path | bytes, name: str = "path") -> bytes:
    """As the file system has it, in whatever encoding."""
    try:
        return _terminated(os.fsencode(path), name)
    except TypeError:
        raise TypeError(f"{name} is {path!r}, needed is a path") from None
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
        raise InvalidArgument(f"{name} is {path!a}, which the file system's encoding, {encoding}, can't say") from None


def _terminated(value: bytes, name: str) -> bytes:
    if b"\0" in value:
        raise InvalidArgument(f"{name} holds a NUL byte")
    return value


def meant(name: str, names: Iterable[str]) -> str:
    """The end of a sentence about a name that there is not: the one that was probably meant, or all."""
    names = list(names)
    initials = [known for known in names if "".join(word[0] for word in known.split("_")) == name]  # lr: learning_rate
    close = initials or difflib.get_close_matches(name, names, 1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"


def defaults(kind: type[Struct], initialize: Any) -> Struct:
    """A struct with the library's defaults."""
    struct = kind()
    check(initialize(ctypes.byref(struct), ctypes.sizeof(struct)))
    return struct


def fill(struct: ctypes.Structure, settings: Mapping[str, Any]) -> None:
    """Writes settings into the fields of their names. What they may be, the library knows: it is told the settings with
    `check(..., **settings)`."""
    types: dict[str, Any] = {field[0]: field[1] for field in struct._fields_ if field[0] not in _NO_SETTINGS}
    for name, value in settings.items():
        if name not in types:
            raise TypeError(f"there is no setting {name!r}: {meant(name, types)}")
        if name in CHOICES:
            value = choice(value, name, CHOICES[name])
        elif types[name] is ctypes.c_float:
            value = real(value, name)
        elif types[name] is ctypes.c_char_p:
            value = text(value, name)
        elif name in _FLAGS:
            value = flag(value, name)
        elif types[name] is ctypes.c_uint64:
            value = integer(value, name)
        else:
            value = within(value, name, types[name])
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
