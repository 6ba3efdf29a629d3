"""What the layer of PyTorch costs over the bare library, in time of a training step.

    make bench-layers LAYERS="--workloads A,B,C16 --rounds 9"

Both do the same, forward, loss, backward and Adam, and take turns. The least times of all steps are compared.
"""

import argparse
import time

import dnc.torch
import libdnc
import torch
from common import LEARNING_RATE, Workload, random_data, workloads


class Layer:
    """The workload with dnc.torch.DNC, torch's loss and torch's Adam."""

    def __init__(self, k: Workload, inputs, targets, threads: int) -> None:
        self.layer = dnc.torch.DNC(
            k.X, k.Y, hidden_size=k.H, memory_slots=k.N, word_size=k.W, read_heads=k.R, num_threads=threads
        )
        self.adam = torch.optim.Adam(self.layer.parameters(), lr=LEARNING_RATE)
        self.inputs, self.targets = torch.from_numpy(inputs), torch.from_numpy(targets)

    def step(self) -> None:
        self.adam.zero_grad()
        outputs, _ = self.layer(self.inputs)
        torch.nn.functional.binary_cross_entropy_with_logits(outputs, self.targets).backward()
        self.adam.step()


def milliseconds(step, count: int) -> float:
    """The least of so many steps: other load on the machine interrupts some of them only."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return 1000 * min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workloads", default="A,B,C16", help="names, divided by commas (default: A,B,C16)")
    parser.add_argument("--rounds", type=int, default=9, help="(default: 9)")
    parser.add_argument("--threads", type=int, default=1, help="of the library and of torch (default: 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, {options.threads} threads, the least of {options.rounds} rounds")
    print("| workload | library, ms | layer, ms | more |\n|---|---|---|---|")
    for name in options.workloads.split(","):
        k = workloads()[name]
        data = random_data(k)
        steps = [libdnc.Peer(k, *data, options.threads).step, Layer(k, *data, options.threads).step]
        count = max(1, int(200 / max(milliseconds(step, 2) for step in steps)))  # about 0.2 s
        times = [[milliseconds(step, count) for step in steps] for _ in range(options.rounds)]
        bare, layer = map(min, zip(*times))
        print(f"| {name} | {bare:.3f} | {layer:.3f} | {layer / bare - 1:+.1%} |", flush=True)


if __name__ == "__main__":
    main()
