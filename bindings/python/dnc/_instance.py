"""What every part of a network needs: its handle, its configuration, and the shapes that follow from it."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import byref
from typing import cast

import numpy as np

from . import _c
from ._convert import FloatArray, settings_of
from ._handle import Handle, Resource
from .config import Config
from .errors import check


class Instance(Resource):
    """A network as the library has it; `DNC` is put together from such parts."""

    __slots__ = ()

    @property
    def config(self) -> Config:
        """The configuration as it is now; a copy."""
        return cast(Config, settings_of(_struct(self._handle)))

    @property
    def _sizes(self) -> dict[str, int]:
        return sizes(self._handle)


def sizes(handle: Handle) -> dict[str, int]:
    """By the letters of shapes."""
    c = _struct(handle)
    return {
        "X": c.input_size, "Y": c.output_size, "B": c.batch_size, "H": c.hidden_size, "L": c.num_layers,
        "N": c.memory_slots, "W": c.word_size, "R": c.read_heads, "K": c.write_heads, "M": 2 * c.write_heads + 1,
        "S": 3,
    }  # fmt: skip


def empty(letters: str, sizes: Mapping[str, int], steps: int = 0) -> FloatArray:
    """An array of the shape that the letters give, T = steps."""
    return np.empty([steps if letter == "T" else sizes[letter] for letter in letters], np.float32)


def _struct(handle: Handle) -> _c.dnc_config:
    struct = _c.dnc_config(struct_size=ctypes.sizeof(_c.dnc_config))
    check(_c.dnc_get_config(handle, byref(struct)))
    return struct
