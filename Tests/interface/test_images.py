"""Pictures, decoded by Pillow and compared pixel by pixel with the colour maps."""

import io
import os
from ctypes import POINTER, byref, c_size_t, c_uint8

import numpy as np
import pytest
from PIL import Image
from support import Net, Refused, c, check, encode, f32, floats, image_options, last_error

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
    assert picture("\u00fc".encode()) == picture(b"??")
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
    net = Net(batch_size=3).train()
    inputs = net.inputs(5)
    outputs = net.forward(inputs)
    pictures = [episode(tmp_path, net, inputs, None, outputs, b) for b in range(3)]
    assert any((pictures[0] != pictures[b]).any() for b in (1, 2)) and (pictures[1] != pictures[2]).any()
    alone = Net(batch_size=1).train()
    outputs_alone = alone.forward(inputs[:, 2:])
    picture = episode(tmp_path, alone, inputs[:, 2:], None, outputs_alone)
    assert picture.shape == pictures[2].shape
    assert (abs(picture - pictures[2]).max(2) > 3).mean() < 0.01, "the same sequence in a batch of one"
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


def test_episode_without_anything(tmp_path):
    with pytest.raises(Refused) as refused:
        episode(tmp_path, Net(), None, None, None, steps=3)
    assert refused.value.status == c.DNC_INVALID_ARGUMENT


@pytest.mark.parametrize("controller", [c.DNC_CONTROLLER_LSTM, c.DNC_CONTROLLER_FEEDFORWARD])
def test_episode_of_a_large_network(tmp_path, controller):
    sizes = dict(memory_slots=300, read_heads=5, write_heads=3, input_size=40, output_size=30)
    net = Net(controller=controller, **sizes).train()
    inputs = net.inputs(120)
    outputs = net.forward(inputs)
    assert episode(tmp_path, net, inputs, outputs, outputs).size


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
