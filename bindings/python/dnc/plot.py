"""`python -m dnc plot`: the figures from the command line."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, NamedTuple

from . import figures
from ._convert import CHOICES
from .evaluation import capacity, require_fit
from .network import DNC
from .npy_files import read_array
from .run_files import refuse_to_write_over
from .run_options import path
from .task_files import Unused, is_curriculum
from .tasks import Episodes, Task, path_options


class Shared(NamedTuple):
    """What the command line has for all its commands."""

    load_model: Callable[[argparse.Namespace], DNC]  # the network that the options name
    open_task: Callable[..., Task]  # the task that they name
    add_task: Callable[[argparse.ArgumentParser], None]  # the options that say it


def add_commands(commands: Any, shared: Shared) -> None:
    """`plot` with a command for each figure."""
    kinds = commands.add_parser("plot", help="draw a figure").add_subparsers(required=True, metavar="FIGURE")

    def add(name: str, help: str, draw: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = kinds.add_parser(name, help=help)
        command.set_defaults(command=_drawing(draw), shared=shared, parser=command)
        command.add_argument("--output", type=path, required=True, metavar="FILE", help="the PNG file")
        command.add_argument("--title")
        command.add_argument("--dark", dest="theme", action="store_const", const="dark", help="on a dark background")
        command.add_argument(
            "--pixel-scale", type=int, metavar="N", help="draw every pixel as N by N, 1 to 8 (0: as it is)"
        )
        if name != "training":
            command.add_argument("--colormap", choices=list(CHOICES["colormap"]), help="(viridis)")
            command.add_argument("--cell-pixels", type=int, metavar="N", help="side of a cell (by their number)")
        return command

    def model(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
        command.add_argument("model", type=path, help="a safetensors file, or the folder of a run")
        shared.add_task(command)
        command.add_argument("--threads", type=int, help="(1; 0: one per core)")
        return command

    def recorded(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
        model(command).add_argument("--memory-slots", type=int, metavar="N", help="(those of the training)")
        command.add_argument("--unsorted", action="store_true", help="slots by number, not as they are first written")
        return command

    def memory(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
        recorded(command).add_argument("--all-slots", action="store_true", help="also those that were never used")
        return command

    command = recorded(add("episode", "one episode, and what the memory did in it", _episode))
    command.add_argument("--panels", type=_words, metavar="NAME,...", help=f"of {', '.join(figures.PANELS)} (all)")
    command = memory(add("state", "the memory and its links after a step of an episode", _state))
    command.add_argument("--step", type=int, metavar="N", help="from 0 (the last)")
    command = memory(add("film", "the same, step by step, as an animated PNG", _film))
    command.add_argument("--first-step", type=int, default=0, metavar="N", help="(0)")
    command.add_argument("--steps", type=int, metavar="N", help="(all that follow)")
    command.add_argument("--delay", type=int, metavar="MS", help="milliseconds for each step (200)")
    command.add_argument("--numbered", action="store_true", help="a file for each step: FILE-0000.png and so on")

    command = add("training", "loss and score of one or more runs", _training)
    command.add_argument("logs", nargs="+", type=path, metavar="RUN", help="its folder, or its log")
    command.add_argument("--name", action="append", metavar="NAME", help="for the legend, one for each run")
    command.add_argument("--metric", help="the score (the first)")
    command.add_argument("--over-time", action="store_true", help="over seconds instead of updates")
    command.add_argument("--width", type=int, default=0, metavar="N", help="of a panel, in pixels (720)")
    command.add_argument("--height", type=int, default=0, metavar="N", help="of a panel, in pixels (240)")

    command = model(add("capacity", "a score over memory slots and episode length", _capacity))
    command.add_argument("--slots", type=_numbers, required=True, metavar="N,...")
    command.add_argument("--lengths", type=_numbers, required=True, metavar="N,...")
    command.add_argument("--length-option", type=_words, default=["min_length", "max_length"], metavar="KEY,...",
                         help="the task's options that say the length (min_length,max_length)")  # fmt: skip
    command.add_argument("--metric", help="(the first)")
    command.add_argument("--episodes", type=int, default=100, metavar="N", help="of a cell (100)")
    command.add_argument("--batch-size", type=int, metavar="N", help="(that of the training)")

    command = add("heatmap", "a matrix from a .npy file", _heatmap)
    command.add_argument("values", type=path, help="a .npy file [rows, columns]")
    command.add_argument("--minimum", type=float)
    command.add_argument("--maximum", type=float)
    command.add_argument("--row-label")
    command.add_argument("--column-label")


def _drawing(draw: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The command, which writes over nothing that it reads."""

    def command(options: argparse.Namespace) -> int:
        given = vars(options)
        read = [given.get("model"), given.get("values"), *given.get("logs", ())]
        read += [Path(value) for key, value in given.get("option") or () if key in path_options()]
        if is_curriculum(given.get("task") or ""):
            read.append(Path(options.task))
        refuse_to_write_over(options.output, *filter(None, read))
        return draw(options)

    return command


def _look(options: argparse.Namespace) -> dict[str, Any]:
    """Those of `figures.Look` that were given."""
    look = {name: getattr(options, name, None) for name in figures.Look.__annotations__}
    return {name: value for name, value in look.items() if value is not None}


def _slots(options: argparse.Namespace) -> dict[str, bool]:
    return {"sort_slots": not options.unsorted, "used_slots": not options.all_slots}


@contextlib.contextmanager
def _played(options: argparse.Namespace) -> Iterator[tuple[DNC, Task, Any, Episodes]]:
    """A network that has just played one episode, recorded."""
    net = options.shared.load_model(options)
    if options.memory_slots is not None:
        net.memory_slots = options.memory_slots
    net.batch_size = 1
    net.training = True
    with options.shared.open_task(options) as task:
        require_fit(net, task)
        task.evaluating = True
        outputs = task.play(net)
        yield net, task, outputs, task.read()


def _episode(options: argparse.Namespace) -> int:
    with _played(options) as (net, task, outputs, episodes):
        figures.episode(
            net, episodes.inputs, episodes.targets, outputs, episodes.mask, panels=options.panels,
            sort_slots=not options.unsorted, loss=task.loss_kind, **_look(options),
        ).save(options.output)  # fmt: skip
    return 0


def _state(options: argparse.Namespace) -> int:
    with _played(options) as (net, _, _, _):
        step = net.recorded_steps - 1 if options.step is None else options.step
        figures.state(net, step, **_slots(options), **_look(options)).save(options.output)
    return 0


def _film(options: argparse.Namespace) -> int:
    with _played(options) as (net, _, _, _):
        which = {**_slots(options), **_look(options)}
        if options.numbered and options.delay is not None:
            raise Unused("--delay would do nothing: with --numbered, every step is a picture that stands still")
        if options.numbered:
            figures.film_files(options.output, net, options.first_step, options.steps, **which)
        else:
            film = figures.film(
                net, options.first_step, options.steps, delay=200 if options.delay is None else options.delay, **which
            )
            film.save(options.output)
    return 0


def _training(options: argparse.Namespace) -> int:
    figures.training(
        options.logs, options.name, metric=options.metric, over_time=options.over_time, width=options.width,
        height=options.height, **_look(options),
    ).save(options.output)  # fmt: skip
    return 0


def _capacity(options: argparse.Namespace) -> int:
    for key, _ in options.option or []:
        if key in options.length_option:
            raise Unused(f"--option {key} would do nothing: it is what --lengths says")

    def task(length: int) -> Task:
        shared: Shared = options.shared
        return shared.open_task(options, **dict.fromkeys(options.length_option, length))

    net = options.shared.load_model(options)
    scores = capacity(net, task, options.slots, options.lengths, options.metric, options.episodes, options.batch_size)
    figures.capacity(scores, options.slots, options.lengths, **_look(options)).save(options.output)
    return 0


def _heatmap(options: argparse.Namespace) -> int:
    labels = {name: getattr(options, name) for name in ("minimum", "maximum", "row_label", "column_label")}
    values = read_array(options.values, "[rows, columns]")
    figures.heatmap(values, **labels, **_look(options)).save(options.output)
    return 0


def _words(text: str) -> list[str]:
    return text.split(",")


def _numbers(text: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers as 16,32,64") from None
