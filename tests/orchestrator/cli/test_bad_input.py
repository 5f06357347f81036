"""Wrong files and flags through the command: exit 2, one line, no traceback, nothing made."""

from __future__ import annotations

import json
import sqlite3

import pytest

SWEEP = """\
name = "small"
budget_usd = 1.0
[problems]
source = "jsonl"
path = "problems.jsonl"
[sampling]
samples = 2
max_tokens = 16
[models.a]
provider = "openai-compatible"
model = "m"
base_url = "http://127.0.0.1:9/v1"
price = { input = 1, output = 1 }
"""
SECRET = "sk-verysecret123"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "problems.jsonl").write_text('{"id": "p", "question": "1+1?", "answer": "2"}\n')
    (tmp_path / "sweep.toml").write_text(SWEEP)
    (tmp_path / "other.db").write_text("no ledger")
    with sqlite3.connect(tmp_path / "foreign.db") as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    return tmp_path


def _refused(done, words):
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert SECRET not in done.stderr


def _files(folder):
    """All but lock files, which stay so that two runs never hold two of them."""
    return {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    }


FILES = [
    ('name = "small"', 'name = "../small"', "sweep.toml:1: name: must not hold a path"),
    (
        "max_tokens",
        "max_token",
        "sweep.toml:8: sampling.max_token: is not a known key (did you mean max_tokens?)",
    ),
    ("price =", "prise =", "sweep.toml:13: models.a.prise: is not a known key (did you mean price?)"),
    ("9/v1", "9/v1/chat/completions", "sweep.toml:12: models.a.base_url"),
    ("http://127", f"http://me:{SECRET}@127", "must not hold a user name or password"),
    ('model = "m"', f'model = "m"\napi_key = "{SECRET}"', "no secret belongs in one"),
    ('model = "m"', 'model = "m"\nbatch = true', "sweep.toml:12: models.a.batch"),
    ("samples = 2", 'samples = "two"', "sweep.toml:7: sampling.samples: must be a whole number"),
    ("problems.jsonl", "none.jsonl", "sweep.toml:5: problems.path: no such file"),
    ("budget_usd = 1.0", "budget_usd = nan", "sweep.toml:2: budget_usd: must be a finite number"),
    ("[problems]", "[problems", "sweep.toml:3: is not valid TOML"),
]


@pytest.mark.parametrize("name", ["plan", "run"])
@pytest.mark.parametrize(("old", "new", "words"), FILES, ids=[row[2][:40] for row in FILES])
def test_wrong_files(command, folder, name, old, new, words):
    (folder / "sweep.toml").write_text(SWEEP.replace(old, new, 1))
    before = _files(folder)
    _refused(command(name, "sweep.toml"), words)
    assert _files(folder) == before


FLAGS = [
    (["run"], "missing argument"),
    (["run", "sweep.toml", "--budget"], "needs a value"),
    (["run", "sweep.toml", "--budget", "ten"], "--budget: is not a dollar amount (such as 2.50)"),
    (["run", "sweep.toml", "--budget", "-1"], "--budget: must be between 0 and 9,000,000 dollars"),
    (["run", "sweep.toml", "--budget", "inf"], "--budget"),
    (["run", "sweep.toml", "--stop-after", "soon"], "--stop-after"),
    (["run", "sweep.toml", "--grace", "-3s"], "--grace"),
    (["run", "sweep.toml", "--budgt", "1"], "no such option"),
    (["run", "none.toml"], "none.toml: no such file (manyfew init"),
    (["run", "."], ".: is a folder"),
    (["run", "other.db"], "other.db"),
    (["run", "foreign.db"], "foreign.db: is an SQLite database, not a sweep file"),
    (["run", "sweep.toml", "extra"], "too many arguments: extra"),
    (["run", "sweep.toml", "--db", "other.db"], "other.db"),
    (["run", "sweep.toml", "--db", "foreign.db"], "foreign.db"),
    (["run", "sweep.toml", "--db", "problems.jsonl/x.db"], "problems.jsonl"),
    (["plan", "none.toml"], "none.toml: no such file"),
    (["plan", "sweep.toml", "--nonsense"], "no such option"),
    (["status", "none.db"], "none.db"),
    (["status", "other.db"], "other.db"),
    (["status", "foreign.db"], "foreign.db"),
    (["status", "sweep.toml"], "sweep.toml"),
    (["verify", "other.db"], "other.db"),
    (["frontier", "none.db"], "none.db"),
    (["frontier", "foreign.db"], "foreign.db"),
    (["export", "foreign.db", "--format", "jsonl"], "foreign.db"),
    (["import", "none.jsonl", "--db", "x.db"], "none.jsonl"),
    (["frontier", "x.db", "--texts", "5"], "--texts: goes with a report (add --html FILE)"),
    (["prices", "no-such-model-anywhere"], "no-such-model-anywhere"),
]


@pytest.mark.parametrize(("arguments", "words"), FLAGS, ids=[" ".join(row[0]) for row in FLAGS])
def test_wrong_flags(command, folder, arguments, words):
    before = _files(folder)
    done = command(*arguments)
    _refused(done, words)
    assert _files(folder) == before


def test_no_budget_anywhere(command, folder):
    (folder / "sweep.toml").write_text(SWEEP.replace("budget_usd = 1.0\n", ""))
    _refused(command("run", "sweep.toml"), "--budget")


def test_an_unset_key_is_named_and_a_bad_one_never_shown(command, folder):
    (folder / "sweep.toml").write_text(SWEEP + 'api_key_env = "MY_KEY"\n')
    _refused(command("run", "sweep.toml"), "the environment variable MY_KEY is not set (export MY_KEY=…")
    planned = command("plan", "sweep.toml")
    assert planned.returncode == 0, "it sends nothing, so it needs no key"
    assert "models.a.api_key_env: the environment variable MY_KEY is not set" in planned.stderr
    _refused(command("run", "sweep.toml", MY_KEY=f"{SECRET}\n"), "MY_KEY holds characters that no key has")


def test_an_unknown_field_in_a_template_names_file_and_line(command, folder):
    for name in ("plan", "run"):
        (folder / "sweep.toml").write_text(SWEEP + '[prompt]\ntemplate = "{question} {hint}"\n')
        _refused(command(name, "sweep.toml"), "sweep.toml:15: prompt.template")


@pytest.mark.parametrize(
    "arguments", [["plan", "none.toml"], ["run", "none.toml"], ["status", "none.db"], ["plan"]]
)
def test_with_json_the_error_is_the_one_document(command, folder, arguments):
    done = command(*arguments, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["status"]) == (2, "error")
    assert set(document["error"]) == {"where", "message", "remedy"}
    assert len(done.stderr.splitlines()) == 1
