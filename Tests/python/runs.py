"""Small runs for the tests of the trainer, and what they leave behind."""

import json
from pathlib import Path

import dnc
import numpy as np

NETWORK = dict(hidden_size=12, memory_slots=8, word_size=4, batch_size=4)
SMALL = dnc.Plan(
    "copy",
    {"width": 2, "max_length": 3},
    network=NETWORK,
    updates=40,
    test_every=10,
    test_episodes=8,
    log_every=7,
    seed=5,
)


def changed(**fields):
    """The small plan with other fields."""
    return SMALL.__class__(**{**SMALL.__dict__, **fields})


def run(folder, plan=SMALL, **options):
    """A whole run."""
    trainer = dnc.Trainer.start(folder, plan, **options)
    trainer.run()
    return trainer


def stopped_at(folder, update, plan=SMALL):
    """A run that was stopped after this update."""
    trainer = dnc.Trainer.start(folder, plan)
    trainer.run(each=lambda trainer: trainer.stop() if trainer.update == update else None)
    return trainer


def by_hand(batch_size=NETWORK["batch_size"]):
    """Task, network and optimizer of the small plan before its first update, for a loop over the plain interface."""
    task = dnc.Task("copy", 5, width=2, max_length=3)
    net = dnc.DNC(task.input_size, task.output_size, **{**NETWORK, "batch_size": batch_size}, seed=5)
    net.training = True
    return task, net, dnc.Optimizer(net)


def log(folder, event=None):
    """The lines of a run's log, or those of an event."""
    lines = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if event in (None, line["event"])]


def bytes_of(folder):
    """All that a run leaves behind, but for the seconds."""
    found = {}
    for path in sorted(Path(folder).iterdir()):
        found[path.name] = path.read_bytes()
    state = json.loads(found["trainer.json"])
    state["progress"]["seconds"] = state["progress"]["log_bytes"] = 0
    found["trainer.json"] = state
    found["log.jsonl"] = [{**line, "seconds": 0} for line in log(folder)]
    return found


def require_same_when_broken(folder, plan, stops=(1, 13, 20, 21, 39)):
    """A run that is stopped after these updates, and resumed with other numbers of threads, leaves the bytes of one
    that is not."""
    run(folder / "unbroken", plan)
    trainer = dnc.Trainer.start(folder / "broken", plan)
    for stop in stops:
        trainer.run(each=lambda trainer, stop=stop: trainer.stop() if trainer.update == stop else None)
        assert trainer.update == stop
        trainer = dnc.Trainer.resume(folder / "broken", threads=1 + stop % 3)
    trainer.run()
    unbroken, broken = bytes_of(folder / "unbroken"), bytes_of(folder / "broken")
    assert unbroken.keys() == broken.keys()
    for name, found in unbroken.items():
        assert found == broken[name], name


class Explosive:
    """A task whose loss has gradients of any size in some updates."""

    def __init__(self, task, bad, size=np.nan):
        self._task, self._bad, self._size = task, bad, np.float32(size)

    def __getattr__(self, name):
        return getattr(self._task, name)

    def loss(self, outputs):
        value, gradients = self._task.loss(outputs)
        return value, np.full_like(gradients, self._size) if self._task.position in self._bad else gradients
