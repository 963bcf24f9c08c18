"""Whatever is passed, there is a result or an exception, and no crash. `IMPASTO_FUZZ_SECONDS` makes it last longer."""

import os
import time

import hypothesis.extra.numpy as arrays
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import impasto

SECONDS = float(os.environ.get("IMPASTO_FUZZ_SECONDS", "2"))
EXPECTED = (impasto.ImpastoError, TypeError, ValueError, IndexError, RuntimeError, OverflowError, MemoryError)

DTYPES = st.sampled_from([np.float32, np.float32, np.float32, ">f4", np.float64, np.uint8, np.int16, np.bool_, "U2", object])
SHAPES = st.one_of(
    arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6),
    st.tuples(st.just(1), st.integers(0, 9), st.integers(0, 9), st.integers(1, 4)),
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.just(3)),
)


@st.composite
def odd_arrays(draw):
    """Arrays of any kind and layout: cut, turned, locked, unaligned."""
    dtype, shape = np.dtype(draw(DTYPES)), draw(SHAPES)
    if dtype == object or dtype.kind == "U":
        return np.full(shape, "a", dtype)
    bytes_ = draw(st.binary(min_size=16, max_size=16))
    array = np.resize(np.frombuffer(bytes_ * 4, np.uint8), int(np.prod(shape)) * dtype.itemsize + 1)
    if dtype == np.bool_:
        array = array & 1
    start = draw(st.integers(0, 1))
    count = int(np.prod(shape)) * dtype.itemsize
    array = array[start : start + count].view(np.uint8)
    array = np.ndarray(shape, dtype, buffer=np.ascontiguousarray(array) if start == 0 else array)
    layout = draw(st.sampled_from(["as it is", "transposed", "reversed", "every other", "Fortran", "locked", "broadcast"]))
    if layout == "transposed":
        array = array.T
    elif layout == "reversed":
        array = array[..., ::-1] if array.ndim else array
    elif layout == "every other":
        array = array[::2] if array.ndim else array
    elif layout == "Fortran":
        array = np.asfortranarray(array)
    elif layout == "locked":
        array = array.copy()
        array.flags.writeable = False
    elif layout == "broadcast" and array.ndim:
        array = np.broadcast_to(array[:1], array.shape)
    return array


VALUES = st.one_of(odd_arrays(), st.none(), st.floats(), st.integers(), st.text(max_size=3), st.lists(odd_arrays(), max_size=3))
NUMBERS = st.one_of(st.floats(), st.integers(-5, 9), st.none(), st.text(max_size=2))
NETWORK = impasto.SqueezeNet()


def attempt(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except EXPECTED:
        pass


def lasting(test):
    """Repeats a test of hypothesis for its share of the time."""
    few = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))(test)

    def repeated():
        end = time.monotonic() + SECONDS / 5
        while True:
            few()
            if time.monotonic() > end:
                break

    repeated.__name__ = test.__name__
    return repeated


@lasting
@given(VALUES, VALUES, NUMBERS)
def test_losses(x, y, number):
    with np.errstate(all="ignore"):
        attempt(impasto.content_loss, number, x, y)
        attempt(impasto.gram_matrix, x, number)
        attempt(impasto.tv_loss, x, number)
        attempt(impasto.style_loss, [x, y], [0, 1], [y, x], [number, 1.0])
        attempt(impasto.style_loss, x, y, number, x)
        attempt(impasto.rel_error, x, y)


@lasting
@given(VALUES, NUMBERS)
def test_pictures(x, number):
    attempt(impasto.preprocess_image, x)
    attempt(impasto.deprocess_image, x, bool(number))
    attempt(impasto.load_image, x, number)
    attempt(NETWORK.extract_features, x, number)


@lasting
@given(VALUES, VALUES, NUMBERS, st.sampled_from(["float32", "float64"]))
def test_tapes(x, y, number, dtype):
    tape = impasto.Tape(dtype)
    with np.errstate(all="ignore"):
        try:
            a = tape.variable(x)
        except EXPECTED:
            return
        for record in [
            lambda: a + y, lambda: a * y, lambda: y @ a, lambda: a / number, lambda: a[:, 1:], lambda: a.reshape(number),
            lambda: a.narrow(0, number, number), lambda: a.transpose(number), lambda: impasto.gram_matrix(a),
            lambda: impasto.content_loss(number, a, y), lambda: impasto.tv_loss(a, number), lambda: a.log().sqrt(),
            lambda: NETWORK.extract_features(a, number), lambda: a.set(y),
        ]:  # fmt: skip
            attempt(record)
        attempt(tape.forward)
        attempt(lambda: tape.backward(a.sum()))
        loss = a.sum()
        attempt(tape.forward)
        attempt(tape.backward, loss)
        attempt(lambda: a.gradient)


@lasting
@given(VALUES, VALUES, NUMBERS, st.sampled_from(["size", "style_weights", "init", "content_mask", "seed", "jitter", "x"]))
def test_runs(content, style, number, option):
    def run():
        settled = impasto.Run(content, style, **{option: number})
        if settled.size[0] * settled.size[1] < 10_000:
            settled.run(callback=lambda step: False)

    attempt(run)


@lasting
@given(odd_arrays(), odd_arrays())
def test_operations(forward, backward):
    class Odd:
        def forward(self, x):
            return forward

        def backward(self, d_out, x):
            return backward

    def walk():
        tape = impasto.Tape()
        x = tape.variable(np.ones(3))
        loss = tape.apply(Odd, x).sum()
        tape.forward()
        tape.backward(loss)

    attempt(walk)
