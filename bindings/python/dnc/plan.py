"""What a training run is: `Plan`."""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Any

from .config import Options
from .errors import InvalidArgument


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that a run's bytes depend on."""

    task: str  # a task's name, or the path of a curriculum
    options: dict[str, Any] = dataclasses.field(default_factory=dict)  # of the task
    test_options: dict[str, Any] = dataclasses.field(default_factory=dict)  # those that differ in tests
    network: Options = dataclasses.field(default_factory=lambda: Options())
    algorithm: str = "adam"
    optimizer: dict[str, float] = dataclasses.field(default_factory=dict)  # Settings
    schedule: str = "constant"  # or "cosine": from the learning rate to 0 over all updates
    warm_up: int = 0  # updates in which the learning rate grows from 0
    updates: int | None = None  # the run's length; None: without end
    stop_metric: str | None = None  # a test in which this metric
    stop_score: float | None = None  # is as good as this ends the run
    patience: int | None = None  # so many tests in a row without a better one end it
    test_every: int | None = None  # updates; None: as the lesson says
    test_episodes: int | None = None  # None: all if there is an end to them, else as the lesson says
    log_every: int = 100  # updates
    seed: int = 0

    def __post_init__(self) -> None:
        if self.schedule not in ("constant", "cosine"):
            raise InvalidArgument(f"schedule is {self.schedule!r}, allowed are 'constant' and 'cosine'")
        if self.schedule == "cosine" and self.updates is None:
            raise InvalidArgument("schedule is 'cosine', which needs the number of updates")
        for name in ("updates", "patience", "test_every", "test_episodes", "log_every"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidArgument(f"{name} is {value}, needed is at least 1")
        if (self.stop_metric is None) != (self.stop_score is None):
            raise InvalidArgument("stop_metric and stop_score are given together or not at all")
        if self.warm_up < 0:
            raise InvalidArgument(f"warm_up is {self.warm_up}, needed is at least 0")

    @property
    def is_curriculum(self) -> bool:
        return os.sep in self.task or "." in self.task

    def learning_rate(self, base: float, update: int) -> float:
        """That of the update with this number, from 0."""
        rate = base * min(1.0, (update + 1) / self.warm_up) if self.warm_up else base
        if self.schedule == "cosine" and self.updates is not None:
            rate *= 0.5 * (1 + math.cos(math.pi * min(1.0, update / self.updates)))
        return rate
