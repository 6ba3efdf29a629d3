"""`python -m dnc compare`: several networks on one task, with the same seeds, as a `Comparison`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import comparison_table as table
from . import run_options
from ._fields import require_count
from .comparison import FIGURE, Comparison, named_in_errors
from .errors import InvalidArgument
from .plan import Plan
from .ranks import of_this_process
from .run_tasks import tasks_of, with_batches
from .workers import Workers

Given = dict[str, Any]

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
            or name == FIGURE
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
        with named_in_errors(name):
            plans[name] = plan = with_batches(run_options.plan_of(settings))
            plan.refuse_unused()
            if "option" in own:
                tasks_of(plan, Path())
        ends = (options.time_limit, plan.updates, plan.stop_metric, plan.patience)
        if ends == (None,) * 4 and not plan.is_curriculum:
            raise InvalidArgument("the runs have no end: give --time-limit, --updates, --stop or --patience")
    return plans


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


# the command


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
