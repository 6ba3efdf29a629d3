#!/usr/bin/env python3
"""Times the adding up of all gradients between ranks beside a training step, of which it can hide a part at most.

    mpirun -n 2 python benchmarks/allreduce.py [rounds]

Each rank has a whole batch of a workload of benchmarks/common/workloads.c, and one thread. The times are those of the
slowest rank: the least and the median of the rounds. Ranks wait for each other before they add up; that is not counted.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "bindings" / "python"))

import dnc  # noqa: E402
from dnc.ranks import of_this_process  # noqa: E402

# By their names there: sizes and steps.
WORKLOADS = {
    "C16": (dict(input_size=160, output_size=160, hidden_size=256, memory_slots=256, word_size=64, read_heads=4,
                 batch_size=16), 100),
    "D": (dict(input_size=92, output_size=90, hidden_size=256, memory_slots=128, word_size=50, read_heads=5,
               batch_size=2), 200),
}  # fmt: skip


def timed(ranks, work):
    """Milliseconds of the slowest rank, from a time at which all are ready."""
    ranks.most(0)
    began = time.perf_counter()
    work()
    return max(ranks.all_of(1000 * (time.perf_counter() - began)))


def times(ranks, sizes, steps, rounds):
    """Of the steps, and of the adding up: a list each."""
    random = np.random.default_rng(ranks.rank)
    with dnc.DNC(**sizes) as net:
        net.training = True
        inputs = np.float32(random.integers(0, 2, (steps, sizes["batch_size"], sizes["input_size"])))
        optimizer = dnc.Optimizer(net)

        def step():
            net.reset()
            net.backward(net.forward(inputs))
            optimizer.step(net)

        step()
        found = [(timed(ranks, step), timed(ranks, lambda: ranks.add_up(net.flat_gradients))) for _ in range(rounds)]
        return net.flat_gradients.nbytes / 1e6, *zip(*found)


def main():
    ranks = of_this_process()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for name, (sizes, steps) in WORKLOADS.items():
        megabytes, *found = times(ranks, sizes, steps, rounds)
        if ranks.is_first:
            step, adding = (f"{min(one):.2f} ms (median {np.median(one):.2f})" for one in found)
            print(
                f"{name}, {ranks.count} ranks, {megabytes:.1f} MB: a step takes {step}, adding up {adding}", flush=True
            )


if __name__ == "__main__":
    main()
