"""Checkpoints: what is written is what is read, by others too; training goes on as if it had never stopped; and no
file, however damaged, does more than get a status."""

import json
import os
import re
import subprocess
import sys
import zlib
from ctypes import POINTER, byref, c_float
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from support import (
    ALGORITHMS,
    Net,
    Optimizer,
    Refused,
    Task,
    assert_equal,
    c,
    last_error,
    load,
    loss,
)  # fmt: skip

pytestmark = pytest.mark.any_level

HERE = Path(__file__).parent
TINY = dict(
    input_size=1, output_size=1, hidden_size=1, memory_slots=2, word_size=1, read_heads=1, write_heads=1, batch_size=1
)


def read(path):
    """(metadata, tensors) as the Python package sees them."""
    with safe_open(path, "numpy") as file:
        return file.metadata(), load_file(path)


def trained(net, optimizer, steps=3, seed=0):
    """A few updates on random data, so that all of the optimizer's state is in use."""
    net.train()
    for step in range(steps):
        net.reset().forward(net.inputs(4, seed=100 * seed + step))
        net.backward(net.output_gradients(4, seed=100 * seed + step + 50))
        optimizer.step(net)
    return net


def header_of(data):
    """(header as a dict, tensor bytes)"""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def build(header, data=b""):
    """A file of a header (dict, str or bytes) and tensor bytes."""
    if isinstance(header, dict):
        header = json.dumps(header)
    if isinstance(header, str):
        header = header.encode()
    return len(header).to_bytes(8, "little") + header + data


def metadata_checksum(metadata):
    """As dnc.h says it."""
    ours = {key: value for key, value in metadata.items() if re.match(r"format$|config\.|optimizer\.|data\.", key)}
    return str(sum(zlib.crc32(f'"{key}":"{value}"'.encode()) for key, value in ours.items()) % 2**32)


def sealed(header):
    """The header with the checksum of its metadata as it is now."""
    metadata = header["__metadata__"]
    return {**header, "__metadata__": {**metadata, "metadata.crc32": metadata_checksum(metadata)}}


def without_checksums(data):
    """The file as an older version wrote it."""
    header, tensors = header_of(data)
    for key in ("data.crc32", "metadata.crc32"):
        header["__metadata__"].pop(key)
    return build(header, tensors)


def in_subprocess(script, *arguments):
    return subprocess.run(
        [sys.executable, str(HERE / script), *map(str, arguments)], capture_output=True, text=True, timeout=200
    )


def loaded_apart(folder, *arguments):
    """{case: (status, message)} from loading.py."""
    run = in_subprocess("loading.py", folder, *arguments)
    at = (Path(folder) / "case").read_text() if (Path(folder) / "case").exists() else "the start"
    assert run.returncode == 0, f"exit {run.returncode} at {at}\n{run.stderr[-3000:]}"
    return json.loads(run.stdout)


@pytest.fixture
def saved(tmp_path):
    """A checkpoint with an optimizer that has been used."""
    net = Net(**TINY)
    optimizer = Optimizer(net)
    path = tmp_path / "net.safetensors"
    trained(net, optimizer).save(path, optimizer)
    return path


# ------------------------------------------------------------------------------------- exchange --

NETWORKS = {
    "lstm": {},
    "everything": dict(
        num_layers=2, hidden_size=9, write_heads=2, initial_state=c.DNC_INITIAL_LEARNED, clip_value=0.1,
        usage_gradient=c.DNC_USAGE_GRADIENT_STOPPED, num_threads=3, seed=2**64 - 1, batch_size=7,
        max_record_bytes=2**63, check_finite=1, input_scale=0, interface_scale=0.1,
    ),
    "feedforward": dict(
        controller=c.DNC_CONTROLLER_FEEDFORWARD, activation=c.DNC_ACTIVATION_RELU, num_layers=3, seed=2**53 + 1,
        initial_state=c.DNC_INITIAL_CONSTANT, initial_value=0.3,
    ),
    "gru": dict(controller=c.DNC_CONTROLLER_GRU, num_layers=2),
    "no memory": dict(memory=c.DNC_MEMORY_NONE),
    "sharpened": dict(link_sharpening=1, write_heads=2),
    "content only": dict(temporal_links=0, deallocation=1, content_masks=1, mask_minimum=0.3),
    "NTM": dict(memory=c.DNC_MEMORY_NTM, write_heads=2, initial_state=c.DNC_INITIAL_LEARNED),
    "norms": dict(controller_norm=1, interface_norm=1),
}  # fmt: skip
every_network = pytest.mark.parametrize("fields", NETWORKS.values(), ids=NETWORKS)


def test_the_last_update_that_can_be_counted(saved):
    """A count as large as its number can be is a count."""
    header, data = header_of(saved.read_bytes())
    header["__metadata__"]["optimizer.step_count"] = str(2**64 - 1)
    saved.write_bytes(build(sealed(header), data))
    net, optimizer = load(saved)
    net.train().step(net.inputs(1)[0])
    net.backward(net.output_gradients(1))
    optimizer.step(net)
    assert c.dnc_optimizer_step_count(optimizer.handle) == 2**64 - 1
    assert np.isfinite(net.parameters).all()


# What belongs to the process and not to the network.
OF_THE_PROCESS = {"num_threads": 1, "max_record_bytes": 0, "check_finite": 0}


def kept(config):
    """What a file keeps of a configuration, and the defaults of what it leaves out."""
    for name, default in OF_THE_PROCESS.items():
        setattr(config, name, default)
    return config


@every_network
def test_round_trip(fields, tmp_path):
    net = Net(**fields)
    path = tmp_path / "net.safetensors"
    net.step(net.inputs(1)[0])
    net.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]
    again, optimizer = load(path)
    assert optimizer is None
    assert bytes(again.config) == bytes(kept(net.config))
    assert_equal(again.parameters, net.parameters)
    assert not again.gradients.any() and again.recorded == 0
    inputs = net.inputs(5)
    assert_equal(again.forward(inputs), net.reset().forward(inputs), "it starts an episode")
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_settings_come_back_bit_for_bit(tmp_path):
    """Neighbours that only nine digits tell apart, in every setting that is a Float."""

    def real(struct):
        return [name for name, kind, *_ in struct._fields_ if kind is c_float]

    for number in np.arange(16, dtype=np.int32) + np.float32(0.1).view(np.int32):
        value = float(number.view(np.float32))
        net = Net(**TINY, **dict.fromkeys(real(c.dnc_config), value))
        optimizer = Optimizer(net, **dict.fromkeys(real(c.dnc_optimizer_config), value))
        net.save(tmp_path / "net", optimizer)
        again, optimizer_again = load(tmp_path / "net")
        assert bytes(again.config) == bytes(net.config)
        assert bytes(optimizer_again.config) == bytes(optimizer.config)


def test_a_file_that_does_not_know_the_scales(tmp_path):
    """Files of older versions: what is drawn was not scaled then. The parameters are those of the file all the same."""
    net = Net(input_scale=5, interface_scale=7)
    net.save(tmp_path / "new")
    header, data = header_of(without_checksums((tmp_path / "new").read_bytes()))
    metadata = header["__metadata__"]
    assert (metadata.pop("config.input_scale"), metadata.pop("config.interface_scale")) == ("5", "7")
    (tmp_path / "old").write_bytes(build(header, data))
    old, _ = load(tmp_path / "old")
    assert (old.config.input_scale, old.config.interface_scale) == (1, 1)
    assert_equal(old.parameters, net.parameters)


def test_changed_sizes_are_saved(tmp_path):
    net = Net()
    assert c.dnc_set_batch_size(net.handle, 9) == c.dnc_set_memory_slots(net.handle, 11) == c.DNC_OK
    net.save(tmp_path / "net")
    again, _ = load(tmp_path / "net")
    assert (again.config.batch_size, again.config.memory_slots) == (9, 11)
    net.step(net.inputs(1)[0])
    again.step(again.inputs(1)[0])


# Fields of variants: a file says those that are not the default, so a network without them has the files of before.
VARIANTS = {
    "memory", "temporal_links", "content_masks", "mask_minimum", "deallocation", "link_sharpening", "controller_norm",
    "interface_norm",
}  # fmt: skip


def test_the_metadata_says_every_field(saved):
    """Under the header's name; and an optimizer's updates, and what tells our files from others."""
    metadata, _ = read(saved)
    fields = {
        f"{prefix}.{name}"
        for prefix, struct in (("config", c.dnc_config), ("optimizer", c.dnc_optimizer_config))
        for name, *_ in struct._fields_
        if name not in ("struct_size", "reserved", *VARIANTS, *OF_THE_PROCESS)
    }
    assert set(metadata) == fields | {"optimizer.step_count", "format", "data.crc32", "metadata.crc32"}


@every_network
def test_the_safetensors_package_reads_ours(fields, tmp_path):
    net = Net(**fields)
    net.save(tmp_path / "net.safetensors")
    metadata, tensors = read(tmp_path / "net.safetensors")
    assert set(tensors) == set(net.tensors())
    for name, (values, _) in net.tensors().items():
        assert_equal(tensors[name], values, name)
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in metadata.items())


@every_network
@pytest.mark.parametrize("algorithm", [None, *ALGORITHMS])
def test_ours_reads_files_of_the_safetensors_package(fields, algorithm, tmp_path):
    """The same tensors and metadata, written by somebody else in another order."""
    net = Net(**fields)
    optimizer = Optimizer(net, algorithm=ALGORITHMS[algorithm]) if algorithm else None
    if optimizer:
        trained(net, optimizer)
    net.save(tmp_path / "ours", optimizer)
    metadata, tensors = read(tmp_path / "ours")
    save_file(dict(reversed(tensors.items())), tmp_path / "theirs", metadata=dict(reversed(metadata.items())))
    again, optimizer_again = load(tmp_path / "theirs")
    assert bytes(again.config) == bytes(kept(net.config))
    assert_equal(again.parameters, net.parameters)
    assert (optimizer_again is None) == (optimizer is None)
    again.save(tmp_path / "again", optimizer_again)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "ours").read_bytes()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("clipped", [0, 0.5])
def test_training_goes_on(algorithm, clipped, tmp_path):
    """Ten updates, with a save and a load after five: bit for bit those of ten updates without."""
    fields = dict(algorithm=ALGORITHMS[algorithm], learning_rate=0.01, weight_decay=0.1, max_gradient_norm=clipped)
    task = Task()
    x, y, _ = task.sizes
    batches = [task.sample(4) for _ in range(10)]
    sizes = dict(input_size=x, output_size=y, batch_size=4)

    def update(net, optimizer, batch):
        inputs, targets, mask = batch
        value, gradients = loss("sigmoid_cross_entropy", net.reset().forward(inputs), targets, mask)
        net.backward(gradients)
        return value, optimizer.step(net)

    net = Net(**sizes).train()
    optimizer = Optimizer(net, **fields)
    uninterrupted = [update(net, optimizer, batch) for batch in batches]

    other = Net(**sizes).train()
    other_optimizer = Optimizer(other, **fields)
    pieces = [update(other, other_optimizer, batch) for batch in batches[:5]]
    other.save(tmp_path / "half", other_optimizer)
    del other, other_optimizer
    other, other_optimizer = load(tmp_path / "half")
    assert bytes(other_optimizer.config) == bytes(optimizer.config)
    assert other_optimizer.steps == 5
    other.train()
    pieces += [update(other, other_optimizer, batch) for batch in batches[5:]]

    assert pieces == uninterrupted
    assert_equal(other.parameters, net.parameters)
    net.save(tmp_path / "one", optimizer)
    other.save(tmp_path / "two", other_optimizer)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes(), "the optimizers agree as well"


def test_a_fresh_optimizer_is_saved(tmp_path):
    net = Net()
    net.save(tmp_path / "net", Optimizer(net, algorithm=c.DNC_OPTIMIZER_SGD, learning_rate=0.125))
    _, optimizer = load(tmp_path / "net")
    assert optimizer.steps == 0 and optimizer.config.learning_rate == 0.125


def test_the_optimizer_may_be_left_in_the_file(saved):
    handle = POINTER(c.dnc)()
    assert c.dnc_load(os.fsencode(saved), byref(handle), None) == c.DNC_OK
    c.dnc_free(handle)


def test_an_optimizer_of_another_network_is_refused(tmp_path):
    with pytest.raises(Refused, match="optimizer") as refused:
        Net().save(tmp_path / "net", Optimizer(Net(hidden_size=6)))
    assert refused.value.status == c.DNC_INVALID_ARGUMENT
    assert not list(tmp_path.iterdir())


# --------------------------------------------------------------------------------- damaged files --


def assert_only_refused(results, least=1):
    """Nothing but DNC_OK and DNC_BAD_FORMAT, and a sentence with the latter."""
    strange = {
        case: result
        for case, result in results.items()
        if result[0] not in (c.DNC_OK, c.DNC_BAD_FORMAT) or (result[0] != c.DNC_OK and not result[1])
    }
    assert not strange
    assert sum(status == c.DNC_BAD_FORMAT for status, _ in results.values()) >= least


def test_every_truncation(saved, tmp_path):
    results = loaded_apart(tmp_path, "truncations", saved)
    assert len(results) == saved.stat().st_size > 500
    assert {status for status, _ in results.values()} == {c.DNC_BAD_FORMAT}
    assert_only_refused(results)


@pytest.mark.parametrize("seed", [1, 2])
def test_corruptions(saved, tmp_path, seed):
    results = loaded_apart(tmp_path, "corruptions", saved, 1000, seed)
    assert len(results) == 1000
    assert_only_refused(results, least=500)


def hostile_files(good):
    """name: bytes. None of these is a checkpoint."""
    header, data = header_of(good)
    tensors = [key for key in header if key != "__metadata__"]
    first = tensors[0]
    files = {
        "empty": b"",
        "seven bytes": good[:7],
        "length only": good[:8],
        "header of no bytes": (0).to_bytes(8, "little") + data,
        "huge length": (2**64 - 1).to_bytes(8, "little") + good[8:],
        "negative length": (2**63).to_bytes(8, "little") + good[8:],
        "length that overflows": (2**64 - 8).to_bytes(8, "little") + good[8:],
        "length of a terabyte": (2**40).to_bytes(8, "little") + good[8:],
        "length beyond the file": (len(good) - 7).to_bytes(8, "little") + good[8:],
        "not JSON": build("not JSON", data),
        "only a brace": build("{", data),
        "a list": build("[1, 2]", data),
        "a string": build('"text"', data),
        "a number": build("1", data),
        "null": build("null", data),
        "nothing": build("{}"),
        "zeros": build(b"\0" * 100),
        "two objects": build(json.dumps(header) + "{}", data),
        "comma at the end": build(json.dumps(header)[:-1] + ",}", data),
        "open string": build('{"a', data),
        "open escape": build('{"a\\', data),
        "open unicode escape": build('{"\\u12', data),
        "bad escape": build('{"\\x41": 1}', data),
        "lone surrogate": build('{"\\ud800": 1}', data),
        "bad UTF-8": build(b'{"\xff\xfe": 1}', data),
        "bad UTF-8 in metadata": build(json.dumps(header).encode().replace(b"__metadata__", b"__metadata_\xc3"), data),
        "overlong UTF-8": build(b'{"\xc0\xaf": 1}', data),
        "deep list": build("[" * 1_000_000, data),
        "deep object": build('{"a":' * 1_000_000, data),
        "deep shape": build('{"a":{"dtype":"F32","shape":' + "[" * 500_000 + "]" * 500_000 + "}}", data),
        "long number": build('{"a":' + "9" * 1_000_000 + "}", data),
        "long exponent": build('{"a":1e' + "9" * 100_000 + "}", data),
        "long string": build('{"' + "a" * 5_000_000 + '":1}', data),
        "a million keys": build("{" + ",".join(f'"{i}":0' for i in range(1_000_000)) + "}", data),
        "trailing bytes": good + b"\0" * 4,
        "text": b"This is no checkpoint at all, but a text of some length." * 10,
        "PNG": b"\x89PNG\r\n\x1a\n" + b"\0" * 300,
    }

    def changed(name, change, payload=data):
        copy = json.loads(json.dumps(header))
        change(copy)
        files[name] = build(copy, payload)

    def entry(**fields):
        return lambda copy: copy[first].update(fields)

    for dtype in ("F64", "F16", "BF16", "I32", "U8", "BOOL", "f32", "XX", "", "F32\0", 1, None):
        changed(f"dtype {dtype!r}", entry(dtype=dtype))
    shape = header[first]["shape"]
    for wrong in (
        [], [2**64], [2**63, 2], [2**32, 2**32], [2**62, 4], [-1], [0], [1.5], ["1"], [None], "4", None, {}, [shape],
        shape[::-1] + [2], [1] * 100_000, [1e300], [True],
    ):  # fmt: skip
        changed(f"shape {str(wrong)[:40]}", entry(shape=wrong))
    begin, end = header[first]["data_offsets"]
    for wrong in (
        [], [begin], [begin, end, end], [end, begin], [begin, begin], [begin + 4, end + 4], [begin, end + 4],
        [begin, end - 1], [begin + 1, end + 1], [-4, end - begin - 4], [2**64 - 4, 2**64], [0, 2**64],
        [2**63, 2**63 + 4], [len(data), len(data) + end - begin], [len(data) - 4, len(data)], "0", None,
        [str(begin), str(end)], [begin + 0.5, end + 0.5], [[begin, end]],
    ):  # fmt: skip
        changed(f"offsets {wrong}", entry(data_offsets=wrong))
    changed("two tensors in one place", lambda h: h[tensors[1]].update(h[first]))
    changed("no offsets", lambda h: h[first].pop("data_offsets"))
    changed("no dtype", lambda h: h[first].pop("dtype"))
    changed("no shape", lambda h: h[first].pop("shape"))
    changed("tensor is a list", lambda h: h.update({first: []}))
    changed("tensor is null", lambda h: h.update({first: None}))
    changed("no metadata", lambda h: h.pop("__metadata__"))
    changed("empty metadata", lambda h: h.update(__metadata__={}))
    changed("metadata is a list", lambda h: h.update(__metadata__=[]))
    changed("metadata is text", lambda h: h.update(__metadata__="text"))
    changed("metadata of numbers", lambda h: h.update(__metadata__={k: 1 for k in h["__metadata__"]}))
    changed("metadata of nothing", lambda h: h.update(__metadata__={k: "" for k in h["__metadata__"]}))
    changed("no data", lambda h: None, b"")
    for name in tensors:
        changed(f"without {name}", lambda h, name=name: h.pop(name))
    twice = json.dumps(header)[:-1] + "," + json.dumps({first: header[first]})[1:]
    files["a tensor twice"] = build(twice, data)
    files["metadata twice"] = build(json.dumps(header)[:-1] + ',"__metadata__":{}}', data)
    return files


def test_hostile_files(tmp_path):
    net = Net(**TINY)
    net.save(tmp_path / "good")
    files = hostile_files((tmp_path / "good").read_bytes())
    paths = []
    for index, data in enumerate(files.values()):
        paths.append(tmp_path / f"{index:03d}")
        paths[-1].write_bytes(data)
    results = loaded_apart(tmp_path, "files", tmp_path / "good", *paths)
    assert results.pop("good")[0] == c.DNC_OK
    named = {name: results[f"{index:03d}"] for index, name in enumerate(files)}
    accepted = {name: result for name, result in named.items() if result[0] != c.DNC_BAD_FORMAT}
    assert not accepted
    assert_only_refused(named)


CONFIG_LIMITS = {
    "input_size": 65536, "output_size": 65536, "hidden_size": 65536, "num_layers": 64, "memory_slots": 65536,
    "word_size": 65536, "read_heads": 256, "write_heads": 64, "batch_size": 65536,
    "initial_value": 1, "clip_value": 3e38, "seed": 2**64 - 1, "input_scale": 1000, "interface_scale": 1000,
}  # fmt: skip
MAY_BE_0 = {
    "initial_value", "clip_value", "seed", "input_scale", "interface_scale",
}  # fmt: skip
MAY_CHANGE = {"memory_slots", "batch_size", *MAY_BE_0}


def rewritten(good, field, value):
    """The file with another number for one field of the configuration, wherever the metadata keeps it."""
    if b'"metadata.crc32"' in good:
        good = without_checksums(good)
    length = int.from_bytes(good[:8], "little")
    text = good[8 : 8 + length].decode()
    pattern = re.compile(rf'(\b{field}\\?"\s*:\s*\\?"?)[-+.\w]+')
    assert len(pattern.findall(text)) == 1, f"{field} is not in the metadata once: {text[:600]}"
    return build(pattern.sub(lambda found: found.group(1) + value, text), good[8 + length :])


def test_hostile_configurations(tmp_path):
    """Every field of the configuration out of its range, huge, or at odds with the tensors."""
    net = Net(**TINY)
    net.save(tmp_path / "good")
    good = (tmp_path / "good").read_bytes()
    values = [
        "-1", "4294967296", "4294967297", "18446744073709551616", "18446744073709551617", "1e999", "-1e999", "NaN",
        "9" * 400, "null", "true", "x", "0x1", "1-1", "--1", "+-1", ".",
    ]  # fmt: skip
    bad = {}
    for field, limit in CONFIG_LIMITS.items():
        for value in values:
            if field == "seed" and value in ("4294967296", "4294967297"):
                continue
            if field == "clip_value" and value in values[1:5]:
                continue  # large, but finite
            bad[field, value] = rewritten(good, field, value)
        if limit < 2**32:
            bad[field, "limit"] = rewritten(good, field, str(limit + 1))
        if field not in MAY_CHANGE:
            bad[field, "another"] = rewritten(good, field, "3")
            bad[field, "largest"] = rewritten(good, field, str(limit))
        if field not in MAY_BE_0:
            bad[field, "0"] = rewritten(good, field, "0")
    bad["memory_slots", "largest"] = rewritten(good, "memory_slots", "65536")  # 2^32 links
    paths = []
    for index, data in enumerate(bad.values()):
        paths.append(tmp_path / f"{index:03d}")
        paths[-1].write_bytes(data)
    results = loaded_apart(tmp_path, "files", *paths)
    named = {name: results[f"{index:03d}"] for index, name in enumerate(bad)}
    assert not {name: result for name, result in named.items() if result[0] != c.DNC_BAD_FORMAT}
    assert_only_refused({str(name): result for name, result in named.items()})
    # The rewriting itself does no harm.
    (tmp_path / "fine").write_bytes(rewritten(rewritten(good, "memory_slots", "5"), "seed", "18446744073709551615"))
    again, _ = load(tmp_path / "fine")
    assert (again.config.memory_slots, again.config.seed) == (5, 2**64 - 1)


def test_state_of_more_than_four_gibibytes(tmp_path):
    """The limit holds for loading; an instance that size may be saved but not loaded."""
    net = Net(**TINY)
    net.save(tmp_path / "good")
    good = (tmp_path / "good").read_bytes()
    (tmp_path / "large").write_bytes(rewritten(rewritten(good, "batch_size", "65536"), "memory_slots", "130"))
    (tmp_path / "small").write_bytes(rewritten(rewritten(good, "batch_size", "65536"), "memory_slots", "30"))
    results = loaded_apart(tmp_path, "files", tmp_path / "large", tmp_path / "small")
    assert results["large"][0] == c.DNC_BAD_FORMAT
    assert results["small"][0] == c.DNC_OK


def test_damaged_optimizers(tmp_path):
    """A file whose optimizer does not fit is refused, even by a caller who does not want it."""
    net = Net(**TINY)
    optimizer = Optimizer(net)
    trained(net, optimizer).save(tmp_path / "good", optimizer)
    header, data = header_of((tmp_path / "good").read_bytes())
    extra = [key for key in header if key != "__metadata__" and key not in net.tensors()]
    assert extra, "the optimizer's state is among the tensors"
    for key in extra:
        copy = json.loads(json.dumps(header))
        copy[key]["shape"] = [s + 1 for s in copy[key]["shape"]]
        (tmp_path / "bad").write_bytes(build(copy, data))
        with pytest.raises(Refused) as refused:
            load(tmp_path / "bad")
        assert refused.value.status == c.DNC_BAD_FORMAT


# --------------------------------------------------------------------------------- files and folders --


def status_of_load(path):
    net, optimizer = POINTER(c.dnc)(), POINTER(c.dnc_optimizer)()
    status = c.dnc_load(os.fsencode(path), byref(net), byref(optimizer))
    if status != c.DNC_OK:
        assert not net and not optimizer, "results are untouched on failure"
        assert last_error()
    else:
        c.dnc_free(net)
        c.dnc_optimizer_free(optimizer)
    return status


def test_loading_what_is_no_file(tmp_path):
    assert status_of_load(tmp_path / "missing") == c.DNC_IO_ERROR
    assert "missing" in last_error()
    assert status_of_load(tmp_path / "missing" / "file") == c.DNC_IO_ERROR
    assert status_of_load(tmp_path) == c.DNC_IO_ERROR
    assert status_of_load("") == c.DNC_IO_ERROR
    assert status_of_load("x" * 100_000) == c.DNC_IO_ERROR
    assert status_of_load("/dev/null") in (c.DNC_IO_ERROR, c.DNC_BAD_FORMAT)


def test_loading_from_a_pipe_or_an_endless_file_ends(tmp_path):
    """A device without an end and a pipe nobody writes to must not hang."""
    os.mkfifo(tmp_path / "pipe")
    results = loaded_apart(tmp_path, "files", "/dev/zero", tmp_path / "pipe")
    assert all(status in (c.DNC_IO_ERROR, c.DNC_BAD_FORMAT) for status, _ in results.values())


@pytest.mark.parametrize("place", ["missing/net", "."])
def test_saving_where_no_file_can_be(tmp_path, place):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(Refused) as refused:
        Net().save(folder / place)
    assert refused.value.status == c.DNC_IO_ERROR
    assert str(folder) in refused.value.message
    assert [p.name for p in tmp_path.iterdir()] == ["folder"] and not list(folder.iterdir())


def test_saving_to_a_name_that_is_too_long(tmp_path):
    with pytest.raises(Refused) as refused:
        Net().save(tmp_path / ("x" * 300))
    assert refused.value.status == c.DNC_IO_ERROR
    assert not list(tmp_path.iterdir())


def test_saving_to_a_protected_folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"old")
    folder.chmod(0o555)
    try:
        run = in_subprocess("saving.py", "protected", folder)
    finally:
        folder.chmod(0o755)
    assert run.returncode == 0, run.stderr
    for status, message in json.loads(run.stdout):
        assert status == c.DNC_IO_ERROR and str(folder) in message
    assert (folder / "file").read_bytes() == b"old"
    assert [p.name for p in folder.iterdir()] == ["file"]


def test_saving_to_a_full_disk(tmp_path):
    """The old file stays, and the beginning of the new one does not."""
    (tmp_path / "file").write_bytes(b"old")
    run = in_subprocess("saving.py", "full", tmp_path / "file")
    assert run.returncode == 0, run.stderr
    for status, message in json.loads(run.stdout):
        assert status == c.DNC_IO_ERROR and message
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_saving_over_a_file(tmp_path):
    one, two = Net(seed=1), Net(seed=2)
    one.save(tmp_path / "net")
    two.save(tmp_path / "net")
    assert_equal(load(tmp_path / "net")[0].parameters, two.parameters)
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_saving_beside_what_an_interrupted_save_left(tmp_path):
    """Files that killed processes left, of whatever name, are not in the way."""
    for attempt in range(3):
        (tmp_path / f".dnc-{os.getpid()}-{attempt}.partial").write_bytes(b"left over")
    left = {p.name for p in tmp_path.iterdir()}
    Net().save(tmp_path / "net")
    assert status_of_load(tmp_path / "net") == c.DNC_OK
    assert {p.name for p in tmp_path.iterdir()} == left | {"net"}


def test_names_of_any_kind(tmp_path):
    for name in ("with space", "\u00fcml\u00e4ut", "%s%n", "new\nline", os.fsdecode(b"\xff\xfe")):
        Net().save(tmp_path / name)
        assert status_of_load(tmp_path / name) == c.DNC_OK
        (tmp_path / name).unlink()
    assert not list(tmp_path.iterdir())


def test_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Net().save("net")
    assert status_of_load("net") == c.DNC_OK
