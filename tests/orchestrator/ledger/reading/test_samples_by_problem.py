"""Some problems asked another number of times: as planned, as run, as told afterwards; and gone on with."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing

import pytest

from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.work import Work
from tests.orchestrator.conftest import ROOT

TEMPLATE = json.dumps(
    tomllib.loads((ROOT / "runs" / "quickstart.toml").read_text("utf-8"))["prompt"]["template"]
)
SWEEP = """
name = "some"
budget_usd = 1.0
problems = {{ source = "quickstart", limit = 4 }}
prompt = {{ template = {template} }}
sampling = {{ samples = {samples}, temperature = 0.7, max_tokens = 40, stop = ["\\n"] }}
[models.gemma]
provider = "replay"
tape = "quickstart"
model = "gemma"
api = "completions"
speed = 1000000
{more}
"""


@pytest.fixture
def sweep(tmp_path):
    def write(samples: int, more: str = "") -> str:
        (tmp_path / "some.toml").write_text(SWEEP.format(template=TEMPLATE, samples=samples, more=more))
        return "some.toml"

    return write


def counts(db) -> list[int]:
    with closing(sqlite3.connect(db)) as connection:
        rows = connection.execute(
            "SELECT count(s.id) FROM problem AS p LEFT JOIN sample AS s ON s.problem_id = p.id "
            "GROUP BY p.id ORDER BY p.id"
        )
        return [row[0] for row in rows]


def keys(db) -> list[str]:
    with closing(sqlite3.connect(db)) as connection:
        return [row[0] for row in connection.execute("SELECT key FROM problem ORDER BY id")]


def test_a_run_goes_on_with_some_problems_alone(command, tmp_path, sweep):
    db = tmp_path / "runs" / "some.db"
    assert command("run", sweep(2)).returncode == 0
    assert counts(db) == [2, 2, 2, 2]
    _, second, _, last = keys(db)
    more = f'samples_by_problem = {{ "{second}" = 5, "{last}" = 3 }}'
    planned = json.loads(command("plan", sweep(2, more), "--json").stdout)
    assert planned["models"]["gemma"]["samples"] == 4
    done = json.loads(command("run", sweep(2, more), "--json").stdout)
    assert counts(db) == [2, 5, 2, 3]
    assert done["samples"] == {"planned": 12, "done": 12, "failed": 0}
    assert json.loads(command("status", "runs/some.db", "--json").stdout)["samples"]["planned"] == 12
    assert command("run", sweep(2, more)).returncode == 0
    assert counts(db) == [2, 5, 2, 3]
    assert command("run", sweep(4)).returncode == 0
    assert counts(db) == [4, 5, 4, 4]


def test_a_problem_that_is_not_there_is_named(command, sweep):
    done = command("plan", sweep(2, 'samples_by_problem = { "nonesuch" = 3 }'))
    assert done.returncode == 2
    assert "some.toml:13: models.gemma.samples_by_problem" in done.stderr
    assert "'nonesuch'" in done.stderr


@pytest.mark.parametrize("value", ['{ "a" = 0 }', '{ "a" = "3" }', "3", '{ "a" = 99999999999 }'])
def test_a_count_that_is_none_is_refused(command, sweep, value):
    done = command("plan", sweep(2, f"samples_by_problem = {value}"))
    assert done.returncode == 2
    assert "samples_by_problem" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("rounds", [False, True])
def test_work_gives_each_problem_its_own_number(rounds):
    states = [ProblemState(), ProblemState(next_index=2, holes=[0]), ProblemState(next_index=6)]
    work = Work(states, samples=[1, 7, 3], max_n=4, rounds=rounds, until_solved=False)
    assert work.lacking() == 1 + 6
    given: dict[int, list[int]] = {}
    while (item := work.peek(0.0)) is not None:
        taken = work.take(item, len(item.indices))
        given.setdefault(taken.problem, []).extend(taken.indices)
    assert {problem: sorted(indices) for problem, indices in given.items()} == {0: [0], 1: [0, 2, 3, 4, 5, 6]}
    assert work.unasked == 0


def test_a_refused_problem_fails_with_as_many_as_it_lacks():
    work = Work([ProblemState(), ProblemState()], samples=[2, 9], max_n=4, rounds=False, until_solved=False)
    assert work.close(1) == [(0, 9)]
    assert work.lacking() == 2
