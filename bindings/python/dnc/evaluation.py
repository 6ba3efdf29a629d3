"""What a trained network is worth: `evaluate`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ._fields import require_count, require_instance
from .errors import InvalidArgument
from .network import DNC
from .own_data import DataTask
from .ranks import Ranks
from .run_tasks import AnyTask
from .tasks import Task


class Score(NamedTuple):
    """One metric over some episodes."""

    value: float
    chance: float  # what guessing at random would give
    count: float  # how many things were counted
    is_error: bool  # the lower the better

    def as_json(self) -> dict[str, Any]:
        """As JSON has it: null where nothing was counted."""
        return {name: finite(value) for name, value in self._asdict().items()}

    def passes(self, goal: float) -> bool:
        """Whether the value is at least the goal; at most, if it is an error."""
        return self.value <= goal if self.is_error else self.value >= goal


def evaluate(
    net: DNC,
    task: Task | DataTask,
    episodes: int | None = None,
    batch: int | None = None,
    memory_slots: int | None = None,
) -> dict[str, Score]:
    """Lets the network play, without a teacher and without dropout, and names what it earned.

    It plays at least so many episodes (whole batches). None: each once, if the task has an end, else 1,000. `batch` and
    `memory_slots` are those of the network unless said otherwise: a network runs on a larger memory than it was trained
    with. The network itself is left as it is; the task's position moves on. InvalidArgument if X or Y of the task are
    not those of the network.
    """
    return evaluate_by_ranks(Ranks(), net, task, episodes, batch, memory_slots)


def evaluate_by_ranks(
    ranks: Ranks, net: DNC, task: AnyTask, episodes: int | None, batch: int | None, memory_slots: int | None = None
) -> dict[str, Score]:
    """`evaluate` by all ranks, which take turns with the batches."""
    require_fit(net, task)
    if episodes is not None:
        require_count(episodes, "episodes")
    evaluating = task.evaluating
    task.evaluating = True
    total = np.zeros((len(task.metrics), 3))
    try:
        with net.clone(share_parameters=True) as player:
            player.training = False
            player.set_bypass_dropout(0)
            if batch is not None:
                player.batch_size = batch
            if memory_slots is not None:
                player.memory_slots = memory_slots
            if episodes is None:
                episodes = task.episode_count or 1000
                task.position = 0 if task.episode_count else task.position
            for number in range(-(-episodes // player.batch_size)):
                if number % ranks.count == ranks.rank:
                    total += task.score(task.play(player))
                else:
                    task.position += 1
    finally:
        task.evaluating = evaluating
    ranks.add_up(total)
    return scores(task, total)


def capacity(
    net: DNC,
    tasks: Callable[[int], Task],
    slots: Sequence[int],
    lengths: Sequence[int],
    metric: str | None = None,
    episodes: int = 100,
    batch: int | None = None,
) -> npt.NDArray[np.float32]:
    """One metric [slots, lengths] of a trained network on memories and episodes of other sizes than it was trained on.
    Extended Data Figure 2 of the paper is one; `dnc.figures.capacity` draws it.

    tasks(length) makes the task of a length; metric is a name of its metrics (None: the first). A cell takes `episodes`
    episodes at least.
    """
    found = np.empty((len(slots), len(lengths)), np.float32)
    for column, length in enumerate(lengths):
        for row, count in enumerate(slots):
            with tasks(length) as task:
                names = [one.name for one in task.metrics]
                name = names[0] if metric is None else metric
                if name not in names:
                    raise InvalidArgument(f"metric is {name!r}, allowed are {', '.join(names)}")
                found[row, column] = evaluate(net, task, episodes, batch, count)[name].value
    return found


def require_fit(net: DNC, task: Task | DataTask) -> None:
    """Refuses a task of other sizes than the network's."""
    require_instance(net, "net", DNC)
    if not hasattr(task, "input_size"):
        raise TypeError(f"task is {task!r:.60}, needed is a dnc.Task or a dnc.DataTask")
    x, y = net.config["input_size"], net.config["output_size"]
    if (x, y) != (task.input_size, task.output_size):
        raise InvalidArgument(
            f"the network does not fit the task: the network has X = {x} and Y = {y}, the task has "
            f"X = {task.input_size} and Y = {task.output_size}"
        )


def finite(value: float) -> float | None:
    """As JSON has it, which knows neither NaN nor infinity."""
    return value if math.isfinite(value) else None


def scores(task: Task | DataTask, total: npt.NDArray[np.float64]) -> dict[str, Score]:
    """Sums of `Task.score` by the names of the metrics; NaN where nothing was counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        values, chances = total[:, 0] / total[:, 1], total[:, 2] / total[:, 1]
    return {
        metric.name: Score(float(value), float(chance), float(count), metric.is_error)
        for metric, value, chance, count in zip(task.metrics, values, chances, total[:, 1])
    }
