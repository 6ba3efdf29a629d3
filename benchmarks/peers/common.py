"""What all implementations share: the workloads, and the layout of the parameters.

The workloads are read from the table in ../common/workloads.c, so that both programs time the same things.
docs/model.md has the equations; the letters are those of include/dnc.h, with one LSTM layer and one write head
throughout.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

EPSILON = 1e-6  # of the norms, the cosine and the usage
ORDER_STEPS = 2.0**16  # the free list is ordered by the usage rounded to this fraction
PARAMETERS = ("Wx", "Wrh", "b", "Wi", "bi", "Wy", "Wr", "by")  # from_libdnc has their shapes
LEARNING_RATE, BETA1, BETA2, ADAM_EPSILON = 1e-3, 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Workload:
    name: str
    what: str
    X: int
    Y: int
    H: int
    N: int
    W: int
    R: int
    B: int
    T: int
    training: bool


def workloads() -> dict[str, Workload]:
    """The rows of the table in common/workloads.c, by name, but for stories, which have another loss, and variants."""
    source = (Path(__file__).resolve().parents[1] / "common" / "workloads.c").read_text()
    table = re.search(r"workloads\[\] = \{\n(.*?)\n\};", source, re.DOTALL)
    rows = re.findall(r'\{"(\w+)", "([^"]+)", ([\d, ]+), (\w+)\}', table.group(1)) if table else []
    if not table or len(rows) != table.group(1).count("{"):
        raise SystemExit("the table of workloads in common/workloads.c does not look as expected")
    found = {}
    for name, what, numbers, variants in rows:
        *sizes, training = (int(number) for number in numbers.split(","))
        if variants == "0" and not name.startswith("S"):
            found[name] = Workload(name, what, *sizes, bool(training))
    return found


def random_data(k: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [T, B, X] uniform in +-0.5 and targets [T, B, Y] of 0 and 1, as in bench.c."""
    numbers = np.random.default_rng(1)
    inputs = numbers.random((k.T, k.B, k.X), np.float32) - np.float32(0.5)
    return inputs, numbers.integers(0, 2, (k.T, k.B, k.Y)).astype(np.float32)


def interface_widths(k: Workload) -> list[int]:
    """Read keys, read strengths, write key, write strength, erase and write vector, free gates, allocation gate,
    write gate, read modes."""
    return [k.R * k.W, k.R, k.W, 1, k.W, k.W, k.R, 1, 1, 3 * k.R]


def _gates(matrix: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    parts = np.split(matrix, 4)
    return np.concatenate([parts[index] for index in order])


def from_libdnc(k: Workload, named: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """libdnc's parameters (or gradients) as the peers hold them: [in, out], cut by what they multiply, and the gates in
    the order i, f, o, g, so that the three with a sigmoid lie side by side.

    Wx [X, 4H], Wrh [RW + H, 4H], b [4H], Wi [H, I], bi [I], Wy [H, Y], Wr [RW, Y], by [Y].
    """
    ih, hh, b = (_gates(named[f"controller.0.{part}"], (0, 1, 3, 2)) for part in ("weight_ih", "weight_hh", "bias"))
    output = named["output.weight"].T
    arrays = {
        "Wx": ih[:, : k.X].T,
        "Wrh": np.concatenate([ih[:, k.X :].T, hh.T]),
        "b": b,
        "Wi": named["interface.weight"].T,
        "bi": named["interface.bias"],
        "Wy": output[: k.H],
        "Wr": output[k.H :],
        "by": named["output.bias"],
    }
    return {name: np.array(value, np.float32, order="C") for name, value in arrays.items()}
