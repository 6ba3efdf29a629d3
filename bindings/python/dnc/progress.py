"""How far a run has come: `Progress`."""

from __future__ import annotations

import dataclasses

from ._fields import require_count, require_kinds


@dataclasses.dataclass
class Progress:
    """What trainer.json holds beside the plan."""

    update: int = 0
    position: int = 0  # of the training task
    test_position: int = 0
    lesson: int = 0
    best_lesson: int = -1
    best_score: float | None = None
    tests_since_best: int = 0
    skipped: int = 0  # in a row
    skipped_altogether: int = 0
    loss_sum: float = 0.0  # since the last line of the log
    norm_sum: float = 0.0
    counted: int = 0
    sequences: int = 0
    seconds: float = 0.0  # of training, all sessions together
    log_bytes: int = 0
    finished: str = ""  # why the run has come to its end
    finished_by: str = ""  # the field of the plan that said so

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if field.type == "int":
                require_count(getattr(self, field.name), field.name, least=-1 if field.name == "best_lesson" else 0)
        require_kinds(self)
