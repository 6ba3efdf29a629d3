#!/usr/bin/env python3
"""Runs every phase of `make test`, as many at a time as there are cores, and counts their tests together.

A phase is a target of the Makefile. Its output is build/test/PHASE.log, and is printed when the phase fails. The last
line is `N passed, N failed`, and the exit status is 0 when nothing failed.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Optional

LOGS = Path("build/test")
# The tests start hundreds of Python processes. Compiled modules are kept for them, whatever the environment says.
PYCACHE = Path("build/pycache")


class Phase(NamedTuple):
    target: str
    after: tuple = ()
    has_tests: bool = True
    flag: str = ""  # of a CPU, without which this phase tests nothing that others don't


# The library, and what the tests take.
BUILT = ("all", "test-tools")

# What others wait for comes first. A build's compilers take turns, so two builds at a time leave no core idle. The last
# has a process for every core, and begins beside the last of the others.
PHASES = [
    Phase("test-tools", has_tests=False),
    Phase("fuzz-programs", has_tests=False),
    Phase("all", has_tests=False),
    Phase("test-swift"),
    Phase("test-threads"),
    Phase("test-fuzz", after=("fuzz-programs",)),
    Phase("lint", after=("test-tools",), has_tests=False),
    Phase("book", after=BUILT, has_tests=False),
    Phase("test-packages", after=BUILT),
    Phase("test-languages", after=BUILT),
    Phase("test-layers", after=BUILT),
    Phase("test-neon", after=BUILT, flag="avx2"),
    Phase("test-level-v3", after=BUILT, flag="avx512f"),
    Phase("test-level-plain", after=BUILT),
    Phase("test-python", after=BUILT),
]


class Count(NamedTuple):
    passed: int
    failed: int


def counted(log: str) -> Optional[Count]:
    """How many tests a log says have passed and failed; None where it says nothing."""
    passed = failed = 0
    found = False
    for line in log.splitlines():
        if re.search(r"\b\d+ \w+.* in \d+\.\d+s\b", line):  # pytest: 1 failed, 2 passed, 3 skipped in 4.56s
            numbers = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", line)}
            found = True
            passed += numbers.get("passed", 0)
            failed += sum(numbers.get(word, 0) for word in ("failed", "error", "errors"))
        elif match := re.search(r"Test run with (\d+) tests?\b.* (?:passed|failed) after", line):  # Swift Testing
            found = True
            wrong = len(set(re.findall(r"^✘ Test (\S+)\(.*\) .*failed after", log, re.MULTILINE)))
            passed, failed = passed + int(match[1]) - wrong, failed + wrong
        elif line.startswith("fuzz "):  # Tests/fuzz/run.sh: fuzz calls: Done 123 runs
            found, passed = True, passed + 1
    return Count(passed, failed) if found else None


def result(phase: Phase, status: int, log: str) -> Count:
    """A phase that fails has failed once at least, whatever its log says; so has one whose tests can't be counted."""
    count = counted(log) or Count(0, 1 if phase.has_tests else 0)
    return Count(count.passed, max(count.failed, 1)) if status != 0 else count


class Running(NamedTuple):
    phase: Phase
    process: subprocess.Popen
    log: Path
    began: float


def start(phase: Phase) -> Running:
    log = LOGS / f"{phase.target}.log"
    print(f"{phase.target} ...", flush=True)
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(PYCACHE.absolute())}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with log.open("w") as output:
        process = subprocess.Popen(
            ["make", phase.target], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
    return Running(phase, process, log, time.monotonic())


def processor_seconds() -> float:
    """Of the phases that have ended, with all that they started."""
    times = os.times()
    return times.children_user + times.children_system


def finish(running: Running, processor: float) -> Count:
    """Says how a phase ended, and the processor's seconds that it took."""
    text = running.log.read_text(errors="replace")
    count = result(running.phase, running.process.returncode, text)
    if count.failed:
        print(text, flush=True)
    verdict = f"{count.passed} passed, {count.failed} failed" if running.phase.has_tests or count.failed else "done"
    seconds = f"{time.monotonic() - running.began:.0f} s, {processor:.0f} s of a core"
    print(f"{running.phase.target}: {verdict}, {seconds}", flush=True)
    return count


def run(phases: list, cores: int) -> Count:
    """All phases, each after those that it needs; what needs a phase that failed has failed too."""
    waiting, running, counts = list(phases), [], {}
    while waiting or running:
        for phase in list(waiting):
            lost = [target for target in phase.after if target in counts and counts[target].failed]
            if lost:
                print(f"{phase.target}: not run, since {lost[0]} failed", flush=True)
                counts[phase.target] = Count(0, 1)
                waiting.remove(phase)
            if phase in waiting and len(running) < cores and set(phase.after) <= set(counts):
                waiting.remove(phase)
                running.append(start(phase))
        for one in list(running):
            before = processor_seconds()
            if one.process.poll() is not None:
                running.remove(one)
                counts[one.phase.target] = finish(one, processor_seconds() - before)
        time.sleep(0.1)
    return Count(sum(count.passed for count in counts.values()), sum(count.failed for count in counts.values()))


def sensible(phases: list, flags: set) -> list:
    """The phases that test something on a CPU with these flags. Without AVX-512, test-python runs the kernels of
    test-level-v3; without AVX2, test-neon has nothing to compare with."""
    for phase in phases:
        if phase.flag and phase.flag not in flags:
            print(f"{phase.target}: left out, since this CPU has no {phase.flag}", flush=True)
    return [phase for phase in phases if not phase.flag or phase.flag in flags]


def cpu_flags() -> set:
    """As Linux names them; none on CPUs that have no such line, which are not x86."""
    flags = re.search(r"^flags\s*:(.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return set(flags[1].split()) if flags else set()


def main() -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    total = run(sensible(PHASES, cpu_flags()), max(2, len(os.sched_getaffinity(0))))
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    print(f"in {minutes} min {seconds} s; the logs are in {LOGS}")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
