"""Verdicts by files: `verify-export`, `verify-part`, `verify-import`, in a fresh folder with a judge of one's own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from itertools import product

import pytest

from tests.orchestrator.run.books import rows
from tests.orchestrator.run.sweeps import ROOT
from tests.orchestrator.run.verdicts.judging import calls, write_judge
from tests.verifiers.processes import until

TABLE = "SELECT model, problem, sample_index, passed, score, answer FROM sample_records ORDER BY 1, 2, 3"
SAID = (
    "SELECT verifier, problem_id, hex(text_sha), passed, answer, reason, evidence FROM verdict ORDER BY 2, 3"
)
OWN = ("--verifier", "python", "--option", "call=own_judge:judge")
ENDINGS = [(None, "so it is 1"), ("stop", "so it is 2 é\u2028"), ("length", "so it is 1"), ("stop", " ")]


@pytest.fixture
def ledger(command, tmp_path):
    """Two models, four problems, twelve samples each, of which half repeat and some were cut off."""
    lines = []
    for name, problem, index in product("ab", range(4), range(12)):
        ending, text = (
            ENDINGS[index % 6] if index % 6 < 4 else ("stop", f"sleep 0.02 {name} {index % 5} is {index % 3}")
        )
        lines.append(
            {"model": name, "problem": f"p{problem}", "sample_index": index, "text": text, "finish_reason": ending,
             "question": "secret words?", "gold": str(problem)}
        )  # fmt: skip
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    db = tmp_path / "l.db"
    done = command("import", str(log), "--db", str(db))
    assert done.returncode == 0, done.stderr
    judge = write_judge(tmp_path)
    assert judge["kind"] == "python"
    source = tmp_path / "own_judge.py"
    source.write_text(source.read_text().replace("problem['id']", "problem['answer']"))
    return db


def asked(command, *words, status=0):
    done = command(*map(str, words), "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def by_files(command, db, flags, parts=3, confirm=()):
    """The whole way; gives the documents of export and import."""
    folder = db.parent / "parts"
    exported = asked(command, "verify-export", db, folder, "--parts", parts, *flags)
    found = [folder / f"v{number}.jsonl" for number in range(parts)]
    for number, file in enumerate(found):
        asked(command, "verify-part", folder / f"part-{number}.jsonl", "-o", file, *confirm)
    return exported, asked(command, "verify-import", db, *found), found


@pytest.mark.parametrize(("flags", "confirm"), [(("--verifier", "numeric"), ()), (OWN, OWN)])
def test_the_tables_are_those_of_verify(command, ledger, flags, confirm):
    here = ledger.with_name("here.db")
    shutil.copy(ledger, here)
    document = asked(command, "verify", here, *flags)
    before = ledger.read_bytes()
    exported, imported, _ = by_files(command, ledger, flags, confirm=confirm)
    assert before != ledger.read_bytes()
    assert rows(ledger, TABLE) == rows(here, TABLE)
    assert {row[:1] + row[3:4] for row in rows(here, SAID)} <= {
        row[:1] + row[3:4] for row in rows(ledger, SAID)
    }
    assert imported == document
    assert exported["texts"] == len(
        set(rows(ledger, "SELECT problem, text, finish_reason = 'length' FROM sample_records"))
    ) - (0 if flags[1] == "numeric" else 8)
    again = asked(command, "verify-export", ledger, ledger.parent / "more", "--parts", 2, *flags)
    assert (again["texts"], len(again["files"])) == (0, 2), "nothing lacks a verdict"


def test_an_export_changes_nothing_and_holds_each_problem_and_text_once(command, ledger):
    before = ledger.read_bytes()
    folder = ledger.parent / "parts"
    asked(command, "verify-export", ledger, folder, "--parts", 5, *OWN)
    assert ledger.read_bytes() == before
    texts, sizes = [], []
    for number in range(5):
        lines = [json.loads(line) for line in (folder / f"part-{number}.jsonl").read_bytes().splitlines()]
        assert (lines[0]["line"], lines[-1]["line"]) == ("part", "end")
        problems = [line["problem"] for line in lines if line["line"] == "problem"]
        assert len(problems) == len(set(problems))
        problem = None
        for line in lines[1:-1]:
            problem = line.get("problem", problem)
            texts += [(problem, line["text"])] if line["line"] == "text" else []
        sizes.append(sum(line["line"] == "text" for line in lines))
    assert len(texts) == len(set(texts))
    assert max(sizes) - min(sizes) <= 1
    taken = command("verify-export", str(ledger), str(folder), "--parts", "2")
    assert (taken.returncode, taken.stderr.count("\n")) == (2, 1)
    assert len(list(folder.iterdir())) == 5


def test_the_same_file_twice_and_a_part_that_never_comes(command, ledger):
    _, first, files = by_files(command, ledger, OWN, confirm=OWN)
    table = rows(ledger, TABLE)
    again = asked(command, "verify-import", ledger, *files, files[0])
    assert (again["judged"], again["right"]) == (0, first["right"])
    assert rows(ledger, TABLE) == table
    other = ledger.with_name("other.db")
    assert command("import", str(ledger.with_name("log.jsonl")), "--db", str(other)).returncode == 0
    part = asked(command, "verify-import", ledger.with_name("other.db"), files[1])
    assert 0 < part["no_verdict"] < first["right"] + first["wrong"]
    rest = asked(command, "verify-import", other, files[2], files[0])
    assert (rest["right"], rest["wrong"], rest["no_verdict"]) == (first["right"], first["wrong"], 0)


def damaged(file, change):
    lines = file.read_bytes().splitlines(keepends=True)
    changed = file.with_name("changed.jsonl")
    changed.write_bytes(b"".join(change(lines)))
    return changed


def of_line(number, **changes):
    def change(lines):
        return [
            *lines[:number],
            json.dumps({**json.loads(lines[number]), **changes}).encode() + b"\n",
            *lines[number + 1 :],
        ]

    return change


BAD_VERDICTS = [
    (of_line(3, text="00" * 16), "line 4: the ledger holds no text 0000"),
    (of_line(3, text="zz"), "line 4: it names no text"),
    (of_line(3, problem="p9"), "line 4: the ledger has no problem p9"),
    (of_line(3, sweep="another"), "line 4: the ledger has no problem"),
    (of_line(3, passed=7), "line 4: the line can't be read"),
    (of_line(3, surprise=1), "line 4: the line can't be read"),
    (lambda lines: [*lines, b"[1]\n"], "the line can't be read"),
    (lambda lines: [*lines, lines[0]], "the file begins anew here"),
    (lambda lines: lines[1:], "this is no file of verdicts"),
    (lambda lines: [], "this is no file of verdicts"),
    (of_line(0, format=2), "format 2"),
]


def test_a_file_that_does_not_fit_is_refused_whole(command, ledger):
    *_, files = by_files(command, ledger, OWN, confirm=OWN)
    other = ledger.with_name("other.db")
    assert command("import", str(ledger.with_name("log.jsonl")), "--db", str(other)).returncode == 0
    table = rows(other, TABLE)
    for change, said in BAD_VERDICTS:
        bad = damaged(files[0], change)
        done = command("verify-import", str(other), str(files[1]), str(bad))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), said
        assert said in done.stderr
        assert "changed.jsonl" in done.stderr
        assert rows(other, TABLE) == table, "nor is what fits taken"
    cut = damaged(files[0], lambda lines: [*lines[:-1], lines[-1][:20]])
    assert asked(command, "verify-import", other, cut)["judged"] > 0, "a line being written isn't there yet"


BAD_PARTS = [
    (lambda lines: lines[:-1], "the part is not whole"),
    (lambda lines: [*lines[:2], *lines[3:]], "the part is not whole"),
    (lambda lines: [*lines[:-1], lines[-1][:9]], "the part is not whole"),
    (lambda lines: lines[1:], "this is no part"),
    (lambda lines: [], "the file is empty"),
    (of_line(0, format=9), "format 9"),
]


def test_a_part_that_is_not_whole_or_of_another_version_is_refused_at_once(command, ledger):
    folder = ledger.parent / "parts"
    asked(command, "verify-export", ledger, folder, "--parts", 1, "--verifier", "math")
    part = folder / "part-0.jsonl"
    head = json.loads(part.read_bytes().splitlines()[0])
    other = of_line(0, set={**head["set"], "version": "99;and more"})
    for change, said in [*BAD_PARTS, (other, "99;and more; this machine has ")]:
        done = command("verify-part", str(damaged(part, change)), "-o", str(folder / "v"))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), said
        assert said in done.stderr
        assert not (folder / "v").exists()


def test_a_part_runs_no_code_that_only_it_names(command, ledger):
    folder, canary = ledger.parent / "parts", ledger.parent / "ran"
    words = ("--verifier", "command", "--option", f'command=["touch", "{canary}"]')
    asked(command, "verify-export", ledger, folder, "--parts", 1, *words)
    ask = ("verify-part", str(folder / "part-0.jsonl"), "-o", str(folder / "v"))
    for given in ((), ("--verifier", "command"), ("--verifier", "numeric")):
        done = command(*ask, *given)
        assert (done.returncode, canary.exists()) == (2, False)
    line = done.stderr[done.stderr.index("--verifier command") :].rstrip(")\n")
    assert asked(command, *ask, *shlex.split(line))["judged"] > 0
    assert canary.exists()


def test_verdicts_of_another_part_or_another_set_are_kept_apart(command, ledger):
    exported, _, files = by_files(command, ledger, OWN, confirm=OWN)
    done = command("verify-part", exported["files"][1], "-o", str(files[0]), *OWN)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "another part" in done.stderr
    there = asked(command, "verify-part", exported["files"][0], "-o", files[0], *OWN)
    assert (there["judged"], there["before"]) == (0, there["texts"])
    asked(command, "verify-export", ledger, ledger.parent / "n", "--parts", 1, "--verifier", "numeric")
    numeric = ledger.parent / "n" / "v"
    asked(command, "verify-part", ledger.parent / "n" / "part-0.jsonl", "-o", numeric)
    mixed = command("verify-import", str(ledger), str(files[0]), str(numeric))
    assert (mixed.returncode, mixed.stderr.count("\n")) == (2, 1)
    back = asked(command, "verify-import", ledger, numeric)
    assert (back["name"], back["before"]["name"]) == ("numeric", "python")


def start(part, out, *flags):
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "manyfew", "verify-part", str(part), "-o", str(out), *OWN, *flags],
        cwd=part.parent.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_killed_again_and_again_it_goes_on_and_loses_nothing(command, ledger):
    here = ledger.with_name("here.db")
    shutil.copy(ledger, here)
    asked(command, "verify", here, *OWN)
    (ledger.parent / "calls").unlink()
    part, out = ledger.parent / "parts" / "part-0.jsonl", ledger.parent / "v"
    judge = ledger.parent / "own_judge.py"
    judge.write_text(judge.read_text().replace("float(text.split()[1])", "0.2"))
    exported = asked(command, "verify-export", ledger, part.parent, "--parts", 1, *OWN)
    for kill in range(4):
        process = start(part, out, "--workers=1")
        until(lambda least=5 * (kill + 1): len(calls(ledger.parent)) >= least, 30)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        other = ledger.with_name(f"other-{kill}.db")
        shutil.copy(ledger, other)
        found = asked(command, "verify-import", other, out)
        assert found["no_verdict"] > 0, "what it holds can be taken at any moment"
    ended = start(part, out)
    ended.communicate(timeout=60)
    assert ended.returncode == 0
    lines = out.read_bytes().splitlines()
    texts = [json.loads(line)["problem"] + json.loads(line)["text"] for line in lines[1:]]
    assert len(texts) == len(set(texts)) == exported["texts"]
    asked(command, "verify-import", ledger, out)
    assert rows(ledger, TABLE) == rows(here, TABLE)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such locks there")
def test_one_process_at_a_time_writes_a_file_of_verdicts(command, ledger):
    import fcntl

    asked(command, "verify-export", ledger, ledger.parent / "parts", "--parts", 1, "--verifier", "numeric")
    out = ledger.parent / "v"
    with out.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = command("verify-part", str(ledger.parent / "parts" / "part-0.jsonl"), "-o", str(out))
    assert (done.returncode, "another process is writing it" in done.stderr) == (2, True)


def test_ctrl_c_keeps_what_was_judged(command, ledger):
    asked(command, "verify-export", ledger, ledger.parent / "parts", "--parts", 1, *OWN)
    part, out = ledger.parent / "parts" / "part-0.jsonl", ledger.parent / "v"
    process = start(part, out, "--workers=1")
    until(lambda: len(calls(ledger.parent)) >= 6, 30)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "manyfew: interrupted\n")
    assert len(out.read_bytes().splitlines()) > 3
