"""Gradient descent: `Optimizer`, and the losses that it lowers."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import FloatArray, array, defaults, fill, floats, loss_number, settings_of
from ._handle import Handle, Resource
from .errors import check
from .network import DNC

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Settings(TypedDict, total=False):
    """What can be changed while the optimizer runs. Ranges and formulas stand in dnc.h."""

    learning_rate: float  # 1e-3
    momentum: float  # SGD, RMSProp; 0.9
    decay: float  # RMSProp; 0.9
    beta1: float  # Adam, AdamW; 0.9
    beta2: float  # Adam, AdamW; 0.999
    epsilon: float  # 1e-8
    weight_decay: float  # AdamW; 0.01
    max_gradient_norm: float  # gradients are scaled to at most this norm; 0: no clipping


class _Setting:
    """An attribute that is read from, and written to, the running optimizer."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, optimizer: None, owner: type) -> _Setting: ...
    @overload
    def __get__(self, optimizer: Optimizer, owner: type) -> float: ...
    def __get__(self, optimizer: Optimizer | None, owner: type) -> _Setting | float:
        return self if optimizer is None else float(optimizer.config[self.name])

    def __set__(self, optimizer: Optimizer, value: float) -> None:
        optimizer._configure({self.name: value})


class Optimizer(Resource):
    """Updates the parameters of a network, or of any network with as many parameters.

    >>> optimizer = dnc.Optimizer(net, "adam", learning_rate=1e-3, max_gradient_norm=10)
    >>> optimizer.learning_rate *= 0.1

    It keeps its moving averages and step count, and no reference to the network.
    """

    learning_rate = _Setting()
    momentum = _Setting()
    decay = _Setting()
    beta1 = _Setting()
    beta2 = _Setting()
    epsilon = _Setting()
    weight_decay = _Setting()
    max_gradient_norm = _Setting()

    def __init__(
        self,
        net: DNC,
        algorithm: Literal["sgd", "rmsprop", "adam", "adamw"] = "adam",
        **settings: Unpack[Settings],
    ) -> None:
        config = defaults(_c.dnc_optimizer_config, _c.dnc_optimizer_config_init)
        fill(config, {"algorithm": algorithm, **settings})
        pointer = ctypes.POINTER(_c.dnc_optimizer)()
        check(_c.dnc_optimizer_create(net._handle, byref(config), byref(pointer)))
        self._open_handle = Handle(pointer, _c.dnc_optimizer_free)

    @classmethod
    def _from_c(cls, pointer: Any) -> Optimizer:
        optimizer = cls.__new__(cls)
        optimizer._open_handle = Handle(pointer, _c.dnc_optimizer_free)
        return optimizer

    def __repr__(self) -> str:
        if self._open_handle is None:
            return "Optimizer(closed)"
        return f"Optimizer({', '.join(f'{name}={value!r}' for name, value in self.config.items())})"

    def step(self, net: DNC) -> float:
        """Clips the gradients, updates the parameters and zeroes the gradients. Returns the gradients' norm
        before clipping. A gradient that is not finite is a NotFinite error and changes nothing."""
        norm = ctypes.c_float()
        check(_c.dnc_optimizer_step(self._handle, net._handle, byref(norm)))
        return norm.value

    @property
    def config(self) -> dict[str, Any]:
        """The algorithm and all settings as they are now; a copy."""
        return settings_of(self._struct())

    @property
    def algorithm(self) -> str:
        return str(self.config["algorithm"])

    @property
    def step_count(self) -> int:
        """Updates made so far."""
        return int(_c.dnc_optimizer_step_count(self._handle))

    def _struct(self) -> _c.dnc_optimizer_config:
        struct = _c.dnc_optimizer_config(struct_size=ctypes.sizeof(_c.dnc_optimizer_config))
        check(_c.dnc_optimizer_get_config(self._handle, byref(struct)))
        return struct

    def _configure(self, settings: dict[str, float]) -> None:
        struct = self._struct()
        fill(struct, settings)
        check(_c.dnc_optimizer_set_config(self._handle, byref(struct)))


def loss(
    kind: str, outputs: npt.ArrayLike, targets: npt.ArrayLike, mask: npt.ArrayLike | None = None
) -> tuple[float, FloatArray]:
    """The loss of logits outputs [T, B, Y] against targets [T, B, Y], and its gradient [T, B, Y].

    kind is "sigmoid_cross_entropy", "softmax_cross_entropy", "mean_squared_error", or, with one softmax over each
    ten logits, "grouped_softmax_cross_entropy:10". mask [T, B] weighs the rows (None: all 1): the loss is the weighted
    mean, in nats.
    """
    number = loss_number(kind)
    outputs = array(outputs, "outputs", "TBY", {})
    sizes = dict(zip("TBY", outputs.shape))
    targets = array(targets, "targets", "TBY", sizes)
    weights = None if mask is None else array(mask, "mask", "TB", sizes)
    value = ctypes.c_double()
    gradients = np.empty_like(outputs)
    data = (floats(outputs), floats(targets), floats(weights))
    check(_c.dnc_loss_evaluate(number, *outputs.shape, *data, byref(value), floats(gradients)))
    return value.value, gradients
