"""The processes of an MPI run that train one network together: `Ranks`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ._convert import FloatArray
from .errors import InvalidArgument, InvalidState
from .own_data import loss_of
from .run_tasks import AnyTask

Made = TypeVar("Made")
# One of these is in the environment of what mpirun, mpiexec or srun start.
_STARTED_BY_MPI = ("OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "MPI_LOCALNRANKS")


class Ranks:
    """This process among those that share the work.

    Every rank draws every batch, plays its share of the sequences, and adds its gradients to those of the others. So
    all have the same gradients, make the same updates, and keep the same parameters, which are never sent. `comm` is a
    communicator of mpi4py; None: this process is alone, and nothing here does anything.
    """

    def __init__(self, comm: Any = None) -> None:
        self.comm = comm
        self.rank, self.count = (0, 1) if comm is None else (int(comm.Get_rank()), int(comm.Get_size()))

    @property
    def is_first(self) -> bool:
        """The first rank writes all files."""
        return self.rank == 0

    def share(self, batch: int) -> slice:
        """The sequences of a batch that this rank plays."""
        if batch < self.count:
            raise InvalidArgument(
                f"batch_size is {batch}, needed is at least {self.count}: a sequence for each of {self.count} ranks"
            )
        return slice(batch * self.rank // self.count, batch * (self.rank + 1) // self.count)

    def add_up(self, values: np.ndarray[Any, Any]) -> None:
        """Puts the sum over all ranks in place of the values, in the same order in every run on as many ranks."""
        if self.count > 1:
            from mpi4py import MPI

            self.comm.Allreduce(MPI.IN_PLACE, values, MPI.SUM)

    def take_mean(self, values: FloatArray) -> None:
        """Puts the mean over all ranks in place of the values."""
        self.add_up(values)
        values /= np.float32(self.count)

    def most(self, number: int) -> int:
        """The greatest number of all ranks."""
        if self.count == 1:
            return number
        from mpi4py import MPI

        return int(self.comm.allreduce(number, MPI.MAX))

    def first(self, work: Callable[[], Made], then: Callable[[], Made]) -> Made:
        """work() on the first rank; then, on all others, then(). What fails on the first fails on all."""
        if self.is_first:
            try:
                made = work()
            except Exception as error:
                self._tell(error)
                raise
            self._tell(None)
            return made
        error = self.comm.bcast(None)
        if error is not None:
            raise error
        return then()

    def _tell(self, error: Exception | None) -> None:
        if self.count > 1:
            self.comm.bcast(error)

    def all_of(self, value: Made) -> list[Made]:
        """What each rank gives, by rank, on all of them."""
        return [value] if self.count == 1 else list(self.comm.allgather(value))

    def of_first(self, value: Made) -> Made:
        """What the first rank gives, on all of them."""
        return value if self.count == 1 else self.comm.bcast(value)  # type: ignore[no-any-return]

    def send(self, values: FloatArray) -> None:
        """Gives all ranks the values of the first."""
        if self.count > 1:
            self.comm.Bcast(values)

    def require_same(self, values: FloatArray) -> None:
        """InvalidState unless all ranks hold the same bytes."""
        if self.count == 1:
            return
        firsts = values.copy()
        self.send(firsts)
        if self.most(int(firsts.tobytes() != values.tobytes())):
            raise InvalidState(
                "the ranks do not hold the same parameters any more. CPUs of different kinds add up in different "
                "orders: DNC_CPU=plain, or another level that all of them have, makes them alike"
            )

    def abort(self, status: int) -> None:
        """Ends all ranks, if there are others, which would wait for this one for ever."""
        if self.count > 1:
            self.comm.Abort(status)


def alone() -> dict[str, str]:
    """The environment of this process for one that is no rank."""
    return {name: value for name, value in os.environ.items() if name not in _STARTED_BY_MPI}


def of_this_process() -> Ranks:
    """All that mpirun, mpiexec or srun have started with this process. InvalidState if mpi4py is missing for that."""
    if not any(name in os.environ for name in _STARTED_BY_MPI):
        return Ranks()
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise InvalidState(f"this process is one of MPI's, which takes mpi4py, the extra dnc[mpi]: {error}") from error
    return Ranks(MPI.COMM_WORLD)


def share_of_loss(task: AnyTask, outputs: FloatArray, part: slice, alone: bool = False) -> tuple[float, FloatArray]:
    """What the outputs of some sequences of the batch drawn last add to the loss of the whole batch, and its gradient.
    The shares of all parts add up to the loss. alone: the loss of these sequences as if there were no others."""
    _, targets, mask = task.read()
    rows = mask[:, part].sum(dtype=np.float64)
    weight = float(rows / (rows if alone else mask.sum(dtype=np.float64))) if rows else 0.0
    if not weight:
        return 0.0, np.zeros_like(outputs)
    value, gradients = loss_of(task.loss_kind, outputs, targets[:, part], mask[:, part])
    gradients *= np.float32(weight)
    return value * weight, gradients
