"""The faults that the campaign puts into the code: what each of them is, and where."""

from __future__ import annotations

import dataclasses
from pathlib import Path

try:
    import tomllib
except ImportError:  # before Python 3.11
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Fault:
    """One mistake. The files *.toml beside this one have one table for each of them."""

    number: int  # in all files together, from 1
    name: str
    path: str  # from the root
    line: str  # occurs exactly once in the file
    right: str  # what of it is replaced, and occurs exactly once in it
    wrong: str  # by what; nothing: the statement is left out
    about: str  # what is wrong then
    tests: tuple[str, ...]  # which should notice, in the order in which they are run
    survived: bool = False  # when it was first made: then the test is younger

    def problem(self) -> str | None:
        """Why it can't be put into the sources of today; None: it can."""
        path = ROOT / self.path
        count = path.read_text().count(self.line) if path.exists() else 0
        if count != 1:
            return f"{self.name}: {self.line!r} occurs {count} times in {self.path}, needed is once"
        if self.line.count(self.right) != 1 or self.right == self.wrong:
            return f"{self.name}: {self.right!r} is not once in {self.line!r}, or is not changed"
        return None


def faults() -> list[Fault]:
    found: list[Fault] = []
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        described = tomllib.loads(path.read_text())
        for entry in described["fault"]:
            found.append(
                Fault(
                    number=len(found) + 1,
                    name=entry["name"],
                    path=f"{described['folder']}/{entry['file']}",
                    line=entry["line"],
                    right=entry.get("right", entry["line"]),
                    wrong=entry["wrong"],
                    about=entry["about"],
                    tests=tuple(entry["tests"]),
                    survived=entry.get("survived", False),
                )
            )
    return found
