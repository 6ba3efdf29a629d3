"""The graph tasks: what is said to the network is read back, and everything else is worked out again from it."""

import hashlib
from ctypes import POINTER, byref

import dnc
import numpy as np
import pytest
from support import CHECKOUT, Task, assert_close, assert_equal, c, last_error

CURRICULA = CHECKOUT / "curricula"
BLANK = -1
TRAVERSAL_DIGEST = "4faa0173de6c42797cb4331df4386f665d5b99c7d53ed61099c26761c0e9b188"
LOSS = (92, 90, "grouped_softmax_cross_entropy:10")


def triples(rows):
    """The three labels of each row, of 30 channels each; BLANK for zeros."""
    digits = rows[:, :90].reshape(len(rows), 3, 3, 10)
    assert ((digits == 0) | (digits == 1)).all()
    counts = digits.sum(-1)
    assert (counts == counts[:, :, :1]).all() and counts.max(initial=0) <= 1
    labels = np.where(counts[:, :, 0] == 1, digits.argmax(-1) @ (100, 10, 1), BLANK)
    return [tuple(row) for row in labels.tolist()]


def triple(row):
    return triples(row[None])[0]


def channels(*labels):
    """The inverse of `triple`."""
    row = np.zeros(90, np.float32)
    for i, label in enumerate(labels):
        if label != BLANK:
            for place, digit in enumerate(f"{label:03d}"):
                row[30 * i + 10 * place + int(digit)] = 1
    return row


class Graph:
    """The described triples."""

    def __init__(self, triples):
        self.triples = triples
        self.out = {}
        for source, edge, destination in triples:
            assert source != destination
            self.out.setdefault(source, {})
            assert edge not in self.out[source], "an edge's label is unique at its source"
            self.out[source][edge] = destination
        self.nodes = sorted({s for s, _, _ in triples} | {d for _, _, d in triples})

    def distances(self, start):
        """Breadth first."""
        found, queue = {start: 0}, [start]
        for node in queue:
            for other in self.out.get(node, {}).values():
                if other not in found:
                    found[other] = found[node] + 1
                    queue.append(other)
        return found


class Phases:
    """One sequence of a batch, cut at its transitions."""

    def __init__(self, episodes, b):
        self.inputs, self.targets, self.mask = (part[:, b] for part in episodes)
        self.begins = np.flatnonzero(self.inputs[:, 90])
        assert self.begins[0] == 0
        self.description = triples(self.inputs[: self.begins[1]])
        assert all(BLANK not in t for t in self.description)
        assert not self.mask[: self.begins[1]].any() and not self.inputs[: self.begins[1], 91].any()
        self.graph = Graph(self.description)


def span(pair):
    return "-".join(map(str, pair))


def sampled(task, batch):
    episodes = task.sample(batch)
    return [Phases(episodes, b) for b in range(batch)]


def walk_of(phases):
    """A traversal's start and edges, and where its answer begins."""
    _, query, answer = phases.begins
    asked = triples(phases.inputs[query:answer])
    assert all(a[2] == BLANK for a in asked) and all(a[0] == BLANK for a in asked[1:])
    return asked[0][0], [a[1] for a in asked], answer


# traversal


@pytest.mark.parametrize("terminate", ["yes", "no"])
@pytest.mark.parametrize(
    "nodes, degree, path", [((3, 10), (2, 4), (1, 3)), ((40, 40), (6, 6), (20, 20)), ((2, 2), (1, 20), (1, 100))]
)
def test_traversal(nodes, degree, path, terminate):
    task = dnc.Task(
        "graph_traversal",
        seed=4,
        nodes=span(nodes),
        out_degree=span(degree),
        path=span(path),
        terminate=terminate,
    )
    assert (task.input_size, task.output_size, task.loss_kind) == LOSS
    assert not task.interactive
    for _ in range(4):
        episodes = task.sample(8)
        longest = 0
        for b in range(8):
            phases = Phases(episodes, b)
            graph = phases.graph
            assert nodes[0] <= len(graph.nodes) <= nodes[1] and set(graph.out) == set(graph.nodes)
            for out in graph.out.values():
                assert min(degree[0], len(graph.nodes) - 1) <= len(out) <= degree[1]
            node, edges, answer = walk_of(phases)
            assert path[0] <= len(edges) <= path[1]
            wanted = []
            for edge in edges:
                wanted.append((node, edge, graph.out[node][edge]))
                node = graph.out[node][edge]
            if terminate == "yes":
                wanted.append((0, 0, 0))
            end = answer + len(wanted)
            longest = max(longest, end)
            expected = np.zeros_like(phases.targets)
            expected[answer:end] = [channels(*t) for t in wanted]
            assert_equal(phases.targets, expected)
            during = np.zeros(len(expected), np.float32)
            during[answer:end] = 1
            assert_equal(phases.mask, during)
            assert_equal(phases.inputs[:, 91], during)
            assert not phases.inputs[answer:, :90].any() and not phases.inputs[end:].any()
        assert len(episodes.inputs) == longest


def test_following():
    """With `follow`, every step of the query has its triple as its target, and nothing else changes."""
    options = dict(seed=4, nodes="5-12", path="1-6")
    told = dnc.Task("graph_traversal", **options)
    followed = dnc.Task("graph_traversal", follow=0.25, **options)
    plain, episodes = told.sample(16), followed.sample(16)
    assert_equal(episodes.inputs, plain.inputs)
    outputs = logits(plain.targets)
    for b in range(16):
        _, query, answer = Phases(plain, b).begins
        targets, mask = plain.targets[:, b].copy(), plain.mask[:, b].copy()
        targets[query:answer] = targets[answer : 2 * answer - query]
        mask[query:answer] = 0.25
        assert_equal(episodes.targets[:, b], targets)
        assert_equal(episodes.mask[:, b], mask)
    value, gradients = followed.loss(outputs)
    expected, expected_gradients = dnc.loss(followed.loss_kind, outputs, episodes.targets, episodes.mask)
    assert value == pytest.approx(expected, rel=1e-6) and gradients[plain.mask == 0].any()
    assert_close(gradients, expected_gradients, 1e-6)
    assert_equal(followed.score(outputs), told.score(outputs))


def test_traversal_defaults():
    written = dnc.Task("graph_traversal", seed=3, nodes="10-20", out_degree="2-4", path="1-5", terminate="yes")
    for a, b in zip(dnc.Task("graph_traversal", seed=3).sample(20), written.sample(20)):
        assert_equal(a, b)


def chi_square(counts, expected):
    counts, expected = np.asarray(counts, float), np.asarray(expected, float)
    return ((counts - expected) ** 2 / expected).sum()


def test_random_choices():
    """Nodes, out-degrees, lengths, labels, start, edges: each is uniform."""
    task = dnc.Task("graph_traversal", seed=8, nodes="10-13", out_degree="2-5", path="1-4")
    counts = {name: np.zeros(n) for name, n in dict(nodes=4, degree=4, path=4, start=5, edge=4, label=10).items()}
    first = np.zeros(2)
    for _ in range(25):
        for phases in sampled(task, 160):
            graph = phases.graph
            start, edges, _ = walk_of(phases)
            counts["nodes"][len(graph.nodes) - 10] += 1
            counts["path"][len(edges) - 1] += 1
            counts["degree"][len(graph.out[graph.nodes[0]]) - 2] += 1
            counts["label"][graph.nodes[0] % 10] += 1
            if len(graph.nodes) == 10:
                counts["start"][graph.nodes.index(start) // 2] += 1
            out = sorted(graph.out[start])
            if len(out) == 4:
                counts["edge"][out.index(edges[0])] += 1
            first += phases.description[0][0] == start, 1 / len(graph.nodes)
    for name, found in counts.items():
        assert chi_square(found, found.sum() / len(found)) < (28 if len(found) == 10 else 19), (name, found)
    assert abs(first[0] - first[1]) < 5 * first[1] ** 0.5, "the description does not begin with the query's node"


def test_edges_lead_to_near_nodes():
    """Points can't be seen, but nearness can: who is near is near mutually more often than at random."""
    task = dnc.Task("graph_traversal", seed=9, nodes="20", out_degree="3", path="1")
    mutual = total = 0
    for phases in sampled(task, 100):
        for source, _, destination in phases.description:
            mutual += source in phases.graph.out[destination].values()
            total += 1
    assert mutual / total > 0.6 and total == 6000  # 3 / 19 at random


def test_the_paper_s_edge_labels():
    """As many labels as nodes, unique at their source, repeated over the graph."""
    task = dnc.Task("graph_traversal", seed=10, nodes="12", out_degree="2-4", path="1")
    shared = 0
    for phases in sampled(task, 200):
        labels = [edge for _, edge, _ in phases.description]
        assert len(set(labels)) <= 12
        shared += len(set(labels)) < len(labels)
    assert shared == 200


def logits(targets, scale=8):
    return (scale * targets).astype(np.float32)


def random_walk_chance(phases, rng, episodes):
    """Shares of whole paths and of triples of one who knows the graph and goes along random edges."""
    start, edges, _ = walk_of(phases)
    true = []
    node = start
    for edge in edges:
        true.append((node, edge))
        node = phases.graph.out[node][edge]
    whole = part = 0
    for _ in range(episodes):
        node, right = start, 0
        for place in true:
            edge = rng.choice(list(phases.graph.out[node]))
            right += (node, edge) == place
            node = phases.graph.out[node][edge]
        whole += right == len(true)
        part += right
    return whole / episodes, part / episodes


def test_traversal_scores():
    task = dnc.Task("graph_traversal", seed=6, nodes="4-6", out_degree="2-3", path="2-4")
    assert [(m.name, m.is_error) for m in task.metrics] == [("episodes_right", False), ("triples_right", False)]
    episodes = task.sample(6)
    cut = [Phases(episodes, b) for b in range(6)]
    lengths = [len(walk_of(phases)[1]) for phases in cut]
    perfect = task.score(logits(episodes.targets))
    assert_equal(perfect[:, :2], np.array([[6.0, 6.0], [sum(lengths), sum(lengths)]]))
    assert_equal(task.score(np.zeros_like(episodes.targets))[:, 0], np.zeros(2), "no digit leads")
    rng = np.random.default_rng(0)
    chances = np.array([random_walk_chance(phases, rng, 4000) for phases in cut])
    assert (abs(perfect[:, 2] - chances.sum(0)) < 5 * np.array([1, 4]) * (6 / 4000) ** 0.5).all(), (perfect, chances)
    degrees = []
    for phases in cut:
        node, edges, _ = walk_of(phases)
        degrees.append(1)
        for edge in edges:
            degrees[-1] *= len(phases.graph.out[node])
            node = phases.graph.out[node][edge]
    assert_close(perfect[0, 2], sum(1 / np.array(degrees)), 1e-12)

    # One wrong digit in one answer: that episode and that triple; in the termination: the episode alone.
    for b, (phases, length) in enumerate(zip(cut, lengths)):
        answer = walk_of(phases)[2]
        for step, triples in ((answer + length - 1, 1), (answer + length, 0)):
            for digit in range(9):
                outputs = logits(episodes.targets)
                outputs[step, b, 10 * digit : 10 * digit + 10] = np.roll(
                    outputs[step, b, 10 * digit : 10 * digit + 10], 1
                )
                assert list(task.score(outputs)[:, 0]) == [5, sum(lengths) - triples]
        outputs = logits(episodes.targets)
        outputs[:answer, b] = 9 * np.random.default_rng(b).standard_normal((answer, 90))
        assert_equal(task.score(outputs), perfect, "only the answer is judged")


def test_guessing_in_the_first_lessons():
    """What random edges earn, worked out for the paper's lessons."""
    task = dnc.Task.load(CURRICULA / "graph_traversal.txt", seed=5)
    for lesson, chance in {0: 0.382, 2: 0.179, 6: 0.118, 13: 0.021}.items():
        task.lesson = lesson
        scores = np.zeros((2, 3))
        for _ in range(8):
            episodes = task.sample(128)
            scores += task.score(np.zeros_like(episodes.targets))
        assert abs(scores[0, 2] / scores[0, 1] - chance) < 0.02, lesson


def test_traversal_loss():
    """Nine softmaxes of ten, in the answer alone."""
    task = dnc.Task("graph_traversal", seed=6, nodes="4-6", path="1-2")
    episodes = task.sample(5)
    outputs = np.random.default_rng(1).standard_normal(episodes.targets.shape).astype(np.float32)
    value, gradients = task.loss(outputs)
    z = outputs.astype(float).reshape(*outputs.shape[:2], 9, 10)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))
    q = episodes.targets.reshape(z.shape)
    assert_close(value, (-(q * log_p).sum((2, 3)) * episodes.mask).sum() / episodes.mask.sum(), 1e-6)
    expected = (np.exp(log_p) - q) * episodes.mask[..., None, None] / episodes.mask.sum()
    assert_close(gradients, expected.reshape(outputs.shape), 1e-5)


def refused(name, options, status=c.DNC_INVALID_ARGUMENT):
    """The sentence."""
    handle = POINTER(c.dnc_task)()
    assert c.dnc_task_create(name.encode(), options.encode(), 0, byref(handle)) == status
    assert not handle
    return last_error()


COMMON = [
    *("nodes=1", "nodes=501", "nodes=5-4", "nodes=5-", "nodes=-5", "nodes=a-b", "nodes="),
    *("out_degree=0", "out_degree=2-21", "colour=1"),
]


@pytest.mark.parametrize(
    "options",
    [
        *COMMON,
        *("path=0", "path=1-101", "path=", "terminate=maybe", "terminate=1", "follow=1.5"),
        *("beta=0.5", "planning=3"),
    ],
)
def test_traversal_refusals(options):
    message = refused("graph_traversal", options)
    assert options.split("=")[0] in message and "allowed" in message
    assert options.split("=")[1] in message or "unknown" in message


def test_traversal_batches():
    """The same seed gives the same episodes, from any place on."""
    one, two = dnc.Task("graph_traversal", seed=2), dnc.Task("graph_traversal", seed=2)
    first, second = one.sample(5), one.sample(5)
    two.position = 1
    for a, b in zip(two.sample(5), second):
        assert_equal(a, b)
    two.position = 0
    for a, b in zip(two.sample(5), first):
        assert_equal(a, b)
    assert first.inputs.tobytes() != dnc.Task("graph_traversal", seed=3).sample(5).inputs.tobytes()


def test_traversal_of_this_version():
    """The same on every machine, and from version to version: these bytes may never change."""
    assert digest("graph_traversal", None, "nodes=30,out_degree=1-9,path=20,terminate=no") == TRAVERSAL_DIGEST


def digest(name, *options):
    result = hashlib.sha256()
    for given in options:
        for part in Task(name, given, seed=2016).sample(20):
            result.update(part.astype(np.uint8).tobytes())
    return result.hexdigest()


def test_the_largest_graphs():
    task = dnc.Task("graph_traversal", nodes="500", out_degree="20", path="100")
    phases = sampled(task, 1)[0]
    assert len(phases.description) == 10000 and len(phases.graph.nodes) == 500
    assert len(walk_of(phases)[1]) == 100


def test_traversal_curriculum():
    task = dnc.Task.load(CURRICULA / "graph_traversal.txt")
    lessons = task.lessons
    assert len(lessons) == 14
    for index, options in {
        0: "nodes=3-10,out_degree=2-4,path=1-1",
        4: "nodes=10-15,out_degree=2-4,path=1-4",
        9: "nodes=10-30,out_degree=2-4,path=1-7",
        12: "nodes=10-40,out_degree=2-6,path=1-10",
        13: "nodes=10-40,out_degree=2-6,path=1-20",
    }.items():
        assert lessons[index].options == options
    for lesson in lessons:
        assert lesson[1:] == (0, 0.9, 0.1, 100, 100)
