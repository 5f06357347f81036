"""FLOPs of samples by the paper's approximation, from a ledger's own token counts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.conftest import command as command
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.run.books import rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run

ARCHITECTURE = {"parameters": 135e6, "layers": 30, "width": 576}


def flops_a_token(context: float) -> float:
    return 2 * (ARCHITECTURE["parameters"] + 2 * ARCHITECTURE["layers"] * ARCHITECTURE["width"] * context)


@pytest.mark.parametrize("max_n", [1, 4])
def test_a_request_s_prompt_is_read_once_and_each_sample_decoded(tmp_path, max_n):
    vendor = openai_vendor(answer=lambda _, i: "x " * (3 + 5 * (i % 3)) + "#### 4")
    db = tmp_path / "l.db"
    with serving(vendor):
        keys = {"max_n": max_n, "architecture": ARCHITECTURE}
        assert run(SweepFile({"m": model(vendor, **keys)}, problems=3).write(tmp_path), db).status == 0
    (outcomes,) = read_outcomes([db], "flops")
    expected = {}
    for request in rows(
        db, "SELECT problem.key, request.* FROM request JOIN problem ON problem.id = problem_id"
    ):
        prompt = request["prompt_tokens"]
        total = prompt * flops_a_token(prompt / 2)
        for (decoded,) in rows(
            db, "SELECT completion_tokens FROM sample WHERE request_id = ?", request["id"]
        ):
            total += decoded * flops_a_token(prompt + decoded / 2)
        expected[request["key"]] = expected.get(request["key"], 0) + total
    assert list(outcomes.cost) == pytest.approx([expected[key] for key in outcomes.problems])
    assert outcomes.uncosted == 0


def test_without_an_architecture_they_are_not_known(tmp_path, command):
    db = make_ledger(tmp_path / "l.db", {"m": Made({"p0": counted(4, 1), "p1": counted(4, 2)})})
    (outcomes,) = read_outcomes([db], "flops")
    assert outcomes.uncosted == 8
    assert np.all(outcomes.costed == 0)
    done = command("frontier", str(db), "--axis", "flops", "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["models"]["m"]["flops_per_sample"] is None
    assert any("architecture" in warning for warning in document["warnings"])
