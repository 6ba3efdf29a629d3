"""Networks that are trained with the same seeds: `Comparison`.

A comparison is a folder. Each run has its own in it, NAME/SEED, like any other run; what is said of them together is in

    comparison.json   every run, and the table
    comparison.md     the table
    comparison.csv    the table
    training.png      all runs in one figure
"""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import comparison_table as table
from . import figures
from .errors import Error, InvalidArgument, InvalidState
from .plan import Plan
from .ranks import Ranks
from .run_files import CURRICULUM, STATE, read_run
from .tasks import told
from .trainer import Trainer
from .workers import Ended, Job, Workers

# What a comparison writes beside its runs and comparison.json.
TABLE, SHEET, FIGURE = "comparison.md", "comparison.csv", "training.png"


@contextmanager
def named_in_errors(name: str) -> Iterator[None]:
    """What is refused says in which run."""
    try:
        yield
    except InvalidArgument as error:
        raise type(error)(f"--run {name}: {error}") from error


@dataclasses.dataclass
class Run:
    """A run of a comparison: the seed of a network."""

    name: str
    plan: Plan
    folder: Path
    ended: str = ""  # why, in the words of the run or of its error
    failed: bool = False
    time_limit: float | None = None  # with which it ended

    @property
    def is_begun(self) -> bool:
        return (self.folder / STATE).exists()

    def begin(self) -> None:
        """Its folder, if there is none."""
        if not self.is_begun:
            Trainer.start(self.folder, self.plan)

    def require_same_plan(self) -> None:
        """InvalidState if the folder holds a run of another plan."""
        if not self.is_begun:
            return
        plan, before = self.plan.with_absolute_paths(), read_run(self.folder).plan
        other = json.loads(json.dumps(plan.differences(before), default=str))
        if plan.is_curriculum and before.task.endswith(CURRICULUM):
            other.pop("task", None)
        mine = json.loads(json.dumps(dataclasses.asdict(plan), default=str))
        changed = [name for name, value in other.items() if mine[name] != value]
        if changed:
            raise InvalidState(
                f"{self.folder} was begun with other settings, of {' and '.join(changed)}: choose another name or "
                "another folder"
            )


class Comparison:
    """The runs of a folder, and what is said of them together."""

    def __init__(
        self, folder: Path, plans: Mapping[str, Plan], seeds: int, time_limit: float | None, measure: table.Measure
    ) -> None:
        self.folder, self._time_limit, self._measure = folder, time_limit, measure
        self._refuse_occupied()
        # Seed by seed, so that a part of the comparison compares, too.
        self.runs = [
            Run(name, dataclasses.replace(plan, seed=seed), folder / name / str(seed))
            for seed in range(seeds)
            for name, plan in plans.items()
        ]
        for run in self.runs:
            run.require_same_plan()
        for run in self.runs[: len(plans)]:  # what can't be trained is said before anything else is
            with named_in_errors(run.name):
                run.begin()
        self._remember()

    def _refuse_occupied(self) -> None:
        """Refuses a folder that holds no comparison, but a file under a name of one."""
        if self._known() is not None:
            return
        for name in (TABLE, SHEET, FIGURE):
            if (self.folder / name).exists():
                raise InvalidState(
                    f"{self.folder / name} is there already, and belongs to no comparison: a new one would write over "
                    "it. Move it away, or choose another folder"
                )

    def run(self, workers: Workers, ranks: Ranks) -> int:
        """Returns how many runs have come to their ends. Each rank takes its share of those that have not."""
        waiting = [run for run in self.runs if not self._is_done(run)]
        done = len(self.runs) - len(waiting)
        own = waiting[ranks.rank :: ranks.count]
        for ended in workers.all(self._jobs(own)):
            run = next(run for run in own if run.folder == ended.folder)
            self._note(run, ended)
            done += run.ended != ""
            of_all = f"{done} of {len(self.runs)}" if ranks.count == 1 else f"rank {ranks.rank}"
            print(f"{of_all}: {run.name}, seed {run.plan.seed}: {self._told(run)}", flush=True)
            if ranks.is_first:
                self._write_json()
        for rank, theirs in enumerate(ranks.all_of([(run.ended, run.failed, run.time_limit) for run in own])):
            for run, known in zip(waiting[rank :: ranks.count], theirs):
                run.ended, run.failed, run.time_limit = known
        return sum(run.ended != "" for run in self.runs)

    def _jobs(self, waiting: Sequence[Run]) -> Iterator[Job]:
        for run in waiting:
            try:
                run.begin()
            except (Error, OSError) as error:
                run.ended, run.failed = str(error), True
                continue
            left = None
            if self._time_limit is not None:
                left = max(self._time_limit - read_run(run.folder).progress.seconds, 0)
            yield Job(run.folder, left)

    def _note(self, run: Run, ended: Ended) -> None:
        run.failed = ended.failed
        run.time_limit = self._time_limit
        if ended.failed:
            run.ended = ended.message
        elif not ended.was_stopped:
            run.ended = read_run(run.folder).progress.finished or "time limit"

    def _is_done(self, run: Run) -> bool:
        """Whether nothing would come of going on."""
        if run.failed:
            return any(line["event"] == "diverged" for line in table.lines(run.folder))
        if run.is_begun and read_run(run.folder).progress.finished:
            run.ended = read_run(run.folder).progress.finished
        if run.ended == "time limit":
            return self._time_limit is not None and (run.time_limit or 0) >= self._time_limit
        return run.ended != ""

    def _told(self, run: Run) -> str:
        if run.failed:
            return f"failed: {run.ended}"
        result = table.Result.of(run.folder, self._measure)
        metric = self._measure.metric
        best = "no test" if result.best is None else f"{metric} {told(metric, result.best, 4)}"
        return f"{run.ended or 'stopped'} after {result.updates:,} updates, {best}"

    # files

    @property
    def table(self) -> table.Table:
        """Of all that is known by now."""
        names = list(dict.fromkeys(run.name for run in self.runs))
        return table.Table(
            self._measure,
            [
                table.Row.of(name, [self._result(run) for run in self.runs if run.name == name and run.is_begun])
                for name in names
            ],
        )

    def _result(self, run: Run) -> table.Result:
        return dataclasses.replace(table.Result.of(run.folder, self._measure), failed=run.failed)

    def _known(self) -> dict[tuple[str, int], dict[str, Any]] | None:
        """The runs that comparison.json tells of; None: there is none."""
        path = self.folder / table.JSON
        if not path.exists():
            return None
        try:
            return {
                (each["name"], each["seed"]): {name: each[name] for name in ("ended", "failed", "time_limit")}
                for each in json.loads(path.read_text())["runs"]
            }
        except (ValueError, KeyError, TypeError):
            raise InvalidState(f"{path} is no comparison's: move it away, or choose another folder") from None

    def _remember(self) -> None:
        """How the runs ended that an earlier command let run."""
        known = self._known() or {}
        for run in self.runs:
            each = known.get((run.name, run.plan.seed))
            if each and run.is_begun:
                run.ended, run.failed, run.time_limit = each["ended"], each["failed"], each["time_limit"]

    def write(self) -> None:
        """The table in all forms, and the figure."""
        self._write_json()
        found = self.table
        command = "python -m dnc " + shlex.join(sys.argv[1:])
        table.write(self.folder / TABLE, f"    {command}\n\n{found.markdown()}")
        table.write(self.folder / SHEET, found.csv())
        drawn = [run for run in self.runs if any(line["event"] == "train" for line in table.lines(run.folder))]
        if drawn:
            is_tested = any(line["event"] == "test" for run in drawn for line in table.lines(run.folder))
            metric = self._measure.metric if is_tested else None
            figures.training(
                [run.folder for run in drawn], [run.name for run in drawn], metric=metric, over_time=True
            ).save(self.folder / FIGURE)

    def _write_json(self) -> None:
        every = [{*run.plan.options.items()} for run in self.runs]
        common = set.intersection(*every)
        runs = [
            {
                "name": run.name, "seed": run.plan.seed, "folder": os.fsdecode(run.folder.relative_to(self.folder)),
                "ended": run.ended, "failed": run.failed, "time_limit": run.time_limit,
                "options": dict(sorted(own - common)),
                **(dataclasses.asdict(self._result(run)) if run.is_begun else {}),
            }
            for run, own in zip(self.runs, every)
        ]  # fmt: skip
        text = {"task": self.runs[0].plan.task, "options": dict(sorted(common)), **self.table.as_json()}
        table.write(self.folder / table.JSON, json.dumps({**text, "runs": runs}, indent=1, default=str) + "\n")
