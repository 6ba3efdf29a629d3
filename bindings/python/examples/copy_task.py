"""Trains a small DNC to repeat sequences of bits, and draws what it does.

    pip install ./bindings/python
    python bindings/python/examples/copy_task.py --output copy

Trains until the bit error on 1,000 fresh episodes is below 0.1 %, then writes into the output folder the longest
episode (input.png, target.png, prediction.png, logits.png), how the network solved it (episode.png, film.png),
and the network itself (copy.safetensors).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import dnc
import numpy as np
from tqdm import tqdm

GOAL = 0.001
FRESH_EPISODES = 1000
PROMISING = 0.05  # the loss below which a test is worth its time


def bit_error(net: dnc.DNC, exam: dnc.Task) -> float:
    """The share of wrong bits in fresh episodes."""
    return dnc.evaluate(net, exam, FRESH_EPISODES, batch=100)["bit_error"].value


def train(net: dnc.DNC, optimizer: dnc.Optimizer, practice: dnc.Task, exam: dnc.Task, iterations: int) -> None:
    """Trains until the goal is reached, at most for so many iterations."""
    loss = 1.0  # a moving average
    net.training = True
    with tqdm(range(1, iterations + 1), unit="batch") as progress:
        for iteration in progress:
            value, gradients = practice.loss(practice.play(net))
            net.backward(gradients)
            optimizer.step(net)

            loss += 0.05 * (value - loss)
            if iteration % 20 == 0:
                progress.set_postfix_str(f"loss {loss:.4f}")
            if iteration % 100 == 0 and loss < PROMISING and bit_error(net, exam) < GOAL:
                return


def draw(net: dnc.DNC, folder: Path, seed: int) -> None:
    """Pictures of one episode of the greatest length."""
    inputs, targets, mask = dnc.Task("copy", seed, min_length=8).sample(1)
    with net.clone(share_parameters=True) as copy:
        copy.batch_size = 1
        copy.training = True
        outputs = copy.forward(inputs)
        dnc.figures.episode(copy, inputs, targets, outputs, mask, sort_slots=True, title="Copy task").save(
            folder / "episode.png"
        )
        dnc.figures.film(copy, sort_slots=True, used_slots=True, title="Copy task").save(folder / "film.png")
    prediction = 1 / (1 + np.exp(-outputs))
    for name, values in {"input": inputs, "target": targets, "prediction": prediction, "logits": outputs}.items():
        look = {"colormap": "diverging"} if name == "logits" else {"minimum": 0, "maximum": 1}
        labels = {"title": name.capitalize(), "row_label": "channel", "column_label": "time step"}
        dnc.figures.heatmap(values[:, 0].T, **look, **labels).save(folder / f"{name}.png")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="of the parameters and the episodes (default: 1)")
    parser.add_argument("--iterations", type=int, default=20_000, help="at most (default: 20000)")
    parser.add_argument("--batch", type=int, default=16, help="episodes in a batch (default: 16)")
    parser.add_argument("--output", type=Path, default=Path("copy"), help="folder for the results (default: copy)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    practice, exam = dnc.Task("copy", options.seed), dnc.Task("copy", options.seed + 1)
    net = dnc.DNC(
        practice.input_size,
        practice.output_size,
        hidden_size=64,
        memory_slots=32,
        word_size=16,
        read_heads=2,
        batch_size=options.batch,
        seed=options.seed,
    )
    optimizer = dnc.Optimizer(net, "adam", learning_rate=3e-3, max_gradient_norm=10)
    try:
        train(net, optimizer, practice, exam, options.iterations)
    except KeyboardInterrupt:
        print("stopped: what is learned so far is kept")

    net.save(options.output / "copy.safetensors", optimizer)
    draw(net, options.output, options.seed + 2)
    error = bit_error(net, exam)
    print(f"{optimizer.step_count:,} iterations, bit error on {FRESH_EPISODES:,} fresh episodes {error:.3%}")
    return 0 if error < GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
