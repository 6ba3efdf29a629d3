"""What a signal does to a run: it ends after its present update, and saves."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .trainer import Trainer


@contextmanager
def stopped_by(trainer: Trainer, *numbers: int) -> Iterator[list[int]]:
    """These signals stop the run, and are put into the list. A second one does what it did before."""
    before, caught = {}, list[int]()

    def stop(number: int, frame: FrameType | None) -> None:
        trainer.stop()
        caught.append(number)
        for which, handler in before.items():
            signal.signal(which, handler)

    for number in numbers:
        before[number] = signal.signal(number, stop)
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stopped_by_ctrl_c(trainer: Trainer) -> AbstractContextManager[list[int]]:
    """The same for Ctrl-C, where it would raise KeyboardInterrupt in the middle of an update."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        return stopped_by(trainer, signal.SIGINT)
    return nullcontext([])
