"""Episodes to learn from."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import FloatArray, Path, array, floats, integer, loss_name, path_bytes, text
from ._handle import Handle, Resource
from .errors import InvalidState, check

if TYPE_CHECKING:
    from .network import DNC


class Episodes(NamedTuple):
    """A batch of episodes. Those shorter than the longest end in zeros with mask 0."""

    inputs: FloatArray  # [T, B, X]
    targets: FloatArray  # [T, B, Y]
    mask: FloatArray  # [T, B]


class Metric(NamedTuple):
    """One of the things that a task counts."""

    name: str
    is_error: bool  # the lower the better


class Lesson(NamedTuple):
    """A lesson of a curriculum; see dnc_lesson in dnc.h."""

    options: str
    metric: int
    pass_score: float
    rehearsal: float
    test_every: int  # batches
    test_episodes: int


class Task(Resource):
    """Episodes of the task `name`; the same name, options and seed give the same episodes on every machine.

    >>> task = dnc.Task("copy", seed=1, width=6, max_length=8)
    >>> inputs, targets, mask = task.sample(16)

    The tasks and their options are listed in dnc.h. What a network answers is judged by the task itself:

    >>> outputs = task.play(net)
    >>> value, gradients = task.loss(outputs)
    """

    input_size: int  # X
    output_size: int  # Y
    loss_kind: str  # the kind that `dnc.loss` takes
    metrics: list[Metric]  # the first is the score
    interactive: bool  # an input depends on the outputs before it

    def __init__(self, name: str, seed: int = 0, **options: float | str) -> None:
        pairs = ",".join(f"{key}={value}" for key, value in options.items())
        pointer = ctypes.POINTER(_c.dnc_task)()
        number = integer(seed, "seed", ctypes.c_uint64)
        check(_c.dnc_task_create(text(name, "name"), text(pairs, "options") or None, number, byref(pointer)))
        self._open(pointer)

    @classmethod
    def load(cls, path: Path, seed: int = 0) -> Task:
        """The lessons of a curriculum file."""
        pointer = ctypes.POINTER(_c.dnc_task)()
        check(_c.dnc_task_load(path_bytes(path), integer(seed, "seed", ctypes.c_uint64), byref(pointer)))
        task = cls.__new__(cls)
        task._open(pointer)
        return task

    def _open(self, pointer: Any) -> None:
        self._open_handle = Handle(pointer, _c.dnc_task_free)
        x, y, kind = ctypes.c_uint32(), ctypes.c_uint32(), ctypes.c_uint32()
        check(_c.dnc_task_sizes(self._handle, byref(x), byref(y), byref(kind)))
        self.input_size, self.output_size = x.value, y.value
        self.loss_kind = loss_name(kind.value)
        self.interactive = bool(_c.dnc_task_is_interactive(self._handle))
        self.metrics = []
        for index in range(_c.dnc_task_metric_count(self._handle)):
            metric = _c.dnc_metric(struct_size=ctypes.sizeof(_c.dnc_metric))
            check(_c.dnc_task_metric_at(self._handle, index, byref(metric)))
            self.metrics.append(Metric(metric.name.decode(), bool(metric.is_error)))
        self._words: tuple[str, ...] | None = None
        self._drawn: tuple[int, int] | None = None  # T, B
        self._lesson = 0
        self._evaluating = False

    @property
    def lessons(self) -> list[Lesson]:
        """One without a curriculum."""
        found = []
        for index in range(_c.dnc_task_lesson_count(self._handle)):
            lesson = _c.dnc_lesson(struct_size=ctypes.sizeof(_c.dnc_lesson))
            check(_c.dnc_task_lesson_at(self._handle, index, byref(lesson)))
            fields = {name: getattr(lesson, name) for name in Lesson._fields}
            found.append(Lesson(**{**fields, "options": lesson.options.decode("utf-8", "surrogateescape")}))
        return found

    @property
    def lesson(self) -> int:
        """The present lesson, from 0; can be set."""
        return self._lesson

    @lesson.setter
    def lesson(self, index: int) -> None:
        check(_c.dnc_task_set_lesson(self._handle, integer(index, "lesson")))
        self._lesson, self._drawn, self._words = index, None, None

    @property
    def evaluating(self) -> bool:
        """Whether episodes are of the present lesson alone, and no teacher interferes; can be set."""
        return self._evaluating

    @evaluating.setter
    def evaluating(self, enabled: bool) -> None:
        check(_c.dnc_task_set_evaluating(self._handle, bool(enabled)))
        self._evaluating, self._drawn = bool(enabled), None

    @property
    def episode_count(self) -> int:
        """The episodes of the present lesson; 0 where they are drawn at random, without end."""
        count = ctypes.c_uint64()
        check(_c.dnc_task_episode_count(self._handle, byref(count)))
        return count.value

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the channels stand for, of inputs and outputs; none if channels are not words."""
        if self._words is None:
            word, found = ctypes.c_char_p(), []
            while len(found) < self.input_size:
                if _c.dnc_task_word(self._handle, len(found), byref(word)) != _c.DNC_OK or word.value is None:
                    break
                found.append(word.value.decode())
            self._words = tuple(found)
        return self._words

    @property
    def position(self) -> int:
        """The number of the next batch. A batch depends on the seed and its number alone; can be set."""
        return int(_c.dnc_task_position(self._handle))

    @position.setter
    def position(self, position: int) -> None:
        check(_c.dnc_task_seek(self._handle, integer(position, "position", ctypes.c_uint64)))
        self._drawn = None

    def draw(self, batch: int) -> int:
        """Draws the next `batch` episodes. Returns T, the steps of the longest."""
        steps = ctypes.c_size_t()
        check(_c.dnc_task_sample(self._handle, integer(batch, "batch"), byref(steps)))
        self._drawn = steps.value, batch
        return steps.value

    def sample(self, batch: int) -> Episodes:
        """Draws the next `batch` episodes: inputs [T, B, X], targets [T, B, Y], mask [T, B]; B = batch, and T is
        that of the longest."""
        self.draw(batch)
        return self.read()

    def read(self) -> Episodes:
        """The episodes drawn last, as they were played; the teacher plays what is left."""
        shapes = [(self.input_size,), (self.output_size,), ()]
        drawn = Episodes(*(np.empty((*self._sizes(), *shape), np.float32) for shape in shapes))
        check(_c.dnc_task_read(self._handle, *map(floats, drawn)))
        return drawn

    def next(self, output: npt.ArrayLike | None = None) -> FloatArray:
        """The input [B, X] of the next step of the episodes drawn last; output [B, Y] is what the network answered to
        the step before, None before the first step."""
        batch = self._sizes()[1]
        answer = None if output is None else array(output, "output", "BY", {"B": batch, "Y": self.output_size})
        given = np.empty((batch, self.input_size), np.float32)
        check(_c.dnc_task_next(self._handle, floats(answer), floats(given)))
        return given

    def play(self, net: DNC, batch: int | None = None) -> FloatArray:
        """Draws the next episodes, as many as the network's batch unless said otherwise, and lets the network run
        through them from its initial state. Returns its outputs [T, B, Y]."""
        steps = self.draw(net.batch_size if batch is None else batch)
        net.reset()
        if not self.interactive:
            return net.forward(self.read().inputs)
        outputs = np.empty((steps, self._sizes()[1], self.output_size), np.float32)
        for t in range(steps):
            outputs[t] = net.step(self.next(outputs[t - 1] if t else None))
        return outputs

    def loss(self, outputs: npt.ArrayLike) -> tuple[float, FloatArray]:
        """The loss of logits outputs [T, B, Y] in the episodes drawn last, and its gradient [T, B, Y]."""
        outputs = self._outputs(outputs)
        value = ctypes.c_double()
        gradients = np.empty_like(outputs)
        check(_c.dnc_task_loss(self._handle, floats(outputs), byref(value), floats(gradients)))
        return value.value, gradients

    def score(self, outputs: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """What the outputs [T, B, Y] earn in the episodes drawn last: [metric, 3], to be added up over batches. The
        columns are the sum, the count, and what guessing at random earns: a metric is sum / count."""
        outputs = self._outputs(outputs)
        scores = (_c.dnc_score * len(self.metrics))()
        check(_c.dnc_task_score(self._handle, floats(outputs), scores))
        return np.array([(score.sum, score.count, score.chance) for score in scores])

    def _sizes(self) -> tuple[int, int]:
        if self._drawn is None:
            raise InvalidState("no episodes have been drawn: call draw or sample first")
        return self._drawn

    def _outputs(self, outputs: npt.ArrayLike) -> FloatArray:
        steps, batch = self._sizes()
        return array(outputs, "outputs", "TBY", {"T": steps, "B": batch, "Y": self.output_size})
