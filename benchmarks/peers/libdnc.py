"""libdnc itself, through the C functions of its Python bindings, with buffers that are prepared once: what a C program
does, plus about a microsecond a call for ctypes."""

import sys
from ctypes import byref, c_double
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bindings" / "python"))

import dnc
import numpy as np
from common import Workload, from_libdnc
from dnc import _c
from dnc._convert import floats
from dnc.errors import check


class Peer:
    def __init__(self, k: Workload, inputs: np.ndarray, targets: np.ndarray, threads: int) -> None:
        self.k, self.inputs, self.targets = k, inputs, targets
        self.net = dnc.DNC(
            k.X, k.Y, hidden_size=k.H, memory_slots=k.N, word_size=k.W, read_heads=k.R, batch_size=k.B,
            num_threads=threads,
        )  # fmt: skip
        self.net.training = k.training
        self.adam = dnc.Optimizer(self.net, "adam")
        self.outputs = np.zeros_like(targets)
        self.output_gradients = np.zeros_like(targets)
        self.loss = c_double()
        # Pointers that are made once: the arrays stay where they are.
        self.handles = self.net._handle, self.adam._handle
        self.pointers = [floats(x) for x in (inputs, targets, self.outputs, self.output_gradients)]

    def parameters(self) -> dict[str, np.ndarray]:
        return from_libdnc(self.k, self.net.parameters)

    def gradients(self) -> dict[str, np.ndarray]:
        """Of the parameters at present; does not train."""
        self.forward_backward()
        found = from_libdnc(self.k, self.net.gradients)
        self.net.zero_gradients()
        return found

    def forward_backward(self) -> None:
        k, net = self.k, self.handles[0]
        inputs, targets, outputs, gradients = self.pointers
        kind = _c.DNC_LOSS_SIGMOID_CROSS_ENTROPY
        check(_c.dnc_reset(net))
        check(_c.dnc_forward(net, k.T, inputs, outputs))
        check(_c.dnc_loss_evaluate(kind, k.T, k.B, k.Y, outputs, targets, None, byref(self.loss), gradients))
        check(_c.dnc_backward(net, gradients, None))

    def step(self) -> None:
        net, adam = self.handles
        if self.k.training:
            self.forward_backward()
            check(_c.dnc_optimizer_step(adam, net, None))
        else:
            check(_c.dnc_step(net, self.pointers[0], self.pointers[2]))

    def result(self) -> np.ndarray:
        """The loss of the last training step, or the output [B, Y] of the last inference step."""
        return np.array(self.loss.value) if self.k.training else self.outputs[0].copy()
