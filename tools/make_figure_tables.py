#!/usr/bin/env python3
"""Writes Sources/Figures/FontTable.swift and Sources/Figures/ColormapTables.swift.

Needs Debian's xfonts-base (the fonts) and, from PyPI, pillow (reads them) and matplotlib (has the colormaps):

    apt-get install xfonts-base
    pip install pillow matplotlib
    python3 tools/make_figure_tables.py
"""

import gzip
import io
import math
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

FONTS = "/usr/share/fonts/X11/misc"
# What the bold font lacks comes from the other one of its size.
SIZES = {"small": (["6x13"], 6, 13), "large": (["9x15B", "9x15"], 9, 15)}
ASCII = "".join(map(chr, range(32, 127)))
GREEK = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθικλμνξοπρςστυφχψω"
SIGNS = "°±²³·×–‖•…←↑→↓∂∇∏∑−∘√∞≈≠≤≥"
FIGURES = Path(__file__).resolve().parent.parent / "Sources" / "Figures"

FONT_HEAD = f"""\
// Written by tools/make_figure_tables.py; change that, not this.

/// The bitmap fonts of the pictures: misc-fixed 6x13 and 9x15 bold ("Public domain font. Share and enjoy."), as in the
/// X.Org package font-misc-misc and Debian's xfonts-base.
enum FontTable {{
  /// Printable ASCII has the first glyphs, these characters have those that follow: four hexadecimal digits each.
  static let firstCharacter: UInt32 = 32
  static let lastCharacter: UInt32 = 126
  static let otherCount = {len(GREEK + SIGNS)}

  /// {GREEK} {SIGNS}
"""

FONT_COMMENT = """
  /// {name}, {width} x {height} pixels. A glyph a line, its pixels row by row from the upper left, four in a
  /// hexadecimal digit, the leftmost in the highest bit.
"""

COLORMAP_HEAD = """\
// Written by tools/make_figure_tables.py; change that, not this.

/// Colours as 256 x 3 bytes (red, green, blue) from the lowest value to the highest, two hexadecimal digits a byte.
enum ColormapTables {
"""

VIRIDIS = "viridis of matplotlib, by Nathaniel J. Smith, Stefan van der Walt and Eric Firing (CC0, public domain)."
MAGMA = "magma of matplotlib, by Nathaniel J. Smith and Stefan van der Walt (CC0, public domain)."
DIVERGING = (
    'Blue, light, red, known as "coolwarm": computed by the method of Kenneth Moreland, Diverging Color Maps for\n'
    "Scientific Visualization (2009), from its two end colours."
)


def constant(name, lines):
    """A Swift StaticString of the lines, one after the other."""
    body = "\\\n".join(f"    {line}" for line in lines)
    return f'  static let {name}: StaticString = """\n{body}\n    """\n'


def pixels(font, character, width, height):
    """A character in hexadecimal digits."""
    cell = Image.new("1", (width, height))
    ImageDraw.Draw(cell).text((0, 0), character, fill=1, font=font)
    bits = "".join("01"[cell.getpixel((x, y)) > 0] for y in range(height) for x in range(width))
    bits += "0" * (-len(bits) % 4)
    return "".join(f"{int(bits[i : i + 4], 2):x}" for i in range(0, len(bits), 4))


def glyphs(names, width, height):
    """The pixels of every character."""
    fonts = []
    for name in names:
        with gzip.open(f"{FONTS}/{name}.pcf.gz") as file:
            fonts.append(ImageFont.truetype(io.BytesIO(file.read()), height))
    lines = []
    for character in ASCII + GREEK + SIGNS:
        found = (pixels(font, character, width, height) for font in fonts)
        missing = [pixels(font, "\ue000", width, height) for font in fonts]
        lines.append(next(glyph for glyph in found if glyph not in missing))
    return lines


def matplotlib_colors(name):
    return [tuple(round(255 * c) for c in color) for color in matplotlib.colormaps[name].colors]


# The steps of Moreland's method: sRGB <-> linear RGB <-> XYZ (D65) <-> CIELAB <-> Msh, its polar form.
RGB_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
XYZ_TO_RGB = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))
WHITE = (0.95047, 1.0, 1.08883)


def times(matrix, vector):
    return [sum(m * v for m, v in zip(row, vector)) for row in matrix]


def msh_of_rgb(rgb):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
    ratios = [v / w for v, w in zip(times(RGB_TO_XYZ, linear), WHITE)]
    fx, fy, fz = (r ** (1 / 3) if r > 0.008856 else 7.787 * r + 16 / 116 for r in ratios)
    lightness, a, b = 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)
    magnitude = math.sqrt(lightness**2 + a**2 + b**2)
    return magnitude, math.acos(lightness / magnitude), math.atan2(b, a)


def rgb_of_msh(magnitude, saturation, hue):
    lightness = magnitude * math.cos(saturation)
    a, b = (magnitude * math.sin(saturation) * f(hue) for f in (math.cos, math.sin))
    fy = (lightness + 16) / 116
    cubes = [f**3 if f > 0.206893 else (f - 16 / 116) / 7.787 for f in (fy + a / 500, fy, fy - b / 200)]
    linear = times(XYZ_TO_RGB, [c * w for c, w in zip(cubes, WHITE)])
    encoded = [12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear]
    return tuple(round(255 * min(max(c, 0), 1)) for c in encoded)


def white_hue(magnitude, saturation, hue, middle):
    """The hue an end colour turns to on its way to the light middle, so that it looks like one hue."""
    spin = saturation * math.sqrt(middle**2 - magnitude**2) / (magnitude * math.sin(saturation))
    return hue + spin if hue > -math.pi / 3 else hue - spin


def diverging_colors(low, high):
    low, high = msh_of_rgb(low), msh_of_rgb(high)
    middle = max(low[0], high[0], 88)
    colors = []
    for i in range(256):
        end, other = (low, 1 - 2 * i / 255) if i < 128 else (high, 2 * i / 255 - 1)
        light = (middle, 0, white_hue(*end, middle))
        colors.append(rgb_of_msh(*(other * e + (1 - other) * m for e, m in zip(end, light))))
    return colors


def colormap(name, comment, colors):
    assert len(colors) == 256
    digits = "".join(f"{c:02x}" for color in colors for c in color)
    comment = "".join(f"  /// {line}\n" for line in comment.split("\n"))
    return comment + constant(name, [digits[i : i + 96] for i in range(0, len(digits), 96)])


def main():
    others = "".join(f"{ord(character):04x}" for character in GREEK + SIGNS)
    fonts = [FONT_HEAD + constant("others", [others[i : i + 80] for i in range(0, len(others), 80)])]
    for size, (names, width, height) in SIZES.items():
        comment = FONT_COMMENT.format(name=names[0], width=width, height=height)
        fonts.append(comment + constant(size, glyphs(names, width, height)))
    (FIGURES / "FontTable.swift").write_text("".join(fonts) + "}\n")
    maps = [
        colormap("viridis", VIRIDIS, matplotlib_colors("viridis")),
        colormap("magma", MAGMA, matplotlib_colors("magma")),
        colormap("diverging", DIVERGING, diverging_colors((59, 76, 192), (180, 4, 38))),
    ]
    (FIGURES / "ColormapTables.swift").write_text(COLORMAP_HEAD + "\n".join(maps) + "}\n")


if __name__ == "__main__":
    main()
