"""A stdout that takes no more: one line and exit 2, whatever was to be said and however much."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.orchestrator.ledger_fixture import Made, counted, make_ledger

FULL = "manyfew: stdout: can't be written: No space left on device (make room)\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "{db}"],
        ["status", "{db}", "--json"],
        ["frontier", "{db}"],
        ["frontier", "{db}", "--json"],
        ["export", "{db}", "--format", "jsonl"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_one_line(arguments, tmp_path):
    db = tmp_path / "l.db"
    make_ledger(db, {"m": Made({f"p{i}": counted(4, 2) for i in range(12)})})
    words = [word.format(db=db) for word in arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "manyfew", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (2, FULL)
