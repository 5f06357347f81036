"""The command that a remedy names, for each kind of environment. tests/packaging tries real ones."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import installer
from orchestrator.installer import Pipx, Plain, UvTool
from tests.orchestrator.run.sweeps import ROOT

HOME = Path.home()


@pytest.mark.parametrize(
    ("prefix", "environ", "line"),
    [
        (HOME / ".local/share/pipx/venvs/manyfew", {}, "pipx inject manyfew six"),
        (HOME / ".local/share/pipx/venvs/manyfew-2", {}, "pipx inject manyfew-2 six"),
        ("/opt/pipx/venvs/manyfew", {}, "pipx inject --global manyfew six"),
        ("/all/venvs/manyfew", {"PIPX_GLOBAL_HOME": "/all"}, "pipx inject --global manyfew six"),
        ("/px/venvs/manyfew", {"PIPX_HOME": "/px"}, "pipx inject manyfew six"),
        ("/p x/venvs/manyfew", {}, "PIPX_HOME='/p x' pipx inject manyfew six"),
    ],
)
def test_pipx_is_told_where_the_environment_lies(prefix, environ, line):
    assert installer._pipx(Path(prefix), environ).install("six") == line


def test_pipx_takes_the_requirements_of_an_extra_and_not_manyfew_again():
    assert Pipx("manyfew").install_extra("charts") == "pipx inject manyfew 'vl-convert-python>=1.9'"
    assert Pipx("manyfew").upgrade() == "pipx upgrade manyfew"


RECEIPT = {
    "tool": {
        "requirements": [
            {"name": "manyfew", "extras": ["hub"]},
            {"name": "polars", "specifier": ">=1"},
            {"name": "httpx", "extras": ["http2"]},
        ],
        "entrypoints": [{"name": "manyfew", "install-path": "/b/manyfew", "from": "manyfew"}],
    }
}
KEPT = "--with 'polars>=1' --with 'httpx[http2]'"


def test_uv_tool_repeats_what_was_given_before():
    tool = installer._uv_tool(HOME / ".local/share/uv/tools/manyfew", RECEIPT, {})
    assert tool.install_extra("charts") == f"uv tool install 'manyfew[hub,charts]' {KEPT}"
    assert tool.install_extra("hub") == f"uv tool install 'manyfew[hub]' {KEPT}"
    assert tool.install("six") == f"uv tool install 'manyfew[hub]' {KEPT} --with six"
    assert tool.upgrade() == "uv tool upgrade manyfew"


def test_uv_tool_is_told_where_the_environment_lies():
    tool = installer._uv_tool(Path("/t/manyfew"), RECEIPT, {})
    assert tool.upgrade() == "UV_TOOL_DIR=/t UV_TOOL_BIN_DIR=/b uv tool upgrade manyfew"
    assert installer._uv_tool(Path("/t/manyfew"), {}, {"UV_TOOL_DIR": "/t"}) == UvTool()
    assert installer._uv_tool(Path("/x/uv/tools/manyfew"), {}, {"XDG_DATA_HOME": "/x"}) == UvTool()


@pytest.mark.parametrize(
    ("has_pip", "has_ensurepip", "has_uv", "line"),
    [
        (True, True, True, "/v/bin/python -m pip install 'polars>=1'"),
        (False, True, True, "uv pip install --python /v/bin/python 'polars>=1'"),
        (False, True, False, "/v/bin/python -m ensurepip && /v/bin/python -m pip install 'polars>=1'"),
        (False, False, False, "{base} -m pip --python /v/bin/python install 'polars>=1'"),
    ],
)
def test_a_virtual_environment_takes_what_can_install_into_it(
    tmp_path, monkeypatch, has_pip, has_ensurepip, has_uv, line
):
    monkeypatch.setenv("PATH", str(tmp_path))
    if has_uv:
        (tmp_path / "uv").write_text("#!/bin/sh\n")
        (tmp_path / "uv").chmod(0o755)
    made = installer._plain("/v/bin/python", has_pip, has_ensurepip)
    assert made.install("polars>=1") == line.format(base=vars(sys)["_base_executable"])


def test_an_extra_is_named_by_manyfew_and_an_upgrade_too():
    pip = Plain(("python", "-m", "pip", "install"))
    assert pip.install_extra("charts") == "python -m pip install 'manyfew[charts]'"
    assert pip.upgrade() == "python -m pip install -U manyfew"


def test_a_clone_that_was_never_installed_names_its_folder(tmp_path):
    code = "from orchestrator.installer import install_extra; print(install_extra('charts'))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=env, capture_output=True, text=True, check=True
    )
    words = shlex.split(done.stdout)
    assert words[-2:] == ["-e", f"{ROOT}[charts]"]


def test_another_interpreter_is_named_by_its_path(tmp_path, monkeypatch):
    (tmp_path / "lib/python3.12/site-packages/pip").mkdir(parents=True)
    other = str(tmp_path / "bin/python")
    assert installer.install("swebench>=4.1", python=other) == f"{other} -m pip install 'swebench>=4.1'"


def test_the_running_interpreter_is_found_by_a_shell():
    words = shlex.split(installer.install_extra("charts"))
    assert words[-1].endswith("[charts]") or "vl-convert-python" in words[-1]
    assert subprocess.run([words[0], "--version"], capture_output=True, check=False).returncode == 0
