"""What the numbers and the text of a checkpoint may be: a checksum, finite values, strict JSON, the types that are
converted, and files that are something else."""

import json
import zlib

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from support import ALGORITHMS, Net, Optimizer, Refused, assert_equal, c, load
from test_checkpoint import (
    TINY,
    build,
    header_of,
    metadata_checksum,
    read,
    sealed,
    trained,
    without_checksums,
)  # fmt: skip

pytestmark = pytest.mark.any_level


CHECKSUM = "data.crc32"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a checkpoint with Adam's averages."""
    net = Net(**TINY)
    optimizer = Optimizer(net)
    path = tmp_path_factory.mktemp("good") / "net.safetensors"
    trained(net, optimizer).save(path, optimizer)
    return path.read_bytes()


@pytest.fixture
def attempt(tmp_path):
    """Loads bytes: the network and its optimizer, or Refused."""

    def load_bytes(data):
        path = tmp_path / "file.safetensors"
        path.write_bytes(data)
        return load(path)

    return load_bytes


def refusal(attempt, data):
    """The sentence, behind the path."""
    with pytest.raises(Refused) as refused:
        attempt(data)
    assert refused.value.status == c.DNC_BAD_FORMAT
    path, _, sentence = refused.value.message.partition(": ")
    assert path.endswith("file.safetensors")
    return sentence


def changed(data, name, index, value):
    """The same with another number, and without checksums, which would notice."""
    header, tensors = header_of(without_checksums(data))
    begin, end = header[name]["data_offsets"]
    values = np.frombuffer(tensors[begin:end], "<f4").copy()
    values[index] = value
    return build(header, tensors[:begin] + values.tobytes() + tensors[end:])


# ------------------------------------------------------------------------------------ checksum --


@pytest.mark.parametrize("algorithm", [None, *ALGORITHMS])
def test_the_checksum_is_that_of_zlib(algorithm, tmp_path):
    net = Net()
    optimizer = Optimizer(net, algorithm=ALGORITHMS[algorithm]) if algorithm else None
    if optimizer:
        trained(net, optimizer)
    net.save(tmp_path / "net", optimizer)
    header, data = header_of((tmp_path / "net").read_bytes())
    assert int(header["__metadata__"][CHECKSUM]) == zlib.crc32(data)


def test_every_byte_of_the_data_counts(good, attempt):
    """Also for whoever leaves the optimizer in the file, and whatever else the byte would have done."""
    _, data = header_of(good)
    for at in range(len(good) - len(data), len(good)):
        damaged = bytearray(good)
        damaged[at] ^= 1
        assert f'and "{CHECKSUM}" {zlib.crc32(data)}' in refusal(attempt, bytes(damaged)) or "tensor" in refusal(
            attempt, bytes(damaged)
        )


def test_files_without_a_checksum_load(good, attempt):
    """And with one that is right, in any order of the tensors; not with one that isn't."""
    header, data = header_of(good)
    again, optimizer = attempt(without_checksums(good))
    assert_equal(again.parameters, attempt(good)[0].parameters)
    assert optimizer.steps == 3
    for wrong in ("0", "4294967295"):
        header["__metadata__"][CHECKSUM] = wrong
        assert f'and "{CHECKSUM}" {wrong}' in refusal(attempt, build(sealed(header), data))
    header["__metadata__"][CHECKSUM] = "4294967296"
    assert refusal(attempt, build(header, data)) == f"metadata: {CHECKSUM} is 4294967296, which is too large"


# -------------------------------------------------------------------------- the metadata's own --


def content(loaded, folder):
    """All that was loaded, as bytes."""
    net, optimizer = loaded
    net.save(folder / "content", optimizer)
    return (folder / "content").read_bytes()


@pytest.mark.parametrize("bit", [0, 1, 5])
def test_every_byte_of_the_header_counts(good, attempt, tmp_path, bit):
    """It makes the file refused, or makes no difference."""
    refused = 0
    for at in range(8 + int.from_bytes(good[:8], "little")):
        damaged = bytearray(good)
        damaged[at] ^= 1 << bit
        try:
            loaded = attempt(bytes(damaged))
        except Refused as error:
            assert error.status == c.DNC_BAD_FORMAT
            refused += 1
        else:
            assert content(loaded, tmp_path) == good, f"byte {at}: {damaged[at - 30 : at + 30]}"
    assert refused > 1000


def test_the_checksum_of_the_metadata(good, attempt):
    """Every entry of ours counts, present or missing, even where the default is what it says; the others' don't."""
    header, data = header_of(good)
    metadata = header["__metadata__"]
    assert metadata["metadata.crc32"] == metadata_checksum(metadata)
    for key in metadata.keys() - {"format", "optimizer.algorithm", CHECKSUM, "metadata.crc32"}:
        fewer = {other: value for other, value in metadata.items() if other != key}
        assert "somebody changed its metadata" in refusal(attempt, build({**header, "__metadata__": fewer}, data))
        more = {**metadata, key: metadata[key] + "0" if "." in metadata[key] else "0" + metadata[key]}
        assert "somebody changed its metadata" in refusal(attempt, build({**header, "__metadata__": more}, data))
    attempt(build({**header, "__metadata__": {**metadata, "comment": "mine", "configuration": "too"}}, data))


@pytest.mark.parametrize("here, missing", [(CHECKSUM, "metadata.crc32"), ("metadata.crc32", CHECKSUM)])
def test_one_checksum_without_the_other(good, attempt, here, missing):
    header, data = header_of(good)
    del header["__metadata__"][missing]
    sentence = refusal(attempt, build(header, data))
    assert sentence == f'the file is damaged: its metadata has "{here}", but no "{missing}"'


@pytest.mark.parametrize(
    "key", ["config.memozy_slots", "optimizer.step_counu", "data.crc33", "config.", "config.reserved"]
)
@pytest.mark.parametrize("has_checksums", [True, False])
def test_a_field_that_nobody_knows_is_named(good, attempt, key, has_checksums):
    """Whether it is misspelt or newer."""
    header, data = header_of(good if has_checksums else without_checksums(good))
    header["__metadata__"][key] = "1"
    sentence = refusal(attempt, build(sealed(header) if has_checksums else header, data))
    assert sentence == (
        f'metadata: this library knows no "{key}": the file was made with a newer library, or is damaged'
    )


def test_a_misspelt_algorithm_leaves_no_optimizer_out(good, attempt):
    header, data = header_of(without_checksums(good))
    header["__metadata__"]["optimizer.algorithn"] = header["__metadata__"].pop("optimizer.algorithm")
    assert 'this library knows no "optimizer.' in refusal(attempt, build(header, data))


# ------------------------------------------------------------------------------------- numbers --


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_parameters_that_are_not_finite_are_not_saved(tmp_path, value):
    """The first of them is named, and what was there before stays."""
    net = Net()
    (tmp_path / "net").write_bytes(b"old")
    tensors = net.tensors()
    tensors["interface.weight"][0][1, 2] = value
    tensors["output.bias"][0][0] = value
    with pytest.raises(Refused) as refused:
        net.save(tmp_path / "net")
    assert refused.value.status == c.DNC_NOT_FINITE
    index = np.ravel_multi_index((1, 2), tensors["interface.weight"][0].shape)
    assert refused.value.message == f"interface.weight[{index}] is {value}; nothing was saved"
    assert (tmp_path / "net").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["controller.0.bias", "output.weight", "optimizer.first", "optimizer.second"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_not_loaded(good, attempt, name, value):
    assert refusal(attempt, changed(good, name, 1, value)) == f'tensor "{name}"[1] is {value}'


def test_a_mean_of_squares_is_not_negative(good, attempt):
    assert refusal(attempt, changed(good, "optimizer.second", 2, -1)) == 'tensor "optimizer.second"[2] is -1'
    attempt(changed(good, "optimizer.second", 2, -0.0))
    attempt(changed(good, "optimizer.first", 2, -1))


def bfloat16(values):
    """The upper halves of single precision, as bytes."""
    return (np.ascontiguousarray(values, "<f4").view("<u4") >> 16).astype("<u2").tobytes()


TYPES = {
    "F16": lambda values: values.astype("<f2").tobytes(),
    "BF16": bfloat16,
    "F64": lambda values: values.astype("<f8").tobytes(),
}
SPECIAL = np.array([0, -0.0, 1, -2.5, 65504, 2**-24, -(2**-14), 2**-14 - 2**-24, 0.333251953125], np.float32)


def converted(good, dtype, names):
    """The file with some tensors in another type, and what they mean then."""
    header, data = header_of(good)
    result, parts, means = {"__metadata__": header.pop("__metadata__")}, [], {}
    offset = 0
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], "<f4").copy()
        if name in names:
            values[: len(SPECIAL)] = SPECIAL[: len(values)]
            part = TYPES[dtype](np.abs(values) if name == "optimizer.second" else values)
            width = {"F16": "<f2", "F64": "<f8"}.get(dtype)
            back = np.frombuffer(part, width) if width else np.frombuffer(part, "<u2").astype("<u4") << 16
            means[name] = back.astype(np.float32) if width else back.view("<f4")
            entry = {**entry, "dtype": dtype}
        else:
            part = data[begin:end]
        result[name] = {**entry, "data_offsets": [offset, offset + len(part)]}
        parts.append(part)
        offset += len(part)
    return build(result, b"".join(parts)), means


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("names", [("controller.0.weight_ih",), None])
def test_other_types_are_converted(good, attempt, tmp_path, dtype, names):
    """One tensor or all of them; the file still says the checksum of what it was converted from."""
    header, _ = header_of(good)
    names = names or [name for name in header if name != "__metadata__"]
    data, means = converted(good, dtype, names)
    net, optimizer = attempt(data)
    for name, values in means.items():
        if not name.startswith("optimizer."):
            assert_equal(net.tensors()[name][0].ravel(), values, name)
    net.save(tmp_path / "again", optimizer)
    for name, values in read(tmp_path / "again")[1].items():
        if name in means:
            assert_equal(values.ravel(), means[name], name)


def test_what_the_safetensors_package_converted(good, attempt, tmp_path):
    (tmp_path / "net").write_bytes(good)
    metadata, tensors = read(tmp_path / "net")
    half = {name: values.astype(np.float16) for name, values in tensors.items()}
    save_file(half, tmp_path / "half", metadata=metadata)
    net, _ = load(tmp_path / "half")
    for name, (values, _) in net.tensors().items():
        assert_equal(values, half[name].astype(np.float32), name)


def test_what_single_precision_does_not_hold(good, attempt):
    """Finite in the file, infinite here; and what is not finite in half precision."""
    header, data = header_of(without_checksums(good))
    name, entry = next((name, entry) for name, entry in header.items() if name != "__metadata__")
    shift = entry["data_offsets"][1]
    for dtype, number, said in (
        ("F64", np.float64(1e300), "1e+300, which is too large for single precision"),
        ("F64", np.float64(-1e39), "-1e+39, which is too large for single precision"),
        ("F16", np.float16(np.inf), "inf"),
        ("F64", np.float64(np.nan), "nan"),
    ):
        count = int(np.prod(entry["shape"]))
        values = np.zeros(count, number.dtype)
        values[count - 1] = number
        moved = {
            key: value if key == "__metadata__" else {
                **value, "data_offsets": [at - shift + values.nbytes for at in value["data_offsets"]]
            }
            for key, value in header.items()
        }  # fmt: skip
        moved[name] = {**entry, "dtype": dtype, "data_offsets": [0, values.nbytes]}
        sentence = refusal(attempt, build(moved, values.tobytes() + data[shift:]))
        assert sentence == f'tensor "{name}"[{count - 1}] is {said}'


@pytest.mark.parametrize("dtype", ["I32", "U8", "BOOL", "F8_E4M3", "f32"])
def test_types_that_are_no_numbers_for_us(good, attempt, dtype):
    header, data = header_of(good)
    header["output.bias"]["dtype"] = dtype
    sentence = refusal(attempt, build(header, data))
    assert sentence == f'tensor "output.bias" has the dtype "{dtype}", allowed are F32, F16, BF16 and F64'


@pytest.mark.parametrize(
    "name, shape, said",
    [
        ("interface.bias", [1], "has the shape [1], its configuration wants [{}]"),
        ("interface.bias", [1, "all"], "has the shape [1, {}], its configuration wants [{}]"),
        ("interface.bias", ["all", 0], "has the shape [{}, 0], its configuration wants [{}]"),
        ("controller.0.weight_ih", [2, 4], "has the shape [2, 4], its configuration wants [4, 2]"),
        ("controller.0.weight_ih", [8], "has the shape [8], its configuration wants [4, 2]"),
        (
            "controller.0.weight_ih",
            [4, 1, 1],
            "is not described by a dtype, a shape of 1 or 2 sizes and 2 data_offsets",
        ),
    ],
)
def test_another_shape(good, attempt, name, shape, said):
    """Even one with as many numbers."""
    header, data = header_of(good)
    (count, *_) = header[name]["shape"]
    header[name]["shape"] = [count if size == "all" else size for size in shape]
    sentence = refusal(attempt, build(header, data))
    assert sentence == f'tensor "{name}" {said.replace("{}", str(count))}'


def test_what_else_is_there_is_named(good, attempt):
    header, data = header_of(good)
    header["embedding.weight"] = {"dtype": "F32", "shape": [2], "data_offsets": [len(data), len(data) + 8]}
    sentence = refusal(attempt, build(header, data + bytes(8)))
    assert sentence == 'it has a tensor "embedding.weight", which its configuration does not know'
    del header["embedding.weight"], header["output.bias"]
    assert refusal(attempt, build(header, data)) == 'tensor "output.bias" of its configuration is missing'


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("config.batch_size", "99999999999", "which is too large"),
        ("config.batch_size", "9" * 30, "which is too large"),
        ("optimizer.step_count", "18446744073709551616", "which is too large"),
        ("config.batch_size", "-1", "expected a whole number"),
        ("config.batch_size", "", "expected a whole number"),
        ("config.clip_value", "often", "expected a number"),
        ("config.batch_size", "70000", "allowed are 1 to 65536"),
        ("config.batch_size", "0", "allowed are 1 to 65536"),
        ("optimizer.beta1", "1", "allowed are 0 to below 1"),
    ],
)
def test_numbers_are_reported_as_they_stand(good, attempt, field, value, said):
    header, data = header_of(without_checksums(good))
    header["__metadata__"][field] = value
    sentence = refusal(attempt, build(header, data))
    assert sentence.replace('"', "") == f"metadata: {field} is {value}, {said}"


# ---------------------------------------------------------------------------------------- JSON --

# What stands in the header instead of what; whether that is still a safetensors file with the same content.
JSON_CASES = {
    "escaped dot": ('"interface.bias"', '"interface\\u002ebias"', True),
    "escaped letters": ('"output.bias"', '"\\u006f\\u0075tput.bias"', True),
    "escape of JSON's own": ('"libdnc"', '"libdnc","a\\/b\\b\\f\\n\\r\\t\\"\\\\":"x"', True),
    "escaped dtype": ('"F32"', '"\\u0046\\u00332"', True),
    "escaped number": ('"config.input_size":"1"', '"config.input_size":"\\u0031"', True),
    "surrogate pair": ('"libdnc"', '"libdnc","a":"\\ud83d\\ude00"', True),
    "surrogate pair in capitals": ('"libdnc"', '"libdnc","\\uD83D\\uDE00":"a"', True),
    "UTF-8 of two to four bytes": ('"libdnc"', '"libdnc","\u00e9\u20ac\U0001f600":"\U0010ffff\ud7ff\ue000"', True),
    "escaped zero": ('"libdnc"', '"libdnc","a\\u0000":"\\u0000"', True),
    "unknown escape": ('"libdnc"', '"libdnc","a":"\\q"', False),
    "unknown escape in a name": ('"output.bias"', '"\\output.bias"', False),
    "lone high surrogate": ('"libdnc"', '"libdnc","a":"\\ud83d"', False),
    "lone low surrogate": ('"libdnc"', '"libdnc","a":"\\ude00"', False),
    "high surrogate and a letter": ('"libdnc"', '"libdnc","a":"\\ud83dx"', False),
    "two high surrogates": ('"libdnc"', '"libdnc","a":"\\ud83d\\ud83d"', False),
    "surrogates in the wrong order": ('"libdnc"', '"libdnc","a":"\\ude00\\ud83d"', False),
    "short escape": ('"libdnc"', '"libdnc","a":"\\u12"', False),
    "escape of letters": ('"libdnc"', '"libdnc","a":"\\u00g0"', False),
    "tab in a string": ('"libdnc"', '"libdnc","a":"\t"', False),
    "zero in a string": ('"libdnc"', '"libdnc","a":"\0"', False),
    "leading zero": ('"shape":[4,1]', '"shape":[04,1]', False),
    "two leading zeros": ('"data_offsets":[0,', '"data_offsets":[00,', False),
    "plus": ('"shape":[4,1]', '"shape":[+4,1]', False),
    "fraction": ('"shape":[4,1]', '"shape":[4.0,1]', False),
    "exponent": ('"shape":[4,1]', '"shape":[4e0,1]', False),
    "minus zero": ('"data_offsets":[0,', '"data_offsets":[-0,', False),
    "hexadecimal": ('"shape":[4,1]', '"shape":[0x4,1]', False),
    "comma at the end of a list": ('"shape":[4,1]', '"shape":[4,1,]', False),
    "comma at the end of an object": ('"format":"libdnc"', '"format":"libdnc",', False),
    "single quotes": ('"libdnc"', "'libdnc'", False),
    "comment": ('"format"', '/* */"format"', False),
    "more space": ('"shape":[4,1]', '"shape" : [ 4 ,\n\t1\r]', True),
    "no-break space": ('"shape":[4,1]', '"shape":\u00a0[4,1]', False),
    "byte order mark": ('{"__metadata__"', '\ufeff{"__metadata__"', False),
    "another field": (
        '{"dtype":"F32","shape":[4,1]',
        '{"more":[1.5e-3,-0,true,false,null,{}],"dtype":"F32","shape":[4,1]',
        True,
    ),
    "another field of no JSON": ('{"dtype":"F32","shape":[4,1]', '{"more":[tru],"dtype":"F32","shape":[4,1]', False),
    "another field of NaN": ('{"dtype":"F32","shape":[4,1]', '{"more":NaN,"dtype":"F32","shape":[4,1]', False),
    "another field of 01": ('{"dtype":"F32","shape":[4,1]', '{"more":01,"dtype":"F32","shape":[4,1]', False),
    "another field of 1.": ('{"dtype":"F32","shape":[4,1]', '{"more":1.,"dtype":"F32","shape":[4,1]', False),
    "another field of .5": ('{"dtype":"F32","shape":[4,1]', '{"more":.5,"dtype":"F32","shape":[4,1]', False),
    "metadata that is a number": ('"libdnc"', '"libdnc","a":1', False),
}
NOT_UTF8 = [
    b"\xff",
    b"\xc3",
    b"\xc0\xaf",
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xf0\x80\x80\x80",
    b"\xf4\x90\x80\x80",
    b"\x80",
]


def accepts(data, path):
    """Whether the format's own package reads it."""
    path.write_bytes(data)
    try:
        with safe_open(path, "numpy") as file:
            for name in file.keys():  # noqa: SIM118
                file.get_tensor(name)
    except (SafetensorError, UnicodeError):
        return False
    return True


def assert_both(attempt, data, path, is_good):
    assert accepts(data, path) == is_good, "the safetensors package"
    if is_good:
        attempt(data)
    else:
        refusal(attempt, data)


@pytest.mark.parametrize("name", JSON_CASES)
def test_json_as_the_safetensors_package_has_it(good, attempt, tmp_path, name):
    old, new, is_good = JSON_CASES[name]
    header, data = header_of(good)
    text = json.dumps(header, separators=(",", ":"))
    assert old in text
    text = text.replace(old, new, 1)
    assert_both(attempt, build(text.encode("utf-8", "surrogatepass"), data), tmp_path / "theirs", is_good)


def test_a_header_begins_with_a_brace(good, attempt):
    """The format's description says so; its package takes spaces before it too."""
    header, data = header_of(good)
    assert refusal(attempt, build(" " + json.dumps(header), data)) == "this is not a safetensors file"


@pytest.mark.parametrize("wrong", NOT_UTF8)
def test_what_is_not_utf_8(good, attempt, tmp_path, wrong):
    header, data = header_of(good)
    text = json.dumps(header).encode()
    for place in (b'"libdnc"', b'"libdnc", "a%s": "b"', b'"libdnc", "a": "b%s"', b'"libdnc", "a": "%s'):
        new = place.replace(b"%s", wrong)
        assert_both(attempt, build(text.replace(b'"libdnc"', new), data), tmp_path / "theirs", new == place)


# --------------------------------------------------------------------------- what is no checkpoint --


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", ": it is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", " but a PNG picture"),
        (b"PK\x03\x04\0\0\x08\x08\0\0\0\0archive/data.pkl", " but a zip archive, as PyTorch and NumPy write"),
        (b"root:x:0:0:root:/root:/bin/bash\n", ""),
        (b"a", ""),
        (b"{}", ""),
        (b'{"format": "libdnc", "and": "more"}', ""),
        (bytes(100), ""),
        (b"\x80\x02}q\0(X\x04\0\0\0hell", ""),
    ],
)
def test_other_files(attempt, data, said):
    assert refusal(attempt, data) == f"this is not a safetensors file{said}"


def test_the_password_file():
    with pytest.raises(Refused, match="^status 5: /etc/passwd: this is not a safetensors file$"):
        load("/etc/passwd")


def test_a_file_that_ends_too_early(good, attempt):
    """That is a safetensors file, but not all of one."""
    length = int.from_bytes(good[:8], "little")
    for end in (10, 100, 8 + length - 1):
        assert refusal(attempt, good[:end]) == (
            f"the file ends at byte {end}, within its header, which has {length} bytes"
        )
    assert "data_offsets" in refusal(attempt, good[:-1])
    huge = (2**62).to_bytes(8, "little") + good[8:]
    assert refusal(attempt, huge) == f"the header's length is {2**62}, allowed are 2 to {16 << 20}"
