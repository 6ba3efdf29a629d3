"""The library without tasks and pictures, which `make LITE=1` builds."""

import re

import pytest
from programs import WARNINGS, needs, run
from support import CHECKOUT, HEADER

LIBRARY = CHECKOUT / "build" / "lite" / "libdnc.so"
# As docs/platforms.md has it.
LACKING = re.compile(r"dnc_(task_.*|image_.*|\w+_image_(write|encode)|film_(write|encode))")

pytestmark = pytest.mark.skipif(not LIBRARY.exists(), reason="not built: make LITE=1")

PROGRAM = r"""
#include <dnc.h>
#include <stdio.h>
#define CHECK(call) if ((call) != DNC_OK) return fprintf(stderr, "%s: %s\n", #call, dnc_last_error()), 1
int main(void) {
    dnc *net, *loaded;
    dnc_config config;
    static float inputs[8], outputs[8], again[8];
    uint8_t *bytes;
    size_t size;
    CHECK(dnc_self_test());
    CHECK(dnc_config_init(&config, sizeof config));
    config.input_size = config.output_size = 2;
    CHECK(dnc_create(&config, &net));
    CHECK(dnc_set_training(net, 1));
    inputs[2] = 1;
    CHECK(dnc_forward(net, 4, inputs, outputs));
    CHECK(dnc_backward(net, outputs, NULL));
    CHECK(dnc_checkpoint_encode(net, NULL, 0, &bytes, &size));
    CHECK(dnc_checkpoint_decode(bytes, size, &loaded, NULL));
    CHECK(dnc_forward(loaded, 4, inputs, again));
    for (int i = 0; i < 8; i++) if (outputs[i] != again[i]) return 2;
    dnc_buffer_free(bytes);
    dnc_free(net);
    dnc_free(loaded);
    return 0;
}
"""


@needs("nm")
def test_it_lacks_tasks_and_pictures_only():
    listing = run("nm", "-D", "--defined-only", LIBRARY)
    exported = {line.split()[-1].partition("@")[0] for line in listing.splitlines()} - {"DNC_0"}
    every = set((CHECKOUT / "Tests" / "interface" / "symbols.txt").read_text().split())
    assert exported == {name for name in every if not LACKING.fullmatch(name)}


@needs("readelf")
def test_it_needs_no_libpng():
    assert "png" not in run("readelf", "-d", LIBRARY)


def test_it_is_smaller():
    assert LIBRARY.stat().st_size < 700_000


@needs("gcc")
def test_networks_learn_and_are_saved(tmp_path):
    (tmp_path / "program.c").write_text(PROGRAM)
    run("gcc", "-std=c99", *WARNINGS, "-I", HEADER.parent, tmp_path / "program.c", "-o", tmp_path / "program", LIBRARY,
        f"-Wl,-rpath,{LIBRARY.parent}")  # fmt: skip
    run(tmp_path / "program")
