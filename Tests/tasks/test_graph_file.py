"""Graphs from files: the network must be told the file's graph, under new labels each time."""

import importlib.util
from collections import Counter, defaultdict

import dnc
import numpy as np
import pytest
from support import CHECKOUT, assert_equal, c
from test_graph_inference import FIRST, RELATIONS, Questions, kinships
from test_graphs import Graph, Phases, channels, chi_square, digest, logits, refused, walk_of
from test_shortest_path import Path, play

UNDERGROUND = CHECKOUT / "data" / "underground.csv"
FAMILY = CHECKOUT / "data" / "family.csv"
HEADER = "source,edge,destination"
DIGESTS = {
    "graph_traversal": "dca6f69338fd4c6a1bb23ed0b025cabb36e5352f8e7d5afbca631c240a382343",
    "shortest_path": "d263e7dc2f461afa7634a96e73500da37fb44ea7b5afa2c3fafdbfc495fcc9e6",
    "graph_inference": "b3e208e4d0fc2a3e9b3c744a99478f986c549deb26701cbd9d1140effa9dbed1",
}
SQUARE = "a,x,b\nb,x,c\nc,x,d\nd,x,a\na,y,c\n"


def read(path):
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    lines = [line for line in lines if line]
    assert lines[0] == HEADER
    return [tuple(field.strip() for field in line.split(",")) for line in lines[1:]]


def colours(triples, fixed_edges):
    """Of nodes and labels of edges, by what surrounds them; the same for graphs that differ in names alone."""
    nodes = {n: 0 for s, _, d in triples for n in (s, d)}
    labels = {e: hash(int(e)) if fixed_edges else 0 for _, e, _ in triples}
    for _ in range(8):
        around, used = defaultdict(list), defaultdict(list)
        for s, e, d in triples:
            around[s].append((0, labels[e], nodes[d]))
            around[d].append((1, labels[e], nodes[s]))
            used[e].append((nodes[s], nodes[d]))
        nodes = {n: hash((nodes[n], *sorted(around[n]))) for n in nodes}
        labels = {e: labels[e] if fixed_edges else hash((labels[e], *sorted(used[e]))) for e in labels}
    return nodes, labels


class Key:
    """Which label stands for which name."""

    def __init__(self, file, described, fixed_edges=False):
        names, labels = colours(file, fixed_edges), colours(described, fixed_edges)
        self.node, self.edge = (
            {label: {v: n for n, v in of.items()}[colour] for label, colour in by.items()}
            for of, by in zip(names, labels)
        )
        assert len(set(self.node.values())) == len(self.node) and len(set(self.edge.values())) == len(self.edge)
        assert sorted(file) == sorted((self.node[s], self.edge[e], self.node[d]) for s, e, d in described)


def write(tmp_path, text, name="graph.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# the files of this repository


def test_the_underground():
    """What the documentation says of it."""
    file = read(UNDERGROUND)
    graph = Graph(file)  # No label twice at a station.
    assert len(graph.nodes) == len(graph.out) == 26 and len(file) == 106
    assert len({edge for _, edge, _ in file}) == 30
    degrees = [len(out) for out in graph.out.values()]
    assert min(degrees) == 2 and max(degrees) == 6
    apart = Counter(d for station in graph.nodes for d in graph.distances(station).values())
    assert apart == {0: 26, 1: 90, 2: 164, 3: 186, 4: 132, 5: 54, 6: 20, 7: 4}
    for one in ("Oxford Circus,Central E,Tottenham Court Road", "Leicester Square,Northern S,Charing Cross"):
        assert tuple(one.split(",")) in file


def test_the_family():
    file = read(FAMILY)
    people = Graph(file)
    assert len(people.nodes) == 21 and len(file) == 54
    assert ("Susan", "0", "Laura") in file and ("Edna", "2", "Mark") in file


def raw(tmp_path):
    """Raw data of five lines: Low - Bank/Monument - High and more."""
    write(
        tmp_path,
        '"line","name"\n1,"Circle Line"\n2,"District Line"\n3,"Red Line"\n5,"East London Line"\n',
        "london.lines.csv",
    )
    stations = {
        "Bank": (51.5, 0, 1),
        "Monument": (51.5, 0.001, 1),
        "High": (51.6, 0.01, 1.5),
        "Between": (51.55, 0, 1),
        "Fork": (51.5, 0.1, 1),
        "East": (51.5, 0.2, 1),
        "South": (51.4, 0.1, 1),
        "Far": (51.9, 0, 2),
        "West": (51.5, -0.1, 1),
    }
    number = {name: i for i, name in enumerate(stations, 1)}
    rows = [f'{number[n]},{lat},{lon},"{n}",NULL,{zone},2,0' for n, (lat, lon, zone) in stations.items()]
    header = '"id","latitude","longitude","name","display_name","zone","total_lines","rail"'
    write(tmp_path, "\n".join([header, *rows]), "london.stations.csv")
    tracks = [
        *[("Monument", "Between", 1), ("Between", "High", 2), ("Bank", "Monument", 2)],  # one line over Between
        *[("Bank", "High", 3), ("High", "Far", 3), ("Far", "Bank", 3)],  # Far is too far, but the line passes it
        *[("Bank", "Fork", 3), ("Fork", "East", 3), ("Fork", "South", 3), ("East", "High", 1), ("South", "Bank", 1)],
        *[("Bank", "West", 5), ("West", "High", 5), ("West", "East", 1)],
    ]
    rows = [f"{number[a]},{number[b]},{line},1" for a, b, line in tracks]
    write(tmp_path, "\n".join(['"station1","station2","line","time"', *rows]), "london.connections.csv")
    return tmp_path


def test_making_the_underground(tmp_path):
    spec = importlib.util.spec_from_file_location("make_underground", CHECKOUT / "tools" / "make_underground.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    made = sorted(set(tool.triples(*tool.read(raw(tmp_path)))))
    assert made == sorted(
        [
            *[("Bank", "Circle N", "High"), ("High", "Circle S", "Bank")],  # over Between
            *[("Bank", "Red N", "High"), ("High", "Red S", "Bank")],  # directly, and over Far
            *[("East", "Circle W", "High"), ("High", "Circle E", "East")],
            *[("Bank", "Circle S", "South"), ("South", "Circle N", "Bank")],
        ]
    )


# the three tasks


@pytest.mark.parametrize("name", ["graph_traversal", "shortest_path"])
def test_the_network_is_told_the_file(name):
    file = read(UNDERGROUND)
    task = dnc.Task(name, seed=1, graph=UNDERGROUND, path=4)
    episodes = task.sample(30)
    keys, orders = [], set()
    for b in range(30):
        phases = Phases(episodes, b)
        keys.append(Key(file, phases.description))
        orders.add(tuple((keys[-1].node[s], keys[-1].edge[e]) for s, e, _ in phases.description))
    assert len(orders) == 30, "in another order each time"
    labels = Counter(label for key in keys for label in key.node)
    assert len(labels) > 400, "under other labels each time"
    assert len({label for key in keys for label in key.edge}) > 400
    assert chi_square(np.bincount([n // 100 for n in labels.elements()]), [78] * 10) < 28


def test_traversal():
    """Seven steps on the Underground: a walk from any station, answered right, and what guessing earns."""
    task = dnc.Task("graph_traversal", seed=2, graph=UNDERGROUND, path=7)
    file = read(UNDERGROUND)
    starts, scores, chance = Counter(), 0, 0
    for _ in range(4):
        episodes = task.sample(100)
        for b in range(100):
            phases = Phases(episodes, b)
            node, edges, answer = walk_of(phases)
            starts[Key(file, phases.description).node[node]] += 1
            assert len(edges) == 7
            guess = 1
            for t, edge in enumerate(edges, answer):
                guess /= len(phases.graph.out[node])
                assert_equal(phases.targets[t], channels(node, edge, phases.graph.out[node][edge]))
                node = phases.graph.out[node][edge]
            chance += guess
        scores = scores + task.score(logits(episodes.targets))
    assert (scores[:, 0] == scores[:, 1]).all() and abs(scores[0, 2] - chance) < 1e-9
    assert len(starts) == 26 and chi_square(list(starts.values()), [400 / 26] * 26) < 53


def test_shortest_paths():
    """All 132 pairs of stations four edges apart are as likely, and one who guesses is lost."""
    task = dnc.Task("shortest_path", seed=3, graph=UNDERGROUND, path=4)
    task.evaluating = True
    file = read(UNDERGROUND)
    graph = Graph(file)
    wanted = {(a, b) for a in graph.nodes for b, d in graph.distances(a).items() if d == 4}
    assert len(wanted) == 132
    pairs = Counter()
    for _ in range(5):
        episodes = task.sample(132)
        for b in range(132):
            p = Path(episodes, b)
            p.check()
            key = Key(file, p.description)
            pairs[key.node[p.start], key.node[p.end]] += 1
    assert set(pairs) <= wanted and chi_square([pairs[pair] for pair in wanted], [5] * 132) < 190
    outputs, episodes = play(task, 20, 0)
    score = task.score(outputs)
    assert score[1, 0] < 10 and score[1, 1] == 20
    for b in range(20):
        Path(episodes, b).check()


@pytest.mark.parametrize("queries", [1, 3])
def test_kinship(queries):
    """All 116 questions to the family are as likely, and answered as the family is."""
    task = dnc.Task("graph_inference", seed=4, graph=FAMILY, relation="kinship", queries=queries)
    file = read(FAMILY)
    out = Graph(file).out
    questions = Counter()
    for _ in range(4):
        episodes = task.sample(200)
        for b in range(200):
            asked = Questions(episodes, b, queries)
            key = Key([(s, int(e), d) for s, e, d in file], asked.description, fixed_edges=True)
            assert all(edge == name for edge, name in key.edge.items())
            assert len(set(asked.asked)) == queries
            for start, relation, end in asked.asked:
                person = key.node[start]
                for edge in RELATIONS[relation]:
                    person = out[person][str(edge)]
                assert person == key.node[end]
                questions[key.node[start], relation] += 1
        scores = task.score(logits(episodes.targets))
        assert (scores[:, 0] == scores[:, 1]).all()
        assert abs(scores[1, 2] / scores[1, 1] - 1 / 21) < 1e-12
    assert {RELATIONS[relation] for _, relation in questions} == set(kinships())
    assert len(questions) == 116
    assert chi_square(list(questions.values()), [sum(questions.values()) / 116] * 116) < 170
    assert ("Susan", FIRST + 200) in questions  # mother, mother, mother, first son: a great-uncle


def test_one_way_graphs(tmp_path):
    """A shortest path may end where nothing leads on, and a wrong move may lose the way."""
    file = write(tmp_path, f"{HEADER}\na,1,b\nb,1,c\na,2,d\nb,2,d\nd,1,e\n")
    task = dnc.Task("shortest_path", seed=5, graph=file, path="1-2")
    task.evaluating = True
    ends = Counter()
    for seed in range(20):
        outputs, episodes = play(task, 10, seed)
        for b in range(10):
            p = Path(episodes, b)
            p.check()
            ends[p.length, int(p.mask.sum())] += 1
        assert np.isfinite(task.loss(outputs)[0])
    assert {length for length, _ in ends} == {1, 2} and len(ends) >= 3


@pytest.mark.parametrize("name", DIGESTS)
def test_episodes_of_this_version(name):
    """The same on every machine, and from version to version: these bytes may never change."""
    options = f"graph={FAMILY},relation=3-4" if name == "graph_inference" else f"graph={UNDERGROUND},path=2-7"
    assert digest(name, options) == DIGESTS[name]


# what a file may look like


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{SQUARE}",
        f"{HEADER}\r\n" + SQUARE.replace("\n", "\r\n"),
        f"# A square.\n\n  {HEADER}\n# With a diagonal:\n" + SQUARE.replace(",", " ,\t").replace("\n", "  # edge\n\n"),
        f"{HEADER}\n{SQUARE}".rstrip("\n"),
        f"{HEADER}\n" + SQUARE.replace("a", "Pádua, ".strip(", ")).replace("d", "St. John's Wood (\u2192)"),
        f"{HEADER}\n" + SQUARE.replace("x", "a").replace("y", "b"),
    ],
)
def test_forms(tmp_path, text):
    file = write(tmp_path, text)
    for name in ("graph_traversal", "shortest_path"):
        task = dnc.Task(name, graph=file, path="1-2")
        episodes = task.sample(3)
        for b in range(3):
            Key(read(write(tmp_path, f"{HEADER}\n{SQUARE}", "plain.csv")), Phases(episodes, b).description)


def test_names_with_a_hash(tmp_path):
    """They stay distinct; a comment begins a line or stands between spaces."""
    file = write(
        tmp_path,
        f"#{HEADER}\n{HEADER} # as ever\n  #one,x,two\n"
        "Gate #1,a#,Gate #2\nGate #2,a#,Gate #3 # back\nGate #3,c,Gate #1\t#\nGate #3,#d,Gate#2\nGate#2,c,Gate #1",
    )
    task = dnc.Task("graph_traversal", graph=file, path=2)
    wanted = [("Gate #1", "a#", "Gate #2"), ("Gate #2", "a#", "Gate #3"), ("Gate #3", "c", "Gate #1")]
    wanted += [("Gate #3", "#d", "Gate#2"), ("Gate#2", "c", "Gate #1")]
    Key(wanted, Phases(task.sample(1), 0).description)
    path = write(tmp_path, f"{HEADER}\nGate #1,x,Gate #1\n")
    assert '"Gate #1,x,Gate #1" leads' in refused("graph_traversal", f"graph={path}", c.DNC_BAD_FORMAT)


def test_the_largest_files(tmp_path):
    """500 nodes, 1,000 labels, 10,000 edges, and one more of each."""
    edges = [(s, f"e{(20 * s + k) % 1000}", (s + k) % 500) for s in range(500) for k in range(1, 21)]
    lines = [f"node {s},{e},node {d}\n" for s, e, d in edges]
    task = dnc.Task("graph_traversal", graph=write(tmp_path, HEADER + "\n" + "".join(lines)), path=3)
    phases = Phases(task.sample(1), 0)
    assert len(phases.description) == 10000 and len(phases.graph.nodes) == 500
    assert len({e for _, e, _ in phases.description}) == 1000
    path = write(tmp_path, HEADER + "\n" + "".join(lines) + "node 0,more,node 1\n")
    assert "10001 edges" in refused("graph_traversal", f"graph={path}", c.DNC_BAD_FORMAT)
    path = write(tmp_path, HEADER + "\n" + "".join(f"{i},x,{i + 1}\n" for i in range(500)))
    message = refused("graph_traversal", f"graph={path}", c.DNC_BAD_FORMAT)
    assert "line 501" in message and "500 nodes" in message
    path = write(tmp_path, HEADER + "\n" + "".join(f"{i % 2},{i},{1 - i % 2}\n" for i in range(1001)))
    message = refused("graph_traversal", f"graph={path}", c.DNC_BAD_FORMAT)
    assert "line 1002" in message and "1000 labels" in message
    path = write(tmp_path, HEADER + "\n" + "# long\n" * 200000)
    assert "bytes" in refused("graph_traversal", f"graph={path}", c.DNC_BAD_FORMAT)


@pytest.mark.parametrize(
    "text, line, said",
    [
        ("", None, "0 edges"),
        (HEADER, None, "0 edges"),
        ("# nothing\n\n", None, "0 edges"),
        (SQUARE, 1, f'expected "{HEADER}", found "a,x,b"'),
        (f"Source,edge,destination\n{SQUARE}", 1, f'expected "{HEADER}"'),
        (f"{HEADER}\n{SQUARE}a,z", 7, 'found "a,z"'),
        (f"{HEADER}\na,x,b,c\n{SQUARE}", 2, 'found "a,x,b,c"'),
        (f"{HEADER}\na,x,\n", 2, 'found "a,x,"'),
        (f"{HEADER}\n,x,b\n", 2, 'found ",x,b"'),
        (f"{HEADER}\na, ,b\n", 2, 'found "a, ,b"'),
        (f"{HEADER}\na;x;b\n", 2, 'found "a;x;b"'),
        (f"{HEADER}\n,\n", 2, 'found ","'),
        (f"{HEADER}\n,,\n", 2, 'found ",,"'),
        (f"{HEADER}\n,,,,\n", 2, 'found ",,,,"'),
        (f"{HEADER}\n\n# again\n{SQUARE}a,x,d\n", 9, '"x" leaves "a" already'),
        (f"{HEADER}\n{SQUARE}e,x,e", 7, "itself"),
        (f"{HEADER}\na,x,b\nb,x,c\n", 3, '"b,x,c" leads where no edge leads on'),
        (f"{HEADER}\n\x00\x01,x,\x7f\n", 2, "byte 0"),
    ],
)
def test_bad_files(tmp_path, text, line, said):
    path = write(tmp_path, text)
    message = refused("graph_traversal", f"graph={path}", c.DNC_BAD_FORMAT)
    assert message.startswith(f"{path}, line {line}: " if line else f"{path} has"), message
    assert said in message


@pytest.mark.parametrize("edge", ["10", "x", "-1", "01", "1.0"])
def test_inference_needs_digits(tmp_path, edge):
    path = write(tmp_path, f"{HEADER}\na,9,b\nb,{edge},a\n")
    message = refused("graph_inference", f"graph={path}", c.DNC_BAD_FORMAT)
    assert f'{path}, line 3: the edge is "{edge}", allowed are 0 to 9' == message


def test_missing_files(tmp_path):
    for name in ("graph_traversal", "shortest_path", "graph_inference"):
        for path in (tmp_path / "none.csv", tmp_path):
            assert str(path) in refused(name, f"graph={path}", c.DNC_IO_ERROR)
        assert refused(name, "graph=").endswith('graph is "", allowed are a path without commas')


def test_options_that_do_not_fit(tmp_path):
    for name in ("graph_traversal", "shortest_path", "graph_inference"):
        for given in ("nodes=5", "out_degree=2"):
            for options in (f"graph={FAMILY},{given}", f"{given},graph={FAMILY}"):
                message = refused(name, options)
                assert given.split("=")[0] in message and "graph" in message
    message = refused("shortest_path", f"graph={UNDERGROUND},path=2-8")
    assert "path" in message and "8 edges apart" in message
    message = refused("graph_inference", f"graph={FAMILY},queries=100,relation=kinship,planning=0,relation=5-5")
    assert "queries is 100" in message and "5 edges" in message
    path = write(tmp_path, f"{HEADER}\na,1,b\n")
    assert "0 questions" in refused("graph_inference", f"graph={path},relation=2")


def test_damaged_files(tmp_path):
    """Every truncation and many corruptions: accepted or refused, nothing else."""
    whole = f"{HEADER}\n{SQUARE}b,2,a\nc,long name,a\n".encode()
    rng = np.random.default_rng(0)
    damaged = [whole[:i] for i in range(len(whole))]
    for _ in range(500):
        some = bytearray(whole)
        for place in rng.integers(len(some), size=rng.integers(1, 4)):
            some[place] = rng.choice([0, 10, 13, 32, 35, 44, 97, 98, 120, 128, 255])
        damaged.append(bytes(some))
    accepted = 0
    for text in damaged:
        path = write(tmp_path, text)
        for name in ("graph_traversal", "shortest_path", "graph_inference"):
            try:
                task = dnc.Task(name, graph=path, **{} if name == "graph_inference" else {"path": 1})
            except dnc.Error as error:
                assert "graph.csv" in str(error) or "questions" in str(error)
            else:
                task.score(np.zeros_like(task.sample(2).targets))
                accepted += 1
    assert accepted > 20


def test_lessons(tmp_path):
    """A curriculum may end with a file; what is wrong with it is said with both lines."""
    text = f"task graph_traversal\nrehearsal 0.5\nlesson nodes=5,path=1\nlesson graph={UNDERGROUND},path=7\n"
    task = dnc.Task.load(write(tmp_path, text, "lessons.txt"), seed=6)
    task.lesson = 1
    episodes = task.sample(200)
    sizes = Counter(len(Phases(episodes, b).graph.nodes) for b in range(200))
    assert set(sizes) == {5, 26} and 60 < sizes[5] < 140
    task.evaluating = True
    episodes = task.sample(50)
    assert all(len(Phases(episodes, b).description) == 106 for b in range(50))

    bad = write(tmp_path, f"{HEADER}\na,x,a\n")
    lessons = write(tmp_path, f"task shortest_path\nlesson path=1\nlesson graph={bad}\n", "bad.txt")
    with pytest.raises(dnc.Error, match=f"{lessons}, line 3: {bad}, line 2: .*itself"):
        dnc.Task.load(lessons)
