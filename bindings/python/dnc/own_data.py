"""Data of one's own as a task: `DataTask`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Callable, Union

import numpy as np
import numpy.typing as npt

from ._convert import FloatArray, array, loss_number, reals
from .batches import pad
from .dataset import Dataset
from .errors import InvalidArgument, InvalidState
from .network import DNC
from .optimizer import loss as loss_of
from .tasks import Episodes, Lesson, Metric

# inputs and targets, and a mask or none.
Batch = Sequence[Any]
Source = Union[Dataset, Callable[[int], Batch], Iterable[Batch]]

DEFAULT_LOSS = "mean_squared_error"
_EMPTY = "data is empty, needed is at least one batch"


# Of a dataset, so many sequences at once are looked at.
_LOOKED_AT = 64


class EndOfData(InvalidState):
    """A generator has given its last batch."""


class DataTask:
    """Data of one's own as `Trainer` and `evaluate` take it: what a `Task` has.

    >>> dnc.evaluate(net, dnc.DataTask(dnc.Dataset(inputs, targets, lengths)))["loss"].value

    data is one of these:

    - a `Dataset`. With a seed its sequences come in another order in every epoch, without one as they are.
    - a function of a batch's number, from 0. It gives (inputs, targets) or (inputs, targets, mask): arrays [T, B, X],
      [T, B, Y], [T, B], or lists of B sequences, as in a `Dataset`. If what it gives depends on the number alone, a
      resumed run equals an unbroken one, bit for bit: draw with `numpy.random.default_rng([seed, number])`.
    - a list of such batches, which begins again after the last; or anything else that can be iterated over. A generator
      can't be asked for a batch again: a resumed run goes on with what the new one gives, and a run whose generator
      ends has come to its end.

    A batch has as many sequences as the network's, or fewer: it is filled up with sequences of mask 0, which count
    neither in the loss nor in the scores. loss is a kind that `dnc.loss` takes, and targets are what it takes. The
    scores are the loss, and with sigmoids the share of wrong bits (`bit_error`), with softmaxes that of wrong classes
    (`class_error`). What guessing earns, where the loss is concerned, is the loss of answering 0 everywhere.
    """

    interactive = False
    lessons = (Lesson("", 0, math.nan, 0.0, 100, 100),)
    lesson = 0
    evaluating = False

    def __init__(self, data: Source, loss: str = DEFAULT_LOSS, seed: int | None = None) -> None:
        loss_number(loss, "loss")
        self.data, self.loss_kind, self.position = data, loss, 0
        self.episode_count = len(data) if isinstance(data, Dataset) else 0
        self._draw = _drawing(data, seed)
        self._drawn: Episodes | None = None
        if isinstance(data, Dataset):
            require_targets(data, loss)
            self.input_size, self.output_size = data.input_size, data.output_size
        else:
            try:
                first = self._draw(0, 0)
            except EndOfData:
                raise InvalidArgument(_EMPTY) from None
            self.input_size, self.output_size = first.inputs.shape[2], first.targets.shape[2]
            if isinstance(self._draw, _Stream):
                self._draw.put_back(first)
        self._group = self.output_size
        if ":" in loss:
            self._group = int(loss.partition(":")[2])
        errors = {"sigmoid": "bit_error", "softmax": "class_error", "grouped": "class_error"}
        kinds = ["loss", *(name for kind, name in errors.items() if loss.startswith(kind))]
        self.metrics = [Metric(name, True) for name in kinds]

    @property
    def is_stream(self) -> bool:
        """Whether it gives every batch once."""
        return isinstance(self._draw, _Stream)

    def draw(self, batch: int) -> int:
        """Draws the next batch and fills it up to so many sequences. Returns T."""
        number = self.position
        given = self._draw(number, batch)
        sizes = {"X": self.input_size, "Y": self.output_size}
        inputs = array(given.inputs, f"inputs of batch {number}", "TBX", sizes)
        steps, count, _ = inputs.shape
        if not 0 < count <= batch or not steps:
            raise InvalidArgument(
                f"inputs of batch {number} has {count} sequences of {steps} steps, needed are 1 to {batch}, the "
                "network's batch_size, of at least one"
            )
        sizes.update(T=steps, B=count)
        targets = array(given.targets, f"targets of batch {number}", "TBY", sizes)
        mask = array(given.mask, f"mask of batch {number}", "TB", sizes)
        targets = np.where(mask[..., None] == 0, np.float32(0), targets)  # there NaN is fine
        for name, values in (("mask", mask[..., None]), ("inputs", inputs), ("targets", targets)):
            if not (finite := np.isfinite(values).all(axis=2)).all():
                step, index = map(int, np.argwhere(~finite)[0])
                hint = ", and its mask is not 0" if name == "targets" else ""
                raise InvalidArgument(
                    f"{name} of batch {number} is not finite in step {step} of sequence {index}{hint}"
                )
        missing = batch - count
        if missing:
            inputs, targets = (np.pad(values, ((0, 0), (0, missing), (0, 0))) for values in (inputs, targets))
            mask = np.pad(mask, ((0, 0), (0, missing)))
        self._drawn = Episodes(inputs, targets, mask)
        self.position += 1
        return int(steps)

    def sample(self, batch: int) -> Episodes:
        """Draws the next batch: inputs [T, B, X], targets [T, B, Y], mask [T, B]."""
        self.draw(batch)
        return self.read()

    def read(self) -> Episodes:
        """The batch drawn last."""
        if self._drawn is None:
            raise InvalidState("no batch has been drawn: call draw or sample first")
        return self._drawn

    def play(self, net: DNC, batch: int | None = None, part: slice | None = None) -> FloatArray:
        """Draws the next batch and lets the network run through it from its initial state, or with part through these
        of its sequences. Returns its outputs [T, B, Y]."""
        self.draw(net.batch_size if batch is None else batch)
        net.reset()
        return net.forward(self.read().inputs[:, slice(None) if part is None else part])

    def loss(self, outputs: npt.ArrayLike) -> tuple[float, FloatArray]:
        """The loss of logits outputs [T, B, Y] in the batch drawn last, and its gradient [T, B, Y]."""
        _, targets, mask = self.read()
        return loss_of(self.loss_kind, outputs, targets, mask)

    def score(self, outputs: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """What the outputs [T, B, Y] earn in the batch drawn last, as of `Task.score`: [metric, 3]."""
        outputs = np.asarray(outputs, np.float32)
        _, targets, mask = self.read()
        weight = float(mask.sum(dtype=np.float64))
        value, still = (self.loss(answer)[0] for answer in (outputs, np.zeros_like(outputs)))
        found = [(value * weight, weight, still * weight)]
        asked = mask > 0
        if self.loss_kind.startswith("sigmoid"):
            wrong = (outputs > 0) != (targets > 0.5)
            found.append((wrong[asked].sum(), wrong[asked].size, 0.5 * wrong[asked].size))
        elif len(self.metrics) > 1:
            classes = [values[asked].reshape(-1, self._group).argmax(axis=1) for values in (outputs, targets)]
            count = len(classes[0])
            found.append(((classes[0] != classes[1]).sum(), count, count * (1 - 1 / self._group)))
        return np.array(found, np.float64)


def require_targets(data: Dataset, loss: str) -> None:
    """Refuses targets that the loss does not take, by the number of their sequence."""
    for first in range(0, len(data), _LOOKED_AT):
        _, targets, mask = data.batch(range(first, min(first + _LOOKED_AT, len(data))))
        try:
            loss_of(loss, np.zeros_like(targets), targets, mask)
        except InvalidArgument as error:
            place = re.match(r"targets\[(t=\d+), b=(\d+)", error.message)
            if place is None:
                raise
            where = f"targets of sequence {first + int(place[2])}[{place[1]}"
            raise InvalidArgument(where + error.message[place.end() :]) from None


def _drawing(data: Source, seed: int | None) -> Callable[[int, int], Episodes]:
    """A function of a batch's number and of how many sequences it may have."""
    if isinstance(data, Dataset):
        return _Epochs(data, seed)
    if callable(data):
        return lambda number, _: _episodes(data(number), number)
    if isinstance(data, Sequence):
        if not data:
            raise InvalidArgument(_EMPTY)
        return lambda number, _: _episodes(data[number % len(data)], number)
    if isinstance(data, Iterable) and not hasattr(data, "dtype"):
        return _Stream(data)
    raise TypeError(
        f"data is {type(data).__name__}, needed is a Dataset, a function of a batch's number, or an iterable of batches"
    )


class _Epochs:
    """All sequences of a dataset, again and again; the last batch of an epoch has what is left."""

    def __init__(self, data: Dataset, seed: int | None) -> None:
        self._data, self._seed = data, seed
        self._epoch, self._order = -1, np.arange(len(data))

    def __call__(self, number: int, size: int) -> Episodes:
        epoch, index = divmod(number, -(-len(self._data) // size))
        if self._seed is not None and epoch != self._epoch:
            self._order = np.random.default_rng([self._seed, epoch]).permutation(len(self._data))
            self._epoch = epoch
        return self._data.batch(self._order[index * size : (index + 1) * size])


class _Stream:
    """Batches as something gives them, in a row."""

    def __init__(self, data: Iterable[Batch]) -> None:
        self._data, self._given = data, iter(data)
        self._first: list[Episodes] = []

    def put_back(self, batch: Episodes) -> None:
        self._first = [batch]

    def __call__(self, number: int, _: int) -> Episodes:
        if self._first:
            return self._first.pop()
        batch = next(self._given, None)
        if batch is None and not isinstance(self._data, Iterator):
            self._given = iter(self._data)
            batch = next(self._given, None)
        if batch is None:
            raise EndOfData(f"the data came to its end: there is no batch {number}")
        return _episodes(batch, number)


def _episodes(given: Batch, number: int) -> Episodes:
    """A batch as somebody gives it."""
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        what = f"{len(given)} parts" if isinstance(given, (tuple, list)) else f"a {type(given).__name__}"
        raise InvalidArgument(f"batch {number} is {what}, needed are (inputs, targets) or (inputs, targets, mask)")
    inputs, targets, mask = (*given, None)[:3]
    if isinstance(inputs, (list, tuple)):
        inputs, targets = list(inputs), list(targets)
        padded, (values, weights) = pad(inputs), pad(targets, mask)
        if len(targets) != len(inputs):
            raise InvalidArgument(f"targets of batch {number} has {len(targets)} sequences, inputs has {len(inputs)}")
        for index, (row, answer) in enumerate(zip(inputs, targets)):
            if len(answer) != len(row):
                raise InvalidArgument(
                    f"targets of sequence {index} of batch {number} has {len(answer)} steps, "
                    f"inputs has {len(row)} there"
                )
        return Episodes(padded.values, values, weights)
    inputs, targets = reals(inputs, f"inputs of batch {number}"), reals(targets, f"targets of batch {number}")
    weights = np.ones(inputs.shape[:2], np.float32) if mask is None else reals(mask, f"mask of batch {number}")
    return Episodes(inputs, targets, weights)
