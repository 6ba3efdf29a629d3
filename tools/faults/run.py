"""Puts faults into the code on purpose, one at a time, and says which tests notice.

    build/venv/bin/python tools/faults/run.py                # all faults; make faults does the same
    build/venv/bin/python tools/faults/run.py softmax_tail   # some of them

The code is built once, in a copy (build/faults) that has all faults in it and a switch for each. The tests that are
tried first for a fault stand with it; a survivor of these meets all other tests of the C interface, of the tasks and of
Python. The results are kept in build/faults-results.json; --table prints them as docs/reliability.md has them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time

from catalogue import ROOT, Fault, faults
from schemata import write

COPY = ROOT / "build" / "faults"
RESULTS = ROOT / "build" / "faults-results.json"
_BUILT = ("build/libdnc.so", "build/copy_task", "build/pictures", "build/step")
# What builds the library itself, or looks at the pages, would notice nothing or the switches.
_LEFT_OUT = ("test_build.py", "test_abi.py", "test_docs.py", "test_fault_list.py")
_REST = ("Tests/interface", "Tests/tasks", "Tests/python", "plain Tests/interface")
_SLOW = "not valgrind and not helgrind"
_TIMEOUT = 1800
_SURVIVED = "nobody"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="faults; none: all")
    parser.add_argument("--first-tests-only", action="store_true", help="don't run the other tests for a survivor")
    parser.add_argument("--without-swift", action="store_true", help="don't build and run the tests in Swift")
    parser.add_argument("--table", action="store_true", help="print the results there are, and run nothing")
    arguments = parser.parse_args()
    every = faults()
    problems = [problem for fault in every if (problem := fault.problem())]
    unknown = set(arguments.names) - {fault.name for fault in every}
    if problems or unknown:
        sys.exit("\n".join(problems) or f"there is no fault {', '.join(sorted(unknown))}")
    if arguments.table:
        return print_table(every)
    chosen = [fault for fault in every if not arguments.names or fault.name in arguments.names]
    write(COPY, every)
    subprocess.run(["make", "-s", *_BUILT], cwd=COPY, check=True)
    survivors = 0
    for fault in chosen:
        began = time.monotonic()
        tests = [*fault.tests] if arguments.first_tests_only else [*fault.tests, *_REST]
        found = notice(fault, [one for one in tests if not (arguments.without_swift and one.startswith("swift "))])
        survivors += found is None
        keep(fault, found)
        print(f"{fault.name}: {found or 'SURVIVED'} ({time.monotonic() - began:.0f} s)", flush=True)
    sys.exit(f"{survivors} of {len(chosen)} faults survived" if survivors else 0)


def notice(fault: Fault, stages: list[str]) -> str | None:
    """The first test that fails with the fault, and passes without it."""
    for tests in stages:
        failed = failure(tests, fault.number)
        if failed:
            if "::" in failed and failure(failed, number=0):
                sys.exit(f"{failed} fails without any fault")
            return failed
    return None


def failure(tests: str, number: int) -> str | None:
    """Runs tests with a fault (0: none), and names the first one that fails: a file, folder or test of pytest's, behind
    "plain" without kernels; or "swift" and a filter."""
    environment = {**os.environ, "DNC_FAULT": str(number)}
    kind, what = tests.split(" ", 1) if tests.startswith(("plain ", "swift ")) else ("", tests)
    if kind == "swift":
        command = ["swift", "test", "-q", "--scratch-path", ".build", "--filter", what]
    else:
        command = ["build/venv/bin/python", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", _SLOW, what]
        command += [f"--ignore-glob=*/{name}" for name in _LEFT_OUT]
    if kind == "plain":
        environment["DNC_CPU"] = "plain"
    try:
        done = subprocess.run(
            command, cwd=COPY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=_TIMEOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{tests}: does not end"
    if done.returncode == 0:
        return None
    pattern = r"^✘ Test (\S+) recorded" if kind == "swift" else r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$"
    found = re.search(pattern, done.stdout, re.MULTILINE)
    prefix = f"{kind} " if kind else ""
    return prefix + found[1] if found else f"{tests}: ends with {done.returncode}\n{done.stdout[-2000:]}"


def keep(fault: Fault, found: str | None) -> None:
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[fault.name] = found or _SURVIVED
    RESULTS.write_text(json.dumps(results, indent=1))


def print_table(every: list[Fault]) -> None:
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    print("| fault | in | noticed by |\n|---|---|---|")
    for fault in every:
        place = fault.path.removeprefix("Sources/").removeprefix("bindings/python/")
        found = "not tried yet"
        if fault.name in results:
            test = results[fault.name].split("\n")[0].split("[")[0]
            kind, file, name = re.fullmatch(r"(plain|swift)? ?(?:Tests/\w+/(\w+)\.py::)?(.*)", test).groups()
            marks = [f"**{mark}** " for mark in (fault.survived and "new", kind) if mark]
            found = "".join(marks) + (f"`{file}`: `{name}`" if file else f"`{name}`")
        print(f"| `{fault.name}`: {fault.about} | `{place}` | {found} |")


if __name__ == "__main__":
    main()
