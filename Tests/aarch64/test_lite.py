"""The library for 64-bit Arm without tasks and pictures, under QEMU: what make test runs of Arm, beside the kernels.

`make test-aarch64` runs all tests of the interface with the whole library instead.
"""

import json

import pytest
from on_arm import SELF_TEST, Replayed, compiler, run_arm
from programs import needs
from support import CHECKOUT, assert_close
from test_golden import ALL, NOT_COMPARED, SLOT_TOLERANCE, SLOT_WISE, TOLERANCE, VALUES_ONLY, create, read

LIBRARY = CHECKOUT / "build" / "aarch64" / "lite"

pytestmark = [
    needs("qemu-aarch64", "aarch64-linux-gnu-gcc"),
    pytest.mark.skipif(not (LIBRARY / "libdnc.so").exists(), reason="not built: make test-neon"),
]


@pytest.fixture(scope="session")
def lite(once):
    return compiler(once, LIBRARY)


def test_itself(lite, tmp_path):
    (tmp_path / "self_test.c").write_text(SELF_TEST)
    info = json.loads(run_arm(lite(tmp_path / "self_test.c")))
    assert info["architecture"] == "arm64" and info["kernels"] == "neon"


@pytest.mark.parametrize("name", sorted(ALL - NOT_COMPARED))
def test_golden_numbers(lite, tmp_path, name):
    metadata, expected = read(name)
    net = create(metadata["config"])
    for key, (values, _) in net.tensors().items():
        values[...] = expected[f"param.{key}"]
    replayed = Replayed(lite, tmp_path, net, expected["inputs"], expected["output_gradients"])
    assert_close(replayed.outputs, expected["outputs"], TOLERANCE, "outputs")
    assert_close(replayed.input_gradients, expected["input_gradients"], TOLERANCE, "input gradients")
    net.gradients[...] = replayed.gradients
    for key, (_, gradients) in net.tensors().items():
        assert_close(gradients, expected[f"grad.{key}"], TOLERANCE, f"gradient of {key}")
    net.set_state_rows(replayed.rows)
    for field in net.fields:
        if f"final.{field}" in expected and not (field in SLOT_WISE and name in VALUES_ONLY):
            tolerance = SLOT_TOLERANCE if field in SLOT_WISE else TOLERANCE
            assert_close(net.state(field), expected[f"final.{field}"], tolerance, f"final {field}")
