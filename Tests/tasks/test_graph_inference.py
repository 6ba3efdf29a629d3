"""Inference: the relations are worked out anew, and every answer from the graph that the network is told."""

import re
from itertools import product

import dnc
import numpy as np
import pytest
from support import CHECKOUT, assert_close, assert_equal
from test_graphs import (
    BLANK,
    COMMON,
    CURRICULA,
    LOSS,
    Phases,
    channels,
    chi_square,
    digest,
    logits,
    refused,
    span,
    triple,
)

DIGEST = "5807c6ae97bff89bebdaf771a02e1a80a6391a9080949399733e0ca589419a2e"
DATA = CHECKOUT / "data"
FIRST = 10  # the label of the first relation
MASK = 2**64 - 1


class Xoshiro:
    """xoshiro256** with SplitMix64, and Lemire's numbers below a bound."""

    def __init__(self, seed):
        self.state = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK
            z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.state.append(z ^ (z >> 31))

    def next(self):
        def left(x, by):
            return ((x << by) | (x >> (64 - by))) & MASK

        s = self.state
        result = left(s[1] * 5 & MASK, 7) * 9 & MASK
        t = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = left(s[3], 45)
        return result

    def below(self, count):
        while True:
            product = self.next() * count
            if product & MASK >= 2**64 % count:
                return product >> 64


def family():
    """{person: {edge: person}}"""
    lines = [line.strip() for line in (DATA / "family.csv").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "source,edge,destination"
    out = {}
    for line in lines[1:]:
        source, edge, destination = line.split(",")
        assert int(edge) not in out.setdefault(source, {})
        out[source][int(edge)] = destination
    return out


def follow(out, node, sequence):
    """Where a sequence of edges leads, or None."""
    for edge in sequence:
        node = out.get(node, {}).get(edge)
        if node is None:
            return None
    return node


def kinships():
    up, down = (0, 1), (2, 3, 4, 5)
    sequences = [*product(up, up, up, down), *product(up, up, down, down)]
    out = family()
    return sorted(s for s in sequences if any(follow(out, person, s) for person in out))


def relations():
    """{label: sequence}, as the documentation says."""
    random, result = Xoshiro(2016), {}
    for length in range(2, 6):
        known = {2: list(product(range(10), repeat=2)), 4: kinships()}.get(length, [])
        while len(known) < 100:
            sequence = tuple(map(int, f"{random.below(10**length):0{length}d}"))
            if sequence not in known:
                known.append(sequence)
        result.update({FIRST + 100 * (length - 2) + i: sequence for i, sequence in enumerate(known)})
    return result


RELATIONS = relations()


def pairs(graph, length, labels=RELATIONS):
    """All pairs of a start and a relation of that length that can be followed from there."""
    return {
        (n, r)
        for n in graph.nodes
        for r in labels
        if len(RELATIONS[r]) == length and follow(graph.out, n, RELATIONS[r])
    }


class Questions(Phases):
    """One episode: triples (start, relation, end), checked in full."""

    def __init__(self, episodes, b, queries=3, planning=10):
        super().__init__(episodes, b)
        edges = len(self.description)
        assert all(edge < 10 for _, edge, _ in self.description)
        expected = np.zeros_like(self.inputs)
        expected[:edges] = self.inputs[:edges]
        targets, mask = np.zeros_like(self.targets), np.zeros_like(self.mask)
        self.asked = []
        for q in range(queries):
            query = edges + q * (planning + 2)
            self.answer = query + planning + 1
            start, relation, blank = triple(self.inputs[query])
            assert blank == BLANK
            end = follow(self.graph.out, start, RELATIONS[relation])
            self.asked.append((start, relation, end))
            expected[query, :90] = channels(start, relation)
            expected[[query, query + 1, self.answer], 90] = 1
            expected[self.answer, 91] = 1
            targets[self.answer] = channels(start, relation, end)
            mask[self.answer] = 1
        assert_equal(self.inputs, expected)
        assert_equal(self.targets, targets)
        assert_equal(self.mask, mask)

    @property
    def lengths(self):
        return [len(RELATIONS[relation]) for _, relation, _ in self.asked]


def questions(task, batch, queries=3, planning=10):
    episodes = task.sample(batch)
    found = [Questions(episodes, b, queries, planning) for b in range(batch)]
    assert len(episodes.inputs) == 1 + max(q.answer for q in found)
    return found


def test_the_relations():
    assert sorted(RELATIONS) == list(range(10, 410))
    assert len(set(RELATIONS.values())) == 400
    assert len(kinships()) == 32
    assert [RELATIONS[label] for label in (10, 11, 109)] == [(0, 0), (0, 1), (9, 9)]
    assert RELATIONS[210] == (0, 0, 0, 2)


def test_the_documented_relations():
    text = (CHECKOUT / "docs" / "tasks" / "graph_inference.md").read_text()
    documented = {FIRST + i: pair for i, pair in enumerate(product(range(10), repeat=2))}
    for first, row in re.findall(r"^    (\d+):  ?([\d ]+)$", text, re.M):
        for i, digits in enumerate(row.split()):
            documented[int(first) + i] = tuple(map(int, digits))
    assert documented == RELATIONS


@pytest.mark.parametrize("planning", [10, 0])
@pytest.mark.parametrize(
    "nodes, degree, relation, queries",
    [
        ((6, 12), (2, 4), (2, 3), 3),
        ((3, 3), (2, 2), (2, 2), 3),
        ((20, 25), (2, 4), (2, 5), 3),
        ((40, 40), (10, 10), (5, 5), 7),
        ((3, 4), (1, 10), (3, 3), 1),
    ],
)
def test_episodes(nodes, degree, relation, queries, planning):
    task = dnc.Task(
        "graph_inference",
        seed=4,
        nodes=span(nodes),
        out_degree=span(degree),
        relation=span(relation),
        queries=queries,
        planning=planning,
    )
    assert (task.input_size, task.output_size, task.loss_kind) == LOSS
    assert not task.interactive
    for _ in range(4):
        for found in questions(task, 8, queries, planning):
            graph = found.graph
            assert nodes[0] <= len(graph.nodes) <= nodes[1] and set(graph.out) == set(graph.nodes)
            for out in graph.out.values():
                assert min(degree[0], len(graph.nodes) - 1) <= len(out) <= degree[1]
            assert all(relation[0] <= length <= relation[1] for length in found.lengths)
            assert len(set(found.asked)) == queries, "no question twice"


def test_random_choices():
    """Lengths are uniform, also in small graphs; of a length all pairs are as likely; edge labels are."""
    task = dnc.Task("graph_inference", seed=5, nodes="4-6", out_degree="2-4", relation="2-5", queries=3)
    lengths, edges = np.zeros(4), np.zeros(10)
    place, expected = np.zeros(4), np.zeros(4)
    for _ in range(10):
        for found in questions(task, 100):
            lengths += np.bincount(found.lengths, minlength=6)[2:]
            edges += np.bincount([edge for _, edge, _ in found.description], minlength=10)
            start, relation, _ = found.asked[0]
            alike = sorted(pairs(found.graph, len(RELATIONS[relation])))
            quarter = 4 * np.arange(len(alike)) // len(alike)
            place[quarter[alike.index((start, relation))]] += 1
            expected += np.bincount(quarter, minlength=4) / len(alike)
    assert chi_square(lengths, [750] * 4) < 17, lengths
    assert chi_square(edges, [edges.sum() / 10] * 10) < 28, edges
    assert chi_square(place, expected) < 17, (place, expected)


def test_all_relations_occur():
    task = dnc.Task("graph_inference", seed=6, nodes="40", out_degree="10", relation="2-5", queries=100, planning=0)
    seen = set()
    for _ in range(12):
        for found in questions(task, 5, 100, 0):
            seen |= {relation for _, relation, _ in found.asked}
    assert seen == set(RELATIONS)


def test_kinship():
    """Only what there is in the family."""
    task = dnc.Task("graph_inference", seed=7, nodes="10", out_degree="10", relation="kinship")
    seen = {relation for found in questions(task, 200) for _, relation, _ in found.asked}
    assert seen == {label for label, sequence in RELATIONS.items() if sequence in kinships()} == set(range(210, 242))


def test_too_few_relations():
    """Two nodes with an edge each: the longest relations that there are, and questions that come again."""
    for relation in ("5", "kinship"):
        task = dnc.Task("graph_inference", nodes="2", out_degree="1", relation=relation, queries=5)
        for found in questions(task, 3, 5):
            longest = max(length for length in range(2, 6) if pairs(found.graph, length))
            assert set(found.lengths) <= set(range(2, longest + 1))
            assert set(found.asked) == {
                (s, r, e) for s, r, e in found.asked if (s, r) in pairs(found.graph, len(RELATIONS[r]))
            }


def test_scores():
    task = dnc.Task("graph_inference", seed=8, nodes="4-9")
    assert [tuple(m) for m in task.metrics] == [("episodes_right", False), ("triples_right", False)]
    episodes = task.sample(6)
    found = [Questions(episodes, b) for b in range(6)]
    guess = np.array([1 / len(q.graph.nodes) for q in found])
    perfect = task.score(logits(episodes.targets))
    assert_equal(perfect[:, :2], np.array([[6.0, 6.0], [18, 18]]))
    assert_close(perfect[:, 2], [(guess**3).sum(), 3 * guess.sum()], 1e-12)
    assert_equal(task.score(np.zeros_like(episodes.targets))[:, 0], np.zeros(2), "no digit leads")
    for b in range(6):
        for answer in np.flatnonzero(episodes.mask[:, b]):
            for digit in range(9):
                outputs = logits(episodes.targets)
                own = slice(10 * digit, 10 * digit + 10)
                outputs[answer, b, own] = np.roll(outputs[answer, b, own], 1)
                assert list(task.score(outputs)[:, 0]) == [5, 17]
        outputs = logits(episodes.targets)
        others = episodes.mask[:, b] == 0
        outputs[others, b] = np.random.default_rng(b).standard_normal((others.sum(), 90))
        assert_equal(task.score(outputs), perfect, "only the answers are judged")


def test_guessing():
    """One who names any node earns what the scores call chance, and what is known of the paper's lessons."""
    task = dnc.Task.load(CURRICULA / "graph_inference.txt", seed=9)
    rng = np.random.default_rng(0)
    for lesson, known in {0: (0.037, 0.333), 16: (0.00009, 0.0447)}.items():
        task.lesson = lesson
        task.evaluating = True
        scores = np.zeros((2, 3))
        for _ in range(8):
            episodes = task.sample(128)
            outputs = logits(episodes.targets)
            for b in range(128):
                found = Questions(episodes, b)
                answers = np.flatnonzero(episodes.mask[:, b])
                for t, (start, relation, _) in zip(answers, found.asked):
                    outputs[t, b] = channels(start, relation, rng.choice(found.graph.nodes))
            scores += task.score(outputs)
        earned, chance = scores[:, 0] / scores[:, 1], scores[:, 2] / scores[:, 1]
        assert (abs(chance - known) < (0.001, 0.002)).all(), chance
        assert (abs(earned - chance) < 5 * (chance / scores[:, 1]) ** 0.5).all(), (earned, chance)


def test_loss():
    """Nine softmaxes of ten, in the answers alone."""
    task = dnc.Task("graph_inference", seed=10, nodes="4-6", relation="2")
    episodes = task.sample(5)
    outputs = np.random.default_rng(1).standard_normal(episodes.targets.shape).astype(np.float32)
    value, gradients = task.loss(outputs)
    z = outputs.astype(float).reshape(*outputs.shape[:2], 9, 10)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))
    q = episodes.targets.reshape(z.shape)
    assert_close(value, (-(q * log_p).sum((2, 3)) * episodes.mask).sum() / episodes.mask.sum(), 1e-6)
    expected = (np.exp(log_p) - q) * episodes.mask[..., None, None] / episodes.mask.sum()
    assert_close(gradients, expected.reshape(outputs.shape), 1e-5)


def test_defaults():
    task = dnc.Task("graph_inference", seed=3)
    same = dnc.Task("graph_inference", seed=3, nodes="6-12", out_degree="2-4", relation="2-3", queries=3, planning=10)
    for a, b in zip(task.sample(20), same.sample(20)):
        assert_equal(a, b)


@pytest.mark.parametrize(
    "options",
    [
        *COMMON,
        *("out_degree=11", "relation=1", "relation=2-6", "relation=kin", "queries=0", "queries=101", "planning=1001"),
        *("path=3", "terminate=yes", "beta=0.5"),
    ],
)
def test_refusals(options):
    message = refused("graph_inference", options)
    assert options.split("=")[0] in message and "allowed" in message


def test_episodes_of_this_version():
    """The same on every machine, and from version to version: these bytes may never change."""
    options = "nodes=12-30,out_degree=1-9,relation=2-5,queries=4,planning=2"
    assert digest("graph_inference", None, options) == DIGEST


def test_curriculum():
    lessons = dnc.Task.load(CURRICULA / "graph_inference.txt").lessons
    assert len(lessons) == 17
    for index, options in {
        0: "nodes=3-3,out_degree=2-2,relation=2-2",
        5: "nodes=12-18,out_degree=2-4,relation=2-2",
        8: "nodes=12-18,out_degree=2-4,relation=2-3",
        12: "nodes=12-18,out_degree=2-4,relation=2-4",
        16: "nodes=20-25,out_degree=2-4,relation=2-5",
    }.items():
        assert lessons[index].options == "queries=3," + options
    for lesson in lessons:
        assert lesson[1:] == (0, 0.9, 0.1, 100, 100)
