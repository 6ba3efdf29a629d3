"""How many instructions the hot loops of the kernels take: `tools/count_instructions.py LIBRARY...`.

For libraries that are not stripped: .build-embedded/release/libdnc.so, and for Arm
.build-aarch64/aarch64-none-none-elf/release/libdnc-linked.so. It lists, of each kernel's functions, the innermost loop
with the most fused multiply-adds: its instructions, the products in all their lanes, how many instructions a product
takes, and how many of them keep a vector on the stack.
"""

import re
import subprocess
import sys
from typing import NamedTuple

KERNELS = {
    "linear, a product with a weight": ["addPanel", "addTile"],
    "content, a product with a slot's word": ["multiplyRows"],
    "reading, a product with a slot's word": ["sumRows"],
    "links forward, a product of a slot with a slot": ["linksForward", "wideForward"],
    "links backward, a product of a slot with a slot": ["linksBackward", "wideBackward"],
    "memory write": ["memoryWriteForward", "writeForward"],
}
LEVELS = {"KernelsV3": "x86-64-v3", "KernelsV4": "x86-64-v4", "KernelsNEON": "neon"}
# A fused multiply-add, and its lanes.
PRODUCTS = [(r"vfn?m(?:add|sub)\d+ps .*%zmm", 16), (r"vfn?m(?:add|sub)\d+ps .*%ymm", 8), (r"fml[as]\s+v\d+\.4s", 4)]
JUMP = re.compile(r"(?:j\w+|b|b\.\w+|cbn?z|tbn?z)\s(?:.*[\s,])?([0-9a-f]+) <")
# An operand in memory of the stack, and a register of a vector.
STACK = re.compile(r"(?=.*(?:\(%r[sb]p|\[(?:sp|x29)))(?=.*(?:%[xyz]mm|\b[qv]\d))")


class Loop(NamedTuple):
    instructions: int
    products: int
    on_stack: int

    def __str__(self):
        each = self.instructions / self.products
        counts = f"{self.instructions} instructions, {self.products} products"
        return f"{counts}, {each:.3f} a product, {self.on_stack} to the stack"


def functions(library):
    """{name: [(address, instruction)]}"""
    tool = "aarch64-linux-gnu-objdump" if "aarch64" in library else "objdump"
    command = [tool, "-d", "--no-show-raw-insn", library]
    found, body = {}, []
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.+)>:", line):
            body = found.setdefault(match[1], [])
        elif match := re.match(r"\s*([0-9a-f]+):\t(.*)", line):
            body.append((int(match[1], 16), match[2].replace("\t", " ")))
    return found


def loops(body):
    """The innermost ones: from a jump's target to the jump, with no other such pair between."""
    places = {address: index for index, (address, _) in enumerate(body)}
    pairs = []
    for index, (address, instruction) in enumerate(body):
        match = JUMP.match(instruction)
        target = int(match[1], 16) if match else address + 1
        if target <= address and target in places:
            pairs.append((places[target], index))
    for start, end in pairs:
        if not any((a, b) != (start, end) and start <= a and b <= end for a, b in pairs):
            yield [instruction for _, instruction in body[start : end + 1]]


def measured(loop):
    products = sum(lanes for line in loop for pattern, lanes in PRODUCTS if re.match(pattern, line))
    return Loop(len(loop), products, sum(bool(STACK.match(line)) for line in loop))


def main():
    for library in sys.argv[1:]:
        bodies = functions(library)
        for module, level in LEVELS.items():
            for what, names in KERNELS.items():
                bodies_of_kernel = [
                    body
                    for name, body in bodies.items()
                    if module in name and any(re.search(rf"{len(part)}{part}", name) for part in names)
                ]
                found = [measured(loop) for body in bodies_of_kernel for loop in loops(body)]
                found = [loop for loop in found if loop.products]
                if found:
                    print(f"{level}: {what}: {max(found, key=lambda loop: loop.products)}")


if __name__ == "__main__":
    main()
