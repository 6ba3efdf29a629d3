"""Gives films a still: what viewers without animation show, in place of the first step, at which nothing has happened.

python tools/add_still.py docs/images/*/film.png

The still is the frame at three quarters of the film. It is the PNG's image proper and no part of the animation.
"""

import struct
import sys
import zlib
from pathlib import Path

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(png):
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixels(path, frame):
    """The frame's rows as a PNG has them, each after a 0: no filter."""
    with Image.open(path) as film:
        film.seek(frame)
        image = film.convert("RGB")
    rows = image.tobytes()
    width = 3 * image.width
    return zlib.compress(b"".join(b"\0" + rows[at : at + width] for at in range(0, len(rows), width)), 9)


def with_still(path):
    """The film's bytes with the still. Those of a film that has one stay as they are."""
    png = path.read_bytes()
    kinds = [kind for kind, _ in chunks(png)]
    if kinds.index(b"IDAT") < kinds.index(b"fcTL"):
        return png
    parts, number = [SIGNATURE], 0
    for kind, data in chunks(png):
        if kind == b"fcTL":
            if number == 0:
                parts.append(chunk(b"IDAT", pixels(path, kinds.count(b"fcTL") * 3 // 4)))
            data = struct.pack(">I", number) + data[4:]
        elif kind == b"IDAT":  # was the first frame
            kind, data = b"fdAT", struct.pack(">I", number) + data
        elif kind == b"fdAT":
            data = struct.pack(">I", number) + data[4:]
        number += kind in (b"fcTL", b"fdAT")
        parts.append(chunk(kind, data))
    return b"".join(parts)


if __name__ == "__main__":
    for film in map(Path, sys.argv[1:]):
        film.write_bytes(with_still(film))
