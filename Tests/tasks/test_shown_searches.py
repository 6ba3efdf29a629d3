"""curricula/shortest_path.py: its episodes are those of the task, and its targets a search, worked out again."""

import importlib.util
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import dnc
import numpy as np
import pytest
from support import assert_equal
from test_graphs import CURRICULA, channels
from test_shortest_path import apart

PROGRAM = CURRICULA / "shortest_path.py"


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("shown_searches", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mean(triples):
    return np.mean([channels(*t) for t in triples], 0)


def searched(p, kind):
    """The triples that are right in each step of planning."""
    far = 99
    ahead = {t: p.graph.distances(p.start).get(t[0], far) for t in p.description}
    left = {t: far if p.left[t[2]] is None else p.left[t[2]] for t in p.description}
    shortest = {i: [t for t in ahead if ahead[t] == i and i + 1 + left[t] == p.length] for i in range(p.length)}
    into, out = ({i: [t for t in of if of[t] == i] for i in range(p.length + 2)} for of in (left, ahead))
    if kind == "way":
        return [shortest[i] for i in reversed(range(p.length))]
    if kind == "breadth":
        return [into[i] for i in range(p.length)] + [shortest[i] for i in range(p.length)]
    meet = {2: (1, 0), 3: (3, 1), 4: (5, 1), 5: (7, 2)}
    steps = [into[0], [], out[0], [], into[1], [], out[1], [], shortest[0], shortest.get(1, [])]
    if p.length in meet:
        step, edge = meet[p.length]
        steps[step] = shortest[edge]
    return steps


@pytest.mark.parametrize("number", range(1, 9))
def test_batches(program, number):
    stage = program.STAGES[number - 1]
    low, high = map(int, stage.path.split("-"))
    lengths = set()
    for inputs, targets, mask in itertools.islice(program.batches(stage), 2):
        assert inputs.shape[1] == stage.batch and inputs.dtype == targets.dtype == np.float32
        episodes = (inputs, targets, mask)
        for b in range(stage.batch):
            queries = list(apart(episodes, b))
            assert len(queries) == stage.queries
            for rows, p in queries:
                assert low <= p.length <= high
                lengths.add(p.length)
                visited, taken = p.moves
                assert len(visited) == p.length, "the teacher never errs"
                assert all(move in p.shortest(node) for node, move in zip(visited, taken))
                for node, target in zip(visited, p.targets[p.answer :]):
                    np.testing.assert_allclose(target, mean(p.shortest(node)), atol=1e-6)
                planned = targets[rows, b][p.query + 1 : p.answer]
                expected = searched(p, stage.search)
                for target, right in itertools.zip_longest(planned, expected):
                    np.testing.assert_allclose(target, mean(right) if right else 0 * target, atol=1e-6)
                weights = np.zeros(len(planned), np.float32)
                weights[[i for i, right in enumerate(expected) if right]] = stage.weight
                assert_equal(mask[rows, b][p.query + 1 : p.answer], weights)
    assert lengths == set(range(low, high + 1))


def test_a_stage(program, tmp_path):
    """The program trains a network, goes on from it, and gives the same bytes for any number of threads."""

    environment = {**os.environ, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}

    def run(stage, output, *more):
        command = [sys.executable, PROGRAM, str(stage), "--output", tmp_path / output, "--updates", "10", *more]
        subprocess.run(command, check=True, capture_output=True, env=environment)
        return tmp_path / output / "average.safetensors"

    net, new = dnc.DNC.load(run(1, "first")), dnc.DNC(92, 90, **program.NETWORK)
    assert net.config == {**new.config, "batch_size": 16, "memory_slots": 64}
    for name in ("output.weight", "interface.weight"):
        assert (net.parameters[name] != new.parameters[name]).any()
    assert run(1, "again", "--threads", "2").read_bytes() == (tmp_path / "first" / "average.safetensors").read_bytes()
    averaged, last = (
        dnc.DNC.load(run(1, "longer", "--updates", "20")),
        dnc.DNC.load(tmp_path / "longer" / "model.safetensors"),
    )
    assert abs(averaged.flat_parameters - last.flat_parameters).max() > 1e-4
    assert dnc.DNC.load(run(1, "lstm", "--lstm")).config["memory"] == "none"
    later = dnc.DNC.load(run(8, "second", "--start-from", tmp_path / "first"))
    assert later.config["memory_slots"] == 160
    changed = abs(later.flat_parameters - net.flat_parameters).max()
    assert 0 < changed < 11 * 1e-3, "ten steps of Adam from the first stage's network"
    plans = [json.loads((tmp_path / run / "log.jsonl").read_text().splitlines()[0]) for run in ("first", "second")]
    assert [plan["schedule"] for plan in plans] == ["constant", "linear"]


def test_the_average(program):
    """Every tenth update counts, the first as it is and each later one with 100 of its number and 100."""
    random = np.random.default_rng(0)
    values = random.standard_normal((40, 3)).astype(np.float32)
    average, net = program.Average(), SimpleNamespace(parameters={"output.bias": np.zeros(3, np.float32)})
    for value in values:
        net.parameters["output.bias"][:] = value
        average(SimpleNamespace(net=net))
    expected = values[9]
    for updates in (20, 30, 40):
        expected = expected + 100 / (updates + 100) * (values[updates - 1] - expected)
    np.testing.assert_allclose(average.values["output.bias"], expected, rtol=1e-5)
    for _ in range(10_000):
        average(SimpleNamespace(net=net))
    assert average.updates == 10_040
    np.testing.assert_allclose(average.values["output.bias"], values[-1], rtol=1e-4)
    net.parameters["output.bias"] += 1
    for _ in range(10):
        average(SimpleNamespace(net=net))
    np.testing.assert_allclose(average.values["output.bias"], values[-1] + 0.01, rtol=1e-3, atol=1e-4)


def test_refusals(program, tmp_path, monkeypatch, capsys):
    """A wrong argument is a sentence, and leaves nothing behind."""
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    for arguments, said in (
        (["1", "--output", "new", "--updates", "9"], "--updates is 9, needed are at least 10"),
        (["2", "--output", "new"], "the others need the folder of the stage before"),
        (["1", "--output", "new", "--start-from", "file"], "stage 1 has no --start-from"),
        (["2", "--output", "new", "--start-from", "nowhere"], "nowhere/average.safetensors could not be opened"),
        (["1", "--output", "new", "--threads", "-1"], "num_threads is -1"),
        (["1", "--output", "file", "--updates", "10"], "file"),
        (["9", "--output", "new"], "invalid choice"),
    ):
        monkeypatch.setattr(sys, "argv", ["shortest_path.py", *arguments])
        with pytest.raises(SystemExit) as end:
            program.main()
        assert end.value.code == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
