"""The network: `DNC`."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import byref
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Callable, cast

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import (
    FloatArray,
    Path,
    array,
    choice,
    floats,
    integer,
    path_bytes,
    settings_of,
)
from ._handle import Handle, Resource, view
from .config import Config, Options, to_c
from .errors import check

if TYPE_CHECKING:
    from typing_extensions import Unpack

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

    The options are those of `Options`. Arrays go in as anything that NumPy takes, and come out as float32;
    shapes are written in the letters of dnc.h. A network takes one call at a time: a second one, from another
    thread or from its own `progress`, is an InvalidState error.
    """

    def __init__(self, input_size: int, output_size: int, **options: Unpack[Options]) -> None:
        config = to_c({"input_size": input_size, "output_size": output_size, **options})
        pointer = ctypes.POINTER(_c.dnc)()
        check(_c.dnc_create(byref(config), byref(pointer)))
        self._own(pointer, training=False)

    @classmethod
    def _from_c(cls, pointer: Any, training: bool) -> DNC:
        net = cls.__new__(cls)
        net._own(pointer, training)
        return net

    def _own(self, pointer: Any, training: bool) -> None:
        self._open_handle = Handle(pointer, _c.dnc_free)
        self._training = training
        self._tensors: tuple[dict[str, FloatArray], dict[str, FloatArray]] | None = None
        self._progress = _Progress(None)
        self._read_sizes()

    def close(self) -> None:
        self._tensors = None
        super().close()

    def __repr__(self) -> str:
        if self._open_handle is None:
            return "DNC(closed)"
        return f"DNC({', '.join(f'{name}={value!r}' for name, value in self.config.items())})"

    # configuration

    @property
    def config(self) -> Config:
        """The configuration as it is now; a copy."""
        struct = _c.dnc_config(struct_size=ctypes.sizeof(_c.dnc_config))
        check(_c.dnc_get_config(self._handle, byref(struct)))
        return cast(Config, settings_of(struct))

    def _read_sizes(self) -> None:
        c = self.config
        self._sizes = {
            "X": c["input_size"], "Y": c["output_size"], "B": c["batch_size"], "H": c["hidden_size"],
            "L": c["num_layers"], "N": c["memory_slots"], "W": c["word_size"], "R": c["read_heads"],
            "K": c["write_heads"], "M": 2 * c["write_heads"] + 1,
        }  # fmt: skip

    def _empty(self, letters: str, steps: int = 0) -> FloatArray:
        return np.empty([steps if letter == "T" else self._sizes[letter] for letter in letters], np.float32)

    @property
    def batch_size(self) -> int:
        """B. Setting it starts a new episode."""
        return self.config["batch_size"]

    @batch_size.setter
    def batch_size(self, value: int) -> None:
        check(_c.dnc_set_batch_size(self._handle, integer(value, "batch_size", ctypes.c_uint32)))
        self._read_sizes()

    @property
    def memory_slots(self) -> int:
        """N. Setting it runs a trained network on a larger or smaller memory, and starts a new episode."""
        return self.config["memory_slots"]

    @memory_slots.setter
    def memory_slots(self, value: int) -> None:
        check(_c.dnc_set_memory_slots(self._handle, integer(value, "memory_slots", ctypes.c_uint32)))
        self._read_sizes()

    @property
    def training(self) -> bool:
        """Whether steps are recorded, for `backward` and `trace`. Off at first; turning it off drops the record."""
        return self._training

    @training.setter
    def training(self, enabled: bool) -> None:
        check(_c.dnc_set_training(self._handle, bool(enabled)))
        self._training = bool(enabled)

    # running

    def reset(self) -> None:
        """A new episode: the initial state, and nothing recorded."""
        check(_c.dnc_reset(self._handle))

    def step(self, input: npt.ArrayLike) -> FloatArray:
        """One step of all sequences: input [B, X] to output [B, Y], as logits."""
        input = array(input, "input", "BX", self._sizes)
        output = self._empty("BY")
        check(_c.dnc_step(self._handle, floats(input), floats(output)))
        return output

    def forward(self, inputs: npt.ArrayLike) -> FloatArray:
        """Continues the episode by T steps: inputs [T, B, X] to outputs [T, B, Y], as logits."""
        inputs = array(inputs, "inputs", "TBX", self._sizes)
        outputs = self._empty("TBY", steps=len(inputs))
        self._progress.check(_c.dnc_forward(self._handle, len(inputs), floats(inputs), floats(outputs)))
        return outputs

    def backward(self, output_gradients: npt.ArrayLike, input_gradients: bool = False) -> FloatArray | None:
        """Back-propagates through all recorded steps, T = recorded_steps, and adds to the gradients.

        output_gradients [T, B, Y] is the gradient of the loss with respect to the outputs. With
        input_gradients, returns that with respect to the inputs, [T, B, X]. Afterwards nothing is recorded and
        the state is kept, so that the next steps continue the episode.
        """
        steps = self.recorded_steps
        sizes = {**self._sizes, "T": steps} if steps else self._sizes
        gradients = array(output_gradients, "output_gradients", "TBY", sizes)
        result = self._empty("TBX", steps) if input_gradients else None
        self._progress.check(_c.dnc_backward(self._handle, floats(gradients), floats(result)))
        return result

    def detach(self) -> None:
        """Drops the record and keeps the state."""
        check(_c.dnc_detach(self._handle))

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
        check(_c.dnc_set_progress(self._handle, progress.from_c, None))
        self._progress = progress  # the old one has stayed alive until now

    @property
    def recorded_steps(self) -> int:
        """Steps recorded since the last reset, backward or detach."""
        return int(_c.dnc_recorded_steps(self._handle))

    # parameters

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
        `parameters_changed` on. A view stays valid after `close`.
        """
        return MappingProxyType(self._named()[0])

    @property
    def gradients(self) -> Mapping[str, FloatArray]:
        """The gradients of the parameters by name, as writable views."""
        return MappingProxyType(self._named()[1])

    @property
    def flat_parameters(self) -> FloatArray:
        """All parameters in one block [parameter count], as a writable view."""
        return view(self._handle, _c.dnc_parameters(self._handle), (_c.dnc_parameter_count(self._handle),))

    @property
    def flat_gradients(self) -> FloatArray:
        """All gradients in one block, in the order of flat_parameters, as a writable view."""
        return view(self._handle, _c.dnc_gradients(self._handle), (_c.dnc_parameter_count(self._handle),))

    def parameters_changed(self) -> None:
        """Makes parameters written in the middle of an episode count from the next step on."""
        check(_c.dnc_parameters_changed(self._handle))

    def zero_gradients(self) -> None:
        check(_c.dnc_zero_gradients(self._handle))

    # state and trace

    def state(self, name: str) -> FloatArray:
        """A copy of a piece of the present state.

        memory [B, N, W], usage [B, N], link [B, K, N, N], precedence [B, K, N], write_weights [B, K, N],
        read_weights [B, R, N], read_vectors [B, R, W], hidden [L, B, H], cell [L, B, H] (LSTM).
        """
        return self._read(_c.dnc_get_state, _FIELDS, name)

    def set_state(self, name: str, values: npt.ArrayLike) -> None:
        """Writes a piece of the state; not while steps are recorded: detach first."""
        number, letters = _piece(_FIELDS, name)
        values = array(values, name, letters, self._sizes)
        check(_c.dnc_set_state(self._handle, number, floats(values), values.size))

    def state_gradient(self, name: str) -> FloatArray:
        """The gradient that the last backward found with respect to the state before its first step."""
        return self._read(_c.dnc_get_state_gradient, _FIELDS, name)

    def trace(self, name: str) -> FloatArray:
        """What the network did in the recorded steps.

        write_weights [T, B, K, N], read_weights [T, B, R, N], usage [T, B, N], allocation_gates [T, B, K],
        write_gates [T, B, K], free_gates [T, B, R], read_modes [T, B, R, 2K+1] (backward 1..K, content, forward 1..K).
        """
        return self._read(_c.dnc_get_trace, _TRACES, name, self.recorded_steps)

    def _read(self, get: Any, pieces: Mapping[str, tuple[int, str]], name: str, steps: int = 0) -> FloatArray:
        number, letters = _piece(pieces, name)
        values = self._empty(letters, steps)
        check(get(self._handle, number, floats(values), values.size))
        return values

    # copies

    def clone(self, share_parameters: bool = False) -> DNC:
        """A second network in the same state, nothing recorded, with parameters of its own or with these."""
        pointer = ctypes.POINTER(_c.dnc)()
        sharing = _c.DNC_CLONE_SHARE_PARAMETERS if share_parameters else _c.DNC_CLONE_COPY
        check(_c.dnc_clone(self._handle, sharing, byref(pointer)))
        return self._from_c(pointer, self._training)

    def save(self, path: Path, optimizer: Optimizer | None = None) -> None:
        """Writes parameters and configuration, and the optimizer's state, as a safetensors file for `load`."""
        check(_c.dnc_save(self._handle, optimizer and optimizer._handle, path_bytes(path)))


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

    def check(self, status: int) -> None:
        if self._raised:
            raise self._raised.pop()
        check(status)


def _piece(pieces: Mapping[str, tuple[int, str]], name: str) -> tuple[int, str]:
    choice(name, "name", {piece: number for piece, (number, _) in pieces.items()})
    return pieces[name]
