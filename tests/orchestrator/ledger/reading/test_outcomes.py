import json
import random
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.file.identity import APPLICATION_ID, check
from orchestrator.ledger.reading.outcomes.outcomes import LostProblem, read_axes, read_outcomes
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger


def test_counts_and_exact_costs_by_problem(tmp_path):
    made = Made(
        {"a": [0, 1, None], "b": [1, 1], "c": [None]},
        {"a": [1, 2, 4], "b": 10**15 + 1, "c": 7},
        unused_pico=100,
    )
    path = make_ledger(tmp_path / "l.db", {"m": made}, asked=["d"])
    (one,) = read_outcomes([path])
    assert one.problems == ("a", "b")
    assert (one.n.tolist(), one.c.tolist(), one.cost.tolist()) == ([2, 2], [1, 2], [3, 2 * 10**15 + 2])
    assert one.total_cost == 1 + 2 + 4 + 2 * 10**15 + 2 + 7 + 100
    assert (one.samples, one.without_verdict, one.first) == (6, 2, None)


def test_other_axes(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [0, 1]}), "k": Made({"a": [1]}, tokens=(None, 3))})
    tokens, lacking = read_outcomes([path], "tokens")
    assert (tokens.cost.tolist(), tokens.costed.tolist(), tokens.total_cost) == ([60], [2], 60)
    assert (lacking.costed.tolist(), lacking.uncosted) == ([0], 1)
    assert read_outcomes([path], "seconds")[0].cost.tolist() == [1.0]


def _dollars_per_mtok(rate: str) -> str:
    kinds = ("input", "output", "cached_input", "cache_write", "cache_write_1h")
    rates = dict.fromkeys(kinds, rate) | {"cached_input": "0"}
    band = {"from_input_tokens": 0, **rates}
    return json.dumps({"source": "sweep file", "name": "m", "bands": [band]})


@pytest.mark.parametrize("imported", [True, False])
def test_what_samples_of_one_request_would_cost_more_apart(tmp_path, imported):
    """Two requests of two for a, one of one for b; 40 tokens of prompt, half of them cached."""
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [0, 1, 0, 1], "b": [1]}, 5, tokens=(20, 3))})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("UPDATE model SET price = ?", (_dollars_per_mtok("1"),))
        connection.execute("UPDATE sample SET cached_tokens = prompt_tokens / 2")
        if imported:
            connection.execute("UPDATE sample SET request_ref = problem_id || '-' || (sample_index / 2)")
        for problem, n in () if imported else ((1, 2), (1, 2), (2, 1)):
            connection.execute(
                "INSERT INTO request (run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, state, "
                "reserved_pico, prompt_tokens, cached_tokens, reserved_at) "
                "VALUES (1, 1, ?, 1, 1, ?, '[]', 9, 'settled', 0, ?, ?, 0)",
                (problem, n, 20 * n, 10 * n),
            )
    axes = read_axes([path], ["usd", "tokens", "seconds"])
    (usd,), (tokens,), (seconds,) = axes.values()
    assert usd.packed is not None
    assert usd.packed.tolist() == [2, 1]
    each_prompt = 20 * 10**6  # 20 uncached tokens at $1 per million
    apart = [one.apart.tolist() for one in (usd, tokens, seconds) if one.apart is not None]
    assert apart == [[4 * each_prompt / 2, 0], [4 * 40 / 2, 0], [0, 0]]


def test_until_solved_gives_the_trial_of_the_first_pass(tmp_path):
    passed = {"a": [0, None, 0, 1, 1], "b": [0, 0], "c": [1]}
    path = make_ledger(tmp_path / "l.db", {"m": Made(passed, mode="until_solved")})
    (one,) = read_outcomes([path])
    assert one.first is not None
    assert (one.first.tolist(), one.n.tolist()) == ([3, 0, 1], [4, 2, 1])


def test_an_imported_model_stops_where_its_samples_say_so(tmp_path):
    stopped = Made({"a": [0, 1]}, definition=None, stop_rule="first_success")
    path = make_ledger(tmp_path / "l.db", {"s": stopped, "f": Made({"a": [0, 1]}, definition=None)})
    assert [one.first is None for one in read_outcomes([path])] == [False, True]


def test_the_same_model_in_two_ledgers_is_pooled(tmp_path):
    first = make_ledger(tmp_path / "1.db", {"m": Made({"a": [0, 1], "b": [0]}, 5)}, sweep="one")
    second = make_ledger(tmp_path / "2.db", {"m": Made({"b": [1, 1], "c": [1]}, 7)}, sweep="two")
    (one,) = read_outcomes([first, second])
    assert (one.alias, one.problems) == ("m", ("a", "b", "c"))
    assert (one.n.tolist(), one.c.tolist(), one.cost.tolist()) == ([2, 3, 1], [1, 2, 1], [10, 19, 7])
    assert one.total_cost == 3 * 5 + 3 * 7


def test_pooled_until_solved_puts_one_sequence_after_the_other(tmp_path):
    first = make_ledger(tmp_path / "1.db", {"m": Made({"a": [0, 0], "b": [1]}, mode="until_solved")})
    second = make_ledger(tmp_path / "2.db", {"m": Made({"a": [0, 1], "b": [0, 1]}, mode="until_solved")})
    (one,) = read_outcomes([first, second])
    assert one.first is not None
    assert (one.first.tolist(), one.n.tolist()) == ([4, 1], [4, 3])


@pytest.mark.parametrize(("other", "sweep"), [({"model": "x"}, "two"), (None, "two")])
def test_what_may_differ_is_told_apart_by_its_sweep(tmp_path, other, sweep):
    base = {"model": "m"} if other else None
    first = make_ledger(
        tmp_path / "1.db", {"m": Made({"a": [1]}, definition=base), "n": Made({"a": [1]})}, sweep="one"
    )
    second = make_ledger(tmp_path / "2.db", {"m": Made({"a": [0]}, definition=other)}, sweep=sweep)
    assert [one.alias for one in read_outcomes([first, second])] == ["m@one", "n", "m@two"]


def test_same_alias_and_sweep_but_other_parameters_still_have_names_of_their_own(tmp_path):
    first = make_ledger(tmp_path / "1.db", {"m": Made({"a": [1]})})
    second = make_ledger(tmp_path / "2.db", {"m": Made({"a": [1]}, definition={"model": "x"})})
    assert [one.alias for one in read_outcomes([first, second])] == ["m@test", "m@test#2"]


def test_one_ledger_named_twice_counts_once(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [0, 1]})})
    (tmp_path / "link.db").symlink_to(path)
    (one,) = read_outcomes([path, tmp_path / "link.db", path])
    assert one.n.tolist() == [2]


def test_an_empty_ledger(tmp_path):
    assert read_outcomes([make_ledger(tmp_path / "l.db", {})]) == []


def test_texts_are_never_read(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [0, 1]})})
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT problem_id, count(*), count(passed), sum(cost_pico), "
            "sum(prompt_tokens + completion_tokens), sum(latency_s) FROM sample WHERE model_id = 1 GROUP BY problem_id"
        ).fetchall()
    assert "COVERING INDEX sample_outcome" in str(plan)


AXES: dict[Any, Any] = {
    "usd": lambda row: row["cost_pico"],
    "tokens": lambda row: (
        None if row["prompt_tokens"] is None else row["prompt_tokens"] + row["completion_tokens"]
    ),
    "input_tokens": lambda row: row["prompt_tokens"],
    "output_tokens": lambda row: row["completion_tokens"],
    "seconds": lambda row: row["latency_s"],
    "samples": lambda _: 1,
    "flops": lambda _: None,
}
"""What a sample costs; None: not known."""


def _known(axis, rows):
    return [cost for row in rows if (cost := AXES[axis](row)) is not None]


@pytest.mark.parametrize("seed", range(4))
def test_one_reading_tells_every_axis_as_the_rows_say(tmp_path, seed):
    draw = random.Random(seed)
    passed = {f"p{i}": draw.choices([0, 1, None], k=draw.randint(1, 6)) for i in range(12)} | {"none": [None]}
    path = make_ledger(tmp_path / "l.db", {"m": Made(passed)}, asked=["not sampled"])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.row_factory = sqlite3.Row
        connection.execute("UPDATE sample SET cost_pico = id * 7, prompt_tokens = id, latency_s = id / 4.0")
        connection.execute("UPDATE sample SET prompt_tokens = NULL WHERE id % 3 = 0")
        connection.execute("UPDATE sample SET latency_s = NULL WHERE id % 5 = 0")
        rows = connection.execute(
            "SELECT problem.key, sample.* FROM sample JOIN problem ON problem.id = problem_id"
        ).fetchall()
    of = {key: [row for row in rows if row["key"] == key] for key in passed}
    judged = {key: [row for row in of[key] if row["passed"] is not None] for key in passed}
    one: Any
    for axis, (one,) in read_axes([path], tuple(AXES)).items():
        assert one.problems == tuple(key for key in passed if judged[key])
        for at, key in enumerate(one.problems):
            right = [row for row in of[key] if row["passed"] == 1]
            assert (one.n[at], one.c[at]) == (len(judged[key]), len(right))
            assert one.cost[at] == sum(_known(axis, judged[key]))
            assert one.costed[at] == len(_known(axis, judged[key]))
            assert one.passed_cost[at] == sum(_known(axis, right))
            assert one.passed_costed[at] == len(_known(axis, right))
            assert one.most[at] == max(_known(axis, of[key]), default=0)
            assert one.lost[at] == len(of[key]) - len(judged[key])
        assert one.total_cost == sum(_known(axis, rows))
        assert one.uncosted == len(rows) - len(_known(axis, rows))
        assert one.samples == len(rows)
        lost = {key: _known(axis, of[key]) for key in passed if not judged[key]}
        assert one.lost_whole == {
            key: LostProblem(len(of[key]), sum(costs), len(costs)) for key, costs in lost.items()
        }


def test_reads_while_another_writes(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [0, 1]})})
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE sample SET passed = 1")
    assert read_outcomes([path])[0].c.tolist() == [1]
    writer.execute("COMMIT")
    assert read_outcomes([path])[0].c.tolist() == [2]
    writer.close()


def test_hostile_keys_and_definitions_do_no_harm(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [1]})})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE problem SET key = CAST(x'ff1b5b' AS TEXT)")
        connection.execute("UPDATE model SET definition = '{not json'")
    (one,) = read_outcomes([path])
    assert one.problems == ("\ufffd\x1b[",)


def test_what_is_no_ledger_is_refused_and_stays_as_it_was(tmp_path):
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
    text = tmp_path / "text.db"
    text.write_text("SQLite format 3 it is not")
    (tmp_path / "empty.db").touch()
    cases = {
        other: "another program's",
        text: "not a SQLite database",
        tmp_path / "empty.db": "not a SQLite database",
        tmp_path / "missing.db": "no such file",
        tmp_path: "a folder",
    }
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for path, message in cases.items():
        with pytest.raises(InputError, match=message) as caught:
            read_outcomes([path])
        assert caught.value.where == str(path)
        assert caught.value.remedy
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_newer_schema_is_refused(tmp_path):
    path = make_ledger(tmp_path / "l.db", {})
    check(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="newer than this manyfew"):
        check(path)
    assert APPLICATION_ID.to_bytes(4, "big") == b"mfew"


def test_a_damaged_ledger_is_one_clear_error(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": counted(100, 3)})})
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x55" * (len(data) - 4096)
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="can't be read"):
        read_outcomes([path])
