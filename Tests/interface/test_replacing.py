"""What writing does to what is there already: links are followed, modes and owners stay, and what is not a regular file
that may be written is refused and stays. The same holds for the library and for the Python package's files."""

import os
import socket
import stat

import numpy as np
import pytest
from dnc import _files
from support import Net, c, check, f32, floats, image_options, last_error

pytestmark = pytest.mark.any_level

OLD = b"what was there before"
VALUES = f32([[1, 2], [3, 4]])


def save(path):
    net = Net()
    return c.dnc_save(net.handle, None, os.fsencode(path))


def draw(path):
    return c.dnc_image_write(os.fsencode(path), *VALUES.shape, floats(VALUES), None)


def replace(path):
    """By the Python package, with the library's status."""
    try:
        with _files.replacing(path) as file:
            file.write(b"new")
    except OSError as error:
        replace.error = str(error)
        return c.DNC_IO_ERROR
    return c.DNC_OK


@pytest.fixture(params=[save, draw, replace], ids=lambda writer: writer.__name__)
def write(request):
    return request.param


def said(write):
    return replace.error if write is replace else last_error()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("target", ["file", "folder/file", "{}/folder/file", "other", "folder/../other"])
def test_links_are_followed(write, tmp_path, target):
    """To what is there: relative, absolute, over another link; the link stays."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "other").symlink_to("folder/file")
    file = tmp_path / "file" if target == "file" else tmp_path / "folder" / "file"
    file.write_bytes(OLD)
    link = tmp_path / "link"
    link.symlink_to(target.format(tmp_path))
    assert write(link) == c.DNC_OK
    assert link.is_symlink() and os.readlink(link) == target.format(tmp_path)
    assert file.read_bytes() != OLD and not file.is_symlink() and (tmp_path / "other").is_symlink()
    assert len(names(tmp_path)) == 3 + (target == "file") and len(names(tmp_path / "folder")) == (target != "file")


def test_a_link_to_nothing_gets_a_file(write, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/new")
    assert write(tmp_path / "link") == c.DNC_OK
    assert (tmp_path / "link").is_symlink() and names(tmp_path / "folder") == ["new"]
    (tmp_path / "broken").symlink_to("missing/new")
    assert write(tmp_path / "broken") == c.DNC_IO_ERROR
    assert names(tmp_path) == ["broken", "folder", "link"]


def test_links_in_a_circle(write, tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    assert write(tmp_path / "one") == c.DNC_IO_ERROR
    assert str(tmp_path / "one") in said(write)
    assert names(tmp_path) == ["one", "two"]


def test_a_link_to_a_file_without_a_name(write, tmp_path):
    """/proc says where it was, but there is nothing, or another file."""
    with open(tmp_path / "file", "wb") as file:
        (tmp_path / "file").unlink()
        assert write(f"/proc/self/fd/{file.fileno()}") == c.DNC_IO_ERROR
    assert not names(tmp_path)


KINDS = {
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "socket": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
    "device": lambda path: os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3)),
}


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_refused(write, tmp_path, monkeypatch, kind, linked):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    path = tmp_path / "it"
    try:
        KINDS[kind](path.relative_to(tmp_path))
    except PermissionError:
        pytest.skip("devices are made by root")
    before = os.lstat(path)
    if linked:
        (tmp_path / "link").symlink_to("it")
    assert write(tmp_path / "link" if linked else path) == c.DNC_IO_ERROR
    assert "is not a regular file" in said(write)
    if write is not replace:
        assert said(write).endswith(f" but a {kind}")
    assert os.path.samestat(os.lstat(path), before)
    assert names(tmp_path) == (["it", "link"] if linked else ["it"])


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o666, 0o755, 0o200])
def test_the_mode_stays(write, tmp_path, bits):
    path = tmp_path / "file"
    path.write_bytes(OLD)
    path.chmod(bits)
    assert write(path) == c.DNC_OK
    assert mode(path) == bits and path.stat().st_size > 0


@pytest.mark.parametrize("mask, bits", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_of_a_new_file(write, tmp_path, mask, bits):
    before = os.umask(mask)
    try:
        assert write(tmp_path / "file") == c.DNC_OK
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == bits


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away is for root")
def test_the_owner_stays(write, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(OLD)
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    assert write(path) == c.DNC_OK
    info = path.stat()
    assert (info.st_uid, info.st_gid, mode(path)) == (1234, 2345, 0o640)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else is for root")
def test_rights_do_not_move_to_another_group(write, tmp_path):
    """Whoever may write a file but not give it away leaves the group no more than all have."""
    path = tmp_path / "file"
    path.write_bytes(OLD)
    os.chown(path, 1234, 2345)
    path.chmod(0o4662)
    tmp_path.chmod(0o777)
    folders = [folder for folder in tmp_path.parents if not folder.stat().st_mode & 0o001]
    modes = [mode(folder) for folder in folders]
    for folder, bits in zip(folders, modes):
        folder.chmod(bits | 0o001)
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os._exit(write(path))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    for folder, bits in zip(folders, modes):
        folder.chmod(bits)
    assert status == c.DNC_OK
    info = path.stat()
    assert (info.st_uid, info.st_gid, mode(path)) == (65534, 65534, 0o622)


@pytest.mark.parametrize("bits", [0o444, 0o400, 0o555])
def test_a_read_only_file_is_refused(write, tmp_path, bits):
    """For root too, whom the system would let write it."""
    path = tmp_path / "file"
    path.write_bytes(OLD)
    path.chmod(bits)
    (tmp_path / "link").symlink_to("file")
    for place in (path, tmp_path / "link"):
        assert write(place) == c.DNC_IO_ERROR
        assert said(write) == f"{place} is read-only" or os.geteuid() != 0
    assert path.read_bytes() == OLD and mode(path) == bits
    assert names(tmp_path) == ["file", "link"]


def test_long_names(write, tmp_path):
    """As long as the file system takes them."""
    for length in (200, 250, 255):
        assert write(tmp_path / ("x" * length)) == c.DNC_OK
    assert write(tmp_path / ("x" * 256)) == c.DNC_IO_ERROR
    assert [len(name) for name in names(tmp_path)] == [200, 250, 255]


def film(folder, first=0, steps=3):
    net = Net().train()
    net.forward(np.ones((steps, 2, 3), np.float32))
    options = image_options(flags=c.DNC_IMAGE_NUMBERED_FILES)
    return c.dnc_film_write(os.fsencode(folder / "film.png"), net.handle, 0, first, steps, 100, options)


def test_the_files_of_a_film(tmp_path):
    (tmp_path / "film-0001.png").symlink_to("elsewhere")
    (tmp_path / "elsewhere").write_bytes(OLD)
    (tmp_path / "elsewhere").chmod(0o600)
    check(film(tmp_path))
    assert (tmp_path / "film-0001.png").is_symlink() and mode(tmp_path / "elsewhere") == 0o600
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in names(tmp_path))
    assert names(tmp_path) == ["elsewhere", *(f"film-{i:04}.png" for i in range(3))]


@pytest.mark.parametrize("last", ["read-only", "folder"])
def test_a_film_that_fails_changes_no_file(tmp_path, last):
    """Not those either that could be written before."""
    files = [tmp_path / f"film-{i:04}.png" for i in range(3)]
    files[0].write_bytes(OLD)
    if last == "folder":
        files[2].mkdir()
    else:
        files[2].write_bytes(OLD)
        files[2].chmod(0o444)
    before = names(tmp_path)
    assert film(tmp_path) == c.DNC_IO_ERROR
    assert names(tmp_path) == before and files[0].read_bytes() == OLD
