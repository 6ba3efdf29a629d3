"""What the command line says of a run, for `train` and `compare`: its options, and the plan that they make."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import _settings
from ._convert import CHOICES
from .config import Options
from .optimizer import Settings
from .plan import Plan
from .task_files import Unused

# What a run has unless it is told otherwise: enough for every task to get somewhere.
NETWORK: dict[str, Any] = {
    "hidden_size": 64, "memory_slots": 64, "word_size": 16, "read_heads": 2, "batch_size": 16, "clip_value": 20.0,
}  # fmt: skip
OPTIMIZER: dict[str, Any] = {"learning_rate": 3e-3, "max_gradient_norm": 10.0}
_PLAN_OPTIONS = [
    "algorithm", "schedule", "decay_share", "warm_up", "updates", "stop", "patience", "test_every", "test_episodes",
    "log_every", "seed", "start_from", "accumulate", "average", "bypass_dropout", "local_updates", "clock",
]  # fmt: skip
_NETWORK_OPTIONS = [name for name in Options.__annotations__ if name not in ("num_threads", "seed")]


# the plan


def plan_of(given: dict[str, Any]) -> Plan:
    """The settings that were given, over the defaults."""

    def chosen(names: Any, standard: dict[str, Any]) -> Any:
        return {**standard, **{name: given[name] for name in names if name in given}}

    if not given.get("task"):
        raise ValueError("TASK is missing")
    return Plan(
        task=given["task"],
        options=pairs(given.get("option"), "--option"),
        test_options=pairs(given.get("test_option"), "--test-option"),
        network=chosen(_NETWORK_OPTIONS, NETWORK),
        optimizer=chosen(Settings.__annotations__, OPTIMIZER),
        **with_stop({name: given[name] for name in _PLAN_OPTIONS if name in given}),
    )


def pairs(given: Sequence[tuple[str, str]] | None, option: str) -> dict[str, str]:
    """What an option that may be repeated says, each key once."""
    pairs: dict[str, str] = {}
    for key, value in given or ():
        if key in pairs:
            raise Unused(f"{option} {key}={pairs[key]} would do nothing: {key}={value} is given too")
        pairs[key] = value
    return pairs


def with_stop(given: dict[str, Any]) -> dict[str, Any]:
    """--stop in the plan's words."""
    others = {name: value for name, value in given.items() if name != "stop"}
    return (
        others if "stop" not in given else {**others, "stop_metric": given["stop"][0], "stop_score": given["stop"][1]}
    )


# the options


def add_test_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--test-option", type=_pair, action="append", metavar="KEY=VALUE",
                         help="an option of the task that differs in tests")  # fmt: skip


def add_end_options(run: Any) -> None:
    """How long a run is, and how often it is tested and saved."""
    run.add_argument("--updates", type=int, metavar="N", help="its length (without end)")
    run.add_argument("--time-limit", type=_seconds, metavar="TIME", help="stop after 90s, 15m or 2h; --resume goes on")
    run.add_argument("--clock", choices=["wall", "processor"],
                     help="what the run's seconds are: wall, or processor, its own ones (wall)")  # fmt: skip
    run.add_argument("--stop", type=_goal, metavar="METRIC=VALUE", help="stop when a test is as good as this")
    run.add_argument("--patience", type=int, metavar="N", help="stop after so many tests without a better one")
    run.add_argument("--test-every", type=int, metavar="N", help="updates between tests (100, or as the lesson says)")
    run.add_argument("--test-episodes", type=int, metavar="N", help="of a test (100, or as the lesson says)")
    run.add_argument("--checkpoint-every", type=_seconds, metavar="TIME", help="(60s)")
    run.add_argument("--log-every", type=int, metavar="N", help="updates between lines of the log (100)")


def add_settings(command: argparse.ArgumentParser) -> None:
    """Those of the network and of the optimizer."""
    network = command.add_argument_group("the network", "Ranges, and defaults in brackets.")
    _struct_options(network, _NETWORK_OPTIONS, Options, _settings.network(), NETWORK)
    network.add_argument("--start-from", type=lambda text: str(path(text)), metavar="MODEL",
                         help="begin with the parameters of a trained network, a safetensors file or a run's folder, "
                         "instead of drawn ones")  # fmt: skip
    network.add_argument("--bypass-dropout", type=float, metavar="P",
                         help="in training, the output misses so much of the controller, 0 to below 1 (0)")  # fmt: skip
    optimizer = command.add_argument_group("the optimizer")
    optimizer.add_argument("--algorithm", choices=list(CHOICES["algorithm"]), help="(adam)")
    _struct_options(optimizer, list(Settings.__annotations__), Settings, _settings.optimizer(), OPTIMIZER)
    optimizer.add_argument("--schedule", choices=["constant", "cosine", "linear"],
                           help="of the learning rate; cosine and linear fall to 0 (constant)")  # fmt: skip
    optimizer.add_argument("--decay-share", type=float, metavar="SHARE",
                           help="of all updates, above 0 to 1: the last ones, in which it falls (1)")  # fmt: skip
    optimizer.add_argument("--accumulate", type=int, metavar="N",
                           help="batches of an update, which has the mean of their gradients (1)")  # fmt: skip
    optimizer.add_argument("--average", type=float, metavar="D",
                           help="tests and model.safetensors have a moving average of the parameters, of which D stays "
                           "in an update, 0 to below 1 (0: none)")  # fmt: skip
    optimizer.add_argument("--warm-up", type=int, metavar="N",
                           help="updates in which the learning rate grows from 0 (0)")  # fmt: skip


def add_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--option", type=_pair, action="append", metavar="KEY=VALUE",
                         help="an option of the task, as `tasks` lists them; may be repeated")  # fmt: skip


def _struct_options(
    group: Any, names: list[str], kind: type, settings: dict[str, _settings.Setting], standard: dict[str, Any]
) -> None:
    """An option for each field of a struct, which `kind` describes."""
    meanings = _settings.meanings(kind)
    for name in names:
        allowed, default = settings[name]
        how: dict[str, Any] = {"type": type(default), "metavar": "N"}
        if name in CHOICES:
            how, allowed = {"choices": list(CHOICES[name])}, ""
        elif isinstance(default, bool):
            how, allowed = {"action": argparse.BooleanOptionalAction}, ""
        words = f"{allowed} ({standard.get(name, default)}){meanings[name]}".strip()
        group.add_argument(f"--{name.replace('_', '-')}", help=words, **how)


def path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("it is empty, needed is a path")
    return Path(text)


def _number(text: str) -> float:
    """NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def finite(text: str) -> float:
    number = _number(text)
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is no finite number")
    return number


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _goal(text: str) -> tuple[str, float]:
    metric, value = _pair(text)
    goal = _number(value)
    if not math.isfinite(goal):
        raise argparse.ArgumentTypeError(f"{text!r} is not METRIC=NUMBER")
    return metric, goal


def _seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600}
    number, factor = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    seconds = _number(number) * factor
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time as 90s, 15m or 2h")
    return seconds
