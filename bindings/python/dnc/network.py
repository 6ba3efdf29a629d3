"""The network: `DNC`."""

from __future__ import annotations

import contextlib
import ctypes
import secrets
from ctypes import byref
from typing import TYPE_CHECKING, Any, Callable, cast

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import (
    FloatArray,
    Path,
    array,
    class_numbers,
    flag,
    flags,
    floats,
    integer,
    path_bytes,
    raw_bytes,
    real,
    reals,
    within,
)
from ._fields import require_instance
from ._handle import Handle
from ._instance import empty
from ._instance import sizes as sizes_of
from ._parameters import Parameters
from ._records import belongs, outputs_of
from ._state import FIELDS, State
from .config import Config, Options, to_c
from .errors import InvalidArgument, check

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .optimizer import Optimizer


class DNC(Parameters, State):
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

    __slots__ = ("_progress",)

    def __init__(self, input_size: int, output_size: int, **options: Unpack[Options]) -> None:
        config: Any = {"input_size": input_size, "output_size": output_size, **options}
        if config.get("seed", 0) is None:
            config["seed"] = secrets.randbits(64)
        pointer = ctypes.POINTER(_c.dnc)()
        check(_c.dnc_create(byref(to_c(config)), byref(pointer)), **config)
        self._own(pointer)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The network of a checkpoint, in the state that it holds or else at the start of an episode. `dnc.load` gives
        its optimizer, too."""
        pointer = ctypes.POINTER(_c.dnc)()
        check(_c.dnc_load(path_bytes(path), byref(pointer), None))
        return cls._from_c(pointer)

    @classmethod
    def from_bytes(cls, checkpoint: bytes) -> Self:
        """The network of a checkpoint's bytes, as `to_bytes` makes them. `dnc.from_bytes` gives its optimizer, too."""
        pointer = ctypes.POINTER(_c.dnc)()
        check(_c.dnc_checkpoint_decode(*raw_bytes(checkpoint, "checkpoint"), byref(pointer), None))
        return cls._from_c(pointer)

    @classmethod
    def _from_c(cls, pointer: Any) -> Self:
        net = cls.__new__(cls)
        net._own(pointer)
        return net

    def _own(self, pointer: Any) -> None:
        self._open_handle = Handle(pointer, _c.dnc_free, "the network")
        self._tensors = None
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
    def num_threads(self) -> int:
        """0 to 1024; 0: one per core. Any number gives the same bytes. Can't be set while steps are recorded."""
        return self.config["num_threads"]

    @num_threads.setter
    def num_threads(self, value: int) -> None:
        number = within(value, "num_threads", ctypes.c_uint32)
        with self._handle as handle:
            check(_c.dnc_set_num_threads(handle, number), num_threads=value)

    @property
    def check_finite(self) -> bool:
        """Whether every number of every step is checked: see `Options`."""
        return self.config["check_finite"]

    @check_finite.setter
    def check_finite(self, enabled: bool) -> None:
        number = flag(enabled, "check_finite")
        with self._handle as handle:
            check(_c.dnc_set_check_finite(handle, number))

    @property
    def max_record_bytes(self) -> int:
        """The limit of state and record, see `Options`; 0: none. Can't be set while steps are recorded."""
        return self.config["max_record_bytes"]

    @max_record_bytes.setter
    def max_record_bytes(self, value: int) -> None:
        number = integer(value, "max_record_bytes")
        with self._handle as handle:
            check(_c.dnc_set_max_record_bytes(handle, number))

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

    def reset(self, which: npt.ArrayLike | None = None) -> None:
        """A new episode: the initial state, and nothing recorded.

        With `which`, [B] of True or False, only of the sequences where it is True; the others go on, and what is
        recorded stays.
        """
        with self._handle as handle:
            if which is None:
                check(_c.dnc_reset(handle))
            else:
                check(_c.dnc_reset_sequences(handle, flags(which, "which", "B", sizes_of(handle))))

    def step(self, input: npt.ArrayLike) -> FloatArray:
        """One step of all sequences: input [B, X] to output [B, Y], as logits. Whole numbers [B] are tokens: see
        `forward`."""
        given = reals(input, "input")
        with self._handle as handle:
            sizes, fresh = sizes_of(handle), not _c.dnc_recorded_steps(handle)
            output = empty("BY", sizes)
            if given.ndim == 1 and given.dtype.kind in "iu":
                status = _c.dnc_step_tokens(handle, class_numbers(given, "input", "B", sizes), floats(output))
            else:
                given = array(given, "input", "BX", sizes)
                status = _c.dnc_step(handle, floats(given), floats(output))
            check(status, input=given, tokens=("input", given))
            return _recorded(handle, output, fresh)

    def forward(self, inputs: npt.ArrayLike, starts: npt.ArrayLike | None = None) -> FloatArray:
        """Continues the episode by T steps: inputs [T, B, X] to outputs [T, B, Y], as logits.

        Where `starts`, [T, B] of True or False, is True, a sequence begins a new episode before the step. So rows can
        hold episodes that follow each other; each gives what it gives alone.

        Inputs that are an array of whole numbers [T, B] are tokens: 0 to X - 1 stands for the one-hot row with its 1
        there, -1 for a row of zeros. They give the same bytes as these rows, in less time and memory. While steps are
        recorded, rows after tokens, and tokens after rows, are an InvalidState error.
        """
        given = reals(inputs, "inputs")
        with self._handle as handle:
            sizes, fresh = sizes_of(handle), not _c.dnc_recorded_steps(handle)
            are_tokens = given.ndim == 2 and given.dtype.kind in "iu" and len(given) > 0
            given = given if are_tokens else array(given, "inputs", "TBX", sizes)
            sizes["T"] = steps = len(given)
            outputs = empty("TBY", sizes, steps)
            marks = None if starts is None else flags(starts, "starts", "TB", sizes)
            if are_tokens:
                tokens = class_numbers(given, "inputs", "TB", sizes)
                status = _c.dnc_forward_tokens(handle, steps, tokens, marks, floats(outputs))
            else:
                status = _c.dnc_forward_packed(handle, steps, floats(given), marks, floats(outputs))
            self._progress.check(status, inputs=given, tokens=("inputs", given))
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
            steps, sizes = _c.dnc_recorded_steps(handle), sizes_of(handle)
            gradients = array(given, "output_gradients", "TBY", {**sizes, "T": steps} if steps else sizes)
            if steps and not belongs(output_gradients, handle.records):
                raise InvalidArgument(
                    "output_gradients come from outputs of other steps than the recorded ones, as of an episode before "
                    "the last reset; np.array(output_gradients) is accepted, if they are meant"
                )
            result = empty("TBX", sizes, steps) if input_gradients else None
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

    def set_bypass_dropout(self, rate: float, seed: int = 0) -> None:
        """Dropout on the bypass, from now on: the output sees nu * m / (1 - rate) in place of the controller's output
        nu, and the memory all of it; m is 0 with probability `rate`, else 1, for each step, sequence and unit.

        rate is 0 (off, as at first) to below 1, seed 0 to 18446744073709551615. m depends on the seed, the step since
        the last `reset`, the sequence and the unit, so it is the same in every episode: give each a seed of its own.
        Turn it off to evaluate. A clone has the same dropout, a checkpoint none. InvalidState while steps are recorded.
        """
        p, number = real(rate, "rate"), integer(seed, "seed")
        with self._handle as handle:
            check(_c.dnc_set_bypass_dropout(handle, p, number), rate=rate, seed=seed)

    @property
    def recorded_steps(self) -> int:
        """Steps recorded since the last reset, backward or detach."""
        return int(_c.dnc_recorded_steps(self._handle))

    def _own_outputs(self, outputs: FloatArray) -> FloatArray:
        """Outputs of recorded steps in an array that was put together from them."""
        return _recorded(self._handle, outputs, fresh=False)

    # copies

    def clone(self, share_parameters: bool = False) -> Self:
        """A second network in the same state, nothing recorded, with parameters of its own or with these. copy,
        deepcopy and pickle make such copies, too, with parameters of their own: sizes, parameters, training flag and
        the state of the episode, but no record, no gradients and no `progress`. Only `clone` keeps the dropout."""
        pointer = ctypes.POINTER(_c.dnc)()
        sharing = _c.DNC_CLONE_SHARE_PARAMETERS if flag(share_parameters, "share_parameters") else _c.DNC_CLONE_COPY
        check(_c.dnc_clone(self._handle, sharing, byref(pointer)))
        return self._from_c(pointer)

    def __reduce__(self) -> tuple[Any, ...]:
        with self._handle, self.clone(share_parameters=True) as start:
            start.reset()
            state = {}
            for name in FIELDS:
                with contextlib.suppress(InvalidArgument):  # of a piece that it lacks
                    if not np.array_equal(piece := self.state(name), start.state(name)):
                        state[name] = piece
            return self._rebuilt(_rebuild, self.config, self.flat_parameters, state, self.training)

    def save(self, path: Path, optimizer: Optimizer | None = None, state: bool = False) -> None:
        """Writes parameters and configuration, and the optimizer's state, as a safetensors file for `load`.

        With `state`, the file holds the state of the episode, too, and a loaded network goes on with it. What belongs
        to the process is left out: num_threads, max_record_bytes and check_finite.
        """
        flags = _c.DNC_CHECKPOINT_STATE * flag(state, "state")
        check(_c.dnc_checkpoint_write(path_bytes(path), self._handle, _handle_of(optimizer), flags))

    def to_bytes(self, optimizer: Optimizer | None = None, state: bool = False) -> bytes:
        """The bytes of the file that `save` would write, for `from_bytes`."""
        flags = _c.DNC_CHECKPOINT_STATE * flag(state, "state")
        start, size = ctypes.POINTER(ctypes.c_uint8)(), ctypes.c_size_t()
        with self._handle as handle:
            check(_c.dnc_checkpoint_encode(handle, _handle_of(optimizer), flags, byref(start), byref(size)))
        try:
            return ctypes.string_at(start, size.value)
        finally:
            _c.dnc_buffer_free(start)


def _handle_of(optimizer: Optimizer | None) -> Any:
    from .optimizer import Optimizer  # which is made of a DNC

    if optimizer is not None:
        require_instance(optimizer, "optimizer", Optimizer)
    return optimizer and optimizer._handle


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


def _recorded(handle: Handle, outputs: FloatArray, fresh: bool) -> FloatArray:
    """`outputs` with a mark of the record they belong to, if steps are recorded; fresh: it begins with them."""
    if not _c.dnc_recorded_steps(handle):
        return outputs
    if fresh:
        handle.records.present += 1
    return cast(FloatArray, outputs_of(handle.records, outputs))


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
