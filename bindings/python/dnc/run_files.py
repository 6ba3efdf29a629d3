"""The folder of a run: which checkpoint counts, and the log."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ._files import replacing
from .errors import InvalidState
from .run_lock import Lock

STATE, LOG, MODEL, CURRICULUM = "trainer.json", "log.jsonl", "model.safetensors", "curriculum.txt"
FORMAT = 1


class RunFiles:
    """trainer.json, which names the checkpoint that counts, and log.jsonl, cut to what belongs to that checkpoint.

    They are written while the folder is `held`. `known` is trainer.json as this trainer has read it, None if there was
    none.
    """

    def __init__(self, folder: Path, known: bytes | None, log_bytes: int) -> None:
        self.folder, self._known, self._log_bytes = folder, known, log_bytes
        self._log: Any = None

    @contextmanager
    def held(self, undo: bool = False) -> Iterator[None]:
        """Nobody else writes here meanwhile. Refuses a folder in which another trainer has been at work since. With
        undo, new files go again if what follows fails."""
        if self._log is not None:  # held already
            yield
            return
        lock = Lock(self.folder)
        before = set(self.folder.iterdir())
        try:
            if _read(self.folder) != self._known:
                raise InvalidState(
                    f"another trainer has been at work in {self.folder} meanwhile: only Trainer.resume can go on there"
                )
            with self._open_log():
                yield
        except BaseException:
            if undo:
                for path in set(self.folder.iterdir()) - before:
                    path.unlink()
            raise
        finally:
            lock.release()

    @contextmanager
    def _open_log(self) -> Iterator[None]:
        path = self.folder / LOG
        try:
            with open(path, "r+b" if path.exists() else "w+b") as self._log:
                # One that somebody has made shorter is not made longer.
                self._log.truncate(min(self._log_bytes, self._log.seek(0, os.SEEK_END)))
                self._log.seek(0, os.SEEK_END)
                try:
                    yield
                finally:
                    self._log_bytes = self._log.tell()
        finally:
            self._log = None

    def commit(self, checkpoint: str, **state: Any) -> None:
        """From here on this checkpoint counts, which is in its place already; others are deleted."""
        text = json.dumps({"format": FORMAT, "checkpoint": checkpoint, **state}, indent=1).encode()
        with replacing(self.folder / STATE) as file:
            file.write(text)
        self._known = text
        self.tidy(checkpoint)

    def tidy(self, checkpoint: str) -> None:
        """Deletes other checkpoints, and what a killed process left half written."""
        for pattern in ("update-*.safetensors", "*.partial-*"):
            for path in self.folder.glob(pattern):
                if path.name != checkpoint:
                    path.unlink(missing_ok=True)

    def log(self, event: str, **fields: Any) -> None:
        """One more line."""
        self._log.write(json.dumps({"event": event, **fields}).encode() + b"\n")
        self._log.flush()

    def flush_log(self) -> int:
        """To the disk. Returns the log's length."""
        os.fsync(self._log.fileno())
        return int(self._log.tell())


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Makes it, and the folders above it. Those that are empty when what follows fails go again."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for path in made:
                path.rmdir()
        raise


def read_state(folder: Path) -> tuple[dict[str, Any], bytes]:
    """What the last `commit` wrote, and its bytes."""
    text = _read(folder)
    if text is None:
        raise InvalidState(f"{folder} holds no run: there is no {STATE} in it")
    try:
        state = json.loads(text.decode("utf-8-sig"))
        if state["format"] != FORMAT:
            raise ValueError(f"its format is {state['format']}, known is {FORMAT}")
        return dict(state), text
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(folder, error) from error


def unreadable(folder: Path, error: Exception) -> InvalidState:
    return InvalidState(f"{folder / STATE} can't be read: {error}")


def _read(folder: Path) -> bytes | None:
    try:
        return (folder / STATE).read_bytes()
    except FileNotFoundError:
        return None
