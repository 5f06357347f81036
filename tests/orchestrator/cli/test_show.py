"""`manyfew show`: the samples themselves, as people and programs read them."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import unicodedata
from contextlib import closing

import pytest
from rich.cells import cell_len

from orchestrator.ledger.reading.samples.text_key import text_key
from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger

SGR = re.compile(r"\x1b\[[\d;]*m")
HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\u202eevil\u2066\r\n<script>[bold red]" + "z\u0301\u0302\u0303\u0304\u0305\u0306"
)


@pytest.fixture
def ledger(tmp_path):
    path = make_ledger(
        tmp_path / "l.db",
        {
            "small": Made(
                {"easy": counted(4, 4), "hard": counted(4, 0), "mid": [1, 0, None, 0]}, USD // 10**6
            ),
            "large": Made({"easy": counted(2, 2), "hard": counted(2, 1), "mid": [1, 1]}, USD // 1000),
        },
        asked=("unsampled", "easy", "mid", "hard"),
    )
    with closing(sqlite3.connect(path)) as db, db:
        data = {"question": "What is 2 + 2?", "answer": "4"}
        db.execute("UPDATE problem SET data = ?", (json.dumps(data),))
        db.execute("INSERT INTO sweep_file (id, sweep_id, sha256, text, read_at) VALUES (1, 1, 'x', '', 0)")
        db.execute(
            "INSERT INTO run (id, sweep_file_id, budget_pico, started_at, ended_at, status, pid, host, versions) "
            "VALUES (1, 1, 1, 0, 1, 'complete', 1, 'h', '{}')"
        )
        for number, prompt in ((1, "Add 2 and 2."), (2, "Please add 2 and 2.")):
            body = (
                {"messages": [["system", "Be brief."], ["user", prompt]]} if number == 1 else {"text": prompt}
            )
            db.execute(
                "INSERT INTO prompt (id, sha256, body) VALUES (?, ?, ?)",
                (number, str(number), json.dumps(body)),
            )
        for model, prompt in ((1, 1), (2, 2)):
            db.execute(
                "INSERT INTO request (id, run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, "
                "state, reserved_pico, reserved_at) SELECT ?, 1, ?, id, ?, 1, 1, '[0]', 9, 'settled', 0, 0 "
                "FROM problem WHERE key = 'hard'",
                (model, model, prompt),
            )
            db.execute(
                "UPDATE sample SET request_id = ?1 WHERE model_id = ?1 AND problem_id = "
                "(SELECT id FROM problem WHERE key = 'hard')",
                (model,),
            )
        (hard,) = db.execute("SELECT id FROM problem WHERE key = 'hard'").fetchone()
        of = "WHERE model_id = 1 AND problem_id = ? AND sample_index = ?"
        db.execute(
            f"UPDATE sample SET text = ?, answer = '5', verifier = 'numeric/1' {of}", ("It is 5.", hard, 0)
        )
        db.execute(
            f"UPDATE sample SET text = 'It is', finish_reason = 'length', verifier = 'numeric/1' {of}",
            (hard, 1),
        )
        db.execute(f"UPDATE sample SET text = ?, reasoning = ? {of}", (HOSTILE, "I \x1b[31mthink", hard, 2))
        db.execute(f"UPDATE sample SET text = ? {of}", ("word " * 40_000 + "the end", hard, 3))
        db.execute(
            "INSERT INTO verdict (verifier, problem_id, text_sha, passed, answer, reason) "
            "VALUES ('numeric/1', ?, ?, 0, '5', 'not the gold number')",
            text_key(hard, "It is 5.", None),
        )
    return path


def _document(command, *arguments):
    done = command("show", *map(str, arguments), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_the_table_has_every_problem_the_hardest_first(command, ledger):
    found = _document(command, ledger)["problems"]
    assert [row["problem"] for row in found] == ["hard", "mid", "easy", "unsampled"]
    assert found[0]["models"] == {
        "small": {"passed": 0, "samples": 4, "no_verdict": 0},
        "large": {"passed": 1, "samples": 2, "no_verdict": 0},
    }
    assert found[1]["models"]["small"] == {"passed": 1, "samples": 4, "no_verdict": 1}
    assert found[3]["models"]["large"] == {"passed": 0, "samples": 0, "no_verdict": 0}


def test_people_read_passes_of_samples_with_a_verdict(command, ledger):
    lines = command("show", str(ledger)).stdout.splitlines()
    assert (
        lines[0] == "4 problems, the hardest first: samples that passed, of those with a verdict, by model."
    )
    assert lines[1].startswith("Read a problem's samples with: manyfew show ")
    assert lines[1].endswith(" hard")
    assert [line.split() for line in lines[3:8]] == [
        ["problem", "small", "large"],
        ["hard", "0/4", "1/2"],
        ["mid", "1/3?", "2/2"],
        ["easy", "4/4", "2/2"],
        ["unsampled", "–", "–"],
    ]
    assert "manyfew verify" in lines[-1]


@pytest.mark.parametrize(
    ("flags", "indices"),
    [
        ((), [0, 1, 2, 3, 0, 1]),
        (("--right",), [1]),
        (("--wrong",), [0, 1, 2, 3, 0]),
        (("--no-verdict",), []),
        (("--cut",), [1]),
        (("--model", "large"), [0, 1]),
        (("--model", "large", "--wrong"), [0]),
        (("--model", "small", "--model", "large", "--right"), [1]),
    ],
)
def test_filters(command, ledger, flags, indices):
    found = _document(command, ledger, "hard", *flags)
    assert [sample["sample_index"] for sample in found["samples"]] == indices
    table = _document(command, ledger, *flags)["problems"]
    of_hard = sum(of["samples"] for row in table if row["problem"] == "hard" for of in row["models"].values())
    assert of_hard == len(indices)


def test_a_problem_has_its_prompts_gold_and_the_columns_of_the_view(command, ledger):
    found = _document(command, ledger, "hard")
    assert (found["problem"], found["gold"]) == ("hard", "4")
    assert found["prompt"] == "system: Be brief.\n\nuser: Add 2 and 2."
    assert found["prompts"][1] == {"prompt": "Please add 2 and 2.", "models": ["large"]}
    with closing(sqlite3.connect(ledger)) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(sample_records)")]
    assert list(found["samples"][0]) == [*columns, "reason", "extracted"]
    first, cut = found["samples"][:2]
    assert (first["extracted"], first["reason"]) == ("5", "not the gold number")
    assert (cut["extracted"], cut["reason"]) == (None, "cut off at max_tokens")
    assert found["samples"][2]["text"] == HOSTILE
    assert _document(command, ledger, "easy")["prompt"] == "What is 2 + 2?"  # never sent from here


def test_people_see_verdict_reason_answer_tokens_and_dollars(command, ledger):
    shown = command("show", str(ledger), "hard").stdout
    assert "\nsmall: 4 samples\n" in shown
    assert "#0 wrong · answer 5 · not the gold number · 20 tokens · $0.001 per 1,000\n  It is 5.\n" in shown
    assert "#1 wrong · cut off at max_tokens · 20 tokens" in shown
    assert "prompt to large\n  Please add 2 and 2." in shown
    assert "gold\n  4\n" in shown


def test_long_texts_are_shortened_unless_asked_for(command, ledger):
    short, full = (command("show", str(ledger), "hard", *flags).stdout for flags in ((), ("--full",)))
    assert "… (200,007 characters in all)" in short
    assert "word the end" in " ".join(short.split())
    assert len(short) < 4000
    assert "word " * 40_000 + "the end" in full
    assert "think" in full
    assert "think" not in short


def _harmless(shown):
    for character in SGR.sub("", shown).replace("\n", "").replace("\r", ""):
        assert unicodedata.category(character)[0] != "C", (character, hex(ord(character)))


@pytest.mark.parametrize("flags", [(), ("--full",)])
def test_hostile_texts_drive_no_terminal(command, ledger, flags):
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("UPDATE model SET alias = ? WHERE id = 1", ("\x1b[41mx\u202e" * 20,))
        db.execute("UPDATE problem SET key = ? WHERE key = 'easy'", ("e\n\x1b[2J\u2028z",))
        db.execute("UPDATE verdict SET reason = ?", ("\x1b[2Jbecause",))
        db.execute("UPDATE sample SET answer = ? WHERE answer = '5'", ("\x9b31m5",))
    for arguments in ((), ("hard",), ("e\n\x1b[2J\u2028z",)):
        _harmless(command("show", str(ledger), *arguments, *flags).stdout)
    assert "[bold red]" in command("show", str(ledger), "hard", *flags).stdout
    done = command("show", str(ledger), "\x1b[2J")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    _harmless(done.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.db"], "there is no such file"),
        (["l.db", "hrad"], "l.db: there is no problem 'hrad' (such as hard"),
        (["l.db", "--model", "huge"], "--model: l.db has no model 'huge' (use small or large)"),
        (["l.db", "--right", "--cut"], "show: --right and --cut can't be combined (use one of them)"),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(command, ledger, arguments, message):
    done = command("show", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
    assert json.loads(command("show", *arguments, "--json").stdout)["status"] == "error"


def test_the_ledger_stays_as_it_was_and_imported_samples_are_shown_too(command, ledger, tmp_path):
    before = ledger.read_bytes()
    _document(command, ledger, "hard")
    assert ledger.read_bytes() == before
    line = {"model": "m", "problem": "p", "sample_index": 0, "text": "7", "question": "3 + 4?", "gold": "7"}
    (tmp_path / "i.jsonl").write_text(json.dumps(line) + "\n")
    assert command("import", "i.jsonl", "--db", "i.db").returncode == 0
    found = _document(command, "i.db", "p")
    assert (found["prompt"], found["gold"], found["samples"][0]["passed"]) == ("3 + 4?", "7", None)
    assert "\nm: 1 sample\n" in command("show", "i.db", "p").stdout


def test_an_alias_of_several_sweeps_is_named_with_its_sweep(command, tmp_path):
    for name in ("a", "b"):
        line = {"model": "m", "problem": "p", "sample_index": 0, "text": name, "sweep": name}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(line) + "\n")
        assert command("import", f"{name}.jsonl", "--db", "i.db").returncode == 0
    assert list(_document(command, "i.db")["problems"][0]["models"]) == ["m@a", "m@b"]
    assert len(_document(command, "i.db", "p", "--model", "m")["samples"]) == 2
    assert [s["text"] for s in _document(command, "i.db", "p", "--model", "m@b")["samples"]] == ["b"]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_fourteen_models_with_a_long_common_beginning_fit(tmp_path, width):
    from orchestrator.ledger.reading.samples.pass_table import Passes, ProblemRow
    from orchestrator.report.terminal.show import pass_table

    names = [f"huggingface/meta-llama/Llama-3.1-{size}B-Instruct" for size in range(14)]
    row = ProblemRow("p" * 90, {name: Passes(10_000, 1_234) for name in names})
    lines = [line.plain for line in pass_table([row], tmp_path / "l.db", "all", width)]
    assert all(cell_len(line) <= width for line in lines[2:])
    heads = [word for line in lines if line.startswith("problem") for word in line.split()[1:]]
    assert len(set(heads)) == 14
    assert sum(line.count("1,234/10,000") for line in lines) == 14


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_on_a_terminal_it_goes_through_the_readers_pager(tmp_path, ledger, size):
    from tests.orchestrator.cli.terminal import on_terminal

    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho paged\ncat\n")
    pager.chmod(0o755)
    status, shown = on_terminal("show", "l.db", cwd=tmp_path, size=size, PAGER=f"'{pager}'")
    assert (status, shown.splitlines()[0]) == (0, "paged")
    assert "\x1b" not in shown  # nobody knows whether that pager shows colours
    assert all(cell_len(line) <= size[0] for line in shown.splitlines()[2:])
    for nothing in ("", "no-such-pager"):
        status, shown = on_terminal("show", "l.db", cwd=tmp_path, size=size, PAGER=nothing)
        assert status == 0
        assert (
            "\x1b[31m0/4" in SGR.sub(lambda found: found[0].replace("\x1b[0;", "\x1b["), shown)
            or "0/4" in shown
        )
        assert "paged" not in shown
    assert "\x1b" not in on_terminal("show", "l.db", cwd=tmp_path, PAGER="", NO_COLOR="1")[1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_reader_who_leaves_the_pager_early_ends_nothing_else(tmp_path, ledger):
    from tests.orchestrator.cli.terminal import on_terminal

    status, shown = on_terminal("show", "l.db", "hard", "--full", cwd=tmp_path, PAGER="head -n 2")
    assert status == 0
    assert len(shown.splitlines()) == 2
