"""Runs that begin with the parameters of a trained network."""

import dnc
import numpy as np
import pytest
from dnc.__main__ import main
from runs import NETWORK, changed, log, require_same_when_broken, run, stopped_at


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    run(folder)
    return folder


@pytest.mark.parametrize("what", [".", "model.safetensors"])
def test_it_begins_with_the_best_network_of_the_other(trained, tmp_path, what):
    """And with an optimizer that has seen nothing, and with the episodes of its own seed."""
    plan = changed(start_from=str(trained / what), seed=6)
    trainer = dnc.Trainer.start(tmp_path / "run", plan)
    best = dnc.DNC.load(trained / "model.safetensors")
    assert np.array_equal(trainer.net.flat_parameters, best.flat_parameters)
    assert trainer.optimizer.step_count == 0
    assert np.array_equal(dnc.DNC.load(tmp_path / "run" / "model.safetensors").flat_parameters, best.flat_parameters)
    assert log(tmp_path / "run", "start")[0]["start_from"] == str(trained / what)
    task = dnc.Task("copy", 6, width=2, max_length=3)
    net = dnc.DNC(task.input_size, task.output_size, **NETWORK)
    net.copy_parameters(best)
    net.training = True
    value, gradients = task.loss(task.play(net))
    trainer.run(each=lambda trainer: trainer.stop())
    assert trainer.loss == pytest.approx(value)


def test_the_memory_may_be_larger(trained, tmp_path):
    plan = changed(start_from=str(trained), network={**NETWORK, "memory_slots": 20}, updates=3)
    trainer = dnc.Trainer.start(tmp_path / "run", plan)
    assert np.array_equal(trainer.net.flat_parameters, dnc.DNC.load(trained / "model.safetensors").flat_parameters)
    trainer.run()
    assert trainer.net.config["memory_slots"] == 20


def test_the_average_begins_there(trained, tmp_path):
    trainer = dnc.Trainer.start(tmp_path / "run", changed(start_from=str(trained), average=0.9))
    best = dnc.DNC.load(trained / "model.safetensors")
    assert np.array_equal(trainer._average.net.flat_parameters, best.flat_parameters)


def test_a_resumed_run_needs_the_other_no_more(trained, tmp_path):
    """It ends with the bytes of an unbroken one."""
    (tmp_path / "other.safetensors").write_bytes((trained / "model.safetensors").read_bytes())
    plan = changed(start_from=str(tmp_path / "other.safetensors"))
    require_same_when_broken(tmp_path, plan)
    stopped_at(tmp_path / "again", 7, plan)
    (tmp_path / "other.safetensors").unlink()
    assert dnc.Trainer.resume(tmp_path / "again").run() == "all updates made"


def test_a_relative_path_is_that_of_the_beginning(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained)
    trainer = dnc.Trainer.start(tmp_path / "run", changed(start_from="model.safetensors"))
    assert trainer.plan.start_from == str(trained / "model.safetensors")


def test_the_command_line(trained, tmp_path, capsys):
    options = "--option width=2 --hidden-size 12 --memory-slots 8 --word-size 4 --read-heads 1 --updates 1"
    command = f"train copy {options} --start-from {trained} --output {tmp_path / 'run'}"
    assert main(command.split()) == 0
    assert dnc.Trainer.resume(tmp_path / "run").plan.start_from == str(trained)
    capsys.readouterr()
    wrong = f"train copy {options} --read-heads 2 --start-from {trained} --output {tmp_path / 'wrong'}"
    assert main(wrong.split()) == 1
    assert capsys.readouterr().err == (
        f"error: --start-from is {trained}, which doesn't fit: other has controller.0.weight_ih of 48 by "
        "8 numbers, needed is controller.0.weight_ih of 48 by 12: both need the same tensors\n"
    )
    assert main(f"{command} --input-scale 2".replace("/run", "/wrong").split()) == 2
    assert capsys.readouterr().err == (
        "error: --input-scale would do nothing: the parameters are not drawn, but those of a trained network\n"
    )
    missing = command.replace(f"{trained} ", f"{tmp_path / 'nothing'} ").replace("/run", "/missing")
    assert main(missing.split()) == 1
    assert str(tmp_path / "nothing") in capsys.readouterr().err
    assert not (tmp_path / "wrong").exists() and not (tmp_path / "missing").exists()
