"""Programs with very long outputs: each is judged within its limits, and Ctrl-C is heard while they are compared."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from tests.orchestrator.run.books import one
from tests.orchestrator.run.sweeps import ROOT
from tests.verifiers.processes import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap"),
]

LONG = 3_000_000
PROGRAMS = {
    "ones": (f"print('1' * {LONG} + 'x')", "1" * LONG + "y"),
    "words": ("print('12 ' * 4_000_000 + '3')", "12\n" * 4_000_000 + "4"),
    "numbers": ("print('1.0 ' * 2_000_000 + '3')", "1.00 " * 2_000_000 + "4"),
}


def made(command, folder, samples: int):
    lines = folder / "long.jsonl"
    with lines.open("w") as file:
        for name, (program, _) in PROGRAMS.items():
            for at in range(samples):
                text = f"```python\n{program}  # {at}\n```"
                file.write(
                    json.dumps({"model": "m", "problem": name, "sample_index": at, "text": text}) + "\n"
                )
    db = folder / "long.db"
    assert command("import", str(lines), "--db", str(db)).returncode == 0
    with closing(sqlite3.connect(db)) as connection:
        for name, (_, expected) in PROGRAMS.items():
            tests = {"public_tests": {"input": [""], "output": [expected]}}
            connection.execute("UPDATE problem SET data = ? WHERE key = ?", (json.dumps(tests), name))
        connection.commit()
    return db


def test_a_long_output_is_wrong_in_seconds(command, tmp_path):
    db = made(command, tmp_path, samples=1)
    began = time.monotonic()
    done = command("verify", str(db), "--verifier", "code", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["wrong"] == len(PROGRAMS)
    assert time.monotonic() - began < 60  # a few on a quiet machine; it was for ever
    assert one(db, "SELECT max(reason LIKE '%another output%') FROM verdict") == 1


def test_ctrl_c_is_heard_while_long_outputs_are_compared(command, tmp_path):
    db = made(command, tmp_path, samples=40)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "manyfew", "verify", str(db), "--verifier=code", "--workers=2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until(lambda: one(db, "SELECT count(*) FROM verdict") >= 2, within_s=60)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert time.monotonic() - began < 20
    assert one(db, "SELECT count(*) FROM verdict") < 40 * len(PROGRAMS)
