"""Gathers the pages of the book in build/book/pages, each where it stands in the repository: its links stay right.

Files that a page links to and that are no page lie beside them, sources with .txt at the end, as browsers show it.
A link to a folder without a page leads nowhere in the book; its words stay.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = REPOSITORY / "build" / "book" / "pages"
SHOWN = {".png", ".svg"}  # by browsers, as they are
LINK = re.compile(r"(?<!!)\[((?:[^][]|\[[^][]*\]|!\[[^][]*\]\([^()]*\))*)\]\(([^()\s#]+)(#[^()\s]*)?\)")
CODE = re.compile(r"^ *```.*?^ *```|^    .*?$", re.DOTALL | re.MULTILINE)


def pages():
    yield from map(REPOSITORY.joinpath, ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"])
    for folder in ["docs", "bindings", "models", "benchmarks", "Tests"]:
        yield from sorted((REPOSITORY / folder).rglob("*.md"))


def place(page):
    """Where a page stands in the book."""
    path = page.relative_to(REPOSITORY)
    return PAGES / ("index.md" if path.as_posix() == "README.md" else path)


def adapted(page, known):
    """A page's text, with links into the book; and the files that they need."""
    needed = set()

    def link(match):
        words, target, anchor = match[1], match[2], match[3] or ""
        if re.match(r"[a-z]+:", target):
            return match[0]
        file = (page.parent / target).resolve()
        if file.is_dir():
            file /= "README.md"
        if file in known:
            if file == REPOSITORY / "README.md":
                target = str(Path(target).parent / "index.md") if target.endswith(".md") else f"{target}/index.md"
            elif not target.endswith(".md"):
                target = f"{target.rstrip('/')}/README.md"
            return f"[{words}]({target}{anchor})"
        if not file.is_file():
            return words
        needed.add(file)
        return f"[{words}]({target}{'' if file.suffix in SHOWN else '.txt'})"

    text, parts, at = page.read_text(), [], 0
    for block in CODE.finditer(text):
        parts += [LINK.sub(link, text[at : block.start()]), block[0]]
        at = block.end()
    return "".join(parts) + LINK.sub(link, text[at:]), needed


def command_line():
    """The help of every command."""
    yield "# The command line\n\nThis is what `--help` says.\n"
    for command in ["", "train", "compare", "evaluate", "predict", "tasks", "plot"]:
        run = [sys.executable, "-m", "dnc", *command.split(), "--help"]
        said = subprocess.run(run, check=True, capture_output=True, text=True).stdout
        yield f"## python -m dnc {command}".rstrip() + f"\n\n```text\n{said}```\n"


def reference():
    header = (REPOSITORY / "include" / "dnc.h").read_text()
    bare = "    options:\n      show_root_heading: false\n      show_root_toc_entry: false\n"
    package = f"# The Python package\n\n::: dnc\n{bare}\n## dnc.figures\n\n::: dnc.figures\n{bare}"
    return {
        "python.md": package,
        "command-line.md": "\n".join(command_line()),
        "header.md": f"# The header, dnc.h\n\n```c\n{header}```\n",
    }


def main():
    shutil.rmtree(PAGES, ignore_errors=True)
    known, needed = set(pages()), set()
    for page in known:
        text, files = adapted(page, known)
        needed |= files
        place(page).parent.mkdir(parents=True, exist_ok=True)
        place(page).write_text(text)
    for file in needed:
        copy = PAGES / file.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy if file.suffix in SHOWN else copy.with_name(copy.name + ".txt"))
    for image in (REPOSITORY / "docs" / "images").rglob("*.*"):
        copy = PAGES / image.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, copy)
    (PAGES / "reference").mkdir()
    for name, text in reference().items():
        (PAGES / "reference" / name).write_text(text)
    shutil.copyfile(Path(__file__).with_name("book.css"), PAGES / "book.css")


if __name__ == "__main__":
    main()
