"""Gradient descent: `Optimizer`, and the losses that it lowers."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import (
    FloatArray,
    array,
    class_numbers,
    defaults,
    fill,
    floats,
    loss_number,
    raw_bytes,
    real,
    settings_of,
)
from ._fields import require_instance
from ._handle import Handle, Resource
from ._records import marked, records
from .config import Config
from .errors import InvalidArgument, check
from .network import DNC

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack


class Settings(TypedDict, total=False):
    """What can be changed while the optimizer runs, as its attributes. Ranges, and defaults in brackets:

    learning_rate      0 and above, finite (0.001)
    momentum           0 to below 1 (0.9); of SGD, v = momentum v + g, p -= learning_rate v; and of RMSProp
    decay              0 to below 1 (0.9); of RMSProp, s = decay s + (1 - decay) g^2, m = momentum m +
                       learning_rate g / sqrt(s + epsilon), p -= m
    beta1              0 to below 1 (0.9); of Adam and AdamW, as in Kingma and Ba 2015, with bias correction
    beta2              0 to below 1 (0.999); likewise
    epsilon            above 0, finite (1e-08)
    weight_decay       0 and above, finite (0.01); of AdamW, p -= learning_rate weight_decay p before the step
    max_gradient_norm  0 and above, finite (0.0); gradients are scaled to at most this norm. 0: no clipping
    """

    learning_rate: float
    momentum: float
    decay: float
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float
    max_gradient_norm: float


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

    algorithm is "sgd", "rmsprop", "adam" (the default) or "adamw"; `Settings` lists the settings. It keeps its moving
    averages and step count, and no reference to the network. copy, deepcopy and pickle make a second one with
    averages of its own.
    """

    __slots__ = ("_fitting",)

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
        require_instance(net, "net", DNC)
        check(_c.dnc_optimizer_create(net._handle, byref(config), byref(pointer)), **settings)
        self._own(pointer, net)

    @classmethod
    def _from_c(cls, pointer: Any, net: DNC) -> Self:
        optimizer = cls.__new__(cls)
        optimizer._own(pointer, net)
        return optimizer

    def _own(self, pointer: Any, net: DNC) -> None:
        self._open_handle = Handle(pointer, _c.dnc_optimizer_free, "optimizer")
        # What a network with as many parameters is made with: a checkpoint needs one.
        self._fitting: Config = {**net.config, "batch_size": 1, "max_record_bytes": 0}

    def __reduce__(self) -> tuple[Any, ...]:
        """For copy, deepcopy and pickle: a checkpoint's bytes, with a network that is made for it."""
        self._handle  # noqa: B018 - not a closed one
        with DNC(**self._fitting) as net:
            return self._rebuilt(_rebuild, net.to_bytes(self))

    def _continue(self, other: Optimizer) -> None:
        """Goes on where the other one is, which is closed."""
        self._open_handle, other._open_handle = other._open_handle, None

    def __repr__(self) -> str:
        if getattr(self, "_open_handle", None) is None:
            return "Optimizer(closed)"
        return f"Optimizer({', '.join(f'{name}={value!r}' for name, value in self.config.items())})"

    def step(self, net: DNC) -> float:
        """Clips the gradients, updates the parameters and zeroes the gradients. Returns the gradients' norm before
        clipping. A gradient or parameter that is not finite, or that the update would leave so, is a NotFinite error,
        which names it, and changes nothing; a network with another number of parameters is an InvalidArgument error."""
        norm = ctypes.c_float()
        require_instance(net, "net", DNC)
        check(_c.dnc_optimizer_step(self._handle, net._handle, byref(norm)))
        return norm.value

    @property
    def config(self) -> dict[str, Any]:
        """The algorithm and all settings as they are now; a copy."""
        return settings_of(self._struct())

    @property
    def algorithm(self) -> str:
        """ "sgd", "rmsprop", "adam" or "adamw"; can't be changed."""
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
        with self._handle as handle:
            struct = self._struct()
            fill(struct, settings)
            check(_c.dnc_optimizer_set_config(handle, byref(struct)), **settings)


def _rebuild(kind: type[Optimizer], checkpoint: bytes) -> Optimizer:
    """An optimizer from what `Optimizer.__reduce__` has put down."""
    net, optimizer = ctypes.POINTER(_c.dnc)(), ctypes.POINTER(_c.dnc_optimizer)()
    check(_c.dnc_checkpoint_decode(*raw_bytes(checkpoint, "checkpoint"), byref(net), byref(optimizer)))
    return kind._from_c(optimizer, DNC._from_c(net))


def loss(
    kind: str,
    outputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    mask: npt.ArrayLike | None = None,
    label_smoothing: float = 0.0,
) -> tuple[float, FloatArray]:
    """The loss of logits outputs [T, B, Y] against targets [T, B, Y], and its gradient [T, B, Y].

    kind is "sigmoid_cross_entropy", "softmax_cross_entropy", "mean_squared_error", or, with one softmax over each
    ten logits, "grouped_softmax_cross_entropy:10". mask [T, B] weighs the rows (None: all 1): the loss is the weighted
    mean, in nats. Rows of weight 0 are not looked at (NaN may stand there), and their gradient is 0.

    Targets are 0 to 1 for a sigmoid, and distributions for softmaxes: 0 and above, adding up to 1 within 0.001 in a row
    or in each group, which may also be zeros. `InvalidArgument` says which one isn't, `NotFinite` which is NaN or
    infinite.

    Targets of "softmax_cross_entropy" may be class numbers, whole numbers [T, B] of 0 to Y - 1, or -1 for a row that
    does not count. Then label_smoothing s, 0 to 1, gives every class s/Y and the right one 1 - s more.
    """
    number = loss_number(kind)
    given = array(outputs, "outputs", "TBY", {})
    sizes = dict(zip("TBY", given.shape))
    if number == _c.DNC_LOSS_SOFTMAX_CROSS_ENTROPY and _are_classes(targets):
        return _loss_of_classes(outputs, given, np.asarray(targets), mask, label_smoothing)
    if label_smoothing != 0:
        raise InvalidArgument(
            f"label_smoothing is {label_smoothing}, allowed is 0: only softmax_cross_entropy with class numbers [T, B] "
            "has it"
        )
    wanted = array(targets, "targets", "TBY", sizes)
    weights = None if mask is None else array(mask, "mask", "TB", sizes)
    value = ctypes.c_double()
    gradients = np.empty_like(given)
    data = (floats(given), floats(wanted), floats(weights))
    status = _c.dnc_loss_evaluate(number, *given.shape, *data, byref(value), floats(gradients))
    check(status, outputs=given, targets=wanted, mask=weights)
    return value.value, marked(gradients, records([outputs]))


def _are_classes(targets: npt.ArrayLike) -> bool:
    given = np.asarray(targets)
    return given.ndim == 2 and given.dtype.kind in "iu"


def _loss_of_classes(
    outputs: npt.ArrayLike, given: FloatArray, classes: npt.NDArray[Any], mask: npt.ArrayLike | None, smoothing: float
) -> tuple[float, FloatArray]:
    sizes = dict(zip("TBY", given.shape))
    weights = None if mask is None else array(mask, "mask", "TB", sizes)
    value, gradients = ctypes.c_double(), np.empty_like(given)
    data = (floats(given), class_numbers(classes, "targets", "TB", sizes), floats(weights))
    share = real(smoothing, "label_smoothing")
    status = _c.dnc_loss_evaluate_classes(share, *given.shape, *data, byref(value), floats(gradients))
    check(status, outputs=given, targets=classes, mask=weights, label_smoothing=smoothing)
    return value.value, marked(gradients, records([outputs]))
