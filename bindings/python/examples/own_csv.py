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
import math
import sys
from pathlib import Path

import dnc
import numpy as np


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


class WrongFile(ValueError):
    """A sentence about the file."""


def read(path: Path) -> dnc.Dataset:
    """For each sequence inputs [steps, X], targets [steps, Y] and mask [steps]."""
    sequences: dict[str, list[tuple[list[float], list[float], float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # Excel begins a file with a byte order mark
            lines = csv.DictReader(file, strict=True)
            names = lines.fieldnames or []
            given = [name for name in names if name.startswith("input")]
            wanted = [name for name in names if name.startswith("target")]
            if not given or not wanted or "sequence" not in names:
                raise WrongFile(f"{path} needs a header with a column sequence, and columns input... and target...")
            for line in lines:
                where = f"{path}, line {lines.line_num}"
                if None in line or None in line.values():
                    raise WrongFile(f"{where} has not as many cells as the header, which has {len(names)}")
                inputs = [number(line[name], f"{where}, {name}") for name in given]
                asked = [name for name in wanted if line[name].strip()]
                if asked and asked != wanted:
                    raise WrongFile(f"{where}: some targets are empty, needed are all or none")
                targets = [number(line[name], f"{where}, {name}") if asked else 0.0 for name in wanted]
                sequences.setdefault(line["sequence"], []).append((inputs, targets, float(bool(asked))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise WrongFile(f"{path} is not a CSV file: {error}") from None
    if len(sequences) < 2:
        raise WrongFile(f"{path} holds {len(sequences)} sequences, needed are at least 2: one is kept back")
    parts = [[[step[part] for step in steps] for steps in sequences.values()] for part in range(3)]
    if not any(map(any, parts[2])):
        raise WrongFile(f"{path} asks for nothing: all targets are empty")
    return dnc.Dataset(parts[0], parts[1], mask=parts[2])


def number(cell: str, where: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise WrongFile(f"{where}: {'the cell is empty' if not cell.strip() else repr(cell)}, needed is a number")
    return value


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
    try:
        practice, held_back = read(options.file).split(0.1, seed=1)
        net = dnc.DNC(
            practice.input_size, practice.output_size, hidden_size=64, read_heads=2, batch_size=options.batch,
            clip_value=20,
        )  # fmt: skip
        dnc.fit(net, practice, updates=options.updates, learning_rate=2e-3, progress=True)
        net.save(options.output)
    except (OSError, ValueError) as refused:
        print(f"error: {refused}", file=sys.stderr)
        return 1
    error = dnc.evaluate(net, dnc.DataTask(held_back))["loss"]
    kept = f"mean squared error on {len(held_back)} sequences that were kept back"
    print(f"{kept}: {error.value:.4f}; answering 0: {error.chance:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
