"""Ctrl-C and SIGTERM while a command that writes a file works, and standard streams that were closed or are full."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.run.sweeps import ROOT, finish

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]
SAYS = "manyfew: interrupted\n"


@pytest.fixture
def db(tmp_path):
    return make_ledger(tmp_path / "l.db", {"m": Made({f"p{i}": counted(40, 9) for i in range(40)})})


def started(folder, *words, before="", stdout: Any = subprocess.PIPE, stderr: Any = subprocess.PIPE):
    """`manyfew` as a process; `before`: Python that is run in it first."""
    program = f"import sys\n{before}\nfrom manyfew.__main__ import main\nmain()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program, *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        text=True,
        stdout=stdout,
        stderr=stderr,
    )


def wait_for(folder, pattern, process):
    until = time.monotonic() + 20
    while not list(folder.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.005)


SLOW_EXPORT = """
import time
from orchestrator.ledger.exporting import samples
usual = samples.Records.rows
def slow(self):
    for row in usual(self):
        time.sleep(0.05)
        yield row
samples.Records.rows = slow
"""


@pytest.mark.parametrize("numbers", [[2], [15], [2, 2], [15, 2]], ids=str)
def test_what_was_half_written_goes(db, tmp_path, numbers):
    process = started(tmp_path, "export", db, "--format", "jsonl", "-o", "o.jsonl", before=SLOW_EXPORT)
    wait_for(tmp_path, ".o.jsonl.*", process)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.02)
    done = finish(process, 20)
    # Of two that a busy machine hands over at once, the lower number comes first.
    assert done.status in {128 + number for number in numbers}
    assert done.err == SAYS
    assert not [path.name for path in tmp_path.iterdir() if "o.jsonl" in path.name]
    assert finish(started(tmp_path, "export", db, "--format", "jsonl", "-o", "o.jsonl")).status == 0
    assert (tmp_path / "o.jsonl").read_text().count("\n") == 1600


DEEP_IN_C = """
from orchestrator.ledger.exporting import samples
def deep(*_):
    open("here", "w").close()
    import sqlite3
    sqlite3.connect(":memory:").execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n").fetchone()
samples.write_jsonl = deep
"""


def test_a_statement_that_never_ends_is_left(db, tmp_path):
    process = started(tmp_path, "export", db, "--format", "jsonl", "-o", "o.jsonl", before=DEEP_IN_C)
    wait_for(tmp_path, "here", process)
    process.send_signal(signal.SIGINT)
    heard = time.monotonic()
    done = finish(process, 20)
    assert (done.status, done.err) == (130, SAYS)
    assert time.monotonic() - heard < 15  # it would never end
    assert not [path.name for path in tmp_path.iterdir() if "o.jsonl" in path.name]


def test_a_signal_lost_in_a_destructor_comes_again(db, tmp_path):
    before = """
import os, signal, time
from orchestrator.ledger.exporting import samples
class Gone:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
def lost(*_):
    Gone()
    time.sleep(20)
samples.write_jsonl = lost
"""
    done = finish(started(tmp_path, "export", db, "--format", "jsonl", "-o", "o", before=before), 15)
    assert (done.status, done.err) == (143, SAYS)


def test_a_signal_as_the_file_appears_comes_too_late(db, tmp_path):
    before = """
import os, signal
from orchestrator.ledger.file import whole_file
usual = whole_file._publish
def signalled(*given):
    os.kill(os.getpid(), signal.SIGINT)
    usual(*given)
whole_file._publish = signalled
"""
    done = finish(started(tmp_path, "backup", db, "b.db", before=before))
    assert (done.status, done.err) == (0, "")
    with closing(sqlite3.connect(tmp_path / "b.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_import_that_is_ended_leaves_no_ledger(tmp_path):
    (tmp_path / "t.csv").write_text("model,k,coverage,usd_per_attempt\nm,1,0.5,0.01\n")
    before = """
import os, signal
from orchestrator.ledger.importing import printed_results
usual = printed_results._add
def signalled(*given):
    os.kill(os.getpid(), signal.SIGTERM)
    usual(*given)
printed_results._add = signalled
"""
    words = ("import", "t.csv", "--aggregate", "--db", "n.db")
    done = finish(started(tmp_path, *words, before=before))
    assert (done.status, done.err) == (143, SAYS)
    assert {path.name for path in tmp_path.iterdir()} == {"t.csv"}
    assert finish(started(tmp_path, *words)).status == 0


def test_an_import_that_is_killed_leaves_no_ledger(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"model": "m", "problem": "p", "sample_index": 0, "passed": 1}\n')
    before = """
import os, signal
from orchestrator.ledger.importing import write
def killed(*given):
    os.kill(os.getpid(), signal.SIGKILL)
write._put_into_sets = killed
"""
    words = ("import", "a.jsonl", "--db", "n.db")
    assert finish(started(tmp_path, *words, before=before)).status == -signal.SIGKILL
    assert not (tmp_path / "n.db").exists()
    assert finish(started(tmp_path, *words)).status == 0
    assert {path.name for path in tmp_path.iterdir()} == {"a.jsonl", "n.db", "n.db.lock"}


def test_verify_ends_its_workers(tmp_path):
    db = make_ledger(tmp_path / "l.db", {"m": Made({"p": [None] * 50})})
    (tmp_path / "mine.py").write_text(
        "import os, time\n"
        "def judge(text, problem):\n    open(f'pid-{os.getpid()}', 'w').close()\n    time.sleep(20)\n"
    )
    process = started(tmp_path, "verify", db, "--verifier", "python", "--option", "call=mine:judge")
    wait_for(tmp_path, "pid-*", process)
    process.send_signal(signal.SIGTERM)
    done = finish(process, 15)
    assert (done.status, done.err) == (143, SAYS)
    for path in tmp_path.glob("pid-*"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.name.removeprefix("pid-")), 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_stderr_changes_no_exit_status(db, tmp_path):
    with Path("/dev/full").open("w") as full:
        words = ("export", db, "--format", "csv", "-o", "o.csv")
        assert finish(started(tmp_path, *words, stderr=full)).status == 0
        assert finish(started(tmp_path, *words, stderr=full)).status == 2


def test_closed_streams_lead_nowhere(db, tmp_path):
    command = f'exec "{sys.executable}" -P -m manyfew export "{db}" --format csv -o o.csv >&- 2>&-'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, timeout=60)
    assert done.returncode == 0
    assert (tmp_path / "o.csv").read_text().startswith("sweep,model")
