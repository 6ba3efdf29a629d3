"""Training in one call: `fit`."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

import numpy.typing as npt

from ._convert import Path
from ._fields import require_count, require_instance
from .dataset import Dataset, Sequences
from .errors import InvalidArgument
from .network import DNC
from .optimizer import Optimizer
from .own_data import DEFAULT_LOSS, Source, require_targets
from .plan import Plan
from .ranks import Ranks
from .run_tasks import tasks_of
from .trainer import Trainer

History = dict[str, list[float]]
EPOCHS = 10


def fit(
    net: DNC,
    inputs: Sequences | Source,
    targets: Sequences | None = None,
    lengths: npt.ArrayLike | None = None,
    mask: Sequences | None = None,
    *,
    loss: str = DEFAULT_LOSS,
    epochs: int | None = None,
    updates: int | None = None,
    batch_size: int | None = None,
    validation_split: float = 0.0,
    validation_data: Source | tuple[Any, ...] | None = None,
    patience: int | None = None,
    optimizer: Optimizer | None = None,
    learning_rate: float | None = None,
    schedule: str = "constant",
    decay_share: float = 1.0,
    accumulate: int = 1,
    average: float = 0.0,
    folder: Path | None = None,
    seed: int = 0,
    progress: bool | None = None,
    each: Callable[[Trainer], None] | None = None,
) -> History:
    """Trains the network on data of one's own, and returns how it went.

    >>> history = dnc.fit(net, inputs, targets, lengths, epochs=50, validation_split=0.1, patience=5)
    >>> history["validation_loss"][-1]

    inputs, targets, lengths and mask are those of `Dataset`; or inputs alone is a `Dataset`, a function or a generator
    of batches, as `DataTask` takes it. The loss is a kind that `dnc.loss` takes.

    A dataset is gone through `epochs` times (10), in a new order each time; all else is trained on for so many
    `updates`, or until a generator ends. A batch has batch_size sequences (None: the network's batch_size), the last
    one of an epoch what is left.

    validation_split is the share of the sequences that is kept back for tests, as `Dataset.split` does with the seed;
    validation_data is what inputs takes, or a tuple of a `Dataset`'s arguments. The network is tested after every
    epoch, or every 100 updates, and in the end it has the parameters that did best. `patience` ends the training after
    so many tests without a better one.

    The optimizer goes on from where it is; None: Adam with learning_rate (1e-3), and gradients of a norm of at most 10.
    schedule, decay_share, accumulate and average are those of a `Plan`. With accumulate, an update takes so many
    batches, and an epoch is rounded up to whole updates. With average, what is tested is the moving average of the
    parameters, and the network has it in the end, also without validation. The end may be Ctrl-C, after the present
    update, or an exception in `each`: both are raised then.

    With `folder`, the training is a run that `Trainer.resume` can take up. `progress` shows a bar (None: in a terminal
    or a notebook); `each` is called with the `Trainer` after every update, and may `stop` it.

    Returns lists of equal length, with a number for each epoch, or for each 100 updates: "update"; "loss", the mean
    since the number before; "skipped", how many updates since then were left out because their gradients were not
    finite; "epoch" if there are epochs; with validation "validation_loss" and what else `DataTask` counts. Batches that
    are not finite are refused: InvalidArgument names the batch.
    """
    require_instance(net, "net", DNC)
    if optimizer is not None:
        require_instance(optimizer, "optimizer", Optimizer)
    data = _data(inputs, targets, lengths, mask)
    data, validation = _validation(data, validation_split, validation_data, seed, loss)
    if optimizer is None:
        rate = 1e-3 if learning_rate is None else learning_rate
        optimizer = Optimizer(net, "adam", learning_rate=rate, max_gradient_norm=10)
    elif learning_rate is not None:
        raise InvalidArgument("learning_rate is given beside an optimizer, which has its own")
    with _as_before(net, optimizer):
        if batch_size is not None:
            net.batch_size = batch_size
        require_count(accumulate, "accumulate")
        epoch, updates = _length(data, net.batch_size * accumulate, epochs, updates)
        settings = {name: value for name, value in optimizer.config.items() if name != "algorithm"}
        plan = Plan(
            loss=loss, algorithm=optimizer.algorithm, optimizer=settings, updates=updates, patience=patience, seed=seed,
            test_every=epoch if validation is not None else None, log_every=epoch or 100, schedule=schedule,
            decay_share=decay_share, accumulate=accumulate, average=average,
        )  # fmt: skip
        plan.refuse_unused_decay()
        tasks = tasks_of(plan, FilePath(), data, validation)
        trainer = Trainer._begin(None if folder is None else FilePath(folder), plan, net, optimizer, tasks, Ranks())
        try:
            trainer.run(each=each, progress=progress)
        finally:
            if trainer.score:
                trainer.restore_best()
            elif average:
                net.flat_parameters[...] = trainer.judged.flat_parameters
    return _history(trainer, epoch)


def _data(inputs: Any, targets: Any, lengths: Any, mask: Any) -> Source:
    if targets is not None:
        return Dataset(inputs, targets, lengths, mask)
    for name, value in (("lengths", lengths), ("mask", mask)):
        if value is not None:
            raise InvalidArgument(f"{name} is given without targets")
    if hasattr(inputs, "dtype"):
        raise InvalidArgument("targets is missing: inputs is an array")
    return inputs  # type: ignore[no-any-return]


def _validation(data: Source, share: float, own: Any, seed: int, loss: str) -> tuple[Source, Source | None]:
    """What is trained on, and what is tested on."""
    if share:
        if own is not None:
            raise InvalidArgument("validation_split and validation_data are both given, needed is one of them")
        if not isinstance(data, Dataset):
            raise InvalidArgument("validation_split is of a Dataset: give validation_data for other data")
        if not isinstance(share, numbers.Real) or not 0 < share < 1:
            raise InvalidArgument(f"validation_split is {share!r}, needed is 0 (none) to below 1")
        require_targets(data, loss)  # before its sequences get other numbers
        return data.split(share, seed)
    if isinstance(own, tuple):
        if not 2 <= len(own) <= 4:
            raise InvalidArgument(
                f"validation_data is a tuple of {len(own)}, needed are inputs, targets, and perhaps lengths and mask"
            )
        own = Dataset(*own)
    return data, own


def _length(data: Source, sequences: int, epochs: int | None, updates: int | None) -> tuple[int | None, int | None]:
    """The updates of an epoch, if there are epochs, and of the whole; of so many sequences each."""
    if epochs is not None and updates is not None:
        raise InvalidArgument("epochs and updates are both given, needed is one of them")
    if epochs is not None:
        require_count(epochs, "epochs")
    if isinstance(data, Dataset):
        epoch = -(-len(data) // sequences)
        return epoch, (EPOCHS if epochs is None else epochs) * epoch if updates is None else updates
    if epochs is not None:
        raise InvalidArgument("epochs are of a Dataset: give updates for other data")
    if updates is None and not isinstance(data, Iterator):
        raise InvalidArgument("updates is missing: there is no end to the data")
    return None, updates


@contextmanager
def _as_before(net: DNC, optimizer: Optimizer) -> Iterator[None]:
    """Only the parameters change, and the optimizer's averages."""
    training, batch_size, rate = net.training, net.batch_size, optimizer.learning_rate
    try:
        yield
    finally:
        optimizer.learning_rate = rate  # which a schedule has changed
        net.training = training
        if net.batch_size != batch_size:
            net.batch_size = batch_size
        net.reset()
        net.zero_gradients()


def _history(trainer: Trainer, epoch: int | None) -> History:
    """What the log says, in columns."""

    def number(value: float | None) -> float:
        return math.nan if value is None else value

    rows: dict[int, dict[str, float]] = {}
    skipped = 0
    for line in trainer.log():
        row = rows.setdefault(line["update"], {"update": line["update"]})
        if epoch is not None:
            row["epoch"] = line["update"] / epoch
        if line["event"] == "train":
            row["loss"], row["skipped"], skipped = number(line["loss"]), skipped, 0
        elif line["event"] == "skip":
            skipped += 1
        elif line["event"] == "test":
            row.update({f"validation_{name}": number(score[0]) for name, score in line["scores"].items()})
    full = [row for row in rows.values() if "loss" in row]
    names = dict.fromkeys(name for row in full for name in row)
    return {name: [row.get(name, math.nan) for row in full] for name in names}
