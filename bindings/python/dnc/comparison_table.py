"""What the runs of a comparison came to: a `Result` for each, a `Row` for each network, and their `Table`."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ._files import opened, replacing
from .run_files import LOG, read_run
from .tasks import told

JSON = "comparison.json"


class Measure(NamedTuple):
    """What is compared."""

    metric: str
    is_error: bool  # the lower the better
    goal: float | None
    lessons: int  # the last of them counts

    def passes(self, value: float) -> bool:
        """Whether the goal is reached."""
        return self.goal is not None and (value <= self.goal if self.is_error else value >= self.goal)


@dataclasses.dataclass(frozen=True)
class Result:
    """A run by now."""

    parameters: int
    updates: int
    seconds: float
    best: float | None  # test of the last lesson; None: there was none
    seconds_to_goal: float | None  # None: not reached
    failed: bool = False

    @classmethod
    def of(cls, folder: Path, measure: Measure) -> Result:
        """From the folder of a run."""
        parameters, best, reached = 0, None, None
        for line in lines(folder):
            parameters = line.get("parameters", parameters)
            if line["event"] != "test" or line["lesson"] != measure.lessons - 1:
                continue
            value = line["scores"][measure.metric][0]
            if value is None:
                continue
            if best is None or (value < best if measure.is_error else value > best):
                best = value
            if reached is None and measure.passes(value):
                reached = line["seconds"]
        progress = read_run(folder).progress
        return cls(parameters, progress.update, progress.seconds, best, reached)


@dataclasses.dataclass(frozen=True)
class Row:
    """A network: mean, deviation and best of the best tests of those runs that did not fail."""

    name: str
    parameters: int
    runs: int
    failed: int
    mean: float | None
    deviation: float | None  # of a sample: with n - 1
    values: list[float]
    reached: int  # runs that reached the goal
    seconds_to_goal: float | None  # their mean
    updates: float  # mean of those that did not fail

    @classmethod
    def of(cls, name: str, results: Sequence[Result]) -> Row:
        """Of the network's runs."""
        whole = [each for each in results if not each.failed]
        values = [each.best for each in whole if each.best is not None]
        times = [each.seconds_to_goal for each in whole if each.seconds_to_goal is not None]
        mean, deviation = _mean(values), None
        if mean is not None and len(values) > 1:
            deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        return cls(
            name, max((each.parameters for each in results), default=0), len(results), len(results) - len(whole), mean,
            deviation, values, len(times), _mean(times), _mean([each.updates for each in whole]) or 0,
        )  # fmt: skip

    def best(self, measure: Measure) -> float | None:
        """Of all its runs."""
        return (min if measure.is_error else max)(self.values, default=None)


@dataclasses.dataclass(frozen=True)
class Table:
    """All networks, in the order in which they were named."""

    measure: Measure
    rows: list[Row]

    def markdown(self) -> str:
        """For people."""
        metric, goal = self.measure.metric, self.measure.goal
        head = ["network", "parameters", f"{metric}, mean", "deviation", "best", "failed", "updates"]
        if goal is not None:
            head += [f"reach {goal:.4g}", "after"]
        cells = [head]
        for row in self.rows:
            cells.append([
                row.name.replace("|", "\\|"), f"{row.parameters:,}",
                *(_told(metric, value) for value in (row.mean, row.deviation, row.best(self.measure))),
                f"{row.failed} of {row.runs}", f"{row.updates:,.0f}",
            ])  # fmt: skip
            if goal is not None:
                cells[-1] += [f"{row.reached} of {row.runs}", _time(row.seconds_to_goal)]
        widths = [max(map(len, column)) for column in zip(*cells)]
        cells.insert(1, ["-" * width for width in widths[:1]] + ["-" * (width - 1) + ":" for width in widths[1:]])
        lines = [
            " | ".join(
                cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths))
            )
            for row in cells
        ]
        return "".join(f"| {line} |\n" for line in lines)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        rows = [self._plain(row) for row in self.rows]
        return {
            "metric": self.measure.metric,
            "is_error": self.measure.is_error,
            "goal": self.measure.goal,
            "table": rows,
        }

    def csv(self) -> str:
        """For spreadsheets: with the names of `as_json`."""
        file = io.StringIO()
        writer = csv.DictWriter(file, list(self._plain(self.rows[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._plain(row) for row in self.rows)
        return file.getvalue()

    def _plain(self, row: Row) -> dict[str, Any]:
        found = {**dataclasses.asdict(row), "best": row.best(self.measure)}
        del found["values"]
        return found


def lines(folder: Path) -> list[dict[str, Any]]:
    """Of a run's log; a last one that a killed process left half written is not one."""
    path = folder / LOG
    if not path.exists():
        return []
    with opened(path) as file:
        return [json.loads(line) for line in file if line.endswith(b"\n")]


def write(path: Path, text: str) -> None:
    """Whole, or not at all."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _told(metric: str, value: float | None) -> str:
    return "" if value is None else told(metric, value, 3)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
