"""The folder of a run: which checkpoint counts, and the log."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ._files import replacing

STATE, LOG = "trainer.json", "log.jsonl"
FORMAT = 1


class RunFiles:
    """trainer.json, which names the checkpoint that counts, and log.jsonl, cut to what belongs to that checkpoint."""

    def __init__(self, folder: Path, log_bytes: int) -> None:
        self._folder = folder
        self._log = open(folder / LOG, "r+b" if (folder / LOG).exists() else "w+b")  # noqa: SIM115
        # One that somebody has made shorter is not made longer.
        self._log.truncate(min(log_bytes, self._log.seek(0, os.SEEK_END)))
        self._log.seek(0, os.SEEK_END)

    @staticmethod
    def state(folder: Path) -> dict[str, Any]:
        """What the last `commit` wrote. A ValueError says that it is not that."""
        state = json.loads((folder / STATE).read_text())
        if state["format"] != FORMAT:
            raise ValueError(f"its format is {state['format']}, known is {FORMAT}")
        return dict(state)

    def commit(self, checkpoint: str, **state: Any) -> None:
        """From here on this checkpoint counts, which is in its place already; others are deleted."""
        with replacing(self._folder / STATE) as file:
            file.write(json.dumps({"format": FORMAT, "checkpoint": checkpoint, **state}, indent=1).encode())
        self.tidy(checkpoint)

    def tidy(self, checkpoint: str) -> None:
        """Deletes other checkpoints, and what a killed process left half written."""
        for pattern in ("update-*.safetensors", "*.partial-*"):
            for path in self._folder.glob(pattern):
                if path.name != checkpoint:
                    path.unlink(missing_ok=True)

    def log(self, event: str, **fields: Any) -> None:
        """One more line."""
        self._log.write(json.dumps({"event": event, **fields}).encode() + b"\n")
        self._log.flush()

    def flush_log(self) -> int:
        """To the disk. Returns the log's length."""
        os.fsync(self._log.fileno())
        return self._log.tell()
