"""`python -m dnc plot`, and what the figures say of capacities and trainings."""

import dnc
import numpy as np
import pytest
from dnc.__main__ import DONE, FAILED, main


@pytest.fixture
def models(repository):
    return repository / "models"


def plotted(tmp_path, *arguments):
    """What `plot` draws, [height, width, 3] or, of a film, [frames, height, width, 3]."""
    path = tmp_path / "plot.png"
    assert main(["plot", *map(str, arguments), "--output", str(path)]) == DONE
    assert [p.name for p in tmp_path.iterdir()] == ["plot.png"]
    picture = dnc.figures.Picture(path.read_bytes()).array()
    path.unlink()
    return picture


COPY = ["--option", "min_length=3", "--option", "max_length=3"]  # 9 steps


def test_episode(models, tmp_path):
    command = ["episode", models / "copy.safetensors", "copy", *COPY]
    shown = plotted(tmp_path, *command)
    with dnc.Task("copy", 0, min_length=3, max_length=3) as task:
        net, _ = dnc.load(models / "copy.safetensors")
        net.batch_size, net.training = 1, True
        outputs = task.play(net)
        expected = dnc.figures.episode(net, *task.read()[:2], outputs, task.read().mask, sort_slots=True)
    assert np.array_equal(shown, expected.array())
    assert (plotted(tmp_path, *command, "--dark")[0, 0] < 40).all()
    few = plotted(tmp_path, *command, "--panels", "input,usage", "--title", "Few")
    assert len(few) < len(shown) / 2
    doubled = plotted(tmp_path, *command, "--pixel-scale", 2)
    assert np.array_equal(doubled, shown.repeat(2, 0).repeat(2, 1))
    assert plotted(tmp_path, *command, "--unsorted").shape[1] > shown.shape[1], "slots have numbers"


def test_predictions_are_those_of_the_task(models, tmp_path):
    """Of graph traversal, softmaxes of ten digits."""
    command = ["episode", models / "graph_traversal.safetensors", "graph_traversal", "--option", "nodes=4", "--panels"]
    shown = plotted(tmp_path, *command, "prediction", "--unsorted")
    with dnc.Task("graph_traversal", 0, nodes=4) as task:
        assert task.loss_kind == "grouped_softmax_cross_entropy:10"
        net, _ = dnc.load(models / "graph_traversal.safetensors")
        net.batch_size = 1
        task.evaluating = True
        outputs = task.play(net)
        wanted = dnc.figures.episode(net, outputs=outputs, panels=["prediction"], loss=task.loss_kind)
        sigmoid = dnc.figures.episode(net, outputs=outputs, panels=["prediction"])
    assert np.array_equal(shown, wanted.array()) and not np.array_equal(shown, sigmoid.array())


def test_state_and_film(models, tmp_path):
    state = ["state", models / "copy.safetensors", "copy", *COPY]
    last = plotted(tmp_path, *state)
    assert np.array_equal(last, plotted(tmp_path, *state, "--step", 8))
    assert not np.array_equal(last, plotted(tmp_path, *state, "--step", 2))
    whole = plotted(tmp_path, *state, "--all-slots")
    assert last.shape != whole.shape == plotted(tmp_path, *state, "--all-slots", "--unsorted").shape
    film = ["film", *state[1:]]
    assert plotted(tmp_path, *film, "--all-slots", "--steps", 2).shape == (2, *whole.shape)
    assert plotted(tmp_path, *film).shape == (9, *last.shape)
    assert plotted(tmp_path, *film, "--first-step", 2, "--steps", 3, "--delay", 50).shape == (3, *last.shape)
    assert main(["plot", *map(str, film), "--numbered", "--output", str(tmp_path / "film.png")]) == DONE
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"film-{step:04}.png" for step in range(9)]


def test_training(models, tmp_path):
    logs = [models / "copy.jsonl", models / "repeat_copy.jsonl"]
    both = plotted(tmp_path, "training", *logs, "--width", 300, "--height", 100)
    wanted = dnc.figures.training(logs, ["copy", "repeat_copy"], width=300, height=100)
    assert np.array_equal(both, wanted.array())
    named = plotted(tmp_path, "training", *logs, "--width", 300, "--height", 100, "--name", "a", "--name", "b")
    assert not np.array_equal(both, named)
    timed = plotted(tmp_path, "training", logs[0], "--over-time", "--metric", "bit_error", "--dark")
    assert not np.array_equal(timed, plotted(tmp_path, "training", logs[0], "--dark"))


def test_the_folder_of_a_run(models, tmp_path):
    folder = tmp_path / "a run"
    folder.mkdir()
    (folder / "log.jsonl").write_bytes((models / "copy.jsonl").read_bytes())
    assert dnc.figures.training(folder).png == dnc.figures.training(models / "copy.jsonl", ["a run"]).png


def test_capacity(models, tmp_path):
    """The metric, cell by cell."""
    net, _ = dnc.load(models / "copy.safetensors")

    def task(length):
        return dnc.Task("copy", 3, min_length=length, max_length=length)

    slots, lengths = [8, 64], [2, 10]
    scores = dnc.capacity(net, task, slots, lengths, episodes=50, batch=50)
    for row, count in enumerate(slots):
        for column, length in enumerate(lengths):
            expected = dnc.evaluate(net, task(length), 50, 50, count)["sequences_right"].value
            assert scores[row, column] == np.float32(expected)
    assert scores[1, 1] > 0.9 > 0.1 > scores[0, 1], "ten vectors need more than eight slots"
    errors = dnc.capacity(net, task, slots, lengths, metric="bit_error", episodes=50, batch=50)
    assert errors[0, 1] > 0.1 > errors[1, 1]
    shown = plotted(
        tmp_path, "capacity", models / "copy.safetensors", "copy", "--slots", "8,64", "--lengths", "2,10",
        "--episodes", 50, "--batch-size", 50, "--seed", 3,
    )  # fmt: skip
    assert np.array_equal(shown, dnc.figures.capacity(scores, slots, lengths).array())


def test_heatmap(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "values.npy", values)
    path = tmp_path / "map.png"
    command = ["plot", "heatmap", str(tmp_path / "values.npy"), "--output", str(path), "--colormap", "magma"]
    assert main([*command, "--minimum", "-1", "--row-label", "rows"]) == DONE
    assert path.read_bytes() == dnc.figures.heatmap(values, colormap="magma", minimum=-1, row_label="rows").png


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["training", "no such.jsonl"], "no such.jsonl"),
        (["state", "MODEL", "copy", "--step", "999"], "step is 999"),
        (["film", "MODEL", "copy", "--first-step", "999"], "--first-step is 999"),
        (["episode", "MODEL", "copy", "--panels", "nonsense"], "nonsense"),
        (["episode", "MODEL", "no such task"], "no such task"),
        (["capacity", "MODEL", "copy", "--slots", "64,8", "--lengths", "2"], "slots"),
    ],
)
def test_what_is_refused(models, tmp_path, capsys, arguments, message):
    arguments = [str(models / "copy.safetensors") if word == "MODEL" else word for word in arguments]
    assert main(["plot", *arguments, "--output", str(tmp_path / "plot.png")]) == FAILED
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_wrong_names():
    with pytest.raises(ValueError, match="names has 2"):
        dnc.figures.training("a.jsonl", ["a", "b"])
    with pytest.raises(ValueError, match="'prediction'"):
        dnc.figures.episode(dnc.DNC(1, 1), np.zeros((1, 1, 1)), panels=["x"])
