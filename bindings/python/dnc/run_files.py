"""The folder of a run: which checkpoint counts, and the log."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ._convert import FloatArray
from ._fields import require_kind
from ._files import PARTIAL, opened, replacing
from .checkpoints import MODEL, load
from .errors import InvalidArgument, InvalidState
from .network import DNC
from .optimizer import Optimizer
from .plan import Plan
from .progress import Progress
from .run_lock import Lock

STATE, LOG, CURRICULUM = "trainer.json", "log.jsonl", "curriculum.txt"
FORMAT = 1
Made = TypeVar("Made")
_CHECKPOINT = re.compile(r"update-\d{8,}\.safetensors")
_AVERAGE = re.compile(r"average-\d{8,}\.safetensors")


class RunFiles:
    """trainer.json, which names the files of the checkpoint that counts, and log.jsonl, cut to what belongs to it.

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
                    if _is_of_a_run(path.name) or path.match(PARTIAL):
                        path.unlink()
            raise
        finally:
            lock.release()

    @contextmanager
    def _open_log(self) -> Iterator[None]:
        path = self.folder / LOG
        try:
            with opened(path, "r+b" if path.exists() else "w+b") as self._log:
                # One that somebody has made shorter is not made longer.
                self._log.truncate(min(self._log_bytes, self._log.seek(0, os.SEEK_END)))
                self._log.seek(0, os.SEEK_END)
                try:
                    yield
                finally:
                    self._log_bytes = self._log.tell()
        finally:
            self._log = None

    def load(self, run: Saved) -> Loaded:
        """What the files of its checkpoint hold; others are deleted."""
        with self.held():
            found = run.load()
            self.tidy(run.checkpoint, run.average)
        return found

    def save(self, net: DNC, optimizer: Optimizer, average: DNC | None, progress: Progress, **state: Any) -> None:
        """A checkpoint: with the moving average of the parameters if there is one. From its last file on it counts, and
        others are deleted."""
        names = {"checkpoint": f"update-{progress.update:08d}.safetensors"}
        net.save(self.folder / names["checkpoint"], optimizer)
        if average is not None:
            names["average"] = f"average-{progress.update:08d}.safetensors"
            average.save(self.folder / names["average"])
        if not (self.folder / MODEL).exists():
            self.keep(average or net)
        os.fsync(self._log.fileno())
        progress.log_bytes = self._log.tell()
        state = {"format": FORMAT, **names, **state, "progress": dataclasses.asdict(progress)}
        text = json.dumps(state, indent=1, default=_plain).encode()
        with replacing(self.folder / STATE) as file:
            file.write(text)
        self._known = text
        self.tidy(*names.values())

    def keep(self, net: DNC) -> None:
        """This is the network that has done best."""
        net.save(self.folder / MODEL)

    def restore(self, net: DNC) -> None:
        """Gives a network the parameters of the best one."""
        best, _ = load(self.folder / MODEL)
        net.flat_parameters[...] = best.flat_parameters

    def tidy(self, *kept: str | None) -> None:
        """Deletes the files of other checkpoints, and what a killed process left half written."""
        for path in self.folder.iterdir():
            if path.match(PARTIAL) or (_is_of_a_checkpoint(path.name) and path.name not in kept):
                path.unlink(missing_ok=True)

    def log(self, event: str, **fields: Any) -> None:
        """One more line: JSON in UTF-8, whatever the locale. In a path, bytes that are no UTF-8 become U+FFFD;
        trainer.json has them as they are."""
        text = json.dumps({"event": event, **fields}, ensure_ascii=False, default=_plain)
        line = text.encode("utf-8", "surrogateescape")
        self._log.write(line.decode("utf-8", "replace").encode() + b"\n")
        self._log.flush()

    def lines(self) -> list[dict[str, Any]]:
        """What the log says up to now."""
        with opened(self.folder / LOG) as file:
            return [json.loads(line) for line in file]


def _plain(value: Any) -> Any:
    """What a plan may hold and JSON has no word for: NumPy's numbers, and paths."""
    return value.item() if isinstance(value, np.generic) else os.fsdecode(value)


class MemoryFiles:
    """What a run without a folder keeps."""

    folder: Path | None = None

    def __init__(self) -> None:
        self._lines: list[dict[str, Any]] = []
        self._best: FloatArray | None = None

    def held(self, undo: bool = False) -> AbstractContextManager[None]:
        return nullcontext()

    def save(self, net: DNC, optimizer: Optimizer, average: DNC | None, progress: Progress, **state: Any) -> None:
        """Nothing: what there is to go on with is the network itself."""

    def keep(self, net: DNC) -> None:
        self._best = net.flat_parameters.copy()

    def restore(self, net: DNC) -> None:
        if self._best is not None:
            net.flat_parameters[...] = self._best

    def log(self, event: str, **fields: Any) -> None:
        self._lines.append({"event": event, **fields})

    def lines(self) -> list[dict[str, Any]]:
        return self._lines


class OtherFiles(MemoryFiles):
    """What a rank keeps while the first one keeps everything: nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def keep(self, net: DNC) -> None:
        pass

    def log(self, event: str, **fields: Any) -> None:
        pass


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


def refuse_occupied(folder: Path, with_curriculum: bool) -> None:
    """Refuses a folder for a new run that holds a run, or a file that the new one would write over."""
    if (folder / STATE).exists():
        raise InvalidState(f"{folder} holds a run already: resume it, or choose another folder")
    for name in sorted(os.listdir(folder)) if folder.is_dir() else []:
        if _is_of_a_run(name) and (with_curriculum or name != CURRICULUM):
            raise InvalidState(
                f"{folder / name} is there already, and belongs to no run that can be resumed: a new run would write "
                "over it. Move it away, or choose another folder"
            )


def refuse_to_write_over(output: Path, *read: Path) -> None:
    """Refuses an output that is read, too, or a file of a run. A folder that is read stands for all its run needs."""
    if not os.path.exists(output):
        return
    for path in read:
        if any(os.path.exists(one) and os.path.samefile(one, output) for one in (path, *_needed(path))):
            raise InvalidArgument(f"output is {str(output)!r}, which is read: allowed is another file")
    place = Path(os.path.realpath(output))
    if _is_of_a_run(place.name) and (place.parent / STATE).exists():
        raise InvalidArgument(f"output is {str(output)!r}, a file of the run in its folder: allowed is another file")


def _needed(folder: Path) -> Iterator[Path]:
    """What a folder that is read as a model holds, and what its run began with."""
    if folder.is_dir():
        yield folder / MODEL
        with suppress(InvalidState):  # there is none, or it is damaged, which will be said
            yield from (folder / name for name in read_run(folder).files or ())


def _is_of_a_run(name: str) -> bool:
    return name in (STATE, LOG, MODEL, CURRICULUM) or _is_of_a_checkpoint(name)


def _is_of_a_checkpoint(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in (_CHECKPOINT, _AVERAGE))


class Loaded(NamedTuple):
    """What a checkpoint holds."""

    net: DNC
    optimizer: Optimizer
    average: DNC | None  # of the parameters


class Saved(NamedTuple):
    """What trainer.json says."""

    folder: Path
    plan: Plan
    progress: Progress
    checkpoint: str  # the name of its file
    average: str | None  # likewise; None: the plan has none
    files: dict[str, str] | None  # checksums of what the run began with; None: one of before there were any
    text: bytes  # all of it

    def load(self) -> Loaded:
        """What the files of its checkpoint hold."""
        net, optimizer = load(self.folder / self.checkpoint)
        if optimizer is None:
            raise InvalidState(f"{self.folder / self.checkpoint} holds no optimizer")
        return Loaded(net, optimizer, None if self.average is None else DNC.load(self.folder / self.average))


def read_run(folder: Path) -> Saved:
    """The run in a folder. InvalidState if there is none, or trainer.json is damaged."""
    state, text = read_state(folder)
    try:
        plan, progress = _made(Plan, state, "plan"), _made(Progress, state, "progress")
        files = state.get("files")
        if files is not None:
            require_kind(files, "files", "dict")
        average = _named(state, "average", _AVERAGE) if plan.average else None
        return Saved(folder, plan, progress, _named(state, "checkpoint", _CHECKPOINT), average, files, text)
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(folder, error) from error


def _named(state: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    """The name of a checkpoint's file."""
    value = state[name]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidArgument(f"{name} is {value!r}, needed is the name of one in the folder")
    return value


def _made(kind: Callable[..., Made], state: dict[str, Any], name: str) -> Made:
    """A dataclass of what a file says of its fields."""
    given = state[name]
    require_kind(given, name, "dict")
    unknown = sorted(given.keys() - {field.name for field in dataclasses.fields(kind)})  # type: ignore[arg-type]
    if unknown:
        raise InvalidArgument(f"{name} has {', '.join(unknown)}, which this version does not know")
    return kind(**given)


def read_state(folder: Path) -> tuple[dict[str, Any], bytes]:
    """What the last `save` wrote, and its bytes."""
    text = _read(folder)
    if text is None:
        raise InvalidState(f"{folder} holds no run: there is no {STATE} in it")
    try:
        state = json.loads(text.decode("utf-8-sig"))
        require_kind(state, "it", "dict")
        if state["format"] != FORMAT:
            raise ValueError(f"its format is {state['format']}, known is {FORMAT}")
        return dict(state), text
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: Exception) -> InvalidState:
    why = f"{error.args[0]} is missing" if isinstance(error, KeyError) else error
    return InvalidState(f"{folder / STATE} can't be read: {why}")


def _read(folder: Path) -> bytes | None:
    try:
        with opened(folder / STATE) as file:
            return bytes(file.read())
    except FileNotFoundError:
        return None
