"""The part of a network that reads and writes its state: `State`."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import FloatArray, array, choice, floats, reals, within
from ._instance import Instance, empty, sizes
from .errors import check

# The pieces of the state and of the trace by name: their numbers, and their shapes in the header's letters; M = 2K+1,
# S = 3.
FIELDS = {
    name: (getattr(_c, f"DNC_FIELD_{name.upper()}"), letters)
    for name, letters in {
        "memory": "BNW", "usage": "BN", "link": "BKNN", "precedence": "BKN", "write_weights": "BKN",
        "read_weights": "BRN", "read_vectors": "BRW", "hidden": "LBH", "cell": "LBH",
    }.items()
}  # fmt: skip
_TRACES = {
    name: (getattr(_c, f"DNC_TRACE_{name.upper()}"), letters)
    for name, letters in {
        "write_weights": "TBKN", "read_weights": "TBRN", "usage": "TBN", "allocation_gates": "TBK",
        "write_gates": "TBK", "free_gates": "TBR", "read_modes": "TBRM", "read_interpolation_gates": "TBR",
        "read_shifts": "TBRS", "read_sharpness": "TBR", "write_interpolation_gates": "TBK", "write_shifts": "TBKS",
        "write_sharpness": "TBK", "read_masks": "TBRW", "write_masks": "TBKW", "backward_sharpness": "TBRK",
        "forward_sharpness": "TBRK",
    }.items()
}  # fmt: skip


class State(Instance):
    """The pieces of the present state, and of what the recorded steps did."""

    __slots__ = ()

    def state(self, name: str) -> FloatArray:
        """A copy of a piece of the present state.

        memory [B, N, W], usage [B, N], link [B, K, N, N], precedence [B, K, N], write_weights [B, K, N],
        read_weights [B, R, N], read_vectors [B, R, W], hidden [L, B, H], cell [L, B, H] (LSTM). Without temporal_links
        there are no link and precedence.
        """
        return self._read(_c.dnc_get_state, FIELDS, name)

    def set_state(self, name: str, values: npt.ArrayLike) -> None:
        """Writes a piece of the state, of the same shape as `state` gives. Usage, links, precedence and weightings
        are 0 to 1, and each weighting adds up to 1 at most, or to as much as it starts with. Numbers of the memory
        beyond 2^119 become 2^119, with their sign. InvalidState while steps are recorded: detach first."""
        number, letters = _piece(FIELDS, name)
        given = reals(values, name)
        with self._handle as handle:
            given = array(given, name, letters, sizes(handle))
            check(_c.dnc_set_state(handle, number, floats(given), given.size), values=(name, given))

    def state_gradient(self, name: str) -> FloatArray:
        """The gradient that the last backward found with respect to a piece of the state before its first step, of the
        same shape as `state` gives. InvalidState before any backward."""
        return self._read(_c.dnc_get_state_gradient, FIELDS, name)

    @property
    def state_size(self) -> int:
        """The number of floats that the state of one sequence has."""
        with self._handle as handle:
            return _state_size(handle)

    def state_rows(self, first: int = 0, count: int | None = None) -> FloatArray:
        """A copy of the present states of some sequences, by default of all: [count, state_size].

        A row has the pieces of `state` in their order, of each what the sequence has. `set_state_rows` takes it up
        again, in any place of a batch and in any network of the same configuration.
        """
        return self._read_rows(_c.dnc_get_state_rows, first, count)

    def set_state_rows(self, rows: npt.ArrayLike, first: int = 0) -> None:
        """Writes the states of the sequences from `first` on: [count, state_size], as `state_rows` gives them.
        InvalidState while steps are recorded: detach first."""
        self._write_rows(_c.dnc_set_state_rows, rows, first)

    def state_gradient_rows(self, first: int = 0, count: int | None = None) -> FloatArray:
        """The gradient that the last backward found with respect to the state before its first step, as `state_rows`
        gives the state. InvalidState before any backward."""
        return self._read_rows(_c.dnc_get_state_gradient_rows, first, count)

    def set_final_state_gradient(self, rows: npt.ArrayLike, first: int = 0) -> None:
        """Hands in the gradient with respect to the state after the last recorded step, [count, state_size]: for a
        state that is used after these steps. The next backward begins with it and forgets it, as more steps do;
        otherwise it is 0. InvalidState when nothing is recorded."""
        self._write_rows(_c.dnc_set_final_state_gradient, rows, first)

    def trace(self, name: str) -> FloatArray:
        """What the network did in the recorded steps; InvalidState when nothing is recorded.

        write_weights [T, B, K, N], read_weights [T, B, R, N], usage [T, B, N], allocation_gates [T, B, K],
        write_gates [T, B, K], free_gates [T, B, R], read_modes [T, B, R, 2K+1] (backward 1..K, content, forward 1..K;
        not without temporal_links).
        Of memory="ntm", in place of the usage and what follows it: read_interpolation_gates [T, B, R], read_shifts
        [T, B, R, 3] (by -1, 0, +1), read_sharpness [T, B, R], and the same of the write heads, as write_shifts
        [T, B, K, 3].
        With content_masks, read_masks [T, B, R, W] and write_masks [T, B, K, W]; with link_sharpening,
        backward_sharpness and forward_sharpness [T, B, R, K].
        """
        return self._read(_c.dnc_get_trace, _TRACES, name)

    def last_trace(self, name: str) -> FloatArray:
        """What the network did in its last step, whether steps are recorded or not: a piece of `trace` without T.
        Usage and weightings are those of the present state. InvalidState when no step has been taken since the last
        `reset`."""
        pieces = {piece: (number, letters[1:]) for piece, (number, letters) in _TRACES.items()}
        return self._read(_c.dnc_get_last_trace, pieces, name)

    def _read_rows(self, get: Any, first: int, count: int | None) -> FloatArray:
        with self._handle as handle:
            batch = sizes(handle)["B"]
            start = within(first, "first")
            number = max(batch - start, 0) if count is None else within(count, "count")
            rows = np.empty((min(number, batch), _state_size(handle)), np.float32)
            check(get(handle, start, number, floats(rows)), first=first, count=count)
            return rows

    def _write_rows(self, write: Any, rows: npt.ArrayLike, first: int) -> None:
        given = reals(rows, "rows")
        with self._handle as handle:
            given = array(given, "rows", "CS", {"S": _state_size(handle)})
            check(write(handle, within(first, "first"), len(given), floats(given)), first=first, rows=("rows", given))

    def _read(self, get: Any, pieces: Mapping[str, tuple[int, str]], name: str) -> FloatArray:
        number, letters = _piece(pieces, name)
        with self._handle as handle:
            values = empty(letters, sizes(handle), _c.dnc_recorded_steps(handle))
            check(get(handle, number, floats(values), values.size))
            return values


def _state_size(handle: Any) -> int:
    size = ctypes.c_size_t()
    check(_c.dnc_state_size(handle, ctypes.byref(size)))
    return size.value


def _piece(pieces: Mapping[str, tuple[int, str]], name: str) -> tuple[int, str]:
    choice(name, "name", {piece: number for piece, (number, _) in pieces.items()})
    return pieces[name]
