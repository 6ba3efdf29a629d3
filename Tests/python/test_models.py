"""The trained networks in the repository do what docs/results.md says of them."""

import json

import dnc
import pytest


@pytest.fixture
def score(repository):
    def played(model, task, metric, episodes=256, **options):
        net, _ = dnc.load(repository / "models" / f"{model}.safetensors")
        return dnc.evaluate(net, task, episodes, **options)[metric].value

    return played


def test_copy(score):
    assert score("copy", dnc.Task("copy", 11), "bit_error") < 0.001
    longer = dnc.Task("copy", 11, min_length=40, max_length=40)
    assert score("copy", longer, "bit_error", episodes=64, memory_slots=128) < 0.02


def test_copying_100_vectors(score):
    longer = dnc.Task("copy", 11, min_length=100, max_length=100)
    assert score("copy_100", longer, "bit_error", episodes=32, memory_slots=256) < 0.005


def test_repeat_copy(score):
    assert score("repeat_copy", dnc.Task("repeat_copy", 11, max_length=4, max_repeats=4), "bit_error") < 0.01


def test_associative_recall(score):
    assert score("associative_recall", dnc.Task("associative_recall", 11), "bit_error") < 0.02


def test_graph_traversal(score, repository):
    task = dnc.Task.load(repository / "curricula" / "graph_traversal.txt", 11)
    for lesson in (0, 6, 12, 13):
        task.lesson = lesson
        assert score("graph_traversal", task, "episodes_right", memory_slots=256) > 0.96
    underground = dnc.Task("graph_traversal", 11, graph=repository / "data" / "underground.csv", path=7)
    assert score("graph_traversal", underground, "episodes_right", memory_slots=256) > 0.97


def test_graph_traversal_by_content(score, repository):
    """Without links, the list of edges is in the controller, which has room for ten."""
    task = dnc.Task.load(repository / "curricula" / "graph_traversal.txt", 11)
    for lesson, least, most in ((6, 0.93, 1), (12, 0.85, 1), (13, 0.3, 0.6)):
        task.lesson = lesson
        assert least < score("graph_traversal_by_content", task, "episodes_right") < most


def test_graph_inference(score, repository):
    for queries, least in ((1, 0.9), (3, 0.8)):
        family = dict(graph=repository / "data" / "family.csv", relation="kinship")
        tree = dnc.Task("graph_inference", 11, queries=queries, **family)
        assert score("graph_inference", tree, "episodes_right", memory_slots=128) > least
    task = dnc.Task.load(repository / "curricula" / "graph_inference.txt", 11)
    for lesson in (4, 6, 11):
        task.lesson = lesson
        assert score("graph_inference", task, "episodes_right", memory_slots=128) > 0.85


def test_shortest_path(score, repository):
    task = dnc.Task.load(repository / "curricula" / "shortest_path.txt", 11)
    for lesson, least in ((4, 0.97), (7, 0.9), (14, 0.62)):
        task.lesson = lesson
        assert score("shortest_path", task, "shortest", memory_slots=128) > least
    for path, least in ((2, 0.9), (4, 0.48)):
        underground = dnc.Task("shortest_path", 11, graph=repository / "data" / "underground.csv", path=path)
        assert score("shortest_path", underground, "shortest", memory_slots=128) > least


def test_logs_and_networks_belong_together(repository):
    """A log's first line is the plan of the network beside it; later lines may change what of a network can change."""
    models = set((repository / "models").glob("*.safetensors"))
    logged = {path for path in models if path.with_suffix(".jsonl").exists()}
    assert {path.stem for path in models - logged} == {"copy_100"}
    for path in logged:
        net, optimizer = dnc.load(path)
        lines = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]
        assert lines[0]["event"] == "start" and lines[0]["parameters"] == net.flat_parameters.size and optimizer is None
        networks = [line["network"] for line in lines if line["event"] in ("start", "change") and "network" in line]
        assert {name: net.config[name] for name in networks[0]} in networks
