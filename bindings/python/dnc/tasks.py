"""Episodes to learn from."""

from __future__ import annotations

import ctypes
import functools
import os
import secrets
from collections.abc import Mapping
from ctypes import byref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _c
from ._convert import FloatArray, Path, array, flag, floats, integer, loss_name, path_bytes, reals, text, within
from ._fields import require_instance
from ._handle import Handle, Resource
from ._records import marked, records
from .errors import InvalidArgument, InvalidState, check
from .network import DNC

if TYPE_CHECKING:
    from typing_extensions import Self


class Episodes(NamedTuple):
    """A batch of episodes. Those shorter than the longest end in zeros with mask 0."""

    inputs: FloatArray  # [T, B, X]
    targets: FloatArray  # [T, B, Y]
    mask: FloatArray  # [T, B]


class Tokens(NamedTuple):
    """The inputs of a batch of episodes whose channels are words."""

    tokens: npt.NDArray[np.int32]  # [T, B], the channels; -1 behind the end of a sequence
    starts: npt.NDArray[np.bool_]  # [T, B], True where an episode begins


class Metric(NamedTuple):
    """One of the things that a task counts."""

    name: str
    is_error: bool  # the lower the better


# What is no share of anything, and so not told in percent.
_NUMBERS = {"extra_moves", "loss"}


def told(metric: str, value: float, decimals: int) -> str:
    """A metric for people: "12.50%", or "1.25" if it is a number of its own."""
    return f"{value:.{decimals}f}" if metric in _NUMBERS else f"{value:.{decimals}%}"


class TaskOption(NamedTuple):
    """An option of a task. In `allowed` and `meaning`, what is written literally is in quotation marks."""

    name: str  # "width"
    allowed: str  # "1 to 65534"
    default: str  # "6"; "" if the option has none
    meaning: str  # "bits of a vector"
    is_path: bool  # it names a file or a folder


class Lesson(NamedTuple):
    """A lesson of a curriculum.

    options are those of the task. The lesson ends when the metric with the number `metric` is at least pass_score (at
    most, if it is an error; NaN: never). rehearsal, 0 to 1, is the share of episodes drawn from the lessons before;
    test_every are the batches between two tests, test_episodes the episodes of a test.
    """

    options: str
    metric: int
    pass_score: float
    rehearsal: float
    test_every: int
    test_episodes: int


class Task(Resource):
    """Episodes of the task `name`; the same name, options and seed give the same episodes on every machine.

    >>> task = dnc.Task("copy", seed=1, width=6, max_length=8)
    >>> inputs, targets, mask = task.sample(16)

    name is one of `Task.names()`, and `Task.options(name)` lists the options. seed is 0 to 2**64 - 1; None draws one,
    which is in `seed` then. What a network answers is judged by the task itself:

    >>> outputs = task.play(net)
    >>> value, gradients = task.loss(outputs)
    """

    __slots__ = ("_made", "_words", "input_size", "interactive", "loss_kind", "metrics", "output_size", "seed")

    input_size: int  # X
    output_size: int  # Y
    loss_kind: str  # the kind that `dnc.loss` takes
    metrics: list[Metric]  # the first is the score
    interactive: bool  # an input depends on the outputs before it
    seed: int
    _words: dict[int, tuple[str, ...]]  # by lesson: those of one never change
    _made: tuple[Any, tuple[Any, ...], dict[str, Any]]  # the method of Task that made it, and its arguments

    def __init__(self, name: str, seed: int | None = 0, **options: float | str | os.PathLike[str]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"name is {name!r}, needed is one of {', '.join(Task.names())}")
        pairs = b",".join(_pair(key, value) for key, value in options.items())
        number, pointer = _seed(seed), ctypes.POINTER(_c.dnc_task)()
        check(_c.dnc_task_create(text(name, "name"), pairs or None, number, byref(pointer)))
        self._open(pointer, number)
        self._made = Task.__init__, (name, number), with_absolute_paths(options)

    @staticmethod
    def names() -> list[str]:
        """The names of all tasks."""
        found: list[str] = []
        while (name := _c.dnc_task_name(len(found))) is not None:
            found.append(name.decode())
        return found

    @staticmethod
    def options(name: str) -> list[TaskOption]:
        """The options of the task `name`. InvalidArgument if there is no such task."""
        option = _c.dnc_task_option(struct_size=ctypes.sizeof(_c.dnc_task_option))
        found = []
        given = text(name, "name")
        for index in range(_c.dnc_task_option_count(given) or 1):  # of an unknown name the first is refused
            check(_c.dnc_task_option_at(given, index, byref(option)))
            words = (option.name, option.allowed, option.default_value, option.meaning)
            found.append(TaskOption(*(word.decode() for word in words), is_path=bool(option.is_path)))
        return found

    @classmethod
    def load(cls, path: Path, seed: int | None = 0) -> Self:
        """The lessons of a curriculum file."""
        task = cls.__new__(cls)
        task._load(path, _seed(seed))
        return task

    def _load(self, path: Path, seed: int) -> None:
        pointer = ctypes.POINTER(_c.dnc_task)()
        check(_c.dnc_task_load(path_bytes(path), seed, byref(pointer)))
        self._open(pointer, seed)
        self._made = Task._load, (os.path.abspath(path), seed), {}

    def _open(self, pointer: Any, seed: int) -> None:
        self._open_handle = Handle(pointer, _c.dnc_task_free, "task")
        self.seed, self._words = seed, {}
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

    def __reduce__(self) -> tuple[Any, ...]:
        """For copy, deepcopy and pickle: another task in the same lesson and at the same position, with the episodes
        drawn last, of which no step has been played. Files are read again."""
        with self._handle:
            return self._rebuilt(_rebuild, *self._made, self.lesson, self.evaluating, self.position, self._drawn[1])

    @property
    def lessons(self) -> list[Lesson]:
        """One without a curriculum."""
        found = []
        for index in range(_c.dnc_task_lesson_count(self._handle)):
            lesson = _c.dnc_lesson(struct_size=ctypes.sizeof(_c.dnc_lesson))
            check(_c.dnc_task_lesson_at(self._handle, index, byref(lesson)))
            fields = {name: getattr(lesson, name) for name in Lesson._fields}
            found.append(Lesson(**{**fields, "options": os.fsdecode(lesson.options)}))
        return found

    @property
    def lesson(self) -> int:
        """The present lesson, 0 to len(lessons) - 1; can be set, which drops the episodes drawn last."""
        return int(_c.dnc_task_lesson(self._handle))

    @lesson.setter
    def lesson(self, index: int) -> None:
        number = within(index, "lesson")
        with self._handle as handle:
            check(_c.dnc_task_set_lesson(handle, number), index=("lesson", index))

    @property
    def evaluating(self) -> bool:
        """Whether episodes are of the present lesson alone, and no teacher interferes; can be set, which drops the
        episodes drawn last."""
        return bool(_c.dnc_task_is_evaluating(self._handle))

    @evaluating.setter
    def evaluating(self, enabled: bool) -> None:
        number = flag(enabled, "evaluating")
        with self._handle as handle:
            check(_c.dnc_task_set_evaluating(handle, number))

    @property
    def episode_count(self) -> int:
        """The episodes of the present lesson; 0 where they are drawn at random, without end."""
        count = ctypes.c_uint64()
        check(_c.dnc_task_episode_count(self._handle, byref(count)))
        return count.value

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the channels stand for, of inputs and outputs; none if channels are not words."""
        handle, word, lesson = self._handle, ctypes.c_char_p(), self.lesson
        if lesson in self._words:
            return self._words[lesson]
        found: list[str] = []
        while len(found) < self.input_size:
            if _c.dnc_task_word(handle, len(found), byref(word)) != _c.DNC_OK or word.value is None:
                break
            found.append(word.value.decode())
        self._words[lesson] = tuple(found)
        return self._words[lesson]

    @property
    def position(self) -> int:
        """The number of the next batch, 0 to 2**64 - 1. A batch depends on the seed and its number alone; can be set,
        which drops the episodes drawn last."""
        return int(_c.dnc_task_position(self._handle))

    @position.setter
    def position(self, position: int) -> None:
        number = integer(position, "position")
        with self._handle as handle:
            check(_c.dnc_task_seek(handle, number))

    def draw(self, batch: int) -> int:
        """Draws the next `batch` episodes, 1 to 65536. Returns T, the steps of the longest."""
        steps, number = ctypes.c_size_t(), within(batch, "batch")
        with self._handle as handle:
            check(_c.dnc_task_sample(handle, number, byref(steps)), batch=batch)
        return steps.value

    def sample(self, batch: int) -> Episodes:
        """Draws the next `batch` episodes: inputs [T, B, X], targets [T, B, Y], mask [T, B]; B = batch, and T is
        that of the longest."""
        with self._handle:
            self.draw(batch)
            return self.read()

    def read(self) -> Episodes:
        """The episodes drawn last, as they were played; the teacher plays what is left. InvalidState before the
        first."""
        shapes = [(self.input_size,), (self.output_size,), ()]
        with self._handle as handle:
            sizes = self._sizes()
            drawn = Episodes(*(np.empty((*sizes, *shape), np.float32) for shape in shapes))
            check(_c.dnc_task_read(handle, *map(floats, drawn)))
            return drawn

    def read_tokens(self) -> Tokens:
        """The inputs of the episodes drawn last as `DNC.forward` takes words, of a task that has `words`, else an
        InvalidArgument error. InvalidState before the first episodes."""
        with self._handle as handle:
            tokens, starts = np.empty(self._sizes(), np.int32), np.empty(self._sizes(), np.bool_)
            numbers = tokens.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
            flags = starts.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
            check(_c.dnc_task_read_tokens(handle, numbers, flags))
            return Tokens(tokens, starts)

    def next(self, output: npt.ArrayLike | None = None) -> FloatArray:
        """The input [B, X] of the next step of the episodes drawn last; output [B, Y] is what the network answered to
        the step before, None before the first step."""
        answer = None if output is None else reals(output, "output")
        with self._handle as handle:
            batch = self._sizes()[1]
            if answer is not None:
                answer = array(answer, "output", "BY", {"B": batch, "Y": self.output_size})
            given = np.empty((batch, self.input_size), np.float32)
            check(_c.dnc_task_next(handle, floats(answer), floats(given)), output=answer)
            return given

    def play(self, net: DNC, batch: int | None = None, part: slice | None = None) -> FloatArray:
        """Draws the next episodes, as many as the network's batch unless said otherwise, and lets the network run
        through them from its initial state. Returns its outputs [T, B, Y]. With part, the network runs only through
        these of the episodes, as many as its batch."""
        require_instance(net, "net", DNC)
        with self._handle, net._handle:
            steps = self.draw(net.batch_size if batch is None else batch)
            net.reset()
            own = slice(None) if part is None else part
            if self.words:
                tokens, starts = (values[:, own] for values in self.read_tokens())
                # An episode that begins with the first step has been begun by the reset.
                return net.forward(tokens, starts if starts[1:].any() else None)
            if not self.interactive:
                return net.forward(self.read().inputs[:, own])
            outputs = np.zeros((steps, self._sizes()[1], self.output_size), np.float32)
            for t in range(steps):
                outputs[t, own] = net.step(self.next(outputs[t - 1] if t else None)[own])
            return net._own_outputs(outputs[:, own])

    def loss(self, outputs: npt.ArrayLike) -> tuple[float, FloatArray]:
        """The loss of logits outputs [T, B, Y] in the episodes drawn last, and its gradient [T, B, Y]."""
        value, given = ctypes.c_double(), reals(outputs, "outputs")
        with self._handle as handle:
            given = self._outputs(given)
            gradients = np.empty_like(given)
            check(_c.dnc_task_loss(handle, floats(given), byref(value), floats(gradients)), outputs=given)
        return value.value, marked(gradients, records([outputs]))

    def score(self, outputs: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """What the outputs [T, B, Y] earn in the episodes drawn last: [metric, 3], to be added up over batches. The
        columns are the sum, the count, and what guessing at random earns: a metric is sum / count."""
        scores, given = (_c.dnc_score * len(self.metrics))(), reals(outputs, "outputs")
        with self._handle as handle:
            given = self._outputs(given)
            check(_c.dnc_task_score(handle, floats(given), scores), outputs=given)
        return np.array([(score.sum, score.count, score.chance) for score in scores])

    @property
    def _drawn(self) -> tuple[int, int]:
        """T and B of the episodes drawn last, or zeros."""
        steps, batch = ctypes.c_size_t(), ctypes.c_size_t()
        check(_c.dnc_task_drawn(self._handle, byref(steps), byref(batch)))
        return steps.value, batch.value

    def _sizes(self) -> tuple[int, int]:
        steps, batch = self._drawn
        if not batch:
            raise InvalidState("no episodes have been drawn: call draw or sample first")
        return steps, batch

    def _outputs(self, outputs: npt.ArrayLike) -> FloatArray:
        steps, batch = self._sizes()
        return array(outputs, "outputs", "TBY", {"T": steps, "B": batch, "Y": self.output_size})


@functools.cache
def path_options() -> frozenset[str]:
    """The options, of any task, that name a file or a folder."""
    return frozenset(each.name for name in Task.names() for each in Task.options(name) if each.is_path)


def with_absolute_paths(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a task as they hold in any working directory."""
    return {key: absolute(value, key) if key in path_options() else value for key, value in options.items()}


def absolute(value: Path | bytes, name: str = "path") -> str:
    """A path from the root; as it is where no option could say that, which may have no comma."""
    given = os.fsdecode(path_bytes(value, name))  # in this locale, whatever that of who wrote it down
    whole = os.path.abspath(given) if given else ""
    return given if "," in whole else whole


def _rebuild(
    kind: type[Task], make: Any, arguments: Any, options: Any, lesson: int, evaluating: bool, position: int, batch: int
) -> Task:
    """A task from what `Task.__reduce__` has put down."""
    task = kind.__new__(kind)
    make(task, *arguments, **options)
    task.lesson, task.evaluating = lesson, evaluating
    task.position = (position - 1) % 2**64 if batch else position
    if batch:
        task.draw(batch)
    return task


def _seed(seed: int | None) -> int:
    """None draws one."""
    return secrets.randbits(64) if seed is None else integer(seed, "seed")


def _pair(key: str, value: Any) -> bytes:
    """An option as the library takes it. Those that are paths are as the file system has them."""
    pair = (
        key.encode()
        + b"="
        + (path_bytes(value, key) if isinstance(value, (str, bytes, os.PathLike)) else str(value).encode())
    )
    if b"," in pair:
        raise InvalidArgument(f"{key} is {value!r}, allowed are values without commas")
    return pair
