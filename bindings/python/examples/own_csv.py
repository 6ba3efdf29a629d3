"""Trains a DNC on sequences in a CSV file of one's own.

    pip install ./bindings/python
    python bindings/python/examples/own_csv.py                      # writes an example file, and learns it
    python bindings/python/examples/own_csv.py readings.csv --updates 5000

The file has a header, and a line for every step of every sequence:

    sequence,input_a,input_b,target_sum
    1,0.25,-1.0,
    1,0.5,0.0,0.75

Columns named input... go in, columns named target... should come out; a step whose targets are empty asks for nothing.
Steps with the same sequence number belong together, in the order of the file. A tenth of the sequences is kept back, to
say how well the network does on what it has not seen.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import dnc
import numpy as np
from tqdm import trange


def write_example(path: Path, sequences: int = 600) -> None:
    """Of each sequence, the last step asks for the first value that was marked, and for the sum of the marked ones."""
    random = np.random.default_rng(1)
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["sequence", "input_value", "input_marked", "target_first", "target_sum"])
        for sequence in range(sequences):
            values = random.uniform(-1, 1, size=random.integers(4, 10)).round(3)
            marked = np.zeros(len(values), int)
            marked[random.choice(len(values) - 1, size=2, replace=False)] = 1
            for step, (value, mark) in enumerate(zip(values, marked)):
                answer = [values[marked > 0][0], values[marked > 0].sum().round(3)]
                lines.writerow([sequence, value, mark, *(answer if step == len(values) - 1 else ["", ""])])


def read(path: Path) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """For each sequence inputs [steps, X], targets [steps, Y] and mask [steps]."""
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    if not lines:
        raise SystemExit(f"{path} holds no steps")
    given = [name for name in lines[0] if name.startswith("input")]
    wanted = [name for name in lines[0] if name.startswith("target")]
    if not given or not wanted or "sequence" not in lines[0]:
        raise SystemExit(f"{path} needs a column sequence, and columns input... and target...")
    sequences: dict[str, list[dict[str, str]]] = {}
    for line in lines:
        sequences.setdefault(line["sequence"], []).append(line)
    inputs, targets, masks = [], [], []
    for steps in sequences.values():
        inputs.append(np.array([[float(step[name]) for name in given] for step in steps]))
        targets.append(np.array([[float(step[name] or 0) for name in wanted] for step in steps]))
        masks.append(np.array([float(all(step[name] for name in wanted)) for step in steps]))
    return inputs, targets, masks


def batch(data: tuple[list[np.ndarray], ...], chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    inputs, targets, masks = ([part[index] for index in chosen] for part in data)
    values, mask = dnc.pad(targets, masks)
    return dnc.pad(inputs).values, values, mask


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", help="a CSV file (default: example.csv, which is written)")
    parser.add_argument("--updates", type=int, default=2000, help="(default: 2000)")
    parser.add_argument("--batch", type=int, default=16, help="sequences in an update (default: 16)")
    parser.add_argument("--output", type=Path, default=Path("own.safetensors"), help="(default: own.safetensors)")
    options = parser.parse_args()
    if options.file is None:
        options.file = Path("example.csv")
        write_example(options.file)

    data = read(options.file)
    order = np.random.default_rng(1).permutation(len(data[0]))
    held_back, practice = np.split(order, [max(1, len(order) // 10)])
    net = dnc.DNC(
        data[0][0].shape[1], data[1][0].shape[1], hidden_size=64, read_heads=2, batch_size=options.batch, clip_value=20
    )
    optimizer = dnc.Optimizer(net, "adam", learning_rate=2e-3, max_gradient_norm=10)
    net.training = True
    random = np.random.default_rng(2)
    with trange(options.updates, unit="update") as progress:
        for update in progress:
            inputs, targets, mask = batch(data, random.choice(practice, options.batch))
            net.reset()
            value, gradients = dnc.loss("mean_squared_error", net.forward(inputs), targets, mask)
            net.backward(gradients)
            optimizer.step(net)
            if update % 20 == 0:
                progress.set_postfix_str(f"loss {value:.4f}")

    inputs, targets, mask = batch(data, held_back)
    net.training = False
    net.batch_size = len(held_back)
    value, _ = dnc.loss("mean_squared_error", net.forward(inputs), targets, mask)
    still, _ = dnc.loss("mean_squared_error", np.zeros_like(targets), targets, mask)
    net.save(options.output)
    print(
        f"mean squared error on {len(held_back)} sequences that were kept back: {value:.4f}; answering 0: {still:.4f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
