"""Writes the seeds of the fuzz targets that are not written by hand: checkpoints of tiny networks.

    DNC_LIBRARY=build/libdnc.so build/venv/bin/python Tests/fuzz/seeds.py

The targets describe their input; `make fuzz` finds the rest from here.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ.setdefault("DNC_LIBRARY", str(HERE.parents[1] / "build" / "libdnc.so"))
sys.path[:0] = [str(HERE.parent / "interface"), str(HERE.parents[1] / "bindings" / "python")]

from support import ALGORITHMS, Net, Optimizer, c  # noqa: E402

TINY = dict(
    input_size=1, output_size=1, hidden_size=1, memory_slots=2, word_size=1, read_heads=1, write_heads=1, batch_size=1
)
NETWORKS = {
    "lstm": {},
    "feedforward": dict(controller=c.DNC_CONTROLLER_FEEDFORWARD, activation=c.DNC_ACTIVATION_RELU, num_layers=2),
    "learned": dict(initial_state=c.DNC_INITIAL_LEARNED, num_layers=2, seed=2**64 - 1, clip_value=0.1),
    "heads": dict(
        read_heads=2, write_heads=2, memory_slots=3, word_size=2, batch_size=2, max_record_bytes=2**63,
        usage_gradient=c.DNC_USAGE_GRADIENT_STOPPED, num_threads=2,
    ),
    "constant": dict(initial_state=c.DNC_INITIAL_CONSTANT, initial_value=0.3, input_size=2, output_size=3),
}  # fmt: skip


def main():
    folder = HERE / "corpus" / "checkpoint"
    folder.mkdir(parents=True, exist_ok=True)
    for name, fields in NETWORKS.items():
        net = Net(**{**TINY, **fields})
        net.save(folder / name)
    for name, algorithm in ALGORITHMS.items():
        net = Net(**TINY)
        optimizer = Optimizer(net, algorithm=algorithm)
        net.train().step(net.inputs(1)[0])
        net.backward(net.output_gradients(1))
        optimizer.step(net)
        net.save(folder / name, optimizer)


if __name__ == "__main__":
    main()
