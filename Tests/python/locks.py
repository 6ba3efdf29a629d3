"""Waiting for runs whose processes are ending."""

import time

import dnc
from dnc import run_lock


def wait_until_free(folder, seconds=20):
    """Waits until no process holds the lock of a run. When several are killed, one may end after the one that was
    waited for; InvalidState names one that does not end."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            run_lock.Lock(folder).release()
            return
        except dnc.InvalidState:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)
