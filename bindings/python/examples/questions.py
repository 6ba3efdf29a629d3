"""Trains a model of PyTorch, embedding -> DNC -> head, on questions in a text file.

    pip install "./bindings/python[torch]"
    python bindings/python/examples/questions.py                   # writes an example file, and learns it
    python bindings/python/examples/questions.py mine.txt --updates 3000

A line is a story, with an answer after each question mark:

    mary went to the kitchen . john went to the garden . where is mary ? kitchen

A tenth of the lines is kept back, to say how well the model answers what it has not seen.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

import dnc.torch
import torch
from torch import Tensor, nn

Story = tuple[list[str], dict[int, str]]  # the words, and the answers by the place of their question mark


def write_example(path: Path, stories: int = 2000) -> None:
    """Three people walk between four places; who is asked for was not always the last to walk."""
    draw = random.Random(1)
    with path.open("w") as file:
        for _ in range(stories):
            places: dict[str, str] = {}
            for _ in range(draw.randint(2, 4)):
                person, place = (
                    draw.choice(["mary", "john", "anna"]),
                    draw.choice(["kitchen", "garden", "attic", "hall"]),
                )
                places[person] = place
                file.write(f"{person} went to the {place} . ")
            person = draw.choice(sorted(places))
            file.write(f"where is {person} ? {places[person]}\n")


def read(path: Path) -> list[Story]:
    stories = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words: list[str] = []
        answers: dict[int, str] = {}
        for word in line.split():
            if words and words[-1] == "?" and len(words) - 1 not in answers:
                answers[len(words) - 1] = word
            else:
                words.append(word)
        if words and not answers:
            raise ValueError(f"{path}, line {number} has no answer after a question mark")
        if words:
            stories.append((words, answers))
    if len(stories) < 2:
        raise ValueError(f"{path} holds {len(stories)} stories, needed are at least 2: one is kept back")
    return stories


class Model(nn.Module):
    def __init__(self, vocabulary: list[str], width: int = 16) -> None:
        super().__init__()
        self.numbers = {word: number for number, word in enumerate(vocabulary)}
        self.embedding = nn.Embedding(len(vocabulary), width)
        self.memory = dnc.torch.DNC(
            width,
            32,
            hidden_size=64,
            memory_slots=8,
            word_size=16,
            read_heads=2,
            clip_value=20,
            input_scale=1,
            temporal_links=False,
            controller_norm=True,
            interface_norm=True,
        )
        self.head = nn.Linear(32, len(vocabulary))

    def forward(self, stories: list[Story]) -> tuple[Tensor, Tensor]:
        """For every question of the stories the logits of its answer [Q, words], and the answer [Q]."""
        lengths = torch.tensor([len(words) for words, _ in stories])
        rows = [torch.tensor([self.numbers[word] for word in words]) for words, _ in stories]
        padded = nn.utils.rnn.pad_sequence(rows)  # [T, B]
        places = [(t, b, self.numbers[word]) for b, (_, answers) in enumerate(stories) for t, word in answers.items()]
        steps, which, answers = torch.tensor(places).T
        outputs, _ = self.memory(self.embedding(padded), lengths=lengths)
        return self.head(outputs[steps, which]), answers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", help="a text file (default: questions.txt, which is written)")
    parser.add_argument("--updates", type=int, default=1200, help="(default: 1200)")
    parser.add_argument("--batch", type=int, default=32, help="stories in an update (default: 32)")
    parser.add_argument("--output", type=Path, default=Path("questions.pt"), help="(default: questions.pt)")
    options = parser.parse_args()
    if options.file is None:
        options.file = Path("questions.txt")
        write_example(options.file)
    try:
        stories = read(options.file)
    except (OSError, ValueError) as refused:
        print(f"error: {refused}", file=sys.stderr)
        return 1

    torch.manual_seed(1)
    draw = random.Random(1)
    draw.shuffle(stories)
    held_back, practice = stories[: -(-len(stories) // 10)], stories[-(-len(stories) // 10) :]
    words = {word for story, answers in stories for word in (*story, *answers.values())}
    model = Model(sorted(words))
    practice.sort(key=lambda story: len(story[0]))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for update in range(1, options.updates + 1):
        # Stories of one length take one call of the library, so a batch is of about one length.
        first = draw.randrange(max(1, len(practice) - options.batch + 1))
        batch = practice[first : first + options.batch]
        logits, answers = model(batch)
        loss = nn.functional.cross_entropy(logits, answers)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        if update % 100 == 0:
            print(f"update {update}: loss {loss.item():.3f}", flush=True)
    torch.save(model.state_dict(), options.output)
    with torch.no_grad():
        logits, answers = model(held_back)
    right = (logits.argmax(1) == answers).float().mean().item()
    print(f"{right:.1%} of {len(answers)} questions that were kept back are answered right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
