"""The notebook runs from beginning to end, and its cells show what they should."""

import base64

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

from conftest import DATA, ROOT  # noqa: E402

NOTEBOOK = ROOT / "python" / "notebook.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    client.execute()
    # For whoever wants to look at the pictures: pytest --basetemp says where.
    nbformat.write(notebook, tmp_path_factory.mktemp("notebook") / "executed.ipynb")
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def pictures(cell):
    data = [output.get("data", {}).get("image/png") for output in cell.outputs]
    return [base64.b64decode(png) for png in data if png]


def cell_with(cells, text):
    found = [cell for cell in cells if text in cell.source]
    assert len(found) >= 1, text
    return found[0]


def test_it_runs(cells):
    assert all(cell.execution_count for cell in cells)
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)


def test_its_pictures(cells):
    for text in ["paint(**params1)", "paint(**params2)", "paint(**params3)", "params_inv", "params_texture"]:
        assert len(pictures(cell_with(cells, text))) == 1, text
    for png in [png for cell in cells for png in pictures(cell)]:
        assert png.startswith(b"\x89PNG") and len(png) > 5_000


def test_its_numbers(cells):
    assert "gradients: as central differences" in printed(cell_with(cells, "my_gram_matrix"))
    assert printed(cell_with(cells, "my_gram_matrix")).count("Maximum error is 0.000") == 3
    assert "caught: value 0 of input 0" in printed(cell_with(cells, "class Wrong"))
    checks = printed(cell_with(cells, "impasto.check"))
    assert checks.count("passed") == 8 if DATA else "are not here" in checks


def test_the_page_is_shown(cells):
    shown = cell_with(cells, "IFrame").outputs[0]["data"]["text/html"]
    page = NOTEBOOK.with_name("explain.html")
    assert "<iframe" in shown and "explain.html" in shown
    assert "How a gradient travels" in page.read_text(encoding="utf-8")
    page.unlink()


def test_it_is_committed_without_outputs_and_in_two_languages():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
        else:
            english, chinese = cell.source.split("\n\n---\n\n")
            assert english.isascii() or "$" in english or "ü" in english
            assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
