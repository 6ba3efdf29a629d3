"""The comparison with other implementations: it must run when somebody wants it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_comparison_runs():
    command = [sys.executable, ROOT / "benchmarks" / "peers" / "run.py", "--workloads", "IA", "--peers", "autograd"]
    environment = dict(os.environ, DNC_LIBRARY=str(ROOT / "build" / "libdnc.so"))
    result = subprocess.run(
        [*command, "--rounds", "1", "--seconds", "0.01"], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert "| IA " in result.stdout
