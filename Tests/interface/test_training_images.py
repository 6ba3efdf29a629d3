"""Pictures of trainings and capacities, decoded by Pillow: lines and cells lie where NumPy says that they should."""

import json
import os
import time
from ctypes import POINTER, byref, c_char_p, c_size_t, c_uint8, c_uint32, string_at
from pathlib import Path

import numpy as np
import pytest
from support import CHECKOUT, Refused, c, check, encode, f32, floats, image_options, last_error
from test_images import decode, longest_run, palette, runs_of

pytestmark = pytest.mark.any_level

RUNS = [(0, 114, 178), (230, 159, 0), (0, 158, 115), (213, 94, 0), (86, 180, 233), (204, 121, 167), (240, 228, 66)]
FRAME = {c.DNC_THEME_LIGHT: (110, 110, 110), c.DNC_THEME_DARK: (140, 140, 140)}
PAPER = {c.DNC_THEME_LIGHT: (255, 255, 255), c.DNC_THEME_DARK: (18, 18, 22)}
INK = (38, 38, 38)
MODELS = sorted((CHECKOUT / "models").glob("*.jsonl"))


# ------------------------------------------------------------------------------------------ logs --


def line(event, update, **fields):
    return json.dumps({"event": event, "update": update, **fields})


def train(update, loss, **fields):
    return line("train", update, loss=loss, seconds=fields.pop("seconds", update / 100), **fields)


def scored(update, **scores):
    return line("test", update, seconds=update / 100, scores={name: [s, 0.5, 10.0] for name, s in scores.items()})


def strings(values):
    return (c_char_p * len(values))(*[None if value is None else os.fsencode(value) for value in values])


@pytest.fixture
def draw(tmp_path):
    """The bytes of the picture of some logs: paths, lists of lines, or the text of a file."""

    def draw(*logs, names=None, **fields):
        paths = []
        for i, log in enumerate(logs):
            if isinstance(log, (list, str)):
                path = tmp_path / f"{i}.jsonl"
                path.write_text(log if isinstance(log, str) else "".join(text + "\n" for text in log))
                log = path
            paths.append(log)
        given = [len(paths), strings(paths), strings(names) if names else None, byref(image_options(**fields))]
        png, size = POINTER(c_uint8)(), c_size_t(77)
        status = c.dnc_training_image_encode(*given, byref(png), byref(size))
        path = tmp_path / "picture.png"
        assert c.dnc_training_image_write(os.fsencode(path), *given) == status
        if status != c.DNC_OK:
            assert not png and size.value == 77
            assert not [p for p in tmp_path.iterdir() if "png" in p.name], "no part of a file"
            raise Refused(status, last_error())
        data = string_at(png, size.value)
        c.dnc_buffer_free(png)
        assert path.read_bytes() == data
        path.unlink()
        return data

    return draw


def losses_only(values, every=10):
    return [train(every * (i + 1), value) for i, value in enumerate(values)]


# --------------------------------------------------------------------------------- what is where --


class Panel:
    """What is in one frame, and the marks of its axes."""

    def __init__(self, picture, frame, top, bottom, left, right):
        self.picture = picture
        self.top, self.left = top + 1, left + 1
        self.inside = picture[top + 1 : bottom, left + 1 : right]
        self.height, self.width = self.inside.shape[:2]
        beside = frame[top : bottom + 1, :left]
        self.major = np.flatnonzero(beside[:, -3:].all(1))[::-1] - 1  # from below
        self.marks = np.flatnonzero(beside[:, -1])[::-1] - 1
        below = frame[bottom + 1 : bottom + 4, left : right + 1]
        self.times = np.flatnonzero(below.all(0)) - 1

    def has(self, colour, tolerance=0):
        return (abs(self.inside - colour) <= tolerance).all(2)

    def row(self, value, values):
        """Where a value lies, given those of the marks with a number, evenly apart."""
        return np.interp(value, values, self.major) if len(values) > 1 else None


def panels(png, theme=c.DNC_THEME_LIGHT):
    picture = decode(png)
    frame = (picture == FRAME[theme]).all(2)
    edges = []
    for y, row in enumerate(frame):
        xs = np.flatnonzero(row)
        start, length = longest_run(xs) if len(xs) > 60 else (0, 0)
        if length >= 66:
            edges.append((y, start, start + length - 1))
    assert len(edges) % 2 == 0 and len({edge[1:] for edge in edges}) == 1
    return [
        Panel(picture, frame, top, bottom, left, right)
        for (top, left, right), (bottom, *_) in zip(edges[::2], edges[1::2])
    ]


def linear(marks, values, wanted):
    """The line through two marks or more, beyond them too."""
    slope, offset = np.polyfit(values, marks, 1)
    assert abs(np.polyval([slope, offset], values) - marks).max() < 1
    return slope * np.asarray(wanted) + offset


def moving_mean(values):
    reach = len(values) // 40
    return np.array([np.mean(values[max(i - reach, 0) : i + reach + 1]) for i in range(len(values))])


@pytest.mark.parametrize("theme", [c.DNC_THEME_LIGHT, c.DNC_THEME_DARK])
@pytest.mark.parametrize("width, height", [(0, 0), (400, 300), (64, 64), (1500, 100)])
def test_sizes(draw, theme, width, height):
    log = losses_only(np.geomspace(1, 1e-3, 50)) + [scored(u, right=u / 500) for u in (100, 300, 500)]
    found = panels(draw(log, theme=theme, width=width, height=height), theme)
    assert [(p.width, p.height) for p in found] == 2 * [(width or 720, height or 240)]
    picture = decode(draw(log, theme=theme, width=width, height=height))
    assert (picture[[0, -1]] == PAPER[theme]).all() and (picture[:, [0, -1]] == PAPER[theme]).all()
    large = decode(draw(log, theme=theme, width=width, height=height, pixel_scale=3))
    assert (large == picture.repeat(3, 0).repeat(3, 1)).all()


def test_without_tests_there_is_no_panel_of_them(draw):
    assert len(panels(draw(losses_only([1, 0.5, 0.2])))) == 1
    assert len(panels(draw(losses_only([1, 0.5, 0.2]), metric=b"right"))) == 1


def test_the_mean_is_where_it_should_be(draw):
    rng = np.random.default_rng(0)
    values = 10 ** (1 - 4 * np.arange(400) / 400 + 0.3 * rng.standard_normal(400))
    updates = 10 * np.arange(1, 401)
    (panel,) = panels(draw(losses_only(values)))
    # 10 to 0.001 have numbers, and 0 to 4000 in steps of 500.
    rows = linear(panel.major, np.arange(-3, -3 + len(panel.major)), np.log10(moving_mean(values)))
    columns = linear(panel.times, 500 * np.arange(len(panel.times)), updates)
    assert len(panel.major) >= 4 and len(panel.times) == 9
    strong = panel.has(RUNS[0], 60)
    for column in range(int(columns[0]) + 2, int(columns[-1]) - 1):
        near = np.interp([column - 0.7, column, column + 0.7], columns, rows)
        found = np.flatnonzero(strong[:, column])
        assert len(found), column
        assert near.min() - 2 <= found.min() and found.max() <= near.max() + 2, column
    # The raw loss, in pale.
    other = (abs(panel.inside - panel.inside[0, 0]).max(2) > 20) & ~panel.has(panel.inside[panel.major[0], 1])
    raw = linear(panel.major, np.arange(-3, -3 + len(panel.major)), np.log10(values))
    for row, column in zip(raw, columns):
        r, k = int(np.round(row)), int(np.round(column))
        assert other[max(r - 2, 0) : r + 3, max(k - 1, 0) : k + 2].any()


def test_a_great_loss_spoils_only_its_neighbours(draw):
    """The mean is no difference of sums."""
    values = np.full(200, 0.01)
    values[100] = 1e200
    (panel,) = panels(draw(losses_only(values)))
    strong = panel.has(RUNS[0], 30)
    below = strong[-9:].any(0)
    assert below[10:300].all() and below[-300:-8].all()


def test_the_mean_begins_anew_with_a_lesson(draw):
    log = losses_only([1.0] * 100 + [0.01] * 100)
    (across,) = panels(draw(log))
    log.insert(100, line("lesson", 1000, lesson=1, options=""))
    (apart,) = panels(draw(log))
    middle = np.s_[20:-20]
    assert across.has(RUNS[0], 30)[middle].any(), "a way from one to the other"
    assert not apart.has(RUNS[0], 30)[middle].any()


def test_scores_are_where_they_should_be(draw):
    scores = np.array([0, 0.25, 0.5, 0.3, 0.8])
    log = losses_only([1, 0.1, 0.01]) + [scored(100 * (i + 1), right=s, wrong=1 - s) for i, s in enumerate(scores)]
    for metric, wanted in ((None, scores), (b"wrong", 1 - scores)):
        _, panel = panels(draw(log, metric=metric))
        rows = linear(panel.major, 0.2 * np.arange(len(panel.major)), wanted)
        columns = linear(panel.times, np.linspace(0, 500, len(panel.times)), 100 * np.arange(1, 6))
        marks = panel.has(RUNS[0], 30)
        for row, column in zip(rows, columns):
            r, k = int(np.round(row)), int(np.round(column))
            assert marks[r - 1 : r + 2, k - 1 : k + 2].all(), "a mark at the test"
        middle = (np.round((rows[3] + rows[4]) / 2).astype(int), np.round((columns[3] + columns[4]) / 2).astype(int))
        assert marks[middle[0] - 2 : middle[0] + 3, middle[1]].any(), "a line between them"


def test_a_score_that_falls_has_a_logarithmic_axis(draw):
    scores = np.geomspace(0.5, 0.0005, 13)
    log = losses_only([1, 0.1]) + [scored(100 * (i + 1), wrong=s) for i, s in enumerate(scores)]
    _, panel = panels(draw(log))
    ys = [np.flatnonzero(panel.has(RUNS[0], 90)[:, column]).mean() for column in range(100, 700, 50)]
    assert abs(np.diff(ys, 2)).max() <= 2, "a straight line"
    _, panel = panels(draw([*log, scored(1400, wrong=0.3)]))
    assert len(set(np.diff(panel.major))) <= 2, "an even axis"


def test_an_error_of_0_lies_at_the_lower_end(draw):
    log = losses_only([1, 0.1]) + [scored(u, wrong=s) for u, s in ((100, 0.5), (200, 0.01), (300, 0.0))]
    _, panel = panels(draw(log))
    column = int(np.round(linear(panel.times, np.linspace(0, 300, len(panel.times)), [300])[0]))
    ys = np.flatnonzero(panel.has(RUNS[0], 30)[:, column - 1 : column + 2].any(1))
    assert len(ys) and ys.min() >= panel.height - 8


def test_over_time(draw):
    """The first half of the updates takes a tenth of the time."""
    seconds = [10 if i < 10 else 100 for i in range(20)]
    log = [train(100 * (i + 1), 2.0**-i, seconds=float(sum(seconds[: i + 1]))) for i in range(20)]
    (even,), (timed,) = panels(draw(log)), panels(draw(log, flags=c.DNC_IMAGE_OVER_TIME))

    def half_way(panel):
        ys, xs = np.nonzero(panel.has(RUNS[0], 30))
        return xs[abs(ys - panel.height / 2).argmin()] / panel.width

    assert 0.45 < half_way(even) < 0.6 and half_way(timed) < 0.2


def test_a_clock_that_is_set_back(draw):
    """Time stands still until the clock has caught up."""

    def drawn(*seconds):
        log = [train(100 * (i + 1), 2.0**-i, seconds=float(now)) for i, now in enumerate(seconds)]
        return draw(log, flags=c.DNC_IMAGE_OVER_TIME)

    assert drawn(1, 2, 3, 4, 1, 2, 6, 7) == drawn(1, 2, 3, 4, 4, 4, 6, 7) != drawn(1, 2, 3, 4, 5, 6, 6, 7)


def test_lessons_are_lines(draw):
    log = losses_only(np.geomspace(1, 0.1, 100)) + [scored(1000, right=1.0)]
    plain = panels(draw(log))
    log.insert(20, line("lesson", 200, lesson=1, options="x"))
    log.insert(51, line("lesson", 500, lesson=2, options="x"))
    found = panels(draw(log))
    assert found[0].top > plain[0].top, "room for the numbers"
    for panel in found:
        ink = panel.has(INK).sum(0)
        expected = linear(panel.times, np.linspace(0, 1000, len(panel.times)), [200, 500])
        assert abs(np.flatnonzero(ink) - expected).max() <= 1
        assert (ink[ink > 0] >= panel.height * 0.4).all()
    texts = found[0].picture[: found[0].top - 1, found[0].left :]
    for column in np.flatnonzero(found[0].has(INK).any(0)):
        assert (texts[:, column - 3 : column + 4] == INK).all(2).any(), "its number"
    # Of two runs, in their colours.
    top = panels(draw(log, log[:10]))[0]
    assert not top.has(INK).any() and top.has(RUNS[0])[:, [np.flatnonzero(ink)[0]]].sum() >= top.height * 0.4


def test_numbers_of_lessons_do_not_overlap(draw):
    """Between two numbers is paper. Three rows are all there is."""
    log = losses_only(np.geomspace(1, 0.1, 100))
    for i in range(90):
        log.insert(i + 5 + i, line("lesson", 50 + 10 * i, lesson=i + 100, options=""))
    (panel,) = panels(draw(log, width=300))
    for row in range(3):
        end = panel.top - 4 - 13 * row
        texts = (panel.picture[end - 13 : end, panel.left :] == INK).all(2).any(0)
        starts = np.flatnonzero(np.diff(texts.astype(int)) == 1)
        gaps = [gap for gap in np.diff(starts) if gap > 6]
        assert texts.any() and len(gaps) < 20
    assert panel.top < 14 + 3 * 13 + 6


def lesson_numbers(draw, *updates):
    """The pixels of the numbers above a picture of this training, [height, width], with room for the lines' numbers."""
    log = losses_only(np.geomspace(1, 0.1, 100))
    for lesson, update in enumerate(updates, 1):
        log.insert(update // 10 + lesson - 1, line("lesson", update, lesson=lesson, options=""))
    (panel,) = panels(draw(log))
    return (panel.picture[: panel.top - 1, panel.left - 2 :] == INK).all(2)


def test_every_lesson_has_its_number(draw):
    """Also the first, and one that lasts for a few updates only: its number stands above the one before."""
    apart = lesson_numbers(draw, 300, 600)
    groups = np.flatnonzero(np.diff(np.append(False, apart.any(0)).astype(int)) == 1)
    assert len(groups) == 3 and groups[0] <= 6, "1 at the left edge, 2 and 3"
    close = lesson_numbers(draw, 600, 610)
    assert len(close) == len(apart) + 13, "a row more"
    first, second = close[:-16].copy(), close[-17:]
    assert first[-13:].any() and second.any()
    three = apart[:, groups[2] :]
    three = three[:, : np.flatnonzero(three.any(0))[-1] + 1]
    shape = three[np.flatnonzero(three.any(1))[0] : np.flatnonzero(three.any(1))[-1] + 1]
    rows, columns = np.flatnonzero(first.any(1)), np.flatnonzero(first.any(0))
    assert (first[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == shape).all(), "the same 3"


def test_a_log_that_begins_later_has_its_own_first_number(draw):
    """A log without its beginning says only which lesson follows."""
    logs = []
    for lesson in (1, 2):
        log = losses_only(np.geomspace(1, 0.1, 100))
        log.insert(50, line("lesson", 500, lesson=lesson, options=""))
        (panel,) = panels(draw(log))
        logs.append((panel.picture[: panel.top - 1, panel.left - 2 :] == INK).all(2))
    of_two, of_three = logs
    half = of_two.shape[1] // 4
    assert of_two[:, :half].any() and of_three[:, :half].any()
    assert (of_two[:, :half] != of_three[:, :half]).any(), "1, and 2"


def test_runs_have_colours(draw):
    logs = [losses_only(np.geomspace(1, 10.0**-i, 30)) for i in range(1, 8)]
    picture = decode(draw(*logs, names=[f"run {i}" for i in range(7)]))
    for colour in RUNS:
        assert (picture == colour).all(2).sum() > 100
    whole = (decode(draw(*logs, names="abcdefg")) == RUNS[0]).all(2).sum()
    more = decode(draw(*logs, *logs[:1], names="abcdefgh"))
    assert (more == RUNS[0]).all(2).sum() > whole / 2, "and dashes from the eighth on"


def test_runs_of_one_name_share_colour_and_entry(draw):
    """The legend has the mean of their last scores."""
    log = [losses_only([1, 0.5, 0.1]) + [scored(30, right=score)] for score in (0.25, 0.5, 0.75)]
    picture = decode(draw(*log, names=["same", "other", "same"]))
    assert [(picture == colour).all(2).any() for colour in RUNS[:3]] == [True, True, False]
    legends = []
    for runs in ([log[0], log[2]], [log[1], log[1]], [log[0], log[1]]):
        row = decode(draw(*runs, names=["same"] * 2))[-30:]
        columns = np.flatnonzero((row != 255).any((0, 2)))
        legends.append(row[:, columns[0] : columns[-1] + 1])
    assert np.array_equal(*legends[:2]) and not np.array_equal(*legends[1:]), "0.5, and less"


@pytest.mark.parametrize("width", [64, 720])
@pytest.mark.parametrize("runs", [1, 2, 5, 30, 64])
def test_the_legend_is_beside_or_below(draw, runs, width):
    """Names change the picture, and nothing of it lies in the panels or is cut off at the edge."""
    logs = [losses_only([1, 0.5, 0.1]) + [scored(30, right=0.5)]] * runs
    for name in ("a", "a name", "a name of a run that is rather longer than others " * 4):
        png = draw(*logs, names=[f"{name} {i}" for i in range(runs)], width=width, height=64)
        assert png != draw(*logs, names=[f"b{name} {i}" for i in range(runs)], width=width, height=64)
        picture = decode(png)
        assert (picture[[0, -1]] == 255).all() and (picture[:, [0, -1]] == 255).all()
        for panel in panels(png):
            assert not panel.has(INK).any()
    assert draw(*logs, width=width)


def test_texts_change_the_picture(draw):
    log = losses_only([1, 0.1]) + [scored(10, right=0.1, wrong=0.2)]
    assert len({draw(log, title=title) for title in (None, b"a", b"b")}) == 3
    assert draw(log, metric=b"right") == draw(log) != draw(log, metric=b"wrong")
    assert draw(log, names=["a"]) != draw(log, names=["b"]) != draw(log)


# ------------------------------------------------------------------------------------ odd numbers --

ODD = {
    "one": [train(100, 0.5)],
    "at 0": [train(0, 0.5)],
    "equal": losses_only([0.5] * 50),
    "nearly equal": losses_only([0.5, 0.5 + 1e-16, 0.5 + 1e-15]),
    "zeros": losses_only([0.0] * 50),
    "negative": losses_only([-1, -2, -3.0]),
    "some negative": losses_only([1, -2, 3, 0, 1e-3]),
    "not finite": losses_only([1, None, float("nan"), float("inf"), -float("inf"), 2]),
    "nothing finite": losses_only([None, float("nan"), float("inf")]),
    "huge": losses_only([1e308, 1e-308, 1.7e308, 5e-324, 1e400, 3]),
    "all huge": losses_only([1.7e308] * 100),
    "tiny": losses_only([5e-324, 1e-310]),
    "late": [train(10**18 + i, 1 / (i + 1)) for i in range(50)],
    "as late as can be": ['{"event":"train","update":18446744073709551615,"loss":1,"seconds":1e300}'],
    "backwards": [train(u, 1 + u / 100) for u in (100, 200, 300, 150, 250, 50, 100, 100, 100)],
    "time runs backwards": [train(i, i + 1.0, seconds=-i) for i in range(20)],
    "no seconds": ['{"event": "train", "update": 5, "loss": 1}', '{"event": "train", "update": 6, "loss": 1}'],
    "no loss": ['{"event": "train", "update": 5}'],
    "spaces": ["", '  { "loss" : 1e0 , "event" : "train" , "update" : 5 }  \r', ""],
    "other events": [line("start", 0, a=[1, {"b": [None, True]}]), train(5, 1), line("finish", 5, reason="\u00e4\\")],
    "equal scores": losses_only([1, 2]) + [scored(u, right=0.0) for u in (5, 10, 15)],
    "equal scores of 7": losses_only([1, 2]) + [scored(u, right=7.0) for u in (5, 10, 15)],
    "one score": losses_only([1, 2]) + [scored(5, right=0.3)],
    "no number": losses_only([1, 2]) + [scored(5, right=None), scored(6, right=float("nan"))],
    "huge scores": losses_only([1, 2]) + [scored(5, right=1e300), scored(6, right=-1e300), scored(7, right=1e29)],
    "falls to nothing": losses_only([1, 2]) + [scored(5, wrong=0.5), scored(6, wrong=0.0), scored(7, wrong=-1.0)],
    "negative scores": losses_only([1, 2]) + [scored(5, gain=-0.5), scored(6, gain=-0.1)],
    "no metric": losses_only([1, 2]) + [scored(5), line("test", 6)],
    "odd lessons": losses_only([1, 2]) + [line("lesson", 20, lesson=n) for n in (None, -3, 1e300, 2.5)],
    "a long name": losses_only([1, 2]) + [scored(5, **{"long" * 200: 0.5})],
    "many tests": losses_only([1, 2]) + [scored(u, right=(u % 7) / 7) for u in range(20, 5000)],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("fields", [{}, dict(width=64, height=64, flags=c.DNC_IMAGE_OVER_TIME)], ids=["", "small"])
def test_odd_numbers(draw, name, fields):
    found = panels(draw(ODD[name], **fields))
    assert len(found) == 1 + any('"test"' in text and "[" in text for text in ODD[name])


def test_a_gap(draw):
    """Where there is no number, nothing is drawn."""
    (panel,) = panels(draw(losses_only([1, 2, 1, 0.0, None, -1, 1, 2, 1, 2])))
    columns = np.round(linear(panel.times, np.linspace(0, 100, len(panel.times)), [38, 50, 62])).astype(int)
    blue = abs(panel.inside[..., 2] - panel.inside[..., 0]).max(0) > 20
    assert not blue[columns].any() and blue[[columns[0] - 90, columns[2] + 90]].all()


def test_going_back(draw):
    """What a run did after the checkpoint that it was resumed from counts no more."""
    log = losses_only(np.geomspace(1, 0.1, 10))
    lost = [train(60, 77.0), scored(60, right=0.3), line("lesson", 60, lesson=1), train(70, 99.0)]
    assert draw(log[:5] + lost + log[5:]) == draw(log)


def test_an_unfinished_last_line_is_passed_over(draw):
    log = "".join(text + "\n" for text in losses_only(np.geomspace(1, 0.1, 10)))
    whole = draw(log)
    for end in range(len(train(110, 1e-7)) - 1):
        assert draw(log + train(110, 1e-7)[:end]) == whole
    assert draw(log + train(110, 1e-7)) != whole
    with pytest.raises(Refused, match=r"0\.jsonl, line 11: expected ") as refused:
        draw(log + train(110, 1e-7)[:30] + "\n")
    assert refused.value.status == c.DNC_BAD_FORMAT


def test_an_unfinished_last_line_is_no_error(draw):
    """A call that succeeds keeps the last error."""
    c.dnc_reset(None)
    mine = last_error()
    draw("".join(text + "\n" for text in losses_only(np.geomspace(1, 0.1, 10))) + train(110, 1e-7)[:30])
    assert last_error() == mine


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_logs_of_the_models(draw, path):
    """A panel of losses, and one of tests if there were some."""
    tests = '"event": "test"' in path.read_text()
    start = time.process_time()
    assert len(panels(draw(path))) == 1 + tests
    assert time.process_time() - start < 5
    assert len(panels(draw(path, *MODELS, width=100, height=64, flags=c.DNC_IMAGE_OVER_TIME))) == 2


# ----------------------------------------------------------------------------------------- refusals --


def refusal(draw, *logs, **fields):
    with pytest.raises(Refused) as refused:
        draw(*logs, **fields)
    assert "\n" not in refused.value.message
    return refused.value.status, refused.value.message


@pytest.mark.parametrize(
    "text",
    ["{", "}", "[]", "7", "nonsense", '{"event": train}', '{"event": "train",}', '{"event": "train"} {}', "\0",
     '{"event": "x", "a": ' + 100 * "[" + 100 * "]" + "}", '{"event": "train", "update": 1, "loss": "low"}',
     '{"event": "train", "update": 1, "loss": [1]}', '{"event": "test", "update": 1, "scores": 5}',
     '{"event": "test", "update": 1, "scores": {"a": 5}}', '{"event": "train", "loss": 1}',
     '{"event": "train", "update": -1}', '{"event": "train", "update": 1e20}', '{"event": "train", "update": NaN}',
     '{"event": "train", "update": Infinity}', '{"event": 3}', '{"event": "a\x01"}', '{"event": "a'],
)  # fmt: skip
def test_what_is_no_log(draw, text):
    good = train(5, 1.0)
    status, message = refusal(draw, f"{good}\n{good}\n{text}\n{good}\n")
    assert status == c.DNC_BAD_FORMAT and "0.jsonl, line 3: " in message and "header" not in message


def test_no_line_of_training(draw):
    for log in ("", "\n\n", [line("start", 0)], [scored(5, right=0.5)]):
        status, message = refusal(draw, losses_only([1]), log)
        assert status == c.DNC_BAD_FORMAT and "1.jsonl" in message and "train" in message


def test_an_unknown_metric(draw):
    log = losses_only([1]) + [scored(5, right=0.5, wrong=0.1)]
    for metric in (b"", b"righ", b"rightly", b"%s%n"):
        status, message = refusal(draw, log, losses_only([1]), metric=metric)
        assert status == c.DNC_INVALID_ARGUMENT and "options->metric" in message and "right, wrong" in message
    assert draw(log, losses_only([1]) + [scored(5, other=0.5)], metric=b"right"), "one of the runs has it"


def test_runs(draw, tmp_path):
    for runs in (0, 257, 2**63):
        log = [CHECKOUT / "models" / "copy.jsonl"] * 257
        assert c.dnc_training_image_write(os.fsencode(tmp_path / "a.png"), runs, strings(log), None, None) == 1
        assert last_error().startswith("runs is ") and last_error().endswith("allowed are 1 to 256")
    log = losses_only([1])
    status, message = refusal(draw, log, names=[None])
    assert status == c.DNC_INVALID_ARGUMENT and message == "names[0] is NULL"
    status, message = refusal(draw, log, None)
    assert status == c.DNC_INVALID_ARGUMENT and message == "logs[1] is NULL"


def test_files_that_cannot_be_read(draw, tmp_path):
    for path in (tmp_path / "missing", tmp_path, tmp_path / "missing" / "log", Path("/dev/null")):
        status, message = refusal(draw, losses_only([1]), path)
        assert status == c.DNC_IO_ERROR and str(path) in message, message
    huge = tmp_path / "huge.jsonl"
    with open(huge, "wb") as file:
        file.truncate(2**28 + 1)
    status, message = refusal(draw, huge)
    assert status == c.DNC_BAD_FORMAT and f"{2**28 + 1} bytes" in message and str(2**28) in message


@pytest.mark.parametrize("field", ["width", "height"])
@pytest.mark.parametrize("value", [1, 63, 8193, 2**32 - 1])
def test_sizes_that_are_refused(draw, field, value):
    status, message = refusal(draw, losses_only([1]), **{field: value})
    assert (
        status == c.DNC_INVALID_ARGUMENT
        and message == f"options->{field} is {value}, allowed are 64 to 8192, and 0 for the usual one"
    )


def test_the_widest(draw):
    (panel,) = panels(draw(losses_only(np.geomspace(1, 0.1, 2000)), width=8192, height=64))
    assert panel.width == 8192
    status, message = refusal(draw, losses_only([1]), width=8192, height=8192, pixel_scale=8)
    assert status == c.DNC_INVALID_ARGUMENT and "pixels" in message


# ----------------------------------------------------------------------------------------- capacity --

SLOTS, LENGTHS = [16, 32, 64, 100], [1, 2, 5, 10, 20, 50]


def capacity(tmp_path, scores, slots=SLOTS, lengths=LENGTHS, **fields):
    scores = f32(scores)
    given = [
        *scores.shape, floats(scores), (c_uint32 * len(slots))(*slots), (c_uint32 * len(lengths))(*lengths),
        byref(image_options(**fields)),
    ]  # fmt: skip
    path = tmp_path / "capacity.png"
    status = c.dnc_capacity_image_write(os.fsencode(path), *given)
    png, size = POINTER(c_uint8)(), c_size_t()
    assert c.dnc_capacity_image_encode(*given, byref(png), byref(size)) == status
    if status != c.DNC_OK:
        assert not png and not path.exists()
        raise Refused(status, last_error())
    data = string_at(png, size.value)
    c.dnc_buffer_free(png)
    assert path.read_bytes() == data
    return data


def cell_grid(png, rows, columns, cell):
    """The cells [rows, columns, cell, cell, 3], from above."""
    picture = decode(png)
    frame = (picture == FRAME[c.DNC_THEME_LIGHT]).all(2)
    lines = [(y, xs) for y, xs in ((y, np.flatnonzero(row)) for y, row in enumerate(frame)) if len(xs)]
    top, left = next(
        (y, start) for y, xs in lines for start, length in runs_of(xs) if length == columns * cell + 2
    )  # fmt: skip
    inside = picture[top + 1 : top + 1 + rows * cell, left + 1 : left + 1 + columns * cell]
    return inside.reshape(rows, cell, columns, cell, 3).swapaxes(1, 2)


@pytest.mark.parametrize("colormap", ["viridis", "magma", "grey"])
@pytest.mark.parametrize("cell", [4, 12, 40])
def test_capacity_cells(tmp_path, colormap, cell):
    """Least slots below, in the colours of 0 to 1, with numbers where there is room for them."""
    scores = np.random.default_rng(0).random((4, 6))
    scores[0, 0], scores[-1, -1] = 0, 1
    kind = getattr(c, f"DNC_COLORMAP_{colormap.upper()}")
    cells = cell_grid(capacity(tmp_path, scores, cell_pixels=cell, colormap=kind), 4, 6, cell)
    expected = palette(colormap)[np.clip((f32(scores) * 256).astype(int), 0, 255)][::-1]
    assert abs(cells[:, :, 0, 0] - expected).max() <= 8
    text = (cells != cells[:, :, :1, :1]).any((2, 3, 4))
    assert text.all() if cell == 40 else not text.any()
    if cell == 40:
        lightness = cells @ [0.2126, 0.7152, 0.0722]
        contrast = abs(lightness - lightness[:, :, :1, :1]).max((2, 3))
        assert contrast.min() > 90, "they can be read"


def test_capacity_numbers_are_percents(tmp_path):
    def number(score):
        return cell_grid(capacity(tmp_path, [[score]], [1], [1], cell_pixels=40), 1, 1, 40)[0, 0]

    def shape(score):
        cell = number(score)
        return (cell != cell[0, 0]).any(2).tobytes()

    assert shape(0.5) == shape(0.5049) == shape(0.496) != shape(0.49)
    assert shape(0.0) == shape(-0.0) != shape(1.0)
    assert len({shape(i / 100) for i in range(101)}) == 101


def test_capacity_not_measured(tmp_path):
    scores = np.full((4, 6), 0.5)
    scores[1, 2] = np.nan
    cells = cell_grid(capacity(tmp_path, scores, cell_pixels=20), 4, 6, 20)
    crossed = (cells == (255, 0, 255)).all(4).any((2, 3))
    assert np.argwhere(crossed).tolist() == [[2, 2]]


def test_capacity_axes(tmp_path):
    """The numbers along the axes, and the labels."""
    scores = np.full((4, 6), 0.5)
    plain = capacity(tmp_path, scores)
    assert plain != capacity(tmp_path, scores, slots=[16, 32, 64, 101])
    assert plain != capacity(tmp_path, scores, lengths=[1, 2, 5, 10, 20, 51])
    assert plain == capacity(tmp_path, scores, row_label=b"memory slots", column_label=b"length")
    assert plain != capacity(tmp_path, scores, row_label=b"slots") != capacity(tmp_path, scores, column_label=b"l")
    assert plain != capacity(tmp_path, scores, title=b"title")
    assert plain == capacity(tmp_path, scores, minimum=0.2, flags=c.DNC_IMAGE_BARE), "these don't count"
    picture = decode(plain)
    assert (decode(capacity(tmp_path, scores, pixel_scale=2)) == picture.repeat(2, 0).repeat(2, 1)).all()
    dark = decode(capacity(tmp_path, scores, theme=c.DNC_THEME_DARK))
    assert dark.shape == picture.shape and (dark[0, 0] == PAPER[c.DNC_THEME_DARK]).all()
    # Without numbers a heatmap is as it was.
    assert encode(scores) == encode(scores, image_options())


@pytest.mark.parametrize("rows, columns", [(1, 1), (1, 256), (256, 1), (256, 256)])
def test_capacity_sizes(tmp_path, rows, columns):
    scores = np.random.default_rng(0).random((rows, columns))
    assert decode(capacity(tmp_path, scores, range(rows), range(2**32 - columns, 2**32))).size


@pytest.mark.parametrize(
    "fields, name",
    [
        (dict(scores=[[-0.01]]), "scores[0] is -0.01"),
        (dict(scores=[[1.01]]), "scores[0] is 1.01"),
        (dict(scores=[[np.inf]]), "scores[0] is inf"),
        (dict(scores=[[-np.inf]]), "scores[0] is -inf"),
        (dict(scores=[[0, 1]], lengths=[5, 5]), "lengths[1] is 5"),
        (dict(scores=[[0], [1]], slots=[5, 4]), "slots[1] is 4"),
        (dict(scores=np.zeros((257, 1)), slots=range(257)), "rows is 257"),
        (dict(scores=np.zeros((1, 257)), lengths=range(257)), "columns is 257"),
    ],
)
def test_capacity_refusals(tmp_path, fields, name):
    with pytest.raises(Refused) as refused:
        capacity(tmp_path, **{**dict(slots=[1], lengths=[1]), **fields})
    assert refused.value.status == c.DNC_INVALID_ARGUMENT and refused.value.message.startswith(name + ", allowed are ")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_keeps_the_old_file(draw, tmp_path):
    path = tmp_path / "old.png"
    path.write_bytes(b"old")
    log = tmp_path / "log.jsonl"
    log.write_text("{\n")
    assert c.dnc_training_image_write(os.fsencode(path), 1, strings([log]), None, None) == c.DNC_BAD_FORMAT
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 2
    log.write_text(train(5, 1.0) + "\n")
    check(c.dnc_training_image_write(os.fsencode(path), 1, strings([log]), None, None))
    assert decode(path.read_bytes()).size and len(list(tmp_path.iterdir())) == 2
