"""Programs in C for 64-bit Arm, and episodes that one of them plays."""

import numpy as np
from programs import WARNINGS, run
from support import CHECKOUT, HEADER

ON_ARM = CHECKOUT / "tools" / "on_aarch64.sh"
SELF_TEST = "#include <dnc.h>\n#include <stdio.h>\nint main(void) { puts(dnc_build_info()); return dnc_self_test(); }\n"


def compiler(once, library):
    """compile("Tests/interface/threads.c", ...) compiles a program for the library in a folder, once."""

    def compile(source, *flags):
        source = CHECKOUT / source
        return once(f"arm-{source.stem}-{library.name}", lambda program: run(
            "aarch64-linux-gnu-gcc", "-std=gnu11", "-O1", *WARNINGS, "-I", HEADER.parent, source, "-o", program, *flags,
            library / "libdnc.so.0", f"-Wl,--disable-new-dtags,-rpath,{library}", "-lm", "-pthread", "-ldl",
            "-Wl,--allow-shlib-undefined",
        ))  # fmt: skip

    return compile


def run_arm(program, *arguments, level="neon", **options):
    return run(ON_ARM, "-E", f"DNC_CPU={level}", program, *arguments, **options)


class Replayed:
    """An episode of a network of this machine, on Arm."""

    def __init__(self, arm, folder, net, inputs, output_gradients, level="neon"):
        net.save(folder / "net.safetensors")
        for name, values in {"inputs": inputs, "gradients": output_gradients}.items():
            (folder / name).write_bytes(np.ascontiguousarray(values, np.float32).tobytes())
        files = [folder / name for name in ("inputs", "gradients", f"results-{level}")]
        run_arm(arm("Tests/aarch64/replay.c"), folder / "net.safetensors", len(inputs), *files, level=level)
        numbers = np.fromfile(files[-1], np.float32)
        shapes = [output_gradients.shape, (inputs.shape[1], net.state_size), inputs.shape, net.gradients.shape]
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        assert len(numbers) == ends[-1]
        parts = [part.reshape(shape) for part, shape in zip(np.split(numbers, ends[:-1]), shapes)]
        self.outputs, self.rows, self.input_gradients, self.gradients = parts
