"""A ledger where nothing can be written: a read-only mount, an archive, another user's folder."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from verifiers.sandbox import choose

LACKS = choose("bubblewrap").lacks()
pytestmark = pytest.mark.skipif(LACKS is not None, reason=f"a folder that even root can't write: {LACKS}")
ROOT = Path(__file__).parents[4]


@pytest.fixture
def folder(tmp_path):
    """With `rest.db`, which no program has open, and `log.db`, whose last changes are in its log alone."""
    place = tmp_path / "place"
    place.mkdir()
    rest = place / "rest.db"
    make_ledger(rest, {"m": Made({"p": counted(4, 2), "q": counted(4, 1)})})
    log = place / "log.db"
    with closing(sqlite3.connect(rest)) as writer, writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE sample SET passed = passed")
        writer.commit()
        for end in ("", "-wal"):
            shutil.copy(f"{rest}{end}", f"{log}{end}")
    return place


def manyfew(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run where `folder` is mounted read-only."""
    outside = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(folder), str(folder), "--chdir", str(ROOT)]
    return subprocess.run(
        [*outside, sys.executable, "-m", "manyfew", *words], capture_output=True, text=True, timeout=60
    )


def test_a_ledger_at_rest_is_read(folder):
    before = sorted(folder.iterdir())
    done = manyfew(folder, "status", str(folder / "rest.db"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "8 of 8 samples" in done.stdout
    assert sorted(folder.iterdir()) == before


def test_one_with_a_log_says_what_to_copy(folder):
    done = manyfew(folder, "status", str(folder / "log.db"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert f"copy {folder / 'log.db'} and {folder / 'log.db'}-wal to such a folder" in done.stderr


def test_what_writes_says_so_in_plain_words(folder):
    done = manyfew(folder, "verify", str(folder / "rest.db"), "--verifier", "exact")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "Errno" not in done.stderr
    assert "copy it to a folder that can be written" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("merge", "{out}/merged.db", "{place}/rest.db", "{out}/other.db"),
        ("backup", "{place}/rest.db", "{out}/copy.db"),
        ("export", "{place}/rest.db", "--format", "bundle", "-o", "{out}/bundle.zip"),
        ("export", "{place}/rest.db", "--format", "jsonl", "-o", "{out}/rows.jsonl"),
        ("frontier", "{place}/rest.db", "--html", "{out}/report.html"),
        ("figure", "{place}/rest.db", "-o", "{out}/table.md"),
    ],
    ids=lambda words: words[0],
)
def test_what_it_holds_goes_elsewhere(folder, tmp_path, words):
    make_ledger(tmp_path / "other.db", {"n": Made({"p": counted(4, 2)})})
    before = sorted(folder.iterdir())
    done = manyfew(folder, *(word.format(out=tmp_path, place=folder) for word in words))
    assert done.returncode == 0, done.stderr
    assert sorted(folder.iterdir()) == before
