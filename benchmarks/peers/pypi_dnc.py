"""The PyPI package `dnc` (1.1.0, on PyTorch), as it comes.

It is another model: within one call the read vectors are not fed back to the controller, keys and write vectors pass a
tanh, its output is as wide as its input, and it draws its own parameters. So its loss is not compared, and its
sequences, inputs and loss have the workload's sizes with Y = X.
"""

import numpy as np
import torch
from common import ADAM_EPSILON, BETA1, BETA2, LEARNING_RATE, Workload
from dnc import DNC


class Peer:
    def __init__(self, k: Workload, parameters, inputs: np.ndarray, targets: np.ndarray, threads: int) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.k = k
        self.net = DNC(
            k.X, k.H, rnn_type="lstm", num_layers=1, num_hidden_layers=1, nr_cells=k.N, cell_size=k.W, read_heads=k.R,
            batch_first=True, gpu_id=-1,
        )  # fmt: skip
        self.inputs = torch.from_numpy(inputs).transpose(0, 1).contiguous()
        self.targets = (self.inputs > 0).float()
        self.state = (None, None, None)
        settings = {"lr": LEARNING_RATE, "betas": (BETA1, BETA2), "eps": ADAM_EPSILON}
        self.adam = torch.optim.Adam(self.net.parameters(), fused=True, **settings)

    def step(self) -> None:
        if not self.k.training:
            with torch.no_grad():
                _, self.state = self.net(self.inputs, self.state, reset_experience=False)
            return
        outputs, _ = self.net(self.inputs, (None, None, None), reset_experience=True)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(outputs, self.targets)
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.adam.step()
