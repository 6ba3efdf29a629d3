"""Words of bAbI that are trained a second: stories side by side as one-hot rows, the same as tokens, and packed rows.

    make bench-words FOLDER=tasks_1-20_v1-2/en-10k WORDS="--batches 1 16 --threads 1 2"

An update draws a batch, runs it, and makes the loss, its gradients and a step of Adam. Words are those of
the stories, not what fills up the shorter ones. The ways take turns with some updates each, and of every way the best
turn counts: of one thread by processor time, of two by the clock.
"""

import argparse
import math
import statistics
import time

import dnc

WAYS = {"rows": {"row_steps": 0}, "tokens": {"row_steps": 0}, "packed": {"row_steps": 512}}
SIZES = {"hidden_size": 256, "memory_slots": 128, "word_size": 32, "read_heads": 4}


class Training:
    """A network that learns in one of the ways."""

    def __init__(self, way: str, folder: str, batch: int, threads: int) -> None:
        self.is_one_hot = way == "rows"
        self.clock = time.process_time if threads == 1 else time.perf_counter
        self.task = dnc.Task("babi", seed=1, folder=folder, **WAYS[way])
        sizes = (self.task.input_size, self.task.output_size)
        self.net = dnc.DNC(*sizes, batch_size=batch, num_threads=threads, **SIZES)
        self.net.training = True
        self.optimizer = dnc.Optimizer(self.net)
        self.speeds: list[float] = []

    def update(self) -> int:
        """Returns the number of words."""
        if self.is_one_hot:
            self.task.draw(self.net.batch_size)
            self.net.reset()
            outputs = self.net.forward(self.task.read().inputs)
        else:
            outputs = self.task.play(self.net)
        _, gradients = self.task.loss(outputs)
        self.net.backward(gradients)
        self.optimizer.step(self.net)
        return int((self.task.read_tokens().tokens >= 0).sum())

    def turn(self, least_words: int) -> None:
        words, start = 0, self.clock()
        while words < least_words:
            words += self.update()
        self.speeds.append(words / (self.clock() - start))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="with the files qa1_*_train.txt and so on")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 16])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument(
        "--words", type=int, default=3000, help="the least of a turn, for each sequence of a batch up to 4"
    )
    given = parser.parse_args()
    print(f"| batch | threads | {' | '.join(f'{way}, words a second' for way in WAYS)} | packed / rows |")
    print("|---" * (len(WAYS) + 3) + "|")
    for batch in given.batches:
        for threads in given.threads:
            ways = [Training(way, given.folder, batch, threads) for way in WAYS]
            for _ in range(given.turns + 1):
                for way in ways:
                    way.turn(given.words * min(batch, 4))
            turns = [way.speeds[1:] for way in ways]
            cells = " | ".join(str(math.floor(statistics.median(speeds))) for speeds in turns)
            ratio = statistics.median(packed / rows for rows, packed in zip(turns[0], turns[-1]))
            print(f"| {batch} | {threads} | {cells} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
