"""Runs: the command line's bits, its time, its memory; callbacks, steps, Ctrl-C."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import impasto
from conftest import SWIRL, TOWN, command_line

SMALL = {"size": 64, "iterations": 6, "weights": None}


def bits(*words, tmp_path):
    """The picture that the command line paints."""
    path = tmp_path / "line.png"
    environment = {key: value for key, value in os.environ.items() if key != "IMPASTO_WEIGHTS"}
    line = [sys.executable, "-m", "impasto", *map(str, words), "-o", str(path), "-q"]
    subprocess.run(line, check=True, env=environment)
    return impasto.load_image(path)


@pytest.mark.parametrize(
    "options, words",
    [
        ({}, []),
        ({"style_layers": [1, "fire4"], "style_weights": [3e5, 1e3]}, ["--style-layers=1,fire4", "--style-weights=3e5,1e3"]),
        ({"scales": 2, "smallest": 32, "jitter": 3, "seed": 7}, ["--scales=2", "--smallest=32", "--jitter=3", "--seed=7"]),
        ({"preserve_colors": "luminance", "style_strength": 2.5}, ["--preserve-colors=luminance", "--style-strength=2.5"]),
        ({"init": "random", "optimizer": "lbfgs"}, ["--init=random", "--optimizer=lbfgs"]),
        ({"preset": "starry", "gray": True}, ["--preset=starry", "--gray"]),
    ],
)  # fmt: skip
def test_the_command_lines_bits(options, words, tmp_path):
    painting = impasto.transfer(TOWN, SWIRL, size=64, iterations=6, **options)
    expected = bits("transfer", TOWN, SWIRL, "--size=64", "--iterations=6", *words, tmp_path=tmp_path)
    assert np.array_equal(painting.picture, expected)
    assert not painting.interrupted and painting.losses["total"] > 0 and painting.seconds > 0


def test_the_other_commands_bits(tmp_path):
    inverted = impasto.invert(TOWN, size=64, iterations=6, content_layer="fire3")
    expected = bits("invert", TOWN, "--size=64", "--iterations=6", "--content-layer=fire3", tmp_path=tmp_path)
    assert np.array_equal(inverted.picture, expected)
    texture = impasto.texture(SWIRL, size=64, iterations=6, seamless=True)
    expected = bits("texture", SWIRL, "--size=64", "--iterations=6", "--seamless", tmp_path=tmp_path)
    assert np.array_equal(texture.picture, expected)


def test_the_notebooks_parameters(tmp_path):
    """Those of `starry`, by their names: the preset's picture."""
    params = {
        "content_image": TOWN, "style_image": SWIRL, "image_size": 64, "style_size": 64, "content_layer": 3,
        "content_weight": 6e-2, "style_layers": [1, 4, 6, 7], "style_weights": [300000, 1000, 15, 3], "tv_weight": 2e-2,
    }  # fmt: skip
    seen = []
    painting = impasto.style_transfer(**params, iterations=8, every=3, callback=lambda step: seen.append(step.iteration))
    words = ["--preset=starry", "--size=64", "--style-size=64", "--iterations=8"]
    assert np.array_equal(painting.picture, bits("transfer", TOWN, SWIRL, *words, tmp_path=tmp_path))
    assert seen == [3, 6, 8]
    random = impasto.style_transfer(**params, init_random=True, iterations=2)
    assert not np.array_equal(random.picture, painting.picture)


def test_pictures_in_memory(tmp_path):
    town, swirl = impasto.load_image(TOWN, 64), impasto.load_image(SWIRL, 64)
    options = {"size": 64, "iterations": 4}
    expected = impasto.transfer(TOWN, SWIRL, **options).picture
    assert np.array_equal(impasto.transfer(town, swirl, **options).picture, expected)
    assert np.array_equal(impasto.transfer(town[:, ::-1][:, ::-1], [swirl], **options).picture, expected)
    mask = np.zeros_like(town)
    mask[:, : town.shape[1] // 2] = 255
    impasto.save_image(tmp_path / "mask.png", mask)
    for given in [mask, tmp_path / "mask.png"]:
        masked = impasto.transfer(town, [swirl, town], style_mask=[given, None], **options)
        assert not np.array_equal(masked.picture, expected)
    init = impasto.preprocess_image(town)[None]
    assert np.array_equal(impasto.transfer(town, swirl, init=init, **options).picture, expected)


def test_callbacks():
    steps = []
    painting = impasto.transfer(TOWN, SWIRL, **SMALL, callback=lambda step: steps.append(step), every=2)
    assert [step.iteration for step in steps] == [2, 4, 6] and steps[0].iterations == 6
    assert np.array_equal(steps[-1].picture, painting.picture)
    assert set(steps[0].losses) == {"content", "style", "tv", "total"} and steps[-1].progress == 1
    ended = impasto.transfer(TOWN, SWIRL, **SMALL, callback=lambda step: step.iteration < 3)
    assert (ended.iterations, ended.interrupted) == (3, True)
    with pytest.raises(ZeroDivisionError):
        impasto.transfer(TOWN, SWIRL, **SMALL, callback=lambda step: 1 / 0)
    with pytest.raises(ValueError, match="every is 0"):
        impasto.transfer(TOWN, SWIRL, **SMALL, every=0)


def test_steps():
    run = impasto.Run(TOWN, SWIRL, **SMALL)
    assert (run.size, run.iterations) == ((64, 85), 6) and run.threads >= 1
    losses, gradient = run.evaluate()
    assert losses["content"] < 1e-3 * losses["total"] and gradient.shape == (1, 64, 85, 3)
    steps = run.steps(every=2)
    assert steps.result is None
    seen = list(steps)
    assert [step.iteration for step in seen] == [2, 4, 6]
    assert np.array_equal(steps.result.picture, impasto.transfer(TOWN, SWIRL, **SMALL).picture)
    assert list(steps) == []
    with pytest.raises(RuntimeError, match="handed to steps"):
        run.run()
    # Left early.
    for step in impasto.Run(TOWN, SWIRL, size=64, iterations=10_000).steps():
        if step.iteration == 3:
            break
    assert seen[0]._repr_png_().startswith(b"\x89PNG")


def test_a_run_that_is_busy():
    run = impasto.Run(TOWN, SWIRL, **SMALL)
    with pytest.raises(RuntimeError, match="is painting"):
        run.run(callback=lambda step: run.run())


def test_going_on(tmp_path):
    kept = tmp_path / "run.checkpoint"
    options = {"size": 64, "iterations": 8}
    whole = impasto.transfer(TOWN, SWIRL, **options)
    impasto.transfer(TOWN, SWIRL, **options, checkpoint=kept, callback=lambda step: step.iteration < 4)
    resumed = impasto.transfer(TOWN, SWIRL, **options, resume=kept)
    assert np.array_equal(resumed.picture, whole.picture)


def test_paintings(tmp_path):
    painting = impasto.transfer(TOWN, SWIRL, **SMALL)
    painting.save(tmp_path / "result.png")
    assert np.array_equal(impasto.load_image(tmp_path / "result.png"), painting.picture)
    assert np.array_equal(np.asarray(painting), painting.picture)
    assert painting._repr_png_().startswith(b"\x89PNG") and "64x85" in repr(painting)
    assert painting.image.dtype == np.float32 and painting.image.shape == (1, 64, 85, 3)
    with pytest.raises(impasto.ImpastoError):
        painting.save(tmp_path / "result.xyz")


def test_ctrl_c_gives_the_picture_so_far(tmp_path):
    script = textwrap.dedent(
        f"""
        import impasto
        print("begin", flush=True)
        painting = impasto.transfer({TOWN!r}, {SWIRL!r}, size=64, iterations=1_000_000)
        print(painting.interrupted, 0 < painting.iterations < 1_000_000, painting.picture.shape, flush=True)
        try:
            for step in impasto.Run({TOWN!r}, {SWIRL!r}, size=64, iterations=1_000_000).steps(every=1_000_000):
                pass
        except KeyboardInterrupt:
            print("ended", flush=True)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    # A run that does not end is ended.
    limit = threading.Timer(60, process.kill)
    limit.start()
    assert process.stdout.readline() == "begin\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "True True (64, 85, 3)\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "ended\n"
    assert process.wait(10) == 0
    limit.cancel()


def test_other_threads_go_on_meanwhile():
    counted, done = 0, threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    impasto.transfer(TOWN, SWIRL, size=96, iterations=60)
    done.set()
    thread.join()
    assert counted > 5


def test_no_feature_map_is_copied():
    """By the memory of the process: the features of a large picture are handed over, not doubled."""
    script = textwrap.dedent(
        """
        import resource, numpy as np, impasto
        network = impasto.SqueezeNet()
        image = np.zeros((1, 768, 1024, 3), np.float32)
        network.extract_features(image[:, :64, :64])
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        features = network.extract_features(image, 4)
        size = sum(layer.nbytes for layer in features)
        after = peak()
        gram = impasto.gram_matrix(features[4])
        loss = impasto.content_loss(1.0, features[1], features[0])
        print(size, after, peak() - after)
        """
    )
    if not sys.platform.startswith("linux"):
        pytest.skip("the memory of a process is told in bytes on Linux only")
    out = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    size, after, more = map(int, out.split())
    assert more < 0.05 * size, "a loss copied its features"
    # The interpreter, NumPy, weights, the image thrice, scratch: not another copy of all layers.
    assert after < 1.6 * size + 150e6


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({}, TypeError, "give a content, a style, or both"),
        ({"content": TOWN, "style": []}, ValueError, "empty list"),
        ({"content": TOWN, "style": "-"}, ValueError, "standard input"),
        ({"content": 3, "style": SWIRL}, TypeError, "content must be a file or"),
        ({"content": np.zeros((4, 4)), "style": SWIRL}, TypeError, r"content\.astype\(numpy\.uint8\)"),
        ({"content": np.zeros((4, 4, 4), np.uint8), "style": SWIRL}, ValueError, "three channels"),
        ({"content": np.zeros((0, 4, 3), np.uint8), "style": SWIRL}, ValueError, "no pixels"),
        ({"content": np.zeros((4, 4, 3), np.uint8), "style": SWIRL, "size": 10**18}, impasto.ImpastoError, "megapixels"),
        ({"content": TOWN, "style": "missing.jpg"}, impasto.ImpastoError, "missing.jpg does not exist"),
        ({"content": TOWN, "style": SWIRL, "contnet_weight": 1}, ValueError, "content_weight"),
        ({"content": TOWN, "style": SWIRL, "size": -1}, ValueError, "size"),
        ({"content": TOWN, "style": SWIRL, "size": 8}, Exception, "too small"),
        ({"content": TOWN, "style": SWIRL, "content_weight": float("nan")}, ValueError, "content_weight"),
        ({"content": TOWN, "style": SWIRL, "style_weights": [1.0]}, ValueError, "style_weights"),
        ({"content": TOWN, "style": SWIRL, "threads": object()}, TypeError, "threads is of type object"),
        ({"content": TOWN, "style": SWIRL, "output": "x.png"}, TypeError, "output is no option here"),
        ({"content": TOWN, "style": SWIRL, "Size": 3}, TypeError, "Size is no option here"),
        ({"content": TOWN, "style": SWIRL, "weights": "missing.npz"}, impasto.ImpastoError, "missing.npz"),
        ({"content": TOWN, "style": SWIRL, "init": np.zeros((1, 9, 9, 3), np.float32)}, impasto.ImpastoError, "9x9"),
        ({"content": TOWN, "style": SWIRL, "init": np.full((1, 9, 9, 3), np.nan, np.float32)}, ValueError, "init"),
    ],
)  # fmt: skip
def test_what_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        impasto.Run(**arguments)


def test_notes():
    run = impasto.Run(TOWN, SWIRL, size=900)
    assert any("larger" in note or "enlarge" in note for note in run.notes), run.notes
    assert command_line("explain", "layers").stdout.startswith("layer")
