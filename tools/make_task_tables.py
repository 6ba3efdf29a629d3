#!/usr/bin/env python3
"""Writes the tables of options in docs/tasks/*.md, as the library declares them.

python3 tools/make_task_tables.py
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "tasks"
HEAD = ["| option | default | allowed | meaning |", "|---|---|---|---|"]
TABLE = re.compile(re.escape(HEAD[0]) + r"\n(?:\|.*\n)*")


def table(options):
    """The lines of a page's table, for what `dnc.Task.options` gives."""
    cells = ([f"`{each.name}`", each.default, each.allowed, each.meaning] for each in options)
    return HEAD + ["| " + " | ".join(marked(cell) for cell in row) + " |" for row in cells]


def marked(text):
    """What the library puts in quotation marks is code in a page."""
    return re.sub(r'"([^"]*)"', r"`\1`", text)


def main():
    sys.path.insert(0, str(ROOT / "bindings" / "python"))
    import dnc

    for name in dnc.Task.names():
        page = PAGES / f"{name}.md"
        lines = "\n".join(table(dnc.Task.options(name))) + "\n"
        parts = TABLE.split(page.read_text())
        if len(parts) != 2:
            sys.exit(f"{page} has {len(parts) - 1} tables of options, expected is 1")
        page.write_text(lines.join(parts))


if __name__ == "__main__":
    main()
