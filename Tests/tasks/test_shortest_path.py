"""Shortest paths: graphs are read back from what the network is told, and every move is worked out again."""

from collections import Counter

import dnc
import numpy as np
import pytest
from support import assert_close, assert_equal
from test_graphs import BLANK, COMMON, CURRICULA, LOSS, Phases, channels, chi_square, digest, refused, span, triple

DIGEST = "73e7ed4ae1cced61991afb65cc8de46c10c681335f559d0beaea01e7d49a6529"
METRICS = [("nearly_shortest", False), ("shortest", False), ("extra_moves", True), ("moves_right", False)]
SPARE = 5


class Path(Phases):
    """One episode of which only the graph and the question are looked at."""

    def __init__(self, episodes, b, planning=10):
        super().__init__(episodes, b)
        self.query = len(self.description)
        self.start, blank, self.end = triple(self.inputs[self.query])
        assert blank == BLANK and self.start != self.end
        self.answer = self.query + 1 + planning
        assert list(self.begins) == sorted({0, self.query, self.query + 1, self.answer})
        assert not self.inputs[self.query + 1 : self.answer, :90].any()
        assert not self.mask[: self.answer].any() and not self.inputs[: self.answer, 91].any()
        self.left = self.distances_left()
        self.length = self.left[self.start]
        self.limit = self.length + SPARE

    def distances_left(self):
        """To the end, from each node: breadth first along edges backwards; None if out of reach."""
        found, queue = {self.end: 0}, [self.end]
        into = {}
        for source, _, destination in self.description:
            into.setdefault(destination, []).append(source)
        for node in queue:
            for other in into.get(node, []):
                if other not in found:
                    found[other] = found[node] + 1
                    queue.append(other)
        return {node: found.get(node) for node in self.graph.nodes}

    def edges(self, node):
        return [(node, edge, end) for edge, end in self.graph.out.get(node, {}).items()]

    def shortest(self, node):
        return [t for t in self.edges(node) if self.left[t[2]] is not None and self.left[t[2]] + 1 == self.left[node]]

    def is_open(self, node):
        return self.left[node] not in (None, 0)

    @property
    def moves(self):
        """The nodes where a move begins, and the triples taken that an input tells of."""
        active = int(self.mask[self.answer :].sum())
        taken = [triple(row) for row in self.inputs[self.answer + 1 : self.answer + active]]
        return [self.start] + [t[2] for t in taken], taken

    def check(self):
        """What holds for whatever moves were made."""
        nodes, taken = self.moves
        for node, move, goal in zip(nodes, taken, nodes[1:]):
            assert move in self.edges(node) and move[2] == goal
            assert self.is_open(node)
        end = self.answer + len(nodes)
        during = np.zeros(len(self.mask), np.float32)
        during[self.answer : end] = 1
        assert_equal(self.mask, during)
        assert_equal(self.inputs[:, 91], during)
        assert not self.inputs[self.answer, :90].any() and not self.inputs[end:].any()
        assert not self.targets[: self.answer].any() and not self.targets[end:].any()
        best = {}
        for node, row in zip(nodes, self.targets[self.answer : end]):
            assert triple(row) in self.shortest(node)
            assert best.setdefault(node, triple(row)) == triple(row), "the same whenever the node is passed"


def network_choice(path, node, output):
    """The likeliest edge, from softmaxes over digits multiplied over all nine."""
    z = output.astype(float).reshape(9, 10)
    log_p = (z - np.log(np.exp(z).sum(-1, keepdims=True))).ravel()
    edges = path.edges(node)
    scores = [channels(*t) @ log_p for t in edges]
    return edges[int(np.argmax(scores))], np.array(scores), edges


def play(task, batch, seed, outputs=None):
    """Random outputs unless given: (outputs, episodes)."""
    steps = task.draw(batch)
    if outputs is None:
        outputs = np.random.default_rng(seed).standard_normal((steps, batch, 90)).astype(np.float32)
    for t in range(steps):
        task.next(outputs[t - 1] if t else None)
    return outputs, task.read()


def follow(path, outputs, b):
    """Where an undisturbed network goes: (nodes at which it chose, last node)."""
    node, nodes = path.start, []
    while path.is_open(node) and len(nodes) < path.limit:
        nodes.append(node)
        node = network_choice(path, node, outputs[path.answer + len(nodes) - 1, b])[0][2]
    return nodes, node


GRAPHS = [((10, 20), (2, 4), (2, 4)), ((5, 10), (1, 2), (2, 2)), ((2, 2), (1, 1), (1, 1)), ((30, 40), (1, 3), (1, 8))]


def options(nodes, degree, path):
    return dict(nodes=span(nodes), out_degree=span(degree), path=span(path))


@pytest.mark.parametrize("nodes, degree, path", GRAPHS)
@pytest.mark.parametrize("planning", [10, 0])
def test_the_teacher(nodes, degree, path, planning):
    """Read without playing, every move is a best one."""
    task = dnc.Task("shortest_path", seed=4, planning=planning, **options(nodes, degree, path))
    assert (task.input_size, task.output_size, task.loss_kind) == LOSS
    assert task.interactive and [tuple(m) for m in task.metrics] == METRICS
    for evaluating in (False, True):
        task.evaluating = evaluating
        episodes = task.sample(16)
        paths = [Path(episodes, b, planning) for b in range(16)]
        for p in paths:
            p.check()
            assert nodes[0] <= len(p.graph.nodes) <= nodes[1]
            assert path[0] <= p.length <= path[1]
            visited, taken = p.moves
            assert len(visited) == p.length
            assert [channels(*t).tobytes() for t in taken] == [
                row.tobytes() for row in p.targets[p.answer : p.answer + p.length - 1]
            ]
        assert len(episodes.inputs) == max(p.answer + p.limit for p in paths)
        scores = task.score(60 * episodes.targets)
        assert_equal(scores[:, :2], np.array([[16.0, 16], [16, 16], [0, 16], [sum(p.length for p in paths)] * 2]))


@pytest.mark.parametrize("nodes, degree, path", GRAPHS)
def test_alone(nodes, degree, path):
    """Evaluating, a network goes where its outputs say, and is judged by that; the teacher never interferes."""
    task = dnc.Task("shortest_path", seed=5, beta=1, **options(nodes, degree, path))
    task.evaluating = True
    ends = Counter()
    for seed in range(6):
        outputs, episodes = play(task, 16, seed)
        sums, counts = np.zeros(4), np.array([16.0, 16, 16, 0])
        for b in range(16):
            p = Path(episodes, b)
            p.check()
            visited, last = follow(p, outputs, b)
            assert p.moves[0] == visited
            extra = len(visited) - p.length if last == p.end else SPARE + 1
            ends["arrived" if last == p.end else "lost" if p.left[last] is None else "late"] += 1
            right = [network_choice(p, n, outputs[p.answer + i, b])[0] in p.shortest(n) for i, n in enumerate(visited)]
            sums += [extra <= 1, extra == 0, extra, sum(right)]
            counts[3] += len(visited)
        scores = task.score(outputs)
        assert_equal(scores[:, :2], np.stack([sums, counts], 1))
        assert_equal(task.score(outputs), scores, "judging changes nothing")
    if path == (2, 4):
        assert min(ends["arrived"], ends["lost"], ends["late"]) > 0, ends


def test_a_perfect_player():
    task = dnc.Task("shortest_path", seed=6)
    task.evaluating = True
    for _ in range(3):
        steps = task.draw(8)
        inputs = np.zeros((steps, 8, 92), np.float32)
        outputs = np.zeros((steps, 8, 90), np.float32)
        paths = [None] * 8
        for t in range(steps):
            inputs[t] = task.next(outputs[t - 1] if t else None)
            for b in range(8):
                given = inputs[t, b]
                if not given[91]:
                    continue
                if given[90]:
                    blank = np.zeros((t + 1, 8, 90), np.float32), np.zeros((t + 1, 8), np.float32)
                    paths[b] = p = Path((inputs[: t + 1], *blank), b)
                    node = p.start
                else:
                    node = triple(given)[2]
                outputs[t, b] = channels(*paths[b].shortest(node)[-1])
        scores = task.score(outputs)
        assert (scores[[0, 1, 3], 0] == scores[[0, 1, 3], 1]).all() and scores[2, 0] == 0


def test_targets_are_the_first_of_the_best():
    """Of several best edges it is always the same one; over all graphs, the least label as often as another."""
    task = dnc.Task("shortest_path", seed=7, nodes="20", out_degree="4", path="3")
    episodes = task.sample(400)
    counts = np.zeros(2)
    for b in range(400):
        p = Path(episodes, b)
        best = sorted(p.shortest(p.start))
        if len(best) == 2:
            counts[best.index(triple(p.targets[p.answer]))] += 1
    assert counts.sum() > 50 and chi_square(counts, [counts.sum() / 2] * 2) < 11, counts


@pytest.mark.parametrize("beta", [0, 0.3, 0.8, 1])
def test_the_mixture(beta):
    """How often the teacher moves: counted where a network wants to go another way."""
    task = dnc.Task("shortest_path", seed=8, beta=beta, nodes="20-25", out_degree="3-4", path="4")
    taught = total = 0
    for _ in range(5):
        episodes = task.sample(64)  # Played by the teacher, to see the graphs.
        paths = [Path(episodes, b) for b in range(64)]
        task.position -= 1
        steps = task.draw(64)
        outputs = np.zeros((steps, 64, 90), np.float32)
        wanted = [None] * 64
        for t in range(steps):
            given = task.next(outputs[t - 1] if t else None)
            for b, p in enumerate(paths):
                if not given[b, 91]:
                    continue
                move = triple(given[b]) if t > p.answer else (None, None, p.start)
                if wanted[b]:
                    assert move == wanted[b] or move in p.shortest(move[0])
                    taught += move != wanted[b]
                    total += 1
                # Only moves after which there is another one are seen: not those that arrive, or lose the way.
                worse = [e for e in p.edges(move[2]) if p.left[e[2]] and e not in p.shortest(move[2])]
                wanted[b] = worse[0] if worse and p.left[move[2]] > 1 else None
                outputs[t, b] = 9 * channels(*wanted[b]) if wanted[b] else 0
        played = task.read()
        played = [Path(played, b) for b in range(64)]
        for p in played:
            p.check()
            assert beta < 1 or len(p.moves[0]) == p.length
    assert total > 400
    assert abs(taught - beta * total) <= 4 * (total * beta * (1 - beta)) ** 0.5, (taught, total)


def test_the_last_move_counts():
    """No input follows the very last move that is allowed, but the score knows it."""
    task = dnc.Task("shortest_path", seed=9, nodes="6-8", out_degree="2", path="2")
    task.evaluating = True
    arrived = 0
    for seed in range(200):
        outputs, episodes = play(task, 1, seed)
        p = Path(episodes, 0)
        visited, _ = follow(p, outputs, 0)
        if len(visited) == p.limit:
            for move in p.edges(visited[-1]):
                outputs[-1, 0] = 20 * channels(*move)
                assert task.score(outputs)[2, 0] == (SPARE if move[2] == p.end else SPARE + 1)
                arrived += move[2] == p.end
    assert arrived > 5


def test_chance():
    """Of one who follows random edges, worked out exactly: his scores over many walks."""
    task = dnc.Task("shortest_path", seed=10, nodes="6-10", out_degree="1-3", path="2-3")
    task.evaluating = True
    rng = np.random.default_rng(0)
    for _ in range(3):
        episodes = task.sample(1)
        p = Path(episodes, 0)
        chance = task.score(np.zeros_like(episodes.targets))[:3, 2]
        found = np.zeros(3)
        for _ in range(4000):
            node, moves = p.start, 0
            while p.is_open(node) and moves < p.limit:
                edges = p.edges(node)
                node = edges[rng.integers(len(edges))][2]
                moves += 1
            extra = moves - p.length if node == p.end else SPARE + 1
            found += extra <= 1, extra == 0, extra
        assert (abs(found / 4000 - chance) < 5 * np.array([0.5, 0.5, 3]) / 4000**0.5).all(), (found / 4000, chance)


def test_chance_in_the_paper_s_lessons():
    """A network that answers noise earns what its scores call chance, which is known for the paper's lessons."""
    task = dnc.Task.load(CURRICULA / "shortest_path.txt", seed=11)
    task.evaluating = True
    for lesson, known in {0: (0.573, 0.501), 6: (0.160, 0.103), 14: (0.068, 0.037)}.items():
        task.lesson = lesson
        scores = np.zeros((4, 3))
        for seed in range(10):
            steps = task.draw(128)
            outputs = 9 * np.random.default_rng(seed).gumbel(size=(steps, 128, 90)).astype(np.float32)
            for t in range(steps):
                task.next(outputs[t - 1] if t else None)
            scores += task.score(outputs)
        earned, chance = scores[:, 0] / scores[:, 1], scores[:, 2] / scores[:, 1]
        assert (abs(chance[:2] - known) < 0.025).all(), (lesson, chance)
        assert (abs(earned - chance) < (0.06, 0.06, 0.3, 0.04)).all(), (lesson, earned, chance)


def test_loss():
    """Cross-entropy over the edges that leave the present node, of the product of nine softmaxes."""
    task = dnc.Task("shortest_path", seed=12, nodes="8-12", path="2-3", beta=0.5)
    outputs, episodes = play(task, 6, 1)
    value, gradients = task.loss(outputs)
    paths = [Path(episodes, b) for b in range(6)]
    count = sum(len(p.moves[0]) for p in paths)

    def loss(z):
        total = 0
        for b, p in enumerate(paths):
            for t, node in enumerate(p.moves[0], p.answer):
                _, scores, edges = network_choice(p, node, z[t, b])
                best = [channels(*e).tobytes() for e in edges].index(p.targets[t].tobytes())
                total += np.log(np.exp(scores).sum()) - scores[best]
        return total / count

    z = outputs.astype(float)
    assert_close(value, loss(z), 1e-6)
    assert not gradients[episodes.mask == 0].any()
    assert not gradients[..., :30].any(), "the source is the same for all edges"
    steps, places = np.nonzero(episodes.mask)
    largest = abs(gradients).max()
    rng = np.random.default_rng(2)
    for i in rng.permutation(len(steps))[:4]:
        t, b = steps[i], places[i]
        for y in range(90):
            up, down = z.copy(), z.copy()
            up[t, b, y] += 1e-5
            down[t, b, y] -= 1e-5
            assert abs((loss(up) - loss(down)) / 2e-5 - gradients[t, b, y]) < 1e-5 * largest + 1e-8


@pytest.mark.parametrize("planning", [10, 2])
def test_planning(planning):
    """With `plan`, the first steps of planning have the edges of the teacher's way as targets, the last one first."""
    options = dict(seed=4, nodes="8-15", path="1-4", planning=planning)
    quiet, planned = dnc.Task("shortest_path", **options), dnc.Task("shortest_path", plan=0.25, **options)
    outputs, plain = play(quiet, 16, 7)
    episodes = play(planned, 16, 7, outputs)[1]
    assert_equal(episodes.inputs, plain.inputs)
    taught = dnc.Task("shortest_path", **options).sample(16)
    rows = plain.mask > 0
    for b in range(16):
        path = Path(plain, b, planning)
        targets, mask = plain.targets[:, b].copy(), plain.mask[:, b].copy()
        way = taught.targets[path.answer : path.answer + path.length, b][::-1][:planning]
        targets[path.query + 1 :][: len(way)] = way
        mask[path.query + 1 :][: len(way)] = 0.25
        assert_equal(episodes.targets[:, b], targets)
        assert_equal(episodes.mask[:, b], mask)

    moves, steps = plain.mask.sum(), 0.25 * (episodes.mask == 0.25).sum()
    of_moves, move_gradients = quiet.loss(outputs)
    asked = (episodes.mask == 0.25).astype(np.float32)
    of_steps, step_gradients = dnc.loss(quiet.loss_kind, outputs, episodes.targets, asked)
    value, gradients = planned.loss(outputs)
    assert value == pytest.approx((moves * of_moves + steps * of_steps) / (moves + steps), rel=1e-6)
    assert_close(gradients[rows], move_gradients[rows] * moves / (moves + steps), 1e-6)
    assert_close(gradients[~rows], step_gradients[~rows] * steps / (moves + steps), 1e-6)
    assert_equal(planned.score(outputs), quiet.score(outputs))


def apart(episodes, b, planning=10):
    """Each query of an episode: its rows behind those of the description, and its path as if only moves had targets."""
    inputs, targets, mask = (part[:, b : b + 1] for part in episodes)
    asked = np.flatnonzero(inputs[:, 0, :30].any(1) & ~inputs[:, 0, 30:60].any(1))
    for start, end in zip(asked, [*asked[1:], len(inputs)]):
        rows = np.array([*range(asked[0]), *range(start, end)])
        answers = inputs[rows, :, 91] > 0
        yield rows, Path((inputs[rows], targets[rows] * answers[..., None], mask[rows] * answers), 0, planning)


@pytest.mark.parametrize("planning", [10, 0])
def test_several_queries(planning):
    """Each is an episode of its own in the same graph, the first the one of a task with a single query."""
    options = dict(seed=21, planning=planning, path="1-4")
    task = dnc.Task("shortest_path", queries=3, plan=0.5, **options)
    alone = dnc.Task("shortest_path", **options).sample(16)
    lengths = Counter()
    for evaluating in (False, True):
        task.position, task.evaluating = 0, evaluating
        outputs, episodes = play(task, 16, 8)
        sums, counts = np.zeros(4), np.array([48.0, 48, 48, 0])
        for b in range(16):
            queries = list(apart(episodes, b, planning))
            assert len(queries) == 3
            first = Path(alone, b, planning)
            assert_equal(queries[0][1].inputs[: first.answer], first.inputs[: first.answer])
            for rows, p in queries:
                assert rows[-1] == len(outputs) - 1 or len(rows) == p.answer + p.limit
                p.check()
                planned = np.zeros(planning, np.float32)
                planned[: p.length] = 0.5
                assert_equal(episodes.mask[rows, b][p.query + 1 : p.answer], planned)
                lengths[p.length] += 1
                if not evaluating:
                    continue
                visited, last = follow(p, outputs[rows], b)
                assert p.moves[0] == visited
                extra = len(visited) - p.length if last == p.end else SPARE + 1
                own = outputs[rows, b][p.answer :]
                right = [network_choice(p, n, z)[0] in p.shortest(n) for n, z in zip(visited, own)]
                sums += [extra <= 1, extra == 0, extra, sum(right)]
                counts[3] += len(visited)
        if evaluating:
            assert_equal(task.score(outputs)[:, :2], np.stack([sums, counts], 1))
    assert min(lengths[length] for length in (1, 2, 3, 4)) > 10, lengths


def test_the_loss_of_several_queries():
    """The mean over the moves and the planned steps of all queries, by their weights."""
    task = dnc.Task("shortest_path", seed=22, queries=4, plan=0.5)
    outputs, episodes = play(task, 3, 9)
    value, gradients = task.loss(outputs)
    planned = (episodes.mask == 0.5).astype(np.float32)
    total = 0.5 * planned.sum() * dnc.loss(task.loss_kind, outputs, episodes.targets, planned)[0]
    for b in range(3):
        for rows, p in apart(episodes, b):
            for node, z, target in zip(p.moves[0], outputs[rows, b][p.answer :], p.targets[p.answer :]):
                _, scores, edges = network_choice(p, node, z)
                total += np.log(np.exp(scores).sum()) - scores[edges.index(triple(target))]
    assert value == pytest.approx(total / episodes.mask.sum(), rel=1e-6)
    assert not gradients[episodes.mask == 0].any()


def test_the_loss_over_digits():
    """With `loss=digits` it is nine softmaxes over the target's digits, of moves too; the rest stays the same."""
    options = dict(seed=23, plan=0.5, queries=2)
    task, usual = (dnc.Task("shortest_path", loss=loss, **options) for loss in ("digits", "edges"))
    outputs, episodes = play(task, 8, 3)
    for one, other in zip(episodes, play(usual, 8, 3, outputs)[1]):
        assert_equal(one, other)
    value, gradients = task.loss(outputs)
    expected, expected_gradients = dnc.loss(task.loss_kind, outputs, episodes.targets, episodes.mask)
    assert value == pytest.approx(expected, rel=1e-6)
    assert_close(gradients, expected_gradients, 1e-6)
    assert_equal(task.score(outputs), usual.score(outputs))


def test_loss_of_a_single_edge():
    """Where only one edge leaves every node there is nothing to learn."""
    task = dnc.Task("shortest_path", nodes="5", out_degree="1", path="1")
    episodes = task.sample(3)
    value, gradients = task.loss(np.random.default_rng(0).standard_normal(episodes.targets.shape))
    assert abs(value) < 1e-12 and not gradients.any()


@pytest.mark.parametrize("size", [1e10, 1e20, 3e38])
def test_loss_of_large_outputs(size):
    """Where all logits are equal it doesn't matter what they are."""
    task = dnc.Task("shortest_path", seed=3)
    shape = task.sample(4).targets.shape
    value, gradients = task.loss(np.full(shape, size, np.float32))
    expected, expected_gradients = task.loss(np.zeros(shape, np.float32))
    assert value == pytest.approx(expected, rel=1e-12) and expected > 0
    assert_close(gradients, expected_gradients, 1e-6)


def test_extreme_outputs():
    """Logits of 1e30 give no infinities."""
    task = dnc.Task("shortest_path", seed=2)
    steps = task.draw(4)
    outputs = 1e30 * np.random.default_rng(0).standard_normal((steps, 4, 90)).astype(np.float32)
    for t in range(steps):
        task.next(outputs[t - 1] if t else None)
    value, gradients = task.loss(outputs)
    assert np.isfinite(value) and np.isfinite(gradients).all() and np.isfinite(task.score(outputs)).all()


def test_random_choices():
    """Lengths are uniform, and of a length every pair of nodes is as likely."""
    task = dnc.Task("shortest_path", seed=13, nodes="10", out_degree="3", path="1-4")
    lengths = np.zeros(4)
    rank, expected = np.zeros(4), np.zeros(4)
    for _ in range(20):
        episodes = task.sample(100)
        for b in range(100):
            p = Path(episodes, b)
            lengths[p.length - 1] += 1
            alike = sorted((a, e) for a in p.graph.nodes for e, d in p.graph.distances(a).items() if d == p.length)
            quarter = 4 * np.arange(len(alike)) // len(alike)
            rank[quarter[alike.index((p.start, p.end))]] += 1
            expected += np.bincount(quarter, minlength=4) / len(alike)
    assert chi_square(lengths, [500] * 4) < 17, lengths
    assert chi_square(rank, expected) < 17, (rank, expected)


def test_paths_that_no_graph_has():
    """The longest there is below: in a complete graph every node is next to every other."""
    task = dnc.Task("shortest_path", nodes="5", out_degree="20", path="3")
    episodes = task.sample(4)
    assert [Path(episodes, b).length for b in range(4)] == [1] * 4


def test_defaults():
    task = dnc.Task("shortest_path", seed=3)
    same = dnc.Task(
        "shortest_path",
        seed=3,
        nodes="10-20",
        out_degree="2-4",
        path="2-4",
        planning=10,
        beta=0.8,
        queries=1,
        loss="edges",
    )
    outputs, episodes = play(task, 12, 0)
    for a, b in zip(episodes, play(same, 12, 0)[1]):
        assert_equal(a, b)


def test_playing_depends_on_nothing_else():
    """The same outputs give the same episode, whoever else is in the batch, and again after seeking."""
    task = dnc.Task("shortest_path", seed=14)
    outputs, episodes = play(task, 5, 3)
    task.position = 0
    again = play(task, 5, 3, outputs)[1]
    for a, b in zip(episodes, again):
        assert_equal(a, b)
    task.position = 0
    changed = outputs.copy()
    changed[:, 1:] = -changed[:, 1:]
    for a, b in zip(episodes, play(task, 5, 3, changed)[1]):
        assert_equal(a[:, 0], b[:, 0])


@pytest.mark.parametrize(
    "given",
    [
        *COMMON,
        "path=0",
        "path=1-101",
        "planning=1001",
        "planning=-1",
        "beta=1.1",
        "beta=-0.1",
        "beta=x",
        "plan=1.1",
        "loss=nodes",
        "queries=0",
        "queries=101",
        "terminate=yes",
    ],
)
def test_refusals(given):
    message = refused("shortest_path", given)
    assert given.split("=")[0] in message and "allowed" in message


def test_outputs_are_needed():
    task = dnc.Task("shortest_path")
    task.draw(2)
    task.next()
    with pytest.raises(dnc.Error, match="output"):
        task.next()
    with pytest.raises(dnc.Error, match="output"):
        task.next(np.full((2, 90), np.nan))
    task.next(np.zeros((2, 90)))


def test_episodes_of_this_version():
    """The same on every machine, and from version to version: these bytes may never change."""
    assert digest("shortest_path", None, "nodes=12-30,out_degree=1-3,path=1-6,planning=2") == DIGEST


def test_the_largest_graphs():
    task = dnc.Task("shortest_path", nodes="500", out_degree="20", path="4")
    p = Path(task.sample(1), 0)
    assert len(p.description) == 10000 and p.length == 4


def test_a_network_plays():
    """Task.play, loss and backward together: a step against the gradient lowers the loss of the same episodes."""
    task = dnc.Task("shortest_path", seed=1, nodes="5", out_degree="2", path="2", planning=2, beta=1)
    net = dnc.DNC(92, 90, hidden_size=16, memory_slots=16, word_size=8, read_heads=1, batch_size=4, seed=1)
    net.training = True
    optimizer = dnc.Optimizer(net, "adam", learning_rate=1e-2)
    losses = []
    for _ in range(20):
        task.position = 0
        outputs = task.play(net)
        assert outputs.shape[1:] == (4, 90)
        value, gradients = task.loss(outputs)
        losses.append(value)
        net.backward(gradients)
        optimizer.step(net)
    assert losses[-1] < 0.5 * losses[0], losses


def test_curriculum():
    task = dnc.Task.load(CURRICULA / "shortest_path.txt")
    lessons = task.lessons
    assert len(lessons) == 15
    for index, written in {
        0: "nodes=5-10,out_degree=1-2,path=2-2",
        4: "nodes=10-20,out_degree=1-3,path=2-3",
        8: "nodes=10-25,out_degree=2-4,path=2-4",
        12: "nodes=15-25,out_degree=2-5,path=2-5",
        14: "nodes=20-25,out_degree=2-6,path=2-5",
    }.items():
        assert lessons[index].options == written
    for lesson in lessons:
        assert lesson[1:] == (0, 0.8, 0, 2000, 50)
