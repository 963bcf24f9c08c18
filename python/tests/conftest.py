"""What the tests share: the project's own pictures, made-up features, and the command line."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import impasto

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASSETS = ROOT / "assets"
TOWN, SWIRL = str(ASSETS / "town.jpg"), str(ASSETS / "swirl.jpg")

#: The course's files, where they are.
DATA = os.environ.get("IMPASTO_DATA")


def waves(seed, channels, height=9, width=11):
    """Features (1, H, W, C) that are no pattern."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return (((y * 37 + x * seed + c * 11) % 97 - 40.0) / 7.0).astype(np.float32)[None]


def command_line(*words, check=True):
    """What `python -m impasto` prints."""
    line = [sys.executable, "-m", "impasto", *map(str, words)]
    return subprocess.run(line, check=check, capture_output=True, text=True)


@pytest.fixture(scope="session")
def network():
    return impasto.SqueezeNet()


@pytest.fixture(scope="session")
def town():
    return impasto.preprocess_image(impasto.load_image(TOWN, 64))[None]


needs_data = pytest.mark.skipif(DATA is None, reason="the course's files are not here: set IMPASTO_DATA")
