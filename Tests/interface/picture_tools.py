"""What a viewer sees in a picture: frames, colours, margins."""

import io
from ctypes import POINTER, byref, c_size_t, c_uint8

import numpy as np
from PIL import Image, ImageSequence
from support import c, check, encode, image_options

FRAME = {"light": (110, 110, 110), "dark": (140, 140, 140)}
PALETTE = [(0, 114, 178), (230, 159, 0), (0, 158, 115), (213, 94, 0), (86, 180, 233), (204, 121, 167), (240, 228, 66)]


def decode(png):
    """[height, width, 3]"""
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    image.load()
    return np.asarray(image.convert("RGB")).astype(int)


def frames_of(png):
    """Of an animation [frames, height, width, 3], and their milliseconds."""
    image = Image.open(io.BytesIO(png))
    shown = [
        (np.asarray(frame.convert("RGB")).astype(int), frame.info["duration"])
        for frame in ImageSequence.Iterator(image)
    ]
    return np.stack([pixels for pixels, _ in shown]), [duration for _, duration in shown]


def encoded(function, *arguments, **fields):
    """The bytes that a dnc_..._encode makes, with these options."""
    png, size = POINTER(c_uint8)(), c_size_t()
    options = image_options(**fields)
    check(function(*arguments, byref(options), byref(png), byref(size)))
    try:
        return bytes(png[: size.value])
    finally:
        c.dnc_buffer_free(png)


def colours(name):
    """Of a colormap, the colours [256, 3] of 0/255 to 255/255."""
    options = image_options(
        colormap=getattr(c, f"DNC_COLORMAP_{name.upper()}"), cell_pixels=1, flags=c.DNC_IMAGE_BARE, minimum=0, maximum=1
    )
    return decode(encode(np.arange(256)[None] / 255, options))[0]


def expected_colours(values, name="viridis", minimum=0.0, maximum=1.0):
    """Of an array, the colours [..., 3]."""
    position = (np.asarray(values, float) - minimum) / (maximum - minimum)
    return colours(name)[np.clip(position * 256, 0, 255).astype(int)]


def rectangles(picture, theme="light"):
    """What is in each frame, left to right and then down: (y, x, height, width)."""
    ink = (picture == FRAME[theme]).all(2)
    padded = np.pad(ink, 1)
    here = padded[1:-1, 1:-1]
    corners = here & padded[1:-1, 2:] & padded[2:, 1:-1] & ~padded[:-2, 1:-1] & ~padded[1:-1, :-2]
    found = []
    for y, x in np.argwhere(corners):
        width = np.argmin(np.append(ink[y, x:], False))
        height = np.argmin(np.append(ink[y:, x], False))
        closed = ink[y + height - 1, x : x + width].all() and ink[y : y + height, x + width - 1].all()
        if width > 2 and height > 2 and closed:
            found.append((int(y) + 1, int(x) + 1, int(height) - 2, int(width) - 2))
    return sorted(found, key=lambda r: (r[0], r[1]))


def cells(picture, rectangle, rows, columns):
    """The colours [rows, columns, 3] in the middles of the cells of a frame."""
    y, x, height, width = rectangle
    assert height % rows == 0 and width % columns == 0
    (dy, dx) = height // rows, width // columns
    return picture[y : y + height, x : x + width][dy // 2 :: dy, dx // 2 :: dx]


def assert_has_margin(picture, pixels=8, bottom=None):
    """Nothing is cut off at the edge."""
    paper = picture[0, 0]
    height = len(picture) - (bottom or 0)
    for edge in (
        picture[:pixels],
        picture[height - pixels : height],
        picture[:height, :pixels],
        picture[:height, -pixels:],
    ):
        assert (edge == paper).all()
