"""Training that can be left alone: `Trainer`.

A run is a folder:

    trainer.json             the plan, and how far the run has come; names the checkpoint that belongs to it
    update-00012000.safetensors   that checkpoint: network and optimizer
    model.safetensors        the network that did best in the tests of the last lesson it came to
    log.jsonl                what happened, a JSON object a line
    curriculum.txt           a copy of the curriculum, if there is one

Every file is written beside its place, flushed and renamed, trainer.json last: a run that is killed, at whatever
moment, goes on from the last checkpoint that was finished. What happens in an update depends on the plan and the
update's number alone, so a run that was interrupted ends with the same bytes as one that was not.
"""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import _c, checkpoints
from ._convert import Path as AnyPath
from .errors import InvalidArgument, InvalidState, NotFinite
from .evaluation import Score, evaluate
from .network import DNC
from .optimizer import Optimizer
from .plan import Plan
from .run_files import LOG, STATE, RunFiles
from .tasks import Lesson, Task

MODEL, CURRICULUM = "model.safetensors", "curriculum.txt"
# So many updates in a row whose gradients are not finite end a run.
MOST_SKIPPED = 10
# The seed of the tests' episodes differs from that of training's in this bit.
_TEST_SEED = 1 << 63
_ALL_UPDATES = "all updates made"


class Diverged(NotFinite):
    """The gradients were not finite several times in a row."""


@dataclasses.dataclass
class _Progress:
    """How far a run has come: what trainer.json holds beside the plan."""

    update: int = 0
    position: int = 0  # of the training task
    test_position: int = 0
    lesson: int = 0
    best_lesson: int = -1
    best_score: float | None = None
    tests_since_best: int = 0
    skipped: int = 0  # in a row
    skipped_altogether: int = 0
    loss_sum: float = 0.0  # since the last line of the log
    norm_sum: float = 0.0
    counted: int = 0
    sequences: int = 0
    seconds: float = 0.0  # of training, all sessions together
    log_bytes: int = 0
    finished: str = ""  # why the run has come to its end


class Trainer:
    """A run of a plan.

    >>> trainer = dnc.Trainer.start("runs/copy", dnc.Plan("copy", updates=5000))
    >>> trainer.run(time_limit=60)
    >>> trainer = dnc.Trainer.resume("runs/copy")         # goes on, now or after a power cut
    """

    plan: Plan
    folder: Path
    net: DNC
    optimizer: Optimizer
    task: Task
    score: dict[str, Score]  # of the last test in this session
    loss: float  # moving average

    def __init__(self, folder: Path, plan: Plan, progress: _Progress, net: DNC, optimizer: Optimizer) -> None:
        """Not to be called: see `start` and `resume`."""
        self.folder, self.plan, self._progress = folder, plan, progress
        self.net, self.optimizer = net, optimizer
        self.task, self._exam = _tasks(plan, folder)
        if (net.config["input_size"], net.config["output_size"]) != (self.task.input_size, self.task.output_size):
            raise InvalidState(f"the network of {folder} does not fit its task any more")
        self.task.lesson = self._exam.lesson = progress.lesson
        self.task.position, self._exam.position = progress.position, progress.test_position
        self._lessons = self.task.lessons
        names = [metric.name for metric in self.task.metrics]
        if plan.stop_metric not in [None, *names]:
            raise InvalidArgument(f"stop_metric is {plan.stop_metric!r}, allowed are {', '.join(names)}")
        self._base_rate = float(plan.optimizer.get("learning_rate", 1e-3))
        self.net.training = True
        self.score, self.loss = {}, math.nan
        self._stopping = False
        self._files = RunFiles(folder, progress.log_bytes)

    @classmethod
    def start(cls, folder: AnyPath, plan: Plan, threads: int = 1) -> Trainer:
        """A new run in a folder that holds none."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        if (place / STATE).exists():
            raise InvalidState(f"{place} holds a run already: resume it, or choose another folder")
        if plan.is_curriculum:
            Task.load(plan.task).close()  # says what is wrong with it, by its own name
            shutil.copyfile(plan.task, place / CURRICULUM)
            plan = dataclasses.replace(plan, task=f".{os.sep}{CURRICULUM}")
        task, _ = _tasks(plan, place)
        network: Any = {"seed": plan.seed, **plan.network, "num_threads": threads}
        net = DNC(task.input_size, task.output_size, **network)
        settings: Any = plan.optimizer
        optimizer = Optimizer(net, plan.algorithm, **settings)  # type: ignore[arg-type]
        (place / LOG).unlink(missing_ok=True)
        trainer = cls(place, plan, _Progress(), net, optimizer)
        described = {**dataclasses.asdict(plan), "parameters": int(net.flat_parameters.size)}
        trainer._write_log("start", version=_c.DNC_VERSION_STRING, **described)
        trainer.save()
        return trainer

    @classmethod
    def resume(
        cls,
        folder: AnyPath,
        threads: int | None = None,
        updates: int | None = None,
        learning_rate: float | None = None,
    ) -> Trainer:
        """The run in a folder, as its last checkpoint left it. The number of threads changes no byte; another length
        or learning rate change the plan, and the log says so."""
        place = Path(folder)
        if not (place / STATE).exists():
            raise InvalidState(f"{place} holds no run: there is no {STATE} in it")
        try:
            state = RunFiles.state(place)
            plan, progress = Plan(**state["plan"]), _Progress(**state["progress"])
            checkpoint = place / state["checkpoint"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidState(f"{place / STATE} can't be read: {error}") from error
        changes: dict[str, Any] = {} if updates is None else {"updates": updates}
        if learning_rate is not None:
            changes["optimizer"] = {**plan.optimizer, "learning_rate": learning_rate}
        plan = dataclasses.replace(plan, **changes)
        if updates is not None and progress.finished == _ALL_UPDATES:
            progress.finished = ""
        net, optimizer = checkpoints.load(checkpoint)
        if optimizer is None:
            raise InvalidState(f"{checkpoint} holds no optimizer")
        if threads is not None and threads != net.config["num_threads"]:
            other = DNC(**{**net.config, "num_threads": threads})
            other.flat_parameters[...] = net.flat_parameters
            net = other
        trainer = cls(place, plan, progress, net, optimizer)
        trainer._files.tidy(checkpoint.name)
        if changes:
            trainer._write_log("change", **changes)
        return trainer

    # where the run is

    @property
    def update(self) -> int:
        """Updates made, skipped ones included."""
        return self._progress.update

    @property
    def lesson(self) -> int:
        """The present one, from 0."""
        return self._progress.lesson

    @property
    def lessons(self) -> int:
        return len(self._lessons)

    @property
    def skipped(self) -> int:
        """Updates whose gradients were not finite."""
        return self._progress.skipped_altogether

    @property
    def seconds(self) -> float:
        """Time spent in training and tests, all sessions together."""
        return self._progress.seconds

    @property
    def finished(self) -> str:
        """Why the run has come to its end; empty if it has not."""
        return self._progress.finished

    # running

    def stop(self) -> None:
        """Lets `run` return after the present update. May be called by a signal handler or another thread."""
        self._stopping = True

    def run(
        self,
        time_limit: float | None = None,
        checkpoint_every: float = 60,
        each: Callable[[Trainer], None] | None = None,
    ) -> str:
        """Trains until the plan is fulfilled, the time (in seconds) is over, or `stop` is called; saves, and returns
        which. A checkpoint is saved every `checkpoint_every` seconds. `each` is called after every update.

        An update whose gradients are not finite is left out. Ten in a row raise `Diverged`; the last checkpoint stays.
        """
        began = saved = time.monotonic()
        before = self._progress.seconds
        reason = ""
        while not self._progress.finished and (self.plan.updates is None or self._progress.update < self.plan.updates):
            reason = "stopped" if self._stopping else ""
            if time_limit is not None and time.monotonic() - began >= time_limit:
                reason = "time limit"
            if reason:
                break
            self._update()
            self._progress.seconds = before + time.monotonic() - began
            if self._is_time_to_test():
                self._test()
            if time.monotonic() - saved >= checkpoint_every:
                self.save()
                saved = time.monotonic()
            if each is not None:
                each(self)
        if not reason and not self._progress.finished:
            self._finish(_ALL_UPDATES)
        self._stopping = False
        self.save()
        return self._progress.finished or reason

    def _update(self) -> None:
        """One batch: forward, loss, backward, and the optimizer."""
        p = self._progress
        rate = self.plan.learning_rate(self._base_rate, p.update)
        if rate != self._rate:
            self.optimizer.learning_rate = self._rate = rate
        p.update += 1
        try:
            value, gradients = self.task.loss(self.task.play(self.net))
            self.net.backward(gradients)
            norm = self.optimizer.step(self.net)
        except NotFinite as error:
            self._skip(error)
        else:
            p.skipped = 0
            p.loss_sum += value
            p.norm_sum += norm
            p.counted += 1
            self.loss = value if math.isnan(self.loss) else self.loss + 0.02 * (value - self.loss)
        p.sequences += self.net.batch_size
        p.position = self.task.position
        if p.update % self.plan.log_every == 0 or p.update == self.plan.updates:
            self._log_updates()

    _rate: float | None = None

    def _skip(self, error: NotFinite) -> None:
        """Leaves an update out."""
        p = self._progress
        self.net.detach()
        self.net.zero_gradients()
        p.skipped += 1
        p.skipped_altogether += 1
        self._write_log("skip", message=error.message)
        if p.skipped >= MOST_SKIPPED:
            largest = max(self.net.parameters.items(), key=lambda item: float(np.abs(item[1]).max()))
            message = (
                f"{p.skipped} updates in a row were not finite, the last one, {p.update}: {error.message}. "
                f"The largest parameter is {np.abs(largest[1]).max():g}, in {largest[0]}. A lower learning rate or "
                "max_gradient_norm, or a clip_value, may help"
            )
            self._write_log("diverged", message=message)
            raise Diverged(message) from error

    def _log_updates(self) -> None:
        p = self._progress
        count = max(p.counted, 1)
        self._write_log(
            "train", loss=p.loss_sum / count if p.counted else None, gradient_norm=p.norm_sum / count,
            learning_rate=self._rate, lesson=p.lesson, sequences=p.sequences, seconds=round(p.seconds, 3),
        )  # fmt: skip
        p.loss_sum = p.norm_sum = 0.0
        p.counted = 0

    # tests and lessons

    @property
    def _lesson(self) -> Lesson:
        return self._lessons[self._progress.lesson]

    def _is_time_to_test(self) -> bool:
        every = self.plan.test_every or self._lesson.test_every
        return self._progress.update % every == 0 or self._progress.update == self.plan.updates

    def _test(self) -> None:
        p, lesson = self._progress, self._lesson
        episodes = self.plan.test_episodes or (None if self._exam.episode_count else lesson.test_episodes)
        self.score = evaluate(self.net, self._exam, episodes)
        p.test_position = self._exam.position
        name = self.task.metrics[lesson.metric].name
        score = self.score[name]
        described = {key: [_number(one.value), _number(one.chance), one.count] for key, one in self.score.items()}
        self._write_log("test", lesson=p.lesson, seconds=round(p.seconds, 3), scores=described)

        known = p.best_score if p.best_lesson == p.lesson else None
        if known is None or (score.value < known if score.is_error else score.value > known):
            p.best_lesson, p.best_score, p.tests_since_best = p.lesson, score.value, 0
            self.net.save(self.folder / MODEL)
        else:
            p.tests_since_best += 1

        goal = self.plan.stop_score
        decisive = self.score[self.plan.stop_metric or name]
        if goal is not None and p.lesson == self.lessons - 1 and decisive.passes(goal):
            self._finish(f"{self.plan.stop_metric} is {decisive.value:.6g}")
        elif score.passes(lesson.pass_score):
            if p.lesson == self.lessons - 1:
                self._finish("all lessons passed")
            else:
                p.lesson += 1
                p.tests_since_best = 0
                self.task.lesson = self._exam.lesson = p.lesson
                self._write_log("lesson", lesson=p.lesson, options=self._lesson.options)
        elif self.plan.patience is not None and p.tests_since_best >= self.plan.patience:
            self._finish(f"no better test in {self.plan.patience}")

    def _finish(self, reason: str) -> None:
        self._progress.finished = reason
        self._write_log("finish", reason=reason, seconds=round(self._progress.seconds, 3))

    # files

    def save(self) -> None:
        """A checkpoint. Until its last file is in place, the one before counts."""
        p = self._progress
        checkpoint = f"update-{p.update:08d}.safetensors"
        self.net.save(self.folder / checkpoint, self.optimizer)
        if not (self.folder / MODEL).exists():
            self.net.save(self.folder / MODEL)
        p.log_bytes = self._files.flush_log()
        self._files.commit(checkpoint, plan=dataclasses.asdict(self.plan), progress=dataclasses.asdict(p))

    def _write_log(self, event: str, **fields: Any) -> None:
        self._files.log(event, update=self._progress.update, **fields)


def _number(value: float) -> float | None:
    """As JSON has it: without NaN."""
    return value if math.isfinite(value) else None


def _tasks(plan: Plan, folder: Path) -> tuple[Task, Task]:
    """To train with, and to test with."""
    seeds = plan.seed, plan.seed ^ _TEST_SEED
    if plan.is_curriculum:
        return Task.load(folder / plan.task, seeds[0]), Task.load(folder / plan.task, seeds[1])
    return Task(plan.task, seeds[0], **plan.options), Task(plan.task, seeds[1], **{**plan.options, **plan.test_options})
