"""Every kind of picture against one that somebody has looked at. After a change that is meant to be seen:

DNC_RENEW_PICTURES=1 make test-python      # draws Tests/interface/pictures/*.png anew; look at them
"""

import os
from pathlib import Path

import numpy as np
import pytest
from picture_tools import assert_has_margin, decode, encoded, frames_of
from support import CHECKOUT, Net, c, encode, f32, floats, image_options

REFERENCES = Path(__file__).with_name("pictures")
MODELS = CHECKOUT / "models"
# Kernels round differently, so a colour may be the next one, and an edge a little paler.
TOLERANCE, SHARE = 24, 0.002


@pytest.fixture(scope="module")
def played():
    drawn = dict(input_scale=1, interface_scale=1)  # those of the references, whatever the defaults become
    net = Net(memory_slots=12, word_size=5, read_heads=2, write_heads=2, batch_size=2, input_size=6, **drawn).train()
    inputs = 3 * net.inputs(14)
    outputs = 3 * net.forward(inputs)
    targets, mask = (net.inputs(14, seed=4)[..., :2] > 0).astype(np.float32), np.zeros((14, 2), np.float32)
    mask[8:] = 1
    return net, f32(inputs), targets, f32(outputs), mask


def episode(played, **look):
    net, inputs, targets, outputs, mask = played
    given = [floats(array) for array in (inputs, targets, outputs)]
    return encoded(c.dnc_episode_image_encode, net.handle, 1, 14, *given, mask=floats(mask), **look)


def used_slots():
    """Seven of a hundred, in the order of their links."""
    net = Net(memory_slots=100, word_size=6, read_heads=2, batch_size=1)
    path, rows = [31, 4, 99, 12, 70, 5], np.zeros((100, 6))
    rows[path] = np.subtract.outer(np.arange(6), np.arange(6)) / 3
    links, precedence, usage = np.zeros((1, 1, 100, 100)), np.zeros((1, 1, 100)), np.zeros((1, 100))
    links[0, 0, path[1:], path[:-1]] = [1, 0.9, 0.5, 0.8, 0.7]
    precedence[0, 0, 5], usage[0, path], usage[0, 50] = 1, np.arange(6) / 5, 0.3
    for name, values in dict(memory=rows[None], link=links, precedence=precedence, usage=usage).items():
        net.set_state(name, values)
    flags = c.DNC_IMAGE_SORT_SLOTS | c.DNC_IMAGE_USED_SLOTS
    return encoded(c.dnc_state_image_encode, net.handle, 0, c.DNC_STEP_NOW, flags=flags)


def training(*names, **look):
    logs = (c.c_char_p * len(names))(*(os.fsencode(MODELS / f"{name}.jsonl") for name in names))
    legend = (c.c_char_p * len(names))(*(name.encode() for name in names))
    return encoded(c.dnc_training_image_encode, len(names), logs, legend, **look)


def capacity(**look):
    scores = f32(np.clip(1.2 - np.add.outer(-np.arange(4), np.arange(6)) / 4, 0, 1))
    scores[1, 5] = np.nan
    slots, lengths = (c.c_uint32 * 4)(16, 32, 64, 128), (c.c_uint32 * 6)(2, 4, 8, 16, 32, 1000)
    return encoded(c.dnc_capacity_image_encode, 4, 6, floats(scores), slots, lengths, **look)


def heatmap(**look):
    values = np.outer(np.linspace(-1, 1, 9), np.linspace(0.1, 3, 14))
    values[2, 3] = np.nan
    return encode(f32(values), image_options(**look))


TITLE = "α β γ: 2 × 3 ≤ 7 → ∞".encode()
PICTURES = {
    "heatmap": lambda played: heatmap(title=TITLE, row_label=b"row", column_label=b"column", colormap=3),
    "heatmap_dark": lambda played: heatmap(theme=1, colormap=1, cell_pixels=9),
    "episode": lambda played: episode(played, title=b"An episode", flags=c.DNC_IMAGE_SORT_SLOTS),
    "episode_dark": lambda played: episode(played, theme=1, colormap=1, panels=1 | 2 | 64 | 256, pixel_scale=2),
    "state": lambda played: encoded(c.dnc_state_image_encode, played[0].handle, 0, 9, title=TITLE),
    "state_dark": lambda played: encoded(
        c.dnc_state_image_encode, played[0].handle, 1, c.DNC_STEP_NOW, theme=1, flags=c.DNC_IMAGE_SORT_SLOTS
    ),
    "state_of_used": lambda played: used_slots(),
    "training": lambda played: training("graph_traversal_by_content", title=b"Graph traversal"),
    "training_of_three": lambda played: training(
        "copy", "repeat_copy", "associative_recall", metric=b"bit_error", theme=1, width=500, height=160
    ),
    "capacity": lambda played: capacity(title=b"Capacity"),
}


def assert_looks_like(picture, name):
    path = REFERENCES / f"{name}.png"
    expected = decode(path.read_bytes())
    assert picture.shape == expected.shape
    assert (abs(picture - expected).max(2) > TOLERANCE).mean() <= SHARE, f"compare with {path}"


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name, played):
    png = PICTURES[name](played)
    if "DNC_RENEW_PICTURES" in os.environ:
        (REFERENCES / f"{name}.png").write_bytes(png)
    assert_has_margin(decode(png))
    assert_looks_like(decode(png), name)


def test_film(played):
    """Its first frame is a picture of its own, and so is its last."""
    png = encoded(c.dnc_film_encode, played[0].handle, 0, 0, 14, 100)
    if "DNC_RENEW_PICTURES" in os.environ:
        (REFERENCES / "film.png").write_bytes(png)
    shown, expected = frames_of(png)[0], frames_of((REFERENCES / "film.png").read_bytes())[0]
    assert shown.shape == expected.shape
    assert (abs(shown - expected).max(3) > TOLERANCE).mean() <= SHARE


def test_the_comparison_sees_what_is_missing():
    """A word less, and it isn't the same picture."""
    scores = decode(capacity())
    with pytest.raises(AssertionError):
        assert_looks_like(scores, "capacity")
    named = decode(capacity(title=b"Capacity", row_label=b"memory slot"))
    with pytest.raises(AssertionError):
        assert_looks_like(named, "capacity")
