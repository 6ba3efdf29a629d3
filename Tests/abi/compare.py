"""What a program that was compiled against the first description misses in the second (describe.py makes them).

    python compare.py BEFORE.abi AFTER.abi

Functions, constants, types, and fields at the end of a struct that begins with its size may be added. Everything else
is a break, and the exit status is 1. `abidiff BEFORE.abi AFTER.abi` says more, but calls additions changes too.
"""

import sys
import xml.etree.ElementTree as Tree


class Interface:
    """Everything by name, types as text."""

    def __init__(self, path):
        root = Tree.parse(path).getroot()
        self.types = {element.get("id"): element for element in root.iter() if element.get("id")}
        self.symbols = {f"{symbol.get('name')}@{symbol.get('version')}" for symbol in root.iter("elf-symbol")}
        self.soname = root.get("soname")
        self.functions = {f.get("name"): self.signature(f) for f in root.iter("function-decl")}
        self.structs = {
            struct.get("name"): [
                (member.get("layout-offset-in-bits"), self.text(v.get("type-id")), v.get("name"))
                for member in struct.iter("data-member")
                for v in member.iter("var-decl")
            ]
            for struct in root.iter("class-decl")
            if struct.get("is-declaration-only") != "yes"
        }
        self.constants = {c.get("name"): c.get("value") for c in root.iter("enumerator")}
        self.typedefs = {t.get("name"): self.text(t.get("type-id")) for t in root.iter("typedef-decl")}

    def signature(self, function):
        parameters = [self.text(parameter.get("type-id")) for parameter in function.findall("parameter")]
        return f"{self.text(function.find('return').get('type-id'))} ({', '.join(parameters)})"

    def text(self, id):
        """Named types by their names: what they are is compared on its own. No compiled program contains the tag of a
        struct without fields."""
        type = self.types[id]
        if type.get("is-declaration-only") == "yes":
            return "struct"
        if type.get("name") and not type.get("is-anonymous"):
            return f"{type.get('name')}/{type.get('size-in-bits')}" if type.tag == "type-decl" else type.get("name")
        if type.tag == "pointer-type-def":
            return self.text(type.get("type-id")) + " *"
        if type.tag == "qualified-type-def":
            return ("const " if type.get("const") == "yes" else "volatile ") + self.text(type.get("type-id"))
        if type.tag == "array-type-def":
            return f"{self.text(type.get('type-id'))}[{type.find('subrange').get('length')}]"
        if type.tag == "function-type":
            return self.signature(type)
        return type.tag


def breaks(before, after):
    """Sentences."""
    before, after = Interface(before), Interface(after)
    if before.soname != after.soname:
        yield f"the soname was {before.soname}, is {after.soname}"
    for symbol in sorted(before.symbols - after.symbols):
        yield f"the symbol {symbol} is gone"
    for kind in ("functions", "constants", "typedefs"):
        for name, was in getattr(before, kind).items():
            found = getattr(after, kind).get(name)
            if found != was:
                yield f"{name} was {was}, is {found}"
    for name, fields in before.structs.items():
        if name not in after.structs:
            yield f"{name} is gone"
        for index, field in enumerate(fields):
            present = after.structs.get(name, [])[index : index + 1]
            if present != [field]:
                yield f"{name}: the field was {field}, is {present}"
        if fields and fields[0][2] != "struct_size" and len(after.structs.get(name, [])) > len(fields):
            yield f"{name} does not begin with its size, so it can't grow"


if __name__ == "__main__":
    found = list(breaks(*sys.argv[1:]))
    print("\n".join(found) or "nothing is missing")
    sys.exit(bool(found))
