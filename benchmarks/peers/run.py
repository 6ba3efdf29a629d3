"""Times libdnc against other implementations of the DNC, alternating in one run, once they compute the same.

    python benchmarks/peers/run.py --workloads A,B --peers jax-tuned,torch --rounds 3 --output peers.md

Prints Markdown. The exit status is 1 when an implementation computes something else than libdnc, or cannot be run.
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import select
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import Workload, workloads
from worker import IMPLEMENTATIONS, NOT_COMPARED

# The greatest relative differences from libdnc. Single precision leaves about 1e-6. But the slots are ordered by the
# rounded usage, and where one lies between two numbers, rounding errors decide: in large memories this happens in some
# step, and shows in the gradients, hardly in the loss.
TOLERANCES = {"loss": 1e-5, "output": 1e-4, "gradient": 1e-2}
SMALL, SMALL_GRADIENT = 64, 1e-4  # up to so many slots, the gradients' tolerance is this


class Failure(Exception):
    """An implementation cannot be run, or computes something else than libdnc."""


class TooSlow(Failure):
    """Not a fault: it has no times."""


class Process:
    """A worker and its measurements."""

    def __init__(self, implementation: str, k: Workload, directory: str, options: argparse.Namespace) -> None:
        self.implementation, self.k, self.options = implementation, k, options
        self.times: list[float] = []
        self.megabytes = 0.0
        self.differences: dict[str, float] = {}
        self.failure: Failure | None = None
        command = [sys.executable, str(Path(__file__).with_name("worker.py"))]
        command += [implementation, k.name, directory, str(options.threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, command: str, limit: float) -> dict:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], limit)[0]:
            raise TooSlow(
                f"{'a step' if limit == self.options.limit else command.split()[0]} takes more than {limit:g} s"
            )
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"its process ended with status {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def attempt(self, work) -> None:
        """Does the work unless something has failed; a failure ends the process."""
        if self.failure is not None:
            return
        try:
            work()
        except Failure as failure:
            self.failure = failure
            self.close()
            print(f"{self.k.name}, {self.implementation}: {failure}", file=sys.stderr, flush=True)

    def begin(self) -> None:
        self.ask("prepare", self.options.prepare_limit)
        self.differences = self.ask("compare", self.options.limit).get("differences", {})
        for name, difference in self.differences.items():
            kind = name.split()[0]
            allowed = SMALL_GRADIENT if kind == "gradient" and self.k.N <= SMALL else TOLERANCES[kind]
            if not difference <= allowed:  # so NaN is a mismatch
                raise Failure(f"MISMATCH: {name} differs from libdnc's by {difference:.1e}, allowed are {allowed:.0e}")

    def turn(self) -> None:
        answer = self.ask(f"run {self.options.seconds}", self.options.limit + self.options.seconds)
        self.times += [1e3 * seconds for seconds in answer["times"]]
        self.megabytes = answer["megabytes"]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def measure(k: Workload, directory: str, options: argparse.Namespace) -> dict[str, Process]:
    """libdnc first in every round, then the peers in turn: only one works at a time."""
    processes: dict[str, Process] = {}
    try:
        for name in ["libdnc", *options.peers]:
            processes[name] = Process(name, k, directory, options)
            processes[name].attempt(processes[name].begin)
            if processes["libdnc"].failure is not None:
                raise SystemExit("without libdnc there is nothing to compare with")
        for _ in range(options.rounds):
            for process in processes.values():
                process.attempt(process.turn)
    finally:
        for process in processes.values():
            process.close()
    return processes


def table(titles: list[str], rows: list[list[str]]) -> str:
    rule = ["---"] * len(titles)
    return "\n".join(f"| {' | '.join(row)} |" for row in [titles, rule, *rows]) + "\n"


def number(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def times(process: Process) -> str:
    if process.failure is not None:
        return str(process.failure)
    return f"{number(min(process.times))} / {number(statistics.median(process.times))}"


def ratio(libdnc: Process, peer: Process) -> float | None:
    return min(libdnc.times) / min(peer.times) if peer.failure is None else None


def report(measured: dict[str, dict[str, Process]], options: argparse.Namespace) -> str:
    """Three tables: times, ratios, memory."""
    names = ["libdnc", *options.peers]
    time_rows, ratio_rows, memory_rows, difference_rows = [], [], [], []
    for workload, processes in measured.items():
        time_rows.append([workload, *(times(processes[name]) for name in names)])
        ratios = {name: ratio(processes["libdnc"], processes[name]) for name in options.peers}
        known = {name: value for name, value in ratios.items() if value is not None}
        best = max(known, key=known.get, default=None)
        ratio_rows.append([workload, *(f"{value:.3g}" if value is not None else "" for value in ratios.values())])
        ratio_rows[-1].append(f"**{known[best]:.3g}** ({best})" if best else "")
        memory_rows.append([workload, *(f"{processes[n].megabytes:.0f}" if processes[n].times else "" for n in names)])
        differences = [processes[name].differences for name in options.peers if name not in NOT_COMPARED]
        worst = {kind: [v for d in differences for n, v in d.items() if n.startswith(kind)] for kind in TOLERANCES}
        difference_rows.append([workload, *(f"{max(values):.0e}" if values else "" for values in worst.values())])
    return "\n".join(
        [
            heading(options),
            "Milliseconds a step, least / median:\n",
            table(["workload", *names], time_rows),
            "libdnc's time over the peer's, least over least (below 1: libdnc is faster), and that of the best peer:\n",
            table(["workload", *options.peers, "best peer"], ratio_rows),
            "Greatest resident memory of the process, MB, with the interpreter, frameworks and compilation:\n",
            table(["workload", *names], memory_rows),
            "Greatest relative difference of a peer from libdnc in the first steps (dnc-pypi is another model):\n",
            table(["workload", *TOLERANCES], difference_rows),
        ]
    )


def heading(options: argparse.Namespace) -> str:
    versions = []
    for package in ("numpy", "jax", "torch", "autograd", "dnc"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{package} {importlib.metadata.version(package)}")
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(": ")[1] for line in info.splitlines() if line.startswith("model name")), "unknown CPU")
    return (
        f"{model}, {os.cpu_count()} cores, threads used: {options.threads}; Python {platform.python_version()}, "
        f"{', '.join(versions)}; {options.rounds} rounds of {options.seconds:g} s or one step each.\n"
    )


def chosen(known: list[str]):
    """A type for argparse: a comma-separated selection."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return names

    return parse


def parse_options() -> tuple[dict[str, Workload], argparse.Namespace]:
    known = workloads()
    peers = [name for name in IMPLEMENTATIONS if name != "libdnc"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", type=chosen(list(known)), default=list(known), help="of bench.c; all of them")
    parser.add_argument("--peers", type=chosen(peers), default=peers, help=f"of {', '.join(peers)}; all of them")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each implementation on a workload; 5")
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn, which is at least one step; 1")
    parser.add_argument("--threads", type=int, default=1, help="of each implementation, and cores they may use; 1")
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds; a peer whose step takes longer is left out; 60"
    )
    parser.add_argument("--prepare-limit", type=float, default=300, help="seconds to load, build and compile; 300")
    parser.add_argument("--output", type=Path, help="also write the Markdown here")
    options = parser.parse_args()
    return {name: known[name] for name in options.workloads}, options


def main() -> int:
    selected, options = parse_options()
    measured = {}
    with tempfile.TemporaryDirectory() as directory:
        for name, k in selected.items():
            measured[name] = measure(k, directory, options)
            print(name, {p.implementation: times(p) for p in measured[name].values()}, file=sys.stderr, flush=True)
    text = report(measured, options)
    print(text)
    if options.output:
        options.output.write_text(text)
    failures = [p for processes in measured.values() for p in processes.values() if p.failure is not None]
    return int(any(not isinstance(process.failure, TooSlow) for process in failures))


if __name__ == "__main__":
    sys.exit(main())
