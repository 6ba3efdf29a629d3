"""One trainer at a time in a folder: `Lock`."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import Any

from ._files import opened
from .errors import InvalidState

NAME = "trainer.lock"
# What flock gives where a file system has no locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


class Lock:
    """A folder that only this trainer writes into, until `release`.

    The lock is flock's on a file that names its owner. The system gives it up when the owner ends, however it ends; the
    file alone locks nothing. Between machines it holds where flock does: on NFS with its lock manager. A file system
    without locks gives none.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._file: Any = None
        while self._file is None:
            file = opened(self._path, "a+b")  # stays open as long as it is locked
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                owner = file.read().decode("utf-8", "replace").strip() or "another process"
                file.close()
                raise InvalidState(f"{folder} is in use by {owner}") from None
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    file.close()
                    raise
            if self._is(file):
                self._file = file
            else:  # its owner has just deleted it
                file.close()
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        self._file.flush()

    def release(self) -> None:
        """The file goes first: who has opened it meanwhile sees that it is not the folder's any more."""
        self._path.unlink(missing_ok=True)
        self._file.close()

    def _is(self, file: Any) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), os.stat(self._path))
        except FileNotFoundError:
            return False
