"""What the layers of other frameworks share: networks that are lent to one call at a time, and what a call does."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import numpy.typing as npt

from ._convert import FloatArray
from .network import DNC as Network


class Pool:
    """Networks that compute the same function, each used by one call at a time; `make` gives another one."""

    def __init__(self, make: Callable[[], Network]) -> None:
        self._make = make
        self._free: list[Network] = []
        # All, also those that are lent. If garbage with a cycle held the last reference to one, its memory would be
        # freed before the garbage gives it back.
        self._made: list[Network] = []

    def take(self, batch: int) -> Network:
        """One for so many sequences that nobody else uses, until it is given back. It may be in the middle of an
        episode, and hold a record."""
        try:
            net = self._free.pop()
        except IndexError:
            net = self._make()
            self._made.append(net)
        if net._sizes["B"] != batch:
            net.batch_size = batch
        return net

    def give_back(self, net: Network) -> None:
        self._free.append(net)


def forward(
    net: Network, inputs: FloatArray, state: FloatArray | None, starts: npt.NDArray[Any] | None, recording: bool
) -> tuple[FloatArray, FloatArray]:
    """Steps from a state, or from the start of episodes where there is none; outputs, and the states after them."""
    net.training = recording
    net.reset()
    if state is not None:
        net.set_state_rows(state)
    outputs = net.forward(inputs, starts)
    return np.asarray(outputs), net.state_rows()


def backward(
    net: Network, output_gradients: FloatArray | None, state_gradients: FloatArray | None, wants_inputs: bool
) -> FloatArray | None:
    """Back through the steps of `forward`: afterwards net.gradients and net.state_gradient_rows() are those of these
    steps alone. The gradients of outputs and states are 0 where they are None."""
    net.zero_gradients()
    if state_gradients is not None:
        net.set_final_state_gradient(state_gradients)
    if output_gradients is None:
        config = net.config
        output_gradients = np.zeros((net.recorded_steps, config["batch_size"], config["output_size"]), np.float32)
    return net.backward(output_gradients, input_gradients=wants_inputs)
