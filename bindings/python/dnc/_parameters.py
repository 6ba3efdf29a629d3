"""The part of a network that is learned: `Parameters`."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import byref

from . import _c
from ._convert import FloatArray
from ._fields import require_instance
from ._handle import Views, view
from ._instance import Instance
from .config import estimate_bytes
from .errors import check


class Parameters(Instance):
    """The parameters and their gradients, by name or in one block."""

    __slots__ = ("_tensors",)

    _tensors: tuple[dict[str, FloatArray], dict[str, FloatArray]] | None  # values and gradients, once asked for

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

    def copy_parameters(self, other: Parameters) -> None:
        """Takes over the parameters of a network with the same tensors. In the middle of an episode they count from
        `parameters_changed` on."""
        _require_network(other)
        check(_c.dnc_copy_parameters(self._handle, other._handle))

    def add_gradients(self, other: Parameters) -> None:
        """Adds the gradients of a network with the same tensors to this one's."""
        _require_network(other)
        check(_c.dnc_add_gradients(self._handle, other._handle))

    def zero_gradients(self) -> None:
        """Sets all gradients to 0, to which `backward` adds. `Optimizer.step` does so, too."""
        check(_c.dnc_zero_gradients(self._handle))


def _require_network(other: Parameters) -> None:
    from .network import DNC  # which is made of Parameters

    require_instance(other, "other", DNC)


class _Table(str):
    """Text that a prompt shows as it is."""

    def __repr__(self) -> str:
        return str(self)
