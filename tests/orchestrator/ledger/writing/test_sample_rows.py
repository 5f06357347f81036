"""Samples are written with what their requests share bound once, and read as if each had been written by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from orchestrator.ledger.file.create import create
from orchestrator.ledger.file.open import open_for_writing
from orchestrator.ledger.writing.known_texts import SHORTEST, KnownTexts
from orchestrator.ledger.writing.rows import SampleRow, SampleVerdict, Settlement
from orchestrator.ledger.writing.sample_rows import FEW, write_samples

_READ = """
SELECT s.request_id, s.created_at, coalesce(t.text, s.text) AS text, s.passed, s.score, s.answer, s.verifier, {}
FROM sample AS s LEFT JOIN sample AS t ON t.id = s.text_of ORDER BY s.model_id, s.problem_id, s.sample_index"""
_FIELDS = [field for field in SampleRow._fields if field != "text"]


@pytest.fixture
def ledger(tmp_path) -> Iterator[sqlite3.Connection]:
    """With 2 models, 3 problems and 12 open requests."""
    create(tmp_path / "l.db")
    with closing(open_for_writing(tmp_path / "l.db")) as connection:
        connection.executescript("""
INSERT INTO sweep (name) VALUES ('s');
INSERT INTO model (sweep_id, alias) VALUES (1, 'm'), (1, 'other');
INSERT INTO problem (sweep_id, key, data) VALUES (1, 'p', '{}'), (1, 'q', '{}'), (1, 'r', '{}');
INSERT INTO sweep_file (sweep_id, sha256, text, read_at) VALUES (1, '', '', 1);
INSERT INTO run (sweep_file_id, budget_pico, started_at, status, pid, host, versions)
VALUES (1, 0, 1, 'running', 1, '', '{}');
INSERT INTO prompt (sha256, body) VALUES ('', '{}');""")
        for number in range(1, 13):
            connection.execute(
                "INSERT INTO request (id, run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, "
                "state, reserved_pico, reserved_at) VALUES (?, 1, 1, 1, 1, 1, 1, '[]', 9, 'reserved', 0, 1)",
                (number,),
            )
        yield connection


def sample(index: int, text: str, **fields: object) -> SampleRow:
    return SampleRow(
        problem_id=1, sample_index=index, text=text, reasoning=None, finish_reason="stop",
        prompt_tokens=1 + index % 2, cached_tokens=0, cache_write_tokens=0, cache_write_1h_tokens=0,
        completion_tokens=index, reasoning_tokens=0, token_basis="reported", cost_pico=7 * index, cost_basis="usage",
        server="s", stop_rule="none", latency_s=1.5,
    )._replace(**fields)  # fmt: skip


def outcome(request: int, *samples: SampleRow, model: int = 1, judged: bool = True) -> Settlement:
    verdicts = [
        SampleVerdict(s.sample_index % 2, None, f"{s.sample_index}", "numeric/2", None) for s in samples
    ]
    return Settlement(
        request_id=request, model_id=model, state="settled", reserved_pico=0, ended_at=float(request),
        samples=samples, judged=tuple(verdicts) if judged else (),
    )  # fmt: skip


def write(connection: sqlite3.Connection, *outcomes: Settlement, known: KnownTexts | None = None):
    connection.execute("BEGIN IMMEDIATE")
    moved = write_samples(connection, outcomes, known or KnownTexts())
    connection.execute("COMMIT")
    return moved


def expected(*outcomes: Settlement) -> list[tuple[object, ...]]:
    return [
        (
            one.request_id,
            one.ended_at,
            row.text,
            *((None,) * 4 if said is None else said[:4]),
            *(getattr(row, field) for field in _FIELDS),
        )
        for one in outcomes
        for row, said in zip(one.samples, one.judged or [None] * len(one.samples), strict=True)
    ]


def test_whatever_samples_of_a_request_share_each_has_its_own_row(ledger):
    random = Random(1)
    texts = [random.choice("ab") * random.choice([SHORTEST - 1, SHORTEST, 99]) for _ in range(400)]
    many = 2 * FEW
    alike = [sample(at, texts[at], cached_tokens=3) for at in range(many)]
    thinking = [sample(at, texts[40 + at], problem_id=2, reasoning=f"thought {at}") for at in range(many)]
    one_differs = [sample(at, texts[80 + at], problem_id=3) for at in range(many)]
    one_differs[-1] = one_differs[-1]._replace(token_basis=None, cost_basis="none")
    partly = outcome(8, *(sample(at, texts[at], problem_id=3) for at in range(many, 2 * many)))
    outcomes = [
        outcome(1, *alike),
        outcome(2, *thinking),
        outcome(3, *one_differs),
        outcome(4, sample(many, texts[1], cached_tokens=3)),
        outcome(5, *(row._replace(sample_index=many + 1 + row.sample_index, server="t") for row in alike)),
        outcome(6, *alike, model=2),
        outcome(7, *(row._replace(problem_id=2) for row in alike), model=2, judged=False),
        Settlement(
            request_id=8, model_id=1, state="settled", reserved_pico=0, ended_at=8.0, samples=partly.samples,
            judged=(None, *partly.judged[1:]),
        ),
        outcome(9, *(row._replace(problem_id=3) for row in alike), model=2),
        outcome(10),
    ]  # fmt: skip
    assert write(ledger, *outcomes) == {}
    found = ledger.execute(_READ.format(", ".join(f"s.{field}" for field in _FIELDS))).fetchall()
    assert sorted(found, key=repr) == sorted(expected(*outcomes), key=repr)
    assert ledger.execute("SELECT count(*) FROM pragma_foreign_key_check").fetchone() == (0,)


def test_many_requests_of_many_samples_take_few_statements(ledger):
    calls: list[str] = []
    outcomes = [
        outcome(number, *(sample(at, "x" * 99) for at in range(number * 64, number * 64 + 64)))
        for number in range(1, 13)
    ]
    ledger.set_trace_callback(lambda sql: calls.append(sql) if sql.startswith("INSERT INTO sample") else None)
    write(ledger, *outcomes)
    ledger.set_trace_callback(None)
    assert len(calls) == 3, "256 samples each"
    assert ledger.execute("SELECT count(*), count(text_of) FROM sample").fetchone() == (768, 767)


def test_of_samples_that_share_much_one_whose_index_is_taken_gets_the_next(ledger):
    known = KnownTexts()
    write(ledger, outcome(1, sample(3, "z" * 99)), known=known)
    texts = ["ab"[at % 2] * 99 for at in range(FEW)]
    moved = write(ledger, outcome(2, *(sample(at, text) for at, text in enumerate(texts))), known=known)
    assert moved == {2: {3: FEW}}
    write(ledger, outcome(3, *(sample(FEW + 1 + at, text) for at, text in enumerate(texts))), known=known)
    found = dict(
        ledger.execute(
            "SELECT s.sample_index, coalesce(t.text, s.text) FROM sample AS s LEFT JOIN sample AS t ON t.id = s.text_of"
        ).fetchall()
    )
    want = {at: text for at, text in enumerate(texts) if at != 3} | {3: "z" * 99, FEW: texts[3]}
    assert found == want | {FEW + 1 + at: text for at, text in enumerate(texts)}
    assert ledger.execute("SELECT count(*) FROM sample WHERE text != ''").fetchone() == (3,)
