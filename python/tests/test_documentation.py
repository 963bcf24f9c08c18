"""Types and help name what there is; the examples in the help are true."""

import ast
import doctest
import inspect
import pathlib
import re

import impasto

STUB = ast.parse((pathlib.Path(impasto.__file__).parent / "__init__.pyi").read_text())


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def test_types_name_what_there_is():
    names = {node.name for node in STUB.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assert set(impasto.__all__) - names == {"SQUEEZENET_MEAN", "SQUEEZENET_STD"}
    for node in STUB.body:
        real = getattr(impasto, node.name, None) if isinstance(node, ast.ClassDef) else None
        if real is None or issubclass(real, Exception):
            continue
        methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")}
        assert methods == public(real), node.name


def test_parameters_are_those_of_the_types():
    for node in STUB.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        real = inspect.signature(getattr(impasto, node.name))
        typed = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
        positional = [
            name
            for name, parameter in real.parameters.items()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
        if node.name != "gradcheck":
            assert positional == typed, node.name


def test_everything_has_help():
    for name in impasto.__all__:
        thing = getattr(impasto, name)
        if callable(thing):
            assert thing.__doc__ and len(thing.__doc__) > 15, name
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            for method in public(thing):
                assert getattr(thing, method).__doc__, f"{name}.{method}"


def test_options_in_the_help_are_options():
    """Every option that transfer's help lists is one of the command line."""
    from conftest import command_line

    line = command_line("transfer", "--help").stdout
    listed = re.findall(r"^        ([a-z_]+(?:, [a-z_]+)?)  ", impasto.transfer.__doc__, re.M)
    assert len(listed) > 20
    for option in ", ".join(listed).split(", "):
        assert f"--{option.replace('_', '-')}" in line, option


def test_examples_in_the_help():
    for name in impasto.__all__:
        thing = getattr(impasto, name)
        examples = doctest.DocTestFinder(exclude_empty=True).find(thing, name, globs=vars(impasto).copy())
        for example in examples:
            assert doctest.DocTestRunner().run(example).failed == 0, name
