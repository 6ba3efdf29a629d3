"""Shows a network how to search for shortest paths, in eight stages:

    python curricula/shortest_path.py 1 --output runs/paths-1
    python curricula/shortest_path.py 2 --output runs/paths-2 --start-from runs/paths-1

The graphs are those of the task shortest_path. An episode tells one, and then asks for several paths in it, each with
ten steps of planning and the moves of a teacher who never errs. In planning, the targets show a search:

- "way": the edges of the shortest paths, the last ones first;
- "breadth": breadth first, backwards from the end: the edges that lead to nodes 0, 1, 2, … edges away from it; then
  the edges of the shortest paths, the first ones first;
- "both": the edges into the end, those out of the start, and then the next ones of both, each followed by the edges in
  which the sides meet, on paths of 2, 3, 4 and 5 edges; at last the first and the second edges of the shortest paths.

Where several edges are right, the target is their mean; where none is, the step has no target. The
loss is that of `loss=digits`: nine softmaxes over digits. A stage that was stopped has to be run
again, in another folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dnc
import numpy as np

PLANNING = 10
AVERAGE = "average.safetensors"
LABEL = np.array([100, 10, 1])
SOURCE, DESTINATION = slice(0, 30), slice(60, 90)
BEGINS, ANSWERS = 90, 91


class Stage(NamedTuple):
    nodes: str
    out_degree: str
    path: str
    search: str
    """The targets of planning."""
    weight: float
    """That of a step of planning in the loss; a move's is 1."""
    queries: int
    memory_slots: int
    batch: int
    updates: int
    schedule: str = "constant"
    """Of the learning rate."""


STAGES = [
    Stage("6-12", "1-3", "1-3", "way", 1, queries=4, memory_slots=64, batch=16, updates=5_500),
    Stage("8-20", "1-4", "1-4", "way", 0.7, queries=5, memory_slots=96, batch=8, updates=10_500),
    Stage("15-25", "2-6", "1-5", "breadth", 0.5, queries=5, memory_slots=128, batch=8, updates=4_000),
    Stage("15-28", "2-6", "1-5", "breadth", 0.5, queries=6, memory_slots=160, batch=8, updates=4_500),
    Stage("15-28", "2-6", "1-5", "both", 0.5, queries=6, memory_slots=160, batch=8, updates=4_000),
    Stage("15-28", "2-6", "1-5", "both", 1, queries=6, memory_slots=160, batch=8, updates=3_000),
    Stage("12-28", "1-4", "2-5", "both", 1, queries=7, memory_slots=160, batch=8, updates=10_000),
    Stage("15-28", "2-6", "2-5", "both", 1, queries=6, memory_slots=160, batch=8, updates=16_000, schedule="linear"),
]
NETWORK: dict[str, Any] = dict(
    hidden_size=256, word_size=128, read_heads=4, temporal_links=False, content_masks=True, controller_norm=True,
    interface_norm=True, seed=1,
)  # fmt: skip
LSTM: dict[str, Any] = dict(memory="none", hidden_size=256, controller_norm=True, seed=1)


class Graph:
    """A graph as an episode tells it: its triples [E, 90], one-hot digits."""

    def __init__(self, triples: np.ndarray, longest: int) -> None:
        self.triples = triples
        names = [triples[:, part].reshape(-1, 3, 10).argmax(2) @ LABEL for part in (SOURCE, DESTINATION)]
        ends = np.unique(np.concatenate(names), return_inverse=True)[1]
        self.source, self.destination = np.split(ends, 2)
        nodes = ends.max() + 1
        self.labels = np.zeros((nodes, 30), np.float32)
        self.labels[self.source] = triples[:, SOURCE]
        self.labels[self.destination] = triples[:, DESTINATION]
        self.distance = self._distances(nodes, longest)

    def _distances(self, nodes: int, longest: int) -> np.ndarray:
        """From node to node [nodes, nodes]; longest + 1: farther, or out of reach."""
        edge = np.zeros((nodes, nodes), bool)
        edge[self.source, self.destination] = True
        distance = np.full((nodes, nodes), longest + 1)
        np.fill_diagonal(distance, 0)
        reached = np.eye(nodes, dtype=bool)
        for length in range(1, longest + 1):
            reached = reached @ edge
            distance[reached & (distance > longest)] = length
        return distance

    def pair(self, length: int, random: np.random.Generator) -> tuple[int, int, int]:
        """Two nodes so far apart, or as far below as needed, and their distance."""
        while True:
            starts, ends = np.nonzero(self.distance == length)
            if len(starts):
                k = random.integers(len(starts))
                return int(starts[k]), int(ends[k]), length
            length -= 1

    def search(self, kind: str, start: int, end: int) -> list[np.ndarray]:
        """Which edges are right in each step of planning: lists of [E]."""
        length = self.distance[start, end]
        before, left = self.distance[start][self.source], self.distance[:, end][self.destination]
        shortest = before + 1 + left == length
        if kind == "way":
            return [shortest & (left == i) for i in range(length)]
        if kind == "breadth":
            return [left == i for i in range(length)] + [shortest & (before == i) for i in range(length)]
        # Where edges from the start and edges to the end meet, on ways of 2, 3, 4 and 5 edges.
        meeting = [shortest & (length == i + 2) & (before == (i + 1) // 2) for i in range(4)]
        edges = [left == 0, meeting[0], before == 0, meeting[1], left == 1, meeting[2], before == 1, meeting[3]]
        return edges + [shortest & (before == i) for i in range(2)]


def query(
    graph: Graph, stage: Stage, lengths: tuple[int, int], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs [steps, 92], targets [steps, 90] and mask [steps] from the question to the last move."""
    start, end, length = graph.pair(int(random.integers(lengths[0], lengths[1] + 1)), random)
    answer = 1 + PLANNING
    inputs = np.zeros((answer + length, 92), np.float32)
    targets = np.zeros((answer + length, 90), np.float32)
    mask = np.zeros(answer + length, np.float32)
    inputs[0, SOURCE], inputs[0, DESTINATION] = graph.labels[start], graph.labels[end]
    inputs[[0, 1, answer], BEGINS] = 1
    inputs[answer:, ANSWERS] = 1
    for i, right in enumerate(graph.search(stage.search, start, end)[:PLANNING]):
        if right.any():
            targets[1 + i], mask[1 + i] = graph.triples[right].mean(0), stage.weight
    node, left = start, graph.distance[:, end]
    for t in range(answer, answer + length):
        best = np.flatnonzero((graph.source == node) & (left[graph.destination] == left[node] - 1))
        targets[t], mask[t] = graph.triples[best].mean(0), 1
        edge = best[random.integers(len(best))]
        if t + 1 < answer + length:
            inputs[t + 1, :90] = graph.triples[edge]
        node = int(graph.destination[edge])
    return inputs, targets, mask


def batches(stage: Stage, seed: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Inputs [T, B, 92], targets [T, B, 90] and mask [T, B], without end."""
    task = dnc.Task("shortest_path", seed, nodes=stage.nodes, out_degree=stage.out_degree, path=stage.path)
    random = np.random.default_rng(seed + 2)
    low, high = map(int, stage.path.split("-"))
    while True:
        given = task.sample(stage.batch).inputs
        episodes = []
        for b in range(stage.batch):
            edges = np.flatnonzero(given[:, b, BEGINS])[1]
            graph = Graph(given[:edges, b, :90], high)
            told = given[:edges, b], np.zeros((edges, 90), np.float32), np.zeros(edges, np.float32)
            parts = [told] + [query(graph, stage, (low, high), random) for _ in range(stage.queries)]
            episodes.append([np.concatenate(part) for part in zip(*parts)])
        steps = max(len(mask) for _, _, mask in episodes)
        padded = [np.zeros((steps, stage.batch, *part.shape[1:]), np.float32) for part in episodes[0]]
        for b, episode in enumerate(episodes):
            for whole, part in zip(padded, episode):
                whole[: len(part), b] = part
        yield tuple(padded)


class Average:
    """A moving average of the parameters after every tenth update, over about the last tenth of the updates; from
    update 9,900 on, what was before counts 0.99."""

    def __init__(self) -> None:
        self.updates = 0
        self.values: dict[str, np.ndarray] = {}

    def __call__(self, trainer: dnc.Trainer) -> None:
        self.updates += 1
        if self.updates % 10:
            return
        parameters = trainer.net.parameters
        if not self.values:
            self.values = {name: value.copy() for name, value in parameters.items()}
            return
        kept = min(0.99, self.updates / (self.updates + 100))
        for name, value in parameters.items():
            self.values[name] *= kept
            self.values[name] += (1 - kept) * value


def teach(stage: Stage, net: dnc.DNC, folder: Path) -> None:
    """In the end the network has the average of its parameters."""
    net.batch_size, net.memory_slots = stage.batch, stage.memory_slots
    average = Average()
    dnc.fit(
        net, batches(stage), loss="grouped_softmax_cross_entropy:10", updates=stage.updates, learning_rate=1e-3,
        schedule=stage.schedule, each=average, folder=folder,
    )  # fmt: skip
    for name, value in average.values.items():
        net.parameters[name][:] = value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", type=int, choices=range(1, len(STAGES) + 1))
    parser.add_argument("--output", type=Path, required=True, help="a folder for the log and average.safetensors")
    parser.add_argument("--start-from", type=Path, help="the folder of the stage before; stage 1 has none")
    parser.add_argument("--lstm", action="store_true", help="the network of stage 1 is an LSTM alone")
    parser.add_argument("--updates", type=int, help="instead of the stage's; at least 10")
    parser.add_argument("--threads", type=int, default=1, help="changes no byte")
    given = parser.parse_args()
    stage = STAGES[given.stage - 1]
    if given.updates is not None:
        stage = stage._replace(updates=given.updates)
    if stage.updates < 10:
        parser.error(f"--updates is {stage.updates}, needed are at least 10")
    if (given.start_from is None) != (given.stage == 1):
        parser.error("stage 1 has no --start-from, the others need the folder of the stage before")
    try:
        if given.start_from is None:
            net = dnc.DNC(92, 90, **(LSTM if given.lstm else NETWORK))
        else:
            net = dnc.DNC.load(given.start_from / AVERAGE)
        net.num_threads = given.threads
        teach(stage, net, given.output)
        net.save(given.output / AVERAGE)
    except (dnc.Error, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
