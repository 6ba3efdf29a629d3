"""Updates that are made of several batches."""

import dnc
import numpy as np
import pytest
from runs import NETWORK, SMALL, Explosive, by_hand, changed, log, require_same_when_broken, run

SUMS = dict(hidden_size=6, memory_slots=5, word_size=3)  # a network for `sums`


def sums(number, sequences=3):
    """Batches of sequences that all count as much: the running sums of what comes in."""
    random = np.random.default_rng([2, number])
    inputs = random.uniform(-1, 1, (5, sequences, 2))
    return inputs, inputs.cumsum(axis=0)[..., :1]


def test_an_update_is_made_of_the_mean_of_the_gradients(tmp_path):
    """As in a loop over the plain interface; the loss is the mean, and all sequences count."""
    trainer = run(tmp_path, changed(updates=10, accumulate=3, log_every=1))
    task, net, optimizer = by_hand()
    losses = []
    for _ in range(10):
        total = np.zeros_like(net.flat_gradients)
        values = []
        for _ in range(3):
            value, gradients = task.loss(task.play(net))
            values.append(value)
            net.backward(gradients)
            total += net.flat_gradients
            net.zero_gradients()
        net.flat_gradients[...] = total / 3
        losses.append(np.mean(values))
        optimizer.step(net)
    np.testing.assert_allclose(trainer.net.flat_parameters, net.flat_parameters, atol=1e-6)
    lines = log(tmp_path, "train")
    assert [line["loss"] for line in lines] == pytest.approx(losses, rel=1e-5)
    assert [line["sequences"] for line in lines] == [12 * update for update in range(1, 11)]
    assert trainer.update == 10 and trainer.task.position == task.position == 30


def test_four_batches_are_one_of_four_times_the_size(tmp_path):
    """If as much counts in each of them."""

    def large(number):
        parts = [sums(4 * number + part) for part in range(4)]
        return tuple(np.concatenate(values, axis=1) for values in zip(*parts))

    found = []
    for name, size, data, count in (("small", 3, sums, 4), ("large", 12, large, 1)):
        plan = dnc.Plan(network={**SUMS, "batch_size": size}, updates=20, log_every=1, accumulate=count)
        trainer = run(tmp_path / name, plan, data=data)
        lines = log(tmp_path / name, "train")
        found.append((trainer.net.flat_parameters, [line["loss"] for line in lines], lines[-1]["sequences"]))
    np.testing.assert_allclose(found[0][0], found[1][0], atol=1e-5)
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-4) and found[0][2] == found[1][2] == 240


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_resumed_runs_end_with_the_same_bytes(tmp_path, dropout):
    require_same_when_broken(tmp_path, changed(accumulate=3, bypass_dropout=dropout))


def test_each_batch_has_a_dropout_of_its_own(tmp_path):
    trainer = run(tmp_path, changed(updates=4, accumulate=2, bypass_dropout=0.5))
    task, net, optimizer = by_hand()
    seeds = [trainer.plan.dropout_seed(update, batch) for update in range(4) for batch in range(2)]
    assert len(set(seeds)) == 8 and seeds[0] == SMALL.dropout_seed(0)
    for number, seed in enumerate(seeds):
        net.set_bypass_dropout(0.5, seed)
        _, gradients = task.loss(task.play(net))
        net.backward(gradients)
        if number % 2:
            net.flat_gradients[...] /= 2
            optimizer.step(net)
    assert np.array_equal(net.flat_parameters, trainer.net.flat_parameters)


@pytest.mark.parametrize("size", [np.nan, 3e38], ids=["of the outputs", "of the parameters alone"])
def test_an_update_with_a_batch_that_is_not_finite_is_left_out(tmp_path, size):
    """As a whole, whichever of its batches that is; the others go on with the batches that come after it."""
    trainer = dnc.Trainer.start(tmp_path, changed(updates=6, accumulate=3))
    trainer.task = Explosive(trainer.task, {1, 9}, size)
    trainer.run()
    task, net, optimizer = by_hand()
    for update in range(1, 7):
        for _ in range(3):
            _, gradients = task.loss(task.play(net))
            net.backward(gradients)
        if update in {1, 3}:
            net.zero_gradients()
        else:
            net.flat_gradients[...] /= 3
            optimizer.step(net)
    assert np.array_equal(net.flat_parameters, trainer.net.flat_parameters)
    assert [line["update"] for line in log(tmp_path, "skip")] == [1, 3] and trainer.skipped == 2
    assert log(tmp_path, "train")[-1]["sequences"] == 72


def test_data_that_end_within_an_update(tmp_path):
    """It is made of the batches that there are, and the last one."""
    plan = dnc.Plan(network={**SUMS, "batch_size": 3}, accumulate=4, log_every=1)
    trainer = run(tmp_path / "run", plan, data=(sums(number) for number in range(6)))
    assert trainer.finished == "the data came to its end" and trainer.update == 2
    assert [line["sequences"] for line in log(tmp_path / "run", "train")] == [12, 18]

    task = dnc.DataTask(sums)
    net = dnc.DNC(2, 1, **SUMS, batch_size=3, seed=0)
    optimizer = dnc.Optimizer(net)
    net.training = True
    for batches in (4, 2):
        for _ in range(batches):
            _, gradients = task.loss(task.play(net))
            net.backward(gradients)
        net.flat_gradients[...] /= batches
        optimizer.step(net)
    assert np.array_equal(net.flat_parameters, trainer.net.flat_parameters)

    whole = run(tmp_path / "whole", plan, data=(sums(number) for number in range(8)))
    assert whole.update == 2, "there is no update without a batch"


class Interrupted:
    """A task that is interrupted once, before its loss in the batch of this number."""

    def __init__(self, task, number):
        self._task, self._number = task, number

    def __getattr__(self, name):
        return getattr(self._task, name)

    def loss(self, outputs):
        if self._task.position == self._number:
            self._number = None
            raise KeyboardInterrupt
        return self._task.loss(outputs)


def test_an_interrupted_update_leaves_no_gradients(tmp_path):
    """To the updates of a trainer that goes on all the same."""
    trainer = dnc.Trainer.start(tmp_path, changed(updates=4, accumulate=3))
    trainer.task = Interrupted(trainer.task, 5)
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert not trainer.net.flat_gradients.any()
    assert trainer.optimizer.step_count == 1 and trainer.run() == "all updates made"


def test_more_batches_from_here_on(tmp_path):
    """An update is made of others after a resumption; the batches follow each other."""
    trainer = run(tmp_path, changed(updates=10))
    trainer = dnc.Trainer.resume(tmp_path, updates=12, accumulate=4)
    trainer.run()
    assert trainer.task.position == 10 + 8
    assert log(tmp_path, "train")[-1]["sequences"] == 18 * NETWORK["batch_size"]
    assert {"accumulate": 4}.items() <= log(tmp_path, "change")[0].items()
