"""What the library refuses, as exceptions."""

from __future__ import annotations

from typing import Any

from . import _c
from ._sentences import in_python


class Error(Exception):
    """A call of the library failed, and left everything as it was before.

    `status` is the dnc_status, `message` the library's sentence about it, in Python's words. The subclasses are also
    the built-in exceptions that a Python caller would look for.
    """

    status: int = _c.DNC_INTERNAL

    @property
    def message(self) -> str:
        """The sentence: what was wrong, and what is allowed."""
        return str(self.args[0]) if self.args else ""


class InvalidArgument(Error, ValueError):
    """An argument is out of range, or does not fit the instance."""

    status = _c.DNC_INVALID_ARGUMENT


class OutOfMemory(Error, MemoryError):
    """There is not so much memory, or `max_record_bytes` are not enough."""

    status = _c.DNC_OUT_OF_MEMORY


class InvalidState(Error, RuntimeError):
    """The call is right but not now: nothing is recorded, the object is closed, or it is in use by another call."""

    status = _c.DNC_INVALID_STATE


class FileError(Error, OSError):
    """A file could not be read or written."""

    status = _c.DNC_IO_ERROR


class BadFormat(Error, ValueError):
    """A file was read, but is not what it should be."""

    status = _c.DNC_BAD_FORMAT


class NotFinite(Error, FloatingPointError):
    """NaN or infinity where a finite number is needed."""

    status = _c.DNC_NOT_FINITE


class Cancelled(Error):
    """A call was cancelled by a progress function of C."""

    status = _c.DNC_CANCELLED


class InternalError(Error, RuntimeError):
    """The library contradicts itself: please report it."""

    status = _c.DNC_INTERNAL


_by_status = {kind.status: kind for kind in Error.__subclasses__()}


def check(status: int, **said: Any) -> None:
    """Raises the exception of a status other than DNC_OK, with this thread's last error in Python's words. `said` are
    arguments as the caller gave them: see `in_python`."""
    if status == _c.DNC_OK:
        return
    message = in_python(_c.dnc_last_error().decode("utf-8", "replace"), said)
    error = _by_status.get(status, Error)(message or _c.dnc_status_string(status).decode())
    error.status = status
    raise error
