"""The command line: `python -m dnc train`, `compare`, `evaluate`, `tasks`, `predict`, `plot`."""

from __future__ import annotations

import argparse
import io
import json
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from typing import Any

import numpy as np

from . import compare, plot, run_options
from ._files import replacing
from ._sentences import on_the_command_line
from .checkpoints import load_trained, with_options
from .errors import Error, InvalidArgument, OutOfMemory
from .evaluation import Score, evaluate
from .interrupts import stopped_by
from .network import DNC
from .npy_files import read_array
from .ranks import Ranks, of_this_process
from .run_files import refuse_to_write_over
from .run_tasks import own_task
from .task_files import Unused, open_task
from .tasks import Task, TaskOption, told
from .trainer import Trainer
from .updates import Diverged

TASK = "a task's name, or the path of a curriculum, with a slash or a dot in it"
DONE, FAILED, WRONG_USE, DIVERGED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    options.ranks = Ranks()
    try:
        status = _status(options)
    except BaseException:
        if options.ranks.count > 1:
            traceback.print_exc()
            options.ranks.abort(FAILED)
        raise
    if status != DONE:
        options.ranks.abort(status)
    return status


def _status(options: argparse.Namespace) -> int:
    """Lets the command work, and says what it refuses; of several processes, which one."""
    try:
        return int(options.command(options))
    except Diverged as error:
        kind, sentence, status = "diverged", _in_own_words(error, options), DIVERGED
    except Unused as error:
        kind, sentence, status = "error", _in_own_words(error, options), WRONG_USE
    except (InvalidArgument, OutOfMemory) as error:
        kind, sentence, status = "error", _in_own_words(error, options), FAILED
    except MemoryError as error:
        kind, sentence, status = "error", f"out of memory: {error}", FAILED
    except KeyboardInterrupt:
        kind, sentence, status = "interrupted", f"{options.parser.prog} was not finished", INTERRUPTED
    except (Error, OSError, ValueError) as error:
        kind, sentence, status = "error", str(error), FAILED
    rank = f" in rank {options.ranks.rank}" if options.ranks.count > 1 else ""
    print(f"{kind}{rank}: {sentence}", file=sys.stderr, flush=True)
    return status


def _in_own_words(error: Error, options: argparse.Namespace) -> str:
    """With the names of the command's options instead of Python's."""
    found = {action.dest: action.option_strings[0] for action in options.parser._actions if action.option_strings}
    if hasattr(options, "task"):  # whose name the library calls a name
        found = {"name": "TASK", "task": "TASK", **found}
    return on_the_command_line(error.message, found)


# train


def train(options: argparse.Namespace) -> int:
    given = {name: value for name, value in vars(options).items() if value is not None}
    options.ranks = ranks = of_this_process()
    if options.resume is not None:
        changes = {name: value for name, value in given.items() if name not in _SESSION_OPTIONS}
        changes = run_options.with_stop(changes)
        trainer = Trainer.resume(options.resume, options.threads, comm=ranks.comm, **changes)
    else:
        threads = 1 if options.threads is None else options.threads
        trainer = Trainer.start(options.output, run_options.plan_of(given), threads, comm=ranks.comm)
    with nullcontext() if ranks.is_first else redirect_stdout(io.StringIO()):
        return _run(trainer, options)


def _run(trainer: Trainer, options: argparse.Namespace) -> int:
    encoding = sys.stdout.encoding or "utf-8"  # which may not have the folder's name
    folder = str(trainer.folder).encode(encoding, "backslashreplace").decode(encoding)
    print(f"{trainer.net.flat_parameters.size:,} parameters, {folder}, update {trainer.update:,}")
    with stopped_by(trainer, signal.SIGINT, signal.SIGTERM):
        every = 60 if options.checkpoint_every is None else options.checkpoint_every
        reason = trainer.run(options.time_limit, every, progress=True)
    print(f"{reason} after {trainer.update:,} updates, {_duration(trainer.seconds)}")
    if trainer.skipped:
        print(f"{trainer.skipped:,} updates were left out: their gradients were not finite")
    if trainer.score:
        _print_scores(trainer.score)
    return DONE


# evaluate and predict


def evaluate_model(options: argparse.Namespace) -> int:
    net = _model(options)
    task = _task(options)
    found = evaluate(net, task, options.episodes, options.batch_size, options.memory_slots)
    if options.json:
        print(json.dumps({name: score.as_json() for name, score in found.items()}, allow_nan=False))
    else:
        _print_scores(found)
    return DONE


def _task(options: argparse.Namespace, **more: Any) -> Task:
    """The task that the options name; without a name, that of the run's folder."""
    given = {**run_options.pairs(options.option, "--option"), **more}
    if options.task is not None:
        return open_task(options.task, options.seed or 0, given, options.lesson)
    if not options.model.is_dir():
        raise ValueError(f"TASK is missing: {options.model} says none, as the folder of a run does")
    return own_task(options.model, options.seed, given, options.lesson)


def list_tasks(options: argparse.Namespace) -> int:
    """Prints the names of the tasks, or a table of the options of one."""
    if options.task is None:
        print("\n".join(Task.names()))
        return DONE
    rows = [("option", "default", "allowed", "meaning"), *(_row(each) for each in Task.options(options.task))]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    return DONE


def _row(option: TaskOption) -> tuple[str, str, str, str]:
    return option.name, option.default, option.allowed, option.meaning


def predict(options: argparse.Namespace) -> int:
    refuse_to_write_over(options.output, options.model, options.inputs)
    inputs = read_array(options.inputs, "[T, X]", "[T, B, X]")
    single = inputs.ndim == 2
    batch = inputs[:, None] if single else inputs
    net = _model(options)
    needed = net.config["input_size"]
    if inputs.shape[-1] != needed:
        raise ValueError(f"{options.inputs} has shape {inputs.shape}, needed is X = {needed} as its last number")
    if options.memory_slots is not None:
        net.memory_slots = options.memory_slots
    net.batch_size = batch.shape[1]
    outputs = net.forward(batch).astype(np.float64)
    if options.probabilities == "sigmoid":
        outputs = np.exp(-np.logaddexp(0, -outputs))
    elif options.probabilities == "softmax":
        shifted = np.exp(outputs - outputs.max(-1, keepdims=True))
        outputs = shifted / shifted.sum(-1, keepdims=True)
    with replacing(options.output) as file:
        np.save(file, (outputs[:, 0] if single else outputs).astype(np.float32))
    return DONE


def _model(options: argparse.Namespace) -> DNC:
    """The network of a file or of a run's folder."""
    net = load_trained(options.model)
    return net if options.threads is None else with_options(net, num_threads=options.threads)


def _print_scores(found: dict[str, Score]) -> None:
    found = {name: score for name, score in found.items() if score.count}
    width = max(map(len, found), default=0)
    print(f"{'':{width}}  {'network':>10}  {'at random':>10}  {'counted':>12}")
    for name, score in found.items():
        value, chance = told(name, score.value, 4), told(name, score.chance, 4)
        print(f"{name:{width}}  {value:>10}  {chance:>10}  {score.count:12,.0f}")


# options


# What `train` takes that is not of the plan.
_SESSION_OPTIONS = ["command", "parser", "output", "resume", "threads", "time_limit", "checkpoint_every", "ranks"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dnc", description="Trains Differentiable Neural Computers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "train",
        usage="%(prog)s TASK --output FOLDER [options], or %(prog)s --resume FOLDER [options]",
        help="train a network on a task or a curriculum, without end unless told when to stop",
        description="Trains a network. A run has no end of its own but the last lesson of a curriculum: say --updates, "
        "--stop, --patience or --time-limit, or stop it with Ctrl-C. It is saved then, and --resume goes on.",
    )
    command.set_defaults(command=train, parser=command)
    command.add_argument("task", nargs="?", help=TASK)
    where = command.add_mutually_exclusive_group(required=True)
    where.add_argument("--output", type=run_options.path, metavar="FOLDER", help="where a new run goes")
    where.add_argument(
        "--resume",
        type=run_options.path,
        metavar="FOLDER",
        help="the run to go on with as planned, but for what is given besides",
    )
    run_options.add_option(command)
    run_options.add_test_option(command)
    command.add_argument(
        "--local-updates",
        type=int,
        metavar="K",
        help="an approximation that sends less: each of several ranks makes K updates by itself, then their parameters "
        "are averaged (1: every update is of all ranks together)",
    )
    command.add_argument("--seed", type=int, help="of parameters and episodes (0)")
    command.add_argument("--threads", type=int, help="changes no byte (1; 0: one per core)")
    run_options.add_end_options(command.add_argument_group("the run"))
    run_options.add_settings(command)

    command = commands.add_parser(
        "compare",
        help="train several networks on one task with the same seeds",
        description="Trains several networks on one task with the same seeds, some of them at a time, and writes a "
        "table and a figure of all. The same command goes on where it was stopped, and takes more time, seeds and "
        "networks. What is not of a single --run is of all of them.",
    )
    command.set_defaults(command=compare.run, parser=command)
    command.add_argument("task", help=TASK)
    compare.add_options(command)
    run_options.add_option(command)
    run_options.add_test_option(command)
    run_options.add_end_options(command.add_argument_group("each run"))
    run_options.add_settings(command)

    command = commands.add_parser("evaluate", help="let a trained network play")
    command.set_defaults(command=evaluate_model, parser=command)
    command.add_argument("model", type=run_options.path, help="a safetensors file, or the folder of a run")
    _played_task_options(command)
    command.add_argument(
        "--episodes", type=int, metavar="N", help="at least so many (all, if the task has an end; else 1000)"
    )
    command.add_argument("--batch-size", type=int, metavar="N", help="(that of the training)")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    _model_options(command)

    command = commands.add_parser("tasks", help="list the tasks, or the options of one")
    command.set_defaults(command=list_tasks, parser=command)
    command.add_argument("task", nargs="?", help="the task whose options are listed")

    command = commands.add_parser("predict", help="run a trained network over inputs of one's own")
    command.set_defaults(command=predict, parser=command)
    command.add_argument("model", type=run_options.path, help="a safetensors file, or the folder of a run")
    command.add_argument("inputs", type=run_options.path, help="a .npy file [T, X] or [T, B, X]")
    command.add_argument(
        "--output", type=run_options.path, required=True, help="the .npy file of outputs [T, Y] or [T, B, Y]"
    )
    command.add_argument("--probabilities", choices=["sigmoid", "softmax"], help="instead of logits")
    _model_options(command)

    plot.add_commands(commands, plot.Shared(_model, _task, _played_task_options))
    return parser


def _played_task_options(command: argparse.ArgumentParser) -> None:
    """What `_task` reads."""
    command.add_argument("task", nargs="?", help=f"{TASK} (what a run is tested with, if its folder is given)")
    run_options.add_option(command)
    command.add_argument("--seed", type=int, help="of the episodes (0; of a run's own task: episodes new to it)")
    command.add_argument("--lesson", type=int, metavar="N", help="of the curriculum, from 1 (1; of a run: its model's)")


def _model_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--memory-slots", type=int, metavar="N", help="run on another memory than that of the training"
    )
    command.add_argument("--threads", type=int, help="(1; 0: one per core)")


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


if __name__ == "__main__":
    sys.exit(main())
