#!/usr/bin/env python3
"""Prints the table of docs/distributed.md: what is left of the time of a step when gradients are sent, by network.

    PYTHONPATH=bindings/python python3 tools/make_scaling_table.py

The time of a step is that of docs/performance.md, one thread a process. A ring of n processes sends each 2 (n-1)/n of
the gradients and waits 2 (n-1) times for the next message. It is no measurement.
"""

import re
from pathlib import Path

import dnc

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
# By the names of benchmarks/common/workloads.c: what the table calls them, and their sizes.
WORKLOADS = {
    "C16": ("bAbI, 16 stories a process", dict(input_size=160, output_size=160, hidden_size=256, memory_slots=256,
                                               word_size=64, read_heads=4)),
    "D": ("graph, 2 episodes a process", dict(input_size=92, output_size=90, hidden_size=256, memory_slots=128,
                                              word_size=50, read_heads=5)),
}  # fmt: skip
# Bytes a second, and seconds from a process to the next.
NETWORKS = {"10 Gbit/s Ethernet": (1.25e9, 30e-6), "100 Gbit/s InfiniBand": (12.5e9, 2e-6)}
RANKS = [2, 4, 16, 64, 256]


def step_seconds(name):
    """The first number after the two cells with the workload's name and description."""
    return float(re.search(rf"^\| {name} \|[^|]*\| *([\d.]+) \|", PAGE.read_text(), re.MULTILINE)[1]) / 1000


def share_of_time(step, size, ranks, bandwidth, latency):
    """What is left for the step itself."""
    sending = 2 * (ranks - 1) * (size / ranks / bandwidth + latency)
    return step / (step + sending)


def table():
    lines = ["| | MB a step | time of a step | network | " + " | ".join(f"{n} ranks" for n in RANKS) + " |"]
    lines.append("|---|---|---|---|" + "---|" * len(RANKS))
    for name, (title, sizes) in WORKLOADS.items():
        with dnc.DNC(**sizes) as net:
            size = 4 * net.parameter_count
        step = step_seconds(name)
        for network, numbers in NETWORKS.items():
            shares = [f"{100 * share_of_time(step, size, n, *numbers):.0f} %" for n in RANKS]
            cells = [title, f"{size / 1e6:.1f}", f"{1000 * step:.0f} ms", network, *shares]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
