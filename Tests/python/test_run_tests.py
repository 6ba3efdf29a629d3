"""tools/run_tests.py: what `make test` counts, and what it does when something fails."""

import importlib.util
import subprocess
import sys

import pytest

PYTEST = (
    "....F\nFAILED Tests/a.py::test_b - assert 1 == 2 in 3.0s\n1 failed, 1007 passed, 3 skipped in 12.34s (0:00:12)\n"
)
SWIFT = """✔ Test passes() passed after 1.0 seconds.
✘ Test case passing 1 argument kind → 2 to isFound(kind:) recorded an issue at A.swift:3:1
✘ Test isFound(kind:) with 8 test cases failed after 1.0 seconds with 1 issue.
✘ Suite SelfTestTests failed after 31.8 seconds with 1 issue.
✘ Test run with 53 tests in 14 suites failed after 31.8 seconds with 1 issue.
"""
FUZZ = "fuzz checkpoint: #15916\tDONE   cov: 4077\nfuzz calls: #220\tDONE   cov: 99\n"


@pytest.fixture(scope="module")
def tool(repository):
    spec = importlib.util.spec_from_file_location("run_tests", repository / "tools" / "run_tests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "log, passed, failed",
    [
        (PYTEST, 1007, 1),
        ("12 passed, 2 errors in 0.50s\n", 12, 2),
        (SWIFT, 52, 1),
        ("✔ Test run with 1 test in 1 suite passed after 0.1 seconds.\n", 1, 0),
        (FUZZ, 2, 0),
    ],
    ids=["pytest", "errors of pytest", "Swift", "one test", "fuzz targets"],
)
def test_what_a_log_counts(tool, log, passed, failed):
    assert tool.counted(log) == (passed, failed)


MAKEFILE = """
good:
	@echo "3 passed in 0.10s"
bad:
	@echo "1 failed, 2 passed in 0.10s"; exit 1
crash:
	@echo "what went wrong"; exit 1
silent after-crash:
	@touch $@-was-run
compile:
	@sleep 0.2; touch built
after-compile:
	@test -e built && echo "1 passed in 0.10s"
python:
	@python3 -c "import sys; sys.exit(not sys.pycache_prefix)" && echo "$${PYTHONDONTWRITEBYTECODE-1} passed in 0.10s"
"""


@pytest.fixture
def totals(repository, tmp_path):
    """Runs phases of the Makefile above; the last line, the output, and the exit status."""
    (tmp_path / "Makefile").write_text(MAKEFILE)

    def run(phases):
        program = tmp_path / "program.py"
        program.write_text(
            f"import sys; sys.path.insert(0, {str(repository / 'tools')!r})\nimport run_tests\n"
            f"from run_tests import Phase\nrun_tests.PHASES = [{phases}]\nsys.exit(run_tests.main())\n"
        )
        command = [sys.executable, program]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert not result.stderr, result.stderr
        return result.stdout.splitlines()[-1], result.stdout, result.returncode

    return run


def test_all_runners_are_counted_together(totals):
    last, _, status = totals(
        "Phase('compile', has_tests=False), Phase('good'), Phase('after-compile', after=('compile',))"
    )
    assert (last, status) == ("4 passed, 0 failed", 0)


def test_compiled_modules_are_kept_for_the_next_process(totals, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "9")
    assert totals("Phase('python')")[0] == "1 passed, 0 failed"


def test_a_failed_test_is_counted_and_shown(totals):
    last, output, status = totals("Phase('bad'), Phase('good')")
    assert (last, status) == ("5 passed, 1 failed", 1)
    assert "1 failed, 2 passed in 0.10s" in output


def test_a_phase_that_breaks_off_has_failed_and_so_has_what_needs_it(totals, tmp_path):
    last, output, status = totals(
        "Phase('crash', has_tests=False), Phase('after-crash', after=('crash',)), Phase('good')"
    )
    assert (last, status) == ("3 passed, 2 failed", 1)
    assert "what went wrong" in output and not (tmp_path / "after-crash-was-run").exists()


def test_tests_that_nobody_counted_have_not_passed(totals):
    last, _, status = totals("Phase('silent')")
    assert (last, status) == ("0 passed, 1 failed", 1)


@pytest.mark.parametrize(
    "flags, left_out",
    [({"avx2", "avx512f"}, []), ({"avx2"}, ["test-level-v3"]), (set(), ["test-neon", "test-level-v3"])],
)
def test_kernels_are_tested_where_the_cpu_gives_something_to_compare_with(tool, flags, left_out, capsys):
    kept = [phase.target for phase in tool.sensible(tool.PHASES, flags)]
    assert [phase.target for phase in tool.PHASES if phase.target not in kept] == left_out
    assert capsys.readouterr().out.count("left out, since this CPU has no") == len(left_out)


def test_every_phase_is_a_target_of_the_makefile(tool, repository):
    makefile = (repository / "Makefile").read_text()
    for phase in tool.PHASES:
        assert f"\n{phase.target}:" in makefile, phase.target
        assert set(phase.after) <= {other.target for other in tool.PHASES}
