"""What a training run is: `Plan`."""

from __future__ import annotations

import dataclasses
import math
import os
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from ._fields import require_count, require_kinds, require_number
from .config import Options
from .errors import InvalidArgument
from .optimizer import Settings
from .task_files import Unused, is_curriculum, refuse_options
from .tasks import with_absolute_paths

# What can be changed when a run goes on: of the plan itself, and of its network; and every setting of the optimizer.
_CHANGEABLE = (
    "schedule", "decay_share", "warm_up", "updates", "stop_metric", "stop_score", "patience", "test_every",
    "test_episodes", "log_every", "bypass_dropout", "local_updates", "accumulate", "average",
)  # fmt: skip
_CHANGEABLE_OF_NETWORK = (
    "batch_size", "memory_slots", "clip_value", "usage_gradient", "max_record_bytes", "check_finite",
)  # fmt: skip
# Settings that only some algorithms have.
_ALGORITHMS = {
    "momentum": ("sgd", "rmsprop"),
    "decay": ("rmsprop",),
    "beta1": ("adam", "adamw"),
    "beta2": ("adam", "adamw"),
    "epsilon": ("rmsprop", "adam", "adamw"),
    "weight_decay": ("adamw",),
}
# Options of a network that only count with another one.
_NEEDS: dict[str, tuple[str, list[Any]]] = {
    "activation": ("controller", ["feedforward", "rnn"]),
    "initial_value": ("initial_state", ["constant"]),
    "mask_minimum": ("content_masks", [True]),
}
# What a memory has no use for. A new run may have memory_slots all the same: the command line's defaults do.
_LACKING = {
    "ntm": ["usage_gradient"],
    "none": ["usage_gradient", "interface_scale", "interface_norm", "initial_state", "memory_slots"],
}
_ASKING_FOR_NOTHING = ("full", "zeros", False)  # of a usage gradient, an initial state, and what may be switched on
_SCHEDULES = ("constant", "cosine", "linear")
# Files leave these out while they have their defaults, so that earlier versions, which don't know them, read them, too.
_LATER = ("decay_share", "accumulate", "average", "start_from")


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that a run's bytes depend on.

    The task has a name and options, or is a curriculum; test_options are those that differ in tests. The network's
    options are `Options`, the optimizer's `Settings`; algorithm is "sgd", "rmsprop", "adam" or "adamw". schedule is
    "constant", or lets the learning rate fall to 0, along half a wave ("cosine") or evenly ("linear"), in the last
    decay_share of all updates, above 0 to 1; before, it is constant. In the first warm_up updates, 0 or more, it grows
    from 0. The run ends after so many updates, 1 or more (None: never); when stop_metric is as good as
    stop_score in a test; or after so many tests in a row without a better one as patience says, 1 or more (None:
    never). There is a test every test_every updates, of test_episodes episodes, both 1 or more (None: as the lesson
    says, but all episodes where there is an end to them), and a line of the log every log_every updates, 1 or more.
    The run's seconds are those of the clock: "wall", or "processor", the time that its process had a processor for,
    which other work on the machine doesn't lengthen much.
    An update is made of so many batches as accumulate says, 1 or more. Its gradient is the sum of the batches'
    gradients divided by the number of batches, its loss the mean of their losses: up to rounding those of one batch
    with all sequences, if the masks of the batches have equal sums. If data end within an update, it is made of the
    batches that there are.
    bypass_dropout, 0 to below 1, is the rate of `DNC.set_bypass_dropout` in updates; tests have none. Of several ranks,
    each makes local_updates updates by itself, 1 or more, before their parameters are averaged (1: all make every
    update together): an approximation, which docs/distributed.md describes.
    With average, 0 (none) to below 1, tests play the exponential moving average of the parameters, and
    model.safetensors holds it, while training goes on with the plain ones: `WeightAverage` in weight_average.py has the
    equation. Parameters and episodes are drawn from the seed; None draws one. With start_from, the parameters are those
    of a trained network instead: of a safetensors file, or of the best network of a run's folder. Its tensors have to
    have the same shapes; the memory may have more or fewer slots. The optimizer begins anew. InvalidArgument for
    anything else.
    """

    task: str = ""  # a task's name, or the path of a curriculum; "": data of one's own
    options: dict[str, Any] = dataclasses.field(default_factory=dict)  # of the task
    test_options: dict[str, Any] = dataclasses.field(default_factory=dict)  # those that differ in tests
    network: Options = dataclasses.field(default_factory=lambda: Options())
    algorithm: str = "adam"
    optimizer: dict[str, float] = dataclasses.field(default_factory=dict)  # Settings
    schedule: str = "constant"  # or "cosine" or "linear": from the learning rate to 0
    decay_share: float = 1.0  # of all updates: the last ones, in which it falls
    warm_up: int = 0  # updates in which the learning rate grows from 0
    updates: int | None = None  # the run's length; None: without end
    stop_metric: str | None = None  # a test in which this metric
    stop_score: float | None = None  # is as good as this ends the run
    patience: int | None = None  # so many tests in a row without a better one end it
    test_every: int | None = None  # updates; None: as the lesson says
    test_episodes: int | None = None  # None: all if there is an end to them, else as the lesson says
    log_every: int = 100  # updates
    clock: str = "wall"  # or "processor": what the run's seconds are
    accumulate: int = 1  # batches of an update
    bypass_dropout: float = 0.0  # its rate in updates; tests have none
    local_updates: int = 1  # of a rank by itself, before all are averaged; 1: every update is of all ranks together
    average: float = 0.0  # so much of the average of the parameters stays in an update; 0: there is none
    seed: int = 0  # None draws one
    start_from: str = ""  # a safetensors file or a run's folder, for the parameters to begin with; "": drawn ones
    loss: str | None = None  # of data of one's own, a kind that `dnc.loss` takes; None: "mean_squared_error"

    def __post_init__(self) -> None:
        if self.schedule not in _SCHEDULES:
            raise InvalidArgument(f"schedule is {self.schedule!r}, allowed are {_either(_SCHEDULES, 'and')}")
        if self.clock not in ("wall", "processor"):
            raise InvalidArgument(f"clock is {self.clock!r}, allowed are 'wall' and 'processor'")
        if self.schedule != "constant" and self.updates is None:
            raise InvalidArgument(f"schedule is {self.schedule!r}, which needs the number of updates")
        for name in ("updates", "patience", "test_every", "test_episodes", "log_every", "local_updates", "accumulate"):
            value = getattr(self, name)
            if value is not None:
                require_count(value, name)
        if self.seed is None:
            object.__setattr__(self, "seed", secrets.randbits(64))
        require_count(self.warm_up, "warm_up", least=0)
        require_kinds(self)
        for name in ("bypass_dropout", "average"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise InvalidArgument(f"{name} is {value!r}, allowed are 0 (none) to below 1")
        if not 0 < self.decay_share <= 1:
            raise InvalidArgument(f"decay_share is {self.decay_share!r}, allowed are above 0 to 1")
        if (self.stop_metric is None) != (self.stop_score is None):
            raise InvalidArgument("stop_metric and stop_score are given together or not at all")
        for name, value in self.optimizer.items():
            require_number(value, name)

    @property
    def is_curriculum(self) -> bool:
        """Whether the task is the path of a curriculum."""
        return is_curriculum(self.task)

    def with_absolute_paths(self) -> Plan:
        """The same plan for any working directory: options of the task that are paths begin at the root."""
        return dataclasses.replace(
            self,
            options=with_absolute_paths(self.options),
            test_options=with_absolute_paths(self.test_options),
            start_from=os.path.abspath(self.start_from) if self.start_from else "",
        )

    def refuse_unused(self, tested: bool = True) -> None:
        """Refuses what a new run would take no notice of; tested: there are episodes to test it with."""
        of_data = [] if self.task else ["options", "test_options"]
        of_tests = [] if tested else ["test_every", "test_episodes", "patience", "stop_metric"]
        for names, why in (
            (of_data, "data of one's own have none"),
            (["loss"] if self.task else [], "a task has its own"),
            (of_tests, "there is no validation to test with"),
        ):
            for name in names:
                if getattr(self, name):
                    raise Unused(f"{name} would do nothing: {why}")
        if self.is_curriculum:
            refuse_options(self.task, {**self.options, **self.test_options})
        for name in self.optimizer:
            self._refuse_unused_setting(name)
        for name, (other, values) in _NEEDS.items():
            if name in self.network and self.network.get(other) not in values:
                with_what = other if values == [True] else f"{other} {_either(values)}"
                raise Unused(f"{name} would do nothing: it belongs to {with_what}")
        if self.stop_score is not None:
            require_number(self.stop_score, "stop_score")
        self._refuse_lacking({name: value for name, value in self.network.items() if name != "memory_slots"})
        for name in ("input_size", "output_size"):
            if name in self.network:
                raise Unused(f"{name} would do nothing: it is that of the task")
        if "num_threads" in self.network:
            raise Unused("num_threads would do nothing: the trainer is told the number of threads")
        for name in ("input_scale", "interface_scale"):
            if self.start_from and name in self.network:
                raise Unused(f"{name} would do nothing: the parameters are not drawn, but those of a trained network")
        self.refuse_unused_decay()

    def _refuse_lacking(self, options: Mapping[str, Any]) -> None:
        """Refuses options that ask for what the memory has not."""
        memory = self.network.get("memory", "dnc")
        for name in _LACKING.get(memory, ()):
            if options.get(name, False) not in _ASKING_FOR_NOTHING:
                raise Unused(f"{name} would do nothing: it belongs to another memory than {memory!r}")

    def refuse_unused_decay(self) -> None:
        """Refuses a share of the updates in which nothing falls."""
        if self.schedule == "constant" and self.decay_share != 1:
            raise Unused(f"decay_share would do nothing: it belongs to schedule {_either(_SCHEDULES[1:])}")

    def _refuse_unused_setting(self, name: str) -> None:
        if self.algorithm not in _ALGORITHMS.get(name, (self.algorithm,)):
            having = " and ".join(_ALGORITHMS[name])
            raise Unused(f"{name} would do nothing: {self.algorithm} has none, only {having}")

    def changed(self, changes: Mapping[str, Any]) -> Plan:
        """The plan of a run that goes on otherwise: changes by the names of the plan's fields, of the network's options
        and of the optimizer's settings. Refuses what a run has for good."""
        fields: dict[str, Any] = {}
        for name, value in changes.items():
            if name in _CHANGEABLE:
                fields[name] = value
            elif name in _CHANGEABLE_OF_NETWORK:
                fields["network"] = {**fields.get("network", self.network), name: value}
            elif name in Settings.__annotations__:
                self._refuse_unused_setting(name)
                fields["optimizer"] = {**fields.get("optimizer", self.optimizer), name: value}
            else:
                names = ", ".join((*_CHANGEABLE, *_CHANGEABLE_OF_NETWORK, *Settings.__annotations__))
                raise Unused(
                    f"{name} is what a run begins with, and can't be changed when it goes on; that can: {names}"
                )
        self._refuse_lacking(changes)
        plan = dataclasses.replace(self, **fields)
        if "decay_share" in changes:
            plan.refuse_unused_decay()
        return plan

    def as_saved(self) -> dict[str, Any]:
        """The fields, as files have them."""
        fields = dataclasses.asdict(self)
        return {name: value for name, value in fields.items() if name not in _LATER or value != _DEFAULTS[name]}

    def differences(self, other: Plan) -> dict[str, Any]:
        """The fields of another plan that are not those of this one."""
        there = dataclasses.asdict(other)
        return {name: there[name] for name, value in dataclasses.asdict(self).items() if there[name] != value}

    def dropout_seed(self, update: int, batch: int = 0) -> int:
        """That of a batch of the update, both by their numbers from 0. Runs with other seeds have others."""
        return (self.seed * 0x9E3779B97F4A7C15 + update * self.accumulate + batch) % 2**64

    def learning_rate(self, base: float, update: int) -> float:
        """That of the update with this number, from 0."""
        rate = base * min(1.0, (update + 1) / self.warm_up) if self.warm_up else base
        if self.schedule == "constant" or self.updates is None:
            return rate
        falling = self.updates * self.decay_share
        fallen = min(1.0, max(0.0, (update - (self.updates - falling)) / falling))
        return rate * (0.5 * (1 + math.cos(math.pi * fallen)) if self.schedule == "cosine" else 1 - fallen)


_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Plan)}


def _either(names: Sequence[str], word: str = "or") -> str:
    *most, last = map(repr, names)
    return f"{', '.join(most)} {word} {last}" if most else last
