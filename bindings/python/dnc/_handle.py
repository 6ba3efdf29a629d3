"""Who owns what the library has made, and until when."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from ._convert import FloatArray, meant
from ._records import Records
from .errors import InvalidState

if TYPE_CHECKING:
    from typing_extensions import Self


class Handle:
    """A C pointer, freed when nothing in Python refers to it any more: neither the object that wraps it,
    nor a NumPy view into it, nor a call that is using it.

    `with handle:` keeps other threads away from it, who get an InvalidState error. What asks for a size, makes an array
    of it and lets the library write there does all of it in one such block, and so does what changes a size.
    """

    def __init__(self, pointer: Any, free: Callable[[Any], None], name: str) -> None:
        self._as_parameter_ = pointer  # ctypes takes the handle itself as an argument
        self._free = free
        self._name = name
        # Its own thread may enter again: there the library refuses what comes in the middle of a call.
        lock = threading.RLock()
        self._enter, self._leave = lock.acquire, lock.release
        self.records = Records()  # of a network

    def __enter__(self) -> Self:
        if not self._enter(False):  # waiting might be for ever, as for a thread that waits in `progress` for this one
            raise InvalidState(
                f"{self._name} is in use by a call that has not returned, in another thread or around this one; "
                "allowed is one at a time"
            )
        return self

    def __exit__(self, *raised: object) -> None:
        self._leave()

    def __del__(self) -> None:
        pointer, self._as_parameter_ = self._as_parameter_, None
        self._free(pointer)

    @property
    def is_freed(self) -> bool:
        """Whether garbage with a cycle held it, and something in there has brought it back."""
        return self._as_parameter_ is None


class Resource:
    """What DNC, Optimizer and Task have in common: they can be closed, and close at the end of `with`; and they have
    no other attributes than their own. One object has one handle, and a copy another: what the library can change,
    none remembers."""

    __slots__ = ("__weakref__", "_open_handle")
    _open_handle: Handle | None

    @property
    def _handle(self) -> Handle:
        handle: Handle | None = getattr(self, "_open_handle", None)  # there is none before the constructor has made one
        if handle is None or handle.is_freed:
            raise InvalidState(f"this {type(self).__name__} is closed")
        return handle

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self)
        if not hasattr(kind, name) and not hasattr(self, "__dict__"):  # a subclass of the user's has one
            known = [each for each in dir(kind) if not each.startswith("_") and not callable(getattr(kind, each))]
            raise AttributeError(
                f"{kind.__name__} has no attribute {name!r}: {self._instead(name) or meant(name, known)}"
            )
        super().__setattr__(name, value)

    def _instead(self, name: str) -> str | None:
        """What somebody may want who sets an attribute that there is not."""
        return None

    def _rebuilt(self, make: Callable[..., Any], *arguments: Any) -> tuple[Any, ...]:
        """What __reduce__ returns, for copy, deepcopy and pickle: make(class, *arguments), and a subclass's
        attributes."""
        return make, (type(self), *arguments), getattr(self, "__dict__", None) or None

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


class Views(Mapping[str, FloatArray]):
    """Views by name. deepcopy and pickle make a dict of arrays that are no views."""

    def __init__(self, views: dict[str, FloatArray]) -> None:
        self._views = views

    def __getitem__(self, name: str) -> FloatArray:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __repr__(self) -> str:
        return repr(self._views)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self._views),)
