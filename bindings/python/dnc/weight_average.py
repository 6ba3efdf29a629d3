"""A moving average of the parameters in training: `WeightAverage`."""

from __future__ import annotations

import numpy as np

from .network import DNC
from .ranks import Ranks


class WeightAverage:
    """The exponential moving average a of a network's parameters p, as parameters of a network of its own: of the same
    configuration, but for `batch` sequences and without a record.

    It begins with the first parameters. After the update of number t, from 0, whether it was left out or not,

        a = d a + (1 - d) p    with d = min(average, (1 + t) / (10 + t))

    So the first parameters are soon forgotten, as in TensorFlow's ExponentialMovingAverage with num_updates.
    a depends linearly on p: the mean of the averages of several ranks is the average of the mean of their parameters.
    """

    def __init__(self, average: float, net: DNC, batch: int, begun: DNC | None = None) -> None:
        """begun: an average to go on with; None: it begins with the network as it is."""
        self._average = average
        self.net = net.clone()
        self.net.training = False
        self.net.batch_size = batch
        if begun is not None:
            self.net.copy_parameters(begun)
        self._difference = np.empty_like(self.net.flat_parameters)

    def follow(self, net: DNC, update: int) -> None:
        """Takes in the parameters after the update of this number, from 0."""
        kept = min(self._average, (1 + update) / (10 + update))
        values = self.net.flat_parameters
        np.subtract(net.flat_parameters, values, out=self._difference)
        self._difference *= np.float32(1 - kept)
        values += self._difference

    def share(self, ranks: Ranks) -> None:
        """Gives all ranks the mean of theirs."""
        ranks.take_mean(self.net.flat_parameters)
