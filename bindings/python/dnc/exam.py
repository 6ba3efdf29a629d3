"""The tests of a run, and what they decide: `Exam`."""

from __future__ import annotations

from typing import NamedTuple

from .errors import InvalidArgument
from .evaluation import Score, evaluate_by_ranks, finite
from .network import DNC
from .plan import Plan
from .progress import Progress
from .ranks import Ranks
from .run_tasks import AnyTask
from .tasks import Lesson


class Verdict(NamedTuple):
    """What a test decides."""

    is_best: bool  # no test of the lesson has been better
    passed: bool  # and the next lesson comes
    finished: str = ""  # why the run comes to its end
    finished_by: str = ""  # the field of the plan that says so


class Exam:
    """Tests a network as a plan says, if there is something to test it with, and brings it to the next lesson."""

    def __init__(self, plan: Plan, progress: Progress, training: AnyTask, tests: AnyTask | None, ranks: Ranks) -> None:
        names = [metric.name for metric in training.metrics]
        if tests is None and (plan.stop_metric or plan.patience):
            raise InvalidArgument("patience and stop_metric are of tests, which need validation")
        if plan.stop_metric not in [None, *names]:
            raise InvalidArgument(f"stop_metric is {plan.stop_metric!r}, allowed are {', '.join(names)}")
        self._plan, self._progress, self._names, self._ranks = plan, progress, names, ranks
        self.task, self.lessons = tests, training.lessons

    def begin(self, training: AnyTask) -> None:
        """Both tasks go to where the run is."""
        training.position = self._progress.position
        if self.task is not None:
            self.task.position = self._progress.test_position
        self.choose_lesson(training)

    def choose_lesson(self, training: AnyTask) -> None:
        """The present lesson, in the training and in the tests."""
        for task in (training, self.task):
            if task is not None:
                task.lesson = self._progress.lesson

    @property
    def lesson(self) -> Lesson:
        """The present one."""
        return self.lessons[self._progress.lesson]

    def is_due(self) -> bool:
        """Whether there is a test after the present update."""
        if self.task is None:
            return False
        every = self._plan.test_every or self.lesson.test_every
        return self._progress.update % every == 0 or self._progress.update == self._plan.updates

    def take(self, net: DNC, batch: int) -> dict[str, Score]:
        """Lets the network play the episodes of a test, so many at a time."""
        assert self.task is not None
        episodes = self._plan.test_episodes or (None if self.task.episode_count else self.lesson.test_episodes)
        scores = evaluate_by_ranks(self._ranks, net, self.task, episodes, batch)
        self._progress.test_position = self.task.position
        return scores

    def judge(self, scores: dict[str, Score]) -> Verdict:
        """Whether these are the best of the lesson, end it, or end the run. It is noted in the progress."""
        p, lesson = self._progress, self.lesson
        name = self._names[lesson.metric]
        score = scores[name]
        known = p.best_score if p.best_lesson == p.lesson else None
        is_best = known is None or (score.value < known if score.is_error else score.value > known)
        if is_best:
            p.best_lesson, p.best_score, p.tests_since_best = p.lesson, finite(score.value), 0
        else:
            p.tests_since_best += 1

        goal, is_last = self._plan.stop_score, p.lesson == len(self.lessons) - 1
        decisive = scores[self._plan.stop_metric or name]
        if goal is not None and is_last and decisive.passes(goal):
            return Verdict(is_best, False, f"{self._plan.stop_metric} is {decisive.value:.6g}", "stop_score")
        if score.passes(lesson.pass_score):
            if is_last:
                return Verdict(is_best, False, "all lessons passed", "task")
            p.lesson += 1
            p.tests_since_best = 0
            return Verdict(is_best, True)
        if self._plan.patience is not None and p.tests_since_best >= self._plan.patience:
            return Verdict(is_best, False, f"no better test in {self._plan.patience}", "patience")
        return Verdict(is_best, False)
