"""Packages that tests or programs need and the sandbox does not have: refused before, or counted apart."""

from __future__ import annotations

import json

import pytest

from orchestrator.errors import InputError
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from verifiers.sandbox import choose

LACKS = choose(None).lacks()
pytestmark = pytest.mark.skipif(LACKS is not None, reason=str(LACKS))


def problems(test: str, count: int = 2):
    prompt = 'def f(n):\n    """f of n"""\n'
    return [
        {"id": f"p{i}", "question": f"What is f {i}?", "prompt": prompt, "entry_point": "f", "test": test}
        for i in range(count)
    ]


def sweep(vendor, test: str) -> SweepFile:
    return SweepFile({"m": model(vendor)}, problems=problems(test), verifier={"kind": "code"})


def test_a_run_is_refused_before_money_is_spent_when_tests_need_what_is_not_there(tmp_path):
    vendor = openai_vendor(answer=lambda _, __: "def f(n): return n")
    with serving(vendor):
        path = sweep(vendor, "import nonesuch\ndef check(c): assert c(1) == 1\n").write(tmp_path)
        with pytest.raises(InputError, match="does not have nonesuch, which the tests of 2 problems import"):
            run(path, tmp_path / "l.db")
    assert vendor.seen == []


def test_programs_that_need_what_is_not_there_are_counted_apart(command, tmp_path):
    answers = ["import pandas\ndef f(n): return n", "import my_mod\ndef f(n): return n", "def f(n): return n"]
    vendor = openai_vendor(answer=lambda _, index: f"```python\n{answers[index % 3]}\n```")
    db = tmp_path / "l.db"
    with serving(vendor):
        ended = run(sweep(vendor, "def check(c): assert c(1) == 1\n").write(tmp_path), db)
    told = "4 different answers need packages that the sandbox does not have: my_mod (2), pandas (2)"
    assert told in ended.result.warnings
    by_verdict = "SELECT count(*) FROM sample_records WHERE passed IS "
    # Samples 0 to 3 of two problems: pandas twice each.
    assert [one(db, by_verdict + verdict) for verdict in ("1", "0", "NULL")] == [2, 2, 4]
    done = command("verify", str(db), "--verifier", "code", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["missing_packages"] == {"pandas": 2, "my_mod": 2}
    done = command("verify", str(db), "--verifier", "code")
    assert told in " ".join(done.stdout.split())
