"""Pictures of what a network did, drawn by the library: heatmaps, episodes, states, films, trainings, capacities.

    from dnc import figures

    figures.episode(net, inputs, targets, outputs, mask, sort_slots=True)     # shows itself in a notebook
    figures.film(net, delay=200).save("memory.png")
    figures.training(["runs/a/log.jsonl", "runs/b/log.jsonl"]).array()        # [height, width, 3]

Each returns a `Picture`. title is drawn above it; theme is "light" or "dark"; every pixel is drawn as pixel_scale by
pixel_scale, 1 to 8; colormap is "viridis", "magma", "grey" or "diverging"; cell_pixels is the side of a cell (0: chosen
by their number).
"""

from __future__ import annotations

import ctypes
import io
import os
import pathlib
from collections.abc import Iterable, Sequence
from ctypes import byref
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import Path, array, choice, defaults, fill, floats, loss_number, meant, path_bytes, text, within
from ._fields import require_instance
from ._files import replacing
from .errors import InvalidArgument, check
from .network import DNC

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Look(TypedDict, total=False):
    """What all figures take."""

    title: str | None
    theme: str
    pixel_scale: int
    colormap: str
    cell_pixels: int


class Picture:
    """A PNG, or an animated PNG, in memory. `png` are the bytes of the file."""

    def __init__(self, png: bytes) -> None:
        self.png = png

    def save(self, path: Path) -> None:
        """Writes the file; it is there whole or not at all."""
        with replacing(pathlib.Path(os.fspath(path))) as file:
            file.write(self.png)

    def array(self) -> npt.NDArray[np.uint8]:
        """Red, green, blue: [height, width, 3], of an animation [frames, height, width, 3]. Needs Pillow."""
        from PIL import Image, ImageSequence

        with Image.open(io.BytesIO(self.png)) as image:
            frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
        return np.stack(frames) if len(frames) > 1 else frames[0]

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        width, height = (int.from_bytes(self.png[at : at + 4], "big") for at in (16, 20))
        return f"Picture({width} x {height} pixels, {len(self.png)} bytes)"


def heatmap(
    values: npt.ArrayLike,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    row_label: str | None = None,
    column_label: str | None = None,
    bare: bool = False,
    **look: Unpack[Look],
) -> Picture:
    """values [rows, columns], row 0 on top.

    minimum and maximum are the values at the colormap's ends (None: from the values). bare leaves out title, labels,
    ticks and colour bar. NaN is drawn as a crossed cell.
    """
    given = array(values, "values", "rc", {})
    options = _options(
        look, minimum=minimum, maximum=maximum, row_label=row_label, column_label=column_label,
        flags=_c.DNC_IMAGE_BARE if bare else 0,
    )  # fmt: skip
    return _encode(_c.dnc_image_encode, *given.shape, floats(given), options, **look, minimum=minimum, maximum=maximum)


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


def episode(
    net: DNC,
    inputs: npt.ArrayLike | None = None,
    targets: npt.ArrayLike | None = None,
    outputs: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    *,
    batch_index: int = 0,
    panels: Iterable[str] | None = None,
    sort_slots: bool = False,
    loss: str = "sigmoid_cross_entropy",
    **look: Unpack[Look],
) -> Picture:
    """One sequence of a batch of episodes, time from left to right.

    Its panels are inputs [T, B, X], targets [T, B, Y], and the prediction and logits of outputs [T, B, Y], each of
    which may be left out, and, when these T steps are recorded in `net`, what the memory did. mask [T, B] shades the
    steps in which an answer is wanted, and leaves the others out of the errors. panels chooses from `PANELS`;
    sort_slots brings the slots into the order in which they were first written; loss, as that of a task, says how
    outputs become predictions.
    """
    require_instance(net, "net", DNC)
    with net._handle as handle:
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
        chosen, chosen_panels = 0, list([] if panels is None else panels)
        for name in chosen_panels:
            chosen |= choice(name, "panels", PANELS)
        options = _options(look, panels=chosen, flags=_slots(sort_slots), loss=loss_number(loss, "loss"))
        if given[3] is not None:
            options.mask = given[3].ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        index = within(batch_index, "batch_index")
        return _encode(
            _c.dnc_episode_image_encode, handle, index, sizes["T"], *map(floats, given[:3]), options,
            **look, batch_index=batch_index, panels=chosen_panels, inputs=given[0], targets=given[1], outputs=given[2],
        )  # fmt: skip


def state(
    net: DNC,
    step: int | None = None,
    *,
    batch_index: int = 0,
    sort_slots: bool = False,
    used_slots: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    **look: Unpack[Look],
) -> Picture:
    """The memory of one sequence, its weightings, and the link matrices with their strongest paths: after a recorded
    step, from 0, or (None) as they are now. minimum and maximum are those of the memory's colours.

    sort_slots brings the slots into the order in which they were first written. used_slots leaves out those that were
    not used in the record, and says how many: their usage, precedence, weightings and links are all below 0.1.
    """
    options = _options(look, minimum=minimum, maximum=maximum, flags=_slots(sort_slots, used_slots))
    number = _c.DNC_STEP_NOW if step is None else within(step, "step")
    require_instance(net, "net", DNC)
    return _encode(
        _c.dnc_state_image_encode, net._handle, within(batch_index, "batch_index"), number, options,
        **look, step=step, batch_index=batch_index, minimum=minimum, maximum=maximum,
    )  # fmt: skip


def film(
    net: DNC,
    first_step: int = 0,
    steps: int | None = None,
    *,
    delay: int = 200,
    batch_index: int = 0,
    sort_slots: bool = False,
    used_slots: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    **look: Unpack[Look],
) -> Picture:
    """The `state` after each of some recorded steps (None: all from first_step on), as an animation that shows each for
    `delay` milliseconds."""
    options = _options(look, minimum=minimum, maximum=maximum, flags=_slots(sort_slots, used_slots))
    said = _film(net, first_step, steps, batch_index, delay)
    said_too = {**look, "minimum": minimum, "maximum": maximum}
    return _encode(_c.dnc_film_encode, net._handle, *_numbers(said), options, **said, **said_too)


def film_files(
    path: Path,
    net: DNC,
    first_step: int = 0,
    steps: int | None = None,
    *,
    batch_index: int = 0,
    sort_slots: bool = False,
    used_slots: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    **look: Unpack[Look],
) -> None:
    """The frames of a `film` as files: "film.png" becomes film-0000.png and so on, by the step."""
    flags = _slots(sort_slots, used_slots) | _c.DNC_IMAGE_NUMBERED_FILES
    options = _options(look, minimum=minimum, maximum=maximum, flags=flags)
    said = _film(net, first_step, steps, batch_index)
    status = _c.dnc_film_write(path_bytes(path), net._handle, *_numbers(said), byref(options))
    check(status, **look, **said, minimum=minimum, maximum=maximum)


def training(
    logs: Path | Sequence[Path],
    names: Sequence[str] | None = None,
    *,
    metric: str | None = None,
    over_time: bool = False,
    width: int = 0,
    height: int = 0,
    **look: Unpack[Look],
) -> Picture:
    """Loss and score of one or more runs, from their logs (log.jsonl, or the folder of a run).

    metric is the score to draw (None: the first of the log); over_time draws over seconds instead of updates. names are
    those of the legend (None: the folders or files); runs of one name share a colour. width and height are pixels of
    each panel (0: 720 and 240).
    """
    given = [pathlib.Path(os.fspath(log)) for log in ([logs] if isinstance(logs, (str, os.PathLike)) else logs)]
    files = [path / "log.jsonl" if path.is_dir() else path for path in given]
    if names is None:
        names = [path.parent.name if path.name == "log.jsonl" else path.stem for path in files]
    if len(names) != len(files):
        raise InvalidArgument(f"names has {len(names)} elements, needed are {len(files)}, one for each log")
    options = _options(
        look, metric=metric, width=width, height=height, flags=_c.DNC_IMAGE_OVER_TIME if over_time else 0
    )
    strings = ctypes.c_char_p * len(files)
    paths = strings(*map(path_bytes, files))
    legend = strings(*(text(name, "names") for name in names))
    said: Any = {**look, "width": width, "height": height, "runs": ("the number of logs", len(files))}
    return _encode(_c.dnc_training_image_encode, len(files), paths, legend, options, **said)


def capacity(
    scores: npt.ArrayLike,
    slots: Sequence[int],
    lengths: Sequence[int],
    *,
    row_label: str | None = None,
    column_label: str | None = None,
    **look: Unpack[Look],
) -> Picture:
    """scores [slots, lengths], 0 to 1, over memories and episodes of other sizes than those of the training, as in
    Extended Data Figure 2 of the paper; NaN: not measured. `dnc.capacity` measures them."""
    given = array(scores, "scores", "rc", {"r": len(slots), "c": len(lengths)})
    axes = [
        (ctypes.c_uint32 * len(axis))(*(within(number, name, ctypes.c_uint32) for number in axis))
        for name, axis in [("slots", slots), ("lengths", lengths)]
    ]
    options = _options(look, row_label=row_label, column_label=column_label)
    return _encode(_c.dnc_capacity_image_encode, *given.shape, floats(given), *axes, options, **look, scores=given)


def _film(net: DNC, first_step: int, steps: int | None, batch_index: int, delay: int = 1) -> dict[str, Any]:
    """What a film shows, by the names of the library's arguments."""
    require_instance(net, "net", DNC)
    if steps is None:
        steps = max(net.recorded_steps - first_step, 1)
    return {
        "batch_index": batch_index,
        "first_step": first_step,
        "steps": steps,
        "delay_milliseconds": ("delay", delay),
    }


def _numbers(film: dict[str, Any]) -> tuple[int, ...]:
    """The same as the library takes it."""
    *places, (_, delay) = film.values()
    names = list(film)
    return *map(within, places, names), within(delay, "delay", ctypes.c_uint32)


def _slots(sort_slots: bool, used_slots: bool = False) -> int:
    """The flags that choose the slots and their order."""
    return (_c.DNC_IMAGE_SORT_SLOTS if sort_slots else 0) | (_c.DNC_IMAGE_USED_SLOTS if used_slots else 0)


def _options(look: Look, **settings: Any) -> _c.dnc_image_options:
    unknown = set(look) - set(Look.__annotations__)
    if unknown:
        name = sorted(unknown)[0]
        raise TypeError(f"there is no option {name!r}: {meant(name, Look.__annotations__)}")
    options = defaults(_c.dnc_image_options, _c.dnc_image_options_init)
    fill(options, {name: value for name, value in {**look, **settings}.items() if value is not None})
    return options


def _encode(function: Any, *arguments: Any, **said: Any) -> Picture:
    """What a function dnc_..._encode makes; the last argument are the options, and `said` is what the caller gave."""
    png, size = ctypes.POINTER(ctypes.c_uint8)(), ctypes.c_size_t()
    check(function(*arguments[:-1], byref(arguments[-1]), byref(png), byref(size)), **said)
    try:
        return Picture(ctypes.string_at(png, size.value))
    finally:
        _c.dnc_buffer_free(png)
