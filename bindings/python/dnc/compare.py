"""`python -m dnc compare`: several networks on one task, with the same seeds.

A comparison is a folder. Each run has its own in it, NAME/SEED, like any other run; what is said of them together is in

    comparison.json   every run, and the table
    comparison.md     the table
    comparison.csv    the table
    training.png      all runs in one figure
"""

from __future__ import annotations

import argparse
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
from . import figures, run_options
from ._fields import require_count
from .errors import Error, InvalidArgument, InvalidState
from .plan import Plan
from .ranks import Ranks, of_this_process
from .run_files import CURRICULUM, STATE, read_run
from .run_tasks import tasks_of, with_batches
from .tasks import told
from .trainer import Trainer
from .workers import Ended, Job, Workers

Given = dict[str, Any]

# What a comparison writes beside its runs and comparison.json.
_TABLE, _SHEET, _FIGURE = "comparison.md", "comparison.csv", "training.png"
# What begins the name of a task's option among the settings of a network.
_OPTION = "option."


# options


def add_options(command: argparse.ArgumentParser) -> None:
    """Those that `train` does not have."""
    command.add_argument("--output", type=run_options.path, required=True, metavar="FOLDER", help="of the comparison")
    command.add_argument("--run", dest="runs", type=_run, action="append", metavar="'NAME: KEY=VALUE ...'",
                         help="a network, with those settings that are its own, option.KEY=VALUE for an option of the "
                         "task; may be repeated")  # fmt: skip
    command.add_argument("--runs", dest="file", type=run_options.path, metavar="FILE",
                         help="the same as JSON: an object of settings for each name")  # fmt: skip
    command.add_argument("--seeds", type=int, default=5, metavar="N", help="of each network: 0 to N-1 (5)")
    command.add_argument("--jobs", type=int, metavar="N", help="runs at a time, with a thread each (one per core)")
    command.add_argument("--metric", help="what is compared (that which decides which network is best)")
    command.add_argument("--goal", type=run_options.finite, metavar="VALUE",
                         help="the table says how many reach it, and in what time (the value of --stop)")  # fmt: skip


def _run(words: str) -> tuple[str, dict[str, str]]:
    """NAME, or NAME: KEY=VALUE KEY=VALUE."""
    name, _, settings = words.partition(":")
    found = {}
    for setting in shlex.split(settings):
        key, equals, value = setting.partition("=")
        if not equals:
            raise argparse.ArgumentTypeError(f"{setting!r} in {words!r} is not KEY=VALUE")
        if key in found:
            raise argparse.ArgumentTypeError(f"{key} is given twice in {words!r}")
        found[key] = value
    return name.strip(), found


def _runs(options: argparse.Namespace) -> dict[str, Given]:
    """The settings of each network by its name."""
    pairs = list(options.runs or [])
    if options.file is not None:
        named = _named(options.file)
        if not isinstance(named, dict) or not all(isinstance(each, dict) for each in named.values()):
            raise InvalidArgument(f"{options.file} is no object of objects: a name, and settings, for each network")
        pairs += named.items()
    if not pairs:
        raise InvalidArgument("--run is missing: what is to be compared?")
    found: dict[str, Given] = {}
    for name, settings in pairs:
        if (
            not name
            or name[0] in ".-"
            or "/" in name
            or "\0" in name
            or name.startswith("comparison")
            or name == _FIGURE
        ):
            raise InvalidArgument(f"--run {name!r} is no name for a folder in the comparison's")
        if name in found:
            raise InvalidArgument(f"--run {name} is given twice")
        found[name] = _settings(options, name, settings)
    return found


def _named(file: Path) -> Any:
    """What the file of --runs says, in which no name comes twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise InvalidArgument(f"{file}: {name} is given twice")
        return dict(pairs)

    try:
        return json.loads(file.read_text(), object_pairs_hook=once)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"{file} is no JSON: {error}") from None


def _settings(options: argparse.Namespace, name: str, own: Mapping[str, Any]) -> Given:
    """As the options of `train` would have them; options of the task as `option`."""

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> Any:
            raise InvalidArgument(f"--run {name}: {message}")

    parser = Parser(add_help=False, allow_abbrev=False)
    run_options.add_settings(parser)
    known = {action.dest: action for action in parser._actions}
    words = []
    pairs = []
    for key, value in own.items():
        if key.startswith(_OPTION):
            pairs.append((key.removeprefix(_OPTION), str(value)))
            continue
        action = known.get(key.strip().replace("-", "_"))
        if action is None:
            names = ", ".join(sorted(known))
            raise InvalidArgument(f"--run {name}: {key} is none of {names}, and {_OPTION}KEY is an option of the task")
        option = action.option_strings[0]
        if isinstance(action, argparse.BooleanOptionalAction):
            if str(value).lower() not in ("0", "1", "false", "true"):
                raise InvalidArgument(f"--run {name}: {key} is {value}, allowed are 0 and 1")
            words.append(action.option_strings[str(value).lower() in ("0", "false")])
        else:
            words.append(f"{option}={value}")
    settings = {key: value for key, value in vars(parser.parse_args(words)).items() if value is not None}
    return {**settings, "option": pairs} if pairs else settings


def _plans(options: argparse.Namespace) -> dict[str, Plan]:
    """The plan of each network; the seed is still to come."""
    shared = {key: value for key, value in vars(options).items() if value is not None}
    plans = {}
    common = run_options.pairs(shared.get("option"), "--option")
    for name, own in _runs(options).items():
        settings = {**shared, **own, "option": {**common, **dict(own.get("option", ()))}.items()}
        # As the run will be, so that the same command finds it unchanged.
        with _named_in_errors(name):
            plans[name] = plan = with_batches(run_options.plan_of(settings))
            plan.refuse_unused()
            if "option" in own:
                tasks_of(plan, Path())
        ends = (options.time_limit, plan.updates, plan.stop_metric, plan.patience)
        if ends == (None,) * 4 and not plan.is_curriculum:
            raise InvalidArgument("the runs have no end: give --time-limit, --updates, --stop or --patience")
    return plans


@contextmanager
def _named_in_errors(name: str) -> Iterator[None]:
    """What is refused says in which run."""
    try:
        yield
    except InvalidArgument as error:
        raise type(error)(f"--run {name}: {error}") from error


def _measure(plan: Plan, metric: str | None, goal: float | None) -> table.Measure:
    """What the networks are compared by, unless told otherwise that of --stop, or what decides which test is best."""
    task, _ = tasks_of(plan, Path())
    metrics = {each.name: each for each in task.metrics}
    if metric is None:
        metric = plan.stop_metric or list(metrics)[task.lessons[-1].metric]
    if metric not in metrics:
        raise InvalidArgument(f"--metric is {metric!r}, allowed are {', '.join(metrics)}")
    if goal is None and metric == plan.stop_metric:
        goal = plan.stop_score
    return table.Measure(metric, metrics[metric].is_error, goal, len(task.lessons))


# the comparison


def run(options: argparse.Namespace) -> int:
    """All runs, as many at a time as there are jobs; then the table and the figure."""
    for name in ("seeds", "jobs"):
        if getattr(options, name) is not None:
            require_count(getattr(options, name), name)
    options.ranks = ranks = of_this_process()
    plans = _plans(options)
    measure = _measure(next(iter(plans.values())), options.metric, options.goal)

    def comparison_of_all() -> Comparison:
        return Comparison(options.output, plans, options.seeds, options.time_limit, measure)

    comparison = ranks.first(comparison_of_all, comparison_of_all)
    cores = len(os.sched_getaffinity(0)) if ranks.count == 1 else 1
    done = comparison.run(Workers(options.jobs or cores, options.checkpoint_every), ranks)
    if not ranks.is_first:
        return 0
    comparison.write()
    print(comparison.table.markdown(), end="")
    if done < len(comparison.runs):
        print(f"stopped after {done} of {len(comparison.runs)} runs: the same command goes on")
    return 0


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
            with _named_in_errors(run.name):
                run.begin()
        self._remember()

    def _refuse_occupied(self) -> None:
        """Refuses a folder that holds no comparison, but a file under a name of one."""
        if self._known() is not None:
            return
        for name in (_TABLE, _SHEET, _FIGURE):
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
        table.write(self.folder / _TABLE, f"    {command}\n\n{found.markdown()}")
        table.write(self.folder / _SHEET, found.csv())
        drawn = [run for run in self.runs if any(line["event"] == "train" for line in table.lines(run.folder))]
        if drawn:
            is_tested = any(line["event"] == "test" for run in drawn for line in table.lines(run.folder))
            metric = self._measure.metric if is_tested else None
            figures.training(
                [run.folder for run in drawn], [run.name for run in drawn], metric=metric, over_time=True
            ).save(self.folder / _FIGURE)

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
