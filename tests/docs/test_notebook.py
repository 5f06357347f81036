"""The notebook of the docs, cell by cell, as a kernel runs it: top-level await and all."""

import ast
import inspect
import json

import pytest

from tests.docs.pages import DOCS

NOTEBOOK = DOCS / "notebooks" / "first-look.ipynb"


async def test_every_cell_runs_and_shows_what_it_ends_with(tmp_path, monkeypatch):
    pytest.importorskip("vl_convert", reason='needs the extra "charts"')
    monkeypatch.chdir(tmp_path)
    names = {}
    shown = []
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            shown.append(await _shown("".join(cell["source"]), names))
    assert shown[0] == "complete"
    assert len(shown[1]) == 3
    assert shown[2]
    assert shown[3][1] > 0
    assert shown[4]._repr_svg_().startswith("<svg")
    assert (tmp_path / "notebook.svg").is_file()
    assert all(not cell.get("outputs") for cell in cells)  # nothing of any machine is kept in the file


async def _shown(source, names):
    """The value of a cell's last expression."""
    tree = ast.parse(source)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    found = None
    for part in (ast.Module(tree.body, []), ast.Expression(last.value)):
        mode = "eval" if isinstance(part, ast.Expression) else "exec"
        found = eval(compile(part, "cell", mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        if inspect.isawaitable(found):
            found = await found
    return found
