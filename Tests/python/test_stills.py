"""The stills of the films in the pages."""

import runpy
from pathlib import Path

import dnc
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
with_still = runpy.run_path(str(ROOT / "tools" / "add_still.py"))["with_still"]


def frames(path):
    with Image.open(path) as image:
        for index in range(image.n_frames):
            image.seek(index)
            yield np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(
    "film", sorted((ROOT / "docs" / "images").glob("*/film.png")), ids=lambda film: film.parent.name
)
def test_films_of_the_pages_have_one(film):
    with Image.open(film) as image:
        assert image.is_animated and image.default_image
    still, *shown = frames(film)
    assert any(np.array_equal(still, frame) for frame in shown[len(shown) // 2 :])
    assert with_still(film) == film.read_bytes()


def test_the_film_stays_as_it_was(tmp_path):
    net = dnc.DNC(2, 1, memory_slots=4, word_size=3)
    net.training = True
    net.forward(np.random.default_rng(1).standard_normal([8, 1, 2]))
    film = tmp_path / "film.png"
    dnc.figures.film(net).save(film)
    before = list(frames(film))
    film.write_bytes(with_still(film))
    still, *after = frames(film)
    assert np.array_equal(before, after) and np.array_equal(still, before[6])
