"""What `test_ranks.py` lets three ranks do: train with updates of their own, whose results are averaged, and with
updates of several batches."""

import dataclasses
import json
import sys
from pathlib import Path

import dnc
import dnc.updates
import numpy as np
from dnc.ranks import Ranks
from mpi4py import MPI

PLAN = dnc.Plan(
    "copy", options={"width": 2, "max_length": 4}, network={"batch_size": 5, "hidden_size": 6, "memory_slots": 5},
    updates=14, test_every=6, test_episodes=6, log_every=5, local_updates=4,
)  # fmt: skip
SHARED = [4, 6, 8, 12, 14]  # multiples of 4, tests, and the end
FOLDER = Path(sys.argv[1])
ALL = MPI.COMM_WORLD
PAIR = ALL.Split(ALL.rank < 2)  # the third is alone in another


def tensors(net, optimizer):
    """All numbers of a checkpoint, and the optimizer's step count."""
    checkpoint = net.to_bytes(optimizer)
    begin = 8 + int.from_bytes(checkpoint[:8], "little")
    return np.frombuffer(checkpoint, np.float32, offset=begin), optimizer.step_count


def are_same(comm, net):
    return len(set(comm.allgather(net.flat_parameters.tobytes()))) == 1


def checkpoint(name):
    return next((FOLDER / name).glob("update-*")).read_bytes()


def log(name):
    lines = [json.loads(line) for line in (FOLDER / name / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def what_is_shared(average=dnc.updates.average):
    """Parameters and the optimizer's averages, after multiples of local_updates, before tests and at the end."""
    shared, losses = [], []

    def watched(ranks, net, optimizer):
        theirs, steps = zip(*PAIR.allgather(tensors(net, optimizer)))
        assert not np.array_equal(*theirs)
        average(ranks, net, optimizer)
        values, count = tensors(net, optimizer)
        assert np.array_equal(values, (theirs[0] + theirs[1]) / 2) and count == steps[0]

    def after(trainer):
        losses.append(trainer.loss)
        if are_same(PAIR, trainer.net):
            shared.append(trainer.update)
            return
        try:
            trainer.save()
        except dnc.InvalidState as error:
            assert f"update {trainer.update} is one of 4 that ranks make of their own" in error.message
        else:
            raise AssertionError

    dnc.updates.average = watched
    trainer = dnc.Trainer.start(FOLDER / "unbroken", PLAN, comm=PAIR)
    trainer.run(each=after)
    dnc.updates.average = average
    assert shared == SHARED, shared
    theirs = PAIR.allgather(losses)
    if PAIR.rank == 0:
        told = [line for line in log("unbroken") if line["event"] == "train"]
        assert [line["update"] for line in told] == [5, 10, 14]
        # The first of the moving averages is the first loss, and so on.
        alone = [[(new - 0.98 * old) / 0.02 for old, new in zip(each, each[1:5])] + each[:1] for each in theirs]
        assert np.isclose(told[0]["loss"], np.mean(alone), rtol=1e-5)


def going_on():
    """As many ranks make the bytes of the unbroken run, other numbers of ranks go on from the mean."""
    trainer = dnc.Trainer.start(FOLDER / "broken", PLAN, comm=PAIR)
    trainer.run(each=lambda trainer: trainer.update == 5 and trainer.stop())
    assert trainer.update == 6, "after the updates that are not shared"
    trainer = dnc.Trainer.resume(FOLDER / "broken", comm=PAIR)
    trainer.run(each=lambda trainer: trainer.update == 7 and trainer.stop(), checkpoint_every=0)
    assert trainer.update == 8
    dnc.Trainer.resume(FOLDER / "broken", comm=PAIR).run()
    if PAIR.rank == 0:
        assert checkpoint("broken") == checkpoint("unbroken") and log("broken") == log("unbroken")


def other_numbers_of_ranks():
    before = dnc.Trainer.resume(FOLDER / "broken", updates=19, comm=ALL)
    assert are_same(ALL, before.net)
    before.run()
    assert before.update == 19 and are_same(ALL, before.net)
    ALL.barrier()
    if ALL.rank == 0:
        assert dnc.Trainer.resume(FOLDER / "broken", updates=24).run() == "all updates made"
        one = dataclasses.replace(PLAN, local_updates=1)
        dnc.Trainer.start(FOLDER / "one", one).run()
        dnc.Trainer.start(FOLDER / "alone", PLAN, comm=MPI.COMM_SELF).run()
        assert checkpoint("one") == checkpoint("alone"), "one rank is a run without MPI"


def numbers_that_are_not_finite(play=dnc.Task.play):
    """A rank leaves its update out by itself; when it has left out ten, all end together."""
    bad = {5}

    def spoilt(task, *rest):
        outputs = play(task, *rest)
        return outputs * np.float32("nan") if PAIR.rank == 1 and trainer.update in bad else outputs

    dnc.Task.play = spoilt
    plan = dataclasses.replace(PLAN, updates=30, test_every=30)
    trainer = dnc.Trainer.start(FOLDER / "spoilt", plan, comm=PAIR)
    counts = []
    trainer.run(
        each=lambda trainer: counts.append(trainer.optimizer.step_count) or trainer.update == 8 and trainer.stop()
    )
    assert counts == ([1, 2, 3, 4, 5, 6, 7, 8] if PAIR.rank == 0 else [1, 2, 3, 4, 4, 5, 6, 8]), counts
    assert trainer.skipped == 1 and are_same(PAIR, trainer.net)
    bad.update(range(9, 30))
    trainer = dnc.Trainer.resume(FOLDER / "spoilt", comm=PAIR)
    try:
        trainer.run()
    except dnc.Diverged as error:
        assert error.message.startswith("12 updates in a row were not finite, the last one, 20: ")
    else:
        raise AssertionError
    if PAIR.rank == 0:
        events = log("spoilt")
        assert events[-1]["event"] == "diverged"
        left_out = [(line["update"], line["rank"]) for line in events if line["event"] == "skip"]
        assert left_out == [(update, 1) for update in [5, *range(9, 21)]]
    dnc.Task.play = play


def a_gradient_of_ones_own():
    """A rank's gradient is the mean over its own sequences, as large as that over all; the mean of one update each is
    nearly the exact update."""
    moved = []
    for local in (1, 2):
        plan = dataclasses.replace(
            PLAN, updates=1, local_updates=local, algorithm="sgd", optimizer={"learning_rate": 1, "momentum": 0}
        )
        trainer = dnc.Trainer.start(FOLDER / f"moved-{local}", plan, comm=PAIR)
        before = trainer.net.flat_parameters.copy()
        trainer.run()
        moved.append(trainer.net.flat_parameters - before)
    assert 0 < np.linalg.norm(moved[1] - moved[0]) < 0.3 * np.linalg.norm(moved[0])


def data_that_end():
    """In the middle of updates that are not shared."""
    random = np.random.default_rng(3)
    inputs = random.standard_normal((3, 4, 5, 2))
    plan = dnc.Plan(network={"batch_size": 5, "hidden_size": 6, "memory_slots": 5}, local_updates=2)
    trainer = dnc.Trainer.start(FOLDER / "own", plan, data=((x, x[..., :1]) for x in inputs), comm=PAIR)
    assert trainer.run() == "the data came to its end" and trainer.update == 3 and are_same(PAIR, trainer.net)


def a_moving_average():
    """That of the mean of the parameters, and of all ranks the same whenever the parameters are."""
    plan = dataclasses.replace(PLAN, average=0.8, test_every=14)
    trainer = dnc.Trainer.start(FOLDER / "moving", plan, comm=PAIR)
    values = trainer.net.flat_parameters.astype(np.float64)

    def after(trainer):
        theirs = PAIR.allgather((trainer.net.flat_parameters, trainer._average.net.flat_parameters))
        parameters, averages = (np.mean(each, axis=0, dtype=np.float64) for each in zip(*theirs))
        kept = min(0.8, trainer.update / (9 + trainer.update))
        values[...] = kept * values + (1 - kept) * parameters
        np.testing.assert_allclose(averages, values, atol=1e-5)
        assert are_same(PAIR, trainer._average.net) == are_same(PAIR, trainer.net) == (trainer.update in (4, 8, 12, 14))

    trainer.run(each=after)


def one_sum_an_update(add_up=Ranks.add_up):
    """However many batches it has."""
    sizes = []

    def counted(ranks, values):
        sizes.append(values.size)
        add_up(ranks, values)

    Ranks.add_up = counted
    plan = dataclasses.replace(PLAN, local_updates=1, accumulate=3, updates=4, test_every=4)
    trainer = dnc.Trainer.start(FOLDER / "batches", plan, comm=PAIR)
    trainer.run(each=lambda trainer: trainer.update == 3 and trainer.stop())
    Ranks.add_up = add_up
    assert sizes == [2, trainer.net.parameter_count] * 3 and trainer.task.position == 9


if ALL.rank < 2:
    what_is_shared()
    going_on()
    numbers_that_are_not_finite()
    a_gradient_of_ones_own()
    data_that_end()
    a_moving_average()
    one_sum_an_update()
ALL.barrier()
other_numbers_of_ranks()
