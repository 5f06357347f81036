"""A stdout that takes no more, or that some code closed: at most one line, and the right exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.run.sweeps import ROOT

pytestmark = pytest.mark.slow

FULL = "manyfew: stdout: can't be written: No space left on device (free some disk space)\n"
needs_a_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    samples = {f"p{i}": counted(40, 9) for i in range(12)}
    return make_ledger(tmp_path_factory.mktemp("full") / "l.db", {"m": Made(samples)})


def manyfew(*words, stdout, before="", **environment):
    """`before`: Python that is run in the process first."""
    code = f"{before}\nfrom manyfew.__main__ import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


@needs_a_full_device
@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "{db}"],
        ["status", "{db}", "--json"],
        ["frontier", "{db}"],
        ["frontier", "{db}", "--json"],
        ["export", "{db}", "--format", "jsonl"],
        ["export", "{db}", "--format", "csv"],
        ["--help"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_a_full_stdout_is_one_line(arguments, db):
    words = [word.format(db=db) for word in arguments]
    with Path("/dev/full").open("w") as full:
        done = manyfew(*words, stdout=full)
    assert (done.returncode, done.stderr) == (2, FULL)


@needs_a_full_device
@pytest.mark.parametrize("arguments", [["export", "{db}", "--format", "csv"], ["--version"]], ids=" ".join)
def test_a_full_stdout_without_a_buffer_is_one_line(arguments, db):
    words = [word.format(db=db) for word in arguments]
    with Path("/dev/full").open("w") as full:
        done = manyfew(*words, stdout=full, PYTHONUNBUFFERED="1")
    assert (done.returncode, done.stderr) == (2, FULL)


CLOSING = """
import sys
from orchestrator.ledger.exporting import samples
usual = samples.Records.__exit__
def closing(*given):
    sys.{stream}.close()
    return usual(*given)
samples.Records.__exit__ = closing
"""


@pytest.mark.parametrize("stream", ["stdout", "stderr", "stdin"])
def test_a_stream_that_a_library_closed_changes_no_exit_status(stream, db):
    before = CLOSING.format(stream=stream)
    done = manyfew("export", db, "--format", "csv", stdout=subprocess.PIPE, before=before)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 12 * 40 + 1


@pytest.mark.parametrize("stream", ["stdout", "stderr", "stdin"])
def test_a_stream_that_was_closed_before_changes_no_exit_status(stream, db):
    before = f"import sys; sys.{stream}.close()"
    assert manyfew("status", db, stdout=subprocess.PIPE, before=before).returncode == 0
    assert manyfew("status", "none.db", "--json", stdout=subprocess.PIPE, before=before).returncode == 2


@needs_a_full_device
def test_an_error_document_that_finds_no_room_leaves_line_and_status(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = manyfew("status", tmp_path / "none.db", "--json", stdout=full)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
