"""What can be asked of the package alone, where no source is: ranges and defaults, docstrings, the header."""

import inspect
import re
import runpy
from pathlib import Path

import dnc
import pytest
from dnc import __main__, _settings, run_options

OPTIONS = {dnc.Options: _settings.network(), dnc.Settings: _settings.optimizer()}


@pytest.mark.parametrize("kind", OPTIONS, ids=lambda kind: kind.__name__)
def test_docstrings_say_the_library_s_ranges_and_defaults(kind):
    settings = OPTIONS[kind]
    text = " ".join(kind.__doc__.split())
    for name in kind.__annotations__:
        allowed, default = settings[name]
        assert allowed, name
        entry = re.search(rf"\b{name} (.*?)(?= (?:{'|'.join(kind.__annotations__)}) |$)", text)[1]
        if isinstance(default, str):
            assert all(f'"{word}"' in entry for word in allowed.split(" or ")) and f'("{default}")' in entry
        else:
            assert f"{allowed} ({default})" in entry, name


def test_train_s_help_says_ranges_and_defaults(capsys):
    with pytest.raises(SystemExit):
        __main__.main(["train", "--help"])
    shown = " ".join(capsys.readouterr().out.partition("the network:")[2].split())  # behind the usage
    assert "dnc.h" not in shown
    for kind, standard in [(dnc.Options, run_options.NETWORK), (dnc.Settings, run_options.OPTIMIZER)]:
        for name in set(kind.__annotations__) - {"seed", "num_threads"}:
            allowed, default = OPTIONS[kind][name]
            words = f"{'' if ' or ' in allowed else allowed + ' '}({standard.get(name, default)})"
            option = rf"--{name.replace('_', '-')}(?:, --no-\S+| N| {{\S+}}) {re.escape(words)}"
            assert re.search(option, shown), name


def test_everything_public_is_described():
    found = []
    for name in dnc.__all__:
        thing = getattr(dnc, name)
        found.append((name, thing))
        members = vars(thing).items() if inspect.isclass(thing) or inspect.ismodule(thing) else []
        found += [(f"{name}.{each}", member) for each, member in members if describable(each, member)]
    assert [name for name, thing in found if not (thing.__doc__ or "").strip()] == []
    assert len(found) > 80


def describable(name, member):
    """Functions, methods and properties."""
    kinds = (property, classmethod, staticmethod)
    return not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, kinds))


@pytest.mark.parametrize("url", ["https://example.org/x/blob/main/", ""])
def test_links_of_the_description_lead_somewhere(repository, monkeypatch, url):
    """The README's own lead into the checkout, which a package index does not have."""
    place = repository / "bindings" / "python"
    monkeypatch.setenv("DNC_SOURCE_URL", url)
    text = runpy.run_path(str(place / "description.py"))["description"]()
    links = re.findall(r"\[([^]]+)\]\((\S+?)\)", text)
    known = re.findall(r"\[([^]]+)\]\((\S+?)\)", (place / "README.md").read_text())
    inside = {words: target for words, target in known if not target.startswith("http")}
    assert len(inside) > 5 and all(words in text for words in inside)
    for words, target in links:
        assert target.startswith("https://")
        if words in inside:
            path, own = target.removeprefix(url).partition("#")[0], inside[words].partition("#")[0]
            assert (repository / path).exists() and (repository / path).samefile(place / own)
    assert len(links) == len(known) - (0 if url else len(inside))


def test_the_header_is_there(header):
    assert Path(dnc.get_include(), "dnc.h").read_bytes() == header.read_bytes()
