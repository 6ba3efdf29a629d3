"""One update after the other: `Updates`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from .averaging import average
from .config import estimate_bytes
from .errors import NotFinite
from .network import DNC
from .optimizer import Optimizer
from .own_data import EndOfData
from .plan import Plan
from .progress import Progress
from .ranks import Ranks, share_of_loss
from .run_tasks import AnyTask
from .tasks import Task
from .weight_average import WeightAverage

# So many updates in a row whose gradients are not finite end a run.
MOST_SKIPPED = 10


class Diverged(NotFinite):
    """The gradients were not finite several times in a row."""


@dataclasses.dataclass
class _Own:
    """What a rank has done since all of them told each other."""

    in_a_row: int  # updates left out up to now
    left_out: list[tuple[int, str]] = dataclasses.field(default_factory=list)  # the number of an update, and why
    loss_sum: float = 0.0
    norm_sum: float = 0.0
    counted: int = 0


class Updates:
    """The updates of a plan, counted in `progress`, with a line of the log for every so many of them.

    Several ranks make every update together, or, as the plan says, each makes some by itself before all go on with the
    mean of what they have come to. `are_shared`: all have the same parameters. After each update, `weights` takes in
    its parameters, if the plan has such an average.
    """

    def __init__(
        self, plan: Plan, progress: Progress, log: Callable[..., None], ranks: Ranks, weights: WeightAverage | None
    ) -> None:
        self._plan, self._progress, self._log, self._ranks = plan, progress, log, ranks
        self._weights = weights
        self._base_rate = float(plan.optimizer.get("learning_rate", 1e-3))
        self._rate: float | None = None
        self.loss = math.nan  # moving average
        self.are_shared = True
        self._are_local = ranks.count > 1 and plan.local_updates > 1
        self._own = _Own(progress.skipped)

    def make(self, net: DNC, optimizer: Optimizer, task: AnyTask, batch: int) -> None:
        """Batches of so many sequences: forward, loss, backward, and then the optimizer. EndOfData if there is none.
        Diverged after too many updates that were left out."""
        p = self._progress
        rate = self._plan.learning_rate(self._base_rate, p.update)
        if rate != self._rate:
            optimizer.learning_rate = self._rate = rate
        p.update += 1
        try:
            value = self._gradients(net, task, batch)
            norm = optimizer.step(net)
        except EndOfData:
            p.update -= 1
            raise
        except NotFinite as error:
            self._skip(net, error)
        except BaseException:
            net.zero_gradients()  # those of the batches before
            raise
        else:
            own = self._own
            own.in_a_row = 0
            own.loss_sum += value
            own.norm_sum += norm
            own.counted += 1
            self.loss = value if math.isnan(self.loss) else self.loss + 0.02 * (value - self.loss)
        if self._weights is not None:
            self._weights.follow(net, p.update - 1)
        p.position = task.position
        is_logged = p.update % self._plan.log_every == 0 or p.update == self._plan.updates
        if self._are_local:
            self.are_shared = False
            if p.update % self._plan.local_updates == 0:
                self.share(net, optimizer)
        if not self._are_local or (is_logged and not self.are_shared):
            self._count(net)
        if is_logged:
            self._tell()

    def share(self, net: DNC, optimizer: Optimizer) -> None:
        """Lets all ranks go on with the mean of their parameters and of all averages."""
        if not self.are_shared:
            self._count(net)
            average(self._ranks, net, optimizer)
            if self._weights is not None:
                self._weights.share(self._ranks)
            self.are_shared = True

    def _gradients(self, net: DNC, task: AnyTask, batch: int) -> float:
        """Gives the network the mean of the gradients of the next batches, and returns that of their losses: both of
        all ranks together, or of this one alone."""
        failure: NotFinite | None = None
        value, count = 0.0, 0
        while count < self._plan.accumulate:
            try:
                value += self._add_batch(net, task, batch, count)
            except EndOfData:
                if count == 0:
                    raise
                break
            except NotFinite as error:  # the others are played all the same, as by the ranks that do not know
                failure = failure or error
            count += 1
            self._progress.sequences += batch
        if self._are_local and failure is not None:
            raise failure
        gradients = net.flat_gradients
        if not self._are_local:
            sums = np.array([value, failure is not None])
            self._ranks.add_up(sums)
            if sums[1]:
                raise failure or NotFinite("the numbers of another rank are not finite")
            value = float(sums[0])
            self._ranks.add_up(gradients)
        if count > 1:
            gradients /= np.float32(count)
        return value / count

    def _add_batch(self, net: DNC, task: AnyTask, batch: int, number: int) -> float:
        """Adds the gradients of the next batch, which has this number in its update, to the network's; of several
        ranks, this one's share. Returns its loss."""
        with self._dropout(net, number):
            if self._ranks.count == 1:
                value, gradients = task.loss(task.play(net))
            else:
                part = self._ranks.share(batch)
                value, gradients = share_of_loss(task, task.play(net, batch, part), part, self._are_local)
            net.backward(gradients)
        return value

    @contextmanager
    def _dropout(self, net: DNC, batch: int) -> Iterator[None]:
        """The plan's, in this batch only."""
        rate = self._plan.bypass_dropout
        if not rate:
            yield
            return
        net.detach()
        seed = self._plan.dropout_seed(self._progress.update - 1, batch)
        net.set_bypass_dropout(rate, seed ^ self._ranks.rank << 48)
        try:
            yield
        finally:
            net.detach()
            net.set_bypass_dropout(0)

    def _skip(self, net: DNC, error: NotFinite) -> None:
        """Leaves an update out."""
        net.detach()
        net.zero_gradients()
        self._own.in_a_row += 1
        self._own.left_out.append((self._progress.update, error.message))

    def _count(self, net: DNC) -> None:
        """Puts what the ranks have done into the progress, which is the same on all of them."""
        p = self._progress
        ranks = self._ranks.all_of(self._own) if self._are_local else [self._own]
        for rank, own in enumerate(ranks):
            p.loss_sum += own.loss_sum
            p.norm_sum += own.norm_sum
            p.counted += own.counted
            p.skipped_altogether += len(own.left_out)
            for update, message in own.left_out:
                self._log("skip", update=update, message=message, **({"rank": rank} if self._are_local else {}))
        worst = max(ranks, key=lambda own: own.in_a_row)
        p.skipped = worst.in_a_row
        self._own = _Own(p.skipped)
        if p.skipped >= MOST_SKIPPED:
            update, message = worst.left_out[-1]
            message = (
                f"{p.skipped} updates in a row were not finite, the last one, {update}: {message}. "
                f"{_most_extreme(net.parameters)}. A lower learning rate or max_gradient_norm, or a clip_value, "
                "may help"
            )
            self._log("diverged", message=message)
            raise Diverged(message)

    def finish(self) -> None:
        """The line of the log about what has come since the last one."""
        if self._progress.counted:
            self._tell()

    def _tell(self) -> None:
        p = self._progress
        count = max(p.counted, 1)
        self._log(
            "train", loss=p.loss_sum / count if p.counted else None, gradient_norm=p.norm_sum / count,
            learning_rate=self._rate, lesson=p.lesson, sequences=p.sequences, seconds=round(p.seconds, 3),
        )  # fmt: skip
        p.loss_sum = p.norm_sum = 0.0
        p.counted = 0


def require_room(net: DNC, task: AnyTask, batch: int) -> None:
    """OutOfMemory if the network may not record the next batch; of data of one's own, not even one step."""
    config = net.config
    if not config["max_record_bytes"]:
        return
    steps = 1
    if isinstance(task, Task):
        position, steps = task.position, task.draw(batch)
        task.position = position
    estimate_bytes(steps, training=True, **config)


def _most_extreme(parameters: Mapping[str, Any]) -> str:
    """What is not finite, or the largest there is."""
    for name, values in parameters.items():
        if not np.isfinite(values).all():
            return f"The parameter {name} is not finite"
    sizes = {name: float(np.abs(values).max()) for name, values in parameters.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    return f"The largest parameter is {sizes[largest]:g}, in {largest}"
