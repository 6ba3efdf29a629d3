"""Sequences of different lengths in one batch: `pad`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ._convert import FloatArray, reals, single
from .errors import InvalidArgument


class Padded(NamedTuple):
    """Sequences side by side; the shorter ones end in zeros, where the mask is 0."""

    values: FloatArray  # [T, B, C]
    mask: FloatArray  # [T, B]


def pad(sequences: Iterable[npt.ArrayLike], mask: Iterable[npt.ArrayLike] | None = None) -> Padded:
    """B sequences [steps, C], each with as many steps as it likes, as one batch [T, B, C] for `DNC.forward`.

    >>> inputs, _ = dnc.pad(readings)                     # each [steps, X]
    >>> targets, mask = dnc.pad(answers)                  # each [steps, Y]
    >>> value, gradients = dnc.loss("mean_squared_error", net.forward(inputs), targets, mask)

    A sequence [steps] counts as [steps, 1]. Without `mask`, every step of a sequence has mask 1; with it, for each
    sequence its weights [steps], 0 where any answer will do.
    """
    rows = [reals(sequence, f"sequence {index}") for index, sequence in enumerate(sequences)]
    rows = [row[:, None] if row.ndim == 1 else row for row in rows]
    if not rows:
        raise InvalidArgument("sequences is empty, needed is at least one")
    width = rows[0].shape[-1] if rows[0].ndim else 0
    for index, row in enumerate(rows):
        if row.ndim != 2 or not row.size or row.shape[1] != width:
            raise InvalidArgument(f"sequence {index} has shape {row.shape}, needed is [steps, {width}]")
    weights = [np.ones(len(row)) for row in rows]
    if mask is not None:
        weights = [reals(weight, f"mask {index}") for index, weight in enumerate(mask)]
    if len(weights) != len(rows):
        raise InvalidArgument(f"mask has {len(weights)} sequences, needed are {len(rows)}")
    padded = Padded(
        np.zeros((max(map(len, rows)), len(rows), width), np.float32),
        np.zeros((max(map(len, rows)), len(rows)), np.float32),
    )
    for index, (row, weight) in enumerate(zip(rows, weights)):
        if weight.shape != (len(row),):
            raise InvalidArgument(f"mask {index} has shape {weight.shape}, needed is ({len(row)},)")
        padded.values[: len(row), index] = single(row, f"sequence {index}")
        padded.mask[: len(row), index] = single(weight, f"mask {index}")
    return padded
