"""Who owns what the library has made, and until when."""

from __future__ import annotations

import ctypes
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from ._convert import FloatArray
from .errors import InvalidState

if TYPE_CHECKING:
    from typing_extensions import Self


class Handle:
    """A C pointer, freed when nothing in Python refers to it any more: neither an object that wraps it,
    nor a NumPy view into it, nor a call that is using it."""

    def __init__(self, pointer: Any, free: Callable[[Any], None]) -> None:
        self._as_parameter_ = pointer  # ctypes takes the handle itself as an argument
        self._free = free

    def __del__(self) -> None:
        self._free(self._as_parameter_)


class Resource:
    """What DNC, Optimizer and Task have in common: they can be closed, and close at the end of `with`."""

    _open_handle: Handle | None = None  # until the constructor has made one

    @property
    def _handle(self) -> Handle:
        if self._open_handle is None:
            raise InvalidState(f"this {type(self).__name__} is closed")
        return self._open_handle

    def close(self) -> None:
        """Gives the memory back, as soon as no NumPy view into it is alive. Every later use is an
        InvalidState error; closing again is fine."""
        self._open_handle = None

    def __enter__(self) -> Self:
        _ = self._handle  # not a closed one
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Floats:
    """Floats inside an instance, as the base of a NumPy view that keeps the instance's memory alive."""

    def __init__(self, handle: Handle, address: int, shape: tuple[int, ...]) -> None:
        self.handle = handle
        self.__array_interface__ = {
            "version": 3,
            "typestr": np.dtype(np.float32).str,
            "shape": shape,
            "data": (address, False),  # writable
        }


def view(handle: Handle, pointer: Any, shape: tuple[int, ...]) -> FloatArray:
    """The floats behind `pointer`, which belong to `handle`, as an array: no copy."""
    return np.asarray(_Floats(handle, ctypes.addressof(pointer.contents), shape))
