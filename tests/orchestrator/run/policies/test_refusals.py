"""What does not go with a policy is refused before anything is sent."""

from __future__ import annotations

import pytest

from orchestrator.errors import InputError
from orchestrator.sweep.load import load
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.policies.answers import two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, run


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"kind": "cascade"}, "order is missing"),
        ({"kind": "cascade", "order": ["cheap"]}, "leaves out 'expensive'"),
        ({"kind": "cascade", "order": ["cheap", "cheap"]}, "twice"),
        ({"kind": "cascade", "order": ["cheap", "expansive"]}, "names no model"),
        ({"kind": "solve", "order": ["cheap", "expensive"]}, 'goes with kind = "cascade"'),
        ({"kind": "all", "worth_usd": 1.0}, 'goes with kind = "solve"'),
        ({"kind": "solve", "measure": 1.5}, "measure"),
        ({"kind": "solve", "pass_rates": {"chep": 0.5}}, "names no model"),
        ({"kind": "solve", "pass_rates": {"cheap": 1.5}}, "pass_rates"),
        ({"kind": "narrow", "pass_rates": {"cheap": 0.5}}, 'goes with kind = "solve"'),
        ({"kind": "best"}, "kind"),
        ({"knd": "solve"}, "knd"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, policy, says):
    with serving(vendor := openai_vendor()), pytest.raises(InputError) as error:
        run(two(vendor, vendor, **policy).write(tmp_path), tmp_path / "test.db")
    assert says in str(error.value)
    assert not vendor.seen


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"order": ["small", "fast/large"]}, 'which is not stated (add kind = "cascade")'),
        ({"kind": "cascade", "order": []}, 'such as order = ["small", "fast/large"]'),
        ({"kind": "narrow", "pair": ["small"]}, 'at least 2 items (such as pair = ["small", "fast/large"])'),
        ({"kind": "solve", "pass_rates": {"small": 20}}, "below 1 (such as pass_rates = { small = 0.2 })"),
        ({"kind": "solve", "pass_rates": 1}, 'such as pass_rates = { small = 0.2, "fast/large" = 0.6 }'),
    ],
)
def test_remedies_name_the_models_of_the_sweep(tmp_path, policy, says):
    models = {alias: {"provider": "openai", "model": "gpt-4o"} for alias in ("small", "fast/large")}
    with pytest.raises(InputError) as error:
        load(SweepFile(models, policy=policy).write(tmp_path))
    assert says in str(error.value)


def test_until_solved_is_a_policy_of_its_own(tmp_path):
    with serving(vendor := openai_vendor()):
        sweep = two(vendor, vendor, kind="solve")
        sweep.sampling = {"mode": "until_solved"}
        path = sweep.write(tmp_path)
        with pytest.raises(InputError, match="delete mode"):
            run(path, tmp_path / "test.db")
