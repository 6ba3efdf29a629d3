"""The pages: every relative link leads somewhere, and every function named in a link is in the file it leads to."""

import json
import re
import runpy

import dnc
import pytest

# `[text](target)` outside of code, and the same where the text is a name in code: [`LSTM.backward`](…/LSTM.swift).
LINK = re.compile(r"\[([^][]*)\]\(([^()\s]+)\)")
NAME = re.compile(r"`([A-Za-z_][\w.]*)`")
CODE_BLOCK = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
SOURCES = {".swift", ".h", ".c", ".py"}


@pytest.fixture(scope="module")
def pages(repository):
    pages = [repository / "README.md", repository / "CONTRIBUTING.md", *sorted((repository / "docs").rglob("*.md"))]
    assert len(pages) > 20
    return pages


def links(page):
    """(text, file, fragment) of each relative link; a link within the page has the page as its file."""
    for text, target in LINK.findall(CODE_BLOCK.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        yield text, (page.parent / path).resolve() if path else page, fragment


def anchors(page):
    """What GitHub makes of the page's headings."""
    headings = re.findall(r"^#+ +(.*?) *$", CODE_BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def declares(source, name):
    """Whether the file declares `name`, or, as `Type.name`, the type at its top level and the name within."""
    text = source.read_text()
    if source.suffix == ".h":
        return re.search(rf"\b{name}\b", text) is not None
    if source.suffix == ".py":
        return re.search(rf"^\s*(def|class) {name.split('.')[-1]}\b", text, re.MULTILINE) is not None
    *types, last = name.split(".")
    for kind in types:
        bodies = rf"^(?:private )?(?:enum|struct|extension|protocol) {kind}\b.*?^}}"
        text = "\n".join(re.findall(bodies, text, re.DOTALL | re.MULTILINE))
    declaration = rf"\b(?:func|var|let|case|enum|struct|protocol|typealias)\s+(?:\w+, )*{last}\b"
    return re.search(declaration, text) is not None


def test_links_lead_somewhere(pages):
    missing = []
    for page in pages:
        for text, file, fragment in links(page):
            if not file.exists():
                missing.append(f"{page}: {text}: no {file}")
            elif fragment and (file.suffix != ".md" or fragment not in anchors(file)):
                missing.append(f"{page}: {text}: no #{fragment} in {file.name}")
    assert not missing, "\n".join(missing)


def test_tables_of_options_are_as_declared(repository):
    """`python3 tools/make_task_tables.py` writes them."""
    tool = runpy.run_path(str(repository / "tools" / "make_task_tables.py"))
    for name in dnc.Task.names():
        page = (repository / "docs" / "tasks" / f"{name}.md").read_text()
        (found,) = tool["TABLE"].findall(page)
        assert found.splitlines() == tool["table"](dnc.Task.options(name)), name


def test_all_tasks_are_listed(repository, header):
    names = dnc.Task.names()
    page = (repository / "docs" / "tasks.md").read_text()
    assert re.findall(r"^\| \[`(\w+)`\]\(tasks/\1\.md\) \|", page, re.MULTILINE) == names
    assert re.findall(r'^ \*   "(\w+)"  ', header.read_text(), re.MULTILINE) == names


def test_names_are_where_links_say(pages):
    missing, found = [], 0
    for page in pages:
        for text, file, _ in links(page):
            name = NAME.fullmatch(text)
            if name and file.suffix in SOURCES and not name[1].endswith(file.suffix):
                found += 1
                if not declares(file, name[1]):
                    missing.append(f"{page}: no {name[1]} in {file.name}")
    assert found > 100
    assert not missing, "\n".join(missing)


def test_a_wrong_name_is_noticed(repository):
    source = repository / "Sources" / "Controllers" / "LSTM.swift"
    assert declares(source, "LSTM.backward")
    assert not declares(source, "LSTM.sideways")
    assert not declares(source, "Linear.backward")


def test_every_mechanism_is_derived(repository):
    derived = {file for page in (repository / "docs" / "gradients").glob("*.md") for _, file, _ in links(page)}
    missing = [source.name for source in (repository / "Sources" / "Mechanisms").iterdir() if source not in derived]
    assert not missing


def test_the_table_of_scaling_is_what_its_tool_makes(repository):
    tool = runpy.run_path(str(repository / "tools" / "make_scaling_table.py"))
    assert "\n".join(tool["table"]()) in (repository / "docs" / "distributed.md").read_text()


def test_the_pictures_and_numbers_of_what_a_dnc_is_are_what_their_tool_makes(repository):
    tool = runpy.run_path(str(repository / "tools" / "make_what_is_a_dnc.py"))
    for name, draw in tool["PICTURES"].items():
        assert (tool["FOLDER"] / name).read_text() == draw(), f"run tools/make_what_is_a_dnc.py: {name} has changed"
    page = (repository / "docs" / "what-is-a-dnc.md").read_text()
    assert tool["table"]() in page and tool["by_hand"]() in page


def test_how_to_has_the_sizes_of_the_trained_networks(repository):
    page = (repository / "docs" / "how-to.md").read_text()
    rows = re.findall(r"^\| \[(\w+)\]\(\.\./models\) \| (\w+) (\d+) \| (\d+) × (\d+) \| (\d) \|", page, re.MULTILINE)
    assert len(rows) == 4
    keys = ["controller", "hidden_size", "memory_slots", "word_size", "read_heads"]
    for name, *sizes in rows:
        with dnc.DNC.load(repository / "models" / f"{name}.safetensors") as net:
            assert [str(net.config[key]) for key in keys] == [sizes[0].lower(), *sizes[1:]], name


def test_how_to_tells_what_the_logs_say(repository):
    def log(name, event, value):
        lines = map(json.loads, (repository / "models" / f"{name}.jsonl").read_text().splitlines())
        return {line["update"]: value(line) for line in lines if line["event"] == event}

    page = (repository / "docs" / "how-to.md").read_text()
    losses = log("associative_recall", "train", lambda line: round(line["loss"], 2))
    assert "0.56 for 1,500 updates, which is 0.8 · ln 2, then 0.25 after 2,500" in page
    assert {losses[update] for update in range(300, 1600, 100)} == {0.56} and losses[2500] == 0.25
    right = log("repeat_copy", "test", lambda line: line["scores"]["sequences_right"][0])
    assert "a third of the sequences from 2,500 to 5,000 updates, all but 3 % at 13,000" in page
    assert all(abs(right[update] - 1 / 3) < 0.04 for update in range(2500, 5001, 500)) and right[13000] > 0.97
    rates = log("graph_traversal_by_content", "train", lambda line: (line["learning_rate"], line["lesson"]))
    triples = log("graph_traversal_by_content", "test", lambda line: line["scores"]["triples_right"][0])
    assert "61 to 65 % of the triples with 0.001, from update 51,000 to 56,000" in page
    assert "65 to 71 % with 0.0003, from 59,000 to 63,000" in page
    for rate, begin, end, least, most in ((0.001, 51000, 56000, 0.605, 0.655), (0.0003, 59000, 63000, 0.645, 0.715)):
        updates = range(begin, end + 1, 500)
        assert {rates[update] for update in updates} == {(rate, 13)}
        assert all(least < triples[update] < most for update in updates)


def test_a_letter_means_one_thing(repository):
    """Letters that several pages once used for different things: docs/model.md has them all."""
    pages = {page.stem: page.read_text() for page in (repository / "docs" / "gradients").glob("*.md")}
    for letter, where in {
        r"\kappa": {"content-weighting", "masks"},  # norms
        r"\tau": {"lstm", "layer-norm"},  # the tanh of a cell
        r"\varphi": {"allocation", "README"},  # the free list
        r"\zeta": {"precedence"},
    }.items():
        assert {name for name, text in pages.items() if letter in text} == where, letter
    for name, text in pages.items():
        assert r"\hat{\bar" not in text, f"{name}: the bar stands above the hat"
        outputs = re.search(r"(?<![\w\\^{])y(?=[\s_,`)])", " ".join(re.findall(r"\$`([^`]*)`\$", text)))
        assert not outputs or name in {"README", "losses", "output"}, f"{name}: y is the network's output"


def test_every_page_is_linked(repository, pages):
    """From the README, by pages that link to pages."""
    found, new = set(), {repository / "README.md"}
    while new:
        found |= new
        targets = {(file / "README.md" if file.is_dir() else file) for page in new for _, file, _ in links(page)}
        new = {file for file in targets if file.suffix == ".md" and file.exists()} - found
    assert not [page.name for page in pages if page not in found]
    index = repository / "docs" / "README.md"
    named = {index, *(file for _, file, _ in links(index))}
    assert not [page.name for page in index.parent.glob("*.md") if page not in named]


def test_the_glossary_is_in_order(repository):
    words = re.findall(r"^\| ([^|]+?) \| .* \| .* \|$", (repository / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert len(words) > 30 and words[1:] == sorted(words[1:], key=str.lower)


def test_every_page_is_in_the_book(repository):
    """`make book` ends with an error at a page that is missing; this is about pages that its contents leave out."""
    contents = (repository / "tools" / "book" / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    named = set(re.findall(r"- (docs/\S+\.md)$", contents, re.MULTILINE))
    assert named == {page.relative_to(repository).as_posix() for page in (repository / "docs").rglob("*.md")}


def test_links_of_the_book(repository, tmp_path, monkeypatch):
    """To its pages as they are, to a folder's page by name, to sources as text, and to nothing else that is here."""
    book = runpy.run_path(str(repository / "tools" / "book" / "gather.py"))
    page = repository / "docs" / "a-page.md"
    text = (
        "[a](model.md#sizes) [b](../models) [c](../README.md) [`d`](../include/dnc.h) [e](../Sources) [f](https://a.b)\n"
        "![g](images/x.png) [![h](images/x.png)](images/copy/film.png)\n\n    [i](../include/dnc.h)\n"
    )
    monkeypatch.setattr(type(page), "read_text", lambda self: text)
    adapted, needed = book["adapted"](page, set(book["pages"]()))
    assert adapted == (
        "[a](model.md#sizes) [b](../models/README.md) [c](../index.md) [`d`](../include/dnc.h.txt) e [f](https://a.b)\n"
        "![g](images/x.png) [![h](images/x.png)](images/copy/film.png)\n\n    [i](../include/dnc.h)\n"
    )
    assert needed == {repository / "include" / "dnc.h", repository / "docs" / "images" / "copy" / "film.png"}
