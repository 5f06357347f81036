"""A text that repeats within its problem is kept once, and every reader sees it in each of its samples."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.ledger.file.create import create
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.merging.merge import merge
from orchestrator.ledger.reading.damaged_rows import damage_of
from orchestrator.ledger.reading.samples.digest import samples_digest
from orchestrator.ledger.writing.group_commit import GroupCommit
from orchestrator.ledger.writing.known_texts import SHORTEST, KnownTexts
from orchestrator.ledger.writing.rows import SampleRow, Settlement
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from tests.orchestrator.sample_files import rows

LONG = "First add the two, then look at what is there: "
OWN = "SELECT problem_id, text FROM sample WHERE text_of IS NULL"


def said(prompt: str, index: int) -> str:
    return f"{LONG}#### {index % 3}"


def texts(db: Path) -> dict[tuple[str, str, int], str]:
    found = rows(db, "SELECT model, problem, sample_index, text FROM sample_records")
    return {(row["model"], row["problem"], row["sample_index"]): row["text"] for row in found}


def kept(db: Path) -> list[tuple[int, str]]:
    return [(row["problem_id"], row["text"]) for row in rows(db, OWN)]


@pytest.fixture(scope="module")
def twice(tmp_path_factory) -> Path:
    """Two runs of two models, the second for more samples; three different texts, and short ones of one problem."""
    folder = tmp_path_factory.mktemp("twice")
    db = folder / "test.db"
    vendor = openai_vendor(answer=said)
    with serving(vendor):
        for samples in (4, 10):
            models = {alias: model(vendor, max_n=2) for alias in ("m", "other")}
            sweep = SweepFile(models, problems=3, samples=samples)
            assert run(sweep.write(folder), db).status == 0
    check_books(db)
    return db


def test_each_text_of_a_problem_is_kept_once_whatever_run_and_model_it_is_of(twice):
    whole = texts(twice)
    assert len(whole) == 2 * 3 * 10
    assert set(whole.values()) <= {said("", index) for index in range(3)}
    own = kept(twice)
    assert len(own) == len(set(own)) == len({(key[1], text) for key, text in whole.items()})
    assert damage_of(twice) is None


def test_readers_see_the_texts(twice, tmp_path, command):
    whole = texts(twice)
    exported = command("export", str(twice), "--format", "jsonl").stdout.splitlines()
    told = {
        (row["model"], row["problem"], row["sample_index"]): row["text"] for row in map(json.loads, exported)
    }
    assert told == whole
    problem = next(iter(whole))[1]
    shown = json.loads(command("show", str(twice), problem, "--json").stdout)["samples"]
    assert all(row["text"] == whole[row["model"], problem, row["sample_index"]] for row in shown)
    verdicts = rows(twice, "SELECT passed, answer, sample_index FROM sample")
    command("verify", str(twice), "--verifier", "numeric", "--as", "again")
    assert rows(twice, "SELECT passed, answer, sample_index FROM sample") == verdicts
    assert (
        command("verify-export", str(twice), "parts", "--parts", "1", "--verifier", "exact").returncode == 0
    )
    (part,) = (tmp_path / "parts").glob("part*")
    part = command("verify-part", str(part), "-o", "verdicts.jsonl")
    assert part.returncode == 0, part.stderr
    assert command("verify-import", str(twice), "verdicts.jsonl").returncode == 0


def test_a_merged_ledger_and_a_bundle_have_the_same_texts(twice, tmp_path, command):
    merge(tmp_path / "out.db", [twice], lambda *_: [])
    assert texts(tmp_path / "out.db") == texts(twice)
    assert len(kept(tmp_path / "out.db")) == len(kept(twice))
    assert damage_of(tmp_path / "out.db") is None
    assert command("export", str(twice), "--format", "bundle", "-o", "b.zip").returncode == 0
    assert command("import", "b.zip", "--db", "back.db").returncode == 0
    assert len(kept(tmp_path / "back.db")) == len(kept(twice))
    with closing(sqlite3.connect(twice)) as there, closing(sqlite3.connect(tmp_path / "back.db")) as back:
        assert samples_digest(there) == samples_digest(back)


def settled(texts: list[str], first: int, request: int) -> GroupCommit:
    samples = tuple(
        SampleRow(
            1, at, text, "stop", None, None, 0, None, None, None, None, None, None, None, "none", "s", "none"
        )
        for at, text in enumerate(texts, first)
    )
    outcome = Settlement(
        request_id=request, model_id=1, state="settled", reserved_pico=0, ended_at=1.0, samples=samples
    )
    return GroupCommit(outcomes=[outcome])


def test_a_sample_whose_index_is_taken_keeps_its_text(tmp_path):
    """Among texts that refer to it, within one commit and in the next one."""
    create(tmp_path / "l.db")
    a, b, short = "a" * SHORTEST, "b" * SHORTEST, "c" * (SHORTEST - 1)
    with closing(open_for_writing(tmp_path / "l.db")) as connection:
        connection.execute("INSERT INTO sweep (name) VALUES ('s')")
        connection.execute("INSERT INTO model (sweep_id, alias) VALUES (1, 'm')")
        connection.execute("INSERT INTO problem (sweep_id, key, data) VALUES (1, 'p', '{}')")
        connection.execute("INSERT INTO sweep_file (sweep_id, sha256, text, read_at) VALUES (1, '', '', 1)")
        connection.execute(
            "INSERT INTO run (sweep_file_id, budget_pico, started_at, status, pid, host, versions) "
            "VALUES (1, 0, 1, 'running', 1, '', '{}')"
        )
        connection.execute("INSERT INTO prompt (sha256, body) VALUES ('', '{}')")
        for number in (1, 2):
            connection.execute(
                "INSERT INTO request (id, run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, "
                "state, reserved_pico, reserved_at) VALUES (?, 1, 1, 1, 1, 1, 4, ?, 9, 'reserved', 0, 1)",
                (number, str([4 * number - 4 + at for at in range(4)])),
            )
        connection.execute(
            "INSERT INTO sample (model_id, problem_id, sample_index, text, cost_basis, created_at) "
            "VALUES (1, 1, 0, ?, 'imported', 1)",
            (b,),
        )
        known = KnownTexts()
        for commit in (settled([a, a, short, b], 0, 1), settled([short, a, b, a], 4, 2)):
            connection.execute("BEGIN IMMEDIATE")
            commit.write(connection, known)
            connection.execute("COMMIT")
    by_index = {index: text for (_, _, index), text in texts(tmp_path / "l.db").items()}
    assert sorted(by_index) == list(range(9))
    assert [by_index[at] for at in (0, 1, 2, 3)] == [b, a, short, b]
    assert sorted(by_index.values()) == sorted([b, a, a, short, b, short, a, b, a])
    assert sorted(text for _, text in kept(tmp_path / "l.db")) == sorted([a, b, short, short])
    assert one(tmp_path / "l.db", "SELECT count(*) FROM pragma_foreign_key_check") == 0
