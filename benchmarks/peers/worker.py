"""One implementation on one workload, in a process of its own, at the word of its driver (run.py).

    python worker.py IMPLEMENTATION WORKLOAD DIRECTORY THREADS

Takes a command a line from standard input and answers each with a line of JSON: `prepare`, `compare`, `run SECONDS`.
libdnc's worker leaves its parameters and what it computed in DIRECTORY; the peers' workers take the one and are
compared with the other.
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

# The module of each implementation, and what its peer is made with.
IMPLEMENTATIONS = {
    "libdnc": ("libdnc", {}),
    "jax-tuned": ("jax_dnc", {"tuned": True}),
    "jax": ("jax_dnc", {}),
    "torch": ("torch_dnc", {}),
    "dnc-pypi": ("pypi_dnc", {}),
    "autograd": ("autograd_dnc", {}),
}
NOT_COMPARED = ("dnc-pypi",)  # another model: see pypi_dnc.py


def set_up(threads: int) -> None:
    """Before any numeric library is loaded: cores, numbers of threads, and memory, lest the machine swap."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ.pop("OPENBLAS_CORETYPE", None)  # a forced kernel may be slower than what the machine has
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    available = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_DATA, (available * 9 // 10,) * 2)


class Worker:
    """The commands. What loads NumPy is imported in them, after set_up."""

    def __init__(self, implementation: str, workload: str, directory: str, threads: str) -> None:
        import common

        self.implementation, self.threads = implementation, int(threads)
        self.k = common.workloads()[workload]
        self.reference = Path(directory) / f"{workload}.npz"
        self.compared_steps = 3 if self.k.N < 256 else 1  # the first already shows the gradients

    def prepare(self) -> dict:
        """Loads, builds and compiles."""
        import common
        import numpy as np

        module, options = IMPLEMENTATIONS[self.implementation]
        data = common.random_data(self.k)
        if self.implementation == "libdnc":
            self.peer = importlib.import_module(module).Peer(self.k, *data, self.threads)
            return {}
        with np.load(self.reference) as saved:
            parameters = {name: saved[f"parameter {name}"] for name in common.PARAMETERS}
        self.peer = importlib.import_module(module).Peer(self.k, parameters, *data, self.threads, **options)
        return {}

    def compare(self) -> dict:
        """The first steps: their losses (or outputs), and the gradient of each parameter in the first of them, as
        greatest differences from libdnc's, relative to the greatest magnitude."""
        import common
        import numpy as np

        if self.implementation == "libdnc":
            saved = {f"parameter {name}": value for name, value in self.peer.parameters().items()}
            if self.k.training:
                saved |= {f"gradient {name}": value for name, value in self.peer.gradients().items()}
            np.savez(self.reference, results=[self._result() for _ in range(self.compared_steps)], **saved)
            return {}
        if self.implementation in NOT_COMPARED:
            self.peer.step()
            return {}
        differences = {}
        results = [self._result()]
        with np.load(self.reference) as saved:
            if self.k.training:  # after one step Adam's first moment is the gradient, scaled
                for name, moment in self.peer.first_moments().items():
                    gradient = moment / np.float32(1 - common.BETA1)
                    differences[f"gradient of {name}"] = _difference(gradient, saved[f"gradient {name}"])
            results += [self._result() for _ in range(1, self.compared_steps)]
            differences["loss" if self.k.training else "output"] = _difference(results, saved["results"])
        return {"differences": differences}

    def _result(self):
        self.peer.step()
        return self.peer.result().copy()

    def run(self, seconds: str) -> dict:
        """The time of each step, of as many as begin within these seconds, and the peak of resident memory so far."""
        times = []
        end = time.perf_counter() + float(seconds)
        while not times or time.perf_counter() < end:
            begin = time.perf_counter()
            self.peer.step()
            times.append(time.perf_counter() - begin)
        return {"times": times, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _difference(found, expected) -> float:
    return float(abs(found - expected).max() / abs(expected).max())


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    set_up(int(sys.argv[4]))
    worker = Worker(*sys.argv[1:])
    for line in sys.stdin:
        command, *arguments = line.split()
        try:
            answer = {"prepare": worker.prepare, "compare": worker.compare, "run": worker.run}[command](*arguments)
        except Exception as error:  # whatever a framework raises is an answer
            answer = {"error": (f"{type(error).__name__}: {error}".strip().splitlines() or ["?"])[0][:200]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
