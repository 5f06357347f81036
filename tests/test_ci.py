"""The steps of .ci: a table of minutes at the end, whatever happens."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.pathlib import on_rm_rf_error

from tests.orchestrator.run.sweeps import ROOT

pytestmark = pytest.mark.skipif(not (ROOT / ".ci").is_dir(), reason="an sdist has no .ci")


def steps(script):
    return subprocess.run(
        ["bash", "-c", f'source "{ROOT}/.ci/steps.sh"\n{script}'], capture_output=True, text=True, timeout=60
    )


def test_the_table_has_each_step_and_the_last_line_counts_them():
    done = steps('step "one thing"\ntrue\nstep "another"\ntrue')
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(?m)^ +\d+:\d\d  (.*)$", done.stdout) == ["one thing", "another", "all"]
    assert done.stdout.splitlines()[-1] == "steps: 2 passed, 0 failed"


def test_the_first_failure_ends_it_and_the_table_names_it():
    done = steps('step "one thing"\ntrue\nstep "another"\nsh -c "exit 7"\nstep "never"')
    assert done.returncode == 7
    assert "another  FAILED" in done.stdout
    assert "never" not in done.stdout
    assert done.stdout.splitlines()[-1] == "steps: 1 passed, 1 failed"


@pytest.mark.slow
@pytest.mark.parametrize(("passes_alone", "status"), [(True, 0), (False, 1)])
def test_what_failed_is_run_once_more_alone_and_named(tmp_path, passes_alone, status):
    (tmp_path / "test_some.py").write_text(
        "import os, pathlib, pytest\n"
        f"FIRST = pathlib.Path({str(tmp_path)!r}) / 'first'\n"
        "@pytest.mark.parametrize('name', ['[a@b] c'])\n"
        "def test_flaky(name):\n"
        "    there = FIRST.exists()\n"
        "    FIRST.touch()\n"
        f"    assert there and {passes_alone} and os.environ['GIVEN'] == '1'\n"
        "def test_right():\n"
        "    pass\n"
    )
    run = f'"{sys.executable}" -m pytest -q --rootdir "{tmp_path}" "{tmp_path}"'
    done = steps(f'step "one thing"\ncd "{tmp_path}"\nGIVEN=1 tested "{sys.executable}" {run}\necho further')
    assert done.returncode == status, done.stdout + done.stderr
    assert "once more, one at a time: test_some.py::test_flaky[[a@b] c]" in done.stdout
    assert (
        "failed beside others, passed alone: test_some.py::test_flaky[[a@b] c]" in done.stdout
    ) == passes_alone
    assert ("further" in done.stdout) == passes_alone
    assert "1 failed, 1 passed" in done.stdout


def test_long_names_what_there_is():
    done = subprocess.run(
        ["bash", str(ROOT / ".ci/long"), "nothing"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == (
        "long: there is no nothing; there are: kills faults histories chaos attacks bias mutants peers oldest newest "
        "scale\n"
    )


@pytest.mark.parametrize("name", ["run", "long", "steps.sh"])
def test_the_scripts_are_valid_and_name_files_that_are_there(name):
    text = (ROOT / ".ci" / name).read_text()
    assert subprocess.run(["bash", "-n"], input=text, text=True, timeout=60).returncode == 0
    for path in re.findall(r"(?<![\w/.])tests/[\w/]+(?:\.\w+)?", text):
        assert (ROOT / path).exists(), path


def test_an_earlier_runs_folder_that_cannot_be_deleted_fails_nothing():
    busy = OSError(errno.EBUSY, "Device or resource busy")
    assert on_rm_rf_error(os.rmdir, "/earlier/mount", busy, start_path=Path("/earlier")) is False
