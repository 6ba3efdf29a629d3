"""A copy of the project in which every fault can be switched on: DNC_FAULT is the number of the one that is.

One build serves all of them. Where a fault is, the copy has the right and the wrong code; the project's own sources
know nothing of it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from catalogue import ROOT, Fault

# Read once a process. In each of the two C headers that the sources import, for Swift has no getenv in Kernels.
_SWITCH = """
#ifndef DNC_FAULT_SWITCH
#define DNC_FAULT_SWITCH
extern char *getenv(const char *name);
static inline int dnc_fault(int number) {
    static int chosen = -1;
    if (chosen < 0) {
        const char *text = getenv("DNC_FAULT");
        int found = 0;
        for (; text && *text >= '0' && *text <= '9'; text++) found = 10 * found + (*text - '0');
        chosen = found;
    }
    return chosen == number;
}
#endif
"""
_HEADERS = ("Sources/CPlatform/platform.h", "Sources/CVector/vector.h")
_SWIFT = "import {module}\n\nfunc isFaulty(_ number: Int32) -> Bool {{ dnc_fault(number) != 0 }}\n"


def write(copy: Path, faults: list[Fault]) -> None:
    """Makes the copy, or brings it up to date. What has not changed is not touched, so that it is not built again."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.decode().split("\0")):
        source, target = ROOT / name, copy / name
        if source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.symlink_to(os.readlink(source))
        elif source.is_file():
            own = [fault for fault in faults if fault.path == name]
            content = source.read_bytes()
            if own:
                content = _with(content.decode(), own).encode()
            elif name in _HEADERS:
                head, end, tail = content.decode().rpartition("\n#endif")
                content = (head + _SWITCH + end + tail).encode()
            _put(target, content, source.stat().st_mode)
    for folder, module in [("Basics", "CPlatform"), ("Kernels", "CVector")]:
        _put(copy / "Sources" / folder / "IsFaulty.swift", _SWIFT.format(module=module).encode(), 0o644)
    venv = copy / "build" / "venv"
    venv.parent.mkdir(exist_ok=True)
    if not venv.exists():
        venv.symlink_to((ROOT / "build" / "venv").resolve())


def _put(target: Path, content: bytes, mode: int) -> None:
    if target.is_file() and target.read_bytes() == content:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(mode & 0o777)


def _with(text: str, faults: list[Fault]) -> str:
    """A file with its faults."""
    for fault in faults:
        at = text.index(fault.line) + fault.line.index(fault.right)
        indent = len(text[:at]) - len(text[:at].rstrip(" "))
        choice = _choice(fault, " " * indent)
        text = text[:at] + choice + text[at + len(fault.right) :]
    return text


def _choice(fault: Fault, indent: str) -> str:
    """The right code and the wrong one, one of which counts: an expression, or a statement that may be left out."""
    if fault.path.endswith(".py"):
        condition = f'__import__("os").environ.get("DNC_FAULT") == "{fault.number}"'
        if not fault.wrong:
            return f"if {condition}: pass\n{indent}else: {fault.right}"
        return f"(({fault.wrong}) if {condition} else ({fault.right}))"
    condition = f"isFaulty({fault.number})"
    if not fault.wrong:
        return f"if {condition} {{}} else {{ {fault.right} }}"
    return f"({condition} ? ({fault.wrong}) : ({fault.right}))"
