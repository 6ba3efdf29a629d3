"""Tasks by their names or from files, and what they read."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ._files import opened
from .errors import InvalidArgument, InvalidState
from .tasks import Task, absolute, path_options

# What a task reads of a folder.
_FOLDER_FILES = "qa*.txt"


class Unused(InvalidArgument):
    """Something was given that would do nothing."""


def is_curriculum(task: str) -> bool:
    """Whether it is the path of a curriculum, and not a task's name: a slash or a dot is in it."""
    return os.sep in task or "." in task


def open_task(name: str, seed: int = 0, options: Mapping[str, Any] | None = None, lesson: int | None = None) -> Task:
    """A task by its name, with options, or from a curriculum, whose lessons count from 1."""
    if is_curriculum(name):
        refuse_options(name, options)
        task = Task.load(name, seed)
    else:
        for key in {"self", "name", "seed"}.intersection(options or ()):
            raise InvalidArgument(f"options: {name} has none that is called {key!r}")
        task = Task(name, seed, **options or {})
    choose_lesson(task, lesson)
    return task


def choose_lesson(task: Task, lesson: int | None) -> None:
    """The lesson of this number, from 1; None: the present one."""
    if lesson is not None:
        count = len(task.lessons)
        if not 1 <= lesson <= count:
            raise InvalidArgument(f"lesson is {lesson}, allowed are 1 to {count}")
        task.lesson = lesson - 1


def refuse_options(curriculum: str, options: Mapping[str, Any] | None) -> None:
    """A curriculum says its lessons' options itself."""
    if options:
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        raise Unused(f"{given} would do nothing: the lessons of {curriculum} have options of their own, in the file")


def copy_curriculum(path: Path, copy: Path) -> None:
    """The paths in the copy begin at the root, so that it says the same in any working directory."""
    names = "|".join(sorted(path_options())).encode()
    option = re.compile(rb"(?<=[ \t,])(" + names + rb")=([^,\r\n]+?)(?=[ \t]*(?:,|[ \t]#|\r?$))", re.MULTILINE)
    with opened(path) as file:
        text = file.read()
    copy.write_bytes(option.sub(lambda found: found[1] + b"=" + os.fsencode(absolute(found[2])), text))


def checksums(*tasks: Task) -> dict[str, str]:
    """The SHA-256 of every file that the options of the tasks name, by its path."""
    return {path: sha256(Path(path)) for path in sorted({path for task in tasks for path in _paths(task)})}


def require_same(before: Mapping[str, str], now: Mapping[str, str], folder: Path) -> None:
    """Refuses files, and data, that are not those that the run in the folder has read."""

    def here(path: str) -> str:
        """Another locale, or a relative path, spells a file otherwise."""
        whole = absolute(path)
        return whole if whole in now else path

    before = {here(path): digest for path, digest in before.items()}
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) != now.get(path):
            how = "is new" if path not in before else "is not there any more" if path not in now else "has changed"
            raise InvalidState(
                f"{path} {how} since the run in {folder} began, and it can only go on with what it began with"
            )


def _paths(task: Task) -> Iterator[str]:
    """Files that the options of the task's lessons name."""
    for lesson in task.lessons:
        for pair in lesson.options.split(","):
            key, _, value = pair.partition("=")
            if key in path_options():
                path = Path(absolute(value))
                yield from map(str, path.glob(_FOLDER_FILES) if path.is_dir() else [path])


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with opened(path) as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
