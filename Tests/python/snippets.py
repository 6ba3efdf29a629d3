"""The code that the pages show: programs, and commands for a shell."""

import re
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "bindings").glob("*/README.md")),
    *sorted((REPOSITORY / "benchmarks").glob("*/README.md")),
    *sorted((REPOSITORY / "models").glob("*.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]

# How a command begins, and how one begins that a sentence mentions.
COMMAND = re.compile(
    r"(?:[A-Z_]+=\S+ )*"
    r"(?:make|python|pip|cc|cmake|swift|for|ls|git|sh|mpicc|mpirun|printf|\./\w+|(?:build|tools)/\S+)\b"
)
MENTIONED = re.compile(r"`((?:make|swift|python -m dnc \w+|build/venv/bin/python|build/fuzz/\w+|ls) [^`]+)`")
LANGUAGES = {"python", "c", "sh", "math", "text"}


class Snippet(NamedTuple):
    page: str
    line: int
    language: str  # "sh", "python", "c", or "" for what is no code
    text: str


def snippets(page):
    """In the order of the page: ```blocks, indented blocks, and commands in the sentences."""
    name, lines = page.relative_to(REPOSITORY).as_posix(), page.read_text().splitlines()
    at = 0
    while at < len(lines):
        begin = at
        fence = re.match(r" *```(\w*)", lines[at])
        if fence:
            at += 1
            while not lines[at].strip().startswith("```"):
                at += 1
            yield Snippet(name, begin + 1, fence[1], "\n".join(lines[begin + 1 : at]))
        elif lines[at].startswith("    ") and (begin == 0 or not lines[begin - 1].strip()):
            while at + 1 < len(lines) and lines[at + 1].startswith("    "):
                at += 1
            block = [line[4:] for line in lines[begin : at + 1]]
            yield Snippet(name, begin + 1, language(block), "\n".join(block))
        else:
            for command in MENTIONED.findall(lines[at]):
                yield Snippet(name, begin + 1, "sh", command)
        at += 1


def language(block):
    if block[0].startswith(">>> "):
        return "python"
    return "sh" if COMMAND.match(block[0]) else ""


def code(snippet):
    """What a Python snippet runs: of a session at the prompt, what was typed."""
    if not snippet.text.startswith(">>> "):
        return snippet.text
    return "\n".join(line[4:] for line in snippet.text.splitlines() if line.startswith((">>> ", "... ")))


def commands(snippet):
    """Each command in one line, without comments."""
    lines = re.sub(r"\\\n\s*", "", snippet.text).splitlines()
    return [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines) if line]
