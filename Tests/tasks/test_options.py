"""The options that tasks declare: their defaults, what they allow, and what is refused."""

import re

import dnc
import numpy as np
import pytest
from support import CHECKOUT

STORIES = "1 Ann took the tea.\n2 Who has tea?\tAnn\t1\n" * 10
OPTIONS = [(name, option) for name in dnc.Task.names() for option in dnc.Task.options(name)]
PLAIN = [pytest.param(name, option, id=f"{name}-{option.name}") for name, option in OPTIONS if not option.is_path]


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """A task of a name, with the files that it needs."""
    folder = tmp_path_factory.mktemp("babi")
    for number in range(1, 21):
        for part in ("train", "test"):
            (folder / f"qa{number}_some_{part}.txt").write_text(STORIES)
    needed = {"babi": {"folder": folder}}
    return lambda name, **options: dnc.Task(name, 3, **needed.get(name, {}), **options)


def same(task, other):
    batches = [[part.tobytes() for part in each.sample(4)] for each in (task, other)]
    return (task.input_size, task.output_size, batches[0]) == (other.input_size, other.output_size, batches[1])


def wrong(option):
    """Values that the declaration excludes."""
    range_ = re.search(r"(\d+) to (\d+)", option.allowed)
    if range_ is None:
        return ["", "maybe", option.default + "x"]
    low, high = map(int, range_.groups())
    values = ["", "x", str(high + 1), f"-{high}", f"{high} "] + [str(low - 1)] * (low > 0)
    return values + ([f"{high}-{low}", f"{low}-{high + 1}", f"{low}-", f"-{low}"] if "range" in option.allowed else [])


def right(option):
    """Values that the declaration allows: the ends of a range as far as they are small, or each word."""
    words = re.findall(r'"([^"]*)"', option.allowed.replace('"low-high" ', ""))
    range_ = re.search(r"(\d+) to (\d+)", option.allowed)
    if range_ is None or option.name.startswith("max_"):
        return words
    low, high = range_.groups()
    values = [low, high] if int(high) <= 26 else [low]
    return words + values + [f"{low}-{value}" for value in values if "range" in option.allowed]


def test_every_task_has_a_page_and_options():
    pages = {page.stem for page in (CHECKOUT / "docs" / "tasks").glob("*.md")}
    assert set(dnc.Task.names()) == pages
    for name in dnc.Task.names():
        assert len(dnc.Task.options(name)) > 3
    assert {option.name for _, option in OPTIONS if option.is_path} == {"graph", "folder"}


@pytest.mark.parametrize(("name", "option"), PLAIN)
def test_a_default_is_what_holds_when_nothing_is_said(make, name, option):
    if option.default:
        assert same(make(name), make(name, **{option.name: option.default}))
    else:
        assert option.name == "distinct_values"


@pytest.mark.parametrize(("name", "option"), PLAIN)
def test_what_is_declared_is_what_is_allowed(make, name, option):
    for value in right(option):
        others = {"min_pairs": 1, "max_pairs": 2} if (name, option.name) == ("key_value", "width") else {}
        assert make(name, **others, **{option.name: value}).sample(1).inputs.size > 0
    for value in wrong(option):
        with pytest.raises(dnc.InvalidArgument) as caught:
            make(name, **{option.name: value})
        assert str(caught.value.message) == f'options: {option.name} is "{value}", allowed are {option.allowed}'


@pytest.mark.parametrize("name", dnc.Task.names())
def test_what_is_unknown_is_told_what_there_is(make, name):
    *names, last = (option.name for option in dnc.Task.options(name))
    with pytest.raises(dnc.InvalidArgument) as caught:
        make(name, height=3)
    assert caught.value.message == f'options: "height" is unknown, allowed are {", ".join(names)} and {last}'


def test_an_unknown_task_is_told_what_there_is():
    *names, last = dnc.Task.names()
    for call in (dnc.Task, dnc.Task.options):
        with pytest.raises(dnc.InvalidArgument) as caught:
            call("paste")
        assert caught.value.message == f'name is "paste", allowed are {", ".join(names)} and {last}'


def test_the_last_of_several_counts_and_each_must_be_allowed(tmp_path):
    def load(options):
        (tmp_path / "lessons.txt").write_text(f"task copy\nlesson {options}\n")
        return dnc.Task.load(tmp_path / "lessons.txt")

    assert load("width=9,width=3").input_size == 5
    for options in ("width=0,width=3", "width=3,width=0"):
        with pytest.raises(dnc.BadFormat, match='width is "0"'):
            load(options)
    with pytest.raises(dnc.BadFormat, match='"height" is unknown'):
        load("width=3,height=3,width=4")
    with pytest.raises(dnc.BadFormat, match='"width" is not of the form key=value'):
        load("width,height=3")


def test_values_that_do_not_fit_each_other(make):
    with pytest.raises(dnc.InvalidArgument, match="min_length is 9, allowed is at most max_length, 8"):
        make("copy", min_length=9)
    with pytest.raises(dnc.InvalidArgument, match=r"max_pairs is 9, allowed is at most 2\^width, 8"):
        make("key_value", width=3, max_pairs=9)
    for option in ("nodes", "out_degree"):
        with pytest.raises(dnc.InvalidArgument, match=f"options: {option} is not allowed together with graph"):
            make("graph_traversal", graph=CHECKOUT / "data" / "underground.csv", **{option: 3})


def test_distinct_values_follow_the_question(make):
    assert not same(make("key_value", distinct_values="no"), make("key_value", distinct_values="yes"))
    assert same(make("key_value"), make("key_value", distinct_values="no"))
    assert same(make("key_value", query="both"), make("key_value", query="both", distinct_values="yes"))
    assert np.isfinite(make("key_value", query="both", distinct_values="no").sample(2).inputs).all()
