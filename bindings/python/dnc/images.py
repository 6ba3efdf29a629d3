"""Pictures of arrays and episodes, as PNG."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from ctypes import byref
from typing import Any

import numpy.typing as npt

from . import _c
from ._convert import Path, array, choice, defaults, fill, floats, integer, path_bytes
from .errors import InvalidArgument, check
from .network import DNC


def _options(settings: dict[str, Any]) -> Any:
    options = defaults(_c.dnc_image_options, _c.dnc_image_options_init)
    fill(options, {name: value for name, value in settings.items() if value is not None})
    return byref(options)


def heatmap(
    values: npt.ArrayLike,
    path: Path | None = None,
    *,
    colormap: str = "viridis",
    minimum: float | None = None,
    maximum: float | None = None,
    title: str | None = None,
    row_label: str | None = None,
    column_label: str | None = None,
    cell_pixels: int = 0,
    bare: bool = False,
    theme: str = "light",
    pixel_scale: int = 1,
) -> bytes | None:
    """values [rows, columns] as a PNG file, row 0 on top; without a path, returns the bytes of the file.

    colormap is "viridis", "magma", "grey" or "diverging"; minimum and maximum are the values at its ends (None:
    from the values). cell_pixels is the side of a cell (0: chosen by their number). bare leaves out title, labels,
    ticks and colour bar. NaN is drawn as a crossed cell. theme is "light" or "dark"; every pixel is drawn as
    pixel_scale by pixel_scale, 1 to 8.
    """
    values = array(values, "values", "rc", {})
    options = _options({
        "colormap": colormap, "minimum": minimum, "maximum": maximum, "title": title, "row_label": row_label,
        "column_label": column_label, "cell_pixels": cell_pixels, "flags": _c.DNC_IMAGE_BARE if bare else 0,
        "theme": theme, "pixel_scale": pixel_scale,
    })  # fmt: skip
    if path is not None:
        check(_c.dnc_image_write(path_bytes(path), *values.shape, floats(values), options))
        return None
    png, size = ctypes.POINTER(ctypes.c_uint8)(), ctypes.c_size_t()
    check(_c.dnc_image_encode(*values.shape, floats(values), options, byref(png), byref(size)))
    try:
        return ctypes.string_at(png, size.value)
    finally:
        _c.dnc_buffer_free(png)


PANELS = {
    "phases": _c.DNC_PANEL_PHASES,
    "input": _c.DNC_PANEL_INPUT,
    "target": _c.DNC_PANEL_TARGET,
    "prediction": _c.DNC_PANEL_PREDICTION,
    "logits": _c.DNC_PANEL_LOGITS,
    "error": _c.DNC_PANEL_ERROR,
    "writes": _c.DNC_PANEL_WRITES,
    "reads": _c.DNC_PANEL_READS,
    "origins": _c.DNC_PANEL_ORIGINS,
    "usage": _c.DNC_PANEL_USAGE,
}


def episode_image(
    path: Path,
    net: DNC,
    inputs: npt.ArrayLike | None = None,
    targets: npt.ArrayLike | None = None,
    outputs: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    *,
    batch_index: int = 0,
    panels: Iterable[str] | None = None,
    sort_slots: bool = False,
    colormap: str = "viridis",
    title: str | None = None,
    cell_pixels: int = 0,
    theme: str = "light",
    pixel_scale: int = 1,
) -> None:
    """One sequence of a batch of episodes as a labelled PNG figure, time from left to right.

    Its panels are inputs [T, B, X], targets [T, B, Y], and the prediction and logits of outputs [T, B, Y], each of
    which may be left out, and, when these T steps are recorded in `net`, what the memory did. mask [T, B] shades the
    steps in which an answer is wanted, and leaves the others out of the errors. panels chooses from `PANELS`;
    sort_slots brings the slots into the order in which they were first written.
    """
    sizes, given = dict(net._sizes), []
    for name, letters, values in [
        ("inputs", "TBX", inputs),
        ("targets", "TBY", targets),
        ("outputs", "TBY", outputs),
        ("mask", "TB", mask),
    ]:
        panel = None if values is None else array(values, name, letters, sizes)
        if panel is not None:
            sizes["T"] = len(panel)
        given.append(panel)
    if inputs is None and targets is None and outputs is None:
        raise InvalidArgument("inputs, targets and outputs are all None, needed is at least one of them")
    chosen = 0
    for name in [] if panels is None else panels:
        chosen |= choice(name, "panels", PANELS)
    index = integer(batch_index, "batch_index")
    options = defaults(_c.dnc_image_options, _c.dnc_image_options_init)
    settings = {"colormap": colormap, "title": title, "cell_pixels": cell_pixels, "theme": theme}
    settings.update(pixel_scale=pixel_scale, panels=chosen, flags=_c.DNC_IMAGE_SORT_SLOTS if sort_slots else 0)
    fill(options, {name: value for name, value in settings.items() if value is not None})
    if given[3] is not None:
        options.mask = given[3].ctypes.data_as(_c.POINTER(_c.c_float))
    data = map(floats, given[:3])
    check(_c.dnc_episode_image_write(path_bytes(path), net._handle, index, sizes["T"], *data, byref(options)))
