"""The binary interface of include/dnc.h, as libabigail sees it.

    python describe.py OUTPUT.abi [HEADER]

The library is stripped and in Swift, so the description is that of a C library which defines every function of the
header and knows its types. That the true library has the same functions is tested in Tests/interface/test_build.py.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def describe(output, header=CHECKOUT / "include" / "dnc.h"):
    text = re.sub(r"/\*.*?\*/|^#.*?$", "", Path(header).read_text(), flags=re.S | re.M)
    source = ["#include <dnc.h>"]
    for result, name, parameters in re.findall(r"\b((?:const )?\w+ \**)(dnc_\w+)\(([^;]*)\);", text):
        body = "" if result == "void " else " return 0; "
        source.append(f"{result}{name}({' '.join(parameters.split())}) {{{body}}}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "interface.c").write_text("\n".join(source) + "\n")
        command = ["gcc", "-g", "-O0", "-shared", "-fPIC", "-fno-eliminate-unused-debug-types", "-w",
                   f"-Wl,--version-script={CHECKOUT / 'dnc.map'},-soname,libdnc.so.0", "-I", Path(header).parent,
                   "interface.c", "-o", "libdnc.so.0"]  # fmt: skip
        subprocess.run(list(map(str, command)), check=True, cwd=folder)
        command = ["abidw", "--load-all-types", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs",
                   "--out-file", Path(output).resolve(), "libdnc.so.0"]  # fmt: skip
        subprocess.run(list(map(str, command)), check=True, cwd=folder)


if __name__ == "__main__":
    describe(*map(Path, sys.argv[1:]))
