"""Moving averages of the parameters: tests and models have them, training goes on without them."""

import json
import shutil

import dnc
import numpy as np
import pytest
from runs import NETWORK, SMALL, Explosive, bytes_of, changed, log, require_same_when_broken, run, stopped_at


def followed(folder, plan=SMALL, **options):
    """A run, and its parameters before the first update and after each."""
    trainer = dnc.Trainer.start(folder, plan, **options)
    found = [trainer.net.flat_parameters.copy()]
    trainer.run(each=lambda trainer: found.append(trainer.net.flat_parameters.copy()))
    return trainer, found


def averaged(parameters, average, first=0):
    """What the average of these parameters is, in double precision; they are of updates from the number `first` on."""
    values = parameters[0].astype(np.float64)
    for update, after in enumerate(parameters[1:], first):
        kept = min(average, (1 + update) / (10 + update))
        values = kept * values + (1 - kept) * after
    return values


def only(folder, pattern):
    """The parameters of the one file of this pattern."""
    (path,) = folder.glob(pattern)
    return dnc.DNC.load(path).flat_parameters


@pytest.mark.parametrize("average", [0.3, 0.9, 0.999])
def test_the_average_is_that_of_the_parameters(tmp_path, average):
    """And training is what it is without one."""
    trainer, parameters = followed(tmp_path, changed(average=average))
    plain = run(tmp_path / "plain").net
    assert np.array_equal(trainer.net.flat_parameters, plain.flat_parameters)
    found, wanted = only(tmp_path, "average-*"), averaged(parameters, average)
    assert np.abs(found - plain.flat_parameters).max() > 1e-4
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_tests_and_models_have_it(tmp_path):
    """And so has the network after `restore_best`."""
    trainer, parameters = followed(tmp_path, changed(average=0.9, test_every=20, updates=20))
    found = only(tmp_path, "model*")
    np.testing.assert_allclose(found, averaged(parameters, 0.9), atol=1e-6)
    tests = trainer._exam.task
    tests.position = 0
    again = dnc.evaluate(dnc.DNC.load(tmp_path / "model.safetensors"), tests, SMALL.test_episodes)
    assert again == trainer.score and log(tmp_path, "test")[0]["scores"]["bit_error"][0] == again["bit_error"].value
    assert not np.array_equal(trainer.net.flat_parameters, found)
    trainer.restore_best()
    assert np.array_equal(trainer.net.flat_parameters, found)


def test_the_model_is_the_average_that_did_best(tmp_path):
    trainer, parameters = followed(tmp_path, changed(average=0.5))
    rights = [line["scores"]["sequences_right"][0] for line in log(tmp_path, "test")]
    best = 10 * (1 + rights.index(max(rights)))
    np.testing.assert_allclose(only(tmp_path, "model*"), averaged(parameters[: best + 1], 0.5), atol=1e-6)


@pytest.mark.parametrize("fields", [{}, {"accumulate": 2, "bypass_dropout": 0.2, "schedule": "linear"}])
def test_resumed_runs_end_with_the_same_bytes(tmp_path, fields):
    require_same_when_broken(tmp_path, changed(average=0.95, **fields))


def test_what_a_run_leaves(tmp_path):
    """The average of the checkpoint, and of no other one; without the option nothing that was not there before."""
    stopped_at(tmp_path, 12, changed(average=0.9))
    state = json.loads((tmp_path / "trainer.json").read_text())
    assert (state["checkpoint"], state["average"]) == ("update-00000012.safetensors", "average-00000012.safetensors")
    shutil.copy(tmp_path / state["average"], tmp_path / "average-00000099.safetensors")  # of a save that was killed
    dnc.Trainer.resume(tmp_path)  # and ended before it saved anything
    assert [path.name for path in tmp_path.glob("average*")] == ["average-00000012.safetensors"]
    dnc.Trainer.resume(tmp_path).run()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "average-00000040.safetensors", "log.jsonl", "model.safetensors", "trainer.json", "update-00000040.safetensors",
    ]  # fmt: skip
    net = dnc.DNC.load(tmp_path / "average-00000040.safetensors")
    assert net.config == dnc.DNC.load(tmp_path / "update-00000040.safetensors").config
    run(tmp_path / "plain")
    assert "average" not in (tmp_path / "plain" / "trainer.json").read_text()
    assert not list((tmp_path / "plain").glob("average*"))


def test_updates_that_are_left_out_count(tmp_path):
    """The parameters stay, and the average moves towards them."""
    trainer = dnc.Trainer.start(tmp_path, changed(average=0.9))
    trainer.task = Explosive(trainer.task, {3, 4, 20})
    found = [trainer.net.flat_parameters.copy()]
    trainer.run(each=lambda trainer: found.append(trainer.net.flat_parameters.copy()))
    assert trainer.skipped == 3
    np.testing.assert_allclose(only(tmp_path, "average-*"), averaged(found, 0.9), atol=1e-6)


def test_an_average_from_here_on(tmp_path):
    """It begins with the parameters there; and one that is not wanted any more goes."""
    before = stopped_at(tmp_path, 20).net.flat_parameters.copy()
    trainer = dnc.Trainer.resume(tmp_path, average=0.9)
    found = [before]
    trainer.run(each=lambda trainer: found.append(trainer.net.flat_parameters.copy()))
    np.testing.assert_allclose(only(tmp_path, "average-*"), averaged(found, 0.9, first=20), atol=1e-6)
    assert log(tmp_path, "change") == [{"event": "change", "update": 20, "average": 0.9}]
    dnc.Trainer.resume(tmp_path, average=0.0, updates=41).run()
    assert not list(tmp_path.glob("average*"))


def test_a_network_with_other_options_goes_on_with_its_average(tmp_path):
    stopped_at(tmp_path, 20, changed(average=0.9))
    found = only(tmp_path, "average-*").copy()
    trainer = dnc.Trainer.resume(tmp_path, memory_slots=12, batch_size=3)
    trainer.save()
    net = dnc.DNC.load(tmp_path / "average-00000020.safetensors")
    assert np.array_equal(net.flat_parameters, found)
    assert (net.memory_slots, net.batch_size) == (12, 3)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "average is missing"),
        (5, "average is 5, needed is the name of one in the folder"),
        ("../net.safetensors", "average is '../net.safetensors', needed is the name of one"),
        ("update-00000005.safetensors", "average is 'update-00000005.safetensors', needed is the name of one"),
    ],
)
def test_a_state_file_with_another_average(tmp_path, value, sentence):
    stopped_at(tmp_path, 5, changed(average=0.9))
    state = json.loads((tmp_path / "trainer.json").read_text())
    state["average"] = value
    if value is None:
        del state["average"]
    (tmp_path / "trainer.json").write_text(json.dumps(state))
    with pytest.raises(dnc.InvalidState, match=f"trainer.json can't be read: {sentence}"):
        dnc.Trainer.resume(tmp_path)


def test_an_average_that_is_gone_or_damaged(tmp_path):
    stopped_at(tmp_path, 5, changed(average=0.9))
    path = tmp_path / "average-00000005.safetensors"
    before = bytes_of(tmp_path)
    path.write_bytes(before[path.name][:-1])
    with pytest.raises(dnc.Error, match="average-00000005"):
        dnc.Trainer.resume(tmp_path)
    path.unlink()
    with pytest.raises(dnc.FileError, match="average-00000005"):
        dnc.Trainer.resume(tmp_path)
    path.write_bytes(before[path.name])
    assert bytes_of(tmp_path) == before, "who is refused changes nothing"
    assert dnc.Trainer.resume(tmp_path).run() == "all updates made"


def test_data_without_validation(tmp_path):
    """The model is the average of the end."""
    inputs = np.random.default_rng(1).uniform(-1, 1, (4, 6, 2))
    plan = dnc.Plan(network={**NETWORK, "batch_size": 3}, updates=10, average=0.8)
    trainer, parameters = followed(tmp_path, plan, data=dnc.Dataset(inputs, inputs[..., :1]))
    wanted = averaged(parameters, 0.8)
    np.testing.assert_allclose(only(tmp_path, "model*"), wanted, atol=1e-6)
    np.testing.assert_allclose(only(tmp_path, "average-*"), wanted, atol=1e-6)
    assert not np.allclose(trainer.net.flat_parameters, wanted, atol=1e-4)
