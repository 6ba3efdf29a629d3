"""The tasks of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .plan import Plan
from .run_files import CURRICULUM, read_state, unreadable
from .task_files import checksums, choose_lesson, open_task, refuse_options, require_same
from .tasks import Task

# In these bits the seeds of other episodes differ from that of training.
_TESTS, _EVALUATION = 1 << 63, 1 << 62


def tasks_of(plan: Plan, folder: Path) -> tuple[Task, Task]:
    """To train with, and to test with. A curriculum's path counts from the folder."""
    return _open(plan, folder, plan.seed), _open(plan, folder, plan.seed ^ _TESTS, plan.test_options)


def checksums_of(plan: Plan, folder: Path, *tasks: Task) -> dict[str, str]:
    """Of all files that the tasks have read, the folder's curriculum included."""
    return checksums(*tasks, curriculum=folder / CURRICULUM if plan.is_curriculum else None)


def own_task(
    folder: Path, seed: int | None = None, options: Mapping[str, Any] | None = None, lesson: int | None = None
) -> Task:
    """What the run in the folder is tested with, or with other options: by default, episodes that it has met neither in
    training nor in tests, of the lesson in which its model.safetensors was best. Lessons count from 1."""
    state, _ = read_state(folder)
    try:
        plan, best, began_with = Plan(**state["plan"]), state["progress"]["best_lesson"], state.get("files")
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(folder, error) from error
    if plan.is_curriculum:
        refuse_options(plan.task, options)
    task = _open(
        plan, folder, plan.seed ^ _EVALUATION if seed is None else seed, {**plan.test_options, **(options or {})}
    )
    now = checksums_of(plan, folder, task)
    both = now.keys() & (began_with or {}).keys()
    require_same({path: began_with[path] for path in both}, {path: now[path] for path in both}, folder)
    choose_lesson(task, max(best, 0) + 1 if lesson is None else lesson)
    return task


def _open(plan: Plan, folder: Path, seed: int, options: Mapping[str, Any] | None = None) -> Task:
    if plan.is_curriculum:
        return Task.load(folder / plan.task, seed)
    return open_task(plan.task, seed, {**plan.options, **(options or {})})
