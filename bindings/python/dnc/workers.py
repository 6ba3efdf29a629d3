"""Runs in processes of their own, some at a time: `Workers`."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from .ranks import alone

_PR_SET_PDEATHSIG = 1


class Job(NamedTuple):
    """A run to go on with."""

    folder: Path
    time_limit: float | None  # from now on, in seconds


class Ended(NamedTuple):
    """How that ended."""

    folder: Path
    failed: bool
    message: str  # of the error
    was_stopped: bool  # by a signal to this process


class Workers:
    """Lets `python -m dnc train --resume` work on runs, so many at a time, with a thread each.

    SIGINT and SIGTERM stop them all; they save, and go on another time. A second signal ends this process at once, and
    they stop by themselves.
    """

    def __init__(self, count: int, checkpoint_every: float | None) -> None:
        self._count, self._checkpoint_every = count, checkpoint_every
        self._stopping = False

    def all(self, jobs: Iterable[Job]) -> Iterator[Ended]:
        """Each run as it comes to its end."""
        waiting, running = iter(jobs), list[_Worker]()
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while True:
                while not self._stopping and len(running) < self._count:
                    job = next(waiting, None)
                    if job is None:
                        break
                    running.append(_Worker(job, self._checkpoint_every))
                if not running:
                    return
                if self._stopping:
                    for worker in running:
                        worker.stop()
                time.sleep(0.05)
                for worker in [worker for worker in running if worker.has_ended]:
                    running.remove(worker)
                    yield worker.ended(self._stopping)
        finally:
            for worker in running:
                worker.stop()
            for worker in running:
                worker.process.wait()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        for which in (signal.SIGINT, signal.SIGTERM):
            signal.signal(which, signal.SIG_DFL)


class _Worker:
    """A process that trains."""

    def __init__(self, job: Job, checkpoint_every: float | None) -> None:
        self.job, self._told = job, False
        command = [sys.executable, "-m", "dnc", "train", "--resume", os.fspath(job.folder), "--threads", "1"]
        if job.time_limit is not None:
            command += ["--time-limit", repr(job.time_limit)]
        if checkpoint_every is not None:
            command += ["--checkpoint-every", repr(checkpoint_every)]
        path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, until it has ended
        # A group of its own: Ctrl-C in a terminal reaches this process alone, which then stops the worker.
        self.process = subprocess.Popen(
            command, env={**alone(), "PYTHONPATH": path}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self._errors, start_new_session=True, preexec_fn=_end_with(os.getpid()),
        )  # fmt: skip

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> None:
        """Lets it save and end; a second signal would end it without."""
        if not self._told:
            self._told = True
            self.process.terminate()

    def ended(self, stopping: bool) -> Ended:
        status = self.process.returncode
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").replace("\r", "\n").strip().splitlines()
        self._errors.close()
        was_stopped = stopping and status in (0, -signal.SIGTERM)
        message = ""
        if status and not was_stopped:
            message = f"signal {-status}" if status < 0 else said[-1] if said else f"exit status {status}"
        return Ended(self.job.folder, bool(message), message, was_stopped)


def _end_with(parent: int) -> Any:
    """For the child, before it begins: SIGTERM when this process has died, even if that was by SIGKILL."""
    prctl = ctypes.CDLL(None).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
