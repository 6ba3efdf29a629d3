"""Training that can be left alone: `Trainer`.

A run is a folder:

    trainer.json             the plan, and how far the run has come; names the checkpoint that belongs to it
    update-00012000.safetensors   that checkpoint: network and optimizer
    average-00012000.safetensors  the moving average of its parameters, if the plan has one
    model.safetensors        the network that did best in the tests of the last lesson it came to; with an average, that
    log.jsonl                what happened, a JSON object a line
    curriculum.txt           a copy of the curriculum, if there is one
    trainer.lock             while a trainer is at work there: which one

Every file is written beside its place, flushed and renamed, trainer.json last: a run that is killed, at whatever
moment, goes on from the last checkpoint that was finished. What happens in an update depends on the plan and the
update's number alone, so a run that was interrupted ends with the same bytes as one that was not.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from . import _c, checkpoints
from ._convert import Path as AnyPath
from ._fields import require_instance, require_number
from .config import OF_THE_PROCESS
from .errors import Error, InvalidState
from .evaluation import Score, finite, require_fit
from .exam import Exam
from .interrupts import stopped_by_ctrl_c
from .network import DNC
from .optimizer import Optimizer, Settings
from .own_data import EndOfData
from .plan import Plan
from .progress import Progress
from .progress_bar import progress_bar
from .ranks import Ranks
from .run_files import CURRICULUM, MemoryFiles, OtherFiles, RunFiles, new_folder, read_run, refuse_occupied
from .run_tasks import AnySource, AnyTask, checksums_of, tasks_of, with_batches
from .task_files import copy_curriculum, require_same
from .updates import Updates, require_room
from .weight_average import WeightAverage

_ALL_UPDATES = "all updates made"
# Why `run` may return before the run has come to its end.
_REASONS = ["", "stopped", "time limit"]


class Trainer:
    """A run of a plan.

    >>> trainer = dnc.Trainer.start("runs/copy", dnc.Plan("copy", updates=5000))
    >>> trainer.run(time_limit=60)
    >>> trainer = dnc.Trainer.resume("runs/copy")         # goes on, now or after a power cut

    A plan without a task learns from data of one's own, as `dnc.fit` does in one call:

    >>> trainer = dnc.Trainer.start("runs/own", dnc.Plan(updates=5000), data=training, validation=validation)

    Several processes train one network if each gives the same arguments and the communicator of mpi4py. Each plays its
    share of every batch; the first writes the files:

    >>> trainer = dnc.Trainer.start("runs/copy", plan, comm=MPI.COMM_WORLD)
    """

    plan: Plan
    net: DNC
    optimizer: Optimizer
    task: AnyTask
    score: dict[str, Score]  # of the last test in this session

    def __init__(
        self,
        files: RunFiles | MemoryFiles,
        plan: Plan,
        progress: Progress,
        net: DNC,
        optimizer: Optimizer,
        tasks: tuple[AnyTask, AnyTask | None],
        ranks: Ranks,
        average: DNC | None = None,
    ) -> None:
        """Not to be called: see `start` and `resume`."""
        self._ranks = ranks
        self._files, self.plan, self._progress = files, plan, progress
        self.net, self.optimizer = net, optimizer
        self.task, self._exam = tasks[0], Exam(plan, progress, *tasks, ranks)
        require_fit(net, self.task)
        self._exam.begin(self.task)
        require_room(net, self.task, self._batch)
        self._average = WeightAverage(plan.average, net, self._batch, average) if plan.average else None
        self._updates = Updates(plan, progress, self._write_log, ranks, self._average)
        self.net.training = True
        self.score = {}
        self._stopping = False
        self._checksums: dict[str, str] = {}
        self._changes: dict[str, Any] = {}  # that the log does not know of yet

    @classmethod
    def start(
        cls,
        folder: AnyPath,
        plan: Plan,
        threads: int = 1,
        *,
        data: AnySource | None = None,
        validation: AnySource | None = None,
        comm: Any = None,
    ) -> Trainer:
        """A new run in a folder that holds none, nor a file under a name that the run would write: InvalidState names
        it. If the run can't start, the folder is as it was before.

        A plan without a task learns from `data`, which is what a `DataTask` takes, or an object with the methods and
        attributes of a `Task`. It is tested with `validation`, which is the same but no generator. Without it there are
        no tests, and model.safetensors is the last network, not the best.
        """
        require_instance(plan, "plan", Plan)
        ranks = Ranks(comm)
        plan = with_batches(plan.with_absolute_paths())
        tasks = tasks_of(plan, Path(), data, validation)
        plan.refuse_unused(tested=tasks[1] is not None)
        network: Any = {"seed": plan.seed, **plan.network, "num_threads": threads, **_share(plan, ranks)}
        net = DNC(tasks[0].input_size, tasks[0].output_size, **network)
        if plan.start_from:
            checkpoints.start_from(plan.start_from, net)
        settings: Any = plan.optimizer
        optimizer = Optimizer(net, plan.algorithm, **settings)  # type: ignore[arg-type]
        return ranks.first(
            lambda: cls._begin(Path(folder), plan, net, optimizer, tasks, ranks),
            lambda: cls(OtherFiles(Path(folder)), plan, Progress(), net, optimizer, tasks, ranks),
        )

    @classmethod
    def _begin(
        cls,
        place: Path | None,
        plan: Plan,
        net: DNC,
        optimizer: Optimizer,
        tasks: tuple[AnyTask, AnyTask | None],
        ranks: Ranks,
    ) -> Trainer:
        """A run that has made no update; without a place, one that leaves no files."""
        if place is None:
            return cls(MemoryFiles(), plan, Progress(), net, optimizer, tasks, ranks)
        refuse_occupied(place, plan.is_curriculum)
        kept = dataclasses.replace(plan, task=f".{os.sep}{CURRICULUM}") if plan.is_curriculum else plan
        trainer = cls(RunFiles(place, None, 0), kept, Progress(), net, optimizer, tasks, ranks)
        with new_folder(place), trainer._files.held(undo=True):
            if plan.is_curriculum:
                copy_curriculum(Path(plan.task), place / CURRICULUM)
            trainer._checksums = checksums_of(kept, place, *tasks)
            described = {**kept.as_saved(), "parameters": int(net.flat_parameters.size)}
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
        *,
        data: AnySource | None = None,
        validation: AnySource | None = None,
        comm: Any = None,
        **changes: Any,
    ) -> Trainer:
        """The run in a folder, as its last checkpoint left it; with the data and validation that it was started with.

        The number of threads changes no byte; another number of ranks goes on with the same batches. What is given
        besides changes the plan from here on, and the log says so: `updates`, `patience`, `stop_metric` and
        `stop_score`, `schedule`, `decay_share`, `warm_up`, `test_every`, `test_episodes`, `log_every`, `accumulate`,
        `average`, `bypass_dropout`, `local_updates`; `batch_size`, `memory_slots`, `clip_value`, `usage_gradient`,
        `max_record_bytes` and `check_finite` of the network; all settings of the optimizer. Whatever else a plan has is
        refused, and so is a run whose files (curriculum, graph, bAbI folder) are not those that it began with.
        """
        place, ranks = Path(folder), Ranks(comm)
        changes = {"updates": updates, "learning_rate": learning_rate, **changes}
        changes = {name: value for name, value in changes.items() if value is not None}
        saved = read_run(place)
        before, progress = saved.plan, saved.progress
        plan = before.changed(changes)
        if progress.finished_by in {"data", *changes} or (updates is not None and progress.finished == _ALL_UPDATES):
            progress.finished = progress.finished_by = ""
        if progress.finished and changes:
            raise InvalidState(
                f"the run in {place} has come to its end, {progress.finished}, and goes on only if that is changed"
            )
        tasks = tasks_of(plan, place, data, validation)
        found = checksums_of(plan, place, *tasks)
        if saved.files is not None:
            require_same(saved.files, found, place)
        files = RunFiles(place, saved.text, progress.log_bytes)
        net, optimizer, average = ranks.first(lambda: files.load(saved), saved.load)
        ranks.most(0)  # the first writes there only when all have read
        options: Any = {name: value for name, value in plan.network.items() if name in {*changes, *OF_THE_PROCESS}}
        if threads is not None:
            options["num_threads"] = threads
        options.update(_share(plan, ranks))
        kept = files if ranks.is_first else OtherFiles(place)
        net = checkpoints.with_options(net, **options)
        trainer = cls(kept, plan, progress, net, optimizer, tasks, ranks, average)
        for name in changes.keys() & Settings.__annotations__.keys():
            setattr(optimizer, name, changes[name])
        trainer._checksums, trainer._changes = found, before.differences(plan)
        return trainer

    # where the run is

    @property
    def _batch(self) -> int:
        """The sequences of a batch, of all ranks together."""
        return self.net.batch_size if self._ranks.count == 1 else _batch_of(self.plan)

    @property
    def folder(self) -> Path | None:
        """None: the run leaves no files."""
        return self._files.folder

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
        """How many there are; 1 without a curriculum."""
        return len(self._exam.lessons)

    @property
    def loss(self) -> float:
        """Of the updates of this session, as a moving average; NaN before the first."""
        return self._updates.loss

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
        progress: bool | None = None,
    ) -> str:
        """Trains until the plan is fulfilled, the time (in seconds of the plan's clock) is over, or `stop` is called;
        saves, and returns which. A checkpoint is saved every `checkpoint_every` seconds. `each` is called after every
        update. `progress` says whether a bar is shown; None: in a terminal or a notebook.

        Ctrl-C lets the present update end, saves, and raises KeyboardInterrupt; a second one raises it at once. An
        exception in `each` is raised after a checkpoint, too, unless several ranks train.

        An update whose gradients are not finite is left out. Ten in a row raise `Diverged`; the last checkpoint stays.

        Between ranks that make `local_updates` of their own, checkpoints, the time limit and `stop` wait until their
        parameters have been averaged.
        """
        for name, seconds in (("time_limit", time_limit), ("checkpoint_every", checkpoint_every)):
            if seconds is not None:
                require_number(seconds, name)
        if each is not None and not callable(each):
            raise TypeError(f"each is {each!r:.60}, needed is a function that takes the Trainer")
        shown = progress if self._ranks.is_first else False
        with self._files.held(), progress_bar(self, time_limit, shown) as bar, stopped_by_ctrl_c(self) as interrupts:

            def after(trainer: Trainer) -> None:
                if bar is not None:
                    bar.show()
                if each is not None:
                    each(trainer)

            try:
                reason = self._run(time_limit, checkpoint_every, after)
            finally:
                self._stopping = False
        if interrupts:
            raise KeyboardInterrupt
        return reason

    def _run(self, time_limit: float | None, checkpoint_every: float, after: Callable[[Trainer], None]) -> str:
        clock = time.process_time if self.plan.clock == "processor" else time.monotonic
        began, saved = clock(), time.monotonic()
        before = self._progress.seconds
        reason = ""
        if self._changes:
            self._write_log("change", **self._changes)
            self._changes = {}
        while not self._progress.finished and (self.plan.updates is None or self._progress.update < self.plan.updates):
            if self._updates.are_shared:
                reason = "stopped" if self._stopping else ""
                if time_limit is not None and clock() - began >= time_limit:
                    reason = "time limit"
                reason = _REASONS[self._ranks.most(_REASONS.index(reason))]
                if reason:
                    break
            try:
                self._updates.make(self.net, self.optimizer, self.task, self._batch)
            except EndOfData:
                self._finish("the data came to its end", "data")
                break
            self._progress.seconds = before + clock() - began
            if self._exam.is_due():
                self._test()
            if self._updates.are_shared and time.monotonic() - saved >= checkpoint_every:
                self.save()
                saved = time.monotonic()
            try:
                after(self)
            except BaseException:
                if self._ranks.count == 1:
                    with suppress(Error, OSError):  # which would hide the other one
                        self.save()
                raise
        if not reason and not self._progress.finished:
            self._finish(_ALL_UPDATES, "updates")
        self._ranks.first(self.save, lambda: None)  # the others may resume at once what the first has saved
        return self._progress.finished or reason

    @property
    def judged(self) -> DNC:
        """What tests play and model.safetensors holds: the average if there is one."""
        return self.net if self._average is None else self._average.net

    def _test(self) -> None:
        p, lesson = self._progress, self.lesson
        self._updates.share(self.net, self.optimizer)
        self._ranks.require_same(self.net.flat_parameters)
        self.score = self._exam.take(self.judged, self._batch)
        described = {key: [finite(one.value), finite(one.chance), one.count] for key, one in self.score.items()}
        self._write_log("test", lesson=lesson, seconds=round(p.seconds, 3), scores=described)
        verdict = self._exam.judge(self.score)
        if verdict.is_best:
            with self._whole():
                self._files.keep(self.judged)
        if verdict.finished:
            self._finish(verdict.finished, verdict.finished_by)
        if verdict.passed:
            self._exam.choose_lesson(self.task)
            self._write_log("lesson", lesson=p.lesson, options=self._exam.lesson.options)

    def _finish(self, reason: str, by: str) -> None:
        self._updates.share(self.net, self.optimizer)
        self._updates.finish()
        self._progress.finished, self._progress.finished_by = reason, by
        self._write_log("finish", reason=reason, seconds=round(self._progress.seconds, 3))

    # files

    def save(self) -> None:
        """A checkpoint. Until its last file is in place, the one before counts. InvalidState between the updates that
        ranks make of their own."""
        if not self._updates.are_shared:
            raise InvalidState(
                f"update {self.update} is one of {self.plan.local_updates} that ranks make of their own: allowed is a "
                "checkpoint after the last of them"
            )
        with self._files.held(), self._whole():
            if self._exam.task is None:
                self._files.keep(self.judged)
            average = None if self._average is None else self._average.net
            self._files.save(
                self.net, self.optimizer, average, self._progress, plan=self.plan.as_saved(), files=self._checksums
            )

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """The network as the files have it: with all sequences of a batch, not with the rank's share."""
        if self._ranks.count == 1 or not self._ranks.is_first:
            yield
            return
        share = self.net.batch_size
        self.net.training = False  # room for whole batches is not needed
        self.net.batch_size = self._batch
        try:
            yield
        finally:
            self.net.batch_size = share
            self.net.training = True

    def restore_best(self) -> None:
        """Gives the network the parameters that did best in the tests: those of model.safetensors."""
        self._files.restore(self.net)
        self._ranks.send(self.net.flat_parameters)
        self.net.reset()

    def log(self) -> list[dict[str, Any]]:
        """The lines of the log up to now: what happened, as dictionaries with an "event" and an "update". Of several
        ranks, the first has them all."""
        return self._files.lines()

    def _write_log(self, event: str, **fields: Any) -> None:
        self._files.log(event, **{"update": self._progress.update, **fields})


def _batch_of(plan: Plan) -> int:
    """The sequences of a batch."""
    return plan.network.get("batch_size", 1)


def _share(plan: Plan, ranks: Ranks) -> dict[str, int]:
    """The batch_size of the network of a rank among others."""
    if ranks.count == 1:
        return {}
    part = ranks.share(_batch_of(plan))
    return {"batch_size": part.stop - part.start}
