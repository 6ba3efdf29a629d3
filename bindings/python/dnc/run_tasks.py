"""The tasks of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

from .dataset import Dataset
from .errors import InvalidArgument
from .own_data import DEFAULT_LOSS, DataTask, Source
from .plan import Plan
from .run_files import CURRICULUM, read_run
from .task_files import checksums, choose_lesson, open_task, refuse_options, require_same, sha256
from .tasks import Task

# One that the library makes, or one that plays data of one's own.
AnyTask = Union[Task, DataTask]
AnySource = Union[Source, AnyTask]

# What training takes where no option says how a batch is made up.
_BATCHES = {"babi": ({"row_steps", "buckets", "order"}, {"row_steps": 512})}

# In these bits the seeds of other episodes differ from that of training.
_TESTS, _EVALUATION = 1 << 63, 1 << 62


def tasks_of(
    plan: Plan, folder: Path, data: AnySource | None = None, validation: AnySource | None = None
) -> tuple[AnyTask, AnyTask | None]:
    """To train with, and to test with. A curriculum's path counts from the folder."""
    if plan.task:
        for name, given in (("data", data), ("validation", validation)):
            if given is not None:
                raise InvalidArgument(
                    f"{name} is given, and the plan has the task {plan.task!r}: needed is one of them"
                )
        task, tests = _open(plan, folder, plan.seed), _open(plan, folder, plan.seed ^ _TESTS, plan.test_options)
        if _shape(tests) != _shape(task):
            changed = ", ".join(f"{key}={value}" for key, value in plan.test_options.items())
            raise InvalidArgument(
                f"test_options is {changed}, which the network can't be tested with: the tests have {_shape(tests)}, "
                f"training has {_shape(task)}"
            )
        return task, tests
    if data is None:
        raise InvalidArgument("data is missing: the plan has no task, so Trainer needs what there is to learn from")
    loss = plan.loss or DEFAULT_LOSS
    training = _as_task(data, loss, plan.seed)
    if validation is None:
        return training, None
    tests = _as_task(validation, loss, None)
    if isinstance(tests, DataTask) and tests.is_stream:
        raise InvalidArgument(
            "validation can't be gone through again: needed is a Dataset, or a function of a batch's number"
        )
    if (tests.input_size, tests.output_size) != (training.input_size, training.output_size):
        raise InvalidArgument(
            f"validation has X = {tests.input_size} and Y = {tests.output_size}, data has {training.input_size} and "
            f"{training.output_size}"
        )
    return training, tests


def _shape(task: Task) -> str:
    """What a network must be made for."""
    return f"X = {task.input_size}, Y = {task.output_size} and the loss {task.loss_kind}"


def _as_task(data: Any, loss: str, seed: int | None) -> AnyTask:
    """What plays is a task already, whoever has made it."""
    return data if hasattr(data, "play") else DataTask(data, loss, seed)


def with_batches(plan: Plan) -> Plan:
    """The plan of a new run, with what training takes where no option says how a batch is made up: stories of bAbI
    follow each other in rows. Tests draw single stories."""
    kind, options = _BATCHES.get(plan.task, (set(), {}))
    if not kind.isdisjoint(plan.options):
        return plan
    single = {name: 0 for name in options if name not in plan.test_options}
    return dataclasses.replace(plan, options={**plan.options, **options}, test_options={**plan.test_options, **single})


def checksums_of(plan: Plan, folder: Path, *tasks: AnyTask | None) -> dict[str, str]:
    """Of all files that the tasks have read, the folder's curriculum included; or of the data."""
    if plan.task:
        own = {CURRICULUM: sha256(folder / CURRICULUM)} if plan.is_curriculum else {}
        return {**own, **checksums(*[task for task in tasks if isinstance(task, Task)])}
    return {
        name: task.data.checksum()
        for name, task in zip(("data", "validation"), tasks)
        if isinstance(task, DataTask) and isinstance(task.data, Dataset)
    }


def own_task(
    folder: Path, seed: int | None = None, options: Mapping[str, Any] | None = None, lesson: int | None = None
) -> Task:
    """What the run in the folder is tested with, or with other options: by default, episodes that it has met neither in
    training nor in tests, of the lesson in which its model.safetensors was best. Lessons count from 1."""
    run = read_run(folder)
    plan = run.plan
    if not plan.task:
        raise InvalidArgument(
            f"the run in {folder} was trained on data of one's own: dnc.evaluate plays a dnc.DataTask"
        )
    if plan.is_curriculum:
        refuse_options(plan.task, options)
    task = _open(
        plan, folder, plan.seed ^ _EVALUATION if seed is None else seed, {**plan.test_options, **(options or {})}
    )
    now = checksums_of(plan, folder, task)
    known = {path: digest for path, digest in (run.files or {}).items() if path in now}  # not what the options name
    require_same(known, {path: now[path] for path in known}, folder)
    choose_lesson(task, max(run.progress.best_lesson, 0) + 1 if lesson is None else lesson)
    return task


def _open(plan: Plan, folder: Path, seed: int, options: Mapping[str, Any] | None = None) -> Task:
    if plan.is_curriculum:
        return Task.load(folder / plan.task, seed)
    return open_task(plan.task, seed, {**plan.options, **(options or {})})
