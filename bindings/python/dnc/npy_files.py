"""Arrays from .npy files, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._files import opened
from .errors import BadFormat

_KINDS = {"c": "complex numbers", "S": "text", "U": "text", "O": "Python objects", "M": "dates", "m": "times"}


def read_array(path: Path, *shapes: str) -> npt.NDArray[Any]:
    """The real numbers of a .npy file, in one of the shapes, as "[T, X]"; none of their sizes may be 0."""
    with opened(path) as file:
        if file.read(6) != b"\x93NUMPY":
            file.seek(0)
            is_archive = file.read(4) == b"PK\x03\x04"
            raise BadFormat(
                f"{path} is an archive, as .npz is: needed is a .npy file, which holds one array"
                if is_archive
                else f"{path} is not a .npy file: numpy.save writes one"
            )
        file.seek(0)
        try:
            values = np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, TypeError, SyntaxError, EOFError, OverflowError, MemoryError) as error:
            if "Object arrays" in str(error):
                raise BadFormat(f"{path} holds Python objects, needed are real numbers") from None
            raise BadFormat(f"{path} can't be read: {error}") from error
    if values.dtype.kind not in "fiub":
        what = "records" if values.dtype.names else _KINDS.get(values.dtype.kind, values.dtype)
        raise BadFormat(f"{path} holds {what}, needed are real numbers")
    if values.ndim not in [shape.count(",") + 1 for shape in shapes]:
        raise BadFormat(f"{path} has shape {values.shape}, needed is {' or '.join(shapes)}")
    if not values.size:
        raise BadFormat(f"{path} has shape {values.shape}: there is nothing in it")
    return values
