"""The part of a network that reads and writes its state: `State`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from . import _c
from ._convert import FloatArray, array, choice, floats, reals
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
        are 0 to 1. InvalidState while steps are recorded: detach first."""
        number, letters = _piece(FIELDS, name)
        given = reals(values, name)
        with self._handle as handle:
            given = array(given, name, letters, sizes(handle))
            check(_c.dnc_set_state(handle, number, floats(given), given.size), values=(name, given))

    def state_gradient(self, name: str) -> FloatArray:
        """The gradient that the last backward found with respect to a piece of the state before its first step, of the
        same shape as `state` gives. InvalidState before any backward."""
        return self._read(_c.dnc_get_state_gradient, FIELDS, name)

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

    def _read(self, get: Any, pieces: Mapping[str, tuple[int, str]], name: str) -> FloatArray:
        number, letters = _piece(pieces, name)
        with self._handle as handle:
            values = empty(letters, sizes(handle), _c.dnc_recorded_steps(handle))
            check(get(handle, number, floats(values), values.size))
            return values


def _piece(pieces: Mapping[str, tuple[int, str]], name: str) -> tuple[int, str]:
    choice(name, "name", {piece: number for piece, (number, _) in pieces.items()})
    return pieces[name]
