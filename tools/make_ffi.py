"""Writes the interface for other languages from include/dnc.h: `tools/make_ffi.py [CHECKOUT [FILE...]]`.

include/dnc_ffi.h has its declarations as plain text, for LuaJIT and for Python's cffi: no comments, no preprocessor.
bindings/rust/src/sys.rs has them in Rust, by bindgen. `make ffi` writes both; a test compares.
"""

import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from pycparser import CParser, c_ast, c_generator

ROOT = Path(__file__).resolve().parents[1]
HEADER = ROOT / "include" / "dnc.h"
# What stands in for the standard headers. Their types are known to every reader of dnc_ffi.h.
STANDARD = {
    "stddef.h": "typedef unsigned long size_t;",
    "stdint.h": "typedef unsigned char uint8_t; typedef int int32_t; typedef unsigned int uint32_t;"
    " typedef unsigned long uint64_t;",
}


@contextmanager
def standard_headers():
    with tempfile.TemporaryDirectory() as folder:
        for name, content in STANDARD.items():
            Path(folder, name).write_text(content)
        yield folder


def declarations():
    """Those of the header, without those of the standard ones."""
    with standard_headers() as folder:
        command = ["cc", "-E", "-P", "-nostdinc", "-I", folder, HEADER]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [found for found in CParser().parse(text).ext if not (found.name or "").endswith("_t")]


def macros():
    """{name: value} of the whole numbers that the header defines."""
    return {name: int(value) for name, value in re.findall(r"^#define (DNC_\w+) (\d+)$", HEADER.read_text(), re.M)}


def plain(found):
    lines = ["/* The declarations of dnc.h as plain text; tools/make_ffi.py writes it. dnc.h is the manual. */"]
    lines += [f"enum {{ {name} = {value} }};" for name, value in macros().items()]
    writer = c_generator.CGenerator()
    for one in found:
        text = writer.visit(one)
        lines.append(text if text.endswith(";") else f"{text};")
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------------------------------- Rust --

HANDLES = "dnc_network|dnc_task|dnc_optimizer"
OPTIONS = {
    "no-copy": HANDLES, "no-debug": HANDLES, "allowlist-type": "dnc_.*", "allowlist-function": "dnc_.*",
    "allowlist-var": "DNC_.*", "blocklist-item": "DNC_STEP_NOW", "ctypes-prefix": "c", "default-enum-style": "consts",
}  # fmt: skip
SWITCHES = ["--no-layout-tests", "--no-prepend-enum-name", "--size_t-is-usize"]
RUST = """//! The functions of dnc.h as they are, with its comments; tools/make_ffi.py writes it by {bindgen}.
#![allow(non_camel_case_types, rustdoc::broken_intra_doc_links)] // [B] is a shape
use std::os::raw as c;

pub const DNC_STEP_NOW: usize = usize::MAX;
"""


def rust(found):
    with standard_headers() as folder:
        options = [f"--{name}={value}" for name, value in OPTIONS.items()]
        command = ["bindgen", HEADER, *SWITCHES, *options, "--", "-fparse-all-comments", "-nostdinc", "-I", folder]
        text = subprocess.run(command, capture_output=True, text=True, check=True, env=with_libclang()).stdout
    version, text = text.split("\n\n", 1)
    text = re.sub(r'^ *#\[doc = " -{5,} [^"]*"\]\n', "", text, flags=re.M)  # the rules between the header's sections
    text = re.sub(r'#\[doc = "(.*)"\]$', lambda line: "///" + re.sub(r"\\(.)", r"\1", line[1]), text, flags=re.M)
    text = text.replace(';\n}\nextern "C" {\n', ";\n")  # one block for all functions that follow each other
    text = re.sub(r"(^ *///.*\n)*^pub type _bindgen_ty_\d+ = .*\n", "", text, flags=re.M)
    text = re.sub(r"\b_bindgen_ty_\d+\b", "u32", text)
    missing = [name for name in names(found) if not re.search(rf"\b{name}\b", text)]
    if missing:
        sys.exit(f"bindgen has left out {', '.join(missing)}: does its libclang come from tools/setup.sh languages?")
    return RUST.format(bindgen=re.search(r"bindgen [\d.]+", version)[0]) + text


def with_libclang():
    """The environment for bindgen. Debian 12's sees no anonymous enums through a newer libclang, such as Swift's."""
    its_own = Path("/usr/lib/llvm-14/lib")
    return {**({"LIBCLANG_PATH": str(its_own)} if its_own.exists() else {}), **os.environ}


def names(found):
    """Of functions, types and constants."""
    for one in found:
        kind = one.type.type if isinstance(one.type, c_ast.TypeDecl) else one.type
        if one.name:
            yield one.name
        if isinstance(kind, c_ast.Enum) and kind.values:
            yield from (constant.name for constant in kind.values.enumerators)


FILES = {"include/dnc_ffi.h": plain, "bindings/rust/src/sys.rs": rust}


def main(folder=ROOT, *names):
    found = declarations()
    for name in names or FILES:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[name](found))


if __name__ == "__main__":
    main(*sys.argv[1:])
