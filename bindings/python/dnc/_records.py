"""Whose gradients they are: arrays that know from which recorded steps they come.

`DNC.forward` and `step` hand out `Outputs` while steps are recorded, and what NumPy computes from them is of that
record, too. So `DNC.backward` notices gradients of an episode that is not recorded any more. Nothing that is not
certain is noticed: what a mark can't follow, as a conversion with `np.array` or another library, has none, and is
accepted.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


class Records:
    """The records of a network: the steps between two `reset`, `backward` or `detach`, by their numbers from 1."""

    def __init__(self) -> None:
        self.present = 0  # the number of the last one that was begun


# Whose an array is: of every network that it was computed from the number of the newest record. The present record is
# the newest of all, so older ones tell nothing more. A network that is gone needs no gradients.
Mark = Mapping["weakref.ref[Records]", int]
_NONE: Mark = {}

# Functions that make an array like another one, of other numbers; and those that write into their first argument.
_LIKE = {np.empty_like, np.zeros_like, np.ones_like, np.full_like}
_WRITING = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}


def _with_out(name: str) -> Any:
    """A method of arrays that may write into an `out`, which it returns then, and that is no ufunc."""
    method = getattr(np.ndarray, name)

    def call(self: Any, *arguments: Any, **settings: Any) -> Any:
        result = method(self, *arguments, **settings)
        given = (*arguments, *settings.values())
        if any(one is result for one in given):
            _write(result, records([self, *(one for one in given if one is not result)]))
        return result

    return call


class Outputs(np.ndarray):
    """An array as any other, with the records it was computed from."""

    # An array shares the list with its views, so that what is written into one of them counts for all; and with its
    # copies.
    _mark: list[Mark]

    def __array_finalize__(self, source: Any) -> None:
        mark = getattr(source, "_mark", None)
        self._mark = [_NONE] if mark is None else mark

    def __array_ufunc__(self, ufunc: np.ufunc, method: Any, *inputs: Any, **settings: Any) -> Any:
        out = settings.get("out")
        plain = settings if out is None else {**settings, "out": tuple(map(_plain, out))}
        results = getattr(ufunc, method)(*map(_plain, inputs), **plain)
        found = records(inputs)
        if method == "at":
            _write(inputs[0], records(inputs[1:]))
        if out is not None:
            for array in out:
                _write(array, found)
            return out[0] if len(out) == 1 else out
        return tuple(marked(one, found) for one in results) if isinstance(results, tuple) else marked(results, found)

    def __array_function__(self, function: Any, types: Any, arguments: Any, settings: Any) -> Any:
        if function in _LIKE:
            settings = {**settings, "subok": False}
        result = super().__array_function__(function, types, arguments, settings)
        if function in _LIKE:
            return result
        target = settings.get("out")
        if function in _WRITING:
            target = arguments[0] if arguments else settings.get("dst", settings.get("a", settings.get("arr")))
        found = records(other for other in (*arguments, *settings.values()) if other is not target)
        if target is not None:
            _write(target, found)
            return result
        return marked(result, found)

    def __setitem__(self, place: Any, value: Any) -> None:
        super().__setitem__(place, value)
        whole = place is Ellipsis or isinstance(place, slice) and place == slice(None)
        if whole or not (
            isinstance(value, (int, float)) and value == 0
        ):  # zeros here and there, as of a mask, are anybody's
            _write(self, records([value]))

    take, dot, choose, compress, round = map(_with_out, ("take", "dot", "choose", "compress", "round"))

    @property
    def flat(self) -> Any:
        _write(self, _NONE)  # what is written there, nobody sees: it is nobody's from now on
        return _plain(self).flat

    @flat.setter
    def flat(self, values: Any) -> None:
        _plain(self).flat = values
        _write(self, records([values]))

    def fill(self, value: Any) -> None:
        super().fill(value)
        _write(self, _NONE)

    def put(self, *arguments: Any, **settings: Any) -> None:
        super().put(*arguments, **settings)
        _write(self, records(arguments[1:]))

    def __repr__(self) -> str:
        return repr(_plain(self))

    def __reduce__(self) -> Any:  # elsewhere there is no record
        return _plain(self).__reduce__()


def _merged(one: Mark, other: Mark) -> Mark:
    if not other or one == other:
        return one
    if not one:
        return other
    newest: dict[weakref.ref[Records], int] = {}
    for mark in (one, other):
        for network, number in mark.items():
            if network() is not None:
                newest[network] = max(number, newest.get(network, 0))
    return newest


def records(values: Any) -> Mark:
    """The records that some values were computed from, alone or in lists."""
    found = _NONE
    for value in values:
        if isinstance(value, Outputs):
            found = _merged(found, value._mark[0])
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], (np.ndarray, list, tuple)):
            found = _merged(found, records(value))
    return found


def marked(array: Any, found: Mark) -> Any:
    """`array` as computed from these records; itself if there are none, or it is no array."""
    if not found or not isinstance(array, np.ndarray):
        return array
    view = array.view(Outputs)
    view._mark = [found]
    return view


def outputs_of(network: Records, outputs: Any) -> Any:
    """`outputs` as those of the present record."""
    return marked(outputs, {weakref.ref(network): network.present}) if network.present else outputs


def belongs(gradients: npt.ArrayLike, network: Records) -> bool:
    """Whether these may be gradients of the present record: not if they come from others of its network alone."""
    return records([gradients]).get(weakref.ref(network), network.present) == network.present


def _plain(array: Any) -> Any:
    return array.view(np.ndarray) if isinstance(array, Outputs) else array


def _write(array: Any, found: Mark) -> None:
    """Something that was computed from these records is written into a part of `array`, or into a view of it."""
    if isinstance(array, Outputs):
        array._mark[0] = _merged(array._mark[0], found) if found else _NONE
