"""The block puzzle: board and goals are read back from the inputs, and everything is planned again from them."""

import hashlib
import itertools
from ctypes import POINTER, byref
from functools import cache, cached_property
from typing import NamedTuple

import dnc
import numpy as np
import pytest
from support import CHECKOUT, Task, assert_close, assert_equal, c, last_error

CURRICULUM = CHECKOUT / "curricula" / "mini_shrdlu.txt"
DIGEST = "e54e291c09cb95e5c550d0409c3d90d37aef3375feab92c0cad926d549825ceb"
SPARE = 6
PASS = 6
# From which column onto which.
ACTIONS = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
ABOVE, BELOW, LEFT, RIGHT = range(4)
BOARDS = {3: 60, 4: 288, 5: 1440, 6: 7200}

# A board is three columns, each a tuple of blocks from below. Nothing here knows how the library keeps it.


def moved(board, action):
    if action == PASS:
        return board
    source, destination = ACTIONS[action]
    if not board[source] or len(board[destination]) == 3:
        return board
    columns = list(board)
    columns[destination] += columns[source][-1:]
    columns[source] = columns[source][:-1]
    return tuple(columns)


@cache
def neighbours(board):
    return {moved(board, action) for action in range(PASS)} - {board}


@cache
def all_boards(blocks):
    found = []
    for heights in itertools.product(range(4), repeat=3):
        if sum(heights) == blocks:
            for order in itertools.permutations(range(blocks)):
                a, b = heights[0], heights[0] + heights[1]
                found.append((order[:a], order[a:b], order[b:]))
    return found


@cache
def facts(board):
    """All constraints that hold, both ways round."""
    found = set()
    for x, column in enumerate(board):
        for lower, upper in zip(column, column[1:]):
            found |= {(upper, ABOVE, lower), (lower, BELOW, upper)}
        if x < 2:
            for left, right in zip(column, board[x + 1]):
                found |= {(left, LEFT, right), (right, RIGHT, left)}
    return found


def distances(sources):
    """Moves from the nearest of the boards; moves can be taken back, so also to it."""
    found = dict.fromkeys(sources, 0)
    queue = list(found)
    for board in queue:
        for other in neighbours(board):
            if other not in found:
                found[other] = found[board] + 1
                queue.append(other)
    return found


@cache
def distances_to(constraints, blocks):
    """Moves from every board to the nearest on which all of the constraints hold."""
    return distances([board for board in all_boards(blocks) if facts(board).issuperset(constraints)])


def mirrored(constraint):
    first, relation, second = constraint
    return second, relation ^ 1, first


def one_hot(ones, start, end):
    """Which of these channels is 1; None for zeros."""
    found = [channel - start for channel in ones if start <= channel < end]
    assert len(found) <= 1
    return found[0] if found else None


class Step(NamedTuple):
    letter: int | None
    constraint: tuple
    go: bool
    board: tuple


def decoded(row):
    assert row.shape == (97,) and row.dtype == np.float32
    return decoded_bytes(row.tobytes())


@cache
def decoded_bytes(data):
    row = np.frombuffer(data, np.float32)
    ones = np.flatnonzero(row).tolist()
    assert (row[ones] == 1).all(), "every channel is 0 or 1"
    parts = [one_hot(ones, *channels) for channels in ((0, 26), (26, 32), (32, 36), (36, 42))]
    columns = [(), (), ()]
    blocks = []
    for square in range(9):
        block = one_hot(ones, 43 + 6 * square, 49 + 6 * square)
        if block is not None:
            assert block not in blocks, "a block is in one place"
            blocks.append(block)
            x, y = square % 3, square // 3
            assert len(columns[x]) == y, "nothing hangs in the air"
            columns[x] += (block,)
    return Step(parts[0], tuple(parts[1:]), 42 in ones, tuple(columns))


class Episode:
    """One sequence of a batch."""

    def __init__(self, episodes, b):
        inputs, self.targets, self.mask = (part[:, b] for part in episodes)
        used = np.flatnonzero(inputs.any(1))
        assert_equal(used, np.arange(len(used)))
        self.length = len(used)
        assert not self.targets[self.length :].any() and not self.mask[self.length :].any()
        self.steps = [decoded(row) for row in inputs[: self.length]]
        self.go = next(t for t, step in enumerate(self.steps) if step.go)
        self.start = self.steps[0].board
        self.blocks = sum(map(len, self.start))
        self.goals = {}
        for t, step in enumerate(self.steps):
            if t < self.go:
                assert not step.go and step.board == self.start and None not in step.constraint
                if step.letter in self.goals:
                    assert step.letter == self.steps[t - 1].letter, "goals come one after another"
                self.goals.setdefault(step.letter, []).append(step.constraint)
            else:
                assert step.go and step.constraint == (None, None, None)
                assert (step.letter is not None) == (t == self.go)
        self.asked = self.goals[self.steps[self.go].letter]
        self.boards = [step.board for step in self.steps[self.go :]]

    @cached_property
    def distance(self):
        return distances_to(frozenset(self.asked), self.blocks)

    @property
    def shortest(self):
        return self.distance[self.start]

    def best(self, board):
        if self.distance[board] == 0:
            return {PASS}
        return {a for a in range(PASS) if self.distance[moved(board, a)] < self.distance[board]}

    def check_targets(self):
        assert (self.mask[: self.length] == (np.arange(self.length) >= self.go)).all()
        assert not self.targets[: self.go].any()
        for board, target in zip(self.boards, self.targets[self.go :]):
            best = self.best(board)
            expected = np.zeros(7, np.float32)
            expected[list(best)] = np.float32(1) / np.float32(len(best))
            assert_equal(target, expected)

    def satisfied(self, board):
        return sum(constraint in facts(board) for constraint in self.asked) / len(self.asked)

    def scores(self, boards):
        """Of the boards before the first move and after each: satisfied, perfect, success."""
        assert len(boards) == self.shortest + SPARE + 1
        reached = [self.distance[board] == 0 for board in boards]
        perfect = reached[-1] and reached.index(True) == self.shortest
        return np.array([self.satisfied(boards[-1]), perfect, reached[-1]], float)


def sampled(task, batch):
    episodes = task.sample(batch)
    return [Episode(episodes, b) for b in range(batch)]


def played(task, batch, choose):
    """Plays a batch: choose(step, b) gives the action. Returns the episodes, the outputs, and the actions [T, B]."""
    steps = task.draw(batch)
    outputs = np.zeros((steps, batch, 7), np.float32)
    actions = np.full((steps, batch), -1)
    inputs = []
    for t in range(steps):
        inputs.append(task.next(outputs[t - 1] if t else None))
        for b in range(batch):
            if inputs[-1][b].any():
                actions[t, b] = choose(decoded(inputs[-1][b]), b)
                outputs[t, b, actions[t, b]] = 5
    episodes = task.read()
    assert_equal(episodes.inputs, np.array(inputs))
    return [Episode(episodes, b) for b in range(batch)], outputs, actions


def logits(targets):
    return (8 * targets).astype(np.float32)


def test_planner_of_the_test():
    """The numbers of boards, that all can be reached from each other, and how far apart they are."""
    for blocks, count in BOARDS.items():
        boards = all_boards(blocks)
        found = distances(boards[:1])
        assert len(boards) == len(found) == len(set(boards)) == count
    assert max(max(distances([b]).values()) for b in all_boards(6) if b[0] + b[1] + b[2] == (0, 1, 2, 3, 4, 5)) == 19


@pytest.mark.parametrize(
    "goals, blocks, constraints, depth",
    [
        ((1, 1), (3, 3), (1, 1), (1, 1)),
        ((2, 4), (3, 5), (1, 2), (1, 3)),
        ((26, 26), (4, 4), (2, 3), (3, 5)),
        ((5, 6), (6, 6), (3, 4), (2, 4)),
        ((10, 10), (6, 6), (6, 6), (5, 7)),
    ],
)
def test_episodes(goals, blocks, constraints, depth):
    options = {"goals": goals, "blocks": blocks, "constraints": constraints, "depth": depth}
    task = dnc.Task("mini_shrdlu", seed=4, **{key: f"{low}-{high}" for key, (low, high) in options.items()})
    assert (task.input_size, task.output_size, task.loss_kind) == (97, 7, "softmax_cross_entropy")
    assert task.interactive
    for _ in range(2):
        episodes = sampled(task, 6)
        for episode in episodes:
            assert goals[0] <= len(episode.goals) <= goals[1]
            assert blocks[0] <= episode.blocks <= blocks[1]
            assert set(sum(episode.start, ())) == set(range(episode.blocks))
            around = distances([episode.start])
            for goal in episode.goals.values():
                assert constraints[0] <= len(goal) <= constraints[1]
                assert len({frozenset((c, mirrored(c))) for c in goal}) == len(goal), "no constraint comes twice"
                assert not facts(episode.start).intersection(goal), "none is true at the start"
                places = {around[board] for board in around if facts(board).issuperset(goal)}
                assert places.intersection(range(depth[0], depth[1] + 1)), "all hold at a wanted depth"
            assert 1 <= episode.shortest <= depth[1]
            assert episode.length == sum(map(len, episode.goals.values())) + episode.shortest + SPARE
            episode.check_targets()
            # Read without playing, the teacher plays a shortest plan and then passes.
            ahead = [max(episode.shortest - i, 0) for i in range(episode.shortest + SPARE)]
            assert [episode.distance[board] for board in episode.boards] == ahead
        assert len(task.read().inputs) == max(episode.length for episode in episodes)


def test_defaults():
    written = dnc.Task("mini_shrdlu", seed=3, goals="6", blocks="6", constraints="3", depth="3", beta="0.8")
    default = dnc.Task("mini_shrdlu", seed=3)
    for task in (written, default):
        task.play(dnc.DNC(97, 7, batch_size=8, seed=1))
    for a, b in zip(default.read(), written.read()):
        assert_equal(a, b)


def chi_square(counts, expected):
    counts, expected = np.asarray(counts, float), np.asarray(expected, float)
    return ((counts - expected) ** 2 / expected).sum()


def test_random_choices():
    """Numbers, letters, goals asked for, directions: each is uniform."""
    task = dnc.Task("mini_shrdlu", seed=8, goals="2-5", blocks="3-4", constraints="1", depth="1-2")
    counts = {"goals": np.zeros(4), "blocks": np.zeros(2), "letter": np.zeros(26), "vertical": np.zeros(2)}
    counts |= {"horizontal": np.zeros(2), "chosen": np.zeros(3), "block": np.zeros(4), "height": np.zeros(3)}
    total = 0
    for _ in range(10):
        for episode in sampled(task, 160):
            total += 1
            letters = list(episode.goals)
            counts["goals"][len(letters) - 2] += 1
            counts["blocks"][episode.blocks - 3] += 1
            counts["letter"][letters[-1]] += 1
            if len(letters) == 3:
                counts["chosen"][letters.index(episode.steps[episode.go].letter)] += 1
            for [(first, relation, _)] in list(episode.goals.values())[:1]:
                counts["vertical" if relation in (ABOVE, BELOW) else "horizontal"][relation % 2] += 1
                if episode.blocks == 4:
                    counts["block"][first] += 1
            counts["height"] += list(map(len, episode.start))
    assert total == 1600
    limits = {1: 12, 2: 16, 3: 19, 25: 65}
    for name, found in counts.items():
        assert chi_square(found, found.sum() / len(found)) < limits[len(found) - 1], (name, found)


def test_starts():
    """Blocks in random order, each onto a column that is not full, all of these equally likely."""
    task = dnc.Task("mini_shrdlu", seed=5, goals="1", blocks="4", constraints="1", depth="1")
    found = {}
    for episode in sampled(task, 2400):
        heights = tuple(map(len, episode.start))
        found[heights] = found.get(heights, 0) + 1
    expected = {}
    for columns in itertools.product(range(3), repeat=4):
        share, heights = 1.0, [0, 0, 0]
        for column in columns:
            share /= sum(height < 3 for height in heights)
            share *= heights[column] < 3
            heights[column] += 1
        if share:
            expected[tuple(heights)] = expected.get(tuple(heights), 0) + share * 2400
    assert found.keys() == expected.keys() and len(found) == 12
    assert chi_square(list(found.values()), [expected[key] for key in found]) < 35


def test_where_goals_come_from():
    """The board in which a goal holds is any that is so far away, and the goal any part of what is new there."""
    task = dnc.Task("mini_shrdlu", seed=6, goals="1", blocks="4", constraints="1", depth="3")
    found = expected = variance = 0.0
    for episode in sampled(task, 800):
        shares = []
        for board, depth in distances([episode.start]).items():
            new = facts(board) - facts(episode.start)
            if depth == 3 and new:
                shares.append(sum(relation in (ABOVE, BELOW) for _, relation, _ in new) / len(new))
        share = np.mean(shares)
        expected += share
        variance += share * (1 - share)
        found += episode.asked[0][1] in (ABOVE, BELOW)
    assert abs(found - expected) < 4 * variance**0.5, (found, expected)


@pytest.mark.parametrize("lesson", [1, 8, 25])
def test_a_perfect_player(lesson):
    task = dnc.Task.load(CURRICULUM, seed=7)
    task.lesson = lesson
    task.evaluating = True
    rng = np.random.default_rng(lesson)
    task.draw(12)
    drawn = [Episode(task.read(), b) for b in range(12)]
    task.position = 0
    episodes, outputs, actions = played(task, 12, lambda step, b: rng.choice(sorted(drawn[b].best(step.board))))
    for before, episode in zip(drawn, episodes):
        assert before.goals == episode.goals and before.start == episode.start
        episode.check_targets()
        assert [episode.distance[b] for b in episode.boards[: episode.shortest + 1]] == list(
            range(episode.shortest, -1, -1)
        )
    moves = sum(episode.shortest + SPARE for episode in episodes)
    assert_close(task.score(outputs)[:, :2], np.array([[12, 12], [12, 12], [12, 12], [moves, moves]]), 1e-12)


def test_scores():
    """Of players of every kind, against boards worked out from their actions."""
    task = dnc.Task("mini_shrdlu", seed=9, goals="2-3", blocks="3-5", constraints="1-3", depth="1-2")
    task.evaluating = True
    names = ["constraints_satisfied", "perfect", "success", "best_moves"]
    assert [(m.name, m.is_error) for m in task.metrics] == [(name, False) for name in names]
    rng = np.random.default_rng(0)
    seen = np.zeros(3)
    for skill in (0.0, 0.6, 0.9):
        position = task.position
        task.draw(40)
        drawn = [Episode(task.read(), b) for b in range(40)]
        task.position = position

        def choose(step, b, drawn=drawn, skill=skill):
            return rng.choice(sorted(drawn[b].best(step.board))) if rng.random() < skill else rng.integers(7)

        episodes, outputs, actions = played(task, 40, choose)
        expected = np.zeros((4, 2))
        chance = 0.0
        for b, episode in enumerate(episodes):
            episode.check_targets()
            boards = [episode.start]
            best = []
            for i, board in enumerate(episode.boards):
                assert board == boards[-1], "what was chosen was done"
                best.append(episode.best(board))
                boards.append(moved(board, actions[episode.go + i, b]))
            expected[:3, 0] += episode.scores(boards)
            expected[:3, 1] += 1
            taken = [a in good for a, good in zip(actions[episode.go :, b], best)]
            expected[3] += sum(taken), len(taken)
            chance += sum(map(len, best)) / 7
            seen += episode.scores(boards)
        scores = task.score(outputs)
        assert_close(scores[:, :2], expected, 1e-12)
        assert_close(scores[3, 2], chance, 1e-9)
    assert (seen[1:] > 30).all() and seen[2] > seen[1] + 5, "some are perfect, some late"


def test_invalid_moves():
    """A move from an empty column or onto a full one leaves the board as it is."""
    task = dnc.Task("mini_shrdlu", seed=11, goals="1", blocks="5-6", constraints="1", depth="1")
    task.evaluating = True
    found = {"empty": 0, "full": 0}

    def choose(step, b):
        for action, (source, destination) in enumerate(ACTIONS):
            if not step.board[source]:
                found["empty"] += 1
                return action
            if len(step.board[destination]) == 3:
                found["full"] += 1
                return action
        return PASS

    episodes, _, _ = played(task, 60, choose)
    assert min(found.values()) > 20
    for episode in episodes:
        assert set(episode.boards) == {episode.start}


def random_player(task, lesson, episodes, rng):
    """Shares: the goal holds after as many moves as a shortest plan has; satisfied, perfect, success."""
    task.lesson = lesson
    total = np.zeros(4)
    chance = np.zeros((4, 3))
    drawn = task.sample(episodes)
    chance += task.score(logits(drawn.targets))
    for b in range(episodes):
        episode = Episode(drawn, b)
        boards = [episode.start]
        for action in rng.integers(7, size=episode.shortest + SPARE):
            boards.append(moved(boards[-1], action))
        total += [episode.distance[boards[episode.shortest]] == 0, *episode.scores(boards)]
    return total / episodes, chance[:3, 2] / chance[:3, 1]


@pytest.mark.parametrize(
    "options, count, published",
    [((3, 1, 1), 2000, (14.7, 20.7, 20.7)), ((4, 2, 1), 1000, (13.9, 8.1, 16.4)), ((5, 2, 2), 400, (2.7, 4.6, 15.5))],
)
def test_chance(options, count, published):
    """One who moves at random, played here, is as good as the library says, and as others have found."""
    blocks, constraints, depth = options
    task = dnc.Task("mini_shrdlu", seed=12, goals=2, blocks=blocks, constraints=constraints, depth=depth)
    found, chance = random_player(task, 0, count, np.random.default_rng(1))
    solved, satisfied, _, success = found
    tolerance = 4 * (0.2 * 0.8 / count) ** 0.5
    assert (abs(found[1:] - chance) < tolerance).all(), (found, chance)
    assert (abs(np.array([solved, success, satisfied]) - np.array(published) / 100) < 1.5 * tolerance).all(), found


def test_chance_of_a_perfect_plan():
    """Of one who moves at random it is known, in a small world: to be at the goal after the moves of a shortest plan,
    and again after the last one. The library lets 16 players guess in each episode."""
    count = 800
    task = dnc.Task("mini_shrdlu", seed=12, goals=1, blocks=3, constraints=1, depth=1)
    drawn = task.sample(count)
    boards = list(all_boards(3))
    number = {board: i for i, board in enumerate(boards)}
    step = np.zeros((len(boards), len(boards)))
    for board in boards:
        for action in range(PASS + 1):
            step[number[board], number[moved(board, action)]] += 1 / (PASS + 1)
    expected = []
    for b in range(count):
        episode = Episode(drawn, b)
        goal = np.array([episode.distance[board] == 0 for board in boards])
        there = np.eye(len(boards))[number[episode.start]] @ np.linalg.matrix_power(step, episode.shortest) * goal
        expected.append((there @ np.linalg.matrix_power(step, SPARE)) @ goal)
    chance = task.score(logits(drawn.targets))[1, 2] / count
    share = np.mean(expected)
    assert abs(chance - share) < 4 * (share * (1 - share) / (16 * count)) ** 0.5, (chance, share)


# Blocks, constraints, depth; then % of episodes with everything in place at the end, and of the constraints.
@pytest.mark.parametrize(
    "options, success, satisfied",
    [
        ((3, 1, 1), 20.7, 20.7),
        ((4, 2, 1), 8.1, 16.4),
        ((5, 2, 2), 4.6, 15.5),
        ((6, 3, 3), 1.7, 11.9),
        ((6, 4, 4), 0.4, 10.5),
        ((6, 5, 5), 0.1, 10.0),
        ((6, 6, 7), 0.0, 7.5),
    ],
)
def test_published_chance(options, success, satisfied):
    blocks, constraints, depth = options
    task = dnc.Task("mini_shrdlu", seed=15, goals=1, blocks=blocks, constraints=constraints, depth=depth)
    total = np.zeros((4, 3))
    for _ in range(10):
        total += task.score(logits(task.sample(100).targets))
    chance = 100 * total[:, 2] / total[:, 1]
    assert abs(chance[2] - success) < 0.2 + 0.15 * success and abs(chance[0] - satisfied) < 1.5
    assert chance[1] <= chance[2]


def test_loss():
    """−log of the probability that a best move is chosen, with its gradient."""
    task = dnc.Task("mini_shrdlu", seed=6, goals="2", blocks="4", constraints="1", depth="1-3")
    episodes = task.sample(20)
    rng = np.random.default_rng(1)
    outputs = (3 * rng.standard_normal(episodes.targets.shape)).astype(np.float32)
    value, gradients = task.loss(outputs)
    best = episodes.targets > 0
    assert (best.sum(-1) > 1).any() and (best.sum(-1) == 1).any()

    def loss(z):
        p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
        right = np.where(episodes.mask > 0, (p * best).sum(-1), 1)
        return -np.log(right).sum() / episodes.mask.sum()

    z = outputs.astype(float)
    assert_close(value, loss(z), 1e-6)
    for index in rng.choice(np.argwhere(episodes.mask > 0), 30):
        for action in range(7):
            at = (*index, action)
            up, down = z.copy(), z.copy()
            up[at] += 1e-4
            down[at] -= 1e-4
            assert abs((loss(up) - loss(down)) / 2e-4 - gradients[at]) < 1e-6
    assert not gradients[episodes.mask == 0].any()
    # Sure of any of the best moves, whichever: no loss. Sure of another: a great one, and finite.
    sure = np.zeros_like(outputs)
    np.put_along_axis(sure, (rng.random(best.shape) * best).argmax(-1)[..., None], 3e4, -1)
    assert task.loss(sure)[0] < 1e-6
    value, gradients = task.loss(-3e38 * best.astype(np.float32))
    assert value > 1e38 and np.isfinite(value) and np.isfinite(gradients).all()
    # Where all logits are equal it doesn't matter what they are.
    value, gradients = task.loss(np.zeros_like(outputs))
    for size in (1e10, 1e20, 3e38):
        large_value, large_gradients = task.loss(np.full_like(outputs, size))
        assert_close(large_value, value, 1e-12)
        assert_close(large_gradients, gradients, 1e-6)


def teacher_share(beta, evaluating=False):
    """How often another move than the network's was made, where the network always passes."""
    task = dnc.Task("mini_shrdlu", seed=13, goals="2", blocks="5", constraints="3", depth="4", beta=beta)
    task.evaluating = evaluating
    episodes, outputs, _ = played(task, 100, lambda step, b: PASS)
    taught = total = 0
    for episode in episodes:
        for board, after in zip(episode.boards, episode.boards[1:]):
            if episode.distance[board]:
                total += 1
                if after != board:
                    taught += 1
                    assert episode.distance[after] == episode.distance[board] - 1, "the teacher makes a best move"
    return taught / total


def test_the_teacher():
    assert teacher_share(0) == 0 and teacher_share(1) == 1
    assert teacher_share(0.8, evaluating=True) == 0
    assert abs(teacher_share(0.8) - 0.8) < 0.06 and abs(teacher_share(0.3) - 0.3) < 0.06


def test_the_teacher_makes_any_of_the_best_moves():
    task = dnc.Task("mini_shrdlu", seed=13, goals="1", blocks="4", constraints="1", depth="2-3")
    first = np.zeros(2)
    for episode in sampled(task, 500):
        best = sorted(episode.best(episode.start))
        if len(best) == 2:
            first[[moved(episode.start, a) for a in best].index(episode.boards[1])] += 1
    assert first.sum() > 50 and chi_square(first, first.sum() / 2) < 12


def test_fewer_constraints():
    """Where no board offers as many as wanted, a goal has what there is: one move brings at most three neighbours."""
    task = dnc.Task("mini_shrdlu", seed=14, goals="3", blocks="6", constraints="7", depth="1")
    sizes = [len(goal) for episode in sampled(task, 20) for goal in episode.goals.values()]
    assert set(sizes) <= {1, 2, 3}
    far = dnc.Task("mini_shrdlu", seed=14, goals="2", blocks="3", constraints="2", depth="19")
    for episode in sampled(far, 20):
        assert 1 <= episode.shortest <= 7


@pytest.mark.parametrize("lesson", range(26))
def test_every_lesson_draws(lesson):
    task = dnc.Task.load(CURRICULUM, seed=lesson)
    task.lesson = lesson
    task.evaluating = True
    spans = dict(pair.split("=") for pair in task.lessons[lesson].options.split(","))
    goals, blocks, constraints, depth = (
        tuple(map(int, spans[key].split("-"))) for key in ("goals", "blocks", "constraints", "depth")
    )
    for episode in sampled(task, 4):
        episode.check_targets()
        assert goals[0] <= len(episode.goals) <= goals[1] and blocks[0] <= episode.blocks <= blocks[1]
        assert all(constraints[0] <= len(goal) <= constraints[1] for goal in episode.goals.values())
        assert 1 <= episode.shortest <= depth[1]


def test_curriculum():
    task = dnc.Task.load(CURRICULUM)
    lessons = task.lessons
    assert len(lessons) == 26
    for index, options in {
        0: "goals=2-2,blocks=3-3,constraints=1-1,depth=1-1",
        6: "goals=5-5,blocks=6-6,constraints=2-3,depth=2-3",
        13: "goals=8-9,blocks=6-6,constraints=4-5,depth=4-4",
        16: "goals=10-10,blocks=6-6,constraints=5-5,depth=5-5",
        25: "goals=10-10,blocks=6-6,constraints=1-6,depth=1-7",
    }.items():
        assert lessons[index].options == options
    for lesson in lessons[:-1]:
        assert lesson[1:] == (0, 0.85, 0.1, 400, 160)
    assert lessons[-1].pass_score == 1


REFUSED = ["goals=0", "goals=27", "goals=3-2", "blocks=2", "blocks=3-7", "blocks=", "constraints=0", "constraints=1-8"]


@pytest.mark.parametrize("options", [*REFUSED, "depth=0", "depth=20", "depth=a", "beta=1.1", "beta=x", "nodes=3"])
def test_refusals(options):
    handle = POINTER(c.dnc_task)()
    assert c.dnc_task_create(b"mini_shrdlu", options.encode(), 0, byref(handle)) == c.DNC_INVALID_ARGUMENT
    assert not handle
    message = last_error()
    assert options.split("=")[0] in message and "allowed" in message
    assert options.split("=")[1] in message or "unknown" in message


def test_batches():
    """The same seed gives the same episodes, from any place on; and the same teacher."""
    one, two = dnc.Task("mini_shrdlu", seed=2), dnc.Task("mini_shrdlu", seed=2)
    first, second = one.sample(5), one.sample(5)
    two.position = 1
    for a, b in zip(two.sample(5), second):
        assert_equal(a, b)
    two.position = 0
    for a, b in zip(two.sample(5), first):
        assert_equal(a, b)
    assert first.inputs.tobytes() != dnc.Task("mini_shrdlu", seed=3).sample(5).inputs.tobytes()


def test_this_version():
    """The same on every machine, and from version to version: these bytes may never change."""
    result = hashlib.sha256()
    for options in (None, "goals=1-26,blocks=3-6,constraints=1-7,depth=1-19"):
        for part in Task("mini_shrdlu", options, seed=2016).sample(20):
            result.update((part > 0).astype(np.uint8).tobytes())
    assert result.hexdigest() == DIGEST
