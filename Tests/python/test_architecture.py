"""The house: which folder of the sources may name whose types, as docs/architecture.md says."""

import re

import pytest

DECLARATION = re.compile(
    r"^(?P<indent> *)(?P<words>[\w@() ]*?)\b(?:struct|enum|protocol|typealias) (?P<name>[A-Z]\w*)", re.MULTILINE
)


@pytest.fixture(scope="module")
def order(repository):
    """The groups of folders from the rule's line, the lowest first."""
    page = (repository / "docs" / "architecture.md").read_text()
    (rule,) = re.findall(r"^ {4}(Basics ←.*(?:\n {4}.*)*)", page, re.MULTILINE)
    return [group.replace("\n", " ").strip().split(", ") for group in re.sub(r"\s+", " ", rule).split(" ← ")]


@pytest.fixture(scope="module")
def sources(repository):
    """file: its text without comments and strings."""
    files = [file for file in (repository / "Sources").rglob("*.swift") if not is_outside(folder(file))]
    assert len(files) > 100
    return {file: code(file.read_text()) for file in files}


def is_outside(folder):
    """Of another module, or for tests and benchmarks only."""
    return folder == "Autodiff" or folder.startswith("Kernels")


def folder(file):
    return file.parts[file.parts.index("Sources") + 1]


def code(text):
    text = re.sub(r'"""[\s\S]*?"""', '""', text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    return re.sub(r"//.*", "", text)


def declared(text, *, everywhere):
    """Names of types: those that other files see, or all of them."""
    for match in DECLARATION.finditer(text):
        is_hidden = match["indent"] or "private" in match["words"]
        if everywhere or not is_hidden:
            yield match["name"]


def test_every_folder_has_its_place(order, sources):
    named = [name for group in order for name in group]
    assert len(named) == len(set(named))
    assert set(named) == {folder(file) for file in sources}


def test_no_folder_names_types_of_those_above(order, sources):
    level = {name: number for number, group in enumerate(order) for name in group}
    home = {name: folder(file) for file, text in sources.items() for name in declared(text, everywhere=False)}
    wrong = []
    for file, text in sources.items():
        own = set(declared(text, everywhere=True))
        for name in sorted(set(re.findall(r"\b[A-Z]\w*\b", text)) - own):
            there = home.get(name, folder(file))
            if there != folder(file) and level[there] >= level[folder(file)]:
                wrong.append(f"{folder(file)}/{file.name} names {name} of {there}")
    assert not wrong, "\n".join(wrong)


def test_a_room_is_named_in_two_lines(repository, sources):
    """Its case and its line in `visit`; a level of the kernels in the manifest and in the list of levels."""
    lines = [line for text in sources.values() for line in text.splitlines()]
    for name in ("lstm", "feedforward", "gru", "rnn", "dnc", "ntm", "absent"):
        assert sum(bool(re.search(rf"(case |\.){name}\b", line)) for line in lines) == 2, name
    manifest = (repository / "Package.swift").read_text().splitlines()
    for level in [path.name for path in (repository / "Sources").iterdir() if path.is_symlink()]:
        assert sum(level in line for line in lines) == 1 and sum(f'"{level}"' in line for line in manifest) == 1, level
