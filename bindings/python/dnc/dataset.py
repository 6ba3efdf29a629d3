"""Sequences of one's own in memory: `Dataset`."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Sequence
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from ._convert import FloatArray, reals
from ._fields import require_kind
from .batches import pad
from .errors import InvalidArgument
from .tasks import Episodes

# An array [T, B, C], or B sequences [steps, C].
Sequences = Union[npt.ArrayLike, Sequence[npt.ArrayLike]]


class Dataset:
    """Sequences with the targets that belong to them.

    >>> data = dnc.Dataset(inputs, targets, lengths)      # [T, B, X], [T, B, Y], [B]
    >>> data = dnc.Dataset([first, second], [a, b])       # [steps, X] and [steps, Y] for each sequence
    >>> training, validation = data.split(0.1)

    An array is time-major, as everywhere: inputs [T, B, X], targets [T, B, Y], mask [T, B]; lengths [B] says how many
    steps of each sequence count (None: all). A list holds the B sequences one by one: inputs [steps, X], targets
    [steps, Y], mask [steps]; [steps] counts as [steps, 1]. The mask weighs the steps. Where it is 0 any answer will do,
    and the target may be NaN. Without a mask every step asks for its target; targets [B, Y], an array, are asked for in
    the last step of each sequence alone.

    Everything is copied as float32. A TypeError or InvalidArgument names the sequence that is not as it should be.
    """

    def __init__(
        self,
        inputs: Sequences,
        targets: Sequences,
        lengths: npt.ArrayLike | None = None,
        mask: Sequences | None = None,
    ) -> None:
        rows = _sequences(inputs, "inputs", lengths)
        weights = [np.ones((len(row), 1), np.float32) for row in rows]
        if mask is None and _is_array(targets) and np.ndim(targets) == 2:
            answers, weights = _at_the_end(targets, rows)
        else:
            answers = _sequences(targets, "targets", lengths)
        if mask is not None:
            weights = _sequences(mask, "mask", lengths, axes=2)
        for name, other in (("targets", answers), ("mask", weights)):
            if len(other) != len(rows):
                raise InvalidArgument(f"{name} has {len(other)} sequences, inputs has {len(rows)}")
            for index, (row, one) in enumerate(zip(rows, other)):
                if len(one) != len(row):
                    raise InvalidArgument(
                        f"{name} of sequence {index} has {len(one)} steps, inputs has {len(row)} there"
                    )
        for index, (row, answer, weight) in enumerate(zip(rows, answers, weights)):
            if weight.shape[1] != 1 or not (np.isfinite(weight).all() and (weight >= 0).all()):
                raise InvalidArgument(
                    f"mask of sequence {index} holds what is no weight: needed is one of 0 or more a step"
                )
            answer[weight[:, 0] == 0] = 0  # whatever is there
            for name, values in (("inputs", row), ("targets", answer)):
                if not np.isfinite(values).all():
                    step = int(np.argmin(np.isfinite(values).all(axis=1)))
                    hint = ", and its mask is not 0" if name == "targets" else ""
                    raise InvalidArgument(f"{name} of sequence {index} is not finite in step {step}{hint}")
        self._inputs, self._targets, self._mask = rows, answers, [weight[:, 0] for weight in weights]

    @property
    def input_size(self) -> int:
        """X"""
        return int(self._inputs[0].shape[1])

    @property
    def output_size(self) -> int:
        """Y"""
        return int(self._targets[0].shape[1])

    def __len__(self) -> int:
        """How many sequences there are."""
        return len(self._inputs)

    def __repr__(self) -> str:
        longest = max(map(len, self._inputs))
        return f"Dataset({len(self)} sequences of up to {longest} steps, X = {self.input_size}, Y = {self.output_size})"

    def subset(self, indices: npt.ArrayLike) -> Dataset:
        """The sequences with these numbers, from 0, in this order; they are not copied."""
        chosen = [operator.index(index) for index in np.asarray(indices).tolist()]
        if not chosen:
            raise InvalidArgument("indices is empty, needed is at least one sequence")
        if not all(0 <= index < len(self) for index in chosen):
            raise InvalidArgument(f"indices has {min(chosen)} to {max(chosen)}, allowed are 0 to {len(self) - 1}")
        part = Dataset.__new__(Dataset)
        for name in ("_inputs", "_targets", "_mask"):
            setattr(part, name, [getattr(self, name)[index] for index in chosen])
        return part

    def split(self, share: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Two datasets, the second with this share of the sequences, drawn at random; each has at least one. The same
        share and seed give the same ones."""
        require_share(share, "share")
        try:
            random = np.random.default_rng(seed)
        except (TypeError, ValueError):
            raise InvalidArgument(f"seed is {seed!r}, needed is a whole number of at least 0") from None
        if len(self) < 2:
            raise InvalidArgument("one sequence can't be split: needed are at least 2")
        order = random.permutation(len(self))
        count = min(max(1, round(share * len(self))), len(self) - 1)
        return self.subset(np.sort(order[count:])), self.subset(np.sort(order[:count]))

    def batch(self, indices: npt.ArrayLike) -> Episodes:
        """The sequences with these numbers as a batch: inputs [T, B, X], targets [T, B, Y], mask [T, B]."""
        part = self.subset(indices)
        targets, mask = pad(part._targets, part._mask)
        return Episodes(pad(part._inputs).values, targets, mask)

    def checksum(self) -> str:
        """The SHA-256 of all that is in it."""
        digest = hashlib.sha256()
        for rows in (self._inputs, self._targets, self._mask):
            for row in rows:
                digest.update(str(row.shape).encode())
                digest.update(np.ascontiguousarray(row).data)
        return digest.hexdigest()


def require_share(value: Any, name: str) -> None:
    """Refuses what is no part of a whole."""
    require_kind(value, name, "float")
    if not 0 < value < 1:
        raise InvalidArgument(f"{name} is {value}, needed is more than 0 and less than 1")


def _is_array(values: Any) -> bool:
    """And not a list, nor an array that NumPy has made of a list of sequences."""
    return hasattr(values, "dtype") and values.dtype != object


def _at_the_end(targets: Any, rows: list[FloatArray]) -> tuple[list[FloatArray], list[FloatArray]]:
    """Targets [B, Y] in the last steps of the sequences, and the mask that asks for them there."""
    given = reals(targets, "targets")
    if len(given) != len(rows) or not given.shape[1]:
        raise InvalidArgument(f"targets has shape {given.shape}, needed is [{len(rows)}, Y], one for each sequence")
    answers = [np.zeros((len(row), given.shape[1]), np.float32) for row in rows]
    weights = [np.zeros((len(row), 1), np.float32) for row in rows]
    for answer, weight, target in zip(answers, weights, given):
        answer[-1], weight[-1] = target, 1
    return answers, weights


def _sequences(values: Any, name: str, lengths: npt.ArrayLike | None, axes: int = 3) -> list[FloatArray]:
    """Copies of the B sequences [steps, C] of an array [T, B, C] or of a list; of a mask, axes = 2, C is 1."""
    needed = "[T, B, C] or a list of sequences [steps, C]" if axes == 3 else "[T, B] or a list of weights [steps]"
    if not _is_array(values):
        if lengths is not None:
            raise InvalidArgument(
                f"lengths is given and {name} is a list, whose sequences have their own: needed is an array"
            )
        rows = [reals(row, f"{name} of sequence {index}") for index, row in enumerate(values)]
        rows = [row[:, None] if row.ndim == 1 else row for row in rows]
    else:
        whole = reals(values, name)
        if whole.ndim != axes:
            raise InvalidArgument(f"{name} has shape {whole.shape}, needed is {needed}")
        whole = whole.reshape(*whole.shape[:2], -1) if whole.size else whole
        steps = _lengths(lengths, *whole.shape[:2])
        rows = [whole[:length, index] for index, length in enumerate(steps)]
    if not rows:
        raise InvalidArgument(f"{name} is empty, needed is {needed}")
    for index, row in enumerate(rows):
        if row.ndim != 2 or not row.size or row.shape[1] != rows[0].shape[1]:
            width = rows[0].shape[1] if rows[0].ndim == 2 else "C"
            raise InvalidArgument(f"{name} of sequence {index} has shape {row.shape}, needed is [steps, {width}]")
    with np.errstate(over="ignore"):  # infinite then, which is refused
        return [np.array(row, np.float32) for row in rows]


def _lengths(lengths: npt.ArrayLike | None, steps: int, batch: int) -> list[int]:
    if lengths is None:
        return [steps] * batch
    given = reals(lengths, "lengths")
    if given.shape != (batch,):
        raise InvalidArgument(f"lengths has shape {given.shape}, needed is one for each of {batch} sequences")
    for index, length in enumerate(given.tolist()):
        if not (1 <= length <= steps and length == int(length)):
            raise InvalidArgument(f"lengths is {length} for sequence {index}, allowed are 1 to {steps}")
    return [int(length) for length in given]
