"""Writes the interface for other languages from include/dnc.h: `tools/make_ffi.py [FOLDER]`, FOLDER being the checkout.

include/dnc_ffi.h has its declarations as plain text, for LuaJIT and for Python's cffi: no comments, no preprocessor.
bindings/rust/src/sys.rs has them in Rust. `make ffi` writes both; a test compares.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from pycparser import CParser, c_ast, c_generator

ROOT = Path(__file__).resolve().parents[1]
# What stands in for the standard headers. Their types are known to every reader of dnc_ffi.h.
STANDARD = {
    "stddef.h": "typedef unsigned long size_t;",
    "stdint.h": "typedef unsigned char uint8_t; typedef int int32_t; typedef unsigned int uint32_t;"
    " typedef unsigned long uint64_t;",
}
RUST = {
    "char": "c_char", "int": "c_int", "float": "f32", "double": "f64", "void": "c_void", "size_t": "usize",
    "uint8_t": "u8", "int32_t": "i32", "uint32_t": "u32", "uint64_t": "u64",
}  # fmt: skip
RESERVED = {"type", "in", "move", "where", "mod"}


def declarations():
    """Those of the header, without those of the standard ones."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in STANDARD.items():
            Path(folder, name).write_text(content)
        command = ["cc", "-E", "-P", "-nostdinc", "-I", folder, ROOT / "include" / "dnc.h"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    known = set(RUST)
    return [found for found in CParser().parse(text).ext if getattr(found, "name", None) not in known]


def macros():
    """{name: value} of the whole numbers that the header defines."""
    text = (ROOT / "include" / "dnc.h").read_text()
    return {name: int(value) for name, value in re.findall(r"^#define (DNC_\w+) (\d+)$", text, re.M)}


def plain(found):
    lines = ["/* The declarations of dnc.h as plain text; tools/make_ffi.py writes it. dnc.h is the manual. */"]
    lines += [f"enum {{ {name} = {value} }};" for name, value in macros().items()]
    writer = c_generator.CGenerator()
    for one in found:
        text = writer.visit(one)
        lines.append(text if text.endswith(";") else f"{text};")
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------------------------------- Rust --


def rust(found):
    lines = [
        "//! The functions of dnc.h as they are; tools/make_ffi.py writes it. dnc.h is the manual.",
        "#![allow(non_camel_case_types)]",
        "use std::os::raw::{c_char, c_int, c_uint, c_void};",
        "",
    ]
    lines += [f"pub const {name}: u32 = {value};" for name, value in macros().items()]
    functions = []
    for one in found:
        if isinstance(one, c_ast.Typedef):
            lines += rust_type(one)
        elif isinstance(one, c_ast.Decl) and isinstance(one.type, c_ast.FuncDecl):
            functions.append(f"    pub fn {one.name}{signature(one.type)};")
        elif isinstance(one, c_ast.Decl) and isinstance(one.type, c_ast.Enum):
            lines += constants(one.type, "u32")
    return "\n".join([*lines, "", 'extern "C" {', *functions, "}"]) + "\n"


def rust_type(definition):
    kind = definition.type.type if isinstance(definition.type, c_ast.TypeDecl) else definition.type
    name = definition.name
    if isinstance(kind, c_ast.Enum):
        return [f"pub type {name} = c_uint;", *constants(kind, name)]
    if isinstance(kind, c_ast.Struct) and kind.decls is None:
        return ["#[repr(C)]", f"pub struct {name} {{", "    _private: [u8; 0],", "}"]
    if isinstance(kind, c_ast.Struct):
        fields = [f"    pub {escaped(field.name)}: {rust_name(field.type)}," for field in kind.decls]
        return ["#[repr(C)]", "#[derive(Clone, Copy)]", f"pub struct {name} {{", *fields, "}"]
    return [f"pub type {name} = {rust_name(definition.type)};"]


def constants(enum, type):
    value, lines = -1, []
    for one in enum.values.enumerators if enum.values else []:
        text = c_generator.CGenerator().visit(one.value) if one.value else None
        value = value + 1 if text is None else eval(re.sub(r"(?<=\d)[uUlL]+", "", text), {})
        lines.append(f"pub const {one.name}: {type} = {value};")
    return lines


def signature(function):
    arguments = function.args.params if function.args else []
    named = [one for one in arguments if isinstance(one, c_ast.Decl)]
    listed = ", ".join(f"{escaped(one.name)}: {rust_name(one.type)}" for one in named)
    result = rust_name(function.type)
    return f"({listed})" + ("" if result == "c_void" else f" -> {result}")


def rust_name(kind):
    if isinstance(kind, c_ast.PtrDecl) and isinstance(kind.type, c_ast.FuncDecl):
        return f'Option<unsafe extern "C" fn{signature(kind.type)}>'
    if isinstance(kind, c_ast.PtrDecl):
        mutability = "const" if "const" in kind.type.quals else "mut"
        return f"*{mutability} {rust_name(kind.type)}"
    if isinstance(kind, c_ast.ArrayDecl):
        return f"[{rust_name(kind.type)}; {kind.dim.value}]"
    names = kind.type.names if isinstance(kind.type, c_ast.IdentifierType) else [kind.type.name]
    return RUST.get(names[-1], names[-1])


def escaped(name):
    return f"r#{name}" if name in RESERVED else name


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    found = declarations()
    for name, write in {"include/dnc_ffi.h": plain, "bindings/rust/src/sys.rs": rust}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(write(found))


if __name__ == "__main__":
    main()
