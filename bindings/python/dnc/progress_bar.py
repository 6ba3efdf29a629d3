"""What a run shows while it goes on."""

from __future__ import annotations

import contextlib
import math
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .trainer import Trainer


def progress_bar(
    trainer: Trainer, time_limit: float | None, wanted: bool | None
) -> contextlib.AbstractContextManager[Any]:
    """The bar of a run, whose `show` is called after every update; or None in its place. wanted=None: where somebody
    looks on, which is a terminal or a notebook."""
    if wanted is None:
        wanted = sys.stderr is not None and (sys.stderr.isatty() or _in_notebook())
    return ProgressBar(trainer, time_limit) if wanted else contextlib.nullcontext()


class ProgressBar:
    """By updates if the run has an end, else by time."""

    def __init__(self, trainer: Trainer, time_limit: float | None) -> None:
        with warnings.catch_warnings():  # that a notebook without ipywidgets gets a bar of letters
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm

        self._trainer = trainer
        self._first, self._began, self._seconds = trainer.update, time.monotonic(), trainer.seconds
        self._by_time = time_limit is not None and trainer.plan.updates is None
        total = time_limit if self._by_time else trainer.plan.updates
        shape = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}" if self._by_time else None
        self._bar = tqdm(
            total=total, initial=0 if self._by_time else self._first, unit="update", bar_format=shape,
            mininterval=0.2 if sys.stderr.isatty() or _in_notebook() else 30, dynamic_ncols=True,
        )  # fmt: skip
        self._told = 0.0

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.set_postfix_str(self._text(time.monotonic()), refresh=False)
        self._bar.close()

    def show(self) -> None:
        now = time.monotonic()
        if now - self._told > 0.1:
            self._told = now
            self._bar.set_postfix_str(self._text(now), refresh=False)
        done = min(self._trainer.seconds - self._seconds, self._bar.total) if self._by_time else self._trainer.update
        self._bar.update(done - self._bar.n)

    def _text(self, now: float) -> str:
        trainer = self._trainer
        parts = [] if math.isnan(trainer.loss) else [f"loss {trainer.loss:.4g}"]
        for name, score in list(trainer.score.items())[:1]:
            parts.append(f"test {name} {score.value:.4g}")
        if trainer.lessons > 1:
            parts.append(f"lesson {trainer.lesson + 1}/{trainer.lessons}")
        sequences = trainer.plan.accumulate * trainer.net.batch_size  # of an update
        rate = (trainer.update - self._first) * sequences / max(now - self._began, 1e-9)
        parts.append(f"{rate:.4g} sequences/s")
        return ", ".join(parts)


def _in_notebook() -> bool:
    """Jupyter's kernel has loaded IPython already."""
    shell = sys.modules.get("IPython")
    instance = shell.get_ipython() if shell is not None and hasattr(shell, "get_ipython") else None
    return instance is not None and "IPKernelApp" in instance.config
