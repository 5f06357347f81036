"""The map of the code says what the code says of itself."""

from __future__ import annotations

import ast

import pytest

from docs import make_map
from docs.make_map import PACKAGES, ROOMS, ROOT, summary, written

REDO = "differs from the docstrings: python -m docs.make_map"


@pytest.mark.parametrize("file", sorted(written()), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_the_map_agrees_with_the_docstrings(file):
    assert file.read_text("utf-8") == written()[file], f"{file.relative_to(ROOT)} {REDO}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_in_one_line_what_it_is(package):
    for file in sorted((ROOT / package).rglob("__init__.py")):
        text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
        first = text.split("\n")[0]
        assert first.endswith(".") or summary(file).startswith(first), file
        assert 10 < len(first) <= 120, file


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_lists_each_of_its_files_once(room):
    text = (ROOT / room / "README.md").read_text("utf-8")
    files = [file for file in (ROOT / room).rglob("*.py") if file.name != "__init__.py"]
    assert text.count("\n| `") == len(files)


def test_a_module_without_a_docstring_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(make_map, "ROOT", tmp_path)
    (tmp_path / "silent.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=r"silent\.py has no docstring"):
        summary(tmp_path / "silent.py")
