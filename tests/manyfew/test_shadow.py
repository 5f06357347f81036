"""Other packages of our names are told apart, and said with the remedy."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import shadow

ROOT = Path(__file__).resolve().parents[2]


def _other(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("raise RuntimeError('the wrong package was imported')\n")
    return folder / name


def test_ours_are_found_as_ours():
    assert shadow.shadowed() == []
    assert shadow.overwritten() == []


@pytest.mark.parametrize("name", shadow.PACKAGES)
def test_a_folder_of_that_name_stops_the_command_with_one_line(manyfew, tmp_path, name):
    other = _other(tmp_path / "lib", name)
    done = manyfew("--help", PYTHONPATH=str(other.parent))
    assert done.returncode == 2
    assert done.stderr == f"manyfew: {other} hides manyfew's own package {name} ({shadow.remedy()})\n"


def test_with_json_it_is_a_document(manyfew, tmp_path):
    other = _other(tmp_path / "lib", "providers")
    done = manyfew("plan", "x", "--json", PYTHONPATH=str(other.parent))
    assert json.loads(done.stdout)["error"]["remedy"] == shadow.remedy()


def test_a_single_file_hides_too(manyfew, tmp_path):
    (tmp_path / "pricing.py").write_text("")
    done = manyfew("--help", PYTHONPATH=str(tmp_path))
    assert (done.returncode, "pricing.py hides" in done.stderr) == (2, True)


@pytest.mark.parametrize("statement", ["from manyfew import load", "import manyfew; manyfew.load"])
def test_python_users_get_an_import_error_that_says_so(tmp_path, statement):
    other = _other(tmp_path, "verifiers")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-P", "-c", statement],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert (
        done.stderr.splitlines()[-1]
        == f"ImportError: {other} hides manyfew's own package verifiers ({shadow.remedy()})"
    )


def test_a_package_already_imported_from_elsewhere_is_seen(tmp_path):
    _other(tmp_path, "pricing").joinpath("__init__.py").write_text("")
    before = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import pricing; sys.path.pop(0)"
    code = f"{before}; import manyfew; manyfew.load"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "hides manyfew's own package pricing" in done.stderr


def test_a_package_that_is_missing(tmp_path):
    lines = shadow.shadowed(tmp_path)
    assert len(lines) == len(shadow.PACKAGES)
    assert all("hides" in line for line in lines)


def test_an_overwritten_package_is_seen_by_its_recorded_hash(tmp_path, monkeypatch):
    ours = b'"""ours"""\n'
    digest = base64.urlsafe_b64encode(hashlib.sha256(ours).digest()).rstrip(b"=").decode()
    info = tmp_path / "manyfew-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: manyfew\nVersion: 9.9\n")
    (info / "RECORD").write_text(f"verifiers/__init__.py,sha256={digest},{len(ours)}\n")
    (tmp_path / "verifiers").mkdir()
    (tmp_path / "verifiers" / "__init__.py").write_bytes(ours)
    monkeypatch.syspath_prepend(tmp_path)
    assert shadow.overwritten() == []
    (tmp_path / "verifiers" / "__init__.py").write_bytes(b"theirs")
    assert shadow.overwritten() == ["another distribution has overwritten manyfew's own package verifiers"]


def test_public_names():
    import manyfew

    assert set(manyfew.__all__) <= set(dir(manyfew))
    assert all(getattr(manyfew, name) is not None for name in manyfew.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = manyfew.nonsense


def test_importing_manyfew_imports_nothing_of_ours():
    code = "import sys, manyfew; print([n for n in sys.modules if n.split('.')[0] in ('orchestrator', 'pydantic')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("there", "command"),
    [
        (("pipx", "uv"), "pipx install manyfew"),
        (("uv",), "uv tool install manyfew"),
        ((), f"{sys.executable} -m venv ~/.manyfew && ~/.manyfew/bin/python -m pip install manyfew"),
    ],
)
def test_the_remedy_names_a_command_that_is_there(tmp_path, monkeypatch, there, command):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in there:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert shadow.remedy() == f"install manyfew on its own: {command}"
