"""Pictures, decoded by Pillow and compared pixel by pixel with the colour maps."""

import io
import os
from ctypes import POINTER, byref, c_size_t, c_uint8

import numpy as np
import pytest
from picture_tools import FRAME, rectangles
from PIL import Image
from support import Net, Refused, c, check, encode, f32, floats, image_options, last_error

pytestmark = pytest.mark.any_level

COLORMAPS = {
    "viridis": c.DNC_COLORMAP_VIRIDIS,
    "magma": c.DNC_COLORMAP_MAGMA,
    "grey": c.DNC_COLORMAP_GREY,
    "diverging": c.DNC_COLORMAP_DIVERGING,
}
every_colormap = pytest.mark.parametrize("colormap", COLORMAPS)

# Published colours at 0, 1/4, 1/2, 3/4 and 1.
FROZEN = {
    "viridis": [(68, 1, 84), (59, 82, 139), (33, 144, 140), (93, 200, 99), (253, 231, 37)],
    "magma": [(0, 0, 4), (81, 18, 124), (182, 54, 121), (251, 136, 97), (252, 253, 191)],
    "grey": [(0, 0, 0), (64, 64, 64), (128, 128, 128), (191, 191, 191), (255, 255, 255)],
}


def decode(png):
    """[height, width, 3]"""
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    image.load()
    return np.asarray(image.convert("RGB")).astype(int)


def bare(values, colormap="viridis", cell_pixels=1, **fields):
    options = image_options(colormap=COLORMAPS[colormap], cell_pixels=cell_pixels, flags=c.DNC_IMAGE_BARE, **fields)
    return decode(encode(values, options))


def palette(colormap):
    """The colours [256, 3] at 0/255 to 255/255."""
    return bare(np.arange(256)[None] / 255, colormap, minimum=0, maximum=1)[0]


def test_options_begin_with_the_defaults():
    options = image_options()
    assert (options.colormap, options.cell_pixels, options.flags) == (c.DNC_COLORMAP_VIRIDIS, 0, 0)
    assert np.isnan([options.minimum, options.maximum]).all()
    assert options.title is options.row_label is options.column_label is None


def test_colours_have_equal_shares_of_the_range():
    """There are 256: i/256 is the least value of colour i, what is just below has the one before; 1 has the last."""
    starts = np.arange(256, dtype=np.float32) / 256
    shown = bare([starts, np.nextafter(starts, np.float32(-1))], "grey", minimum=0, maximum=1)[..., 0]
    assert np.array_equal(shown[0], np.arange(256)), "0.5 is 128"
    assert np.array_equal(shown[1], np.maximum(np.arange(256) - 1, 0))
    assert bare([[0.999, 1]], "grey", minimum=0, maximum=1)[0, :, 0].tolist() == [255, 255]


@pytest.mark.parametrize("colormap", FROZEN)
def test_colours(colormap):
    colours = palette(colormap)
    for index, expected in zip((0, 64, 127.5, 191, 255), FROZEN[colormap]):
        near = colours[[int(np.floor(index)), int(np.ceil(index))]]
        assert (abs(near - expected).max(1) <= 2).any(), (index, near, expected)


@pytest.mark.parametrize("colormap", ["viridis", "magma"])
def test_all_colours(colormap):
    matplotlib = pytest.importorskip("matplotlib")
    table = matplotlib.colormaps[colormap](np.arange(256), bytes=True)[:, :3].astype(int)
    assert abs(palette(colormap) - table).max() <= 1


@every_colormap
def test_colours_are_smooth_and_distinct(colormap):
    colours = palette(colormap)
    assert len({tuple(colour) for colour in colours}) > 200
    assert abs(np.diff(colours, axis=0)).max() <= 8
    if colormap != "diverging":
        lightness = colours @ [0.2126, 0.7152, 0.0722]
        assert (np.diff(lightness) >= -1).all() and lightness[-1] - lightness[0] > 150


def test_diverging_colours():
    blue, light, red = palette("diverging")[[0, 128, 255]]
    assert blue[2] > blue[0] + 60 and red[0] > red[2] + 60 and light.min() > 200


@pytest.mark.parametrize("cell_pixels", [1, 2, 7, 256])
def test_cells(cell_pixels):
    """Each cell is a square of its colour, row 0 on top."""
    colours = palette("magma")
    values = np.random.default_rng(0).integers(0, 256, (3, 5))
    picture = bare(values / 255, "magma", cell_pixels, minimum=0, maximum=1)
    assert picture.shape == (3 * cell_pixels, 5 * cell_pixels, 3)
    expected = colours[values].repeat(cell_pixels, 0).repeat(cell_pixels, 1)
    assert (picture == expected).all()


def test_automatic_cells():
    """cell_pixels = 0 chooses: few cells are drawn large, many small."""
    few, many = bare(np.eye(2), cell_pixels=0), bare(np.random.default_rng(0).random((900, 1100)), cell_pixels=0)
    assert few.shape[0] >= 2 * 8 and few.shape[0] % 2 == 0 and few.shape[0] == few.shape[1]
    assert many.shape[0] % 900 == 0 and many.shape[0] < 900 * 8


@every_colormap
def test_fixed_range(colormap):
    """Values beyond the range take the colour of the nearer end, infinities too."""
    colours = palette(colormap)
    values = f32([[-1, 0.5 - 2, -np.inf, -3e38, 3, 4, np.inf, 3e38]])
    picture = bare(values, colormap, minimum=-1, maximum=3)[0]
    assert (picture[[0, 1, 2, 3]] == colours[0]).all() and (picture[[4, 5, 6, 7]] == colours[255]).all()


@pytest.mark.parametrize("colormap", ["viridis", "magma", "grey"])
def test_automatic_range(colormap):
    colours = palette(colormap)
    values = f32([[-7, 13, 3]])
    assert (bare(values, colormap)[0] == colours[[0, 255, 128]]).all(1)[:2].all()
    assert (bare(values, colormap) == bare(values, colormap, minimum=-7, maximum=13)).all()
    assert (bare(values, colormap, minimum=0) == bare(values, colormap, minimum=0, maximum=13)).all()
    assert (bare(values, colormap, maximum=4) == bare(values, colormap, minimum=-7, maximum=4)).all()
    with_others = f32([[-7, 13, 3, np.nan]])
    assert (bare(with_others, colormap)[0, :3] == bare(values, colormap)[0]).all(), "NaN has no part in the range"


@pytest.mark.parametrize(
    "given, minimum, maximum, index", [("maximum", 0, 1, 255), ("maximum", -8, -4, 255), ("minimum", 10, 20, 0)]
)
def test_an_end_beyond_all_values(given, minimum, maximum, index):
    """The other end is as far from it as it is from 0: the bar has colours, and the cells that of the nearer end."""
    values = f32([[5, 6]])
    ends = dict(minimum=minimum, maximum=maximum)
    one = {given: ends[given]}
    assert (bare(values, **one) == palette("viridis")[index]).all()
    assert (decode(encode(values, image_options(**one))) == decode(encode(values, image_options(**ends)))).all()


def test_the_diverging_range_is_symmetric():
    values = f32([[-1, 0, 3, 1]])
    assert (bare(values, "diverging") == bare(values, "diverging", minimum=-3, maximum=3)).all()
    assert (bare(-values, "diverging") == bare(-values, "diverging", minimum=-3, maximum=3)).all()
    light = palette("diverging")[[127, 128]]
    assert (bare(values, "diverging")[0, 1] == light).all(1).any()
    positive = f32([[1, 2]])
    assert (bare(positive, "diverging") == bare(positive, "diverging", minimum=-2, maximum=2)).all()


@every_colormap
@pytest.mark.parametrize(
    "values",
    [
        [[5.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        [[np.nan, np.nan]],
        [[np.inf, -np.inf]],
        [[np.nan, np.inf]],
        [[3e38, -3e38]],
        [[1e-45, 0]],
        [[1, 1 + 2**-23]],
    ],
    ids=str,
)
def test_ranges_without_extent(colormap, values):
    """Nothing but one value, nothing but NaN, nothing finite, the whole float range: all are pictures."""
    assert bare(f32(values), colormap, 4).shape == (4 * len(values), 4 * len(values[0]), 3)
    assert decode(encode(f32(values), image_options(colormap=COLORMAPS[colormap]))).size


@every_colormap
@pytest.mark.parametrize("cell_pixels", [1, 3, 16])
def test_nan_is_no_colour(colormap, cell_pixels):
    """A NaN cell is crossed, and holds a colour that no number has."""
    values = f32([[0, np.nan], [np.nan, 1]])
    picture = bare(values, colormap, cell_pixels, minimum=0, maximum=1)
    cells = picture.reshape(2, cell_pixels, 2, cell_pixels, 3).swapaxes(1, 2)
    assert (cells[0, 1] == cells[1, 0]).all()
    colours = {tuple(colour) for colour in palette(colormap)}
    pixels = {tuple(pixel) for pixel in cells[0, 1].reshape(-1, 3)}
    assert pixels - colours
    if cell_pixels == 16:
        assert len(pixels) >= 2
        assert (cells[0, 1][range(4, 12), range(4, 12)] == cells[0, 1][8, 8]).all(), "a diagonal"
        assert (cells[0, 1][range(4, 12), range(11, 3, -1)] == cells[0, 1][8, 8]).all(), "the other one"


def test_encode_and_write_give_the_same_bytes(tmp_path):
    values = f32(np.random.default_rng(1).standard_normal((9, 13)))
    options = image_options(title=b"Title", row_label=b"rows", column_label=b"columns")
    for given in (None, byref(options)):
        path = tmp_path / "picture.png"
        check(c.dnc_image_write(os.fsencode(path), 9, 13, floats(values), given))
        png, size = POINTER(c_uint8)(), c_size_t()
        check(c.dnc_image_encode(9, 13, floats(values), given, byref(png), byref(size)))
        assert bytes(png[: size.value]) == path.read_bytes()
        c.dnc_buffer_free(png)
    assert [p.name for p in tmp_path.iterdir()] == ["picture.png"]


def test_the_figure_surrounds_the_cells():
    """Title, labels, ticks and colour bar are around the same cells."""
    values = f32(np.random.default_rng(1).random((6, 8)))
    plain = bare(values, cell_pixels=20)
    sizes = []
    for fields in ({}, dict(title=b"Title"), dict(title=b"Title", row_label=b"rows", column_label=b"columns")):
        figure = decode(encode(values, image_options(cell_pixels=20, **fields)))
        sizes.append(figure.shape[0] * figure.shape[1])
        assert figure.shape[0] > plain.shape[0] and figure.shape[1] > plain.shape[1]
        middles = plain[10::20, 10::20]
        rows, columns = figure.shape[0] - plain.shape[0], figure.shape[1] - plain.shape[1]
        found = any(
            (figure[y + 10 : y + 10 + 120 : 20, x + 10 : x + 10 + 160 : 20] == middles).all()
            for y in range(rows)
            for x in range(columns)
        )
        assert found, "the cells are in the figure"
    assert sizes[0] < sizes[1] < sizes[2]


def test_text_is_drawn():
    """Different texts give different pictures; bytes beyond ASCII are drawn as '?'."""
    values = f32([[0, 1], [1, 0]])

    def picture(title):
        return encode(values, image_options(title=title, cell_pixels=40))

    assert len({picture(text) for text in (b"a", b"b", b"A", b"ab", b"ba", b"?", b"a b")}) == 7
    assert picture(b"\xff\x80\x01") == picture(b"???")
    assert picture("\u00fc".encode()) == picture(b"?")
    assert len({picture(text.encode()) for text in "?αβσΣ→≤×"}) == 8
    assert decode(picture(b"long " * 2000)).size, "a long title makes a picture, too"
    assert picture(b"\n\t%s%n")


@pytest.mark.parametrize(
    "rows, columns", [(1, 1), (1, 3000), (3000, 1), (500, 700), (5000, 5000)], ids=lambda count: str(count)
)
def test_sizes(rows, columns):
    Image.MAX_IMAGE_PIXELS = None  # Pillow takes large pictures for bombs
    values = np.zeros((rows, columns), np.float32)
    values[0, 0] = 1
    options = image_options(cell_pixels=1, flags=c.DNC_IMAGE_BARE)
    png = encode(values, options)
    assert Image.open(io.BytesIO(png)).size == (columns, rows)
    if rows * columns < 10**6:
        assert decode(encode(values)).size


@pytest.mark.parametrize(
    "rows, columns, cell_pixels",
    [(16384, 16385, 1), (16385, 16384, 1), (2**14, 2**13, 2), (4096, 17, 256), (2**32, 1, 1), (2**63, 2, 1)],
)
def test_too_many_pixels(rows, columns, cell_pixels):
    """At most 2^28 pixels."""
    png, size = POINTER(c_uint8)(), c_size_t(77)
    options = image_options(cell_pixels=cell_pixels, flags=c.DNC_IMAGE_BARE)
    values = np.zeros(rows * columns if rows * columns < 2**30 else 1, np.float32)
    status = c.dnc_image_encode(rows, columns, floats(values), byref(options), byref(png), byref(size))
    assert status == c.DNC_INVALID_ARGUMENT and last_error()
    assert not png and size.value == 77


# ------------------------------------------------------------------------------- a whole episode --


def episode(tmp_path, net, inputs, targets, outputs, batch_index=0, steps=None, **fields):
    path = tmp_path / "episode.png"
    given = [None if a is None else f32(a) for a in (inputs, targets, outputs)]
    steps = steps or len(next(a for a in given if a is not None))
    options = byref(image_options(**fields)) if fields else None
    status = c.dnc_episode_image_write(os.fsencode(path), net.handle, batch_index, steps, *map(floats, given), options)
    if status != c.DNC_OK:
        raise Refused(status, last_error())
    assert [p.name for p in tmp_path.iterdir()] == ["episode.png"]
    return decode(path.read_bytes())


def test_episode_panels(tmp_path):
    """Each of inputs, targets and outputs adds its panels, and so does the record."""
    net = Net()
    inputs = net.inputs(9)
    outputs = net.forward(inputs)
    targets = (outputs > 0).astype(np.float32)
    heights = {}
    for name, given in {
        "inputs": (inputs, None, None),
        "targets": (None, targets, None),
        "outputs": (None, None, outputs),
        "all": (inputs, targets, outputs),
    }.items():
        picture = episode(tmp_path, net, *given)
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5
        heights[name] = len(picture)
    assert heights["all"] > heights["outputs"] > heights["targets"], "prediction and logits are two panels"
    net.train().reset().forward(inputs)
    assert len(episode(tmp_path, net, inputs, targets, outputs)) > heights["all"], "what the memory did"
    net.forward(inputs[:1])
    assert len(episode(tmp_path, net, inputs, targets, outputs)) == heights["all"], "not the record of these steps"
    assert net.recorded == 10


def test_episode_shows_its_sequence(tmp_path):
    """All panels are those of the same sequence in a batch of one."""
    net = Net(batch_size=3).train()
    inputs = net.inputs(5)
    outputs = net.forward(inputs)
    targets, mask = f32(net.inputs(5, seed=4)[..., :2] > 0), f32(net.inputs(5, seed=5)[..., 0] > 0)

    def drawn(net, b, *given, mask):
        return episode(tmp_path, net, *given, b, mask=floats(f32(mask)))

    pictures = [drawn(net, b, inputs, targets, outputs, mask=mask) for b in range(3)]
    assert (pictures[0] != pictures[1]).any() and (pictures[1] != pictures[2]).any()
    for b in range(3):
        alone = Net(batch_size=1).train()
        one = [np.ascontiguousarray(values[:, b : b + 1]) for values in (inputs, targets, mask)]
        picture = drawn(alone, 0, one[0], one[1], alone.forward(one[0]), mask=one[2])
        assert (picture == pictures[b]).all()
    with pytest.raises(Refused, match="batch_index") as refused:
        episode(tmp_path, net, inputs, None, outputs, batch_index=3)
    assert refused.value.status == c.DNC_INVALID_ARGUMENT


def test_episode_options(tmp_path):
    net = Net()
    inputs = net.inputs(5)
    plain = episode(tmp_path, net, inputs, None, None)
    titled = episode(tmp_path, net, inputs, None, None, title=b"An episode")
    magma = episode(tmp_path, net, inputs, None, None, colormap=c.DNC_COLORMAP_MAGMA)
    large = episode(tmp_path, net, inputs, None, None, cell_pixels=64)
    assert titled.shape[0] > plain.shape[0]
    assert magma.shape == plain.shape and (magma != plain).any()
    assert large.shape[0] > plain.shape[0] and large.shape[1] > plain.shape[1]


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_a_network_that_has_diverged(value):
    """What it did can be looked at, whatever numbers that were."""
    net = Net(read_heads=2, write_heads=2).train()
    net.parameters[:] = value
    check(c.dnc_parameters_changed(net.handle))
    inputs = net.inputs(4)
    outputs = net.forward(inputs)
    for flags in (0, c.DNC_IMAGE_SORT_SLOTS):
        look, png, size = image_options(flags=flags), POINTER(c_uint8)(), c_size_t()
        for draw in (
            lambda *rest: c.dnc_episode_image_encode(
                net.handle, 0, 4, floats(inputs), floats(outputs), floats(outputs), *rest
            ),
            lambda *rest: c.dnc_state_image_encode(net.handle, 0, 2, *rest),
            lambda *rest: c.dnc_film_encode(net.handle, 0, 0, 4, 100, *rest),
        ):
            check(draw(byref(look), byref(png), byref(size)))
            c.dnc_buffer_free(png)


def test_episode_without_anything(tmp_path):
    with pytest.raises(Refused) as refused:
        episode(tmp_path, Net(), None, None, None, steps=3)
    assert refused.value.status == c.DNC_INVALID_ARGUMENT


MODES = 48 / 14
# Heights in rows of the panels of a write head and of a read head, of 6 slots of 4 numbers.
HEADS = {
    "DNC": ({}, [6, 1, 1], [6, MODES, 1]),
    "masks": (dict(content_masks=1), [6, 1, 1, 4], [6, MODES, 4, 1]),
    "sharpened links": (dict(link_sharpening=1), [6, 1, 1], [6, MODES, 2, 2, 1]),
    "content only": (dict(temporal_links=0), [6, 1, 1], [6, 1]),
    "all three": (
        dict(content_masks=1, link_sharpening=1, deallocation=1), [6, 1, 1, 4], [6, MODES, 2, 2, 4, 1],
    ),
    "NTM": (dict(memory=c.DNC_MEMORY_NTM), [6, 1, 3, 1], [6, 1, 3, 1]),
}  # fmt: skip


@pytest.mark.parametrize("variant", HEADS)
def test_panels_of_the_heads(tmp_path, variant):
    """There are those of what the memory has, and no others."""
    fields, *expected = HEADS[variant]
    net = Net(**fields, write_heads=2, read_heads=2, memory_slots=6, word_size=4).train()
    inputs = net.inputs(9)
    net.forward(inputs)
    for panels, rows in zip((c.DNC_PANEL_WRITES, c.DNC_PANEL_READS), expected, strict=True):
        shown = rectangles(episode(tmp_path, net, inputs, None, None, panels=panels, cell_pixels=14))
        assert [height / 14 for _, _, height, width in shown if width == 14 * 9] == 2 * rows


def test_a_neural_turing_machine_has_no_usage(tmp_path):
    net = Net(memory=c.DNC_MEMORY_NTM).train()
    inputs = net.inputs(9)
    net.forward(inputs)
    heights = [
        len(episode(tmp_path, net, inputs, None, None, panels=c.DNC_PANEL_INPUT | panel))
        for panel in (0, c.DNC_PANEL_USAGE, c.DNC_PANEL_ORIGINS)
    ]
    assert heights[0] == heights[1] < heights[2]


def test_episode_without_a_memory(tmp_path):
    """What is recorded adds no panels."""
    net = Net(memory=c.DNC_MEMORY_NONE).train()
    inputs, targets = net.inputs(9), np.zeros((9, 2, 2), np.float32)
    outputs = net.forward(inputs)
    recorded = episode(tmp_path, net, inputs, targets, outputs)
    net.detach()
    assert np.array_equal(recorded, episode(tmp_path, net, inputs, targets, outputs))


@pytest.mark.parametrize("controller", [c.DNC_CONTROLLER_LSTM, c.DNC_CONTROLLER_FEEDFORWARD])
def test_episode_of_a_large_network(tmp_path, controller):
    sizes = dict(memory_slots=300, read_heads=5, write_heads=3, input_size=40, output_size=30)
    net = Net(controller=controller, **sizes).train()
    inputs = net.inputs(120)
    outputs = net.forward(inputs)
    assert episode(tmp_path, net, inputs, outputs, outputs).size


# ------------------------------------------------------------------- what is in an episode's panels --

CELL = 12
PALETTE = {"backward": (0, 114, 178), "content": (230, 159, 0), "forward": (0, 158, 115), "answer": (86, 180, 233)}


def panel(tmp_path, net, name, inputs, targets=None, outputs=None, mask=None, batch_index=0, **fields):
    """The pixels in the frame of the first panel of that name, of an episode that shows no others."""
    options = image_options(
        panels=getattr(c, f"DNC_PANEL_{name}"), cell_pixels=fields.pop("cell_pixels", CELL), **fields
    )
    if mask is not None:
        mask = f32(mask)
        options.mask = floats(mask)
    given = [None if a is None else f32(a) for a in (inputs, targets, outputs)]
    path = tmp_path / "panel.png"
    check(c.dnc_episode_image_write(
        os.fsencode(path), net.handle, batch_index, len(given[0]), *map(floats, given), byref(options)
    ))  # fmt: skip
    picture = decode(path.read_bytes())
    frame = (picture == (110, 110, 110)).all(2)
    runs = [(y, np.flatnonzero(row)) for y, row in enumerate(frame)]
    width = CELL * len(given[0]) if options.cell_pixels else None
    tops = [(y, xs[0]) for y, xs in runs if len(xs) > 4 and (width is None or longest_run(xs)[1] >= width)]
    top, bottom = tops[0][0], tops[1][0]
    start, length = longest_run(np.flatnonzero(frame[top]))
    return picture[top + 1 : bottom, start + 1 : start + length - 1]


def runs_of(xs):
    """Where each run of successive numbers starts, and its length."""
    last = np.append(np.flatnonzero(np.diff(xs) != 1), len(xs) - 1)
    first = np.append(0, last[:-1] + 1)
    return [(int(xs[i]), int(j - i + 1)) for i, j in zip(first, last)]


def longest_run(xs):
    return max(runs_of(xs), key=lambda run: run[1])


def cells(pixels, steps):
    """The colours in the middles of the cells, [rows, steps, 3]."""
    width = pixels.shape[1] // steps
    assert pixels.shape[1] == width * steps
    height = next(h for h in range(1, len(pixels) + 1) if len(pixels) % h == 0 and h >= min(width, len(pixels)))
    return pixels[height // 2 :: height, width // 2 :: width]


def expected_colours(values, minimum=0, maximum=1):
    position = (np.asarray(values, np.float64) - minimum) / (maximum - minimum)
    return palette("viridis")[np.clip((position * 256).astype(int), 0, 255)]


@pytest.fixture
def played():
    """A network with a record, and what it was given and answered."""
    net = Net(memory_slots=5, read_heads=2, write_heads=2, batch_size=3).train()
    inputs = net.inputs(7)
    outputs = net.forward(inputs)
    targets = (net.inputs(7, seed=4)[..., :2] > 0).astype(np.float32)
    return net, inputs, targets, outputs


def test_panels_show_their_values(tmp_path, played):
    net, inputs, targets, _ = played
    outputs = 3 * f32(np.random.default_rng(5).standard_normal(targets.shape))  # far from errors of a half
    bits = (inputs > 0).astype(np.float32)
    shown = panel(tmp_path, net, "INPUT", bits)
    assert (cells(shown, 7) == expected_colours(bits[:, 0].T)).all()
    shown = panel(tmp_path, net, "TARGET", inputs, targets)
    assert (cells(shown, 7) == expected_colours(targets[:, 0].T)).all()
    prediction = 1 / (1 + np.exp(-outputs))
    shown = cells(panel(tmp_path, net, "PREDICTION", inputs, None, outputs), 7)
    assert abs(shown - expected_colours(prediction[:, 0].T)).max() <= 8, "a colour further at most"
    mask = np.zeros((7, 3))
    mask[4:, 0] = mask[2:5, 1] = mask[:2, 2] = 1
    error = abs(prediction - targets)
    for b in range(3):
        for given, wanted in ((None, error), (mask, error * mask[..., None])):
            shown = panel(tmp_path, net, "ERROR", inputs, targets, outputs, given, batch_index=b)
            assert abs(cells(shown, 7) - expected_colours(wanted[:, b].T)).max() <= 8


def softmax(logits):
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


@pytest.mark.parametrize(
    "loss, predict",
    [
        (c.DNC_LOSS_SIGMOID_CROSS_ENTROPY, lambda z: 1 / (1 + np.exp(-z))),
        (c.DNC_LOSS_SOFTMAX_CROSS_ENTROPY, softmax),
        (c.DNC_LOSS_MEAN_SQUARED_ERROR, lambda z: z),
        (c.DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY + 256 * 3, lambda z: softmax(z.reshape(7, 2, 3)).reshape(7, 6)),
    ],
    ids=["sigmoid", "softmax", "the outputs", "groups of 3"],
)
def test_the_prediction_is_that_of_the_loss(tmp_path, loss, predict):
    net = Net(output_size=6, batch_size=2)
    inputs = net.inputs(7)
    outputs = 2 * f32(np.random.default_rng(5).standard_normal((7, 2, 6)))
    wanted = predict(outputs[:, 0])
    ends = (wanted.min(), wanted.max()) if loss == c.DNC_LOSS_MEAN_SQUARED_ERROR else (0, 1)
    shown = cells(panel(tmp_path, net, "PREDICTION", inputs, None, outputs, loss=loss), 7)
    assert abs(shown - expected_colours(wanted.T, *ends)).max() <= 8, "a colour further at most"
    targets = f32(np.random.default_rng(6).random((7, 2, 6)))
    distance = abs(wanted - targets[:, 0])
    ends = (0, distance.max()) if loss == c.DNC_LOSS_MEAN_SQUARED_ERROR else (0, 1)
    shown = cells(panel(tmp_path, net, "ERROR", inputs, targets, outputs, loss=loss), 7)
    assert abs(shown - expected_colours(distance.T, *ends)).max() <= 8
    net = Net(output_size=5)
    with pytest.raises(Refused, match="output_size is 5, allowed are multiples of 3"):
        episode(
            tmp_path, net, net.inputs(2), None, np.zeros((2, 2, 5)), loss=c.DNC_LOSS_GROUPED_SOFTMAX_CROSS_ENTROPY + 768
        )


def test_the_weighting_of_each_head(tmp_path, played):
    net, inputs, _, _ = played
    shown = panel(tmp_path, net, "WRITES", inputs)
    assert abs(cells(shown, 7) - expected_colours(net.trace("write_weights")[:, 0, 0].T)).max() <= 8
    shown = panel(tmp_path, net, "READS", inputs)
    assert abs(cells(shown, 7) - expected_colours(net.trace("read_weights")[:, 0, 0].T)).max() <= 8
    shown = panel(tmp_path, net, "USAGE", inputs)
    assert abs(cells(shown, 7) - expected_colours(net.trace("usage")[:, 0].T)).max() <= 8


def test_sorted_slots(tmp_path, played):
    net, inputs, _, _ = played
    writes = net.trace("write_weights")[:, 0].max(1)  # [T, N]
    first = np.where((writes >= 0.1).any(0), (writes >= 0.1).argmax(0), 7)
    order = np.argsort(first, kind="stable")
    assert (order != np.arange(5)).any(), "or else nothing is tested"
    shown = panel(tmp_path, net, "USAGE", inputs, flags=c.DNC_IMAGE_SORT_SLOTS)
    assert abs(cells(shown, 7) - expected_colours(net.trace("usage")[:, 0].T[order])).max() <= 8


def test_phases(tmp_path, played):
    net, inputs, _, _ = played
    mask = np.zeros((7, 3))
    mask[[2, 3, 6], 0] = 1
    shown = panel(tmp_path, net, "PHASES", inputs, mask=mask)[5, CELL // 2 :: CELL]
    assert ((shown == PALETTE["answer"]).all(1) == (mask[:, 0] > 0)).all()
    assert (shown[mask[:, 0] == 0] == 255).all()


@pytest.mark.parametrize("steps, block, width", [(6, 1, CELL), (1601, 2, 1)])
def test_read_modes_are_stacked(tmp_path, steps, block, width):
    """In each step, or the mean of those that share a cell, every mode has as much of the height as it has weight."""
    net = Net(memory_slots=5, read_heads=1, write_heads=2, batch_size=2).train()
    inputs = 3 * net.inputs(steps)
    net.forward(inputs)
    size = CELL if block == 1 else 0
    whole = episode(tmp_path, net, inputs, None, None, panels=c.DNC_PANEL_READS, cell_pixels=size)
    modes = net.trace("read_modes")[:, 0, 0]  # backward 1, 2, content, forward 1, 2
    modes = np.stack([modes[t : t + block].mean(0) for t in range(0, steps, block)])
    shares = {"backward": modes[:, :2].sum(1), "content": modes[:, 2], "forward": modes[:, 3:].sum(1)}
    rows = (whole == PALETTE["content"]).all(2).any(1) | (whole == PALETTE["forward"]).all(2).any(1)
    assert rows.any()
    ys, xs = np.nonzero(sum((whole == PALETTE[name]).all(2) for name in shares))
    left = xs.min()
    for t in range(len(modes)):
        column = whole[:, left + t * width + width // 2]
        heights = {name: (column == PALETTE[name]).all(1).sum() for name in shares}
        assert sum(heights.values()) == 48
        for name, share in shares.items():
            assert abs(heights[name] - 48 * share[t]) <= 1.01, (t, name)


def test_ticks_of_shared_cells(tmp_path):
    """Where four steps share a cell, every so many steps have a tick at their cell, from the first to the end."""
    net = Net()
    picture = episode(tmp_path, net, net.inputs(5000), None, None, panels=c.DNC_PANEL_INPUT)
    y, x, height, width = rectangles(picture)[0]
    assert width == 5000 / 4
    ticks = np.flatnonzero((picture[y + height + 2] == FRAME["light"]).all(1)) - x
    steps = 4 * ticks
    apart = steps[1] - steps[0]
    assert apart in {a * 10**b for a in (1, 2, 5) for b in range(4)}
    assert list(steps) == list(range(0, 5000, apart))


def test_origins(tmp_path):
    """Written by hand: the state says which slot was written when, and read when."""
    net = Net(memory_slots=4, read_heads=1, batch_size=1, input_size=3, input_scale=1, interface_scale=1).train()
    inputs = 4 * net.inputs(12)
    net.forward(inputs)
    writes, reads = net.trace("write_weights")[:, 0, 0], net.trace("read_weights")[:, 0, 0]
    mask = np.zeros((12, 1))
    mask[7] = 1
    slot = reads[7].argmax()
    written = np.flatnonzero(writes[:8, slot] >= 0.1)
    assert reads[7, slot] >= 0.1 and len(written)
    shown = panel(tmp_path, net, "ORIGINS", inputs, mask=mask)
    ink = (shown != 255).any(2)
    middle = CELL // 2
    assert ink[-1, 7 * CELL + middle] and ink[0, written[-1] * CELL + middle]
    assert ink[0].sum() <= 2 * CELL and ink[-1].sum() <= 2 * CELL, "one line"
    assert not (panel(tmp_path, net, "ORIGINS", inputs, mask=0 * mask) != 255).any()


def test_episodes_that_begin_within_the_steps(tmp_path):
    """A line through all panels, of that sequence alone; and what is read comes from no other episode."""
    sizes = dict(memory_slots=4, read_heads=1, input_size=3, input_scale=1, interface_scale=1)
    net, one = Net(**sizes).train(), Net(**sizes).train()
    inputs, starts = 4 * net.inputs(12), np.zeros((12, 2), bool)
    starts[0], starts[6, 0] = True, True
    net.forward_packed(inputs, starts), one.forward(inputs)
    whole, cut = (episode(tmp_path, each, inputs, None, None, cell_pixels=CELL) for each in (one, net))
    assert whole.shape == cut.shape
    panels = [frame for frame in rectangles(whole) if frame[3] == 12 * CELL]
    y, x, _, _ = min(panels)
    bottom = max(panels)[0] + max(panels)[2]
    ink = (cut == 38).all(2)[y:bottom, x:]
    assert list(np.flatnonzero(ink.all(0))) == [6 * CELL - 1, 6 * CELL]
    assert not (whole == 38).all(2)[y:bottom, x:].all(0).any()
    beside = episode(tmp_path, net, inputs, None, None, batch_index=1, cell_pixels=CELL)
    assert not (beside == 38).all(2)[y:bottom, x:].all(0).any()
    lines = panel(tmp_path, net, "ORIGINS", inputs)
    colours = (lines == PALETTE["backward"]).all(2)
    left, right = colours[:, : 6 * CELL - 1], colours[:, 6 * CELL + 1 :]
    assert left.any() and right.any()
    for t in range(6, 12):  # each line begins above at a step of the same episode
        slot = net.trace("read_weights")[t, 0, 0].argmax()
        written = [s for s in range(6, t + 1) if net.trace("write_weights")[s, 0, :, slot].max() >= 0.1]
        if not written and net.trace("read_weights")[t, 0, 0, slot] >= 0.1:
            assert not colours[-1, t * CELL + CELL // 2], "nothing was written there in this episode"


@pytest.mark.parametrize("steps, slots", [(5000, 20), (40, 3000)])
def test_what_has_no_room_is_not_dropped(tmp_path, steps, slots):
    """The greatest of what shares a cell is seen."""
    net = Net(memory_slots=slots, batch_size=1, input_size=300 if slots > 100 else 3)
    inputs = np.zeros((steps, 1, net.config.input_size), np.float32)

    def is_seen():
        picture = episode(tmp_path, net, inputs, None, None, panels=c.DNC_PANEL_INPUT)
        assert max(picture.shape) < 2000
        y, x, height, width = rectangles(picture)[0]
        return (picture[y : y + height, x : x + width] == palette("viridis")[255]).all(2).any()

    assert not is_seen()
    for place in ((steps // 3, 0, 1), (steps - 1, 0, 0), (0, 0, net.config.input_size - 1)):
        inputs[...] = 0
        inputs[place] = 1
        assert is_seen(), "the one value that is not 0"


def test_themes(tmp_path, played):
    net, inputs, targets, outputs = played
    light = episode(tmp_path, net, inputs, targets, outputs, title=b"Light")
    dark = episode(tmp_path, net, inputs, targets, outputs, title=b"Light", theme=c.DNC_THEME_DARK)
    assert light.shape == dark.shape
    assert (light[0, 0] == 255).all() and dark[0, 0].max() < 40
    paper = (light == 255).all(2)
    assert dark[paper].max() < 40, "where there was white there is dark"
    values = f32([[0, 1], [1, 0]])
    assert decode(encode(values, image_options(theme=c.DNC_THEME_DARK)))[0, 0].max() < 40


@pytest.mark.parametrize("scale", [2, 3])
def test_larger_pixels(tmp_path, played, scale):
    net, inputs, targets, outputs = played
    small = episode(tmp_path, net, inputs, targets, outputs, title=b"Pixels")
    large = episode(tmp_path, net, inputs, targets, outputs, title=b"Pixels", pixel_scale=scale)
    assert (large == small.repeat(scale, 0).repeat(scale, 1)).all()
    values = f32(np.random.default_rng(1).random((3, 4)))
    assert (bare(values, pixel_scale=scale, cell_pixels=2) == bare(values, cell_pixels=2 * scale)).all()


def test_chosen_panels(tmp_path, played):
    net, inputs, targets, outputs = played
    heights = [
        len(episode(tmp_path, net, inputs, targets, outputs, panels=panels))
        for panels in (c.DNC_PANEL_INPUT, c.DNC_PANEL_INPUT | c.DNC_PANEL_WRITES, c.DNC_PANEL_ALL)
    ]
    assert heights == sorted(set(heights))
    everything = episode(tmp_path, net, inputs, targets, outputs)
    assert (everything == episode(tmp_path, net, inputs, targets, outputs, panels=c.DNC_PANEL_ALL)).all()
    with pytest.raises(Refused, match="panels") as refused:
        episode(tmp_path, net, inputs, None, None, panels=c.DNC_PANEL_LOGITS)
    assert refused.value.status == c.DNC_INVALID_ARGUMENT


# ---------------------------------------------------------------------------------------- paths --


@pytest.mark.parametrize("place", ["missing/picture.png", "", "."])
def test_bad_paths(tmp_path, place):
    path = os.fsencode(tmp_path / place) if place else b""
    values, net = f32([[1, 2]]), Net()
    inputs = net.inputs(1)
    for call in (
        lambda: c.dnc_image_write(path, 1, 2, floats(values), None),
        lambda: c.dnc_episode_image_write(path, net.handle, 0, 1, floats(inputs), None, None, None),
    ):
        assert call() == c.DNC_IO_ERROR
        assert last_error()
        assert not list(tmp_path.iterdir()), "no partial file"


def test_a_failed_write_leaves_the_old_picture(tmp_path):
    path = tmp_path / "picture.png"
    values = f32([[1, 2]])
    check(c.dnc_image_write(os.fsencode(path), 1, 2, floats(values), None))
    before = path.read_bytes()
    bad = image_options(colormap=99)
    assert c.dnc_image_write(os.fsencode(path), 1, 2, floats(values), byref(bad)) == c.DNC_INVALID_ARGUMENT
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["picture.png"]
