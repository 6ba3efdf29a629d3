"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

# Of files that are not complete yet: in their folder, and short, however long the name of the whole one is.
PARTIAL = ".dnc-*.partial"
_numbers = count()


def opened(path: Path, mode: str = "rb") -> Any:
    """`open`, for regular files alone: an OSError says what is none. Opening a pipe would wait, for ever."""

    def open_regular(name: str, flags: int) -> int:
        file = os.open(name, flags | os.O_NONBLOCK, 0o666)
        try:
            _require_regular(path, os.fstat(file))
        except OSError:
            os.close(file)
            raise
        return file

    return open(path, mode, opener=open_regular)


def _require_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is not a regular file")


@contextmanager
def replacing(path: Path) -> Iterator[Any]:
    """A file that takes the place of `path` when it is complete. What a link leads to is replaced; the mode stays, and
    the owner as far as this process may give files away. An OSError says why a file can't be replaced: it is read-only,
    or no regular file."""
    place, old = _place(path)
    partial = place.with_name(PARTIAL.replace("*", f"{os.getpid()}-{next(_numbers)}"))
    try:
        # Nobody else may read the new file before it has its mode.
        with open(partial, "xb", opener=lambda name, flags: os.open(name, flags, 0o600 if old else 0o666)) as file:
            yield file
            file.flush()
            if old:
                _keep_owner_and_mode(file.fileno(), old)
            os.fsync(file.fileno())
        os.replace(partial, place)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError) and error.filename == str(partial):
            error.filename = str(path)  # what the caller knows
        raise
    directory = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _place(path: Path) -> tuple[Path, os.stat_result | None]:
    """Where the file is that `path` names, links followed, and what is there."""
    place = Path(os.path.realpath(path))
    try:
        old = os.stat(path)
    except FileNotFoundError:
        return place, None
    _require_regular(path, old)
    if not os.path.samestat(old, os.stat(place)):
        raise FileNotFoundError(f"{path} could not be followed")
    # Also for root, whom the system lets write all.
    if not old.st_mode & 0o222 or not os.access(place, os.W_OK, effective_ids=True):
        raise PermissionError(f"{path} is read-only")
    return place, old


def _keep_owner_and_mode(file: int, old: os.stat_result) -> None:
    """Where the owner or the group can't stay, nobody else gets the rights they had."""
    mode = stat.S_IMODE(old.st_mode)
    try:
        os.fchown(file, old.st_uid, old.st_gid)
    except PermissionError:
        mode &= 0o777
        try:
            os.fchown(file, -1, old.st_gid)
        except PermissionError:
            mode = mode & 0o707 | (mode & 0o7) << 3
    with suppress(PermissionError):  # a file system without modes
        os.fchmod(file, mode)
