"""What editors write before a text: UTF-8's mark is no part of it, and UTF-16 is called by its name."""

import codecs

import dnc
import numpy as np
import pytest
from support import assert_equal

GRAPH = "source,edge,destination\na,x,b\nb,x,a\n"
LESSONS = "task copy\nlesson max_length=2\n"
STORIES = "1 Ann left.\n2 Who left?\tAnn\t1\n"
LOG = "".join(f'{{"event": "train", "update": {i}, "seconds": {i}, "loss": {1 / i}}}\n' for i in range(1, 30))


def graph(folder, text):
    (folder / "graph.csv").write_bytes(text(GRAPH))
    return dnc.Task("graph_traversal", 1, graph=folder / "graph.csv", path=1).sample(4).inputs


def lessons(folder, text):
    (folder / "lessons.txt").write_bytes(text(LESSONS))
    return dnc.Task.load(folder / "lessons.txt", seed=1).sample(4).inputs


def stories(folder, text):
    for ending in ("train", "valid", "test"):
        (folder / f"qa1_{ending}.txt").write_bytes(text(STORIES))
    return dnc.Task("babi", 1, folder=folder, tasks=1).sample(4).inputs


def log(folder, text):
    (folder / "log.jsonl").write_bytes(text(LOG))
    return np.frombuffer(dnc.figures.training(folder / "log.jsonl", names=["run"]).png, np.uint8)


every_reader = pytest.mark.parametrize("read", [graph, lessons, stories, log])


@every_reader
def test_utf_8(tmp_path, read):
    assert_equal(read(tmp_path, lambda text: codecs.BOM_UTF8 + text.encode()), read(tmp_path, str.encode))
    assert_equal(
        read(tmp_path, lambda text: codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode()), read(tmp_path, str.encode)
    )


@every_reader
def test_a_mark_in_the_middle_is_none(tmp_path, read):
    with pytest.raises(dnc.Error):
        read(tmp_path, lambda text: codecs.BOM_UTF8 + codecs.BOM_UTF8 + text.encode())


@every_reader
@pytest.mark.parametrize("mark, encoding", [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")])
def test_utf_16(tmp_path, read, mark, encoding):
    with pytest.raises(dnc.BadFormat, match="is text in UTF-16, expected is UTF-8$") as refused:
        read(tmp_path, lambda text: mark + text.encode(encoding))
    assert str(tmp_path) in str(refused.value)


@every_reader
@pytest.mark.parametrize("text", [codecs.BOM_UTF8, codecs.BOM_UTF8[:2], codecs.BOM_UTF16_LE[:1], b""])
def test_nothing_but_a_mark(tmp_path, read, text):
    with pytest.raises(dnc.BadFormat) as refused:
        read(tmp_path, lambda _: text)
    assert "UTF-16" not in str(refused.value)
