"""The tape: gradients, operators, operations of one's own."""

import numpy as np
import pytest

import impasto


def test_first_chapter():
    tape = impasto.Tape()
    w, x, b = tape.variable(0.5), tape.variable(2.0), tape.variable(-0.5)

    class Tanh:
        def forward(self, x):
            return np.tanh(x)

        def backward(self, d_out, x):
            return d_out * (1 - np.tanh(x) ** 2)

    error = tape.apply(Tanh, w * x + b) - 1
    loss = error * error
    tape.forward()
    tape.backward(loss)
    assert loss.value == pytest.approx(0.289318, abs=1e-6)
    assert [float(v.gradient) for v in (w, x, b)] == pytest.approx([-1.692067, -0.423017, -0.846033], abs=1e-6)
    summands = tape.summands(error)
    assert len(summands) == 1 and summands[0][1] == pytest.approx(-1.075766, abs=1e-6)


def test_every_operator():
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0.5, 2, (3, 4)), rng.uniform(0.5, 2, (3, 4))
    tape = impasto.Tape()
    x, y = tape.variable(a), tape.constant(b)
    pairs = [
        (x + y, a + b), (x + 1, a + 1), (1 + x, 1 + a), (x - y, a - b), (2 - x, 2 - a), (x * y, a * b), (3 * x, 3 * a),
        (x / y, a / b), (1 / x, 1 / a), (x @ y.T, a @ b.T), (b.T @ x, b.T @ a), (-x, -a), (x**2, a**2), (x.square(), a**2),
        (x.scale(0.5), a / 2), (x.sum(), a.sum()), (x.mean(), a.mean()), ((x - 1).relu(), np.maximum(a - 1, 0)),
        (x.exp(), np.exp(a)), (x.log(), np.log(a)), (x.sqrt(), np.sqrt(a)), (x.reshape(2, 6), a.reshape(2, 6)),
        (x.reshape((12,)), a.ravel()), (x.T, a.T), (x.transpose(1, 0), a.T), (x[1:, :-1], a[1:, :-1]), (x[1:], a[1:]),
        (x.narrow(1, 1, 2), a[:, 1:3]),
    ]  # fmt: skip
    tape.forward()
    for variable, expected in pairs:
        assert variable.shape == np.shape(expected)
        assert np.allclose(variable.value, expected, atol=1e-12)


def test_gradients_of_operators():
    x, y = np.array([[0.5, 1.5], [2.0, 0.25]]), np.array([[1.0, -0.5], [0.75, 2.0]])
    for function in [
        lambda x, y: ((x @ y + x * y - y) / (x + 3)).sum(),
        lambda x, y: (x.exp() * y.T).mean(),
        lambda x, y: (x.sqrt() + x.log()).square().sum() + y.sum(),
        lambda x, y: (x[1:] * y[:-1]).sum() + (x.reshape(4) ** 2).sum() + y.sum(),
    ]:
        impasto.gradcheck(function, x, y)


class Cube:
    """x^3, right."""

    def forward(self, x):
        return x**3

    def backward(self, d_out, x):
        return 3 * x**2 * d_out


class HalfCube(Cube):
    """As if x^3 read x once less."""

    def backward(self, d_out, x):
        return 2 * x**2 * d_out


class Outer:
    """Two inputs, another shape, told by itself."""

    def shape(self, a, b):
        return (a[0], b[0])

    def forward(self, a, b):
        return np.outer(a, b)

    def backward(self, d_out, a, b):
        return d_out @ b, d_out.T @ a


def test_an_operation_of_ones_own():
    x = [0.5, -1.0, 2.0]
    impasto.gradcheck(lambda x: x.tape.apply(Cube(), x).sum(), x)
    impasto.gradcheck(lambda x: (x.tape.apply(Cube, x) * x).sum(), x)
    impasto.gradcheck(lambda a, b: a.tape.apply(Outer, a, b).square().sum(), x, [1.0, 0.25])
    with pytest.raises(impasto.GradientError, match=r"value 0 of input 0: the gradient is 0\.5"):
        impasto.gradcheck(lambda x: x.tape.apply(HalfCube(), x).sum(), x)


def test_an_operation_in_a_loss(network, town):
    """A color cast, as a loss of one's own beside the notebook's."""

    class Cast:
        def forward(self, img):
            return np.float32([img[..., 0].mean() - img[..., 2].mean()])

        def backward(self, d_out, img):
            gradient = np.zeros_like(img)
            gradient[..., 0], gradient[..., 2] = d_out / img[..., 0].size, -d_out / img[..., 0].size
            return gradient

    tape = impasto.Tape("float32")
    img = tape.variable(town)
    target = network.extract_features(town, 3)[3]
    content = impasto.content_loss(1.0, network.extract_features(img, 3)[3], target)
    loss = content + tape.apply(Cast, img).sum() * 100
    for _ in range(3):
        tape.forward()
        tape.backward(loss)
        img.set(img.value - 0.5 * np.sign(img.gradient))
    assert img.value[..., 0].mean() < town[..., 0].mean() and img.value[..., 2].mean() > town[..., 2].mean()


@pytest.mark.parametrize(
    "operation, message",
    [
        (object(), "no method forward"),
        (type("A", (), {"forward": lambda self, x: x}), "no method backward"),
        (type("B", (Cube,), {"backward": lambda self, d, x: (d, d)}), "2 gradients for 1 inputs"),
        (type("C", (Cube,), {"backward": lambda self, d, x: d[:1]}), r"what backward gives has shape \[1\]"),
        (type("D", (Cube,), {"shape": lambda self, x: (7,)}), r"what forward gives has shape \[3\]"),
        (type("E", (Cube,), {"forward": lambda self, x: 1 / 0}), "division by zero"),
        (type("F", (Cube,), {"backward": lambda self, d, x: {}["lost"]}), "lost"),
        (type("G", (Cube,), {"forward": lambda self, x: "text"}), "cannot become an array"),
    ],
)
def test_operations_that_are_wrong(operation, message):
    tape = impasto.Tape()
    x = tape.variable([1.0, 2.0, 3.0])
    with pytest.raises(Exception, match=message):
        loss = tape.apply(operation, x).sum()
        tape.forward()
        tape.backward(loss)
    # The tape is none the worse for it.
    y = x.sum()
    with np.errstate(all="ignore"):
        try:
            tape.forward()
        except Exception:
            pass
    assert y.shape == ()


def test_an_operation_cannot_use_the_tape_while_it_is_walked():
    tape = impasto.Tape()
    x = tape.variable([1.0])

    class Nosy(Cube):
        def shape(self, x):
            return x

        def forward(self, value):
            return x.value

    tape.apply(Nosy, x)
    with pytest.raises(RuntimeError, match="being walked"):
        tape.forward()


def test_what_is_refused():
    tape = impasto.Tape()
    x, other = tape.variable([1.0, 2.0]), impasto.Tape().variable([1.0])
    for wrong, error in [
        (lambda: x.value + impasto.Tape("float16"), ValueError),
        (lambda: tape.backward(x), impasto.ImpastoError),
        (lambda: (x * 2).value, impasto.ImpastoError),
        (lambda: x + other, impasto.ImpastoError),
        (lambda: x + [1, 2, 3], impasto.ImpastoError),
        (lambda: x @ x, impasto.ImpastoError),
        (lambda: x**3, ValueError),
        (lambda: x[0], TypeError),
        (lambda: x[::2], ValueError),
        (lambda: x[:, :], IndexError),
        (lambda: x.reshape(-1), TypeError),
        (lambda: x.reshape(3), impasto.ImpastoError),
        (lambda: tape.variable([float("nan")]), ValueError),
        (lambda: tape.variable("text"), TypeError),
        (lambda: x.set([1.0, 2.0, 3.0]), impasto.ImpastoError),
        (lambda: tape.apply(Cube), TypeError),
        (lambda: tape.apply(Cube, 3), TypeError),
        (lambda: impasto.gradcheck(lambda x: x, [1.0, 2.0]), impasto.ImpastoError),
        (lambda: impasto.gradcheck(lambda x: 3, [1.0]), TypeError),
        (lambda: impasto.gradcheck(lambda x: 1 / 0, [1.0]), ZeroDivisionError),
    ]:
        with pytest.raises(error):
            wrong()


def test_inspect():
    tape = impasto.Tape()
    x = tape.variable([[1.0, 2.0]]).name("x")
    (x @ x.T).name("product")
    nodes = tape.inspect()
    assert [node["name"] for node in nodes] == ["x", None, "product"]
    assert nodes[2]["operation"] == "matmul" and nodes[2]["inputs"] == [0, 1] and nodes[2]["shape"] == (1, 1)
    assert len(tape) == 3 and "float64" in repr(tape) and "(1, 2)" in repr(x)
