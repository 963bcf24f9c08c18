"""The notebook's functions against NumPy, against the tape, and against the command line."""

import pathlib
import re

import numpy as np
import pytest

import impasto
from conftest import DATA, SWIRL, TOWN, command_line, needs_data, waves


def numpy_gram(features, normalize=True):
    rows = features[0].reshape(-1, features.shape[3]).astype(np.float64)
    return rows.T @ rows / (features.size if normalize else 1)


def test_content_loss():
    features, target = waves(5, 24), waves(13, 24)
    expected = 0.06 * ((features.astype(np.float64) - target) ** 2).sum()
    assert impasto.rel_error(impasto.content_loss(0.06, features, target), expected) < 1e-6


@pytest.mark.parametrize("normalize", [True, False])
def test_gram_matrix(normalize):
    gram = impasto.gram_matrix(waves(5, 24), normalize)
    assert gram.dtype == np.float32 and gram.shape == (24, 24)
    assert impasto.rel_error(gram, numpy_gram(waves(5, 24), normalize)) < 1e-3
    assert np.array_equal(gram, gram.T)


def test_style_loss():
    feats, layers, weights = [waves(5, 8), None, waves(7, 12)], [2, 0], [300.0, 0.5]
    targets = [impasto.gram_matrix(waves(3, 12)), impasto.gram_matrix(waves(2, 8))]
    expected = sum(
        weight * ((numpy_gram(feats[layer]) - target) ** 2).sum()
        for layer, target, weight in zip(layers, targets, weights)
    )
    assert impasto.rel_error(impasto.style_loss(feats, layers, targets, weights), expected) < 1e-5


def test_tv_loss():
    image = waves(5, 3)
    vertical, horizontal = image[:, 1:] - image[:, :-1], image[:, :, 1:] - image[:, :, :-1]
    expected = 0.02 * ((vertical.astype(np.float64) ** 2).sum() + (horizontal.astype(np.float64) ** 2).sum())
    assert impasto.rel_error(impasto.tv_loss(image, 0.02), expected) < 1e-6


def test_of_variables_they_are_the_same_bits():
    features, target, image = waves(5, 24), waves(13, 24), waves(5, 3)
    tape = impasto.Tape("float32")
    f, t, i = tape.variable(features), tape.constant(target), tape.variable(image)
    gram = impasto.gram_matrix(t)
    recorded = [
        impasto.content_loss(0.06, f, t),
        impasto.content_loss(0.06, f, target),
        gram,
        impasto.style_loss([f], [0], [gram], [300.0]),
        impasto.tv_loss(i, 0.02),
    ]
    matrix = impasto.gram_matrix(target)
    computed = [
        impasto.content_loss(0.06, features, target),
        impasto.content_loss(0.06, features, target),
        matrix,
        impasto.style_loss([features], [0], [matrix], [300.0]),
        impasto.tv_loss(image, 0.02),
    ]
    tape.forward()
    for variable, value in zip(recorded, computed):
        assert np.array_equal(variable.value, value)
    tape.backward(recorded[3])
    assert f.gradient.shape == features.shape and np.abs(f.gradient).max() > 0


def test_layouts_and_locks():
    features = waves(5, 24)
    expected = impasto.gram_matrix(features)
    wide = np.zeros((1, 9, 22, 48), np.float32)
    wide[:, :, ::2, ::2] = features
    reversed_twice = np.ascontiguousarray(features[:, :, ::-1])[:, :, ::-1]
    read_only = features.copy()
    read_only.flags.writeable = False
    for same in [wide[:, :, ::2, ::2], reversed_twice, np.asfortranarray(features), read_only]:
        assert np.array_equal(impasto.gram_matrix(same), expected)
        assert impasto.content_loss(1.0, same, features) == 0


def test_pictures_there_and_back(tmp_path):
    picture = impasto.load_image(TOWN, 48)
    assert picture.shape[0] == 48 and picture.dtype == np.uint8
    image = impasto.preprocess_image(picture)
    expected = (picture.astype(np.float32) / 255 - impasto.SQUEEZENET_MEAN) / impasto.SQUEEZENET_STD
    assert np.abs(image - expected).max() < 1e-6
    back = impasto.deprocess_image(image)
    assert np.array_equal(back, impasto.deprocess_image(image[None]))
    assert np.abs(back.astype(int) - picture).max() <= 1
    stretched = impasto.deprocess_image(image, rescale=True)
    assert (stretched.min(), stretched.max()) == (0, 255)
    impasto.save_image(tmp_path / "town.png", picture)
    assert np.array_equal(impasto.load_image(tmp_path / "town.png"), picture)


def test_features(network, town):
    features = network.extract_features(town)
    assert len(features) == 13 and features[3].shape == (1, 15, 20, 128)
    assert all(layer.flags.owndata or layer.base is not None for layer in features)
    assert np.array_equal(network.extract_features(town, 4)[4], features[4])
    # On a tape, gradients flow to the pixels.
    tape = impasto.Tape("float32")
    image = tape.variable(town)
    loss = impasto.content_loss(1.0, network.extract_features(image, 3)[3], features[3] * 0.5)
    tape.forward()
    tape.backward(loss)
    assert image.gradient.shape == town.shape and np.abs(image.gradient).max() > 0


@needs_data
def test_the_four_checks_to_the_last_digit():
    folder = pathlib.Path(DATA) / "notebook"
    printed = command_line("check", "--data", folder).stdout
    expected = re.findall(r"\((\S+), passed\)", printed)
    checks = impasto.check(folder)
    assert len(expected) == 8 and all(check.passed for check in checks)
    assert [repr(check) for check in checks] == printed.splitlines()[:8]


@needs_data
def test_the_notebooks_own_cells():
    """The same four, from arrays, as the notebook's cells compute them."""
    folder = pathlib.Path(DATA) / "notebook"
    answers = np.load(folder / "style-transfer-checks-tf.npz")
    model = impasto.SqueezeNet(save_path=folder / "squeezenet1_1.npz")
    load = lambda name: impasto.preprocess_image(  # noqa: E731
        impasto.load_image(folder / name, size=192, color_profile="ignore")
    )[None]
    content, style = load("tubingen.jpg"), load("starry_night.jpg")
    feats, of_style = model.extract_features(content), model.extract_features(style)
    blank = model.extract_features(np.zeros_like(content))
    checks = impasto.check(folder)
    errors = [
        impasto.rel_error(answers["cl_out"], impasto.content_loss(6e-2, blank[3], feats[3])),
        impasto.rel_error(answers["gm_out"], impasto.gram_matrix(of_style[5])),
        impasto.rel_error(
            answers["sl_out"],
            impasto.style_loss(
                feats,
                [1, 4, 6, 7],
                [impasto.gram_matrix(of_style[layer]) for layer in (1, 4, 6, 7)],
                [300000, 1000, 15, 3],
            ),
        ),
        impasto.rel_error(answers["tv_out"], impasto.tv_loss(content, 2e-2)),
    ]
    assert errors == [check.error for check in checks[:4]]


def test_command_line():
    assert command_line("--version").stdout.startswith(f"impasto {impasto.__version__}")
    refused = command_line("transfer", TOWN, SWIRL, check=False)
    assert refused.returncode == 2 and "--output" in refused.stderr
