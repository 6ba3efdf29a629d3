"""Synthetic episodes to learn from."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import NamedTuple

import numpy as np

from . import _c
from ._convert import LOSSES, FloatArray, floats, integer, text
from ._handle import Handle, Resource
from .errors import check


class Episodes(NamedTuple):
    """A batch of episodes. Those shorter than the longest end in zeros with mask 0."""

    inputs: FloatArray  # [T, B, X]
    targets: FloatArray  # [T, B, Y]
    mask: FloatArray  # [T, B]


class Task(Resource):
    """Episodes of the task `name`; the same name, options and seed give the same episodes on every machine.

    >>> task = dnc.Task("copy", seed=1, width=6, max_length=8)
    >>> inputs, targets, mask = task.sample(16)

    The tasks and their options are listed in dnc.h.
    """

    input_size: int  # X
    output_size: int  # Y
    loss: str  # the kind that `dnc.loss` takes

    def __init__(self, name: str, seed: int = 0, **options: float | str) -> None:
        pairs = ",".join(f"{key}={value}" for key, value in options.items())
        pointer = ctypes.POINTER(_c.dnc_task)()
        number = integer(seed, "seed", ctypes.c_uint64)
        check(_c.dnc_task_create(text(name, "name"), text(pairs, "options") or None, number, byref(pointer)))
        self._open_handle = Handle(pointer, _c.dnc_task_free)
        x, y, kind = ctypes.c_uint32(), ctypes.c_uint32(), ctypes.c_uint32()
        check(_c.dnc_task_sizes(self._handle, byref(x), byref(y), byref(kind)))
        self.input_size, self.output_size = x.value, y.value
        self.loss = next(word for word, number in LOSSES.items() if number == kind.value)

    def sample(self, batch: int) -> Episodes:
        """Draws the next `batch` episodes: inputs [T, B, X], targets [T, B, Y], mask [T, B]; B = batch, and T is
        that of the longest."""
        steps = ctypes.c_size_t()
        check(_c.dnc_task_sample(self._handle, integer(batch, "batch"), byref(steps)))
        shapes = [(self.input_size,), (self.output_size,), ()]
        drawn = Episodes(*(np.empty((steps.value, batch, *shape), np.float32) for shape in shapes))
        check(_c.dnc_task_read(self._handle, *map(floats, drawn)))
        return drawn
