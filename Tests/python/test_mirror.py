"""dnc._c against include/dnc.h: every constant, struct field and function, its types, and the order."""

import ctypes
import re
import shutil
import subprocess
import types

import pytest
from dnc import _c
from pycparser import CParser, c_ast

# What stands in for the standard headers.
STANDARD = {
    "stddef.h": "typedef unsigned long size_t;",
    "stdint.h": "typedef unsigned char uint8_t; typedef int int32_t; typedef unsigned int uint32_t; "
    "typedef unsigned long uint64_t;",
}
MACROS = {"SIZE_MAX": str(ctypes.c_size_t(-1).value)}
SCALARS = {
    "char": ctypes.c_char,
    "int": ctypes.c_int,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "size_t": ctypes.c_size_t,
    "uint8_t": ctypes.c_uint8,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
}


class Header:
    """The header's declarations, name by name in its order, as what Python should have: the value of a constant,
    a ctypes type, the fields of a struct, or (result, arguments) of a function."""

    def __init__(self, text, folder):
        for name, content in STANDARD.items():
            (folder / name).write_text(content)
        compiler = next(filter(None, map(shutil.which, ["cc", "gcc", "clang"])))
        command = [compiler, "-E", "-P", "-nostdinc", f"-I{folder}", "-x", "c", "-"]
        plain = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
        self.declared = {}
        self.enums = set()
        self.structs = set()
        self.functions = set()
        for name, value in re.findall(r"^#define (DNC_\w+) (.+)$", text, re.MULTILINE):
            value = MACROS.get(value, value)
            self.declared[name] = value.strip('"') if value.startswith('"') else int(value, 0)
        for node in CParser().parse(plain).ext:
            self.add(node)

    def add(self, node):
        if isinstance(node, c_ast.Typedef) and node.name.startswith("dnc"):
            kind = node.type.type
            if isinstance(kind, c_ast.Enum):
                self.enums.add(node.name)
                self.declared[node.name] = ctypes.c_int
                self.add_constants(kind)
            elif isinstance(kind, c_ast.FuncDecl):
                parameters = [self.type(parameter.type) for parameter in kind.args.params]
                self.functions.add(node.name)
                self.declared[node.name] = ctypes.CFUNCTYPE(self.type(kind.type), *parameters)
            else:
                assert isinstance(kind, c_ast.Struct)
                self.structs.add(node.name)
                self.declared[node.name] = [(f.name, self.type(f.type)) for f in kind.decls or []]
        elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.Enum):
            self.add_constants(node.type)
        elif isinstance(node, c_ast.Decl):
            assert isinstance(node.type, c_ast.FuncDecl), node
            parameters = [self.type(parameter.type) for parameter in node.type.args.params]
            self.declared[node.name] = (self.type(node.type.type), [p for p in parameters if p is not None])

    def add_constants(self, enum):
        for constant in enum.values.enumerators:
            self.declared[constant.name] = int(constant.value.value, 0)

    def type(self, node):
        """The ctypes type of a C type."""
        if isinstance(node, c_ast.ArrayDecl):
            return self.type(node.type) * int(node.dim.value)
        if isinstance(node, c_ast.PtrDecl):
            name = self.name(node.type)
            if name in ("char", "void"):
                return ctypes.c_char_p if name == "char" else ctypes.c_void_p
            return ctypes.POINTER(self.type(node.type))
        name = self.name(node)
        if name in self.functions:
            return self.declared[name]
        if name == "void":
            return None
        if name in self.enums:
            return ctypes.c_int
        return getattr(_c, name) if name in self.structs else SCALARS[name]

    @staticmethod
    def name(node):
        return " ".join(node.type.names) if isinstance(node, c_ast.TypeDecl) else None


def mirrored(module):
    """The names that the module has of the header, in order, with what `Header.declared` has for them."""
    for name, value in vars(module).items():
        if not re.match(r"dnc(_|$)|DNC_", name):
            continue
        if isinstance(value, type) and issubclass(value, ctypes.Structure):
            assert value.__name__ == name
            yield name, list(getattr(value, "_fields_", []))
        elif not isinstance(value, type) and hasattr(value, "argtypes"):
            assert value.__name__ == name
            yield name, (value.restype, list(value.argtypes))
        else:
            yield name, value


def differences(text, module, folder):
    expected, actual = Header(text, folder).declared, dict(mirrored(module))
    found = [f"{name} is missing" for name in expected.keys() - actual.keys()]
    found += [f"{name} is not in the header" for name in actual.keys() - expected.keys()]
    for name in expected.keys() & actual.keys():
        if expected[name] != actual[name]:
            found.append(f"{name} is {actual[name]}, in the header {expected[name]}")
    macros = set(re.findall(r"^#define (\w+)", text, re.MULTILINE))  # stand anywhere
    orders = [[name for name in names if name not in macros] for names in (expected, actual)]
    if not found and orders[0] != orders[1]:
        first = next(pair for pair in zip(*orders) if pair[0] != pair[1])
        found.append("the header has {} where the module has {}".format(*first))
    return found


def test_module_is_the_header(header, tmp_path):
    assert differences(header.read_text(), _c, tmp_path) == []


def test_every_kind_of_declaration_was_seen(header, tmp_path):
    """So that a parser that finds nothing does not pass."""
    text = header.read_text()
    names = Header(text, tmp_path).declared
    without_comments = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert set(re.findall(r"\b(DNC_\w+)(?= =| \S)", without_comments)) - {"DNC_H"} <= names.keys()
    assert set(re.findall(r"\b(dnc\w*)\(", without_comments)) <= names.keys()
    assert set(re.findall(r"(?:typedef (?:\w+ )+|\} )(dnc\w*)[;(]", without_comments)) <= names.keys()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("#define DNC_VERSION_MINOR 1", "#define DNC_VERSION_MINOR 2"),
        ("#define DNC_VERSION_MAJOR 0", "#define DNC_VERSION_MAJOR 0\n#define DNC_VERSION_EXTRA 0"),
        ("#define DNC_VERSION_PATCH 0", ""),
        ("DNC_OUT_OF_MEMORY = 2,", "DNC_OUT_OF_MEMORY = 12,"),
        ("DNC_IMAGE_BARE = 1", "DNC_IMAGE_BARE = 1, DNC_IMAGE_MORE = 2"),
        ("DNC_FIELD_MEMORY = 0,", ""),
        ("    uint32_t memory_slots;", "    uint64_t memory_slots;"),
        ("    float clip_value;", ""),
        ("float beta1, beta2;", "float beta2, beta1;"),
        ("    size_t shape[4];", "    size_t shape[5];"),
        ("    char allowed[128];", "    char allowed[64];"),
        ("    uint64_t seed;", "    uint64_t seed; float more;"),
        ("void dnc_free(dnc *instance);", ""),
        ("void dnc_free(dnc *instance);", "void dnc_free(dnc *instance); void dnc_more(dnc *instance);"),
        ("void dnc_free(dnc *instance);", "int dnc_free(dnc *instance);"),
        ("const dnc *instance, const dnc_optimizer *optimizer", "const dnc *instance, const dnc *optimizer"),
        ("dnc_detach(dnc *instance)", "dnc_detach(dnc *instance, int more)"),
        ("size_t dnc_tensor_count(const dnc *", "uint32_t dnc_tensor_count(const dnc *"),
        ("const float *mask, double *value", "const float *mask, float *value"),
        ("size_t done, size_t total);", "size_t done, uint32_t total);"),
        ("typedef struct dnc_task dnc_task;", "typedef struct dnc_task { int a; } dnc_task;"),
        (
            "dnc_status dnc_optimizer_get_config(const dnc_optimizer *optimizer, dnc_optimizer_config *config);\n"
            "dnc_status dnc_optimizer_set_config(dnc_optimizer *optimizer, const dnc_optimizer_config *config);\n",
            "dnc_status dnc_optimizer_set_config(dnc_optimizer *optimizer, const dnc_optimizer_config *config);\n"
            "dnc_status dnc_optimizer_get_config(const dnc_optimizer *optimizer, dnc_optimizer_config *config);\n",
        ),
    ],
)
def test_a_changed_header_is_noticed(header, tmp_path, old, new):
    text = header.read_text()
    assert old in text
    assert differences(text.replace(old, new, 1), _c, tmp_path) != []


class Bigger(_c.dnc_config):
    _fields_ = [("more", ctypes.c_int)]


Bigger.__name__ = "dnc_config"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DNC_OK", 1),
        ("DNC_MORE", 9),
        ("dnc_status", ctypes.c_uint),
        ("dnc_config", Bigger),
        ("dnc_reset", _c.dnc_detach),
    ],
)
def test_a_changed_module_is_noticed(header, tmp_path, name, value):
    changed = types.SimpleNamespace(**{**vars(_c), name: value})
    with pytest.raises(AssertionError):
        assert differences(header.read_text(), changed, tmp_path) == []


def test_version_of_the_library():
    assert _c.dnc_version().decode() == _c.DNC_VERSION_STRING
    numbers = (_c.DNC_VERSION_MAJOR, _c.DNC_VERSION_MINOR, _c.DNC_VERSION_PATCH)
    assert ".".join(map(str, numbers)) == _c.DNC_VERSION_STRING


def test_status_words():
    for name in [name for name in vars(_c) if re.match("DNC_(OK|INVALID_|OUT_|IO_|BAD_|NOT_|CANCEL|INTERNAL)", name)]:
        assert _c.dnc_status_string(getattr(_c, name)).decode() == name
