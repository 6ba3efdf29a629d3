"""The network: `DNC`."""

from __future__ import annotations

import ctypes
import secrets
from collections.abc import Mapping
from ctypes import byref
from typing import TYPE_CHECKING, Any, Callable, cast

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import (
    FloatArray,
    Path,
    array,
    choice,
    flag,
    floats,
    path_bytes,
    reals,
    settings_of,
    within,
)
from ._handle import Handle, Resource, Views, view
from ._records import belongs, outputs_of
from .config import Config, Options, estimate_bytes, to_c
from .errors import InvalidArgument, check

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .optimizer import Optimizer

# Names, numbers and shapes of the pieces of the state and of the trace, in the header's letters; M = 2K+1.
_FIELDS = {
    "memory": (_c.DNC_FIELD_MEMORY, "BNW"),
    "usage": (_c.DNC_FIELD_USAGE, "BN"),
    "link": (_c.DNC_FIELD_LINK, "BKNN"),
    "precedence": (_c.DNC_FIELD_PRECEDENCE, "BKN"),
    "write_weights": (_c.DNC_FIELD_WRITE_WEIGHTS, "BKN"),
    "read_weights": (_c.DNC_FIELD_READ_WEIGHTS, "BRN"),
    "read_vectors": (_c.DNC_FIELD_READ_VECTORS, "BRW"),
    "hidden": (_c.DNC_FIELD_HIDDEN, "LBH"),
    "cell": (_c.DNC_FIELD_CELL, "LBH"),
}
_TRACES = {
    "write_weights": (_c.DNC_TRACE_WRITE_WEIGHTS, "TBKN"),
    "read_weights": (_c.DNC_TRACE_READ_WEIGHTS, "TBRN"),
    "usage": (_c.DNC_TRACE_USAGE, "TBN"),
    "allocation_gates": (_c.DNC_TRACE_ALLOCATION_GATES, "TBK"),
    "write_gates": (_c.DNC_TRACE_WRITE_GATES, "TBK"),
    "free_gates": (_c.DNC_TRACE_FREE_GATES, "TBR"),
    "read_modes": (_c.DNC_TRACE_READ_MODES, "TBRM"),
}


class DNC(Resource):
    """A Differentiable Neural Computer.

    >>> net = dnc.DNC(input_size=8, output_size=7, hidden_size=32, batch_size=16)
    >>> net.training = True
    >>> outputs = net.forward(inputs)                  # [T, B, X] -> [T, B, Y]
    >>> value, gradients = dnc.loss("sigmoid_cross_entropy", outputs, targets, mask)
    >>> net.backward(gradients)
    >>> optimizer.step(net)
    >>> net.reset()                                    # the next episode

    input_size, X, and output_size, Y, are 1 to 65536; `Options` lists the other arguments with their ranges and
    defaults. Its parameters are drawn from the seed: the same seed gives the same ones on every machine. Real numbers
    of any dtype go in, as arrays or lists, and come out as float32; what is not finite is a `NotFinite` error, a
    wrong shape or number `InvalidArgument`, both ValueError or FloatingPointError, too. A call that fails changes
    nothing. A network takes one call at a time: a second one, from another thread or from its own `progress`, is an
    InvalidState error.
    """

    __slots__ = ("_progress", "_tensors")

    def __init__(self, input_size: int, output_size: int, **options: Unpack[Options]) -> None:
        config: Any = {"input_size": input_size, "output_size": output_size, **options}
        if config.get("seed", 0) is None:
            config["seed"] = secrets.randbits(64)
        pointer = ctypes.POINTER(_c.dnc)()
        check(_c.dnc_create(byref(to_c(config)), byref(pointer)), **config)
        self._own(pointer)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The network of a checkpoint, at the start of an episode. `dnc.load` gives its optimizer, too."""
        pointer = ctypes.POINTER(_c.dnc)()
        check(_c.dnc_load(path_bytes(path), byref(pointer), None))
        return cls._from_c(pointer)

    @classmethod
    def _from_c(cls, pointer: Any) -> Self:
        net = cls.__new__(cls)
        net._own(pointer)
        return net

    def _own(self, pointer: Any) -> None:
        self._open_handle = Handle(pointer, _c.dnc_free, "the network")
        self._tensors: tuple[dict[str, FloatArray], dict[str, FloatArray]] | None = None
        self._progress = _Progress(None)

    def close(self) -> None:
        """Gives the memory back, as soon as no view of parameters or gradients is alive. Every later use is an
        InvalidState error; closing again is fine."""
        self._tensors = None
        super().close()

    def __repr__(self) -> str:
        if getattr(self, "_open_handle", None) is None:
            return "DNC(closed)"
        return f"DNC({', '.join(f'{name}={value!r}' for name, value in self.config.items())})"

    # configuration

    @property
    def config(self) -> Config:
        """The configuration as it is now; a copy."""
        return cast(Config, settings_of(_struct(self._handle)))

    @property
    def _sizes(self) -> dict[str, int]:
        return _sizes(self._handle)

    def _instead(self, name: str) -> str | None:
        return "it is chosen when a network is made, see its config" if name in Config.__annotations__ else None

    @property
    def batch_size(self) -> int:
        """B, 1 to 65536. Setting it starts a new episode."""
        return self.config["batch_size"]

    @batch_size.setter
    def batch_size(self, value: int) -> None:
        number = within(value, "batch_size", ctypes.c_uint32)
        with self._handle as handle:
            check(_c.dnc_set_batch_size(handle, number), batch_size=value)

    @property
    def memory_slots(self) -> int:
        """N, 1 to 65536. Setting it runs a trained network on a larger or smaller memory, and starts a new episode;
        with learned initial states it is an InvalidState error."""
        return self.config["memory_slots"]

    @memory_slots.setter
    def memory_slots(self, value: int) -> None:
        number = within(value, "memory_slots", ctypes.c_uint32)
        with self._handle as handle:
            check(_c.dnc_set_memory_slots(handle, number), memory_slots=value)

    @property
    def training(self) -> bool:
        """Whether steps are recorded, for `backward` and `trace`. Off at first; turning it off drops the record."""
        return bool(_c.dnc_is_training(self._handle))

    @training.setter
    def training(self, enabled: bool) -> None:
        number = flag(enabled, "training")
        with self._handle as handle:
            check(_c.dnc_set_training(handle, number))

    # running

    def reset(self) -> None:
        """A new episode: the initial state, and nothing recorded."""
        with self._handle as handle:
            check(_c.dnc_reset(handle))

    def step(self, input: npt.ArrayLike) -> FloatArray:
        """One step of all sequences: input [B, X] to output [B, Y], as logits."""
        given = reals(input, "input")
        with self._handle as handle:
            sizes, fresh = _sizes(handle), not _c.dnc_recorded_steps(handle)
            given = array(given, "input", "BX", sizes)
            output = _empty("BY", sizes)
            check(_c.dnc_step(handle, floats(given), floats(output)), input=given)
            return _recorded(handle, output, fresh)

    def forward(self, inputs: npt.ArrayLike) -> FloatArray:
        """Continues the episode by T steps: inputs [T, B, X] to outputs [T, B, Y], as logits."""
        given = reals(inputs, "inputs")
        with self._handle as handle:
            sizes, fresh = _sizes(handle), not _c.dnc_recorded_steps(handle)
            given = array(given, "inputs", "TBX", sizes)
            outputs = _empty("TBY", sizes, len(given))
            status = _c.dnc_forward(handle, len(given), floats(given), floats(outputs))
            self._progress.check(status, inputs=given)
            return _recorded(handle, outputs, fresh)

    def backward(self, output_gradients: npt.ArrayLike, input_gradients: bool = False) -> FloatArray | None:
        """Back-propagates through all recorded steps, T = recorded_steps, and adds to the gradients.

        output_gradients [T, B, Y] is the gradient of the loss with respect to the outputs of these steps. Gradients
        that were computed by `dnc.loss`, a task's loss or NumPy from the outputs of other steps alone, as of an
        episode before the last `reset`, are an InvalidArgument error; np.array(output_gradients) are nobody's, and
        accepted. With input_gradients, returns those with respect to the inputs, [T, B, X]. Afterwards nothing is
        recorded and the state is kept, so that the next steps continue the episode. InvalidState when nothing is
        recorded.
        """
        given = reals(output_gradients, "output_gradients")
        with self._handle as handle:
            steps, sizes = _c.dnc_recorded_steps(handle), _sizes(handle)
            gradients = array(given, "output_gradients", "TBY", {**sizes, "T": steps} if steps else sizes)
            if steps and not belongs(output_gradients, handle.records):
                raise InvalidArgument(
                    "output_gradients come from outputs of other steps than the recorded ones, as of an episode before "
                    "the last reset; np.array(output_gradients) is accepted, if they are meant"
                )
            result = _empty("TBX", sizes, steps) if input_gradients else None
            status = _c.dnc_backward(handle, floats(gradients), floats(result))
            self._progress.check(status, output_gradients=gradients)
            return result

    def detach(self) -> None:
        """Drops the record and keeps the state."""
        with self._handle as handle:
            check(_c.dnc_detach(handle))

    @property
    def progress(self) -> Callable[[int, int], object] | None:
        """Is called as progress(done, total) between the steps of `forward` and `backward`; None: nobody.

        An exception in it, KeyboardInterrupt among them, cancels the call, leaves the network as it was before,
        and comes out of it; what it returns is ignored. The network is in use meanwhile: other calls of it are
        InvalidState errors. A clone has none; what it costs stands in dnc.h.
        """
        return self._progress.function

    @progress.setter
    def progress(self, function: Callable[[int, int], object] | None) -> None:
        if function is not None and not callable(function):
            raise TypeError(f"progress is {function!r}, allowed are a function or None")
        progress = _Progress(function)
        with self._handle as handle:
            check(_c.dnc_set_progress(handle, progress.from_c, None))
            self._progress = progress  # the old one has stayed alive until now

    @property
    def recorded_steps(self) -> int:
        """Steps recorded since the last reset, backward or detach."""
        return int(_c.dnc_recorded_steps(self._handle))

    # parameters

    @property
    def parameter_count(self) -> int:
        """How many numbers the parameters are."""
        return int(_c.dnc_parameter_count(self._handle))

    def summary(self, steps: int = 100) -> str:
        """A table of the tensors with their shapes and counts, and the memory that the network takes, also while it
        records so many steps. Shows itself in a prompt; print it elsewhere."""
        config = self.config
        rows = [
            (name, "[" + ", ".join(map(str, values.shape)) + "]", f"{values.size:,}")
            for name, values in self.parameters.items()
        ]
        rows += [("parameters", "", f"{self.parameter_count:,}")]
        for title, training in [("bytes", False), (f"bytes with {steps:,} recorded steps", True)]:
            rows.append((title, "", f"{estimate_bytes(steps, training, **config):,}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        return _Table("\n".join(f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows))

    def _named(self) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        handle = self._handle
        if self._tensors is None:
            values, gradients = {}, {}
            for index in range(_c.dnc_tensor_count(handle)):
                tensor = _c.dnc_tensor(struct_size=ctypes.sizeof(_c.dnc_tensor))
                check(_c.dnc_tensor_at(handle, index, byref(tensor)))
                name, shape = tensor.name.decode(), tuple(tensor.shape[: tensor.rank])
                values[name] = view(handle, tensor.values, shape)
                gradients[name] = view(handle, tensor.gradients, shape)
            self._tensors = values, gradients
        return self._tensors

    @property
    def parameters(self) -> Mapping[str, FloatArray]:
        """The parameters by name, as writable views: `net.parameters["interface.weight"][...] = 0`.

        What is written is seen from the next reset on, or, in the middle of an episode, from
        `parameters_changed` on. A view stays valid after `close`. copy.deepcopy makes a dict of arrays of their own, as
        to keep the best parameters.
        """
        return Views(self._named()[0])

    @property
    def gradients(self) -> Mapping[str, FloatArray]:
        """The gradients of the parameters by name, as writable views."""
        return Views(self._named()[1])

    @property
    def flat_parameters(self) -> FloatArray:
        """All parameters in one block [parameter count], as a writable view."""
        return view(self._handle, _c.dnc_parameters(self._handle), (self.parameter_count,))

    @property
    def flat_gradients(self) -> FloatArray:
        """All gradients in one block, in the order of flat_parameters, as a writable view."""
        return view(self._handle, _c.dnc_gradients(self._handle), (self.parameter_count,))

    def parameters_changed(self) -> None:
        """Makes parameters written in the middle of an episode count from the next step on."""
        check(_c.dnc_parameters_changed(self._handle))

    def zero_gradients(self) -> None:
        """Sets all gradients to 0, to which `backward` adds. `Optimizer.step` does so, too."""
        check(_c.dnc_zero_gradients(self._handle))

    # state and trace

    def state(self, name: str) -> FloatArray:
        """A copy of a piece of the present state.

        memory [B, N, W], usage [B, N], link [B, K, N, N], precedence [B, K, N], write_weights [B, K, N],
        read_weights [B, R, N], read_vectors [B, R, W], hidden [L, B, H], cell [L, B, H] (LSTM).
        """
        return self._read(_c.dnc_get_state, _FIELDS, name)

    def set_state(self, name: str, values: npt.ArrayLike) -> None:
        """Writes a piece of the state, of the same shape as `state` gives. Usage, links, precedence and weightings
        are 0 to 1. InvalidState while steps are recorded: detach first."""
        number, letters = _piece(_FIELDS, name)
        given = reals(values, name)
        with self._handle as handle:
            given = array(given, name, letters, _sizes(handle))
            check(_c.dnc_set_state(handle, number, floats(given), given.size), values=(name, given))

    def state_gradient(self, name: str) -> FloatArray:
        """The gradient that the last backward found with respect to a piece of the state before its first step, of the
        same shape as `state` gives. InvalidState before any backward."""
        return self._read(_c.dnc_get_state_gradient, _FIELDS, name)

    def trace(self, name: str) -> FloatArray:
        """What the network did in the recorded steps; InvalidState when nothing is recorded.

        write_weights [T, B, K, N], read_weights [T, B, R, N], usage [T, B, N], allocation_gates [T, B, K],
        write_gates [T, B, K], free_gates [T, B, R], read_modes [T, B, R, 2K+1] (backward 1..K, content, forward 1..K).
        """
        return self._read(_c.dnc_get_trace, _TRACES, name)

    def _read(self, get: Any, pieces: Mapping[str, tuple[int, str]], name: str) -> FloatArray:
        number, letters = _piece(pieces, name)
        with self._handle as handle:
            values = _empty(letters, _sizes(handle), _c.dnc_recorded_steps(handle))
            check(get(handle, number, floats(values), values.size))
            return values

    def _own_outputs(self, outputs: FloatArray) -> FloatArray:
        """Outputs of recorded steps in an array that was put together from them."""
        return _recorded(self._handle, outputs, fresh=False)

    # copies

    def clone(self, share_parameters: bool = False) -> Self:
        """A second network in the same state, nothing recorded, with parameters of its own or with these. copy,
        deepcopy and pickle make such copies, too, with parameters of their own: sizes, parameters, training flag and
        the state of the episode, but no record, no gradients and no `progress`."""
        pointer = ctypes.POINTER(_c.dnc)()
        sharing = _c.DNC_CLONE_SHARE_PARAMETERS if share_parameters else _c.DNC_CLONE_COPY
        check(_c.dnc_clone(self._handle, sharing, byref(pointer)))
        return self._from_c(pointer)

    def __reduce__(self) -> tuple[Any, ...]:
        with self._handle, self.clone(share_parameters=True) as start:
            start.reset()
            pieces = [name for name in _FIELDS if name != "cell" or start.config["controller"] == "lstm"]
            state = {name: self.state(name) for name in pieces}
            state = {name: piece for name, piece in state.items() if not np.array_equal(piece, start.state(name))}
            return self._rebuilt(_rebuild, self.config, self.flat_parameters, state, self.training)

    def save(self, path: Path, optimizer: Optimizer | None = None) -> None:
        """Writes parameters and configuration, and the optimizer's state, as a safetensors file for `load`."""
        check(_c.dnc_save(self._handle, optimizer and optimizer._handle, path_bytes(path)))


def _rebuild(
    kind: type[DNC], config: Config, parameters: FloatArray, state: dict[str, FloatArray], training: bool
) -> DNC:
    """A network from what `DNC.__reduce__` has put down. Pieces of the state that are those of a start are left to be
    so."""
    net = kind.__new__(kind)
    DNC.__init__(net, **config)
    net.flat_parameters[...] = parameters
    net.reset()  # a learned start is parameters
    for name, piece in state.items():
        net.set_state(name, piece)
    net.training = training
    return net


class _Table(str):
    """Text that a prompt shows as it is."""

    def __repr__(self) -> str:
        return str(self)


def _struct(handle: Handle) -> _c.dnc_config:
    struct = _c.dnc_config(struct_size=ctypes.sizeof(_c.dnc_config))
    check(_c.dnc_get_config(handle, byref(struct)))
    return struct


def _sizes(handle: Handle) -> dict[str, int]:
    """By the letters of shapes."""
    c = _struct(handle)
    return {
        "X": c.input_size, "Y": c.output_size, "B": c.batch_size, "H": c.hidden_size, "L": c.num_layers,
        "N": c.memory_slots, "W": c.word_size, "R": c.read_heads, "K": c.write_heads, "M": 2 * c.write_heads + 1,
    }  # fmt: skip


def _recorded(handle: Handle, outputs: FloatArray, fresh: bool) -> FloatArray:
    """`outputs` with a mark of the record they belong to, if steps are recorded; fresh: it begins with them."""
    if not _c.dnc_recorded_steps(handle):
        return outputs
    if fresh:
        handle.records.present += 1
    return cast(FloatArray, outputs_of(handle.records, outputs))


def _empty(letters: str, sizes: Mapping[str, int], steps: int = 0) -> FloatArray:
    return np.empty([steps if letter == "T" else sizes[letter] for letter in letters], np.float32)


class _Progress:
    """A function of Python's that C calls, and what it raised."""

    def __init__(self, function: Callable[[int, int], object] | None) -> None:
        self.function = function
        raised = self._raised = []  # type: list[BaseException]

        def call(context: Any, done: int, total: int) -> int:
            try:
                assert function is not None
                function(done, total)
            except BaseException as error:  # noqa: BLE001 - it goes on where C has returned
                raised.append(error)
            return len(raised)

        self.from_c = _c.dnc_progress() if function is None else _c.dnc_progress(call)

    def check(self, status: int, **said: Any) -> None:
        if self._raised:
            raise self._raised.pop()
        check(status, **said)


def _piece(pieces: Mapping[str, tuple[int, str]], name: str) -> tuple[int, str]:
    choice(name, "name", {piece: number for piece, (number, _) in pieces.items()})
    return pieces[name]
